"""Staff give a person, or who acts for them, access to the record: in reach only, proved anew, in the ledger."""

import re
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.test import Client
from factories.places import COMMUNITY, HOSPITAL, OTHER_PRACTICE, PRACTICE, load_few
from factories.senders import file, surgery
from factories.signing_in import PASSWORD, signed_in, staff
from typer.testing import CliRunner

from oneplace.access import own
from oneplace.kernel import clock
from oneplace.ledger.queries import latest
from oneplace.record.models import LocalPatient

pytestmark = pytest.mark.django_db
OWN = {"name": "Mary Burrows", "username": "mary", "check_made": "photo-id", "how": "passport, seen today"}
PROXY = OWN | {"name": "Anna Burrows", "username": "anna", "authority": "agreed", "scope": ["plan"]}


@pytest.fixture
def person() -> str:
    cache.clear()
    load_few(PRACTICE, OTHER_PRACTICE, HOSPITAL, COMMUNITY)
    file(surgery(code=PRACTICE))
    return LocalPatient.objects.get(local_id="p1").person.key


@pytest.fixture
def desk(person) -> Client:
    """The browser of the practice's receptionist."""
    return signed_in(staff("rosa", "receptionist"))


def give(client: Client, person: str, kind: str, told: dict[str, object]):
    return client.post(f"/people/{person}/own-people/give/{kind}/", told)


def today() -> str:
    return clock.to_london(clock.now()).date().isoformat()


def test_receptionist_gives_the_person_a_link_that_works_once(desk, person):
    assert f"/people/{person}/own-people/" in desk.get(f"/people/{person}/").content.decode()
    assert b"Nobody yet" in desk.get(f"/people/{person}/own-people/").content
    shown = give(desk, person, "own", OWN)
    token = re.search(r"/welcome/([\w-]{20,})/", shown.content.decode())[1]
    guest = Client()
    guest.get(f"/welcome/{token}/")
    assert guest.post("/welcome/", {"new_password1": PASSWORD, "new_password2": PASSWORD}).url == "/"
    page = desk.get(f"/people/{person}/own-people/").content.decode()
    assert "passport, seen today" in page
    assert "Rosa" in page
    assert latest(1, action="give own access")[0].subject == person


def test_proxy_is_given_with_scope_and_days_and_ended_with_a_reason(desk, person):
    last = (clock.to_london(clock.now()).date() + timedelta(days=30)).isoformat()
    told = PROXY | {"starts": today(), "ends": last, "visits_only": "yes"}
    assert give(desk, person, "proxy", told).status_code == 200
    (line,) = own.own_people(person)
    assert (line.kind, line.scope, line.authority, line.may_choose) == ("proxy", ("plan",), "agreed", False)
    assert clock.to_london(line.ends).date().isoformat() > last
    assert line.is_open(clock.now())
    assert line.visits_only
    assert "Visits and booked contacts only" in desk.get(f"/people/{person}/own-people/").content.decode()
    page = desk.get(f"/people/{person}/own-people/{line.key}/end/")
    assert b"End the access of Anna Burrows" in page.content
    assert desk.post(f"/people/{person}/own-people/{line.key}/end/").status_code == 422
    assert desk.post(f"/people/{person}/own-people/{line.key}/end/", {"reason": "asked"}).status_code == 302
    assert b"can&#39;t see this record any more" in desk.get(f"/people/{person}/own-people/").content
    assert desk.post(f"/people/{person}/own-people/{line.key}/end/", {"reason": "asked"}).status_code == 404


def test_who_signs_in_already_gets_no_link(desk, person):
    give(desk, person, "own", OWN)
    file(surgery(code=PRACTICE, local="p2", number="", given="Peter", born="1980-01-01"))
    other = LocalPatient.objects.get(local_id="p2").person.key
    tomorrow = (clock.to_london(clock.now()).date() + timedelta(days=1)).isoformat()
    done = give(desk, other, "proxy", PROXY | {"username": "mary", "starts": tomorrow})
    assert done.url == f"/people/{other}/own-people/"
    assert b"Not begun" in desk.get(done.url).content


WRONG = (
    ("own", {}, "Enter their name"),
    ("own", OWN | {"username": "with space"}, "letters, digits"),
    ("own", OWN | {"username": "rosa"}, "works here"),
    ("own", OWN | {"how": ""}, "Say what you looked at"),
    ("proxy", PROXY | {"starts": "soon"}, "Enter the first day"),
    ("proxy", PROXY | {"scope": ["safeguarding"], "starts": "2026-01-01"}, "Choose at least one"),
    ("proxy", PROXY | {"starts": "2026-01-01", "ends": "2020-01-01"}, "The last day is before"),
    ("proxy", PROXY | {"starts": "2026-01-01", "may_choose": "yes"}, "can&#39;t choose for them"),
)


def test_form_says_what_is_missing_and_keeps_what_was_typed(desk, person):
    for kind, told, words in WRONG:
        refused = give(desk, person, kind, told)
        assert (refused.status_code, words in refused.content.decode()) == (422, True), words
        assert told.get("name", "") in refused.content.decode()
    assert own.own_people(person) == []


def test_who_does_not_care_for_the_person_finds_nobody(person):
    give(signed_in(staff("rosa", "receptionist")), person, "own", OWN)
    (line,) = own.own_people(person)
    far = signed_in(staff("far", "receptionist", OTHER_PRACTICE))
    gp = signed_in(staff("ruth", "gp", OTHER_PRACTICE))
    for client in (far, gp):
        assert client.get(f"/people/{person}/own-people/").status_code == 404
        assert give(client, person, "own", OWN).status_code == 404
        assert client.post(f"/people/{person}/own-people/{line.key}/end/", {"reason": "x"}).status_code == 404
    assert signed_in(staff("ward", "ward-nurse")).get(f"/people/{person}/own-people/").status_code == 403


def test_there_are_two_kinds_to_give(desk, person):
    assert give(desk, person, "other", OWN).status_code == 404
    assert b"Safeguarding is never shown" in desk.get(f"/people/{person}/own-people/give/proxy/").content


def test_giving_asks_for_a_fresh_proof(desk, person, settings):
    settings.STEP_UP_MINUTES = 0
    assert "/confirm/" in give(desk, person, "own", OWN).url
    assert own.own_people(person) == []


def test_operator_gives_lists_and_ends_on_the_command_line(person, monkeypatch):
    from oneplace.site.commands import user

    monkeypatch.setattr(user, "start_up", lambda: None)

    def run(*words: str):
        return CliRunner().invoke(user.app, words)

    who = ("--person", person, "--how", "passport")
    assert "/welcome/" in run("person", "mary", "--name", "Mary", *who).stdout
    acts = ("--authority", "agreed", "--scope", "plan; documents", "--until", "2099-01-01")
    assert "/welcome/" in run("proxy", "anna", "--name", "Anna", *who, *acts).stdout
    listed = run("own-people", "--person", person).stdout
    assert "plan; documents" in listed
    assert run("proxy", "anna", "--name", "Anna", *who, *acts).exit_code == 1
    keys = {line.username: line.key for line in own.own_people(person)}
    assert run("end-own", keys["anna"], "--person", person, "--reason", "asked").exit_code == 0
    assert "not open" in run("own-people", "--person", person).stdout
    assert run("own-people", "--person", "nobody").exit_code == 1
    assert latest(1, action="list own people")[0].subject == person
    assert latest(1, action="end own access")[0].actor == "operator"
