"""Open or closed: core hours, nights over midnight, holidays, dated hours, and nights when the clocks change."""

from datetime import UTC, date, datetime, time

import pytest

from oneplace.kernel.clock import LONDON
from oneplace.place.holidays import bank_holidays
from oneplace.place.rules import Hours, holding_on, is_open, next_holiday

CORE = [Hours(weekday, time(8), time(18, 30)) for weekday in range(5)]
NIGHT = [Hours(weekday, time(21), time(7, 30), on_holidays=True) for weekday in range(7)]
ALWAYS = [Hours(weekday, time(0), time(0), on_holidays=True) for weekday in range(7)]
MONDAY = date(2026, 11, 23)


def london(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=LONDON)


@pytest.mark.parametrize(
    ("hours", "at", "open_"),
    [
        (CORE, london(23, 7, 59), False),
        (CORE, london(23, 8), True),
        (CORE, london(23, 18, 29), True),
        (CORE, london(23, 18, 30), False),
        (CORE, london(22, 12), False),  # Sunday
        (NIGHT, london(23, 20, 59), False),
        (NIGHT, london(23, 21), True),
        (NIGHT, london(24, 3), True),
        (NIGHT, london(24, 7, 29), True),
        (NIGHT, london(24, 7, 30), False),
        (ALWAYS, london(23, 0), True),
        (ALWAYS, london(22, 23, 59), True),
        ([], london(23, 12), False),
    ],
)
def test_is_open_at_the_edges_of_its_hours(hours: list[Hours], at: datetime, open_: bool) -> None:
    assert is_open(hours, {}, at) is open_


def test_holiday_closes_what_does_not_run_on_holidays() -> None:
    assert not is_open(CORE, {MONDAY}, london(23, 12))
    assert is_open(ALWAYS, {MONDAY}, london(23, 12))


def test_night_that_began_before_a_holiday_runs_on_into_it() -> None:
    sunday_night = [Hours(6, time(21), time(7, 30))]
    assert is_open(sunday_night, {MONDAY}, london(23, 3))
    assert not is_open([Hours(0, time(21), time(7, 30))], {MONDAY}, london(24, 3))


def test_dated_hours_hold_from_their_first_day_to_their_last() -> None:
    hours = [Hours(0, time(8), time(18), starts=MONDAY, ends=MONDAY)]
    assert is_open(hours, {}, london(23, 9))
    assert not is_open(hours, {}, london(30, 9))
    assert holding_on(hours, date(2026, 11, 22)) == []


def test_hours_are_of_the_wall_clock_in_summer() -> None:
    assert is_open(CORE, {}, datetime(2026, 7, 6, 7, 30, tzinfo=UTC))  # 08:30 in London


def test_naive_moment_is_refused() -> None:
    with pytest.raises(ValueError, match="zone"):
        is_open(CORE, {}, datetime(2026, 11, 23, 9))


def test_bank_holidays_are_known_without_the_network() -> None:
    known = bank_holidays()
    assert known[date(2026, 12, 25)] == "Christmas Day"
    assert known[date(2026, 12, 28)] == "Boxing Day"  # a Monday in its place
    assert next_holiday(known, MONDAY) == (date(2026, 12, 25), "Christmas Day")
    assert next_holiday({}, MONDAY) is None
