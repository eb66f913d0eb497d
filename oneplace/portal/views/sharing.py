"""Sharing: what the person lets others see, class by class, and who may see the record for them.

A change is looked over before it is kept, counts from the next page that anybody opens, and can be taken back.
"""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET

from oneplace.access import consents, own, queries
from oneplace.access.policy import staff
from oneplace.access.rules import Purpose
from oneplace.access.users import Unfit
from oneplace.kernel import clock
from oneplace.portal.forms import whole_number
from oneplace.portal.presenters import ALL, OwnRow, SharingRow, own_row, plain_facts, sharing_row, sharing_rows
from oneplace.portal.whose import Heading, Whose, heading, of_one
from oneplace.record import door
from oneplace.record.shapes import Banner

_LAST = "chosen_last"
_HOW = "by themselves, in the portal"


@staff("see-own-record")
@of_one
@require_GET
def listed(request: HttpRequest, whose: Whose) -> HttpResponse:
    """Every class with what is shared of it, and who may see the record as oneself or for one."""
    head = _head(whose, "list own sharing")
    if head is None:
        return _nobody(request)
    values: dict[str, object] = {"head": head, "may_choose": whose.may_choose, "undo": request.session.get(_LAST)}
    if whose.may_choose:
        values |= {"everything": _row(whose, ALL), "groups": sharing_rows(_rows(whose))}
    if whose.is_self:
        values["people"] = _proxies(whose)
    else:
        values["agreed"] = plain_facts(whose.line)
    return render(request, "portal/sharing.jinja", values)


@staff("see-own-record")
@of_one
def change(request: HttpRequest, whose: Whose, name: str) -> HttpResponse:
    """Choose about one class, look the choice over, keep it."""
    head, row = _head(whose, "change own sharing"), _row(whose, name)
    if head is None or row is None or not whose.may_choose:
        return _nobody(request)
    told = request.POST.get("share", "")
    chosen = told if told in ("yes", "no") else ""
    values = {"head": head, "row": row, "chosen": chosen, "whose": whose.line.key}
    if request.method == "POST" and request.POST.get("whose") != whose.line.key:
        messages.info(request, "You have changed to another record meanwhile, so nothing was kept. Look, then choose.")
        return redirect("sharing")
    if request.method == "POST" and chosen and "sure" in request.POST:
        return _kept(request, whose, row, chosen, whole_number(request.POST.get("seen", "")))
    if request.method == "POST" and chosen:
        return render(request, "portal/sharing_check.jinja", values)
    values["unchosen"] = request.method == "POST"
    return render(request, "portal/sharing_change.jinja", values, status=422 if values["unchosen"] else 200)


@staff("see-own-record")
@of_one
def undo(request: HttpRequest, whose: Whose) -> HttpResponse:
    """Take the last choice of this session back: the one before it stands again."""
    last = request.session.pop(_LAST, None)
    if request.method == "POST" and last and last["whose"] == whose.line.key and whose.may_choose:
        try:
            consents.take_back_consent(person=whose.line.person, key=last["key"], by=whose.actor)
            messages.info(request, "Taken back. It is as it was before.")
        except consents.CannotRecord as why:
            messages.info(request, str(why))
    return redirect("sharing")


@staff("see-own-history")
@of_one
def end(request: HttpRequest, whose: Whose, key: str) -> HttpResponse:
    """End the access of somebody who acts for one."""
    head = _head(whose, "end own access: asked")
    row = next((one for one in _proxies(whose) if one.key == key), None) if whose.is_self else None
    if head is None or row is None:
        return _nobody(request)
    if request.method != "POST":
        return render(request, "portal/sharing_end.jinja", {"head": head, "row": row})
    try:
        own.end_own_access(person=whose.line.person, key=key, reason="the person ended it", by=whose.actor)
        messages.info(request, f"{row.name} can't see your record any more.")
    except Unfit as why:
        messages.info(request, str(why))
    return redirect("sharing")


def _kept(request: HttpRequest, whose: Whose, row: SharingRow, chosen: str, seen: int) -> HttpResponse:
    """Keep the choice, unless somebody recorded another meanwhile."""
    choice = "given" if chosen == "yes" else "withdrawn" if row.given else "refused"
    try:
        key = consents.record_consent(
            person=whose.line.person,
            information_class="" if row.name == ALL else row.name,
            choice=choice,
            made_by=whose.made_by,
            capacity=whose.is_self,
            how=_HOW,
            by=whose.actor,
            seen=seen,
        )
        request.session[_LAST] = {"key": key, "whose": whose.line.key, "label": row.label}
        messages.info(request, f"Kept: {row.label}. It counts from now on.")
    except consents.CannotRecord as why:
        messages.info(request, str(why))
    return redirect("sharing")


def _head(whose: Whose, action: str) -> Heading | None:
    banner = door.admit(whose.actor, whose.line.person, action, purpose=Purpose.OWN_RECORD)
    return heading(whose, banner) if isinstance(banner, Banner) else None


def _rows(whose: Whose) -> list[SharingRow]:
    """Each class that a person chooses about, as it stands."""
    facts = queries.facts_for(whose.actor, whose.line.person, clock.now())
    lines = consents.standing_choices(consents.choices_of(whose.line.person))
    return [
        sharing_row(name, facts, lines, whose.actor.key)
        for name in ("", *(name for name, rule in facts.classes.items() if not rule.traced))
    ]


def _row(whose: Whose, name: str) -> SharingRow | None:
    return next((row for row in _rows(whose) if row.name == name), None)


def _proxies(whose: Whose) -> list[OwnRow]:
    """Who acts for the person now or will; their own sign-ins are left out."""
    now = clock.now()
    rows = [own_row(line, now) for line in own.own_people(whose.line.person) if line.kind != own.SELF]
    return [row for row in rows if row.is_open]


def _nobody(request: HttpRequest) -> HttpResponse:
    return render(request, "portal/nobody.jinja", status=404)
