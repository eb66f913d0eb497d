"""The timeline: what happened, newest first, by month and day, with chips that narrow it by kind and source.

Four or more entries of one kind, source and day (a panel of results, a month's prescriptions) fold into one line.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from urllib.parse import urlencode

from oneplace.kernel.clock import to_london
from oneplace.record.presenters.tables import name_of
from oneplace.record.presenters.words import (
    against_range,
    ago_words,
    author_words,
    code_words,
    counted,
    shortened,
    sources_words,
    when_words,
    with_unit,
)
from oneplace.record.shapes import Item, SourceLine
from oneplace.record.windowlets import Sieve

FOLD_FROM = 4

KIND_WORDS = {
    "problem": ("Problem", "problems"),
    "medication": ("Medicine", "medicines"),
    "prescription": ("Prescription", "prescriptions"),
    "allergy": ("Allergy", "allergies"),
    "result": ("Result", "results"),
    "observation": ("Finding", "findings"),
    "immunisation": ("Immunisation", "immunisations"),
    "procedure": ("Procedure", "procedures"),
    "encounter": ("Contact", "contacts"),
    "referral": ("Referral", "referrals"),
    "request": ("Request", "requests"),
    "document": ("Document", "documents"),
    "questionnaire": ("Questionnaire", "questionnaires"),
    "plan": ("Plan", "plans"),
    "alert": ("Alert", "alerts"),
}

_PLURALS = dict(KIND_WORDS.values())

# What a reader narrows to, in a word or two: the slug stands in the address.
KIND_CHOICES: dict[str, tuple[str, frozenset[str]]] = {
    "contacts": ("Contacts", frozenset({"encounter", "referral", "request"})),
    "results": ("Results", frozenset({"result", "observation", "questionnaire"})),
    "medicines": ("Medicines", frozenset({"medication", "prescription", "immunisation"})),
    "problems": ("Problems and allergies", frozenset({"problem", "allergy", "alert", "procedure"})),
    "documents": ("Documents and plans", frozenset({"document", "plan"})),
}


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the timeline; a folded one holds the others of its kind, source and day."""

    key: str
    kind: str
    title: str
    value: str
    about: str
    time: str
    source: str
    flag: str = ""  # High | Low, and how many of a folded line's are out of range
    folded: tuple["Line", ...] = ()


@dataclass(frozen=True, slots=True)
class Day:
    """The lines of one day, with the date as far as it was told and its age."""

    date: str
    ago: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Year:
    """The days of one year, under its heading."""

    name: str
    days: tuple[Day, ...]


@dataclass(frozen=True, slots=True)
class Chip:
    """One choice of a filter: a link that keeps the other choices. Codes only, never a word about the person."""

    text: str
    href: str
    chosen: bool


def years_of(items: Iterable[Item], now: datetime) -> tuple[Year, ...]:
    """The entries by year and day, in the order given (newest first)."""
    days = [_day(moment, tuple(group), now) for moment, group in groupby(items, _local_day)]
    return tuple(Year(name, tuple(day for _, day in group)) for name, group in groupby(days, lambda pair: pair[0]))


def sieve_of(kind: str, source: str) -> Sieve:
    """What the address asks for; a word that isn't a choice narrows nothing."""
    kinds = KIND_CHOICES[kind][1] if kind in KIND_CHOICES else frozenset()
    return Sieve(kinds, frozenset({source}) if source else frozenset())


def kind_chips(address: str, keep: dict[str, str], kind: str, source: str) -> tuple[Chip, ...]:
    """All, then each group of kinds."""
    chosen = kind if kind in KIND_CHOICES else ""
    choices = [("", "Everything"), *((slug, words) for slug, (words, _) in KIND_CHOICES.items())]
    return tuple(
        Chip(words, _link(address, keep | {"kind": slug, "source": source}), slug == chosen) for slug, words in choices
    )


def source_chips(
    address: str, keep: dict[str, str], kind: str, source: str, sources: Sequence[SourceLine]
) -> tuple[Chip, ...]:
    """All, then each organisation whose entries are shown; nothing to choose when only one tells."""
    shown = [(line.code, line.name or line.code) for line in sources if line.state == "shown"]
    if len(shown) < 2:
        return ()
    return tuple(
        Chip(words, _link(address, keep | {"kind": kind, "source": code}), code == source)
        for code, words in [("", "All sources"), *shown]
    )


def _link(address: str, choices: dict[str, str]) -> str:
    chosen = {key: value for key, value in choices.items() if value}
    return f"{address}?{urlencode(chosen)}#timeline" if chosen else f"{address}#timeline"


def _local_day(item: Item) -> tuple[int, int, int]:
    if item.happened_at is None:
        return (0, 0, 0)
    day = item.happened_at if item.day_only else to_london(item.happened_at)
    return (day.year, day.month, day.day)


def _day(moment: tuple[int, int, int], items: tuple[Item, ...], now: datetime) -> tuple[str, Day]:
    first = items[0]
    precision = first.detail.get("date_precision", "")
    words = when_words(first.happened_at, day_only=first.day_only, precision=precision)
    lines = _folded([_line(item, now) for item in items])
    year = str(moment[0]) if moment[0] else "Date not known"
    return year, Day(words, ago_words(first.happened_at, now, day_only=first.day_only), lines)


def _folded(lines: list[Line]) -> tuple[Line, ...]:
    """The day's lines; many of one kind from one source become one that opens."""
    together: dict[tuple[str, str], list[Line]] = {}
    for line in lines:
        together.setdefault((line.kind, line.source), []).append(line)
    shown: list[Line] = []
    for group in together.values():
        shown += group if len(group) < FOLD_FROM else [_fold(group)]
    return tuple(shown)


def _fold(group: list[Line]) -> Line:
    first = group[0]
    named = ", ".join(dict.fromkeys(line.title for line in group))
    plural = _PLURALS.get(first.kind, "entries")
    title = counted(len(group), plural, plural)
    outside = sum(bool(line.flag) for line in group)
    flag = f"{outside} out of range" if outside else ""
    return Line(first.key, first.kind, title, "", shortened(named, 90), first.time, first.source, flag, tuple(group))


def _line(item: Item, now: datetime) -> Line:
    value = with_unit(item.value, item.value_text, item.unit)
    detail = item.detail
    # A dose is never shortened: half a dose is a wrong dose.
    remark = next((shortened(str(detail[key]), 140) for key in ("reason", "text", "notes") if detail.get(key)), "")
    told = (detail.get("dose") or remark, author_words(detail))
    about = " · ".join(str(words) for words in told if words and words != item.display)
    kind = KIND_WORDS[item.kind][0] if item.kind in KIND_WORDS else code_words(item.kind)
    time = "" if item.day_only or item.happened_at is None else f"{to_london(item.happened_at):%H:%M}"
    flag = against_range(item.value, item.low, item.high)
    source = sources_words(item, now)
    return Line(item.key, kind, name_of(item), shortened(value, 80), about, time, source, flag)
