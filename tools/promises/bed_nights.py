"""No bed is promised twice: eight processes at once offer the same beds, on SQLite and on PostgreSQL. A case is a
bed-night; more is asked for than there is, so that each bed must end with somebody.

Two stays that share a night of a bed, a bed that nobody got, a change without its row, or any error of a process
("locked" among them) is a failure. Each database is one of its own, made for the run.
"""

import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests"))

import postgres

from promises import Outcome, Promise

DESKS, NIGHTS, IN_A_UNIT = 8, 4, 10


def run(cases: int, seed: int) -> Outcome:
    """Race for so many bed-nights on each database, and count what went wrong."""
    beds = max(cases // NIGHTS, 1)
    with tempfile.TemporaryDirectory() as home:
        faults = _race("SQLite", beds, seed, {"ONEPLACE_HOME": home, "ONEPLACE_DATABASE_URL": ""})
    with tempfile.TemporaryDirectory() as home, postgres.running() as server:
        faults += _race("PostgreSQL", beds, seed, {"ONEPLACE_HOME": home, "ONEPLACE_DATABASE_URL": server.url})
    words = f"{beds * NIGHTS} bed-nights each once on SQLite and PostgreSQL, {DESKS} processes at once"
    return Outcome(2 * beds * NIGHTS, len(faults), words if not faults else f"{len(faults)} faults", tuple(faults[:5]))


def _race(database: str, beds: int, seed: int, told: dict[str, str]) -> list[str]:
    """One race: make the place, let the processes wait for each other, count. Returns what went wrong."""
    environment = os.environ | told | {"DJANGO_SETTINGS_MODULE": "oneplace.site.settings"}
    start = Path(told["ONEPLACE_HOME"]) / "start"

    def command(*words: object) -> list[str]:
        return [sys.executable, __file__, *map(str, words)]

    subprocess.run(command("prepare", beds), env=environment, check=True)
    desks = [
        subprocess.Popen(command("desk", desk, beds, seed, start), env=environment, stderr=subprocess.PIPE, text=True)
        for desk in range(DESKS)
    ]
    while len(list(start.parent.glob("ready-*"))) < DESKS and all(desk.poll() is None for desk in desks):
        time.sleep(0.05)
    start.touch()
    said = [desk.communicate()[1].strip() for desk in desks]
    faults = [f"{database}: {words.splitlines()[-1] if words else 'ended'}" for words in said if words]
    counted = subprocess.run(command("count"), env=environment, check=True, capture_output=True, text=True)
    return faults + [f"{database}: {words}" for words in json.loads(counted.stdout)]


def prepare(beds: int) -> None:
    """Tables, beds in units of ten, and for each process enough requests for half of all beds."""
    from django.core.management import call_command
    from factories.beds import UNIT, asked

    from oneplace.frontdoor.actions.beds import load_units
    from oneplace.place.shapes import BedBayRow

    call_command("migrate", verbosity=0)
    sizes = {f"U{first}": min(IN_A_UNIT, beds - first) for first in range(0, beds, IN_A_UNIT)}
    units = [
        replace(UNIT, code=code, bays=(BedBayRow(code, "R", "single", size, True, ()),)) for code, size in sizes.items()
    ]
    load_units(units, by="race")
    for desk in range(DESKS):
        for number in range(max(beds // 2, 1)):
            asked(f"p{desk}-{number}", once=f"{desk}-{number}", nights=NIGHTS)


def desk(number: int, beds: int, seed: int, start: Path) -> None:
    """Offer each bed in an order of this process's own to its next request; being too late is no fault."""
    from factories.beds import offered

    from oneplace.frontdoor.actions.beds import CannotDo
    from oneplace.frontdoor.models import Bed, BedRequest

    codes = sorted(Bed.objects.values_list("code", flat=True))
    waiting = list(BedRequest.objects.filter(person__startswith=f"p{number}-"))
    random.Random(seed + number).shuffle(codes)
    start.with_name(f"ready-{number}").touch()
    while not start.exists():
        time.sleep(0.005)
    for code in codes:
        try:
            if waiting:
                offered(waiting[-1], code)
                waiting.pop()
        except CannotDo:
            continue


def count() -> list[str]:
    """What is wrong with how it ended, reckoned from the stays and not from the table that keeps nights apart."""
    from oneplace.frontdoor.models import Bed, BedMove, BedNight, BedStay
    from oneplace.ledger.queries import verify

    stays = list(BedStay.objects.select_related("bed"))
    nights = Counter(
        (stay.bed.code, stay.last_night - timedelta(days=back)) for stay in stays for back in range(NIGHTS)
    )
    wrong = [f"{bed} is promised {times} times on {night}" for (bed, night), times in nights.items() if times > 1]
    unused = Bed.objects.exclude(pk__in=[stay.bed_id for stay in stays]).count()
    wrong += [f"{unused} beds went to nobody"] if unused else []
    same = len(stays) == BedMove.objects.count() and BedNight.objects.count() == len(nights)
    return wrong + ([] if same else ["rows are missing or left over"]) + ([] if verify().ok else ["the ledger broke"])


PROMISE = Promise("bed-nights-once", "No bed is promised twice: eight at once on 200 bed-nights", 200, run)


if __name__ == "__main__":
    import django

    django.setup()
    mode, *words = sys.argv[1:]
    if mode == "prepare":
        prepare(int(words[0]))
    elif mode == "desk":
        desk(int(words[0]), int(words[1]), int(words[2]), Path(words[3]))
    else:
        print(json.dumps(count()))
