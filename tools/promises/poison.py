"""Poison is isolated: one message in a hundred, of any format, is broken in one of many ways, among good ones in the
same chunks, and stops none of them.

Each good message must be filed, each that can't be read must wait in quarantine with a reason, and all of those
must be filed by a replay once the reader has learned to read them.
"""

import hashlib
import json
import random
from unittest.mock import patch

import tellings
from django.db import transaction

from promises import Outcome, Promise

BATCH, SHARE = 1000, 100
PLACE = 10_000  # six hundred people, each told of more often than in a year: beyond it only their histories grow


def run(cases: int, seed: int) -> Outcome:
    """`cases` messages, every hundredth of them poisoned, in places of ten thousand; all is undone at the end."""
    randomness = random.Random(seed)
    faults: list[str] = []
    poisoned = quarantined = 0
    for start in range(0, cases, PLACE):
        with transaction.atomic():
            whole, found = _fill(min(PLACE, cases - start), randomness)
            waited, uncured = _cure(whole)
            transaction.set_rollback(True)
        faults += found + uncured
        poisoned, quarantined = poisoned + len(whole), quarantined + waited
    figure = (
        f"{poisoned:,} poisoned among {cases:,} of {len(tellings.FORMATS)} formats: {quarantined:,} quarantined and "
        f"replayed, the others still readable; {len(faults)} faults"
    )
    return Outcome(cases, len(faults), figure, tuple(faults[:5]))


def _fill(messages: int, randomness: random.Random) -> tuple[dict[bytes, bytes], list[str]]:
    """Send so many to a place; what each poisoned message was before it was broken, and the faults."""
    faults: list[str] = []
    whole: dict[bytes, bytes] = {}
    for start in range(0, messages, BATCH):
        many = min(BATCH, messages - start)
        good = [_telling(randomness) for _ in range(many - many // SHARE)]
        poison = {broken(raw, randomness): raw for raw in (_telling(randomness) for _ in range(many // SHARE))}
        whole |= poison
        faults += _take(list(poison), good, randomness)
    return whole, faults


def _telling(randomness: random.Random) -> bytes:
    return tellings.message(tellings.World(randomness.randrange(100)), randomness)


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
        raw.replace(b"RCB", b"").replace(b"organ", b"").replace(b"NAD", b"DAN"),
        raw.replace(b'"id"', b'"di"').replace(b"_id", b"_di"),
        b"{" * randomness.randint(1, 5000),
        json.dumps({"resourceType": "Bundle", "entry": [{"resource": noise.hex()}]}).encode(),
        raw.decode().encode("utf-16"),
    ]
    return randomness.choice(ways)


def _take(poison: list[bytes], good: list[bytes], randomness: random.Random) -> list[str]:
    """Take both in, mixed; returns the faults."""
    from oneplace.gateway.models import Receipt
    from oneplace.gateway.receive import Item, receive

    mixed = [*poison, *good]
    randomness.shuffle(mixed)
    before = Receipt.objects.filter(reason_code="reader-fault").count()
    try:
        tally = receive([Item("", raw, "file") for raw in mixed], by="promise")
    except Exception as error:
        return [f"stopped: {type(error).__name__}: {error}"]
    known = {_known_as(raw): raw for raw in good}
    assert len(known) == len(set(good)), "no two good messages have one id"
    kept = Receipt.objects.filter(outcome="filed", same_as__in=list(known)).values_list("same_as", flat=True)
    faults = [f"not filed: {known[key][:60]!r}" for key in known.keys() - set(kept)]
    if tally.received != tally.filed + tally.quarantined + tally.duplicate or tally.received < len(mixed):
        faults.append(f"does not balance: {tally}")
    by_fault = Receipt.objects.filter(reason_code="reader-fault").count() - before
    return faults + ["the reader failed and was caught"] * by_fault


def _known_as(raw: bytes) -> str:
    from oneplace import formats
    from oneplace.gateway import rules

    return rules.same_as(formats.read(raw), hashlib.sha256(raw).digest())


def _cure(whole: dict[bytes, bytes]) -> tuple[int, list[str]]:
    """Teach the reader what each message was before it was broken, and replay; how many waited, and the faults."""
    from oneplace import formats
    from oneplace.gateway import queries
    from oneplace.gateway.models import Receipt
    from oneplace.gateway.replay import replay

    lines = queries.quarantined(limit=len(whole) * 10)
    faults = [f"{line.key} has no reason" for line in lines if not (line.reason and line.code)]
    # What lies with the sender is not the reader's to cure: it waits for a message set right.
    curable = Receipt.objects.filter(outcome="quarantined").exclude(reason_code__in=["source-other", "id-used-twice"])
    keys, read = list(curable.values_list("key", flat=True)), formats.read

    def learned(raw: bytes, name: str = "", layouts: object = ()) -> object:
        # A piece of a file that broke in two is nobody's message: it becomes one of its own.
        return read(whole.get(raw) or _telling(random.Random(raw)))

    with patch.object(formats, "read", learned):
        tally = replay(keys, by="promise")
    return len(lines), faults + [f"{len(keys) - tally.filed} of {len(keys)} not replayed"] * (tally.filed != len(keys))


PROMISE = Promise(
    "poison-isolated",
    "Poison is isolated: 1 % of messages broken, each quarantined with a reason and replayable, the good ones filed",
    100_000,
    run,
)
