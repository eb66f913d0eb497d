"""The feed monitor over the database: what receiving counts, what is raised once, cleared and taken note of."""

import json
import threading
from datetime import UTC, date, datetime, timedelta
from importlib import import_module

import pytest
import time_machine
from django.apps import apps
from django.db import IntegrityError, connection, transaction
from factories.places import FOLDER, PRACTICE
from factories.senders import hospital, problem, surgery

from oneplace import formats
from oneplace.gateway import actions, counts, monitor, queries
from oneplace.gateway.models import Feed, FeedAlarm, FeedHour, FeedLatency
from oneplace.gateway.receive import Item, receive
from oneplace.gateway.replay import replay
from oneplace.kernel.rows import Reject
from oneplace.ledger import queries as ledger

pytestmark = pytest.mark.django_db
AT = datetime(2026, 3, 4, 10, 30, tzinfo=UTC)


def take(*messages: bytes, at: datetime = AT, arrived: datetime | None = None) -> None:
    with time_machine.travel(at, tick=False):
        receive([Item("", raw, "file", "", arrived or at) for raw in messages], by="test")


def declare(**more: object) -> Feed:
    told = {"organisation_code": "RCB", "format": "hl7-v2", "expected_minutes": 60, "live_since": date(2026, 1, 1)}
    actions.declare_feeds([told | more], by="test")
    return Feed.objects.get(organisation_code="RCB")


def states(at: datetime) -> list[tuple[str, str]]:
    return [(line.kind, line.state) for line in monitor.check(now=at, by="test")]


def test_receiving_counts_by_feed_and_hour():
    take(surgery(problem()), hospital(), b"{")
    take(hospital(), surgery(local="p2"), at=AT + timedelta(hours=1))
    rows = FeedHour.objects.order_by("hour", "feed__format").values_list(
        "feed__format", "hour", "received", "filed", "quarantined", "duplicate"
    )
    ten, eleven = AT.replace(minute=0), AT.replace(hour=11, minute=0)
    assert sorted(rows) == sorted(
        [
            ("fhir-stu3-json", ten, 1, 1, 0, 0), ("hl7-v2", ten, 1, 1, 0, 0), ("fhir-stu3-json", ten, 1, 0, 1, 0),
            ("hl7-v2", eleven, 1, 0, 0, 1), ("fhir-stu3-json", eleven, 1, 1, 0, 0),
        ]
    )  # fmt: skip


def test_counting_adds_to_the_hour_and_keeps_the_newest_times():
    take(hospital(day="20260303"))
    take(hospital(day="20260301", visit="V2"), hospital(day="20260302", visit="V3"))
    hour = FeedHour.objects.get()
    assert (hour.received, hour.filed) == (3, 3)
    assert (hour.newest_sent_at.day, hour.newest_told_at.day) == (3, 3)


def test_longest_pause_of_an_hour_is_kept():
    take(hospital())
    assert FeedHour.objects.get().longest_pause is None
    for minutes, visit in ((5, "V2"), (17, "V3"), (19, "V4")):
        take(hospital(visit=visit), at=AT + timedelta(minutes=minutes))
    assert FeedHour.objects.get().longest_pause == 12 * 60
    take(hospital(visit="V5"), at=AT + timedelta(minutes=40))
    assert list(FeedHour.objects.order_by("hour").values_list("longest_pause", flat=True)) == [720, 21 * 60]


def test_time_from_the_future_is_counted_and_not_believed():
    take(hospital(day="20300101"), hospital(day="20260301", visit="V2"))
    hour = FeedHour.objects.get()
    assert (hour.ahead, hour.newest_sent_at.date()) == (1, date(2026, 3, 1))
    assert ("ahead", "raised") in states(AT)


def test_message_without_times_leaves_none():
    take(surgery(at=""))
    assert FeedHour.objects.get().newest_sent_at is None


def test_replay_corrects_the_hour_of_arrival(monkeypatch):
    with monkeypatch.context() as patched:
        patched.setattr(
            formats, "read", lambda raw, name="", layouts=(): Reject("not yet read", "reader-missing", "", "hl7-v2")
        )
        take(hospital(), hospital(visit="V2"))
    with time_machine.travel(AT + timedelta(hours=3), tick=False):
        replay(by="test")
        replay(by="test")
    hour = FeedHour.objects.get()
    assert (hour.received, hour.filed, hour.quarantined) == (2, 2, 0)


def test_hours_that_do_not_balance_cannot_be_written():
    take(hospital())
    with pytest.raises(IntegrityError), transaction.atomic():
        FeedHour.objects.update(received=9)


def test_what_came_before_hours_were_counted_is_counted_by_its_migration():
    take(hospital(), surgery(), b"{")
    take(hospital(), at=AT + timedelta(minutes=5))
    columns = ("feed", "hour", "received", "filed", "quarantined", "duplicate")
    before = sorted(FeedHour.objects.values_list(*columns))
    FeedHour.objects.all().delete()
    import_module("oneplace.gateway.migrations.0003_count_what_came").count(apps, None)
    assert sorted(FeedHour.objects.values_list(*columns)) == before
    assert len(before) == 3


def test_refused_message_comes_to_no_screen():
    take(b"{")
    assert queries.latencies(AT) == {}


def test_latency_runs_from_arrival_to_the_record():
    take(hospital(), arrived=AT - timedelta(seconds=1.5))
    take(hospital(visit="V2"), hospital(visit="V3"), arrived=AT - timedelta(milliseconds=100))
    found = queries.latencies(AT)[Feed.objects.get().pk]
    assert found.messages == 3
    assert 0.1 <= found.p50 < 0.15
    assert 1.5 <= found.p95 < 2
    assert queries.latencies(AT + timedelta(hours=3), 1) == {}
    assert queries.latencies(AT + timedelta(hours=3), 24) != {}


def test_commit_is_part_of_latency(monkeypatch):
    monkeypatch.setattr(counts, "_last_commit", 0.0)
    counts.note_commit(4.0)
    with time_machine.travel(AT, tick=False):
        feed = declare()
        counts.note([counts.Counted(feed.pk, None, "filed", AT, Reject("", ""))], AT)
    assert queries.latencies(AT)[feed.pk].p95 >= 4


def test_old_latencies_are_forgotten_and_counts_are_kept():
    take(hospital())
    monitor.check(now=AT + timedelta(days=50), by="test")
    assert FeedLatency.objects.count() == 1
    monitor.check(now=AT + timedelta(days=60), by="test")
    assert (FeedLatency.objects.count(), FeedHour.objects.count()) == (0, 1)


def test_silence_is_raised_once_goes_on_and_is_cleared():
    declare()
    take(hospital())
    assert states(AT + timedelta(minutes=100)) == []
    late = AT + timedelta(minutes=130)
    assert states(late) == [("silent", "raised")]
    rows = len(ledger.latest(50))
    assert states(late + timedelta(minutes=1)) == [("silent", "ongoing")]
    assert len(ledger.latest(50)) == rows, "nothing changed, so nothing is written"
    take(hospital(visit="V2"), at=late + timedelta(minutes=2))
    assert states(late + timedelta(minutes=3)) == [("silent", "cleared")]
    assert states(late + timedelta(minutes=4)) == []
    assert states(late + timedelta(hours=9)) == [("silent", "raised")]
    assert [one.state for one in monitor.alarms(standing=False)] == ["ongoing", "cleared"]
    assert monitor.alarms(feed=Feed.objects.get().pk)[0].since == late + timedelta(minutes=2)


def test_declared_feed_never_heard_is_told_and_cleared_by_its_first_message():
    declare()
    assert states(AT) == [("never", "raised")]
    take(hospital())
    assert states(AT) == [("never", "cleared")]


def test_feed_that_the_place_no_longer_declares_is_not_missed():
    declare()
    declare(organisation_code="RCC")
    assert len(states(AT)) == 2
    kept = {"organisation_code": "RCC", "format": "hl7-v2", "expected_minutes": 60, "live_since": date(2026, 1, 1)}
    assert actions.declare_feeds([kept], by="test", whole=True) == 1
    assert actions.declare_feeds([kept], by="test", whole=True) == 0
    assert sorted(states(AT)) == [("never", "cleared"), ("never", "ongoing")]
    assert [line.organisation_code for line in queries.feed_lines() if line.declared] == ["RCC"]


def test_opening_hours_and_holidays_of_the_place_are_known():
    from oneplace.site import loading

    loading.load_place(FOLDER, by="test")
    calendar = monitor.calendars_of([PRACTICE])(PRACTICE)
    assert calendar.is_open(datetime(2026, 3, 4, 10, tzinfo=UTC))
    assert not calendar.is_open(datetime(2026, 3, 4, 22, tzinfo=UTC))
    assert date(2026, 12, 25) in calendar.holidays
    assert not calendar.opens_on(date(2026, 12, 25))


def test_alarm_is_taken_note_of_while_it_stands():
    declare()
    monitor.check(now=AT, by="test")
    key = monitor.alarms()[0].key
    assert monitor.acknowledge(key, note="Rang the supplier", now=AT, by="u1")
    line = monitor.alarms()[0]
    assert (line.acknowledged_by, line.note, line.acknowledged_at) == ("u1", "Rang the supplier", AT)
    assert ledger.latest(1)[0].action == "acknowledge feed alarm"
    take(hospital())
    monitor.check(now=AT, by="test")
    assert not monitor.acknowledge(key, note="late", now=AT, by="u2")


def test_open_alarm_of_a_kind_is_one():
    feed = declare()
    told = {"feed": feed, "kind": "silent", "since": AT, "words": "x", "raised_at": AT}
    FeedAlarm.objects.create(**told, cleared_at=AT)
    FeedAlarm.objects.create(**told)
    with pytest.raises(IntegrityError), transaction.atomic():
        FeedAlarm.objects.create(**told)


@pytest.mark.django_db(transaction=True)
def test_two_checks_at_once_raise_each_alarm_once():
    for number in range(8):
        declare(organisation_code=f"RC{number}") if number else declare()
    failures: list[BaseException] = []

    def look() -> None:
        try:
            monitor.check(now=AT, by="test")
        except BaseException as error:
            failures.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=look) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert FeedAlarm.objects.filter(cleared_at=None).count() == 8
    raised = [json.loads(row.detail)["raised"] for row in ledger.latest(50, action="check feeds")]
    assert sorted(key for keys in raised for key in keys) == sorted(FeedAlarm.objects.values_list("pk", flat=True))
