"""The same person looks the same whichever system their practice uses: STU3 and R4 give one set of windowlets."""

from collections.abc import Iterator
from dataclasses import asdict, replace
from datetime import UTC, date, datetime
from itertools import islice
from typing import Any

import pytest
from factories.places import PLACE

from oneplace.access import actions as access
from oneplace.access.rules import Actor
from oneplace.example import gp_connect, uk_core
from oneplace.example.gp_draft import stem_of
from oneplace.example.population import ordinary_people
from oneplace.example.practice import practices_of
from oneplace.example.shapes import Told
from oneplace.example.story import story_people
from oneplace.gateway.receive import Item, receive
from oneplace.kernel import nhs_number
from oneplace.place import queries as place
from oneplace.record import door
from oneplace.record.models import LocalPatient
from oneplace.record.shapes import Opened

pytestmark = pytest.mark.django_db

TODAY = date(2026, 11, 23)
MADE_AT = datetime(2026, 11, 23, 4, tzinfo=UTC)
# One practice under two codes: first with one system, then with the other.
OURS = next(iter(practices_of(PLACE, 1).values()))
THEIRS = OURS._replace(code="Z99999")
# Ids of the source's own, and whose and when: the only things that may differ.
_OWN = ("key", "source_code", "source_name", "received_at", "also")


@pytest.fixture(autouse=True)
def _place_read_anew() -> None:
    place.forget_names()


def people() -> Iterator[Told]:
    numbers = nhs_number.numbers_for_tests()
    yield from islice(story_people(PLACE.example, numbers, TODAY), 5)
    ours = (one.told for one in ordinary_people(PLACE, 3, TODAY, numbers) if one.told.human.practice_code == OURS.code)
    yield from islice((Told(told.human, told.record) for told in ours), 12)


def opened(code: str, local_id: str, view: str) -> Opened:
    person = LocalPatient.objects.get(source__code=code, local_id=local_id).person.key
    answer = door.open(Actor(f"gp-{code}", "Dr A", "gp", code), person, view=view)
    assert isinstance(answer, Opened), answer
    return answer


def facts(answer: Opened) -> list[tuple[str, str, Any]]:
    """Each windowlet with its items, without what is the source's own."""
    found = []
    for one in answer.windowlets:
        items = [{key: value for key, value in asdict(item).items() if key not in _OWN} for item in one.items]
        for item in items:
            item["detail"] = {key: value for key, value in item["detail"].items() if key != "members"}
        trends = [(trend.display, trend.unit, trend.low, trend.high, trend.points) for trend in one.trends]
        found.append((one.name, one.state, (items, trends, one.more)))
    return found


@pytest.mark.parametrize("view", ["gp", "spr", "mdt"])
def test_both_suppliers_of_practices_give_the_same_windowlets(view: str) -> None:
    everyone = list(people())
    spare = nhs_number.numbers_for_tests(start=500)
    twins = [replace(told.human, nhs_number=next(spare), practice_code=THEIRS.code) for told in everyone]
    items = []
    for told, other in zip(everyone, twins, strict=True):
        items.append(Item("a.json", gp_connect.bundle(told, told.human, OURS, MADE_AT), "test", OURS.code))
        items.append(Item("b.json", uk_core.bundle(told, other, THEIRS, MADE_AT), "test", THEIRS.code))
    tally = receive(items, by="test")
    assert tally.filed == len(items)
    access.load_agreements([{"controller_code": code, "starts": "2020-01-01"} for code in (OURS.code, THEIRS.code)],
                           by="test")  # fmt: skip
    for told, other in zip(everyone, twins, strict=True):
        first = opened(OURS.code, stem_of(OURS.code, told.human), view)
        second = opened(THEIRS.code, stem_of(THEIRS.code, other), view)
        assert facts(first) == facts(second)
        assert any(items for _, _, (items, _, _) in facts(first))
