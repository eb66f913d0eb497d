"""kernel: NHS numbers, clock and ids."""

from datetime import UTC, date, datetime, timedelta
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oneplace.kernel import clock, ids, nhs_number
from oneplace.kernel.rows import EntryRow, Issue, Kind, Severity


@pytest.mark.parametrize(
    ("told", "tidied"),
    [("999 000 0018", "9990000018"), ("999-000-0018", "9990000018"), ("", ""), (None, ""), (" x ", "x")],
)
def test_nhs_number_is_tidied_of_spaces_and_hyphens(told: str | None, tidied: str) -> None:
    assert nhs_number.tidy(told) == tidied


@pytest.mark.parametrize(
    ("number", "valid", "placeholder", "test"),
    [
        ("9990000018", True, False, True),
        ("9465698679", True, False, False),
        ("1234567890", False, False, False),
        ("9990000019", False, False, False),
        ("3333333333", True, True, False),
        ("999000001", False, False, False),
        ("٩٩٩٠٠٠٠٠١٨", False, False, False),
        ("999 000001", False, False, False),
        ("", False, False, False),
    ],
)
def test_nhs_number_is_judged(number: str, valid: bool, placeholder: bool, test: bool) -> None:
    assert nhs_number.is_valid(number) is valid
    assert nhs_number.is_placeholder(number) is placeholder
    assert nhs_number.is_test(number) is test


def test_nhs_number_is_spaced_as_it_is_read_aloud() -> None:
    assert nhs_number.spaced("9990000018") == "999 000 0018"
    assert nhs_number.spaced("12345") == "12345"


def test_numbers_for_tests_are_valid_ascending_and_of_the_test_range() -> None:
    numbers = list(islice(nhs_number.numbers_for_tests(50), 300))
    assert all(nhs_number.is_test(number) for number in numbers)
    assert numbers == sorted(set(numbers))
    assert list(nhs_number.numbers_for_tests(999_999_999)) == []


@given(st.integers(0, 999_999), st.integers(0, 9), st.integers(1, 9))
def test_one_wrong_digit_never_passes(start: int, position: int, change: int) -> None:
    number = next(nhs_number.numbers_for_tests(start), "9990000018")
    wrong = str((int(number[position]) + change) % 10)
    assert not nhs_number.is_valid(number[:position] + wrong + number[position + 1 :])


def test_business_time_moves_and_real_time_does_not() -> None:
    before = clock.real_now()
    clock.set_offset(timedelta(days=30))
    try:
        assert clock.now() - before >= timedelta(days=30)
        assert clock.real_now() - before < timedelta(days=1)
    finally:
        clock.set_offset(timedelta(0))
    assert clock.now().tzinfo is UTC


@pytest.mark.parametrize(
    ("moment", "shown"),
    [
        (datetime(2021, 7, 1, 12, tzinfo=UTC), "2021-07-01T13:00:00+01:00"),
        (datetime(2021, 1, 1, 12, tzinfo=UTC), "2021-01-01T12:00:00+00:00"),
    ],
)
def test_time_is_shown_as_london_reads_it(moment: datetime, shown: str) -> None:
    assert clock.to_london(moment).isoformat() == shown


def test_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="without a zone"):
        clock.to_london(datetime(2021, 1, 1))


@pytest.mark.parametrize(
    ("born", "day", "age"),
    [
        (date(1951, 12, 12), date(2021, 12, 11), 69),
        (date(1951, 12, 12), date(2021, 12, 12), 70),
        (date(2004, 2, 29), date(2021, 2, 28), 16),
        (date(2004, 2, 29), date(2021, 3, 1), 17),
        (date(2021, 1, 1), date(2021, 1, 1), 0),
    ],
)
def test_age_is_whole_years(born: date, day: date, age: int) -> None:
    assert clock.age_on(born, day) == age


def test_keys_are_random_and_fit_an_address() -> None:
    keys = {ids.new_person_id() for _ in range(200)} | {ids.new_key() for _ in range(200)}
    assert len(keys) == 400
    assert all(len(key) == 22 and key.replace("-", "").replace("_", "").isalnum() for key in keys)


def test_rows_are_frozen_and_start_empty() -> None:
    row = EntryRow("p1", Kind.RESULT, "Observation", "x1", "entry[0]")
    assert (row.detail, row.value, row.day_only) == ({}, None, False)
    assert Issue("a", "b", "c").severity is Severity.WARNING
    with pytest.raises(AttributeError):
        row.code = "1"  # type: ignore[misc]


def test_key_never_begins_like_an_option(monkeypatch):
    from oneplace.kernel import ids

    told = iter(["-abc", "--x", "a-bc"])
    monkeypatch.setattr(ids.secrets, "token_urlsafe", lambda size: next(told))
    assert ids.new_key() == "a-bc"
