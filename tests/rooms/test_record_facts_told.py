"""What three feeds tell of one person: one line a fact, every source in sight, and what is missing named."""

from datetime import UTC, datetime

import pytest
from factories import wire
from factories.senders import JULY, JUNE, file, hospital, surgery
from test_record_door import GP, WARD, opened, panel, person_of, share

from oneplace.record import door
from oneplace.record.models import Entry, EntryHistory
from oneplace.record.presenters.words import differing_words
from oneplace.record.shapes import DocumentShown

pytestmark = pytest.mark.django_db

GOUT = wire.concept("90560007", "Gout")
PILLS = wire.concept("322280009", "Paracetamol 500mg capsules")


def gout(key: str, at: str = JUNE) -> wire.Resource:
    meta = {"lastUpdated": at}
    return wire.clinical("Condition", key, code=GOUT, clinicalStatus="active", assertedDate="2020-01-01", meta=meta)


def medicine(dose: str) -> wire.Resource:
    return wire.clinical(
        "MedicationStatement", "m9", status="active", medicationCodeableConcept=PILLS, dosage=[{"text": dose}]
    )


def test_fact_of_three_feeds_is_one_line_with_three_sources():
    file(surgery(gout("a")), surgery(gout("b"), code="G99002", local="q"), surgery(gout("c"), code="G99003", local="r"))
    share("G99001", "G99002", "G99003")
    found = panel(opened(GP, person_of()), "problems")
    assert (len(found.items), found.more) == (1, 0)
    item = found.items[0]
    assert item.source_code == "G99001"
    assert sorted(other.source_code for other in item.also) == ["G99002", "G99003"]
    assert len(panel(opened(GP, person_of()), "timeline").items) == 1


def test_source_that_may_not_be_shown_adds_nothing_to_a_fact():
    file(surgery(gout("a")), surgery(gout("b"), code="G99002", local="q"))
    share("G99001")
    assert panel(opened(GP, person_of()), "problems").items[0].also == ()


def test_doses_that_differ_stand_together_with_a_warning():
    file(surgery(medicine("one a day")), surgery(medicine("Two a day."), code="G99002", local="q"))
    share("G99001", "G99002")
    item = panel(opened(GP, person_of()), "medicines").items[0]
    assert len(item.also) == 1
    assert differing_words(item) == "Sources differ on dose"
    assert differing_words(item.also[0]) == ""


def test_entry_page_names_the_other_tellings():
    file(surgery(gout("a")), surgery(gout("b", JULY), code="G99002", local="q"))
    share("G99001", "G99002")
    item = panel(opened(GP, person_of()), "problems").items[0]
    for key, other in ((item.key, "G99002"), (item.also[0].key, "G99001")):
        shown = door.document(GP, person_of(), key)
        assert isinstance(shown, DocumentShown)
        assert [one.source_code for one in shown.item.also] == [other]


def test_list_without_the_gp_record_says_so():
    """What other sources tell isn't taken for the whole."""
    file(surgery(gout("a")), hospital("A01", "AL1|1|DA|91936005^Penicillin^SCT"))
    share("RCB")
    found = panel(opened(WARD, person_of()), "allergies")
    assert [item.source_code for item in found.items] == ["RCB"]
    assert found.note == "Without the GP record: the GP practice does not share here."
    share("RCB", "G99001")
    assert panel(opened(WARD, person_of()), "allergies").note == ""


def test_none_known_beside_an_allergy_is_named():
    none = wire.clinical("AllergyIntolerance", "n", code=wire.concept("716186003", "No known allergy"))
    some = wire.clinical("AllergyIntolerance", "s", code=wire.concept("91936005", "Penicillin"))
    file(surgery(none), surgery(some, code="G99002", local="q"))
    share("G99001", "G99002")
    found = panel(opened(GP, person_of()), "allergies")
    assert {item.display for item in found.items} == {"Penicillin", "No known allergy"}
    assert found.note.startswith("Sources disagree.")


def test_none_known_on_the_timeline_disagrees_with_nobody():
    """What else one source tells is no allergy, and speaks against nothing."""
    none = wire.clinical("AllergyIntolerance", "n", code=wire.concept("716186003", "No known allergy"))
    file(surgery(none, gout("a")))
    share("G99001")
    found = panel(opened(GP, person_of()), "timeline")
    assert {item.display for item in found.items} == {"No known allergy", "Gout"}
    assert found.note == ""


def test_visit_whose_discharge_leaves_out_its_start_began_when_it_was_admitted():
    start = b"|" * 25 + b"202101041000"
    admitted, discharged = hospital(), hospital("A03", day="20210106").replace(start, b"")
    for order in ((admitted, discharged), (discharged, admitted)):
        file(*order)
        file(surgery(gout("a")))
        share("G99001", "RCB")
        visits = [item for item in panel(opened(GP, person_of()), "encounters").items if item.source_code == "RCB"]
        assert [(item.status, item.happened_at) for item in visits] == [
            ("finished", datetime(2021, 1, 4, 10, tzinfo=UTC))
        ]
        shown = door.document(GP, person_of(), visits[0].key)
        assert isinstance(shown, DocumentShown)
        assert shown.item.happened_at == visits[0].happened_at
        EntryHistory.objects.all().delete()
        Entry.objects.filter(source__code="RCB").delete()
