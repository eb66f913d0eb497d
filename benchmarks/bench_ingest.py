"""Promise: GP Connect bundles are filed, durable, linked and in the ledger, at 0.15 of the floor or better, 8,000/s.

The floor reads the same bytes with orjson and puts one row a resource into SQLite (WAL, FULL, no index) with
executemany, in one process and chunks of the same size: nothing checked, nothing linked, nothing kept of the bytes.
Both run in turns in this one run; medians are reported.
"""

import json
import os
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
HOME = Path(tempfile.mkdtemp(prefix="oneplace-bench-"))
os.environ["ONEPLACE_HOME"] = str(HOME)
os.environ["DJANGO_SETTINGS_MODULE"] = "oneplace.site.settings"

import django  # noqa: E402

import oneplace.site  # noqa: E402, F401 - swaps in the sound SQLite

django.setup()

import orjson  # noqa: E402
import pysqlite3  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402

from benchmarks import corpus  # noqa: E402
from oneplace.gateway.receive import Item, receive  # noqa: E402

ROUNDS = int(os.environ.get("ROUNDS", "5"))
RESOURCES = int(os.environ.get("RESOURCES", "20000"))
_INSERT = "INSERT INTO floor VALUES (?, ?, ?, ?, ?, ?, ?)"


def floor(bundles: list[bytes], path: Path) -> float:
    """Seconds that the least thinkable loader takes."""
    base = pysqlite3.connect(path, isolation_level=None)
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "mmap_size=0"):
        base.execute(f"PRAGMA {pragma}")
    base.execute("CREATE TABLE floor (id TEXT, type TEXT, person TEXT, at TEXT, code TEXT, text TEXT, status TEXT)")
    started = time.perf_counter()
    for start in range(0, len(bundles), 12):
        rows = [row for raw in bundles[start : start + 12] for row in _floor_rows(orjson.loads(raw))]
        base.execute("BEGIN IMMEDIATE")
        base.executemany(_INSERT, rows)
        base.execute("COMMIT")
    seconds = time.perf_counter() - started
    base.close()
    return seconds


def _floor_rows(bundle: dict) -> list[tuple]:
    entries = [entry["resource"] for entry in bundle["entry"]]
    person = next(one["id"] for one in entries if one["resourceType"] == "Patient")
    return [
        (
            one.get("id"),
            one["resourceType"],
            person,
            one.get("effectiveDateTime") or one.get("assertedDate"),
            *_coding(one.get("code")),
            one.get("status"),
        )
        for one in entries
    ]


def _coding(code: object) -> tuple[str | None, str | None]:
    coding = code.get("coding") if isinstance(code, dict) else None
    return (coding[0].get("code"), coding[0].get("display")) if coding else (None, None)


def empty() -> None:
    """A fresh database of this place."""
    connection.close()
    for path in HOME.glob("oneplace.sqlite3*"):
        path.unlink()
    call_command("migrate", verbosity=0)


def main() -> None:
    """Run both in turns and print the figures."""
    name, bundles, resources = corpus.bundles(RESOURCES)
    floors: list[float] = []
    ours: list[float] = []
    for turn in range(ROUNDS):
        floors.append(resources / floor(bundles, HOME / f"floor-{turn}.sqlite3"))
        empty()
        started = time.perf_counter()
        tally = receive((Item("", raw, "bench") for raw in bundles), by="bench")
        ours.append(resources / (time.perf_counter() - started))
        if tally.filed != len(bundles):
            raise SystemExit(f"{tally.filed} of {len(bundles)} bundles were filed: the figure would mean nothing")
    base, rate = statistics.median(floors), statistics.median(ours)
    megabytes = sum(map(len, bundles)) / 1e6
    print(f"{name}: {len(bundles):,} bundles, {resources:,} resources, {megabytes:.0f} MB; median of {ROUNDS} rounds")
    print(f"floor (orjson + executemany into SQLite) {base:>10,.0f} resources/s   promised 40,000")
    print(f"oneplace ingest                          {rate:>10,.0f} resources/s   promised  8,000")
    print(f"ratio                                    {rate / base:>10.3f}               promised  0.150")
    print("others' published import: Aidbox 2,678/s, HAPI 2,214/s on 8 cores")
    figures = {"floor_per_s": round(base), "ingest_per_s": round(rate), "corpus": name, "rounds": ROUNDS}
    line = {"name": "ingest", "ratio": round(rate / base, 3), "against": "orjson + executemany", "figures": figures}
    print(json.dumps(line))


if __name__ == "__main__":
    try:
        main()
    finally:
        shutil.rmtree(HOME, ignore_errors=True)
