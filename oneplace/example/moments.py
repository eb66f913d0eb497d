"""Moments counted back from the day of making: "-19y", "-9d 14:20", "-8m6 11:00" (six days after eight months ago)."""

import re
from datetime import date, datetime, time, timedelta

from oneplace.kernel.clock import LONDON

_TOLD = re.compile(r"(?P<sign>[+-]?)(?P<count>\d+)(?P<unit>[dmy])(?P<days>\d*)(?: (?P<clock>\d\d:\d\d))?")
_DAYS = {"d": 1.0, "m": 30.4375, "y": 365.25}


def day(text: str, today: date) -> date:
    """The date that the text names."""
    return moment(text, today).date()


def moment(text: str, today: date) -> datetime:
    """The moment that the text names; nine in the morning where it gives no time. Raises ValueError for other text."""
    told = _TOLD.fullmatch(text)
    if told is None:
        raise ValueError(f"'{text}' is no moment like -19y or -9d 14:20")
    shift = round(int(told["count"]) * _DAYS[told["unit"]])
    days = (shift if told["sign"] == "+" else -shift) + int(told["days"] or 0)
    clock = time.fromisoformat(told["clock"]) if told["clock"] else time(9)
    return datetime.combine(today + timedelta(days=days), clock, LONDON)


def at(on: date, hour: int, minute: int = 0) -> datetime:
    """A time of day in London."""
    return datetime(on.year, on.month, on.day, hour, minute, tzinfo=LONDON)
