"""What is usual for a feed: in which hours it speaks, how long it pauses, how much it brings. Pure.

Learnt from its last eight weeks by the wall clock here, so that a change of clocks moves nothing. A bank holiday counts
as a Sunday. Medians and high quantiles carry one bad week without learning from it. Before two weeks are known the
organisation's opening hours stand in.
"""

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cached_property, lru_cache
from statistics import median

from oneplace.kernel.clock import LONDON, to_london
from oneplace.place.rules import Hours, is_open

WEEKS = 8
ENOUGH = timedelta(days=14)
"""How much must be known of a feed before its own habits count."""
HOUR = timedelta(hours=1)
LONG_MINUTES, WEEK_MINUTES = 12 * 60, 7 * 24 * 60
"""Declared intervals are measured in the hours in which a feed speaks; from half a day on in its days; from a week on
by the calendar."""
_AT_LEAST = 0.5
"""A feed speaks in an hour of the week, or on a day, when it did in half of the weeks."""
_QUANTILE = 0.99
_LEAST_MINUTES = 30
"""The shortest interval that is learnt where none is declared."""
_SUNDAY = 6


@lru_cache(maxsize=8192)
def local(at: datetime) -> tuple[date, int]:
    """Day and hour here of the beginning of an hour: asked for millions of times, of few hours."""
    here = to_london(at)
    return here.date(), here.hour


def hour_of(at: datetime) -> datetime:
    """The beginning of the hour."""
    return at.replace(minute=0, second=0, microsecond=0)


@dataclass(frozen=True, slots=True)
class Hour:
    """What came in one hour: all messages, those that were new, those refused, those from the future; the longest pause
    (seconds) that ended in it; the newest times."""

    at: datetime  # its beginning, UTC
    received: int
    fresh: int
    quarantined: int = 0
    ahead: int = 0
    longest_pause: int | None = None
    newest_sent_at: datetime | None = None
    newest_told_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Calendar:
    """When an organisation is open and which days it keeps as holidays. No hours at all: nothing is known of them."""

    hours: tuple[Hours, ...] = ()
    holidays: Collection[date] = frozenset()

    def kind(self, day: date) -> int:
        """Monday 0 to Sunday 6; a holiday is a Sunday."""
        return _SUNDAY if day in self.holidays else day.weekday()

    def is_open(self, at: datetime) -> bool:
        """True in opening hours, and always where none are known."""
        return not self.hours or is_open(self.hours, self.holidays, at)

    def opens_on(self, day: date) -> bool:
        """True for a day with any opening hour."""
        return any(self.is_open(datetime.combine(day, time(hour, 30), LONDON)) for hour in range(24))


@dataclass(frozen=True)
class Profile:
    """One feed's habits as of a moment. `hours` are those with messages, oldest first; `first` is when it was met."""

    hours: Sequence[Hour]
    first: datetime | None
    now: datetime
    calendar: Calendar = Calendar()

    @cached_property
    def learnt(self) -> bool:
        """True when enough is known of the feed itself."""
        return self.first is not None and self.now - self.first >= ENOUGH

    @cached_property
    def _start(self) -> datetime:
        return max(self.first or self.now, self.now - timedelta(weeks=WEEKS))

    @cached_property
    def _by_day(self) -> dict[date, list[int]]:
        """New messages of each day by local hour; the hour that a clock change tells twice is one."""
        days: dict[date, list[int]] = {}
        for one in self.hours:
            day, hour = local(one.at)
            days.setdefault(day, [0] * 24)[hour] += one.fresh
        return days

    @cached_property
    def _heard(self) -> set[tuple[date, int]]:
        return {local(one.at) for one in self.hours if one.received}

    @cached_property
    def _days(self) -> dict[int, list[date]]:
        """The whole days that are known, by kind, newest first; today is not over and not among them."""
        found: dict[int, list[date]] = {kind: [] for kind in range(7)}
        day = to_london(self.now).date() - timedelta(days=1)
        while day > to_london(self._start).date():
            found[self.calendar.kind(day)].append(day)
            day -= timedelta(days=1)
        return found

    @cached_property
    def _spoken_hours(self) -> set[tuple[int, int]]:
        return {
            (kind, hour)
            for kind, days in self._days.items()
            for hour in range(24)
            if days and sum((day, hour) in self._heard for day in days) >= _AT_LEAST * len(days)
        }

    @cached_property
    def _spoken_days(self) -> set[int]:
        heard = {day for day, _ in self._heard}
        return {
            kind
            for kind, days in self._days.items()
            if days and sum(day in heard for day in days) >= _AT_LEAST * len(days)
        }

    def speaks_at(self, at: datetime) -> bool:
        """True in an hour of the week in which the feed usually speaks; a feed without such hours may at any."""
        if not self.learnt:
            return self.calendar.is_open(at)
        day, hour = local(hour_of(at))
        return not self._spoken_hours or (self.calendar.kind(day), hour) in self._spoken_hours

    def speaks_on(self, day: date) -> bool:
        """True on a day of the week on which the feed usually speaks; a feed without such days may on any."""
        if not self.learnt:
            if day not in self._open_days:
                self._open_days[day] = self.calendar.opens_on(day)
            return self._open_days[day]
        return not self._spoken_days or self.calendar.kind(day) in self._spoken_days

    @cached_property
    def _open_days(self) -> dict[date, bool]:
        return {}

    def awake(self, since: datetime, until: datetime, declared: int | None) -> timedelta:
        """How much of a time counts for a declared interval (None: a learnt one); at most the last five weeks of it."""
        if declared is not None and declared >= WEEK_MINUTES:
            return until - since
        by_day = declared is not None and declared >= LONG_MINUTES
        total, at = timedelta(0), max(since, until - timedelta(weeks=5))
        while at < until:
            end = min(until, hour_of(at) + HOUR)
            if self.speaks_on(local(hour_of(at))[0]) if by_day else self.speaks_at(at):
                total += end - at
            at = end
        return total

    @cached_property
    def _gaps(self) -> dict[tuple[bool, int], list[int]]:
        """Minutes of speaking time from one message to the next, by working day or not and hour of the day.

        A pause counts for each hour that it touches, and for the hour on either side, once. Longer ones are told in
        whole hours; in an hour that follows another with messages the longest pause itself counts.
        """
        found: dict[tuple[bool, int], list[int]] = {}
        at, length = hour_of(self._start) + HOUR, 0
        touched: set[tuple[bool, int]] = set()
        while at < self.now - HOUR:
            day, hour = local(at)
            if self.speaks_at(at):
                length += 1
                resting = self.calendar.kind(day) >= 5
                touched |= {(resting, (hour + by) % 24) for by in (-1, 0, 1)}
            if touched and (day, hour) in self._heard:
                minutes = self._pauses.get(at, 60) if length == 1 else 60 * length
                for slot in touched:
                    found.setdefault(slot, []).append(minutes)
                length, touched = 0, set()
            at += HOUR
        return {slot: sorted(lengths) for slot, lengths in found.items()}

    @cached_property
    def _pauses(self) -> dict[datetime, int]:
        """The longest pause of each hour in minutes; of a night's rest or an outage an hour of it."""
        return {
            one.at: min(60, math.ceil(one.longest_pause / 60)) for one in self.hours if one.longest_pause is not None
        }

    def pause_minutes(self, at: datetime) -> int | None:
        """How long the feed at most pauses at this hour of the week, in minutes of its time; None if not known."""
        if not self.learnt:
            return None
        day, hour = local(hour_of(at))
        gaps = self._gaps.get((self.calendar.kind(day) >= 5, hour))
        return gaps[math.ceil(_QUANTILE * len(gaps)) - 1] if gaps else None

    def interval_minutes(self, declared: int | None, at: datetime) -> int | None:
        """Within how many minutes a message is expected: as declared, or longer where past weeks paused longer.

        What was learnt stretches a declared interval to four times its length and no further.
        """
        if declared is not None and declared >= LONG_MINUTES:
            return declared
        learnt = self.pause_minutes(at)
        if learnt is None:
            return declared
        if declared is None:
            return max(_LEAST_MINUTES, learnt)
        return max(declared, min(learnt, 4 * declared))

    def day_total(self, day: date, hours: range = range(24)) -> int:
        """New messages of some hours of a day."""
        return sum(self._by_day.get(day, _NONE)[hour] for hour in hours)

    def usual(self, day: date, hours: range = range(24)) -> tuple[float, float]:
        """What some hours of a day usually bring: the median of such days, and how far they lie from it."""
        found = [self.day_total(one, hours) for one in self._days[self.calendar.kind(day)] if one != day]
        if not found:
            return 0.0, 0.0
        middle = median(found)
        return middle, 1.4826 * median(abs(one - middle) for one in found)

    def last_day(self, days: int = 1) -> tuple[int, float, float]:
        """What came in the last 24 hours (or several times that) of days on which the feed speaks; the usual; spread.

        Only whole hours are compared, and days without usual messages are stepped over.
        """
        came, usual, variance = 0, 0.0, 0.0
        day, until = local(hour_of(self.now))
        left = 24 * days
        while left:
            if self.speaks_on(day):
                hours = range(max(0, until - left), until)
                middle, spread = self.usual(day, hours)
                came, usual = came + self.day_total(day, hours), usual + middle
                variance += max(spread**2, middle)  # never less than chance alone: a few days may agree by luck
                left -= len(hours)
            day, until = day - timedelta(days=1), 24
        return came, usual, math.sqrt(variance)


_NONE = (0,) * 24
