"""GP Connect STU3: each resource type to its row, faults by element, keys and versions that hold between exports."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from factories import wire
from factories.wire import CARE_CONNECT, GPC, clinical, concept, extension, reference

from oneplace import formats
from oneplace.formats import fhir
from oneplace.kernel.rows import EntryRow, Kind, Message, Move, PersonRow, Severity

EXPORTED = datetime(2021, 6, 2, 11, 54, 53, 11000, tzinfo=UTC)


def read(*resources: Any, **more: Any) -> Message:
    message = formats.read(wire.bundle(*resources, **more))
    assert isinstance(message, Message), message
    return message


def row(sort: str, *beside: Any, **fields: Any) -> EntryRow:
    """The one row that this resource becomes, which must come without issues."""
    message = read(clinical(sort, **fields), *beside)
    assert not message.issues
    return message.entries[0]


def faults(message: Message) -> list[tuple[str, str]]:
    return [(issue.path, issue.code) for issue in message.issues]


def person(**fields: Any) -> tuple[PersonRow, list[tuple[str, str]]]:
    """The person that a patient with these fields becomes, and the issues."""
    entries = [{"resource": wire.patient(**fields)}, {"resource": wire.practice()}]
    message = formats.read(wire.wrapped(entries))
    assert isinstance(message, Message)
    return message.people[0], faults(message)


def test_message_tells_its_source_person_and_registration() -> None:
    message = read(wire.export_list())

    assert (message.format, message.source_code, message.source_name) == (
        "fhir-stu3-json",
        "G99001",
        "Example Practice",
    )
    assert (message.message_id, message.sent_at, message.resources) == ("", EXPORTED, 8)
    assert message.people[0].local_id == "p1"
    assert [(event.move, event.at, event.local_id) for event in message.events] == [(Move.REGISTERED, None, "p1")]


def test_person_is_read_whole() -> None:
    communication = [
        extension("language", valueCodeableConcept=concept("es", "Spanish")),
        extension("interpreterRequired", valueBoolean=True),
    ]
    told, issues = person(
        name=[
            {"use": "old", "family": "Before"},
            {"use": "official", "family": "Testcase", "given": ["Mary", "Ann"], "prefix": ["Mrs"]},
            {"text": "Molly Testcase", "use": "nickname"},
        ],
        address=[
            {"use": "old", "line": ["9 Old Row"], "postalCode": "somewhere"},
            {"use": "home", "line": ["1 High Street"], "city": "Town", "district": "Kent", "postalCode": "me12ab"},
            {"text": "c/o the inn"},
        ],
        telecom=[{"system": "phone", "value": "01900 000000"}, {"system": "email", "value": "a@b"}],
        deceasedDateTime="2020-01-02",
        extension=[extension(GPC + "NHSCommunication-1", extension=communication)],
    )

    assert [(name.family, name.given, name.prefix, name.use) for name in told.names] == [
        ("Testcase", "Mary Ann", "Mrs", "official"),
        ("Testcase", "Molly", "", "nickname"),
        ("Before", "", "", "old"),
    ]
    assert (told.nhs_number, told.birth_date, told.sex) == ("9990000018", date(1951, 12, 12), "female")
    assert [(each.lines, each.postcode) for each in told.addresses] == [
        (("1 High Street", "Town", "Kent"), "ME1 2AB"),
        (("c/o the inn",), ""),
        (("9 Old Row",), "somewhere"),
    ]
    assert told.phones == ("01900 000000",)
    assert (told.deceased, told.deceased_at) == (True, datetime(2020, 1, 2, tzinfo=UTC))
    assert (told.practice_code, told.practice_name) == ("G99001", "Example Practice")
    assert (told.language, told.interpreter) == ("Spanish", True)
    assert issues == [("entry[0].name[2].family", "family-missing")]


@pytest.mark.parametrize(
    ("fields", "attribute", "value", "issue"),
    [
        ({"number": "1234567890"}, "nhs_number", "1234567890", ("entry[0].identifier[0].value", "nhs-number-invalid")),
        (
            {"number": "333 333 3333"},
            "nhs_number",
            "3333333333",
            ("entry[0].identifier[0].value", "nhs-number-placeholder"),
        ),
        ({"identifier": []}, "nhs_number", "", ("entry[0].identifier", "nhs-number-missing")),
        (
            {"identifier": [{"system": "other", "value": "1"}]},
            "nhs_number",
            "",
            ("entry[0].identifier", "nhs-number-missing"),
        ),
        ({"birthDate": "1951-13-12"}, "birth_date", None, ("entry[0].birthDate", "date-unreadable")),
        ({"birthDate": "1951"}, "birth_date", None, ("entry[0].birthDate", "birth-date-partial")),
        ({"birthDate": "2999-12-12"}, "birth_date", None, ("entry[0].birthDate", "birth-date-future")),
        ({"birthDate": "2020-06-01T00:00:00+01:00"}, "birth_date", date(2020, 6, 1), None),
        ({"birthDate": ""}, "birth_date", None, None),
        ({"gender": "F"}, "sex", "", ("entry[0].gender", "sex-unknown")),
        ({"gender": None}, "sex", "", None),
        ({"name": []}, "names", (), ("entry[0].name", "name-missing")),
        ({"name": [{"given": [7, "Mary"], "family": "T"}]}, "local_id", "p1", ("entry[0].name[0].given", "wrong-type")),
        ({"deceasedBoolean": True}, "deceased", True, None),
        ({"telecom": "01900"}, "phones", (), ("entry[0].telecom", "wrong-type")),
        ({"meta": {"versionId": "7"}}, "version", "7", None),
    ],
)
def test_person_field_that_cannot_be_used_is_an_issue(
    fields: dict[str, Any], attribute: str, value: Any, issue: tuple[str, str] | None
) -> None:
    told, issues = person(**fields)

    assert getattr(told, attribute) == value
    assert issues == ([issue] if issue else [])


def test_overlong_texts_are_cut_so_that_no_batch_breaks() -> None:
    told, issues = person(name=[{"family": "A" * 300}], telecom=[{"system": "phone", "value": "1" * 99}])
    message = read(clinical("Flag", code=concept("1" * 70), status="s" * 50))

    assert (len(told.names[0].family), len(told.phones[0])) == (120, 40)
    assert issues == [("entry[0].family", "too-long")]
    assert (len(message.entries[0].code), len(message.entries[0].status)) == (60, 40)
    assert faults(message) == [("entry[7].code", "too-long"), ("entry[7].status", "too-long")]


def registered(*inner: Any) -> dict[str, Any]:
    return {"extension": [extension(GPC + "RegistrationDetails-1", extension=list(inner))]}


@pytest.mark.parametrize(
    ("period", "moves", "issues"),
    [
        ({"start": "1991-04-26"}, [datetime(1991, 4, 26, tzinfo=UTC)], []),
        ({"start": "1991-04-26", "end": "2000-01-01"}, [], ["registration-ended"]),
    ],
)
def test_registration_follows_its_period(period: Any, moves: list[datetime], issues: list[str]) -> None:
    patient = wire.patient(**registered(extension("registrationPeriod", valuePeriod=period)))
    message = formats.read(wire.wrapped([{"resource": patient}, {"resource": wire.practice()}]))

    assert isinstance(message, Message)
    assert [event.at for event in message.events] == moves
    assert [issue.code for issue in message.issues] == issues


@pytest.mark.parametrize(
    ("fields", "beside", "code"),
    [
        ({"generalPractitioner": [reference("Organization/o1")]}, [], "G99001"),
        (
            {"generalPractitioner": [reference("Practitioner/d9"), reference("Practitioner/d8")]},
            [
                {
                    "resourceType": "PractitionerRole",
                    "practitioner": reference("Practitioner/d8"),
                    "organization": reference("Organization/o1"),
                }
            ],
            "G99001",
        ),
        ({}, [clinical("DocumentReference", custodian=reference("Organization/o1"))], "G99001"),
        ({}, [clinical("Encounter", serviceProvider=reference("Organization/o1"))], "G99001"),
        ({}, [clinical("Encounter", serviceProvider=reference("Organization/o9"))], ""),
    ],
)
def test_source_falls_back_from_practice_to_doctor_to_custodian(fields: Any, beside: list[Any], code: str) -> None:
    patient = wire.without(wire.patient(**fields), "managingOrganization")
    message = formats.read(wire.wrapped([{"resource": one} for one in (patient, wire.practice(), *beside)]))

    assert isinstance(message, Message)
    assert message.source_code == code
    assert message.events == ()
    assert ("source-missing" in [issue.code for issue in message.issues]) is (code == "")


def test_name_without_any_words_is_no_name() -> None:
    told, issues = person(name=[{"use": "official"}])
    assert told.names == ()
    assert issues == [("entry[0].name[0].family", "family-missing"), ("entry[0].name", "name-missing")]


def test_ods_code_is_found_among_other_identifiers() -> None:
    told = wire.practice(" g99001 ")
    told["identifier"].insert(0, {"system": "https://other", "value": "1"})
    message = formats.read(wire.wrapped([{"resource": wire.patient()}, {"resource": told}]))
    assert isinstance(message, Message)
    assert message.source_code == "G99001"


def test_role_of_nobody_is_passed_over() -> None:
    assert read({"resourceType": "PractitionerRole", "practitioner": {}}).issues == ()


def test_organisation_without_ods_code_is_an_issue() -> None:
    message = formats.read(
        wire.wrapped([{"resource": wire.patient()}, {"resource": {"resourceType": "Organization", "id": "o1"}}])
    )
    assert isinstance(message, Message)
    assert faults(message) == [("entry[0].managingOrganization", "source-missing")]


def test_condition_becomes_a_problem() -> None:
    told = row(
        "Condition",
        clinicalStatus="active",
        code={
            "coding": [
                {"system": "https://local", "code": "L1", "display": "local"},
                {"system": wire.READ, "code": "G20..00", "display": "Essential hypertension"},
                {"system": wire.SNOMED, "code": "38341003", "display": "Hypertension"},
            ],
            "text": "High blood pressure",
        },
        onsetDateTime="2010-05",
        abatementDateTime="2012-05-17T00:00:00+01:00",
        asserter=reference("Practitioner/d1"),
        extension=[extension(CARE_CONNECT + "ProblemSignificance-1", valueCode="major")],
        note=[{"text": "first"}, {"text": "second"}],
    )

    assert (told.kind, told.type, told.source_id, told.local_id) == (Kind.PROBLEM, "Condition", "x1", "p1")
    assert (told.code, told.system, told.display) == ("38341003", wire.SNOMED, "Hypertension")
    assert (told.happened_at, told.day_only) == (datetime(2010, 5, 1, tzinfo=UTC), True)
    assert told.ended_at == datetime(2012, 5, 16, 23, tzinfo=UTC)
    assert (told.status, told.path) == ("active", "entry[7]")
    assert told.detail == {
        "author": "Dr Pat Example",
        "role": "General Medical Practitioner",
        "organisation": "Example Hospital",
        "text": "High blood pressure",
        "significance": "major",
        "notes": "first\nsecond",
        "date_precision": "month",
    }


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (concept("G20..", "Read words", wire.READ), ("G20..", wire.READ, "Read words")),
        (
            {"coding": [{"code": "1", "system": wire.SNOMED}, {"code": "2", "display": "Words"}]},
            ("1", wire.SNOMED, "Words"),
        ),
        ({"coding": [{"code": "1"}], "text": "Words"}, ("1", "", "Words")),
        ({"text": "Words"}, ("", "", "Words")),
    ],
)
def test_code_and_words_are_taken_from_the_best_coding(code: Any, expected: tuple[str, str, str]) -> None:
    told = row("Condition", code=code)
    assert (told.code, told.system, told.display) == expected


def test_allergy_keeps_its_end_reactions_and_severity() -> None:
    end = [extension("endDate", valueDateTime="2019-01-02"), extension("reasonEnded", valueString="Tolerated since")]
    told = row(
        "AllergyIntolerance",
        clinicalStatus="resolved",
        verificationStatus="confirmed",
        category=["medication"],
        criticality="high",
        code=concept("91936005", "Allergy to penicillin"),
        assertedDate="2018-01-01",
        recorder=reference("Practitioner/d1"),
        reaction=[
            {"manifestation": [concept("271807003", "Rash")], "severity": "mild"},
            {"description": "Swelling"},
            {},
        ],
        extension=[extension(GPC + "AllergyIntoleranceEnd-1", extension=end)],
    )

    assert (told.kind, told.status) == (Kind.ALLERGY, "resolved")
    assert (told.happened_at, told.ended_at) == (datetime(2018, 1, 1, tzinfo=UTC), datetime(2019, 1, 2, tzinfo=UTC))
    assert told.detail["reactions"] == ["Rash (mild)", "Swelling"]
    assert told.detail["reason_ended"] == "Tolerated since"
    assert (told.detail["category"], told.detail["severity"], told.detail["verification"]) == (
        "medication",
        "high",
        "confirmed",
    )


def test_no_known_allergies_keeps_its_own_code() -> None:
    told = row(
        "AllergyIntolerance", code=concept("716186003", "No known allergy"), asserter=reference("Practitioner/d1")
    )
    assert (told.kind, told.code) == (Kind.ALLERGY, "716186003")


def test_ended_allergies_inside_a_list_are_read_and_keyed_by_it() -> None:
    inner = {**clinical("AllergyIntolerance", "a1", code=concept("91936005", "Allergy to penicillin"))}
    long_key = "0C1232CF-D34B-4C16-A5F4-0F6461C51A41"
    message = read(
        clinical(
            "List",
            "ended",
            title="Ended allergies",
            code=concept("1103671000000101", "Ended allergies"),
            contained=[
                inner,
                {**inner, "id": long_key},
                {**inner},
                {"resourceType": "Organization"},
                {"resourceType": "Flag", "id": "f1", "code": 5},
            ],
        ),
        clinical("Condition", "c1", code=concept(), contained=[inner]),
    )

    assert [(told.type, told.source_id, told.path) for told in message.entries] == [
        ("List", "ended", "entry[7]"),
        ("AllergyIntolerance", "ended#a1", "entry[7].contained[0]"),
        ("AllergyIntolerance", long_key, "entry[7].contained[1]"),
        ("Flag", "ended#f1", "entry[7].contained[4]"),
        ("Condition", "c1", "entry[8]"),
    ]
    assert faults(message) == [
        ("entry[7].contained[2].id", "id-repeated"),
        ("entry[7].contained[4].code", "wrong-type"),
        ("entry[7].contained[4]", "nothing-said"),
    ]


def plan(**more: Any) -> dict[str, Any]:
    repeats = [
        extension("numberOfRepeatPrescriptionsIssued", valueUnsignedInt=3),
        extension("numberOfRepeatPrescriptionsAllowed", valueUnsignedInt="6"),
    ]
    return clinical(
        "MedicationRequest",
        "plan",
        intent="plan",
        status="active",
        medicationReference=reference("Medication/m1"),
        authoredOn="2020-01-01",
        recorder=reference("Practitioner/d1"),
        dosageInstruction=[{"text": "One daily", "patientInstruction": "with food"}],
        dispenseRequest={"quantity": {"value": 28.0, "unit": "tablet"}, "validityPeriod": {"end": "2020-12-31"}},
        extension=[
            extension(GPC + "PrescriptionType-1", valueCodeableConcept=concept("repeat", "Repeat")),
            extension(GPC + "MedicationRepeatInformation-1", extension=repeats),
        ],
        **more,
    )


def order(key: str, on: str) -> dict[str, Any]:
    return clinical(
        "MedicationRequest",
        key,
        intent="order",
        basedOn=[reference("MedicationRequest/plan")],
        authoredOn=on,
        medicationCodeableConcept=concept("322280009", "Paracetamol 500mg capsules"),
        requester={"agent": reference("Practitioner/d1")},
    )


def test_medication_statement_draws_on_its_plan_and_newest_order() -> None:
    statement = clinical(
        "MedicationStatement",
        status="active",
        basedOn=[reference("MedicationRequest/plan")],
        medicationReference=reference("Medication/m1"),
        effectivePeriod={"start": "2020-01-01", "end": "2021-01-01"},
        dosage=[{"text": "One daily"}],
        extension=[
            extension(GPC + "PrescribingAgency-1", valueCodeableConcept=concept("gp", "Prescribed at GP practice"))
        ],
    )
    message = read(statement, plan(), order("o2", "2020-03-02T10:00:00Z"), order("o1", "2020-02-01"))
    told = message.entries[0]

    assert not message.issues
    assert (told.kind, told.code, told.display) == (Kind.MEDICATION, "322280009", "Paracetamol 500mg capsules")
    assert (told.happened_at, told.ended_at) == (datetime(2020, 1, 1, tzinfo=UTC), datetime(2021, 1, 1, tzinfo=UTC))
    assert told.detail == {
        "author": "Dr Pat Example",
        "role": "General Medical Practitioner",
        "organisation": "Example Hospital",
        "dose": "One daily",
        "quantity": "28 tablet",
        "prescription_type": "Repeat",
        "last_issued": "2020-03-02",
        "category": "Prescribed at GP practice",
        "repeats_issued": 3,
    }


def test_medication_request_becomes_a_prescription() -> None:
    planned, ordered = read(plan(), order("o1", "2020-02-01")).entries

    assert (planned.kind, planned.ended_at) == (Kind.PRESCRIPTION, datetime(2020, 12, 31, tzinfo=UTC))
    assert (planned.detail["dose"], planned.detail["intent"]) == ("One daily; with food", "plan")
    assert (ordered.code, ordered.detail["author"]) == ("322280009", "Dr Pat Example")


def test_statement_tells_its_own_last_issue_and_a_quantity_in_words() -> None:
    issued = extension(GPC + "MedicationStatementLastIssueDate-1", valueDateTime="2022-08-15")
    words = {"extension": [extension(GPC + "MedicationQuantityText-1", valueString="1 pack")]}
    told = row(
        "MedicationStatement",
        clinical(
            "MedicationRequest",
            "plan",
            medicationReference=reference("Medication/m1"),
            dispenseRequest={"quantity": words},
        ),
        basedOn=[reference("MedicationRequest/plan")],
        medicationReference=reference("Medication/m1"),
        extension=[issued],
    )
    assert (told.detail["last_issued"], told.detail["quantity"]) == ("2022-08-15", "1 pack")


def test_medicine_that_is_not_in_the_bundle_is_an_issue_and_keeps_its_words() -> None:
    message = read(
        clinical("MedicationStatement", medicationReference={"reference": "Medication/m9", "display": "Aspirin"}),
        clinical("MedicationStatement", "x2"),
    )
    assert [told.display for told in message.entries] == ["Aspirin", ""]
    assert faults(message) == [
        ("entry[7].medicationReference", "reference-missing"),
        ("entry[8]", "nothing-said"),
    ]


def test_medicine_keeps_the_words_of_the_prescriber() -> None:
    coded = {"resourceType": "Medication", "id": "m2", "code": {**concept("1", "Coil"), "text": "Flexi-T 300"}}
    told = row("MedicationStatement", coded, medicationReference=reference("Medication/m2"))
    assert (told.display, told.detail["text"]) == ("Coil", "Flexi-T 300")


def quantity(value: Any, unit: str = "mmol/L", **more: Any) -> dict[str, Any]:
    return {"valueQuantity": {"value": value, "unit": unit, **more}}


def test_observation_with_a_number_is_a_result_with_its_range() -> None:
    told = row(
        "Observation",
        status="final",
        code=concept("997671000000106", "Blood glucose level"),
        effectivePeriod={"start": "2020-01-01T10:00:00Z", "end": "2020-01-02"},
        issued="2020-01-03T10:00:00Z",
        performer=[reference("Practitioner/d1")],
        **quantity(8.5, comparator="<"),
        referenceRange=[{"low": {"value": 6.0}, "high": {"value": 10}, "text": "6 to 10"}],
        interpretation={"text": "Normal"},
        bodySite=concept("1", "Arm"),
        comment="fasting",
        related=[{"target": reference("Observation/x9")}],
    )

    assert (told.kind, told.value, told.value_text, told.unit) == (Kind.RESULT, 8.5, "<8.5", "mmol/L")
    assert (told.low, told.high, told.ended_at) == (6.0, 10.0, datetime(2020, 1, 2, tzinfo=UTC))
    assert told.detail["members"] == ["Observation/x9"]
    assert [told.detail[key] for key in ("range", "interpretation", "site", "comments", "author")] == [
        "6 to 10",
        "Normal",
        "Arm",
        "fasting",
        "Dr Pat Example",
    ]


def part(display: str, **value: Any) -> dict[str, Any]:
    return {"code": concept("1", display), **value}


def test_blood_pressure_shows_systolic_before_diastolic() -> None:
    told = row(
        "Observation",
        code=concept("163020007", "Blood pressure"),
        component=[
            part("Diastolic pressure", **quantity(86, "mmHg")),
            part("Systolic pressure", **quantity(142.0, "mmHg")),
        ],
    )
    assert (told.kind, told.value, told.value_text, told.unit) == (Kind.RESULT, None, "142/86", "mmHg")
    assert told.detail["components"][1] == {"display": "Systolic pressure", "value": "142", "unit": "mmHg"}


def test_components_of_other_units_are_told_one_by_one() -> None:
    absent = {"dataAbsentReason": concept("unknown", "Unknown")}
    told = row(
        "Observation",
        code=concept(),
        component=[part("Depth", **quantity(2, "cm")), part("Colour", valueString="red"), part("Smell", **absent)],
    )
    assert (told.value_text, told.unit, told.kind) == ("Depth 2 cm; Colour red", "", Kind.RESULT)
    assert told.detail["components"][2] == {"display": "Smell", "value": "", "missing": "Unknown"}


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({}, ""),
        ({"valueString": "Potential Abnormal"}, "Potential Abnormal"),
        ({"valueCodeableConcept": concept("1", "Positive")}, "Positive"),
        ({"valueBoolean": True}, "yes"),
        ({"valueBoolean": False}, "no"),
        ({"valueDateTime": "2020-01-01"}, "2020-01-01"),
        ({"valueInteger": 4}, "4"),
        ({"valueQuantity": {"unit": "cm"}}, ""),
    ],
)
def test_observation_without_a_number_keeps_its_words(value: Any, words: str) -> None:
    told = row("Observation", code=concept(), **value)
    assert (told.kind, told.value, told.value_text) == (Kind.OBSERVATION, None, words)


@pytest.mark.parametrize(
    ("fields", "path", "code"),
    [
        ({"valueQuantity": {"value": "8"}}, "valueQuantity.value", "wrong-type"),
        ({"valueQuantity": {"value": True}}, "valueQuantity.value", "wrong-type"),
        ({"valueSampledData": {}}, "valueSampledData", "value-not-read"),
        (
            {"component": [{"code": concept(), "valueSampledData": {}}]},
            "component[0].valueSampledData",
            "value-not-read",
        ),
        ({"effectiveDateTime": "2020-02-30"}, "effectiveDateTime", "date-unreadable"),
        ({"effectiveDateTime": "0001-01-01"}, "effectiveDateTime", "date-unreadable"),
        ({"effectiveDateTime": 2020}, "effectiveDateTime", "wrong-type"),
        ({"effectiveDateTime": "20200101"}, "effectiveDateTime", "date-unreadable"),
        ({"effectiveDateTime": "2020-01-01T10:00:00"}, "effectiveDateTime", "zone-missing"),
        ({"effectivePeriod": "2020"}, "effectivePeriod", "wrong-type"),
        ({"referenceRange": [5]}, "referenceRange", "wrong-type"),
        ({"referenceRange": {"text": "to 5"}}, "referenceRange", "wrong-type"),
        ({"performer": [{"reference": 5}]}, "performer.reference", "wrong-type"),
        ({"related": [{"target": {}}]}, "related", "reference-missing"),
        ({"meta": {"lastUpdated": "never"}}, "meta.lastUpdated", "date-unreadable"),
    ],
)
def test_fault_is_filed_at_its_element_and_the_rest_is_kept(fields: Any, path: str, code: str) -> None:
    message = read(clinical("Observation", code=concept(), **fields))

    assert [told.source_id for told in message.entries] == ["x1"]
    assert (f"entry[7].{path}", code) in faults(message)
    assert all(issue.text and "2020" not in issue.text for issue in message.issues)


def test_time_without_a_zone_is_londons() -> None:
    told = read(clinical("Observation", code=concept(), effectiveDateTime="2020-07-01T10:00:00")).entries[0]
    assert (told.happened_at, told.detail) == (datetime(2020, 7, 1, 9, tzinfo=UTC), {})


def test_diagnostic_report_is_a_result_where_it_holds_results() -> None:
    report = {"code": concept(), "performer": [{"actor": reference("Practitioner/d1")}], "conclusion": "Clear"}
    without = row("DiagnosticReport", **report, category=concept("LAB", "Laboratory"))
    with_results = row("DiagnosticReport", **report, result=[reference("Observation/x2")])

    assert (without.kind, without.detail["text"], without.detail["category"]) == (
        Kind.OBSERVATION,
        "Clear",
        "Laboratory",
    )
    assert (with_results.kind, with_results.detail["members"]) == (Kind.RESULT, ["Observation/x2"])


def test_questionnaire_gives_each_question_with_its_answers() -> None:
    observed = clinical("Observation", "x2", code=concept("1", "Cigarettes"), **quantity(12, "/d"))
    told = row(
        "QuestionnaireResponse",
        observed,
        authored="2013-11-18",
        author=reference("Practitioner/d1"),
        parent=[reference("Observation/x2")],
        item=[
            {"text": "Smoke?", "answer": [{"valueBoolean": True}], "item": [{"text": "Which?", "answer": []}]},
            {
                "text": "How many?",
                "answer": [
                    {"valueReference": reference("Observation/x2")},
                    {"valueReference": reference("Observation/x9")},
                    {"valueReference": {"display": "As told"}},
                ],
            },
        ],
    )
    assert (told.kind, told.code, told.display) == (Kind.QUESTIONNAIRE, "1", "Cigarettes")
    assert told.detail["components"] == [
        {"display": "Smoke?", "value": "yes"},
        {"display": "Which?", "value": ""},
        {"display": "How many?", "value": "Cigarettes 12 /d; As told"},
    ]
    assert told.detail["members"] == ["Observation/x2", "Observation/x9"]


@pytest.mark.parametrize("parent", [[], [reference("Observation/x9")]])
def test_questionnaire_without_a_name_is_called_one(parent: list[Any]) -> None:
    assert row("QuestionnaireResponse", parent=parent).display == "Questionnaire"


def test_questionnaire_without_end_is_read_to_a_limit() -> None:
    items = [{"text": str(number)} for number in range(600)]
    assert len(row("QuestionnaireResponse", item=items).detail["components"]) == 500


def test_immunisation_takes_its_code_from_the_extension() -> None:
    given_as = extension(
        CARE_CONNECT + "VaccinationProcedure-1", valueCodeableConcept=concept("65b", "Hib vaccination")
    )
    told = row(
        "Immunization",
        status="completed",
        notGiven=False,
        extension=[given_as],
        vaccineCode=concept("UNK", "unknown"),
        date="2010-01-18T11:41:00+00:00",
        practitioner=[{"actor": reference("Practitioner/d1")}],
        location=reference("Location/l1"),
        manufacturer={"display": "Some Company"},
        lotNumber="L1",
        expirationDate="2011-01-01",
        site=concept("1", "Right arm"),
        doseQuantity={"value": 0.5, "unit": "ml"},
    )
    assert (told.kind, told.code, told.status) == (Kind.IMMUNISATION, "65b", "completed")
    assert told.detail["place"] == "Main Surgery"
    assert [told.detail[key] for key in ("manufacturer", "batch", "expires", "site", "dose")] == [
        "Some Company",
        "L1",
        "2011-01-01",
        "Right arm",
        "0.5 ml",
    ]
    assert "vaccine" not in told.detail


def test_immunisation_tells_its_vaccine_and_that_it_was_not_given() -> None:
    given_as = extension(
        CARE_CONNECT + "VaccinationProcedure-1", valueCodeableConcept=concept("65b", "Hib vaccination")
    )
    both = row("Immunization", extension=[given_as], vaccineCode=concept("2", "Menitorix"))
    refused = row("Immunization", vaccineCode=concept("2", "Menitorix"), notGiven=True, status="completed")

    assert both.detail["vaccine"] == "Menitorix"
    assert (refused.code, refused.status) == ("2", "not-given")


PPRF = [concept("PPRF", "primary performer")]


@pytest.mark.parametrize(
    ("participants", "author"),
    [
        ([{"individual": {"display": "A"}}, {"type": PPRF, "individual": {"display": "B"}}], "B"),
        ([{"individual": {"display": "A"}}, {"type": [concept("REC")], "individual": {"display": "B"}}], "A"),
        ([], None),
    ],
)
def test_encounter_names_who_held_it(participants: list[Any], author: str | None) -> None:
    told = row("Encounter", type=[{"text": "GP Surgery"}], participant=participants)
    assert told.detail.get("author") == author


def test_encounter_tells_sort_place_and_period() -> None:
    told = row(
        "Encounter",
        type=[{"text": "GP Surgery"}],
        status="finished",
        period={"start": "2010-01-23T13:27:00+00:00", "end": "2010-01-23T13:40:00+00:00"},
        location=[{"location": reference("Location/l1")}],
        reason=[concept("1", "Cough")],
    )
    assert (told.kind, told.display, told.detail) == (
        Kind.ENCOUNTER,
        "GP Surgery",
        {"place": "Main Surgery", "reason": "Cough"},
    )
    assert told.ended_at == datetime(2010, 1, 23, 13, 40, tzinfo=UTC)


def test_encounter_without_a_type_says_so() -> None:
    assert faults(read(clinical("Encounter"))) == [("entry[7]", "nothing-said")]


@pytest.mark.parametrize(("reasons", "display"), [([concept("1", "Back pain")], "Back pain"), ([], "For a scan")])
def test_referral_tells_why_to_whom_and_how_soon(reasons: list[Any], display: str) -> None:
    told = read(
        clinical(
            "ReferralRequest",
            authoredOn="2005-02-08",
            reasonCode=reasons,
            description="For a scan",
            priority="urgent",
            recipient=[reference("Organization/o2"), reference("Organization/o2"), reference("Practitioner/d9")],
            requester={"agent": reference("Practitioner/d1")},
        )
    ).entries[0]
    assert (told.kind, told.display) == (Kind.REFERRAL, display)
    assert (told.detail["recipient"], told.detail["priority"]) == ("Example Hospital", "urgent")


def test_request_is_dated_for_when_it_is_due() -> None:
    due = row("ProcedureRequest", code=concept(), occurrenceDateTime="2021-01-27", authoredOn="2021-01-13")
    undated = row("ProcedureRequest", code=concept(), authoredOn="2021-01-13")
    neither = row("ProcedureRequest", code=concept())

    assert (due.kind, due.happened_at, due.detail["asked_on"]) == (
        Kind.REQUEST,
        datetime(2021, 1, 27, tzinfo=UTC),
        "2021-01-13",
    )
    assert undated.happened_at == datetime(2021, 1, 13, tzinfo=UTC)
    assert (neither.happened_at, neither.detail) == (None, {})


@pytest.mark.parametrize(("not_done", "status"), [(True, "not-done"), (False, "completed")])
def test_procedure_tells_whether_it_was_done(not_done: bool, status: str) -> None:
    told = row(
        "Procedure",
        code=concept(),
        status="completed",
        notDone=not_done,
        performedPeriod={"start": "2020-01-01", "end": "2020-01-02"},
        performer=[{"actor": reference("Practitioner/d1")}],
        location=reference("Location/l1"),
    )
    assert (told.kind, told.status, told.detail["place"]) == (Kind.PROCEDURE, status, "Main Surgery")


def test_document_tells_title_sort_and_where_it_is() -> None:
    attachment = {"contentType": "application/pdf", "url": "https://example.invalid/1", "size": 8, "title": "Too big"}
    titled = row(
        "DocumentReference",
        type={"text": "Letter"},
        description="Letter of 4 May",
        created="2020-05-04",
        author=[reference("Practitioner/d1")],
        content=[{"attachment": attachment}],
    )
    untitled = row("DocumentReference", type={"text": "Letter"}, content=[{"attachment": {"size": 1e300}}])

    assert (titled.kind, titled.display, titled.detail["category"]) == (Kind.DOCUMENT, "Letter of 4 May", "Letter")
    assert [titled.detail[key] for key in ("content_type", "url", "size", "notes")] == [*attachment.values()]
    assert (untitled.display, untitled.detail) == ("Letter", {"size": 2**53})


def test_section_tells_heading_members_warnings_and_why_it_is_empty() -> None:
    told = row(
        "List",
        title="Problems",
        status="current",
        code=concept("717711000000103", "Problem list"),
        date="2021-06-02",
        extension=[extension(GPC + "ListWarningCode-1", valueCode="data-in-transit"), extension("other")],
        entry=[{"item": reference("Condition/x2")}],
        emptyReason=concept("no-content-recorded", "No Content Recorded"),
        note=[{"text": "Information not available"}],
    )
    assert (told.kind, told.display) == (Kind.SECTION, "Problems")
    assert told.detail == {
        "warnings": ["data-in-transit"],
        "members": ["Condition/x2"],
        "empty_reason": "No Content Recorded",
        "notes": "Information not available",
    }


def test_flag_becomes_an_alert_and_a_care_plan_a_plan() -> None:
    flag = row(
        "Flag",
        code=concept("1", "Lives alone"),
        category=concept("2", "Social"),
        author=reference("Practitioner/d1"),
        period={"start": "2020-01-01", "end": "2020-02-01"},
    )
    titled = row(
        "CarePlan", title="Diabetes plan", category=[concept("3", "Diabetes")], description="Agreed", intent="plan"
    )
    named = row("CarePlan", category=[concept("3", "Diabetes")], author=[reference("Practitioner/d1")])
    bare = row("CarePlan")

    assert (flag.kind, flag.ended_at, flag.detail["category"]) == (
        Kind.ALERT,
        datetime(2020, 2, 1, tzinfo=UTC),
        "Social",
    )
    assert (titled.kind, titled.display, titled.detail["category"]) == (Kind.PLAN, "Diabetes plan", "Diabetes")
    assert (named.display, bare.display) == ("Diabetes", "Care plan")


@pytest.mark.parametrize(
    ("resource", "path", "code"),
    [
        (7, "entry[7]", "no-resource"),
        ({"id": "x"}, "entry[7]", "no-resource"),
        ({"resourceType": 5}, "entry[7]", "no-resource"),
        (clinical("Binary"), "entry[7]", "resource-unknown"),
        (clinical("9990000018"), "entry[7]", "resource-unknown"),
        (clinical("Flag", key=""), "entry[7].id", "id-missing"),
        (clinical("Flag", key=7), "entry[7].id", "id-missing"),
        (clinical("Flag", key="x" * 121), "entry[7].id", "id-too-long"),
        ({"resourceType": "List", "subject": reference("Patient/p1")}, "entry[7].id", "id-missing"),
        ({**clinical("Flag"), "subject": reference("Patient/p9")}, "entry[7].subject", "subject-unknown"),
        ({"resourceType": "OperationOutcome", "issue": [{"code": "timeout"}]}, "entry[7]", "sender-warns"),
        ({"resourceType": "OperationOutcome"}, "entry[7]", "sender-warns"),
    ],
)
def test_entry_that_cannot_be_used_is_left_out_with_an_issue(resource: Any, path: str, code: str) -> None:
    message = read(resource)

    assert message.entries == ()
    assert (path, code) in faults(message)
    assert "999" not in "".join(issue.text for issue in message.issues)


def test_entry_that_is_no_object_is_left_out_with_an_issue() -> None:
    message = formats.read(wire.wrapped([7, {"resource": wire.patient()}, {"resource": wire.practice()}]))
    assert isinstance(message, Message)
    assert faults(message) == [("entry[0]", "no-resource")]


def test_entry_of_a_shape_that_breaks_its_reader_costs_itself_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(*_: Any) -> EntryRow:
        raise RuntimeError

    monkeypatch.setitem(fhir.READERS, "Flag", breaks)
    message = read(
        clinical("Flag"),
        clinical("Condition", "x2", code=concept()),
        clinical("List", "x3", title="Flags", contained=[clinical("Flag", "x4")]),
    )

    assert [told.source_id for told in message.entries] == ["x2", "x3"]
    assert faults(message) == [("entry[7]", "entry-unreadable"), ("entry[9].contained[0]", "entry-unreadable")]


def test_entry_without_a_subject_is_the_one_patients() -> None:
    message = read(wire.without(clinical("Flag", code=concept()), "subject"))

    assert [told.local_id for told in message.entries] == ["p1"]
    assert [(issue.path, issue.severity) for issue in message.issues] == [("entry[7].subject", Severity.WARNING)]


def test_entries_of_two_patients_are_kept_apart() -> None:
    entries = [
        {"resource": wire.patient()},
        {"resource": wire.practice()},
        {"resource": wire.patient("p2", "9990000026"), "fullUrl": "urn:uuid:2"},
        {"resource": wire.patient("p2", "9990000026")},
        {"resource": wire.patient("")},
        {"resource": clinical("Flag", "x1", code=concept())},
        {"resource": {**clinical("Flag", "x2", code=concept()), "subject": reference("urn:uuid:2")}},
        {"resource": {**clinical("Flag", "x3", code=concept()), "subject": reference("https://a/Patient/p2")}},
        {"resource": wire.without(clinical("Flag", "x4", code=concept()), "subject")},
    ]
    message = formats.read(wire.wrapped(entries))

    assert isinstance(message, Message)
    assert [told.local_id for told in message.people] == ["p1", "p2"]
    assert [(told.source_id, told.local_id) for told in message.entries] == [("x1", "p1"), ("x2", "p2"), ("x3", "p2")]
    assert faults(message) == [("entry[4].id", "id-missing"), ("entry[8].subject", "subject-missing")]


def test_repeated_id_is_left_out_with_an_issue() -> None:
    message = read(clinical("Flag", code=concept()), clinical("Flag", code=concept("2")))
    assert [told.code for told in message.entries] == ["38341003"]
    assert faults(message) == [("entry[8].id", "id-repeated")]


def test_section_list_without_an_id_is_keyed_by_person_and_heading() -> None:
    coded = wire.export_list()
    titled = {**wire.without(coded, "code"), "title": "Notes"}
    assert [told.source_id for told in read(coded, titled).entries] == ["p1/717711000000103", "p1/Notes"]


@pytest.mark.parametrize(
    ("target", "found"),
    [
        ("Practitioner/d1", "Dr Pat Example"),
        ("https://example.invalid/fhir/Practitioner/d1/_history/2", "Dr Pat Example"),
        ("PractitionerRole/r1", "Dr Pat Example"),
        ("Organization/o2", "Example Hospital"),
        ("Practitioner/d2", "Someone"),
        ("Practitioner/d3", None),
        ("Practitioner/d9", None),
        ("nothing", None),
    ],
)
def test_author_is_found_however_they_are_referred_to(target: str, found: str | None) -> None:
    named = {"resourceType": "Practitioner", "id": "d2", "name": [{"text": "Someone"}]}
    nameless = {"resourceType": "Practitioner", "id": "d3", "name": []}
    told = row("Condition", named, nameless, code=concept(), asserter=reference(target))
    assert told.detail.get("author") == found


@pytest.mark.parametrize(
    ("fields", "more", "expected"),
    [
        (
            {"meta": {"lastUpdated": "2022-01-01T00:00:00Z", "versionId": "3"}},
            {},
            ("3", datetime(2022, 1, 1, tzinfo=UTC)),
        ),
        ({"assertedDate": "2010-01-01"}, {}, ("", EXPORTED)),
        ({}, {"meta": {"lastUpdated": "2023-01-01T00:00:00Z"}}, ("", datetime(2023, 1, 1, tzinfo=UTC))),
        ({"assertedDate": "2010-01-01"}, {"meta": {"lastUpdated": 5}}, ("", datetime(2010, 1, 1, tzinfo=UTC))),
        ({"assertedDate": "bad"}, {"meta": {"lastUpdated": "bad"}}, ("", None)),
    ],
)
def test_version_is_the_resources_own_then_the_exports_then_the_facts(fields: Any, more: Any, expected: Any) -> None:
    told = read(clinical("Condition", code=concept(), **fields), wire.export_list(), **more).entries[0]
    assert (told.version, told.version_at) == expected


def test_other_character_sets_are_read_and_told() -> None:
    plain = wire.bundle().replace(b"Testcase", "Tést".encode())
    marked = formats.read(b"\xef\xbb\xbf" + plain)
    wide = formats.read(plain.decode().encode("utf-16"))
    windows = formats.read(plain.decode().encode("cp1252"))

    for message in (marked, wide, windows):
        assert isinstance(message, Message)
        assert message.people[0].names[0].family == "Tést"
    assert isinstance(windows, Message)
    assert faults(windows) == [("", "charset-guessed")]


def test_nul_characters_are_taken_out() -> None:
    message = read(clinical("Flag", code=concept("1", "a\0b"), note=[["\0"]]))
    assert message.entries[0].display == "ab"


@pytest.mark.parametrize("based_on", [None, "x", [], [5], [{"reference": 5}], [reference("MedicationRequest/plan")]])
def test_order_of_any_shape_is_noted_or_passed_over(based_on: Any) -> None:
    fields = {"basedOn": based_on} if based_on is not None else {}
    message = read(
        clinical("MedicationRequest", "o1", intent="order", authoredOn="2020-01-01", **fields),
        clinical("MedicationRequest", "o2", intent="order", authoredOn="2019-01-01", **fields),
        clinical("MedicationStatement", "x1", basedOn=[reference("MedicationRequest/plan")]),
    )
    expected = "2020-01-01" if based_on == [reference("MedicationRequest/plan")] else None
    assert message.entries[2].detail.get("last_issued") == expected
