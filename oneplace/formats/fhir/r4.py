"""FHIR R4 as the readers know it: each resource's R4 shape put into that of STU3, so that one reader serves both.

Only shape moves: a list of one where STU3 has one, a coded status as its code, renamed elements. The stored bytes stay
as they came. Source: hl7.org/fhir/R4, "Differences from STU3" of each resource; UK Core.
"""

from collections.abc import Callable
from typing import Any

from oneplace.formats.fhir.reading import Node

_REFERRALS = frozenset({"3457005", "103696004", "306206005"})  # SNOMED CT: patient referral, to specialist, to service


def as_stu3(resource: Node) -> Node:
    """A copy of the resource in STU3's shape, told as what it was; the same where nothing differs."""
    sort = resource.get("resourceType")
    change = _CHANGES.get(str(sort))
    return change(resource | {"told_as": sort}) if change else resource


def code_of(told: Any) -> Any:
    """The code of a coded status; anything else as it came."""
    if told.__class__ is not dict:
        return told
    codings = told.get("coding")
    first = codings[0] if codings.__class__ is list and codings else codings
    return first.get("code", told.get("text")) if first.__class__ is dict else told.get("text")


def _first(told: Any) -> Any:
    return told[0] if told.__class__ is list and told else told


def _single(node: Node, key: str) -> Node:
    """The first of a list, where STU3 has one."""
    if key in node:
        node[key] = _first(node[key])
    return node


def renamed(node: Node, **names: str) -> Node:
    """Elements under other names, where the other isn't there yet."""
    for new, old in names.items():
        if old in node and new not in node:
            node[new] = node[old]
    return node


def _coded_statuses(node: Node) -> Node:
    for key in ("clinicalStatus", "verificationStatus"):
        if key in node:
            node[key] = code_of(node[key])
    return renamed(node, assertedDate="recordedDate")


def _condition(node: Node) -> Node:
    if "asserter" not in node and "recorder" in node:
        node["asserter"] = node["recorder"]
    return _coded_statuses(node)


def _agent(node: Node) -> Node:
    """The requester is a reference in R4 and wrapped in STU3."""
    requester = node.get("requester")
    if requester.__class__ is dict and "agent" not in requester:
        node["requester"] = {"agent": requester}
    return node


def _immunization(node: Node) -> Node:
    renamed(node, date="occurrenceDateTime", practitioner="performer")
    if node.get("status") == "not-done":
        node["notGiven"] = True
    return node


def _encounter(node: Node) -> Node:
    return renamed(node, reason="reasonCode")


def _service_request(node: Node) -> Node:
    """A referral where it says so, else a request for a test or procedure."""
    _agent(node)
    if _is_referral(node):
        node["resourceType"] = "ReferralRequest"
        node.setdefault("recipient", node.get("performer") or [])
        code = node.get("code")
        if code.__class__ is dict and "description" not in node:
            node["description"] = code.get("text") or _display(code)
    else:
        node["resourceType"] = "ProcedureRequest"
    return node


def _is_referral(node: Node) -> bool:
    told = node.get("category")
    kinds = told if told.__class__ is list else [told]
    return any(code_of(kind) in _REFERRALS or code_of(kind) == "referral" for kind in kinds)


def _display(concept: Node) -> str:
    first = _first(concept.get("coding"))
    return str(first.get("display", "")) if first.__class__ is dict else ""


def _observation(node: Node) -> Node:
    notes = [note.get("text") for note in node.get("note") or () if note.__class__ is dict]
    words = [words for words in notes if words.__class__ is str]
    if words and "comment" not in node:
        node["comment"] = "\n".join(words)
    members = node.get("hasMember")
    if members.__class__ is list and "related" not in node:
        node["related"] = [{"target": member} for member in members if member.__class__ is dict]
    return _single(node, "interpretation")


def _report(node: Node) -> Node:
    performers = node.get("performer")
    if performers.__class__ is list:
        node["performer"] = [
            {"actor": told} if told.__class__ is dict and "actor" not in told else told for told in performers
        ]
    return _single(node, "category")


def _procedure(node: Node) -> Node:
    if node.get("status") == "not-done":
        node["notDone"] = True
    return node


def _document(node: Node) -> Node:
    """Dated for when the document was written, which R4 tells of its attachment; else for when it was filed."""
    content = _first(node.get("content"))
    attachment = content.get("attachment") if content.__class__ is dict else None
    written = attachment.get("creation") if attachment.__class__ is dict else None
    filed = node.pop("date", None)
    if written or filed:
        node["created"] = written or filed
    return node


def _flag(node: Node) -> Node:
    return _single(node, "category")


def _answers(node: Node) -> Node:
    """The questionnaire is an address in R4 and a reference in STU3."""
    if node.get("questionnaire").__class__ is str:
        node["questionnaire"] = {"reference": node["questionnaire"]}
    return node


def _care_plan(node: Node) -> Node:
    if node.get("author").__class__ is dict:
        node["author"] = [node["author"]]
    return node


_CHANGES: dict[str, Callable[[Node], Node]] = {
    "AllergyIntolerance": _coded_statuses,
    "CarePlan": _care_plan,
    "Condition": _condition,
    "DiagnosticReport": _report,
    "DocumentReference": _document,
    "Encounter": _encounter,
    "Flag": _flag,
    "Immunization": _immunization,
    "MedicationRequest": _agent,
    "Observation": _observation,
    "Procedure": _procedure,
    "QuestionnaireResponse": _answers,
    "ServiceRequest": _service_request,
}

_ONLY_R4 = frozenset({"ServiceRequest", "CareTeam"})
R4_PROFILES = ("UKCore", "/R4/", "england.nhs.uk", "NHSDigital", "BARS", "BaRS")
_R4_ELEMENTS = {
    "AllergyIntolerance": ("recordedDate",),
    "Condition": ("recordedDate",),
    "Encounter": ("reasonCode", "reasonReference"),
    "Immunization": ("occurrenceDateTime",),
    "MessageHeader": ("eventCoding", "eventUri"),
    "Observation": ("hasMember",),
}
_CODED = ("clinicalStatus", "verificationStatus")
_STU3_PROFILES = ("STU3", "CareConnect", "ITK", "/ADW-")
_ONLY_STU3 = frozenset({"ReferralRequest", "ProcedureRequest", "DeviceComponent"})


def is_r4(bundle: Node, resources: list[Node]) -> bool:
    """Of R4 and STU3, which a bundle is: what only one of the two has decides; else R4, but for GP Connect's
    collections."""
    if any(tells_r4(resource) for resource in resources):
        return True
    profiles = " ".join(profile_of(resource) for resource in (bundle, *resources))
    if any(mark in profiles for mark in _STU3_PROFILES):
        return False
    if any(one.get("resourceType") in _ONLY_STU3 for one in resources):
        return False
    return bundle.get("type") in ("single", "document", "message", "transaction", "batch", "searchset")


def profile_of(resource: Node) -> str:
    """The profiles that a resource claims, as text to look for marks in."""
    meta = resource.get("meta")
    return str(meta.get("profile", "")) if meta.__class__ is dict else ""


def tells_r4(resource: Node) -> bool:
    """True for a resource that can only be of R4: by its sort, its profile, or elements that STU3 doesn't have."""
    sort = str(resource.get("resourceType"))
    profile = profile_of(resource)
    if sort in _ONLY_R4 or any(mark in profile for mark in R4_PROFILES):
        return True
    if any(key in resource for key in _R4_ELEMENTS.get(sort, ())):
        return True
    return any(resource.get(key).__class__ is dict for key in _CODED)
