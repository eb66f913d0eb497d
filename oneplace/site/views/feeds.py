"""The feeds page: one line a practice, then other organisations, then senders whom the place doesn't know."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from oneplace.access import queries as access
from oneplace.access.policy import staff
from oneplace.access.queries import AgreementLine
from oneplace.gateway import queries as gateway
from oneplace.gateway.queries import FeedLine
from oneplace.kernel import clock
from oneplace.place import queries as place
from oneplace.record import queries as record
from oneplace.record.queries import SourceCount
from oneplace.site.shell import kept

_CHOICES = (
    ("all", "All"),
    ("pending", "Pending agreement"),
    ("silent", "Silent"),
    ("waiting", "Nothing yet"),
    ("others", "Not practices"),
)
_SORTS = {"name": "Name", "last": "Last received", "supplier": "Supplier", "matched": "Records matched"}
_SILENT_AFTER = 2  # expected intervals
_LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Line:
    """One organisation's feeds in one line. Conservation: received = filed + quarantined + duplicate."""

    group: str  # practice | other | unknown
    code: str
    name: str
    cluster: str
    supplier: str
    agreed: bool
    agreement: str
    live_since: date | None
    last_received_at: datetime | None
    silent: bool
    received: int
    filed: int
    quarantined: int
    duplicate: int
    patients: int
    matched: int

    @property
    def balances(self) -> bool:
        """True when nothing that was received is unaccounted for."""
        return self.received == self.filed + self.quarantined + self.duplicate


@dataclass(frozen=True, slots=True)
class Summary:
    """The page in one sentence."""

    practices: int
    agreed: int
    silent: int
    received: int
    filed: int
    quarantined: int
    duplicate: int

    @property
    def pending(self) -> int:
        """Practices without an agreement in force."""
        return self.practices - self.agreed

    @property
    def balances(self) -> bool:
        """True when nothing that was received is unaccounted for."""
        return self.received == self.filed + self.quarantined + self.duplicate


@staff("see-feeds")
def feeds(request: HttpRequest) -> HttpResponse:
    """All lines, narrowed and sorted as asked."""
    lines = _lines()
    show, sort = request.GET.get("show", "all"), request.GET.get("sort", "name")
    shown = _sorted([line for line in lines if _passes(line, show)], sort)
    counts = {name: sum(_passes(line, name) for line in lines) for name, _ in _CHOICES}
    values = {
        "summary": _summary(lines),
        "groups": [
            (group, [line for line in shown if line.group == group]) for group in ("practice", "other", "unknown")
        ],
        "choices": _CHOICES,
        "counts": counts,
        "sorts": _SORTS,
        "show": show,
        "sort": sort if sort in _SORTS else "name",
    }
    return render(request, "site/feeds.jinja", values)


@staff("see-feeds")
def download(request: HttpRequest) -> HttpResponse:
    """The same lines as a file."""
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="feeds.csv"'
    names = Line.__slots__
    writer = csv.writer(response)
    writer.writerow(names)
    for line in _lines():
        writer.writerow([harmless(getattr(line, name)) for name in names])
    return response


def harmless(value: object) -> object:
    """Text that a spreadsheet won't run: a leading =, +, -, @ or control character gets an apostrophe."""
    return f"'{value}" if isinstance(value, str) and value[:1] in "=+-@\t\r" and value else value


def summary() -> Summary:
    """The totals, for the home page."""
    return _summary(_lines())


def _summary(lines: list[Line]) -> Summary:
    practices = [line for line in lines if line.group == "practice"]
    totals = _totals(lines)
    agreed, silent = sum(line.agreed for line in practices), sum(line.silent for line in lines)
    return Summary(len(practices), agreed, silent, **totals)


def _totals(counted: Sequence[Line] | Sequence[FeedLine]) -> dict[str, int]:
    """The four counts that must balance, summed."""
    names = ("received", "filed", "quarantined", "duplicate")
    return {name: sum(getattr(one, name) for one in counted) for name in names}


def _lines() -> list[Line]:
    """One line an organisation that sends, or is a practice and should."""
    now = clock.now()
    feeds_by_code: dict[str, list[FeedLine]] = {}
    for feed in gateway.feed_lines():
        feeds_by_code.setdefault(feed.organisation_code, []).append(feed)
    agreements, counts = access.agreements(now), record.source_counts()
    practices = {practice.code: practice for practice in place.practices()}
    names = place.organisation_names(feeds_by_code)
    lines = []
    for code in sorted(practices.keys() | feeds_by_code.keys()):
        practice = practices.get(code)
        group = "practice" if practice else "other" if code in names else "unknown"
        name = practice.name if practice else names.get(code) or _unknown_name(code, counts)
        who = (group, code, name, practice.cluster if practice else "")
        lines.append(_line(who, feeds_by_code.get(code, []), agreements.get(code), counts.get(code), now))
    return lines


def _unknown_name(code: str, counts: dict[str, SourceCount]) -> str:
    if code == "?":
        return "Sender not readable"
    return counts[code].name if code in counts and counts[code].name else "Not in this place's folder"


def _line(
    who: tuple[str, str, str, str],
    feeds: list[FeedLine],
    agreement: AgreementLine | None,
    count: SourceCount | None,
    now: datetime,
) -> Line:
    last = max((feed.last_received_at for feed in feeds if feed.last_received_at), default=None)
    agreed = bool(agreement and agreement.in_force)
    totals = _totals(feeds)
    return Line(
        *who,
        supplier=next((feed.supplier for feed in feeds if feed.supplier), ""),
        agreed=agreed,
        agreement=_agreement_words(who[1], agreement),
        live_since=min((feed.live_since for feed in feeds if feed.live_since), default=None),
        last_received_at=last,
        silent=any(_is_silent(feed, now) for feed in feeds),
        patients=count.patients if count else 0,
        matched=count.matched if count else 0,
        **totals,
    )


def _agreement_words(code: str, agreement: AgreementLine | None) -> str:
    if agreement is None:
        return (kept("pending.json") or {}).get(code, "No agreement")
    if agreement.in_force:
        return f"Signed {agreement.signed_on:%-d %b %Y}" if agreement.signed_on else "In force"
    return f"Ended {agreement.ends:%-d %b %Y}" if agreement.ends else f"Starts {agreement.starts:%-d %b %Y}"


def _is_silent(feed: FeedLine, now: datetime) -> bool:
    """True for a feed that was heard and then not for two of its intervals; one never heard is waiting, not silent."""
    if not feed.expected_minutes or feed.last_received_at is None:
        return False
    return now - feed.last_received_at > timedelta(minutes=feed.expected_minutes * _SILENT_AFTER)


def _passes(line: Line, show: str) -> bool:
    practice = line.group == "practice"
    tests = {
        "pending": practice and not line.agreed,
        "silent": line.silent,
        "waiting": line.received == 0,
        "others": not practice,
    }
    return tests.get(show, True)


def _sorted(lines: list[Line], sort: str) -> list[Line]:
    keys = {
        "last": lambda line: (line.last_received_at or _LONG_AGO, line.name),
        "supplier": lambda line: (line.supplier, line.name),
        "matched": lambda line: (line.matched / line.patients if line.patients else -1, line.name),
    }
    # Silent ones stand on top however the rest is sorted.
    return sorted(lines, key=lambda line: (not line.silent, *keys.get(sort, lambda one: (one.name,))(line)))
