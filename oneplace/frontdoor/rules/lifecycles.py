"""The life-cycles of a referral and of an episode: every state, and where each may go next. Nothing else may happen.

Source: the front door's design (two life-cycles). The diagrams of docs/explanation/response-clock.md come from here.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TypeVar

S = TypeVar("S", bound=StrEnum)
REOPENED_WITHIN = timedelta(days=7)


class ReferralState(StrEnum):
    """Where a referral stands, from the second it is received."""

    RECEIVED = "received"
    INFO_NEEDED = "info_needed"
    IN_TRIAGE = "in_triage"
    ACCEPTED = "accepted"
    ADVISED = "advised"
    REDIRECTED = "redirected"
    DECLINED = "declined"
    ESCALATED_999 = "escalated_999"
    DUPLICATE = "duplicate"
    WITHDRAWN = "withdrawn"
    ERROR = "error"
    CLOSED = "closed"


class EpisodeState(StrEnum):
    """Where an episode stands, from acceptance on."""

    TO_DISPATCH = "to_dispatch"
    DISPATCHED = "dispatched"
    ACKNOWLEDGED = "acknowledged"
    NO_ACCESS = "no_access"
    ESCALATED = "escalated"
    ACTIVE = "active"
    ON_HOLD = "on_hold"
    CLOSING = "closing"
    FINISHED = "finished"
    DIED = "died"
    ENTERED_IN_ERROR = "entered_in_error"


_R, _E = ReferralState, EpisodeState
_STRUCK = frozenset({_R.DUPLICATE, _R.WITHDRAWN, _R.ERROR})
_ENDED = frozenset({_E.DIED, _E.ENTERED_IN_ERROR})
_CLOSED = frozenset({_R.CLOSED})

REFERRAL: Mapping[ReferralState, frozenset[ReferralState]] = {
    _R.RECEIVED: frozenset({_R.IN_TRIAGE, _R.INFO_NEEDED}) | _STRUCK,
    _R.INFO_NEEDED: frozenset({_R.RECEIVED}) | _STRUCK,
    _R.IN_TRIAGE: frozenset(
        {_R.RECEIVED, _R.ACCEPTED, _R.ADVISED, _R.REDIRECTED, _R.DECLINED, _R.ESCALATED_999, _R.INFO_NEEDED}
    )
    | _STRUCK,
    _R.ACCEPTED: _CLOSED,
    _R.ADVISED: _CLOSED,
    _R.REDIRECTED: _CLOSED,
    _R.DECLINED: _CLOSED,
    _R.ESCALATED_999: _CLOSED,
    _R.DUPLICATE: _CLOSED,
    _R.WITHDRAWN: _CLOSED,
    _R.ERROR: _CLOSED,
    _R.CLOSED: frozenset(),
}
"""From in_triage back to received: the lease of whoever triages has run out, or was given back."""

EPISODE: Mapping[EpisodeState, frozenset[EpisodeState]] = {
    _E.TO_DISPATCH: frozenset({_E.DISPATCHED}) | _ENDED,
    _E.DISPATCHED: frozenset({_E.ACKNOWLEDGED, _E.TO_DISPATCH}) | _ENDED,
    _E.ACKNOWLEDGED: frozenset({_E.ACTIVE, _E.NO_ACCESS}) | _ENDED,
    _E.NO_ACCESS: frozenset({_E.ACKNOWLEDGED, _E.ESCALATED}) | _ENDED,
    _E.ESCALATED: frozenset({_E.ACKNOWLEDGED, _E.CLOSING}) | _ENDED,
    _E.ACTIVE: frozenset({_E.ON_HOLD, _E.CLOSING}) | _ENDED,
    _E.ON_HOLD: frozenset({_E.ACTIVE, _E.CLOSING}) | _ENDED,
    _E.CLOSING: frozenset({_E.FINISHED}) | _ENDED,
    _E.FINISHED: frozenset({_E.ACTIVE}),
    _E.DIED: frozenset(),
    _E.ENTERED_IN_ERROR: frozenset(),
}
"""A change of the lead is no move: the episode stays active. From finished back to active: see `may_reopen`."""


def may_move(table: Mapping[S, frozenset[S]], before: S, after: S) -> bool:
    """True where the table lets a case in one state come into another."""
    return after in table[before]


def may_reopen(finished_at: datetime, now: datetime) -> bool:
    """True within seven days; later a new episode begins and is linked to the old one."""
    return timedelta(0) <= now - finished_at <= REOPENED_WITHIN


def diagram(table: Mapping[S, frozenset[S]]) -> str:
    """The table as a Mermaid diagram; the first state is where a case begins, those that lead nowhere are its ends."""
    first = next(iter(table))
    moves = [f"  {before} --> {after}" for before, allowed in table.items() for after in sorted(allowed)]
    ends = [f"  {state} --> [*]" for state, allowed in table.items() if not allowed]
    return "\n".join(["stateDiagram-v2", f"  [*] --> {first}", *moves, *ends])
