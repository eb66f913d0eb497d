"""Patients of one name, date of birth and postcode, by which linkage finds those without an NHS number.

What very many share (UNKNOWN UNKNOWN, born on 1 January 1900, of no fixed abode) tells nobody from anybody: a crowd is
left alone, so that filing the next of them doesn't look at all before.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.db import connection

from oneplace.record.bulk import in_chunks
from oneplace.record.rules import CROWD, Mark

_OWN = """SELECT mine.birth_date, mine.family, mine.given, home.postcode, COUNT(*) FROM record_personname mine
 JOIN record_patientpostcode home ON home.patient_id = mine.patient_id
 WHERE mine.patient_id IN ({marks}) AND mine.birth_date IS NOT NULL
 AND mine.family <> '' AND mine.given <> '' AND home.postcode <> ''
 GROUP BY mine.birth_date, mine.family, mine.given, home.postcode"""
_SHARED = "WITH shared (birth_date, family, given, postcode) AS (VALUES {rows}) "
_HOLDERS = """ record_personname theirs
 JOIN record_patientpostcode there ON there.patient_id = theirs.patient_id AND there.postcode = shared.postcode"""
_SAME = """ theirs.family = shared.family AND theirs.given = shared.given AND theirs.birth_date = shared.birth_date"""
_COUNT = f"""SELECT shared.birth_date, shared.family, shared.given, shared.postcode,
 (SELECT COUNT(*) FROM (SELECT 1 FROM {_HOLDERS} WHERE {_SAME} LIMIT {{most}}) AS counted) FROM shared"""  # noqa: S608
_WHO = f"""SELECT DISTINCT theirs.patient_id FROM shared
 JOIN record_personname theirs ON {_SAME}
 JOIN record_patientpostcode there ON there.patient_id = theirs.patient_id AND there.postcode = shared.postcode"""  # noqa: S608


@dataclass(frozen=True, slots=True)
class Namesakes:
    """Whom some patients share what with: the marks that are a crowd's, and all others who share one that was none."""

    crowds: set[Mark] = field(default_factory=set)
    others: set[int] = field(default_factory=set)


def namesakes(patients: Collection[int]) -> Namesakes:
    """The crowds that these patients are of, and who shares a mark with them unless it was a crowd's without them.

    So those whom the last of these patients makes a crowd are told once more, and never again.
    """
    own: Counter[Mark] = Counter()
    for chunk in in_chunks(sorted(patients)):
        for *mark, count in _asked(_OWN.format(marks=", ".join(["%s"] * len(chunk))), chunk):
            own[_mark(mark)] += count
    found = Namesakes()
    for marks in in_chunks(sorted(own), 200):
        most = CROWD + max(own[mark] for mark in marks) + 1  # one more than need be counted
        totals = {_mark(mark): total for *mark, total in _asked(_shared(marks) + _COUNT.format(most=most), marks)}
        found.crowds.update(mark for mark, total in totals.items() if total > CROWD)
        near = [mark for mark, total in totals.items() if own[mark] < total <= own[mark] + CROWD]
        found.others.update(patient for (patient,) in _asked(_shared(near) + _WHO, near) if near)
    return found


def _mark(told: Sequence[Any]) -> Mark:
    """A mark as the driver tells it: SQLite keeps dates as text."""
    born, *rest = told
    return date.fromisoformat(born) if isinstance(born, str) else born, *rest  # type: ignore[return-value]


def _shared(marks: Sequence[Mark]) -> str:
    return _SHARED.format(rows=", ".join(["(%s, %s, %s, %s)"] * len(marks)))


def _asked(sql: str, values: Sequence[Any]) -> Iterator[Sequence[Any]]:
    """The rows of a statement; nothing where it is asked of nothing."""
    if not values:
        return
    flat = [part for value in values for part in (value if isinstance(value, tuple) else (value,))]
    with connection.cursor() as cursor:
        cursor.execute(sql, flat)
        yield from cursor.fetchall()
