"""Writes a GP record as a FHIR R4 collection of UK Core resources in JSON, as the second GP supplier exports it.

The same facts as gp_connect.py tells in STU3, in R4's own places. Source: HL7 UK Core R4 profiles, their examples.
"""

from datetime import datetime
from typing import Any

import orjson

from oneplace.example.gp_draft import SNOMED, Node, colleague, human_name, stamp
from oneplace.example.practice import Practice
from oneplace.example.shapes import Human, Told
from oneplace.example.uk_core_draft import EXTENSION, HL7, PROFILE, UK, CoreDraft, coded
from oneplace.example.uk_core_entries import WRITERS

_ROLES = UK + "/CodeSystem/UKCore-SDSJobRoleName"
_SECTIONS = (
    ("AllergyIntolerance", "886921000000105", "Allergies and adverse reactions"),
    ("Immunization", "1102181000000102", "Immunisations"),
    ("Encounter", "1149501000000101", "List of consultations"),
    ("MedicationStatement", "933361000000108", "Medications and medical devices"),
    ("Condition", "717711000000103", "Problems"),
)
_ALWAYS = {"AllergyIntolerance", "Condition", "MedicationStatement", "Immunization"}


def bundle(told: Told, human: Human, practice: Practice, made_at: datetime, full: bool = False) -> bytes:
    """The person's record as one bundle; `human` is who the practice takes them for."""
    draft = CoreDraft(human, practice, made_at, full)
    for name, write in WRITERS:
        for row in getattr(told.record, name):
            write(draft, row)
    resources = [patient(draft), *_furniture(draft), *_sections(draft), *draft.resources]
    return orjson.dumps(
        {
            "resourceType": "Bundle",
            "id": f"{draft.stem}-{made_at:%Y%m%d}",
            "meta": {"lastUpdated": made_at.isoformat(), "profile": [PROFILE.format("Bundle")]},
            "type": "collection",
            "timestamp": made_at.isoformat(),
            "entry": [
                {"fullUrl": f"https://{practice.code.lower()}.example/{node['resourceType']}/{node['id']}"}
                | {"resource": node}
                for node in resources
            ],
        },
        option=orjson.OPT_INDENT_2 if full else None,
    )


def person(human: Human, key: str, *local: Node) -> Node:
    """A UK Core Patient; `local` are the sender's own identifiers."""
    names = [human_name("official", human.family, human.given.split(), human.prefix)]
    if human.former_family:
        names.append(human_name("old", human.former_family, human.given.split(), ""))
    if human.preferred:
        names.append(human_name("nickname", human.family, [human.preferred], ""))
    found: Node = {
        "resourceType": "Patient",
        "id": key,
        "meta": {"profile": [PROFILE.format("Patient")]},
        "extension": _extensions(human),
        "identifier": [*_number(human), *local],
        "active": human.deceased_on is None,
        "name": names,
        "telecom": [{"system": "phone", "value": human.phone, "use": "home"}] if human.phone else [],
        "gender": human.sex,
        "birthDate": human.birth_date.isoformat(),
    }
    if human.deceased_on:
        found["deceasedDateTime"] = human.deceased_on.isoformat()
    found["address"] = [
        {"use": "home", "type": "physical", "line": list(human.lines), "city": human.town, "postalCode": human.postcode}
    ]
    return {key: value for key, value in found.items() if value != []}


def _number(human: Human) -> list[Node]:
    if not human.nhs_number:
        return []
    coding = {
        "system": UK + "/CodeSystem/UKCore-NHSNumberVerificationStatusEngland",
        "code": "01",
        "display": "Number present and verified",
    }
    status = {"url": EXTENSION.format("NHSNumberVerificationStatus"), "valueCodeableConcept": {"coding": [coding]}}
    return [{"extension": [status], "system": "https://fhir.nhs.uk/Id/nhs-number", "value": human.nhs_number}]


def _extensions(human: Human) -> list[Node]:
    found = []
    ethnicity = human.ethnicity
    if ethnicity:
        coding = {"system": UK + "/CodeSystem/UKCore-EthnicCategoryEngland", "code": ethnicity}
        found.append({"url": EXTENSION.format("EthnicCategory"), "valueCodeableConcept": {"coding": [coding]}})
    if human.interpreter:
        found.append({"url": "http://hl7.org/fhir/StructureDefinition/patient-interpreterRequired"} | {
            "valueBoolean": True
        })  # fmt: skip
    return found


def patient(draft: CoreDraft) -> Node:
    """The practice's patient, with the registration."""
    human = draft.human
    found = person(human, draft.stem)
    if human.language:
        found["communication"] = [{"language": {"text": human.language}, "preferred": True}]
    found["generalPractitioner"] = [{"reference": draft.staff(0)}]
    found["managingOrganization"] = {"reference": draft.organisation}
    return found


def _furniture(draft: CoreDraft) -> list[Node]:
    """The practice, its building, and those of its staff whom the record names."""
    practice = draft.practice
    found: list[Node] = [
        organisation(practice.code, practice.name, practice.code)
        | {
            "telecom": [{"system": "phone", "value": practice.phone, "use": "work"}],
            "address": [{"use": "work", "line": [practice.address], "postalCode": practice.postcode}],
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


def organisation(key: str, name: str, code: str) -> Node:
    """A UK Core Organization known by its ODS code."""
    return {
        "resourceType": "Organization",
        "id": key,
        "meta": {"profile": [PROFILE.format("Organization")]},
        "identifier": [{"system": "https://fhir.nhs.uk/Id/ods-organization-code", "value": code}],
        "active": True,
        "name": name,
    }


def _sections(draft: CoreDraft) -> list[Node]:
    """A list a section, with what it holds, or that it is empty."""
    members: dict[str, list[Node]] = {}
    for node in draft.resources:
        told = {"item": {"reference": f"{node['resourceType']}/{node['id']}"}}
        members.setdefault(node["resourceType"], []).append(told)
    wanted = _ALWAYS | members.keys()
    return [_section(draft, members.get(sort, []), code, words) for sort, code, words in _SECTIONS if sort in wanted]


def _section(draft: CoreDraft, members: list[Node], code: str, words: str) -> Node:
    found: dict[str, Any] = {
        "resourceType": "List",
        "id": f"{draft.stem}-L{code}",
        "meta": {"profile": [PROFILE.format("List")]},
        "status": "current",
        "mode": "snapshot",
        "title": words,
        "code": coded(SNOMED, code, words),
        "subject": {"reference": draft.patient},
        "date": stamp(draft.made_at),
    }
    if members:
        return found | {"entry": members}
    empty = coded(HL7 + "list-empty-reason", "nilknown", "Nil Known")
    return found | {"emptyReason": empty | {"text": "No Content Recorded"}}
