"""Messages: a user's own in-app messages with the count in the header, and the work-list of what could not be sent."""

from django.contrib import messages as told
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_safe

from oneplace.access import queries as access
from oneplace.access.policy import signed_in, staff
from oneplace.post import actions
from oneplace.post import queries as post
from oneplace.post.rules import State
from oneplace.site.inbox import notes, unread_count
from oneplace.site.views.posting import posted

_LISTS = {
    "failed": (State.FAILED,),
    "waiting": (State.WAITING, State.SENDING),
    "sent": (State.SENT,),
    "ended": (State.GIVEN_UP, State.WITHHELD),
}
_CHOICES = (("failed", "Failed"), ("waiting", "Waiting"), ("sent", "Sent"), ("ended", "Given up or withheld"))
_KINDS = {"email": "E-mail", "sms": "SMS"}


@signed_in
@require_safe
def inbox(request: HttpRequest) -> HttpResponse:
    """The messages of this user, the newest first."""
    names = access.staff_names()
    rows = [(note, names.get(note.queued_by, "oneplace")) for note in notes(access.actor_of(request.user).key)]
    return render(request, "site/messages.jinja", {"notes": rows, "any_new": any(not one.is_read for one, _ in rows)})


@signed_in
@require_GET
def count(request: HttpRequest) -> HttpResponse:
    """How many wait to be read, as a number; 204 when it is the number that the page has already."""
    unread = str(unread_count(access.actor_of(request.user).key))
    if unread == request.GET.get("seen"):
        return HttpResponse(status=204)
    return HttpResponse(unread, content_type="text/plain; charset=utf-8")


@signed_in
@posted("messages")
def read(request: HttpRequest) -> HttpResponse:
    """Mark as read what was posted; nobody marks what is not theirs."""
    actions.mark_read(reader=access.actor_of(request.user).key, keys=request.POST.getlist("key"))
    return redirect("messages")


@staff("mend-post")
@require_safe
def outbox(request: HttpRequest) -> HttpResponse:
    """Messages by e-mail and SMS: those that failed, or that wait, were sent, were given up."""
    show = request.GET.get("show", "")
    show = show if show in _LISTS else "failed"
    counts = post.state_counts()
    values = {
        "lines": post.outbox(_LISTS[show]),
        "show": show,
        "choices": [(name, text, sum(counts[state] for state in _LISTS[name])) for name, text in _CHOICES],
        "kinds": _KINDS,
    }
    return render(request, "site/outbox.jinja", values)


@staff("mend-post")
@require_http_methods(["GET", "HEAD", "POST"])
def outbox_one(request: HttpRequest, key: str) -> HttpResponse:
    """One message: what became of it; one that failed is tried again, or given up with a reason."""
    line = post.outbox_line(key)
    if line is None:
        return render(request, "site/not_found.jinja", status=404)
    error = _settled(request, key) if request.method == "POST" else ""
    if request.method == "POST" and not error:
        return redirect("outbox")
    values = {"line": line, "kinds": _KINDS, "error": error, "reason": request.POST.get("reason", "")[:400]}
    return render(request, "site/outbox_one.jinja", values, status=400 if error else 200)


def _settled(request: HttpRequest, key: str) -> str:
    """Try again, or give up; returns what is wrong with what was posted, or ''."""
    actor = access.actor_of(request.user)
    by = {"by": actor.key, "role": actor.role, "organisation": actor.organisation_code}
    try:
        if "retry" in request.POST:
            done, words = actions.retry(key=key, **by), "It is tried again within seconds."
        else:
            done = actions.give_up(key=key, reason=request.POST.get("reason", ""), **by)
            words = "Given up, with your reason."
    except ValueError as fault:
        return str(fault)
    told.info(request, words if done else "Somebody settled this message before you: nothing was changed.")
    return ""
