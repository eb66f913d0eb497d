"""Open or closed, member or not: pure answers over dated rows. Wall-clock hours are London's.

Source: GP core hours 08:00-18:30 and services that run over midnight (night teams 21:00-07:30).
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Protocol, TypeVar

from oneplace.kernel.clock import to_london


@dataclass(frozen=True, slots=True)
class Hours:
    """One weekly opening. Closing at or before opening is on the next day; 00:00 to 00:00 is the whole day."""

    weekday: int  # Monday is 0
    opens: time
    closes: time
    on_holidays: bool = False
    starts: date | None = None
    ends: date | None = None


class Dated(Protocol):
    """Anything that holds from a first day to a last one, both included."""

    @property
    def starts(self) -> date | None: ...

    @property
    def ends(self) -> date | None: ...


Held = TypeVar("Held", bound=Dated)


def holds_on(row: Dated, day: date) -> bool:
    """True from the first day to the last; an open end holds on."""
    return (row.starts is None or row.starts <= day) and (row.ends is None or day <= row.ends)


def holding_on(rows: Iterable[Held], day: date) -> list[Held]:
    """The rows that hold on a day."""
    return [row for row in rows if holds_on(row, day)]


def is_open(hours: Iterable[Hours], holidays: Collection[date], at: datetime) -> bool:
    """Whether any of the hours covers the moment. What began before a holiday's midnight runs on into it.

    Raises ValueError for a naive moment.
    """
    here = to_london(at)
    today, clock = here.date(), here.time()
    yesterday = today - timedelta(days=1)
    for row in hours:
        overnight = row.closes <= row.opens
        if _runs(row, today, holidays) and row.opens <= clock and (overnight or clock < row.closes):
            return True
        if overnight and clock < row.closes and _runs(row, yesterday, holidays):
            return True
    return False


def _runs(row: Hours, day: date, holidays: Collection[date]) -> bool:
    return row.weekday == day.weekday() and holds_on(row, day) and (row.on_holidays or day not in holidays)


def next_holiday(holidays: Mapping[date, str], day: date) -> tuple[date, str] | None:
    """The first holiday on or after a day, with its name; None where none is known."""
    return min(((when, name) for when, name in holidays.items() if when >= day), default=None)


def tidy_postcode(told: str) -> str:
    """A postcode as it is usually written: capitals, a space before its last three."""
    plain = "".join(told.upper().split())
    return f"{plain[:-3]} {plain[-3:]}" if len(plain) > 3 else plain
