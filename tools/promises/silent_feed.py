"""A silent feed is loud: made-up feeds of many habits, eight weeks of each, and then a stop, a halving, a freeze, or
nothing wrong at all. The monitor's rules look every quarter of an hour, as the due-jobs do every minute.

A stop must be told within two expected intervals of the time in which the feed speaks; half the volume within 24 hours
of days on which it speaks (48 when the halved day would have been far above the usual), for feeds of 200 messages or
more a working day; a freeze within twice as long as a stop.
Weeks without a fault hold weekends, a change of clocks or bank holidays, and must raise nothing.
"""

import random
from bisect import bisect_left, bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Any

from promises import Outcome, Promise

# Two weeks from a day: plain, both changes of clocks, Easter, the spring bank holidays.
STARTS = tuple(date(2026, *day) for day in ((2, 9), (3, 23), (10, 19), (3, 30), (4, 27), (5, 18)))
HOLIDAYS = frozenset({date(2026, 4, 3), date(2026, 4, 6), date(2026, 5, 4), date(2026, 5, 25), date(2026, 1, 1)})
LOOK = timedelta(minutes=15)
HISTORY, TRIAL = timedelta(weeks=8), timedelta(days=14)


@dataclass(frozen=True)
class Habit:
    """How a feed behaves: messages on a day of each kind, the hours they come in, the interval its place declared."""

    name: str
    working: int
    resting: int
    hours: tuple[int, int]
    declared: int | None


HABITS = (
    Habit("hospital, day and night", 2400, 1900, (0, 24), 15),
    Habit("small hospital, nothing declared", 480, 400, (0, 24), None),
    Habit("surgery in office hours", 600, 0, (8, 19), 60),
    Habit("community team, nothing declared", 260, 0, (8, 17), None),
    Habit("nightly batch", 250, 230, (2, 3), 1440),
    Habit("nightly batch of working days", 300, 0, (22, 23), 1440),
    Habit("slow feed", 12, 4, (7, 22), 1440),
)


def run(cases: int, seed: int) -> Outcome:
    """A case is one feed, two weeks after its eight, and one fault or none."""
    faults: list[str] = []
    late = 0
    told: dict[str, list[bool]] = {}
    for case in range(cases):
        randomness = random.Random(seed * 1_000_003 + case)
        trial = randomness.choice((stop, halve, freeze, normal, normal))
        habit = HABITS[case % len(HABITS)]
        wrong = trial(habit, STARTS[(case // len(HABITS)) % len(STARTS)], randomness)
        if wrong is None:
            continue  # a halving of a feed too slow to tell
        told.setdefault(trial.__name__, []).append(not wrong)
        late += wrong == LATE
        faults += [f"case {case}, {habit.name}, {trial.__name__}: {wrong}"] * (wrong not in ("", LATE))
    figure = "; ".join(f"{_WORDS[name]} {sum(well)} of {len(well)}" for name, well in sorted(told.items()))
    return Outcome(cases, len(faults), f"{figure}; {late} more halvings within 48 h", tuple(faults[:5]))


LATE = "told within 48 hours"
_WORDS = {
    "stop": "stops told within two intervals",
    "halve": "halvings told within 24 h",
    "freeze": "freezes told",
    "normal": "pairs of normal weeks without an alarm",
}


def stop(habit: Habit, start: date, randomness: random.Random) -> str | None:
    """No message after a moment at which the feed was speaking."""
    sent = messages(habit, start, randomness)
    last = randomness.choice([at for at in sent if _midnight(start) <= at < _midnight(start) + timedelta(days=5)])
    sent = [at for at in sent if at <= last]
    profile = Told(habit, sent)
    # Of the intervals learnt for the hour of the stop and for that of the alarm the longer one counts.
    longest = _interval(habit, profile(last))
    longest = max(longest, _interval(habit, profile(_after(habit, last, 2 * longest))))
    due = _after(habit, last, 2 * longest)
    return _first("silent", habit, profile, last, due)


def halve(habit: Habit, start: date, randomness: random.Random) -> str | None:
    """Every second message is lost after a moment."""
    if habit.working < 200:
        return None
    begun = _midnight(start) + timedelta(minutes=randomness.randrange(4 * 1440))
    sent = messages(habit, start, randomness)
    lost = {at for number, at in enumerate([at for at in sent if at > begun]) if number % 2}
    profile = Told(habit, [at for at in sent if at not in lost])
    # An hour more: the running hour is not judged. A day that would have been far above the usual hides its half.
    if not _first("halved", habit, profile, begun, _after(habit, begun, timedelta(hours=25), by_day=True)):
        return ""
    late = _first("halved", habit, profile, begun, _after(habit, begun, timedelta(hours=49), by_day=True))
    return late or LATE


def freeze(habit: Habit, start: date, randomness: random.Random) -> str | None:
    """Messages come as ever, and tell of no time after a moment."""
    sent = messages(habit, start, randomness)
    begun = randomness.choice([at for at in sent if _midnight(start) <= at < _midnight(start) + timedelta(days=4)])
    profile = Told(habit, sent, begun)
    span = max(2 * _interval(habit, profile(begun)), timedelta(hours=3))
    return _first("frozen", habit, profile, begun, _after(habit, begun, 2 * span) + timedelta(days=1))


def normal(habit: Habit, start: date, randomness: random.Random) -> str | None:
    """Two weeks with nothing wrong."""
    from oneplace.gateway.rules.alarms import judge

    known = Told(habit, messages(habit, start, randomness))
    at = _midnight(start)
    while at < _midnight(start + TRIAL):  # by the calendar: a change of clocks makes a day longer or shorter
        profile, facts = known(at)
        found = judge(facts, profile)
        if found:
            return f"false alarm at {at}: {found[0].kind}, {found[0].words}"
        at += timedelta(minutes=randomness.randrange(30, 150))
    return ""


def messages(habit: Habit, start: date, randomness: random.Random) -> list[datetime]:
    """When the feed's messages come, from eight weeks before a day to two weeks after it."""
    found: list[datetime] = []
    day = start - HISTORY
    while day < start + TRIAL:
        resting = day.weekday() >= 5 or day in HOLIDAYS
        usual = habit.resting if resting else habit.working
        many = round(usual * max(0.5, randomness.gauss(1, 0.06)) + randomness.gauss(0, usual**0.5)) if usual else 0
        found += [_moment(day, habit.hours, randomness) for _ in range(max(0, many))]
        day += timedelta(days=1)
    return sorted(found)


def _moment(day: date, hours: tuple[int, int], randomness: random.Random) -> datetime:
    from oneplace.kernel.clock import LONDON

    first, until = hours
    # Round the clock the night is quiet; in office hours no hour is.
    quiet = until - first > 20 and randomness.random() < 0.6
    share = randomness.triangular(0, 1, 0.55) if quiet else randomness.random()
    seconds = min(86_399, int((first + share * (until - first)) * 3600))
    clock = time(seconds // 3600, seconds // 60 % 60, seconds % 60)
    return datetime.combine(day, clock, LONDON).astimezone(UTC)


def _midnight(day: date) -> datetime:
    from oneplace.kernel.clock import LONDON

    return datetime.combine(day, time(0), LONDON).astimezone(UTC)


class Told:
    """What the monitor knows of a feed at any moment, from when its messages came and what time they bear."""

    def __init__(self, habit: Habit, sent: list[datetime], frozen_at: datetime | None = None) -> None:
        self.habit, self.sent, self.frozen_at = habit, sent, frozen_at
        self.starts = sorted({_hour(at) for at in sent})
        self.whole = [self._hour(start, start + timedelta(hours=1)) for start in self.starts]

    def __call__(self, now: datetime) -> tuple[Any, Any]:
        """Profile and facts as of a moment; of the running hour only what has come."""
        from oneplace.gateway.rules.alarms import Facts
        from oneplace.gateway.rules.profile import Calendar, Profile

        first, until = bisect_left(self.starts, now - HISTORY), bisect_left(self.starts, _hour(now))
        rows = self.whole[first:until]
        came = bisect_right(self.sent, now)
        if came and self.sent[came - 1] >= _hour(now):
            rows = [*rows, self._hour(_hour(now), now)]
        profile = Profile(rows, self.sent[0], now, Calendar((), HOLIDAYS))
        return profile, Facts(True, self.habit.declared, self.sent[0].date(), self.sent[came - 1] if came else None)

    def _hour(self, start: datetime, until: datetime) -> Any:
        from oneplace.gateway.rules.profile import Hour

        first, last = bisect_left(self.sent, start), bisect_right(self.sent, until)
        newest = min(self.sent[last - 1], self.frozen_at or until)
        came = self.sent[max(0, first - 1) : last]
        pause = max(((later - one).seconds for one, later in pairwise(came)), default=None)
        return Hour(start, last - first, last - first, 0, 0, pause, newest, newest - timedelta(minutes=20))


def _hour(at: datetime) -> datetime:
    return at.replace(minute=0, second=0, microsecond=0)


def _interval(habit: Habit, known: Any) -> timedelta:
    """As declared, whatever was learnt; else what was learnt."""
    profile, _ = known
    return timedelta(minutes=habit.declared or profile.interval_minutes(None, profile.now))


def _after(habit: Habit, since: datetime, span: timedelta, by_day: bool | None = None) -> datetime:
    """The end of a span of time in which the feed speaks, told by its habit and not by what the rules learnt."""
    from oneplace.kernel.clock import to_london

    by_day = habit.declared is not None and habit.declared >= 720 if by_day is None else by_day
    at, left = since, span
    while left > timedelta(0):
        here = to_london(at)
        resting = here.weekday() >= 5 or here.date() in HOLIDAYS
        asleep = not (habit.resting if resting else habit.working)
        if not by_day and not habit.hours[0] <= here.hour < habit.hours[1]:
            asleep = True
        at += timedelta(minutes=1)
        left -= timedelta(0) if asleep else timedelta(minutes=1)
    return at


def _first(kind: str, habit: Habit, profile: Callable[[datetime], Any], since: datetime, due: datetime) -> str:
    """'' when the alarm is raised in time, and not before there is a fault."""
    from oneplace.gateway.rules.alarms import judge

    at, standing = since, set()
    while at <= due + LOOK:
        known, facts = profile(at)
        found = {str(alarm.kind) for alarm in judge(facts, known, standing)}
        if kind in found:
            return ""
        standing = found
        at += LOOK
    return f"not told by {due}, begun {since}"


PROMISE = Promise("silent-feed-is-loud", "A silent feed is loud: stop, halving and freezing raise an alarm", 420, run)
