"""Sign-in at an identity provider, against a real one on this machine that asks for a signed statement."""

import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from allauth.account.authentication import AUTHENTICATION_METHODS_SESSION_KEY
from allauth.socialaccount.models import SocialAccount
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from django.conf import settings as django_settings
from django.core.cache import cache
from django.test import Client
from factories.places import PRACTICE
from factories.signing_in import signed_in, staff
from fakes.identity_provider import Guard, identity_provider

from oneplace.access import users
from oneplace.access.rules import Actor
from oneplace.ledger.queries import latest
from oneplace.site.config import IdentityProvider, apps_from

pytestmark = [pytest.mark.django_db, pytest.mark.filterwarnings("ignore:.*get_jwt_config.*:DeprecationWarning")]
OPERATOR = Actor("operator", "operator", "", "")
UID = "555012345678"


@pytest.fixture(scope="module")
def keys() -> tuple[bytes, bytes]:
    """A client's private and public key."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return private, public


@pytest.fixture
def guard(keys, tmp_path, settings) -> Iterator[Guard]:
    """The provider, named cis2 in the settings of this place."""
    cache.clear()
    (tmp_path / "key.pem").write_bytes(keys[0])
    with identity_provider(keys[1]) as (address, guard):
        told = {"id": "cis2", "name": "NHS CIS2", "server_url": address, "client_id": "us", "key_id": "k1"}
        use(settings, told | {"key_file": tmp_path / "key.pem", "second_step": True})
        yield guard


def use(settings: Any, told: dict[str, Any]) -> None:
    """Have this provider in the settings."""
    one = IdentityProvider(**told)
    settings.IDENTITY_PROVIDERS = [one]
    settings.PROVIDERS_WITH_SECOND_STEP = {one.id} if one.second_step else set()
    settings.SOCIALACCOUNT_PROVIDERS = {
        "openid_connect": django_settings.SOCIALACCOUNT_PROVIDERS["openid_connect"] | {"APPS": apps_from([one])}
    }


def there(client: Client, **asked: str) -> str:
    """Go to the provider; returns the address asked there."""
    return str(client.get("/sign-in/with/cis2/", asked).url)


def prove(address: str, sub: str = UID) -> str:
    """Sign in there as `sub`; returns the way back."""
    return requests.post(address, data={"sub": sub}, allow_redirects=False, timeout=10).headers["Location"]


def come_back(client: Client, address: str) -> Any:
    """Bring the provider's answer to this place."""
    parts = urlsplit(address)
    return client.get(f"{parts.path}?{parts.query}")


def connected(role: str = "gp") -> Any:
    user = staff("asha", role)
    users.connect_identity(user=user, provider="cis2", uid=UID, by=OPERATOR)
    return user


def test_signed_statement_nonce_and_proof_key_go_to_the_provider(guard):
    connected()
    client = Client()
    asked = parse_qs(urlsplit(there(client, next="/people/", auth_params="acr_values=0", scope="admin")).query)
    assert {"nonce", "state", "code_challenge"} <= set(asked)
    assert asked["scope"] == ["openid"]
    assert "acr_values" not in asked
    done = come_back(client, prove(there(client, next="/people/")))
    assert (done.status_code, done.url) == (302, "/people/")
    assert [one["iss"] for one in guard.statements] == ["us"]
    assert "client_secret" not in guard.sent[-1]
    assert client.get("/people/").status_code == 200
    assert latest(1, action="sign in")[0].detail == '{"by":["socialaccount"]}'
    assert SocialAccount.objects.get().extra_data == {}


def test_provider_that_vouches_for_a_second_step_suffices(guard, settings):
    settings.SECOND_STEP = True
    connected()
    client = Client()
    come_back(client, prove(there(client)))
    assert client.get("/").status_code == 200
    settings.PROVIDERS_WITH_SECOND_STEP = set()
    assert client.get("/").url == "/account/"


def test_unknown_identity_signs_nobody_in_and_makes_no_user(guard):
    connected()
    client = Client()
    answer = come_back(client, prove(there(client), "somebody else"))
    assert "Nobody here has this identity" in answer.content.decode()
    assert client.get("/").status_code == 302
    assert SocialAccount.objects.count() == 1


def test_answer_counts_once_and_only_in_the_browser_that_asked(guard):
    connected()
    client = Client()
    answer = prove(there(client))
    assert come_back(Client(), answer).status_code == 401
    assert come_back(client, answer).status_code == 302
    again = come_back(client, answer)
    assert again.status_code == 401
    assert "You are not signed in" in again.content.decode()


def test_answer_to_another_question_is_refused(guard):
    """The nonce: an answer that was got for another question of this browser is no answer to the newest."""
    connected()
    client = Client()
    answer = prove(there(client))
    there(client)
    assert come_back(client, answer).status_code == 401
    assert client.get("/").status_code == 302


def test_wrong_key_is_refused_by_the_provider(guard, settings, tmp_path, keys):
    connected()
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (tmp_path / "key.pem").write_bytes(other)
    client = Client()
    assert come_back(client, prove(there(client))).status_code == 401
    assert guard.sent
    assert not guard.statements


def test_denied_there_leads_back_to_sign_in(guard):
    client = Client()
    address = there(client)
    denied = requests.post(address, data={"action": "deny"}, allow_redirects=False, timeout=10).headers["Location"]
    state = parse_qs(urlsplit(address).query)["state"][0]
    assert come_back(client, f"{denied}&state={state}").url == "/sign-in/"
    assert come_back(client, denied).status_code == 401


def test_provider_out_of_reach_is_said(guard, settings):
    use(settings, {"id": "cis2", "name": "NHS CIS2", "server_url": "http://localhost:9", "client_id": "us"})
    answer = Client().get("/sign-in/with/cis2/")
    assert answer.status_code == 503
    assert "NHS CIS2 can&#39;t be reached now" in answer.content.decode().replace("'", "&#39;")
    assert Client().get("/sign-in/with/other/").status_code == 404
    assert Client().get("/sign-in/with/other/back/").status_code == 404


def test_other_sites_link_sends_nobody_there(guard):
    away = Client().get("/sign-in/with/cis2/", headers={"Sec-Fetch-Site": "cross-site"})
    assert away.url == "/sign-in/"
    assert "Sign in with NHS CIS2" in Client().get("/sign-in/").content.decode()


def test_own_identity_is_connected_after_a_fresh_proof_and_to_one_user_alone(guard, settings):
    user = staff("asha", "gp")
    assert Client().get("/sign-in/with/cis2/?process=connect").url == "/account/"
    client = signed_in(user)
    assert "Connect NHS CIS2" in client.get("/account/").content.decode()
    done = come_back(client, prove(there(client, process="connect")))
    assert done.url == "/account/"
    assert "you can sign in with NHS CIS2" in client.get("/account/").content.decode()
    assert users.identities_of(user) == ["cis2"]
    line = latest(1, action="connect identity")[0]
    assert (line.actor, line.detail, line.organisation) == (user.key, '{"provider":"cis2"}', PRACTICE)
    thief = signed_in(staff("other", "gp"))
    come_back(thief, prove(there(thief, process="connect")))
    assert "belongs to another user" in thief.get("/account/").content.decode()
    with pytest.raises(users.Unfit, match="already"):
        users.connect_identity(user=user, provider="cis2", uid="another", by=OPERATOR)
    settings.STEP_UP_MINUTES = -1
    assert client.get("/sign-in/with/cis2/?process=connect").url == "/confirm/?next=/account/"


def test_sign_in_there_is_no_fresh_proof_unless_it_was_asked_for(guard):
    """A provider that still knows its user asks nothing: who left a desk open proves nothing."""
    user = connected("administrator")
    user.set_unusable_password()
    user.save()
    client = Client()
    come_back(client, prove(there(client)))
    stale = client.session
    stale[AUTHENTICATION_METHODS_SESSION_KEY][-1]["at"] = time.time() - 3600
    stale.save()
    asked = client.get("/users/new/")
    assert asked.url.startswith("/confirm/")
    assert "Confirm with NHS CIS2" in client.get(asked.url).content.decode()
    address = there(client, fresh="yes", next="/users/new/")
    assert parse_qs(urlsplit(address).query)["prompt"] == ["login"]
    assert come_back(client, prove(address)).url == "/users/new/"
    assert client.get("/users/new/").status_code == 200


def test_reset_takes_identities_away(guard):
    user = connected()
    users.reset_sign_in(key=user.key, organisation_code="", by=OPERATOR)
    assert users.identities_of(user) == []


def test_client_with_a_secret_sends_it_and_no_statement(guard, settings):
    told = {"id": "cis2", "name": "X", "server_url": django_settings.IDENTITY_PROVIDERS[0].server_url}
    use(settings, told | {"client_id": "us", "secret": "s3", "pkce": False})
    connected()
    client = Client()
    assert come_back(client, prove(there(client))).status_code == 401  # this provider asks for a statement
    assert guard.sent[-1]["client_secret"] == ["s3"]
    assert "client_assertion" not in guard.sent[-1]
