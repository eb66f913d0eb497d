"""Which kind of relationship a visit of a feed makes: from who told of it and what kind of visit it is. Pure.

ties.yaml declares it. An urgent kind (a 999 incident, an A&E attendance) opens less, and counts a day longer.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import yaml

from oneplace.access.classes import ties

DECLARED = Path(__file__).with_name("ties.yaml")
_LISTS = ("settings", "organisations", "types", "codes", "words")


class BadTies(ValueError):
    """The declaration can't be used; the text says what is wrong."""


@dataclass(frozen=True, slots=True)
class Visit:
    """What of a visit says which relationship it makes."""

    setting: str
    organisation: str  # kind of the organisation
    type: str
    code: str
    title: str


@dataclass(frozen=True, slots=True)
class TieRule:
    """One rule: the kind, and what must be so."""

    tie: str
    settings: frozenset[str]
    organisations: frozenset[str]
    types: frozenset[str]
    codes: frozenset[str]
    words: frozenset[str]

    def fits(self, visit: Visit) -> bool:
        """True where all that the rule names is so."""
        told = (
            (self.settings, visit.setting),
            (self.organisations, visit.organisation),
            (self.types, visit.type),
            (self.codes, visit.code),
        )
        title = visit.title.casefold()
        worded = any(re.search(rf"(?<!\w){re.escape(word)}(?!\w)", title) for word in self.words)
        return all(not wanted or one in wanted for wanted, one in told) and (not self.words or worded)


@dataclass(frozen=True, slots=True)
class TieRules:
    """The rules in their order, and the kind of what none fits."""

    rules: tuple[TieRule, ...]
    otherwise: str


@cache
def declared() -> TieRules:
    """What ties.yaml declares. Raises BadTies."""
    return read_ties(DECLARED.read_text(encoding="utf-8"))


def read_ties(text: str) -> TieRules:
    """The rules from YAML text. Raises BadTies."""
    try:
        told = yaml.safe_load(text)
        found = TieRules(tuple(_rule(one) for one in told["rules"]), str(told["otherwise"]))
    except (yaml.YAMLError, KeyError, TypeError, AttributeError) as fault:
        raise BadTies(f"ties.yaml needs rules, each with its tie, and otherwise: {fault}") from fault
    strange = {one.tie for one in found.rules} | {found.otherwise}
    strange -= set(ties())
    if strange:
        raise BadTies(f"ties.yaml names '{min(strange)}', which is no kind; access/classes.yaml lists them")
    return found


@lru_cache(maxsize=10_000)
def tie_of(visit: Visit) -> str:
    """The kind of relationship that a visit makes."""
    here = declared()
    return next((rule.tie for rule in here.rules if rule.fits(visit)), here.otherwise)


def of_feeds() -> frozenset[str]:
    """The kinds that feeds make: their references begin with the key of a source's patient."""
    here = declared()
    return frozenset({"registration", here.otherwise, *(rule.tie for rule in here.rules)})


def _rule(told: Mapping[str, Any]) -> TieRule:
    unknown = set(told) - {"tie", *_LISTS}
    if unknown:
        raise BadTies(f"ties.yaml has '{min(unknown)}', which nothing reads")
    return TieRule(
        str(told["tie"]),
        *(
            frozenset(str(one).casefold() if name == "words" else str(one) for one in told.get(name, ()))
            for name in _LISTS
        ),
    )
