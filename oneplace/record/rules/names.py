"""Names in comparable form, and when two may be one: spelling slips, initials, short forms, sound."""

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

import jellyfish
from nicknames import NickNamer
from rapidfuzz.distance import JaroWinkler

GIVEN_ALIKE = 0.93
"""Jaro-Winkler likeness from which two given names may be one misspelt (Jon / John 0.933; Maria / Mario 0.92)."""
FAMILY_ALIKE = 0.92
"""The same for surnames, stricter because surnames carry the corroboration (Dougill / Dougall 0.94)."""


_NOT_LETTERS = re.compile(r"[^a-z]+")
_SHORT_NAMES = NickNamer()


@lru_cache(maxsize=20_000)  # feeds tell the same names again and again
def comparable(text: str) -> str:
    """A name reduced to what is compared: lower case a-z, no accents, no punctuation (O'Neill → oneill)."""
    plain = unicodedata.normalize("NFKD", text).casefold()
    return _NOT_LETTERS.sub("", plain)


def first_word(text: str) -> str:
    """The first given name in comparable form: feeds differ in whether they send the second."""
    words = text.replace("-", " ").split()
    return comparable(words[0]) if words else ""


def alike(left: Iterable[str], right: Iterable[str], floor: float) -> bool:
    """True when any name of one side is any name of the other, a spelling slip allowed."""
    ours = list(right)
    return any(one == other or JaroWinkler.similarity(one, other) >= floor for one in left for other in ours if one)


def given_alike(left: Iterable[str], right: Iterable[str]) -> bool:
    """True when the given names agree; an initial agrees with a name that begins with it."""
    ours = list(right)
    return alike(left, ours, GIVEN_ALIKE) or any(
        min(len(one), len(other)) == 1 and one[:1] == other[:1] for one in left for other in ours if one
    )


def short_for(left: Iterable[str], right: Iterable[str]) -> bool:
    """True when a name of one side is a short form of a name of the other (Peggy, Margaret)."""
    ours = set(right)
    return any(_SHORT_NAMES.nicknames_of(one) & ours or _SHORT_NAMES.canonicals_of(one) & ours for one in left)


def search_keys(family: str) -> set[str]:
    """The keys under which a comparable surname can be met: itself, each spelling with one letter gone, its sound.

    Two names one slip apart (a letter missing, added, wrong, or two swapped) share at least one key.
    """
    shorter = {family[:at] + family[at + 1 :] for at in range(len(family))} if len(family) > 2 else set()
    sound = jellyfish.metaphone(family)
    return {family} | shorter | ({f"~{sound}"} if sound else set())
