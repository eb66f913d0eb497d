"""What a synthetic person is before any wire format: who they are, their GP record, their contacts elsewhere.

Keys of concepts, tests and medicines are those of catalogue.toml. Times are aware; days are dates.
"""

from dataclasses import dataclass, field
from datetime import date, datetime


@dataclass(frozen=True, slots=True)
class TrueSource:
    """Who one source's patient really is, and what that source got wrong about them: a line of the truth file."""

    source_code: str
    local_id: str
    person: str
    nhs_number: str
    age: int
    sex: str
    ethnicity: str
    decile: str
    faults: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OutMessage:
    """One message as a feed would send it. `people` counts those whom it tells of for the first time.

    `fault` names what is wrong with the message itself; `truth` is of the patients whom a source tells of first here.
    Each row of a table is a message too: `rows` has those with a fault, as line in the file, name, can it be read.
    """

    name: str
    raw: bytes
    feed_code: str
    channel: str
    people: int
    fault: str = ""
    readable: bool = True
    truth: tuple[TrueSource, ...] = ()
    rows: tuple[tuple[int, str, bool], ...] = ()


@dataclass(frozen=True, slots=True)
class FormerName:
    """A name that the person bore until a day."""

    family: str
    until: date


@dataclass(frozen=True, slots=True)
class FormerAddress:
    """Where the person lived until a day."""

    lines: tuple[str, ...]
    town: str
    postcode: str
    until: date


@dataclass(slots=True)
class Human:
    """One person as the practice knows them.

    `ethnicity` is an NHS ethnic category code, '' where none was recorded. People of one `household` share its key;
    its kind is one of households.KINDS. `decile` is of the small area's deprivation, 1 the most deprived. `twin` is the
    key of the twin, '' for most.
    """

    key: str
    nhs_number: str
    family: str
    given: str
    prefix: str
    sex: str  # male | female
    birth_date: date
    lines: tuple[str, ...]
    town: str
    postcode: str
    phone: str
    practice_code: str
    registered_on: date
    former_family: str = ""
    preferred: str = ""
    language: str = ""
    interpreter: bool = False
    deceased_on: date | None = None
    ethnicity: str = ""
    former_names: tuple[FormerName, ...] = ()
    former_addresses: tuple[FormerAddress, ...] = ()
    household: str = ""
    household_kind: str = ""
    area_code: str = ""
    decile: int | None = None
    twin: str = ""


@dataclass(frozen=True, slots=True)
class Problem:
    """A line of the problem list."""

    concept: str
    since: date
    ended: date | None = None
    major: bool = True
    note: str = ""


@dataclass(frozen=True, slots=True)
class Medicine:
    """A medicine with its latest issue; `ended` makes it a past one. Empty dose: the catalogue's usual one."""

    drug: str
    since: date
    last: date
    ended: date | None = None
    dose: str = ""
    repeat: bool = True


@dataclass(frozen=True, slots=True)
class Measure:
    """A number that was measured, or with `lower` a blood pressure."""

    test: str
    at: datetime
    value: float
    lower: float | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something seen or said, by concept, or by words where `concept` is ''."""

    concept: str
    at: datetime
    text: str = ""


@dataclass(frozen=True, slots=True)
class Allergy:
    """An allergy, or `no-allergy`."""

    concept: str
    on: date
    reaction: str = ""


@dataclass(frozen=True, slots=True)
class Vaccine:
    """A vaccination given."""

    concept: str
    on: date


@dataclass(frozen=True, slots=True)
class Contact:
    """A consultation at the practice. `author` counts its staff from 0; the words come as an observation."""

    sort: str
    at: datetime
    author: int = 0
    words: str = ""


@dataclass(frozen=True, slots=True)
class Paper:
    """A document of the practice's record."""

    title: str
    on: date
    sort: str = "Clinical letter"
    sender: str = ""


@dataclass(frozen=True, slots=True)
class Referral:
    """A referral that the practice made."""

    to: str
    on: date
    words: str
    urgent: bool = False


@dataclass(frozen=True, slots=True)
class Recall:
    """Something that is due."""

    words: str
    due: date
    asked: date


@dataclass(slots=True)
class Record:
    """The GP record of one person."""

    problems: list[Problem] = field(default_factory=list)
    medicines: list[Medicine] = field(default_factory=list)
    allergies: list[Allergy] = field(default_factory=list)
    measures: list[Measure] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    vaccines: list[Vaccine] = field(default_factory=list)
    contacts: list[Contact] = field(default_factory=list)
    papers: list[Paper] = field(default_factory=list)
    referrals: list[Referral] = field(default_factory=list)
    recalls: list[Recall] = field(default_factory=list)


@dataclass(slots=True)
class Visit:
    """A stay or attendance at a trust. `sort` is HL7's patient class: I stay, E emergency, O outpatient or contact."""

    trust: str
    site: str
    sort: str
    starts: datetime
    ends: datetime | None
    ward: str
    specialty: str
    clinician: tuple[str, str]
    reason: str
    diagnosis: tuple[str, str] | None = None  # ICD-10 code and words
    findings: tuple[tuple[str, str], ...] = ()  # test key, value
    note: str = ""  # written at `noted`
    noted: datetime | None = None


@dataclass(frozen=True, slots=True)
class Use:
    """Care that a person used, and what it cost in pence: `count` units of a point of delivery, from a day on.

    `provider` is an organisation's code, '' where the place has none of the kind. A unit is a contact, attendance or
    admission; of prescribing an item; of social care, care home and hospice a week.
    """

    point_of_delivery: str
    on: date
    cost_pence: int
    provider: str
    count: int = 1


@dataclass(slots=True)
class Told:
    """A person with everything that feeds will tell of them, and beyond what they tell: all that they have and use.

    `conditions` are keys of the catalogue; `frailty` is the latent that they share, standard normal over the place.
    """

    human: Human
    record: Record
    visits: list[Visit] = field(default_factory=list)
    uses: list[Use] = field(default_factory=list)
    conditions: tuple[str, ...] = ()
    frailty: float = 0.0
