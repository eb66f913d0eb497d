"""People who arrive by a provider that proves NHS numbers (NHS login, level P9): tied to their record or turned away.

Only signed claims count, and only where number, date of birth and family name are those of one record without doubt.
What is in doubt goes to the practice. Each arrival is judged anew: a number that became somebody else's opens nothing.
"""

from datetime import date
from typing import Any

from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.models import SocialLogin
from django.conf import settings
from django.db import transaction
from django.shortcuts import render

from oneplace.access import own, queries, users
from oneplace.access.rules import Actor
from oneplace.kernel import clock
from oneplace.kernel.ids import PersonId, new_key
from oneplace.record import tracing

_LEVEL = "P9"
_LEAST_AGE = 16
"""Younger people's access is agreed with their practice, which can see whether somebody stands behind them."""


def arrive(login: SocialLogin) -> None:
    """Tie a newcomer to their record, and look again at who came before. Raises ImmediateHttpResponse to turn away."""
    told = next((one for one in settings.IDENTITY_PROVIDERS if one.id == login.account.provider), None)
    if told is None or not told.people:
        return
    found = _proved(getattr(login, "proved", {}))
    if login.is_existing:
        if _was_proved(login.user) and (found is None or not _reaches(login.user, found.person_id)):
            _turn_away(login)
    elif found is None or _was_ended(found.person_id):
        _turn_away(login)
    else:
        _welcome(login, found, Actor(f"provider:{told.id}", told.name, "", ""))
        login.lookup()


@transaction.atomic
def _welcome(login: SocialLogin, found: tracing.Proved, by: Actor) -> None:
    """A sign-in of the person's own, known by this identity alone."""
    name = f"person-{new_key()[:12]}"
    check = own.Check("nhs-login", f"{by.name}: number, date of birth and family name agree")
    own.give_own_access(person=found.person_id, username=name, name=found.name, check=check, by=by)
    user = queries.users().get(username=name)
    user.set_unusable_password()
    user.save(update_fields=["password"])
    users.connect_identity(user=user, provider=login.account.provider, uid=login.account.uid, by=by)


def _proved(claims: dict[str, Any]) -> tracing.Proved | None:
    """Whose record these claims prove; None where they don't, or leave a doubt."""
    try:
        born = date.fromisoformat(str(claims.get("birthdate")))
    except ValueError:
        return None
    if claims.get("identity_proofing_level") != _LEVEL:
        return None
    if clock.age_on(born, clock.today()) < _LEAST_AGE:
        return None
    return tracing.proved(str(claims.get("nhs_number", "")), born, str(claims.get("family_name", "")))


def _was_proved(user: Any) -> bool:
    """True for a sign-in that began with such a proof; others were given by a practice and connected since."""
    return user.own_access.filter(authority=own.SELF, check_made="nhs-login", given_by__startswith="provider:").exists()


def _reaches(user: Any, person: PersonId) -> bool:
    actor = Actor(user.key, user.display_name, own.PERSON, "")
    return any(line.person == person and line.kind == own.SELF for line in own.reach_of(actor, clock.now()))


def _was_ended(person: PersonId) -> bool:
    """True where staff or the person ended the person's own access: that is not undone by signing in."""
    now = clock.now()
    return any(line.kind == own.SELF and not line.is_open(now) for line in own.own_people(person))


def _turn_away(login: SocialLogin) -> None:
    raise ImmediateHttpResponse(render(None, "site/not_proved.jinja", status=403))
