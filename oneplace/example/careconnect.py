"""Resources that letters and messages of trusts share: CareConnect STU3 Patient, Organization, Practitioner, Encounter.

Each goes by a UUID, and others refer to it by its address. Source: CareConnect and ITK3 profiles, their examples.
"""

from typing import Any

from oneplace.example.gp_draft import SNOMED, human_name, stamp
from oneplace.example.known import Known, Sender, stable_id
from oneplace.example.shapes import Human, Visit

Node = dict[str, Any]

CARE = "https://fhir.hl7.org.uk/STU3/StructureDefinition/CareConnect-{}-1"
ITK = "https://fhir.nhs.uk/STU3/StructureDefinition/CareConnect-ITK-{}-1"
ODS = "https://fhir.nhs.uk/Id/ods-organization-code"
ICD10 = "http://hl7.org/fhir/sid/icd-10"
_VERIFIED = {
    "system": "https://fhir.hl7.org.uk/STU3/CodeSystem/CareConnect-NHSNumberVerificationStatus-1",
    "code": "01",
    "display": "Number present and verified",
}
# FHIR's class of an encounter by HL7 v2's patient class, and by the sorts of contact that have none there.
_CLASSES = {
    "I": ("IMP", "inpatient encounter"),
    "E": ("EMER", "emergency"),
    "O": ("AMB", "ambulatory"),
    "R": ("AMB", "ambulatory"),
    "A": ("EMER", "emergency"),
    "U": ("VR", "virtual"),
    "C": ("HH", "home health"),
}


def entry(resource: Node) -> Node:
    """The resource as an entry of a bundle."""
    return {"fullUrl": f"urn:uuid:{resource['id']}", "resource": resource}


def to(resource: Node) -> Node:
    """A reference to the resource."""
    return {"reference": f"urn:uuid:{resource['id']}"}


def patient(known: Known, practice: Node) -> Node:
    """The person as this source knows them, registered with a practice."""
    human = known.human
    found: Node = {"resourceType": "Patient", "id": known.local_id, "meta": {"profile": [CARE.format("Patient")]}}
    ethnicity = human.ethnicity
    if ethnicity:
        coding = {"system": "https://fhir.hl7.org.uk/STU3/CareConnect-EthnicCategory-1", "code": ethnicity}
        url = CARE.format("EthnicCategory").replace("CareConnect-", "Extension-CareConnect-")
        found["extension"] = [{"url": url, "valueCodeableConcept": {"coding": [coding]}}]
    names = [human_name("official", human.family, human.given.split(), human.prefix)]
    return found | {
        "identifier": _identifiers(human),
        "name": names,
        "telecom": [{"system": "phone", "value": human.phone}] if human.phone else [],
        "gender": human.sex,
        "birthDate": human.birth_date.isoformat(),
        "address": [
            {"use": "home", "line": list(human.lines), "city": human.town, "postalCode": human.postcode},
        ],
        "generalPractitioner": [to(practice)],
    }


def _identifiers(human: Human) -> list[Node]:
    if not human.nhs_number:
        return []
    url = CARE.format("NHSNumberVerificationStatus").replace("CareConnect-", "Extension-CareConnect-")
    status = {"url": url, "valueCodeableConcept": {"coding": [_VERIFIED]}}
    return [{"extension": [status], "system": "https://fhir.nhs.uk/Id/nhs-number", "value": human.nhs_number}]


def organisation(code: str, name: str) -> Node:
    """An organisation by its ODS code."""
    return {
        "resourceType": "Organization",
        "id": stable_id("organisation", code),
        "meta": {"profile": [CARE.format("Organization")]},
        "identifier": [{"system": ODS, "value": code}],
        "name": name,
    }


def practitioner(sender: Sender, visit: Visit) -> tuple[Node, Node]:
    """Who saw the person, and their role at the sender."""
    family, given = visit.clinician
    key = stable_id("practitioner", sender.code, family, given)
    someone = {
        "resourceType": "Practitioner",
        "id": key,
        "meta": {"profile": [CARE.format("Practitioner")]},
        "name": [human_name("official", family, [given], "")],
    }
    role = {
        "resourceType": "PractitionerRole",
        "id": stable_id("role", key),
        "meta": {"profile": [CARE.format("PractitionerRole")]},
        "practitioner": to(someone),
        "organization": {"reference": f"urn:uuid:{stable_id('organisation', sender.code)}"},
        "specialty": [{"text": visit.specialty}],
    }
    return someone, role


def visit_number(known: Known, visit: Visit) -> str:
    """What the sender calls a visit: the same in each message about it."""
    return f"{known.local_id[-9:]}-{visit.starts:%y%m%d%H%M}"


def encounter(known: Known, visit: Visit, keeper: Node, seen_by: Node) -> Node:
    """A stay, attendance or contact."""
    code, display = _CLASSES[visit.sort]
    period = {"start": stamp(visit.starts), **({"end": stamp(visit.ends)} if visit.ends else {})}
    return {
        "resourceType": "Encounter",
        "id": stable_id("encounter", known.source, visit_number(known, visit)),
        "meta": {"profile": [ITK.format("Encounter")]},
        "identifier": [{"system": "https://tools.ietf.org/html/rfc4122", "value": visit_number(known, visit)}],
        "status": "finished" if visit.ends else "in-progress",
        "class": {"system": "http://hl7.org/fhir/v3/ActCode", "code": code, "display": display},
        "type": [{"text": visit.specialty}],
        "subject": {"reference": f"urn:uuid:{known.local_id}"},
        "participant": [{"individual": to(seen_by)}],
        "period": period,
        "reason": [{"text": visit.reason}],
        "serviceProvider": to(keeper),
    }


def condition(known: Known, visit: Visit) -> list[Node]:
    """What the sender found, coded in ICD-10; nothing where it coded nothing."""
    if visit.diagnosis is None:
        return []
    code, words = visit.diagnosis
    return [
        {
            "resourceType": "Condition",
            "id": stable_id("condition", known.source, visit_number(known, visit), code),
            "meta": {"profile": [ITK.format("Condition")]},
            "clinicalStatus": "active",
            "verificationStatus": "confirmed",
            "category": [{"text": "Encounter diagnosis"}],
            "code": {"coding": [{"system": ICD10, "code": code, "display": words}]},
            "subject": {"reference": f"urn:uuid:{known.local_id}"},
            "onsetDateTime": visit.starts.date().isoformat(),
        }
    ]


def snomed(code: str, display: str) -> Node:
    """A concept with one SNOMED CT coding."""
    return {"coding": [{"system": SNOMED, "code": code, "display": display}]}
