"""`oneplace audit`. The ledger: read, proved, anchored, taken out."""

import sys
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from oneplace.access.commands import operator
from oneplace.site.commands.talk import FAILED, FINDINGS, USAGE, Json, group, say, start_up, stop, told

app = group("The ledger.")
Since = Annotated[datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="First day, as 2026-11-01.")]
Until = Annotated[datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="Last day, included.")]
Person = Annotated[str, typer.Option("--person", help="A person's key, or NHS number.")]
Who = Annotated[str, typer.Option("--user", help="User name of a member of staff.")]


@app.command("verify")
@operator
def audit_verify(
    anchor: Annotated[Path | None, typer.Option(help="File of heads noted earlier, a 'number hash' a line.")] = None,
    as_json: Json = False,
) -> None:
    """Walk the whole ledger; exit 1 when a row was changed, removed, put in or moved."""
    if anchor is not None and not anchor.is_file():
        stop(f"There is no file at {anchor}. Nothing was checked.", USAGE)
    start_up()
    from oneplace.ledger import queries

    try:
        verdict = queries.verify(anchor=anchor)
    except ValueError as fault:
        stop(f"{anchor}: {fault}. Nothing was checked.", USAGE)
        return
    faults = "\n".join(f"row {fault.seq}: {fault.text}" for fault in verdict.faults)
    told(asdict(verdict), as_json, f"{verdict.rows:,} rows. " + ("The chain is whole." if verdict.ok else faults))
    sys.exit(0 if verdict.ok else FAILED)


@app.command("anchor")
@operator
def audit_anchor(
    to: Annotated[Path | None, typer.Option(help="Add the line to this file; keep it on another machine.")] = None,
    as_json: Json = False,
) -> None:
    """The newest row's number and hash: noted elsewhere, it shows even a rewrite of the whole ledger."""
    start_up()
    from oneplace.ledger import queries

    head = queries.head()
    if head is None:
        stop("The ledger has no row yet: there is nothing to note.")
        return
    line = f"{head.seq} {head.hash}"
    if to is not None:
        with to.open("a", encoding="utf-8") as file:
            file.write(line + "\n")
    told(asdict(head), as_json, line)


@app.command("show")
@operator
def audit_show(
    limit: Annotated[int, typer.Option(help="How many rows, newest first.")] = 20,
    person: Person = "",
    user: Who = "",
    since: Since = None,
    until: Until = None,
    as_json: Json = False,
) -> None:
    """The newest rows of the ledger, all or some."""
    start_up()
    from oneplace.ledger import queries

    rows = queries.found(_asked(person, user, since, until), limit)
    words = "\n".join(f"{row.seq:>8}  {row.at_real:%Y-%m-%d %H:%M:%S}  {row.actor}  {row.action}" for row in rows)
    told([asdict(row) for row in rows], as_json, words or "No row is like that.")


@app.command("export")
@operator
def audit_export(
    to: Annotated[Path, typer.Argument(help="File to write; it must not exist.")],
    form: Annotated[str, typer.Option("--format", help="fhir (AuditEvents) or ndjson (the rows as sealed).")] = "fhir",
    person: Person = "",
    user: Who = "",
    since: Since = None,
    until: Until = None,
    as_json: Json = False,
) -> None:
    """Write rows to a file, one a line, and record that: FHIR AuditEvents name the person by NHS number."""
    if form not in ("fhir", "ndjson"):
        stop(f"'{form}' is no format: use fhir or ndjson.", USAGE)
    if to.exists():
        stop(f"{to} exists and is left as it is. Name another file.", USAGE)
    start_up()
    from oneplace.access.commands import OPERATOR
    from oneplace.gateway import audit

    count = audit.export(to, form, _asked(person, user, since, until), by=OPERATOR)
    told({"rows": count, "file": str(to), "format": form}, as_json, f"{count:,} rows in {to}.")


@app.command("history")
@operator
def audit_history(
    person: Annotated[str, typer.Argument(help="A person's key, or NHS number.")],
    limit: Annotated[int, typer.Option(help="How many, newest first.")] = 100,
    as_json: Json = False,
) -> None:
    """Who has looked at a person's record, as that person may read it: organisations and roles, no staff by name."""
    start_up()
    from oneplace.kernel.ids import PersonId
    from oneplace.record import history

    looked, older = history.access_history(PersonId(_key(person)), limit=limit)
    who = [", ".join(part for part in (one.organisation, one.role) if part) for one in looked]
    lines = (f"{one.at:%Y-%m-%d %H:%M}  {name}: {one.what}" for one, name in zip(looked, who, strict=True))
    told([asdict(one) for one in looked], as_json, "\n".join(lines) or "Nobody has looked.")
    if older:
        say(f"There are older ones: ask for more than {limit} with --limit.")


@app.command("patterns")
@operator
def audit_patterns(
    limit: Annotated[int, typer.Option(help="How many, newest first.")] = 50, as_json: Json = False
) -> None:
    """Look through the last week for unusual access; exit 3 when anything waits to be looked at."""
    start_up()
    from oneplace.access.commands import OPERATOR
    from oneplace.ledger import queries
    from oneplace.site import patterns

    patterns.look(by=OPERATOR)
    waiting = queries.patterns(("", "asked"), limit)
    lines = [f"{one.day}  {one.rule:14} {one.actor:22} {one.subject or 'several people'}" for one in waiting]
    names = ("key", "rule", "actor", "role", "organisation", "subject", "day", "words", "state")
    rows = [{name: getattr(one, name) for name in names} for one in waiting]
    told(rows, as_json, "\n".join(lines) or "Nothing waits to be looked at.")
    sys.exit(FINDINGS if waiting else 0)


def _asked(person: str, user: str, since: datetime | None, until: datetime | None) -> Any:
    """The search that the options ask for."""
    from oneplace.site import ledger_search

    return ledger_search.asked(
        person=_key(person) if person else "",
        user=user,
        since=since.date() if since else None,
        until=until.date() if until else None,
    )


def _key(person: str) -> str:
    """A person's key as given, or traced from an NHS number; ends the command where nobody bears it."""
    from oneplace.kernel import nhs_number

    if not nhs_number.tidy(person).isdecimal():
        return person
    from oneplace.access.commands import OPERATOR
    from oneplace.access.rules import Actor
    from oneplace.record import tracing

    found = tracing.trace(Actor(OPERATOR, OPERATOR, "", ""), person)
    if not found:
        stop("No source has told of that NHS number, or it fails its check.")
    return found[0].person_id
