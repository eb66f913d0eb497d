"""Who is who: what may be linked to whom on an NHS number. Pure, and blind to the order in which feeds arrived.

An NHS number alone puts about 0.3 % of feed rows on the wrong person; with date of birth and name as
corroboration 0.001 % (record.md, Identity). A wrong link is graver than a missed one: in doubt, hold and ask.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from itertools import pairwise

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


@dataclass(frozen=True, slots=True)
class Judgement:
    """What somebody decided of two of the sources' patients: one person, or not. `who` in words, for the reason."""

    key: int
    other: int
    same: bool
    who: str


def settle(
    claims: Sequence[Claim], merges: Iterable[tuple[int, int]] = (), judgements: Iterable[Judgement] = ()
) -> dict[int, Placement]:
    """Place every claim of a closed set: all that share a number, demographics, a merge or a judgement.

    First the NHS number with corroboration, then demographics where there is no number, then what a source merged
    (`merges`: kept and folded), then what people judged. Two different valid NHS numbers are never put together.
    Depends on the sets alone, not on any order of arrival.
    """
    table = _Table(claims)
    for kept, folded in sorted(merges):
        table.merge(kept, folded)
    told = sorted(judgements, key=lambda one: (not one.same, one.key, one.other))
    for judgement in told:
        table.judge(judgement)
    return table.placements()


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
    return (
        one.birth_date == other.birth_date
        and alike(one.families, other.families, FAMILY_ALIKE)
        and given_alike(one.givens, other.givens)
    )


def _anchor(ranked: Sequence[Claim]) -> Claim | None:
    if not ranked or not ranked[0].order[0]:
        return ranked[0] if ranked else None
    support = [len({other.source for other in ranked if agrees(other, claim)}) for claim in ranked]
    return ranked[support.index(max(support))]


CONFLICT = "identity conflict: same verified NHS number, other date of birth or name"


def _place(claim: Claim, anchor: Claim, agreed: set[str]) -> Placement:
    """One claim against the anchor: the table of record.md, Identity, with the exception of ADR 10."""
    link, reason = _judged(claim, anchor)
    # The number was confirmed for this organisation's own patient, and two others agree on who holds it: the odd one
    # is likelier an old or wrong entry there than another person. Shown with a banner until somebody has judged.
    if link is Link.HELD and claim.birth_date and claim.verified and len(agreed - {claim.source}) >= 2:
        link, reason = Link.PROVISIONAL, CONFLICT
    return Placement(claim.key, link, reason)


def _judged(claim: Claim, anchor: Claim) -> tuple[Link, str]:
    if claim.key == anchor.key:
        return Link.LINKED, "NHS number"
    if claim.birth_date is None:
        return Link.HELD, "no date of birth to confirm the NHS number"
    if claim.birth_date != anchor.birth_date:
        return Link.HELD, "same NHS number, another date of birth"
    family, given = alike(claim.families, anchor.families, FAMILY_ALIKE), given_alike(claim.givens, anchor.givens)
    if family and given:
        return Link.LINKED, "NHS number, date of birth and name agree"
    if given:
        return Link.PROVISIONAL, "same NHS number and date of birth, another surname"
    if family:
        return Link.HELD, "same NHS number, birth date and surname, another given name: twins?"
    return Link.HELD, "same NHS number and date of birth, another name"


ALONE = "no NHS number that can be linked on"
SAME_PERSON = "date of birth, name, sex and postcode agree"
TWO_PEOPLE = "two people agree in date of birth, name and postcode"
TWO_NUMBERS = "its source merged it with a patient of another NHS number"


class _Table:
    """The claims as they are put together step by step: each one's group, and how and why."""

    def __init__(self, claims: Sequence[Claim]) -> None:
        self.claims = {claim.key: claim for claim in claims}
        self.group: dict[int, Group] = {key: ("patient", key) for key in self.claims}
        self.members: dict[Group, set[int]] = {("patient", key): {key} for key in self.claims}
        self.state: dict[int, tuple[Link, str]] = dict.fromkeys(self.claims, (Link.UNLINKED, ALONE))
        self._by_number()
        self._by_demographics()

    def _by_number(self) -> None:
        numbered: dict[str, list[Claim]] = {}
        for claim in self.claims.values():
            if claim.number:
                numbered.setdefault(claim.number, []).append(claim)
        for number, together in numbered.items():
            for placement in arrange(together):
                self.state[placement.key] = placement.link, placement.reason
                if placement.together:
                    self._put(placement.key, ("number", number))

    def _by_demographics(self) -> None:
        """Claims without a number, to the one person whose date of birth, name, sex and postcode they share.

        Everyone of one birth date, name and postcode is looked at together, so that a sex that one of them doesn't
        tell can't be the bridge between a man and a woman.
        """
        buckets: dict[tuple[object, ...], list[Claim]] = {}
        for claim in self.claims.values():
            for mark in _marks(claim):
                buckets.setdefault(mark, []).append(claim)
        leads: dict[int, set[Group]] = {}
        for claims in buckets.values():
            holders = {self.group[one.key] for one in claims if one.number}
            for claim in claims:
                if not claim.number and holders:
                    leads.setdefault(claim.key, set()).update(holders)
        self._to_holders(leads)
        lonely = {one.key for one in self.claims.values() if not one.number and one.key not in leads}
        self._together([[one.key for one in claims if one.key in lonely] for claims in buckets.values()])

    def _to_holders(self, leads: Mapping[int, set[Group]]) -> None:
        """Claims that lead to one holder join it, unless they and the holder tell two sexes; the others are held."""
        suitors: dict[Group, list[int]] = {}
        for key, holders in leads.items():
            self.state[key] = Link.HELD, TWO_PEOPLE
            if len(holders) == 1 and next(iter(holders))[0] == "number":
                suitors.setdefault(next(iter(holders)), []).append(key)
        for holder, keys in suitors.items():
            held_sex = self._sexes(self.members[holder])
            fitting = [key for key in keys if not held_sex or not self._sexes([key]) - held_sex]
            for key in keys:
                if key not in fitting:
                    self.state[key] = Link.UNLINKED, ALONE
            if len(held_sex | self._sexes(fitting)) < 2:
                for key in fitting:
                    self._put(key, holder)
                    self.state[key] = Link.LINKED, SAME_PERSON

    def _together(self, buckets: Iterable[Sequence[int]]) -> None:
        """Claims without a number who belong to no holder: a chain of like ones is one person, if of one sex."""
        joined: set[int] = set()
        for keys in buckets:
            joined.update(keys if len(keys) > 1 else ())
            for one, other in pairwise(keys):
                self._join(other, one)
        for group in {self.group[key] for key in joined}:
            members = sorted(self.members[group])
            alike = len(self._sexes(members)) < 2
            for key in members:
                self.state[key] = (Link.LINKED, SAME_PERSON) if alike else (Link.HELD, TWO_PEOPLE)
                if not alike:
                    self._put(key, ("apart", key))

    def _sexes(self, keys: Iterable[int]) -> set[str]:
        """The sexes that are told among these, of male and female."""
        return {self.claims[key].sex for key in keys} & {"male", "female"}

    def _put(self, key: int, group: Group) -> None:
        """Move one claim into a group."""
        self.members[self.group[key]].discard(key)
        self.members.setdefault(group, set()).add(key)
        self.group[key] = group

    def merge(self, kept: int, folded: int) -> None:
        """What a source made one patient is one person, unless two valid NHS numbers speak against it."""
        if self._join(folded, kept):
            self.state[folded] = Link.LINKED, "merged by its source"
        else:
            with_holder = self.group[folded][0] == "number"
            self.state[folded] = (Link.PROVISIONAL if with_holder else Link.HELD), TWO_NUMBERS

    def judge(self, told: Judgement) -> None:
        """What somebody decided. A no takes the one claim out of the company that it is in."""
        if told.same:
            if self._join(told.key, told.other):
                self.state[told.key] = Link.LINKED, f"judged to be one person by {told.who}"
        elif self.group[told.key] == self.group[told.other] or self.state[told.key][0] is Link.HELD:
            self._put(told.key, ("apart", told.key))
            self.state[told.key] = Link.UNLINKED, f"judged to be another person by {told.who}"

    def _join(self, one: int, other: int) -> bool:
        """Put two groups together; false where they hold two different NHS numbers."""
        mine, theirs = self.group[one], self.group[other]
        if mine == theirs:
            return True
        both = self.members[mine] | self.members[theirs]
        if len({self.claims[key].number for key in both} - {""}) > 1:
            return False
        target = mine if mine[0] == "number" else theirs
        for key in self.members[theirs if target == mine else mine].copy():
            self._put(key, target)
        return True

    def placements(self) -> dict[int, Placement]:
        """Where each claim ended; a group without a number is led by the first in order."""
        leaders: dict[Group, int] = {}
        for claim in sorted(self.claims.values(), key=_order):
            leaders.setdefault(self.group[claim.key], claim.key)
        return {
            key: Placement(key, *self.state[key], group if group[0] == "number" else ("patient", leaders[group]))
            for key, group in self.group.items()
        }


def _order(claim: Claim) -> tuple[tuple[int, str, str], int]:
    return claim.order, claim.key


def _marks(claim: Claim) -> Iterator[tuple[object, ...]]:
    """By what another patient may be this one without a number: birth date, a whole name, a postcode, past or present.

    Each is needed: twins differ in given name or sex, father and son in date of birth, namesakes in postcode.
    """
    if claim.birth_date is None:
        return
    for name in claim.names:
        if all(name):
            for code in claim.postcodes - {""}:
                yield claim.birth_date, *name, code


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
