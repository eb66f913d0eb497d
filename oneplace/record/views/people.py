"""Pages about one person: find, open, read one panel or one entry. All that they show passes `record.door`."""

from secrets import token_urlsafe

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import NoReverseMatch, reverse
from django.views.decorators.http import require_GET, require_http_methods

from oneplace.access.policy import staff
from oneplace.access.queries import actor_of, may
from oneplace.access.rules import Actor, Closed
from oneplace.kernel import clock
from oneplace.kernel.ids import PersonId
from oneplace.record import door, identity
from oneplace.record.emergency import unshared_practice
from oneplace.record.forms import SearchForm
from oneplace.record.presenters.explaining import why_page
from oneplace.record.presenters.pages import (
    Asked,
    found_words,
    hit_row,
    item_page,
    locked_page,
    panel_page,
    person_page,
    printed_words,
)
from oneplace.record.presenters.paging import offset_of
from oneplace.record.presenters.timeline import sieve_of
from oneplace.record.shapes import DocumentShown, LockedRecord, Opened, Refused
from oneplace.record.sharing import is_told_of_others
from oneplace.record.windowlets import views, views_for

_SEARCHES_KEPT = 5


@staff("search-people")
@require_http_methods(["GET", "POST"])
def people(request: HttpRequest) -> HttpResponse:
    """Find a person. What is typed waits in the session under a random key: 'back' works, and no URL tells it."""
    if request.method == "GET":
        return _found_page(request, request.session.get("searches", {}).get(request.GET.get("search", "")))
    form = SearchForm(request.POST)
    if not form.is_valid():
        return _search_page(request, text=request.POST.get("text", ""), error=form.errors["text"][0], status=422)
    kept = list(request.session.get("searches", {}).items())[-_SEARCHES_KEPT + 1 :]
    key = token_urlsafe(6)
    request.session["searches"] = dict(kept) | {key: form.cleaned_data["text"]}
    return redirect(f"{reverse('people')}?search={key}")


def _found_page(request: HttpRequest, text: str | None) -> HttpResponse:
    """What a search found; without one, the people opened lately."""
    actor = actor_of(request.user)
    if text is None:
        return _search_page(request, recent=[hit_row(hit) for hit in door.recent(actor)])
    found = door.search(actor, text)
    return _search_page(
        request, text=text, found=found, count=found_words(found), hits=[hit_row(hit) for hit in found.hits]
    )


def _search_page(request: HttpRequest, *, status: int = 200, **values: object) -> HttpResponse:
    return render(request, "record/people.jinja", values, status=status)


@staff("open-record")
@require_GET
def person(request: HttpRequest, person_id: str) -> HttpResponse:
    """One person's record, as a view of it that the role may use."""
    actor, asked = actor_of(request.user), _asked(request, reverse("person", args=[person_id]))
    sieve = sieve_of(asked.kind, asked.source)
    opened = door.open(actor, PersonId(person_id), view=asked.view or None, sieve=sieve)
    if isinstance(opened, Refused):
        return _moved_on(request, actor, person_id) or _refused(request)
    if isinstance(opened, LockedRecord):
        return _locked(request, opened)
    page = person_page(opened, views()[opened.view], views_for(actor.role), asked)
    values = {
        "page": page,
        "printed": printed_words(opened.opened_at, actor.name),
        "emergency": emergency_address(opened),
        "asks": may(actor, "record-consent"),
        "told_of_others": is_told_of_others(actor),
        "unshared": unshared_practice(actor, opened.banner, opened.opened_at) if opened.declaration else None,
        "own_people": own_people_address(actor, person_id),
        "ask_for_bed": _upstairs(actor, person_id, "bed-ask", "ask-for-bed"),
    }
    return render(request, "record/person.jinja", values)


@staff("open-record")
@require_GET
def panel(request: HttpRequest, person_id: str, name: str) -> HttpResponse:
    """One panel from an offset on: what didn't fit on the person's page."""
    actor, asked = actor_of(request.user), _asked(request, reverse("record-panel", args=[person_id, name]))
    sieve = sieve_of(asked.kind, asked.source)
    opened = door.more(actor, PersonId(person_id), name, asked.offset, view=asked.view or None, sieve=sieve)
    if not isinstance(opened, Opened):
        return shut(request, opened)
    address = reverse("person", args=[person_id])
    values = {"page": panel_page(opened, name, asked), "address": address, "home": f"{address}?view={opened.view}"}
    return render(request, "record/panel.jinja", values)


@staff("open-record")
@require_GET
def item(request: HttpRequest, person_id: str, key: str) -> HttpResponse:
    """One entry with its source facts."""
    shown = door.document(actor_of(request.user), PersonId(person_id), key)
    if not isinstance(shown, DocumentShown):
        return shut(request, shown)
    values = {"page": item_page(shown), "address": reverse("person", args=[person_id])}
    return render(request, "record/item.jinja", values)


@staff("open-record")
@require_GET
def why(request: HttpRequest, person_id: str) -> HttpResponse:
    """Why this record is open to the reader: relationships, and for each class of information the rule."""
    found = door.why(actor_of(request.user), PersonId(person_id))
    if isinstance(found, LockedRecord | Refused):
        return shut(request, found)
    values = {"page": why_page(*found, clock.now()), "address": reverse("person", args=[person_id])}
    return render(request, "record/why.jinja", values)


def _asked(request: HttpRequest, address: str) -> Asked:
    told = request.GET.get
    return Asked(
        address=address,
        view=told("view", ""),
        kind=told("kind", ""),
        source=told("source", ""),
        printing=told("print") == "yes",
        offset=offset_of(told("from", "")),
    )


def _moved_on(request: HttpRequest, actor: Actor, person_id: str) -> HttpResponse | None:
    """The way on from the address of somebody who was linked to another record since, where that may be opened."""
    now_as = identity.now_known_as(person_id)
    if not now_as or isinstance(door.open(actor, PersonId(now_as)), Refused):
        return None
    messages.info(
        request, "These records were found to be one person's since you saved the address: this is the whole."
    )
    return redirect("person", now_as)


def shut(request: HttpRequest, answer: LockedRecord | Refused) -> HttpResponse:
    """The page in place of a record that doesn't open."""
    return _locked(request, answer) if isinstance(answer, LockedRecord) else _refused(request)


def _locked(request: HttpRequest, locked: LockedRecord) -> HttpResponse:
    """Who the person is, that their record is closed, and the ways that work. Nothing of the record, not a count."""
    now = clock.now()
    asks = locked.reason == Closed.NOT_ASKED and may(actor_of(request.user), "record-consent")
    values = {
        "page": locked_page(locked, now),
        "emergency": emergency_address(locked),
        "ask": reverse("sharing-record", args=[locked.banner.person_id]) if asks else "",
        "unshared": unshared_practice(actor_of(request.user), locked.banner, now),
    }
    return render(request, "record/locked.jinja", values, status=403)


def emergency_address(record: LockedRecord | Opened) -> str:
    """Where an emergency is declared, for a role that may; '' for others."""
    if not record.break_glass:
        return ""
    return reverse("break-glass", args=[record.banner.person_id])


def own_people_address(actor: Actor, person_id: str) -> str:
    """Where access is given to the person and to those who act for them, for a role that may; '' for others."""
    return _upstairs(actor, person_id, "own-people", "give-own-access")


def _upstairs(actor: Actor, person_id: str, name: str, permission: str) -> str:
    """The address of a page about the person in a room above; '' where there is none, or for a role that may not."""
    try:
        return reverse(name, args=[person_id]) if may(actor, permission) else ""
    except NoReverseMatch:
        return ""


def _refused(request: HttpRequest) -> HttpResponse:
    """The same page whether or not there is such a person."""
    return render(request, "record/refused.jinja", status=404)
