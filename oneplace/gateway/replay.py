"""Reads quarantined messages again, after the cure: a reader that learned a format, a sender that was set right.

The bytes are those that came; a message that can now be read is filed and leaves the quarantine, in one transaction
with some others.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

import zstandard
from django.db import transaction
from django.db.models import Q, QuerySet

from oneplace import formats
from oneplace.gateway import counts, layouts, rules
from oneplace.gateway.models import Feed, Receipt
from oneplace.gateway.receive import JUDGED, UNKNOWN_SOURCE, id_used_twice, judge, vouched
from oneplace.gateway.rules import Tally
from oneplace.gateway.rules.profile import hour_of
from oneplace.kernel import clock, turns
from oneplace.kernel.rows import Message, Reject
from oneplace.ledger import actions as ledger
from oneplace.record import ingest
from oneplace.record.bulk import gate, rows_where, update_rows
from oneplace.record.filing import Filing, Stored

_LEFT_ALONE = frozenset(
    {"source-other", "id-used-twice", "mesh-report", "mesh-encrypted", "mesh-compressed", "processing-id"}
    | {"too-large"}
)
"""Reasons that lie with the sender and not with the reading: to read again would file what was rightly refused."""

_AT_ONCE, _BYTES_AT_ONCE = 100, 2_000_000
"""Messages and their bytes in one transaction."""
Progress = Callable[[float, float | None], None]

ADOPTABLE = "source-missing"
"""The one reason that a person's word for the organisation cures."""


def replay(
    keys: Iterable[str] | None = None, *, by: str, code: str | None = None, progress: Progress | None = None
) -> Tally:
    """Read again the messages with these keys, or all with a reason code, or all; returns what became of them.

    Many are filed in one transaction; `progress` is told after each how many more are done, and of how many.
    """
    chosen = Receipt.objects.filter(outcome=Receipt.Outcome.QUARANTINED)
    if keys is not None:
        chosen = chosen.filter(key__in=list(keys))
    if code:
        chosen = chosen.filter(reason_code=code)
    return _again(chosen, by, "", progress)


def adopt(keys: Iterable[str], *, feed_code: str, by: str, progress: Progress | None = None) -> Tally:
    """Read messages that don't say whose they are again, as that organisation's; others are left as they are.

    The caller vouches for the organisation, which must be of this place. Not undone: facts are filed under its name.
    """
    chosen = Receipt.objects.filter(outcome=Receipt.Outcome.QUARANTINED, reason_code=ADOPTABLE)
    return _again(chosen.filter(key__in=list(keys)), by, feed_code, progress)


def _again(chosen: "QuerySet[Receipt]", by: str, feed_code: str, progress: Progress | None) -> Tally:
    tally = Tally()
    sizes = list(chosen.order_by("pk").values_list("pk", "document__size"))
    for pks in _chunks(sizes):
        _replay_some(pks, by, tally, feed_code)
        if progress:
            progress(len(pks), len(sizes))
    return tally


def _chunks(sizes: Sequence[tuple[int, int]]) -> Iterator[list[int]]:
    """Keys of messages for one transaction: few enough that nobody waits long, and that memory stays small."""
    chunk: list[int] = []
    weight = 0
    for pk, size in sizes:
        if chunk and (len(chunk) == _AT_ONCE or weight + size > _BYTES_AT_ONCE):
            yield chunk
            chunk, weight = [], 0
        chunk.append(pk)
        weight += size
    if chunk:
        yield chunk


def _replay_some(pks: Sequence[int], by: str, tally: Tally, feed_code: str) -> None:
    own = layouts.own()
    held = Receipt.objects.filter(pk__in=pks).select_related("document", "feed")
    found = {receipt.pk: _read(receipt, feed_code, own) for receipt in held}
    turns.give_way(gate())
    with transaction.atomic():
        # Feeds are locked before receipts, as receiving does it.
        feeds = {pk: _adopting(pk, feed_code) for pk in pks} if feed_code else {}
        waiting = Receipt.objects.select_for_update().filter(pk__in=pks, outcome=Receipt.Outcome.QUARANTINED)
        receipts = list(waiting.order_by("pk"))  # what another replay has cured meanwhile is left
        _settle([receipt for receipt in receipts if receipt.reason_code not in _LEFT_ALONE], found, by)
        _keep(receipts, feeds, by, feed_code)
    for receipt in receipts:
        tally.note(found[receipt.pk].read.format, receipt.outcome)


class _Found(NamedTuple):
    """A message read again: its bytes as they are kept, and what it says or why not."""

    stored: Stored
    read: Message | Reject


def _read(receipt: Receipt, feed_code: str, own: Sequence[formats.Layout]) -> _Found:
    body = bytes(receipt.document.body)
    raw = zstandard.ZstdDecompressor().decompress(body)
    read = vouched(formats.read(raw, receipt.name, own), feed_code or _vouched_for(receipt))
    return _Found(Stored(hashlib.sha256(raw).digest(), body, len(raw), read.format), read)


def _keep(receipts: Sequence[Receipt], feeds: Mapping[int, Feed], by: str, feed_code: str) -> None:
    """Write what became of the messages: on their receipts, in the ledger, and in the counts of the hour they came."""
    refiled: Counter[tuple[int, int, datetime]] = Counter()
    for receipt in receipts:
        before = receipt.feed_id
        if receipt.outcome == Receipt.Outcome.FILED:
            receipt.feed_id = feeds[receipt.pk].pk if feeds else before
            refiled[before, receipt.feed_id, hour_of(receipt.received_at)] += 1
        detail = {"outcome": receipt.outcome} | ({"organisation": feed_code} if feed_code else {})
        action = "adopt message" if feed_code else "replay message"
        ledger.write(actor=by, action=action, subject=receipt.key, detail=detail)
    rows = [(*(getattr(one, name) for name in _WRITTEN[:-1]), one.replays + 1, one.pk) for one in receipts]
    update_rows("gateway_receipt", _WRITTEN, rows)
    for (before, after, hour), many in sorted(refiled.items()):
        counts.refiled(before, after, hour, many)


_WRITTEN = ("feed_id", "same_as", *JUDGED, "replays")


def _adopting(pk: int, code: str) -> Feed:
    """The adopting organisation's feed of the message's format, as heard when the message came."""
    at, format_name = Receipt.objects.values_list("received_at", "feed__format").get(pk=pk)
    feed, _ = Feed.objects.get_or_create(organisation_code=code, format=format_name)
    heard = Feed.objects.filter(pk=feed.pk)
    heard.filter(Q(first_received_at=None) | Q(first_received_at__gt=at)).update(first_received_at=at)
    heard.filter(Q(last_received_at=None) | Q(last_received_at__lt=at)).update(last_received_at=at)
    return feed


def _vouched_for(receipt: Receipt) -> str:
    """The organisation whose channel the message came by; '' where it came by none."""
    code = receipt.feed.organisation_code
    return "" if code == UNKNOWN_SOURCE else code


def _settle(receipts: Sequence[Receipt], found: Mapping[int, _Found], by: str) -> None:
    """File what can now be read, once, and know it from now on by its sender's id; else say why not as of now."""
    known = _known([rules.same_as(one.read, one.stored.digest) for one in found.values()])
    filings, documents = [], {}
    for receipt in receipts:
        stored, read = found[receipt.pk]
        if isinstance(read, Message):
            same_as = rules.same_as(read, stored.digest)
            owner, digest = known.setdefault(same_as, (receipt.pk, stored.digest))
            if owner == receipt.pk:
                receipt.same_as = same_as
                filings.append(Filing(stored, read))
                documents[stored.digest] = receipt.document_id
            elif digest != stored.digest:
                read = id_used_twice(read.format)
            # else it came again after the cure, and was filed then
        judge(receipt, read)
    if filings:
        ingest.file(filings, documents, by=by, now=clock.now())


def _known(keys: Sequence[str]) -> dict[str, tuple[int, bytes]]:
    """Which receipt each key belongs to, and the digest of its bytes."""
    columns = ("r.same_as", "r.id", "d.digest")
    rows = rows_where("gateway_receipt r JOIN record_document d ON d.id = r.document_id", columns, "r.same_as", keys)
    return {key: (pk, bytes(digest)) for key, pk, digest in rows}
