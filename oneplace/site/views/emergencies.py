"""Emergency access for privacy officers: the work-list of declarations, one of them, and the report to a controller."""

from datetime import timedelta

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from oneplace.access import emergencies as access
from oneplace.access.policy import staff
from oneplace.access.queries import actor_of
from oneplace.access.rules.emergencies import Outcome
from oneplace.kernel import clock
from oneplace.kernel.sheets import csv_lines
from oneplace.ledger import actions as ledger
from oneplace.place import queries as place
from oneplace.record import tracing
from oneplace.site import emergencies
from oneplace.site.ledger_search import Namer

_PAGE = 50
_LISTS = {"review": "To review", "open": "Open now", "done": "Reviewed"}
OUTCOMES = (
    (Outcome.JUSTIFIED, "Justified", "The emergency was there and what was opened belonged to it."),
    (Outcome.NOT_JUSTIFIED, "Not justified", "There was no emergency, or more was opened than it needed."),
    (Outcome.ACTION, "Action", "Something was done about it: say what."),
)
_DAYS = {"required": False, "input_formats": ["%Y-%m-%d"], "error_messages": {"invalid": "Enter a day"}}


class Period(forms.Form):
    """Whose entries, and between which days, both included; the last 30 days where none is told."""

    controller = forms.CharField(max_length=20, required=False)
    since = forms.DateField(**_DAYS)
    until = forms.DateField(**_DAYS)

    def clean(self) -> dict[str, object]:
        """The first day comes first."""
        told = super().clean() or {}
        today = clock.today()
        told["until"] = told.get("until") or today
        told["since"] = told.get("since") or told["until"] - timedelta(days=30)
        if told["until"] < told["since"]:
            self.add_error("until", "The last day is before the first: change one of them.")
        return told


@staff(access.REVIEWS)
@require_safe
def listed(request: HttpRequest) -> HttpResponse:
    """Declarations that wait for their review, overdue ones first; those open now; those reviewed."""
    show = request.GET.get("show", "")
    show = show if show in _LISTS else "review"
    lines = access.declarations(reviewed={"review": False, "done": True}.get(show))
    if show == "open":
        lines = [line for line in lines if line.is_open]
    lines.sort(key=lambda line: line.state != "overdue")
    values = {
        "found": emergencies.told(lines[:_PAGE], Namer()),
        "more": max(0, len(lines) - _PAGE),
        "show": show,
        "choices": list(_LISTS.items()),
        "counts": access.review_counts(),
    }
    return render(request, "site/emergencies.jinja", values)


@staff(access.REVIEWS)
@require_http_methods(["GET", "HEAD", "POST"])
def one(request: HttpRequest, key: str) -> HttpResponse:
    """One declaration: who, whom, why, what was opened; and the form for what the review found."""
    line = access.declaration(key)
    if line is None:
        return render(request, "site/not_found.jinja", status=404)
    error = _reviewed(request, key) if request.method == "POST" else ""
    if request.method == "POST" and not error:
        return redirect("emergencies")
    namer = Namer()
    found = emergencies.told([line], namer)[0]
    values = {
        "one": found,
        "rows": [namer.told(row) for row in reversed(found.views)],
        "controllers": [namer.organisations.get(code, code) for code in found.controllers],
        "outcomes": OUTCOMES,
        "outcome_words": {outcome.value: title for outcome, title, _ in OUTCOMES},
        "error": error,
        "chosen": request.POST.get("outcome", ""),
        "note": request.POST.get("note", "")[:2000],
    }
    return render(request, "site/emergency.jinja", values, status=400 if error else 200)


@staff(access.REVIEWS)
@require_safe
def controller(request: HttpRequest) -> HttpResponse:
    """The report to one controller: declarations under which its entries could be seen; it prints as it stands."""
    period = Period(request.GET)
    whole = period.is_valid()
    code = period.cleaned_data.get("controller", "")
    names = place.names().organisations
    values = {
        "period": period,
        "code": code,
        "name": names.get(code, code),
        "organisations": sorted(names.items(), key=lambda pair: pair[1]),
        "found": _report(request, "read emergency report", period) if whole and code else None,
    }
    return render(request, "site/emergency_controllers.jinja", values, status=200 if whole else 400)


@staff(access.REVIEWS)
@require_safe
def controller_csv(request: HttpRequest) -> HttpResponseBase:
    """The same as a file that a spreadsheet may open; that it was taken is recorded first."""
    period = Period(request.GET)
    if not period.is_valid() or not period.cleaned_data["controller"]:
        return redirect("emergency-controllers")
    lines = csv_lines(emergencies.table(_report(request, "export emergency report", period)))
    response = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="emergency-access.csv"'
    return response


def _report(request: HttpRequest, action: str, period: Period) -> list[emergencies.Reviewed]:
    """The declarations of the report; who reads it is read in the ledger."""
    told, actor = period.cleaned_data, actor_of(request.user)
    with transaction.atomic():
        ledger.write(
            actor=actor.key,
            role=actor.role,
            organisation=actor.organisation_code,
            action=action,
            purpose=tracing.PURPOSE,
            detail={name: str(value) for name, value in told.items()},
        )
    return emergencies.opened_of(told["controller"], told["since"], told["until"])


def _reviewed(request: HttpRequest, key: str) -> str:
    """Keep what was posted; returns what is wrong with it, or ''."""
    outcome, note = request.POST.get("outcome", ""), request.POST.get("note", "")[:2000]
    try:
        kept = access.review(key=key, outcome=outcome, note=note, actor=actor_of(request.user))
    except ValueError as fault:
        return str(fault)
    messages.info(request, "Kept, with your note." if kept else "A colleague reviewed this before you; that stands.")
    return ""
