"""What the door hands out: plain values for one permitted view of one person's record. No rows of the database.

Every value that leaves `record.door` is one of these, so that a page, a FHIR read and an export show the same thing.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from oneplace.kernel.ids import PersonId


@dataclass(frozen=True, slots=True)
class Emergency:
    """An emergency access that this reader has declared about this person and that is open now."""

    key: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Banner:
    """Who this is, for the top of each page about the person."""

    person_id: PersonId
    family: str
    given: str
    prefix: str
    preferred: str
    birth_date: date | None
    age: int | None
    deceased: bool
    deceased_at: datetime | None
    sex: str
    nhs_number: str  # ten digits or ''
    number_status: str  # verified by agreement of sources | not known | not valid
    address: str
    postcode: str
    phone: str
    practice_code: str
    practice_name: str
    language: str
    interpreter: bool
    identity_conflict: bool  # sources that disagree are linked provisionally
    similar_names: int  # other people in reach with a like name
    emergency: Emergency | None = None


@dataclass(frozen=True, slots=True)
class SourceLine:
    """One organisation that tells of this person (or could): how fresh, and whether it may be shown."""

    code: str
    name: str
    state: str  # shown | closed (consent) | no agreement | not connected
    items: int  # 0 unless shown: nothing about hidden content leaves, not even a count
    received_at: datetime | None


@dataclass(frozen=True, slots=True)
class Item:
    """One fact, with its source and age. `kind` is a `kernel.rows.Kind` value."""

    key: str
    kind: str
    display: str
    happened_at: datetime | None
    day_only: bool
    ended_at: datetime | None
    status: str
    value: float | None
    value_text: str
    unit: str
    low: float | None
    high: float | None
    code: str
    system: str
    source_code: str
    source_name: str
    received_at: datetime
    detail: Mapping[str, Any] = field(default_factory=dict)
    also: tuple["Item", ...] = ()  # the same fact as other feeds told it


@dataclass(frozen=True, slots=True)
class Trend:
    """One measured thing over time: the latest value and the points of its small picture, oldest first."""

    display: str
    unit: str
    low: float | None
    high: float | None
    latest: Item
    points: tuple[tuple[datetime, float], ...]


@dataclass(frozen=True, slots=True)
class WindowletData:
    """One panel of a view. `state` tells the kinds of nothing apart.

    state: filled | none recorded | nil known | no agreement | not connected | closed (consent)
    """

    name: str
    title: str
    shape: str  # timeline | table | trends | list | sources
    state: str
    items: tuple[Item, ...] = ()
    trends: tuple[Trend, ...] = ()
    more: int = 0  # items beyond the panel's limit
    note: str = ""


@dataclass(frozen=True, slots=True)
class Opened:
    """A permitted view: banner, panels in the declared order, sources, and why it could be opened."""

    banner: Banner
    view: str
    view_title: str
    windowlets: tuple[WindowletData, ...]
    sources: tuple[SourceLine, ...]
    basis: str
    opened_at: datetime
    conflicts: tuple[str, ...] = ()
    rule: str = ""  # of access.rules.Permit: relationship | urgent contact | emergency | own record | proxy
    closed: str = ""  # why ordinary classes of other organisations stay closed; '' where none do
    break_glass: bool = False  # an emergency may open what is closed
    declaration: str = ""  # key of the emergency access that this opening rests on


@dataclass(frozen=True, slots=True)
class Refused:
    """Nothing is shown. To this user the person isn't there: the reason is the same whether they exist or not."""

    reason: str = "not found"


@dataclass(frozen=True, slots=True)
class LockedRecord:
    """The person is there and their record is closed to this user: who they are, why, and nothing else."""

    banner: Banner
    reason: str  # of access.rules.Closed
    break_glass: bool  # the role may open it in an emergency


@dataclass(frozen=True, slots=True)
class Standing:
    """How a record stands to somebody who thinks of declaring an emergency: who it is about, and why what is closed."""

    banner: Banner
    closed: str  # of access.rules.Closed; '' where nothing that may be told of is closed
    may_declare: bool
    has_refused: bool  # going over a refusal needs a reason of its own


@dataclass(frozen=True, slots=True)
class Hit:
    """One person that a search found."""

    person_id: PersonId
    family: str
    given: str
    birth_date: date | None
    age: int | None
    sex: str
    nhs_number: str
    address: str
    practice_name: str
    why: str  # exact | former name | sounds like | one letter off | NHS number | date of birth
    score: float
    deceased: bool = False
    identity_conflict: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """The people a search found, best first, and a word about how it was read."""

    text: str
    hits: tuple[Hit, ...]
    note: str = ""
    truncated: bool = False


@dataclass(frozen=True, slots=True)
class DocumentShown:
    """One entry with where it came from: the source's own facts about it, and its words as they were received."""

    banner: Banner
    item: Item
    basis: str
    opened_at: datetime
    path: str  # where in the document, e.g. entry[12]
    format: str  # fhir-stu3-json | hl7-v2 ...
    digest: str = ""  # SHA-256 of the document as received, hexadecimal
    size: int = 0  # bytes of the document as received
    version: str = ""
    version_at: datetime | None = None
    text: str = ""  # this element as received; '' where it can't be shown as text
    history: tuple[Item, ...] = ()  # older versions, newest first
    issues: tuple[str, ...] = ()  # faults of data in this element, in plain words
