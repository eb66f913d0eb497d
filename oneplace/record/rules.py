"""Who is who: what may be linked to whom on an NHS number. Pure, and blind to the order in which feeds arrived.

An NHS number alone puts about 0.3 % of feed rows on the wrong person; with date of birth and name as
corroboration 0.001 % (record.md, Identity). A wrong link is graver than a missed one: in doubt, hold and ask.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

import jellyfish
from rapidfuzz.distance import JaroWinkler

from oneplace.kernel import nhs_number

GIVEN_ALIKE = 0.93
"""Jaro-Winkler likeness from which two given names may be one misspelt (Jon / John 0.933; Maria / Mario 0.92)."""
FAMILY_ALIKE = 0.92
"""The same for surnames, stricter because surnames carry the corroboration (Dougill / Dougall 0.94)."""

_NOT_LETTERS = re.compile(r"[^a-z]+")


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


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a claim belongs: with the holder of the number, or alone."""

    key: int
    link: Link
    reason: str

    @property
    def together(self) -> bool:
        """True when the claim is shown as the holder of the number."""
        return self.link in (Link.LINKED, Link.PROVISIONAL)


def comparable(text: str) -> str:
    """A name reduced to what is compared: lower case a-z, no accents, no punctuation (O'Neill → oneill)."""
    plain = unicodedata.normalize("NFKD", text).casefold()
    return _NOT_LETTERS.sub("", plain)


def first_word(text: str) -> str:
    """The first given name in comparable form: feeds differ in whether they send the second."""
    words = text.replace("-", " ").split()
    return comparable(words[0]) if words else ""


def number_to_link_on(number: str) -> str:
    """The number when it may carry a link: a valid check digit and not a placeholder; else ''."""
    return number if nhs_number.is_valid(number) and not nhs_number.is_placeholder(number) else ""


def arrange(claims: Sequence[Claim]) -> list[Placement]:
    """Place every claim to one NHS number. Depends on the set of claims alone, not on their order of arrival.

    The anchor is the first in `order` that has a date of birth: the practice that registers the person before
    others. Each other claim is judged against the anchor.
    """
    ranked = sorted(claims, key=lambda claim: claim.order)
    anchor = next((claim for claim in ranked if claim.birth_date), None)
    if anchor is None:
        return [Placement(claim.key, Link.HELD, "no date of birth to confirm the NHS number") for claim in ranked]
    return [_place(claim, anchor) for claim in ranked]


def _place(claim: Claim, anchor: Claim) -> Placement:
    """One claim against the anchor: the table of record.md, Identity."""
    if claim.key == anchor.key:
        return Placement(claim.key, Link.LINKED, "NHS number")
    if claim.birth_date is None:
        return Placement(claim.key, Link.HELD, "no date of birth to confirm the NHS number")
    if claim.birth_date != anchor.birth_date:
        return Placement(claim.key, Link.HELD, "same NHS number, another date of birth")
    family, given = alike(claim.families, anchor.families, FAMILY_ALIKE), given_alike(claim.givens, anchor.givens)
    if family and given:
        return Placement(claim.key, Link.LINKED, "NHS number, date of birth and name agree")
    if given:
        return Placement(claim.key, Link.PROVISIONAL, "same NHS number and date of birth, another surname")
    if family:
        return Placement(claim.key, Link.HELD, "same NHS number, birth date and surname, another given name: twins?")
    return Placement(claim.key, Link.HELD, "same NHS number and date of birth, another name")


def alike(left: Iterable[str], right: Iterable[str], floor: float) -> bool:
    """True when any name of one side is any name of the other, a spelling slip allowed."""
    ours = list(right)
    return any(one == other or JaroWinkler.similarity(one, other) >= floor for one in left for other in ours if one)


def given_alike(left: Iterable[str], right: Iterable[str]) -> bool:
    """True when the given names agree; an initial agrees with a name that begins with it."""
    ours = list(right)
    return alike(left, ours, GIVEN_ALIKE) or any(
        min(len(one), len(other)) == 1 and one[:1] == other[:1] for one in left for other in ours if one
    )


def search_keys(family: str) -> set[str]:
    """The keys under which a comparable surname can be met: itself, each spelling with one letter gone, its sound.

    Two names one slip apart (a letter missing, added, wrong, or two swapped) share at least one key.
    """
    shorter = {family[:at] + family[at + 1 :] for at in range(len(family))} if len(family) > 2 else set()
    sound = jellyfish.metaphone(family)
    return {family} | shorter | ({f"~{sound}"} if sound else set())


def newer(version_at: object, content: bytes, held_at: object, held_content: bytes) -> bool:
    """True when a version of a fact goes before the one that is held: by the source's time, ties by content.

    The tie-break has no meaning but that every order of arrival ends in the same state.
    """
    return (version_at, content) > (held_at, held_content)
