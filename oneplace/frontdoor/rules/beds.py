"""Which community bed suits whom, and the life-cycle of a stay. Pure: time and facts arrive as arguments.

Hard rules are each said, passed or failed; what is only better or worse ranks the beds that pass all. A night is
named by the day on which it begins and runs from noon to noon in London, so that 02:00 is of the night before.
Source: requirements DOOR-23 and 24; the design of the front door (beds).
Only the 24 and 48 hours are the papers' own.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from math import asin, cos, radians, sin, sqrt

from oneplace.kernel import clock

HOLD = timedelta(minutes=60)
SHORT_HOURS = (24, 48)  # "bed-based reablement", story of Ethel
LEVELS = {
    "reablement": "Short-term reablement",
    "rehabilitation": "Rehabilitation",
    "nursing": "Nursing care",
    "sub-acute": "Medical care by day and night",
}
MAX_NIGHTS = 42  # the longest reablement of the papers: six weeks
_NOON = timedelta(hours=12)
_EARTH_KM = 6371.0


class Direction(StrEnum):
    """From home, so that nobody goes to hospital; or from hospital on the way home."""

    STEP_UP = "step-up"
    STEP_DOWN = "step-down"


class State(StrEnum):
    """Where a stay stands, from the offer on."""

    OFFERED = "offered"
    RESERVED = "reserved"
    ADMITTED = "admitted"
    READY = "ready to leave"
    LEFT = "left"
    DECLINED = "declined"
    LAPSED = "lapsed"
    CANCELLED = "cancelled"


MOVES: dict[State, frozenset[State]] = {
    State.OFFERED: frozenset({State.RESERVED, State.DECLINED, State.LAPSED}),
    State.RESERVED: frozenset({State.ADMITTED, State.CANCELLED}),
    State.ADMITTED: frozenset({State.READY, State.LEFT}),
    State.READY: frozenset({State.LEFT, State.ADMITTED}),
    State.LEFT: frozenset(),
    State.DECLINED: frozenset(),
    State.LAPSED: frozenset(),
    State.CANCELLED: frozenset(),
}
"""The life-cycle: from each state, where a stay may go next. No other move exists."""
PRESENT = frozenset({State.ADMITTED, State.READY})
LIVE = frozenset(state for state, moves in MOVES.items() if moves)
ENDS_NEED = frozenset({State.LEFT})  # after any other end the request waits again
NEEDS_REASON = frozenset({State.DECLINED, State.CANCELLED})


@dataclass(frozen=True, slots=True)
class UnitFact:
    """A unit as matching sees it. `free` counts its open beds that nobody has or holds; `reserve` is for step-up."""

    code: str
    name: str
    levels: frozenset[str]
    admits_from: time
    admits_until: time
    weekends: bool
    area_code: str
    point: tuple[float, float] | None  # latitude, longitude
    price_pence: int
    reserve: int
    free: int


@dataclass(frozen=True, slots=True)
class BedFact:
    """A bed as matching sees it. `bay_sex` is female, male, either (whoever lies there already decides) or single."""

    code: str
    bay: str
    bay_sex: str
    beside: frozenset[str]  # sexes of those who lie in the bay or are promised a bed of it
    isolation: bool
    equipment: frozenset[str]
    closed: str  # why, '' where open
    taken: frozenset[date]  # nights that are somebody's
    overstays: bool  # somebody lies there beyond the night on which they were to leave


@dataclass(frozen=True, slots=True)
class Need:
    """What is asked for. `at` is when the person can come; `carer` where those live who will visit."""

    direction: Direction
    sex: str
    level: str
    at: datetime
    nights: int
    isolation: bool = False
    equipment: frozenset[str] = field(default_factory=frozenset)
    area_code: str = ""
    carer: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class Check:
    """One hard rule, passed or failed, with the reason in words."""

    rule: str
    passed: bool
    words: str


@dataclass(frozen=True, slots=True)
class Match:
    """A bed held against a need: every hard rule, and what makes it better or worse in words."""

    unit: UnitFact
    bed: BedFact
    checks: tuple[Check, ...]
    better: tuple[str, ...]
    rank: tuple[bool, bool, float, int, str]

    @property
    def fits(self) -> bool:
        """True where no hard rule fails."""
        return all(check.passed for check in self.checks)


def may_move(before: State, after: State) -> bool:
    """Whether a stay may go from one state to another."""
    return after in MOVES[before]


def night_of(moment: datetime) -> date:
    """The night that a moment belongs to. Raises ValueError for a naive datetime."""
    return (clock.to_london(moment).replace(tzinfo=None) - _NOON).date()


def nights_from(at: datetime, count: int) -> tuple[date, ...]:
    """The nights of a stay. Raises ValueError for fewer than one or more than MAX_NIGHTS."""
    if not 1 <= count <= MAX_NIGHTS:
        raise ValueError(f"A stay has 1 to {MAX_NIGHTS} nights, not {count}.")
    first = night_of(at)
    return tuple(first + timedelta(days=number) for number in range(count))


def review_due(admitted_at: datetime, short_hours: int) -> datetime | None:
    """When a short stay is looked at again: elapsed hours, whatever the wall clock does; None for other stays."""
    return admitted_at + timedelta(hours=short_hours) if short_hours else None


def admits(unit: UnitFact, at: datetime) -> bool:
    """Whether a unit takes somebody in at a moment; equal hours are day and night, and may run over midnight."""
    local = clock.to_london(at)
    if local.weekday() > 4 and not unit.weekends:
        return False
    opens, closes, now = unit.admits_from, unit.admits_until, local.time()
    if opens < closes:
        return opens <= now < closes
    return opens == closes or now >= opens or now < closes


def match(need: Need, unit: UnitFact, bed: BedFact) -> Match:
    """Hold one bed against a need."""
    checks = (
        _free(need, bed),
        _sex(need, bed),
        _isolation(need, bed),
        _level(need, unit),
        _equipment(need, bed),
        _hours(need, unit),
    )
    uses_reserve = need.direction is Direction.STEP_DOWN and unit.free <= unit.reserve
    own = bool(need.area_code) and unit.area_code == need.area_code
    km = distance_km(need.carer, unit.point) if need.carer and unit.point else None
    better = _better(need, unit, uses_reserve, own, km)
    rank = (uses_reserve, not own, round(km or 0.0, 1), unit.price_pence, bed.code)
    return Match(unit, bed, checks, better, rank)


def ranked(need: Need, beds: Iterable[tuple[UnitFact, BedFact]]) -> list[Match]:
    """All beds held against a need: those that fit, the best first; then the others, fewest failures first."""
    matches = [match(need, unit, bed) for unit, bed in beds]
    return sorted(matches, key=lambda one: (sum(not check.passed for check in one.checks), one.rank))


def distance_km(one: tuple[float, float], other: tuple[float, float]) -> float:
    """Kilometres as the crow flies between two points of latitude and longitude (haversine)."""
    north, west, south, east = (radians(angle) for angle in (*one, *other))
    half = sin((south - north) / 2) ** 2 + cos(north) * cos(south) * sin((east - west) / 2) ** 2
    return 2 * _EARTH_KM * asin(sqrt(half))


def percent(part: int, whole: int) -> int | None:
    """A whole percentage; None of nothing."""
    return round(100 * part / whole) if whole else None


def _free(need: Need, bed: BedFact) -> Check:
    if bed.closed:
        return Check("free", False, f"Closed: {bed.closed}")
    if bed.overstays:
        return Check("free", False, "Somebody is still there who was to have left")
    clash = sorted(bed.taken & set(nights_from(need.at, need.nights)))
    if clash:
        return Check("free", False, f"Taken on the night of {clash[0].day} {clash[0]:%B}")
    return Check("free", True, "Free for all nights")


def _sex(need: Need, bed: BedFact) -> Check:
    if bed.bay_sex == "single":
        return Check("sex and bay", True, "A room of their own")
    if need.sex == "other":
        return Check("sex and bay", False, f"{bed.bay} is shared; a room of their own is needed")
    if bed.bay_sex != "either":
        return Check("sex and bay", bed.bay_sex == need.sex, f"{bed.bay} is for {_people(bed.bay_sex)}")
    others = bed.beside - {need.sex}
    words = f"{bed.bay} has {_people(min(others))} in it" if others else f"{bed.bay} can take {_people(need.sex)} now"
    return Check("sex and bay", not others, words)


def _people(sex: str) -> str:
    return {"female": "women", "male": "men"}[sex]


def _isolation(need: Need, bed: BedFact) -> Check:
    words = "Can isolate" if bed.isolation else "Cannot isolate"
    return Check("isolation", bed.isolation or not need.isolation, words if need.isolation else "Not needed")


def _level(need: Need, unit: UnitFact) -> Check:
    gives = need.level in unit.levels
    return Check("level of care", gives, f"{'Gives' if gives else 'Does not give'} {LEVELS[need.level].lower()}")


def _equipment(need: Need, bed: BedFact) -> Check:
    lacking = ", ".join(sorted(need.equipment - bed.equipment))
    has = "Has what is needed" if need.equipment else "None needed"
    return Check("equipment", not lacking, f"Has no {lacking}" if lacking else has)


def _hours(need: Need, unit: UnitFact) -> Check:
    asked = clock.to_london(need.at)
    if unit.admits_from == unit.admits_until:
        hours = "Admits day and night"
    else:
        hours = f"Admits {unit.admits_from:%H:%M} to {unit.admits_until:%H:%M}"
    hours += "" if unit.weekends else ", Monday to Friday"
    return Check("admission hours", admits(unit, need.at), f"{hours}; asked for {asked:%a %H:%M}")


def _better(need: Need, unit: UnitFact, uses_reserve: bool, own: bool, km: float | None) -> tuple[str, ...]:
    told = ["In their own community"] if own else ["In another community"] if need.area_code else []
    told += [f"{km:.0f} km for those who visit"] if km is not None else []
    told += [f"Would use the {unit.reserve} kept for step-up"] if uses_reserve else []
    return (*told, f"£{unit.price_pence / 100:,.0f} a night")
