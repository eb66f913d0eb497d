"""What a place folder holds, as plain values: no Django, so that the example generator may read a folder too.

Codes are ODS codes for organisations and sites, ONS-like codes for areas. A date that is None is open-ended.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, time
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class OrganisationRow:
    """An organisation that gives, pays for or records care. `list_size` is of practices: registered people."""

    code: str
    name: str
    kind: str
    supplier: str = ""
    parent_code: str = ""
    address: str = ""
    postcode: str = ""
    phone: str = ""
    list_size: int | None = None
    latitude: float | None = None
    longitude: float | None = None


@dataclass(frozen=True, slots=True)
class SiteRow:
    """A building of an organisation. Therapy beds are led by therapists and counted beside the others."""

    code: str
    organisation_code: str
    name: str
    kind: str
    beds: int = 0
    therapy_beds: int = 0
    address: str = ""
    postcode: str = ""
    latitude: float | None = None
    longitude: float | None = None


@dataclass(frozen=True, slots=True)
class AreaRow:
    """A cluster, hub, district, ward, place or small area. Decile 1 is the most deprived tenth.

    `boundary` is a ring of "longitude latitude" pairs parted by commas; `residents` counts people who live there.
    """

    code: str
    kind: str
    name: str
    decile: int | None = None
    residents: int | None = None
    latitude: float | None = None
    longitude: float | None = None
    boundary: str = ""


@dataclass(frozen=True, slots=True)
class MembershipRow:
    """One organisation or one area is in an area from its first day to its last (both included)."""

    member_kind: str  # organisation | area
    member_code: str
    area_code: str
    starts: date
    ends: date | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class TeamRow:
    """Staff who take work together, in an organisation and for an area."""

    code: str
    organisation_code: str
    name: str
    kind: str
    area_code: str = ""
    phone: str = ""


@dataclass(frozen=True, slots=True)
class HoursRow:
    """When an organisation, site or team is open, for one service. Closing at or before opening is the next day."""

    owner_code: str
    service: str
    weekdays: tuple[int, ...]  # Monday is 0
    opens: time
    closes: time
    on_holidays: bool
    starts: date | None = None
    ends: date | None = None


@dataclass(frozen=True, slots=True)
class HolidayRow:
    """A day on which services keep holiday hours; for one owner, or for all where the code is ''."""

    day: date
    name: str
    owner_code: str = ""


@dataclass(frozen=True, slots=True)
class RegistrationRow:
    """How many people of a practice's list live in a small area."""

    practice_code: str
    area_code: str
    people: int


@dataclass(frozen=True, slots=True)
class AgeRow:
    """A practice's list by age and sex: people from `age_from` to `age_to`, both included."""

    practice_code: str
    age_from: int
    age_to: int
    male: int
    female: int


@dataclass(frozen=True, slots=True)
class PrevalenceRow:
    """How many in a thousand of those whom a register is for a practice has on it, as QOF publishes it."""

    practice_code: str
    register: str
    per_mille: float


@dataclass(frozen=True, slots=True)
class PostcodeRow:
    """The small area of a postcode."""

    postcode: str
    area_code: str


@dataclass(frozen=True, slots=True)
class BedBayRow:
    """A bay of a unit: how many beds, for whom (female, male, either, single), whether it isolates, what it has."""

    unit_code: str
    bay: str
    sex: str
    beds: int
    isolation: bool
    equipment: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class BedUnitRow:
    """A ward or home with community beds. `price_pence` is of a bed a night; hours that are equal are day and night."""

    code: str
    organisation_code: str
    site_code: str
    name: str
    sector: str  # public | private
    contract: str
    price_pence: int
    levels: tuple[str, ...]
    admits_from: time
    admits_until: time
    weekends: bool
    step_up_reserve: int
    area_code: str
    phone: str
    bays: tuple[BedBayRow, ...]


@dataclass(frozen=True, slots=True)
class PlaceFolder:
    """Everything about one place, read and checked. `agreements` and `feeds` are rows for other rooms to take.

    `pending_agreements` are controllers that have signed nothing yet, each with its reason in `note`.
    `example` is the folder's example.toml, {} where a place has no synthetic people.
    """

    path: Path
    code: str
    name: str
    description: str
    holiday_division: str
    organisations: tuple[OrganisationRow, ...]
    sites: tuple[SiteRow, ...]
    areas: tuple[AreaRow, ...]
    memberships: tuple[MembershipRow, ...]
    teams: tuple[TeamRow, ...]
    hours: tuple[HoursRow, ...]
    holidays: tuple[HolidayRow, ...]
    agreements: tuple[Mapping[str, Any], ...]
    pending_agreements: tuple[Mapping[str, Any], ...]
    feeds: tuple[Mapping[str, Any], ...]
    registrations: tuple[RegistrationRow, ...]
    ages: tuple[AgeRow, ...]
    digest: str
    example: Mapping[str, Any] = field(default_factory=dict)
    synthetic_people: bool = False  # people are made up for this place, and every page says so
    prevalence: tuple[PrevalenceRow, ...] = ()
    words: Mapping[str, str] = field(default_factory=dict)  # what people here call a cluster, a hub, a level
    consent_models: Mapping[str, str] = field(default_factory=dict)  # by class of information, '' for all others
    postcodes: tuple[PostcodeRow, ...] = ()
    bed_units: tuple[BedUnitRow, ...] = ()  # for the front door to take

    def practices(self) -> list[OrganisationRow]:
        """The GP practices, in order of their codes."""
        return sorted((row for row in self.organisations if row.kind == "practice"), key=lambda row: row.code)

    def organisation(self, code: str) -> OrganisationRow:
        """One organisation. Raises KeyError where the folder has none of this code."""
        for row in self.organisations:
            if row.code == code:
                return row
        raise KeyError(code)
