"""Writes FHIR messages of urgent and mental health care: CareConnect STU3 in XML, and R4 BaRS in JSON.

Ambulance incidents, 111 and out-of-hours cases, contacts with a mental health team; each goes to the person's practice.
Source: NHS England's ambulance and 111 message examples (STU3) and the Booking and Referral Standard (R4).
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

import orjson

from oneplace.example import uk_core
from oneplace.example.careconnect import (
    Node,
    condition,
    encounter,
    entry,
    organisation,
    patient,
    practitioner,
    snomed,
    to,
    visit_number,
)
from oneplace.example.fhir_xml import bundle_xml
from oneplace.example.gp_draft import human_name, stamp
from oneplace.example.known import Known, Piece, Sender, stable_id
from oneplace.example.practice import Practice
from oneplace.example.shapes import Told, Visit
from oneplace.example.uk_core_draft import HL7, PROFILE, coded

_ADW = "https://fhir.nhs.uk/StructureDefinition/ADW-{}-1"
_BARS = "https://fhir.nhs.uk/StructureDefinition/BARS{}"
_V3 = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
_CLASSES = {"A": ("EMER", "emergency"), "U": ("VR", "virtual")}
# What the R4 message says the person was referred for.
_PATHWAY = {"A": "Urgent ambulance call", "U": "111 or out-of-hours contact"}


def stu3_messages(told: Told, known: Known, sender: Sender, practice: Practice, visits: list[Visit]) -> Iterator[Piece]:
    """An assessment notice for each contact, sent when it ended."""
    for visit in visits:
        at = (visit.ends or visit.starts) + timedelta(minutes=10)
        raw = bundle_xml(_notice(known, sender, practice, visit, at))
        yield Piece(f"{known.local_id[-12:]}-{visit.starts:%Y%m%d%H%M}", at, raw)


def bars_messages(told: Told, known: Known, sender: Sender, practice: Practice, visits: list[Visit]) -> Iterator[Piece]:
    """A referral to the practice for each contact: what was found, and what is asked."""
    for visit in visits:
        at = (visit.ends or visit.starts) + timedelta(minutes=10)
        raw = orjson.dumps(_referral(known, sender, practice, visit, at))
        yield Piece(f"{known.local_id[-12:]}-{visit.starts:%Y%m%d%H%M}", at, raw)


def _notice(known: Known, sender: Sender, practice: Practice, visit: Visit, at: datetime) -> Node:
    here, home = organisation(sender.code, sender.name), organisation(practice.code, practice.name)
    someone, role = practitioner(sender, visit)
    contact = encounter(known, visit, here, someone)
    key = stable_id("message", sender.code, visit_number(known, visit))
    header = {
        "resourceType": "MessageHeader",
        "id": key,
        "meta": {"profile": [_ADW.format("AssessmentNotice-MessageHeader")]},
        "event": {"system": "http://snomed.info/sct", "code": "975701000000106"},
        "destination": [{"endpoint": f"urn:nhs-uk:addressing:ods:{practice.code}"}],
        "receiver": to(home),
        "timestamp": stamp(at),
        "author": to(someone),
        "source": {"name": sender.system, "endpoint": f"urn:nhs-uk:addressing:ods:{sender.code}"},
        "responsible": to(here),
        "focus": [to(contact)],
    }
    resources = [
        header, contact, *condition(known, visit), *_note(known, visit, someone), patient(known, home),
        someone, role, here, home,
    ]  # fmt: skip
    return {
        "resourceType": "Bundle",
        "id": key,
        "meta": {"lastUpdated": stamp(at), "profile": [_ADW.format("Message-Bundle")]},
        "identifier": {"system": "https://tools.ietf.org/html/rfc4122", "value": key},
        "type": "message",
        "entry": [entry(resource) for resource in resources],
    }


def _note(known: Known, visit: Visit, someone: Node) -> list[Node]:
    if not visit.note:
        return []
    return [
        {
            "resourceType": "Observation",
            "id": stable_id("note", known.source, visit_number(known, visit)),
            "status": "final",
            "code": snomed("37331000000100", "Comment note"),
            "subject": {"reference": f"urn:uuid:{known.local_id}"},
            "effectiveDateTime": stamp(visit.noted or visit.starts),
            "performer": [to(someone)],
            "comment": visit.note,
        }
    ]


def _referral(known: Known, sender: Sender, practice: Practice, visit: Visit, at: datetime) -> Node:
    here = uk_core.organisation(stable_id("organisation", sender.code), sender.name, sender.code)
    home = uk_core.organisation(stable_id("organisation", practice.code), practice.name, practice.code)
    someone, _ = practitioner(sender, visit)
    someone["meta"] = {"profile": [PROFILE.format("Practitioner")]}
    someone["name"] = [human_name("official", visit.clinician[0], [visit.clinician[1]], "")]
    person = uk_core.person(known.human, known.local_id) | {"generalPractitioner": [to(home)]}
    contact = _contact(known, visit, here, someone)
    request = _request(known, visit, contact, someone, home, at)
    resources = [_header(sender, practice, here, home, request, at), request, contact, person, *_found(known, visit),
                 someone, here, home]  # fmt: skip
    return {
        "resourceType": "Bundle",
        "id": stable_id("bars", request["id"]),
        "meta": {"lastUpdated": stamp(at), "profile": [_BARS.format("BundleMessage")]},
        "type": "message",
        "timestamp": stamp(at),
        "entry": [entry(resource) for resource in resources],
    }


def _header(sender: Sender, practice: Practice, here: Node, home: Node, request: Node, at: datetime) -> Node:
    events = "https://fhir.nhs.uk/CodeSystem/message-events-bars"
    reason = {"system": "https://fhir.nhs.uk/CodeSystem/message-reason-bars", "code": "new"}
    return {
        "resourceType": "MessageHeader",
        "id": stable_id("header", request["id"]),
        "meta": {"lastUpdated": stamp(at), "profile": [_BARS.format("MessageHeader-servicerequest-request")]},
        "eventCoding": {"system": events, "code": "servicerequest-request"},
        "destination": [{"endpoint": f"https://fhir.nhs.uk/Id/dos-service-id|{practice.code}", "receiver": to(home)}],
        "sender": to(here),
        "source": {"name": sender.name, "software": sender.system}
        | {"endpoint": f"https://fhir.nhs.uk/Id/dos-service-id|{sender.code}"},
        "reason": {"coding": [reason]},
        "focus": [to(request)],
        "definition": "https://fhir.nhs.uk/MessageDefinition/bars-message-servicerequest-request-referral",
    }  # fmt: skip


def _contact(known: Known, visit: Visit, here: Node, someone: Node) -> Node:
    code, display = _CLASSES.get(visit.sort, ("AMB", "ambulatory"))
    return {
        "resourceType": "Encounter",
        "id": stable_id("encounter", known.source, visit_number(known, visit)),
        "meta": {"profile": [PROFILE.format("Encounter")]},
        "status": "finished" if visit.ends else "in-progress",
        "class": {"system": _V3, "code": code, "display": display},
        "type": [{"text": visit.specialty}],
        "subject": {"reference": f"urn:uuid:{known.local_id}"},
        "participant": [{"individual": to(someone)}],
        "period": {"start": stamp(visit.starts), **({"end": stamp(visit.ends)} if visit.ends else {})},
        "reasonCode": [{"text": visit.reason}],
        "serviceProvider": to(here),
    }


def _request(known: Known, visit: Visit, contact: Node, someone: Node, home: Node, at: datetime) -> Node:
    return {
        "resourceType": "ServiceRequest",
        "id": stable_id("request", known.source, visit_number(known, visit)),
        "meta": {"profile": [_BARS.format("ServiceRequest-request-referral")]},
        "status": "active",
        "intent": "order",
        "category": [snomed("3457005", "Patient referral")],
        "priority": "routine",
        "code": {"text": f"{_PATHWAY.get(visit.sort, 'Contact')}: {visit.reason}"},
        "subject": {"reference": f"urn:uuid:{known.local_id}"},
        "encounter": to(contact),
        "authoredOn": stamp(at),
        "requester": to(someone),
        "performer": [to(home)],
        "note": [{"text": visit.note}] if visit.note else [],
    }


def _found(known: Known, visit: Visit) -> list[Node]:
    found = condition(known, visit)
    for node in found:
        node["meta"] = {"profile": [PROFILE.format("Condition")]}
        node["clinicalStatus"] = coded(HL7 + "condition-clinical", "active")
        node["verificationStatus"] = coded(HL7 + "condition-ver-status", "provisional")
        node["recordedDate"] = node["onsetDateTime"]
    return found
