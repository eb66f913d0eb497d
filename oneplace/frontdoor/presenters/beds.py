"""Beds in words: what a tile says, what a request needs, which beds fit and why the others don't."""

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime

from oneplace.frontdoor.models import BedRequest, BedStay
from oneplace.frontdoor.queries.beds import Tile, Waiting
from oneplace.frontdoor.rules.beds import LEVELS, PRESENT, Match, State
from oneplace.kernel import clock

_COLOURS = {State.OFFERED: "wait", State.RESERVED: "wait", State.ADMITTED: "taken", State.READY: "ready"}
FOR_WHOM = {"female": "women", "male": "men", "either": "women or men", "single": "single rooms"}
MOVE_WORDS = {
    State.RESERVED: "Accept: reserve the bed",
    State.DECLINED: "Decline the offer",
    State.ADMITTED: "They are in the bed",
    State.CANCELLED: "Cancel the reservation",
    State.READY: "They are ready to leave",
    State.LEFT: "They have left",
}


@dataclass(frozen=True, slots=True)
class TileWords:
    """What a tile says: the state first, then a line beneath; the colour is a second signal only."""

    colour: str
    state: str
    line: str


def tile_words(tile: Tile, now: datetime) -> TileWords:
    """One bed in words."""
    stay = tile.stay
    if stay is None:
        return TileWords("closed", "Closed", tile.bed.closed) if tile.bed.closed else TileWords("free", "Free", "")
    colour, who = _COLOURS[State(stay.state)], stay.request.direction.capitalize()
    if stay.state == State.OFFERED:
        left = max(int((stay.held_until - now).total_seconds() // 60), 0)
        return TileWords(colour, "Offered", f"{who}, {left} min left")
    if stay.state == State.RESERVED:
        return TileWords(colour, "Reserved", f"{who}, until {day_words(stay.last_night)}")
    if stay.state == State.READY:
        return TileWords(colour, "Ready to leave", f"{who}, {_days(stay, now)}")
    if tile.overdue:
        return TileWords("late", "Occupied", f"{who}, was to leave after {day_words(stay.last_night)}")
    return TileWords(colour, "Occupied", f"{who}, until {day_words(stay.last_night)}")


def need_words(request: BedRequest) -> str:
    """What a request asks for, in one line without a name."""
    sex = {"female": "woman", "male": "man", "other": "room of their own"}[request.sex]
    told = [request.direction.capitalize(), sex, LEVELS[request.level].lower()]
    told += ["isolation"] if request.isolation else []
    told += request.equipment
    short = f"{request.short_hours} hours" if request.short_hours else _nights(request.nights)
    return ", ".join([*told, short])


def fit_words(waiting: Waiting) -> tuple[str, str]:
    """How many beds fit and the best of them; why most of the others don't."""
    fits = waiting.fitting
    failed = Counter(check.rule for one in waiting.matches for check in one.checks if not check.passed)
    others = ", ".join(f"{rule} {count}" for rule, count in failed.most_common())
    if not fits:
        return "No bed fits now", f"Fails on: {others}" if others else "No beds"
    best = fits[0]
    units = len({one.unit.code for one in fits})
    more = f"{len(fits)} beds fit in {units} unit{'s' if units > 1 else ''}; best: {best.unit.name}, {best.bed.bay}"
    return more, f"Others fail on: {others}" if others else ""


def best_of_bays(fitting: list[Match]) -> list[tuple[Match, int]]:
    """The best bed of each bay with how many fit there, in the order of ranking."""
    bays = Counter((one.unit.code, one.bed.bay) for one in fitting)
    best = {(one.unit.code, one.bed.bay): one for one in reversed(fitting)}
    return [(best[bay], count) for bay, count in bays.items()]


def moves_open(stay: BedStay, keeps: bool) -> list[tuple[State, str]]:
    """The moves that somebody may choose now; who doesn't keep beds answers offers only."""
    ways = {
        State.OFFERED: (State.RESERVED, State.DECLINED),
        State.RESERVED: (State.ADMITTED, State.CANCELLED),
        State.ADMITTED: (State.READY, State.LEFT),
        State.READY: (State.LEFT, State.ADMITTED),
    }.get(State(stay.state), ())
    if not keeps and stay.state != State.OFFERED:
        return []
    back = {State.ADMITTED: "Not ready after all"} if stay.state == State.READY else {}
    return [(one, (MOVE_WORDS | back)[one]) for one in ways]


def is_present(stay: BedStay) -> bool:
    """Whether somebody is in the bed."""
    return stay.state in PRESENT


def day_words(day: date) -> str:
    """A day as people say it: Tue 24 November."""
    return f"{day:%a} {day.day} {day:%B}"


def _days(stay: BedStay, now: datetime) -> str:
    days = (clock.to_london(now).date() - clock.to_london(stay.ready_at or now).date()).days
    return "since today" if days < 1 else f"for {days} day{'s' if days > 1 else ''}"


def _nights(count: int) -> str:
    return f"{count} night{'s' if count > 1 else ''}"
