"""FHIR in XML and in R4, letters, messages and single resources: read into the same rows as GP Connect's JSON."""

import json
from typing import Any

import pytest
from factories import wire
from factories.wire import clinical, concept, patient, practice, reference, xml_of

from oneplace import formats
from oneplace.kernel.rows import Kind, Message, Move, PersonRow, Reject

TRUST = {
    "resourceType": "Organization",
    "id": "t1",
    "name": "Example Hospitals",
    "identifier": [{"system": wire.ODS_SYSTEM, "value": "RXX"}],
}
UK_CORE = {"profile": ["https://fhir.hl7.org.uk/StructureDefinition/UKCore-Patient"]}


def read(*resources: Any, **more: Any) -> Message:
    """These resources as one bundle, read."""
    message = formats.read(wire.wrapped([{"resource": one} for one in resources], **more))
    assert isinstance(message, Message), message
    return message


def entry(resource: Any, **more: Any) -> Any:
    """The one entry that a resource of a patient of a practice comes to."""
    (found,) = read(patient(), practice(), resource, **more).entries
    return found


def refused(raw: bytes) -> Reject:
    answer = formats.read(raw)
    assert isinstance(answer, Reject)
    return answer


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
    assert refused(b'<?xml version="1.0" encoding="utf-8"?><Patient id="\xff"/>').code == "xml-broken"
    assert refused(b'<?xml version="1.0" encoding="nowhere-9"?><Patient/>').code == "xml-broken"
    assert "line 1" in refused(b'<Patient xmlns="http://hl7.org/fhir"><id').path
    assert refused(xml_of(practice())).format == "fhir-stu3-xml"


def test_xml_values_that_are_no_numbers_stay_words():
    odd = clinical("Observation", code=concept(), valueQuantity={"value": "much", "unit": "mmol"})
    message = formats.read(xml_of(json.loads(wire.bundle(odd))))
    assert isinstance(message, Message)
    assert [issue.code for issue in message.issues] == ["wrong-type"]
    empty = b'<Patient xmlns="http://hl7.org/fhir"><id value="p"/><gender/><active value="true"/></Patient>'
    assert isinstance(formats.read(empty), Message)


R4 = {
    "Condition": (
        {
            "clinicalStatus": concept("active", "Active"),
            "recordedDate": "2020-01-01",
            "recorder": reference("Practitioner/d1"),
        },
        {"clinicalStatus": "active", "assertedDate": "2020-01-01", "asserter": reference("Practitioner/d1")},
    ),
    "AllergyIntolerance": (
        {"verificationStatus": concept("confirmed", "Confirmed"), "recordedDate": "2020-01-01"},
        {"verificationStatus": "confirmed", "assertedDate": "2020-01-01"},
    ),
    "Immunization": (
        {
            "occurrenceDateTime": "2020-01-01",
            "status": "not-done",
            "performer": [{"actor": reference("Practitioner/d1")}],
        },
        {
            "date": "2020-01-01",
            "status": "not-done",
            "notGiven": True,
            "practitioner": [{"actor": reference("Practitioner/d1")}],
        },
    ),
    "Encounter": (
        {"reasonCode": [concept("1", "Fall")], "period": {"start": "2020-01-01"}},
        {"reason": [concept("1", "Fall")], "period": {"start": "2020-01-01"}},
    ),
    "MedicationRequest": (
        {"requester": reference("Practitioner/d1"), "authoredOn": "2020-01-01"},
        {"requester": {"agent": reference("Practitioner/d1")}, "authoredOn": "2020-01-01"},
    ),
    "Observation": (
        {
            "note": [{"text": "one"}, {"text": "two"}],
            "hasMember": [reference("Observation/x")],
            "interpretation": [concept("H", "High")],
        },
        {
            "comment": "one\ntwo",
            "related": [{"target": reference("Observation/x")}],
            "interpretation": concept("H", "High"),
        },
    ),
    "DiagnosticReport": (
        {
            "performer": [reference("Practitioner/d1")],
            "category": [concept("L", "Laboratory")],
            "result": [reference("Observation/x")],
        },
        {
            "performer": [{"actor": reference("Practitioner/d1")}],
            "category": concept("L", "Laboratory"),
            "result": [reference("Observation/x")],
        },
    ),
    "Procedure": (
        {"status": "not-done", "performedDateTime": "2020-01-01"},
        {"status": "not-done", "notDone": True, "performedDateTime": "2020-01-01"},
    ),
    "DocumentReference": ({"date": "2020-01-01", "description": "x"}, {"created": "2020-01-01", "description": "x"}),
    "Flag": ({"category": [concept("a", "Admin")]}, {"category": concept("a", "Admin")}),
    "CarePlan": ({"author": reference("Practitioner/d1")}, {"author": [reference("Practitioner/d1")]}),
}


@pytest.mark.parametrize("sort", R4)
def test_r4_shape_reads_like_stu3(sort: str):
    """The same fact in both versions is the same row."""
    new, old = R4[sort]
    shared = {} if sort in ("Encounter", "CarePlan", "DocumentReference", "MedicationRequest") else {"code": concept()}
    staff = wire.staff()
    told = [
        read(patient(meta=meta), practice(), *staff, clinical(sort, **shared, **fields)).entries[0]
        for fields, meta in ((new, UK_CORE), (old, {}))
    ]
    assert told[0] == told[1]


@pytest.mark.parametrize(
    ("fields", "year"),
    [
        ({"date": "2020-01-01", "content": [{"attachment": {"creation": "2019-12-24"}}]}, 2019),
        ({"date": "2020-01-01", "content": [{"attachment": {}}]}, 2020),
        ({"date": "2020-01-01", "content": [{}]}, 2020),
        ({"date": "2020-01-01"}, 2020),
        ({"content": [{"attachment": {"creation": "2019-12-24"}}]}, 2019),
    ],
)
def test_r4_document_is_dated_for_when_it_was_written(fields: dict, year: int):
    told = read(patient(meta=UK_CORE), practice(), clinical("DocumentReference", description="Plan", **fields))
    assert told.entries[0].happened_at.year == year


def test_r4_document_without_a_date_has_none():
    told = read(patient(meta=UK_CORE), practice(), clinical("DocumentReference", description="Plan"))
    assert told.entries[0].happened_at is None


def test_r4_course_of_therapy_is_the_sort_of_prescription():
    course = {"courseOfTherapyType": {"coding": [{"code": "continuous"}], "text": "Repeat"}}
    told = read(patient(meta=UK_CORE), practice(), clinical("MedicationRequest", **course))
    assert told.entries[0].detail["prescription_type"] == "Repeat"


def test_r4_is_told_by_profile_by_shape_and_by_default():
    assert read(patient(meta=UK_CORE)).format == "fhir-r4-json"
    assert read(patient(), clinical("Condition", code=concept(), recordedDate="2020")).format == "fhir-r4-json"
    assert read(patient(), clinical("Condition", clinicalStatus=concept())).format == "fhir-r4-json"
    assert read(patient()).format == "fhir-stu3-json"
    assert read(patient(), type="searchset").format == "fhir-r4-json"
    assert read(patient(), clinical("ReferralRequest"), type="message").format == "fhir-stu3-json"
    care_connect = {"profile": ["https://fhir.hl7.org.uk/STU3/StructureDefinition/CareConnect-Patient-1"]}
    assert read(patient(meta=care_connect), type="message").format == "fhir-stu3-json"


def test_service_request_is_a_referral_where_it_says_so():
    asked = clinical("ServiceRequest", code=concept("1", "Chest x-ray"), authoredOn="2020-01-01")
    assert (entry(asked).kind, entry(asked).type, entry(asked).display) == (
        Kind.REQUEST,
        "ServiceRequest",
        "Chest x-ray",
    )
    referred = asked | {
        "category": [concept("3457005", "Patient referral")],
        "performer": [reference("Organization/o1")],
    }
    row = entry(referred)
    assert (row.kind, row.display, row.detail["recipient"]) == (Kind.REFERRAL, "Chest x-ray", "Example Practice")
    assert entry(asked | {"category": concept("referral"), "code": "odd"}).kind == Kind.REFERRAL


SECTION = {
    "title": "Plan and requested actions",
    "text": {
        "div": '<div xmlns="http://www.w3.org/1999/xhtml"><p>Check <b>U&amp;E</b></p><table><tr>'
        "<td>one</td><td>two</td></tr></table></div>"
    },
    "section": [
        {"code": concept("1", "Inner"), "text": {"div": '<div xmlns="http://www.w3.org/1999/xhtml">inner words</div>'}},
        {},
    ],
}


def letter(**fields: Any) -> dict[str, Any]:
    told = {"title": "Discharge summary", "type": concept("373942005", "Discharge summary"), "date": "2021-05-01"}
    return clinical("Composition", "l1", **told, section=[SECTION]) | fields


@pytest.mark.parametrize("in_xml", [False, True])
def test_letter_is_a_document_with_its_sections(in_xml: bool):
    bundle = json.loads(
        wire.wrapped(
            [{"resource": one} for one in (letter(custodian=reference("Organization/t1")), patient(), TRUST)],
            type="document",
        )
    )
    message = formats.read(xml_of(bundle) if in_xml else json.dumps(bundle).encode())
    assert isinstance(message, Message)
    assert (message.source_code, message.source_name) == ("RXX", "Example Hospitals")
    row = message.entries[0]
    assert (row.kind, row.display, row.source_id) == (Kind.DOCUMENT, "Discharge summary", "l1")
    assert row.detail["components"] == [
        {"display": "Plan and requested actions", "value": "Check U&E\none | two"},
        {"display": "Inner", "value": "inner words"},
    ]
    assert row.detail["text"].startswith("Plan and requested actions\nCheck U&E")


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


CARE = [
    (
        clinical(
            "Appointment",
            start="2021-05-01T09:00:00+00:00",
            participant=[{"actor": reference("Patient/p1")}],
            serviceType=[concept("1", "Physiotherapy")],
        ),
        Kind.ENCOUNTER,
        "Physiotherapy",
    ),
    (
        clinical(
            "Appointment",
            participant=[{"actor": {"identifier": {"system": wire.NHS_SYSTEM, "value": "9990000018"}}}],
            description="Review",
        ),
        Kind.ENCOUNTER,
        "Review",
    ),
    (
        clinical("EpisodeOfCare", type=[concept("1", "Diabetes care")], period={"start": "2021"}),
        Kind.ENCOUNTER,
        "Diabetes care",
    ),
    (
        clinical("Task", code=concept("1", "Check consent"), owner=reference("Organization/o1")),
        Kind.REQUEST,
        "Check consent",
    ),
    (clinical("Task", description="Ring back"), Kind.REQUEST, "Ring back"),
    (
        clinical("Communication", payload=[{"contentString": "Invited"}], sent="2021-05-01"),
        Kind.OBSERVATION,
        "Communication",
    ),
    (
        clinical(
            "MedicationAdministration",
            medicationCodeableConcept=concept("1", "Aspirin"),
            notGiven=True,
            performer=[{"actor": reference("Organization/o1")}],
            dosage={"dose": {"value": 2, "unit": "tablet"}},
        ),
        Kind.PRESCRIPTION,
        "Aspirin",
    ),
    (
        clinical(
            "MedicationDispense",
            medicationCodeableConcept=concept("1", "Aspirin"),
            performer=[{"actor": reference("Organization/o1")}],
            quantity={"value": 28, "unit": "tablet"},
        ),
        Kind.PRESCRIPTION,
        "Aspirin",
    ),
    (
        clinical(
            "FamilyMemberHistory", relationship=concept("FTH", "father"), condition=[{"code": concept("1", "Stroke")}]
        ),
        Kind.OBSERVATION,
        "Family history: father",
    ),
    (clinical("FamilyMemberHistory"), Kind.OBSERVATION, "Family history"),
    (
        clinical("CareTeam", name="Weight team", participant=[{"member": reference("Organization/o1")}]),
        Kind.PLAN,
        "Weight team",
    ),
    (
        clinical("Communication", reasonCode=[{"text": "Advice"}, {}], topic=concept("2", "Other")),
        Kind.OBSERVATION,
        "Advice",
    ),
    (clinical("Communication", category=[{}], reasonCode=[{}]), Kind.OBSERVATION, "Communication"),
]


@pytest.mark.parametrize(("resource", "kind", "display"), CARE)
def test_resource_of_care_is_an_entry(resource: Any, kind: Kind, display: str):
    row = entry(resource)
    assert (row.kind, row.display) == (kind, display)


def test_dose_not_given_says_so_and_keeps_its_amount():
    row = entry(CARE[6][0])
    assert (row.status, row.detail["dose"], row.detail["author"]) == ("not-given", "2 tablet", "Example Practice")


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({"valueCoding": {"code": "y", "display": "Yes"}}, "Yes"),
        ({"valueRange": {"low": {"value": 1, "unit": "day"}, "high": {"value": 2, "unit": "day"}}}, "1 day to 2 day"),
        ({"valueRatio": {"numerator": {"value": 1}, "denominator": {"value": 8}}}, "1 : 8"),
        ({"valuePeriod": {"start": "2021-01-01", "end": "2021-01-02"}}, "2021-01-01 to 2021-01-02"),
        ({"valueUri": "https://example.invalid"}, "https://example.invalid"),
    ],
)
def test_value_of_any_sort_is_read_as_words(value: Any, words: str):
    assert entry(clinical("Observation", code=concept(), **value)).value_text == words
