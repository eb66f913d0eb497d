"""The second step of signing in: set up, asked for, counted when wrong; a fresh proof before what is sensitive."""

import time

import pytest
from allauth.account.authentication import AUTHENTICATION_METHODS_SESSION_KEY
from allauth.mfa.models import Authenticator
from django.core.cache import cache
from django.test import Client
from factories.places import PRACTICE
from factories.signing_in import PASSWORD, code_of, signed_in, staff, with_app

from oneplace.access.proof import date_provider_proof, proved_lately
from oneplace.ledger.queries import latest

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _both_steps(settings):
    """Outside the demo staff take a second step; wrong codes of other tests are not counted here."""
    settings.SECOND_STEP = True
    cache.clear()


def grow_old(client: Client, seconds: float) -> None:
    """As if each proof in this session were given so long ago."""
    session = client.session
    for record in session[AUTHENTICATION_METHODS_SESSION_KEY]:
        record["at"] -= seconds
    session.save()


def test_password_alone_leads_to_setting_up_a_second_step_and_nowhere_else():
    client = signed_in(staff())
    for address in ("/", "/feeds/", "/account/password/"):
        assert client.get(address).url == "/account/"
    page = client.get("/account/").content.decode()
    assert "Set up a second step" in page
    assert "Change your password" not in page


def test_app_is_set_up_with_its_code_and_recovery_codes_are_shown_once():
    user = staff()
    client = signed_in(user)
    page = client.get("/account/app/")
    secret = page.context_data["form"].secret
    assert secret in page.content.decode()
    assert "not right" in client.post("/account/app/", {"code": "000000"}).content.decode()
    assert client.post("/account/app/", {"code": code_of(secret)}).url == "/account/codes/"
    assert "shown this one time only" in client.get("/account/codes/").content.decode()
    assert "They were shown once" in client.get("/account/codes/").content.decode()
    assert client.get("/feeds/").status_code == 200
    kept = Authenticator.objects.get(user=user, type="totp").data["secret"]
    assert secret not in kept


def test_sign_in_asks_for_the_code_and_takes_each_once():
    user = staff()
    secret = with_app(user)
    code = code_of(secret)
    client = Client()
    asked = client.post("/sign-in/?next=/feeds/", {"username": "asha", "password": PASSWORD, "next": "/feeds/"})
    assert asked.url == "/sign-in/second-step/"
    assert client.get("/feeds/").url.startswith("/sign-in/")
    assert client.post("/sign-in/second-step/", {"code": code}).url == "/feeds/"
    assert client.get("/feeds/").status_code == 200
    line = latest(1, action="sign in")[0]
    assert (line.actor, line.role, line.organisation) == (user.key, "data-manager", PRACTICE)
    assert line.detail == '{"by":["password","mfa"]}'
    other = signed_in(user)
    assert "not right" in other.post("/sign-in/second-step/", {"code": code}).content.decode()


def test_recovery_code_lets_in_once():
    user = staff()
    with_app(user)
    code = Authenticator.objects.get(user=user, type="recovery_codes").wrap().get_unused_codes()[0]
    assert signed_in(user).post("/sign-in/second-step/", {"code": code}).status_code == 302
    assert "not right" in signed_in(user).post("/sign-in/second-step/", {"code": code}).content.decode()


def test_wrong_codes_count_like_wrong_passwords_and_lock_the_name():
    user = staff()
    secret = with_app(user)
    client = signed_in(user)
    for _ in range(6):
        answer = client.post("/sign-in/second-step/", {"code": "000000"})
    assert answer.status_code == 429
    assert "locked for 15 minutes" in answer.content.decode()
    assert client.post("/sign-in/second-step/", {"code": code_of(secret)}).status_code == 429
    assert Client().post("/sign-in/", {"username": "asha", "password": PASSWORD}).status_code == 429


def test_second_step_without_a_first_leads_to_sign_in():
    assert Client().get("/sign-in/second-step/").url == "/sign-in/"


def test_last_second_step_stays_and_removing_needs_a_fresh_proof():
    user = staff()
    secret = with_app(user)
    client = signed_in(user)
    client.post("/sign-in/second-step/", {"code": code_of(secret)})
    assert "only second step" in client.post("/account/app/remove/").content.decode()
    grow_old(client, 6 * 60)
    assert client.post("/account/app/remove/").url == "/confirm/?next=%2Faccount%2Fapp%2Fremove%2F"
    assert client.get("/account/codes/new/").url.startswith("/confirm/")


def test_stale_proof_is_asked_for_again_and_what_was_posted_is_kept(settings):
    settings.SECOND_STEP = False
    user = staff()
    client = signed_in(user)
    grow_old(client, 4 * 60)
    assert client.get("/account/password/").status_code == 200
    grow_old(client, 2 * 60)
    new = {"new_password1": "three other words here", "new_password2": "three other words here"}
    asked = client.post("/account/password/", new)
    assert asked.url == "/confirm/?next=%2Faccount%2Fpassword%2F"
    page = client.get(asked.url).content.decode()
    assert "Confirm that it is you" in page
    assert 'name="password"' in page
    assert client.post(asked.url, {"password": "wrong", "next": "/account/password/"}).status_code == 422
    done = client.post(asked.url, {"password": PASSWORD, "next": "/account/password/"})
    assert done.url == "/account/"
    user.refresh_from_db()
    assert user.check_password("three other words here")
    assert latest(1, action="change password")[0].actor == user.key


def test_who_has_a_second_step_confirms_by_it_and_not_by_the_password():
    user = staff()
    secret = with_app(user)
    client = signed_in(user)
    client.post("/sign-in/second-step/", {"code": code_of(secret)})
    grow_old(client, 10 * 60)
    asked = client.get("/account/password/")
    assert client.post(asked.url, {"password": PASSWORD}).status_code == 422
    assert client.post(asked.url, {"code": code_of(secret, 1)}).url == "/account/password/"
    assert client.get("/account/password/").status_code == 200


def test_demo_confirms_with_one_click_on_this_machine_alone(settings):
    settings.SECOND_STEP, settings.DEMO, settings.SECURE_SSL_REDIRECT = False, True, False
    user = staff()
    user.set_unusable_password()
    user.save()
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    asked = client.get("/account/password/")
    assert "Confirm with one click" in client.get(asked.url).content.decode()
    away = {"headers": {"X-Forwarded-For": "10.0.0.9"}}
    assert "You sign in elsewhere" in client.get(asked.url, **away).content.decode()
    assert client.post(asked.url, {"demo": "yes"}, **away).status_code == 422
    assert client.post(asked.url, {"demo": "yes"}).url == "/account/password/"
    assert client.get("/account/password/").status_code == 200


def test_weak_passwords_are_refused_with_what_to_do(settings):
    settings.SECOND_STEP = False
    client = signed_in(staff())
    for told in ({"new_password1": "short", "new_password2": "short"}, {"new_password1": "a" * 12}):
        refused = client.post("/account/password/", told)
        assert refused.status_code == 422
        assert "There is a problem" in refused.content.decode()


def test_passkey_that_the_browser_made_up_is_refused():
    user = staff()
    client = signed_in(user)
    page = client.get("/account/passkeys/add/")
    assert page.status_code == 200
    assert "not accepted" in client.post("/account/passkeys/add/", {"credential": "{}"}).content.decode()
    assert client.get("/account/passkeys/1/remove/").status_code == 404
    options = Client().get("/sign-in/passkey/", headers={"Accept": "application/json"}).json()
    assert options["request_options"]["publicKey"]["userVerification"] == "required"
    assert Client().post("/sign-in/passkey/", {"credential": "{}"}).url == "/sign-in/"


def test_proofs_of_this_session_are_of_real_time(settings):
    """The demo's moved clock makes no proof fresh."""
    client = signed_in(staff())
    records = client.session[AUTHENTICATION_METHODS_SESSION_KEY]
    assert [record["method"] for record in records] == ["password"]
    assert abs(records[0]["at"] - time.time()) < 3600


def test_provider_dates_no_proof_that_was_given_here(rf):
    user = staff()
    request = rf.get("/")
    request.user, request.session = user, signed_in(user).session
    before = request.session[AUTHENTICATION_METHODS_SESSION_KEY][-1]["at"]
    date_provider_proof(request, 0.0)
    assert request.session[AUTHENTICATION_METHODS_SESSION_KEY][-1]["at"] == before
    assert proved_lately(request)
