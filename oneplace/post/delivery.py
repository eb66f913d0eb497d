"""Sends what waits in the outbox. Run by site's due jobs; several may run at once, and each message leaves once.

A message is claimed by one conditional update, asked about again (may its reader still know?), handed over, settled.
Who died between the last two left it claimed: it is tried again, and the sender is asked whether it has it already.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import timedelta

from django.db import transaction
from django.db.models import F

from oneplace.kernel import clock
from oneplace.ledger import actions as ledger
from oneplace.post import queries
from oneplace.post.models import OutboxMessage
from oneplace.post.rules import State, next_wait
from oneplace.post.senders import CannotBeSent, NotNow, Outgoing, Sender

CLAIM = timedelta(minutes=10)
"""After so long a claimed message counts as left behind by a process that ended."""
MaySend = Callable[[str, str], bool]
"""(reader's key, person's key): may this reader still be told of this person?"""


def deliver(*, may_send: MaySend, senders: Mapping[str, Sender], by: str, limit: int = 200) -> Counter[str]:
    """Send what is due now; returns how many came into each state."""
    _release_claims()
    told: Counter[str] = Counter()
    for key in queries.due_keys(clock.real_now(), limit):
        claimed = _claim(key)
        if claimed is not None:
            told[_send(claimed, may_send, senders.get(claimed.kind), by)] += 1
    return told


def _release_claims() -> None:
    """Let messages be tried again whose process ended before it said what became of them."""
    left = OutboxMessage.objects.filter(state=State.SENDING, claimed_at__lt=clock.real_now() - CLAIM)
    if left.exists():  # asked first: an update would wait for whoever writes, each few seconds, for nothing
        left.update(state=State.WAITING, due_at=clock.real_now())


def _claim(key: str) -> OutboxMessage | None:
    """Take a message that waits; None where another process took it first."""
    waiting = OutboxMessage.objects.filter(key=key, state=State.WAITING)
    if not waiting.update(state=State.SENDING, claimed_at=clock.real_now(), attempts=F("attempts") + 1):
        return None
    return OutboxMessage.objects.get(key=key)


def _send(message: OutboxMessage, may_send: MaySend, sender: Sender | None, by: str) -> State:
    """Hand one claimed message over and keep what became of it."""
    if message.about and message.reader and not may_send(message.reader, message.about):
        return _settle(message, State.WITHHELD, by, fault="Its reader may not see this person any more.")
    if sender is None:
        return _settle(message, State.FAILED, by, fault=f"No sender for {message.kind} is set up (docs/post.md).")
    out = Outgoing(message.key, message.kind, message.address, message.subject, message.text, message.attempts)
    try:
        reference = sender.send(out)
    except CannotBeSent as fault:
        return _settle(message, State.FAILED, by, fault=str(fault))
    except NotNow as fault:
        return _wait(message, by, str(fault))
    except Exception as fault:
        return _wait(message, by, f"The sender broke ({type(fault).__name__}).")
    told = {"reference": reference[:254], "sender": sender.name, "simulated": sender.simulated}
    return _settle(message, State.SENT, by, fault="", **told)


def _wait(message: OutboxMessage, by: str, fault: str) -> State:
    """Try again later; after the last wait a person decides."""
    wait = next_wait(message.attempts)
    if wait is None:
        return _settle(message, State.FAILED, by, fault=f"{fault} Tried {message.attempts} times.")
    held = OutboxMessage.objects.filter(pk=message.pk, state=State.SENDING)
    held.update(state=State.WAITING, due_at=clock.real_now() + wait, fault=fault[:200])
    return State.WAITING


@transaction.atomic
def _settle(message: OutboxMessage, state: State, by: str, *, fault: str, **told: object) -> State:
    """Keep the end of a try, with its row in the ledger."""
    held = OutboxMessage.objects.filter(pk=message.pk, state=State.SENDING)
    held.update(state=state, settled_at=clock.real_now(), fault=fault[:200], **told)
    detail = {"message": message.key, "kind": message.kind, "state": str(state)}
    detail |= {"to": message.reader} if message.reader else {}
    ledger.write(actor=by, action="send message", subject=message.about, detail=detail)
    return state
