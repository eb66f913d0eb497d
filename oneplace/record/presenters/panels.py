"""Panels of a record page: each windowlet as its table, list, trends or timeline, or as one of four kinds of nothing.

Source: record.md ("not connected / no agreement / none recorded / nil known" are told apart in words).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from oneplace.record.presenters.tables import Table, dated, name_of, table_of
from oneplace.record.presenters.timeline import Year, years_of
from oneplace.record.presenters.trend import TrendRow, trend_row
from oneplace.record.presenters.words import (
    ago_words,
    author_words,
    counted,
    lately_words,
    sentence,
    shortened,
    sources_words,
    when_words,
)
from oneplace.record.shapes import Banner, Item, SourceLine, WindowletData
from oneplace.record.windowlets import Windowlet

_MOST_PEOPLE = 10


@dataclass(frozen=True, slots=True)
class PersonLine:
    """Someone who has written in this record: name, part played, organisation, when last."""

    name: str
    role: str
    organisation: str
    last: str
    ago: str


@dataclass(frozen=True, slots=True)
class NoteLine:
    """One entry of a plain list, such as an alert or a plan."""

    key: str
    title: str
    about: str
    date: str
    ago: str
    source: str


@dataclass(frozen=True, slots=True)
class SourceWords:
    """One organisation: what of it is shown here, and how fresh."""

    name: str
    state: str
    colour: str
    fresh: str
    items: str


@dataclass(frozen=True, slots=True)
class Panel:
    """One panel, ready to be written down. `empty` and `advice` are set when there is nothing to list."""

    name: str
    title: str
    shape: str
    state: str
    column: str = "main"
    count: str = ""
    more: int = 0
    note: str = ""
    empty: str = ""
    advice: str = ""
    table: Table | None = None
    trends: tuple[TrendRow, ...] = ()
    years: tuple[Year, ...] = ()
    notes: tuple[NoteLine, ...] = ()
    people: tuple[PersonLine, ...] = ()
    sources: tuple[SourceWords, ...] = ()
    may_fold: bool = False  # holds nothing, and may be named with others that hold nothing


def nothing_recorded(column: str, named: str) -> Panel:
    """One panel in place of several empty ones."""
    advice = "The sources shown here hold none. It does not mean that there are none."
    return Panel("nothing", "None recorded", "list", "none recorded", column, empty=f"{named}.", advice=advice)


def panel_of(
    data: WindowletData,
    now: datetime,
    *,
    declared: Windowlet | None = None,
    banner: Banner | None = None,
    sources: Iterable[SourceLine] = (),
    narrowed: bool = False,
) -> Panel:
    """One windowlet in words. `banner` and `sources` serve the panels that aren't made of entries."""
    column = declared.column if declared else "main"
    plain = {"name": data.name, "title": data.title, "shape": data.shape, "state": data.state, "column": column}
    if data.shape == "sources":
        return Panel(**plain, sources=source_words(sources, now))
    if data.shape == "people":
        return Panel(**plain, people=people_of(data.items, banner, now))
    if data.state != "filled" or not (data.items or data.trends):
        empty, advice = _nothing(data, narrowed)
        may_fold = data.state == "none recorded" and not (declared and declared.always) and not data.note
        return Panel(**plain, note=data.note, empty=empty, advice=advice, may_fold=may_fold)
    return Panel(**plain, **_filled(data, now), count=_count(data), more=data.more, note=data.note)


def _filled(data: WindowletData, now: datetime) -> dict[str, object]:
    if data.shape == "trends":
        return {"trends": tuple(trend_row(trend, now) for trend in data.trends)}
    if data.shape == "timeline":
        return {"years": years_of(data.items, now)}
    if data.shape == "list":
        return {"notes": tuple(_note(item, now) for item in data.items)}
    return {"table": table_of(data.items, now)}


def _count(data: WindowletData) -> str:
    shown = len(data.trends) if data.shape == "trends" else len(data.items)
    return f"{shown:,} of {shown + data.more:,}" if data.more else f"{shown:,}"


def _nothing(data: WindowletData, narrowed: bool) -> tuple[str, str]:
    """What an empty panel says, and what that does and doesn't mean."""
    what = data.title.lower()
    if narrowed and data.state in {"filled", "none recorded"}:
        return "Nothing matches what you chose.", "Choose 'Everything' to see the whole timeline."
    words = {
        "nil known": (f"No known {what}.", "" if data.note else "Asked, and recorded by a source."),
        "no agreement": ("Not shown: no sharing agreement.", "The organisation that holds this does not share here."),
        "closed": ("Closed to you.", "Your own organisation recorded none. What others may hold is closed to you."),
        "not connected": ("Not connected.", "No source that would tell of this is connected here yet."),
    }
    recorded = ("None recorded.", f"The sources shown here hold no {what}. It does not mean that there are none.")
    return words.get(data.state, recorded)


def _note(item: Item, now: datetime) -> NoteLine:
    when = dated(item, now)
    about = (item.detail.get("text"), item.detail.get("notes"), author_words(item.detail))
    words = " · ".join(str(part) for part in about if part and part != item.display)
    source = sources_words(item, now)
    return NoteLine(item.key, name_of(item), shortened(words, 240), when.text, when.under, source)


def people_of(items: Iterable[Item], banner: Banner | None, now: datetime) -> tuple[PersonLine, ...]:
    """Everyone who has written in these entries, latest first, after the registered practice."""
    latest: dict[tuple[str, str], Item] = {}
    for item in items:
        author = str(item.detail.get("author", ""))
        where = str(item.detail.get("organisation", "") or item.source_name)
        if author and item.happened_at and _is_later(item, latest.get((author, where))):
            latest[(author, where)] = item
    newest = sorted(latest.items(), key=lambda pair: pair[1].happened_at, reverse=True)[:_MOST_PEOPLE]
    practice = [PersonLine(banner.practice_name, "Registered practice", "", "", "")] if _has_practice(banner) else []
    return (*practice, *(_person(author, where, item, now) for (author, where), item in newest))


def _is_later(item: Item, than: Item | None) -> bool:
    return than is None or item.happened_at > than.happened_at


def _has_practice(banner: Banner | None) -> bool:
    return bool(banner and banner.practice_name)


def _person(author: str, where: str, item: Item, now: datetime) -> PersonLine:
    last = when_words(item.happened_at, day_only=item.day_only)
    ago = ago_words(item.happened_at, now, day_only=item.day_only)
    return PersonLine(author, sentence(str(item.detail.get("role", ""))), where, last, ago)


_STATES = {
    "shown": ("Shown", "green"),
    "closed": ("Closed to you: the person's consent", "yellow"),
    "no agreement": ("No agreement: does not share here", "yellow"),
    "not connected": ("Not connected yet", "grey"),
}


def source_words(sources: Iterable[SourceLine], now: datetime) -> tuple[SourceWords, ...]:
    """Every organisation that tells of this person, or could. Of a hidden one nothing but its name."""
    found = []
    for line in sources:
        state, colour = _STATES.get(line.state, (sentence(line.state), "grey"))
        shown = line.state == "shown"
        fresh = lately_words(line.received_at, now) if shown and line.received_at else ""
        items = counted(line.items, "entry", "entries") if shown else ""
        found.append(SourceWords(line.name or line.code, state, colour, fresh, items))
    return tuple(found)


def freshness(sources: Iterable[SourceLine], now: datetime) -> tuple[tuple[str, str], ...]:
    """Each source with how fresh it is, for the line under the banner."""
    quiet = {"no agreement": "no agreement", "closed": "closed to you", "not connected": "not connected"}
    return tuple((line.name or line.code, quiet.get(line.state) or _received(line, now)) for line in sources)


def _received(line: SourceLine, now: datetime) -> str:
    return lately_words(line.received_at, now) if line.received_at else "nothing received yet"
