"""Who is who, whole: numbers, demographics, likeness, merges, judgements. Pure, and blind to the order of arrival."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

from oneplace.record.rules.numbers import (
    CONFLICT,
    Claim,
    Group,
    Link,
    Placement,
    arrange,
    changed_round,
    is_slip,
    names_agree,
    two_sexes,
)


@dataclass(frozen=True, slots=True)
class Judgement:
    """What somebody decided of two of the sources' patients: one person, or not. `who` in words, for the reason."""

    key: int
    other: int
    same: bool
    who: str


ALONE = "no NHS number that can be linked on"
SAME_PERSON = "date of birth, name, sex and postcode agree"
TWO_PEOPLE = "two people agree in date of birth, name and postcode"
TWO_NUMBERS = "its source merged it with a patient of another NHS number"
KNOWN_ELSEWHERE = "same NHS number, but a person of this name and birth date has another"
BY_LIKENESS = "likeness of name, date of birth and home"

CROWD = 50
"""Patients who may share name, date of birth and postcode before that tells nothing: no one person is known to so many
organisations; a stand-in for what nobody knew is."""
Mark = tuple[date, str, str, str]
"""Date of birth, family name, first given name, postcode."""

SURE = 0.99
"""Probability from which likeness may link (record.md, Identity)."""
_GENERATION_DAYS = 10 * 365
GAP_BITS = 3.0
"""By how much the person most like must be likelier than the next: eight times."""


@dataclass(frozen=True, slots=True)
class Likeness:
    """How like a claim without a number is to another claim: see `record.linkage`."""

    key: int
    other: int
    probability: float
    gap: float

    @property
    def is_sure(self) -> bool:
        """True when the score alone would do."""
        return self.probability >= SURE and self.gap >= GAP_BITS


def speaks_against(one: Claim, other: Claim) -> str:
    """Why likeness may not link two claims, however high its score; '' where it may.

    Twins differ in given name or sex, father and son in year of birth, namesakes in home or birth date: a link needs
    the same sex and given name, a birth date that is the same or one slip away, and of the rest all but one. Where
    both tell the same NHS number, that is the rest, and the birth date need only be nearer than a parent's.
    """
    if one.birth_date is None or other.birth_date is None or two_sexes(one, other):
        return "another sex, or no date of birth"
    numbered = bool(one.number) and one.number == other.number
    named = all(names_agree(one, other)) if numbered else (bool(one.names & other.names) or changed_round(one, other))
    home = numbered or bool(one.postcodes & other.postcodes - {""})
    near = numbered and abs((one.birth_date - other.birth_date).days) < _GENERATION_DAYS
    if one.birth_date != other.birth_date and not (
        named and home and (near or is_slip(one.birth_date, other.birth_date))
    ):
        return "another date of birth"
    if not named and not one.givens & other.givens - {""}:
        return "another given name"
    return "" if named or home else "another surname and another home"


def settle(
    claims: Sequence[Claim],
    merges: Iterable[tuple[int, int]] = (),
    judgements: Iterable[Judgement] = (),
    likenesses: Iterable[Likeness] = (),
    crowds: Collection[Mark] = (),
) -> dict[int, Placement]:
    """Place every claim of a closed set: all that share a number, demographics, a merge or a judgement.

    First the NHS number with corroboration, then demographics where there is no number, then likeness, then what a
    source merged (`merges`: kept and folded), then what people judged. Two different valid NHS numbers are never put
    together. `crowds`: marks that more than CROWD patients share, in this set or beyond it; nobody is found by them.
    Depends on the sets alone, not on any order of arrival.
    """
    table = _Table(claims, crowds)
    for likeness in sorted(likenesses, key=lambda one: (one.key, one.other)):
        table.resemble(likeness)
    for kept, folded in sorted(merges):
        table.merge(kept, folded)
    told = sorted(judgements, key=lambda one: (not one.same, one.key, one.other))
    for judgement in told:
        table.judge(judgement)
    return table.placements()


class _Table:
    """The claims as they are put together step by step: each one's group, and how and why."""

    def __init__(self, claims: Sequence[Claim], crowds: Collection[Mark]) -> None:
        self.claims = {claim.key: claim for claim in claims}
        self.marks = {claim.key: set(_marks(claim)) - set(crowds) for claim in claims}
        self.group: dict[int, Group] = {key: ("patient", key) for key in self.claims}
        self.members: dict[Group, set[int]] = {("patient", key): {key} for key in self.claims}
        self.state: dict[int, tuple[Link, str]] = dict.fromkeys(self.claims, (Link.UNLINKED, ALONE))
        self._by_number()
        self._known_elsewhere()
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

    def _known_elsewhere(self) -> None:
        """An odd one who is somebody else of the place, under another number, was given a wrong number: held."""
        odd = {key: marks for key, (_, why) in self.state.items() if why == CONFLICT for marks in [self.marks[key]]}
        for key, marks in odd.items():
            others = (one for one in self.claims.values() if one.number not in ("", self.claims[key].number))
            if any(marks & self.marks[other.key] for other in others):
                self.state[key] = Link.HELD, KNOWN_ELSEWHERE
                self._put(key, ("patient", key))

    def _by_demographics(self) -> None:
        """Claims without a number, to the one person whose date of birth, name, sex and postcode they share.

        Everyone of one birth date, name and postcode is looked at together, so that a sex that one of them doesn't
        tell can't be the bridge between a man and a woman.
        """
        buckets: dict[Mark, list[Claim]] = {}
        for claim in self.claims.values():
            for mark in self.marks[claim.key]:
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

    def resemble(self, told: Likeness) -> None:
        """A claim left over joins the holder it is surely like; where that is less than sure, it waits to be judged.

        One held back from its own number may come to that number's holder and to nobody else.
        """
        one, other = self.claims.get(told.key), self.claims.get(told.other)
        if one is None or other is None or self.group[one.key][0] == "number":
            return
        against = self._against(one, other, told)
        if not against and self._join(one.key, other.key):
            self.state[one.key] = Link.LINKED, BY_LIKENESS
        elif self.state[one.key][0] is not Link.HELD:
            self.state[one.key] = Link.HELD, f"may be somebody known: {against}"

    def _against(self, one: Claim, other: Claim, told: Likeness) -> str:
        """Why a likeness may not link these two; '' where it may."""
        if not told.is_sure:
            return "not sure enough"
        holder = self.group[other.key]
        if holder[0] != "number" or (one.number and holder[1] != one.number):
            return "another NHS number"
        if len(self._sexes([*self.members[self.group[one.key]], other.key])) > 1:
            return "another sex"
        return speaks_against(one, other)

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


def _marks(claim: Claim) -> Iterator[Mark]:
    """By what another patient may be this one without a number: birth date, a whole name, a postcode, past or present.

    Each is needed: twins differ in given name or sex, father and son in date of birth, namesakes in postcode.
    """
    if claim.birth_date is None:
        return
    for name in claim.names:
        if all(name):
            for code in claim.postcodes - {""}:
                yield claim.birth_date, *name, code
