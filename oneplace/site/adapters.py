"""How allauth behaves here: one page to confirm who you are, nobody signs up, secrets of second steps enciphered."""

import base64

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse

from oneplace.access.proof import is_last_step, proved_lately

_SILENT = frozenset({"account/messages/logged_in.txt", "account/messages/logged_out.txt"})


class Account(DefaultAccountAdapter):
    """Sign-in without sign-up, and one page for a fresh proof."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Nobody signs up: an administrator invites."""
        return False

    def add_message(self, request, level, message_template=None, *args, **kwargs) -> None:  # type: ignore[no-untyped-def]
        """What allauth says, but for what the next page shows anyhow."""
        if message_template not in _SILENT:
            super().add_message(request, level, message_template, *args, **kwargs)

    def get_reauthentication_methods(self, user: object) -> list[dict[str, str]]:
        """One page offers every means that the user has."""
        return [{"id": "confirm", "description": "", "url": reverse("confirm")}]

    def is_reauthentication_required(self, *, app: str, **kwargs: object) -> bool:
        """A sign-in of this minute is a fresh proof too, so that a first second step can be set up at once."""
        return not proved_lately(self.request)


class SecondSteps(DefaultMFAAdapter):
    """Secrets are kept enciphered; the last second step stays where staff must have one."""

    def encrypt(self, text: str) -> str:
        """A secret as the database keeps it."""
        return _cipher().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """The secret again. Raises InvalidToken when the signing key was changed since."""
        return _cipher().decrypt(encrypted_text.encode()).decode()

    def can_delete_authenticator(self, authenticator: Authenticator) -> bool:
        """Not the last one, where staff must have a second step."""
        return not (settings.SECOND_STEP and is_last_step(authenticator))


def _cipher() -> Fernet:
    """A cipher with a key of its own, made from the signing key."""
    made = HKDF(SHA256(), 32, None, b"oneplace second step").derive(settings.SECRET_KEY.encode())
    return Fernet(base64.urlsafe_b64encode(made))
