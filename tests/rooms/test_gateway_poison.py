"""Poison is isolated: the promise on few messages, and its run notices a gateway that files less than it should."""

import sys
from importlib import import_module
from pathlib import Path

import pytest

from oneplace.gateway import replay
from oneplace.record import ingest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))
poison = import_module("promises.poison")
pytestmark = pytest.mark.django_db


def test_poison_of_every_format_waits_and_is_replayed(monkeypatch):
    monkeypatch.setattr(poison, "SHARE", 5)
    outcome = poison.run(150, seed=4)
    assert (outcome.cases, outcome.failures, outcome.examples) == (150, 0, ())
    assert "30 poisoned among 150" in outcome.figure


def test_gateway_that_stops_at_poison_or_replays_nothing_is_found_out(monkeypatch):
    monkeypatch.setattr(poison, "SHARE", 5)
    monkeypatch.setattr(replay, "_LEFT_ALONE", replay._LEFT_ALONE | {"format-unknown", "json-broken", "charset"})
    assert "not replayed" in " ".join(poison.run(300, seed=4).examples)
    monkeypatch.setattr(ingest, "file", lambda *_, **__: 1 / 0)
    assert "stopped: ZeroDivisionError" in poison.run(10, seed=4).examples[0]
