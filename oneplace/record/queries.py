"""What other rooms may read of the record without opening a person: counts by source. No person leaves here."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Q

from oneplace.kernel.ids import PersonId
from oneplace.record.models import Entry, LocalPatient, ReviewTask, Source
from oneplace.record.rules import Link


@dataclass(frozen=True, slots=True)
class SourceCount:
    """How many patients one source tells of and how they are linked."""

    code: str
    name: str
    patients: int
    linked: int
    provisional: int
    held: int
    unlinked: int
    last_received_at: datetime

    @property
    def matched(self) -> int:
        """Patients who are shown under their NHS number."""
        return self.linked + self.provisional


def source_counts() -> dict[str, SourceCount]:
    """One line a source, by ODS code."""
    counts = {link.value: Count("patients", filter=Q(patients__link=link)) for link in Link}
    rows = Source.objects.annotate(told=Count("patients"), **counts).values_list(
        "code", "name", "told", *counts, "last_received_at"
    )
    return {row[0]: SourceCount(*row) for row in rows}


def people_of(patients: Collection[tuple[str, str]]) -> dict[tuple[str, str], PersonId]:
    """The person's key of each patient of a source, by (organisation code, its patient id), for those told of."""
    codes, ids = {code for code, _ in patients}, {local for _, local in patients}
    rows = LocalPatient.objects.filter(source__code__in=codes, local_id__in=ids, person__isnull=False)
    found = rows.values_list("source__code", "local_id", "person__key")
    return {(code, local): PersonId(person) for code, local, person in found if (code, local) in patients}


def totals() -> dict[str, int]:
    """Patients told of, people, facts and links that wait for a person's judgement."""
    return {
        "patients": LocalPatient.objects.count(),
        "people": LocalPatient.objects.values("person_id").distinct().count(),
        "entries": Entry.objects.count(),
        "to review": ReviewTask.objects.filter(closed_at=None).count(),
    }
