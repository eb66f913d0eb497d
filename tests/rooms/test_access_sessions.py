"""Sessions: they end when idle or old, a user has a few at most, and may see and end them."""

import pytest
from allauth.usersessions.models import UserSession
from django.test import Client
from factories.signing_in import signed_in, staff

from oneplace.access import sessions
from oneplace.ledger.queries import latest

pytestmark = pytest.mark.django_db


def shift(client: Client, **seconds: float) -> None:
    session = client.session
    for name, by in seconds.items():
        session[name] -= by
    session.save()


@pytest.mark.parametrize(
    ("began", "seen", "words"),
    [
        (None, None, ""),
        (0.0, None, ""),
        (0, 200, ""),
        (0, 1700, ""),
        (1700, 199, "nothing was done for 30 minutes"),
        (2000 - 8 * 3600 - 1, 1999, "lasts 8 hours"),
    ],
)
def test_session_is_over_when_idle_or_old(began, seen, words):
    said = sessions.over(began, seen, 2000)
    assert words in said
    assert bool(said) == bool(words)


def test_idle_session_leads_to_sign_in_and_says_why():
    client = signed_in(staff())
    assert client.get("/feeds/").status_code == 200
    shift(client, seen=31 * 60)
    ended = client.get("/feeds/")
    assert ended.url == "/sign-in/?next=/feeds/"
    assert "nothing was done for 30 minutes" in client.get(ended.url).content.decode()


def test_session_in_use_ends_after_its_hours_too():
    client = signed_in(staff())
    client.get("/feeds/")
    shift(client, began=8 * 3600 + 1)
    assert client.get("/feeds/").status_code == 302
    assert "8 hours at most" in client.get("/sign-in/").content.decode()


def test_use_is_kept_to_the_minute():
    user = staff()
    client = signed_in(user)
    client.get("/feeds/")
    before = client.session["seen"]
    client.get("/feeds/")
    assert client.session["seen"] == before
    shift(client, seen=61)
    listed = UserSession.objects.get(user=user).last_seen_at
    client.get("/feeds/")
    assert client.session["seen"] >= before
    assert UserSession.objects.get(user=user).last_seen_at > listed


def test_one_session_too_many_ends_the_oldest_and_is_kept_in_the_ledger():
    user = staff()
    clients = []
    for _ in range(4):
        clients.append(signed_in(user))
        assert clients[-1].get("/feeds/").status_code == 200
    assert [client.get("/feeds/").status_code for client in clients] == [302, 200, 200, 200]
    assert len(sessions.sessions_of(user)) == 3
    assert "older sessions ended" in latest(1, action="sign in")[0].detail


def test_own_sessions_are_listed_and_the_others_ended():
    user = staff()
    here, there = signed_in(user), signed_in(user)
    here.get("/"), there.get("/")
    page = here.get("/account/").content.decode()
    assert "2 sessions of 3" in page
    assert page.count("this one") == 1
    done = here.post("/account/sessions/", follow=True).content.decode()
    assert "Other sessions ended: 1." in done
    assert there.get("/feeds/").status_code == 302
    assert here.get("/feeds/").status_code == 200
    line = latest(1, action="end sessions")[0]
    assert (line.actor, line.subject, line.role) == (user.key, user.key, "data-manager")
    assert "You have no other session" in here.post("/account/sessions/", follow=True).content.decode()


def test_session_keeps_its_place_in_the_list_when_its_key_changes():
    user = staff()
    client = signed_in(user)
    client.get("/feeds/")
    session = client.session
    session.cycle_key()
    session.save()
    client.cookies["sessionid"] = session.session_key
    client.get("/feeds/")
    assert [one.session_key for one in sessions.sessions_of(user)] == [session.session_key]
    assert len(latest(100, action="sign in")) == 1
