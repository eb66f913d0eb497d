"""`oneplace access`. Who may see what, and why."""

from dataclasses import asdict
from typing import Annotated

import typer

from oneplace.access.commands import operator
from oneplace.site.commands.talk import Json, group, start_up, told

app = group("Who may see what, and why.")


@app.command("explain")
@operator
def access_explain(
    user: Annotated[str, typer.Argument(help="User name of a member of staff.")],
    person: Annotated[str, typer.Argument(help="The person's key, as 'record find' prints it.")],
    as_json: Json = False,
) -> None:
    """What that user may see of that person's record now: the facts, the rule used, and which consent model decided."""
    start_up()
    from django.db import transaction

    from oneplace.access import queries
    from oneplace.access.commands import OPERATOR
    from oneplace.kernel import clock
    from oneplace.kernel.ids import PersonId
    from oneplace.ledger import actions as ledger
    from oneplace.site import loading

    actor, now = loading.actor(user), clock.now()
    with transaction.atomic():
        found = queries.explained(actor, PersonId(person), now)
        ledger.write(actor=OPERATOR, action="explain access", subject=person[:64], detail={"user": actor.key})
    told(asdict(found), as_json, loading.explanation_words(found))
