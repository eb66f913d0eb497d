"""Who has looked: organisations and roles, when, what they did and why; emergencies stand out."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from oneplace.access import own
from oneplace.access.policy import staff
from oneplace.access.rules import Purpose
from oneplace.portal.forms import whole_number
from oneplace.portal.presenters import looked_rows
from oneplace.portal.whose import Whose, heading, of_one
from oneplace.record import door, history
from oneplace.record.shapes import Banner

_A_PAGE = 25


@staff("see-own-history")
@of_one
@require_GET
def listed(request: HttpRequest, whose: Whose) -> HttpResponse:
    """Looks at the own record, newest first; one's own are left out unless asked for."""
    banner = door.admit(whose.actor, whose.line.person, "list who looked", purpose=Purpose.OWN_RECORD)
    if not isinstance(banner, Banner):
        return render(request, "portal/nobody.jinja", status=404)
    values: dict[str, object] = {"head": heading(whose, banner), "mine": request.GET.get("mine") == "yes"}
    if whose.is_self:
        before = whole_number(request.GET.get("before", ""))
        but = "" if values["mine"] else whose.actor.key
        person = whose.line.person
        looked, older = history.access_history(person, limit=_A_PAGE, before=before, but=but)
        values |= {"days": looked_rows(looked, whose.actor.key, own.own_people(person)), "older": older}
    return render(request, "portal/looked.jinja", values)
