"""The decision: what may this user see of this person's record, for this purpose, now? Pure and total.

One call answers for the whole record: for each controller the classes of information that are open. `decide_cell`
answers for one entry's controller and class from the same facts; there is no second decision beside this one.
Sources: record.md, Access; REC-03 to REC-06, REC-32; the oracle's tables in tools/oracles say the same from the papers.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum

from oneplace.access.rules.agreements import EMERGENCY, AgreementFact, is_in_force
from oneplace.access.rules.consents import ClassRule, ConsentFact, ConsentModel, Declaration, standing_choice
from oneplace.access.rules.ties import Tie
from oneplace.kernel.clock import to_london

Cells = Mapping[str, frozenset[str]]
"""Classes of information by the controller whose entries they are of."""
NOTHING: frozenset[str] = frozenset()
_ORDINARY = ClassRule()


class Purpose(StrEnum):
    """Why a record is opened. Secondary uses have a door of their own and never pass this one."""

    DIRECT_CARE = "direct care"
    OWN_RECORD = "own record"


class Closed(StrEnum):
    """Why a class is closed to somebody who may know that the person is there."""

    NO_TIE = "no relationship"
    NOT_ASKED = "consent not asked"
    REFUSED = "consent refused"
    WITHDRAWN = "consent withdrawn"
    EMERGENCY_ALONE = "shared in an emergency alone"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who asks: an opaque key for the ledger, the name that colleagues read, role and organisation."""

    key: str
    name: str
    role: str
    organisation_code: str


@dataclass(frozen=True, slots=True)
class Facts:
    """All that one decision about one person rests on, as `access.queries.facts_for` gathers it."""

    person: str
    relationships: tuple[Tie, ...] = ()
    agreements: Mapping[str, tuple[AgreementFact, ...]] = field(default_factory=dict)  # by controller
    consents: Mapping[str, ConsentFact] = field(default_factory=dict)  # the newest by class
    declaration: Declaration | None = None  # of this user about this person
    classes: Mapping[str, ClassRule] = field(default_factory=dict)  # every class, with this place's consent model
    may: frozenset[str] = NOTHING  # what the role may do
    reads: frozenset[str] = NOTHING  # classes that the role reads
    direct_care: bool = False
    break_glass: bool = False
    personal: bool = False


@dataclass(frozen=True, slots=True)
class Permit:
    """The record may be opened; `basis` answers "why can I see this?", `cells` what is open of it.

    `closed` says why classes of other organisations stay closed; `declaration` names an emergency access in use;
    `waits`: there are controllers of the place, whether or not they know this person, who share more in an emergency.
    """

    basis: str
    rule: str = ""
    cells: Cells = field(default_factory=dict)
    closed: Mapping[str, str] = field(default_factory=dict)
    break_glass: bool = False
    declaration: str = ""
    waits: bool = False
    only: frozenset[str] = NOTHING  # of what is open, these kinds of entry alone; empty: all kinds

    def sees(self, controller: str, information_class: str) -> bool:
        """True for an entry of this controller and class."""
        return information_class in self.cells.get(controller, NOTHING)


@dataclass(frozen=True, slots=True)
class Locked:
    """The person is there and the record is closed to this user; `break_glass`: an emergency may open it.

    `traced` holds the controllers whose demographics may be shown: without any, the person stays unseen.
    """

    reason: str
    break_glass: bool = False
    traced: frozenset[str] = NOTHING


@dataclass(frozen=True, slots=True)
class NotFound:
    """To this user the person isn't there. `reason` is for the ledger alone and is never shown."""

    reason: str


Decision = Permit | Locked | NotFound


def decide(actor: Actor, facts: Facts, person: str, purpose: str, now: datetime) -> Decision:
    """What is open of one person's record; total: every input has one answer."""
    shut = _shut(actor, facts, person, purpose)
    if shut:
        return NotFound(shut)
    covered = _covered(actor, facts, _purposes(facts, purpose, now), now)
    holder = actor.key if facts.personal else actor.organisation_code
    ties = [
        tie
        for tie in facts.relationships
        if tie.organisation_code == holder and tie.personal == facts.personal and tie.is_open(now)
    ]
    return _own_record(facts, covered, ties) if facts.personal else _care(actor, facts, covered, ties, now)


def decide_cell(
    actor: Actor, facts: Facts, person: str, controller: str, information_class: str, purpose: str, now: datetime
) -> Decision:
    """What this user meets in place of entries of one controller and class."""
    decision = decide(actor, facts, person, purpose, now)
    if isinstance(decision, NotFound):
        return decision
    covered = _covered(actor, facts, _purposes(facts, purpose, now), now).get(controller, NOTHING)
    if information_class not in covered:
        if facts.break_glass and information_class in _covered(actor, facts, (EMERGENCY,), now).get(
            controller, NOTHING
        ):
            return Locked(Closed.EMERGENCY_ALONE, True)
        return NotFound("the role does not read this class, or its controller does not share it")
    if isinstance(decision, Locked):
        traced = facts.classes.get(information_class, _ORDINARY).traced
        return Permit("demographics are traced", "trace") if traced else decision
    if decision.sees(controller, information_class):
        return decision
    if facts.direct_care:
        return Locked(decision.closed[information_class], facts.break_glass)
    return NotFound("consent does not open this class")


def purpose_for(personal: bool) -> Purpose:
    """The one purpose for which records open to staff, or to the person and their own people."""
    return Purpose.OWN_RECORD if personal else Purpose.DIRECT_CARE


def _shut(actor: Actor, facts: Facts, person: str, purpose: str) -> str:
    """Why nothing can be open whatever the facts about the person; '' where something can."""
    if facts.person != person:
        return "facts are about somebody else"
    if "open-record" not in facts.may:
        return "role opens no record"
    if purpose != purpose_for(facts.personal):
        return "purpose opens no record"
    if not facts.personal and not actor.organisation_code:
        return "user has no organisation"
    return ""


def _purposes(facts: Facts, purpose: str, now: datetime) -> tuple[str, ...]:
    """What agreements are asked for: what a controller signed for emergencies alone counts while one is declared."""
    return (purpose, EMERGENCY) if _glass(facts, now) else (purpose,)


def _covered(actor: Actor, facts: Facts, purposes: tuple[str, ...], now: datetime) -> dict[str, frozenset[str]]:
    """Classes that the role reads, by controller: all of its own organisation, of others what agreements share."""
    day = to_london(now).date()
    ordinary = frozenset(name for name, rule in facts.classes.items() if not rule.sensitive)
    shared: dict[int, frozenset[str]] = {}  # agreements of one template share their terms
    covered: dict[str, frozenset[str]] = {}
    for controller, agreements in facts.agreements.items():
        for one in agreements:
            if not is_in_force(one.starts, one.ends, day):
                continue
            key = id(one.terms)
            if key not in shared:
                told = (one.terms.classes_for(asked, actor.organisation_code, ordinary) for asked in purposes)
                shared[key] = facts.reads & NOTHING.union(*told)
            before = covered.get(controller)
            covered[controller] = shared[key] if before is None else before | shared[key]
    if not facts.personal:
        covered[actor.organisation_code] = facts.reads
    return covered


def _own_record(facts: Facts, covered: Cells, ties: list[Tie]) -> Decision:
    """The person's own view, or a carer's: as far as the agreed scope, and never further than the role reads.

    Whoever may see anything may see whose it is. Nobody acts for another in a sensitive class, whatever their own
    sign-in reads. Beside a tie for all kinds of entry, one for some kinds adds nothing.
    """
    whole = any(tie.whole for tie in ties)
    wide = [tie for tie in ties if not tie.only]
    sensitive = (name for name, rule in facts.classes.items() if rule.sensitive)
    scope = facts.reads if whole else NOTHING.union(*(tie.scope for tie in wide or ties)).difference(sensitive)
    if not scope:
        return NotFound("no open relationship")
    scope |= {name for name, rule in facts.classes.items() if rule.traced}
    cells = {controller: classes & scope for controller, classes in covered.items()}
    only = NOTHING if wide else NOTHING.union(*(tie.only for tie in ties))
    return Permit(_words(ties), "own record" if whole else "proxy", cells, only=only)


def _care(actor: Actor, facts: Facts, covered: Cells, ties: list[Tie], now: datetime) -> Decision:
    """A member of staff's view: own entries by relationship, those of others by consent as well."""
    glass = _glass(facts, now)
    if not ties and glass is None:
        if not facts.direct_care:
            return NotFound("no open relationship")
        return Locked(Closed.NO_TIE, facts.break_glass, _traced(facts, covered))
    closed = dict(_closed(facts, ties, glass))
    opened = facts.reads - closed.keys()
    # Most controllers share the same classes: each set is narrowed once.
    narrowed = {classes: classes & opened for classes in set(covered.values())}
    cells = {controller: narrowed[classes] for controller, classes in covered.items()}
    cells[actor.organisation_code] = facts.reads
    basis = f"emergency access {glass.key}" if glass else _words(ties)
    told = closed if facts.direct_care else {}
    rule = "emergency" if glass else "urgent contact" if all(tie.urgent for tie in ties) else "relationship"
    waits = facts.break_glass and glass is None and _waits(actor, facts, covered, now)
    breaks = facts.break_glass and (bool(told) or waits)
    return Permit(basis, rule, cells, told, breaks, glass.key if glass else "", waits)


def _waits(actor: Actor, facts: Facts, covered: Cells, now: datetime) -> bool:
    """True where a controller shares with this role something in an emergency that it doesn't share without one."""
    if not any(EMERGENCY in one.terms.purposes for agreements in facts.agreements.values() for one in agreements):
        return False
    lines = _covered(actor, facts, (EMERGENCY,), now)
    return any(not classes <= covered.get(controller, NOTHING) for controller, classes in lines.items())


def _glass(facts: Facts, now: datetime) -> Declaration | None:
    """The emergency access that counts now."""
    return facts.declaration if facts.break_glass and facts.declaration and facts.declaration.is_open(now) else None


def _traced(facts: Facts, covered: Cells) -> frozenset[str]:
    """Controllers whose demographics a direct-care role may trace."""
    traced = {name for name in facts.reads if facts.classes.get(name, _ORDINARY).traced}
    return frozenset(controller for controller, classes in covered.items() if not traced.isdisjoint(classes))


def _closed(facts: Facts, ties: list[Tie], glass: Declaration | None) -> Iterator[tuple[str, str]]:
    """Classes of other organisations that stay closed, each with its reason."""
    ordinary = any(not tie.urgent for tie in ties)
    for name in facts.reads:
        rule = facts.classes.get(name, _ORDINARY)
        if rule.traced:
            continue
        choice = standing_choice(facts.consents, name, rule.sensitive)
        reason = _choice_closes(choice, rule) if ordinary or (ties and rule.urgent) else Closed.NO_TIE
        if reason and not (glass and _breaks(glass, choice)):
            yield name, _told_first(reason, choice)


def _choice_closes(choice: ConsentFact | None, rule: ClassRule) -> str:
    """Why consent doesn't open a class to somebody with a relationship; '' where it does."""
    if choice is None:
        return "" if rule.model == ConsentModel.DIRECT_CARE else Closed.NOT_ASKED
    return {"given": "", "refused": Closed.REFUSED}.get(choice.choice, Closed.WITHDRAWN)


def _breaks(glass: Declaration, choice: ConsentFact | None) -> bool:
    """Whether an open declaration goes over what stands; the refusal of a person with capacity asks for its own."""
    return glass.over_refusal or choice is None or choice.choice == "given" or not choice.capacity


def _told_first(reason: str, choice: ConsentFact | None) -> str:
    """A refusal is told before a missing relationship: whoever breaks the glass must know that they go over it."""
    if choice is None or choice.choice == "given":
        return reason
    return Closed.REFUSED if choice.choice == "refused" else Closed.WITHDRAWN


def _words(ties: list[Tie]) -> str:
    """The longest relationship, in words."""
    tie = min(ties, key=lambda tie: (tie.starts, tie.kind))
    return f"{tie.kind} with {tie.organisation_code} since {tie.starts.astimezone(UTC):%Y-%m-%d}"
