"""The promise about silent feeds is kept on few cases, and its run notices rules that notice nothing."""

from importlib import import_module
from random import Random

import house
import pytest

assert house.ROOT  # the tools stand on the path
silent_feed = import_module("promises.silent_feed")
HOSPITAL, OFFICE, NIGHTLY = (silent_feed.HABITS[number] for number in (0, 2, 4))


@pytest.mark.parametrize("trial", [silent_feed.stop, silent_feed.halve, silent_feed.freeze])
@pytest.mark.parametrize("habit", [OFFICE, NIGHTLY])
def test_fault_of_a_made_up_feed_is_told_in_time(trial, habit):
    assert trial(habit, silent_feed.STARTS[1], Random(3)) == ""


def test_fault_that_nothing_tells_fails_the_promise(monkeypatch):
    monkeypatch.setattr("oneplace.gateway.rules.alarms.judge", lambda *told: [])
    for trial in (silent_feed.stop, silent_feed.halve, silent_feed.freeze):
        assert "not told by" in trial(OFFICE, silent_feed.STARTS[0], Random(3))


def test_normal_weeks_with_an_alarm_fail_the_promise(monkeypatch):
    monkeypatch.setattr("oneplace.gateway.rules.alarms.INTERVALS", 0)
    assert "false alarm" in silent_feed.normal(OFFICE, silent_feed.STARTS[0], Random(3))


def test_run_says_how_many_cases_ended_well():
    outcome = silent_feed.run(2, 1)
    assert (outcome.cases, outcome.failures) == (2, 0)
    assert " of 1" in outcome.figure or " of 2" in outcome.figure
