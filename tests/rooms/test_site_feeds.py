"""The feeds pages: alarms on top with whom to ring, a page a feed, notes on alarms, and what is due each minute."""

import json
from datetime import date, timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client
from django.test.utils import CaptureQueriesContext
from factories.places import FOLDER, HOSPITAL, PRACTICE
from factories.senders import hospital, surgery

from oneplace.access import actions as access
from oneplace.gateway import actions, monitor
from oneplace.gateway.models import Feed, FeedHour
from oneplace.gateway.monitor import Day
from oneplace.gateway.receive import Item, receive
from oneplace.kernel import clock
from oneplace.site import due, feed_lines, loading, sparkline, words

pytestmark = pytest.mark.django_db


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The example place with a home folder of its own, its feeds looked at once."""
    monkeypatch.setattr(settings, "HOME", tmp_path)
    loading.load_place(FOLDER, by="test")
    due.run()
    return tmp_path


def staff(role: str = "data-manager") -> Client:
    told = {"display_name": f"Some {role}", "role": role, "organisation_code": PRACTICE}
    user = access.create_user(username=role, password=None, by="test", **told)
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def read(client: Client, address: str) -> str:
    return client.get(address).content.decode()


def test_feed_never_heard_stands_on_top_with_whom_to_ring(place):
    page = read(staff(), "/feeds/")
    top = page[page.index("op-alarms") : page.index("</ol>")]
    assert "Never heard" in top
    assert "Ring" in top
    assert "Supplier" in top
    assert "All feeds with an alarm" in page


def test_feed_without_an_alarm_says_so(place):
    receive([Item("", surgery(code=PRACTICE))], by="test")
    due.run()
    client = staff()
    page = read(client, f"/feeds/{PRACTICE}/fhir-stu3-json/")
    assert "No alarm stands" in page
    assert "<strong>Never heard</strong>" in page, "the alarm that is over is told"
    assert "0 yesterday; 1 so far today" in page
    assert "19 in 20 within" in page
    assert client.get(f"/feeds/{PRACTICE}/no-such/").status_code == 404
    assert client.get("/feeds/NOBODY/hl7-v2/").status_code == 404


def test_sender_that_cannot_be_read_has_a_page_too(place):
    receive([Item("", b"{")], by="test")
    client = staff()
    assert 'href="/feeds/%3F/' in read(client, "/feeds/?show=others")
    page = read(client, "/feeds/%3F/fhir-stu3-json/")
    assert "Sender not readable" in page
    assert "/quarantine/" in page


def test_note_on_an_alarm_is_kept_and_shown(place):
    client = staff()
    key = next(one for one in monitor.alarms() if one.organisation_code == PRACTICE).key
    told = {"code": PRACTICE, "format": "fhir-stu3-json"}
    empty = client.post(f"/feeds/alarm/{key}/", told | {"note": " "}, follow=True).content.decode()
    assert "Nothing was kept" in empty
    done = client.post(f"/feeds/alarm/{key}/", told | {"note": "Rang <them>"}, follow=True).content.decode()
    assert "Rang &lt;them&gt;" in done
    assert "Some data-manager" in done
    assert "Rang &lt;them&gt;" in read(client, "/feeds/?show=alarms") or "more)" in read(client, "/feeds/")
    receive([Item("", surgery(code=PRACTICE))], by="test")
    due.run()
    late = client.post(f"/feeds/alarm/{key}/", told | {"note": "late"}, follow=True).content.decode()
    assert "That alarm is over" in late
    assert client.get(f"/feeds/alarm/{key}/").status_code == 302


def test_note_is_for_those_who_mend_feeds(place):
    analyst = staff("analyst")
    key = monitor.alarms()[0].key
    assert analyst.post(f"/feeds/alarm/{key}/", {"note": "x"}).status_code == 403
    assert "I have seen to it" not in read(analyst, f"/feeds/{PRACTICE}/fhir-stu3-json/")
    assert monitor.alarms()[0].acknowledged_at is None


def test_many_feeds_cost_no_more_queries_than_few(place):
    client = staff()
    client.get("/feeds/")
    with CaptureQueriesContext(_connection()) as few:
        client.get("/feeds/")
    rows = [{"organisation_code": f"Y{n:04}", "format": "hl7-v2", "expected_minutes": 60} for n in range(300)]
    actions.declare_feeds(rows, by="test")
    client.get("/feeds/")
    with CaptureQueriesContext(_connection()) as many:
        client.get("/feeds/")
    assert len(many) <= len(few)


def _connection():
    from django.db import connection

    return connection


def test_usual_volume_is_drawn_when_it_is_known(place, time_machine):
    # Tomorrow's noon, in the hour in which this feed is made to speak: at other hours less is known of its pauses.
    time_machine.move_to((clock.real_now() + timedelta(days=1)).replace(hour=12, minute=40))
    receive([Item("", hospital(code=HOSPITAL))], by="test")
    feed = Feed.objects.get(organisation_code=HOSPITAL, format="hl7-v2")
    now = clock.now()
    Feed.objects.filter(pk=feed.pk).update(first_received_at=now - timedelta(weeks=5))
    noon = now.replace(hour=12, minute=0, second=0, microsecond=0)
    hours = [FeedHour(feed=feed, hour=noon - timedelta(days=n), received=7, filed=7) for n in range(1, 30)]
    FeedHour.objects.bulk_create(hours)
    monitor.forget_habits()
    client = staff()
    assert "7 yesterday, usually 7; 1 so far today" in read(client, "/feeds/")
    page = read(client, f"/feeds/{HOSPITAL}/hl7-v2/")
    assert page.count('class="op-bar__usual"') == 8
    line = next(line for line in feed_lines.all_lines() if (line.code, line.format) == (HOSPITAL, "hl7-v2"))
    assert (line.expected, line.received) == ("every hour", 1 + 7 * 29)


def test_nothing_is_due_while_people_are_still_loaded(place):
    receive([Item("", surgery(code=PRACTICE))], by="test")
    (place / "progress.json").write_text(json.dumps({"state": "loading"}))
    before = monitor.alarms()
    due.run()
    assert monitor.alarms() == before
    (place / "progress.json").unlink()
    due.run()
    assert len(monitor.alarms()) == len(before) - 1


@pytest.mark.parametrize(
    ("minutes", "told"), [(None, ""), (15, "every 15 minutes"), (60, "every hour"), (2880, "every 2 days")]
)
def test_expected_interval_is_told_in_words(minutes, told):
    assert feed_lines.expected_words(minutes) == told


@pytest.mark.parametrize(
    ("value", "told"), [(0.128, "0.13 s"), (4, "4.0 s"), (90, "90 s"), (900, "15 min"), (9000, "2 h")]
)
def test_duration_is_told_in_words(value, told):
    assert words.seconds(value) == told


def test_picture_of_one_day_is_none():
    assert sparkline.sparkline([Day(date(2026, 3, 1), 1, None)]) == ""


@pytest.mark.parametrize("sort", ["last", "supplier", "matched", "latency", "nonsense"])
def test_lines_with_an_alarm_lead_in_every_order(place, sort):
    receive([Item("", surgery(code=PRACTICE))], by="test")
    due.run()
    lines = feed_lines.in_order(feed_lines.all_lines(), sort)
    silent = [line.silent for line in lines]
    assert silent == sorted(silent, reverse=True)
    assert any(silent)
    assert not all(silent)
