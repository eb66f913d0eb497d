"""`oneplace record`. A person's record, through the one door."""

import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from oneplace.access.commands import operator
from oneplace.site.commands.talk import FINDINGS, USAGE, Json, User, group, start_up, stop, told

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
    from oneplace.record.shapes import LockedRecord, Refused
    from oneplace.site import loading

    opened = door.open(loading.actor(user), PersonId(person))
    if isinstance(opened, Refused):
        stop("There is no such person for that user.")
        return
    if isinstance(opened, LockedRecord):
        stop(f"That record is closed to that user: {opened.reason}.")
        return
    told(asdict(opened), as_json, loading.record_words(opened))


@app.command("reviews")
@operator
def record_reviews(
    limit: Annotated[int, typer.Option(help="How many, oldest first.")] = 50, as_json: Json = False
) -> None:
    """Links that wait for somebody to judge them; exit 3 when there are any. The page is 'Linkage review'."""
    start_up()
    from oneplace.record import reviews

    lines, count = reviews.queue(limit=limit)
    words = "\n".join(f"{one.key}  {one.source_code:8} {one.link:12} {one.reason}" for one in lines)
    told([asdict(one) for one in lines], as_json, words or "Nothing waits to be judged.")
    sys.exit(FINDINGS if count else 0)


@app.command("linkage")
@operator
def record_linkage(
    truth: Annotated[Path | None, typer.Option(help="CSV of who is truly who: precision and recall as well.")] = None,
    as_json: Json = False,
) -> None:
    """How well patients are linked, by source and by age, sex, ethnicity and deprivation."""
    start_up()
    from oneplace.record import quality

    if truth is not None and not truth.is_file():
        stop(f"There is no file at {truth}.", USAGE)
    rows = [asdict(row) | {"share": row.share} for row in quality.report()]
    try:
        judged = quality.against_truth(truth) if truth is not None else []
    except ValueError as fault:
        stop(str(fault), USAGE)
        return
    against = [asdict(row) | {"precision": row.precision, "recall": row.recall} for row in judged]
    lines = [f"{one['kind']:12} {one['name']:24} {one['patients']:>9,}  linked {one['share']:.2%}" for one in rows]
    lines += [
        f"{one['kind']:12} {one['name']:24} {one['patients']:>9,}  precision {one['precision']:.5f}"
        f"  recall {one['recall']:.5f}"
        for one in against
    ]
    told({"linkage": rows, "against_truth": against}, as_json, "\n".join(lines) or "No source has told of anybody yet.")


@app.command("link")
@operator
def record_link(as_json: Json = False) -> None:
    """Score by likeness whomever the exact rules left over, and link those who are surely one person."""
    start_up()
    from oneplace.access.commands import OPERATOR
    from oneplace.record import linkage
    from oneplace.site.bar import bar

    with bar("Linking by likeness") as progress:
        run = linkage.link_left_over(by=OPERATOR, progress=progress)
    words = (
        f"{run.left_over:,} patients left over by the exact rules; {run.alike:,} of them are likelier than not "
        f"somebody known. {run.linked:,} stand linked by likeness; {run.changed:,} scores changed."
    )
    told(asdict(run), as_json, words)


@app.command("load-consents")
@operator
def record_load_consents(
    file: Annotated[Path, typer.Argument(help="CSV file: one choice a line, of an organisation's own patient.")],
    as_json: Json = False,
) -> None:
    """Keep many choices about sharing. Lines that can't be kept are named; the same lines again add nothing."""
    start_up()
    from oneplace.access.commands import OPERATOR
    from oneplace.site import consents

    try:
        kept = consents.load(consents.read(file), by=OPERATOR)
    except (consents.NotARegister, OSError, UnicodeDecodeError) as fault:
        stop(f"{file} could not be read: {fault}", USAGE)
        return
    words = f"{kept.told:,} choices told, {kept.new:,} of them new, {len(kept.refused):,} could not be kept."
    told(asdict(kept), as_json, words)
    if kept.refused:
        stop("\n".join(f"line {number}: {why}" for number, why in kept.refused[:20]), FINDINGS)
