"""Every way out of a place with its address filled in: what promises and tests about access knock at.

A new address joins by itself. Left out are the ways in and out of a session, which say nothing of a person.
"""

import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from promises.nothing_forgotten import addresses

_PARAMETER = re.compile(r"<(?:\w+:)?(\w+)>")
_WAYS_IN_AND_OUT = ("sign-", "account/", "confirm/", "hat/", "static/", "inbox", "^")
_VALUES = {
    "show": ("all", "alarms", "silent", "open", "done", "provisional", "held", "filed", "nonsense"),
    "sort": ("name", "silent", "volume", "nonsense"),
    "view": ("gp", "spr-triage", "nonsense"),
    "offset": ("0", "15", "25", "x"),
    "before": ("5", "50", "999999", "x"),
    "type": ("letter", "nonsense"),
    "outcome": ("fine", "asked", ""),
    "since": ("2020-01-01", "nonsense"),
    "refused": ("on",),
}


@dataclass(frozen=True, slots=True)
class Words:
    """What an inquisitive person may know or guess: keys of people, numbers of entries, words to search for."""

    people: Sequence[str]
    items: Sequence[str]
    texts: Sequence[str]
    feeds: Sequence[tuple[str, str]]
    panels: Sequence[str] = ("problems", "encounters", "medication", "allergies", "nonsense")


@dataclass(frozen=True, slots=True)
class Request:
    """One knock at one address: a GET with words behind it, or a POST with fields."""

    method: str
    address: str
    fields: dict[str, str] = field(default_factory=dict)


def ways_out(role: str = "") -> list[str]:
    """Patterns of the addresses that may tell of a person; of a role, those that its policy lets in."""
    from django.urls import get_resolver

    from oneplace.access import policy, roles

    may = roles.permissions_of(role)
    out = [(path, view) for path, view in addresses(get_resolver()) if not path.startswith(_WAYS_IN_AND_OUT)]
    declared = [(path, policy.policy_of(view)) for path, view in out]
    return [path for path, told in declared if not role or not told or not told.permission or told.permission in may]


def knocks(
    words: Words, count: int, randomness: random.Random, *, role: str = "", leave_out: Sequence[str] = ()
) -> Iterator[Request]:
    """So many requests: nine in ten at what the role may ask, each way in its turn, the others at any."""
    every, own = ([path for path in ways if path not in leave_out] for ways in (ways_out(), ways_out(role)))
    for number in range(count):
        path = own[number % len(own)] if randomness.random() < 0.9 else randomness.choice(every)
        yield knock(path, words, randomness)


def knock(path: str, words: Words, randomness: random.Random) -> Request:
    """One request at one way out, with whatever words may open it."""
    address = "/" + _PARAMETER.sub(lambda found: _value(found[1], path, words, randomness), path)
    if "<format_name>" in path:
        code, name = randomness.choice(words.feeds)
        address = f"/feeds/{code}/{name}/"
    fields = {name: randomness.choice(values) for name, values in _VALUES.items() if randomness.random() < 0.3}
    fields |= {"text": randomness.choice(words.texts)} if randomness.random() < 0.7 else {}
    fields |= {"about": randomness.choice(words.people)} if randomness.random() < 0.3 else {}
    fields |= {name: randomness.choice(words.texts) for name in ("note", "reason") if randomness.random() < 0.3}
    return Request("POST" if path == "people/" or randomness.random() < 0.2 else "GET", address, fields)


def _value(name: str, path: str, words: Words, randomness: random.Random) -> str:
    if name == "person_id":
        return randomness.choice(words.people)
    if name == "name":
        return randomness.choice(words.panels)
    return randomness.choice(words.items if path.startswith(("people/", "feeds/")) else words.people)
