"""Pages about sharing: what a person chose, recording what they say, and who can see them. All pass `record.door`."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from oneplace.access.consents import CannotRecord
from oneplace.access.policy import staff
from oneplace.access.queries import actor_of, may
from oneplace.kernel.ids import PersonId
from oneplace.record import door
from oneplace.record.forms import ALL, ChoiceForm
from oneplace.record.presenters.sharing import sharing_page, viewers_page
from oneplace.record.shapes import LockedRecord, Refused
from oneplace.record.sharing import Choice, SharingShown, is_told_of_others
from oneplace.record.views.people import shut


@staff("record-consent")
@require_GET
def shown(request: HttpRequest, person_id: str) -> HttpResponse:
    """What the person chose about each class, and every choice that was recorded."""
    found = door.sharing(actor_of(request.user), PersonId(person_id))
    if isinstance(found, LockedRecord | Refused):
        return shut(request, found)
    told_of_others = is_told_of_others(actor_of(request.user))
    values = {"page": sharing_page(found), "told_of_others": told_of_others, **_addresses(person_id)}
    return render(request, "record/sharing.jinja", values)


@staff("record-consent")
@require_http_methods(["GET", "HEAD", "POST"])
def record(request: HttpRequest, person_id: str) -> HttpResponse:
    """Record what the person chose: the form, the answers to check, then it counts."""
    actor, person = actor_of(request.user), PersonId(person_id)
    found = door.sharing(actor, person)
    if isinstance(found, LockedRecord | Refused):
        return shut(request, found)
    form = ChoiceForm(
        request.POST if request.method == "POST" else None, [(one.name, one.label) for one in found.classes]
    )
    if request.method != "POST" or not form.is_valid() or "change" in request.POST:
        return _form(request, form, found, person_id)
    if "confirm" not in request.POST:
        return render(request, "record/choice_check.jinja", _check(form, found) | _addresses(person_id))
    try:
        kept = door.record_choice(actor, person, _choice(form))
    except CannotRecord as why:
        form.add_error("choice", str(why))
        return _form(request, form, found, person_id)
    if isinstance(kept, LockedRecord | Refused):
        return shut(request, kept)
    messages.info(request, "Kept. It counts from the next page that anybody opens.")
    return redirect("sharing", person_id)


@staff("record-consent")
@require_POST
def take_back(request: HttpRequest, person_id: str, key: int) -> HttpResponse:
    """Undo: a choice that was recorded by mistake no longer counts."""
    try:
        done = door.take_back_choice(actor_of(request.user), PersonId(person_id), key)
    except CannotRecord as why:
        messages.error(request, str(why))
        return redirect("sharing", person_id)
    if isinstance(done, LockedRecord | Refused):
        return shut(request, done)
    messages.info(request, "Taken back. What stood before it stands again.")
    return redirect("sharing", person_id)


@staff("open-record")
@require_GET
def viewers(request: HttpRequest, person_id: str) -> HttpResponse:
    """Who can see this person now, and why."""
    actor = actor_of(request.user)
    found = door.viewers(actor, PersonId(person_id))
    if isinstance(found, LockedRecord | Refused):
        return shut(request, found)
    values = {"page": viewers_page(found), "asks": may(actor, "record-consent"), **_addresses(person_id)}
    return render(request, "record/viewers.jinja", values)


def _addresses(person_id: str) -> dict[str, str]:
    return {"address": reverse("person", args=[person_id])}


def _choice(form: ChoiceForm) -> Choice:
    told = form.cleaned_data
    about = "" if told["about"] == ALL else told["about"]
    return Choice(about, told["choice"], told["made_by"], told["how"], form.seen_keys.get(told["about"], 0))


def _form(request: HttpRequest, form: ChoiceForm, found: SharingShown, person_id: str) -> HttpResponse:
    """The form; what stood when it was first opened is kept, unless that is why it can't be recorded."""
    if not form.is_bound or form.errors:
        seen = ",".join(f"{one.name or ALL}={one.own}" for one in found.classes)
    else:
        seen = form.cleaned_data["seen"]
    values = {"form": form, "seen": seen, "page": sharing_page(found), **_addresses(person_id)}
    return render(request, "record/choice.jinja", values, status=422 if form.errors else 200)


def _check(form: ChoiceForm, found: SharingShown) -> dict[str, Any]:
    """The answers in words, and the same to be posted again."""
    words = {name: dict(form.fields[name].choices)[form.cleaned_data[name]] for name in ("about", "choice", "made_by")}
    told = [(name, str(form.cleaned_data[name])) for name in form.fields]
    return {"words": words | {"how": form.cleaned_data["how"]}, "told": told, "page": sharing_page(found)}
