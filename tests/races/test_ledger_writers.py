"""Several writers at once: the chain has one order, nobody is refused, and a rollback leaves no gap."""

import threading

import pytest
from django.db import connection, transaction

from oneplace.ledger import actions, queries

pytestmark = pytest.mark.django_db(transaction=True)
WRITERS, EACH = 4, 15


def write_from(name: str, failures: list[BaseException]) -> None:
    """Write rows, some of them undone, over a connection of this thread's own."""
    try:
        for number in range(EACH):
            with transaction.atomic():
                actions.write(actor=name, action="open record", detail={"n": number})
                if number % 5 == 4:
                    transaction.set_rollback(True)
    except BaseException as error:  # a thread's error would else be lost
        failures.append(error)
    finally:
        connection.close()


def test_writers_at_once_make_one_chain_without_a_gap():
    failures: list[BaseException] = []
    threads = [threading.Thread(target=write_from, args=(f"w{n}", failures)) for n in range(WRITERS)]
    for thread in threads:
        thread.start()
    seen = []
    while any(thread.is_alive() for thread in threads):
        seen.append(queries.verify())
    for thread in threads:
        thread.join()
    kept = WRITERS * (EACH - EACH // 5)
    assert failures == []
    assert queries.verify() == queries.Verdict(True, kept, queries.head().hash, ())
    assert all(verdict.ok for verdict in seen), "a walk during writes calls an honest ledger false"
    assert [line.seq for line in queries.latest(kept)] == list(range(kept, 0, -1))
