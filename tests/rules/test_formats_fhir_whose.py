"""Whose a FHIR message is and whom it is about: senders and receivers, patients inside it and patients named by key."""

import json
from typing import Any

import pytest
from factories import wire
from factories.reading import read, refused
from factories.wire import clinical, concept, patient, practice, reference

from oneplace import formats
from oneplace.kernel.rows import Message, Move, PersonRow

TRUST = {
    "resourceType": "Organization",
    "id": "t1",
    "name": "Example Hospitals",
    "identifier": [{"system": wire.ODS_SYSTEM, "value": "RXX"}],
}
UK_CORE = {"profile": ["https://fhir.hl7.org.uk/StructureDefinition/UKCore-Patient"]}


HEADER = {"resourceType": "MessageHeader", "id": "h1", "timestamp": "2021-05-01T10:00:00+00:00"}
AMBULANCE = TRUST | {
    "id": "t2",
    "name": "Example Ambulance",
    "identifier": [{"system": "x/ods-site-code", "value": "rya01"}],
}
ENCOUNTER = clinical("Encounter", "e1", period={"start": "2021-05-01T09:00:00+00:00"})


@pytest.mark.parametrize(
    ("header", "beside", "code"),
    [
        ({"responsible": reference("Organization/t1")}, [TRUST, AMBULANCE], "RXX"),
        ({"receiver": reference("Organization/t1")}, [TRUST, AMBULANCE], "RYA01"),
        ({"destination": [{"receiver": reference("Organization/t1")}]}, [TRUST, AMBULANCE], "RYA01"),
        ({"sender": {"identifier": {"system": wire.ODS_SYSTEM, "value": "RZZ"}, "display": "Else"}}, [], "RZZ"),
        ({"source": {"endpoint": "urn:nhs-uk:addressing:ods:RFM8C2"}}, [], "RFM8C2"),
        ({"source": {"endpoint": "https://example.invalid"}}, [], ""),
        (
            {"author": reference("Organization/dept")},
            [{"resourceType": "Organization", "id": "dept", "partOf": reference("Organization/t1")}, TRUST],
            "RXX",
        ),
        ({}, [TRUST | {"identifier": [{"system": wire.ODS_SYSTEM, "value": "$ODS-CODE"}]}], ""),
        ({}, [TRUST | {"identifier": [{"system": wire.ODS_SYSTEM, "value": "ORIGINAL"}]}], ""),
    ],
)
def test_message_is_its_senders_and_never_its_receivers(header: Any, beside: list[Any], code: str):
    nobody = wire.without(patient(), "managingOrganization")
    message = read(HEADER | header, nobody, ENCOUNTER, *beside, type="message")
    assert message.source_code == code
    assert message.sent_at is not None
    assert [event.move for event in message.events] == [Move.ATTENDED]


def test_time_of_a_bundle_is_its_timestamp():
    sent = read(patient(), type="message", timestamp="2021-05-01T10:00:00+00:00").sent_at
    assert sent is not None
    assert sent.isoformat() == "2021-05-01T10:00:00+00:00"


def test_practices_consultations_open_no_tie_and_trusts_register_nobody():
    assert [event.move for event in read(patient(), practice(), ENCOUNTER).events] == [Move.REGISTERED]
    told = read(HEADER | {"responsible": reference("Organization/t1")}, patient(), practice(), TRUST, type="message")
    assert told.events == ()
    assert told.people[0].practice_code == "G99001"


def test_practice_is_the_gps_only_where_it_is_one():
    doctors = [reference("Organization/t1"), reference("Organization/o1")]
    told = wire.without(patient(generalPractitioner=doctors), "managingOrganization")
    message = read(told, practice(), TRUST)
    assert (message.source_code, message.people[0].practice_code) == ("RXX", "G99001")


def test_resource_without_an_id_goes_by_its_address():
    bare = wire.without(patient(), "id")
    raw = wire.wrapped(
        [
            {"fullUrl": "urn:uuid:aa-1", "resource": bare},
            {
                "fullUrl": "https://x/Flag/f9",
                "resource": {"resourceType": "Flag", "code": concept(), "subject": reference("urn:uuid:aa-1")},
            },
        ]
    )
    message = formats.read(raw)
    assert isinstance(message, Message)
    assert (message.people[0].local_id, message.entries[0].source_id, message.entries[0].local_id) == (
        "aa-1",
        "f9",
        "aa-1",
    )


def test_patient_without_an_id_goes_by_a_number():
    bare = wire.without(patient(), "id")
    assert read(bare).people[0].local_id == "9990000018"
    own = bare | {"identifier": [{"system": "https://example.invalid/mrn", "value": "567890"}, *bare["identifier"]]}
    assert read(own).people[0].local_id == "567890"
    assert refused(wire.wrapped([{"resource": bare | {"identifier": []}}])).code == "no-patient"


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        (reference("Patient/p7"), PersonRow("p7", path="entry[0]", key_only=True)),
        (
            reference("https://x/Patient/9990000018"),
            PersonRow("9990000018", "9990000018", path="entry[0]", key_only=True),
        ),
        (
            {"identifier": {"system": wire.NHS_SYSTEM, "value": "999 000 0018"}},
            PersonRow("9990000018", "9990000018", path="entry[0]", key_only=True),
        ),
    ],
)
def test_single_resource_names_its_patient_by_key(subject: Any, expected: PersonRow):
    flag = clinical("Flag", code=concept()) | {"subject": subject}
    message = formats.read(json.dumps(flag).encode())
    assert isinstance(message, Message)
    assert message.people == (expected,)
    assert message.entries[0].local_id == expected.local_id
    assert message.source_code == ""


@pytest.mark.parametrize(
    "subject", [None, {"display": "Somebody"}, reference("#inside"), {"identifier": {"system": "x", "value": "1"}}]
)
def test_single_resource_about_nobody_is_refused(subject: Any):
    flag = wire.without(clinical("Flag", code=concept()), "subject") | ({"subject": subject} if subject else {})
    assert refused(json.dumps(flag).encode()).code == "no-patient"


def test_bundle_about_no_person_says_what_it_is():
    answer = refused(wire.wrapped([{"resource": practice()}, {"resource": {"resourceType": "Slot"}}]))
    assert (answer.code, "Organization, Slot" in answer.reason) == ("no-person", True)


@pytest.mark.parametrize("sort", ["collection", "document", "a new sort", None])
def test_record_or_letter_without_its_patient_is_refused_though_its_sender_is_told(sort: str | None):
    fact = clinical("Flag", code=concept(), author=reference("Organization/o1"))
    entries = [{"resource": practice()}, {"resource": fact}]
    answer = refused(wire.wrapped(entries, type=sort))
    assert answer.code == "no-patient"
    assert "with the Patient inside" in answer.reason
    inside = {"resourceType": "Bundle", "type": "document", "entry": entries}
    assert refused(wire.wrapped([{"resource": HEADER}, {"resource": inside}], type="message")).code == "no-patient"
    asked = formats.read(wire.wrapped(entries, type="searchset"))
    assert isinstance(asked, Message)
    assert asked.people[0].key_only


def test_transaction_that_removes_tells_nothing():
    message = formats.read(wire.wrapped([{"resource": patient()}, {"request": {"method": "DELETE", "url": "Flag/1"}}]))
    assert isinstance(message, Message)
    assert "no-resource" not in {issue.code for issue in message.issues}


def test_merge_is_told_by_a_link():
    kept = patient(link=[{"other": reference("Patient/old"), "type": "replaces"}, {"type": "seealso"}])
    assert [(e.move, e.local_id, e.other_local_id) for e in read(kept).events] == [(Move.MERGED, "p1", "old")]
    folded = patient(link=[{"other": reference("Patient/new"), "type": "replaced-by"}])
    assert [(e.local_id, e.other_local_id) for e in read(folded).events] == [("new", "p1")]


def test_verified_number_ethnicity_and_language_are_kept():
    core = "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-"
    status = {"url": core + "NHSNumberVerificationStatus", "valueCodeableConcept": concept("01", "Verified")}
    told = patient(
        identifier=[
            {"system": wire.NHS_SYSTEM, "value": ""},
            {"system": "http://fhir.nhs.net/Id/nhs-number", "value": "999 000 0018", "extension": [status]},
        ],
        extension=[
            {"url": core + "EthnicCategory", "valueCodeableConcept": concept("A1", "x")},
            {"url": core + "InterpreterRequired", "valueBoolean": True},
        ],
        communication=[{"language": concept("en", "English")}, {"language": concept("cy", "Welsh"), "preferred": True}],
    )
    row = read(told).people[0]
    assert (row.nhs_number, row.number_verified, row.ethnicity) == ("9990000018", True, "A")
    assert (row.language, row.interpreter) == ("Welsh", True)
    odd = patient(extension=[{"url": core + "EthnicCategory", "valueCodeableConcept": concept("XYZ", "x")}])
    assert read(odd).people[0].ethnicity == ""
