"""Reads quarantined messages again, after the cure: a reader that learned a format, a sender that was set right.

The bytes are those that came; a message that can now be read is filed and leaves the quarantine, in one transaction.
"""

import hashlib
from collections.abc import Iterable

import zstandard
from django.db import transaction
from django.db.models import F, Q

from oneplace import formats
from oneplace.gateway import counts, layouts, rules
from oneplace.gateway.models import Feed, Receipt
from oneplace.gateway.receive import UNKNOWN_SOURCE, id_used_twice, judge, vouched
from oneplace.gateway.rules import Tally
from oneplace.kernel import clock
from oneplace.kernel.rows import Message, Reject
from oneplace.ledger import actions as ledger
from oneplace.record import ingest
from oneplace.record.filing import Filing, Stored

_LEFT_ALONE = frozenset(
    {"source-other", "id-used-twice", "mesh-report", "mesh-encrypted", "mesh-compressed", "processing-id"}
    | {"too-large"}
)
"""Reasons that lie with the sender and not with the reading: to read again would file what was rightly refused."""

ADOPTABLE = "source-missing"
"""The one reason that a person's word for the organisation cures."""


def replay(keys: Iterable[str] | None = None, *, by: str, code: str | None = None) -> Tally:
    """Read again the messages with these keys, or all with a reason code, or all; returns what became of them."""
    chosen = Receipt.objects.filter(outcome=Receipt.Outcome.QUARANTINED).order_by("pk")
    if keys is not None:
        chosen = chosen.filter(key__in=list(keys))
    if code:
        chosen = chosen.filter(reason_code=code)
    tally = Tally()
    for pk in list(chosen.values_list("pk", flat=True)):
        _replay_one(pk, by, tally)
    return tally


def adopt(keys: Iterable[str], *, feed_code: str, by: str) -> Tally:
    """Read messages that don't say whose they are again, as that organisation's; others are left as they are.

    The caller vouches for the organisation, which must be of this place. Not undone: facts are filed under its name.
    """
    chosen = Receipt.objects.filter(outcome=Receipt.Outcome.QUARANTINED, reason_code=ADOPTABLE).order_by("pk")
    tally = Tally()
    for pk in list(chosen.filter(key__in=list(keys)).values_list("pk", flat=True)):
        _replay_one(pk, by, tally, feed_code)
    return tally


def _replay_one(pk: int, by: str, tally: Tally, feed_code: str = "") -> None:
    with transaction.atomic():
        # Feeds are locked before receipts, as receiving does it.
        feed = _adopting(pk, feed_code) if feed_code else None
        receipt = Receipt.objects.select_for_update(of=("self",)).select_related("document", "feed").get(pk=pk)
        if receipt.outcome != Receipt.Outcome.QUARANTINED:
            return  # another replay was first
        raw = zstandard.ZstdDecompressor().decompress(bytes(receipt.document.body))
        read = vouched(formats.read(raw, receipt.name, layouts.own()), feed_code or _vouched_for(receipt))
        if receipt.reason_code not in _LEFT_ALONE:
            _settle(receipt, read, raw, by)
        before = receipt.feed_id
        if feed and receipt.outcome == Receipt.Outcome.FILED:
            receipt.feed = feed
        receipt.replays = F("replays") + 1
        receipt.save()
        detail = {"outcome": receipt.outcome} | ({"organisation": feed_code} if feed_code else {})
        ledger.write(actor=by, action="adopt message" if feed else "replay message", subject=receipt.key, detail=detail)
        counts.refiled(before, receipt.feed_id, receipt.received_at, receipt.outcome)
    tally.note(read.format, receipt.outcome)


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


def _settle(receipt: Receipt, read: Message | Reject, raw: bytes, by: str) -> None:
    """File what can now be read, once, and know it from now on by its sender's id; else say why not as of now."""
    if isinstance(read, Reject):
        judge(receipt, read)
        return
    stored = Stored(hashlib.sha256(raw).digest(), bytes(receipt.document.body), len(raw), read.format)
    same_as = rules.same_as(read, stored.digest)
    other = Receipt.objects.filter(same_as=same_as).exclude(pk=receipt.pk).select_related("document").first()
    if other is None:
        judge(receipt, read)
        receipt.same_as = same_as
        ingest.file([Filing(stored, read)], {stored.digest: receipt.document_id}, by=by, now=clock.now())
    elif bytes(other.document.digest) == stored.digest:
        judge(receipt, read)  # it came again after the cure, and was filed then
    else:
        judge(receipt, id_used_twice(read.format))
