"""The decision: may this member of staff open this person's record, for this purpose, now?

Simple and strict (record.md, "one decision, every exit"): a role that may open records, and an open relationship
between the person and the user's own organisation. All else is NotFound, which tells nothing of what is hidden.
Consent, information classes and emergency access enter here, as more facts and a third answer, Locked: there is
to be no second decision beside this one.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum

from oneplace.access.rules.agreements import AgreementFact
from oneplace.access.rules.consents import ClassRule, ConsentFact, Declaration
from oneplace.access.rules.ties import Tie


class Purpose(StrEnum):
    """Why a record is opened. Secondary uses have a door of their own and never pass this one."""

    DIRECT_CARE = "direct care"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who asks: an opaque key for the ledger, the name that colleagues read, role and organisation."""

    key: str
    name: str
    role: str
    organisation_code: str


@dataclass(frozen=True, slots=True)
class Facts:
    """All that the decision rests on: what the role may do, ties to the person, agreements in force."""

    relationships: tuple[Tie, ...] = ()
    agreements: frozenset[str] = frozenset()
    may: frozenset[str] = frozenset()
    # What follows is told and not yet asked.
    shared: Mapping[str, tuple[AgreementFact, ...]] = field(default_factory=dict)  # by controller
    consents: Mapping[str, ConsentFact] = field(default_factory=dict)  # the newest by class
    declaration: Declaration | None = None
    reads: frozenset[str] = frozenset()  # classes that the role may read
    direct_care: bool = False
    break_glass: bool = False
    rules: Mapping[str, ClassRule] = field(default_factory=dict)  # every class of this place


@dataclass(frozen=True, slots=True)
class Permit:
    """The record may be opened; `basis` answers "why can I see this?"."""

    basis: str
    rule: str = ""


@dataclass(frozen=True, slots=True)
class NotFound:
    """To this user the person isn't there. `reason` is for the ledger alone and is never shown."""

    reason: str


@dataclass(frozen=True, slots=True)
class Locked:
    """The person is there and the record is closed to this user; `break_glass`: an emergency may open it."""

    reason: str
    break_glass: bool = False


Decision = Permit | Locked | NotFound


def decide(actor: Actor, facts: Facts, purpose: str, now: datetime) -> Decision:
    """Permit with its basis, or NotFound; total: every input has one answer."""
    if "open-record" not in facts.may:
        return NotFound("role opens no record")
    if purpose not in set(Purpose):
        return NotFound("purpose opens no record")
    if not actor.organisation_code:
        return NotFound("user has no organisation")
    ties = [tie for tie in facts.relationships if tie.organisation_code == actor.organisation_code and tie.is_open(now)]
    if not ties:
        return NotFound("no open relationship")
    tie = min(ties, key=lambda tie: (tie.starts, tie.kind))
    return Permit(f"{tie.kind} with {tie.organisation_code} since {tie.starts.astimezone(UTC):%Y-%m-%d}")
