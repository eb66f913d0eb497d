"""What a session has proved of who its user is: by which means, when last, and whether by two.

The records are allauth's: each means that was used in this session, with its time. Real time, not the demo's.
Source: ASVS 5.0, 6.3.3 (second factor for staff) and 7.5.1 (a fresh proof before what is sensitive).
"""

import time

from allauth.account.authentication import get_authentication_records
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.http import HttpRequest

from oneplace.access.models import User

_KINDS = {"passkey": Authenticator.Type.WEBAUTHN, "code": Authenticator.Type.TOTP}


def proved_lately(request: HttpRequest) -> bool:
    """True when the user proved who they are within the minutes that the setting `step_up_minutes` allows."""
    oldest = time.time() - 60 * settings.STEP_UP_MINUTES
    return any(record["at"] >= oldest for record in get_authentication_records(request, request.user))


def proved_twice(request: HttpRequest) -> bool:
    """True when a second step was taken in this session, here or at an identity provider that vouches for one."""
    return any(
        record["method"] == "mfa" or record.get("provider") in settings.PROVIDERS_WITH_SECOND_STEP
        for record in get_authentication_records(request, request.user)
    )


def date_provider_proof(request: HttpRequest, at: float) -> None:
    """Say when a provider was last shown who this is: a sign-in there that asked nothing is no fresh proof here."""
    records = get_authentication_records(request, request.user)
    if records and records[-1]["method"] == "socialaccount":
        records[-1]["at"] = at
        request.session.modified = True


def means_of(user: User) -> list[str]:
    """How a user can prove who they are: `passkey` and `code` where they are set up, else `password`, else nothing."""
    kinds = set(Authenticator.objects.filter(user=user).values_list("type", flat=True))
    means = [name for name, kind in _KINDS.items() if kind in kinds]
    return means or (["password"] if user.has_usable_password() else [])


def newest_step(user: User, means: str) -> Authenticator:
    """The second step of this kind, `passkey` or `code`, that was set up last. Raises DoesNotExist without one."""
    return Authenticator.objects.filter(user=user, type=_KINDS[means]).latest("pk")


def is_last_step(step: Authenticator) -> bool:
    """True when its user has no second step besides; recovery codes only stand in for one."""
    others = Authenticator.objects.filter(user=step.user, type__in=_KINDS.values()).exclude(pk=step.pk)
    return not others.exists()
