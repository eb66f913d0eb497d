"""Writes a GP Connect structured record, a FHIR STU3 Bundle in JSON, as a GP system would export it.

Shape: GP Connect 1.5 CareConnect-GPC profiles; compact, so that a median bundle stays under 15 kB. This is the
example's own writer: it shares nothing with the reader that it is meant to exercise.
"""

from collections.abc import Iterable
from datetime import datetime

import orjson

from oneplace.example.gp_draft import EXTENSION, FHIR, HL7UK, PROFILE, SNOMED, Draft, Node, colleague, human_name
from oneplace.example.gp_entries import WRITERS
from oneplace.example.practice import Practice
from oneplace.example.shapes import Human, Told

_ROLES = FHIR + "/CodeSystem/CareConnect-SDSJobRoleName-1"
_NUMBER_STATUS = FHIR + "/CodeSystem/CareConnect-NHSNumberVerificationStatus-1"
_SECTIONS = (
    ("AllergyIntolerance", "886921000000105", "Allergies and adverse reactions"),
    ("Immunization", "1102181000000102", "Immunisations"),
    ("Encounter", "1149501000000101", "List of consultations"),
    ("MedicationStatement", "933361000000108", "Medications and medical devices"),
    ("Observation", "826501000000100", "Miscellaneous record", "Uncategorised data"),
    ("ReferralRequest", "792931000000107", "Outbound referral"),
    ("ProcedureRequest", "714311000000108", "Patient recall administration"),
    ("Condition", "717711000000103", "Problems"),
)
_EMPTY = {"system": FHIR + "/CodeSystem/CareConnect-ListEmptyReasonCode-1", "code": "no-content-recorded"}


def bundle(told: Told, human: Human, practice: Practice, made_at: datetime, full: bool = False) -> bytes:
    """The person's record as one bundle, lists of its sections first as real exports have them.

    `human` is who the practice takes them for; `full` adds identifiers and white space as real exports have them.
    """
    draft = Draft(human, practice, made_at, full)
    for name, write in WRITERS:
        for row in getattr(told.record, name):
            write(draft, row)
    resources = [*_sections(draft), _person(draft), *_furniture(draft), *draft.resources]
    return orjson.dumps(
        {
            "resourceType": "Bundle",
            "id": f"{draft.stem}-{made_at:%Y%m%d}",
            "meta": {
                "lastUpdated": made_at.isoformat(),
                "profile": [FHIR + "/StructureDefinition/GPConnect-StructuredRecord-Bundle-1"],
            },
            "type": "collection",
            "entry": [{"resource": resource} for resource in resources],
        },
        option=orjson.OPT_INDENT_2 if full else None,
    )


def _person(draft: Draft) -> Node:
    human = draft.human
    verified = {"system": _NUMBER_STATUS, "code": "01", "display": "Number present and verified"}
    names = [human_name("official", human.family, human.given.split(), human.prefix)]
    if human.former_family:
        names.append(human_name("old", human.former_family, human.given.split(), ""))
    if human.preferred:
        names.append(human_name("nickname", human.family, [human.preferred], ""))
    found = {
        "resourceType": "Patient",
        "id": draft.stem,
        "meta": {"versionId": f"{draft.made_at:%Y%m%d}", "profile": [PROFILE.format("Patient")]},
        "extension": _registration(draft),
        "identifier": [
            {
                "extension": [
                    {
                        "url": EXTENSION.format("NHSNumberVerificationStatus"),
                        "valueCodeableConcept": {"coding": [verified]},
                    }
                ],
                "system": "https://fhir.nhs.uk/Id/nhs-number",
                "value": human.nhs_number,
            }
        ]
        if human.nhs_number
        else [],
        "active": human.deceased_on is None,
        "name": names,
        "telecom": [{"system": "phone", "value": human.phone, "use": "home"}] if human.phone else [],
        "gender": human.sex,
        "birthDate": human.birth_date.isoformat(),
        "address": [
            {
                "use": "home",
                "type": "physical",
                "line": list(human.lines),
                "city": human.town,
                "postalCode": human.postcode,
            }
        ],
        "generalPractitioner": [{"reference": draft.staff(0)}],
        "managingOrganization": {"reference": draft.organisation},
    }
    if human.deceased_on:
        found["deceasedDateTime"] = human.deceased_on.isoformat()
    return found


def _registration(draft: Draft) -> list[Node]:
    human = draft.human
    period = {"url": "registrationPeriod", "valuePeriod": {"start": human.registered_on.isoformat()}}
    found = [{"url": EXTENSION.format("RegistrationDetails"), "extension": [period]}]
    ethnicity = human.ethnicity
    if ethnicity:
        coding = {"system": HL7UK + "/CodeSystem/CareConnect-EthnicCategory-1", "code": ethnicity}
        url = HL7UK + "/StructureDefinition/Extension-CareConnect-EthnicCategory-1"
        found.append({"url": url, "valueCodeableConcept": {"coding": [coding]}})
    if human.language:
        spoken = {"url": "language", "valueCodeableConcept": {"text": human.language}}
        needed = {"url": "interpreterRequired", "valueBoolean": human.interpreter}
        found.append({"url": EXTENSION.format("NHSCommunication"), "extension": [spoken, needed]})
    return found


def _furniture(draft: Draft) -> list[Node]:
    """The practice, its building, and those of its staff whom the record names."""
    practice = draft.practice
    address = {"use": "work", "line": [practice.address], "postalCode": practice.postcode}
    phone = [{"system": "phone", "value": practice.phone, "use": "work"}]
    found: list[Node] = [
        {
            "resourceType": "Organization",
            "id": practice.code,
            "meta": {"profile": [PROFILE.format("Organization")]},
            "identifier": [{"system": "https://fhir.nhs.uk/Id/ods-organization-code", "value": practice.code}],
            "name": practice.name,
            "telecom": phone,
            "address": [address],
        },
        {
            "resourceType": "Location",
            "id": f"{practice.code}-1",
            "meta": {"profile": [PROFILE.format("Location")]},
            "status": "active",
            "name": practice.name,
            "managingOrganization": {"reference": draft.organisation},
        },
    ]
    for index in sorted(draft.staff_used):
        found += colleague(practice.staff[index], draft.staff(index), draft.organisation, _ROLES, PROFILE)
    return found


def _sections(draft: Draft) -> list[Node]:
    """A list a section, with what it holds, or why it is empty."""
    members: dict[str, list[Node]] = {}
    for resource in draft.resources:
        members.setdefault(resource["resourceType"], []).append(
            {"item": {"reference": f"{resource['resourceType']}/{resource['id']}"}}
        )
    return [_section(draft, members.get(sort[0], []), *sort[1:]) for sort in _SECTIONS if sort[0] in _wanted(members)]


def _section(draft: Draft, members: list[Node], code: str, display: str, title: str = "") -> Node:
    found = {
        "resourceType": "List",
        "meta": {"profile": [PROFILE.format("List")]},
        "status": "current",
        "mode": "snapshot",
        "title": title or display,
        "code": {"coding": [{"system": SNOMED, "code": code, "display": display}]},
        "subject": {"reference": draft.patient},
        "date": draft.made_at.isoformat(),
    }
    if members:
        found["entry"] = members
    else:
        found["emptyReason"] = {"coding": [_EMPTY], "text": "No Content Recorded"}
        found["note"] = [{"text": "Information not available"}]
    return found


def _wanted(members: Iterable[str]) -> set[str]:
    """The sections that are sent: those with content, and the four that are told empty too."""
    return {*members, "AllergyIntolerance", "Condition", "MedicationStatement", "Immunization"}
