"""Loads at once tell overlapping ties: none is lost, none is doubled, and no load fails."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from oneplace.access import actions
from oneplace.access.models import Relationship
from oneplace.access.rules import RelationshipRow
from oneplace.ledger.queries import verify

pytestmark = pytest.mark.django_db(transaction=True)
NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)
TIES, LOADERS = 30, 3


def tell(loader: int, failures: list[BaseException]) -> None:
    """Tell every tie several times, each loader in another order."""
    try:
        for round_number in range(5):
            told_at = NOW + timedelta(minutes=round_number)
            order = range(TIES) if loader % 2 else reversed(range(TIES))
            rows = [RelationshipRow(f"p{n}", "G1", "registration", f"r{n}", NOW, told_at, told_at) for n in order]
            actions.set_relationships(rows, by=f"loader{loader}")
    except BaseException as error:  # a thread's error would else be lost
        failures.append(error)
    finally:
        connection.close()


def test_loads_at_once_end_at_the_newest_telling():
    failures: list[BaseException] = []
    threads = [threading.Thread(target=tell, args=(loader, failures)) for loader in range(LOADERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert Relationship.objects.count() == TIES
    assert set(Relationship.objects.values_list("ends", flat=True)) == {NOW + timedelta(minutes=4)}
    assert verify().ok
