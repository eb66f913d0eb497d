"""How well patients are linked, by source and by group of people, and against a truth where there is one.

Nobody publishes this (record.md): a group whose records are linked worse is cared for worse. Rates carry their counts.
"""

import csv
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from django.db.models import Count, Q, QuerySet

from oneplace.kernel import clock
from oneplace.place import queries as place
from oneplace.record.models import LocalPatient
from oneplace.record.rules import BY_LIKENESS, SAME_PERSON, Link

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
    by_likeness: int
    provisional: int
    held: int
    unlinked: int

    @property
    def share(self) -> float:
        """Share of patients who are linked, 0 to 1; nothing where there are none."""
        return self.linked / self.patients if self.patients else 0.0


@dataclass(frozen=True, slots=True)
class TruthRow:
    """One source or group against a truth, in pairs: each of its patients with each other patient anywhere.

    Patients shown together provisionally count as linked: whoever opens the record sees both.
    """

    kind: str
    name: str
    patients: int
    right: int  # pairs that are one person and stand together
    wrong: int  # pairs that stand together and are two people
    missed: int  # pairs that are one person and stand apart

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
    today = today or clock.today()
    everyone = LocalPatient.objects.all()
    rows = [_row("all", "Everyone", everyone)]
    rows += _grouped("source", everyone, "source__code")
    for first, last in _BANDS:
        rows.append(_row("age", _band(first, last), _aged(everyone, today, first, last)))
    rows.append(_row("age", NOT_KNOWN, everyone.filter(birth_date=None)))
    rows += _grouped("sex", everyone, "sex")
    rows += _grouped("ethnicity", everyone, "ethnicity")
    rows += _by_deprivation(everyone)
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
        "by_likeness": Count("pk", filter=linked & Q(link_reason=BY_LIKENESS)),
        "provisional": Count("pk", filter=Q(link=Link.PROVISIONAL)),
        "held": Count("pk", filter=Q(link=Link.HELD)),
        "unlinked": Count("pk", filter=Q(link=Link.UNLINKED)),
    }


def _row(kind: str, name: str, patients: QuerySet[LocalPatient]) -> QualityRow:
    return QualityRow(kind, name, **patients.aggregate(**_counts()))


def _grouped(kind: str, everyone: QuerySet[LocalPatient], column: str) -> list[QualityRow]:
    rows = everyone.order_by().values(column).annotate(**_counts()).values_list(column, *_counts())
    return sorted((QualityRow(kind, row[0] or NOT_KNOWN, *row[1:]) for row in rows), key=lambda row: row.name)


def _by_deprivation(everyone: QuerySet[LocalPatient]) -> list[QualityRow]:
    """Patients by the deprivation tenth of their postcode's area, else of the practice's people, as the place knows."""
    columns = ("practice_code", "postcode") if place.knows_postcodes() else ("practice_code",)
    groups = list(everyone.order_by().values(*columns).annotate(**_counts()).values_list(*columns, *_counts()))
    deciles = place.deciles_of_postcodes(row[1] for row in groups) if len(columns) > 1 else {}
    told: dict[str, list[QualityRow]] = {}
    for practice, *more in groups:
        tenth = (deciles.get(more.pop(0)) if len(columns) > 1 else None) or place.decile_of_practice(practice)
        name = NOT_KNOWN if tenth is None else f"{tenth:2}"
        told.setdefault(name, []).append(QualityRow("deprivation", name, *more))
    return [_sum("deprivation", name.strip(), rows) for name, rows in sorted(told.items())]


def _sum(kind: str, name: str, rows: Iterable[QualityRow]) -> QualityRow:
    columns = ("patients", "numbered", "linked", "by_demographics", "by_likeness", "provisional", "held", "unlinked")
    rows = list(rows)
    return QualityRow(kind, name, *(sum(getattr(row, column) for row in rows) for column in columns))


def against_truth(path: Path) -> list[TruthRow]:
    """Links against a truth file: CSV with source_code, local_id, true_person and any of age, sex, ethnicity, decile.

    Raises ValueError where a column is missing.
    """
    truth = _truth(path)
    rows = LocalPatient.objects.values_list("source__code", "local_id", "person_id")
    told = {(source, local_id): person for source, local_id, person in rows.iterator()}
    known = [(key, row, told[key]) for key, row in truth.items() if key in told]
    together = Counter((person, row["true_person"]) for _, row, person in known)
    in_record = Counter(person for *_, person in known)
    of_person = Counter(row["true_person"] for _, row, _ in known)
    groups: dict[tuple[str, str], list[int]] = {}
    for (source, _), row, person in known:
        right = together[person, row["true_person"]]
        pairs = (1, right - 1, in_record[person] - right, of_person[row["true_person"]] - right)
        for group in _groups(source, row):
            counts = groups.setdefault(group, [0, 0, 0, 0])
            groups[group] = [count + more for count, more in zip(counts, pairs, strict=True)]
    return [TruthRow(*group, *counts) for group, counts in sorted(groups.items())]


def _truth(path: Path) -> dict[tuple[str, str], Mapping[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        missing = {"source_code", "local_id", "true_person"} - set(reader.fieldnames or ())
        if missing:
            raise ValueError(f"{path.name} has no column {', '.join(sorted(missing))}: is it a truth file?")
        return {(row["source_code"], row["local_id"]): row for row in reader}


def _groups(source: str, row: Mapping[str, str]) -> Iterable[tuple[str, str]]:
    yield "all", "Everyone"
    yield "source", source
    age = row.get("age", "")
    if age.isdecimal():
        yield "age", next(_band(first, last) for first, last in _BANDS if first <= int(age) <= last)
    for kind, column in (("sex", "sex"), ("ethnicity", "ethnicity"), ("deprivation", "decile")):
        if column in row:
            yield kind, row[column] or NOT_KNOWN
