"""Emergency access: what a declaration must say, how long it lasts, when its review is due, what a reviewer should see.

Sources: record.md, Access (break the glass: bedside reasons, text, an own reason for going over a refusal, review).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from oneplace.access.rules.consents import REASONS, standing_choice
from oneplace.access.rules.decision import Facts

REASON_WORDS: Mapping[str, str] = dict(
    zip(
        REASONS,
        (
            "A life is in danger",
            "It is urgent and the person cannot be asked",
            "Someone must be kept safe at once (safeguarding)",
        ),
        strict=True,
    )
)
"""The bedside reasons, as staff and people read them."""
FEW_CHARACTERS = 15
WINDOW = timedelta(days=30)
"""How far back a reviewer is told of other declarations."""


class Outcome(StrEnum):
    """What a review found."""

    JUSTIFIED = "justified"
    NOT_JUSTIFIED = "not-justified"
    ACTION = "action"


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What is known around one declaration when it is reviewed."""

    text: str
    over_refusal: bool
    views: int  # pages of the record that were opened under it
    is_over: bool
    of_user: int  # declarations of the same user within WINDOW, this one among them
    about_person: int  # declarations of anybody about the same person within WINDOW, this one among them
    resembles: tuple[str, ...] = ()  # how reader and person resemble each other, in words


def refusal_stands(facts: Facts) -> bool:
    """True where a person with capacity refused, or withdrew, an ordinary class that this role reads.

    Whoever declares an emergency then has to say why they go over it. A choice about a sensitive class is not told of.
    """
    for name in facts.reads:
        rule = facts.classes.get(name)
        if rule is None or rule.sensitive or rule.traced:
            continue
        choice = standing_choice(facts.consents, name, False)
        if choice is not None and choice.choice != "given" and choice.capacity:
            return True
    return False


def declaration_faults(*, reason: str, text: str, refused: bool, refusal_reason: str) -> dict[str, str]:
    """What is missing in a declaration, by field; empty where it may be made."""
    faults = {}
    if reason not in REASONS:
        faults["reason"] = "Choose why you need the record now"
    if not text.strip():
        faults["text"] = "Say in a few words what has happened"
    if refused and not refusal_reason.strip():
        faults["refusal_reason"] = "Say why you go over what the person decided"
    return faults


def minutes_left(expires_at: datetime, now: datetime) -> int:
    """Whole minutes until the end, rounded up; 0 when it is over."""
    return max(0, -((now - expires_at) // timedelta(minutes=1)))


def review_due(declared_at: datetime, days: int) -> datetime:
    """By when a declaration is to be reviewed."""
    return declared_at + timedelta(days=days)


def hints(around: Surroundings) -> tuple[str, ...]:
    """What a reviewer should look at; none of it is a verdict."""
    found = list(around.resembles)
    if around.over_refusal:
        found.append("It went over the person's refusal.")
    if around.of_user > 2:
        found.append(f"This is one of {around.of_user} declarations by the same user within 30 days.")
    if around.about_person > 1:
        found.append(f"This is one of {around.about_person} declarations about the same person within 30 days.")
    if around.is_over and not around.views:
        found.append("Nothing was opened under it.")
    if len(around.text.strip()) < FEW_CHARACTERS:
        found.append("The reason was told in very few words.")
    return tuple(found)
