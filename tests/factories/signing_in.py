"""Staff who sign in, as tests need them: a user with a password, the code that their app shows, a browser of theirs."""

import time

from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, generate_totp_secret, hotp_value
from django.test import Client
from factories.places import PRACTICE

from oneplace.access import actions
from oneplace.access.models import User

PASSWORD = "correct horse battery"


def staff(username: str = "asha", role: str = "data-manager", organisation: str = PRACTICE) -> User:
    """A member of staff with PASSWORD."""
    told = {"display_name": username.title(), "role": role, "organisation_code": organisation}
    return actions.create_user(username=username, password=PASSWORD, by="test", **told)


def code_of(secret: str, steps: int = 0) -> str:
    """What the app shows now, or some steps of 30 seconds from now."""
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30 + steps))


def signed_in(user: User, client: Client | None = None) -> Client:
    """A browser in which this user typed the password."""
    client = client or Client()
    client.post("/sign-in/", {"username": user.username, "password": PASSWORD})
    return client


def with_app(user: User) -> str:
    """An app and recovery codes of this user; returns the app's secret. No code of it has been used yet."""
    secret = generate_totp_secret()
    TOTP.activate(user, secret)
    RecoveryCodes.activate(user)
    return secret
