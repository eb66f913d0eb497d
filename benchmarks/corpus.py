"""What the ingest benchmarks read: GP Connect bundles of many people, from real examples where they are at hand.

A real bundle is copied for another person by giving every id and the NHS number of the copy new values, so that each
copy is a person of its own; sizes and shapes stay those of the real thing.
"""

import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from uuid import UUID

import orjson

from oneplace import example
from oneplace.kernel.nhs_number import numbers_for_tests
from oneplace.place import folder

REAL = Path(__file__).resolve().parents[2] / "shared" / "data" / "clinical" / "gp_structured_stu3"
_ID = re.compile(rb"[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}")


def bundles(resources: int) -> tuple[str, list[bytes], int]:
    """Name of the corpus, bundles with at least so many resources, and how many they hold."""
    name, source = ("real GP Connect bundles, copied", _copies()) if REAL.exists() else ("example bundles", _made())
    taken: list[bytes] = []
    total = 0
    while total < resources:
        raw = next(source)
        taken.append(raw)
        total += len(orjson.loads(raw)["entry"])
    return name, taken, total


def _copies() -> Iterator[bytes]:
    # TC7 only: TC4 tells of the same people half a year earlier.
    originals = [path.read_bytes() for path in sorted(REAL.glob("TC7_*.json"))]
    for turn, number in enumerate(numbers_for_tests(500_000)):
        yield _copy(originals[turn % len(originals)], turn, number)


def _copy(raw: bytes, turn: int, number: str) -> bytes:
    mask = turn * 0x9E3779B97F4A7C15

    def other(found: re.Match[bytes]) -> bytes:
        return str(UUID(int=(UUID(found[0].decode()).int ^ mask) & (2**128 - 1))).upper().encode()

    return _ID.sub(other, raw).replace(b"1234567890", number.encode())


def _made() -> Iterator[bytes]:
    told = example.generate(folder.read(folder.EXAMPLE), 1_000_000, seed=7)
    return (message.raw for message in told if message.raw.startswith(b"{"))


def some(count: int) -> list[bytes]:
    """So many example messages of all kinds, for tests of behaviour under load."""
    return [message.raw for message in islice(example.generate(folder.read(folder.EXAMPLE), count, seed=3), count)]
