"""When a feed is called silent, halved, frozen, refused, never heard or ahead; what is learnt; latency in buckets."""

from datetime import UTC, date, datetime, time, timedelta

import pytest

from oneplace.gateway.rules import latency
from oneplace.gateway.rules.alarms import Facts, Kind, judge
from oneplace.gateway.rules.profile import HOUR, Calendar, Hour, Profile
from oneplace.place.rules import Hours

NOW = datetime(2026, 2, 25, 12, 20, tzinfo=UTC)  # a Wednesday
DAY = timedelta(days=1)
NO_CALENDAR = Calendar()
OFFICE = tuple(Hours(weekday, time(8), time(18)) for weekday in range(5))


def working(at: datetime) -> bool:
    return at.weekday() < 5 and 9 <= at.hour < 17


def always(at: datetime) -> bool:
    return True


def hours(speaks=always, many=20, weeks=8, until=NOW, **more) -> list[Hour]:
    """An hour like the next, for weeks, up to a moment."""
    at = until.replace(minute=0) - timedelta(weeks=weeks)
    found = []
    while at <= until:
        if speaks(at):
            newest = at + timedelta(minutes=50)
            found.append(Hour(at, many, many, **({"newest_sent_at": newest, "newest_told_at": newest} | more)))
        at += HOUR
    return found


def profile(rows: list[Hour], now: datetime = NOW, calendar: Calendar = NO_CALENDAR) -> Profile:
    return Profile(rows, rows[0].at if rows else None, now, calendar)


def facts(last: datetime | None, expected: int | None = None, live_since: date | None = None, declared=True) -> Facts:
    return Facts(declared, expected, live_since, last)


def kinds(told: Facts, known: Profile, standing=()) -> list[str]:
    return [str(alarm.kind) for alarm in judge(told, known, standing)]


def test_feed_that_speaks_as_ever_raises_nothing():
    assert kinds(facts(NOW, 15), profile(hours())) == []
    assert kinds(facts(NOW), profile(hours(working))) == []
    assert kinds(facts(NOW, 60), profile([])) == []


@pytest.mark.parametrize(("minutes", "silent"), [(100, False), (119, False), (125, True)])
def test_feed_is_silent_after_two_intervals(minutes, silent):
    last = NOW - timedelta(minutes=minutes)
    assert kinds(facts(last, 60), profile(hours(until=last))) == (["silent"] if silent else [])


def test_silence_of_a_feed_that_sleeps_counts_when_it_is_awake():
    friday, monday = datetime(2026, 2, 20, 16, 50, tzinfo=UTC), datetime(2026, 2, 23, 9, 30, tzinfo=UTC)
    rows = hours(working, until=friday)
    assert kinds(facts(friday, 60), profile(rows, monday)) == []
    assert kinds(facts(friday, 60), profile(rows, monday + 2 * HOUR)) == ["silent"]


def test_silence_on_a_holiday_is_a_sundays():
    last = datetime(2026, 2, 24, 16, 50, tzinfo=UTC)
    rows = hours(working, until=last)
    assert kinds(facts(last, 60), profile(rows)) == ["silent"]
    assert kinds(facts(last, 60), profile(rows, calendar=Calendar((), frozenset({NOW.date()})))) == []


def test_daily_feed_of_working_days_is_silent_after_two_of_them():
    def nightly(at: datetime) -> bool:
        return at.weekday() < 5 and at.hour == 2

    friday = datetime(2026, 2, 20, 2, 10, tzinfo=UTC)
    rows = hours(nightly, until=friday)
    assert kinds(facts(friday, 1440), profile(rows, datetime(2026, 2, 24, 1, tzinfo=UTC))) == []
    assert kinds(facts(friday, 1440), profile(rows, datetime(2026, 2, 24, 3, tzinfo=UTC))) == ["silent"]


def test_weekly_feed_is_measured_by_the_calendar():
    rows = [Hour(NOW - timedelta(weeks=9 - week), 5, 5) for week in range(8)]
    assert kinds(facts(NOW - 13 * DAY, 7 * 1440), profile(rows)) == []
    assert kinds(facts(NOW - 15 * DAY, 7 * 1440), profile(rows)) == ["silent"]


def test_opening_hours_stand_in_until_habits_are_known():
    last = datetime(2026, 2, 24, 17, 30, tzinfo=UTC)
    fresh = hours(until=last, weeks=1)
    calendar = Calendar(OFFICE, frozenset())
    assert kinds(facts(last, 60), profile(fresh, datetime(2026, 2, 25, 9, tzinfo=UTC), calendar)) == []
    assert kinds(facts(last, 60), profile(fresh, datetime(2026, 2, 25, 10, tzinfo=UTC), calendar)) == ["silent"]
    assert kinds(facts(last, 60), profile(fresh, datetime(2026, 2, 25, 9, tzinfo=UTC))) == ["silent"]
    saturday = datetime(2026, 2, 21, 9, tzinfo=UTC)
    assert kinds(facts(saturday, 1440), profile(fresh, saturday + 3 * DAY - HOUR, calendar)) == []
    assert kinds(facts(saturday, 1440), profile(fresh, saturday + 4 * DAY, calendar)) == ["silent"]


def test_feed_without_an_expectation_is_not_called_silent_before_it_is_known():
    last = NOW - 5 * DAY
    assert kinds(facts(last), profile(hours(until=last, weeks=1))) == []
    assert kinds(facts(last), profile(hours(until=last))) == ["silent"]


def test_pauses_are_learnt_and_stretch_what_was_declared_no_further_than_four_times():
    rows = hours(lambda at: int(at.timestamp() // 3600) % 5 == 0)
    known = profile(rows)
    assert known.interval_minutes(None, NOW) == 300
    assert known.interval_minutes(120, NOW) == 300
    assert known.interval_minutes(15, NOW) == 60
    assert known.interval_minutes(1440, NOW) == 1440
    assert profile(rows[-20:]).interval_minutes(15, NOW) == 15
    assert profile(rows[-20:]).interval_minutes(None, NOW) is None


def test_short_pauses_are_known_to_the_minute():
    busy = profile([Hour(h.at, 20, 20, longest_pause=400) for h in hours()])
    assert (busy.pause_minutes(NOW), busy.interval_minutes(5, NOW), busy.interval_minutes(15, NOW)) == (7, 7, 15)
    assert busy.interval_minutes(None, NOW) == 30
    last = NOW - timedelta(minutes=40)
    assert kinds(facts(last, 15), busy) == ["silent"]
    slow = profile([Hour(h.at, 4, 4, longest_pause=2400) for h in hours()])
    assert kinds(facts(last, 15), slow) == []
    assert slow.interval_minutes(15, NOW) == 40


def test_pauses_of_a_feed_not_heard_for_weeks_are_not_known():
    old = profile([Hour(NOW - timedelta(weeks=9), 1, 1)])
    assert old.pause_minutes(NOW) is None
    assert kinds(facts(NOW - timedelta(weeks=9)), old) == []


def test_one_outage_is_not_learnt_from():
    outage = datetime(2026, 2, 3, tzinfo=UTC)
    rows = [hour for hour in hours() if not outage <= hour.at < outage + 20 * HOUR]
    assert profile(rows).interval_minutes(None, NOW) == 60


def test_half_the_volume_is_told_and_ends_a_little_above_it():
    def halved(share: float) -> list[Hour]:
        rows = hours()
        return [Hour(h.at, 20, int(20 * share) if h.at > NOW - DAY - HOUR else 20) for h in rows]

    assert kinds(facts(NOW, 15), profile(halved(0.45))) == ["halved"]
    assert kinds(facts(NOW, 15), profile(halved(0.75))) == []
    assert kinds(facts(NOW, 15), profile(halved(0.75)), {"halved"}) == ["halved"]
    assert kinds(facts(NOW, 15), profile(halved(0.95)), {"halved"}) == []


def test_volume_of_a_feed_that_sleeps_is_not_judged_at_night():
    rows = [Hour(h.at, 40, 10 if h.at > NOW - DAY else 40) for h in hours(working, 40)]
    assert kinds(facts(NOW, 60), profile(rows)) == ["halved"]
    night = NOW.replace(hour=22)
    assert kinds(facts(night, 60), profile(rows, night), {"halved"}) == ["halved"]
    assert kinds(facts(night, 60), profile(rows, night)) == []


def test_weekend_is_stepped_over_when_volume_is_judged():
    monday = datetime(2026, 2, 23, 9, 30, tzinfo=UTC)
    rows = [Hour(h.at, 40, 5 if h.at > monday - 4 * DAY else 40) for h in hours(working, 40, until=monday)]
    assert kinds(facts(monday, 60), profile(rows, monday + HOUR)) == ["halved"]


def test_slow_feed_is_judged_over_more_days_or_not_at_all():
    slow = [Hour(h.at, 4, 1 if h.at > NOW - 5 * DAY else 4) for h in hours(many=4)]
    assert kinds(facts(NOW, 120), profile(slow)) == ["halved"]
    slower = [Hour(h.at, 1, 0 if h.at > NOW - 5 * DAY else 1) for h in hours(many=1)]
    assert kinds(facts(NOW, 120), profile(slower)) == []


def test_usual_of_a_day_never_seen_is_nothing():
    assert profile(hours(weeks=0)).usual(NOW.date()) == (0.0, 0.0)
    assert profile(hours(weeks=0)).last_day() == (0, 0.0, 0.0)


@pytest.mark.parametrize("which", ["newest_sent_at", "newest_told_at"])
def test_times_that_stand_still_are_told(which):
    stood = NOW - 6 * HOUR
    rows = [
        Hour(h.at, 20, 20, **{name: min(h.newest_sent_at, stood) if name == which else h.newest_sent_at
                              for name in ("newest_sent_at", "newest_told_at")})
        for h in hours()
    ]  # fmt: skip
    found = judge(facts(NOW, 60), profile(rows))
    assert [alarm.kind for alarm in found] == [Kind.FROZEN]
    assert found[0].since.hour == stood.hour
    assert kinds(facts(NOW, 60), profile(rows[:-4], NOW - 4 * HOUR)) == []


def test_times_that_usually_stand_still_so_long_are_not_frozen():
    def extract(at: datetime) -> datetime:
        return at.replace(hour=at.hour - at.hour % 6)

    rows = [Hour(h.at, 20, 20, newest_sent_at=h.at, newest_told_at=extract(h.at)) for h in hours()]
    assert kinds(facts(NOW, 60), profile(rows)) == []
    assert kinds(facts(NOW, 60), profile([Hour(h.at, 20, 20) for h in rows])) == []


def test_new_feed_is_frozen_by_when_it_sent_alone():
    stood = NOW - 9 * HOUR
    sent = [Hour(h.at, 20, 20, newest_sent_at=min(h.at, stood)) for h in hours(weeks=1)]
    told = [Hour(h.at, 20, 20, newest_told_at=min(h.at, stood)) for h in hours(weeks=1)]
    assert kinds(facts(NOW, 60), profile(sent)) == ["frozen"]
    assert kinds(facts(NOW, 60), profile(told)) == []
    one = [Hour(NOW - 3 * HOUR, 9, 9, newest_sent_at=stood), Hour(NOW - HOUR, 9, 9, newest_sent_at=stood)]
    assert kinds(facts(NOW, 60), profile(one)) == []


def test_load_of_history_in_one_hour_raises_nothing():
    load = Hour(NOW.replace(minute=0), 9000, 9000, 40, newest_sent_at=datetime(2024, 1, 1, tzinfo=UTC))
    assert kinds(facts(NOW, 15), profile([load])) == []


@pytest.mark.parametrize(
    ("received", "refused", "usually", "told"),
    [(100, 9, 0, True), (100, 4, 0, False), (1000, 9, 0, False), (100, 9, 8, False), (4, 3, 0, True), (4, 2, 0, False)],
)
def test_many_refused_are_told(received, refused, usually, told):
    days = [Hour(NOW - DAY * n - HOUR * 2, 100, 100, usually) for n in range(20, 0, -1)]
    rows = [*days, Hour(NOW - HOUR, received, received, refused)]
    assert kinds(facts(NOW), profile(rows)) == (["refused"] if told else [])


def test_refusals_that_go_on_stay_told():
    rows = [Hour(NOW - DAY * 3, 100, 100, 10), Hour(NOW - HOUR, 100, 100, 20)]
    assert kinds(facts(NOW), profile(rows)) == ["refused"]
    rows[0] = Hour(NOW - DAY * 3, 100, 100, 18)
    assert [kinds(facts(NOW), profile(rows), standing) for standing in ((), {"refused"})] == [[], ["refused"]]


@pytest.mark.parametrize(("ahead", "received", "told"), [(3, 900, True), (1, 2, True), (1, 3, False), (0, 0, False)])
def test_clock_that_runs_ahead_is_told(ahead, received, told):
    rows = [Hour(NOW - HOUR, received, received, 0, ahead)]
    assert kinds(facts(NOW), profile(rows)) == (["ahead"] if told else [])


@pytest.mark.parametrize(
    ("declared", "live", "expected", "told"),
    [
        (True, date(2026, 2, 1), 60, True),
        (True, date(2026, 2, 24), None, False),
        (True, date(2026, 2, 23), None, True),
        (True, date(2026, 3, 1), 60, False),
        (True, None, 60, False),
        (False, date(2026, 2, 1), 60, False),
    ],
)
def test_feed_declared_live_and_never_heard_is_told(declared, live, expected, told):
    assert kinds(facts(None, expected, live, declared), profile([])) == (["never"] if told else [])


@pytest.mark.parametrize(
    ("minutes", "words"), [(15, "15 minutes"), (60, "hour"), (120, "2 hours"), (1440, "day"), (2880, "2 days")]
)
def test_silence_is_told_with_its_interval(minutes, words):
    found = judge(facts(NOW - 30 * DAY, minutes), profile(hours(weeks=0, until=NOW - 30 * DAY)))
    assert found[0].words == f"Nothing received; a message is expected every {words}"
    assert found[0].since == NOW - 30 * DAY


def test_clock_change_moves_no_habit():
    """The feed speaks by the wall clock here: an hour earlier in UTC from the end of March."""
    monday = datetime(2026, 3, 30, 9, 30, tzinfo=UTC)
    friday = datetime(2026, 3, 27, 16, 50, tzinfo=UTC)
    known = profile(hours(working, until=friday), monday)
    assert known.speaks_at(datetime(2026, 3, 30, 8, 10, tzinfo=UTC))
    assert not known.speaks_at(datetime(2026, 3, 30, 16, 10, tzinfo=UTC))


@pytest.mark.parametrize(("seconds", "bucket"), [(-1, 0), (0.01, 0), (0.011, 1), (0.02, 4), (2, 31), (1e9, 100)])
def test_latency_is_counted_in_buckets(seconds, bucket):
    assert latency.bucket_of(seconds) == bucket
    assert latency.longest(bucket) >= min(seconds, latency.longest(latency.MOST))


def test_latency_quantile_is_rounded_up():
    assert latency.quantile({}, 0.95) is None
    assert latency.quantile({0: 95, 40: 5}, 0.95) == 0.01
    assert latency.quantile({0: 0, 4: 94, 40: 6}, 0.95) == latency.longest(40)
    assert latency.quantile({4: 1}, 0.5) == pytest.approx(0.02)
