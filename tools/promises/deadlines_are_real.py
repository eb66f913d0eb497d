"""Deadlines are real hours: a referral at each quarter-hour of three years, entered as a London clock shows it.

The oracle knows no time zone data and none of our code: seconds since 1970, and the law of the clock change (last
Sunday of March and October, 01:00 UTC). It holds both the deadline and what a London clock shows then against ours.
"""

from datetime import UTC, datetime, timedelta

from promises import Outcome, Promise

_EPOCH = datetime(1970, 1, 1)
_FIRST = datetime(2025, 1, 1)
_QUARTERS = (datetime(2028, 1, 1) - _FIRST) // timedelta(minutes=15)
_QUARTER, _HOUR = 900, 3600


def run(cases: int, seed: int) -> Outcome:
    """Each start with one response of the presets in turn, so that over the whole every response meets every change."""
    from oneplace.frontdoor.responses import presets

    begin = int((_FIRST - _EPOCH).total_seconds())
    step = max(1, _QUARTERS // cases)
    starts = sorted({*range(0, _QUARTERS, step), *_near_changes()})
    responses = [(preset, one) for preset in presets().values() for one in preset.responses]
    wrong = [
        f"{one.code} received {start} s"
        for start in (begin + quarter * _QUARTER for quarter in starts)
        for preset, one in responses
        if _ours(start, one, preset.answer_cap) != _theirs(start + int(one.target.total_seconds()))
    ]
    tried = len(starts) * len(responses)
    return Outcome(tried, len(wrong), f"{len(wrong)} mismatches in {tried:,} deadlines", tuple(wrong[:5]))


def _near_changes() -> list[int]:
    """The quarter-hours of four days before each clock change and one after: a tenth tries them all."""
    changes = [datetime.fromtimestamp(_change(year, month), UTC).replace(tzinfo=None) for year, month in _CHANGES]
    middles = [(change - _FIRST) // timedelta(minutes=15) for change in changes]
    return [quarter for middle in middles for quarter in range(middle - 4 * 96, middle + 96)]


def _ours(start: int, response, cap) -> tuple[int, datetime]:
    """Our deadline, in seconds and as London's clock shows it, of a start that is entered by London's clock."""
    from oneplace.frontdoor.rules import clock
    from oneplace.kernel.clock import to_london

    wall, second = _wall(start), _is_second(start)
    moment = clock.entered(wall, datetime(2030, 1, 1, tzinfo=UTC), second)
    due = clock.read([clock.Event(clock.Happening.STARTED, moment, response)], cap).due_at
    return int(due.timestamp()), to_london(due).replace(tzinfo=None)


def _theirs(seconds: int) -> tuple[int, datetime]:
    return seconds, _wall(seconds)


def _change(year: int, month: int) -> int:
    """The second at which London's clocks change in a March or October, by counting back from day 31 to a Sunday."""
    days = (datetime(year, month, 31) - _EPOCH).days
    return (days - (days + 4) % 7) * 24 * _HOUR + _HOUR  # day 0 was a Thursday


_CHANGES = [(year, month) for year in (2025, 2026, 2027) for month in (3, 10)]
_SUMMERS = {year: (_change(year, 3), _change(year, 10)) for year in (2024, 2025, 2026, 2027, 2028)}


def _wall(seconds: int) -> datetime:
    """What London's clock shows."""
    moment = _EPOCH + timedelta(seconds=seconds)
    start, end = _SUMMERS[moment.year]
    return moment + timedelta(hours=1) if start <= seconds < end else moment


def _is_second(seconds: int) -> bool:
    """True in the hour that an autumn night has for the second time."""
    end = _SUMMERS[(_EPOCH + timedelta(seconds=seconds)).year][1]
    return end <= seconds < end + _HOUR


PROMISE = Promise(
    "deadlines-are-real",
    "Deadlines are real hours: each quarter-hour of three years, as London's clock shows it, against a UTC oracle",
    _QUARTERS,
    run,
)
