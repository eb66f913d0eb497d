"""Eight at once want the same beds: no bed-night is promised twice, each bed goes to somebody, nothing is locked."""

import random
import sys
import threading
from collections import Counter
from importlib import import_module
from pathlib import Path

import pytest
from django.db import connection
from factories.beds import asked, offered, rooms

from oneplace.frontdoor.actions.beds import CannotDo, load_units
from oneplace.frontdoor.models import BedMove, BedNight, BedStay
from oneplace.frontdoor.rules.beds import State
from oneplace.ledger.queries import verify

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))
promise = import_module("promises.bed_nights")
pytestmark = pytest.mark.django_db(transaction=True)
DESKS, BEDS, NIGHTS = 8, 10, 2


def want(desk: int, requests: list, taken: Counter, failures: list[BaseException]) -> None:
    """Offer every bed in an order of this desk's own, each for the next of its requests."""
    beds = [f"U1-Rooms-{number}" for number in range(1, BEDS + 1)]
    random.Random(desk).shuffle(beds)
    waiting = list(requests)
    try:
        for bed in beds:
            if waiting:
                try:
                    offered(waiting[-1], bed)
                    waiting.pop()
                except CannotDo:
                    taken[desk] += 1
    except BaseException as error:  # a thread's error would else be lost
        failures.append(error)
    finally:
        connection.close()


def test_eight_desks_at_once_promise_each_bed_night_once():
    load_units([rooms(BEDS)], by="test")
    requests = [[asked(f"p{desk}-{number}", nights=NIGHTS) for number in range(3)] for desk in range(DESKS)]
    failures: list[BaseException] = []
    taken: Counter = Counter()
    threads = [threading.Thread(target=want, args=(desk, requests[desk], taken, failures)) for desk in range(DESKS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    stays = list(BedStay.objects.filter(state=State.OFFERED))
    assert len(stays) == BEDS, "24 requests want 10 beds: each goes to somebody"
    assert len({stay.bed_id for stay in stays}) == BEDS
    assert BedNight.objects.count() == BEDS * NIGHTS
    assert BedMove.objects.count() == BEDS, "what was refused left nothing behind"
    assert sum(taken.values()) > 0
    assert verify().ok


def test_race_counts_a_bed_promised_twice_and_one_that_nobody_got():
    load_units([rooms(2)], by="test")
    first = offered(asked("p1", nights=promise.NIGHTS), "U1-Rooms-1")
    other = offered(asked("p2", nights=promise.NIGHTS), "U1-Rooms-2")
    assert promise.count() == []
    BedStay.objects.filter(pk=other.pk).update(bed=first.bed)
    found = promise.count()
    assert sum("is promised 2 times" in words for words in found) == promise.NIGHTS
    assert "1 beds went to nobody" in found
