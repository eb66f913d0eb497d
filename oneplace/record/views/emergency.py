"""Breaking the glass: the declaration of an emergency about one person, and its end. Shows nothing of the record."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from oneplace.access import emergencies
from oneplace.access.policy import staff, step_up
from oneplace.access.queries import actor_of
from oneplace.access.rules import Actor
from oneplace.access.rules.emergencies import REASON_WORDS
from oneplace.kernel import clock
from oneplace.kernel.ids import PersonId
from oneplace.record import door
from oneplace.record.emergency import unshared_practice
from oneplace.record.presenters.banner import banner_words
from oneplace.record.presenters.pages import closed_words
from oneplace.record.shapes import Refused, Standing

_FIELDS = ("reason", "text", "refusal_reason")
_MOST = 2000


@staff("open-record")
@require_http_methods(["GET", "POST"])
def break_glass(request: HttpRequest, person_id: str) -> HttpResponse:
    """Declare an emergency about this person; while one is open, what was declared and its end."""
    actor, person = actor_of(request.user), PersonId(person_id)
    stands = door.standing(actor, person)
    if isinstance(stands, Refused):
        return render(request, "record/refused.jinja", status=404)
    if not stands.may_declare and emergencies.open_declaration(actor, person) is None:
        return redirect("person", person_id)
    if request.method == "POST" and stands.may_declare:
        return _declared(request, actor, stands)
    return _page(request, actor, stands)


@staff("open-record")
@require_POST
def end(request: HttpRequest, person_id: str) -> HttpResponse:
    """End the emergency now: from the next request on the record stands as it did before."""
    if emergencies.end(actor=actor_of(request.user), person=PersonId(person_id)):
        messages.info(request, "The emergency access has ended.")
    return redirect("person", person_id)


@step_up
def _declared(request: HttpRequest, actor: Actor, stands: Standing) -> HttpResponse:
    """Keep the declaration and open the record, or say what is missing. Asks for a fresh proof of identity first."""
    told = {name: request.POST.get(name, "")[:_MOST] for name in _FIELDS}
    try:
        emergencies.declare(actor=actor, person=stands.banner.person_id, **told)
    except emergencies.Incomplete as lacking:
        return _page(request, actor, stands, told=told, faults=lacking.faults, status=422)
    return redirect("person", stands.banner.person_id)


def _page(request: HttpRequest, actor: Actor, stands: Standing, *, status: int = 200, **values: object) -> HttpResponse:
    now, person = clock.now(), stands.banner.person_id
    held = emergencies.open_declaration(actor, person)
    shown = {
        "banner": banner_words(stands.banner, now),
        "address": reverse("person", args=[person]),
        "why": closed_words(stands.closed),
        "stands": stands,
        "held": emergencies.declaration(held.key) if held else None,
        "reasons": list(REASON_WORDS.items()),
        "unshared": unshared_practice(actor, stands.banner, now),
        "minutes": emergencies.minutes(),
        "told": {},
        "faults": {},
    }
    return render(request, "record/emergency.jinja", shown | values, status=status)
