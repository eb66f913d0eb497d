"""Rows of the ledger to FHIR R4 AuditEvents, in the two shapes of NHS England's published examples.

PARS (who has looked, for the person's own reading): organisation, user and product as agents; the person, the sealed
row and the product as entities. SCR alert (profile SCR-Alert-AuditEvent 1.0.0): one for each use of emergency access.
Our own keys stand under urn:oneplace, since no national register issues them.
"""

from datetime import UTC
from typing import Any

import orjson

from oneplace.kernel.rows import AuditPerson, AuditRow

Resource = dict[str, Any]

_ODS = "https://fhir.nhs.uk/Id/ods-organization-code"
_NHS_NUMBER = "https://fhir.nhs.uk/Id/nhs-number"
_SDS_USER = "https://fhir.nhs.uk/Id/sds-user-id"
_TRANSACTION = "https://fhir.nhs.uk/Id/transaction"
_PRODUCT = "https://fhir.nhs.uk/Id/product-id"
_OBJECT_ROLE = "http://terminology.hl7.org/CodeSystem/object-role"
_ACT_REASON = "http://terminology.hl7.org/CodeSystem/v3-ActReason"
_MESSAGE = "https://fhir.nhs.uk/StructureDefinition/Extension-SCR-NotificationMessage"
_NAME = "oneplace"

_VERBS = {
    "open": ("read", "R"),
    "search": ("search-type", "E"),
    "list": ("search-type", "E"),
    "trace": ("search-type", "E"),
    "create": ("create", "C"),
    "file": ("update", "U"),
    "set": ("update", "U"),
    "change": ("update", "U"),
    "take": ("update", "U"),
    "repoint": ("update", "U"),
    "give": ("update", "U"),
    "end": ("update", "U"),
    "load": ("update", "U"),
    "declare": ("update", "U"),
}
"""First word of the ledger's action → FHIR interaction and action; any other is an operation."""
_PURPOSES = {"direct care": ("TREAT", "treatment")}
_EMERGENCY = ("BTG", "break the glass")
DECLARED = "break the glass"
"""The ledger's action that declares an emergency; other rows with a declaration are looks under it."""
_REASONS = {
    "public-interest": ("1", "Access made in the public interest"),
    "statute": ("2", "Access required by statute"),
    "court-order": ("3", "Access required by Court Order"),
    "cannot-be-asked": ("4", "Self-Claim Emergency Access"),
    "life-threat": ("5", "Access made in an Emergency"),
}
_OTHER = ("6", "Other")


def write(row: AuditRow) -> list[bytes]:
    """The AuditEvents of one row, each as one line of JSON: PARS, and an SCR alert where the glass was broken."""
    events = [pars(row)]
    if row.declaration:
        events += [scr_alert(row, person) for person in row.people]
    return [orjson.dumps(event) for event in events]


def pars(row: AuditRow) -> Resource:
    """One row in the PARS shape."""
    interaction, action = _VERBS.get(row.action.partition(" ")[0], ("operation", "E"))
    event: Resource = {
        "resourceType": "AuditEvent",
        "id": f"{_NAME}-{row.seq}",
        "type": {
            "system": "http://terminology.hl7.org/CodeSystem/audit-event-type",
            "code": "rest",
            "display": "Restful Operation",
        },
        "subtype": [{"system": "http://hl7.org/fhir/restful-interaction", "code": interaction}],
        "action": action,
        "recorded": row.recorded.astimezone(UTC).isoformat(),
        "outcome": "4" if row.refused else "0",
        "agent": _agents(row),
        "source": {
            "observer": {"identifier": {"system": _PRODUCT, "value": _NAME}, "display": _NAME},
            "type": [{"system": "http://terminology.hl7.org/CodeSystem/security-source-type", "code": "4"}],
        },
        "entity": [*(_person(person) for person in row.people), _sealed(row), _endpoint(row)],
    }
    if row.refused:
        event["outcomeDesc"] = row.basis or "refused"
    purpose = _EMERGENCY if row.declaration else _PURPOSES.get(row.purpose)
    if purpose:
        event["purposeOfEvent"] = [
            {"coding": [{"system": _ACT_REASON, "code": purpose[0], "display": purpose[1]}], "text": row.purpose}
        ]
    elif row.purpose:
        event["purposeOfEvent"] = [{"text": row.purpose}]
    return event


def scr_alert(row: AuditRow, person: AuditPerson) -> Resource:
    """One use of emergency access in the shape of an SCR alert."""
    code, display = _REASONS.get(row.reason, _OTHER)
    kind = ("1", "Create LR (Self Claimed)") if row.action == DECLARED else ("2", "Access Alert")
    role = {"coding": [{"system": _SDS_USER, "code": row.role, "display": row.role_label}], "text": row.role_label}
    return {
        "resourceType": "AuditEvent",
        "id": f"{_NAME}-{row.seq}-alert",
        "extension": [{"url": _MESSAGE, "valueString": f"Alert: Permission to view override {row.declaration}"}],
        "type": {"system": "https://fhir.nhs.uk/CodeSystem/SCR-AlertType", "code": kind[0], "display": kind[1]},
        "subtype": [{"system": "https://fhir.nhs.uk/CodeSystem/SCR-AlertReason", "code": code, "display": display}],
        "recorded": row.recorded.astimezone(UTC).isoformat(),
        "agent": [
            {"who": {"identifier": _identifier(person)}, "requestor": False},
            {"who": {"identifier": {"system": _ODS, "value": row.organisation_code}}, "requestor": False},
            {
                "who": {"identifier": {"system": _SDS_USER, "value": row.user_key}},
                "role": [role],
                "requestor": False,
            },
        ],
        "source": {"observer": {"identifier": {"system": _PRODUCT, "value": _NAME}, "display": _NAME}},
        "entity": [{"what": {"identifier": {"value": row.declaration}}}],
    }


def _agents(row: AuditRow) -> list[Resource]:
    """Organisation and user who asked, where the row has them, and the product that answered."""
    agents: list[Resource] = []
    if row.organisation_code:
        who = {"type": "Organization", "identifier": {"system": _ODS, "value": row.organisation_code}}
        agents.append({"who": _named(who, row.organisation_name), "requestor": True})
    if row.role:
        who = {"type": "Practitioner", "identifier": {"system": f"urn:{_NAME}:user", "value": row.user_key}}
        role = {"coding": [{"system": f"urn:{_NAME}:role", "code": row.role}], "text": row.role_label}
        agents.append({"role": [role], "who": _named(who, row.user_name), "requestor": True})
    product = {"type": "Device", "identifier": {"system": _PRODUCT, "value": _NAME}}
    agents.append({"who": _named(product, "" if row.role else row.user_key), "requestor": not agents})
    return agents


def _named(who: Resource, name: str) -> Resource:
    return who | {"display": name} if name else who


def _identifier(person: AuditPerson) -> Resource:
    """The NHS number; our own key for somebody whose number nobody is sure of."""
    if person.nhs_number:
        return {"system": _NHS_NUMBER, "value": person.nhs_number}
    return {"system": f"urn:{_NAME}:person", "value": person.key}


def _person(person: AuditPerson) -> Resource:
    return {
        "what": {"identifier": _identifier(person)},
        "type": {
            "system": "http://terminology.hl7.org/CodeSystem/audit-entity-type",
            "code": "1",
            "display": "Person",
        },
        "role": {"system": _OBJECT_ROLE, "code": "1", "display": "Patient"},
    }


def _sealed(row: AuditRow) -> Resource:
    """The row itself: its hash leads from this event to the chain."""
    return {
        "what": {"identifier": {"system": _TRANSACTION, "value": row.hash}},
        "type": {"system": "https://profiles.ihe.net/ITI/BALP/CodeSystem/BasicAuditEntityType", "code": "XrequestId"},
    }


def _endpoint(row: AuditRow) -> Resource:
    detail = {"productIdentifier": _NAME, "interactionIdentifier": row.action, "basis": row.basis}
    return {
        "what": {"identifier": {"system": _PRODUCT, "value": _NAME}},
        "type": {"system": "http://hl7.org/fhir/resource-types", "code": "Endpoint"},
        "role": {"system": _OBJECT_ROLE, "code": "17", "display": "Data Repository"},
        "name": _NAME,
        "detail": [{"type": name, "valueString": value} for name, value in detail.items() if value],
    }
