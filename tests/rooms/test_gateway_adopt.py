"""Messages that don't say whose they are: filed when someone has said so, under that organisation, in the ledger."""

from datetime import date

import pytest
from django.test import Client
from factories.places import FOLDER, HOSPITAL, PRACTICE
from factories.senders import hospital, surgery

from oneplace.access import actions as access
from oneplace.gateway import actions, monitor, queries
from oneplace.gateway.models import Feed, FeedHour, Receipt
from oneplace.gateway.receive import Item, receive
from oneplace.gateway.replay import adopt, replay
from oneplace.kernel import clock
from oneplace.ledger import queries as ledger
from oneplace.record.models import LocalPatient
from oneplace.site import loading

pytestmark = pytest.mark.django_db


def take(*messages: bytes, name: str = "", channel: str = "file") -> None:
    receive([Item(name, raw, channel) for raw in messages], by="test")


def keys() -> list[str]:
    return queries.quarantine_keys("source-missing")


def unnamed(visit: str = "V1") -> bytes:
    return hospital(code="", visit=visit)


def test_adopted_message_is_filed_as_that_organisations():
    take(unnamed())
    tally = adopt(keys(), feed_code="RCB", by="u1")
    assert (tally.filed, tally.quarantined) == (1, 0)
    assert LocalPatient.objects.get().source.code == "RCB"
    row = ledger.latest(1, action="adopt message")[0]
    assert (row.actor, "RCB" in row.detail) == ("u1", True)
    assert adopt(keys(), feed_code="RCB", by="u1").received == 0


def test_adopted_message_counts_for_its_new_feed():
    actions.declare_feeds(
        [{"organisation_code": "RCB", "format": "hl7-v2", "expected_minutes": 60, "live_since": date(2020, 1, 1)}],
        by="test",
    )
    monitor.check(now=clock.now(), by="test")
    take(unnamed())
    adopt(keys(), feed_code="RCB", by="u1")
    lines = {line.organisation_code: line for line in queries.feed_lines()}
    assert (lines["RCB"].received, lines["RCB"].filed) == (1, 1)
    assert (lines["?"].received, lines["?"].quarantined) == (0, 0)
    assert Receipt.objects.get().feed.organisation_code == "RCB"
    assert sum(FeedHour.objects.values_list("received", flat=True)) == Receipt.objects.count()
    assert [line.kind for line in monitor.check(now=clock.now(), by="test") if line.state == "cleared"] == ["never"]
    assert Feed.objects.get(organisation_code="RCB").first_received_at is not None


def test_message_that_names_itself_or_cannot_be_read_is_not_adopted():
    take(b"{", surgery())
    every = list(Receipt.objects.values_list("key", flat=True))
    assert adopt(every, feed_code="RCB", by="u1").received == 0
    assert LocalPatient.objects.get().source.code == "G99001"


def test_message_adopted_twice_over_is_judged_like_any_other():
    take(unnamed())
    adopt(keys(), feed_code="RCB", by="u1")
    take(unnamed().replace(b"WARD1", b"WARD9"))
    assert adopt(keys(), feed_code="RCB", by="u1").quarantined == 1
    assert queries.quarantined()[0].code == "id-used-twice"
    assert replay(by="test").quarantined == 1


def test_scope_is_one_message_or_its_file_or_its_channel():
    take(unnamed("V1"), unnamed("V2"), name="monday.hl7")
    take(unnamed("V3"), name="tuesday.hl7")
    take(unnamed("V4"), unnamed("V5"), channel="http")
    first, http = keys()[0], keys()[-1]
    assert [len(queries.adoptable(first, scope)) for scope in ("one", "file", "channel", "other")] == [1, 2, 3, 0]
    assert [len(queries.adoptable(http, scope)) for scope in ("one", "file", "channel")] == [1, 1, 2]
    assert queries.adoptable("no-such-key") == []


def staff(role: str) -> Client:
    told = {"display_name": f"Some {role}", "role": role, "organisation_code": PRACTICE}
    user = access.create_user(username=role, password=None, by="test", **told)
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def test_page_asks_checks_and_then_files():
    loading.load_place(FOLDER, by="test")
    take(unnamed("V1"), unnamed("V2"), name="monday.hl7")
    client, key = staff("data-manager"), keys()[0]
    address = f"/quarantine/{key}/whose/"
    assert address in client.get(f"/quarantine/{key}/").content.decode()
    assert "All of the same file (2 messages)" in client.get(address).content.decode()
    wrong = client.post(address, {"organisation": "NONE", "scope": "one"}).content.decode()
    assert "Choose the organisation whose data this is" in wrong
    wrong = client.post(address, {"organisation": HOSPITAL, "scope": "all"}).content.decode()
    assert "Choose which messages you mean" in wrong
    told = {"organisation": HOSPITAL, "scope": "file"}
    check = client.post(address, told).content.decode()
    assert "This can't be undone." in check
    assert "2 messages" in check
    assert LocalPatient.objects.count() == 0
    assert "selected" in client.post(address, told | {"step": "change"}).content.decode()
    done = client.post(address, told | {"step": "adopt"}, follow=True).content.decode()
    assert "2 read again: 2 filed." in done
    assert "no longer waits" in client.get(address, follow=True).content.decode()


def test_only_those_who_may_replay_may_say_whose_a_message_is():
    take(unnamed())
    assert staff("analyst").post(f"/quarantine/{keys()[0]}/whose/", {"step": "adopt"}).status_code == 403
    assert LocalPatient.objects.count() == 0
