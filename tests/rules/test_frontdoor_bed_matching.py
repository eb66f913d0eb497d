"""Which bed suits whom, each rule passed and failed; nights and admission hours across midnight and clock changes."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oneplace.frontdoor import delays
from oneplace.frontdoor.rules.beds import (
    ENDS_NEED,
    LEVELS,
    LIVE,
    MOVES,
    PRESENT,
    BedFact,
    Direction,
    Need,
    State,
    UnitFact,
    admits,
    distance_km,
    match,
    may_move,
    night_of,
    nights_from,
    percent,
    ranked,
    review_due,
)
from oneplace.place import bedding

AT = datetime(2026, 3, 2, 22, 30, tzinfo=UTC)  # a Monday, winter time
UNIT = UnitFact("U1", "Alder", frozenset({"nursing"}), time(0), time(0), True, "A1", (54.0, 2.0), 20_000, 2, 5)
BED = BedFact("U1-1", "Bay 1", "female", frozenset(), False, frozenset({"hoist"}), "", frozenset(), False)
NEED = Need(Direction.STEP_UP, "female", "nursing", AT, 2)


def failed(need: Need = NEED, unit: UnitFact = UNIT, bed: BedFact = BED) -> dict[str, str]:
    return {check.rule: check.words for check in match(need, unit, bed).checks if not check.passed}


def test_bed_that_passes_every_rule_fits_and_says_so():
    found = match(NEED, UNIT, BED)
    assert found.fits
    assert [check.rule for check in found.checks] == [
        *("free", "sex and bay", "isolation", "level of care", "equipment", "admission hours")
    ]


@pytest.mark.parametrize(
    ("need", "unit", "bed", "rule", "words"),
    [
        (NEED, UNIT, replace(BED, closed="cleaning"), "free", "Closed: cleaning"),
        (NEED, UNIT, replace(BED, overstays=True), "free", "Somebody is still there who was to have left"),
        (NEED, UNIT, replace(BED, taken=frozenset({date(2026, 3, 3)})), "free", "Taken on the night of 3 March"),
        (NEED, UNIT, replace(BED, bay_sex="male"), "sex and bay", "Bay 1 is for men"),
        (
            *(NEED, UNIT, replace(BED, bay_sex="either", beside=frozenset({"male"}))),
            *("sex and bay", "Bay 1 has men in it"),
        ),
        (
            *(replace(NEED, sex="other"), UNIT, BED, "sex and bay"),
            "Bay 1 is shared; a room of their own is needed",
        ),
        (replace(NEED, isolation=True), UNIT, BED, "isolation", "Cannot isolate"),
        (replace(NEED, level="sub-acute"), UNIT, BED, "level of care", "Does not give medical care by day and night"),
        (replace(NEED, equipment=frozenset({"oxygen", "hoist"})), UNIT, BED, "equipment", "Has no oxygen"),
        (
            *(NEED, replace(UNIT, admits_from=time(8), admits_until=time(20)), BED, "admission hours"),
            "Admits 08:00 to 20:00; asked for Mon 22:30",
        ),
    ],
)
def test_hard_rule_fails_alone_and_says_why(need, unit, bed, rule, words):
    assert failed(need, unit, bed) == {rule: words}


@pytest.mark.parametrize(
    ("need", "bed"),
    [
        (replace(NEED, sex="other"), replace(BED, bay_sex="single")),
        (NEED, replace(BED, bay_sex="either", beside=frozenset({"female"}))),
        (NEED, replace(BED, bay_sex="either")),
        (replace(NEED, isolation=True), replace(BED, isolation=True)),
        (replace(NEED, equipment=frozenset({"hoist"})), BED),
        (NEED, replace(BED, taken=frozenset({date(2026, 3, 1), date(2026, 3, 4)}))),
    ],
)
def test_hard_rule_passes_where_the_bed_suits(need, bed):
    assert failed(need, UNIT, bed) == {}


def test_step_down_ranks_the_beds_kept_for_step_up_last_and_says_so():
    down = replace(NEED, direction=Direction.STEP_DOWN)
    short = replace(UNIT, code="U2", free=2, price_pence=100)
    best, other = ranked(down, [(short, replace(BED, code="b")), (UNIT, BED)])
    assert (best.unit.code, other.unit.code) == ("U1", "U2")
    assert "Would use the 2 kept for step-up" in other.better
    assert ranked(NEED, [(short, BED), (UNIT, BED)])[0].unit.code == "U2", "the reserve is there for step-up"


def test_ranking_goes_by_community_then_way_then_price():
    need = replace(NEED, area_code="A1", carer=(54.1, 2.0))
    far = replace(UNIT, code="U2", area_code="A2", point=(54.1, 2.0), price_pence=1)
    near = replace(UNIT, code="U3", area_code="A2", point=(54.2, 2.0), price_pence=1)
    found = ranked(need, [(near, BED), (far, BED), (UNIT, BED)])
    assert [one.unit.code for one in found] == ["U1", "U2", "U3"]
    assert found[0].better == ("In their own community", "11 km for those who visit", "£200 a night")
    assert found[1].better[0] == "In another community"
    assert ranked(need, [(UNIT, replace(BED, closed="x")), (far, BED)])[0].unit.code == "U2", "what fits comes first"


def test_way_is_unknown_where_either_point_is():
    told = match(replace(NEED, carer=(54.0, 2.0)), replace(UNIT, point=None), BED)
    assert told.better == ("£200 a night",)


def test_distance_is_that_of_a_degree_of_latitude():
    assert distance_km((54.0, 2.0), (55.0, 2.0)) == pytest.approx(111.2, abs=0.1)


@pytest.mark.parametrize(
    ("opens", "closes", "weekends", "at", "taken"),
    [
        (time(8), time(20), True, datetime(2026, 3, 2, 8, 0, tzinfo=UTC), True),
        (time(8), time(20), True, datetime(2026, 3, 2, 20, 0, tzinfo=UTC), False),
        (time(20), time(6), True, datetime(2026, 3, 2, 23, 0, tzinfo=UTC), True),
        (time(20), time(6), True, datetime(2026, 3, 2, 5, 59, tzinfo=UTC), True),
        (time(20), time(6), True, datetime(2026, 3, 2, 12, 0, tzinfo=UTC), False),
        (time(0), time(0), False, datetime(2026, 3, 7, 12, 0, tzinfo=UTC), False),  # a Saturday
        (time(8), time(20), True, datetime(2026, 7, 1, 7, 30, tzinfo=UTC), True),  # 08:30 of summer time
    ],
)
def test_admission_hours_are_of_the_wall_clock(opens, closes, weekends, at, taken):
    unit = replace(UNIT, admits_from=opens, admits_until=closes, weekends=weekends)
    assert admits(unit, at) is taken


def test_admission_hours_of_weekdays_say_so():
    saturday = replace(NEED, at=datetime(2026, 3, 7, 12, tzinfo=UTC))
    assert failed(saturday, replace(UNIT, weekends=False)) == {
        "admission hours": "Admits day and night, Monday to Friday; asked for Sat 12:00"
    }


@given(st.datetimes(datetime(2025, 1, 1), datetime(2028, 1, 1), timezones=st.just(UTC)), st.integers(1, 42))
def test_nights_follow_each_other_and_hold_the_moment(at, count):
    nights = nights_from(at, count)
    assert len(set(nights)) == count
    assert nights[-1] - nights[0] == timedelta(days=count - 1)
    assert nights[0] == night_of(at)
    assert night_of(at) <= night_of(at + timedelta(hours=1)), "time never goes back a night, on clock changes neither"


def test_early_hours_belong_to_the_night_before():
    assert night_of(datetime(2026, 3, 3, 2, 0, tzinfo=UTC)) == date(2026, 3, 2)
    assert night_of(datetime(2026, 3, 3, 12, 0, tzinfo=UTC)) == date(2026, 3, 3)
    with pytest.raises(ValueError, match="zone"):
        night_of(datetime(2026, 3, 3))


@pytest.mark.parametrize("count", [0, 43])
def test_stay_of_no_nights_or_too_many_is_refused(count):
    with pytest.raises(ValueError, match="1 to 42 nights"):
        nights_from(AT, count)


def test_review_of_a_short_stay_is_due_after_elapsed_hours():
    spring = datetime(2026, 3, 28, 12, tzinfo=UTC)  # the night on which an hour is missing
    assert review_due(spring, 24) == spring + timedelta(hours=24)
    assert review_due(spring, 0) is None


def test_life_cycle_has_every_state_and_ends():
    assert set(MOVES) == set(State)
    assert {state for state, moves in MOVES.items() if not moves} == set(State) - LIVE
    assert PRESENT < LIVE
    assert ENDS_NEED.isdisjoint(LIVE)
    assert may_move(State.OFFERED, State.RESERVED)
    assert not may_move(State.OFFERED, State.ADMITTED)


def test_percentages_of_nothing_are_none():
    assert percent(3, 20) == 15
    assert percent(0, 0) is None


def test_levels_of_the_folder_are_those_of_the_rules():
    assert set(bedding.LEVELS) == set(LEVELS)


def test_delay_reasons_keep_the_words_of_their_version():
    listed = delays.reasons_on(date(2026, 3, 2))
    assert delays.words_of(listed.version, "package") == "Waits for home care to start"
    assert delays.words_of("1999", "package") == "package"
    assert delays.reasons_on(date(2000, 1, 1)) == delays.versions()[-1]
