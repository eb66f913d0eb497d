"""FHIR in R4, letters and resources of care: read into the same rows as GP Connect's STU3."""

import json
from typing import Any

import pytest
from factories import wire
from factories.reading import entry, read
from factories.wire import clinical, concept, patient, practice, reference, xml_of

from oneplace import formats
from oneplace.kernel.rows import Kind, Message

TRUST = {
    "resourceType": "Organization",
    "id": "t1",
    "name": "Example Hospitals",
    "identifier": [{"system": wire.ODS_SYSTEM, "value": "RXX"}],
}
UK_CORE = {"profile": ["https://fhir.hl7.org.uk/StructureDefinition/UKCore-Patient"]}


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
