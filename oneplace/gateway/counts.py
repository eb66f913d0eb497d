"""Counts a feed's messages by the hour, in the transaction that keeps them: volume lines, conservation and the feed
monitor read these few rows and never walk the receipts.

Latency runs from a message's arrival at our door to the commit that makes it visible (pages read live). Inside the
transaction its end is not yet known, so what this process's last commit took stands for this one.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import F

from oneplace.gateway.models import FeedHour
from oneplace.gateway.rules.latency import bucket_of
from oneplace.gateway.rules.profile import hour_of
from oneplace.kernel import clock
from oneplace.kernel.rows import Message, Reject
from oneplace.record.bulk import in_chunks, moment

AHEAD = timedelta(minutes=10)
"""A sender's clock that runs further ahead than this is wrong."""

_OUTCOMES = {"filed": 2, "quarantined": 3, "duplicate": 4}
_last_commit = 0.0


@dataclass(frozen=True, slots=True)
class Counted:
    """One message as it is counted: its feed, when that was heard before, what came of it, when it came, its words."""

    feed: int
    heard_at: datetime | None
    outcome: str
    arrived_at: datetime
    read: Message | Reject


def note(messages: Iterable[Counted], now: datetime) -> None:
    """Count messages of one transaction. The rows of their feeds are locked already, so two never wait crosswise."""
    hour, real = hour_of(now), clock.real_now()
    totals: dict[int, list[Any]] = {}
    took: dict[tuple[int, int], int] = {}
    for one in messages:
        row = totals.setdefault(one.feed, [one.feed, 0, 0, 0, 0, 0, _pause(one.heard_at, now), None, None])
        row[1] += 1
        row[_OUTCOMES[one.outcome]] += 1
        if isinstance(one.read, Message):
            _note_times(row, one.read, now)
        if one.outcome == "filed":  # nothing else comes to a screen of a record
            key = (one.feed, bucket_of((real - one.arrived_at).total_seconds() + _last_commit))
            took[key] = took.get(key, 0) + 1
    _add_hours([(feed, hour, *rest) for feed, *rest in totals.values()])
    _add_latencies([(feed, hour, bucket, many) for (feed, bucket), many in sorted(took.items())])


def note_commit(seconds: float) -> None:
    """What committing took just now: the estimate for the next."""
    global _last_commit
    _last_commit = seconds


def refiled(before: int, after: int, hour: datetime, many: int = 1) -> None:
    """A replay filed quarantined messages, perhaps under another feed: the hour in which they came says so."""
    if before == after:
        FeedHour.objects.filter(feed_id=before, hour=hour).update(
            quarantined=F("quarantined") - many, filed=F("filed") + many
        )
        return
    FeedHour.objects.filter(feed_id=before, hour=hour).update(
        received=F("received") - many, quarantined=F("quarantined") - many
    )
    _add_hours([(after, hour, many, many, 0, 0, 0, None, None, None)])


def newest_told(message: Message, now: datetime) -> datetime | None:
    """The newest time of what a message tells, plans for later days left out."""
    told = (entry.version_at or entry.happened_at for entry in message.entries)
    moved = (event.at for event in message.events)
    return max((at for times in (told, moved) for at in times if at is not None and at <= now), default=None)


def _note_times(row: list[Any], message: Message, now: datetime) -> None:
    sent, told = message.sent_at, newest_told(message, now)
    if sent is not None and sent > now + AHEAD:
        row[5] += 1
        sent = None
    row[7] = _newer(row[7], sent)
    row[8] = _newer(row[8], told)


def _pause(heard_at: datetime | None, now: datetime) -> int | None:
    return None if heard_at is None else max(0, int((now - heard_at).total_seconds()))


def _newer(one: datetime | None, other: datetime | None) -> datetime | None:
    return other if one is None or (other is not None and other > one) else one


_HOUR = (
    *("feed_id", "hour", "received", "filed", "quarantined", "duplicate", "ahead"),
    *("longest_pause", "newest_sent_at", "newest_told_at"),
)


def _add_hours(rows: Sequence[Sequence[Any]]) -> None:
    added = [f"{name} = gateway_feedhour.{name} + excluded.{name}" for name in _HOUR[2:7]]
    # The greater of two values, either of which may be missing, in words that both databases know.
    greatest = [
        f"{name} = CASE WHEN gateway_feedhour.{name} IS NULL OR excluded.{name} > gateway_feedhour.{name} "
        f"THEN excluded.{name} ELSE gateway_feedhour.{name} END"
        for name in _HOUR[7:]
    ]
    written = [[moment(value) if isinstance(value, datetime) else value for value in row] for row in rows]
    _upsert("gateway_feedhour", _HOUR, "feed_id, hour", [*added, *greatest], written)


def _add_latencies(rows: Sequence[Sequence[Any]]) -> None:
    columns = ("feed_id", "hour", "bucket", "messages")
    added = ["messages = gateway_feedlatency.messages + excluded.messages"]
    written = [(feed, moment(hour), *rest) for feed, hour, *rest in rows]
    _upsert("gateway_feedlatency", columns, "feed_id, hour, bucket", added, written)


def _upsert(
    table: str, columns: Sequence[str], unique: str, settings: Sequence[str], rows: Sequence[Sequence[Any]]
) -> None:
    """Insert rows, or add to those that stand; one statement for a hundred rows."""
    marks = "(" + ", ".join(["%s"] * len(columns)) + ")"
    with connection.cursor() as cursor:
        for chunk in in_chunks(rows, 100):
            cursor.execute(
                f"INSERT INTO {table} ({', '.join(columns)}) VALUES {', '.join([marks] * len(chunk))} "  # noqa: S608
                f"ON CONFLICT ({unique}) DO UPDATE SET {', '.join(settings)}",
                [value for row in chunk for value in row],
            )
