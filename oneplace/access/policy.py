"""What each view declares before it runs: who may ask. A view that declares nothing is refused by the middleware.

`@public`, `@arriving`, `@signed_in`, `@staff("see-feeds")` and `@machine`; the decorator both declares and enforces.
Source: house.md, section 6 (deny by default). This is about pages; one person's record has `record.door`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

from allauth.core.exceptions import ReauthenticationRequired
from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.contrib.staticfiles.views import serve as serve_finders
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt
from django.views.static import serve

from oneplace.access import actions, proof, queries, roles
from oneplace.ledger import actions as ledger

View = Callable[..., HttpResponseBase]
_STATIC = frozenset({serve, serve_finders})


@dataclass(frozen=True, slots=True)
class Policy:
    """Who may ask for a view: public, arriving, signed-in, staff (with a permission), machine."""

    who: str
    permission: str = ""


def public(view: View) -> View:
    """Anyone may ask: sign-in, health, pages without data of people."""
    return _declared(view, view, Policy("public"))


def arriving(view: View) -> View:
    """Any signed-in user may ask, also one who has yet to set up the second step or choose the hat."""

    def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        return _for_stranger(request) or _private(view(request, *args, **kwargs))

    return _declared(checked, view, Policy("arriving"))


def signed_in(view: View) -> View:
    """Any signed-in user may ask; others go to sign-in and come back."""

    def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        return _for_user(request) or _private(view(request, *args, **kwargs))

    return _declared(checked, view, Policy("signed-in"))


def staff(permission: str) -> Callable[[View], View]:
    """Only roles with this permission may ask. Raises ValueError at import for a word that is no permission."""
    if permission not in roles.PERMISSIONS:
        raise ValueError(f"'{permission}' is no permission; access/roles.yaml lists them")

    def decorate(view: View) -> View:
        def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            refused = _for_user(request) or _for_permission(request, permission)
            return refused or _private(view(request, *args, **kwargs))

        return _declared(checked, view, Policy("staff", permission))

    return decorate


def machine(view: View) -> View:
    """Only a feed's machine with its key may ask; the view finds the feed in `request.feed_code`."""

    def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        key = queries.key_for(token.strip()) if scheme.lower() == "bearer" else None
        if key is None:
            answer = JsonResponse({"error": "Send 'Authorization: Bearer' with the key of this feed."}, status=401)
            answer["WWW-Authenticate"] = 'Bearer realm="inbox"'
            return answer
        actions.note_use_of_key(key)
        request.feed_code = key.feed_code  # type: ignore[attr-defined]
        return _private(view(request, *args, **kwargs))

    # A machine carries no cookie, so there is no cross-site request to forge.
    return csrf_exempt(_declared(checked, view, Policy("machine")))


def step_up(view: View) -> View:
    """Only who proved in the last minutes who they are may ask; others do, and come back with what they posted.

    It stands under a policy: `@staff("...")`, then `@step_up`. How many minutes is the setting `step_up_minutes`.
    """

    @wraps(view)
    def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not proof.proved_lately(request):
            raise ReauthenticationRequired  # allauth's middleware keeps the request and asks for the proof
        return view(request, *args, **kwargs)

    checked.asks_for_proof = True  # type: ignore[attr-defined]
    return checked


def asks_for_proof(view: object) -> bool:
    """True for a view that stands under `step_up`: a policy keeps what the view below it has."""
    return getattr(view, "asks_for_proof", False)


def policy_of(view: object) -> Policy | None:
    """What a view declared; None for a bare one."""
    return getattr(view, "access_policy", None)


def is_declared(view: object) -> bool:
    """True for a view with a policy, and for Django's own serving of static files."""
    return policy_of(view) is not None or view in _STATIC


class DenyBareViews:
    """Middleware: a view without a declared policy answers nobody. Static files are the one exception."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass on; the check is made when the view is known."""
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: View, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> HttpResponseBase | None:
        """Refuse a bare view."""
        if is_declared(view):
            return None
        return refuse(request, "This page has no access policy, so nobody may see it.")


def refuse(request: HttpRequest, reason: str) -> HttpResponse:
    """The page that says no, and what to do."""
    return _private(render(request, "site/refused.jinja", {"reason": reason}, status=403))


def _declared(checked: View, view: View, policy: Policy) -> View:
    """The view under its own name, with its policy on it."""
    wrapped = wraps(view)(checked) if checked is not view else _passing(view)
    wrapped.access_policy = policy  # type: ignore[attr-defined]
    return wrapped


def _passing(view: View) -> View:
    """A wrapper of its own, so that declaring a view public here declares it nowhere else."""

    @wraps(view)
    def passed(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        return view(request, *args, **kwargs)

    return passed


def _for_stranger(request: HttpRequest) -> HttpResponseBase | None:
    """Where someone who isn't signed in goes; None for one who is."""
    return None if request.user.is_authenticated else redirect_to_login(request.get_full_path())


def _for_user(request: HttpRequest) -> HttpResponseBase | None:
    """Where someone goes who isn't signed in, took no second step or wears no hat yet; None for one who is ready."""
    stranger = _for_stranger(request)
    if stranger is not None:
        return stranger
    if settings.SECOND_STEP and not proof.proved_twice(request):
        return redirect("mfa_index")
    if queries.worn_hat(request.user) is None:
        return redirect_to_login(request.get_full_path(), reverse("hat"))
    return None


def _for_permission(request: HttpRequest, permission: str) -> HttpResponseBase | None:
    """The refusal for a role without the permission, kept in the ledger; None where it has it."""
    actor = queries.actor_of(request.user)
    if queries.may(actor, permission):
        return None
    with transaction.atomic():
        ledger.write(
            actor=actor.key,
            role=actor.role,
            organisation=actor.organisation_code,
            action="refuse page",
            detail={"permission": permission},
        )
    return refuse(request, "Your role does not include this page. Ask your organisation's administrator if it should.")


def _private(response: HttpResponseBase) -> Any:
    """Nothing behind a sign-in stays in a browser's or a proxy's store."""
    response.headers.setdefault("Cache-Control", "no-store")
    return response
