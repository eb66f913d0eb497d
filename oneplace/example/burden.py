"""Which long-term conditions a person has, and which of them the practice has recorded.

A one-factor Gaussian copula: each condition's latent is a weighted sum of the person's frailty and of chance, and they
have it where the latent is among the highest of their age and sex (shares of catalogue.toml). So shares hold, and
conditions come together. Deprivation brings them earlier (Barnett 2012). A practice's registers (prevalence.csv) scale
its shares.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from itertools import pairwise
from math import erfc, sqrt
from random import Random
from statistics import fmean
from typing import Any

from oneplace.example.catalogue import Illness, catalogue
from oneplace.example.proportions import AGES
from oneplace.place.folder import PlaceFolder
from oneplace.place.shapes import AgeRow

_NEVER_BOTH = {"type1-diabetes": "type2-diabetes", "asthma": "copd", "vascular-dementia": "alzheimers"}
_MIDDLE = 5.5
Shares = tuple[tuple[float, ...], tuple[float, ...]]


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
        """The recorded conditions of one person, and their frailty (standard normal over the place)."""
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
        rows = [row for row in self.place.ages if row.practice_code == practice_code]
        decile = self._mean_decile(practice_code)
        by_key = {illness.key: shares_of(illness) for illness in catalogue().conditions}
        found: dict[str, float] = {}
        for name, register in self.told["register"].items():
            told = self.told_shares.get(practice_code, {}).get(name)
            keys = [key for key in register["conditions"] if key in by_key]
            factor = self._usual(practice_code, name, register)
            if told is not None and rows:
                expected = self._expected([by_key[key] for key in keys], rows, register["from_age"], decile)
                factor = told / 1000 / expected if expected else 1.0
            factor = max(self.table["least"], min(self.table["most"], factor))
            found |= dict.fromkeys(keys, factor)
        return found

    def _usual(self, practice_code: str, name: str, register: Mapping[str, Any]) -> float:
        """Recording without a table: by chance, the same in each run."""
        return Random(f"register|{practice_code}|{name}").lognormvariate(0, register["spread"])

    def _expected(self, shares: Sequence[Shares], rows: Sequence[AgeRow], from_age: int, decile: float) -> float:
        """The share of a list from an age on that has one of the conditions."""
        have = people = 0.0
        for row in rows:
            ages = [age for age in range(row.age_from, min(row.age_to, 100) + 1) if age >= from_age]
            for side, count in enumerate((row.male, row.female)):
                if not ages:
                    continue
                counted = count * len(ages) / (min(row.age_to, 100) - row.age_from + 1)
                people += counted
                felt = [felt_age(self.table, max(0, age - 1), decile) for age in ages]
                have += counted * fmean(sum(share[side][age] for share in shares) for age in felt)
        return have / people if people else 0.0

    def _mean_decile(self, practice_code: str) -> float:
        living = [
            (self.deciles.get(row.area_code), row.people)
            for row in self.place.registrations
            if row.practice_code == practice_code
        ]
        known = [(decile, people) for decile, people in living if decile and people]
        return sum(decile * people for decile, people in known) / sum(people for _, people in known) if known else 5.5
