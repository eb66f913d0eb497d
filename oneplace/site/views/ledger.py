"""The ledger for privacy officers: what was done last, and the proof that nothing was changed."""

from dataclasses import dataclass
from datetime import datetime

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from oneplace.access import roles
from oneplace.access.policy import staff
from oneplace.access.queries import users
from oneplace.ledger import queries
from oneplace.ledger.queries import Line
from oneplace.place import queries as place
from oneplace.site.views.posting import posted

_PAGE = 100


@dataclass(frozen=True, slots=True)
class Told:
    """One row as it is read: names in the place of keys, where there are names."""

    seq: int
    at: datetime
    who: str
    role: str
    organisation: str
    action: str
    about: str
    purpose: str
    basis: str


def told(rows: list[Line]) -> list[Told]:
    """Rows of the ledger for the page. Whom a row is about stays a key: the ledger page opens nobody's record."""
    people = {user.key: user.display_name for user in users()}
    labels = {name: role.label for name, role in roles.roles().items()}
    names = place.names().organisations
    return [
        Told(
            row.seq,
            row.at_real,
            people.get(row.actor, row.actor),
            labels.get(row.role, row.role),
            names.get(row.organisation, row.organisation),
            row.action,
            row.subject,
            row.purpose,
            row.basis,
        )
        for row in rows
    ]


@staff("see-ledger")
@require_GET
def latest(request: HttpRequest) -> HttpResponse:
    """The newest rows, a page at a time, or those about one subject."""
    start, about = request.GET.get("before", ""), request.GET.get("about", "")[:64]
    if about:
        return _page(request, queries.rows_about(about), about=about)
    return _page(request, queries.latest(_PAGE, before=int(start) if start.isdecimal() and len(start) < 18 else 0))


@staff("see-ledger")
@posted("ledger")
def verify(request: HttpRequest) -> HttpResponse:
    """Walk the whole chain and say what was found."""
    verdict = queries.verify()
    return _page(request, queries.latest(_PAGE), verdict=verdict)


def _page(request: HttpRequest, rows: list[Line], **values: object) -> HttpResponse:
    older = rows[-1].seq if rows and rows[-1].seq > 1 and "about" not in values else None
    return render(request, "site/ledger.jinja", values | {"rows": told(rows), "older": older})
