"""The proportions of population.toml, with what a place's own example.toml says under [population] put over them."""

import tomllib
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from functools import cache
from math import exp
from pathlib import Path
from random import Random
from typing import Any

from oneplace.place.folder import PlaceFolder
from oneplace.place.shapes import AgeRow

Steps = Sequence[Sequence[float]]
AGES = range(121)
OLDEST = 104
_OLD, _FADES = 85, 2.6  # from this age on a wide band thins out: years to a third
_WIDE = 10
# People of one year of age, of each from an age on, in a shire (ONS mid-2020), for bands as wide as "65 and over".
_USUAL: Steps = (
    (0, 110), (20, 105), (30, 125), (40, 130), (50, 140), (60, 118), (65, 104), (70, 110), (75, 84), (80, 58),
    (85, 34), (90, 15), (95, 4), (100, 0.6),
)  # fmt: skip


@cache
def usual() -> Mapping[str, Any]:
    """The national proportions that come with the package."""
    return tomllib.loads((Path(__file__).resolve().parent / "population.toml").read_text("utf-8"))


def proportions_of(place: PlaceFolder) -> Mapping[str, Any]:
    """A place's proportions: its own where it tells them, table by table and key by key, else the national ones."""
    return _over(usual(), place.example.get("population", {}))


def step(steps: Steps, age: float) -> float:
    """The value of the step that an age stands on; 0 below the first."""
    index = bisect_right(steps, age, key=lambda one: one[0])
    return steps[index - 1][1] if index else 0.0


def by_age(steps: Steps) -> tuple[float, ...]:
    """The steps' value at each age of AGES."""
    return tuple(step(steps, age) for age in AGES)


def age_in(row: AgeRow, draw: Random) -> int:
    """The age of one of a band's people."""
    last = min(row.age_to, OLDEST)
    if _thins_out(row):
        return min(last, row.age_from + int(draw.expovariate(1 / _FADES)))
    if last - row.age_from < _WIDE:
        return draw.randint(row.age_from, last)
    ages, shares = zip(*ages_in(row), strict=True)
    return int(draw.choices(ages, shares)[0])


@cache
def ages_in(row: AgeRow) -> list[tuple[int, float]]:
    """The ages of a band with their shares, as `age_in` draws them: in a wide one as many of each as usual."""
    last = min(row.age_to, OLDEST)
    years = range(row.age_from, last + 1)
    if _thins_out(row):
        left = [exp(-(age - row.age_from) / _FADES) for age in years]
        return [(age, share - after) for age, share, after in zip(years, left, [*left[1:], 0.0], strict=True)]
    usual_ = [1.0 if len(years) <= _WIDE else step(_USUAL, age) for age in years]
    return [(age, share / sum(usual_)) for age, share in zip(years, usual_, strict=True)]


def _thins_out(row: AgeRow) -> bool:
    """True for the oldest band of a list, in which few are as old as its end."""
    return row.age_from >= _OLD and row.age_to > 95


def _over(base: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    found = dict(base)
    for key, value in own.items():
        told = found.get(key)
        found[key] = _over(told, value) if isinstance(told, dict) and isinstance(value, dict) else value
    return found
