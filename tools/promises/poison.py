"""Poison is isolated: messages broken in many ways lie among good ones, in the same chunks, and stop none of them.

Each good message must be filed, each that can't be read must wait in quarantine with a reason, and all of those
must be filed by a replay once the reader has learned to read them.
"""

import json
import random
from unittest.mock import patch

from django.db import transaction

from promises import Outcome, Promise
from promises.kill import message

BATCH = 100


def run(cases: int, seed: int) -> Outcome:
    """`cases` poisoned messages, a good one beside each; all is undone at the end."""
    randomness = random.Random(seed)
    faults: list[str] = []
    quarantined = 0
    with transaction.atomic():
        for start in range(0, cases, BATCH):
            numbers = range(start, min(start + BATCH, cases))
            poison = {broken(message(1_000_000 + number), randomness) for number in numbers}
            found, held = _take(poison, [message(number) for number in numbers], randomness)
            quarantined += held
            faults += found
        faults += _cure(quarantined)
        transaction.set_rollback(True)
    figure = f"{quarantined} of {cases} quarantined and replayed, the others still readable; {len(faults)} faults"
    return Outcome(cases, len(faults), figure, tuple(faults[:5]))


def broken(raw: bytes, randomness: random.Random) -> bytes:
    """A message as faulty senders, disks and wires leave it."""
    at = randomness.randrange(len(raw))
    noise = randomness.randbytes(randomness.randint(1, 200))
    ways = [
        raw[:at],
        raw[at:],
        noise,
        raw[:at] + noise + raw[at:],
        raw[:at] + b"\x00" + raw[at + 1 :],
        raw.replace(b"|", b"", randomness.randint(1, 30)),
        raw.replace(b"MSH", b"HSM"),
        raw.replace(b"PID", b"DIP"),
        raw.replace(b"RCB", b""),
        b"{" * randomness.randint(1, 5000),
        json.dumps({"resourceType": "Bundle", "entry": [{"resource": noise.hex()}]}).encode(),
        raw.decode().encode("utf-16"),
    ]
    return randomness.choice(ways)


def _take(poison: set[bytes], good: list[bytes], randomness: random.Random) -> tuple[list[str], int]:
    """Take both in, mixed; returns the faults and how many messages went to quarantine."""
    from oneplace.gateway.models import Receipt
    from oneplace.gateway.receive import Item, receive

    mixed = [*sorted(poison), *good]
    randomness.shuffle(mixed)
    before = Receipt.objects.filter(reason_code="reader-fault").count()
    try:
        tally = receive([Item("", raw, "file") for raw in mixed], by="promise")
    except Exception as error:
        return [f"stopped: {type(error).__name__}: {error}"], 0
    kept = set(Receipt.objects.filter(outcome="filed").values_list("same_as", flat=True))
    faults = [f"not filed: {raw[:60]!r}" for raw in good if _known_as(raw) not in kept]
    if tally.received != tally.filed + tally.quarantined + tally.duplicate or tally.received < len(mixed):
        faults.append(f"does not balance: {tally}")
    by_fault = Receipt.objects.filter(reason_code="reader-fault").count() - before
    return faults + ["the reader failed and was caught"] * by_fault, tally.quarantined


def _known_as(raw: bytes) -> str:
    from oneplace import formats
    from oneplace.gateway import rules

    return rules.same_as(formats.read(raw), b"")


def _cure(quarantined: int) -> list[str]:
    """Teach the reader every message, and replay."""
    from oneplace import formats
    from oneplace.gateway import queries
    from oneplace.gateway.models import Receipt
    from oneplace.gateway.replay import replay
    from oneplace.kernel.rows import Message

    lines = queries.quarantined(limit=quarantined + 1)
    faults = [f"{line.key} has no reason" for line in lines if not (line.reason and line.code)]
    if len(lines) != quarantined:
        faults.append(f"{len(lines)} wait where {quarantined} were refused")
    # What lies with the sender is not the reader's to cure: it waits for a message set right.
    curable = Receipt.objects.filter(outcome="quarantined").exclude(reason_code__in=["source-other", "id-used-twice"])
    keys = list(curable.values_list("key", flat=True))
    with patch.object(formats, "read", lambda raw, name="": Message("learned", "RCB", "", (), ())):
        tally = replay(keys, by="promise")
    return faults + [f"{len(keys) - tally.filed} of {len(keys)} not replayed"] * (tally.filed != len(keys))


PROMISE = Promise(
    "poison-isolated",
    "Poison is isolated: all bad messages quarantined with a reason, all replayable, the good ones filed",
    5000,
    run,
)
