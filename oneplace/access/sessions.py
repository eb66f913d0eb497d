"""Sessions of staff: how long one lasts, how many there may be, which are open, and ending them.

A session ends when nothing was asked for some minutes, and some hours after it began, whatever was asked. A user has
a few at most: a new one ends the oldest. Real time throughout. Source: ASVS 5.0, 7.3 and 7.4.
"""

import time
from collections.abc import Callable, Iterable

from allauth.account.authentication import get_authentication_records
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from oneplace.access import queries
from oneplace.access.models import User
from oneplace.ledger import actions as ledger

_BEGAN, _SEEN, _LISTED = "began", "seen", "listed"
_ASKED_BY_ITSELF = "X-Background"
"""A header of what a page asks without anybody's doing: it keeps no session alive."""
_NOTED_SECONDS = 60
"""A session's last use is kept to the minute: one write a minute, not one a page."""


class Limits:
    """Middleware after messages: ends a session that is too old or was too long idle, and keeps the list of them."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """End or note the session of a signed-in user, then pass on."""
        if request.user.is_authenticated:
            why = over(request.session.get(_BEGAN), request.session.get(_SEEN), time.time())
            if why:
                logout(request)
                messages.info(request, why)
            else:
                _note(request, time.time())
        return self.get_response(request)


def over(began: float | None, seen: float | None, now: float) -> str:
    """Why a session is over, in words; '' while it may go on. Times are seconds of the clock; None is a new session."""
    if began is None or seen is None:
        return ""
    if now - seen > 60 * settings.IDLE_MINUTES:
        return f"You were signed out because nothing was done for {settings.IDLE_MINUTES} minutes. Sign in to go on."
    if now - began > settings.SESSION_COOKIE_AGE:
        hours = settings.SESSION_COOKIE_AGE // 3600
        return f"You were signed out because a session lasts {hours} hours at most. Sign in to go on."
    return ""


def sessions_of(user: User) -> list[UserSession]:
    """The open sessions of a user, the newest first."""
    return sorted(UserSession.objects.purge_and_list(user), key=lambda one: one.created_at, reverse=True)


@transaction.atomic
def end_sessions(user: User, *, by: str, but: str | None = "", role: str = "", organisation: str = "") -> int:
    """End a user's sessions, but for the one with the session key `but`; returns how many. In the ledger when any."""
    ended = _end(one for one in sessions_of(user) if one.session_key != but)
    if ended:
        ledger.write(
            actor=by,
            role=role,
            organisation=organisation,
            action="end sessions",
            subject=user.key,
            detail={"ended": ended},
        )
    return ended


def _note(request: HttpRequest, now: float) -> None:
    """Begin a session's notes at its first page; then keep, to the minute, that it is in use."""
    session = request.session
    if session.get(_LISTED) != session.session_key:
        _list(request)
        if _BEGAN not in session:
            _begin(request)
            session[_BEGAN] = now
        session[_LISTED], session[_SEEN] = session.session_key, now
    elif now - session[_SEEN] >= _NOTED_SECONDS and _ASKED_BY_ITSELF not in request.headers:
        session[_SEEN] = now
        UserSession.objects.filter(session_key=session.session_key).update(last_seen_at=timezone.now())


def _list(request: HttpRequest) -> None:
    """Have this session in the user's list, under its key of now: choosing a hat gives it a new one."""
    UserSession.objects.filter(session_key=request.session.get(_LISTED)).delete()
    UserSession.objects.create_from_request(request)


@transaction.atomic
def _begin(request: HttpRequest) -> None:
    """Record who signed in and by which means; end the oldest sessions above the number allowed."""
    actor = queries.actor_of(request.user)
    used = [record["method"] for record in get_authentication_records(request, request.user)]
    others = [one for one in sessions_of(request.user) if one.session_key != request.session.session_key]
    ended = _end(others[settings.SESSIONS_PER_USER - 1 :])
    ledger.write(
        actor=actor.key,
        role=actor.role,
        organisation=actor.organisation_code,
        action="sign in",
        subject=actor.key,
        detail={"by": used} | ({"older sessions ended": ended} if ended else {}),
    )


def _end(sessions: Iterable[UserSession]) -> int:
    """End each; returns how many."""
    ended = 0
    for one in sessions:
        one.end()
        ended += 1
    return ended
