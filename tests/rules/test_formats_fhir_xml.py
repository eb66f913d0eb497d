"""FHIR in XML: read into the same rows as its twin in JSON; what bites or is in a wrong character set is refused."""

import json

import pytest
from factories import wire
from factories.reading import refused
from factories.wire import clinical, concept, patient, practice, xml_of

from oneplace import formats
from oneplace.kernel.rows import Message

FACTS = [
    clinical("Condition", "c1", code=concept(), clinicalStatus="active", assertedDate="2020-01-01"),
    clinical("AllergyIntolerance", "a1", code=concept("91936005", "Penicillin"), clinicalStatus="active"),
    clinical("Immunization", "i1", vaccineCode=concept("1", "Flu"), date="2021-10-01", notGiven=True),
    clinical(
        "Observation",
        "o9",
        code=concept("2", "Potassium"),
        effectiveDateTime="2021-01-01T09:00:00+00:00",
        valueQuantity={"value": 4.1, "unit": "mmol/L"},
        referenceRange=[{"low": {"value": 3}, "high": {"value": 5}}],
    ),
    clinical("Flag", "f1", code=concept("3", "Key safe <at> & by the door"), status="active"),
]


def test_xml_twin_of_a_bundle_gives_the_same_rows():
    bundle = json.loads(wire.bundle(*FACTS))
    in_json, in_xml = formats.read(json.dumps(bundle).encode()), formats.read(xml_of(bundle))
    assert isinstance(in_json, Message)
    assert isinstance(in_xml, Message)
    assert (in_json.format, in_xml.format) == ("fhir-stu3-json", "fhir-stu3-xml")
    assert in_xml.entries == in_json.entries
    assert in_xml.people == in_json.people
    assert (in_xml.events, in_xml.issues) == (in_json.events, in_json.issues)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "iso-8859-1", "windows-1252"])
def test_xml_says_its_own_character_set(encoding: str):
    told = xml_of(patient(name=[{"family": "Tésté"}])).decode()
    message = formats.read(f'<?xml version="1.0" encoding="{encoding}"?>{told}'.encode(encoding))
    assert isinstance(message, Message)
    assert message.people[0].names[0].family == "Tésté"


def test_xml_that_bites_is_refused():
    bomb = (
        b'<!DOCTYPE a [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]><Patient xmlns="http://hl7.org/fhir">&b;</Patient>'
    )
    assert refused(bomb).code == "xml-doctype"
    deep = b'<Patient xmlns="http://hl7.org/fhir">' + b"<a>" * 200 + b"</a>" * 200 + b"</Patient>"
    assert refused(deep).code == "xml-too-deep"
    assert "line 1" in refused(b'<Patient xmlns="http://hl7.org/fhir"><id').path
    assert refused(xml_of(practice())).format == "fhir-stu3-xml"


def test_xml_values_that_are_no_numbers_stay_words():
    odd = clinical("Observation", code=concept(), valueQuantity={"value": "much", "unit": "mmol"})
    message = formats.read(xml_of(json.loads(wire.bundle(odd))))
    assert isinstance(message, Message)
    assert [issue.code for issue in message.issues] == ["wrong-type"]
    empty = b'<Patient xmlns="http://hl7.org/fhir"><id value="p"/><gender/><active value="true"/></Patient>'
    assert isinstance(formats.read(empty), Message)


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b'<?xml version="1.0" encoding="utf-8"?>\n<Patient id="\xff"/>', "it is in utf-8, but there are characters"),
        (b"<Patient>\n<id value='\xe9'/></Patient>", "names no character set, so it is UTF-8"),
        (b'<?xml version="1.0" encoding="nowhere-9"?><Patient/>', "in nowhere-9, which is no character set"),
        (b'<?xml version="1.0" encoding="idna"?><Patient id="\xff"/>', "it is in idna"),
        (b"\xff\xfe<\0P\0a", "so it is UTF-16"),
    ],
)
def test_xml_in_a_wrong_character_set_says_which(raw: bytes, words: str):
    answer = refused(raw)
    assert answer.code == "charset"
    assert words in answer.reason
    assert "write it in UTF-8" in answer.reason
