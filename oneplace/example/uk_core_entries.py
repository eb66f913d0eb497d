"""The facts of a GP record as UK Core R4 resources: one function a sort, and the table that says which is which."""

from collections.abc import Callable
from typing import Any

from oneplace.example import moments
from oneplace.example.gp_draft import SNOMED, snomed, stamp
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
from oneplace.example.uk_core_draft import EXTENSION, HL7, CoreDraft, coded


def contact(draft: CoreDraft, told: Contact) -> None:
    """A consultation; its words stand beside it as a comment."""
    node = draft.add("Encounter", told.at.date())
    draft.visits[told.at.date()] = f"Encounter/{node['id']}"
    draft.authors[told.at.date()] = told.author
    node |= {
        "status": "finished",
        "class": {"system": HL7 + "v3-ActCode", "code": "AMB", "display": "ambulatory"},
        "type": [{"text": told.sort}],
        "subject": {"reference": draft.patient},
        "participant": [
            {
                "type": [coded(HL7 + "v3-ParticipationType", "PPRF", "primary performer")],
                "individual": {"reference": draft.staff(told.author)},
            }
        ],
        "period": {"start": stamp(told.at)},
        "location": [{"location": {"reference": draft.location}}],
        "serviceProvider": {"reference": draft.organisation},
    }
    if told.words:
        finding(draft, Finding("", told.at, told.words))


def problem(draft: CoreDraft, told: Problem) -> None:
    """A line of the problem list."""
    node = draft.add("Condition", told.since)
    significance = {"url": EXTENSION.format("ProblemSignificance"), "valueCode": "major" if told.major else "minor"}
    node |= {
        "extension": [significance],
        "clinicalStatus": coded(HL7 + "condition-clinical", "inactive" if told.ended else "active"),
        "verificationStatus": coded(HL7 + "condition-ver-status", "confirmed"),
        "category": [coded(HL7 + "condition-category", "problem-list-item", "Problem List Item")],
        "code": draft.concept(told.concept),
        "subject": {"reference": draft.patient},
        "onsetDateTime": told.since.isoformat(),
    }
    if told.ended:
        node["abatementDateTime"] = told.ended.isoformat()
    node["recordedDate"] = told.since.isoformat()
    node["asserter"] = {"reference": draft.author(told.since)}
    if told.note:
        node["note"] = [{"text": told.note}]


def medicine(draft: CoreDraft, told: Medicine) -> None:
    """A statement, and the plan that it rests on."""
    drug = draft.words.drugs[told.drug]
    medication = snomed(drug.code, drug.name)
    status = "completed" if told.ended else "active"
    period = {"start": told.since.isoformat(), **({"end": told.ended.isoformat()} if told.ended else {})}
    dose = [{"text": told.dose or drug.dose}]
    course = (
        ("continuous", "Continuous long term therapy") if told.repeat else ("acute", "Short course (acute) therapy")
    )
    plan = draft.add("MedicationRequest", told.since)
    plan |= {
        "status": status,
        "intent": "plan",
        "category": [coded(HL7 + "medicationrequest-category", "community", "Community")],
        "medicationCodeableConcept": medication,
        "subject": {"reference": draft.patient},
        "authoredOn": told.since.isoformat(),
        "requester": {"reference": draft.author(told.since)},
        "courseOfTherapyType": coded(HL7 + "medicationrequest-course-of-therapy", *course)
        | {"text": "Repeat" if told.repeat else "Acute"},
        "dosageInstruction": dose,
        "dispenseRequest": {"validityPeriod": period, "quantity": {"value": drug.quantity, "unit": drug.unit}},
    }
    statement = draft.add("MedicationStatement", told.since, key=f"{plan['id']}-MS")
    issued = {"url": EXTENSION.format("MedicationStatementLastIssueDate"), "valueDateTime": told.last.isoformat()}
    statement |= {
        "extension": [issued],
        "basedOn": [{"reference": f"MedicationRequest/{plan['id']}"}],
        "status": status,
        "medicationCodeableConcept": medication,
        "subject": {"reference": draft.patient},
        "effectivePeriod": period,
        "dateAsserted": told.since.isoformat(),
        "dosage": dose,
    }


def allergy(draft: CoreDraft, told: Allergy) -> None:
    """An allergy, or that none is known."""
    node = draft.add("AllergyIntolerance", told.on)
    node |= {
        "clinicalStatus": coded(HL7 + "allergyintolerance-clinical", "active", "Active"),
        "verificationStatus": coded(HL7 + "allergyintolerance-verification", "unconfirmed", "Unconfirmed"),
        "category": ["medication"],
        "code": draft.concept(told.concept),
        "patient": {"reference": draft.patient},
        "recordedDate": told.on.isoformat(),
        "recorder": {"reference": draft.author(told.on)},
    }
    if told.reaction:
        node["reaction"] = [{"manifestation": [{"text": told.reaction}]}]


def measure(draft: CoreDraft, told: Measure) -> None:
    """A number with its unit and range, or a blood pressure."""
    if told.lower is not None:
        _pressure(draft, told)
        return
    code, display, unit, low, high = draft.words.tests[told.test]
    node = draft.observation(told.at, coded(SNOMED, code, display))
    node["valueQuantity"] = {"value": told.value, "unit": unit}
    bounds = {"low": {"value": low, "unit": unit}} if low else {}
    bounds |= {"high": {"value": high, "unit": unit}} if high else {}
    if told.note:
        node["note"] = [{"text": told.note}]
    if bounds:
        node["referenceRange"] = [bounds]


def _pressure(draft: CoreDraft, told: Measure) -> None:
    node = draft.observation(told.at, snomed("163020007", "O/E - blood pressure reading"))
    node["component"] = [
        {"code": snomed(code, display), "valueQuantity": {"value": value, "unit": "mm[Hg]"}}
        for code, display, value in (
            ("72313002", "Systolic arterial pressure", told.value),
            ("1091811000000102", "Diastolic arterial pressure", told.lower),
        )
    ]


def finding(draft: CoreDraft, told: Finding) -> None:
    """A coded finding, or a comment in words."""
    code = draft.concept(told.concept) if told.concept else snomed("37331000000100", "Comment note")
    node = draft.observation(told.at, code)
    if told.text:
        node["note"] = [{"text": told.text}]


def vaccine(draft: CoreDraft, told: Vaccine) -> None:
    """A vaccination, its procedure coded in UK Core's extension."""
    node = draft.add("Immunization", told.on)
    node |= {
        "extension": [
            {"url": EXTENSION.format("VaccinationProcedure"), "valueCodeableConcept": draft.concept(told.concept)}
        ],
        "status": "completed",
        "vaccineCode": coded(HL7 + "v3-NullFlavor", "UNK"),
        "patient": {"reference": draft.patient},
        "occurrenceDateTime": told.on.isoformat(),
        "primarySource": True,
    }


def paper(draft: CoreDraft, told: Paper) -> None:
    """A document: its title and sort, without its bytes."""
    node = draft.add("DocumentReference", told.on)
    node |= {
        "status": "current",
        "type": {"text": told.sort},
        "subject": {"reference": draft.patient},
        "date": stamp(moments.at(told.on, 9)),
        "custodian": {"reference": draft.organisation},
        "description": told.title,
        "content": [
            {
                "attachment": {
                    "contentType": "text/plain",
                    "title": told.sender or draft.practice.name,
                    "creation": told.on.isoformat(),
                }
            }
        ],
    }


def referral(draft: CoreDraft, told: Referral) -> None:
    """A referral that the practice made."""
    node = draft.add("ServiceRequest", told.on)
    node |= {
        "status": "active",
        "intent": "order",
        "category": [snomed("3457005", "Patient referral")],
        "priority": "urgent" if told.urgent else "routine",
        "code": {"text": told.words},
        "subject": {"reference": draft.patient},
        "authoredOn": told.on.isoformat(),
        "requester": {"reference": draft.author(told.on)},
        "performer": [{"display": told.to}],
    }


def recall(draft: CoreDraft, told: Recall) -> None:
    """Something that is due."""
    node = draft.add("ServiceRequest", told.asked)
    node |= {
        "status": "active",
        "intent": "plan",
        "code": {"text": told.words},
        "subject": {"reference": draft.patient},
        "occurrenceDateTime": told.due.isoformat(),
        "authoredOn": told.asked.isoformat(),
        "requester": {"reference": draft.author(told.asked)},
    }


# Consultations first: what was written on their days refers to them.
WRITERS: tuple[tuple[str, Callable[[CoreDraft, Any], None]], ...] = (
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
