"""Mutants of messages: the promise on few of them; its run notices a reader that fails, dawdles or tells no reason."""

from importlib import import_module

import house
import pytest

from oneplace import formats
from oneplace.kernel.rows import Reject

assert house.ROOT  # the tools stand on the path
parsers = import_module("promises.parsers_mutants")


def test_mutants_of_every_format_are_read_or_refused():
    outcome = parsers.run(400, seed=2)
    assert (outcome.cases, outcome.failures, outcome.examples) == (400, 0, ())


@pytest.mark.parametrize(
    "answer",
    [lambda *_: 1 / 0, lambda *_: Reject("failed", "reader-fault"), lambda *_: Reject("", "a"), lambda *_: None],
)
def test_reader_that_fails_is_found_out(monkeypatch, answer):
    monkeypatch.setattr(formats, "read", answer)
    assert parsers.run(5, seed=2).failures == 5


def test_reader_that_dawdles_is_found_out(monkeypatch):
    monkeypatch.setattr(parsers, "SLOW_SECONDS", -1.0)
    assert "took" in parsers.run(5, seed=2).examples[0]
