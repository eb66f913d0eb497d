"""Reads quarantined messages again, after the cure: a reader that learned a format, a sender that was set right.

The bytes are those that came; a message that can now be read is filed and leaves the quarantine, in one transaction.
"""

import hashlib
from collections.abc import Iterable

import zstandard
from django.db import transaction
from django.db.models import F

from oneplace import formats
from oneplace.gateway.models import Receipt
from oneplace.gateway.receive import judge
from oneplace.gateway.rules import Tally
from oneplace.kernel import clock
from oneplace.kernel.rows import Message
from oneplace.ledger import actions as ledger
from oneplace.record import ingest
from oneplace.record.filing import Filing, Stored

_LEFT_ALONE = frozenset({"source-other", "id-used-twice"})
"""Reasons that lie with the sender and not with the reading: to read again would file what was rightly refused."""


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


def _replay_one(pk: int, by: str, tally: Tally) -> None:
    with transaction.atomic():
        receipt = Receipt.objects.select_for_update(of=("self",)).select_related("document", "feed").get(pk=pk)
        if receipt.outcome != Receipt.Outcome.QUARANTINED:
            return  # another replay was first
        raw = zstandard.ZstdDecompressor().decompress(bytes(receipt.document.body))
        read = formats.read(raw, receipt.name)
        if isinstance(read, Message) and read.source_code and receipt.reason_code not in _LEFT_ALONE:
            judge(receipt, read)
            stored = Stored(hashlib.sha256(raw).digest(), bytes(receipt.document.body), len(raw), read.format)
            ingest.file([Filing(stored, read)], {stored.digest: receipt.document_id}, by=by, now=clock.now())
        receipt.replays = F("replays") + 1
        receipt.save()
        ledger.write(actor=by, action="replay message", subject=receipt.key, detail={"outcome": receipt.outcome})
    tally.note(read.format, receipt.outcome)
