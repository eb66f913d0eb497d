"""What every answer carries besides Django's own headers."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from oneplace.kernel import clock
from oneplace.place import queries as place


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
        return response
