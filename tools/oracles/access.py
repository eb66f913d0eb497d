"""Who may see what, by the tables beside this file: rules read from top to bottom, the first that fits answers.

Written from the papers before the product's decision; it imports nothing of the product. A situation is a dict of
plain words (see `Situation`); the answer is one of ANSWERS with the rule that gave it.
"""

import csv
from functools import cache
from pathlib import Path
from typing import TypedDict

HERE = Path(__file__).parent
ANSWERS = ("permit", "locked", "locked with glass", "not found")


class Situation(TypedDict):
    """One cell of the matrix, in the words of the tables."""

    role: str  # of access_roles.csv
    information_class: str  # of access_classes.csv
    purpose: str
    controller: str  # own | other: whose entry it is
    agreement: str  # states of access_states.csv
    tie: str
    consent: str
    glass: str
    model: str  # explicit | direct-care


@cache
def table(name: str) -> list[dict[str, str]]:
    """The rows of one table."""
    with (HERE / f"access_{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@cache
def roles() -> dict[str, dict[str, str]]:
    """Roles by name."""
    return {row["role"]: row for row in table("roles")}


@cache
def classes() -> dict[str, dict[str, str]]:
    """Classes by name."""
    return {row["class"]: row for row in table("classes")}


@cache
def states(dimension: str) -> tuple[str, ...]:
    """The states that a dimension may be in."""
    return tuple(dict.fromkeys(row["state"] for row in table("states") if row["dimension"] == dimension))


@cache
def meaning(dimension: str, state: str, flags: frozenset[str], purpose: str) -> str:
    """What a state means for a class and purpose: the first row that fits."""
    for row in table("states"):
        if (
            (row["dimension"], row["state"]) == (dimension, state)
            and (not row["class"] or row["class"] in flags)
            and row["purpose"] in ("", purpose)
        ):
            return row["means"]
    raise KeyError(f"{dimension}: {state}")


def answer(told: Situation) -> tuple[str, str]:
    """What is to happen, and by which rule."""
    role, kind = roles()[told["role"]], classes()[told["information_class"]]
    flags = frozenset(name for name in ("traced", "urgent", "sensitive") if kind[name] == "yes")
    seen = {
        "role": role["kind"],
        "glass_role": role["glass"],
        "purpose": told["purpose"],
        "reads": role[told["information_class"]],
        "class": flags,
        "controller": told["controller"],
        "model": told["model"],
    } | {
        name: meaning(name if name != "choice" else "consent", told[key], flags, told["purpose"])  # type: ignore[literal-required]
        for name, key in (("agreement", "agreement"), ("tie", "tie"), ("choice", "consent"), ("glass", "glass"))
    }
    for row in table("rules"):
        if all(_fits(row[name], seen[name]) for name in seen):
            return row["answer"], row["rule"]
    raise LookupError(f"no rule fits {told}")


def _fits(pattern: str, value: object) -> bool:
    """'' fits all, 'a|b' either, '!a' all but a."""
    if not pattern:
        return True
    if isinstance(value, frozenset):
        return pattern in value
    if pattern.startswith("!"):
        return value != pattern[1:]
    return value in pattern.split("|")
