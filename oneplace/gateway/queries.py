"""What came in, as the feeds and quarantine pages read it. The bytes themselves leave by `actions.open_quarantined`."""

from dataclasses import dataclass, fields
from datetime import date, datetime, timedelta

import zstandard
from django.db.models import Count, QuerySet, Sum
from django.db.models.functions import Coalesce

from oneplace.gateway.models import Feed, FeedLatency, Receipt
from oneplace.gateway.rules.latency import quantile

HEAD_BYTES = 4096


@dataclass(frozen=True, slots=True)
class FeedLine:
    """One feed with its conservation: received = filed + quarantined + duplicate."""

    id: int
    organisation_code: str
    format: str
    supplier: str
    channel: str
    declared: bool
    live_since: date | None
    expected_minutes: int | None
    last_received_at: datetime | None
    received: int
    filed: int
    quarantined: int
    duplicate: int


@dataclass(frozen=True, slots=True)
class Latency:
    """Seconds from a message's arrival at our door to the record, of so many messages; buckets' ends, so never less."""

    messages: int
    p50: float
    p95: float


@dataclass(frozen=True, slots=True)
class QuarantineLine:
    """One message that could not be read: why, and where in it."""

    key: str
    received_at: datetime
    source_code: str
    format: str
    code: str
    reason: str
    path: str
    size: int
    replays: int


@dataclass(frozen=True, slots=True)
class QuarantineDetail:
    """The same with the beginning of its bytes and the name that it came under."""

    line: QuarantineLine
    head: bytes
    name: str


def feed_lines() -> list[FeedLine]:
    """Every feed, declared or met, by organisation; its counts are summed from its hours."""
    counts = {name: Coalesce(Sum(f"hours__{name}"), 0) for name in ("received", "filed", "quarantined", "duplicate")}
    columns = [one.name for one in fields(FeedLine) if one.name not in counts]
    rows = Feed.objects.annotate(**counts).order_by("organisation_code", "format").values_list(*columns, *counts)
    return [FeedLine(*row) for row in rows]


def feed_id(organisation_code: str, format_name: str) -> int | None:
    """The id of one feed; None where there is none."""
    found = Feed.objects.filter(organisation_code=organisation_code, format=format_name)
    return found.values_list("pk", flat=True).first()


def latencies(now: datetime, hours: int = 24) -> dict[int, Latency]:
    """Latency of each feed's messages in the running hour and those before it, by the feed's id."""
    rows = FeedLatency.objects.filter(hour__gt=now - timedelta(hours=hours), hour__lte=now)
    counts: dict[int, dict[int, int]] = {}
    for feed, bucket, messages in rows.values_list("feed_id", "bucket").annotate(Sum("messages")):
        counts.setdefault(feed, {})[bucket] = messages
    return {
        feed: Latency(sum(found.values()), quantile(found, 0.5) or 0.0, quantile(found, 0.95) or 0.0)
        for feed, found in counts.items()
    }


def quarantine_count(code: str | None = None) -> int:
    """How many messages wait in quarantine, all or with one reason code."""
    return _quarantined(code).count()


def quarantined(
    limit: int = 50, offset: int = 0, code: str | None = None, feed: int | None = None
) -> list[QuarantineLine]:
    """Messages in quarantine, newest first, of one reason or feed or of all."""
    rows = _quarantined(code).select_related("feed").order_by("-received_at", "-pk").defer("document__body")
    rows = rows.filter(feed=feed) if feed else rows
    return [_line(receipt) for receipt in rows.select_related("document")[offset : offset + limit]]


def adoptable(key: str, scope: str = "one") -> list[str]:
    """Keys of messages that don't say whose they are, oldest first: this one, or all of its file or its channel.

    `scope` is one, file or channel. Empty where the message is no longer of that kind.
    """
    rows = _quarantined("source-missing").order_by("pk")
    told = rows.filter(key=key).values("name", "channel").first()
    if told is None or scope not in ("one", "file", "channel"):
        return []
    if scope == "one":
        return [key]
    # A file's messages bear its name; by a channel without names a message is a file of its own.
    chosen = rows.filter(channel=told["channel"])
    chosen = chosen.filter(name=told["name"]) if scope == "file" and told["name"] else chosen
    return [key] if scope == "file" and not told["name"] else list(chosen.values_list("key", flat=True))


def quarantine_keys(code: str) -> list[str]:
    """Keys of all messages that wait with one reason code, oldest first."""
    return list(_quarantined(code).order_by("pk").values_list("key", flat=True))


def quarantine_reasons() -> list[tuple[str, int]]:
    """Reason codes with how many messages wait for each, most first."""
    rows = _quarantined(None).values_list("reason_code").annotate(many=Count("pk")).order_by("-many", "reason_code")
    return list(rows)


def quarantine_detail(key: str) -> QuarantineDetail | None:
    """One quarantined message. Callers show it through `actions.open_quarantined`, which records the look."""
    receipt = _quarantined(None).select_related("feed", "document").filter(key=key).first()
    if receipt is None:
        return None
    with zstandard.ZstdDecompressor().stream_reader(bytes(receipt.document.body)) as reader:
        return QuarantineDetail(_line(receipt), reader.read(HEAD_BYTES), receipt.name)


def _quarantined(code: str | None) -> QuerySet[Receipt]:
    rows = Receipt.objects.filter(outcome=Receipt.Outcome.QUARANTINED)
    return rows.filter(reason_code=code) if code else rows


def _line(receipt: Receipt) -> QuarantineLine:
    return QuarantineLine(
        receipt.key, receipt.received_at, receipt.feed.organisation_code, receipt.feed.format, receipt.reason_code,
        receipt.reason, receipt.path, receipt.document.size, receipt.replays,
    )  # fmt: skip
