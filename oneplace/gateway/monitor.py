"""The feed monitor: looks at every feed's counts, raises what is wrong, clears what is over. Run every minute.

Idempotent, and safe with two at once: a feed has one open alarm of a kind, which the database itself holds true.
Nothing is written when nothing changed.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.db import connection, transaction
from django.db.models import Count, Sum

from oneplace.gateway.models import Feed, FeedAlarm, FeedHour, FeedLatency
from oneplace.gateway.rules.alarms import Alarm, Facts, judge
from oneplace.gateway.rules.profile import WEEKS, Calendar, Hour, Profile, hour_of
from oneplace.kernel import clock
from oneplace.ledger import actions as ledger
from oneplace.place import queries as place

KEPT_LATENCY = timedelta(weeks=WEEKS)


@dataclass(frozen=True, slots=True)
class AlarmLine:
    """One alarm of one feed. state: raised (just now) | ongoing | cleared (just now, or at `cleared_at`)."""

    key: int
    organisation_code: str
    format: str
    kind: str
    state: str
    since: datetime
    words: str
    raised_at: datetime
    cleared_at: datetime | None
    acknowledged_at: datetime | None
    acknowledged_by: str
    note: str


def check(*, now: datetime, by: str) -> list[AlarmLine]:
    """Judge every feed; returns alarms that stand, and those that this look cleared."""
    standing: dict[int, dict[str, FeedAlarm]] = {}
    for alarm in FeedAlarm.objects.filter(cleared_at=None):
        standing.setdefault(alarm.feed_id, {})[alarm.kind] = alarm
    hours, calendars = _hours(now), _calendars()
    found = {
        feed: judge(facts_of(feed), profile_of(feed, hours.get(feed.pk, []), now, calendars), standing.get(feed.pk, {}))
        for feed in Feed.objects.all()
    }
    changed = any({str(one.kind) for one in alarms} != set(standing.get(feed.pk, {})) for feed, alarms in found.items())
    states = _settle(found, now, by) if changed else {}
    _forget_old_latencies(now)
    return _lines(states)


def facts_of(feed: Feed) -> Facts:
    """What the rules want to know of a feed."""
    return Facts(feed.declared, feed.expected_minutes, feed.live_since, feed.last_received_at)


def profile_of(feed: Feed, hours: list[Hour], now: datetime, calendars: Callable[[str], Calendar]) -> Profile:
    """A feed's habits, from its hours and its organisation's calendar."""
    return Profile(hours, feed.first_received_at, now, calendars(feed.organisation_code))


def alarms(*, feed: int | None = None, standing: bool = True) -> list[AlarmLine]:
    """Alarms of one feed or of all, newest first: those that stand, or with `standing` false all that ever were."""
    rows = FeedAlarm.objects.select_related("feed").order_by("-raised_at", "-pk")
    rows = rows.filter(cleared_at=None) if standing else rows
    rows = rows.filter(feed=feed) if feed else rows
    return [_line(row, "cleared" if row.cleared_at else "ongoing") for row in rows]


@transaction.atomic
def acknowledge(key: int, *, note: str, now: datetime, by: str) -> bool:
    """Note who has seen to a standing alarm, and what they say; False where it is over or was never raised."""
    told = {"acknowledged_at": now, "acknowledged_by": by, "note": note[:400]}
    done = bool(FeedAlarm.objects.filter(pk=key, cleared_at=None).update(**told))
    if done:
        ledger.write(actor=by, action="acknowledge feed alarm", subject=str(key), detail={"note": note[:400]})
    return done


@transaction.atomic
def _settle(found: dict[Feed, list[Alarm]], now: datetime, by: str) -> dict[int, str]:
    """Raise and clear; returns what this look changed, by alarm."""
    states: dict[int, str] = {}
    for feed, judged in sorted(found.items(), key=lambda one: one[0].pk):
        for alarm in judged:
            told = {"since": alarm.since, "words": alarm.words, "raised_at": now}
            row, raised = FeedAlarm.objects.get_or_create(feed=feed, kind=alarm.kind, cleared_at=None, defaults=told)
            if raised:
                states[row.pk] = "raised"
        over = FeedAlarm.objects.filter(feed=feed, cleared_at=None).exclude(kind__in=[one.kind for one in judged])
        for key in list(over.values_list("pk", flat=True)):
            if FeedAlarm.objects.filter(pk=key, cleared_at=None).update(cleared_at=now):
                states[key] = "cleared"
    if states:
        told = {state: sorted(key for key, one in states.items() if one == state) for state in ("raised", "cleared")}
        ledger.write(actor=by, action="check feeds", detail=told)
    return states


_older: tuple[tuple[object, ...], dict[int, list[Hour]]] | None = None


def _hours(now: datetime) -> dict[int, list[Hour]]:
    """The hours of the last eight weeks, by feed, oldest first. Those long over are read once an hour in a process."""
    global _older
    recent = hour_of(now) - timedelta(hours=2)
    known = (connection.settings_dict["NAME"], recent)
    if _older is None or _older[0] != known:
        _older = (known, _read_hours(now - timedelta(weeks=WEEKS), recent, times=True))
    latest = _read_hours(recent, now, times=True)
    return {feed: [*_older[1].get(feed, []), *latest.get(feed, [])] for feed in _older[1].keys() | latest.keys()}


def _read_hours(since: datetime, until: datetime, times: bool) -> dict[int, list[Hour]]:
    """The hours from one that begins after a time to one that begins at another, with the newest times or without."""
    columns = ("feed_id", "hour", "received", "duplicate", "quarantined", "ahead", "longest_pause")
    newest = ("newest_sent_at", "newest_told_at") if times else ()
    rows = FeedHour.objects.filter(hour__gt=since, hour__lte=until).order_by("hour").values_list(*columns, *newest)
    found: dict[int, list[Hour]] = {}
    for feed, at, received, duplicate, *rest in rows:
        found.setdefault(feed, []).append(Hour(at, received, received - duplicate, *rest))
    return found


def calendars_of(codes: Iterable[str]) -> Callable[[str], Calendar]:
    """The calendars of these organisations, read at once."""
    hours, holidays = place.hours_of(set(codes)), place.holidays_of(set(codes))
    return lambda code: Calendar(tuple(hours.get(code, ())), frozenset(holidays[""] | holidays.get(code, frozenset())))


def _calendars() -> Callable[[str], Calendar]:
    return calendars_of(Feed.objects.values_list("organisation_code", flat=True))


@dataclass(frozen=True, slots=True)
class Day:
    """New messages of one day, and how many such a day usually brings; None while too little is known."""

    day: date
    came: int
    usual: float | None


@dataclass(frozen=True, slots=True)
class Habit:
    """What is expected of a feed: minutes between messages (None: nothing known), and its last days, today last."""

    interval_minutes: int | None
    days: tuple[Day, ...]


_learnt: tuple[tuple[object, ...], dict[int, Habit]] | None = None


def habits(now: datetime, days: int = 8) -> dict[int, Habit]:
    """Each feed's habit by its id. What lies before today is worked out once an hour in each process."""
    global _learnt
    feeds = Feed.objects.aggregate(Count("pk"), Sum("expected_minutes"))
    known = (connection.settings_dict["NAME"], hour_of(now), *feeds.values())
    if _learnt is None or _learnt[0] != known:
        _learnt = (known, _learn(now))
    midnight = datetime.combine(clock.to_london(now).date(), time(0), clock.LONDON)
    today = FeedHour.objects.filter(hour__gte=midnight, hour__lte=now).values_list("feed_id")
    came = dict(today.annotate(came=Sum("filed") + Sum("quarantined")))
    return {feed: _with_today(habit, days, came.get(feed, 0)) for feed, habit in _learnt[1].items()}


def forget_habits() -> None:
    """Learn them anew, and read every hour anew, at the next asking."""
    global _learnt, _older
    _learnt = _older = None


def _with_today(habit: Habit, days: int, came: int) -> Habit:
    *past, today = habit.days[-days:]
    return Habit(habit.interval_minutes, (*past, Day(today.day, came, today.usual)))


def _learn(now: datetime) -> dict[int, Habit]:
    hours, calendars = _read_hours(now - timedelta(weeks=WEEKS), now, times=False), _calendars()
    found = {}
    for feed in Feed.objects.all():
        profile = profile_of(feed, hours.get(feed.pk, []), now, calendars)
        days = tuple(_day(profile, clock.to_london(now).date() - timedelta(days=back)) for back in range(27, -1, -1))
        found[feed.pk] = Habit(profile.interval_minutes(feed.expected_minutes, now), days)
    return found


def _day(profile: Profile, day: date) -> Day:
    return Day(day, profile.day_total(day), profile.usual(day)[0] if profile.learnt else None)


def _forget_old_latencies(now: datetime) -> None:
    """Latency is kept as long as habits are; looked for each time, since it is one step into an index."""
    old = FeedLatency.objects.filter(hour__lt=now - KEPT_LATENCY)
    if old.exists():
        old.delete()


def _lines(states: dict[int, str]) -> list[AlarmLine]:
    rows = FeedAlarm.objects.select_related("feed").order_by("since", "pk")
    cleared = [key for key, state in states.items() if state == "cleared"]
    chosen = rows.filter(cleared_at=None) | rows.filter(pk__in=cleared)
    return [_line(row, states.get(row.pk, "ongoing")) for row in chosen]


def _line(row: FeedAlarm, state: str) -> AlarmLine:
    return AlarmLine(
        row.pk, row.feed.organisation_code, row.feed.format, row.kind, state, row.since, row.words, row.raised_at,
        row.cleared_at, row.acknowledged_at, row.acknowledged_by, row.note,
    )  # fmt: skip
