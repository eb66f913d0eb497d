"""Writes letters as transfer-of-care documents: ITK3 FHIR STU3 in XML, a Composition with PRSB's sections first.

Discharge summary, outpatient letter, emergency care summary, mental health discharge summary.
Source: NHS England's transfer-of-care profiles and their examples. The example's own writer.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

from oneplace.example.careconnect import (
    ITK,
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
from oneplace.example.catalogue import catalogue
from oneplace.example.fhir_xml import bundle_xml, paragraphs
from oneplace.example.gp_draft import stamp
from oneplace.example.known import Known, Piece, Sender, stable_id
from oneplace.example.practice import Practice
from oneplace.example.shapes import Told, Visit


class Sort(NamedTuple):
    """A kind of letter: the profile of its Composition, its type in SNOMED CT, and what it calls the visit."""

    profile: str
    code: str
    title: str
    details: tuple[str, str]


_DISCHARGE = Sort("EDIS", "373942005", "Discharge summary", ("886781000000108", "Admission details"))
_CLINIC = Sort("OPL", "823681000000100", "Outpatient letter", ("1077881000000105", "Attendance details"))
_EMERGENCY = Sort("EDIS", "861421000000109", "Emergency care summary", ("1077881000000105", "Attendance details"))
_MENTAL = Sort("MH", "373942005", "Mental health discharge summary", ("886781000000108", "Admission details"))
_SORTS = {"I": _DISCHARGE, "O": _CLINIC, "E": _EMERGENCY}


def letters_of(told: Told, known: Known, sender: Sender, practice: Practice, visits: list[Visit]) -> Iterator[Piece]:
    """A letter for each visit that has ended, written within a day of its end."""
    for visit in visits:
        sort = _MENTAL if sender.kind == "mental-health-trust" and visit.sort == "I" else _SORTS.get(visit.sort)
        if sort is not None and visit.ends is not None:
            at = visit.ends + timedelta(hours=3)
            raw = bundle_xml(_document(told, known, sender, practice, visit, sort, at))
            yield Piece(f"{known.local_id[-12:]}-{visit.starts:%Y%m%d%H%M}-letter", at, raw)


def _document(
    told: Told, known: Known, sender: Sender, practice: Practice, visit: Visit, sort: Sort, at: datetime
) -> Node:
    here, home = organisation(sender.code, sender.name), organisation(practice.code, practice.name)
    someone, role = practitioner(sender, visit)
    stay = encounter(known, visit, here, someone)
    found = condition(known, visit)
    key = stable_id("letter", sender.code, visit_number(known, visit))
    composition = {
        "resourceType": "Composition",
        "id": key,
        "meta": {"profile": [ITK.format(f"{sort.profile}-Composition")]},
        "identifier": {"system": "https://tools.ietf.org/html/rfc4122", "value": key},
        "status": "final",
        "type": snomed(sort.code, sort.title),
        "subject": {"reference": f"urn:uuid:{known.local_id}"},
        "encounter": to(stay),
        "date": stamp(at),
        "author": [to(someone)],
        "title": f"{sort.title}, {visit.ward}",
        "confidentiality": "N",
        "custodian": to(here),
        "section": list(_sections(told, visit, sort, stay, found)),
    }
    resources = [composition, stay, *found, patient(known, home), someone, role, here, home]
    return {
        "resourceType": "Bundle",
        "id": key,
        "meta": {
            "lastUpdated": stamp(at),
            "profile": ["https://fhir.nhs.uk/STU3/StructureDefinition/ITK-Document-Bundle-1"],
        },
        "identifier": {"system": "https://tools.ietf.org/html/rfc4122", "value": key},
        "type": "document",
        "entry": [entry(resource) for resource in resources],
    }


def _sections(told: Told, visit: Visit, sort: Sort, stay: Node, found: list[Node]) -> Iterator[Node]:
    ended = visit.ends or visit.starts
    yield _section(*sort.details, f"{visit.ward}, {visit.specialty}, {_day(visit.starts)}.", visit.reason) | {
        "entry": [to(stay)]
    }
    yield _section("886921000000105", "Allergies and adverse reactions", *_allergies(told))
    yield _section("887181000000106", "Clinical summary", *_summary(visit))
    if visit.diagnosis:
        yield _section("887161000000102", "Diagnoses", visit.diagnosis[1]) | {"entry": [to(one) for one in found]}
    if visit.findings:
        yield _section("1082101000000102", "Investigation results", *_results(visit))
    if sort in (_DISCHARGE, _MENTAL):
        yield _section("886811000000106", "Discharge details", f"Left {visit.ward} for home on {_day(ended)}.")
        yield _section("933361000000108", "Medications and medical devices", *_medicines(told, ended))
    yield _section("887201000000105", "Plan and requested actions", *_plan(sort))
    yield _section("887231000000104", "Person completing record", f"{visit.clinician[1]} {visit.clinician[0]}")


def _section(code: str, title: str, *words: str) -> Node:
    return {"title": title, "code": snomed(code, title), "text": paragraphs(*words)}


def _day(at: datetime) -> str:
    return f"{at.day} {at:%B %Y}"


def _summary(visit: Visit) -> list[str]:
    return [f"Seen by {visit.specialty.lower()} for: {visit.reason}.", visit.note]


def _allergies(told: Told) -> list[str]:
    words = catalogue().concepts
    found = [f"{words[one.concept].display}: {one.reaction or 'reaction not recorded'}" for one in told.record.allergies
             if one.concept != "no-allergy"]  # fmt: skip
    return found or ["None known at this hospital."]


def _medicines(told: Told, on: datetime) -> list[str]:
    drugs = catalogue().drugs
    kept = [one for one in told.record.medicines if one.repeat and one.since <= on.date() and not one.ended]
    return [f"{drugs[one.drug].name}, {one.dose or drugs[one.drug].dose}. No change." for one in kept] or ["None."]


def _results(visit: Visit) -> list[str]:
    tests = catalogue().tests
    return [f"{tests[test].display}: {value} {tests[test].unit}" for test, value in visit.findings]


def _plan(sort: Sort) -> list[str]:
    if sort is _CLINIC:
        return ["Continue as now.", "Back to the care of the practice unless a further appointment is sent."]
    return ["GP: please review within two weeks.", "The person knows whom to call if things get worse."]
