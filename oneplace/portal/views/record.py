"""My record: what every organisation told of the person, in plain words, with who told it and when."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET

from oneplace.access.policy import staff
from oneplace.access.rules import Purpose
from oneplace.portal import whose as people
from oneplace.portal.presenters import plain_facts, plain_panels
from oneplace.portal.whose import Whose, heading, of_one
from oneplace.record import door
from oneplace.record.presenters.pages import Asked, item_page, panel_page, person_page
from oneplace.record.presenters.paging import offset_of
from oneplace.record.shapes import DocumentShown, Opened
from oneplace.record.windowlets import views

_OWN = {"purpose": Purpose.OWN_RECORD}


@staff("see-own-record")
def choose(request: HttpRequest) -> HttpResponse:
    """Whose record? For who reaches more than one."""
    if request.method == "POST" and people.choose(request, request.POST.get("whose", "")):
        return redirect("my-record")
    unchosen = request.method == "POST"
    values = {"people": people.names(request), "unchosen": unchosen}
    return render(request, "portal/whose.jinja", values, status=422 if unchosen else 200)


@staff("see-own-record")
@of_one
@require_GET
def record(request: HttpRequest, whose: Whose) -> HttpResponse:
    """The whole record, as far as it is open to this reader."""
    opened = door.open(whose.actor, whose.line.person, **_OWN)
    if not isinstance(opened, Opened):
        return _nothing(request)
    asked = Asked(address=reverse("my-record"), printing=request.GET.get("print") == "yes")
    page = person_page(opened, views()[opened.view], (), asked)
    values = {
        "head": heading(whose, opened.banner),
        "page": page,
        "panels": plain_panels(page.main + page.side, whose.is_self),
        "scope": plain_facts(whose.line),
    }
    return render(request, "portal/record.jinja", values)


@staff("see-own-record")
@of_one
@require_GET
def panel(request: HttpRequest, whose: Whose, name: str) -> HttpResponse:
    """One part of the record from an entry on: what didn't fit on its page."""
    asked = Asked(address=reverse("my-record-panel", args=[name]), offset=offset_of(request.GET.get("from", "")))
    opened = door.more(whose.actor, whose.line.person, name, asked.offset, **_OWN)
    if not isinstance(opened, Opened):
        return _nothing(request)
    values = {"head": heading(whose, opened.banner), "page": panel_page(opened, name, asked)}
    return render(request, "portal/panel.jinja", values)


@staff("see-own-record")
@of_one
@require_GET
def item(request: HttpRequest, whose: Whose, key: str) -> HttpResponse:
    """One entry: what it says, and who told it when."""
    shown = door.document(whose.actor, whose.line.person, key, **_OWN)
    if not isinstance(shown, DocumentShown):
        return _nothing(request)
    values = {"head": heading(whose, shown.banner), "page": item_page(shown), "source": shown.item.source_name}
    return render(request, "portal/item.jinja", values)


def _nothing(request: HttpRequest) -> HttpResponse:
    """There is nothing here to be shown."""
    if request.resolver_match.url_name != "my-record":
        messages.info(request, "There is nothing at that address that you may see.")
        return redirect("my-record")
    return render(request, "portal/nobody.jinja", status=404)
