"""Writes a GP Connect structured record, a FHIR STU3 Bundle in JSON, as a GP system would export it.

Shape: GP Connect 1.5 CareConnect-GPC profiles; compact, so that a median bundle stays under 15 kB. This is the
example's own writer: it shares nothing with the reader that it is meant to exercise.
"""

from collections.abc import Iterable
from datetime import date, datetime
from hashlib import blake2b
from typing import Any

import orjson

from oneplace.example.catalogue import Catalogue, catalogue
from oneplace.example.practice import Practice, Staff
from oneplace.example.shapes import Allergy, Contact, Finding, Human, Measure, Medicine, Problem, Record, Told, Vaccine
from oneplace.kernel.clock import LONDON

Node = dict[str, Any]

SNOMED = "http://snomed.info/sct"
_FHIR = "https://fhir.nhs.uk/STU3"
_HL7UK = "https://fhir.hl7.org.uk/STU3"
_PROFILE = _FHIR + "/StructureDefinition/CareConnect-GPC-{}-1"
_EXTENSION = _FHIR + "/StructureDefinition/Extension-CareConnect-GPC-{}-1"
_NUMBER_STATUS = _FHIR + "/CodeSystem/CareConnect-NHSNumberVerificationStatus-1"
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
_EMPTY = {"system": _FHIR + "/CodeSystem/CareConnect-ListEmptyReasonCode-1", "code": "no-content-recorded"}


def bundle(told: Told, practice: Practice, made_at: datetime) -> bytes:
    """The person's record as one bundle, the same bytes for the same person."""
    return orjson.dumps(_Bundle(told.human, practice, made_at).of(told.record))


class _Bundle:
    """One bundle in the making: its entries, and the ids that the resources go by."""

    def __init__(self, human: Human, practice: Practice, made_at: datetime) -> None:
        self.human, self.practice, self.made_at = human, practice, made_at
        self.words: Catalogue = catalogue()
        self.entries: list[Node] = []
        self.stem = blake2b(f"{practice.code}|{human.nhs_number}".encode(), digest_size=5).hexdigest().upper()
        self.count = 0
        self.patient = f"Patient/{self.stem}"
        self.organisation = f"Organization/{practice.code}"
        self.location = f"Location/{practice.code}-1"
        self.visits: dict[date, str] = {}
        self.authors: dict[date, int] = {}
        self.staff_used = {0}
        self.medications: dict[str, str] = {}

    def of(self, record: Record) -> bytes | Node:
        """The bundle with everything of the record, lists of its sections first as real exports have them."""
        for told in record.contacts:
            self.contact(told)
        for write, rows in (
            (self.problem, record.problems),
            (self.medicine, record.medicines),
            (self.allergy, record.allergies),
            (self.measure, record.measures),
            (self.finding, record.findings),
            (self.vaccine, record.vaccines),
            (self.paper, record.papers),
            (self.referral, record.referrals),
            (self.recall, record.recalls),
        ):
            for row in rows:
                write(row)  # type: ignore[operator]
        resources = [*self.sections(), self.person(), *self.furniture(), *self.entries]
        return {
            "resourceType": "Bundle",
            "id": f"{self.stem}-{self.made_at:%Y%m%d}",
            "meta": {
                "lastUpdated": self.made_at.isoformat(),
                "profile": [_FHIR + "/StructureDefinition/GPConnect-StructuredRecord-Bundle-1"],
            },
            "type": "collection",
            "entry": [{"resource": resource} for resource in resources],
        }

    # --- the frame ---

    def person(self) -> Node:
        human = self.human
        verified = {"system": _NUMBER_STATUS, "code": "01", "display": "Number present and verified"}
        names = [_name("official", human.family, human.given.split(), human.prefix)]
        if human.former_family:
            names.append(_name("old", human.former_family, human.given.split(), ""))
        if human.preferred:
            names.append(_name("nickname", human.family, [human.preferred], ""))
        found = {
            "resourceType": "Patient",
            "id": self.stem,
            "meta": {"versionId": f"{self.made_at:%Y%m%d}", "profile": [_PROFILE.format("Patient")]},
            "extension": self.registration(),
            "identifier": [
                {
                    "extension": [
                        {
                            "url": _EXTENSION.format("NHSNumberVerificationStatus"),
                            "valueCodeableConcept": {"coding": [verified]},
                        }
                    ],
                    "system": "https://fhir.nhs.uk/Id/nhs-number",
                    "value": human.nhs_number,
                }
            ],
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
            "generalPractitioner": [{"reference": self.staff(0)}],
            "managingOrganization": {"reference": self.organisation},
        }
        if human.deceased_on:
            found["deceasedDateTime"] = human.deceased_on.isoformat()
        return found

    def registration(self) -> list[Node]:
        human = self.human
        period = {"url": "registrationPeriod", "valuePeriod": {"start": human.registered_on.isoformat()}}
        found = [{"url": _EXTENSION.format("RegistrationDetails"), "extension": [period]}]
        if human.language:
            spoken = {"url": "language", "valueCodeableConcept": {"text": human.language}}
            needed = {"url": "interpreterRequired", "valueBoolean": human.interpreter}
            found.append({"url": _EXTENSION.format("NHSCommunication"), "extension": [spoken, needed]})
        return found

    def furniture(self) -> list[Node]:
        """The practice, its building, and those of its staff whom the record names."""
        practice = self.practice
        address = {"use": "work", "line": [practice.address], "postalCode": practice.postcode}
        phone = [{"system": "phone", "value": practice.phone, "use": "work"}]
        found: list[Node] = [
            {
                "resourceType": "Organization",
                "id": practice.code,
                "meta": {"profile": [_PROFILE.format("Organization")]},
                "identifier": [{"system": "https://fhir.nhs.uk/Id/ods-organization-code", "value": practice.code}],
                "name": practice.name,
                "telecom": phone,
                "address": [address],
            },
            {
                "resourceType": "Location",
                "id": f"{practice.code}-1",
                "meta": {"profile": [_PROFILE.format("Location")]},
                "status": "active",
                "name": practice.name,
                "managingOrganization": {"reference": self.organisation},
            },
        ]
        for index in sorted(self.staff_used):
            found += self.colleague(practice.staff[index], self.staff(index))
        return found

    def colleague(self, staff: Staff, reference: str) -> list[Node]:
        key = reference.partition("/")[2]
        role = {"system": _FHIR + "/CodeSystem/CareConnect-SDSJobRoleName-1", "code": staff.code, "display": staff.role}
        return [
            {
                "resourceType": "Practitioner",
                "id": key,
                "meta": {"profile": [_PROFILE.format("Practitioner")]},
                "name": [_name("official", staff.family, [staff.given], staff.prefix)],
            },
            {
                "resourceType": "PractitionerRole",
                "id": f"{key}-R",
                "meta": {"profile": [_PROFILE.format("PractitionerRole")]},
                "practitioner": {"reference": reference},
                "organization": {"reference": self.organisation},
                "code": [{"coding": [role]}],
            },
        ]

    def sections(self) -> list[Node]:
        """A list a section, with what it holds, or why it is empty."""
        members: dict[str, list[Node]] = {}
        for resource in self.entries:
            members.setdefault(resource["resourceType"], []).append(
                {"item": {"reference": f"{resource['resourceType']}/{resource['id']}"}}
            )
        return [self.section(members.get(sort[0], []), *sort[1:]) for sort in _SECTIONS if sort[0] in _wanted(members)]

    def section(self, members: list[Node], code: str, display: str, title: str = "") -> Node:
        found = {
            "resourceType": "List",
            "meta": {"profile": [_PROFILE.format("List")]},
            "status": "current",
            "mode": "snapshot",
            "title": title or display,
            "code": {"coding": [{"system": SNOMED, "code": code, "display": display}]},
            "subject": {"reference": self.patient},
            "date": self.made_at.isoformat(),
        }
        if members:
            found["entry"] = members
        else:
            found["emptyReason"] = {"coding": [_EMPTY], "text": "No Content Recorded"}
            found["note"] = [{"text": "Information not available"}]
        return found

    # --- what the record tells ---

    def contact(self, told: Contact) -> None:
        node = self.add("Encounter", told.at.date())
        self.visits[told.at.date()] = f"Encounter/{node['id']}"
        self.authors[told.at.date()] = told.author
        performer = {
            "system": "http://hl7.org/fhir/v3/ParticipationType",
            "code": "PPRF",
            "display": "primary performer",
        }
        node |= {
            "status": "finished",
            "type": [{"text": told.sort}],
            "subject": {"reference": self.patient},
            "participant": [
                {"type": [{"coding": [performer]}], "individual": {"reference": self.staff(told.author)}},
            ],
            "period": {"start": _at(told.at)},
            "location": [{"location": {"reference": self.location}}],
            "serviceProvider": {"reference": self.organisation},
        }
        if told.words:
            self.finding(Finding("", told.at, told.words))

    def problem(self, told: Problem) -> None:
        node = self.add("Condition", told.since, "ProblemHeader-Condition")
        category = {
            "system": _HL7UK + "/CodeSystem/CareConnect-ConditionCategory-1",
            "code": "problem-list-item",
            "display": "Problem List Item",
        }
        node |= {
            "extension": [
                {
                    "url": _HL7UK + "/StructureDefinition/Extension-CareConnect-ProblemSignificance-1",
                    "valueCode": "major" if told.major else "minor",
                }
            ],
            "clinicalStatus": "inactive" if told.ended else "active",
            "category": [{"coding": [category]}],
            "code": self.concept(told.concept),
            "subject": {"reference": self.patient},
            "onsetDateTime": told.since.isoformat(),
            "assertedDate": told.since.isoformat(),
            "asserter": {"reference": self.author(told.since)},
        }
        if told.ended:
            node["abatementDateTime"] = told.ended.isoformat()
        if told.note:
            node["note"] = [{"text": told.note}]

    def medicine(self, told: Medicine) -> None:
        """A statement, the plan that it rests on and, for a repeat, its last issue."""
        drug = self.words.drugs[told.drug]
        medication = {"reference": self.medication(told.drug)}
        dose = told.dose or drug.dose
        sort = ("repeat", "Repeat") if told.repeat else ("acute", "Acute")
        plan = self.add("MedicationRequest", told.since)
        period = {"start": told.since.isoformat(), **({"end": told.ended.isoformat()} if told.ended else {})}
        supply = {"validityPeriod": period, "quantity": {"value": drug.quantity, "unit": drug.unit}}
        status = "completed" if told.ended else "active"
        plan |= {
            "extension": [_coded(_EXTENSION.format("PrescriptionType"), "CareConnect-PrescriptionType-1", *sort)],
            "status": status,
            "intent": "plan",
            "medicationReference": medication,
            "subject": {"reference": self.patient},
            "authoredOn": told.since.isoformat(),
            "recorder": {"reference": self.author(told.since)},
            "dosageInstruction": [{"text": dose}],
            "dispenseRequest": supply,
        }
        statement = self.add("MedicationStatement", told.since, key=f"{plan['id']}-MS")
        statement |= {
            "extension": [
                {"url": _EXTENSION.format("MedicationStatementLastIssueDate"), "valueDateTime": told.last.isoformat()}
            ],
            "basedOn": [{"reference": f"MedicationRequest/{plan['id']}"}],
            "status": status,
            "medicationReference": medication,
            "effectivePeriod": period,
            "dateAsserted": told.since.isoformat(),
            "subject": {"reference": self.patient},
            "taken": "unk",
            "dosage": [{"text": dose}],
        }

    def medication(self, drug: str) -> str:
        """The reference of a medicine, written once a bundle."""
        if drug not in self.medications:
            code, name, *_ = self.words.drugs[drug]
            node = self.add("Medication", None)
            node["code"] = {"coding": [{"system": SNOMED, "code": code, "display": name}]}
            self.medications[drug] = f"Medication/{node['id']}"
        return self.medications[drug]

    def allergy(self, told: Allergy) -> None:
        node = self.add("AllergyIntolerance", told.on)
        node |= {
            "clinicalStatus": "active",
            "verificationStatus": "unconfirmed",
            "category": ["medication"],
            "code": self.concept(told.concept),
            "patient": {"reference": self.patient},
            "assertedDate": told.on.isoformat(),
            "recorder": {"reference": self.author(told.on)},
        }
        if told.reaction:
            node["reaction"] = [{"manifestation": [{"text": told.reaction}]}]

    def measure(self, told: Measure) -> None:
        if told.lower is not None:
            self.pressure(told)
            return
        code, display, unit, low, high = self.words.tests[told.test]
        node = self.observation(told.at, {"coding": [{"system": SNOMED, "code": code, "display": display}]})
        node["valueQuantity"] = {"value": told.value, "unit": unit}
        bounds = {"low": {"value": low, "unit": unit}} if low else {}
        bounds |= {"high": {"value": high, "unit": unit}} if high else {}
        if bounds:
            node["referenceRange"] = [bounds]
        if told.note:
            node["comment"] = told.note

    def pressure(self, told: Measure) -> None:
        node = self.observation(told.at, _snomed("163020007", "O/E - blood pressure reading"))
        node["component"] = [
            {"code": _snomed(code, display), "valueQuantity": {"value": value, "unit": "mm[Hg]"}}
            for code, display, value in (
                ("72313002", "Systolic arterial pressure", told.value),
                ("1091811000000102", "Diastolic arterial pressure", told.lower),
            )
        ]

    def finding(self, told: Finding) -> None:
        code = self.concept(told.concept) if told.concept else _snomed("37331000000100", "Comment note")
        node = self.observation(told.at, code)
        if told.text:
            node["comment"] = told.text

    def vaccine(self, told: Vaccine) -> None:
        node = self.add("Immunization", told.on)
        node |= {
            "extension": [
                {
                    "url": _HL7UK + "/StructureDefinition/Extension-CareConnect-VaccinationProcedure-1",
                    "valueCodeableConcept": self.concept(told.concept),
                }
            ],
            "status": "completed",
            "notGiven": False,
            "vaccineCode": {"coding": [{"system": "http://hl7.org/fhir/v3/NullFlavor", "code": "UNK"}]},
            "patient": {"reference": self.patient},
            "date": told.on.isoformat(),
            "primarySource": True,
        }

    def paper(self, told: Any) -> None:
        node = self.add("DocumentReference", told.on)
        node |= {
            "status": "current",
            "type": {"text": told.sort},
            "subject": {"reference": self.patient},
            "created": told.on.isoformat(),
            "indexed": _at(datetime(told.on.year, told.on.month, told.on.day, 9, tzinfo=LONDON)),
            "custodian": {"reference": self.organisation},
            "description": told.title,
            "content": [{"attachment": {"contentType": "text/plain", "title": told.sender or self.practice.name}}],
        }

    def referral(self, told: Any) -> None:
        node = self.add("ReferralRequest", told.on)
        node |= {
            "status": "active",
            "intent": "order",
            "priority": "urgent" if told.urgent else "routine",
            "subject": {"reference": self.patient},
            "authoredOn": told.on.isoformat(),
            "requester": {"agent": {"reference": self.author(told.on)}},
            "recipient": [{"display": told.to}],
            "description": told.words,
        }

    def recall(self, told: Any) -> None:
        node = self.add("ProcedureRequest", told.asked)
        node |= {
            "status": "active",
            "intent": "plan",
            "code": {"text": told.words},
            "subject": {"reference": self.patient},
            "occurrenceDateTime": told.due.isoformat(),
            "authoredOn": told.asked.isoformat(),
            "requester": {"agent": {"reference": self.author(told.asked)}},
        }

    # --- small parts ---

    def add(self, sort: str, on: date | None, profile: str = "", key: str = "") -> Node:
        """A new resource of a sort, tied to the consultation of its day where there was one."""
        self.count += 1
        node: Node = {
            "resourceType": sort,
            "id": key or f"{self.stem}{self.count:03X}",
            "meta": {"profile": [_PROFILE.format(profile or sort)]},
        }
        visit = self.visits.get(on) if on else None
        if visit and sort in {"Observation", "Condition", "MedicationRequest", "ReferralRequest"}:
            node["context"] = {"reference": visit}
        self.entries.append(node)
        return node

    def observation(self, at: datetime, code: Node) -> Node:
        day = at.date()
        node = self.add("Observation", day)
        node |= {
            "status": "final",
            "code": code,
            "subject": {"reference": self.patient},
            "effectiveDateTime": _at(at),
            "issued": _at(at),
            "performer": [{"reference": self.author(day)}],
        }
        return node

    def concept(self, key: str) -> Node:
        return _snomed(*self.words.concepts[key])

    def author(self, on: date) -> str:
        return self.staff(self.authors.get(on, 0))

    def staff(self, index: int) -> str:
        self.staff_used.add(index)
        return f"Practitioner/{self.practice.code}-S{index}"


def _wanted(members: Iterable[str]) -> set[str]:
    """The sections that are sent: those with content, and the four that are told empty too."""
    return {*members, "AllergyIntolerance", "Condition", "MedicationStatement", "Immunization"}


def _snomed(code: str, display: str) -> Node:
    return {"coding": [{"system": SNOMED, "code": code, "display": display}]}


def _coded(url: str, system: str, code: str, display: str) -> Node:
    coding = {"system": f"{_FHIR}/CodeSystem/{system}", "code": code, "display": display}
    return {"url": url, "valueCodeableConcept": {"coding": [coding]}}


def _name(use: str, family: str, given: list[str], prefix: str) -> Node:
    found: Node = {"use": use, "family": family, "given": given}
    return {**found, "prefix": [prefix]} if prefix else found


def _at(moment: datetime) -> str:
    """The moment as London's clock shows it, with its offset."""
    return moment.astimezone(LONDON).isoformat(timespec="seconds")
