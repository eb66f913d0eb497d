"""The response clock: pauses, upgrades, escalation, late entries; and the laws that hold whatever happens."""

import sys
from datetime import UTC, datetime, time, timedelta
from importlib import import_module
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oneplace.frontdoor import responses
from oneplace.frontdoor.rules import clock
from oneplace.frontdoor.rules.clock import ClockFault, Event, Happening
from oneplace.frontdoor.rules.responses import Hours, Pause

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))

PAPERS = responses.presets()["papers"]
RAPID, FAST, NORMAL = PAPERS.responses
NINE = datetime(2026, 1, 5, 9, tzinfo=UTC)
CAP = PAPERS.answer_cap


def at(hours: float) -> datetime:
    return NINE + timedelta(hours=hours)


def started(response=FAST) -> Event:
    return Event(Happening.STARTED, NINE, response)


def paused(begin: float, end: float, reason=Pause.UNAVAILABLE) -> Event:
    return Event(Happening.PAUSED, at(begin), reason=reason, until=at(end))


def read(*events: Event) -> clock.Clock:
    return clock.read(events, CAP)


def test_targets_of_the_papers_are_those_of_their_figure():
    assert [one.target for one in PAPERS.responses] == [timedelta(hours=hours) for hours in (3, 24, 72)]
    assert read(started(RAPID)).due_at == at(3)


def test_pause_moves_what_is_not_reached_and_goes_on_by_itself():
    held = read(started(), paused(13, 15))
    assert held.marks == (at(12), at(20), at(26))
    assert held.is_paused(at(14))
    assert not held.is_paused(at(15))
    assert held.elapsed(at(16)) == timedelta(hours=14)
    assert held.elapsed(at(14)) == timedelta(hours=13)


def test_pause_that_ends_early_gives_its_time_back():
    assert read(started(), paused(2, 10), Event(Happening.RESUMED, at(3))).due_at == at(25)


def test_resuming_what_runs_changes_nothing():
    assert read(started(), paused(2, 3), Event(Happening.RESUMED, at(5))) == read(started(), paused(2, 3))


def test_wait_for_an_answer_is_capped():
    assert read(started(), paused(1, 20, Pause.SAFETY_ANSWER)).due_at == at(24) + CAP


@pytest.mark.parametrize("reason", [None, Pause.SAFETY_ANSWER, Pause.PERSONS_CHOICE])
def test_rapid_pauses_only_for_somebody_unavailable(reason):
    assert read(started(RAPID), paused(1, 2)).due_at == at(4)
    with pytest.raises(ClockFault, match="only person unavailable does"):
        read(started(RAPID), paused(1, 2, reason))


def test_national_response_pauses_for_nothing():
    with pytest.raises(ClockFault, match="only nothing does"):
        read(started(responses.presets()["ucr"].responses[0]), paused(0.5, 1))


def test_no_reason_of_the_service_pauses_a_clock():
    assert {reason.value for reason in Pause} == {
        "answer_needed_for_safety",
        "person_chose_a_later_time",
        "person_unavailable",
    }


@pytest.mark.parametrize("until", [None, at(1), at(0.5)])
def test_pause_needs_an_end(until):
    with pytest.raises(ClockFault, match="Say until when"):
        read(started(), Event(Happening.PAUSED, at(1), reason=Pause.UNAVAILABLE, until=until))


def test_pause_within_a_pause_is_refused():
    with pytest.raises(ClockFault, match="paused already"):
        read(started(), paused(1, 4), paused(2, 3))


@pytest.mark.parametrize(("when", "due"), [(1, 4), (22, 24), (30, 24)])
def test_upgrade_never_gives_more_time(when, due):
    assert read(started(), Event(Happening.UPGRADED, at(when), RAPID)).due_at == at(due)


def test_upgrade_ends_a_pause():
    held = read(started(), paused(1, 9), Event(Happening.UPGRADED, at(2), RAPID))
    assert held.due_at == at(5)
    assert not held.is_paused(at(3))


def test_contact_at_the_very_moment_is_in_time_and_a_second_later_is_a_breach():
    on_time = read(started(RAPID), Event(Happening.STOPPED, at(3)))
    late = read(started(RAPID), Event(Happening.STOPPED, at(3) + timedelta(seconds=1)))
    assert not on_time.is_breached(at(99))
    assert late.is_breached(at(2))
    assert on_time.elapsed(at(99)) == timedelta(hours=3)
    assert on_time.elapsed(at(1)) == timedelta(hours=1)


def test_breach_sticks_though_a_late_entry_shows_that_contact_was_in_time():
    held = read(started(RAPID), Event(Happening.BREACHED, at(3.1)), Event(Happening.STOPPED, at(2.9)))
    assert held.in_time(at(4))
    assert held.is_breached(at(4))


def test_pause_after_the_deadline_does_not_move_it():
    held = read(started(RAPID), paused(3.5, 9))
    assert held.due_at == at(3)
    assert held.is_breached(at(4))


def test_clock_starts_first_and_once_and_ends_at_contact():
    with pytest.raises(ClockFault, match="before it started"):
        read(Event(Happening.STOPPED, NINE))
    with pytest.raises(ClockFault, match="runs already"):
        read(started(), started())
    with pytest.raises(ClockFault, match="can't be paused afterwards"):
        read(started(), Event(Happening.STOPPED, at(1)), paused(2, 3))
    with pytest.raises(ClockFault, match="none is named"):
        read(Event(Happening.STARTED, NINE))


def test_escalations_after_an_outage_are_all_told_and_none_twice():
    held = read(started(RAPID))
    assert [one.level for one in clock.escalations_due(held, at(1.5), ())] == [50]
    assert [one.level for one in clock.escalations_due(held, at(12), {(0, 50)})] == [75, 100]
    assert clock.escalations_due(held, at(12), {(0, level) for level in clock.LEVELS}) == ()


def test_escalation_ends_with_contact():
    held = read(started(RAPID), Event(Happening.STOPPED, at(2)))
    assert [one.level for one in clock.escalations_due(held, at(12), ())] == [50]
    exact = read(started(RAPID), Event(Happening.STOPPED, at(1.5)))
    assert clock.escalations_due(exact, at(12), ()) == ()


def test_upgraded_clock_escalates_anew_and_keeps_what_was_reached():
    held = read(started(), Event(Happening.UPGRADED, at(13), RAPID))
    assert [(one.turn, one.level) for one in clock.escalations_due(held, at(15), ())] == [(0, 50), (1, 50)]
    late = read(started(RAPID), Event(Happening.UPGRADED, at(5), RAPID))
    assert [(one.turn, one.level) for one in clock.escalations_due(late, at(6), ())] == [(0, 50), (0, 75), (0, 100)]


SPANS = st.lists(st.tuples(st.integers(1, 300), st.integers(1, 300)), max_size=5)


@given(SPANS, st.integers(0, 600))
def test_deadline_is_the_target_and_the_pauses_before_it(spans, after):
    events, minute = [started()], 0
    for gap, length in spans:
        minute += gap
        events.append(paused(minute / 60, (minute + length) / 60))
        minute += length
    due = read(*events).due_at
    end = at((minute + after) / 60)
    held = read(*events, Event(Happening.STOPPED, end))
    stood = sum((until - start for start, until in held.pauses), timedelta(0))
    assert held.elapsed(end) + stood == end - NINE
    before = sum((until - start for start, until in held.pauses if start < due), timedelta(0))
    assert due == at(24) + before
    assert held.in_time(end) or held.elapsed(end) >= FAST.target
    assert not held.in_time(end) or held.elapsed(end) <= FAST.target


@given(st.lists(st.tuples(st.integers(1, 5000), st.sampled_from(PAPERS.responses)), max_size=6))
def test_no_upgrade_ever_moves_a_deadline_back(upgrades):
    events, due = [started(NORMAL)], read(started(NORMAL)).due_at
    for minute, response in sorted(upgrades, key=lambda one: one[0]):
        events.append(Event(Happening.UPGRADED, at(minute / 60), response))
        assert read(*events).due_at <= due
        due = read(*events).due_at


@given(st.lists(st.integers(0, 200), max_size=12))
def test_escalations_are_told_once_whenever_somebody_looks(looks):
    held, told = read(started(NORMAL), paused(40, 50)), []
    for hour in looks:
        told += [(one.turn, one.level) for one in clock.escalations_due(held, at(hour), told)]
    assert len(told) == len(set(told))
    assert len(told) == sum(mark <= at(max(looks, default=0)) for mark in held.marks)


def test_time_entered_afterwards_is_the_one_that_was_meant():
    now = datetime(2026, 12, 1, tzinfo=UTC)
    assert clock.entered(datetime(2026, 7, 1, 9), now) == datetime(2026, 7, 1, 8, tzinfo=UTC)
    night = datetime(2026, 10, 25, 1, 30)
    assert clock.entered(night, now, second=True) - clock.entered(night, now) == timedelta(hours=1)
    with pytest.raises(ClockFault, match="doesn't exist"):
        clock.entered(datetime(2026, 3, 29, 1, 30), now)
    with pytest.raises(ClockFault, match="still to come"):
        clock.entered(datetime(2027, 1, 1), now)


@pytest.mark.parametrize(
    ("opens", "closes", "hour", "open_then"),
    [
        (8, 20, 8, True),
        (8, 20, 20, False),
        (8, 20, 3, False),
        (21, 7, 23, True),
        (21, 7, 6, True),
        (21, 7, 12, False),
        (0, 0, 12, True),
    ],
)
def test_hours_of_a_cell_may_run_over_midnight(opens, closes, hour, open_then):
    assert Hours(time(opens), time(closes)).hold(datetime(2026, 1, 5, hour, tzinfo=UTC)) is open_then


def test_untriaged_is_held_to_the_fastest_that_is_open_and_never_to_nothing():
    ucr = responses.presets()["ucr"]
    assert ucr.untriaged(at(0)).code == "two_hours"
    assert ucr.untriaged(at(14)).code == "two_days"
    by_day = responses.presets_of(
        "x: {label: X, source: S, answer_cap_minutes: 5, first_look_minutes: {}, leads: {nurse: N}, responses:"
        " {a: {label: A, hours: 2, pauses: [], leads: {nurse: '08:00-20:00'}}}}"
    )["x"]
    assert by_day.enabled(at(14)) == ()
    assert by_day.untriaged(at(14)).code == "a"


def test_first_look_is_sooner_by_phone():
    assert PAPERS.first_look_due("phone", NINE) == NINE + timedelta(minutes=15)
    assert PAPERS.first_look_due("electronic", NINE) == NINE + timedelta(minutes=30)


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        ("hours: 3,", "hours: 0,", "gives no time"),
        ("pauses: [person_unavailable]", "pauses: [no_staff]", "no_staff"),
        ("nurse: always", "nurse: 8 to 9", "8 to 9"),
        ("nurse: Nurse,", "", "no lead is called nurse"),
        ("answer_cap_minutes", "answer_cap", "answer_cap_minutes"),
    ],
)
def test_file_of_responses_that_is_wrong_is_refused_with_the_fault(before, after, says):
    text = responses._FILE.read_text(encoding="utf-8").replace(before, after, 1)
    with pytest.raises(responses.BadResponses, match=f"Preset 'papers' can't be used: .*{says}"):
        responses.presets_of(text)


def test_deadlines_round_each_clock_change_are_those_of_the_oracle():
    outcome = import_module("promises.deadlines_are_real").run(1, 1)
    assert outcome.cases > 15_000
    assert outcome.failures == 0, outcome.examples
