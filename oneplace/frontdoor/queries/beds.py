"""Beds as pages and actions read them: facts for matching, the board, one request, one stay."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Q, QuerySet

from oneplace.frontdoor.models import Bed, BedDelay, BedMove, BedNight, BedRequest, BedStay, BedUnit
from oneplace.frontdoor.rules.beds import (
    LIVE,
    PRESENT,
    BedFact,
    Direction,
    Match,
    Need,
    State,
    UnitFact,
    night_of,
    percent,
    ranked,
)
from oneplace.place import queries as place


@dataclass(frozen=True, slots=True)
class Tile:
    """One bed as the board shows it. `stay` is the live one, None where nobody has or holds it."""

    bed: Bed
    stay: BedStay | None
    overdue: bool  # still there beyond the last night that was planned


@dataclass(frozen=True, slots=True)
class Column:
    """One unit with its beds, and how many nobody has or holds."""

    unit: BedUnit
    tiles: tuple[Tile, ...]
    free: int


@dataclass(frozen=True, slots=True)
class Waiting:
    """A request without a bed, and how it stands against every bed now."""

    request: BedRequest
    matches: tuple[Match, ...]

    @property
    def fitting(self) -> list[Match]:
        """The beds that pass every hard rule, the best first."""
        return [one for one in self.matches if one.fits]


@dataclass(frozen=True, slots=True)
class Board:
    """Every community bed of the place at one moment. Shares are whole percentages, None of nothing.

    `usable` are beds that are not closed, or have somebody in them; occupancy is those with somebody in them among
    the usable; the step-up share is of the people who are in a bed now.
    """

    at: datetime
    columns: tuple[Column, ...]
    waiting: tuple[Waiting, ...]
    usable: int
    present: int
    held: int
    free: int
    step_up: int
    reviews: tuple[BedStay, ...]

    @property
    def occupancy(self) -> int | None:
        """Percent of the usable beds with somebody in them."""
        return percent(self.present, self.usable)

    @property
    def step_up_share(self) -> int | None:
        """Percent of the people in a bed who came from home."""
        return percent(self.step_up, self.present)


def live_stays(now: datetime, *, unit_code: str = "") -> "QuerySet[BedStay]":
    """Stays that have or hold a bed; an offer whose hour is over holds none, recorded as lapsed or not yet."""
    rows = BedStay.objects.filter(state__in=sorted(LIVE)).exclude(state=State.OFFERED, held_until__lte=now)
    rows = rows.select_related("request", "bed__unit").order_by("bed__code")
    return rows.filter(bed__unit__code=unit_code) if unit_code else rows


def board(now: datetime) -> Board:
    """The board at a moment."""
    stays = {stay.bed_id: stay for stay in sorted(live_stays(now), key=lambda one: one.state in PRESENT)}
    tonight = night_of(now)
    facts = bed_facts(now)
    columns = []
    for unit in _units():
        tiles = tuple(
            Tile(bed, stays.get(bed.pk), _overstays(stays.get(bed.pk), tonight))
            for bed in sorted(unit.beds.all(), key=lambda bed: (bed.bay, bed.number))
        )
        free = sum(not (tile.stay or tile.bed.closed) for tile in tiles)
        columns.append(Column(unit, tiles, free))
    usable = sum(not tile.bed.closed or bool(tile.stay) for column in columns for tile in column.tiles)
    present = [stay for stay in stays.values() if stay.state in PRESENT]
    return Board(
        at=now,
        columns=tuple(columns),
        waiting=tuple(Waiting(one, tuple(ranked(need_of(one, now), facts))) for one in waiting(now)),
        usable=usable,
        present=len(present),
        held=len(stays) - len(present),
        free=sum(column.free for column in columns),
        step_up=sum(stay.request.direction == Direction.STEP_UP for stay in present),
        reviews=tuple(sorted((one for one in present if one.review_at), key=lambda one: one.review_at)),
    )


def waiting(now: datetime) -> list[BedRequest]:
    """Requests that have neither ended nor a bed, the soonest wanted first."""
    held = live_stays(now).values("request_id")
    return list(BedRequest.objects.filter(ended_at__isnull=True).exclude(pk__in=held).order_by("wanted_at", "pk"))


def request_of(key: str) -> BedRequest | None:
    """The request with this key."""
    return BedRequest.objects.filter(key=key).first()


def open_requests_of(person: str) -> list[BedRequest]:
    """The requests about one person that have not ended."""
    return list(BedRequest.objects.filter(person=person, ended_at__isnull=True).order_by("asked_at"))


def stay_of(key: str) -> BedStay | None:
    """The stay with this key, its bed and request with it."""
    return BedStay.objects.select_related("request", "bed__unit").filter(key=key).first()


def live_stay_of(request: BedRequest, now: datetime) -> BedStay | None:
    """The stay by which a request has or holds a bed now."""
    return live_stays(now).filter(request=request).first()


def moves_of(request: BedRequest) -> list[BedMove]:
    """What became of a request's stays, the oldest first."""
    return list(BedMove.objects.filter(stay__request=request).select_related("stay__bed__unit").order_by("at", "pk"))


def delays_of(stay: BedStay) -> list[BedDelay]:
    """The delays of a stay, the newest day first."""
    return list(stay.delays.order_by("-day"))


def bed_of(code: str) -> Bed | None:
    """The bed with this code, its unit with it."""
    return Bed.objects.select_related("unit").filter(code=code).first()


def matches(request: BedRequest, now: datetime) -> list[Match]:
    """Every bed held against a request, the best first."""
    return ranked(need_of(request, now), bed_facts(now))


def equipment() -> list[str]:
    """What the place's beds have, by name."""
    return sorted({thing for things in Bed.objects.values_list("equipment", flat=True) for thing in things})


def need_of(request: BedRequest, now: datetime) -> Need:
    """What a request needs; one that was wanted earlier is wanted now."""
    return Need(
        direction=Direction(request.direction),
        sex=request.sex,
        level=request.level,
        at=max(request.wanted_at, now),
        nights=request.nights,
        isolation=request.isolation,
        equipment=frozenset(request.equipment),
        area_code=request.area_code,
        carer=_points([request.carer_area_code]).get(request.carer_area_code),
    )


def bed_facts(now: datetime, *, unit_code: str = "") -> list[tuple[UnitFact, BedFact]]:
    """Every bed of the units that stand, or of one, as matching sees it."""
    tonight = night_of(now)
    stays = list(live_stays(now, unit_code=unit_code))
    taken: dict[int, set[date]] = {}
    for bed, night in BedNight.objects.filter(stay__in=[stay.pk for stay in stays]).values_list("bed_id", "night"):
        taken.setdefault(bed, set()).add(night)
    over = {stay.bed_id for stay in stays if _overstays(stay, tonight)}
    beside: dict[tuple[int, str], set[str]] = {}
    for stay in stays:
        beside.setdefault((stay.bed.unit_id, stay.bed.bay), set()).add(stay.request.sex)
    held = {stay.bed_id for stay in stays}
    found = []
    units = _units(unit_code)
    points = _points(unit.area_code for unit in units)
    for unit in units:
        fact = _unit_fact(unit, sum(not bed.closed and bed.pk not in held for bed in unit.beds.all()), points)
        for bed in unit.beds.all():
            others = frozenset(beside.get((unit.pk, bed.bay), ()))
            nights = frozenset(taken.get(bed.pk, ()))
            things = frozenset(bed.equipment)
            told = BedFact(
                bed.code, bed.bay, bed.sex, others, bed.isolation, things, bed.closed, nights, bed.pk in over
            )
            found.append((fact, told))
    return found


def _unit_fact(unit: BedUnit, free: int, points: dict[str, tuple[float, float]]) -> UnitFact:
    return UnitFact(
        code=unit.code,
        name=unit.name,
        levels=frozenset(unit.levels),
        admits_from=unit.admits_from,
        admits_until=unit.admits_until,
        weekends=unit.weekends,
        area_code=unit.area_code,
        point=points.get(unit.area_code),
        price_pence=unit.price_pence,
        reserve=unit.step_up_reserve,
        free=free,
    )


def _overstays(stay: BedStay | None, tonight: date) -> bool:
    return stay is not None and stay.state in PRESENT and stay.last_night < tonight


def _units(code: str = "") -> list[BedUnit]:
    rows = BedUnit.objects.filter(Q(code=code) if code else Q(), closed_on__isnull=True)
    return list(rows.prefetch_related("beds").order_by("-sector", "name"))


def _points(codes: Iterable[str]) -> dict[str, tuple[float, float]]:
    return place.area_points(code for code in codes if code)
