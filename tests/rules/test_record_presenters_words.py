"""Dates, ages and figures in words."""

from datetime import UTC, datetime, timedelta

import pytest

from oneplace.record.presenters import words

NOW = datetime(2026, 10, 12, 8, 30, tzinfo=UTC)  # 09:30 in London


@pytest.mark.parametrize(
    ("back", "told"),
    [
        (timedelta(seconds=20), "just now"),
        (timedelta(minutes=3), "3 min ago"),
        (timedelta(hours=3, minutes=20), "3 h ago"),
        (timedelta(hours=23), "yesterday"),
        (timedelta(days=5), "5 days ago"),
        (timedelta(days=14), "2 weeks ago"),
        (timedelta(days=90), "2 months ago"),
        (timedelta(days=800), "2 years ago"),
        (timedelta(hours=-2), "in 2 h"),
        (timedelta(days=-1), "tomorrow"),
        (timedelta(days=-21), "in 3 weeks"),
    ],
)
def test_ago_uses_the_largest_unit_that_says_something(back: timedelta, told: str) -> None:
    """How long ago, as people say it."""
    assert words.ago_words(NOW - back, NOW) == told


def test_ago_of_a_date_without_a_time_counts_days() -> None:
    """A date of today is today, not 8 hours ago."""
    assert words.ago_words(NOW.replace(hour=0, minute=0), NOW, day_only=True) == "today"
    assert words.ago_words(None, NOW) == ""


@pytest.mark.parametrize(
    ("moment", "told"),
    [
        (NOW - timedelta(minutes=3), "3 min ago"),
        (NOW - timedelta(hours=3, minutes=20), "06:10 today"),
        (NOW - timedelta(hours=27, minutes=20), "06:10 yesterday"),
        (NOW - timedelta(days=40), "2 Sep 2026 (5 weeks ago)"),
    ],
)
def test_lately_is_read_in_london(moment: datetime, told: str) -> None:
    """How fresh a source is, on the clock of people here."""
    assert words.lately_words(moment, NOW) == told


def test_date_is_told_as_far_as_the_source_told_it() -> None:
    """No day is invented for a year, and no hour for a day."""
    moment = datetime(2019, 3, 1, tzinfo=UTC)
    assert words.when_words(moment, precision="year") == "2019"
    assert words.when_words(moment, precision="month") == "Mar 2019"
    assert words.when_words(moment, day_only=True, time=True) == "1 Mar 2019"
    assert words.when_words(moment, time=True) == "1 Mar 2019, 00:00"
    assert words.when_words(None) == "Date not known"


def test_moment_late_in_the_summer_evening_falls_on_londons_day() -> None:
    """23:30 UTC in July is the next day here."""
    assert words.when_words(datetime(2026, 7, 1, 23, 30, tzinfo=UTC)) == "2 Jul 2026"


def test_clock_names_its_zone_when_an_hour_comes_twice() -> None:
    """On the last Sunday of October 01:30 happens twice."""
    first, second = datetime(2026, 10, 25, 0, 30, tzinfo=UTC), datetime(2026, 10, 25, 1, 30, tzinfo=UTC)
    assert (words.clock_words(first), words.clock_words(second)) == ("01:30 BST", "01:30 GMT")
    assert words.clock_words(NOW) == "09:30"


@pytest.mark.parametrize(
    ("value", "low", "high", "flag"),
    [(5.9, 3.5, 5.3, "High"), (3.1, 3.5, 5.3, "Low"), (5.3, 3.5, 5.3, ""), (44, 60, None, "Low"), (None, 1, 2, "")],
)
def test_value_stands_against_its_own_range(
    value: float | None, low: float | None, high: float | None, flag: str
) -> None:
    """An edge of the range is within it."""
    assert words.against_range(value, low, high) == flag


def test_figures_keep_what_the_laboratory_wrote() -> None:
    """No trailing zero, no lost comparator, no invented number."""
    assert words.with_unit(58.0, "", "mmol/mol") == "58 mmol/mol"
    assert words.with_unit(5.0, "<5", "mg/L") == "<5 mg/L"
    assert words.with_unit(None, "", "mg/L") == ""
    assert words.range_words(3.5, 5.3) == "3.5 to 5.3"
    assert words.range_words(None, 5) == "at most 5"
    assert words.range_words(60, None) == "at least 60"
    assert words.range_words(None, None) == ""


def test_sentence_leaves_a_dose_as_it_was() -> None:
    """A hyphen in free text may carry the meaning; only codes lose theirs."""
    assert words.sentence("1-2 tablets as needed") == "1-2 tablets as needed"
    assert words.sentence("one twice-daily") == "One twice-daily"
    assert words.code_words("in-progress") == "In progress"


def test_note_is_shortened_at_the_end_of_a_word() -> None:
    """Long notes end at a word, with a mark."""
    assert words.shortened("one two three four", 10) == "one two …"
    assert words.shortened("one\n  two") == "one two"


def test_date_in_a_detail_that_cannot_be_read_is_none() -> None:
    """Detail is the source's: it may hold anything."""
    assert words.told_day("2026-09-21") is not None
    assert words.told_day("last week") is None
    assert words.told_day(None) is None
