"""The ledger for privacy officers: what was done last, and the proof that nothing was changed."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from oneplace.access.policy import staff
from oneplace.access.queries import users
from oneplace.ledger import queries
from oneplace.place import queries as place
from oneplace.site.views.posting import posted

_PAGE = 100


@staff("see-ledger")
@require_GET
def latest(request: HttpRequest) -> HttpResponse:
    """The newest rows, a page at a time."""
    start = request.GET.get("before", "")
    return _page(request, int(start) if start.isdecimal() and len(start) < 18 else 0)


@staff("see-ledger")
@posted("ledger")
def verify(request: HttpRequest) -> HttpResponse:
    """Walk the whole chain and say what was found."""
    return _page(request, 0, verdict=queries.verify())


def _page(request: HttpRequest, before: int, **values: object) -> HttpResponse:
    rows = queries.latest(_PAGE, before=before)
    values |= {
        "rows": rows,
        "people": {user.key: user.display_name for user in users()},
        "organisations": place.organisation_names(row.organisation for row in rows),
        "older": rows[-1].seq if rows and rows[-1].seq > 1 else None,
    }
    return render(request, "site/ledger.jinja", values)
