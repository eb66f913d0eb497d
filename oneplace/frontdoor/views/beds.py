"""Beds: the board, asking for one, what fits and why, offers and their answers, leaving, delays, closing a bed.

The board names nobody: it hangs on walls. Who it is stands on the request's page, by the record's door.
"""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from oneplace.access.policy import staff
from oneplace.access.queries import actor_of, may
from oneplace.access.rules import Actor
from oneplace.frontdoor.actions import beds as actions
from oneplace.frontdoor.actions.beds import CannotDo
from oneplace.frontdoor.delays import words_of
from oneplace.frontdoor.forms.beds import BedForm, DelayForm
from oneplace.frontdoor.models import BedRequest, BedStay
from oneplace.frontdoor.presenters import beds as words
from oneplace.frontdoor.queries import beds as queries
from oneplace.frontdoor.rules.beds import State
from oneplace.kernel import clock
from oneplace.kernel.ids import PersonId, new_key
from oneplace.place import queries as place
from oneplace.record import door
from oneplace.record.shapes import Banner


@staff("see-beds")
@require_safe
def board(request: HttpRequest) -> HttpResponse:
    """Every community bed now, and the requests that wait for one."""
    actor, now = actor_of(request.user), clock.now()
    told = queries.board(now)
    keeps = may(actor, "keep-beds")
    values = {
        "board": told,
        "view": "list" if request.GET.get("view") == "list" else "tiles",
        "columns": [(one, [(tile, words.tile_words(tile, now)) for tile in one.tiles]) for one in told.columns],
        "waiting": [
            (one, words.need_words(one.request), words.fit_words(one))
            for one in told.waiting
            if keeps or one.request.asked_for == actor.organisation_code
        ],
        "organisations": place.names().organisations,
        "for_whom": words.FOR_WHOM,
        "keeps": keeps,
    }
    return render(request, "frontdoor/beds.jinja", values)


@staff("ask-for-bed")
def ask(request: HttpRequest, person_id: str) -> HttpResponse:
    """What somebody needs; kept once however often it is sent."""
    actor, person = actor_of(request.user), PersonId(person_id)
    banner = door.admit(actor, person, "ask for bed: asked")
    if not isinstance(banner, Banner):
        return _nobody(request)
    form = _form(request, banner)
    if request.method == "POST" and form.is_valid():
        told = {"need": form.need, "once": form.cleaned_data["once"], **form.more}
        try:
            return redirect("bed-request", actions.ask_for_bed(person=person, by=actor, **told).key)
        except CannotDo as why:
            form.add_error("direction", str(why))
    values = {"banner": banner, "form": form, "standing": queries.open_requests_of(person)}
    return render(request, "frontdoor/bed_ask.jinja", values, status=422 if form.errors else 200)


@staff("see-beds")
@require_safe
def request_page(request: HttpRequest, key: str) -> HttpResponse:
    """One request: what is needed, its bed where it has one, else every bed with its reasons."""
    actor = actor_of(request.user)
    found = queries.request_of(key)
    if found is None or not _concerns(actor, found):
        return _nobody(request)
    return _shown(request, actor, found)


@staff("keep-beds")
@require_POST
def offer(request: HttpRequest, key: str) -> HttpResponse:
    """Hold a bed for a request for an hour."""
    stay = _tried(request, actions.offer_bed, request_key=key, bed_code=request.POST.get("bed", ""))
    if stay:
        messages.info(request, f"Held until {clock.to_london(stay.held_until):%H:%M}. Tell whoever asked.")
    return redirect("bed-request", key)


@staff("ask-for-bed")
@require_POST
def withdraw(request: HttpRequest, key: str) -> HttpResponse:
    """End a request that has no bed."""
    found = queries.request_of(key)
    if found is None or not _concerns(actor_of(request.user), found):
        return _nobody(request)
    _tried(request, actions.withdraw_request, key=key, reason=request.POST.get("reason", ""))
    return redirect("bed-request", key)


@staff("ask-for-bed")
@require_POST
def move(request: HttpRequest, key: str) -> HttpResponse:
    """Answer an offer, admit, mark ready, record that they left."""
    actor, stay, to = actor_of(request.user), queries.stay_of(key), request.POST.get("to", "")
    if stay is None or not _concerns(actor, stay.request):
        return _nobody(request)
    if to not in {str(state) for state, _ in words.moves_open(stay, may(actor, "keep-beds"))}:
        messages.info(request, f"Meanwhile the bed is {stay.state}. Look, then choose again.")
    else:
        told = {"reason": request.POST.get("reason", ""), "seen": request.POST.get("seen", "")}
        _tried(request, actions.move_stay, key=key, to=State(to), **told)
    return redirect("bed-request", stay.request.key)


@staff("keep-beds")
@require_POST
def longer(request: HttpRequest, key: str) -> HttpResponse:
    """More nights in the same bed, which also answers the review of a short stay."""
    stay, nights = queries.stay_of(key), request.POST.get("nights", "")
    if stay is None:
        return _nobody(request)
    count = int(nights) if nights.isdecimal() and len(nights) < 4 else 0
    if _tried(request, actions.extend_stay, key=key, nights=count):
        messages.info(request, "Kept: they stay longer.")
    return redirect("bed-request", stay.request.key)


@staff("keep-beds")
@require_POST
def delay(request: HttpRequest, key: str) -> HttpResponse:
    """Why somebody who is ready has not left today."""
    stay, form = queries.stay_of(key), DelayForm(request.POST)
    if stay is None:
        return _nobody(request)
    if not form.is_valid():
        messages.info(request, " ".join(errors[0] for errors in form.errors.values()))
    elif _tried(request, actions.record_delay, key=key, **form.cleaned_data):
        messages.info(request, "Kept: the reason for today.")
    return redirect("bed-request", stay.request.key)


@staff("keep-beds")
def bed_page(request: HttpRequest, code: str) -> HttpResponse:
    """One bed: close it for a reason, or open it again."""
    found = queries.bed_of(code)
    if found is None:
        return _nobody(request)
    unsaid = request.method == "POST" and "open" not in request.POST and not request.POST.get("reason", "").strip()
    if request.method == "POST" and not unsaid:
        reason = "" if "open" in request.POST else request.POST["reason"]
        actions.close_bed(code=code, reason=reason, by=actor_of(request.user))
        return redirect("beds")
    return render(request, "frontdoor/bed.jinja", {"bed": found, "unsaid": unsaid}, status=422 if unsaid else 200)


def _shown(request: HttpRequest, actor: Actor, found: BedRequest) -> HttpResponse:
    """The page of a request, with the person's name for those who may know it."""
    now = clock.now()
    who = door.admit(actor, PersonId(found.person), "look at bed request")
    stay: BedStay | None = queries.live_stay_of(found, now)
    matches = [] if stay or found.ended_at else queries.matches(found, now)
    keeps = may(actor, "keep-beds")
    values: dict[str, Any] = {
        "request_": found,
        "banner": who if isinstance(who, Banner) else None,
        "needs": words.need_words(found),
        "stay": stay,
        "until": words.day_words(stay.last_night) if stay else "",
        "moves": words.moves_open(stay, keeps) if stay else [],
        "present": bool(stay) and words.is_present(stay),
        "review_due": bool(stay and stay.review_at and stay.review_at <= now),
        "fitting": sum(one.fits for one in matches),
        "bays": words.best_of_bays([one for one in matches if one.fits]),
        "failing": [one for one in matches if not one.fits],
        "history": queries.moves_of(found),
        "delays": [(one, words_of(one.list_version, one.primary)) for one in queries.delays_of(stay)] if stay else [],
        "delay_form": DelayForm() if stay and stay.state == State.READY else None,
        "keeps": keeps,
        "organisations": place.names().organisations,
    }
    return render(request, "frontdoor/bed_request.jinja", values)


def _form(request: HttpRequest, banner: Banner) -> BedForm:
    """The form with what the record tells: sex, and the community of the practice."""
    areas = [(area.code, area.name) for area in place.areas("cluster")]
    today = clock.today()
    own = place.areas_of(banner.practice_code, today, "cluster")
    initial = {
        "sex": banner.sex if banner.sex in ("female", "male") else "",
        "short_hours": "0",
        "nights": 7,
        "area_code": own[0].code if own else "",
        "once": new_key(),
    }
    return BedForm(queries.equipment(), areas, request.POST if request.method == "POST" else None, initial)


def _concerns(actor: Actor, found: BedRequest) -> bool:
    """Whether a request is this reader's business: they keep beds, or their organisation asked."""
    return may(actor, "keep-beds") or found.asked_for == actor.organisation_code


def _tried(request: HttpRequest, action: Any, **told: Any) -> Any:
    """What the action answers; None where it could not be done, which the next page says."""
    try:
        return action(by=actor_of(request.user), **told)
    except CannotDo as why:
        messages.info(request, str(why))
        return None


def _nobody(request: HttpRequest) -> HttpResponse:
    return render(request, "record/refused.jinja", status=404)
