"""Withdrawal under load: kept on a few cases of each way, and broken by facts that somebody remembers."""

import sys
from importlib import import_module
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))
promise = import_module("promises.withdrawal_bites")
pytestmark = pytest.mark.django_db(transaction=True)


def test_nothing_withdrawn_is_read_later():
    outcome = promise.run(6, 1)
    assert (outcome.cases, outcome.failures) == (6, 0), outcome.examples


def test_remembered_facts_are_found_out(monkeypatch):
    """A decision that rests on what was true before shows withdrawn entries, and the promise says so."""
    from oneplace.access import queries

    asked, kept = queries.facts_for, {}

    def remembered(actor, person, now):
        return kept.setdefault(person, asked(actor, person, now))

    monkeypatch.setattr(queries, "facts_for", remembered)
    assert promise.run(3, 1).failures == 3
