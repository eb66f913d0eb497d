"""Letters that others sent about an organisation's own people: what waits to be filed, what was filed, and as what.

A proposal is made from the letter's own title; a person confirms it, and may take that back. Called by `record.door`
alone, after its decision. Source: REC-45 to REC-48 (types, filing by a human, visible in the record at once).
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet

from oneplace.access.rules import Actor
from oneplace.kernel.rows import Kind
from oneplace.record.models import Entry, LetterFiling, LocalPatient

TYPES = (
    "Discharge summary",
    "Emergency care summary",
    "Outpatient letter",
    "Mental health letter",
    "Ambulance or 111 report",
    "Other letter",
)
"""What a letter may be filed as: the classes that the plan names, and one for the rest."""
_WORDS = {
    "Mental health letter": ("mental health", "psychiatr"),
    "Emergency care summary": ("emergency care", "a&e", "accident and emergency", "ed attendance"),
    "Ambulance or 111 report": ("ambulance", "111", "out of hours", "out-of-hours"),
    "Discharge summary": ("discharge",),
    "Outpatient letter": ("outpatient", "clinic letter", "clinic"),
}
WITHIN_DAYS = 90
"""How long an unfiled letter stays on the list: older ones came with a first load of history."""
_KEY_KINDS = (Kind.PROBLEM, Kind.MEDICATION, Kind.ALLERGY, Kind.PROCEDURE)
_MOST_POINTS = 8


@dataclass(frozen=True, slots=True)
class Letter:
    """One letter on the list: whose, from whom, what it is taken for, and what it tells besides its text."""

    key: str
    person_id: str
    family: str
    given: str
    birth_date: Any
    nhs_number: str
    title: str
    source_name: str
    written_at: datetime | None
    day_only: bool
    received_at: datetime
    type: str  # proposed, or as filed
    points: tuple[str, ...]
    filed_at: datetime | None = None
    filed_by: str = ""
    changed: bool = False  # filed before, and sent again since with other content


@dataclass(frozen=True, slots=True)
class LetterBox:
    """A page of letters and how many there are of each sort."""

    letters: tuple[Letter, ...]
    waiting: int
    filed: int


def proposed_type(*words: str) -> str:
    """What a letter is, from its title and category: the most telling word decides."""
    told = " ".join(words).casefold()
    return next((kind for kind, marks in _WORDS.items() if any(mark in told for mark in marks)), TYPES[-1])


Opens = Callable[[str, str, str, str, str], bool]
"""Whether an entry is open: key of its person, code of its source, kind, display and other words."""


def box(
    actor: Actor,
    reach: QuerySet[Any, str],
    opens: Callable[[Collection[tuple[str, str]]], Opens],
    names: Mapping[str, str],
    now: datetime,
    *,
    filed: bool,
    offset: int,
    limit: int,
) -> LetterBox:
    """A page of the letters about people in reach that other organisations sent and that are open, newest first."""
    letters = Entry.objects.filter(
        kind=Kind.DOCUMENT, received_at__gte=now - timedelta(days=WITHIN_DAYS), patient__person__key__in=reach
    ).exclude(source__code=actor.organisation_code)
    mine = LetterFiling.objects.filter(entry=OuterRef("pk"), organisation_code=actor.organisation_code, undone_at=None)
    told = letters.annotate(done=Exists(mine.filter(content=OuterRef("content")))).order_by("-received_at", "-pk")
    columns = ("patient__person__key", "source__code", "kind", "display", "value_text", "detail", "pk", "done")
    rows = list(told.values_list(*columns))
    permits = opens({(row[0], row[1]) for row in rows})
    keys: dict[bool, list[int]] = {False: [], True: []}
    for person, source, kind, display, value, detail, key, done in rows:
        if permits(person, source, kind, display, f"{value} {detail}"):
            keys[bool(done)].append(key)
    page = Entry.objects.filter(pk__in=keys[filed][offset : offset + limit])
    chosen = list(page.select_related("source", "patient__person").order_by("-received_at", "-pk"))
    return LetterBox(_letters(chosen, actor, names, permits), len(keys[False]), len(keys[True]))


def _letters(rows: Sequence[Entry], actor: Actor, names: Mapping[str, str], permits: Opens) -> tuple[Letter, ...]:
    people = [row.patient.person_id for row in rows]
    known = {
        patient.person_id: patient
        for patient in LocalPatient.objects.filter(person__in=people, source__code=actor.organisation_code)
    }
    filings = {
        filing.entry_id: filing
        for filing in LetterFiling.objects.filter(
            entry__in=[row.pk for row in rows], organisation_code=actor.organisation_code, undone_at=None
        )
    }
    points = _points(rows, permits)
    return tuple(
        _letter(row, known.get(row.patient.person_id, row.patient), filings.get(row.pk), points, names) for row in rows
    )


def _letter(
    row: Entry,
    patient: LocalPatient,
    filing: LetterFiling | None,
    points: Mapping[int, tuple[str, ...]],
    names: Mapping[str, str],
) -> Letter:
    current = filing is not None and bytes(filing.content) == bytes(row.content)
    return Letter(
        key=str(row.pk),
        person_id=row.patient.person.key if row.patient.person else "",
        family=patient.family,
        given=patient.given,
        birth_date=patient.birth_date,
        nhs_number=patient.link_number,
        title=row.display or "Letter without a title",
        source_name=names.get(row.source.code) or row.source.name or row.source.code,
        written_at=row.happened_at,
        day_only=row.day_only,
        received_at=row.received_at,
        type=filing.type if filing and current else proposed_type(row.display, row.detail),
        points=points.get(row.pk, ()),
        filed_at=filing.filed_at if filing and current else None,
        filed_by=filing.filed_by_name if filing and current else "",
        changed=filing is not None and not current,
    )


def _points(rows: Sequence[Entry], permits: Opens) -> dict[int, tuple[str, ...]]:
    """The open coded facts of the same document and person, by letter: what a reader looks for first."""
    by_document = {(row.document_id, row.patient_id): row for row in rows}
    documents = {document for document, _ in by_document}
    told = Entry.objects.filter(document__in=documents, kind__in=_KEY_KINDS).order_by("pk")
    found: dict[int, dict[str, None]] = {}
    columns = ("document_id", "patient_id", "kind", "display", "value_text", "detail")
    for document, patient, kind, display, value, detail in told.values_list(*columns):
        letter = by_document.get((document, patient))
        if letter is None or letter.patient.person is None:
            continue
        if permits(letter.patient.person.key, letter.source.code, kind, display, f"{value} {detail}"):
            found.setdefault(letter.pk, {}).setdefault(display)
    return {key: tuple(words)[:_MOST_POINTS] for key, words in found.items()}


def file_letter(entry: Entry, actor: Actor, kind: str, now: datetime) -> None:
    """Note that the organisation has filed this letter as it stands. Raises ValueError for an unknown type."""
    if kind not in TYPES:
        raise ValueError(f"'{kind}' is no type of letter; there are {', '.join(TYPES)}")
    take_back(entry, actor, now)
    LetterFiling.objects.create(
        entry=entry,
        organisation_code=actor.organisation_code,
        content=entry.content,
        type=kind,
        filed_at=now,
        filed_by=actor.key,
        filed_by_name=actor.name,
    )


def take_back(entry: Entry, actor: Actor, now: datetime) -> bool:
    """Undo the filing that stands; false where there is none."""
    standing = LetterFiling.objects.filter(entry=entry, organisation_code=actor.organisation_code, undone_at=None)
    return bool(standing.update(undone_at=now, undone_by=actor.key))
