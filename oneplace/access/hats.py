"""The hat of a request: which of a user's employments they act in. It is kept in the session, so two browsers of one
person may wear two hats, and it is looked at anew for every request."""

from collections.abc import Callable

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils.functional import SimpleLazyObject

from oneplace.access import queries
from oneplace.access.models import Employment, User
from oneplace.ledger import actions as ledger

_CHOSEN = "hat"
_OF_A_HAT = ("searches", "whose", "chosen_last")
"""What a session keeps for one hat alone: another one must not find it."""


class Hats:
    """Middleware after Django's own sign-in: the request's user wears the hat that was chosen in this session."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Dress the user when somebody asks who it is."""
        undressed = request.user

        def dressed() -> object:
            if undressed.is_authenticated:
                undressed.chosen_hat = request.session.get(_CHOSEN, "")
            return undressed

        request.user = SimpleLazyObject(dressed)
        return self.get_response(request)


@transaction.atomic
def choose_hat(request: HttpRequest, key: str) -> Employment | None:
    """Act in another employment from now on, in this session; None where the user has no such one in force."""
    user: User = request.user
    hat = next((one for one in queries.hats_of(user) if one.key == key), None)
    if hat is None:
        return None
    for name in _OF_A_HAT:
        request.session.pop(name, None)
    request.session[_CHOSEN] = hat.key
    request.session.cycle_key()
    ledger.write(actor=user.key, role=hat.role, organisation=hat.organisation_code, action="choose hat")
    return hat
