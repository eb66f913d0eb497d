"""Promise: extracts (CSV and NDJSON) are filed, durable, linked and in the ledger, at 3,000 rows/s or better.

The floor reads the same rows with the csv module and orjson and puts them as they are into SQLite (WAL, FULL, no
index) with executemany, in chunks of the size that ours took: nothing checked, nothing linked, no bytes kept.
Both run in turns in this one run; medians are reported.
"""

import csv
import io
import json
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import islice
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

from benchmarks import extracts  # noqa: E402
from oneplace.gateway.receive import Item, receive  # noqa: E402

ROUNDS = int(os.environ.get("ROUNDS", "5"))
ROWS = int(os.environ.get("ROWS", "12000"))


def floor(table: bytes, objects: bytes, chunk: int, path: Path) -> float:
    """Seconds that the least thinkable loader takes."""
    base = pysqlite3.connect(path, isolation_level=None)
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "mmap_size=0"):
        base.execute(f"PRAGMA {pragma}")
    started = time.perf_counter()
    for name, rows in (("contacts", _csv_rows(table)), ("episodes", _object_rows(objects))):
        width = len(first := next(rows))
        base.execute(f"CREATE TABLE {name} ({', '.join(f'c{at}' for at in range(width))})")
        insert = f"INSERT INTO {name} VALUES ({', '.join('?' * width)})"
        base.execute(insert, first)
        while some := list(islice(rows, chunk)):
            base.execute("BEGIN IMMEDIATE")
            base.executemany(insert, some)
            base.execute("COMMIT")
    seconds = time.perf_counter() - started
    base.close()
    return seconds


def _csv_rows(raw: bytes) -> Iterator[list[str]]:
    told = csv.reader(io.StringIO(raw.decode()))
    next(told)
    return told


def _object_rows(raw: bytes) -> Iterator[list[str]]:
    return (list(orjson.loads(line).values()) for line in raw.splitlines())


def empty() -> None:
    """A fresh database of this place."""
    connection.close()
    for path in HOME.glob("oneplace.sqlite3*"):
        path.unlink()
    call_command("migrate", verbosity=0)


def ours(table: bytes, objects: bytes) -> tuple[float, int]:
    """Seconds that the gateway takes, and how many commits it made."""
    commits = 0

    def committed(_: object) -> None:
        nonlocal commits
        commits += 1

    empty()
    started = time.perf_counter()
    items = [Item("contacts.csv", table, "bench"), Item("episodes.ndjson", objects, "bench")]
    tally = receive(items, by="bench", progress=committed)
    seconds = time.perf_counter() - started
    if tally.filed != ROWS:
        raise SystemExit(f"{tally.filed} of {ROWS} rows were filed: the figure would mean nothing")
    return seconds, commits


def main() -> None:
    """Run both in turns and print the figures."""
    table, objects = extracts.contacts(ROWS * 3 // 4), extracts.episodes(ROWS - ROWS * 3 // 4)
    floors: list[float] = []
    rates: list[float] = []
    for turn in range(ROUNDS):
        seconds, commits = ours(table, objects)
        rates.append(ROWS / seconds)
        chunk = max(1, ROWS // commits)
        floors.append(ROWS / floor(table, objects, chunk, HOME / f"floor-{turn}.sqlite3"))
    base, rate = statistics.median(floors), statistics.median(rates)
    print(f"{ROWS:,} rows, {(len(table) + len(objects)) / 1e6:.1f} MB, chunks of {chunk}; median of {ROUNDS} rounds")
    print(f"floor (csv, orjson + executemany into SQLite) {base:>10,.0f} rows/s")
    print(f"oneplace ingest                               {rate:>10,.0f} rows/s   promised 3,000")
    print(f"ratio                                         {rate / base:>10.3f}")
    figures = {"floor_per_s": round(base), "ingest_per_s": round(rate), "rows": ROWS, "rounds": ROUNDS, "chunk": chunk}
    line = {
        "name": "extracts",
        "ratio": round(rate / base, 3),
        "against": "csv and orjson + executemany",
        "figures": figures,
    }
    print(json.dumps(line))


if __name__ == "__main__":
    try:
        main()
    finally:
        shutil.rmtree(HOME, ignore_errors=True)
