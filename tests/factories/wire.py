"""Messages as senders write them, in small: GP Connect STU3 bundles and HL7 v2 ADT, about synthetic people only."""

import json
from typing import Any
from xml.sax.saxutils import escape, quoteattr

SNOMED = "http://snomed.info/sct"
READ = "http://read.info/readv2"
NHS_SYSTEM = "https://fhir.nhs.uk/Id/nhs-number"
ODS_SYSTEM = "https://fhir.nhs.uk/Id/ods-organization-code"
GPC = "https://fhir.nhs.uk/STU3/StructureDefinition/Extension-CareConnect-GPC-"
CARE_CONNECT = "https://fhir.hl7.org.uk/STU3/StructureDefinition/Extension-CareConnect-"

Resource = dict[str, Any]


def concept(code: str = "38341003", display: str = "Hypertension", system: str = SNOMED, **more: Any) -> Resource:
    """A CodeableConcept of one coding."""
    return {"coding": [{"system": system, "code": code, "display": display}], **more}


def reference(target: str) -> Resource:
    """A Reference to `Type/id`."""
    return {"reference": target}


def patient(key: str = "p1", number: str = "9990000018", **more: Any) -> Resource:
    """A patient of the practice G99001."""
    return {
        "resourceType": "Patient",
        "id": key,
        "identifier": [{"system": NHS_SYSTEM, "value": number}],
        "name": [{"use": "official", "family": "Testcase", "given": ["Mary", "Ann"], "prefix": ["Mrs"]}],
        "gender": "female",
        "birthDate": "1951-12-12",
        "managingOrganization": reference("Organization/o1"),
        **more,
    }


def practice(code: str = "G99001") -> Resource:
    """The practice itself."""
    return {
        "resourceType": "Organization",
        "id": "o1",
        "name": "Example Practice",
        "identifier": [{"system": ODS_SYSTEM, "value": code}],
    }


def staff() -> list[Resource]:
    """A doctor of the practice with a role, a place, a medicine and another organisation."""
    return [
        {
            "resourceType": "Practitioner",
            "id": "d1",
            "name": [{"family": "Example", "given": ["Pat"], "prefix": ["Dr"]}],
        },
        {
            "resourceType": "PractitionerRole",
            "id": "r1",
            "practitioner": reference("Practitioner/d1"),
            "organization": reference("Organization/o2"),
            "code": [concept("R0260", "General Medical Practitioner", "https://fhir.nhs.uk/roles")],
        },
        {"resourceType": "Organization", "id": "o2", "name": "Example Hospital"},
        {"resourceType": "Location", "id": "l1", "name": "Main Surgery"},
        {"resourceType": "Medication", "id": "m1", "code": concept("322280009", "Paracetamol 500mg capsules")},
    ]


def clinical(sort: str, key: str = "x1", **fields: Any) -> Resource:
    """A clinical resource about the patient p1."""
    owner = "patient" if sort in {"AllergyIntolerance", "Immunization"} else "subject"
    return {"resourceType": sort, "id": key, owner: reference("Patient/p1"), **fields}


def export_list(date: str = "2021-06-02T11:54:53.011+00:00") -> Resource:
    """A list of a whole section, which has no id and carries the time of the export."""
    return clinical("List", date=date, title="Problems", code=concept("717711000000103", "Problems")) | {"id": None}


def bundle(*resources: Any, **more: Any) -> bytes:
    """A bundle of the patient, the practice, its staff and these resources; lists without an id lose the key."""
    kept = [one if not isinstance(one, dict) or one.get("id") is not None else without(one, "id") for one in resources]
    entries = [{"resource": one} for one in (patient(), practice(), *staff(), *kept)]
    return wrapped(entries, **more)


def wrapped(entries: Any, **more: Any) -> bytes:
    """A bundle of these entries, whatever they are."""
    return json.dumps({"resourceType": "Bundle", "type": "collection", "entry": entries, **more}).encode()


def xml_of(resource: dict[str, Any]) -> bytes:
    """A resource as FHIR writes it in XML."""
    sort = resource["resourceType"]
    return f'<{sort} xmlns="http://hl7.org/fhir">{_inside(resource)}</{sort}>'.encode()


def _inside(node: dict[str, Any]) -> str:
    keys = [key for key in node if key not in ("resourceType", "url")]
    return "".join(_element(key, told) for key in keys for told in _several(node[key]))


def _several(told: Any) -> list[Any]:
    return told if isinstance(told, list) else [told]


def _element(key: str, told: Any) -> str:
    if key in ("resource", "contained"):
        return f"<{key}>{xml_of(told).decode()}</{key}>"
    if key == "div":
        return told
    if isinstance(told, dict):
        address = f" url={quoteattr(told['url'])}" if "url" in told else ""
        return f"<{key}{address}>{_inside(told)}</{key}>"
    value = str(told).lower() if isinstance(told, bool) else escape(str(told), {'"': "&quot;"})
    return f'<{key} value="{value}"/>'


def without(resource: Resource, *keys: str) -> Resource:
    """The resource without these keys."""
    return {key: value for key, value in resource.items() if key not in keys}


def extension(url: str, **value: Any) -> Resource:
    """An extension by its whole address."""
    return {"url": url, **value}


PID = (
    "PID|1||RCB123^^^RCB^PI~9990000018^^^NHS||TESTCASE^MARY^A^^MRS^^L||19511212|2"
    "|||1 HIGH STREET^TOWN^^KENT^ME12AB^GBR^H"
)
PV1 = "PV1|1|I|WARD1^BAY2^BED3|13|||C1^Example^Pat^^^Dr|||300|||||||||V100^^^VISITID" + "|" * 25 + "202101041000"


def adt(event: str = "A01", *segments: str, pid: str = PID, pv1: str = PV1, end: str = "\r", **header: str) -> bytes:
    """An ADT message; `header` overrides sort, number, time, facility or when it was recorded."""
    told = {
        "sort": f"ADT^{event}",
        "number": "MSG1",
        "time": "20210104103000",
        "facility": "RCB",
        "recorded": "202101041029",
    } | header
    msh = f"MSH|^~\\&|PAS|{told['facility']}|X|X|{told['time']}||{told['sort']}|{told['number']}|P|2.4"
    lines = [msh, f"EVN||{told['recorded']}", pid, pv1, *segments]
    return end.join(line for line in lines if line).encode()
