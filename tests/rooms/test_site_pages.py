"""The site's own pages: who is let in, what the headers say, what each role finds, and that counts balance."""

import json
import re
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client
from factories.places import FOLDER, OTHER_PRACTICE, PENDING, PRACTICE, SHARING, named, practices

from oneplace.access import actions as access
from oneplace.gateway.receive import Item, receive
from oneplace.place.models import Organisation
from oneplace.site import loading, shell

pytestmark = pytest.mark.django_db
PASSWORD = "correct horse battery"


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The example place with a home folder of its own."""
    monkeypatch.setattr(settings, "HOME", tmp_path)
    loading.load_place(FOLDER, by="test")
    return tmp_path


def staff(role: str, organisation: str = PRACTICE) -> Client:
    """A browser signed in as a new member of staff."""
    told = {"display_name": f"Some {role}", "role": role, "organisation_code": organisation}
    user = access.create_user(username=role, password=PASSWORD, by="test", **told)
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def personas(home: Path) -> None:
    """What the demo command leaves for the sign-in page."""
    access.create_user(
        username="fiona", password=None, display_name="Dr Fiona", role="gp", organisation_code=PRACTICE, by="test"
    )
    one = {"username": "fiona", "name": "Dr Fiona", "role_label": "GP", "organisation_name": "X", "what_to_try": "y"}
    (home / "personas.json").write_text(json.dumps([one]))


@pytest.mark.parametrize("address", ["/", "/people/", "/feeds/", "/quarantine/", "/ledger/", "/feeds/feeds.csv"])
def test_page_sends_strangers_to_sign_in_and_back(place, address):
    answer = Client().get(address)
    assert (answer.status_code, answer.url) == (302, f"/sign-in/?next={address}")


def test_password_signs_in_and_the_wrong_one_says_what_to_do(place):
    staff("gp")
    client = Client()
    wrong = client.post("/sign-in/", {"username": "gp", "password": "no"})
    assert "The name or the password is wrong" in wrong.content.decode()
    right = client.post("/sign-in/", {"username": "gp", "password": PASSWORD, "next": "/people/"})
    assert (right.status_code, right.url) == (302, "/people/")


def test_six_wrong_passwords_lock_the_name(place):
    staff("gp")
    client = Client()
    for _ in range(6):
        answer = client.post("/sign-in/", {"username": "gp", "password": "no"})
    assert answer.status_code == 429
    assert "locked for 15 minutes" in answer.content.decode()
    assert client.post("/sign-in/", {"username": "gp", "password": PASSWORD}).status_code == 429


def test_one_click_is_for_the_demo_on_this_machine_alone(place, monkeypatch):
    personas(place)
    click = {"username": "fiona"}
    assert Client().post("/sign-in/demo/", click).status_code == 404
    monkeypatch.setattr(settings, "DEMO", True)
    monkeypatch.setattr(settings, "SECURE_SSL_REDIRECT", False)  # as in the demo, which speaks plain HTTP
    assert Client(REMOTE_ADDR="10.0.0.9").post("/sign-in/demo/", click).status_code == 404
    assert Client(headers={"X-Forwarded-For": "10.0.0.9"}).post("/sign-in/demo/", click).status_code == 404
    assert "Dr Fiona" not in Client(REMOTE_ADDR="10.0.0.9").get("/sign-in/").content.decode()
    assert Client().post("/sign-in/demo/", {"username": "someone-else"}).status_code == 404
    assert Client().post("/sign-in/demo/", click).url == "/"


def test_every_page_carries_the_safe_headers(place):
    answer = staff("data-manager").get("/feeds/")
    policy = answer["Content-Security-Policy"]
    nonce = re.search(r"'nonce-([^']+)'", policy)
    assert nonce
    assert f'nonce="{nonce[1]}"' in answer.content.decode()
    assert "unsafe" not in policy
    assert "no-store" in answer["Cache-Control"]
    assert (answer["X-Frame-Options"], answer["X-Content-Type-Options"]) == ("DENY", "nosniff")
    assert "<style" not in answer.content.decode()
    assert " style=" not in answer.content.decode()


@pytest.mark.parametrize(
    ("role", "seen", "hidden"),
    [
        ("gp", ["/people/"], ["/feeds/", "/quarantine/", "/ledger/"]),
        ("data-manager", ["/feeds/", "/quarantine/"], ["/people/", "/ledger/"]),
        ("privacy-officer", ["/feeds/", "/ledger/"], ["/people/", "/quarantine/"]),
        ("planner", [], ["/people/", "/feeds/", "/quarantine/", "/ledger/"]),
    ],
)
def test_each_role_finds_its_pages_and_is_refused_the_others(place, role, seen, hidden):
    client = staff(role)
    home = client.get("/")
    assert home.status_code == 200
    for address in seen:
        assert client.get(address).status_code == 200
        assert f'href="{address}"' in home.content.decode()
    for address in hidden:
        assert client.get(address).status_code == 403
        assert f'href="{address}"' not in home.content.decode()


def test_feeds_page_has_a_line_a_practice_and_says_who_is_pending(place):
    (place / "pending.json").write_text(json.dumps({OTHER_PRACTICE: "Waiting for the officer"}))
    words = staff("data-manager").get("/feeds/").content.decode()
    assert f"{SHARING} practices share; {PENDING} pending." in words
    pending = staff("privacy-officer").get("/feeds/?show=pending").content.decode()
    assert pending.count("op-tag--wait") == PENDING


def test_feeds_page_counts_what_came_and_that_nothing_is_lost(place):
    receive([Item("a", b"{", "test", PRACTICE), Item("b", b"{", "test", PRACTICE)], by="test")
    words = staff("data-manager").get("/feeds/").content.decode()
    assert "2 received = 0 filed + 1 quarantined + 1 duplicate" in words
    assert "✓ balances" in words


def test_csv_is_harmless_in_a_spreadsheet(place):
    Organisation.objects.filter(code=PRACTICE).update(name="=HYPERLINK(1)")
    rows = staff("data-manager").get("/feeds/feeds.csv").content.decode().splitlines()
    assert len([row for row in rows if row.startswith("practice,")]) == len(practices())
    assert any("'=HYPERLINK(1)" in row for row in rows)
    assert not any(",=HYPERLINK" in row for row in rows)


def test_quarantined_bytes_are_shown_escaped_and_the_look_is_recorded(place):
    from oneplace.gateway import queries
    from oneplace.ledger import queries as ledger

    receive([Item("a", b"{<script>alert(1)</script>", "test", PRACTICE)], by="test")
    key = queries.quarantined()[0].key
    client = staff("data-manager")
    words = client.get(f"/quarantine/{key}/").content.decode()
    assert "<script>alert" not in words
    assert "&lt;script&gt;alert" in words
    assert ledger.latest(1)[0].action == "open quarantined message"
    assert client.get("/quarantine/unknown/").status_code == 404
    done = client.post(f"/quarantine/{key}/replay/", follow=True).content.decode()
    assert "1 read again: 0 filed. 1 still can&#39;t be read" in done
    assert "1 read again" in client.post("/quarantine/replay/", {"reason": ""}, follow=True).content.decode()


def test_ledger_page_lists_and_checks(place):
    client = staff("privacy-officer")
    assert "load place" in client.get("/ledger/").content.decode()
    assert "Nothing was changed" in client.post("/ledger/verify/").content.decode()
    home = client.get("/").content.decode()
    assert "load place" in home
    assert 'action="/ledger/verify/"' in home


def test_ledger_tells_names_for_keys_and_who_touched_one_thing(place):
    """Roles and organisations by their names; a key leads to every row about it and to no other."""
    client = staff("privacy-officer")
    staff("gp").get("/feeds/")
    words = client.get("/ledger/").content.decode()
    assert "Some gp" in words
    assert f"GP, {named(PRACTICE)}" in words
    key = re.search(r'\?about=([\w-]{10,})"', words)[1]
    about = client.get("/ledger/", {"about": key}).content.decode()
    listed = set(re.findall(r"\?about=([^\"]+)\"", about))
    assert listed == {key}
    assert "No row is about this key" in client.get("/ledger/?about=nothing").content.decode()
    assert "&lt;b&gt;" in client.get("/ledger/?about=<b>").content.decode()


def test_progress_is_shown_until_everyone_is_loaded(place):
    client = staff("planner")
    (place / "progress.json").write_text(json.dumps({"state": "loading", "done": 5, "total": 10, "note": ""}))
    assert "5 of 10" in client.get("/").content.decode()
    assert client.get("/progress/?seen=loading-5").status_code == 204
    assert "5 of 10" in client.get("/progress/?seen=loading-4").content.decode()
    (place / "progress.json").write_text(json.dumps({"state": "failed", "done": 5, "total": 10, "note": "disk full"}))
    assert "disk full" in client.get("/").content.decode()
    (place / "progress.json").write_text(json.dumps({"state": "ready", "done": 10, "total": 10, "note": ""}))
    assert client.get("/progress/").status_code == 286
    assert "<progress" not in client.get("/").content.decode()


def test_kept_forgives_a_file_that_is_not_there_or_broken(place):
    assert shell.kept("nothing.json") is None
    (place / "broken.json").write_text("{")
    assert shell.kept("broken.json") is None


def test_unknown_address_is_a_page_with_a_way_on(place):
    answer = staff("gp").get("/nowhere/")
    assert answer.status_code == 404
    assert "Go to your home page" in answer.content.decode()


def test_each_choice_of_feeds_counts_the_lines_that_it_shows(place):
    receive([Item("a", b"{", "test", PRACTICE), Item("b", b"{", "test", "")], by="test")
    client = staff("data-manager")
    chips = re.findall(
        r'href="\?show=(\w+)&amp;sort=name"[^>]*>[^<(]*\((\d+)\)', client.get("/feeds/").content.decode()
    )
    assert {name for name, _ in chips} == {"all", "alarms", "pending", "silent", "waiting", "others"}
    shown = {name: client.get(f"/feeds/?show={name}").content.decode().count('<th scope="row">') for name, _ in chips}
    assert shown == {name: int(count) for name, count in chips}
    assert (shown["pending"], shown["silent"]) == (PENDING, 0)
    assert shown["others"] > 0
    assert "None is like that now" in client.get("/feeds/?show=silent").content.decode()


def test_feeds_page_of_an_empty_installation_says_what_to_do():
    assert "oneplace place load" in staff("data-manager").get("/feeds/").content.decode()
