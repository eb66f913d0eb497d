"""What a practice's newest whole export no longer holds is kept as history, in whatever order exports come."""

from itertools import permutations
from typing import Any

import pytest
from factories import wire
from factories.senders import AUGUST, JULY, JUNE, MAY, file, surgery
from test_record_door import GP, opened, panel, person_of, share

from oneplace.record import door
from oneplace.record.models import Entry, EntryHistory, LocalPatient, WholeTelling
from oneplace.record.presenters.words import status_words
from oneplace.record.shapes import DocumentShown
from oneplace.record.wholes import gone

pytestmark = pytest.mark.django_db


def fact(key: str, at: str = MAY) -> wire.Resource:
    """A problem that runs, last changed when told."""
    code = wire.concept(key, f"Problem {key}")
    return wire.clinical(
        "Condition", key, code=code, clinicalStatus="active", assertedDate="2020-01-01", meta={"lastUpdated": at}
    )


def section(at: str, **more: Any) -> wire.Resource:
    return wire.clinical("List", f"problems-{at}", status="current", mode="snapshot", date=at,
                         code=wire.concept("717711000000103", "Problems"), **more)  # fmt: skip


def export(at: str, *keys: str, changed: str = MAY) -> bytes:
    """A whole telling of the problems that stand in a record at a time."""
    return surgery(section(at), *(fact(key, changed) for key in keys), at=at)


def told_gone() -> set[str]:
    found = gone(LocalPatient.objects.values_list("pk", flat=True))
    return set(Entry.objects.filter(pk__in=found).values_list("told_id", flat=True))


def test_fact_missing_from_a_newer_whole_export_is_no_longer_current_and_says_so():
    file(export(JUNE, "a", "b"))
    share("G99001")
    file(export(JULY, "a"))
    found = {item.code: item for item in panel(opened(GP, person_of()), "problems").items}
    assert found["a"].status == "active"
    assert (found["b"].status, status_words(found["b"])) == (
        "no-longer-told", "No longer in the GP record: not in it on 2 Jul 2021",
    )  # fmt: skip
    shown = door.document(GP, person_of(), found["b"].key)
    assert isinstance(shown, DocumentShown)
    assert shown.item.status == "no-longer-told"
    file(export(AUGUST, "a", "b"))
    assert {item.status for item in panel(opened(GP, person_of()), "problems").items} == {"active"}


def test_order_and_repeats_of_exports_make_no_difference():
    told = [export(JUNE, "a", "b"), export(JULY, "a", "c"), surgery(fact("d", AUGUST), at=AUGUST), export(MAY, "e")]
    for order in permutations(told):
        file(*order[:2])
        file(*order[1:], order[0])
        assert told_gone() == {"b", "e"}
        for one in (WholeTelling, EntryHistory, Entry, LocalPatient):
            one.objects.all().delete()


def test_two_exports_of_one_moment_end_the_same():
    pair = [export(JULY, "a"), export(JULY, "b")]
    file(*pair)
    first = bytes(WholeTelling.objects.get().told)
    file(*reversed(pair))
    assert bytes(WholeTelling.objects.get().told) == first


def test_fact_that_ended_stays_as_it_was_told():
    over = fact("o") | {"clinicalStatus": "resolved", "abatementDateTime": "2020-02-02"}
    file(surgery(section(JUNE), over, at=JUNE), export(JULY))
    share("G99001")
    assert [item.status for item in panel(opened(GP, person_of()), "problems").items] == ["resolved"]
