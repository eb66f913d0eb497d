"""A process that takes messages in is killed -9 at random moments and run again: nothing lost, nothing doubled."""

import sys
from importlib import import_module
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))
kill = import_module("promises.kill")


@pytest.mark.sqlite
def test_kills_of_the_taker_lose_and_double_nothing():
    outcome = kill.run(20, seed=1)
    assert (outcome.cases, outcome.failures, outcome.examples) == (20, 0, ())


@pytest.mark.sqlite
def test_sender_that_was_told_too_much_is_found_out(tmp_path, monkeypatch):
    monkeypatch.setattr(kill, "MESSAGES", 5)
    monkeypatch.setattr(kill, "_take", lambda *_: (5, True))
    killed, faults = kill._one_place(tmp_path, 1, kill.random.Random(1))
    assert (killed, sorted(set(faults))) == (1, [f"V{number} lost" for number in range(5)])
