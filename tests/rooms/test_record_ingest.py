"""Filing: the record depends on what was told, never on the order, the batches or how often; links follow numbers."""

import json
import random
from datetime import UTC, datetime

import pytest
from factories import senders
from factories.senders import AUGUST, JULY, JUNE, MARY, MAY, OTHER, file, hospital, problem, surgery

from oneplace.access import queries as access
from oneplace.access.models import Relationship
from oneplace.access.rules import Actor
from oneplace.ledger import queries as ledger
from oneplace.record import entries, ingest
from oneplace.record.models import (
    DataIssue,
    Document,
    Entry,
    EntryHistory,
    LocalPatient,
    NameKey,
    Person,
    PersonName,
    ReviewTask,
)

pytestmark = pytest.mark.django_db
UNKNOWN = "1234567890"  # bad check digit


def people() -> dict[tuple[str, str], frozenset[tuple[str, str]]]:
    """Each patient (source, local id) with all who are shown as the same person."""
    groups: dict[object, set[tuple[str, str]]] = {}
    rows = list(LocalPatient.objects.values_list("person_id", "source__code", "local_id"))
    for person, *patient in rows:
        groups.setdefault(person, set()).add(tuple(patient))
    return {tuple(patient): frozenset(groups[person]) for person, *patient in rows}


def ties() -> set[tuple[object, ...]]:
    """Ties with patients and people named by what sources call them, not by our own keys."""
    named = {str(p.pk): (p.source.code, p.local_id) for p in LocalPatient.objects.select_related("source")}
    together = people()
    members = {key: together[named[str(pk)]] for pk, key in LocalPatient.objects.values_list("pk", "person__key")}
    found = set()
    for tie in Relationship.objects.all():
        patient, _, visit = tie.reference.partition(":")
        found.add((members[tie.person], tie.kind, named[patient], visit, tie.starts, tie.ends, tie.told_at))
    return found


def state() -> dict[str, object]:
    """All that is known, in an order of its own and without our own keys."""
    facts = ["display", "happened_at", "ended_at", "status", "detail", "version_at", "document__digest"]
    entry = ["type", "told_id", "patient__source__code", "patient__local_id"]
    told = ["family", "given", "nhs_number", "link_number", "birth_date", "version_at", "last_contact_at"]
    rows = {
        "patients": LocalPatient.objects.values_list("source__code", "local_id", *told, "link", "link_reason"),
        "names": PersonName.objects.values_list("patient__source__code", "patient__local_id", "family", "given"),
        "born": PersonName.objects.values_list("patient__local_id", "family", "birth_date"),
        "keys": NameKey.objects.values_list("key", "family"),
        "entries": Entry.objects.values_list(*entry, *facts),
        "history": EntryHistory.objects.values_list(*[f"entry__{name}" for name in entry], *facts),
        "documents": Document.objects.values_list("digest"),
        "reviews": ReviewTask.objects.filter(closed_at=None).values_list("patient__local_id", "reason"),
    }
    found: dict[str, object] = {name: sorted(map(repr, listed)) for name, listed in rows.items()}
    return found | {"people": people(), "ties": ties()}


def person_of(local: str) -> str:
    return LocalPatient.objects.get(local_id=local).person.key


EVERYTHING = [
    surgery(problem(), problem("x2", "Asthma"), at=JUNE),
    surgery(problem(display="High blood pressure", at=JULY), at=JULY, family="Meakin", former="Burrows"),
    surgery(problem(at=AUGUST), problem("x2", "Asthma", at=JULY), at=AUGUST),
    surgery(problem("x3", "Gout"), local="p2", number=UNKNOWN, given="Ann"),
    surgery(problem("x2", "Asthma", at=MAY), local="p2", number=UNKNOWN, given="Ann", at=MAY),
    hospital("A01"),
    hospital("A03", day="20210109"),
    hospital("A01", local="H2", visit="V2", number=OTHER),  # the wrong number, and then set right
    hospital("A08", local="H2", visit="V2", number=MARY, day="20210106"),
    hospital("A01", code="RXX", local="X1", visit="V3", family="Pike"),
    hospital("A01", code="RXX", local="X2", visit="V4", given="Helen"),
    hospital("A01", code="RXX", local="X3", visit="V5", born="19850101"),
    hospital("A01", code="RXX", local="X4", visit="V6", born=""),
]


@pytest.mark.parametrize("seed", range(12))
def test_record_is_the_same_in_any_order_and_however_often_told(seed):
    file(*EVERYTHING)
    expected = state()
    _empty()
    randomness = random.Random(seed)
    told = EVERYTHING + randomness.sample(EVERYTHING, 6)
    randomness.shuffle(told)
    while told:
        size = randomness.choice([1, 1, 2, 5])
        file(*told[:size])
        told = told[size:]
    found = state()
    assert found["history"]
    for part, value in expected.items():
        assert found[part] == value, part


def _empty() -> None:
    for table in (
        Relationship, EntryHistory, Entry, ReviewTask, DataIssue, PersonName, NameKey, LocalPatient, Person, Document,
    ):  # fmt: skip
        table.objects.all().delete()


def test_same_message_again_changes_nothing():
    file(*EVERYTHING[:6])
    before = state()
    file(*EVERYTHING[:6])
    assert state() == before


def test_newer_version_stands_and_the_older_one_is_kept():
    file(surgery(problem(display="New", at=JULY), at=JULY))
    file(surgery(problem(display="Old", at=JUNE), at=JUNE))
    entry = Entry.objects.get(type="Condition")
    assert entry.display == "New"
    assert [(old.display, old.version_at.month) for old in entry.history.all()] == [("Old", 6)]


def test_fact_that_returns_to_what_it_was_leaves_the_other_behind():
    file(surgery(problem(display="A", at=JUNE), at=JUNE))
    file(surgery(problem(display="B", at=JULY), at=JULY))
    file(surgery(problem(display="A", at=AUGUST), at=AUGUST))
    entry = Entry.objects.get(type="Condition")
    assert (entry.display, entry.version_at.month) == ("A", 8)
    assert list(entry.history.values_list("display", flat=True)) == ["B"]


def test_fact_that_its_source_moves_to_another_patient_goes_with_its_history():
    file(surgery(problem(display="A", at=JUNE), at=JUNE))
    file(surgery(problem(display="A", at=JULY), at=JULY, local="p2", given="Ann", number=OTHER))
    file(surgery(problem(display="A", at=MAY), at=MAY))
    assert Entry.objects.get(type="Condition").patient.local_id == "p2"


def test_older_telling_does_not_take_a_fact_back():
    file(surgery(problem(at=JULY), at=JULY, local="p2", given="Ann", number=OTHER))
    file(surgery(problem(at=JUNE), at=JUNE))
    entry = Entry.objects.get(type="Condition")
    assert (entry.patient.local_id, entry.version_at.month) == ("p2", 7)


def test_version_that_claims_to_come_from_the_future_does_not_stand_for_ever():
    file(surgery(problem(display="A", at="2099-01-01T00:00:00+00:00")))
    assert Entry.objects.get(type="Condition").version_at == senders.NOW


def test_number_that_is_not_valid_links_nobody_and_is_an_issue():
    file(surgery(number=UNKNOWN), surgery(number=UNKNOWN, local="p2", code="G99002"))
    assert set(LocalPatient.objects.values_list("link", "nhs_number", "link_number")) == {("unlinked", UNKNOWN, "")}
    assert person_of("p1") != person_of("p2")
    assert list(Person.objects.values_list("nhs_number", flat=True)) == [None, None]
    assert list(DataIssue.objects.values_list("code", flat=True)) == ["nhs-number-invalid"] * 2


def test_sources_that_agree_are_one_person():
    file(surgery(), hospital())
    assert person_of("p1") == person_of("RCB:H1")
    assert ReviewTask.objects.count() == 0


def test_other_surname_is_linked_provisionally_with_a_task():
    file(surgery(), hospital(family="Meakin"))
    assert person_of("p1") == person_of("RCB:H1")
    task = ReviewTask.objects.get()
    assert (task.patient.local_id, task.patient.link, task.closed_at) == ("RCB:H1", "provisional", None)


@pytest.mark.parametrize("differs", [{"born": "19850101"}, {"given": "Helen"}, {"born": ""}])
def test_doubtful_claim_is_held_apart_with_a_task(differs):
    file(surgery(), hospital(**differs))
    assert person_of("p1") != person_of("RCB:H1")
    assert ReviewTask.objects.get().patient.link == "held"


def test_review_closes_when_the_source_agrees_at_last():
    file(surgery(), hospital(family="Meakin"))
    file(hospital("A08", family="Burrows", day="20210106"))
    task = ReviewTask.objects.get()
    assert (task.patient.link, task.closed_at) == ("linked", senders.NOW)
    file(hospital("A08", born="19850101", day="20210107"))
    task.refresh_from_db()
    assert (task.closed_at, task.patient.link) == (None, "held")


def test_corrected_number_relinks_and_the_former_number_restores():
    file(surgery(problem()), surgery(local="p2", code="G99002", number=OTHER), hospital())
    before = people()
    file(hospital("A08", number=OTHER, day="20210106"))
    assert person_of("RCB:H1") == person_of("p2") != person_of("p1")
    file(hospital("A08", number=MARY, day="20210107"))
    assert people() == before
    assert Entry.objects.filter(patient__local_id="p1", type="Condition").exists()


def test_ties_follow_a_patient_who_is_linked_to_another_person():
    file(surgery(number=UNKNOWN), hospital())
    ward = Actor("k", "n", "ward-nurse", "RCB")
    gp = Actor("k", "n", "gp", "G99001")
    assert set(access.people_in_reach(ward, senders.NOW)) == {person_of("RCB:H1")} != {person_of("p1")}
    file(hospital("A08", number=OTHER, day="20210106"), surgery(number=OTHER, at=JULY))
    assert person_of("p1") == person_of("RCB:H1")
    for actor in (ward, gp):
        assert list(access.people_in_reach(actor, senders.NOW)) == [person_of("p1")]


def test_visit_ends_with_its_discharge_in_either_order():
    for order in ((hospital("A01"), hospital("A03", day="20210109")), (hospital("A03", day="20210109"), hospital())):
        for message in order:
            file(message)
        visit = Relationship.objects.get(kind="visit")
        assert visit.ends == datetime(2021, 1, 9, 10, tzinfo=UTC)
        _empty()


def test_each_batch_leaves_one_row_that_proves_its_bytes():
    file(surgery(problem()), hospital())
    file(surgery(problem(), at=JULY))
    rows = ledger.latest(50, action="file messages")
    details = [json.loads(row.detail) for row in rows]
    assert [(told["messages"], told["sources"]) for told in details] == [
        (1, ["G99001"]),
        (2, ["G99001", "RCB"]),
    ]
    assert details[0]["documents"] != details[1]["documents"]
    assert "Burrows" not in repr(rows)
    assert ledger.verify().ok


def test_nothing_is_kept_when_the_ledger_cannot_be_written(monkeypatch):
    file(surgery(problem()))
    before = state()

    def full(**_: object) -> int:
        raise OSError("disk full")

    monkeypatch.setattr(ingest.ledger, "write", full)
    with pytest.raises(OSError, match="disk full"):
        file(surgery(problem(display="New", at=JULY), at=JULY), hospital())
    assert state() == before


def test_patient_thought_new_whose_entries_stand_is_filed_all_the_same(monkeypatch):
    looks = []
    standing = entries._standing
    monkeypatch.setattr(entries, "_standing", lambda keys: looks.append(len(keys)) or standing(keys))
    file(surgery(problem(at=JUNE)))
    file(surgery(problem(at=JULY), at=JULY, local="p2"))
    assert Entry.objects.get(type="Condition").patient.local_id == "p2"
    assert looks == [0, 0, 1 + 1]  # the second batch was told by the database to look
