"""Where each role lands, how far the demo has loaded, and the pages for what went wrong."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from oneplace.access import queries as access
from oneplace.access import roles
from oneplace.access.emergencies import review_counts
from oneplace.access.policy import public, signed_in
from oneplace.gateway import queries as gateway
from oneplace.ledger import queries as ledger
from oneplace.record import door
from oneplace.record import queries as record
from oneplace.record.presenters.pages import hit_row
from oneplace.site.ledger_search import told
from oneplace.site.shell import kept
from oneplace.site.views.feeds import summary


@signed_in
def home(request: HttpRequest) -> HttpResponse:
    """The work that this role has here: people for those who care for them, feeds, ledger, or a plain word."""
    actor = access.actor_of(request.user)
    if access.may(actor, "see-own-record"):
        return redirect("my-record")
    role = roles.role(actor.role)
    personas = kept("personas.json") or []
    values: dict[str, object] = {
        "progress": _progress(),
        "role_label": role.label if role else actor.role,
        "try_this": next((one["what_to_try"] for one in personas if one["username"] == request.user.username), ""),
    }
    if access.may(actor, "search-people"):
        values["hits"] = [hit_row(hit) for hit in door.recent(actor, limit=8)]
    if access.may(actor, "see-feeds"):
        values |= {"feeds": summary(), "quarantined": gateway.quarantine_count(), "totals": record.totals()}
    values["may_manage"] = access.may(actor, "manage-users")
    if access.may(actor, "see-ledger"):
        values |= {"rows": told(ledger.latest(8)), "unusual": ledger.pattern_counts(), "emergencies": review_counts()}
    return render(request, "site/home.jinja", values)


@signed_in
def progress(request: HttpRequest) -> HttpResponse:
    """How far the example people have been loaded; 204 when nothing has changed since `seen`."""
    told = _progress()
    if told is None or request.GET.get("seen") == f"{told['state']}-{told['done']}":
        return HttpResponse(status=286 if told is None else 204)  # 286 tells htmx to stop asking
    return render(request, "site/_progress.jinja", {"progress": told})


def _progress() -> dict[str, object] | None:
    """What the loading command last said; None when there is nothing to wait for."""
    told = kept("progress.json")
    return told if isinstance(told, dict) and told.get("state") in ("loading", "failed") else None


@public
def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """No such page."""
    return render(request, "site/not_found.jinja", status=404)


@public
def stale(request: HttpRequest, reason: str = "") -> HttpResponse:
    """What was sent came from a page of an earlier sign-in, or from elsewhere. Called by Django's CSRF check."""
    return render(request, "site/stale.jinja", status=403)


@public
def failed(request: HttpRequest) -> HttpResponse:
    """Something broke here. Plain text: the templates may be what broke."""
    words = (
        "Sorry, something went wrong here. Nothing that you saved is lost. "
        "Try again; if it happens again, tell your data manager what you did."
    )
    return HttpResponse(words, status=500, content_type="text/plain; charset=utf-8")
