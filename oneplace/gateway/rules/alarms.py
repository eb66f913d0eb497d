"""When a feed as a whole is wrong: silent, halved, frozen, refused in numbers, never heard, its clock ahead. Pure.

Source: record.md, Ingest 6 (a silent feed is loud); trust.md (a stop is told within two intervals, half the volume
within 24 hours). Silence is measured in the time in which the feed usually speaks; a feed that sleeps at night is
judged by its volume only when it is awake.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from itertools import pairwise

from oneplace.gateway.rules.profile import HOUR, Hour, Profile
from oneplace.kernel.clock import LONDON, to_london


class Kind(StrEnum):
    """What is wrong with a feed."""

    SILENT = "silent"
    NEVER = "never"
    HALVED = "halved"
    FROZEN = "frozen"
    REFUSED = "refused"
    AHEAD = "ahead"


INTERVALS = 2
ENOUGH_TO_COUNT = 200
"""Messages in a window below which a halving can't be told from chance (4 sigma); slow feeds get a longer window."""
WINDOWS = (1, 2, 4, 7)
DEFAULT_MINUTES = 24 * 60


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a feed besides its hours."""

    declared: bool
    expected_minutes: int | None
    live_since: date | None
    last_received_at: datetime | None


@dataclass(frozen=True, slots=True)
class Alarm:
    """One finding: what, since when, and in words."""

    kind: Kind
    since: datetime
    words: str


def judge(facts: Facts, profile: Profile, standing: Collection[str] = ()) -> list[Alarm]:
    """What is wrong with a feed now. `standing` are kinds raised before, which end a little later than they begin."""
    if facts.last_received_at is None:
        return list(_never(facts, profile))
    silent = list(_silent(facts, profile, facts.last_received_at))
    # Who says nothing also brings too little: one alarm of the two.
    halved = [] if silent else list(_halved(profile, Kind.HALVED in standing))
    return [*silent, *halved, *_frozen(facts, profile), *_refused(profile, Kind.REFUSED in standing), *_ahead(profile)]


def _never(facts: Facts, profile: Profile) -> Iterator[Alarm]:
    """Declared as live and not heard once within two intervals."""
    if not facts.declared or facts.live_since is None:
        return
    since = datetime.combine(facts.live_since, time(0), LONDON).astimezone(UTC)
    expected = timedelta(minutes=facts.expected_minutes or DEFAULT_MINUTES)
    if profile.now - since > INTERVALS * expected:
        yield Alarm(Kind.NEVER, since, f"Live since {facts.live_since:%-d %B %Y} and never heard")


def _silent(facts: Facts, profile: Profile, last: datetime) -> Iterator[Alarm]:
    """Nothing for two expected intervals of the time in which the feed speaks."""
    minutes = profile.interval_minutes(facts.expected_minutes, last)
    if minutes is None:
        return
    now_minutes = profile.interval_minutes(facts.expected_minutes, profile.now) or minutes
    limit = INTERVALS * timedelta(minutes=max(minutes, now_minutes))
    if profile.now - last > limit and profile.awake(last, profile.now, facts.expected_minutes) > limit:
        yield Alarm(Kind.SILENT, last, f"Nothing received; a message is expected every {_length(minutes)}")


def _halved(profile: Profile, standing: bool) -> Iterator[Alarm]:
    """The last 24 hours brought under half of the usual, or so little more that chance does not explain it."""
    if not profile.learnt or not (standing or profile.speaks_at(profile.now - HOUR)):
        return
    for days in WINDOWS:
        came, usual, spread = profile.last_day(days)
        if usual < ENOUGH_TO_COUNT:
            continue
        highest = 0.8 * usual if standing else min(0.65 * usual, max(0.5 * usual, usual - 4 * spread))
        if came < highest:
            words = f"{came:,} new messages in the last {24 * days} hours, usually {usual:,.0f}"
            yield Alarm(Kind.HALVED, profile.now - days * timedelta(days=1), words)
        return


def _frozen(facts: Facts, profile: Profile) -> Iterator[Alarm]:
    """Messages still come, and the newest time in them stands still for longer than it ever usually does."""
    for name, what in (("newest_sent_at", "sent"), ("newest_told_at", "recorded")):
        found = _standstill(facts, profile, name)
        if found:
            since, at, messages = found
            words = f"{messages:,} messages since then, none {what} after {to_london(at):%-d %B %Y, %H:%M}"
            yield Alarm(Kind.FROZEN, since, words)
            return


def _standstill(facts: Facts, profile: Profile, name: str) -> tuple[datetime, datetime, int] | None:
    """Since when a newest time stands still, where it stands, and how many messages came since."""
    steps = _steps(profile.hours, name)
    minutes = profile.interval_minutes(facts.expected_minutes, profile.now)
    if not steps or minutes is None or not (profile.learnt or name == "newest_sent_at"):
        return None
    since, at = steps[-1]
    later = [hour for hour in profile.hours if hour.at > since]
    messages = sum(hour.received for hour in later)
    if len(later) < 2 or messages < 3:
        return None
    usual = max(_longest(facts, profile, steps), timedelta(minutes=minutes))
    stood = profile.awake(since + HOUR, later[-1].at + HOUR, facts.expected_minutes)
    return (since, at, messages) if stood > INTERVALS * usual else None


def _steps(hours: Collection[Hour], name: str) -> list[tuple[datetime, datetime]]:
    """The hours in which the newest time moved on, each with that time."""
    found: list[tuple[datetime, datetime]] = []
    for hour in hours:
        at = getattr(hour, name)
        if at is not None and (not found or at > found[-1][1]):
            found.append((hour.at, at))
    return found


def _longest(facts: Facts, profile: Profile, steps: list[tuple[datetime, datetime]]) -> timedelta:
    """How long the newest time usually stands still at most: the longest stand but one, which may have been a fault."""
    pairs = pairwise(at for at, _ in steps)
    stands = sorted(profile.awake(one + HOUR, later, facts.expected_minutes) for one, later in pairs)
    return stands[-2] if len(stands) > 1 else timedelta(0)


def _refused(profile: Profile, standing: bool) -> Iterator[Alarm]:
    """Far more quarantined in the last 24 hours than usual."""
    last = [hour for hour in profile.hours if hour.at > profile.now - timedelta(days=1)]
    refused, received = sum(hour.quarantined for hour in last), sum(hour.received for hour in last)
    days = (profile.now - profile.hours[0].at) / timedelta(days=1) if profile.hours else 0.0
    usual = (sum(hour.quarantined for hour in profile.hours) - refused) / max(1.0, days - 1)
    times = 2 if standing else 3
    whole = refused >= 3 and 2 * refused >= received and refused > times * usual
    if whole or (refused >= 5 and 20 * refused >= received and refused > times * usual):
        first = next(hour.at for hour in last if hour.quarantined)
        words = f"{refused:,} of {received:,} messages of the last 24 hours quarantined, usually {usual:,.0f} a day"
        yield Alarm(Kind.REFUSED, first, words)


def _ahead(profile: Profile) -> Iterator[Alarm]:
    """Messages of the last 24 hours say that they were sent in the future."""
    last = [hour for hour in profile.hours if hour.at > profile.now - timedelta(days=1)]
    ahead, received = sum(hour.ahead for hour in last), sum(hour.received for hour in last)
    if ahead >= 3 or (ahead and 2 * ahead >= received):
        first = next(hour.at for hour in last if hour.ahead)
        words = f"{ahead:,} of {received:,} messages of the last 24 hours bear a time in the future: its clock is ahead"
        yield Alarm(Kind.AHEAD, first, words)


def _length(minutes: int) -> str:
    """A length of time in words: 15 minutes, 4 hours, 1 day."""
    for size, word in ((1440, "day"), (60, "hour")):
        if minutes >= size and not minutes % size:
            many = minutes // size
            return word if many == 1 else f"{many:,} {word}s"
    return f"{minutes:,} minutes"
