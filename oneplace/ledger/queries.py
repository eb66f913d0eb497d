"""Every read of the ledger: searches by user, person, action, organisation and date, and the walk that proves it."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, fields
from datetime import datetime
from pathlib import Path
from typing import Any

from django.db.models import Count, Max, Min, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce

from oneplace.ledger import rules
from oneplace.ledger.models import Head, Mention, Pattern, PatternReview, Row
from oneplace.ledger.rules import Fault, Line, Tip, Verdict
from oneplace.ledger.rules.patterns import OPENED, Look, Outcome

__all__ = [
    "Asked", "Fault", "Line", "Pattern", "Share", "Tip", "Verdict",
    "actions_seen", "every", "found", "head", "latest", "looks", "pattern", "pattern_counts", "patterns", "reviews_of",
    "rows_about", "shares", "under_declaration", "verify",
]  # fmt: skip
REFUSED = Q(action__contains=": ") | Q(action="refuse page")
"""What `rules.was_refused` says, as a condition: an action that was not done says so behind a colon."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A search of the ledger; each part narrows. `since` is included, `until` is not; both are real time."""

    actor: str = ""
    subjects: tuple[str, ...] = ()  # rows about any of these, and rows whose list showed one of them
    action: str = ""  # how the action begins
    organisation: str = ""
    refused: bool = False
    since: datetime | None = None
    until: datetime | None = None
    upto: int = 0  # the newest row to look at; 0 for all

    @property
    def narrows(self) -> bool:
        """True when anything but the newest rows is asked for."""
        return self != Asked(upto=self.upto)

    def plain(self) -> dict[str, str]:
        """What was asked for, as the ledger's own row about the search keeps it; the subject has a column."""
        told = {field.name: getattr(self, field.name) for field in fields(self) if field.name != "subjects"}
        return {name: str(value) for name, value in told.items() if value}


@dataclass(frozen=True, slots=True)
class Share:
    """What one user in one role did among the rows of a search."""

    actor: str
    role: str
    organisation: str
    rows: int
    refused: int
    first: datetime
    last: datetime


def head() -> Tip | None:
    """The newest row's number and hash: note it outside this database to anchor all that stands before it."""
    found = Head.objects.values_list("seq", "hash").first()
    return Tip(*found) if found else None


def verify(from_seq: int = 1, anchor: Path | None = None) -> Verdict:
    """Walk the chain in one stream; finds any edit, removal, reorder or cut, and rewrites where an anchor is given.

    Raises ValueError when the anchor file can't be read as one.
    """
    anchors = rules.read_anchors(anchor.read_text(encoding="utf-8")) if anchor else []
    top = head()
    rows = Row.objects.order_by("seq")
    if from_seq > 1:
        rows = rows.filter(seq__gte=from_seq)
    if top is None:
        walked = rules.check_chain(_stream(rows), None, after=_before(from_seq), anchors=anchors)
        # The first rows and their head may have been written between the two looks: then look again.
        return walked if walked.ok or head() is None else verify(from_seq, anchor)
    # Others write while this reads: the walk ends at the head that stood when it began.
    walked = rules.check_chain(_stream(rows.filter(seq__lte=top.seq)), top, after=_before(from_seq), anchors=anchors)
    return rules.with_faults(walked, [*_beyond_head(top), *_unlisted(from_seq, top.seq)])


def found(asked: Asked, limit: int = 100, *, before: int = 0) -> list[Line]:
    """The rows that a search asks for, newest first; `before` is the number to page on from."""
    rows = _asked(asked).order_by("-seq")
    return [row.line() for row in (rows.filter(seq__lt=before) if before else rows)[:limit]]


def every(asked: Asked) -> Iterator[Line]:
    """All the rows that a search asks for, oldest first, in a stream."""
    return _stream(_asked(asked).order_by("seq"))


def shares(asked: Asked, limit: int = 50) -> list[Share]:
    """Who did how much among the rows of a search, the most first."""
    rows = _asked(asked).order_by().values_list("actor", "role", "organisation")
    counted = rows.annotate(
        rows=Count("seq"), refused=Count("seq", filter=REFUSED), first=Min("at_real"), last=Max("at_real")
    )
    return [Share(*row) for row in counted.order_by("-rows", "actor", "role", "organisation")[:limit]]


def actions_seen(among: int = 2000) -> list[str]:
    """The actions of the newest rows, for whoever wants to narrow by one."""
    newest = Row.objects.order_by("-seq").values_list("action", flat=True)[:among]
    return sorted(set(newest))


def looks(since: datetime) -> list[Look]:
    """Looks at one person's record from a moment of real time on, refused ones too, oldest first."""
    told = Q(*(("action__startswith", action) for action in OPENED), _connector=Q.OR)
    rows = Row.objects.filter(told, at_real__gte=since).order_by("seq")
    columns = ("seq", "at_business", "actor", "role", "organisation", "subject", "action")
    return [Look(*row[:6], refused=row[6] not in OPENED) for row in rows.values_list(*columns).iterator(5000)]


def patterns(states: Collection[str], limit: int = 50, *, before: int = 0) -> list[Pattern]:
    """Patterns whose newest review is one of the outcomes ('' for none yet), newest first; each has a `state`."""
    rows = _with_state().filter(state__in=states).order_by("-pk")
    return list((rows.filter(pk__lt=before) if before else rows)[:limit])


def pattern_counts() -> dict[str, int]:
    """How many patterns are in each state."""
    counted = _with_state().order_by().values_list("state").annotate(count=Count("pk"))
    return {"": 0, **{outcome.value: 0 for outcome in Outcome}, **dict(counted)}


def pattern(key: str) -> Pattern | None:
    """One pattern with its `state`."""
    return _with_state().filter(key=key).first()


def reviews_of(found: Pattern) -> list[PatternReview]:
    """What was made of a pattern, newest first."""
    return list(PatternReview.objects.filter(pattern=found).order_by("-pk"))


def latest(limit: int = 100, *, before: int = 0, actor: str = "", action: str = "") -> list[Line]:
    """The newest rows first; `before` is the number to page on from, `actor` and `action` (whole) narrow."""
    rows = Row.objects.order_by("-seq")
    if before:
        rows = rows.filter(seq__lt=before)
    if actor:
        rows = rows.filter(actor=actor)
    if action:
        rows = rows.filter(action=action)
    return [row.line() for row in rows[:limit]]


def under_declaration(actor: str, key: str) -> list[Line]:
    """What one user did under a declared emergency, oldest first; refusals bear no declaration."""
    rows = Row.objects.filter(actor=actor, detail__contains=f'"declaration":"{key}"').order_by("seq")
    return [row.line() for row in rows]


def rows_about(subject: str, limit: int = 1000) -> list[Line]:
    """Who did what about one subject, newest first; rows whose list showed it are left out."""
    return [row.line() for row in Row.objects.filter(subject=subject).order_by("-seq")[:limit]]


def _with_state() -> QuerySet[Any]:
    """Patterns, each with the outcome of its newest review."""
    newest = PatternReview.objects.filter(pattern=OuterRef("pk")).order_by("-pk").values("outcome")[:1]
    return Pattern.objects.annotate(state=Coalesce(Subquery(newest), Value("")))


def _asked(asked: Asked) -> QuerySet[Row]:
    """The rows of a search, in no order."""
    rows = Row.objects.all()
    if asked.subjects:
        listed = Mention.objects.filter(subject__in=asked.subjects).values("seq")
        rows = rows.filter(Q(subject__in=asked.subjects) | Q(seq__in=listed))
    narrowed = {
        "actor": asked.actor,
        "organisation": asked.organisation,
        "action__startswith": asked.action,
        "at_real__gte": asked.since,
        "at_real__lt": asked.until,
        "seq__lte": asked.upto,
    }
    rows = rows.filter(**{name: value for name, value in narrowed.items() if value})
    return rows.filter(REFUSED) if asked.refused else rows


def _stream(rows: QuerySet[Row]) -> Iterator[Line]:
    """The rows one by one, without holding them all."""
    for values in rows.values_list(*rules.Line.__slots__).iterator(chunk_size=5000):
        yield Line(*values)


def _beyond_head(top: Tip) -> list[Fault]:
    """Rows that no head ever covered. The last row is read before the head, which only moves on."""
    last = Row.objects.filter(seq__gt=top.seq).order_by("-seq").values_list("seq", flat=True).first()
    now = head() or top
    return [Fault(last, f"rows stand beyond the head at {now.seq}")] if last and last > now.seq else []


def _unlisted(first: int, last: int) -> Iterator[Fault]:
    """Rows with a list of people that can't be found by each of them, and by nobody else."""
    told = Row.objects.filter(seq__gte=first, seq__lte=last, detail__contains='"shown"').order_by("seq")
    kept = Mention.objects.filter(seq__gte=first, seq__lte=last).order_by("seq")
    return rules.faults_of_mentions(
        told.values_list("seq", "detail").iterator(chunk_size=5000),
        kept.values_list("seq", "subject").iterator(chunk_size=5000),
    )


def _before(from_seq: int) -> Tip:
    """The row that the walk starts after; the origin of the chain when it starts at the first."""
    found = Row.objects.filter(seq=from_seq - 1).values_list("seq", "hash").first() if from_seq > 1 else None
    return Tip(*found) if found else Tip(max(from_seq - 1, 0), rules.ORIGIN)
