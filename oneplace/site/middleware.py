"""What every answer carries besides Django's own headers."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, QueryDict
from django.middleware.security import SecurityMiddleware
from django.shortcuts import render

from oneplace.kernel import clock
from oneplace.place import queries as place

_NUL = "\x00"
_LOOPBACK = frozenset({"127.0.0.1", "::1"})
_PASSED_ON = ("Forwarded", "X-Forwarded-For", "X-Forwarded-Proto", "X-Real-IP", "Via")


def is_from_this_machine(request: HttpRequest) -> bool:
    """True for what was asked here itself. A proxy on this machine has its address too: it passes on for others."""
    passed_on = any(name in request.headers for name in _PASSED_ON)
    return not passed_on and request.META.get("REMOTE_ADDR") in _LOOPBACK


class Secure(SecurityMiddleware):
    """Plain HTTP is sent on to TLS, but for what this machine asks itself where the setting `https` is left open."""

    def process_request(self, request: HttpRequest) -> HttpResponse | None:
        """Send on, or let pass."""
        if settings.PLAIN_FROM_THIS_MACHINE and is_from_this_machine(request):
            return None
        return super().process_request(request)


class Private:
    """No page is kept by a browser or a proxy; the business clock of the demo is set for the request."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Set the clock, pass on, and mark the answer."""
        if settings.DEMO:
            clock.set_offset(place.offset())
        response = self.get_response(request)
        if response.status_code == 302 and request.headers.get("HX-Request"):
            # A part of a page that asks after the session's end must not fill itself with the sign-in page.
            response = HttpResponse(status=204, headers={"HX-Refresh": "true"})
        response.headers.setdefault("Cache-Control", "no-store")
        response.headers.setdefault("Permissions-Policy", "geolocation=(), camera=(), microphone=()")
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        return response

    def process_view(
        self, request: HttpRequest, view: object, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> HttpResponse | None:
        """Turn away what holds NUL: no text does, and PostgreSQL keeps none."""
        told = [*map(str, kwargs.values()), *_values(request.GET), *_values(request.POST)]
        if not any(_NUL in value for value in told):
            return None
        reason = "What was sent holds a character that no text has (NUL), so nothing was done. Type it again."
        return render(request, "site/refused.jinja", {"reason": reason}, status=400)


def _values(told: QueryDict) -> list[str]:
    return [value for values in told.lists() for value in values[1]]
