"""Time. Clocks run in UTC; people read Europe/London. Business time may be moved in the demo; real time never.

Source: trust.md (an aware London datetime plus three hours is not three real hours on clock-change nights).
"""

from contextvars import ContextVar
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

LONDON = ZoneInfo("Europe/London")

_offset: ContextVar[timedelta] = ContextVar("business_offset", default=timedelta(0))


def real_now() -> datetime:
    """The machine's time in UTC: for sessions, rate limits and the ledger."""
    return datetime.now(UTC)


def now() -> datetime:
    """Business time in UTC: real time plus the demo's offset (nothing outside the demo)."""
    return real_now() + _offset.get()


def set_offset(offset: timedelta) -> None:
    """Move business time for this request or worker tick."""
    _offset.set(offset)


def to_london(moment: datetime) -> datetime:
    """The same instant as people here read it on a wall clock. Raises ValueError for a naive datetime."""
    if moment.tzinfo is None:
        raise ValueError("a time without a zone can't be shown: it may be an hour wrong")
    return moment.astimezone(LONDON)


def today() -> date:
    """The day that people here write now: London's, by the business clock."""
    return to_london(now()).date()


def age_on(birth_date: date, day: date) -> int:
    """Whole years lived by `day`; a person born on 29 February has a birthday on 1 March in other years."""
    before_birthday = (day.month, day.day) < (birth_date.month, birth_date.day)
    return day.year - birth_date.year - before_birthday
