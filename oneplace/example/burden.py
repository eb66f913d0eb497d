"""Which long-term conditions a person has, and which of them the practice has recorded.

A one-factor Gaussian copula: each condition's latent is a weighted sum of the person's frailty and of chance, and they
have it where the latent is among the highest of their age and sex (shares of catalogue.toml). So shares hold, and
conditions come together. Deprivation brings them earlier (Barnett 2012). A practice's registers (prevalence.csv) scale
its shares.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache
from itertools import pairwise
from math import erfc, sqrt
from random import Random
from typing import Any

from oneplace.example.catalogue import Illness, catalogue
from oneplace.example.proportions import AGES, ages_in
from oneplace.place.folder import PlaceFolder

_NEVER_BOTH = {"type1-diabetes": "type2-diabetes", "asthma": "copd", "vascular-dementia": "alzheimers"}
_MIDDLE = 5.5
Shares = tuple[tuple[float, ...], tuple[float, ...]]
Felt = Counter[tuple[int, int, int]]  # side, age, felt age: people


class Burden:
    """The conditions of a place's people."""

    def __init__(self, place: PlaceFolder, told: Mapping[str, Any]) -> None:
        self.told, self.table = told, told["burden"]
        self.minor = frozenset(self.table["minor"])
        self.weight, self.rest = self.table["weight"], sqrt(1 - self.table["weight"] ** 2)
        self.factors = _Factors(place, told)
        self.conditions = [(illness, shares_of(illness)) for illness in catalogue().conditions]

    def of(
        self, practice_code: str, sex: str, age: int, decile: int | None, draw: Random
    ) -> tuple[list[Illness], float]:
        """The recorded conditions of one person, and their frailty (standard normal over the place).

        `age` is the list's: years since the year of birth, so that a practice's registers hold on any day of the year.
        """
        frailty = draw.gauss(0, 1)
        felt, side = felt_age(self.table, age, decile), sex != "male"
        factors, pushed = self.factors.of(practice_code), self.weight * frailty
        found = []
        for illness, shares in self.conditions:
            share = shares[side][felt]
            if share <= 0:
                continue
            latent = pushed + self.rest * draw.gauss(0, 1)
            if erfc(latent * 0.7071067811865476) / 2 < share * factors.get(illness.key, 1.0):
                found.append(illness)
        keys = {illness.key for illness in found}
        return [illness for illness in found if _NEVER_BOTH.get(illness.key) not in keys], frailty

    def counted(self, conditions: Sequence[str]) -> int:
        """How many of these count as long-term conditions: all but minor ones."""
        return sum(key not in self.minor for key in conditions)


def felt_age(table: Mapping[str, Any], age: int, decile: float | None) -> int:
    """The age at which the middle of the place is as ill as this age is in an area of this decile."""
    if age < table["from_age"]:
        return age
    shift = table["years_per_decile"] * (_MIDDLE - (decile or _MIDDLE)) * min(1.0, (age - table["from_age"]) / 30)
    return max(0, min(AGES[-1], round(age + shift)))


@cache
def shares_of(illness: Illness) -> Shares:
    """The share of men and of women who have it at each age: a line through the middles of the catalogue's steps."""
    return _line(illness, 1), _line(illness, 2)


def _line(illness: Illness, side: int) -> tuple[float, ...]:
    steps = illness.share
    starts = [one[0] for one in steps]
    middles = [(low + high) / 2 for low, high in pairwise([*starts, starts[-1] + 12])]
    values = [one[side] / 1000 for one in steps]
    first = next((start for start, value in zip(starts, values, strict=True) if value), 999)
    return tuple(_at(age, middles, values) if age >= first else 0.0 for age in AGES)


def _at(age: float, middles: Sequence[float], values: Sequence[float]) -> float:
    if age <= middles[0]:
        return values[0]
    for (low, one), (high, other) in pairwise(zip(middles, values, strict=True)):
        if age <= high:
            return one + (other - one) * (age - low) / (high - low)
    return values[-1]


class _Factors:
    """How much more or less of each condition a practice records than its people's ages and deprivation say."""

    def __init__(self, place: PlaceFolder, told: Mapping[str, Any]) -> None:
        self.place, self.told, self.table = place, told, told["burden"]
        self.known: dict[str, dict[str, float]] = {}
        self.told_shares: dict[str, dict[str, float]] = {}
        for row in place.prevalence:
            self.told_shares.setdefault(row.practice_code, {})[row.register] = row.per_mille
        self.deciles = {row.code: row.decile for row in place.areas}

    def of(self, practice_code: str) -> dict[str, float]:
        """A factor by condition, made once a practice."""
        found = self.known.get(practice_code)
        if found is None:
            found = self.known[practice_code] = self._made(practice_code)
        return found

    def _made(self, practice_code: str) -> dict[str, float]:
        by_key = {illness.key: shares_of(illness) for illness in catalogue().conditions}
        told, felt = self.told_shares.get(practice_code, {}), self._felt(practice_code)
        from_ages = {register["from_age"] for register in self.told["register"].values()}
        felt_from = {from_age: _from(felt, from_age) for from_age in from_ages}
        found: dict[str, float] = {}
        for name, register in self.told["register"].items():
            keys = [key for key in register["conditions"] if key in by_key]
            factor = self._usual(practice_code, name, register)
            if name in told and felt:
                expected = _expected([by_key[key] for key in keys], felt_from[register["from_age"]])
                factor = told[name] / 1000 / expected if expected else 1.0
            factor = max(self.table["least"], min(self.table["most"], factor))
            found |= dict.fromkeys(keys, factor)
        return found

    def _usual(self, practice_code: str, name: str, register: Mapping[str, Any]) -> float:
        """Recording without a table: by chance, the same in each run."""
        return Random(f"register|{practice_code}|{name}").lognormvariate(0, register["spread"])

    def _felt(self, practice_code: str) -> Felt:
        """A practice's people by sex, age and the age that their deprivation lets them feel."""
        deciles = self._deciles(practice_code)
        found: Felt = Counter()
        for row in (row for row in self.place.ages if row.practice_code == practice_code):
            for age, part in ages_in(row):
                for decile, share in deciles:
                    felt = felt_age(self.table, age, decile)
                    found[0, age, felt] += row.male * part * share
                    found[1, age, felt] += row.female * part * share
        return found

    def _deciles(self, practice_code: str) -> list[tuple[int | None, float]]:
        """The deciles of deprivation where a practice's people live, with their shares."""
        people: Counter[int | None] = Counter()
        for row in self.place.registrations:
            if row.practice_code == practice_code:
                people[self.deciles.get(row.area_code)] += row.people
        total = people.total()
        return [(decile, count / total) for decile, count in people.items()] if total else [(None, 1.0)]


def _from(felt: Felt, from_age: int) -> Counter[tuple[int, int]]:
    """The people from an age on, by sex and felt age."""
    found: Counter[tuple[int, int]] = Counter()
    for (side, age, felt_as), count in felt.items():
        if age >= from_age:
            found[side, felt_as] += count
    return found


def _expected(shares: Sequence[Shares], felt: Mapping[tuple[int, int], float]) -> float:
    """The share of these people that has one of the conditions."""
    have = sum(count * sum(share[side][felt_as] for share in shares) for (side, felt_as), count in felt.items())
    people = sum(felt.values())
    return have / people if people else 0.0
