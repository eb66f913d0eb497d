"""What a few people's organisations tell of them, in every format that is read: for promises about any message.

A world is six people and the organisations that know them: two hospitals (HL7 admissions and results, EDIFACT
reports), a practice (FHIR STU3 and R4, JSON and XML), a community trust (CSV) and a hospice (NDJSON). Worlds share
nobody. No organisation tells of two people at one moment: which of them a fact is then about isn't determined.
"""

import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

PATIENTS, VISITS = 6, 5
Telling = Callable[["World", random.Random], bytes]


@dataclass(frozen=True)
class World:
    """One world by its number (0 to 99): codes of its organisations, numbers that its people may be given."""

    number: int

    @property
    def codes(self) -> tuple[str, ...]:
        """Hospital, other hospital, practice, community trust, hospice."""
        return (*(f"{letter}{self.number:02}" for letter in "RX"), f"G{self.number:05}", f"C{self.number:02}",
                f"S{self.number:02}")  # fmt: skip

    def family(self, randomness: random.Random) -> str:
        """A surname that only this world has."""
        end = "".join(chr(65 + int(digit)) for digit in f"{self.number:02}")
        return randomness.choice(["TESTCASE", "EXAMPLE"]) + end

    def claimed(self, randomness: random.Random) -> str:
        """The NHS number that a message gives: right, another person's, not valid, or none."""
        return randomness.choice(self.claims)

    @property
    def claims(self) -> list[str]:
        """The numbers that messages may give."""
        return [*_numbers()[2 * self.number : 2 * self.number + 2], "1234567890", ""]


@cache
def _numbers() -> list[str]:
    from itertools import islice

    from oneplace.kernel import nhs_number

    return list(islice(nhs_number.numbers_for_tests(), 200))


def message(world: World, randomness: random.Random) -> bytes:
    """One message of any format."""
    return randomness.choice(list(FORMATS.values()))(world, randomness)


def admission(world: World, randomness: random.Random) -> bytes:
    """HL7 v2 ADT: admitted, moved, discharged, told anew, or given to another patient."""
    event = randomness.choice(["A01", "A02", "A03", "A08", "A45"])
    return _moved(world, randomness) if event == "A45" else _hl7(world, randomness, event, [])


def _moved(world: World, randomness: random.Random) -> bytes:
    told = _hl7(world, randomness, "A45", []).decode().split("\r")
    visit = f"V{randomness.randrange(PATIENTS)}-{randomness.randrange(VISITS)}"
    return "\r".join([*told[:-1], f"MRG|L{visit[1]}^^^{told[0].split('|')[3]}||||{visit}"]).encode()


def result(world: World, randomness: random.Random) -> bytes:
    """HL7 v2 ORU: one blood test, perhaps corrected later."""
    order, state = randomness.randrange(VISITS), randomness.choice("FFC")
    lines = [
        f"OBR|1|O{order}|F{order}^LAB|FBC^Full blood count^L|||202101010900{'|' * 14}|||202101021000|||{state}",
        f"OBX|1|NM|HB^Haemoglobin^L||{randomness.randint(90, 160)}|g/L|115-165||||{state}",
    ]
    return _hl7(world, randomness, "R01", lines)


def report(world: World, randomness: random.Random) -> bytes:
    """EDIFACT NHS003: one blood test for the practice."""
    number, family, (hospital, _, practice, *_) = world.claimed(randomness), world.family(randomness), world.codes
    sent = f"202101{randomness.randint(1, 28):02}150{2 * world.claims.index(number) + family.startswith('T')}"
    order = randomness.randrange(VISITS)
    body = [
        "UNH+1+MEDRPT:0:1:RT:NHS003", "BGM+LSR", f"DTM+137:{sent}:203",
        "S01+01", f"NAD+MR+{practice}:901", "SPR+ORG",
        "S01+01", "NAD+SLA+++HAEMATOLOGY", "SPR+DPT", "S01+01", f"NAD+SLA+{hospital}:902++EXAMPLE", "SPR+ORG",
        "S02+02", "GIS+N", f"RFF+SRI:E{order}", "STS++FI", f"DTM+ISR:{sent}:203",
        "S07+07", f"PNA+PAT+{number}:OPI+++SU:{family}+FO:MARY", "DTM+329:19511212:102", "PDI+2",
        "GIS+N", "INV+MQ+423..:911::Haemoglobin", f"RSL+NV+{randomness.randint(90, 160)}+++:::g/L", "RFF+ARL:1",
    ]  # fmt: skip
    own = randomness.getrandbits(40)
    told = [f"UNB+UNOC:3+LAB1+GP1+210226:1751+{own}++MEDRPT++1", *body, f"UNT+{len(body) + 1}+1", f"UNZ+1+{own}"]
    return b"UNA:+.? '" + "".join(f"{segment}'\r\n" for segment in told).encode()


def record(world: World, randomness: random.Random) -> bytes:
    """A practice's record as a GP Connect bundle (STU3)."""
    return json.dumps(_bundle(world, randomness, "STU3")).encode()


def record_r4(world: World, randomness: random.Random) -> bytes:
    """A practice's record as a UK Core bundle (R4)."""
    return json.dumps(_bundle(world, randomness, "R4")).encode()


def record_xml(world: World, randomness: random.Random) -> bytes:
    """The same in XML."""
    from oneplace.example.fhir_xml import bundle_xml

    return bundle_xml(_bundle(world, randomness, randomness.choice(["STU3", "R4"])))


def contact(world: World, randomness: random.Random) -> bytes:
    """A row of a community trust's extract, with its heading."""
    visit, patient = randomness.randrange(VISITS), randomness.randrange(PATIENTS)
    row = {
        "organisation_code": world.codes[3], "local_patient_id": f"P{patient}",
        **_row(world, randomness), "contact_id": f"K{visit}", "contact_at": f"2021-01-0{visit + 1}T09:30:00",
        "contact_type": randomness.choice(["Home visit", "Clinic"]),
        "contact_status": randomness.choice(["attended", "did not attend", "booked"]), "team": "District nursing",
        "updated_at": _moment(randomness, patient),
    }  # fmt: skip
    return (",".join(row) + "\n" + ",".join(row.values())).encode()


def episode(world: World, randomness: random.Random) -> bytes:
    """An object of a hospice's extract."""
    visit, patient = randomness.randrange(VISITS), randomness.randrange(PATIENTS)
    row = {
        "organisation_code": world.codes[4], "hospice_patient_id": f"P{patient}",
        **_row(world, randomness), "hospice_episode_id": f"E{visit}", "started_on": f"2021-01-0{visit + 1}",
        "ended_on": randomness.choice(["", "2021-02-01"]), "care_setting": randomness.choice(["Day care", "At home"]),
        "episode_status": randomness.choice(["open", "closed"]), "updated_at": _moment(randomness, patient),
    }  # fmt: skip
    return json.dumps(row).encode()


FORMATS: dict[str, Telling] = {
    "hl7-v2 ADT": admission,
    "hl7-v2 ORU": result,
    "edifact": report,
    "fhir-stu3-json": record,
    "fhir-r4-json": record_r4,
    "fhir-xml": record_xml,
    "csv": contact,
    "ndjson": episode,
}


def _hl7(world: World, randomness: random.Random, event: str, more: list[str]) -> bytes:
    code, patient, visit = (
        randomness.choice(world.codes[:2]),
        randomness.randrange(PATIENTS),
        randomness.randrange(VISITS),
    )
    sent = f"202101{randomness.randint(1, 28):02}10150{patient}"
    given, born = randomness.choice(["MARY", "M", "HELEN"]), randomness.choice(["19511212", "19511212", "19850101", ""])
    sort = "ORU" if event.startswith("R") else "ADT"
    lines = [
        f"MSH|^~\\&|PAS|{code}|X|X|{sent}||{sort}^{event}|{randomness.getrandbits(60)}|P|2.4",
        *([f"EVN||{sent}"] if sort == "ADT" else []),
        f"PID|1||L{patient}^^^{code}^PI~{world.claimed(randomness)}^^^NHS||{world.family(randomness)}^{given}^^^^^L||"
        f"{born}|2|||1 MILL LANE^^^^ZZ{randomness.randint(1, 2)} 1AA^^H",
        f"PV1|1|I|{randomness.choice(['WARD1', 'WARD2'])}^B^1|{'|' * 15}V{patient}-{visit}^^^VISITID{'|' * 25}"
        "202101010900",
    ]
    return "\r".join([*lines, *more]).encode()


def _moment(randomness: random.Random, patient: int) -> str:
    return f"2021-01-{randomness.randint(1, 28):02}T10:0{patient}:00"


def _row(world: World, randomness: random.Random) -> dict[str, str]:
    return {
        "nhs_number": world.claimed(randomness), "family_name": world.family(randomness),
        "given_name": randomness.choice(["Mary", "Helen"]), "sex": "2",
        "birth_date": randomness.choice(["1951-12-12", "1985-01-01"]),
        "address": "1 Mill Lane", "postcode": f"ZZ{randomness.randint(1, 2)} 1AA",
        "registered_practice": world.codes[2],
    }  # fmt: skip


def _bundle(world: World, randomness: random.Random, release: str) -> dict[str, Any]:
    key, owner = f"p{randomness.randrange(PATIENTS)}", "Organization/o1"
    patient: dict[str, Any] = {
        "resourceType": "Patient", "id": key,
        "meta": {"profile": [f"https://fhir.hl7.org.uk/{'' if release == 'R4' else 'STU3/'}StructureDefinition/P"]},
        "identifier": [{"system": "https://fhir.nhs.uk/Id/nhs-number", "value": world.claimed(randomness)}],
        "name": [{"use": "official", "family": world.family(randomness).title(), "given": ["Mary"]}],
        "gender": "female", "birthDate": randomness.choice(["1951-12-12", "1985-01-01"]),
        "managingOrganization": {"reference": owner},
    }  # fmt: skip
    if not patient["identifier"][0]["value"]:
        del patient["identifier"]
    practice = {
        "resourceType": "Organization", "id": "o1", "name": "Example Practice",
        "identifier": [{"system": "https://fhir.nhs.uk/Id/ods-organization-code", "value": world.codes[2]}],
    }  # fmt: skip
    facts = [_problem(key, randomness, release), _value(key, randomness)]
    facts += [_all_problems(key)] if randomness.random() < 0.5 else []
    return {
        "resourceType": "Bundle",
        "meta": {"lastUpdated": f"2021-01-{randomness.randint(1, 28):02}T11:54:53+00:00"},
        "type": "collection",
        "entry": [{"resource": one} for one in (patient, practice, *facts)],
    }


def _all_problems(key: str) -> dict[str, Any]:
    """The section that says that this export holds all problems of the record."""
    code = {"coding": [{"system": "http://snomed.info/sct", "code": "717711000000103", "display": "Problems"}]}
    return {"resourceType": "List", "id": f"{key}-all", "status": "current", "mode": "snapshot", "code": code,
            "subject": {"reference": f"Patient/{key}"}}  # fmt: skip


def _problem(key: str, randomness: random.Random, release: str) -> dict[str, Any]:
    status: Any = randomness.choice(["active", "resolved"])
    if release == "R4":
        status = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/condition-clinical", "code": status}]}
    return {
        "resourceType": "Condition", "id": f"{key}-c{randomness.randrange(3)}", "clinicalStatus": status,
        "code": {"coding": [{"system": "http://snomed.info/sct", "code": "38341003", "display": "Hypertension"}]},
        "subject": {"reference": f"Patient/{key}"},
    }  # fmt: skip


def _value(key: str, randomness: random.Random) -> dict[str, Any]:
    return {
        "resourceType": "Observation", "id": f"{key}-v{randomness.randrange(3)}", "status": "final",
        "code": {"coding": [{"system": "http://snomed.info/sct", "code": "27113001", "display": "Body weight"}]},
        "subject": {"reference": f"Patient/{key}"}, "effectiveDateTime": "2021-01-01",
        "valueQuantity": {"value": randomness.randint(50, 99), "unit": "kg"},
    }  # fmt: skip
