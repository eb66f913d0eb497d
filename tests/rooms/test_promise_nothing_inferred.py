"""The promise that nothing is inferred: kept on few requests, and broken by a leak that somebody puts in."""

import sys
from dataclasses import replace
from importlib import import_module
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))
promise = import_module("promises.nothing_inferred")
exits = import_module("exits")
pytestmark = pytest.mark.django_db


def test_worlds_that_differ_in_a_hidden_person_answer_the_same():
    outcome = promise.run(110, 1)
    assert outcome.failures == 0, outcome.examples


def test_every_kind_of_role_is_asked():
    assert {promise.kind_of(role) for role in ("planner", "privacy-officer", "gp")} == {"absent", "other", "content"}


def test_role_is_asked_what_its_policy_lets_in():
    assert "ledger/" in exits.ways_out("privacy-officer")
    assert "people/<str:person_id>/" not in exits.ways_out("privacy-officer")
    assert "people/<str:person_id>/" in exits.ways_out("gp")
    assert not any(path.startswith(("sign-", "account")) for path in exits.ways_out())


def test_knocks_reach_every_way_out():
    import random

    words = exits.Words(["p"], ["1"], ["text"], [("A", "hl7-v2")])
    asked = list(exits.knocks(words, 3 * len(exits.ways_out()), random.Random(1)))
    assert len({request.address.split("/")[1] for request in asked}) == len(
        {path.split("/")[0] for path in exits.ways_out()}
    )
    assert {request.method for request in asked} == {"GET", "POST"}
    assert not any("<" in request.address for request in asked)


@pytest.mark.parametrize("leak", ["reach", "count"])
def test_leak_is_found(monkeypatch, leak):
    """A search that looks beyond reach, and a heading that counts everybody, both show."""
    if leak == "reach":
        from oneplace.access import queries

        def everyone(actor: object, now: object) -> object:
            from oneplace.access.models import Relationship

            return Relationship.objects.order_by().values_list("person", flat=True).distinct()

        monkeypatch.setattr(queries, "people_in_reach", everyone)
    else:
        from oneplace.place import queries as place
        from oneplace.record.models import Person

        names = place.names
        monkeypatch.setattr(place, "names", lambda: replace(names(), place=f"{Person.objects.count()} people"))
    assert promise.run(220, 1).failures > 0
