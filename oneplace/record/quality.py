"""How well patients are linked, by source and by group of people, and against a truth where there is one.

Nobody publishes this (record.md): a group whose records are linked worse is cared for worse. Rates carry their counts.
"""

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from django.db.models import Count, Q, QuerySet

from oneplace.kernel import clock
from oneplace.place import queries as place
from oneplace.record.models import LocalPatient
from oneplace.record.rules import SAME_PERSON, Link

_BANDS = ((0, 17), (18, 39), (40, 64), (65, 79), (80, 130))
NOT_KNOWN = "not known"


@dataclass(frozen=True, slots=True)
class QualityRow:
    """One source or group: its patients, how many have a valid NHS number, and how they are linked."""

    kind: str  # all | source | age | sex | ethnicity | deprivation
    name: str
    patients: int
    numbered: int
    linked: int
    by_demographics: int
    provisional: int
    held: int
    unlinked: int

    @property
    def share(self) -> float:
        """Share of patients who are linked, 0 to 1; nothing where there are none."""
        return self.linked / self.patients if self.patients else 0.0


@dataclass(frozen=True, slots=True)
class TruthRow:
    """Pairs of one source or group against a truth: precision and recall of its links."""

    kind: str
    name: str
    patients: int
    right: int  # linked to the person whom they are
    wrong: int  # linked to somebody else
    missed: int  # somebody else's record holds the person, and this patient stands apart

    @property
    def precision(self) -> float:
        """Share of links that are right; 1 where there are none."""
        return self.right / (self.right + self.wrong) if self.right + self.wrong else 1.0

    @property
    def recall(self) -> float:
        """Share of the links there should be that are there; 1 where there should be none."""
        due = self.right + self.missed
        return self.right / due if due else 1.0


def report(today: date | None = None) -> list[QualityRow]:
    """Everyone, then each source, then each group by age, sex, ethnicity and deprivation."""
    today = today or clock.to_london(clock.now()).date()
    everyone = LocalPatient.objects.all()
    rows = [_row("all", "Everyone", everyone)]
    rows += _grouped("source", everyone, "source__code")
    for first, last in _BANDS:
        rows.append(_row("age", _band(first, last), _aged(everyone, today, first, last)))
    rows.append(_row("age", NOT_KNOWN, everyone.filter(birth_date=None)))
    rows += _grouped("sex", everyone, "sex")
    rows += _grouped("ethnicity", everyone, "ethnicity")
    rows += _by_deprivation(_grouped("deprivation", everyone, "practice_code"))
    return [row for row in rows if row.patients]


def _band(first: int, last: int) -> str:
    return f"{first} and over" if last > 100 else f"{first} to {last}"


def _aged(everyone: QuerySet[LocalPatient], today: date, first: int, last: int) -> QuerySet[LocalPatient]:
    youngest, oldest = _years_before(today, first), _years_before(today, last + 1)
    return everyone.filter(birth_date__lte=youngest, birth_date__gt=oldest)


def _years_before(day: date, years: int) -> date:
    year = max(1, day.year - years)
    return date(year, 3, 1) if (day.month, day.day) == (2, 29) else date(year, day.month, day.day)


def _counts() -> dict[str, Count]:
    linked = Q(link=Link.LINKED)
    return {
        "patients": Count("pk"),
        "numbered": Count("pk", filter=~Q(link_number="")),
        "linked": Count("pk", filter=linked),
        "by_demographics": Count("pk", filter=linked & Q(link_reason=SAME_PERSON)),
        "provisional": Count("pk", filter=Q(link=Link.PROVISIONAL)),
        "held": Count("pk", filter=Q(link=Link.HELD)),
        "unlinked": Count("pk", filter=Q(link=Link.UNLINKED)),
    }


def _row(kind: str, name: str, patients: QuerySet[LocalPatient]) -> QualityRow:
    return QualityRow(kind, name, **patients.aggregate(**_counts()))


def _grouped(kind: str, everyone: QuerySet[LocalPatient], column: str) -> list[QualityRow]:
    rows = everyone.order_by().values(column).annotate(**_counts()).values_list(column, *_counts())
    return sorted((QualityRow(kind, row[0] or NOT_KNOWN, *row[1:]) for row in rows), key=lambda row: row.name)


def _by_deprivation(practices: Iterable[QualityRow]) -> list[QualityRow]:
    """Patients by the deprivation tenth of the practice that registers them, as far as the place knows it."""
    told: dict[str, list[QualityRow]] = {}
    for row in practices:
        tenth = place.decile_of_practice(row.name)
        told.setdefault(NOT_KNOWN if tenth is None else f"{tenth:2}", []).append(row)
    return [_sum("deprivation", name.strip(), rows) for name, rows in sorted(told.items())]


def _sum(kind: str, name: str, rows: Iterable[QualityRow]) -> QualityRow:
    columns = ("patients", "numbered", "linked", "by_demographics", "provisional", "held", "unlinked")
    rows = list(rows)
    return QualityRow(kind, name, *(sum(getattr(row, column) for row in rows) for column in columns))


def against_truth(path: Path) -> list[TruthRow]:
    """Links against a truth file: CSV with source_code, local_id, true_person and any of age, sex, ethnicity, decile.

    The person of a record is the true person of most of its patients. Raises ValueError where a column is missing.
    """
    truth = _truth(path)
    rows = LocalPatient.objects.exclude(link=Link.HELD.value).values_list("source__code", "local_id", "person_id")
    told = {(source, local_id): person for source, local_id, person in rows.iterator()}
    held = LocalPatient.objects.filter(link=Link.HELD.value).values_list("source__code", "local_id", "pk")
    told |= {(source, local_id): -key for source, local_id, key in held.iterator()}
    known = [(key, row, told[key]) for key, row in truth.items() if key in told]
    owners = _owners(known)
    homes = _homes(known, owners)
    groups: dict[tuple[str, str], list[int]] = {}
    for (source, _), row, person in known:
        verdict = _verdict(row["true_person"], person, owners, homes)
        for group in _groups(source, row):
            counts = groups.setdefault(group, [0, 0, 0, 0])
            counts[0] += 1
            if verdict is not None:
                counts[verdict] += 1
    return [TruthRow(*group, *counts) for group, counts in sorted(groups.items())]


Known = tuple[tuple[str, str], Mapping[str, str], int]


def _truth(path: Path) -> dict[tuple[str, str], Mapping[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        missing = {"source_code", "local_id", "true_person"} - set(reader.fieldnames or ())
        if missing:
            raise ValueError(f"{path.name} has no column {', '.join(sorted(missing))}: is it a truth file?")
        return {(row["source_code"], row["local_id"]): row for row in reader}


def _owners(known: Iterable[Known]) -> dict[int, str]:
    """Whom each record is of: the true person of most of its patients, ties by name."""
    counts: dict[int, dict[str, int]] = {}
    for _, row, person in known:
        told = counts.setdefault(person, {})
        told[row["true_person"]] = told.get(row["true_person"], 0) + 1
    return {person: min(told, key=lambda one: (-told[one], one)) for person, told in counts.items()}


def _homes(known: Iterable[Known], owners: Mapping[int, str]) -> dict[str, int]:
    """The record that holds most patients of each true person."""
    counts: dict[str, dict[int, int]] = {}
    for _, row, person in known:
        if owners[person] == row["true_person"]:
            told = counts.setdefault(row["true_person"], {})
            told[person] = told.get(person, 0) + 1
    return {true: min(told, key=lambda one: (-told[one], one)) for true, told in counts.items()}


def _verdict(true: str, person: int, owners: Mapping[int, str], homes: Mapping[str, int]) -> int | None:
    """1 right, 2 wrong, 3 missed."""
    if owners[person] != true:
        return 2
    return 1 if homes[true] == person else 3


def _groups(source: str, row: Mapping[str, str]) -> Iterable[tuple[str, str]]:
    yield "all", "Everyone"
    yield "source", source
    age = row.get("age", "")
    if age.isdecimal():
        yield "age", next(_band(first, last) for first, last in _BANDS if first <= int(age) <= last)
    for kind, column in (("sex", "sex"), ("ethnicity", "ethnicity"), ("deprivation", "decile")):
        if column in row:
            yield kind, row[column] or NOT_KNOWN
