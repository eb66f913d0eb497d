"""The table panels: which columns each kind of entry has, and what one entry says in each.

A kind without columns of its own gets those of `OTHER`, so that a panel declared in YAML always shows.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from oneplace.record.presenters.words import (
    ago_words,
    also_words,
    author_words,
    code_words,
    day_words,
    differing_words,
    sentence,
    shortened,
    status_words,
    told_day,
    when_words,
    with_unit,
)
from oneplace.record.shapes import Item
from oneplace.record.windowlets import is_current


@dataclass(frozen=True, slots=True)
class Cell:
    """What one entry says in one column: the words, a second quieter line, a warning in words."""

    text: str
    under: str = ""
    warning: str = ""
    is_date: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """One entry of a table. `group` names the part of the table it stands in: Current, Past, or ''."""

    key: str
    title: Cell
    cells: tuple[Cell, ...]
    group: str


@dataclass(frozen=True, slots=True)
class Table:
    """One panel's table: heads of columns, the first of which leads to the entry."""

    heads: tuple[str, ...]
    rows: tuple[Row, ...]
    grouped: bool


Column = tuple[str, Callable[[Item, datetime], Cell]]


def table_of(items: Iterable[Item], now: datetime) -> Table:
    """The table for these entries; the first one's kind decides the columns."""
    entries = tuple(items)
    kind = entries[0].kind if entries else ""
    (head, title), *others = COLUMNS.get(kind, OTHER)
    groups = GROUPS.get(kind)
    rows = tuple(
        Row(
            item.key,
            title(item, now),
            tuple(cell(item, now) for _, cell in others),
            groups[not is_current(item.status, item.ended_at, now)] if groups else "",
        )
        for item in entries
    )
    return Table((head, *(name for name, _ in others)), rows, len({row.group for row in rows}) > 1)


def dated(item: Item, now: datetime) -> Cell:
    """When it happened: the date as far as it was told, with its age beneath."""
    precision = item.detail.get("date_precision", "")
    if item.happened_at is None:
        return Cell("Date not known", is_date=True)
    words = when_words(item.happened_at, day_only=item.day_only, precision=precision)
    return Cell(words, ago_words(item.happened_at, now, day_only=item.day_only), is_date=True)


def _source(item: Item, now: datetime) -> Cell:
    return Cell(item.source_name or item.source_code, also_words(item, now))


def _named(item: Item, now: datetime) -> Cell:
    return Cell(name_of(item), shortened(_remark(item)))


def name_of(item: Item) -> str:
    """What the entry is called; a source that sent no words is said to have sent none."""
    return item.display or str(item.detail.get("text", "")) or (f"Code {item.code}" if item.code else "No description")


def _remark(item: Item) -> str:
    """The source's own words beside the code: its text where it says more, then notes."""
    told = [str(item.detail.get(key, "")) for key in ("text", "notes", "comments")]
    return " · ".join(dict.fromkeys(words for words in told if words and words != item.display))


def _problem(item: Item, now: datetime) -> Cell:
    told = (item.detail.get("significance", ""), _status_told(item), _remark(item))
    return Cell(name_of(item), shortened(" · ".join(sentence(str(words)) for words in told if words)))


def _since(item: Item, now: datetime) -> Cell:
    began = dated(item, now)
    if item.ended_at is None:
        return began
    return Cell(began.text, f"ended {when_words(item.ended_at)}", is_date=True)


def _medicine(item: Item, now: datetime) -> Cell:
    # Never shortened: half a dose is a wrong dose.
    told = (item.detail.get("dose", ""), item.detail.get("prescription_type", ""), _stopped(item))
    return Cell(name_of(item), " · ".join(sentence(str(words)) for words in told if words), differing_words(item))


def _stopped(item: Item) -> str:
    status = _status_told(item)
    return f"{status or 'Ended'} {when_words(item.ended_at)}" if item.ended_at else status


def _status_told(item: Item) -> str:
    """The status in words, where it says what the entry's place in the table doesn't."""
    return "" if item.status.lower() in PLAIN else status_words(item)


def _issued(item: Item, now: datetime) -> Cell:
    day = told_day(item.detail.get("last_issued"))
    if day is None:
        return Cell("Not recorded", f"started {when_words(item.happened_at)}" if item.happened_at else "", is_date=True)
    moment = datetime(day.year, day.month, day.day, tzinfo=now.tzinfo)
    return Cell(day_words(day), ago_words(moment, now, day_only=True), is_date=True)


def _allergy(item: Item, now: datetime) -> Cell:
    # The gravest telling counts: no source's warning is hidden behind another's.
    severe = any(str(one.detail.get("severity", "")).lower() in {"high", "severe"} for one in (item, *item.also))
    told = (item.detail.get("category", ""), item.detail.get("verification", ""), _remark(item))
    words = " · ".join(sentence(str(part)) for part in told if part and str(part).lower() != "confirmed")
    warnings = ("Severe" if severe else "", differing_words(item))
    return Cell(name_of(item), shortened(words), "; ".join(warning for warning in warnings if warning))


def _reaction(item: Item, now: datetime) -> Cell:
    reactions = dict.fromkeys(words for one in (item, *item.also) for words in one.detail.get("reactions") or ())
    return Cell(sentence("; ".join(reactions)) if reactions else "Reaction not recorded")


def _who_where(item: Item, now: datetime) -> Cell:
    return Cell(author_words(item.detail) or "Not recorded", str(item.detail.get("place", "")))


def _encounter(item: Item, now: datetime) -> Cell:
    told = (item.detail.get("reason", ""), _remark(item), _status_told(item))
    return Cell(name_of(item), shortened(" · ".join(sentence(str(words)) for words in told if words)))


def _recipient(item: Item, now: datetime) -> Cell:
    told = (item.detail.get("recipient", ""), item.detail.get("specialty", ""))
    return Cell(
        ", ".join(str(words) for words in told if words) or "Not recorded", str(item.detail.get("priority", ""))
    )


def _status(item: Item, now: datetime) -> Cell:
    return Cell(code_words(item.status) or "Not recorded")


def _document(item: Item, now: datetime) -> Cell:
    told = (item.detail.get("category", ""), item.detail.get("notes", ""))
    return Cell(name_of(item), shortened(" · ".join(str(words) for words in told if words)))


def _vaccine(item: Item, now: datetime) -> Cell:
    given = "" if item.status.lower() not in {"not-given", "not-done"} else "Not given"
    told = (item.detail.get("vaccine", ""), item.detail.get("site", ""), _remark(item))
    return Cell(name_of(item), shortened(" · ".join(str(words) for words in told if words)), given)


def _value(item: Item, now: datetime) -> Cell:
    return Cell(with_unit(item.value, item.value_text, item.unit) or code_words(item.status))


# Statuses that say nothing a reader doesn't see from where the entry stands.
PLAIN = frozenset({"", "active", "completed", "finished", "final", "current", "inactive", "resolved", "arrived"})
GROUPS = {
    "problem": ("Active", "Past"),
    "medication": ("Current", "Stopped"),
    "allergy": ("Current", "Ended"),
    "plan": ("In force", "Ended"),
    "alert": ("Current", "Ended"),
}
OTHER: tuple[Column, ...] = (("Entry", _named), ("Value", _value), ("Date", dated), ("Source", _source))
COLUMNS: dict[str, tuple[Column, ...]] = {
    "problem": (("Problem", _problem), ("Since", _since), ("Source", _source)),
    "medication": (("Medicine and dose", _medicine), ("Last issued", _issued), ("Source", _source)),
    "allergy": (("Allergy", _allergy), ("Reaction", _reaction), ("Recorded", dated), ("Source", _source)),
    "encounter": (("Contact", _encounter), ("Date", dated), ("With", _who_where), ("Source", _source)),
    "referral": (("Referral", _named), ("Date", dated), ("To", _recipient), ("Source", _source)),
    "request": (("Request", _named), ("Due", dated), ("Status", _status), ("Source", _source)),
    "document": (("Document", _document), ("Date", dated), ("From", _who_where), ("Source", _source)),
    "immunisation": (("Vaccine", _vaccine), ("Date", dated), ("Source", _source)),
    "plan": (("Plan", _named), ("Since", _since), ("Source", _source)),
}
