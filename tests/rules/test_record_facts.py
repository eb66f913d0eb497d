"""One fact from several feeds: what is put together, and what is left as two lines because it may be two things."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oneplace.record.facts import Telling, groups

NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
SNOMED = "http://snomed.info/sct"
GOUT = Telling("problem", "90560007", SNOMED, "Gout", NOON, True, None, "", "", True, "G99001", 1, 0)
POTASSIUM = replace(GOUT, kind="result", code="1000651000000109", words="Serum potassium", day_only=False, value=4.1)
POTASSIUM = replace(POTASSIUM, unit="mmol/L")


def told(one: Telling, source: str, rank: int, **changes: object) -> Telling:
    """The same fact as another organisation tells it."""
    return replace(one, source=source, rank=rank, document=rank + 100, **changes)


def test_three_feeds_make_one_fact_with_the_first_source_ahead():
    hospital, hospice = told(GOUT, "RCB", 1), told(GOUT, "H99", 2, words="Gout (disorder)")
    assert groups([hospice, GOUT, hospital]) == [[1, 2, 0]]


def test_words_join_where_codes_differ():
    assert groups([GOUT, told(GOUT, "RCB", 1, code="M10.9", system="icd-10", words="gout ")]) == [[0, 1]]


def test_standing_thing_is_one_whatever_date_each_source_gives():
    assert groups([GOUT, told(GOUT, "RCB", 1, at=NOON - timedelta(days=3000))]) == [[0, 1]]


def test_active_and_ended_stay_apart():
    """One source says it runs, another that it ended: both are seen."""
    assert groups([GOUT, told(GOUT, "RCB", 1, running=False)]) == [[0], [1]]


@pytest.mark.parametrize(("days", "together"), [(20, True), (40, False)])
def test_ended_things_are_one_when_they_began_together(days: int, together: bool):
    over = replace(GOUT, running=False)
    other = told(over, "RCB", 1, at=NOON - timedelta(days=days))
    assert (groups([over, other]) == [[0, 1]]) is together
    assert groups([over, told(over, "RCB", 1, at=None)]) == [[0, 1]]


def test_source_that_lists_a_thing_twice_keeps_two_lines():
    """Two gouts in one document are two entries of its author; a letter that repeats one adds nothing."""
    assert groups([GOUT, GOUT]) == [[0], [1]]
    assert groups([GOUT, replace(GOUT, document=2), replace(GOUT, document=3)]) == [[0, 1, 2]]


def test_result_is_one_at_the_same_minute_with_the_same_value():
    assert groups([POTASSIUM, told(POTASSIUM, "RCB", 1, at=NOON + timedelta(seconds=30))]) == [[0, 1]]
    assert groups([POTASSIUM, told(POTASSIUM, "RCB", 1, at=NOON + timedelta(minutes=1))]) == [[0], [1]]
    assert groups([POTASSIUM, told(POTASSIUM, "RCB", 1, value=4.2)]) == [[0], [1]]
    assert groups([POTASSIUM, told(POTASSIUM, "RCB", 1, unit="mg/dL")]) == [[0], [1]]
    words = replace(POTASSIUM, value=None, value_text="Normal")
    assert groups([words, told(words, "RCB", 1, value_text="normal ")]) == [[0, 1]]


def test_result_without_a_time_is_one_on_the_same_day():
    assert groups([POTASSIUM, told(POTASSIUM, "RCB", 1, day_only=True)]) == [[0, 1]]
    late = datetime(2026, 7, 4, 23, 30, tzinfo=UTC)  # the fifth in London
    assert groups([replace(POTASSIUM, at=late), told(POTASSIUM, "RCB", 1, at=late, day_only=True)]) == [[0], [1]]


def test_undated_results_stay_apart():
    undated = replace(POTASSIUM, at=None)
    assert groups([undated, told(undated, "RCB", 1)]) == [[0], [1]]


def test_one_source_that_measured_twice_keeps_both():
    assert groups([POTASSIUM, replace(POTASSIUM, document=9)]) == [[0], [1]]


def test_documents_and_nameless_things_are_never_put_together():
    letter = replace(GOUT, kind="document")
    assert groups([letter, told(letter, "RCB", 1)]) == [[0], [1]]
    bare = replace(GOUT, code="", words="")
    assert groups([bare, told(bare, "RCB", 1)]) == [[0], [1]]


TELLINGS = st.builds(
    Telling,
    kind=st.sampled_from(["problem", "result", "document"]),
    code=st.sampled_from(["", "1", "2"]),
    system=st.just(SNOMED),
    words=st.sampled_from(["", "a", "b"]),
    at=st.sampled_from([None, NOON, NOON + timedelta(days=400)]),
    day_only=st.booleans(),
    value=st.sampled_from([None, 1.0]),
    value_text=st.just(""),
    unit=st.just(""),
    running=st.booleans(),
    source=st.sampled_from(["A", "B", "C"]),
    document=st.integers(1, 4),
    rank=st.just(0),
).map(lambda one: replace(one, rank="ABC".index(one.source)))


@given(st.lists(TELLINGS, max_size=14))
def test_every_telling_is_in_one_fact_and_no_source_twice_in_a_dated_one(tellings: list[Telling]):
    found = groups(tellings)
    assert sorted(place for fact in found for place in fact) == list(range(len(tellings)))
    assert [min(fact) for fact in found] == sorted(min(fact) for fact in found)
    for fact in found:
        kinds = {tellings[place].kind for place in fact}
        assert len(kinds) == 1
        sources = [tellings[place].source for place in fact]
        assert kinds == {"problem"} or len(sources) == len(set(sources))
        assert [tellings[place].rank for place in fact] == sorted(tellings[place].rank for place in fact)
