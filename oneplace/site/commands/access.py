"""`oneplace access`. Who may see what, and why."""

import sys
from dataclasses import asdict
from typing import Annotated

import typer

from oneplace.access.commands import operator
from oneplace.site.commands.talk import FINDINGS, Json, group, start_up, told

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


@app.command("viewers")
@operator
def access_viewers(
    person: Annotated[str, typer.Argument(help="The person's key, as 'record find' prints it.")],
    as_json: Json = False,
) -> None:
    """Who can see this person's record now, and why: relationships, what they open to each role, emergencies."""
    start_up()
    from django.db import transaction

    from oneplace.access import queries
    from oneplace.access.commands import OPERATOR
    from oneplace.kernel import clock
    from oneplace.kernel.ids import PersonId
    from oneplace.ledger import actions as ledger
    from oneplace.record.presenters.sharing import viewer_lines

    key, now = PersonId(person), clock.now()
    with transaction.atomic():
        viewers, emergencies = queries.viewers_of(key, now), queries.emergencies_of(key, now)
        ledger.write(actor=OPERATOR, action="list viewers", subject=person[:64])
    lines = viewer_lines(viewers, emergencies)
    found = {"viewers": [asdict(one) for one in viewers], "emergencies": [asdict(one) for one in emergencies]}
    told(found, as_json, "\n".join(lines) or "Nobody has an open relationship with a person of this key.")


@app.command("declarations")
@operator
def access_declarations(
    everything: Annotated[bool, typer.Option("--all", help="Those reviewed, too.")] = False,
    as_json: Json = False,
) -> None:
    """Declared emergencies that wait for their review, overdue ones first; ends with 3 when there are any."""
    start_up()
    from oneplace.access import emergencies, queries
    from oneplace.kernel import clock
    from oneplace.place import queries as place
    from oneplace.site.words import when

    clock.set_offset(place.offset())
    lines, names = emergencies.declarations(reviewed=None if everything else False), queries.staff_names()
    lines.sort(key=lambda line: line.state != "overdue")
    words = [
        f"{line.key}  {line.state:13}  {when(line.declared_at)}  {line.minutes} min  "
        f"{names.get(line.user_key, line.user_key)}, {line.role} at {line.organisation_code}: {line.reason}"
        for line in lines
    ]
    told([asdict(line) for line in lines], as_json, "\n".join(words) or "No declaration waits for its review.")
    if any(line.state in ("new", "overdue") for line in lines):
        sys.exit(FINDINGS)
