"""Staff as an administrator keeps them: who works here and as what, inviting, unlocking, deactivating.

An administrator acts for one organisation, and sees and changes its own employments alone. What touches the whole
sign-in of a user (reset, deactivate) is for the administrator of the only organisation that employs them; where
several do, it is the operator's, who is told of no organisation ("").
"""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from axes.models import AccessAttempt
from axes.utils import reset as forget_failures
from django.conf import settings
from django.db import transaction

from oneplace.access import queries, roles, sessions
from oneplace.access.models import Employment, Invitation, User
from oneplace.access.rules import Actor
from oneplace.access.telling import tell
from oneplace.kernel import clock
from oneplace.ledger import actions as ledger

INVITED_FOR = timedelta(days=7)


class Unfit(ValueError):
    """What was asked can't be done; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class StaffLine:
    """One member of staff in one organisation. state: active | invited | locked | deactivated."""

    key: str
    username: str
    name: str
    hats: tuple[Employment, ...]
    state: str
    second_step: bool
    last_sign_in: datetime | None
    ours_alone: bool


def staff_of(organisation_code: str) -> list[StaffLine]:
    """Those whom an organisation employs now, by name. No word of what they do elsewhere."""
    employed = queries.employments_in(organisation_code)
    users = User.objects.filter(pk__in={one.user_id for one in employed}).order_by("display_name", "pk")
    stepped = set(Authenticator.objects.filter(user__in=users).values_list("user_id", flat=True))
    locked = _locked_names()
    elsewhere = queries.employed_outside(organisation_code)
    return [
        StaffLine(
            user.key,
            user.username,
            user.display_name,
            tuple(one for one in employed if one.user_id == user.pk),
            _state(user, locked),
            user.pk in stepped,
            user.last_login,
            user.pk not in elsewhere,
        )
        for user in users
    ]


def staff_line(key: str, organisation_code: str) -> StaffLine | None:
    """One member of staff of this organisation; None for anybody else."""
    return next((line for line in staff_of(organisation_code) if line.key == key), None)


@transaction.atomic
def create_staff(*, username: str, display_name: str, role: str, organisation_code: str, team: str, by: Actor) -> str:
    """A new user with their first employment; returns the token of their invitation. Raises Unfit."""
    _check_role(role)
    if User.objects.filter(username__iexact=username).exists():
        raise Unfit("This user name is taken. If it is the same person, give them a role here instead of a new name.")
    user = User.objects.create_user(username=username, password=None, display_name=display_name)
    _employ(user, role, organisation_code, team)
    tell(by, "create user", user.key, {"role": role, "at": organisation_code})
    return invite(user=user, by=by)


@transaction.atomic
def employ(*, username: str, role: str, organisation_code: str, team: str, by: Actor) -> User:
    """Give a user one more employment, from now. Raises Unfit."""
    _check_role(role)
    user = User.objects.filter(username=username, is_active=True).first()
    if user is None:
        raise Unfit("Nobody signs in with this user name. Ask for its exact spelling, or add a new member of staff.")
    if user.own_access.exists():
        raise Unfit("This is a person's own sign-in, for their own record. Give them another user name for work.")
    if user.key == by.key:
        raise Unfit("You can't give yourself a role. Ask another administrator.")
    held = queries.employments_in(organisation_code).filter(user=user, role=role)
    if held.exists():
        raise Unfit("They have this role here already.")
    _employ(user, role, organisation_code, team)
    tell(by, "give role", user.key, {"role": role, "at": organisation_code, "team": team})
    return user


@transaction.atomic
def end_employment(*, key: str, organisation_code: str, by: Actor) -> Employment:
    """End one employment of this organisation now; open pages end with their next request. Raises Unfit."""
    hat = queries.employments_in(organisation_code).filter(key=key).select_related("user").first()
    if hat is None:
        raise Unfit("This role has ended already.")
    if hat.user.key == by.key:
        raise Unfit("You can't end your own role. Ask another administrator.")
    Employment.objects.filter(pk=hat.pk).update(ends=clock.real_now())
    tell(by, "end role", hat.user.key, {"role": hat.role, "at": hat.organisation_code})
    return hat


@transaction.atomic
def invite(*, user: User, by: Actor) -> str:
    """A link of seven days for setting a password; older links stop working. Returns its token, which is shown once."""
    now, token = clock.real_now(), secrets.token_urlsafe(32)
    Invitation.objects.filter(user=user, used__isnull=True).delete()
    Invitation.objects.create(
        user=user, digest=queries.digest_of(token), created_by=by.key, created=now, expires=now + INVITED_FOR
    )
    tell(by, "invite user", user.key)
    return token


def invited(token: str) -> User | None:
    """Whose unused invitation this is; None for any other text, an old one, or a deactivated user."""
    held = Invitation.objects.filter(
        digest=queries.digest_of(token), used__isnull=True, expires__gt=clock.real_now(), user__is_active=True
    )
    found = held.select_related("user").first()
    return found.user if found else None


@transaction.atomic
def accept_invitation(*, token: str, password: str) -> User | None:
    """Set the password that the invited user chose; the link is used up. None when it was used meanwhile."""
    user = invited(token)
    taken = Invitation.objects.filter(digest=queries.digest_of(token), used__isnull=True)
    if user is None or not taken.update(used=clock.real_now()):
        return None
    user.set_password(password)
    user.save(update_fields=["password"])
    ledger.write(actor=user.key, action="accept invitation", subject=user.key)
    return user


@transaction.atomic
def reset_sign_in(*, key: str, organisation_code: str, by: Actor) -> str:
    """Password, second steps, identities, locks and sessions go; returns a new invitation's token. Raises Unfit."""
    user = _sole_user(key, organisation_code, by)
    user.set_unusable_password()
    user.save(update_fields=["password"])
    Authenticator.objects.filter(user=user).delete()
    SocialAccount.objects.filter(user=user).delete()
    forget_failures(username=user.username)
    _end_sessions(user, by)
    tell(by, "reset sign-in", user.key)
    return invite(user=user, by=by)


@transaction.atomic
def set_active(*, key: str, organisation_code: str, active: bool, by: Actor) -> User:
    """Shut a user out of everything at once, or let them in again. Raises Unfit."""
    user = _sole_user(key, organisation_code, by)
    user.is_active = active
    user.save(update_fields=["is_active"])
    if not active:
        Invitation.objects.filter(user=user, used__isnull=True).delete()
        _end_sessions(user, by)
    tell(by, "reactivate user" if active else "deactivate user", user.key)
    return user


@transaction.atomic
def unlock(*, key: str, organisation_code: str, by: Actor) -> User:
    """Forget the wrong passwords of a user, so that they need not wait. Raises Unfit."""
    user = _own_user(key, organisation_code)
    forget_failures(username=user.username)
    tell(by, "unlock user", user.key)
    return user


@transaction.atomic
def connect_identity(*, user: User, provider: str, uid: str, by: Actor) -> None:
    """Let a user sign in with what a provider calls them. Raises Unfit when that is connected already."""
    held = SocialAccount.objects.filter(provider=provider, uid=uid).first()
    if held is not None and held.user_id != user.pk:
        raise Unfit("This identity belongs to another user here. Ask whoever runs oneplace.")
    if held is not None or SocialAccount.objects.filter(provider=provider, user=user).exists():
        raise Unfit("You have an identity of this provider already.")
    SocialAccount.objects.create(user=user, provider=provider, uid=uid)
    tell(by, "connect identity", user.key, {"provider": provider})


def identities_of(user: User) -> list[str]:
    """The providers with which a user may sign in."""
    return sorted(SocialAccount.objects.filter(user=user).values_list("provider", flat=True))


def _own_user(key: str, organisation_code: str) -> User:
    """A user whom this organisation employs; of any where it is ''. Raises Unfit."""
    user = User.objects.filter(key=key).first()
    if user is None or (organisation_code and not queries.employments_in(organisation_code).filter(user=user).exists()):
        raise Unfit("Your organisation employs nobody like that now.")
    return user


def _sole_user(key: str, organisation_code: str, by: Actor) -> User:
    """A user whom this organisation alone employs, and not oneself. Raises Unfit."""
    user = _own_user(key, organisation_code)
    if user.key == by.key:
        raise Unfit("You can't do this to your own sign-in. Ask another administrator.")
    if organisation_code and user.pk in queries.employed_outside(organisation_code):
        raise Unfit(
            "Another organisation employs them too, so this is for whoever runs oneplace (oneplace user). "
            "You can end their roles here."
        )
    return user


def _check_role(name: str) -> None:
    role = roles.role(name)
    if role is None or role.personal:
        raise Unfit("Choose one of the roles of staff.")


def _employ(user: User, role: str, organisation_code: str, team: str) -> None:
    told = {"role": role, "organisation_code": organisation_code, "team_code": team}
    Employment.objects.create(user=user, starts=clock.real_now(), **told)


def _end_sessions(user: User, by: Actor) -> None:
    sessions.end_sessions(user, by=by.key, role=by.role, organisation=by.organisation_code)


def _state(user: User, locked: set[str]) -> str:
    if not user.is_active:
        return "deactivated"
    if user.username in locked:
        return "locked"
    return "active" if user.has_usable_password() or user.last_login else "invited"


def _locked_names() -> set[str]:
    """User names that six wrong tries have shut out, from wherever they came."""
    since = clock.real_now() - timedelta(hours=settings.AXES_COOLOFF_TIME)
    tries = AccessAttempt.objects.filter(failures_since_start__gte=settings.AXES_FAILURE_LIMIT, attempt_time__gt=since)
    return set(tries.values_list("username", flat=True))
