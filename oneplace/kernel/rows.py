"""Canonical rows: what every wire format becomes, and all that `record.ingest` knows of a feed.

`formats` makes them, `gateway` carries them, `record` files them. A row holds what the source said, tidied
only in shape (dates, codes, numbers): judgement about whether it is right is an `Issue` beside it.
Times are timezone-aware UTC; a date that has no time is midnight UTC with `day_only` true.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any


class Kind(StrEnum):
    """What an entry is about: one windowlet reads one or more kinds."""

    PROBLEM = "problem"
    MEDICATION = "medication"
    PRESCRIPTION = "prescription"  # one issue or order of a medication
    ALLERGY = "allergy"
    RESULT = "result"  # a measured value or a report with one
    OBSERVATION = "observation"  # a coded or written finding without a value
    IMMUNISATION = "immunisation"
    PROCEDURE = "procedure"
    ENCOUNTER = "encounter"  # consultation, attendance, admission, contact
    REFERRAL = "referral"
    REQUEST = "request"  # test or procedure asked for, recall
    DOCUMENT = "document"
    QUESTIONNAIRE = "questionnaire"
    PLAN = "plan"
    ALERT = "alert"
    SECTION = "section"  # a heading or list of the source's own record: what it holds, and its warnings


class Severity(StrEnum):
    """How much a data-quality issue takes away from the element that it names."""

    ERROR = "error"  # the element was not used
    WARNING = "warning"  # used, and doubtful
    NOTE = "note"  # used, and worth knowing


@dataclass(frozen=True, slots=True)
class Issue:
    """One fault of data in one element: where (`path`), what sort (`code`), and in plain words. No person data."""

    path: str
    code: str
    text: str
    severity: Severity = Severity.WARNING


@dataclass(frozen=True, slots=True)
class Name:
    """A name as told: family and given in the source's own letters."""

    family: str
    given: str = ""
    prefix: str = ""
    use: str = ""  # FHIR NameUse: official, usual, nickname, maiden, old ...


@dataclass(frozen=True, slots=True)
class Address:
    """Lines as told, postcode in the usual form (ME1 2AB) where it can be read."""

    lines: tuple[str, ...] = ()
    postcode: str = ""
    use: str = ""


@dataclass(frozen=True, slots=True)
class PersonRow:
    """One source's own patient: demographics as that source tells them, at one version.

    `local_id` is the source's key. `nhs_number` is as received without separators, valid or not.
    `sex` is FHIR administrative gender (male, female, other, unknown) or ''.
    """

    local_id: str
    nhs_number: str = ""
    names: tuple[Name, ...] = ()  # the current one first
    birth_date: date | None = None
    sex: str = ""
    addresses: tuple[Address, ...] = ()  # the current one first
    phones: tuple[str, ...] = ()
    deceased: bool = False
    deceased_at: datetime | None = None
    practice_code: str = ""  # ODS code of the registered practice
    practice_name: str = ""
    language: str = ""
    interpreter: bool = False
    version: str = ""
    version_at: datetime | None = None  # when the source says that this version was made
    path: str = ""
    ethnicity: str = ""  # NHS Data Dictionary ethnic category: one letter A to S, Z not stated; '' not told
    number_verified: bool = False  # the source says that the NHS number was confirmed nationally (status 01)
    key_only: bool = False  # the message names this patient by its key and tells no demographics: none are changed


@dataclass(frozen=True, slots=True)
class EntryRow:
    """One clinical fact of one source. (`type`, `source_id`) is stable between that source's exports."""

    local_id: str  # whose: PersonRow.local_id
    kind: Kind
    type: str  # the source's own word: FHIR resource type, HL7 segment
    source_id: str
    path: str  # where in the raw document, e.g. entry[12] or DG1[1]
    happened_at: datetime | None = None
    day_only: bool = False
    ended_at: datetime | None = None
    code: str = ""
    system: str = ""
    display: str = ""
    status: str = ""
    value: float | None = None
    value_text: str = ""
    unit: str = ""
    low: float | None = None  # reference range
    high: float | None = None
    version: str = ""
    version_at: datetime | None = None
    detail: Mapping[str, Any] = field(default_factory=dict)  # author, place, dose, notes: words for the page


class Move(StrEnum):
    """What an event does to the tie between a person and the organisation that sent it."""

    REGISTERED = "registered"  # on this practice's list
    ADMITTED = "admitted"
    TRANSFERRED = "transferred"
    DISCHARGED = "discharged"
    ADMISSION_CANCELLED = "admission cancelled"
    DISCHARGE_CANCELLED = "discharge cancelled"
    ATTENDED = "attended"  # outpatient, A&E or contact opened
    TRANSFER_CANCELLED = "transfer cancelled"
    MERGED = "merged"  # other_local_id was folded into local_id by the source
    UNMERGED = "unmerged"  # the source took that back
    VISIT_MOVED = "visit moved"  # the visit `spell_id` was other_local_id's and is local_id's


@dataclass(frozen=True, slots=True)
class EventRow:
    """Something that opens, closes or moves a tie between a person and an organisation."""

    local_id: str
    move: Move
    at: datetime | None
    spell_id: str = ""  # visit or admission number: pairs an opening with its close
    other_local_id: str = ""
    place: str = ""  # ward, bed or clinic in the source's words
    path: str = ""


@dataclass(frozen=True, slots=True)
class Message:
    """One message that could be read: who sent it, who it is about, the facts, and what was wrong with them."""

    format: str  # fhir-stu3-json, hl7-v2 ...
    source_code: str  # ODS code of the organisation whose data it is; '' where the message doesn't say
    source_name: str
    people: tuple[PersonRow, ...]
    entries: tuple[EntryRow, ...]
    events: tuple[EventRow, ...] = ()
    issues: tuple[Issue, ...] = ()
    message_id: str = ""  # the sender's own, unique for that sender; '' where the format has none
    sent_at: datetime | None = None
    resources: int = 0  # bundle entries or segments read, for conservation and speed figures
    whole: tuple[str, ...] = ()  # types of entries of which this tells all that its one person has


@dataclass(frozen=True, slots=True)
class Reject:
    """A message, row or element that could not be read at all. `reason` is plain words without person data."""

    reason: str
    code: str
    path: str = ""  # line 12, column 3 | entry[4] | PID
    format: str = "unknown"


@dataclass(frozen=True, slots=True)
class AuditPerson:
    """Whom a row of the ledger is about, or whom its list showed: the opaque key, and the NHS number where linked."""

    key: str
    nhs_number: str = ""


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One row of the ledger as other systems read it, with names and identifiers joined.

    `action` is the ledger's own words. `declaration` and `reason` are of emergency access, else ''.
    """

    seq: int
    hash: str  # of the sealed row
    recorded: datetime
    action: str
    refused: bool = False
    user_key: str = ""
    user_name: str = ""
    role: str = ""
    role_label: str = ""
    organisation_code: str = ""
    organisation_name: str = ""
    people: tuple[AuditPerson, ...] = ()
    purpose: str = ""
    basis: str = ""
    declaration: str = ""
    reason: str = ""
