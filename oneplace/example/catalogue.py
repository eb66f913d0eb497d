"""The clinical words of catalogue.toml, read once."""

import tomllib
from functools import cache
from pathlib import Path
from typing import NamedTuple


class Concept(NamedTuple):
    """A SNOMED CT concept."""

    code: str
    display: str


class Test(NamedTuple):
    """A measurement with its unit and usual range (0 where there is no bound)."""

    code: str
    display: str
    unit: str
    low: float
    high: float


class Drug(NamedTuple):
    """A dm+d product with its usual dose and the quantity of an issue."""

    code: str
    name: str
    dose: str
    quantity: float
    unit: str


class Illness(NamedTuple):
    """A condition or short illness: who has it, what is given and measured, what a hospital calls it."""

    key: str
    share: tuple[tuple[int, float, float], ...]  # from an age: per mille of men, of women
    ages: tuple[int, int]
    drugs: tuple[tuple[str, ...], ...]  # one choice a list; '' is none
    tests: tuple[str, ...]
    icd10: tuple[str, str] | None


class Catalogue(NamedTuple):
    """All of it by key."""

    concepts: dict[str, Concept]
    tests: dict[str, Test]
    drugs: dict[str, Drug]
    conditions: tuple[Illness, ...]
    acute: tuple[Illness, ...]
    avoid: dict[str, frozenset[str]]
    ages: dict[str, tuple[int, int]]


@cache
def catalogue() -> Catalogue:
    """The catalogue of this package."""
    told = tomllib.loads((Path(__file__).resolve().parent / "catalogue.toml").read_text("utf-8"))
    return Catalogue(
        {key: Concept(*row) for key, row in told["concept"].items()},
        {key: Test(*row) for key, row in told["test"].items()},
        {key: Drug(*row) for key, row in told["drug"].items()},
        tuple(_condition(key, row) for key, row in told["condition"].items()),
        tuple(_acute(key, row) for key, row in told["acute"].items()),
        {drug: frozenset(others) for drug, others in told["avoid"].items()},
        {drug: (first, last) for drug, (first, last) in told["ages"].items()},
    )


def _condition(key: str, row: dict) -> Illness:
    share = tuple((age, male, female) for age, male, female in row["share"])
    icd10 = tuple(row["icd10"]) if "icd10" in row else None
    return Illness(key, share, (0, 130), tuple(tuple(choice) for choice in row["drugs"]), tuple(row["tests"]), icd10)


def _acute(key: str, row: dict) -> Illness:
    icd10 = tuple(row["icd10"]) if "icd10" in row else None
    share = ((0, row["share"], row["share"]),)
    return Illness(key, share, tuple(row["ages"]), (tuple(row["drugs"]),), (), icd10)


def share_of(illness: Illness, age: int, sex: str) -> float:
    """The share of people of this age and sex who have it, from 0 to 1."""
    found = 0.0
    for from_age, male, female in illness.share:
        if age < from_age:
            break
        found = male if sex == "male" else female
    return found / 1000 if illness.ages[0] <= age <= illness.ages[1] else 0.0


def may_have(drug: str, age: int, present: set[str]) -> bool:
    """Whether a medicine suits an age and goes with what is present: conditions, allergies, other medicines."""
    words = catalogue()
    first, last = words.ages.get(drug, (0, 130))
    return first <= age <= last and drug not in present and not words.avoid.get(drug, frozenset()) & present
