"""A GP Connect bundle in the making: its resources, and the ids and references that they go by."""

from datetime import date, datetime
from hashlib import blake2b
from typing import Any

from oneplace.example.catalogue import Catalogue, catalogue
from oneplace.example.practice import Practice, Staff
from oneplace.example.shapes import Human
from oneplace.kernel.clock import LONDON

Node = dict[str, Any]

SNOMED = "http://snomed.info/sct"
FHIR = "https://fhir.nhs.uk/STU3"
HL7UK = "https://fhir.hl7.org.uk/STU3"
PROFILE = FHIR + "/StructureDefinition/CareConnect-GPC-{}-1"
EXTENSION = FHIR + "/StructureDefinition/Extension-CareConnect-GPC-{}-1"
_IN_A_VISIT = frozenset({"Observation", "Condition", "MedicationRequest", "ReferralRequest", "ServiceRequest"})


def stem_of(practice_code: str, human: Human) -> str:
    """The practice's id of a person, with which the ids of their entries begin."""
    return blake2b(f"{practice_code}|{human.key}".encode(), digest_size=5).hexdigest().upper()


class Draft:
    """What has been written of one person so far. `full` adds what real exports carry beside the facts."""

    def __init__(self, human: Human, practice: Practice, made_at: datetime, full: bool = False) -> None:
        self.human, self.practice, self.made_at, self.full = human, practice, made_at, full
        self.words: Catalogue = catalogue()
        self.resources: list[Node] = []
        self.stem = stem_of(practice.code, human)
        self.patient = f"Patient/{self.stem}"
        self.organisation = f"Organization/{practice.code}"
        self.location = f"Location/{practice.code}-1"
        self.visits: dict[date, str] = {}  # the consultation of a day, and who held it
        self.authors: dict[date, int] = {}
        self.staff_used = {0}
        self.medications: dict[str, str] = {}

    def add(self, sort: str, on: date | None, profile: str = "", key: str = "") -> Node:
        """A new resource of a sort, tied to the consultation of its day where there was one."""
        node: Node = {
            "resourceType": sort,
            "id": key or f"{self.stem}{len(self.resources) + 1:03X}",
            "meta": {"profile": [PROFILE.format(profile or sort)]},
        }
        if self.full:
            system = f"https://{self.practice.code.lower()}.example/id"
            value = blake2b(str(node["id"]).encode(), digest_size=16).hexdigest()
            node["identifier"] = [{"system": system, "value": value}]
        visit = self.visits.get(on) if on else None
        if visit and sort in _IN_A_VISIT:
            node["context"] = {"reference": visit}
        self.resources.append(node)
        return node

    def observation(self, at: datetime, code: Node) -> Node:
        """A new observation, signed by who held the consultation of that day."""
        node = self.add("Observation", at.date())
        node |= {
            "status": "final",
            "code": code,
            "subject": {"reference": self.patient},
            "effectiveDateTime": stamp(at),
            "issued": stamp(at),
            "performer": [{"reference": self.author(at.date())}],
        }
        return node

    def concept(self, key: str) -> Node:
        """A concept of the catalogue, coded."""
        return snomed(*self.words.concepts[key])

    def author(self, on: date) -> str:
        """Who wrote on a day: who held that day's consultation, else the first GP."""
        return self.staff(self.authors.get(on, 0))

    def staff(self, index: int) -> str:
        """The reference of one of the practice's staff, who then comes with the bundle."""
        self.staff_used.add(index)
        return f"Practitioner/{self.practice.code}-S{index}"


def snomed(code: str, display: str) -> Node:
    """A concept with one SNOMED CT coding."""
    return {"coding": [{"system": SNOMED, "code": code, "display": display}]}


def human_name(use: str, family: str, given: list[str], prefix: str) -> Node:
    """A FHIR name."""
    found: Node = {"use": use, "family": family, "given": given}
    return {**found, "prefix": [prefix]} if prefix else found


def stamp(moment: datetime) -> str:
    """The moment as London's clock shows it, with its offset."""
    return moment.astimezone(LONDON).isoformat(timespec="seconds")


def colleague(staff: Staff, reference: str, organisation: str, roles: str, profile: str) -> list[Node]:
    """A member of a practice's staff with the role: `roles` is the code system, `profile` the address of profiles."""
    key = reference.partition("/")[2]
    role = {"system": roles, "code": staff.code, "display": staff.role}
    return [
        {
            "resourceType": "Practitioner",
            "id": key,
            "meta": {"profile": [profile.format("Practitioner")]},
            "name": [human_name("official", staff.family, [staff.given], staff.prefix)],
        },
        {
            "resourceType": "PractitionerRole",
            "id": f"{key}-R",
            "meta": {"profile": [profile.format("PractitionerRole")]},
            "practitioner": {"reference": reference},
            "organization": {"reference": organisation},
            "code": [{"coding": [role]}],
        },
    ]
