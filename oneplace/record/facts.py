"""One fact told by several feeds is one fact: which entries of a person say the same thing. Pure.

In doubt two lines stay two lines: a missed pair costs a line, a wrong pair hides a fact. Where tellings agree on the
thing and differ in the rest (a dose, a date), they stand together and the page says what differs.
Source: record.md (the same fact told by three feeds is shown once with three sources).
"""

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from oneplace.kernel.clock import to_london
from oneplace.kernel.rows import Kind

STANDING = frozenset({Kind.PROBLEM, Kind.MEDICATION, Kind.ALLERGY})
"""Kinds that hold for a while: the same one while both run, whatever date each source gives it."""
DATED = frozenset({Kind.RESULT, Kind.OBSERVATION, Kind.IMMUNISATION, Kind.PROCEDURE, Kind.ENCOUNTER})
"""Kinds that happen once: the same one at the same time and of the same value, told by two organisations."""
_SLACK = timedelta(days=31)
"""How far apart two sources may date the start of something that is over."""


@dataclass(frozen=True, slots=True)
class Telling:
    """What is compared of one entry. `rank` orders sources: the one that speaks for the person first is 0."""

    kind: str
    code: str
    system: str
    words: str
    at: datetime | None
    day_only: bool
    value: float | None
    value_text: str
    unit: str
    running: bool
    source: str
    document: int
    rank: int


def groups(tellings: Sequence[Telling]) -> list[list[int]]:
    """The places of the tellings that are one fact, the one that speaks first ahead; facts in the order given."""
    found: list[list[int]] = []
    for same_thing in _things(tellings):
        found += _facts(same_thing, tellings) if len(same_thing) > 1 else [same_thing]
    return sorted(found, key=min)


def _things(tellings: Sequence[Telling]) -> Iterator[list[int]]:
    """Places of tellings about the same thing: joined by their code, or by their words."""
    leader: list[int] = list(range(len(tellings)))
    first: dict[Hashable, int] = {}
    for place, told in enumerate(tellings):
        for key in _names(told):
            other = first.setdefault(key, place)
            leader[_root(leader, place)] = _root(leader, other)
    together: dict[int, list[int]] = {}
    for place in range(len(tellings)):
        together.setdefault(_root(leader, place), []).append(place)
    yield from together.values()


def _root(leader: list[int], place: int) -> int:
    while leader[place] != place:
        leader[place] = leader[leader[place]]
        place = leader[place]
    return place


def _names(told: Telling) -> Iterator[Hashable]:
    """By what a thing may be met in another feed; nothing for kinds that are never put together."""
    if told.kind not in STANDING and told.kind not in DATED:
        return
    if told.code:
        yield told.kind, told.system, told.code
    if told.words:
        yield told.kind, " ".join(told.words.casefold().split())


def _facts(places: list[int], tellings: Sequence[Telling]) -> list[list[int]]:
    """Tellings about one thing, parted into facts: each voice adds one telling to a fact at most."""
    facts: list[list[int]] = []
    for place in sorted(places, key=lambda each: (tellings[each].rank, each)):
        told = tellings[place]
        for fact in facts:
            voices = {_voice(tellings[other]) for other in fact}
            if _voice(told) not in voices and _same(tellings[fact[0]], told):
                fact.append(place)
                break
        else:
            facts.append([place])
    return facts


def _voice(told: Telling) -> Hashable:
    """Who speaks. Of a standing thing each document of a source speaks anew: three letters name one allergy."""
    return (told.source, told.document) if told.kind in STANDING else told.source


def _same(one: Telling, other: Telling) -> bool:
    """True when two tellings about one thing are one fact."""
    if one.kind in STANDING:
        return one.running == other.running and (one.running or _about_when(one, other))
    return _when_same(one, other) and _measured(one) == _measured(other)


def _about_when(one: Telling, other: Telling) -> bool:
    return one.at is None or other.at is None or abs(one.at - other.at) <= _SLACK


def _when_same(one: Telling, other: Telling) -> bool:
    """The same minute where both tell the time, else the same day. Undated ones may be two of a kind."""
    if one.at is None or other.at is None:
        return False
    if one.day_only or other.day_only:
        return _day(one) == _day(other)
    return one.at.replace(second=0, microsecond=0) == other.at.replace(second=0, microsecond=0)


def _day(told: Telling) -> object:
    assert told.at is not None
    return told.at.date() if told.day_only else to_london(told.at).date()


def _measured(told: Telling) -> Hashable:
    return told.value, told.value_text.casefold().strip() if told.value is None else "", told.unit.casefold()
