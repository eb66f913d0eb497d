"""The ledger for privacy officers: search by user, person, action, organisation and day; a file; the proof."""

from collections.abc import Iterator
from dataclasses import replace

from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET

from oneplace.access import queries as access
from oneplace.access.policy import staff
from oneplace.kernel import nhs_number
from oneplace.kernel.sheets import csv_lines
from oneplace.ledger import actions, queries
from oneplace.ledger.queries import Asked, Line
from oneplace.place import queries as place
from oneplace.record import tracing
from oneplace.site.ledger_search import PAGE, Namer, Search, table, told
from oneplace.site.views.posting import posted


@staff("see-ledger")
@require_GET
def latest(request: HttpRequest) -> HttpResponse:
    """The rows that are asked for, a page at a time, newest first. Who searches stands in the ledger too."""
    search, start = Search(request.GET), request.GET.get("before", "")
    before = int(start) if start.isdecimal() and len(start) < 18 else 0
    if not search.is_valid():
        return _page(request, [], search=search, status=400)
    asked, values = search.asked(), {}
    with transaction.atomic():
        rows = queries.found(asked, PAGE + 1, before=before)
        if asked.narrows:
            namer = Namer()
            values["shares"] = [] if before else [namer.share(share) for share in queries.shares(asked)]
            _record(request, "search ledger", asked)
    older = rows[PAGE - 1].seq if len(rows) > PAGE else None
    return _page(request, rows[:PAGE], search=search, older=older, **values)


@staff("see-ledger")
@posted("ledger")
def find(request: HttpRequest) -> HttpResponse:
    """A member of staff by name, or the reference of a person by NHS number: posted, so that no address tells it."""
    text = request.POST.get("text", "").strip()[:120]
    if nhs_number.tidy(text).isdecimal():
        return _traced(request, text)
    found = access.staff_named(text) if text else []
    if len(found) == 1:
        return redirect(f"{reverse('ledger')}?who={found[0].key}")
    return render(request, "site/ledger_find.jinja", {"text": text, "staff_found": found})


@staff("see-ledger")
@require_GET
def download(request: HttpRequest) -> HttpResponseBase:
    """The rows that are asked for as a file that a spreadsheet may open; that it was taken is recorded first."""
    search, top = Search(request.GET), queries.head()
    if not search.is_valid():
        return _page(request, [], search=search, status=400)
    asked = replace(search.asked(), upto=top.seq if top else 0)
    _record(request, "export ledger", asked)
    response = StreamingHttpResponse(_lines(asked), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="ledger.csv"'
    return response


@staff("see-ledger")
@posted("ledger")
def verify(request: HttpRequest) -> HttpResponse:
    """Walk the whole chain and say what was found."""
    verdict = queries.verify()
    return _page(request, queries.found(Asked(), PAGE), search=_empty(), verdict=verdict, head=queries.head())


def _traced(request: HttpRequest, number: str) -> HttpResponse:
    found = tracing.trace(access.actor_of(request.user), number)
    if len(found) == 1:
        return redirect(f"{reverse('ledger')}?about={found[0].person_id}")
    return render(request, "site/ledger_find.jinja", {"number": True, "people": found})


def _empty() -> Search:
    search = Search({})
    search.is_valid()
    return search


def _record(request: HttpRequest, action: str, asked: Asked) -> None:
    """Whoever reads the ledger is read in it: what was asked for, never how many were found."""
    actor = access.actor_of(request.user)
    with transaction.atomic():
        actions.write(
            actor=actor.key,
            role=actor.role,
            organisation=actor.organisation_code,
            action=action,
            subject=asked.subjects[0] if asked.subjects else "",
            purpose=tracing.PURPOSE,
            detail=asked.plain(),
        )


def _lines(asked: Asked) -> Iterator[str]:
    return csv_lines(table(asked))


def _page(request: HttpRequest, rows: list[Line], status: int = 200, **values: object) -> HttpResponse:
    organisations = sorted(place.names().organisations.items(), key=lambda pair: pair[1])
    names = access.staff_names()
    more = {"rows": told(rows), "organisations": organisations, "actions": queries.actions_seen(), "staff_names": names}
    return render(request, "site/ledger.jinja", values | more, status=status)
