"""Messages on pages: the count in the header, who is told of whom, and the work-list of what could not be sent."""

import time
from datetime import timedelta

import pytest
from factories.places import PRACTICE
from factories.signing_in import signed_in, staff

from oneplace.access import actions as access
from oneplace.access import sessions
from oneplace.access.addressing import addresses_of, in_app, may_be_told
from oneplace.access.rules import RelationshipRow
from oneplace.kernel import clock
from oneplace.post import actions
from oneplace.post.models import OutboxMessage
from oneplace.post.rules import Address, Kind
from oneplace.post.senders import Simulator
from oneplace.site import due

pytestmark = pytest.mark.django_db


def tie(person: str, ends=None) -> None:
    now = clock.now()
    row = RelationshipRow(person, PRACTICE, "registration", f"r {person}", now - timedelta(days=9), ends, told_at=now)
    access.set_relationships([row], by="test")


def test_message_is_counted_in_the_header_listed_and_read():
    user = staff(role="gp")
    browser = signed_in(user)
    assert "No messages" in browser.get("/messages/").content.decode()
    assert browser.get("/messages/count/?seen=0").status_code == 204
    actions.queue(to=in_app(user.key), subject="Look here", text="Something waits", by=user.key, link="/people/")
    answer = browser.get("/messages/count/?seen=0")
    assert (answer.status_code, answer.content) == (200, b"1")
    page = browser.get("/messages/").content.decode()
    assert "Something waits" in page
    assert 'data-unread="1"' in page
    key = OutboxMessage.objects.get().key
    assert browser.get("/messages/read/").status_code == 302
    browser.post("/messages/read/", {"key": [key]})
    assert browser.get("/messages/count/").content == b"0"
    assert "Mark all as read" not in browser.get("/messages/").content.decode()


def test_message_about_a_person_is_shown_while_its_reader_may_see_them():
    user = staff(role="gp")
    browser = signed_in(user)
    tie("person")
    actions.queue(to=in_app(user.key), text="About somebody", by="test", about="person")
    assert browser.get("/messages/count/").content == b"1"
    assert "About somebody" in browser.get("/messages/").content.decode()
    tie("person", ends=clock.now() - timedelta(minutes=1))
    assert browser.get("/messages/count/").content == b"0"
    assert "About somebody" not in browser.get("/messages/").content.decode()


def test_user_without_a_hat_or_who_left_is_told_of_nobody():
    user = staff(role="gp")
    tie("person")
    assert may_be_told(user.key, "person")
    assert not may_be_told(user.key, "stranger")
    user.is_active = False
    user.save()
    assert not may_be_told(user.key, "person")
    assert not may_be_told("nobody", "person")


def test_permission_turns_into_addresses_of_those_who_hold_it():
    officer, _ = staff("colm", "privacy-officer"), staff("fiona", "gp")
    assert addresses_of("see-ledger") == [Address(Kind.IN_APP, officer.key)]


def test_page_that_asks_by_itself_keeps_no_session_alive(monkeypatch):
    browser = signed_in(staff(role="gp"))
    browser.get("/messages/")
    seen = browser.session[sessions._SEEN]
    later = time.time() + 20 * 60
    monkeypatch.setattr(sessions.time, "time", lambda: later)
    browser.get("/messages/count/", headers={"X-Background": "yes"})
    assert browser.session[sessions._SEEN] == seen
    browser.get("/messages/count/")
    assert browser.session[sessions._SEEN] == later


def test_failed_message_is_retried_or_given_up_on_the_work_list(settings):
    browser = signed_in(staff(role="data-manager"))
    assert "Nothing has failed" in browser.get("/messages/out/").content.decode()
    actions.queue(to=Address(Kind.SMS, "+441632960777"), text="Please ring us.", by="test")
    due.send_messages()
    page = browser.get("/messages/out/").content.decode()
    assert "No sender for sms is set up" in page
    assert "… 777" in page
    assert "960777" not in page
    assert "Please ring us" not in page
    address = f"/messages/out/{OutboxMessage.objects.get().key}/"
    assert browser.get(address).status_code == 200
    answer = browser.post(address, {"reason": ""})
    assert (answer.status_code, "Say why" in answer.content.decode()) == (400, True)
    assert browser.post(address, {"retry": "yes"}).status_code == 302
    settings.DEMO = True
    due.send_messages()
    assert "simulated" in browser.get("/messages/out/?show=sent").content.decode()
    assert "nothing left this machine" in browser.get(address).content.decode()
    assert OutboxMessage.objects.get().sender == Simulator().name
    browser.post(address, {"reason": "too late"})
    assert "Somebody settled this message before you" in browser.get("/messages/out/").content.decode()
    for show in ("waiting", "ended"):
        assert "Nothing" in browser.get(f"/messages/out/?show={show}").content.decode()
    assert browser.get("/messages/out/none/").status_code == 404


def test_given_up_message_shows_its_reason():
    browser = signed_in(staff(role="data-manager"))
    actions.queue(to=Address(Kind.EMAIL, "someone@example.org"), text="Please ring us.", by="test")
    due.send_messages()
    address = f"/messages/out/{OutboxMessage.objects.get().key}/"
    browser.post(address, {"reason": "Rang them"})
    page = browser.get(address).content.decode()
    assert "Rang them" in page
    assert "given up" in page


def test_work_list_is_for_those_who_mend_the_post():
    assert signed_in(staff(role="gp")).get("/messages/out/").status_code == 403
