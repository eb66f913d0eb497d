"""The proportions of population.toml, with what a place's own example.toml says under [population] put over them."""

import tomllib
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from oneplace.place.folder import PlaceFolder

Steps = Sequence[Sequence[float]]
AGES = range(121)


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


def _over(base: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    found = dict(base)
    for key, value in own.items():
        told = found.get(key)
        found[key] = _over(told, value) if isinstance(told, dict) and isinstance(value, dict) else value
    return found
