"""`oneplace record`. A person's record, through the one door."""

from dataclasses import asdict
from typing import Annotated

import typer

from oneplace.access.commands import operator
from oneplace.site.commands.talk import FINDINGS, Json, User, group, start_up, stop, told

app = group("A person's record, through the one door.")


@app.command("find")
@operator
def record_find(
    text: Annotated[str, typer.Argument(help="NHS number, or name and date of birth.")],
    user: User,
    as_json: Json = False,
) -> None:
    """Find people on behalf of a member of staff: what they may see, and in the ledger as theirs."""
    start_up()
    from oneplace.record import door
    from oneplace.site import loading

    found = door.search(loading.actor(user), text)
    words = "\n".join(
        f"{hit.person_id}  {hit.family.upper()}, {hit.given}  born {hit.birth_date}  ({hit.why})" for hit in found.hits
    )
    if found.hits or as_json:
        told([asdict(hit) for hit in found.hits], as_json, words)
    if not found.hits:
        stop("Nobody found who is registered with, or open to, that user's organisation.", FINDINGS)


@app.command("show")
@operator
def record_show(
    person: Annotated[str, typer.Argument(help="The person's key, as 'record find' prints it.")],
    user: User,
    as_json: Json = False,
) -> None:
    """A person's record on behalf of a member of staff: what they may see, and in the ledger as theirs."""
    start_up()
    from oneplace.kernel.ids import PersonId
    from oneplace.record import door
    from oneplace.record.shapes import Refused
    from oneplace.site import loading

    opened = door.open(loading.actor(user), PersonId(person))
    if isinstance(opened, Refused):
        stop("There is no such person for that user.")
        return
    told(asdict(opened), as_json, loading.record_words(opened))
