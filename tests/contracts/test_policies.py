"""Nothing forgotten: each address and each command declares who may use it; promises are kept on few cases."""

from importlib import import_module

import house
import pytest
from django.urls import URLResolver, get_resolver

walk = import_module("promises.nothing_forgotten")  # a tool: house.py put its folder on the path
promises = import_module("promises")


def test_each_address_declares_a_policy():
    assert walk.addresses(get_resolver()), "there is no address at all"
    bare = walk.bare_addresses(get_resolver())
    assert bare == [], "decorate with public, signed_in, staff(...) or machine of oneplace.access.policy"


def test_each_command_declares_a_policy():
    assert len(walk.leaves(walk.command_tree())) > 5
    assert walk.bare_commands() == [], "decorate with operator or anyone of oneplace.access.commands"


def test_each_answer_without_an_address_declares_a_policy():
    names = {name for name, _ in walk.answers_without_an_address()}
    assert {"handler404", "handler500", "CSRF_FAILURE_VIEW", "AXES_LOCKOUT_CALLABLE"} <= names
    assert walk.bare_answers() == []


def test_each_program_declares_a_policy():
    assert {"python -m oneplace.site.due"} <= {name for name, _ in walk.programs()}
    assert all(function is not None for _, function in walk.programs())


def test_middleware_refuses_bare_views(settings):
    assert "oneplace.access.policy.DenyBareViews" in settings.MIDDLEWARE


def test_walk_finds_a_bare_view_inside_an_include():
    from django.urls import include, path

    def bare(request: object) -> None: ...

    resolver = URLResolver(path("", include([])).pattern, [path("in/", include([path("bare/", bare)]))])
    assert walk.addresses(resolver) == [("in/bare/", bare)]
    assert walk.bare_addresses(resolver) == ["in/bare/"]


@pytest.mark.parametrize(
    "word", ["demo", "serve", "check", "ingest", "feeds", "place", "example", "record", "audit", "config"]
)
def test_command_of_the_house_exists(word):
    assert word in walk.command_tree().commands


def test_promises_have_ids_of_their_own_and_modules():
    names = [promise.id for promise in promises.promises()]
    assert len(names) == len(set(names)) >= 2
    assert not set(names) & set(promises.still_open())
    assert len(list((house.ROOT / "tools" / "promises").glob("[a-z]*.py"))) == len(names)


@pytest.mark.django_db
def test_ledger_promise_holds_on_few_cases():
    outcome = import_module("promises.ledger_tampering").run(60, 1)
    assert (outcome.cases, outcome.failures) == (60, 0), outcome.examples
    assert all(way in outcome.figure for way in import_module("promises.ledger_tampering").WAYS)


@pytest.mark.django_db
def test_ledger_promise_can_be_broken(monkeypatch):
    """The run notices a ledger that finds nothing."""
    from oneplace.ledger import queries, rules

    monkeypatch.setattr(queries, "verify", lambda *_: rules.Verdict(True, 0, "", ()))
    assert import_module("promises.ledger_tampering").run(3, 1).failures == 3


@pytest.mark.django_db
def test_matrix_promise_holds_on_few_cases():
    outcome = import_module("promises.only_the_entitled_see").run(600, 3)
    assert [one for one in outcome.examples if not one.startswith("no cell met")] == []
    assert "0 leaks, 0 wrong denials; 12 cells" in outcome.figure


@pytest.mark.django_db
def test_matrix_promise_can_be_broken(monkeypatch):
    """The run notices a decision that opens everything, and a door that hides everything."""
    from oracles import world

    from oneplace.record import door
    from oneplace.record.shapes import Refused

    matrix = import_module("promises.only_the_entitled_see")
    monkeypatch.setattr(world, "decided", lambda _: "permit")
    assert matrix.run(300, 3).failures > 100
    monkeypatch.undo()
    monkeypatch.setattr(door, "document", lambda *_, **__: Refused())
    monkeypatch.setattr(matrix, "EVERY", 10)
    assert any("an entry hides" in one for one in matrix.run(1000, 3).examples)
