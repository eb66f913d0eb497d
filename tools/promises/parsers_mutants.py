"""Parsers survive mutants: messages of every format, mutated by a seeded chance, never make a reader fail: each is
read or refused with a reason, within a second, and cutting a file into its messages ends.

Mutations are blind: coverage-guided fuzzing is another promise, still open. A mutant that was read is mutated again,
so that faults pile up.
"""

import random
import time
from collections import Counter
from collections.abc import Callable

import tellings

from promises import Outcome, Promise

SLOW_SECONDS = 1.0
_GENERATIONS = 12
_TOKENS = (
    b"|", b"^", b"~", b"\\", b"&", b"\r", b"\n", b"+", b":", b"'", b"?", b"{", b"}", b"[", b"]", b'"', b",", b"<", b">",
    b"\x00", b"\xff\xfe", b"\xef\xbb\xbf", b"null", b"-1", b"1e999", b"99999999999999999999", b"\\u0000", b"\\ud800",
    b"&#0;", b"<!DOCTYPE a>", b"]]>", b"MSH|", b"UNH+", b"UNZ+1+77'", b'"resourceType"', b"0000-00-00", b"24:60:61",
)  # fmt: skip


def run(cases: int, seed: int) -> Outcome:
    """Read `cases` mutants; a caught failure of our reader counts as a failure as much as an exception."""
    randomness = random.Random(seed)
    faults: list[str] = []
    ends: Counter[str] = Counter()
    raw = b""
    for case in range(cases):
        if case % _GENERATIONS == 0 or not raw:
            raw = tellings.message(tellings.World(randomness.randrange(100)), randomness)
        mutant = mutated(raw, randomness)
        end, fault = _read(mutant)
        ends[end] += 1
        faults += [f"case {case}: {fault}"] if fault else []
        raw = mutant if end == "read" else raw
    figure = f"{ends['read']:,} mutants read, {ends['refused']:,} refused with a reason, {len(faults)} faults"
    return Outcome(cases, len(faults), figure, tuple(faults[:5]))


def mutated(raw: bytes, randomness: random.Random) -> bytes:
    """The message with one thing wrong more."""
    return randomness.choice(_WAYS)(bytearray(raw), randomness)


def _flip(raw: bytearray, randomness: random.Random) -> bytes:
    for _ in range(randomness.randint(1, 4)):
        raw[randomness.randrange(len(raw))] = randomness.randrange(256)
    return bytes(raw)


def _insert(raw: bytearray, randomness: random.Random) -> bytes:
    at = randomness.randrange(len(raw))
    raw[at:at] = randomness.choice(_TOKENS) * randomness.choice([1, 1, 1, 2, 300])
    return bytes(raw)


def _replace(raw: bytearray, randomness: random.Random) -> bytes:
    """A token in place of a word: types, dates and delimiters go wrong."""
    at = randomness.randrange(len(raw))
    raw[at : at + randomness.randint(1, 12)] = randomness.choice(_TOKENS)
    return bytes(raw) or b" "


def _cut(raw: bytearray, randomness: random.Random) -> bytes:
    one, other = sorted(randomness.choices(range(len(raw)), k=2))
    return bytes(raw[:one] + raw[other:]) or b" "


def _repeat(raw: bytearray, randomness: random.Random) -> bytes:
    one, other = sorted(randomness.choices(range(len(raw)), k=2))
    return bytes(raw[:other] + raw[one:other] * randomness.choice([1, 3]) + raw[other:])[:200_000]


def _splice(raw: bytearray, randomness: random.Random) -> bytes:
    """The end of another message, perhaps of another format."""
    other = tellings.message(tellings.World(randomness.randrange(100)), randomness)
    return bytes(raw[: randomness.randrange(len(raw))]) + other[randomness.randrange(len(other)) :]


_Way = Callable[[bytearray, random.Random], bytes]
_WAYS: tuple[_Way, ...] = (_flip, _insert, _replace, _replace, _cut, _repeat, _splice)


def _read(raw: bytes) -> tuple[str, str]:
    """How reading the mutant ended, and what was wrong with that; '' where nothing was."""
    from oneplace import formats
    from oneplace.kernel.rows import Message, Reject

    started = time.process_time()
    try:
        answers = [formats.read(piece.raw) for piece in formats.pieces(raw)]
    except Exception as error:
        return "failed", f"{type(error).__name__}: {error} in {raw[:80]!r}"
    if time.process_time() - started > SLOW_SECONDS:
        return "slow", f"took {time.process_time() - started:.1f} s: {raw[:80]!r}"
    refused = [one for one in answers if isinstance(one, Reject)]
    caught = [one.reason for one in refused if one.code == "reader-fault" or not (one.reason and one.code)]
    if caught or not all(isinstance(one, Message | Reject) for one in answers):
        return "failed", f"{caught[:1]} in {raw[:80]!r}"
    return ("refused" if refused else "read"), ""


PROMISE = Promise(
    "parsers-survive-mutants",
    "Parsers survive mutants of every format, blind and seeded, without an uncaught exception",
    100_000,
    run,
)
