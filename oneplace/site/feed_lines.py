"""What the feeds page and the home page say of each feed: one line a feed, alarms first, counts that balance.

Made with a fixed number of queries, however many feeds there are.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

from oneplace.access import queries as access
from oneplace.access.queries import AgreementLine
from oneplace.gateway import monitor
from oneplace.gateway import queries as gateway
from oneplace.gateway.monitor import AlarmLine, Habit
from oneplace.gateway.queries import FeedLine, Latency
from oneplace.kernel import clock
from oneplace.place import queries as place
from oneplace.record import queries as record
from oneplace.record.queries import SourceCount
from oneplace.site.shell import kept

SORTS = {
    "name": "Name",
    "last": "Last received",
    "supplier": "Supplier",
    "matched": "Records matched",
    "latency": "Slowest",
}
_LONG_AGO = datetime.min.replace(tzinfo=UTC)
_QUIET = frozenset({"silent", "never"})
KINDS = {
    "silent": "Silent",
    "never": "Never heard",
    "halved": "Halved",
    "frozen": "Times stand still",
    "refused": "Many refused",
    "ahead": "Clock ahead",
}
"""What each alarm is called, the most urgent first."""


@dataclass(frozen=True, slots=True)
class Line:
    """One feed. Conservation: received = filed + quarantined + duplicate. `format` is '' where nothing is expected."""

    group: str  # practice | other | unknown
    code: str
    name: str
    cluster: str
    phone: str
    format: str
    supplier: str
    agreed: bool
    agreement: str
    live_since: date | None
    last_received_at: datetime | None
    expected: str
    silent: bool
    alarms: tuple[AlarmLine, ...]
    habit: Habit | None
    latency: Latency | None
    received: int
    filed: int
    quarantined: int
    duplicate: int
    patients: int
    matched: int

    @property
    def balances(self) -> bool:
        """True when nothing that was received is unaccounted for."""
        return self.received == self.filed + self.quarantined + self.duplicate


@dataclass(frozen=True, slots=True)
class Summary:
    """The page in one sentence."""

    practices: int
    agreed: int
    silent: int
    alarms: int
    received: int
    filed: int
    quarantined: int
    duplicate: int

    @property
    def pending(self) -> int:
        """Practices without an agreement in force."""
        return self.practices - self.agreed

    @property
    def balances(self) -> bool:
        """True when nothing that was received is unaccounted for."""
        return self.received == self.filed + self.quarantined + self.duplicate


def summary(lines: Sequence[Line]) -> Summary:
    """The totals of all lines."""
    practices = {line.code: line.agreed for line in lines if line.group == "practice"}
    names = ("received", "filed", "quarantined", "duplicate")
    totals = {name: sum(getattr(line, name) for line in lines) for name in names}
    silent, alarms = sum(line.silent for line in lines), sum(len(line.alarms) for line in lines)
    return Summary(len(practices), sum(practices.values()), silent, alarms, **totals)


def all_lines() -> list[Line]:
    """One line a feed, and one for each practice that has none."""
    now = clock.now()
    told = _Told(now)
    practices = {practice.code: practice for practice in place.practices()}
    feeds = gateway.feed_lines()
    codes = practices.keys() | {feed.organisation_code for feed in feeds}
    names, phones = place.organisation_names(codes), place.phones(codes)
    lines = []
    for feed in [*feeds, *_without(practices.keys() - {feed.organisation_code for feed in feeds})]:
        code = feed.organisation_code
        practice = practices.get(code)
        group = "practice" if practice else "other" if code in names else "unknown"
        name = names.get(code) or _unknown_name(code, told.counts)
        who = (group, code, name, practice.cluster if practice else "", phones.get(code, ""))
        lines.append(_line(who, feed, told))
    return lines


def _without(codes: set[str]) -> list[FeedLine]:
    """A line for organisations of which nothing is declared and nothing came."""
    return [FeedLine(0, code, "", "", "", False, None, None, None, 0, 0, 0, 0) for code in sorted(codes)]


class _Told:
    """What other shelves know of the feeds, each asked once."""

    def __init__(self, now: datetime) -> None:
        self.agreements, self.counts = access.agreements(now), record.source_counts()
        self.habits, self.latencies = monitor.habits(now), gateway.latencies(now)
        self.pending: dict[str, str] = kept("pending.json") or {}
        self.alarms: dict[tuple[str, str], list[AlarmLine]] = {}
        for alarm in monitor.alarms():
            self.alarms.setdefault((alarm.organisation_code, alarm.format), []).append(alarm)


def _line(who: tuple[str, str, str, str, str], feed: FeedLine, told: _Told) -> Line:
    agreement, count = told.agreements.get(who[1]), told.counts.get(who[1])
    alarms = sorted(
        told.alarms.get((feed.organisation_code, feed.format), []), key=lambda one: list(KINDS).index(one.kind)
    )
    habit = told.habits.get(feed.id)
    return Line(
        *who,
        format=feed.format,
        supplier=feed.supplier,
        agreed=bool(agreement and agreement.in_force),
        agreement=_agreement_words(who[1], agreement, told.pending),
        live_since=feed.live_since,
        last_received_at=feed.last_received_at,
        expected=expected_words(habit.interval_minutes if habit else feed.expected_minutes),
        silent=any(alarm.kind in _QUIET for alarm in alarms),
        alarms=tuple(alarms),
        habit=habit,
        latency=told.latencies.get(feed.id),
        received=feed.received,
        filed=feed.filed,
        quarantined=feed.quarantined,
        duplicate=feed.duplicate,
        patients=count.patients if count else 0,
        matched=count.matched if count else 0,
    )


def expected_words(minutes: int | None) -> str:
    """How often a message is expected: 'every 15 minutes', 'every day'; '' where nothing is known."""
    if not minutes:
        return ""
    for size, word in ((1440, "day"), (60, "hour")):
        if not minutes % size:
            return f"every {word}" if minutes == size else f"every {minutes // size} {word}s"
    return f"every {minutes} minutes"


def _unknown_name(code: str, counts: dict[str, SourceCount]) -> str:
    if code == "?":
        return "Sender not readable"
    return counts[code].name if code in counts and counts[code].name else "Not in this place's folder"


def _agreement_words(code: str, agreement: AgreementLine | None, pending: dict[str, str]) -> str:
    if agreement is None:
        return pending.get(code, "No agreement")
    if agreement.in_force:
        return f"Signed {agreement.signed_on:%-d %b %Y}" if agreement.signed_on else "In force"
    return f"Ended {agreement.ends:%-d %b %Y}" if agreement.ends else f"Starts {agreement.starts:%-d %b %Y}"


def passes(line: Line, show: str) -> bool:
    """Whether a line belongs to a choice of the page."""
    practice = line.group == "practice"
    tests = {
        "alarms": bool(line.alarms),
        "pending": practice and not line.agreed,
        "silent": line.silent,
        "waiting": line.received == 0,
        "others": not practice,
    }
    return tests.get(show, True)


def in_order(lines: list[Line], sort: str) -> list[Line]:
    """Silent ones on top, then others with an alarm, however the rest is sorted."""
    keys = {
        "last": lambda line: (line.last_received_at or _LONG_AGO, line.name),
        "supplier": lambda line: (line.supplier, line.name),
        "matched": lambda line: (line.matched / line.patients if line.patients else -1, line.name),
        "latency": lambda line: (-line.latency.p95 if line.latency else 0, line.name),
    }
    chosen = keys.get(sort, lambda line: (line.name, line.format))
    return sorted(lines, key=lambda line: (not line.silent, not line.alarms, *chosen(line)))


def alarmed(lines: list[Line]) -> list[tuple[Line, AlarmLine]]:
    """Standing alarms with their feeds: those nobody has seen to first, by kind, the longest standing first."""
    found = [(line, alarm) for line in lines for alarm in line.alarms]
    kinds = list(KINDS)
    return sorted(
        found, key=lambda one: (one[1].acknowledged_at is not None, kinds.index(one[1].kind), one[1].since, one[0].name)
    )
