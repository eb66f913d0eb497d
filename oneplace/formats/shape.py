"""Shapes that all formats share: moments, numbers as people write them, postcodes.

A moment without a zone is read as London's wall clock, which is what English systems mean by it.
"""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import NamedTuple

from oneplace.kernel import clock
from oneplace.kernel.clock import LONDON

_POSTCODE = re.compile(r"([A-Z]{1,2}[0-9][A-Z0-9]?) *([0-9][A-Z]{2})")


class Moment(NamedTuple):
    """A point in time as told: `precision` is '' for a whole date, else how much of it was told."""

    at: datetime | None = None
    day_only: bool = False
    precision: str = ""  # year | month | '' ; 'zone' where London was assumed


NEVER = Moment()
FIRST_YEAR = 1850  # systems write year 1 or 1753 for "none", and year 1 can't be shown in London's time


def iso_moment(text: str) -> Moment:
    """FHIR date, dateTime or instant. Raises ValueError or OverflowError for anything else."""
    length = len(text)
    if length > 10 and text[10] == "T":
        told = _plausible(datetime.fromisoformat(text))
        if told.tzinfo is None:
            return Moment(told.replace(tzinfo=LONDON).astimezone(UTC), False, "zone")
        return Moment(told.astimezone(UTC))
    if length == 10 and text[7] == "-":
        return Moment(_plausible(datetime.fromisoformat(text)).replace(tzinfo=UTC), True)
    if length == 7:
        return Moment(_plausible(datetime.fromisoformat(text + "-01")).replace(tzinfo=UTC), True, "month")
    if length == 4:
        return Moment(_plausible(datetime.fromisoformat(text + "-01-01")).replace(tzinfo=UTC), True, "year")
    raise ValueError("not a FHIR date")


def birth_date(told: Moment, fault: Callable[[str, str], None]) -> date | None:
    """The date of birth that was told; None, with an issue, where it is no whole date or is still to come."""
    if told.at is None:
        return None
    if told.precision:
        fault("birth-date-partial", "a year or month alone is no date of birth: left out")
        return None
    # A time beside the day is London's: in UTC a birth at midnight in summer would move to the day before.
    return born((told.at if told.day_only else clock.to_london(told.at)).date(), fault)


def born(day: date, fault: Callable[[str, str], None]) -> date | None:
    """The day of birth; None, with an issue, where it is still to come."""
    if day <= clock.today():
        return day
    fault("birth-date-future", "nobody is born in the future: this date of birth was left out")
    return None


def _plausible(told: datetime) -> datetime:
    if told.year < FIRST_YEAR:
        raise ValueError("before any record")
    return told


def number_text(value: float) -> str:
    """120.0 as 120 and 6.25 as 6.25: a number as people write it."""
    return str(int(value)) if value == int(value) and abs(value) < 1e15 else repr(value)


def postcode(text: str) -> str:
    """The postcode in its usual form (ME1 2AB) where it can be read, else as told."""
    found = _POSTCODE.fullmatch(text.strip().upper())
    return f"{found[1]} {found[2]}" if found else text.strip()
