"""The facts of a GP record as FHIR STU3 resources: one function a sort, and the table that says which of the record.

Shape: GP Connect 1.5, CareConnect-GPC profiles.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from oneplace.example.gp_draft import EXTENSION, FHIR, HL7UK, SNOMED, Draft, Node, snomed, stamp
from oneplace.example.shapes import (
    Allergy,
    Contact,
    Finding,
    Measure,
    Medicine,
    Paper,
    Problem,
    Recall,
    Referral,
    Vaccine,
)
from oneplace.kernel.clock import LONDON


def contact(draft: Draft, told: Contact) -> None:
    """A consultation; its words stand beside it as a comment."""
    node = draft.add("Encounter", told.at.date())
    draft.visits[told.at.date()] = f"Encounter/{node['id']}"
    draft.authors[told.at.date()] = told.author
    performer = {
        "system": "http://hl7.org/fhir/v3/ParticipationType",
        "code": "PPRF",
        "display": "primary performer",
    }
    node |= {
        "status": "finished",
        "type": [{"text": told.sort}],
        "subject": {"reference": draft.patient},
        "participant": [
            {"type": [{"coding": [performer]}], "individual": {"reference": draft.staff(told.author)}},
        ],
        "period": {"start": stamp(told.at)},
        "location": [{"location": {"reference": draft.location}}],
        "serviceProvider": {"reference": draft.organisation},
    }
    if told.words:
        finding(draft, Finding("", told.at, told.words))


def problem(draft: Draft, told: Problem) -> None:
    """A line of the problem list."""
    node = draft.add("Condition", told.since, "ProblemHeader-Condition")
    category = {
        "system": HL7UK + "/CodeSystem/CareConnect-ConditionCategory-1",
        "code": "problem-list-item",
        "display": "Problem List Item",
    }
    node |= {
        "extension": [
            {
                "url": HL7UK + "/StructureDefinition/Extension-CareConnect-ProblemSignificance-1",
                "valueCode": "major" if told.major else "minor",
            }
        ],
        "clinicalStatus": "inactive" if told.ended else "active",
        "category": [{"coding": [category]}],
        "code": draft.concept(told.concept),
        "subject": {"reference": draft.patient},
        "onsetDateTime": told.since.isoformat(),
        "assertedDate": told.since.isoformat(),
        "asserter": {"reference": draft.author(told.since)},
    }
    if told.ended:
        node["abatementDateTime"] = told.ended.isoformat()
    if told.note:
        node["note"] = [{"text": told.note}]


def medicine(draft: Draft, told: Medicine) -> None:
    """A statement, the plan that it rests on and, for a repeat, its last issue."""
    drug = draft.words.drugs[told.drug]
    medication = {"reference": _medication(draft, told.drug)}
    dose = told.dose or drug.dose
    sort = ("repeat", "Repeat") if told.repeat else ("acute", "Acute")
    plan = draft.add("MedicationRequest", told.since)
    period = {"start": told.since.isoformat(), **({"end": told.ended.isoformat()} if told.ended else {})}
    supply = {"validityPeriod": period, "quantity": {"value": drug.quantity, "unit": drug.unit}}
    status = "completed" if told.ended else "active"
    plan |= {
        "extension": [_coded(EXTENSION.format("PrescriptionType"), "CareConnect-PrescriptionType-1", *sort)],
        "status": status,
        "intent": "plan",
        "medicationReference": medication,
        "subject": {"reference": draft.patient},
        "authoredOn": told.since.isoformat(),
        "recorder": {"reference": draft.author(told.since)},
        "dosageInstruction": [{"text": dose}],
        "dispenseRequest": supply,
    }
    statement = draft.add("MedicationStatement", told.since, key=f"{plan['id']}-MS")
    statement |= {
        "extension": [
            {"url": EXTENSION.format("MedicationStatementLastIssueDate"), "valueDateTime": told.last.isoformat()}
        ],
        "basedOn": [{"reference": f"MedicationRequest/{plan['id']}"}],
        "status": status,
        "medicationReference": medication,
        "effectivePeriod": period,
        "dateAsserted": told.since.isoformat(),
        "subject": {"reference": draft.patient},
        "taken": "unk",
        "dosage": [{"text": dose}],
    }


def _medication(draft: Draft, drug: str) -> str:
    """The reference of a medicine, written once a bundle."""
    if drug not in draft.medications:
        code, name, *_ = draft.words.drugs[drug]
        node = draft.add("Medication", None)
        node["code"] = {"coding": [{"system": SNOMED, "code": code, "display": name}]}
        draft.medications[drug] = f"Medication/{node['id']}"
    return draft.medications[drug]


def allergy(draft: Draft, told: Allergy) -> None:
    """An allergy, or that none is known."""
    node = draft.add("AllergyIntolerance", told.on)
    node |= {
        "clinicalStatus": "active",
        "verificationStatus": "unconfirmed",
        "category": ["medication"],
        "code": draft.concept(told.concept),
        "patient": {"reference": draft.patient},
        "assertedDate": told.on.isoformat(),
        "recorder": {"reference": draft.author(told.on)},
    }
    if told.reaction:
        node["reaction"] = [{"manifestation": [{"text": told.reaction}]}]


def measure(draft: Draft, told: Measure) -> None:
    """A number with its unit and range, or a blood pressure."""
    if told.lower is not None:
        _pressure(draft, told)
        return
    code, display, unit, low, high = draft.words.tests[told.test]
    node = draft.observation(told.at, {"coding": [{"system": SNOMED, "code": code, "display": display}]})
    node["valueQuantity"] = {"value": told.value, "unit": unit}
    bounds = {"low": {"value": low, "unit": unit}} if low else {}
    bounds |= {"high": {"value": high, "unit": unit}} if high else {}
    if bounds:
        node["referenceRange"] = [bounds]
    if told.note:
        node["comment"] = told.note


def _pressure(draft: Draft, told: Measure) -> None:
    node = draft.observation(told.at, snomed("163020007", "O/E - blood pressure reading"))
    node["component"] = [
        {"code": snomed(code, display), "valueQuantity": {"value": value, "unit": "mm[Hg]"}}
        for code, display, value in (
            ("72313002", "Systolic arterial pressure", told.value),
            ("1091811000000102", "Diastolic arterial pressure", told.lower),
        )
    ]


def finding(draft: Draft, told: Finding) -> None:
    """A coded finding, or a comment in words."""
    code = draft.concept(told.concept) if told.concept else snomed("37331000000100", "Comment note")
    node = draft.observation(told.at, code)
    if told.text:
        node["comment"] = told.text


def vaccine(draft: Draft, told: Vaccine) -> None:
    """A vaccination, coded in an extension as GP systems do."""
    node = draft.add("Immunization", told.on)
    node |= {
        "extension": [
            {
                "url": HL7UK + "/StructureDefinition/Extension-CareConnect-VaccinationProcedure-1",
                "valueCodeableConcept": draft.concept(told.concept),
            }
        ],
        "status": "completed",
        "notGiven": False,
        "vaccineCode": {"coding": [{"system": "http://hl7.org/fhir/v3/NullFlavor", "code": "UNK"}]},
        "patient": {"reference": draft.patient},
        "date": told.on.isoformat(),
        "primarySource": True,
    }


def paper(draft: Draft, told: Paper) -> None:
    """A document: its title and sort, without its bytes."""
    node = draft.add("DocumentReference", told.on)
    node |= {
        "status": "current",
        "type": {"text": told.sort},
        "subject": {"reference": draft.patient},
        "created": told.on.isoformat(),
        "indexed": stamp(datetime(told.on.year, told.on.month, told.on.day, 9, tzinfo=LONDON)),
        "custodian": {"reference": draft.organisation},
        "description": told.title,
        "content": [{"attachment": {"contentType": "text/plain", "title": told.sender or draft.practice.name}}],
    }


def referral(draft: Draft, told: Referral) -> None:
    """A referral that the practice made."""
    node = draft.add("ReferralRequest", told.on)
    node |= {
        "status": "active",
        "intent": "order",
        "priority": "urgent" if told.urgent else "routine",
        "subject": {"reference": draft.patient},
        "authoredOn": told.on.isoformat(),
        "requester": {"agent": {"reference": draft.author(told.on)}},
        "recipient": [{"display": told.to}],
        "description": told.words,
    }


def recall(draft: Draft, told: Recall) -> None:
    """Something that is due."""
    node = draft.add("ProcedureRequest", told.asked)
    node |= {
        "status": "active",
        "intent": "plan",
        "code": {"text": told.words},
        "subject": {"reference": draft.patient},
        "occurrenceDateTime": told.due.isoformat(),
        "authoredOn": told.asked.isoformat(),
        "requester": {"agent": {"reference": draft.author(told.asked)}},
    }


def _coded(url: str, system: str, code: str, display: str) -> Node:
    coding = {"system": f"{FHIR}/CodeSystem/{system}", "code": code, "display": display}
    return {"url": url, "valueCodeableConcept": {"coding": [coding]}}


# Consultations first: what was written on their days refers to them.
WRITERS: tuple[tuple[str, Callable[[Draft, Any], None]], ...] = (
    ("contacts", contact),
    ("problems", problem),
    ("medicines", medicine),
    ("allergies", allergy),
    ("measures", measure),
    ("findings", finding),
    ("vaccines", vaccine),
    ("papers", paper),
    ("referrals", referral),
    ("recalls", recall),
)
