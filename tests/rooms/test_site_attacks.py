"""What an attacker would try at the pages: forged forms, words that break, ways to another site, locks gone round, a
hat's reach from under another, keys of others, and whatever an answer's cost or size might tell of a hidden person.
"""

import random
import re
import sys
from datetime import timedelta
from importlib import import_module
from pathlib import Path

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import get_resolver
from factories.places import FOLDER, OTHER_PRACTICE, PRACTICE
from factories.senders import OTHER, file, problem, surgery
from factories.signing_in import PASSWORD, signed_in, staff

from oneplace.access import actions, policy
from oneplace.access.models import Employment, User
from oneplace.kernel import clock
from oneplace.kernel.ids import new_person_id
from oneplace.record.models import LocalPatient
from oneplace.site import loading

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))
walk = import_module("promises.nothing_forgotten")
exits = import_module("exits")

pytestmark = pytest.mark.django_db
NASTY = (
    "%00",
    "%FF",
    "-1",
    "9" * 40,
    "a" * 3000,
    "..%2f..%2fetc",
    "%F0%9F%92%A9",
    "%0d%0aX-Evil:%20yes",
    "' OR 1=1 --",
)
AWAY = (
    *("https://evil.example/", "//evil.example", "/\\evil.example", "///evil.example", "http:evil.example"),
    *("javascript:alert(1)", "\t//evil.example", "https:///evil.example", "\\\\evil.example"),
)
PARAMETER = re.compile(r"<(?:(\w+):)?(\w+)>")


@pytest.fixture(autouse=True)
def _fresh_and_quick(settings) -> None:
    """No limits left from elsewhere; passwords are hashed at little cost, for what is tried here is the way in."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    cache.clear()


def patterns() -> list[tuple[str, object]]:
    """Each address with its view; those of static files are the package's."""
    return [(path, view) for path, view in walk.addresses(get_resolver()) if not path.startswith(("static/", "^"))]


def filled(path: str, value: str) -> str:
    """An address with a value in the place of its parameters, as far as their kind lets it in."""
    of_kind = {"int": "9" * 18 if value == "9" * 40 else "1", "slug": "own", "day": "2026-01-01"}
    return "/" + PARAMETER.sub(lambda found: of_kind.get(found[1], value), path)


def test_no_form_is_taken_without_its_token():
    client = Client(enforce_csrf_checks=True)
    client.force_login(staff("anna", "gp"), backend="django.contrib.auth.backends.ModelBackend")
    forged = {}
    for path, view in patterns():
        if policy.policy_of(view) != policy.Policy("machine"):
            answer = client.post(filled(path, "x"), {"username": "x"})
            forged[path] = answer.status_code
    assert len(forged) > 50
    assert {path: code for path, code in forged.items() if code != 403} == {}


@pytest.mark.parametrize("role", ["", "gp", "data-manager", "privacy-officer"])
def test_no_address_breaks_on_what_nobody_should_send(role):
    client = Client(raise_request_exception=False)
    if role:
        client.force_login(staff("anna", role), backend="django.contrib.auth.backends.ModelBackend")
    may = import_module("oneplace.access.roles").permissions_of(role)
    broken, chosen = set(), random.Random(f"nasty {role}")
    for path, view in patterns():
        asked = policy.policy_of(view)
        if path == "sign-out/" or (asked and asked.permission and asked.permission not in may):
            continue
        for value in (NASTY[0], *chosen.sample(NASTY[1:], 2)) if "<" in path else ():
            if client.get(filled(path, value)).status_code >= 500:
                broken.add((path, value[:20]))
        words = {name: "\x00'\"<\u202e" for name in (*exits._VALUES, "from", "reason", "note", "key", "search", "who")}
        fields = words | {name: "\x00x" for name in ("text", "username", "password", "next", "organisation", "hat")}
        for answer in (client.get(filled(path, "x"), words), client.post(filled(path, "x"), fields)):
            if answer.status_code >= 500:
                broken.add((path, answer.wsgi_request.method))
    assert broken == set()


def test_next_leads_to_no_other_site():
    user = staff("anna", "gp")
    worn, client = Employment.objects.get(user=user).key, Client()
    for away in AWAY:
        answers = [
            client.post("/sign-in/", {"username": "anna", "password": PASSWORD, "next": away}),
            client.get("/sign-in/", {"next": away}),
            client.post("/hat/", {"hat": worn, "next": away}),
            client.get("/hat/", {"next": away}),
            client.post("/confirm/", {"password": PASSWORD, "next": away}),
            client.post(f"/confirm/?next={away}", {"password": PASSWORD}),
            client.post("/sign-out/", {"next": away}),
        ]
        assert [answer.url for answer in answers if "evil" in answer.headers.get("Location", "")] == []
        assert all(b'href="' + away.encode() not in answer.content for answer in answers)


def test_lock_is_not_gone_round_by_another_address_told_or_another_spelling():
    staff("anna", "gp")
    names = ["anna", " anna", "anna ", "ａｎｎａ", "anna", "anna"]
    for number, name in enumerate(names):
        Client(HTTP_X_FORWARDED_FOR=f"10.0.0.{number}", HTTP_X_FORWARDED_PROTO="https").post(
            "/sign-in/", {"username": name, "password": "wrong"}
        )
    client = Client(HTTP_X_FORWARDED_FOR="10.0.0.99", HTTP_X_FORWARDED_PROTO="https")
    answer = client.post("/sign-in/", {"username": "anna", "password": PASSWORD})
    assert answer.status_code == 429
    assert "_auth_user_id" not in client.session


def test_codes_cannot_be_tried_at_the_fresh_proof_without_end():
    user = staff("anna", "gp")
    client = signed_in(user)
    answers = [client.post("/confirm/", {"password": f"wrong {number}"}).status_code for number in range(8)]
    assert 429 in answers
    assert client.post("/confirm/", {"password": PASSWORD}).status_code == 429


@pytest.fixture
def two() -> tuple[str, str]:
    """A person of this practice and one of the other; the other practice shares nothing."""
    loading.load_place(FOLDER, by="test")
    file(surgery(problem(), code=PRACTICE), surgery(problem("x2"), code=OTHER_PRACTICE, local="p2", number=OTHER))
    shares = {"controller_code": PRACTICE, "starts": clock.now().date() - timedelta(days=9)}
    actions.load_agreements([shares], by="test")
    return tuple(str(LocalPatient.objects.get(local_id=local).person.key) for local in ("p1", "p2"))


def about(person: str) -> list[str]:
    """Each address about one person."""
    paths = [path for path, _ in patterns() if path.startswith("people/<str:person_id>/")]
    assert len(paths) > 8
    return ["/" + PARAMETER.sub(lambda found: person if found[2] == "person_id" else "1", path) for path in paths]


def refused(client: Client, person: str) -> bool:
    """True where each address about a person ends in a refusal, also after the proof that some ask for first."""
    answers = [client.get(address) for address in about(person)]
    asked = [answer.url for answer in answers if answer.status_code == 302]
    return all(answer.status_code in (302, 403, 404, 405) for answer in answers) and all(
        url.startswith("/confirm/") for url in asked
    )


def test_hat_of_one_employer_reaches_nobody_of_another(two):
    mine, theirs = two
    user = staff("anna", "receptionist", PRACTICE)
    second = Employment.objects.create(
        user=user, role="receptionist", organisation_code=OTHER_PRACTICE, starts=clock.real_now() - timedelta(1)
    )
    first = Employment.objects.exclude(pk=second.pk).get(user=user)
    client = Client()
    client.force_login(User.objects.get(pk=user.pk), backend="django.contrib.auth.backends.ModelBackend")
    client.post("/hat/", {"hat": first.key})
    assert client.get(f"/people/{mine}/").status_code == 200
    assert refused(client, theirs)
    assert theirs not in client.get("/people/").content.decode()
    client.post("/hat/", {"hat": second.key})
    assert client.get(f"/people/{theirs}/").status_code == 200
    assert refused(client, mine)
    assert mine not in client.get("/people/").content.decode(), "whom one opened under the other hat isn't listed"


@pytest.mark.parametrize("role", ["receptionist", "gp"])
def test_hidden_person_costs_as_much_as_nobody(two, role):
    """The same answer to the byte, by the same number of questions to the database: nothing to time."""
    _, theirs = two
    client = Client()
    client.force_login(staff("anna", role), backend="django.contrib.auth.backends.ModelBackend")
    client.get("/people/")
    seen = []
    for person in (theirs, str(new_person_id())):
        answers = []
        for address in about(person):
            with CaptureQueriesContext(connection) as asked:
                answer = client.get(address)
            body = re.sub(rb'nonce="[^"]*"|name="csrfmiddlewaretoken" value="[^"]*"', b"", answer.content)
            answers.append((answer.status_code, body.replace(person.encode(), b""), len(asked)))
        seen.append(answers)
    assert seen[0] == seen[1]


def test_what_is_sensitive_asks_for_a_fresh_proof():
    """A session left open does none of these: the list holds the addresses that have to ask."""
    asking = {path for path, view in patterns() if policy.asks_for_proof(view)}
    assert asking >= {
        *("users/new/", "users/employ/", "users/roles/<str:key>/end/", "users/<str:key>/<slug:act>/"),
        *("agreements/<str:code>/sign/", "agreements/<str:code>/<day:starts>/end/", "agreements/templates/new/"),
        *("people/<str:person_id>/own-people/give/<slug:kind>/", "people/<str:person_id>/own-people/<str:key>/end/"),
        "account/password/",
    }
