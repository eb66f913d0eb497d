"""Looks for unusual access: the ledger's looks, joined with what other rooms know of readers and people, to the rules.

Due each hour. A week is read at a time, so that days of others are there to compare with; what was found before is
found again and changes nothing.
"""

import time
from datetime import timedelta

from oneplace.access import queries as access
from oneplace.access import roles
from oneplace.kernel import clock
from oneplace.ledger import actions, queries
from oneplace.ledger.rules.patterns import Facts, Look, findings
from oneplace.record import resemblance

WINDOW = timedelta(days=7)
_EVERY_SECONDS = 3600
_looked_at: float | None = None


def look(*, by: str) -> int:
    """Look through the last week; returns how many patterns are new."""
    looks = [one for one in queries.looks(clock.real_now() - WINDOW) if one.refused or not _is_personal(one.role)]
    return actions.keep_patterns(findings(looks, facts_of(looks)), by=by)


def _is_personal(name: str) -> bool:
    """True for the person and those who act for them: that they look at their own record is not unusual."""
    role = roles.role(name)
    return role is not None and role.personal


def look_if_due(*, by: str) -> None:
    """Look, unless this process did within the hour."""
    global _looked_at
    if _looked_at is None or time.monotonic() - _looked_at >= _EVERY_SECONDS:
        look(by=by)
        _looked_at = time.monotonic()


def facts_of(looks: list[Look]) -> Facts:
    """What the record and access know of the readers and people of these looks."""
    alike = resemblance.resemblances({(look.actor, look.subject) for look in looks}, access.colleague_names())
    return Facts(
        own_record=alike.own_record,
        own_name=alike.own_name,
        household=alike.household,
        colleague=alike.colleague,
        ended=access.ended_ties({(look.organisation, look.subject) for look in looks if look.refused}),
    )
