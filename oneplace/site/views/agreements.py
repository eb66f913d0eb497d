"""Sharing agreements for the privacy officer: who shares, who has not signed, signing, renewing, ending, templates."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from oneplace.access import agreements, classes, queries
from oneplace.access.agreements import CannotSign, Standing
from oneplace.access.forms import EndForm, SignForm, TemplateForm
from oneplace.access.policy import staff, step_up
from oneplace.access.rules import Coverage
from oneplace.kernel import clock
from oneplace.place import queries as place
from oneplace.site.shell import kept
from oneplace.site.words import day as day_words

_SHOWN = {
    "all": ("All", frozenset(Coverage)),
    "unsigned": ("Has not signed", frozenset({Coverage.NONE, Coverage.ENDED})),
    "soon": ("Expiring soon", frozenset({Coverage.EXPIRING})),
    "later": ("Starts later", frozenset({Coverage.STARTS})),
    "sharing": ("Shares", frozenset({Coverage.SHARES, Coverage.EXPIRING})),
}
_STATES = {
    Coverage.SHARES: ("good", "✓", "Shares"),
    Coverage.EXPIRING: ("wait", "!", "Expiring"),
    Coverage.STARTS: ("wait", "→", "Starts later"),
    Coverage.ENDED: ("bad", "✕", "Ended"),
    Coverage.NONE: ("bad", "✕", "Has not signed"),
}
_UNNAMED = "Told by the place's folder"


@dataclass(frozen=True, slots=True)
class Line:
    """One controller as the board lists it."""

    code: str
    name: str
    group: str  # cluster, or '' for those that are no practice
    colour: str
    sign: str
    state: str
    words: str
    signed: str


@staff("keep-agreements")
@require_safe
def board(request: HttpRequest) -> HttpResponse:
    """How many practices share, which don't, whose agreement expires soon; the others after them."""
    show = request.GET.get("show", "")
    show = show if show in _SHOWN else "all"
    practices = {one.code: one for one in place.practices()}
    names, pending = place.names(), kept("pending.json") or {}
    told = agreements.standings([*practices, *(code for code in pending if code in names.organisations)])
    lines = [_line(told[code], one.name, one.cluster or "No cluster", pending) for code, one in practices.items()]
    others = [
        _line(found, names.organisations.get(code, code), "", pending)
        for code, found in told.items()
        if code not in practices
    ]
    wanted = {_STATES[state][2] for state in _SHOWN[show][1]}
    values = {
        "sharing": sum(told[code].shares for code in practices),
        "practices": len(practices),
        "soon": sum(told[code].coverage is Coverage.EXPIRING for code in practices),
        "picture": _picture(lines),
        "lines": [line for line in lines if line.state in wanted],
        "others": sorted(others, key=lambda line: line.name),
        "choices": [
            (name, words, sum(told[code].coverage in states for code in practices))
            for name, (words, states) in _SHOWN.items()
        ],
        "show": show,
        "templates": agreements.templates(),
        "cluster": names.words["cluster"],
    }
    return render(request, "site/agreements.jinja", values)


@staff("keep-agreements")
@require_safe
def one(request: HttpRequest, code: str) -> HttpResponse:
    """One controller: whether it shares, and all that it signed."""
    name = place.names().organisations.get(code)
    if name is None:
        return render(request, "site/not_found.jinja", status=404)
    found, people = agreements.standing(code), queries.staff_names()
    values = {
        "line": _line(found, name, "", kept("pending.json") or {}),
        "shares": found.shares,
        "rows": [_row(row, people) for row in found.agreements],
        "templates": agreements.templates(),
    }
    return render(request, "site/agreement.jinja", values)


@staff("keep-agreements")
@step_up
@require_http_methods(["GET", "HEAD", "POST"])
def sign(request: HttpRequest, code: str) -> HttpResponse:
    """Keep that a controller has signed, or signed again: the form, then the answers to check, then it counts."""
    name, offered = place.names().organisations.get(code), agreements.templates()
    if name is None or not offered:
        return render(request, "site/not_found.jinja", status=404)
    starts = agreements.next_start(code)
    first = {"starts": starts, "signed_on": clock.today(), "ends": agreements.usual_end(offered[0], starts)}
    choices = [(found.key, f"{found.name}, version {found.version}") for found in offered]
    form = SignForm(request.POST if request.method == "POST" else None, choices, first)
    values: dict[str, Any] = {"code": code, "name": name, "form": form, "templates": choices}
    if request.method != "POST" or not form.is_valid() or "change" in request.POST:
        return _form(request, "site/agreement_sign.jinja", values)
    told = dict(form.cleaned_data)
    template = agreements.template(told.pop("template"))
    if "confirm" not in request.POST:
        return render(request, "site/agreement_check.jinja", values | {"template": template, "told": _told(form)})
    try:
        agreements.sign_agreement(controller_code=code, template=template, by=queries.actor_of(request.user), **told)
    except CannotSign as why:
        form.add_error("starts", str(why))
        return _form(request, "site/agreement_sign.jinja", values)
    messages.info(request, f"Kept: {name} shares from {day_words(told['starts'])}.")
    return redirect("agreement", code)


@staff("keep-agreements")
@step_up
@require_http_methods(["GET", "HEAD", "POST"])
def end(request: HttpRequest, code: str, starts: date) -> HttpResponse:
    """End an agreement now, after a look at what that means."""
    name = place.names().organisations.get(code)
    held = next(
        (row for row in agreements.standing(code).agreements if row.starts == starts and not row.ended_at), None
    )
    if name is None or held is None:
        return render(request, "site/not_found.jinja", status=404)
    form = EndForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        by = queries.actor_of(request.user)
        agreements.end_agreement(controller_code=code, starts=starts, reason=form.cleaned_data["reason"], by=by)
        messages.info(request, f"Ended. What {name} shared under it is hidden from the next page on.")
        return redirect("agreement", code)
    values = {"code": code, "name": name, "form": form, "row": _row(held, queries.staff_names())}
    return _form(request, "site/agreement_end.jinja", values)


@staff("keep-agreements")
@require_safe
def template(request: HttpRequest, key: str) -> HttpResponse:
    """The text and the terms of one version of a template."""
    found = agreements.template(key)
    if found is None:
        return render(request, "site/not_found.jinja", status=404)
    names = place.names().organisations
    values = {
        "template": found,
        "purposes": [classes.purposes()[name].label for name in found.purposes if name in classes.purposes()],
        "classes": [classes.classes()[name].label for name in found.classes if name in classes.classes()],
        "parties": [names.get(code, code) for code in found.parties],
    }
    return render(request, "site/agreement_template.jinja", values)


@staff("keep-agreements")
@step_up
@require_http_methods(["GET", "HEAD", "POST"])
def write(request: HttpRequest) -> HttpResponse:
    """Write a template, or a new version of one by its name."""
    parties = sorted(place.names().organisations.items(), key=lambda one: one[1])
    form = TemplateForm(request.POST if request.method == "POST" else None, parties)
    if request.method == "POST" and form.is_valid():
        made = agreements.write_template(by=queries.actor_of(request.user), **form.cleaned_data)
        messages.info(request, f"Kept as version {made.version}. What was signed before stays as it was signed.")
        return redirect("agreement-template", made.key)
    return _form(request, "site/agreement_write.jinja", {"form": form})


def _form(request: HttpRequest, page: str, values: dict[str, Any]) -> HttpResponse:
    return render(request, page, values, status=422 if values["form"].errors else 200)


def _told(form: SignForm) -> list[tuple[str, str]]:
    """What was typed, to be posted again with the confirmation."""
    return [(name, str(form[name].value() or "")) for name in form.fields]


def _line(found: Standing, name: str, group: str, pending: dict[str, str]) -> Line:
    colour, sign, state = _STATES[found.coverage]
    current = found.current
    signed = f"Signed {day_words(current.signed_on)}" if current and current.signed_on else ""
    if current and current.signatory:
        signed = f"{signed} by {current.signatory}, {current.signatory_role}"
    return Line(found.controller_code, name, group, colour, sign, state, _words(found, pending), signed)


def _words(found: Standing, pending: dict[str, str]) -> str:
    if found.coverage is Coverage.NONE:
        return pending.get(found.controller_code, "")
    if found.coverage is Coverage.ENDED:
        last = max((row.ended_at.date() if row.ended_at else row.ends for row in found.agreements), default=None)
        return f"Last day {day_words(last)}"
    if found.coverage is Coverage.STARTS:
        return f"From {day_words(found.day)}"
    return f"Until {day_words(found.day)}" if found.day else "Until it is ended"


def _picture(lines: Iterable[Line]) -> list[tuple[str, list[Line]]]:
    groups: dict[str, list[Line]] = {}
    for line in sorted(lines, key=lambda line: (line.group, line.name)):
        groups.setdefault(line.group, []).append(line)
    return list(groups.items())


def _row(row: agreements.Agreement, people: dict[str, str]) -> dict[str, Any]:
    """One agreement in words."""
    over = row.ended_at is not None or (row.ends is not None and row.ends < clock.today())
    return {
        "starts": row.starts,
        "ends": row.ends,
        "signed_on": row.signed_on,
        "signatory": f"{row.signatory}, {row.signatory_role}" if row.signatory else "",
        "template": row.template,
        "called": f"{row.template.name}, version {row.template.version}" if row.template else _UNNAMED,
        "kept_by": people.get(row.recorded_by, ""),
        "ended_at": row.ended_at,
        "ended_by": people.get(row.ended_by, ""),
        "reason": row.end_reason,
        "can_end": not over,
    }
