"""FHIR DSTU2 as the readers know it: notices between hospitals and councils, child health events, old GP records.

Only shape moves, as in r4.py; the stored bytes stay as they came. A notice says what it is in its header alone, so its
referral is told with the header's event and time. Source: hl7.org/fhir/DSTU2; NHS ADW and Digital Child Health.
"""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from oneplace.formats.fhir.r4 import R4_PROFILES, code_of, profile_of, renamed
from oneplace.formats.fhir.reading import NOTHING, Node

_SORTS = frozenset({"Conformance", "DeviceUseRequest", "DiagnosticOrder", "MedicationOrder", "Order", "OrderResponse"})
_ELEMENTS = {
    "AllergyIntolerance": ("substance", "reporter", "lastOccurence"),
    "Condition": ("patient", "dateRecorded"),
    "Encounter": ("patient", "indication"),
    "Immunization": ("wasNotGiven", "reported"),
    "MedicationAdministration": ("patient", "wasNotGiven", "effectiveTimeDateTime", "effectiveTimePeriod"),
    "MedicationDispense": ("patient", "dispenser"),
    "MedicationStatement": ("patient", "wasNotTaken"),
    "MessageHeader": ("data",),
    "Observation": ("comments", "reliability"),
    "Patient": ("careProvider",),
    "Practitioner": ("practitionerRole",),
    "Procedure": ("notPerformed", "reasonNotPerformed"),
    "ProcedureRequest": ("orderedOn", "orderer", "scheduledDateTime", "scheduledPeriod"),
    "QuestionnaireResponse": ("group",),
    "ReferralRequest": ("patient", "dateSent", "fulfillmentTime"),
}
"""Elements that neither STU3 nor R4 has on these resources."""
_PROFILES = ("DSTU2", "fhir.nhs.net/StructureDefinition")
_LATER_PROFILES = ("STU3", *R4_PROFILES)
_EVENTS = {
    "975701000000106": "Assessment notice",
    "975711000000108": "Assessment notice accepted",
    "975721000000102": "Assessment notice rejected",
    "975731000000100": "Discharge notice",
    "975821000000109": "Discharge notice agreed",
    "975831000000106": "Discharge notice not agreed",
    "975841000000102": "All notices withdrawn",
    "975851000000104": "Discharge notice withdrawn",
    "1025651000000109": "Withdrawal of notice accepted",
    "1025641000000106": "Withdrawal of notice rejected",
}
"""What a notice under the Care Act 2014, schedule 3 is, by its SNOMED CT code (ADW-MessageEvent-1)."""


def is_dstu2(bundle: Node, resources: list[Node]) -> bool:
    """True where a profile says so, or an element stands that only DSTU2 has and no profile names a later version."""
    profiles = " ".join(profile_of(one) for one in (bundle, *resources))
    if any(mark in profiles for mark in _PROFILES):
        return True
    if any(mark in profiles for mark in _LATER_PROFILES):
        return False
    return any(_tells(one) for one in resources)


def _tells(resource: Node) -> bool:
    sort = resource.get("resourceType")
    return sort in _SORTS or any(key in resource for key in _ELEMENTS.get(str(sort), ()))


def shaper(resources: list[Node]) -> Callable[[Node], Node]:
    """What puts each resource of this message into STU3's shape."""
    header = next((one for one in resources if one.get("resourceType") == "MessageHeader"), NOTHING)
    return partial(as_stu3, header=header)


def as_stu3(resource: Node, header: Node) -> Node:
    """A copy of the resource in STU3's shape, told as what it was."""
    sort = str(resource.get("resourceType"))
    told = resource | {"told_as": sort}
    note = told.get("note", told.get("notes"))
    if note is not None:
        told["note"] = [_annotation(one) for one in _several(note)]
    if sort == "ReferralRequest":
        return _referral(told, header)
    change = _CHANGES.get(sort)
    return change(told) if change else told


def role_of(practitioner: Node) -> Node:
    """The first role of a practitioner as a resource of its own, which it is from STU3 on; {} where none is told."""
    for role in _several(practitioner.get("practitionerRole")):
        if role.__class__ is dict:
            told = {"organization": role.get("managingOrganization"), "code": _list_of(role.get("role"))}
            return {"resourceType": "PractitionerRole"} | {key: value for key, value in told.items() if value}
    return NOTHING


def _several(told: Any) -> list[Any]:
    return told if told.__class__ is list else [] if told is None else [told]


def _list_of(told: Any) -> Any:
    """A list of one where STU3 has a list; nothing stays nothing."""
    return [told] if told.__class__ is dict else told


def _annotation(told: Any) -> Any:
    return {"text": told} if told.__class__ is str else told


def _humans(node: Node) -> Node:
    """Names with the family name as one text; a lone name as a list of one."""
    names = [_one_family(name) for name in _several(node.get("name"))]
    if names:
        node["name"] = names
    return renamed(node, generalPractitioner="careProvider")


def _one_family(name: Any) -> Any:
    family = name.get("family") if name.__class__ is dict else None
    if family.__class__ is not list:
        return name
    return name | {"family": " ".join(part for part in family if part.__class__ is str)}


def _allergy(node: Node) -> Node:
    """One status told both how sure it is and whether it holds; how dangerous was CRITL, CRITH, CRITU."""
    status = node.get("status")
    if status in ("resolved", "inactive"):
        node["clinicalStatus"] = status
    else:
        node["clinicalStatus"] = "active"
        node["verificationStatus"] = status
    grades = {"CRITL": "low", "CRITH": "high", "CRITU": "unable-to-assess"}
    if "criticality" in node:
        node["criticality"] = grades.get(str(node["criticality"]), node["criticality"])
    if "category" in node:
        node["category"] = _several(node["category"])
    return renamed(node, code="substance", onsetDateTime="onset", assertedDate="recordedDate", asserter="reporter")


def _condition(node: Node) -> Node:
    return renamed(node, subject="patient", assertedDate="dateRecorded")


def _encounter(node: Node) -> Node:
    """Where no type says what it was, its class does: inpatient, emergency, home."""
    kind = node.get("class")
    if kind.__class__ is str and "type" not in node:
        node["type"] = [{"coding": [{"system": "http://hl7.org/fhir/encounter-class", "code": kind,
                                     "display": kind.capitalize()}]}]  # fmt: skip
    return renamed(node, subject="patient")


def _immunization(node: Node) -> Node:
    node["practitioner"] = [{"actor": one} for one in _dicts(node.pop("performer", None))]
    return renamed(node, notGiven="wasNotGiven")


def _performed(node: Node) -> Node:
    return renamed(node, notDone="notPerformed")


def _observation(node: Node) -> Node:
    return renamed(node, comment="comments")


def _report(node: Node) -> Node:
    """Who made the report was one reference, and is a list of those who took part."""
    node["performer"] = [told if "actor" in told else {"actor": told} for told in _dicts(node.get("performer"))]
    return node


def _dicts(told: Any) -> Iterator[Node]:
    return (one for one in _several(told) if one.__class__ is dict)


def _agent(node: Node, key: str) -> Node:
    """Who asked for it is a reference, and wrapped from STU3 on."""
    for one in _dicts(node.get(key)):
        node["requester"] = {"agent": one}
    return node


def _statement(node: Node) -> Node:
    if node.get("wasNotTaken") is True:
        node["status"] = "not-taken"
    return renamed(node, subject="patient")


def _order(node: Node) -> Node:
    """An order of a medicine: MedicationRequest from STU3 on."""
    node["resourceType"], node["intent"] = "MedicationRequest", "order"
    return renamed(_agent(node, "prescriber"), subject="patient", authoredOn="dateWritten")


def _administration(node: Node) -> Node:
    node["performer"] = [{"actor": one} for one in _dicts(node.get("practitioner"))]
    dosage = node.get("dosage")
    if dosage.__class__ is dict:
        node["dosage"] = renamed(dict(dosage), dose="quantity")
    return renamed(node, subject="patient", notGiven="wasNotGiven", effectiveDateTime="effectiveTimeDateTime",
                   effectivePeriod="effectiveTimePeriod")  # fmt: skip


def _dispense(node: Node) -> Node:
    node["performer"] = [{"actor": one} for one in _dicts(node.get("dispenser"))]
    return renamed(node, subject="patient")


def _asked(node: Node) -> Node:
    """A request: who asked, when, for when it is due."""
    node["resourceType"] = "ProcedureRequest"
    return renamed(_agent(node, "orderer"), authoredOn="orderedOn", occurrenceDateTime="scheduledDateTime",
                   occurrencePeriod="scheduledPeriod")  # fmt: skip


def _diagnostic_order(node: Node) -> Node:
    """An order of tests is told by its first test and dated for its first event."""
    for item in _dicts(node.get("item")):
        node.setdefault("code", item.get("code"))
    for event in _dicts(node.get("event")):
        node.setdefault("orderedOn", event.get("dateTime"))
    return _asked(node)


def _referral(node: Node, header: Node) -> Node:
    """A referral; in a notice, which says what it is in its header alone, with the header's event and time."""
    _agent(node, "requester")
    if "priority" in node:
        node["priority"] = code_of(node["priority"])
    reason = _list_of(node.get("reason")) or _list_of(node.get("serviceRequested"))
    event = header.get("event")
    if event.__class__ is dict and not reason and "description" not in node:
        words = event.get("display") or _EVENTS.get(str(event.get("code")))
        reason = [{"coding": [event | ({"display": words} if words else {})]}]
    if reason:
        node["reasonCode"] = reason
    if "timestamp" in header:
        node["header_time"] = header["timestamp"]
    for key in ("dateSent", "date", "header_time"):
        renamed(node, authoredOn=key)
    return renamed(node, subject="patient")


def _answers(node: Node) -> Node:
    """Groups of questions are items; what an answer leads on to stands beneath its question."""
    if "group" in node:
        node["item"] = [_item_of(group) for group in _dicts(node["group"])]
    return node


def _item_of(told: Node) -> Node:
    """A group or a question as an item, with those inside it."""
    answers = list(_dicts(told.get("answer")))
    inner = [told.get("group"), told.get("question"), *(answer.get("group") for answer in answers)]
    items = [_item_of(one) for several in inner for one in _dicts(several)]
    more = {"answer": answers} if answers else {}
    return {"text": told.get("text") or told.get("title") or ""} | more | ({"item": items} if items else {})


def _communication(node: Node) -> Node:
    for key in ("category", "reason"):
        if key in node:
            node[key] = _several(node[key])
    return renamed(node, reasonCode="reason")


_CHANGES: dict[str, Callable[[Node], Node]] = {
    "AllergyIntolerance": _allergy,
    "Communication": _communication,
    "Condition": _condition,
    "DiagnosticOrder": _diagnostic_order,
    "DiagnosticReport": _report,
    "Encounter": _encounter,
    "Immunization": _immunization,
    "MedicationAdministration": _administration,
    "MedicationDispense": _dispense,
    "MedicationOrder": _order,
    "MedicationStatement": _statement,
    "Observation": _observation,
    "Patient": _humans,
    "Practitioner": _humans,
    "Procedure": _performed,
    "ProcedureRequest": _asked,
    "QuestionnaireResponse": _answers,
}
