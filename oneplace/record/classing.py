"""Which class of information an entry is in: from its source's setting, its kind and the words that guard it. Pure.

classing.yaml declares it. The decision (access.rules) knows classes; this is how an entry comes by one.
A word that guards moves an entry only to a class with fewer readers: in doubt it is closed to more people, not fewer.
Source: record.md, Access (information classes, sensitivity labels); flags of the banner are classes of their own.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

import yaml

from oneplace.access.classes import classes
from oneplace.kernel.rows import Kind

DECLARED = Path(__file__).with_name("classing.yaml")
_PRACTICE = re.compile(r"[A-Z]\d{5}")  # ODS codes of GP practices; others are known by their place's folder
_FLAGGED = frozenset({Kind.ALERT, Kind.OBSERVATION})


class BadClassing(ValueError):
    """The declaration can't be used; the text says what is wrong."""


@dataclass(frozen=True, slots=True)
class Scheme:
    """The declaration, with the words of each class as one pattern."""

    settings: Mapping[str, str]
    kinds: Mapping[str, Mapping[str, str]]
    guarded: re.Pattern[str]
    guards: Mapping[str, str]  # class by word
    flags: re.Pattern[str]
    flag_classes: Mapping[str, str]


@cache
def scheme() -> Scheme:
    """What classing.yaml declares. Raises BadClassing."""
    return read_scheme(DECLARED.read_text(encoding="utf-8"))


def read_scheme(text: str) -> Scheme:
    """The scheme from YAML text. Raises BadClassing."""
    try:
        told = yaml.safe_load(text)
        guards = {word: name for name, words in told["guarded"].items() for word in words}
        flags = {word: name for name, words in told["flags"].items() for word in words}
        named = {*told["settings"].values(), *guards.values(), *flags.values()}
        named |= {name for kinds in told["kinds"].values() for name in kinds.values()}
    except (yaml.YAMLError, KeyError, TypeError, AttributeError) as fault:
        raise BadClassing(f"classing.yaml needs settings, kinds, guarded and flags: {fault}") from fault
    unknown = named - set(classes())
    if unknown:
        raise BadClassing(f"classing.yaml names '{min(unknown)}', which is no class; access/classes.yaml lists them")
    return Scheme(told["settings"], told["kinds"], _any_of(guards), guards, _any_of(flags), flags)


def setting_of(source_code: str, organisation_kind: str) -> str:
    """The class of an organisation's ordinary entries; one that the place doesn't name goes by its ODS code."""
    told = scheme().settings.get(organisation_kind)
    return told or ("gp-record" if _PRACTICE.fullmatch(source_code) else "hospital")


@lru_cache(maxsize=100_000)
def class_of(setting: str, kind: str, display: str, words: str = "") -> str:
    """The class of an entry of this setting and kind; `words` is whatever else it says (value, notes, authors)."""
    here = scheme()
    guard = here.guarded.search(f"{display} {words}".casefold())
    if guard:
        return here.guards[guard[0]]
    flag = here.flags.search(display.casefold()) if kind in _FLAGGED else None
    if flag:
        return here.flag_classes[flag[0]]
    return here.kinds.get(setting, {}).get(kind, setting)


def _any_of(words: Mapping[str, str]) -> re.Pattern[str]:
    """One pattern for whole words, the longest first."""
    longest = sorted(words, key=len, reverse=True)
    return re.compile(r"\b(?:" + "|".join(re.escape(word) for word in longest) + r")\b")
