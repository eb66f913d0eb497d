"""The ledger as it leaves: rows joined with the names and numbers that other systems know, one line each in a file.

That it left is recorded before the first line is written; a file that could not be finished is not left behind.
"""

from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

import orjson
from django.db import transaction

from oneplace.access import queries as access
from oneplace.access import roles
from oneplace.formats.fhir import audit as fhir
from oneplace.kernel.rows import AuditPerson, AuditRow
from oneplace.ledger import actions, queries
from oneplace.ledger.queries import Asked, Line
from oneplace.ledger.rules import shown_in, was_refused
from oneplace.place import queries as place
from oneplace.record import tracing

PURPOSE = tracing.PURPOSE
_BATCH = 1000


def export(path: Path, form: str, asked: Asked, *, by: str) -> int:
    """Write the rows that a search asks for, oldest first, as 'fhir' or 'ndjson'; returns how many rows.

    Raises FileExistsError where the file is already there: nothing is ever written over.
    """
    top = queries.head()
    bounded = replace(asked, upto=top.seq if top else 0)
    with transaction.atomic():
        subject = asked.subjects[0] if asked.subjects else ""
        detail = asked.plain() | {"format": form}
        actions.write(actor=by, action="export ledger", subject=subject, purpose=PURPOSE, detail=detail)
    count, part = 0, path.with_name(f"{path.name}.part")
    try:
        with part.open("xb") as file:
            for lines in _batches(bounded) if top else ():
                count += len(lines)
                for text in _fhir(lines, asked) if form == "fhir" else map(_sealed, lines):
                    file.write(text + b"\n")
        part.rename(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    return count


def _batches(asked: Asked) -> Iterator[list[Line]]:
    batch: list[Line] = []
    for line in queries.every(asked):
        batch.append(line)
        if len(batch) == _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _sealed(line: Line) -> bytes:
    """A row as it is sealed: what a walk of the chain needs."""
    return orjson.dumps(asdict(line))


def _fhir(lines: list[Line], asked: Asked) -> Iterator[bytes]:
    """AuditEvents of rows; where one person was asked for, nobody else whom a list showed is told."""
    names = access.staff_names()
    keys = {line.seq: _keys(line, asked) for line in lines}
    people = tracing.numbers_of(key for told in keys.values() for key in told)  # a subject may be a thing as well
    declared = {line.seq: _declaration(line) for line in lines}
    reasons = access.emergency_reasons({key for key in declared.values() if key})
    for line in lines:
        told = tuple(AuditPerson(key, people[key]) for key in keys[line.seq] if key in people)
        declaration = declared[line.seq]
        row = replace(_row(line, names), people=told, declaration=declaration, reason=reasons.get(declaration, ""))
        yield from fhir.write(row)


def _declaration(line: Line) -> str:
    """Key of the declared emergency under which something was done; '' for nearly every row."""
    detail = orjson.loads(line.detail) if line.detail else {}
    return str(detail.get("declaration") or "")


def _keys(line: Line, asked: Asked) -> list[str]:
    """Keys that a row is about or lists, those asked for alone where some were."""
    keys = dict.fromkeys([line.subject, *shown_in(line.detail)])
    return [key for key in keys if key and (not asked.subjects or key in asked.subjects)]


def _row(line: Line, names: dict[str, str]) -> AuditRow:
    role = roles.role(line.role)
    return AuditRow(
        seq=line.seq,
        hash=line.hash,
        recorded=line.at_real,
        action=line.action,
        refused=was_refused(line.action),
        user_key=line.actor,
        user_name=names.get(line.actor, ""),
        role=line.role,
        role_label=role.label if role else line.role,
        organisation_code=line.organisation,
        organisation_name=place.names().organisations.get(line.organisation, ""),
        purpose=line.purpose,
        basis=line.basis,
    )
