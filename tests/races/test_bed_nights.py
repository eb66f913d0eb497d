"""Eight at once want the same beds: no bed-night is promised twice, each bed goes to somebody, nothing is locked."""

import random
import threading
from collections import Counter

import pytest
from django.db import connection
from factories.beds import asked, offered, rooms

from oneplace.frontdoor.actions.beds import CannotDo, load_units
from oneplace.frontdoor.models import BedMove, BedNight, BedStay
from oneplace.frontdoor.rules.beds import State
from oneplace.ledger.queries import verify

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
