"""Reasons of delay, a versioned list that is data: which list counts on a day, and what its codes mean. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

import yaml

_FILE = Path(__file__).with_name("delay_reasons.yaml")


@dataclass(frozen=True, slots=True)
class Reasons:
    """One version of the list: codes with their words, from its first day on."""

    version: str
    starts: date
    words: Mapping[str, str]


@cache
def versions() -> tuple[Reasons, ...]:
    """All versions, the newest first."""
    rows = yaml.safe_load(_FILE.read_text(encoding="utf-8"))
    told = [Reasons(row["version"], row["from"], row["reasons"]) for row in rows]
    return tuple(sorted(told, key=lambda one: one.starts, reverse=True))


def reasons_on(day: date) -> Reasons:
    """The list that counts on a day; before the first, the first."""
    return next((one for one in versions() if one.starts <= day), versions()[-1])


def words_of(version: str, code: str) -> str:
    """What a code of a version means; the code itself where the list has lost it."""
    return next((one.words.get(code, code) for one in versions() if one.version == version), code)
