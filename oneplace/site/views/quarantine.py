"""Messages that could not be read: why, the beginning of their bytes, and reading them again after the cure."""

from collections.abc import Mapping

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET

from oneplace.access.policy import staff
from oneplace.access.queries import actor_of, may
from oneplace.gateway import actions, queries
from oneplace.gateway.replay import ADOPTABLE, replay
from oneplace.gateway.replay import adopt as adopting
from oneplace.gateway.rules import Tally
from oneplace.place import queries as place
from oneplace.site.views.posting import posted

_PAGE = 50
_MOST = 1000
"""Messages that one press of the button adopts; the command line takes any number."""
_SCOPES = {
    "one": "This message alone",
    "file": "All of the same file",
    "channel": "All that came by the same channel",
}


@staff("see-quarantine")
@require_GET
def listed(request: HttpRequest) -> HttpResponse:
    """The list, newest first, of one reason or of all."""
    code, start = request.GET.get("reason", ""), request.GET.get("from", "")
    offset = int(start) if start.isdecimal() and len(start) < 8 else 0
    lines, count = queries.quarantined(_PAGE, offset, code or None), queries.quarantine_count(code or None)
    values = {
        "lines": lines,
        "count": count,
        "reasons": queries.quarantine_reasons(),
        "reason": code,
        "names": place.organisation_names(line.source_code for line in lines),
        "earlier": offset and max(0, offset - _PAGE),
        "later": offset + _PAGE if offset + _PAGE < count else None,
        "offset": offset,
        "may_replay": may(actor_of(request.user), "replay"),
    }
    return render(request, "site/quarantine.jinja", values)


@staff("see-quarantine")
@require_GET
def one(request: HttpRequest, key: str) -> HttpResponse:
    """One message with the beginning of its bytes; that it was looked at is recorded."""
    actor = actor_of(request.user)
    detail = actions.open_quarantined(key=key, by=actor.key)
    if detail is None:
        return render(request, "site/not_found.jinja", status=404)
    head = detail.head.decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n")
    values = {
        "detail": detail,
        "line": detail.line,
        "head": head,
        "may_replay": may(actor, "replay"),
        "adoptable": detail.line.code == ADOPTABLE,
    }
    return render(request, "site/quarantine_one.jinja", values)


@staff("replay")
@posted("quarantine")
def replay_one(request: HttpRequest, key: str) -> HttpResponse:
    """Read one message again."""
    messages.info(request, _words(replay([key], by=actor_of(request.user).key)))
    return redirect("quarantine")


@staff("replay")
def adopt(request: HttpRequest, key: str) -> HttpResponse:
    """Say whose a message is that doesn't: choose, check, and only then read again. It can't be undone."""
    scopes = {scope: len(queries.adoptable(key, scope)) for scope in _SCOPES}
    if not scopes["one"]:
        messages.info(request, "That message no longer waits for its organisation: someone may have said whose it is.")
        return redirect("quarantine")
    told = request.POST.get("organisation", ""), request.POST.get("scope", "one")
    names = {one.code: one.name for one in place.organisations()}
    values = {
        "key": key,
        "scopes": {scope: (_SCOPES[scope], many) for scope, many in scopes.items()},
        "organisations": names,
        "chosen": told[0],
        "scope": told[1],
        "most": _MOST,
        "error": "" if request.method == "GET" else _unchosen(*told, names),
    }
    if request.method == "GET" or values["error"] or request.POST.get("step") == "change":
        return render(request, "site/adopt.jinja", values)
    if request.POST.get("step") != "adopt":
        return render(request, "site/adopt_check.jinja", values)
    keys = queries.adoptable(key, told[1])[:_MOST]
    messages.info(request, _words(adopting(keys, feed_code=told[0], by=actor_of(request.user).key)))
    return redirect("quarantine")


def _unchosen(organisation: str, scope: str, names: Mapping[str, str]) -> str:
    """What is missing in the form; '' when nothing is."""
    if organisation not in names:
        return "Choose the organisation whose data this is"
    return "" if scope in _SCOPES else "Choose which messages you mean"


@staff("replay")
@posted("quarantine")
def replay_reason(request: HttpRequest) -> HttpResponse:
    """Read all messages of one reason again."""
    code = request.POST.get("reason", "")
    messages.info(request, _words(replay(by=actor_of(request.user).key, code=code or None)))
    return redirect("quarantine")


def _words(tally: Tally) -> str:
    """What came of reading again."""
    if not tally.received:
        return "Nothing was waiting to be read again: it may have been done by someone else."
    still = f" {tally.quarantined:,} still can't be read: the reason stands beside each." if tally.quarantined else ""
    return f"{tally.received:,} read again: {tally.filed:,} filed.{still}"
