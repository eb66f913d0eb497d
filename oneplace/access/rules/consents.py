"""Consent: which of a person's choices stands for a class of information, and what each class asks for.

A row is one choice and none is ever changed: the newest row of a class stands. A choice for '' is about all ordinary
classes; a refusal or withdrawal for '' closes the sensitive ones as well. In doubt it is closed.
Source: record.md, Access (consent model by place and class); REC-04.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

CHOICES = ("given", "refused", "withdrawn")
"""No row means: not asked."""
TAKEN_BACK = "taken-back"
"""What a row says that takes back another which was recorded by mistake; it is no choice."""
MADE_BY = ("person", "attorney", "deputy", "best-interests", "parent", "gillick")
"""Who may make the choice: the person; attorney or deputy; Mental Capacity Act best interests; parent or Gillick."""
CHOOSING = frozenset({"person", "gillick"})
"""Of these, who chooses for themselves, with capacity; everybody else chooses for somebody who lacks it."""
REASONS = ("life-threat", "cannot-be-asked", "safeguarding")
"""Why the glass may be broken at the bedside; statute, court and public interest go to the privacy officer."""


class ConsentModel(StrEnum):
    """What opens a class between organisations."""

    EXPLICIT = "explicit"  # only the person's consent
    DIRECT_CARE = "direct-care"  # a legitimate relationship, unless the person objects


@dataclass(frozen=True, slots=True)
class ClassRule:
    """One class of information as the decision reads it."""

    model: ConsentModel = ConsentModel.EXPLICIT
    sensitive: bool = False  # shared only where an agreement names it, opened only by a choice about it
    traced: bool = False  # demographics: found by direct-care roles, never asked consent for
    urgent: bool = False  # what an open urgent contact opens


@dataclass(frozen=True, slots=True)
class ConsentFact:
    """The newest choice about one class ('' for all ordinary ones)."""

    information_class: str
    choice: str  # one of CHOICES
    at: datetime
    made_by: str = "person"
    capacity: bool = True  # whether the person had capacity for this choice


@dataclass(frozen=True, slots=True)
class Declaration:
    """An emergency access that this user has declared for this person: open from its start until its end."""

    key: str
    declared_at: datetime
    expires_at: datetime
    ended_at: datetime | None = None
    over_refusal: bool = False  # goes over the refusal of a person with capacity, with a reason of its own

    def is_open(self, now: datetime) -> bool:
        """True from its declaration until, and not at, its end."""
        ends = self.expires_at if self.ended_at is None else min(self.ended_at, self.expires_at)
        return self.declared_at <= now < ends


def choice_fault(choice: str, made_by: str, capacity: bool) -> str:
    """Why a choice can't be recorded as told, with what to do; '' where it can.

    Source: Mental Capacity Act 2005, ss. 1-5 (capacity is for this choice at this time; where it is lacking, an
    attorney, a deputy or a best-interests decision), and Gillick (a child with competence chooses, else a parent).
    """
    if choice not in CHOICES:
        return f"'{choice}' is no choice; there are {', '.join(CHOICES)}."
    if made_by not in MADE_BY:
        return f"'{made_by}' is nobody who may choose; there are {', '.join(MADE_BY)}."
    if made_by in CHOOSING and not capacity:
        return "Someone who lacks capacity for this choice can't make it. Record who decided for them."
    if made_by in ("attorney", "deputy", "best-interests", "parent") and capacity:
        return "Someone with capacity for this choice makes it themselves. Record what they said."
    return ""


@dataclass(frozen=True, slots=True)
class ConsentRow:
    """One choice to be loaded, as a source of consents tells it."""

    person: str
    information_class: str  # '' for all ordinary classes
    choice: str
    at: datetime
    made_by: str = "person"
    capacity: bool = True
    taken_by: str = ""
    how: str = ""
    taken_at_code: str = ""


def standing_choice(consents: Mapping[str, ConsentFact], information_class: str, sensitive: bool) -> ConsentFact | None:
    """The choice that stands for a class; None where the person was not asked about it."""
    own, general = consents.get(information_class), consents.get("")
    if general is not None and general.choice != "given":
        return general if own is None or own.at <= general.at else own
    return own or (None if sensitive else general)
