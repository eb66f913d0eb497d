"""Every write of the outbox, each with its ledger row in the caller's transaction.

`queue` belongs to the event that causes the message: both are kept or neither is.
"""

from collections.abc import Collection

from django.db import transaction

from oneplace.kernel import clock
from oneplace.ledger import actions as ledger
from oneplace.post.models import OutboxMessage
from oneplace.post.rules import Address, Kind, State
from oneplace.post.wording import fault_of


class Unsuitable(ValueError):
    """A message that may not go this way: clinical words in a text message, or no words at all."""


def queue(
    *,
    to: Address,
    text: str,
    by: str,
    subject: str = "",
    about: str = "",
    link: str = "",
    once: str = "",
    role: str = "",
    organisation: str = "",
) -> bool:
    """Put a message into the outbox, in the caller's transaction; False where `once` is in it already.

    In-app it is there when the transaction commits; e-mail and SMS leave by `delivery.deliver`. Raises Unsuitable, and
    ledger.NoTransaction outside a transaction.
    """
    fault = fault_of(to.kind, subject, text)
    if fault:
        raise Unsuitable(fault)
    in_app = to.kind == Kind.IN_APP
    now = clock.real_now()
    made = OutboxMessage(
        kind=to.kind,
        address=to.key,
        reader=to.read_by,
        subject=subject,
        text=text,
        about=about,
        link=link,
        once=once or None,
        queued_by=by,
        queued_at=clock.now(),
        state=State.SENT if in_app else State.WAITING,
        due_at=now,
        settled_at=now if in_app else None,
    )
    OutboxMessage.objects.bulk_create([made], ignore_conflicts=bool(once))
    if once and not OutboxMessage.objects.filter(key=made.key).exists():
        return False
    detail = {"message": made.key, "kind": str(to.kind)} | ({"to": to.read_by} if to.read_by else {})
    ledger.write(actor=by, role=role, organisation=organisation, action="queue message", subject=about, detail=detail)
    return True


@transaction.atomic
def mark_read(*, reader: str, keys: Collection[str]) -> int:
    """Keep that a user read these of their in-app messages; returns how many were new to them."""
    unread = OutboxMessage.objects.filter(reader=reader, kind=Kind.IN_APP, key__in=list(keys), read_at__isnull=True)
    read = unread.update(read_at=clock.now())
    if read:
        ledger.write(actor=reader, action="read messages", detail={"read": read})
    return read


@transaction.atomic
def retry(*, key: str, by: str, role: str = "", organisation: str = "") -> bool:
    """Try a failed message again from the beginning; False where none with this key has failed."""
    failed = OutboxMessage.objects.filter(key=key, state=State.FAILED)
    if not failed.update(state=State.WAITING, attempts=0, due_at=clock.real_now(), fault="", settled_at=None):
        return False
    ledger.write(actor=by, role=role, organisation=organisation, action="retry message", detail={"message": key})
    return True


@transaction.atomic
def give_up(*, key: str, reason: str, by: str, role: str = "", organisation: str = "") -> bool:
    """Give a failed message up, with a reason; False where none with this key has failed. Raises ValueError."""
    if not reason.strip():
        raise ValueError("Say why it is given up: whoever waits for it may have to be told another way.")
    failed = OutboxMessage.objects.filter(key=key, state=State.FAILED)
    told = {"state": State.GIVEN_UP, "reason": reason.strip()[:400], "settled_by": by, "settled_at": clock.real_now()}
    if not failed.update(**told):
        return False
    ledger.write(actor=by, role=role, organisation=organisation, action="give up message", detail={"message": key})
    return True
