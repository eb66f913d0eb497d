"""Every read of the outbox: somebody's in-app messages, and the work-list of what could not be sent."""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, QuerySet

from oneplace.post.models import OutboxMessage
from oneplace.post.rules import Kind, State, masked


@dataclass(frozen=True, slots=True)
class Note:
    """An in-app message as its reader meets it. `about` is the person whom it tells of, '' for none."""

    key: str
    subject: str
    text: str
    about: str
    link: str
    queued_by: str
    queued_at: datetime
    is_read: bool


@dataclass(frozen=True, slots=True)
class OutboxLine:
    """A message on the work-list: never its text, and of its address only the end."""

    key: str
    kind: str
    to: str
    queued_at: datetime
    state: str
    attempts: int
    due_at: datetime
    fault: str
    simulated: bool
    reason: str


def inbox(reader: str, *, unread: bool = False, limit: int = 100) -> list[Note]:
    """In-app messages of one user, the newest first; only those that are not yet read, where that is asked.

    The caller shows no message about a person whom the reader may not see: that is asked at the moment of showing.
    """
    rows = OutboxMessage.objects.filter(reader=reader, kind=Kind.IN_APP).order_by("-queued_at", "-pk")
    if unread:
        rows = rows.filter(read_at__isnull=True)
    columns = ("key", "subject", "text", "about", "link", "queued_by", "queued_at", "read_at")
    return [Note(*row[:-1], row[-1] is not None) for row in rows.values_list(*columns)[:limit]]


def unread_about(reader: str) -> list[str]:
    """For each unread in-app message of a user the person whom it tells of, '' for none."""
    rows = OutboxMessage.objects.filter(reader=reader, kind=Kind.IN_APP, read_at__isnull=True)
    return list(rows.values_list("about", flat=True)[:500])


def queued_before(once: Collection[str]) -> set[str]:
    """Those of the callers' own names under which a message was queued before."""
    return set(OutboxMessage.objects.filter(once__in=list(once)).values_list("once", flat=True))


def outbox(states: tuple[str, ...], limit: int = 100) -> list[OutboxLine]:
    """Messages by e-mail and SMS in these states, the newest first."""
    rows = _sent_out().filter(state__in=states).order_by("-queued_at", "-pk")[:limit]
    return [_line(row) for row in rows]


def outbox_line(key: str) -> OutboxLine | None:
    """One message by e-mail or SMS; None where there is none with this key."""
    row = _sent_out().filter(key=key).first()
    return _line(row) if row else None


def state_counts() -> Counter[str]:
    """How many messages by e-mail and SMS stand in each state."""
    rows = _sent_out().values_list("state").annotate(number=Count("pk")).order_by()
    return Counter(dict(rows))


def due_keys(now: datetime, limit: int) -> list[str]:
    """Keys of messages that wait and are due at a real time, the longest due first."""
    rows = OutboxMessage.objects.filter(state=State.WAITING, due_at__lte=now).order_by("due_at", "pk")
    return list(rows.values_list("key", flat=True)[:limit])


def _sent_out() -> QuerySet[OutboxMessage]:
    return OutboxMessage.objects.exclude(kind=Kind.IN_APP)


def _line(row: OutboxMessage) -> OutboxLine:
    return OutboxLine(
        row.key,
        row.kind,
        masked(row.kind, row.address),
        row.queued_at,
        row.state,
        row.attempts,
        row.due_at,
        row.fault,
        row.simulated,
        row.reason,
    )
