"""Messages that name their patient by key alone: filed under that key, and never a change of what is known."""

import json

import pytest
from factories import wire
from factories.senders import JULY, file, surgery
from test_record_door import GP, opened, panel, person_of, share

from oneplace.gateway.queries import feed_lines
from oneplace.gateway.receive import Item, receive
from oneplace.record import door
from oneplace.record.models import LocalPatient
from oneplace.record.shapes import DocumentShown

pytestmark = pytest.mark.django_db


def flag(key: str = "f1") -> bytes:
    told = wire.clinical("Flag", key, code=wire.concept("1", "Key safe by the door"), status="active")
    return json.dumps(told).encode()


def taken_in(*raws: bytes, feed: str = "G99001") -> tuple[int, int]:
    tally = receive([Item("", raw, feed_code=feed) for raw in raws], by="test")
    return tally.filed, tally.quarantined


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_fact_and_person_meet_in_any_order(order: tuple[int, int]):
    messages = [surgery(at=JULY), flag()]
    assert taken_in(*(messages[index] for index in order)) == (2, 0)
    share("G99001")
    patient = LocalPatient.objects.get()
    assert (patient.family, patient.link) == ("Burrows", "linked")
    shown = opened(GP, person_of())
    assert [item.display for item in panel(shown, "alerts").items] == ["Key safe by the door"]
    document = door.document(GP, person_of(), panel(shown, "alerts").items[0].key)
    assert isinstance(document, DocumentShown)
    assert "Key safe" in document.text


def test_fact_of_a_patient_nobody_told_of_is_kept_apart():
    assert taken_in(flag()) == (1, 0)
    patient = LocalPatient.objects.get()
    assert (patient.family, patient.link) == ("", "unlinked")


def test_message_that_names_no_organisation_waits_until_someone_vouches_for_it():
    assert taken_in(flag(), feed="") == (0, 1)
    assert taken_in(flag(), feed="") == (0, 0), "the same again is a duplicate"
    assert taken_in(flag(), flag(), feed="G99001") == (1, 0), "the same bytes, with somebody's word, are filed once"
    assert taken_in(flag(), feed="G99001") == (0, 0)
    lines = feed_lines()
    totals = [sum(getattr(one, name) for one in lines) for name in ("received", "filed", "quarantined", "duplicate")]
    assert totals == [5, 1, 0, 4]


def test_element_of_an_xml_message_is_shown_as_it_came():
    raw = b"""<Bundle xmlns="http://hl7.org/fhir"><type value="collection"/><entry><resource><Patient><id value="p1"/>
    <identifier><system value="https://fhir.nhs.uk/Id/nhs-number"/><value value="9990000018"/></identifier>
    <name><family value="Burrows"/><given value="Mary"/></name><birthDate value="1951-12-12"/></Patient>
    </resource></entry>
    <entry><resource><Flag><id value="f1"/><code><text value="Dog at the door"/></code>
    <subject><reference value="Patient/p1"/></subject></Flag></resource></entry></Bundle>"""
    file(surgery(at=JULY))
    assert taken_in(raw) == (1, 0)
    share("G99001")
    shown = opened(GP, person_of())
    document = door.document(GP, person_of(), panel(shown, "alerts").items[0].key)
    assert isinstance(document, DocumentShown)
    assert document.text.startswith("<Flag")
    assert "Dog at the door" in document.text
