"""Stand-ins for what nobody knew (UNKNOWN UNKNOWN): a crowd of one name, birth date and postcode links nobody."""

import random

import pytest
from factories.senders import MARY, file, surgery

from oneplace.record import namesakes
from oneplace.record.models import DataIssue, Entry, EntryHistory, LocalPatient, ReviewTask, SourceMerge

pytestmark = pytest.mark.django_db
CROWDED = {"family": "Unknown", "given": "Unknown", "born": "1900-01-01"}
HOME = {"address": [{"line": ["No fixed abode"], "postalCode": "ZZ99 3VZ"}]}
JULY, AUGUST = "2021-07-01T10:00:00+00:00", "2021-08-01T10:00:00+00:00"


def unknown(local: str, number: str = "", **more: str) -> bytes:
    return surgery(number=number, code="RDR", local=local, **{**CROWDED, **more}, **HOME)


def links() -> dict[str, tuple[str, str, bool]]:
    """Each patient's link, and whether it is a person by itself."""
    rows = LocalPatient.objects.values_list("local_id", "link", "link_reason", "person", "alone")
    return {local: (link, reason, person == alone) for local, link, reason, person, alone in rows}


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(namesakes, "CROWD", 3)


def test_namesakes_are_one_person_until_they_are_a_crowd_and_again_when_they_are_none():
    file(unknown("u1"), unknown("u2"))
    file(unknown("u3"))
    assert {link for link, *_ in links().values()} == {"linked"}
    file(unknown("u4"))
    assert [told for told in links().values() if told[0] != "unlinked" or not told[2]] == []
    file(unknown("u4", born="1950-02-02", at=JULY))
    assert {local for local, (link, *_) in links().items() if link == "linked"} == {"u1", "u2", "u3"}


def test_crowd_leads_to_nobody_with_a_number():
    file(unknown("m", MARY), unknown("u1"))
    assert links()["u1"][0] == "linked"
    file(*(unknown(f"u{number}") for number in range(2, 5)))
    assert {local for local, (link, *_) in links().items() if link == "linked"} == {"m"}


def test_crowd_is_the_same_in_whatever_order_and_batches_it_comes():
    told = [unknown(f"u{number}") for number in range(5)] + [unknown("m", MARY), unknown("m", MARY, family="Known")]
    told += [unknown("u1", born="1950-02-02", at=JULY), unknown("u2", born="1950-02-02", at=JULY)]
    told += [
        unknown("u1", at=AUGUST),
        unknown("u4", family="Other", at=JULY),
        unknown("u3", born="1950-02-02", at=JULY),
    ]
    ends = []
    for seed in range(6):
        randomness = random.Random(seed)
        order = told + randomness.sample(told, 3)
        randomness.shuffle(order)
        while order:
            size = randomness.randint(1, 4)
            file(*order[:size])
            order = order[size:]
        ends.append(links())
        _forget()
    assert ends == [ends[0]] * len(ends)


def test_filing_one_more_of_a_crowd_looks_at_no_more_of_them():
    file(*(unknown(f"u{number}") for number in range(30)))
    told = namesakes.namesakes(LocalPatient.objects.filter(local_id="u1").values_list("pk", flat=True))
    assert (told.others, len(told.crowds)) == (set(), 1)


def _forget() -> None:
    """Empty the record, so that the same is told from the beginning."""
    for model in (ReviewTask, SourceMerge, DataIssue, EntryHistory, Entry, LocalPatient):
        model.objects.all().delete()
