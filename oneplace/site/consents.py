"""A register of choices about sharing from a file or from the example: each line is its organisation's own patient.

Lines that can't be kept are told with their number and the reason; the others go on. The same lines again add nothing.
"""

import csv
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from pathlib import Path

from oneplace.access import actions, classes
from oneplace.access.rules import CHOOSING, ConsentRow, choice_fault
from oneplace.kernel import clock
from oneplace.record import queries as record

COLUMNS = ("organisation_code", "local_patient_id", "information_class", "choice", "made_by", "at", "how")
_BATCH = 500


@dataclass
class Kept:
    """How many lines were told, how many were new, and why others could not be kept, by their number."""

    told: int = 0
    new: int = 0
    refused: list[tuple[int, str]] = field(default_factory=list)


class NotARegister(ValueError):
    """The file has another heading; the text says which columns are wanted."""


def read(path: Path) -> Iterator[Mapping[str, str]]:
    """The lines of a CSV file. Raises NotARegister, OSError and UnicodeDecodeError."""
    with path.open(newline="", encoding="utf-8-sig") as file:
        reader = csv.DictReader(file, restval="")
        missing = [name for name in COLUMNS if name not in (reader.fieldnames or ())]
        if missing:
            raise NotARegister(f"{path} has no column {', '.join(missing)}; a register has {', '.join(COLUMNS)}.")
        yield from reader


def load(lines: Iterable[Mapping[str, str]], by: str) -> Kept:
    """Keep the choices, five hundred lines at a time, each batch in one transaction. The first line has number 2."""
    kept, rest = Kept(), iter(enumerate(lines, 2))
    while batch := list(islice(rest, _BATCH)):
        people = record.people_of({(line["organisation_code"], line["local_patient_id"]) for _, line in batch})
        rows = []
        for number, line in batch:
            person = people.get((line["organisation_code"], line["local_patient_id"]), "")
            row = _row(line, person)
            if isinstance(row, str):
                kept.refused.append((number, row))
            else:
                rows.append(row)
        kept.told += len(batch)
        kept.new += actions.load_consents(rows, by)
    return kept


def _row(line: Mapping[str, str], person: str) -> ConsentRow | str:
    """A line as a choice, or why it can't be one."""
    if not person:
        return "No source has told of this patient of this organisation; load their record first."
    name, made_by = line["information_class"].strip(), line["made_by"].strip() or "person"
    if name and (name not in classes.classes() or classes.classes()[name].traced):
        return f"'{name[:40]}' is no class that a person chooses about; see docs/access.md."
    capacity = made_by in CHOOSING
    fault = choice_fault(line["choice"].strip(), made_by, capacity)
    at = _moment(line["at"])
    if fault or at is None:
        return fault or "Write 'at' as a time like 2026-11-23T10:00:00+00:00, not one to come."
    how, code = line["how"].strip(), line["organisation_code"].strip()
    return ConsentRow(person, name, line["choice"].strip(), at, made_by, capacity, how=how, taken_at_code=code)


def _moment(text: str) -> datetime | None:
    """A time that has been; one without a zone is London's."""
    try:
        at = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    at = at if at.tzinfo else at.replace(tzinfo=clock.LONDON)
    return at if at <= clock.now() else None
