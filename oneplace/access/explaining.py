"""Why somebody may see what of a person's record: the facts of one decision and the rule that each class rests on.

Pure: it asks the same decision as every exit and adds none. The page "Why can I see this?" and the command
`oneplace access explain` show it.
"""

from dataclasses import dataclass, field
from datetime import datetime

from oneplace.access import classes, roles
from oneplace.access.rules import Actor, Cells, Decision, Facts, Locked, NotFound, Permit, Tie, decide, standing_choice


@dataclass(frozen=True, slots=True)
class TieLine:
    """One relationship: what it is, whose, from when to when, whether it counts now."""

    label: str
    holder: str
    starts: datetime
    ends: datetime | None
    is_open: bool


@dataclass(frozen=True, slots=True)
class ClassLine:
    """One class of information that the role reads: whether entries of others are open, and why."""

    name: str
    label: str
    is_open: bool
    why: str
    model: str  # explicit | direct-care
    sensitive: bool
    controllers: tuple[str, ...]  # whose entries of the class are open


@dataclass(frozen=True, slots=True)
class Explanation:
    """The whole of one decision, to be read by people."""

    outcome: str  # permit | locked | not found
    basis: str
    rule: str
    role: str
    direct_care: bool
    purpose: str
    ties: tuple[TieLine, ...] = ()
    classes: tuple[ClassLine, ...] = ()
    declaration: str = ""
    break_glass: bool = False
    sharing: tuple[str, ...] = field(default=())  # controllers with an agreement in force for this


def explanation(actor: Actor, facts: Facts, person: str, purpose: str, now: datetime) -> Explanation:
    """What is decided of one person's record for this user, with its facts."""
    found = decide(actor, facts, person, purpose, now)
    role = roles.role(actor.role)
    cells: Cells = found.cells if isinstance(found, Permit) else {}
    return Explanation(
        outcome=_outcome(found),
        basis=found.basis if isinstance(found, Permit) else found.reason,
        rule=found.rule if isinstance(found, Permit) else "",
        role=role.label if role else actor.role,
        direct_care=facts.direct_care,
        purpose=purpose,
        ties=tuple(_tie_line(tie, now) for tie in sorted(facts.relationships, key=lambda tie: tie.starts)),
        classes=tuple(_class_line(actor, facts, name, found) for name in classes.classes() if name in facts.reads),
        declaration=found.declaration if isinstance(found, Permit) else "",
        break_glass=not isinstance(found, NotFound) and found.break_glass,
        sharing=tuple(sorted(code for code, shared in cells.items() if shared and code != actor.organisation_code)),
    )


def _outcome(found: Decision) -> str:
    return {Permit: "permit", Locked: "locked", NotFound: "not found"}[type(found)]


def _tie_line(tie: Tie, now: datetime) -> TieLine:
    return TieLine(classes.ties()[tie.kind].label, tie.organisation_code, tie.starts, tie.ends, tie.is_open(now))


def _class_line(actor: Actor, facts: Facts, name: str, found: Decision) -> ClassLine:
    one, rule = classes.classes()[name], facts.classes[name]
    cells: Cells = found.cells if isinstance(found, Permit) else {}
    open_at = tuple(sorted(code for code, shared in cells.items() if name in shared))
    others = tuple(code for code in open_at if code != actor.organisation_code)
    return ClassLine(name, one.label, bool(others), _why(facts, name, found), rule.model.value, one.sensitive, open_at)


def _why(facts: Facts, name: str, found: Decision) -> str:
    """The rule by which entries of others in a class are open or closed."""
    rule = facts.classes[name]
    if not isinstance(found, Permit):
        return "demographics are traced" if rule.traced and isinstance(found, Locked) else found.reason
    if name in found.closed:
        return found.closed[name]
    if rule.traced:
        return "demographics need no consent"
    if found.rule in ("own record", "proxy"):
        return found.rule
    choice = standing_choice(facts.consents, name, rule.sensitive)
    if choice is not None and choice.choice == "given":
        return f"consent given {choice.at:%Y-%m-%d}"
    if found.declaration:
        return "emergency access"
    return "direct care, no objection" if rule.model == "direct-care" and choice is None else "closed to this role"
