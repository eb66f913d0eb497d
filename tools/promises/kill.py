"""Acknowledged once, survives a kill: a process that takes messages in is killed -9 at random moments and run again.

The sender keeps its own list: what was acknowledged (the process had said so) must be there once, and at the end
everything must be, once. Each run has a database of its own, synced to disk as in use. SQLite; on PostgreSQL the
server itself is killed in another promise.
"""

import os
import random
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from promises import Outcome, Promise

ROOT = Path(__file__).resolve().parents[2]
MESSAGES = 400
CHILD = """
import sys
import django
django.setup()
from oneplace.gateway import rules
from oneplace.gateway.receive import Item, receive
from pathlib import Path
rules.FEWEST = rules.MOST = 40
messages = sorted(Path(sys.argv[1]).iterdir())
print("ready", flush=True)
receive((Item(path.name, path.read_bytes(), "file") for path in messages), by="sender",
        progress=lambda tally: print(tally.received, flush=True))
print("done", flush=True)
"""


def message(number: int) -> bytes:
    """The admission of one made-up person."""
    lines = [
        f"MSH|^~\\&|PAS|RCB|X|X|20210104103000||ADT^A01|M{number}|P|2.4",
        "EVN||202101041029",
        f"PID|1||L{number}^^^RCB^PI||TESTCASE^NUMBER{number}^^^^^L||19511212|2",
        f"PV1|1|I|WARD1^BAY2^BED3{'|' * 16}V{number}^^^VISITID{'|' * 25}202101041000",
    ]
    return "\r".join(lines).encode()


def run(cases: int, seed: int) -> Outcome:
    """Kill the taker `cases` times, then let it end, and compare with the sender's list."""
    randomness = random.Random(seed)
    faults: list[str] = []
    done = 0
    while done < cases:
        with tempfile.TemporaryDirectory(prefix="oneplace-kill-") as home:
            kills, found = _one_place(Path(home), cases - done, randomness)
            done += kills
            faults += found
    figure = f"{cases} kills, {len(faults)} messages lost or doubled"
    return Outcome(cases, len(faults), figure, tuple(faults[:5]))


def _one_place(home: Path, kills: int, randomness: random.Random) -> tuple[int, list[str]]:
    """Fill one empty place under kills; returns how many there were and what was lost or doubled."""
    folder = home / "messages"
    folder.mkdir()
    for number in range(MESSAGES):
        (folder / f"{number:05}.hl7").write_bytes(message(number))
    environment = os.environ | {"ONEPLACE_HOME": str(home), "DJANGO_SETTINGS_MODULE": "oneplace.site.settings"}
    environment.pop("ONEPLACE_DATABASE_URL", None)
    migrate = [sys.executable, "-m", "django", "migrate", "-v0"]
    subprocess.run(migrate, env=environment, cwd=ROOT, check=True)
    faults: list[str] = []
    killed = 0
    while True:
        again = killed < min(kills, 10)
        told, ended = _take(folder, environment, randomness.uniform(0, 0.5) if again else None)
        killed += again and not ended
        faults += _faults(home, told)
        if ended:
            # A place that was filled before its turn came to be killed still counts as one try.
            return max(killed, 1), [*faults, *_faults(home, MESSAGES)]


def _take(folder: Path, environment: dict[str, str], seconds: float | None) -> tuple[int, bool]:
    """Run the taker, killed after some seconds; returns how many it acknowledged and whether it came to its end."""
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(folder)], env=environment, cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    lines = [child.stdout.readline().strip()]
    if lines != ["ready"]:
        raise RuntimeError("the process that takes messages in did not start")
    if seconds is not None:
        time.sleep(seconds)
        child.kill()
    lines += child.stdout.read().split()
    child.wait()
    if seconds is None and child.returncode:
        raise RuntimeError("the process that takes messages in failed by itself")
    counts = [int(word) for word in lines if word.isdigit()]
    return max(counts, default=0), "done" in lines


def _faults(home: Path, acknowledged: int) -> list[str]:
    """What the place holds against what its sender was told: messages lost or doubled, halves, a broken ledger."""
    base = sqlite3.connect(home / "oneplace.sqlite3")
    try:
        held = [row[0] for row in base.execute("SELECT told_id FROM record_entry")]
        receipts = base.execute("SELECT count(*) FROM gateway_receipt").fetchone()[0]
        patients = base.execute("SELECT count(*) FROM record_localpatient WHERE person_id IS NOT NULL").fetchone()[0]
        ties = base.execute("SELECT count(*) FROM access_relationship").fetchone()[0]
        sound = base.execute("PRAGMA integrity_check").fetchone()[0]
    finally:
        base.close()
    lost = [f"V{number} lost" for number in range(acknowledged) if f"V{number}" not in set(held)]
    doubled = [f"{told} doubled" for told in set(held) if held.count(told) > 1]
    halves = (
        [] if len(held) == receipts == patients == ties else [f"halves: {len(held)}, {receipts}, {patients}, {ties}"]
    )
    return lost + doubled + halves + ([] if sound == "ok" else [sound])


PROMISE = Promise(
    "acknowledged-once", "Acknowledged once, survives a kill: nothing lost, nothing doubled after kill -9", 200, run
)
