"""Sign-in at an identity provider by OpenID Connect: NHS CIS2, NHS login, an organisation's own.

allauth does the round trip. Added here: a signed statement in place of a client's password (private_key_jwt, RFC 7523,
which CIS2 and NHS login ask for), a nonce, the check of every ID token's signature, when the provider was last shown
who it is, and that nobody signs up: an identity is connected to a user by themselves or by the operator.
"""

import time
from pathlib import Path
from secrets import token_urlsafe
from typing import Any

import jwt
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialApp, SocialLogin, SocialToken
from allauth.socialaccount.providers.base.constants import AuthProcess
from allauth.socialaccount.providers.oauth2.client import OAuth2Client, OAuth2Error
from allauth.socialaccount.providers.openid_connect.provider import OpenIDConnectProvider
from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest
from django.shortcuts import redirect

from oneplace.access import queries, users
from oneplace.site import proved_people

ASKED = "oidc"
"""Where the session keeps what was asked of the provider, until it answers."""
_ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_ASSERTION_SECONDS = 300
_ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"]
"""Signatures by a private key alone: a token signed with what everyone knows is no token."""
_REQUIRED = ["iss", "sub", "aud", "exp", "iat"]


class SignedClient(OAuth2Client):
    """Proves at the token endpoint who we are: by a signed statement where a key is set, else by the secret."""

    told: dict[str, Any]

    def get_access_token(self, code: str, pkce_code_verifier: str | None = None, extra_data: Any = None) -> Any:
        """The tokens for a code. Raises OAuth2Error when the provider refuses."""
        more = dict(extra_data or {})
        if self.told.get("key_file"):
            more |= {"client_assertion_type": _ASSERTION, "client_assertion": self._statement()}
        return super().get_access_token(code, pkce_code_verifier, more)

    def _statement(self) -> str:
        """Who we are, to this token endpoint, for five minutes, once."""
        now = int(time.time())
        claims = {
            "iss": self.consumer_key,
            "sub": self.consumer_key,
            "aud": self.access_token_url,
            "jti": token_urlsafe(16),
            "iat": now,
            "exp": now + _ASSERTION_SECONDS,
        }
        key = Path(self.told["key_file"]).read_bytes()
        headers = {"kid": self.told["key_id"]} if self.told["key_id"] else None
        return jwt.encode(claims, key, algorithm=self.told["algorithm"], headers=headers)


class Adapter(OpenIDConnectOAuth2Adapter):
    """One round trip to one provider. `proved_at` is when the provider says that the user last proved who they are."""

    client_class = SignedClient
    proved_at: float | None = None

    def __init__(self, request: HttpRequest, provider_id: str, asked: dict[str, Any] | None = None) -> None:
        super().__init__(request, provider_id)
        self.asked = asked or {}

    def get_client(self, request: HttpRequest, app: SocialApp) -> SignedClient:
        """The client, with the key that it signs with."""
        client = super().get_client(request, app)
        client.told = app.settings
        return client

    def complete_login(self, request: HttpRequest, app: SocialApp, token: SocialToken, **kwargs: Any) -> SocialLogin:
        """Who signed in there. Raises OAuth2Error for an answer that is not ours or not of one person."""
        text = kwargs["response"].get("id_token")
        if not text:
            raise OAuth2Error("the provider sent no ID token")
        claims = self._decode_id_token(app, text)
        told = self._fetch_user_info(token.token)
        if told.get("sub") != claims.get("sub"):
            raise OAuth2Error("the provider's two answers are about two people")
        login = self.get_provider().sociallogin_from_response(request, {"userinfo": told, "id_token": claims})
        login.account.extra_data = {}  # what it tells of a person is not ours to keep
        login.proved = claims  # for this answer alone
        return login

    def _decode_id_token(self, app: SocialApp, id_token: str) -> dict[str, Any]:
        """The claims, after checking signature, issuer, audience, times and nonce."""
        try:
            key = self._key_of(id_token)
            told = {"audience": app.client_id, "issuer": self.openid_config["issuer"]}
            claims = jwt.decode(id_token, key, algorithms=_ALGORITHMS, options={"require": _REQUIRED}, **told)
        except jwt.PyJWTError as fault:
            raise OAuth2Error("the provider's ID token can't be trusted") from fault
        if not self.asked.get("nonce") or claims.get("nonce") != self.asked["nonce"]:
            raise OAuth2Error("the answer is to another question than ours")
        now = time.time() if self.asked.get("fresh") else 0.0
        self.proved_at = float(claims.get("auth_time") or now)
        return claims

    def _key_of(self, id_token: str) -> Any:
        """The provider's key that signed this: the one it names, or its only one."""
        named = jwt.get_unverified_header(id_token).get("kid")
        with Identities().get_requests_session() as session:
            answer = session.get(self.openid_config["jwks_uri"])
        answer.raise_for_status()
        keys = [key for key in jwt.PyJWKSet.from_dict(answer.json()).keys if named in (None, key.key_id)]
        if len(keys) != 1:
            raise OAuth2Error("the provider has no such key")
        return keys[0].key


class Provider(OpenIDConnectProvider):
    """A provider of the settings: what is asked of it stands there, and no address can add to it."""

    oauth2_adapter_class = Adapter

    def get_auth_params_from_request(self, request: HttpRequest, action: str) -> dict[str, Any]:
        """What the settings say, a nonce, and a fresh proof where one is wanted."""
        asked = {"nonce": token_urlsafe(16), "fresh": request.GET.get("fresh") == "yes"}
        request.session[ASKED] = asked
        fresh = {"prompt": "login", "max_age": "0"} if asked["fresh"] else {}
        return self.get_auth_params() | fresh | {"nonce": asked["nonce"]}

    def get_scope_from_request(self, request: HttpRequest) -> list[str]:
        """What the settings say."""
        return self.get_scope()


class Identities(DefaultSocialAccountAdapter):
    """Whose an identity is: nobody signs up with one, and only who is signed in connects their own."""

    def is_open_for_signup(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:
        """Nobody signs up."""
        return False

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        """Connect the identity to who is signed in, where that was asked for; else see whether a person arrives."""
        if sociallogin.state.get("process") != AuthProcess.CONNECT:
            proved_people.arrive(sociallogin)
            return
        account = sociallogin.account
        try:
            users.connect_identity(
                user=request.user, provider=account.provider, uid=account.uid, by=queries.actor_of(request.user)
            )
            words = f"From now on you can sign in with {names().get(account.provider, account.provider)}."
        except users.Unfit as why:
            words = str(why)
        messages.info(request, words)
        raise ImmediateHttpResponse(redirect("mfa_index"))


def names() -> dict[str, str]:
    """The providers of this place by their id."""
    return {one.id: one.name for one in settings.IDENTITY_PROVIDERS}
