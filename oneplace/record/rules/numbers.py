"""What may be linked on an NHS number: it must be corroborated by date of birth and name.

An NHS number alone puts about 0.3 % of feed rows on the wrong person; with corroboration 0.001 % (record.md, Identity).
A wrong link is graver than a missed one: in doubt, hold and ask.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from oneplace.kernel import nhs_number
from oneplace.record.rules.names import FAMILY_ALIKE, alike, given_alike, short_for


class Link(StrEnum):
    """How surely one source's patient is the person."""

    LINKED = "linked"
    PROVISIONAL = "provisional"  # shown together, with a banner and a review task
    HELD = "held"  # kept apart, with a review task
    UNLINKED = "unlinked"  # kept apart: nothing to link on


@dataclass(frozen=True, slots=True)
class Claim:
    """What one source's patient says of itself, in comparable form. `order` ranks claims; the first is the anchor."""

    key: int
    order: tuple[int, str, str]
    families: frozenset[str]
    givens: frozenset[str]
    birth_date: date | None
    number: str = ""  # NHS number to link on
    source: str = ""
    verified: bool = False  # the source says that the number was confirmed nationally
    sex: str = ""
    names: frozenset[tuple[str, str]] = frozenset()  # every (family, first given) ever told
    postcodes: frozenset[str] = frozenset()  # every postcode ever told


Group = tuple[str, str | int]
"""Who is one person: ("number", NHS number), or ("patient", key of the claim that leads)."""


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a claim belongs: with the holder of the number, with others, or alone."""

    key: int
    link: Link
    reason: str
    group: Group = ("patient", 0)

    @property
    def together(self) -> bool:
        """True when the claim is shown as the holder of the number."""
        return self.link in (Link.LINKED, Link.PROVISIONAL)


def number_to_link_on(number: str) -> str:
    """The number when it may carry a link: a valid check digit and not a placeholder; else ''."""
    return number if nhs_number.is_valid(number) and not nhs_number.is_placeholder(number) else ""


def arrange(claims: Sequence[Claim]) -> list[Placement]:
    """Place every claim to one NHS number. Depends on the set of claims alone, not on their order of arrival.

    Each is judged against the anchor: the practice that registers the person, else the identity on which most
    organisations agree, else the first in `order`; of those that tell a date of birth.
    """
    ranked = sorted(claims, key=lambda claim: claim.order)
    anchor = _anchor([claim for claim in ranked if claim.birth_date])
    if anchor is None:
        return [Placement(claim.key, Link.HELD, "no date of birth to confirm the NHS number") for claim in ranked]
    agreed = {claim.source for claim in ranked if claim.verified and agrees(claim, anchor)}
    return [_place(claim, anchor, agreed) for claim in ranked]


def agrees(one: Claim, other: Claim) -> bool:
    """True when two claims tell the same date of birth and alike names."""
    return one.birth_date == other.birth_date and all(names_agree(one, other))


def names_agree(one: Claim, other: Claim) -> tuple[bool, bool]:
    """Whether surname and given name agree, slips and short forms allowed; both do when they are changed round."""
    if changed_round(one, other):
        return True, True
    return alike(one.families, other.families, FAMILY_ALIKE), given_alike(one.givens, other.givens) or (
        not two_sexes(one, other) and short_for(one.givens, other.givens)
    )


def changed_round(one: Claim, other: Claim) -> bool:
    """True when one tells a given name as surname and the surname as given name of the other."""
    return any((given, family) in other.names for family, given in one.names)


def two_sexes(*claims: Claim) -> bool:
    """True when these tell of a man and of a woman."""
    return {"male", "female"} <= {claim.sex for claim in claims}


def is_slip(one: date, other: date) -> bool:
    """True for two dates that one slip of the pen parts, and that a parent and a child or two twins wouldn't have.

    A day or a year too many; day and month changed round; another day or another month of the same year.
    """
    if abs((one - other).days) == 1 or (abs(one.year - other.year), one.month, one.day) == (1, other.month, other.day):
        return True
    changed_round = (one.day, one.month) == (other.month, other.day)
    return one.year == other.year and (changed_round or (one.day == other.day) != (one.month == other.month))


def _anchor(ranked: Sequence[Claim]) -> Claim | None:
    if not ranked or not ranked[0].order[0]:
        return ranked[0] if ranked else None
    support = [len({other.source for other in ranked if agrees(other, claim)}) for claim in ranked]
    return ranked[support.index(max(support))]


CONFLICT = "identity conflict: same verified NHS number, other date of birth or name"


def _place(claim: Claim, anchor: Claim, agreed: set[str]) -> Placement:
    """One claim against the anchor: the table of record.md, Identity, with the exception of ADR 10."""
    link, reason = _judged(claim, anchor)
    if link is Link.HELD and _is_conflict(claim, anchor, agreed):
        link, reason = Link.PROVISIONAL, CONFLICT
    return Placement(claim.key, link, reason)


def _is_conflict(claim: Claim, anchor: Claim, agreed: set[str]) -> bool:
    """True for an odd one likelier an old or wrong entry than another person: shown with a banner until it is judged.

    The number was confirmed for this organisation's own patient, and two others agree on who holds it. Not for a man
    and a woman, nor for the patients of two practices: there a number was typed into the wrong record.
    """
    company = bool(claim.birth_date) and claim.verified and len(agreed - {claim.source}) >= 2
    two_practices = claim.source != anchor.source and not claim.order[0] and not anchor.order[0]
    return company and not two_practices and not two_sexes(claim, anchor)


def _judged(claim: Claim, anchor: Claim) -> tuple[Link, str]:
    if claim.key == anchor.key:
        return Link.LINKED, "NHS number"
    family, given = names_agree(claim, anchor)
    if claim.birth_date is None:
        return Link.HELD, "no date of birth to confirm the NHS number"
    if claim.birth_date != anchor.birth_date:
        return Link.HELD, "same NHS number, another date of birth"
    if family and given:
        return Link.LINKED, "NHS number, date of birth and name agree"
    if given:
        return Link.PROVISIONAL, "same NHS number and date of birth, another surname"
    if family:
        return Link.HELD, "same NHS number, birth date and surname, another given name: twins?"
    return Link.HELD, "same NHS number and date of birth, another name"
