"""Access reports: unusual patterns as a work-list, each with its rule in words, its rows, and what was made of it."""

from dataclasses import dataclass
from datetime import date, datetime

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from oneplace.access import queries as access
from oneplace.access.policy import staff
from oneplace.kernel import clock
from oneplace.ledger import actions, queries
from oneplace.ledger.queries import Asked, Pattern
from oneplace.ledger.rules.patterns import RULES, Outcome
from oneplace.site import patterns
from oneplace.site.ledger_search import Namer, Search
from oneplace.site.views.posting import posted

_PAGE = 50
_ROWS = 25
_LISTS = {"open": ("", Outcome.ASKED), "new": ("",), "asked": (Outcome.ASKED,), "done": (Outcome.FINE, Outcome.ACTION)}
_CHOICES = (("open", "To look at"), ("new", "New"), ("asked", "Asked"), ("done", "Done"))
OUTCOMES = (
    (Outcome.FINE, "Fine", "There was a good reason."),
    (Outcome.ASKED, "Asked", "Somebody was asked and the answer is awaited: it stays on this list."),
    (Outcome.ACTION, "Action", "It was not right, and something was done about it."),
)
_STATES = {"": "new"} | {outcome.value: title.lower() for outcome, title, _ in OUTCOMES}


@dataclass(frozen=True, slots=True)
class Report:
    """One pattern in words."""

    key: str
    title: str
    rule: str
    words: str
    who: str
    role: str
    organisation: str
    about: str
    day: date
    state: str


@staff("see-ledger")
@require_safe
def listed(request: HttpRequest) -> HttpResponse:
    """The patterns to look at, or those asked about or done."""
    show, start = request.GET.get("show", ""), request.GET.get("before", "")
    show = show if show in _LISTS else "open"
    before = int(start) if start.isdecimal() and len(start) < 18 else 0
    found = queries.patterns(_LISTS[show], _PAGE + 1, before=before)
    counts, namer = queries.pattern_counts(), Namer()
    values = {
        "reports": [_report(one, namer) for one in found[:_PAGE]],
        "older": found[_PAGE - 1].pk if len(found) > _PAGE else None,
        "show": show,
        "choices": [(name, text, sum(counts[state] for state in _LISTS[name])) for name, text in _CHOICES],
        "rules": list(RULES.values()),
    }
    return render(request, "site/access_reports.jinja", values)


@staff("see-ledger")
@require_http_methods(["GET", "HEAD", "POST"])
def one(request: HttpRequest, key: str) -> HttpResponse:
    """One pattern: its rows, what was made of it so far, and the form for what is made of it now."""
    found = queries.pattern(key)
    if found is None:
        return render(request, "site/not_found.jinja", status=404)
    error = _reviewed(request, key) if request.method == "POST" else ""
    if request.method == "POST" and not error:
        messages.info(request, "Kept, with your note. It is in the ledger too.")
        return redirect("access-reports")
    namer = Namer()
    day = queries.found(Asked(actor=found.actor, upto=found.seq), 1)[0].at_real
    search = Search({"who": found.actor, "about": found.subject, "action": "open"} | _days(day))
    search.is_valid()
    values = {
        "report": _report(found, namer),
        "rows": [namer.told(line) for line in queries.found(search.asked(), _ROWS)],
        "address": search.address(),
        "reviews": [(namer.people.get(one.by, one.by), _STATES[one.outcome], one) for one in queries.reviews_of(found)],
        "outcomes": OUTCOMES,
        "error": error,
        "chosen": request.POST.get("outcome", ""),
        "note": request.POST.get("note", "")[:400],
    }
    return render(request, "site/access_report.jinja", values, status=400 if error else 200)


@staff("see-ledger")
@posted("access-reports")
def look(request: HttpRequest) -> HttpResponse:
    """Look through the last week now; it is done each hour without being asked."""
    new = patterns.look(by=access.actor_of(request.user).key)
    messages.info(request, f"Looked through the last seven days: {new} new." if new else "Nothing new in seven days.")
    return redirect("access-reports")


def _reviewed(request: HttpRequest, key: str) -> str:
    """Keep what was posted; returns what is wrong with it, or ''."""
    actor = access.actor_of(request.user)
    try:
        actions.review_pattern(
            key=key,
            outcome=request.POST.get("outcome", ""),
            note=request.POST.get("note", ""),
            by=actor.key,
            role=actor.role,
            organisation=actor.organisation_code,
        )
    except ValueError as fault:
        return str(fault)
    return ""


def _days(moment: datetime) -> dict[str, str]:
    """The search's day: that of a moment, as people here count days."""
    day = clock.to_london(moment).date().isoformat()
    return {"since": day, "until": day}


def _report(found: Pattern, namer: Namer) -> Report:
    rule = RULES[found.rule]
    return Report(
        found.key,
        rule.title,
        rule.words,
        found.words,
        namer.people.get(found.actor, found.actor),
        namer.roles.get(found.role, found.role),
        namer.organisations.get(found.organisation, found.organisation),
        found.subject,
        found.day,
        _STATES[found.state],
    )
