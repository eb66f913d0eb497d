"""FHIR DSTU2: notices between hospitals and councils, child health events and old resources, read like STU3."""

import json
from typing import Any

import pytest
from factories import wire
from factories.wire import clinical, concept, patient, practice, reference, xml_of

from oneplace import formats
from oneplace.kernel.rows import Kind, Message, Reject

PERSON = reference("urn:uuid:p1")


def read(*resources: Any, **more: Any) -> Message:
    """These resources as one message bundle, read."""
    entries = [{"fullUrl": f"urn:uuid:{one['id']}", "resource": one} for one in resources]
    message = formats.read(wire.wrapped(entries, **({"type": "message"} | more)))
    assert isinstance(message, Message), message
    return message


def header(**fields: Any) -> dict[str, Any]:
    """The header of a discharge notice of a trust to a council."""
    return {
        "resourceType": "MessageHeader",
        "id": "h1",
        "timestamp": "2021-05-04T15:11:42+00:00",
        "event": {"system": wire.SNOMED, "code": "975731000000100"},
        "source": {"endpoint": "urn:nhs-uk:addressing:ods:RXX"},
        "author": reference("urn:uuid:d1"),
        "receiver": reference("urn:uuid:council"),
        "responsible": reference("urn:uuid:d1"),
        "data": [reference("urn:uuid:r1")],
        **fields,
    }


def notice(**fields: Any) -> list[dict[str, Any]]:
    """A discharge notice as NHS senders write it; `fields` are those of its referral."""
    codes = {"system": wire.ODS_SYSTEM}
    return [
        header(),
        {
            "resourceType": "ReferralRequest",
            "id": "r1",
            "status": "requested",
            "patient": PERSON,
            "requester": reference("urn:uuid:d1"),
            "recipient": [reference("urn:uuid:council")],
            "encounter": reference("urn:uuid:e1"),
            **fields,
        },
        {
            "resourceType": "Encounter",
            "id": "e1",
            "status": "in-progress",
            "class": "inpatient",
            "patient": PERSON,
            "period": {"start": "2021-04-24", "end": "2021-05-06"},
        },
        {
            "resourceType": "Patient",
            "id": "p1",
            "identifier": [{"system": wire.NHS_SYSTEM, "value": "9990000018"}],
            "name": [{"family": ["Test", "Case"], "given": ["Mary"]}],
            "birthDate": "1951-12-12",
            "careProvider": [reference("urn:uuid:o1")],
        },
        {
            "resourceType": "Practitioner",
            "id": "d1",
            "name": {"family": ["Example"], "given": ["Pat"]},
            "practitionerRole": [
                {"managingOrganization": reference("urn:uuid:t1"), "role": concept("R8003", "Discharge co-ordinator")}
            ],
        },
        {
            "resourceType": "Organization",
            "id": "t1",
            "name": "Example Hospital",
            "identifier": [codes | {"value": "RXX"}],
        },
        {
            "resourceType": "Organization",
            "id": "council",
            "name": "Example Council",
            "identifier": [codes | {"value": "999"}],
        },
        practice(),
        {
            "resourceType": "QuestionnaireResponse",
            "id": "q1",
            "status": "completed",
            "encounter": reference("urn:uuid:e1"),
            "group": {
                "question": [
                    {"text": "Has the patient been consulted?", "answer": [{"valueCoding": {"display": "Yes"}}]},
                    {
                        "text": "And the carer?",
                        "answer": [
                            {"valueBoolean": False, "group": [{"title": "Why not", "question": [{"text": "Reason"}]}]}
                        ],
                    },
                ]
            },
        },
    ]


def test_notice_is_read_with_sender_person_visit_and_answers():
    message = read(*notice())
    assert (message.format, message.source_code, message.source_name) == ("fhir-dstu2-json", "RXX", "Example Hospital")
    (person,) = message.people
    assert (person.names[0].family, person.practice_code) == ("Test Case", "G99001")
    referral, visit, answers = message.entries
    assert (referral.kind, referral.type, referral.code, referral.display, referral.status) == (
        Kind.REFERRAL,
        "ReferralRequest",
        "975731000000100",
        "Discharge notice",
        "requested",
    )
    assert referral.happened_at == message.sent_at
    assert referral.detail == {
        "author": "Pat Example",
        "role": "Discharge co-ordinator",
        "recipient": "Example Council",
    }
    assert (visit.display, visit.ended_at.isoformat()) == ("Inpatient", "2021-05-06T00:00:00+00:00")
    assert answers.detail["components"] == [
        {"display": "", "value": ""},
        {"display": "Has the patient been consulted?", "value": "Yes"},
        {"display": "And the carer?", "value": "no"},
        {"display": "Why not", "value": ""},
        {"display": "Reason", "value": ""},
    ]
    assert [issue.code for issue in message.issues] == []


def test_notice_in_xml_gives_the_same_rows():
    resources = notice()
    bundle = {
        "resourceType": "Bundle",
        "type": "message",
        "entry": [{"fullUrl": f"urn:uuid:{one['id']}", "resource": one} for one in resources],
    }
    told = formats.read(xml_of(bundle))
    assert isinstance(told, Message)
    assert told.format == "fhir-dstu2-xml"
    plain = read(*resources)
    assert (told.people, told.entries, told.events) == (plain.people, plain.entries, plain.events)


def test_notice_of_an_unknown_event_keeps_its_code_and_one_with_words_its_own():
    other = notice()
    other[0] = header(event={"system": wire.SNOMED, "code": "1"})
    assert (read(*other).entries[0].code, read(*other).entries[0].display) == ("1", "")
    worded = notice(reason=concept("2", "Needs a package of care"), dateSent="2021-05-01", priority=concept("urgent"))
    row = read(*worded).entries[0]
    assert (row.display, row.happened_at.day, row.detail["priority"]) == ("Needs a package of care", 1, "urgent")
    described = notice(description="Home with support", date="2021-05-02")
    assert read(*described).entries[0].display == "Home with support"
    assert read(*notice(serviceRequested=[concept("3", "Home care")])).entries[0].display == "Home care"


def test_referral_outside_a_message_has_its_own_words_alone():
    asked = {"resourceType": "ReferralRequest", "id": "r1", "status": "active", "patient": PERSON}
    told = read(*notice()[2:], asked, type="collection")
    row = next(one for one in told.entries if one.type == "ReferralRequest")
    assert (row.display, row.happened_at) == ("", None)


def test_letter_inside_a_notice_is_read_in_its_place():
    letter = {
        "resourceType": "Bundle",
        "id": "b1",
        "type": "document",
        "entry": [
            {
                "fullUrl": "urn:uuid:w1",
                "resource": clinical("DocumentReference", "w1", description="Assessment")
                | {"subject": PERSON, "indexed": "2021-04-17T10:00:00+00:00"},
            }
        ],
    }
    row = read(*notice(), letter).entries[-1]
    assert (row.display, row.path) == ("Assessment", "entry[9].entry[0]")
    broken = letter | {"entry": "odd"}
    assert len(read(*notice(), broken).entries) == 3


def test_event_that_deletes_another_takes_its_facts_back():
    def told(code: str) -> list[str]:
        sort = {"url": "https://fhir.nhs.uk/StructureDefinition/Extension-DCH-MessageEventType-1",
                "valueCodeableConcept": {"coding": [{"code": code}]}}  # fmt: skip
        return [one.status for one in read(header(extension=[sort]), *notice()[1:]).entries]

    assert told("new") == ["requested", "in-progress", "completed"]
    assert told("delete") == ["entered-in-error"] * 3


def test_release_is_told_by_profile_and_by_what_only_one_has():
    old = {"meta": {"profile": ["http://fhir.nhs.net/StructureDefinition/gpconnect-patient-1"]}}
    assert read(patient(**old)).format == "fhir-dstu2-json"
    newer = {"meta": {"profile": ["https://fhir.hl7.org.uk/STU3/StructureDefinition/CareConnect-Patient-1"]}}
    wrong = {"resourceType": "Condition", "id": "c1", "patient": reference("Patient/p1"), "code": concept()}
    assert read(patient(**newer), wrong).format == "fhir-stu3-json"
    assert read(patient(), wrong).format == "fhir-dstu2-json"
    assert read(patient(), clinical("MedicationOrder")).format == "fhir-dstu2-json"


def test_single_order_is_read_and_a_broken_one_refused_under_its_release():
    order = clinical("MedicationOrder", dateWritten="2021-01-01", medicationCodeableConcept=concept("1", "Drug"))
    message = formats.read(json.dumps(order).encode())
    assert isinstance(message, Message)
    assert (message.format, message.entries[0].kind) == ("fhir-dstu2-json", Kind.PRESCRIPTION)
    lost = read(clinical("Condition", "c1", code=concept(), dateRecorded="2021"), type="message")
    assert lost.people[0].key_only
    nobody = formats.read(wire.wrapped([{"resource": practice()}], type="message"))
    assert isinstance(nobody, Reject)


DOCTOR = reference("Practitioner/d1")
# each resource as DSTU2 has it and as STU3 has it
SHAPES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "AllergyIntolerance": (
        {"substance": concept("1", "Penicillin"), "status": "confirmed", "recordedDate": "2020-01-01",
         "category": "medication", "criticality": "CRITH", "reporter": DOCTOR, "note": {"text": "as a child"}},
        {"code": concept("1", "Penicillin"), "clinicalStatus": "active", "verificationStatus": "confirmed",
         "assertedDate": "2020-01-01", "category": ["medication"], "criticality": "high", "asserter": DOCTOR,
         "note": [{"text": "as a child"}]},
    ),
    "Condition": (
        {"patient": reference("Patient/p1"), "code": concept(), "dateRecorded": "2020-01-01", "notes": "mild"},
        {"code": concept(), "assertedDate": "2020-01-01", "note": [{"text": "mild"}]},
    ),
    "Immunization": (
        {"vaccineCode": concept("1", "BCG"), "date": "2020-01-01", "wasNotGiven": False, "reported": False,
         "performer": DOCTOR},
        {"vaccineCode": concept("1", "BCG"), "date": "2020-01-01", "practitioner": [{"actor": DOCTOR}]},
    ),
    "Observation": (
        {"code": concept(), "effectiveDateTime": "2020-01-01", "comments": "a word", "reliability": "ok"},
        {"code": concept(), "effectiveDateTime": "2020-01-01", "comment": "a word"},
    ),
    "Procedure": (
        {"code": concept(), "performedDateTime": "2020-01-01", "notPerformed": True, "status": "aborted"},
        {"code": concept(), "performedDateTime": "2020-01-01", "notDone": True, "status": "aborted"},
    ),
    "ProcedureRequest": (
        {"code": concept(), "orderedOn": "2020-01-01", "scheduledDateTime": "2020-02-01", "orderer": DOCTOR},
        {"code": concept(), "authoredOn": "2020-01-01", "occurrenceDateTime": "2020-02-01",
         "requester": {"agent": DOCTOR}},
    ),
    "MedicationStatement": (
        {"patient": reference("Patient/p1"), "medicationCodeableConcept": concept("1", "Drug"), "status": "completed",
         "effectiveDateTime": "2020-01-01", "wasNotTaken": True, "note": "stopped"},
        {"medicationCodeableConcept": concept("1", "Drug"), "status": "not-taken", "effectiveDateTime": "2020-01-01",
         "note": [{"text": "stopped"}]},
    ),
    "MedicationAdministration": (
        {"patient": reference("Patient/p1"), "medicationCodeableConcept": concept("1", "Drug"), "wasNotGiven": True,
         "effectiveTimeDateTime": "2020-01-01", "practitioner": DOCTOR,
         "dosage": {"quantity": {"value": 5, "unit": "mg"}}},
        {"medicationCodeableConcept": concept("1", "Drug"), "notGiven": True, "effectiveDateTime": "2020-01-01",
         "performer": [{"actor": DOCTOR}], "dosage": {"dose": {"value": 5, "unit": "mg"}}},
    ),
    "MedicationDispense": (
        {"patient": reference("Patient/p1"), "medicationCodeableConcept": concept("1", "Drug"), "dispenser": DOCTOR},
        {"medicationCodeableConcept": concept("1", "Drug"), "performer": [{"actor": DOCTOR}]},
    ),
    "DiagnosticReport": (
        {"code": concept(), "issued": "2020-01-01T09:00:00Z", "performer": DOCTOR, "conclusion": "clear"},
        {"code": concept(), "issued": "2020-01-01T09:00:00Z", "performer": [{"actor": DOCTOR}], "conclusion": "clear"},
    ),
    "Communication": (
        {"category": concept("1", "Notice"), "reason": [concept("2", "Fall")], "sent": "2020-01-01T09:00:00Z"},
        {"category": [concept("1", "Notice")], "reasonCode": [concept("2", "Fall")], "sent": "2020-01-01T09:00:00Z"},
    ),
}  # fmt: skip
OLD = {"meta": {"profile": ["http://fhir.nhs.net/StructureDefinition/x"]}}


@pytest.mark.parametrize("sort", SHAPES)
def test_dstu2_shape_reads_like_stu3(sort: str):
    """The same fact in both releases is the same row."""
    rows = [
        read(patient(**meta), practice(), *wire.staff(), clinical(sort, **fields), type="collection").entries[0]
        for fields, meta in zip(SHAPES[sort], (OLD, {}), strict=True)
    ]
    assert rows[0] == rows[1]


def entry(resource: dict[str, Any]) -> Any:
    """The one entry of an old bundle that this resource comes to."""
    (found,) = read(patient(**OLD), practice(), *wire.staff(), resource, type="collection").entries
    return found


def test_orders_are_prescriptions_and_requests():
    drug = clinical("MedicationOrder", dateWritten="2021-01-01", prescriber=DOCTOR, note="with food",
                    medicationCodeableConcept=concept("1", "Drug"))  # fmt: skip
    row = entry(drug)
    assert (row.kind, row.type, row.happened_at.year) == (Kind.PRESCRIPTION, "MedicationOrder", 2021)
    assert (row.detail["author"], row.detail["intent"], row.detail["notes"]) == ("Dr Pat Example", "order", "with food")
    tests = clinical("DiagnosticOrder", orderer=DOCTOR, status="requested",
                     item=[{"code": concept("1", "Chest x-ray")}, {"code": concept("2", "Second")}],
                     event=[{"status": "requested", "dateTime": "2021-02-03"}])  # fmt: skip
    row = entry(tests)
    assert (row.kind, row.display, row.happened_at.month) == (Kind.REQUEST, "Chest x-ray", 2)


def test_ended_allergy_and_shapes_that_are_odd_are_kept():
    row = entry(clinical("AllergyIntolerance", substance=concept("1", "Nuts"), status="resolved"))
    assert (row.status, row.detail) == ("resolved", {})
    odd = clinical("MedicationAdministration", dosage="odd", medicationCodeableConcept=concept("1", "Drug"))
    assert entry(odd).display == "Drug"
    plain = clinical("MedicationStatement", medicationCodeableConcept=concept("1", "Drug"), status="active")
    assert entry(plain).status == "active"
    assert entry(clinical("QuestionnaireResponse")).display == "Questionnaire"
    assert entry(clinical("Communication")).display == "Communication"
    typed = clinical("Encounter", type=[concept("1", "Home visit")]) | {"class": "home"}
    assert entry(typed).display == "Home visit"


def test_person_and_staff_of_odd_shape_cost_themselves_alone():
    told = read(patient(name=[{"family": ["Test", 4]}, "odd"], **OLD), practice(), type="collection")
    assert [name.family for name in told.people[0].names] == ["Test"]
    assert not read({key: told for key, told in patient(**OLD).items() if key != "name"}).people[0].names
    doctor = {"resourceType": "Practitioner", "id": "d9", "practitionerRole": ["odd", {}]}
    assert not read(patient(), practice(), doctor).entries
