"""Whole pages: a person's record, one panel of it, one entry with its source facts, and what a search found."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from urllib.parse import urlencode

from oneplace.record.presenters.banner import (
    BannerWords,
    banner_words,
    born_words,
    hit_words,
    number_words,
)
from oneplace.record.presenters.panels import Panel, freshness, nothing_recorded, panel_of
from oneplace.record.presenters.tables import name_of
from oneplace.record.presenters.timeline import KIND_WORDS, Chip, kind_chips, source_chips
from oneplace.record.presenters.words import (
    against_range,
    ago_words,
    author_words,
    clock_words,
    code_words,
    counted,
    day_words,
    differing_words,
    lately_words,
    range_words,
    sentence,
    status_words,
    told_day,
    when_words,
    with_unit,
)
from oneplace.record.shapes import DocumentShown, Found, Hit, Item, LockedRecord, Opened
from oneplace.record.windowlets import View


@dataclass(frozen=True, slots=True)
class Asked:
    """What the address of a record page says: where it is, and choices that carry no person data."""

    address: str
    view: str = ""
    kind: str = ""
    source: str = ""
    printing: bool = False
    offset: int = 0


@dataclass(frozen=True, slots=True)
class PersonPage:
    """A person's record as one page."""

    banner: BannerWords
    title: str
    view: str
    main: tuple[Panel, ...]
    side: tuple[Panel, ...]
    fresh: tuple[tuple[str, str], ...]
    views: tuple[Chip, ...]
    kind_chips: tuple[Chip, ...]
    source_chips: tuple[Chip, ...]
    basis: str
    closed: str  # what other organisations hold is closed, and why
    opened: str
    address: str
    print_address: str
    printing: bool


def person_page(opened: Opened, view: View, others: tuple[View, ...], asked: Asked) -> PersonPage:
    """The page of one opened record: panels in the order that the view declares, each in its column."""
    now = opened.opened_at
    panels = _panels(opened, view, asked, now)
    allergies = next((data for data in opened.windowlets if data.name == "allergies"), None)
    keep = {"view": asked.view}
    return PersonPage(
        banner=banner_words(opened.banner, now, allergies=allergies, conflicts=opened.conflicts),
        title=opened.view_title,
        view=opened.view,
        main=_gathered([panel for panel in panels if panel.column == "main"]),
        side=_gathered([panel for panel in panels if panel.column == "side"]),
        fresh=freshness(opened.sources, now),
        views=tuple(Chip(one.title, f"?view={one.name}", one.name == opened.view) for one in others),
        kind_chips=kind_chips(asked.address, keep, asked.kind, asked.source),
        source_chips=source_chips(asked.address, keep, asked.kind, asked.source, opened.sources),
        basis=basis_words(opened),
        closed=closed_words(opened.closed),
        opened=when_words(now, time=True),
        address=asked.address,
        print_address=f"?view={opened.view}&print=yes",
        printing=asked.printing,
    )


@dataclass(frozen=True, slots=True)
class LockedPage:
    """A record that stays closed: who the person is, and why."""

    banner: BannerWords
    why: str


_CLOSED = {
    "no relationship": "Your organisation has no open relationship with this person.",
    "consent not asked": "The person has not been asked whether you may see what other organisations hold.",
    "consent refused": "The person has refused to let you see what other organisations hold.",
    "consent withdrawn": "The person has withdrawn their consent for you to see what other organisations hold.",
}


def locked_page(locked: LockedRecord, now: datetime) -> LockedPage:
    """The page of a record that stays closed."""
    return LockedPage(banner_words(locked.banner, now), closed_words(locked.reason))


def closed_words(reason: str) -> str:
    """Why a record, or what other organisations hold of it, is closed; '' where nothing is."""
    return _CLOSED.get(reason, "")


def basis_words(opened: Opened) -> str:
    """Why the record may be seen, with organisations by name and dates as people read them."""
    words = opened.basis
    for code, name in [(opened.banner.practice_code, opened.banner.practice_name)] + [
        (line.code, line.name) for line in opened.sources
    ]:
        words = words.replace(code, name) if code and name else words
    return sentence(re.sub(r"\b\d{4}-\d\d-\d\d\b", lambda found: day_words(date.fromisoformat(found[0])), words))


def _gathered(panels: list[Panel]) -> tuple[Panel, ...]:
    """The panels of a column, those with nothing to say named together at its foot, so that the rest stays in sight."""
    bare = [panel for panel in panels if panel.may_fold]
    if len(bare) < 2:
        return tuple(panels)
    named = sentence(", ".join(panel.title.lower() for panel in bare))
    foot = nothing_recorded(bare[0].column, named)
    return (*(panel for panel in panels if not panel.may_fold), foot)


def _panels(opened: Opened, view: View, asked: Asked, now: datetime) -> list[Panel]:
    declared = {panel.name: panel for panel in view.windowlets}
    narrowed = bool(asked.kind or asked.source)
    return [
        panel_of(
            data,
            now,
            declared=declared.get(data.name),
            banner=opened.banner,
            sources=opened.sources,
            narrowed=narrowed and data.shape == "timeline",
        )
        for data in opened.windowlets
    ]


@dataclass(frozen=True, slots=True)
class PanelPage:
    """One panel by itself, a page of it at a time."""

    banner: BannerWords
    panel: Panel
    kind_chips: tuple[Chip, ...]
    source_chips: tuple[Chip, ...]
    shown: str
    earlier: str  # address of the entries before these; '' at the start
    later: str


def panel_page(opened: Opened, name: str, asked: Asked) -> PanelPage:
    """A page of one panel: the door opened the record for this panel alone."""
    now, data = opened.opened_at, next(data for data in opened.windowlets if data.name == name)
    filtered = data.shape == "timeline"
    keep = {"view": asked.view}
    chips = (asked.address, keep, asked.kind, asked.source)
    panel = panel_of(data, now, banner=opened.banner, sources=opened.sources, narrowed=bool(asked.kind or asked.source))
    count = len(data.trends) or len(data.items)
    last = asked.offset + count
    return PanelPage(
        banner=banner_words(opened.banner, now, conflicts=opened.conflicts),
        panel=panel,
        kind_chips=kind_chips(*chips) if filtered else (),
        source_chips=source_chips(*chips, opened.sources) if filtered else (),
        shown=f"{asked.offset + 1:,} to {last:,} of {last + data.more:,}" if count else "",
        earlier=_page_from(asked, max(0, asked.offset - max(count, 20))) if asked.offset else "",
        later=_page_from(asked, last) if data.more else "",
    )


def _page_from(asked: Asked, offset: int) -> str:
    choices = {"view": asked.view, "kind": asked.kind, "source": asked.source, "from": str(offset)}
    return "?" + urlencode({key: value for key, value in choices.items() if value})


@dataclass(frozen=True, slots=True)
class AlsoLine:
    """Another feed's telling of the fact: who, what it says, how fresh."""

    key: str
    source: str
    words: str
    fresh: str


@dataclass(frozen=True, slots=True)
class ItemPage:
    """One entry with everything that its source told of it, and where that stands."""

    banner: BannerWords
    title: str
    kind: str
    facts: tuple[tuple[str, str], ...]
    source_facts: tuple[tuple[str, str], ...]
    parts: tuple[tuple[str, str], ...]
    also: tuple["AlsoLine", ...]
    history: tuple[tuple[str, str], ...]
    issues: tuple[str, ...]
    text: str
    basis: str


def item_page(shown: DocumentShown) -> ItemPage:
    """The page of one entry: first what it says, then where it comes from."""
    item = shown.item
    return ItemPage(
        banner=banner_words(shown.banner, shown.opened_at),
        title=name_of(item),
        kind=KIND_WORDS.get(item.kind, (code_words(item.kind), ""))[0],
        facts=_facts(item, shown.opened_at),
        source_facts=_source_facts(shown),
        parts=_parts(item),
        also=tuple(_also_line(other, shown.opened_at) for other in item.also),
        history=tuple((when_words(old.received_at, time=True), _history_words(old)) for old in shown.history),
        issues=shown.issues,
        text=shown.text,
        basis=shown.basis,
    )


def _also_line(item: Item, now: datetime) -> AlsoLine:
    told = (name_of(item), _value(item), str(item.detail.get("dose", "")), when_words(item.happened_at))
    words = ", ".join(part for part in (*told, status_words(item)) if part)
    return AlsoLine(item.key, item.source_name or item.source_code, words, lately_words(item.received_at, now))


def _value(item: Item) -> str:
    return with_unit(item.value, item.value_text, item.unit)


_DETAIL_WORDS = {
    "text": "In the source's words",
    "dose": "Dose",
    "quantity": "Quantity",
    "prescription_type": "Prescription",
    "reason": "Reason",
    "significance": "Significance",
    "severity": "Severity",
    "verification": "Certainty",
    "category": "Category",
    "specimen": "Specimen",
    "interpretation": "Interpretation",
    "requester": "Asked for by",
    "comments": "Comment",
    "notes": "Notes",
    "place": "Place",
    "site": "Site",
    "recipient": "To",
    "specialty": "Specialty",
    "priority": "Priority",
    "batch": "Batch",
    "manufacturer": "Manufacturer",
}


def _facts(item: Item, now: datetime) -> tuple[tuple[str, str], ...]:
    """What the entry says, in the order in which a clinician asks."""
    detail = item.detail
    value = _value(item)
    flag = against_range(item.value, item.low, item.high)
    ago = ago_words(item.happened_at, now, day_only=item.day_only)
    precision = detail.get("date_precision", "")
    when = when_words(item.happened_at, day_only=item.day_only, precision=precision, time=True)
    told = [
        ("Value", f"{value} ({flag})" if flag else value),
        ("Reference range", range_words(item.low, item.high, item.unit) or str(detail.get("range", ""))),
        ("Date", f"{when} ({ago})" if ago else when),
        ("Ended", when_words(item.ended_at) if item.ended_at else ""),
        ("Status", status_words(item)),
        ("Reactions", "; ".join(detail.get("reactions") or ())),
        ("Take care", differing_words(item)),
        *((words, str(detail.get(key, ""))) for key, words in _DETAIL_WORDS.items()),
        ("Last issued", day_words(issued) if (issued := told_day(detail.get("last_issued"))) else ""),
        ("Written by", author_words(detail)),
    ]
    return tuple((label, words) for label, words in told if words)


def _source_facts(shown: DocumentShown) -> tuple[tuple[str, str], ...]:
    """Where it comes from: organisation, times, code, and the place in the document as received."""
    item = shown.item
    told = (
        ("Organisation", f"{item.source_name} ({item.source_code})" if item.source_name else item.source_code),
        ("Received", when_words(item.received_at, time=True)),
        ("Version made by the source", when_words(shown.version_at, time=True) if shown.version_at else ""),
        ("Version", shown.version),
        ("Code", item.code),
        ("Code system", item.system),
        ("Format", shown.format),
        ("Place in the document", shown.path),
        ("Size of the document", counted(shown.size, "byte") if shown.size else ""),
        ("Digest (SHA-256)", shown.digest),
    )
    return tuple((label, words) for label, words in told if words)


def _parts(item: Item) -> tuple[tuple[str, str], ...]:
    """The parts of a panel of values or the answers of a form."""
    parts = (part for part in item.detail.get("components") or () if isinstance(part, dict))
    return tuple((str(part.get("display", "")), _part_words(part)) for part in parts)


def _part_words(part: Mapping[str, Any]) -> str:
    value = str(part.get("value", "") or part.get("missing", ""))
    return with_unit(None, value, str(part.get("unit", "")))


def _history_words(item: Item) -> str:
    told = (name_of(item), _value(item), status_words(item))
    return ", ".join(part for part in told if part)


@dataclass(frozen=True, slots=True)
class HitRow:
    """One found person: enough to be sure before opening."""

    key: str
    name: str
    born: str
    number: str
    sex: str
    address: str
    practice: str
    why: str
    colour: str
    notes: tuple[str, ...]


def hit_row(hit: Hit) -> HitRow:
    """A found person in words."""
    notes = (("Has died",) if hit.deceased else ()) + (("Identity conflict",) if hit.identity_conflict else ())
    sure = hit.why in {"exact", "NHS number"}
    return HitRow(
        key=hit.person_id,
        name=hit_words(hit),
        born=born_words(hit.birth_date),
        number=number_words(hit.nhs_number),
        sex=sentence(hit.sex),
        address=hit.address or "not known",
        practice=hit.practice_name or "not known",
        why=_WHY.get(hit.why, sentence(hit.why)),
        colour="green" if sure else "grey",
        notes=notes,
    )


_WHY = {"exact": "Same name", "NHS number": "Same NHS number", "date of birth": "Same date of birth"}


def found_words(found: Found) -> str:
    """How many were found, and whether that is all."""
    if found.truncated:
        return f"More than {counted(len(found.hits), 'person', 'people')} found: add a date of birth or a given name"
    return f"{counted(len(found.hits), 'person', 'people')} found"


def printed_words(now: datetime, name: str) -> str:
    """The line at the foot of a printed record."""
    return f"Printed {when_words(now)} at {clock_words(now)} by {name}. Confidential: about one person."
