"""Takes messages in: reads them by format, files what is readable, quarantines the rest with its reason.

Acknowledged means durable, once: whoever calls may tell the sender "received" when `receive` has passed its item,
for by then a commit has. Reading and compressing are done outside the lock; a chunk holds it for about 60 ms and
then gives way to anyone who waits.
"""

import hashlib
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import zstandard
from django.db import transaction
from django.db.models import F

from oneplace import formats
from oneplace.formats import limits
from oneplace.gateway import counts, layouts, rules
from oneplace.gateway.models import Feed, Receipt
from oneplace.gateway.rules import Tally
from oneplace.gateway.rules.profile import hour_of
from oneplace.kernel import clock, turns
from oneplace.kernel.ids import new_key
from oneplace.kernel.rows import Message, Reject
from oneplace.record import ingest
from oneplace.record.bulk import gate, insert_rows, moment
from oneplace.record.filing import Filing, Stored

UNKNOWN_SOURCE = "?"
"""Code of the feed that gathers messages which don't say whose they are."""


@dataclass(frozen=True, slots=True)
class Item:
    """One file or message as it arrived. `feed_code` is the organisation that the channel vouches for, if it does.

    `arrived_at` is the real time at which its first byte was seen: the latency that is shown begins there. `refusal` is
    why its channel already knows that it can't be read; its bytes are kept all the same.
    """

    name: str
    raw: bytes  # or a file mapped into memory
    channel: str = "file"
    feed_code: str = ""
    arrived_at: datetime = field(default_factory=clock.real_now)
    refusal: Reject | None = None
    passed: Callable[[int], None] | None = None  # told of the bytes of each message as it is read: for progress


@dataclass(frozen=True, slots=True)
class Arrival:
    """One message, read: what it is known by, its bytes as they will be kept, and what it says or why not."""

    item: Item
    stored: Stored
    read: Message | Reject
    same_as: str
    feed: tuple[str, str]  # organisation and format of the feed that it belongs to, also when it is refused

    @property
    def weight(self) -> int:
        """Rows that filing it will write, for sizing chunks."""
        return 4 + (len(self.read.entries) if isinstance(self.read, Message) else 0)


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of one message: filed, quarantined or duplicate, and why it lies in quarantine if it does.

    A duplicate has the reason of the first: whoever sends a message again is told the same.
    """

    outcome: str
    read: Message | Reject
    refusal: Reject | None = None


Progress = Callable[[Tally], None]
Answer = Callable[[Item, Fate], None]


def receive(items: Iterable[Item], *, by: str, progress: Progress | None = None, answer: Answer | None = None) -> Tally:
    """Take in any number of items, chunk by chunk; each chunk is durable when the next begins.

    `answer` is told each message's fate, in order, once it is durable. Raises what the database raises (a full disk,
    say): the chunk that failed is not acknowledged and nothing of it is kept; run again, and what was filed counts as
    duplicate.
    """
    tally, size, turn = Tally(), 400, gate()
    target = rules.TARGET_SECONDS if turn else rules.QUEUED_SECONDS
    chunk: list[Arrival] = []
    weight = 0
    for arrival in _arrivals(items):
        chunk.append(arrival)
        weight += arrival.weight
        if weight >= size:
            size = rules.next_size(size, weight, _settle(chunk, tally, by, turn, answer), target)
            chunk, weight = [], 0
            if progress:
                progress(tally)
    if chunk:
        _settle(chunk, tally, by, turn, answer)
    if progress:
        progress(tally)
    return tally


def _arrivals(items: Iterable[Item]) -> Iterator[Arrival]:
    """The messages of the items, read and compressed."""
    squeeze = zstandard.ZstdCompressor(level=1).compress
    own = layouts.own()
    for item in items:
        for piece in [formats.Piece(item.raw, "")] if item.refusal else formats.pieces(item.raw, own):
            yield _arrival(item, piece, squeeze, own)
            if item.passed:
                item.passed(len(piece.raw))


def _arrival(
    item: Item, piece: formats.Piece, squeeze: Callable[[bytes], bytes], own: tuple[formats.Layout, ...]
) -> Arrival:
    raw = piece.raw
    digest = hashlib.sha256(raw).digest()
    oversized = too_large(len(raw)) if len(raw) > limits.MAX_MESSAGE else None
    told = item.refusal or oversized or formats.read(raw, item.name, own)
    if isinstance(told, Reject) and piece.place:
        told = replace(told, path=f"{piece.place}, {told.path}" if told.path else piece.place)
    read = vouched(told, item.feed_code)
    stored = Stored(digest, squeeze(raw[:_KEPT_OF_TOO_LARGE] if _is_too_large(read) else raw), len(raw), read.format)
    source = told.source_code if isinstance(told, Message) else ""
    feed = (item.feed_code or source or UNKNOWN_SOURCE, read.format)
    return Arrival(item, stored, read, rules.same_as(read, digest, item.feed_code), feed)


_KEPT_OF_TOO_LARGE = 64 * 1024


def too_large(size: int) -> Reject:
    """The refusal of one message that is larger than any should be."""
    reason = (
        f"This is one message of {size // 1024 // 1024:,} MB, and none should be over "
        f"{limits.MAX_MESSAGE // 1024 // 1024} MB. Its first part and its digest are kept, and the file stays where "
        "it is: send it as several messages, an object or a row a line, in UTF-8."
    )
    return Reject(reason, "too-large")


def _is_too_large(read: Message | Reject) -> bool:
    return isinstance(read, Reject) and read.code == "too-large"


def vouched(read: Message | Reject, feed_code: str) -> Message | Reject:
    """A message that doesn't say whose it is and whose channel vouches for nobody, or that says another's name than
    its channel vouches for, is not filed."""
    if isinstance(read, Reject):
        return read
    if not read.source_code and feed_code:
        return replace(read, source_code=feed_code)
    if not read.source_code:
        reason = (
            "The message doesn't say which organisation's data it holds. Say whose it is (send it by that "
            "organisation's key, or 'oneplace ingest --feed CODE'), or ask the sender to name itself (ODS code)."
        )
        return Reject(reason, "source-missing", "", read.format)
    if feed_code and feed_code != read.source_code:
        reason = "The message names another organisation than the feed that it came by; check the sender's set-up."
        return Reject(reason, "source-other", "", read.format)
    return read


def _settle(chunk: list[Arrival], tally: Tally, by: str, turn: Path | None, answer: Answer | None) -> float:
    """File one chunk in one transaction; returns the seconds that it kept the lock."""
    now = clock.now()
    turns.give_way(turn)
    with transaction.atomic():
        started = time.perf_counter()
        fates = _file(chunk, by, now)
        written = time.perf_counter()
    seconds = time.perf_counter() - started
    counts.note_commit(started + seconds - written)
    for arrival, fate in zip(chunk, fates, strict=True):
        tally.note(arrival.read.format, fate.outcome)
        if fate.outcome == "filed" and isinstance(fate.read, Message):
            tally.resources += fate.read.resources
        if answer:
            answer(arrival.item, fate)
    return seconds


def _file(chunk: list[Arrival], by: str, now: datetime) -> list[Fate]:
    """What becomes of each arrival."""
    feeds = _feeds(chunk, now)
    known = _known(chunk)
    new: dict[str, Arrival] = {}
    repeats: dict[str, int] = {}
    fates: list[Fate] = []
    cured: dict[str, Arrival] = {}
    for arrival in chunk:
        arrival = _unlike(arrival, known, new)
        refusal = arrival.read if isinstance(arrival.read, Reject) else None
        waiting = _waiting(arrival, known)
        if waiting:
            fates.append(Fate("duplicate" if waiting in cured else "filed", arrival.read, None))
            cured.setdefault(waiting, arrival)
            repeats[arrival.same_as] = repeats.get(arrival.same_as, 0) + 1
            continue
        if arrival.same_as in known or arrival.same_as in new:
            repeats[arrival.same_as] = repeats.get(arrival.same_as, 0) + 1
            first = known.get(arrival.same_as)
            fates.append(Fate("duplicate", arrival.read, first.refusal if first else refusal))
            continue
        new[arrival.same_as] = arrival
        fates.append(Fate("quarantined" if refusal else "filed", arrival.read, refusal))
    _keep(list(new.values()), feeds, by, now)
    _cure(cured, feeds, by, now)
    _count_repeats(repeats, now)
    counts.note(_counted(chunk, fates, feeds, {id(arrival.item) for arrival in cured.values()}), now)
    return fates


def _waiting(arrival: Arrival, known: "dict[str, _Known]") -> str:
    """What the same bytes wait under because nobody had said whose they are, where this arrival's channel does."""
    if not isinstance(arrival.read, Message):
        return ""
    for key in (arrival.same_as, arrival.stored.digest.hex()):
        held = known.get(key)
        if held and held.refusal and held.refusal.code == "source-missing":
            return key
    return ""


def _cure(cured: dict[str, Arrival], feeds: dict[tuple[str, str], Feed], by: str, now: datetime) -> None:
    """File what waited for somebody to vouch for it; its receipt leaves the quarantine and goes to that feed."""
    if not cured:
        return
    receipts = {receipt.same_as: receipt for receipt in Receipt.objects.filter(same_as__in=list(cured))}
    filings, documents = [], {}
    for key, arrival in cured.items():
        receipt, before = receipts[key], receipts[key].feed_id
        judge(receipt, arrival.read)
        receipt.feed, receipt.same_as = feeds[arrival.feed], arrival.same_as
        receipt.save()
        if receipt.outcome == Receipt.Outcome.FILED:
            counts.refiled(before, receipt.feed_id, hour_of(receipt.received_at))
        if isinstance(arrival.read, Message):
            filings.append(Filing(arrival.stored, arrival.read))
            documents[arrival.stored.digest] = receipt.document_id
    ingest.file(filings, documents, by=by, now=now)


def _counted(
    chunk: list[Arrival], fates: list[Fate], feeds: dict[tuple[str, str], Feed], cured: set[int]
) -> Iterator[counts.Counted]:
    for arrival, fate in zip(chunk, fates, strict=True):
        feed = feeds[arrival.feed]  # as it was read, before this chunk was noted on it
        # One that cures an earlier one is its repeat: the earlier one is counted as filed.
        outcome = "duplicate" if id(arrival.item) in cured else fate.outcome
        yield counts.Counted(feed.pk, feed.last_received_at, outcome, arrival.item.arrived_at, arrival.read)


class _Known(NamedTuple):
    """A message that came before: its bytes, and why it lies in quarantine if it does."""

    digest: bytes
    refusal: Reject | None


def _known(chunk: list[Arrival]) -> dict[str, _Known]:
    columns = ("same_as", "document__digest", "outcome", "reason", "reason_code", "path", "document__format")
    rows = Receipt.objects.filter(same_as__in=_keys(chunk)).values_list(*columns)
    return {
        key: _Known(bytes(digest), Reject(*why) if outcome == Receipt.Outcome.QUARANTINED else None)
        for key, digest, outcome, *why in rows
    }


def _keys(chunk: list[Arrival]) -> set[str]:
    return {key for arrival in chunk for key in (arrival.same_as, arrival.stored.digest.hex())}


def _unlike(arrival: Arrival, known: dict[str, _Known], new: dict[str, Arrival]) -> Arrival:
    """The arrival; or, when its id was used before for other bytes, the reason why it can't be filed."""
    digest = known[arrival.same_as].digest if arrival.same_as in known else None
    if digest is None and arrival.same_as in new:
        digest = new[arrival.same_as].stored.digest
    if digest is None or digest == arrival.stored.digest:
        return arrival
    return replace(arrival, read=id_used_twice(arrival.read.format), same_as=arrival.stored.digest.hex())


def id_used_twice(format_name: str) -> Reject:
    """The refusal of a message whose id its sender has used for another."""
    where = "UNB and UNH" if format_name == "edifact" else "MSH-10"
    reason = (
        f"This sender gave the same id ({where}) to another message before, and the two are not the same: the first "
        "stands, nothing of this one was filed. Ask the sender to send it again with an id of its own, and to mend "
        "whatever uses ids twice."
    )
    return Reject(reason, "id-used-twice", where, format_name)


def _keep(new: list[Arrival], feeds: dict[tuple[str, str], Feed], by: str, now: datetime) -> None:
    """Write the new messages: the readable to the record, all of them to the receipts."""
    filings = [Filing(arrival.stored, arrival.read) for arrival in new if isinstance(arrival.read, Message)]
    documents = ingest.keep_documents((arrival.stored for arrival in new), now)
    receipts = [_receipt(one, feeds[one.feed].pk, documents[one.stored.digest], moment(now)) for one in new]
    insert_rows("gateway_receipt", _RECEIPT, receipts)
    if filings:
        ingest.file(filings, documents, by=by, now=now)


JUDGED = ("outcome", "reason_code", "reason", "path", "entries")
_RECEIPT = (
    *("feed_id", "key", "same_as", "document_id", "name", "channel", "received_at", "duplicates", "replays"),
    *JUDGED,
)


def _receipt(arrival: Arrival, feed: int, document: int, now: Any) -> tuple[Any, ...]:
    """The values of _RECEIPT for a message that came for the first time."""
    item = arrival.item
    told = (feed, new_key(), arrival.same_as, document, item.name[-200:], item.channel, now, 0, 0)
    return told + _judged(arrival.read)


def judge(receipt: Receipt, read: Message | Reject) -> None:
    """Write on a receipt what reading its message came to."""
    for name, value in zip(JUDGED, _judged(read), strict=True):
        setattr(receipt, name, value)


def _judged(read: Message | Reject) -> tuple[str, str, str, str, int]:
    """The values of JUDGED."""
    if isinstance(read, Message):
        return Receipt.Outcome.FILED.value, "", "", "", len(read.entries)
    return Receipt.Outcome.QUARANTINED.value, read.code[:60], read.reason[:400], read.path[:160], 0


def _feeds(chunk: list[Arrival], now: datetime) -> dict[tuple[str, str], Feed]:
    """The feeds of these messages, made where they are met unannounced, each marked as heard from."""
    keys = {arrival.feed for arrival in chunk}
    known = _feeds_of(keys)
    made = [Feed(organisation_code=code, format=name) for code, name in sorted(keys - known.keys())]
    if made:
        Feed.objects.bulk_create(made, ignore_conflicts=True)
        known = _feeds_of(keys)
    heard = [known[key].pk for key in keys]
    Feed.objects.filter(pk__in=heard).update(last_received_at=now)
    if any(known[key].first_received_at is None for key in keys):
        Feed.objects.filter(pk__in=heard, first_received_at=None).update(first_received_at=now)
    return known


def _feeds_of(keys: set[tuple[str, str]]) -> dict[tuple[str, str], Feed]:
    rows = Feed.objects.filter(organisation_code__in={code for code, _ in keys})
    return {(feed.organisation_code, feed.format): feed for feed in rows}


def _count_repeats(repeats: dict[str, int], now: datetime) -> None:
    """Count on each receipt how often its message came again."""
    by_count: dict[int, list[str]] = {}
    for key, count in repeats.items():
        by_count.setdefault(count, []).append(key)
    for count, keys in by_count.items():
        Receipt.objects.filter(same_as__in=keys).update(duplicates=F("duplicates") + count, last_duplicate_at=now)
