"""NHS login for people: who is proved beyond doubt sees their own record, others are sent to their practice."""

from datetime import timedelta

import pytest
import requests
from django.core.cache import cache
from django.test import Client
from factories.places import HOSPITAL, PRACTICE, load_few
from factories.senders import JULY, MARY, OTHER, file, hospital, problem, surgery
from fakes.identity_provider import identity_provider
from test_site_oidc import come_back, keys, prove, there, use

from oneplace.access import own, users
from oneplace.access.models import User
from oneplace.access.rules import Actor
from oneplace.kernel import clock
from oneplace.ledger.queries import latest
from oneplace.record.models import LocalPatient

pytestmark = [pytest.mark.django_db, pytest.mark.filterwarnings("ignore:.*get_jwt_config.*:DeprecationWarning")]
assert keys  # the module's fixture, used here by name
CLAIMS = {
    "nhs_number": MARY,
    "birthdate": "1951-12-12",
    "family_name": "BURROWS",
    "identity_proofing_level": "P9",
}
BY = Actor("desk", "Rosa", "receptionist", PRACTICE)


@pytest.fixture
def provider(keys, tmp_path, settings):
    """The provider, which proves people, with the client's address at it."""
    cache.clear()
    (tmp_path / "key.pem").write_bytes(keys[0])
    with identity_provider(keys[1]) as (address, _):
        told = {"id": "cis2", "name": "NHS login", "server_url": address, "client_id": "us", "key_id": "k1"}
        told |= {"key_file": tmp_path / "key.pem", "people": True, "scope": ["openid", "profile"]}
        use(settings, told)
        yield address


@pytest.fixture
def person() -> str:
    load_few(PRACTICE, HOSPITAL)
    file(surgery(problem(), code=PRACTICE), hospital(code=HOSPITAL))
    return LocalPatient.objects.get(local_id="p1").person.key


def arrive(provider: str, sub: str = "mary", **claims: object):
    """Sign in there with these claims; the browser, and the answer here."""
    requests.put(f"{provider}/users/{sub}", json=CLAIMS | claims, timeout=10).raise_for_status()
    client = Client()
    return client, come_back(client, prove(there(client), sub))


def test_proved_person_sees_their_own_record_and_the_same_sign_in_next_time(provider, person):
    client, answer = arrive(provider)
    assert answer.status_code == 302
    assert "Hypertension" in client.get("/my-record/").content.decode()
    (line,) = own.own_people(person)
    assert (line.kind, line.check_made, line.given_by) == ("self", "nhs-login", "NHS login")
    row = latest(1, action="give own access")[0]
    assert (row.actor, row.subject) == ("provider:cis2", person)
    assert MARY not in row.detail
    again, _ = arrive(provider)
    assert "Hypertension" in again.get("/my-record/").content.decode()
    assert User.objects.count() == 1
    assert not User.objects.get().has_usable_password()


@pytest.mark.parametrize(
    "claims",
    [
        {"identity_proofing_level": "P5"},
        {"identity_proofing_level": None},
        {"birthdate": "1951-12-13"},
        {"birthdate": "soon"},
        {"family_name": "ALDER"},
        {"family_name": ""},
        {"nhs_number": OTHER},
        {"nhs_number": "1234567890"},
        {"nhs_number": ""},
    ],
)
def test_whatever_is_in_doubt_opens_nothing_and_makes_no_user(provider, person, claims):
    client, answer = arrive(provider, **claims)
    assert answer.status_code == 403
    assert "Ask your practice" in answer.content.decode()
    assert client.get("/my-record/").status_code == 302
    assert not User.objects.exists()
    assert own.own_people(person) == []


def test_sources_that_disagree_under_16_and_the_dead_are_left_to_the_practice(provider, person):
    young = (clock.now() - timedelta(days=15 * 365)).date().isoformat()
    file(surgery(code=PRACTICE, local="p3", number=OTHER, born=young, given="Sam"))
    assert arrive(provider, nhs_number=OTHER, birthdate=young)[1].status_code == 403
    file(hospital(code=HOSPITAL, born="19511213", day="20210106"))
    assert arrive(provider)[1].status_code == 403
    assert not User.objects.exists()


def test_access_that_was_ended_is_not_given_back_by_signing_in(provider, person):
    arrive(provider)
    (line,) = own.own_people(person)
    own.end_own_access(person=person, key=line.key, reason="somebody stood behind her", by=BY)
    assert arrive(provider)[1].status_code == 403
    assert arrive(provider, "another")[1].status_code == 403
    assert len(own.own_people(person)) == 1


def test_number_that_has_become_another_persons_opens_nothing_any_more(provider, person):
    arrive(provider)
    file(surgery(code=PRACTICE, number="", at=JULY), hospital(code=HOSPITAL, number="", day="20210701"))
    assert arrive(provider)[1].status_code == 403


def test_sign_in_given_by_a_practice_may_be_connected_and_is_not_judged_by_the_number(provider, person):
    own.give_own_access(person=person, username="mary", name="Mary", check=own.Check("photo-id", "passport"), by=BY)
    user = User.objects.get(username="mary")
    users.connect_identity(user=user, provider="cis2", uid="mary", by=BY)
    client, answer = arrive(provider, nhs_number="")
    assert answer.status_code == 302
    assert client.get("/my-record/").status_code == 200


def test_provider_that_proves_nobody_makes_nobody(provider, person, settings):
    for one in settings.IDENTITY_PROVIDERS:
        one.people = False
    assert "Nobody here has this identity" in arrive(provider)[1].content.decode()
    assert not User.objects.exists()
