"""At once: workers that send leave each message once; two presses of one button declare one emergency."""

import threading
from collections.abc import Callable

import pytest
from django.db import connection, transaction
from factories.places import HOSPITAL
from factories.signing_in import staff

from oneplace.access import emergencies
from oneplace.access.models import BreakGlass
from oneplace.access.queries import actor_of
from oneplace.kernel.ids import new_person_id
from oneplace.ledger.queries import latest, verify
from oneplace.post import actions
from oneplace.post.delivery import deliver
from oneplace.post.models import OutboxMessage
from oneplace.post.rules import Address, Kind
from oneplace.post.senders import Outgoing

pytestmark = pytest.mark.django_db(transaction=True)
MESSAGES, WORKERS = 24, 3


class Counting:
    """A sender that remembers what it was handed."""

    name, simulated = "counting", False

    def __init__(self) -> None:
        self.given: list[str] = []

    def send(self, message: Outgoing) -> str:
        self.given.append(message.key)
        return message.key


def at_once(work: Callable[[], object], times: int) -> None:
    """Run the same work in threads that begin together; an error of any is raised."""
    failures: list[BaseException] = []
    gate = threading.Barrier(times)

    def run() -> None:
        try:
            gate.wait()
            work()
        except BaseException as error:  # a thread's error would else be lost
            failures.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def test_workers_at_once_send_each_message_once():
    with transaction.atomic():
        for number in range(MESSAGES):
            actions.queue(to=Address(Kind.SMS, f"+4416329600{number:02}"), text="Please ring us.", by="test")
    sender = Counting()
    at_once(lambda: deliver(may_send=lambda *_: True, senders={Kind.SMS: sender}, by="due-jobs"), WORKERS)
    assert len(sender.given) == len(set(sender.given)) == MESSAGES
    assert set(OutboxMessage.objects.values_list("state", "attempts")) == {("sent", 1)}
    assert verify().ok


def test_same_message_queued_at_once_is_one():
    def queue() -> None:
        with transaction.atomic():
            actions.queue(to=Address(Kind.SMS, "+441632960001"), text="Please ring us.", by="test", once="visit 1")

    at_once(queue, WORKERS)
    assert OutboxMessage.objects.count() == 1
    assert [row.action for row in latest()] == ["queue message"]


def test_presses_at_once_declare_one_emergency():
    actor = actor_of(staff("isla", "a-and-e", HOSPITAL))
    person = new_person_id()

    def declare() -> None:
        emergencies.declare(actor=actor, person=person, reason="life-threat", text="Found unconscious.")

    at_once(declare, WORKERS)
    assert BreakGlass.objects.count() == 1
    assert verify().ok
