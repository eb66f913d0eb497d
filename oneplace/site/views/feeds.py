"""The feeds pages: one line a feed with its alarms on top, a page for each feed, and taking note of an alarm."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from oneplace.access import queries as access
from oneplace.access.policy import staff
from oneplace.gateway import monitor
from oneplace.gateway import queries as gateway
from oneplace.kernel import clock
from oneplace.kernel.sheets import csv_lines
from oneplace.site import feed_lines, sparkline
from oneplace.site.feed_lines import KINDS, SORTS, Line, Summary
from oneplace.site.views.posting import posted

_CHOICES = (
    ("all", "All"),
    ("alarms", "With an alarm"),
    ("silent", "Silent"),
    ("pending", "Pending agreement"),
    ("waiting", "Nothing yet"),
    ("others", "Not practices"),
)
_ALARMS_SHOWN = 10
_LEFT_OUT = {"alarms", "habit", "latency", "phone"}


@staff("see-feeds")
def feeds(request: HttpRequest) -> HttpResponse:
    """All lines, narrowed and sorted as asked."""
    lines = feed_lines.all_lines()
    show, sort = request.GET.get("show", "all"), request.GET.get("sort", "name")
    shown = feed_lines.in_order([line for line in lines if feed_lines.passes(line, show)], sort)
    groups = ("practice", "other", "unknown")
    standing = feed_lines.alarmed(lines)
    values = {
        "summary": feed_lines.summary(lines),
        "standing": standing[:_ALARMS_SHOWN],
        "more": len(standing) - _ALARMS_SHOWN,
        "people": _names(),
        "kinds": KINDS,
        "groups": [(group, [line for line in shown if line.group == group]) for group in groups],
        "choices": _CHOICES,
        "counts": {name: sum(feed_lines.passes(line, name) for line in lines) for name, _ in _CHOICES},
        "sorts": SORTS,
        "show": show,
        "sort": sort if sort in SORTS else "name",
        "spark": sparkline.sparkline,
        "volume": sparkline.words,
    }
    return render(request, "site/feeds.jinja", values)


@staff("see-feeds")
def one(request: HttpRequest, code: str, format_name: str) -> HttpResponse:
    """One feed: its alarms, its week against the usual, how long messages take, what was refused last."""
    line = next((line for line in feed_lines.all_lines() if (line.code, line.format) == (code, format_name)), None)
    feed = gateway.feed_id(code, format_name)
    if line is None or feed is None:
        return render(request, "site/not_found.jinja", status=404)
    actor, now = access.actor_of(request.user), clock.now()
    days = line.habit.days if line.habit else ()
    values = {
        "line": line,
        "kinds": KINDS,
        "people": _names(),
        "past": [alarm for alarm in monitor.alarms(feed=feed, standing=False) if alarm.cleared_at][:20],
        "days": days,
        "bars": sparkline.bars(days, f"New messages a day: {sparkline.words(days)}") if len(days) > 1 else "",
        "hour": gateway.latencies(now, 1).get(feed),
        "refused": gateway.quarantined(5, feed=feed),
        "may_acknowledge": access.may(actor, "replay"),
        "may_see": access.may(actor, "see-quarantine"),
    }
    return render(request, "site/feed.jinja", values)


@staff("replay")
@posted("feeds")
def acknowledge(request: HttpRequest, key: int) -> HttpResponse:
    """Take note of an alarm: who has seen to it, and what was done. It stands until the feed is well."""
    note = request.POST.get("note", "").strip()
    if not note:
        messages.error(request, "Say in the note what you did or found, so that others know. Nothing was kept.")
    elif monitor.acknowledge(key, note=note, now=clock.now(), by=access.actor_of(request.user).key):
        messages.info(request, "Your note stands beside the alarm. The alarm ends by itself when the feed is well.")
    else:
        messages.info(request, "That alarm is over: there was nothing to take note of.")
    return redirect("feed", request.POST.get("code") or "?", request.POST.get("format") or "unknown")


@staff("see-feeds")
def download(request: HttpRequest) -> HttpResponse:
    """The same lines as a file."""
    names = [name for name in Line.__slots__ if name not in _LEFT_OUT]
    rows: list[list[object]] = [[*names, "alarms", "latency_p95_seconds"]]
    for line in feed_lines.all_lines():
        more = [" ".join(alarm.kind for alarm in line.alarms), round(line.latency.p95, 3) if line.latency else ""]
        rows.append([*(getattr(line, name) for name in names), *more])
    response = HttpResponse(csv_lines(rows), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="feeds.csv"'
    return response


def summary() -> Summary:
    """The totals, for the home page."""
    return feed_lines.summary(feed_lines.all_lines())


def _names() -> dict[str, str]:
    """Names of staff by key, and of those who are no user."""
    return {user.key: user.display_name for user in access.users()} | {"operator": "the operator"}
