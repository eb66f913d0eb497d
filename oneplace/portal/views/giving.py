"""Staff's page about a person's own people: who may see the record as the person or for them; giving it, ending it.

Whoever gives access needs the person in reach and a fresh proof of who they are; each act stands in the ledger.
"""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET

from oneplace.access import own
from oneplace.access.policy import staff, step_up
from oneplace.access.queries import actor_of
from oneplace.access.users import INVITED_FOR, Unfit
from oneplace.kernel import clock
from oneplace.kernel.ids import PersonId
from oneplace.portal.forms import EndForm, OwnForm, ProxyForm
from oneplace.portal.presenters import OwnRow, own_row
from oneplace.record import door
from oneplace.record.presenters.banner import banner_words
from oneplace.record.shapes import Banner, LockedRecord, Refused


@staff("give-own-access")
@require_GET
def listed(request: HttpRequest, person_id: str) -> HttpResponse:
    """Who may see this record as the person, or for them; and who could once."""
    banner = _admitted(request, person_id, "list own people")
    if banner is None:
        return _not_found(request)
    rows = _rows(person_id)
    return _page(request, "portal/own_people.jinja", banner, {"rows": rows})


@staff("give-own-access")
@step_up
def give(request: HttpRequest, person_id: str, kind: str) -> HttpResponse:
    """Give access to the person ('own') or to somebody who acts for them ('proxy')."""
    banner = _admitted(request, person_id, "give own access: asked")
    if banner is None or kind not in ("own", "proxy"):
        return _not_found(request)
    form = _form(request, kind)
    if request.method == "POST" and form.is_valid():
        try:
            return _given(request, person_id, form, _give(request, PersonId(person_id), form))
        except Unfit as why:
            form.add_error("username", str(why))
    return _page(request, f"portal/give_{kind}.jinja", banner, {"form": form}, 422 if form.errors else 200)


@staff("give-own-access")
@step_up
def end(request: HttpRequest, person_id: str, key: str) -> HttpResponse:
    """End one access, with the reason."""
    banner = _admitted(request, person_id, "end own access: asked")
    row = next((one for one in _rows(person_id) if one.key == key and one.is_open), None)
    if banner is None or row is None:
        return _not_found(request)
    form = EndForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        told = {"person": PersonId(person_id), "key": key, "reason": form.cleaned_data["reason"]}
        own.end_own_access(**told, by=actor_of(request.user))
        messages.info(request, f"{row.name} can't see this record any more.")
        return redirect("own-people", person_id)
    values = {"form": form, "row": row}
    return _page(request, "portal/end_access.jinja", banner, values, 422 if form.errors else 200)


def _admitted(request: HttpRequest, person_id: str, action: str) -> Banner | None:
    """Who the person is, where the reader's organisation cares for them; None for anybody else."""
    found = door.admit(actor_of(request.user), PersonId(person_id), action)
    return None if isinstance(found, LockedRecord | Refused) else found


def _form(request: HttpRequest, kind: str) -> OwnForm:
    data = request.POST if request.method == "POST" else None
    today = clock.today()
    return OwnForm(data) if kind == "own" else ProxyForm(data, {"starts": today.isoformat()})


def _give(request: HttpRequest, person: PersonId, form: OwnForm) -> str:
    """Do it; returns the token of an invitation, or ''. Raises Unfit."""
    told = form.cleaned_data
    who = {"person": person, "username": told["username"], "name": told["name"], "by": actor_of(request.user)}
    if isinstance(form, ProxyForm):
        return own.give_proxy_access(**who, agreed=form.agreed, check=form.check_told)
    return own.give_own_access(**who, check=form.check_told)


def _given(request: HttpRequest, person_id: str, form: OwnForm, token: str) -> HttpResponse:
    """The page with their one-time link, or the list where they sign in already."""
    name = form.cleaned_data["name"]
    if not token:
        messages.info(request, f"{name} signs in already, and sees this record from now on.")
        return redirect("own-people", person_id)
    values = {
        "name": name,
        "address": request.build_absolute_uri(reverse("welcome-link", args=[token])),
        "days": INVITED_FOR.days,
        "back": reverse("own-people", args=[person_id]),
    }
    return render(request, "portal/link.jinja", values)


def _rows(person_id: str) -> list[OwnRow]:
    now = clock.now()
    return [own_row(line, now) for line in own.own_people(PersonId(person_id))]


def _page(
    request: HttpRequest, template: str, banner: Banner, values: dict[str, Any], status: int = 200
) -> HttpResponse:
    """A page under the person's banner."""
    person = banner.person_id
    told = {"banner": banner_words(banner, clock.now()), "person": person, "record": reverse("person", args=[person])}
    return render(request, template, told | values, status=status)


def _not_found(request: HttpRequest) -> HttpResponse:
    """The same page whether or not there is such a person."""
    return render(request, "record/refused.jinja", status=404)
