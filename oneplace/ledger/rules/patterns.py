"""What is unusual in the ledger: one rule each over looks at records, with facts that other rooms told. Pure.

Source: issue of lawful access (own family name, same address, colleague, volume, hours, ended relationship, refusals).
A pattern is no verdict: it says what somebody should look at. Limits stand in `Limits`, with their reasons.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from statistics import median

from oneplace.kernel import clock

OPENED = ("open record", "open entry")
"""Actions that look at one person's record; what follows the colon says that it was not allowed."""


class Outcome(StrEnum):
    """What the privacy officer made of a pattern."""

    FINE = "fine"
    ASKED = "asked"
    ACTION = "action"


@dataclass(frozen=True, slots=True)
class Look:
    """One look at one person's record, or one that was refused. `at` is business time."""

    seq: int
    at: datetime
    actor: str
    role: str
    organisation: str
    subject: str
    refused: bool = False


@dataclass(frozen=True, slots=True)
class Facts:
    """What other rooms know of readers and those looked at, as pairs of (reader, person): never a name."""

    own_record: Collection[tuple[str, str]] = frozenset()
    own_name: Collection[tuple[str, str]] = frozenset()
    household: Collection[tuple[str, str]] = frozenset()
    colleague: Collection[tuple[str, str]] = frozenset()
    ended: Mapping[tuple[str, str], datetime] = field(default_factory=dict)  # (organisation, person) → last end


@dataclass(frozen=True, slots=True)
class Limits:
    """From where on something is unusual."""

    people_a_day: int = 20  # fewer is a morning's surgery
    times_peers: float = 3
    least_peer_days: int = 5  # a middle of fewer days says nothing
    night_starts: int = 22
    night_ends: int = 6
    night_share: float = 0.05  # of the looks of others in the role: where more is usual, the night is their day
    least_looks: int = 20
    refusals_an_hour: int = 5
    gap: timedelta = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Finding:
    """One pattern: the rule, the look with which it was found, about whom where it is about one, and a few words."""

    rule: str
    look: Look
    subject: str
    words: str = ""

    @property
    def day(self) -> date:
        """The day on which people here saw it happen."""
        return clock.to_london(self.look.at).date()

    @property
    def identity(self) -> tuple[str, str, str, date]:
        """What makes two findings the same."""
        return self.rule, self.look.actor, self.subject, self.day


Test = Callable[[list[Look], Facts, Limits], Iterator[Finding]]


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: its name, a title, the rule in words, and the test."""

    name: str
    title: str
    words: str
    test: Test


def findings(looks: Iterable[Look], facts: Facts, limits: Limits | None = None) -> list[Finding]:
    """What every rule finds, each once a reader, person and day, in the order of the ledger."""
    seen = sorted(looks, key=lambda look: look.seq)
    found: dict[tuple[str, str, str, date], Finding] = {}
    for rule in RULES.values():
        for one in rule.test(seen, facts, limits or Limits()):
            found.setdefault(one.identity, one)
    return sorted(found.values(), key=lambda one: (one.look.seq, one.rule))


def _of_pairs(name: str) -> Test:
    """A rule that holds where the reader and the person are one of the pairs that a fact tells."""

    def test(looks: list[Look], facts: Facts, limits: Limits) -> Iterator[Finding]:
        pairs = getattr(facts, name.replace("-", "_"))
        return (Finding(name, look, look.subject) for look in looks if (look.actor, look.subject) in pairs)

    return test


def _volume(looks: list[Look], facts: Facts, limits: Limits) -> Iterator[Finding]:
    people: dict[tuple[str, str, date], set[str]] = defaultdict(set)
    newest: dict[tuple[str, str, date], Look] = {}
    for look in looks:
        if not look.refused:
            day = look.role, look.actor, clock.to_london(look.at).date()
            people[day].add(look.subject)
            newest[day] = look
    for day, seen in people.items():
        peers = [len(of) for other, of in people.items() if other[0] == day[0] and other[1] != day[1]]
        usual = median(peers) if len(peers) >= limits.least_peer_days else None
        if usual is not None and len(seen) > max(limits.people_a_day, limits.times_peers * usual):
            words = f"{len(seen)} people in a day; others in this role: {usual:g} in the middle"
            yield Finding("volume", newest[day], "", words)


def _night(looks: list[Look], facts: Facts, limits: Limits) -> Iterator[Finding]:
    def late(look: Look) -> bool:
        hour = clock.to_london(look.at).hour
        return hour >= limits.night_starts or hour < limits.night_ends

    looked = Counter((look.role, look.actor) for look in looks) + Counter((look.role, "") for look in looks)
    at_night = [look for look in looks if late(look)]
    by_night = Counter((look.role, look.actor) for look in at_night) + Counter((look.role, "") for look in at_night)
    for look in at_night:
        everyone, reader = (look.role, ""), (look.role, look.actor)
        others, nights = looked[everyone] - looked[reader], by_night[everyone] - by_night[reader]
        if others >= limits.least_looks and nights / others < limits.night_share:
            yield Finding("out-of-hours", look, "", f"at {clock.to_london(look.at):%H:%M}")


def _after_end(looks: list[Look], facts: Facts, limits: Limits) -> Iterator[Finding]:
    for look in looks:
        end = facts.ended.get((look.organisation, look.subject))
        if look.refused and end is not None and end <= look.at:
            yield Finding(
                "after-end", look, look.subject, f"the last relationship ended {clock.to_london(end):%-d %B %Y}"
            )


def _refusals(looks: list[Look], facts: Facts, limits: Limits) -> Iterator[Finding]:
    refused: dict[str, list[Look]] = defaultdict(list)
    for look in looks:
        if look.refused:
            recent = refused[look.actor] = [one for one in refused[look.actor] if look.at - one.at <= limits.gap]
            recent.append(look)
            if len(recent) >= limits.refusals_an_hour:
                yield Finding("refusals", look, "", f"{len(recent)} within an hour")


def _rules(*rules: Rule) -> dict[str, Rule]:
    return {rule.name: rule for rule in rules}


RULES: Mapping[str, Rule] = _rules(
    Rule(
        "own-record",
        "Own record",
        "The person bears the reader's full name: it may be the reader's own record.",
        _of_pairs("own-record"),
    ),
    Rule(
        "own-name",
        "Own family name",
        "The person bears the reader's family name, and few people here do.",
        _of_pairs("own-name"),
    ),
    Rule(
        "household",
        "Same address",
        "The person is known at an address at which somebody of the reader's full name is known.",
        _of_pairs("household"),
    ),
    Rule(
        "colleague",
        "Colleague",
        "The person bears the full name of another member of staff.",
        _of_pairs("colleague"),
    ),
    Rule(
        "volume",
        "Many people",
        "More than 20 people in a day, and more than three times the middle of others in the same role.",
        _volume,
    ),
    Rule(
        "out-of-hours",
        "At night",
        "Between 22:00 and 6:00, when fewer than 1 in 20 looks of others in the same role happen.",
        _night,
    ),
    Rule(
        "after-end",
        "After the relationship ended",
        "Tried to open somebody with whom the reader's organisation has no relationship any more.",
        _after_end,
    ),
    Rule("refusals", "Refused again and again", "Five or more refusals of one reader within an hour.", _refusals),
)
