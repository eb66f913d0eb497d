"""Every read of the ledger: the newest rows, the rows about one subject, and the walk that proves the chain."""

from collections.abc import Iterator
from pathlib import Path

from django.db.models import QuerySet

from oneplace.ledger import rules
from oneplace.ledger.models import Head, Row
from oneplace.ledger.rules import Fault, Line, Tip, Verdict

__all__ = ["Fault", "Line", "Tip", "Verdict", "head", "latest", "rows_about", "verify"]


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
    return rules.with_faults(walked, _beyond_head(top))


def latest(limit: int = 100, *, before: int = 0, actor: str = "", action: str = "") -> list[Line]:
    """The newest rows first; `before` is the number to page on from, `actor` and `action` narrow."""
    rows = Row.objects.order_by("-seq")
    if before:
        rows = rows.filter(seq__lt=before)
    if actor:
        rows = rows.filter(actor=actor)
    if action:
        rows = rows.filter(action=action)
    return [row.line() for row in rows[:limit]]


def rows_about(subject: str, limit: int = 1000) -> list[Line]:
    """Who did what about one subject, newest first."""
    return [row.line() for row in Row.objects.filter(subject=subject).order_by("-seq")[:limit]]


def _stream(rows: QuerySet[Row]) -> Iterator[Line]:
    """The rows one by one, without holding them all."""
    for values in rows.values_list(*rules.Line.__slots__).iterator(chunk_size=5000):
        yield Line(*values)


def _beyond_head(top: Tip) -> list[Fault]:
    """Rows that no head ever covered. The last row is read before the head, which only moves on."""
    last = Row.objects.filter(seq__gt=top.seq).order_by("-seq").values_list("seq", flat=True).first()
    now = head() or top
    return [Fault(last, f"rows stand beyond the head at {now.seq}")] if last and last > now.seq else []


def _before(from_seq: int) -> Tip:
    """The row that the walk starts after; the origin of the chain when it starts at the first."""
    found = Row.objects.filter(seq=from_seq - 1).values_list("seq", "hash").first() if from_seq > 1 else None
    return Tip(*found) if found else Tip(max(from_seq - 1, 0), rules.ORIGIN)
