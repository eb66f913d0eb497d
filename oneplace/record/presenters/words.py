"""Dates, ages and figures as tired people read them: absolute and relative, Europe/London, plain.

Source: screens.md (times relative and absolute; on clock-change nights with the offset).
"""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from oneplace.kernel.clock import to_london
from oneplace.record.shapes import Item

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_STEPS = ((60, "min", 60), (24 * 60, "h", 3600))
_DAYS = ((14, "day", 1), (60, "week", 7), (730, "month", 30.44))


def day_words(day: date) -> str:
    """12 Mar 1943."""
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


def clock_words(moment: datetime) -> str:
    """06:10, and with its zone (01:30 BST) on the two days a year when an hour is missing or comes twice."""
    local = to_london(moment)
    morning = local.replace(hour=0, minute=0)
    changes = morning.utcoffset() != (morning + timedelta(days=1)).utcoffset()
    return f"{local:%H:%M} {local.tzname()}" if changes else f"{local.hour:02}:{local.minute:02}"


def when_words(moment: datetime | None, *, day_only: bool = False, precision: str = "", time: bool = False) -> str:
    """The date as far as the source told it: 2019, Mar 2019 or 12 Mar 2019, and 12 Mar 2019, 06:10 when `time`."""
    if moment is None:
        return "Date not known"
    if precision == "year":
        return str(moment.year)
    if precision == "month":
        return f"{_MONTHS[moment.month - 1]} {moment.year}"
    # A date without a time is midnight UTC: moving it to London could only move it wrongly.
    day = moment if day_only else to_london(moment)
    words = f"{day.day} {_MONTHS[day.month - 1]} {day.year}"
    return f"{words}, {clock_words(moment)}" if time and not day_only else words


def lately_words(moment: datetime, now: datetime) -> str:
    """How fresh: 3 min ago, 06:10 today, 06:10 yesterday, else the date with its age."""
    minutes = (now - moment).total_seconds() / 60
    if -1 < minutes < 60:
        return "just now" if minutes < 1 else f"{int(minutes)} min ago"
    days = (to_london(now).date() - to_london(moment).date()).days
    if days in (0, 1):
        return f"{clock_words(moment)} {('today', 'yesterday')[days]}"
    return f"{when_words(moment)} ({ago_words(moment, now)})"


def ago_words(moment: datetime | None, now: datetime, *, day_only: bool = False) -> str:
    """How long ago, in the largest unit that still says something: 3 h ago, 5 days ago, 7 years ago, in 3 weeks."""
    if moment is None:
        return ""
    days = (to_london(now).date() - (moment.date() if day_only else to_london(moment).date())).days
    if days == 0 and not day_only:
        return _hours(int((now - moment).total_seconds()))
    if -2 < days < 2:
        return ("today", "yesterday", "tomorrow")[days]
    return _before_or_after(_long(abs(days)), days > 0)


def _hours(seconds: int) -> str:
    if abs(seconds) < 60:
        return "just now"
    for limit, unit, size in _STEPS:
        if abs(seconds) < limit * 60:
            return _before_or_after(f"{abs(seconds) // size} {unit}", seconds > 0)
    return "today"


def _long(days: int) -> str:
    for limit, unit, size in _DAYS:
        if days < limit:
            return counted(int(days / size), unit)
    return counted(int(days / 365.25), "year")


def _before_or_after(words: str, before: bool) -> str:
    return f"{words} ago" if before else f"in {words}"


def counted(number: int, noun: str, plural: str = "") -> str:
    """1 item, 3 items."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def number_words(value: float) -> str:
    """A figure as the laboratory wrote it: 58, 7.2, 0.05; never 58.0."""
    return f"{value:.10g}"


def with_unit(value: float | None, text: str, unit: str) -> str:
    """A value with its unit: the source's own text where it has one (<5, 142/86), else the number."""
    words = text or ("" if value is None else number_words(value))
    return f"{words} {unit}".strip() if words else ""


def range_words(low: float | None, high: float | None, unit: str = "") -> str:
    """A reference range: 20 to 42, at least 60, at most 5; '' when the source gives none."""
    if low is not None and high is not None:
        return f"{number_words(low)} to {number_words(high)} {unit}".strip()
    if low is not None:
        return f"at least {number_words(low)} {unit}".strip()
    return f"at most {number_words(high)} {unit}".strip() if high is not None else ""


def against_range(value: float | None, low: float | None, high: float | None) -> str:
    """High, Low or '': where a value stands against its own reference range."""
    if value is None:
        return ""
    if high is not None and value > high:
        return "High"
    return "Low" if low is not None and value < low else ""


def sentence(words: str) -> str:
    """The same words with a capital, and nothing else changed: a hyphen may be a dose (1-2 tablets)."""
    tidy = words.strip()
    return tidy[:1].upper() + tidy[1:]


def code_words(code: str) -> str:
    """A status code in words: in-progress becomes In progress."""
    return sentence(code.replace("-", " "))


def status_words(item: Item) -> str:
    """The status of an entry in words; of one that its practice's record no longer holds, since when that is known."""
    since = told_day(item.detail.get("no_longer_told"))
    return f"No longer in the GP record: not in it on {since:%-d %b %Y}" if since else code_words(item.status)


def told_day(iso: Any) -> date | None:
    """A date that a source's detail holds as text, or None when there is none that can be read."""
    try:
        return date.fromisoformat(str(iso)[:10]) if iso else None
    except ValueError:
        return None


def author_words(detail: Mapping[str, Any]) -> str:
    """Who wrote it: name, role, and the organisation where it isn't the sender."""
    return ", ".join(str(detail[key]) for key in ("author", "role", "organisation") if detail.get(key))


def shortened(words: str, limit: int = 180) -> str:
    """Words cut at a word's end, so that one long note doesn't push the rest off the page."""
    words = " ".join(words.split())
    if len(words) <= limit:
        return words
    return words[:limit].rsplit(" ", 1)[0] + " …"


def also_words(item: Item, now: datetime) -> str:
    """Who else tells the fact and how fresh each is: also Hospital (2 h ago) and Hospice (12 Mar 2024)."""
    ages: dict[str, datetime] = {}
    for other in item.also:
        if other.source_name != item.source_name:
            ages[other.source_name] = max(other.received_at, ages.get(other.source_name, other.received_at))
    told = [f"{name} ({lately_words(at, now)})" for name, at in ages.items()]
    if not told:
        return f"told {len(item.also) + 1} times" if item.also else ""
    return f"also {', '.join(told[:-1])} and {told[-1]}" if len(told) > 1 else f"also {told[0]}"


def sources_words(item: Item, now: datetime) -> str:
    """Everyone who tells the fact: the source that speaks first, then the others with how fresh each is."""
    return ", ".join(words for words in (item.source_name, also_words(item, now)) if words)


_COMPARED = {"medication": (("dose", "dose"),), "allergy": (("reactions", "reaction"), ("severity", "severity"))}


def differing_words(item: Item) -> str:
    """What the tellings of one fact say differently, as far as it matters to care: Sources differ on dose."""
    names = [
        name
        for key, name in _COMPARED.get(item.kind, ())
        if len({_plain(one, key) for one in (item, *item.also)} - {""}) > 1
    ]
    return f"Sources differ on {' and '.join(names)}" if names else ""


def _plain(item: Item, key: str) -> str:
    told = item.detail.get(key) or ""
    return " ".join((told if isinstance(told, str) else "; ".join(map(str, told))).casefold().replace(".", " ").split())
