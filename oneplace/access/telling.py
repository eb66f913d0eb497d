"""The ledger's row of what a user did, in the hat that they wore."""

from collections.abc import Mapping

from oneplace.access.rules import Actor
from oneplace.ledger import actions as ledger


def tell(by: Actor, action: str, subject: str = "", detail: Mapping[str, object] | None = None) -> None:
    """Write the row, in the transaction of the action."""
    ledger.write(
        actor=by.key,
        role=by.role,
        organisation=by.organisation_code,
        action=action,
        subject=subject,
        detail=None if detail is None else dict(detail),
    )
