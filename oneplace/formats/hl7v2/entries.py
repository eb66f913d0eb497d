"""The facts of an ADT message: the visit (PV1), diagnoses (DG1), allergies (AL1), findings (OBX), procedures (PR1).

Segments carry no ids of their own, so keys are made of what stays the same when a segment is sent again: the visit,
the code and the date; for an allergy the person and the code.
"""

import hashlib
from collections.abc import Callable
from datetime import datetime

from oneplace.formats.hl7v2.reading import Reading, clinician, coded
from oneplace.formats.hl7v2.segments import Segment
from oneplace.formats.hl7v2.triggers import MOVED, RENUMBERED, VISITS
from oneplace.formats.hl7v2.values import Detail, add_note, filled, result_status, row_of, value_of
from oneplace.formats.limits import MAX_ID
from oneplace.formats.shape import NEVER, Moment
from oneplace.kernel.rows import EntryRow, Kind

_CLASSES = {
    "I": "Inpatient stay",
    "O": "Outpatient attendance",
    "E": "Emergency attendance",
    "P": "Planned admission",
    "R": "Recurring attendance",
    "B": "Obstetric care",
}
_ALLERGIES = {"DA": "drug", "FA": "food", "EA": "environment", "MA": "other", "MC": "contra-indication"}


def entry_rows(reading: Reading) -> list[EntryRow]:
    """What is said of the current person, in its order; notes (NTE) go to the entry that they follow."""
    rows: list[EntryRow] = []
    reading.visit = ""
    for segment in reading.group:
        if segment.name == "NTE" and rows:
            add_note(rows[-1], segment)
        reader = READERS.get(segment.name)
        row = reader(reading, segment) if reader else None
        if row is not None:
            rows.append(row)
    return rows


def visit_key(reading: Reading, pv1: Segment) -> str:
    """The sender's visit number, else one made of the person, the class and the start."""
    number = pv1.text(19)
    if number:
        return number[:MAX_ID]
    started = pv1.text(44) or (pv1.text(2) and "undated")
    return f"{reading.local_id}/{pv1.text(2)}/{started}"[:150] if started else ""


def place_of(pv1: Segment, field: int = 3) -> str:
    """Ward, room and bed in the sender's words."""
    return ", ".join(filter(None, (pv1.text(field, component) for component in (1, 2, 3))))


def visit(reading: Reading, pv1: Segment) -> EntryRow | None:
    """The visit as it stands after this event; messages about the person alone tell of none."""
    trigger = VISITS.get(reading.event)
    started = reading.moment(pv1, 44)
    if trigger is None and not (reading.event in RENUMBERED | {MOVED} and started.at):
        return None  # a move names the visit by its number; only with its start is it told whole
    reading.visit = visit_key(reading, pv1)
    if not reading.visit:
        return None
    if started.at is None and reading.event in {"A01", "A04"}:
        started = _event_time(reading)
    ended = _end(reading, pv1)
    status = (trigger.status if trigger else "") or ("finished" if ended else "in-progress")
    pv2, sort = reading.first("PV2"), pv1.text(2)
    detail = filled(
        author=clinician(pv1, 7) or clinician(pv1, 9),
        place=place_of(pv1),
        specialty=pv1.text(10),
        reason=(pv2.text(3, 2) or pv2.text(3)) if pv2 else "",
    )
    coding = (sort, "HL70004" if sort else "", _CLASSES.get(sort, "Attendance"))
    return row_of(reading, pv1, Kind.ENCOUNTER, reading.visit, started, coding, status, detail, ended_at=ended)


def old_number(reading: Reading, mrg: Segment) -> EntryRow | None:
    """The number that a visit had before it was merged or renumbered: known from now on as a mistake."""
    pv1, old = reading.first("PV1"), mrg.text(5)[:MAX_ID]
    if reading.event not in RENUMBERED | {MOVED} or not old or pv1 is None or pv1.text(19) in {"", old}:
        return None
    words = ("", "", "Visit number that is used no more")
    return row_of(reading, mrg, Kind.ENCOUNTER, old, NEVER, words, "entered-in-error", {}, sort="PV1")


def _end(reading: Reading, pv1: Segment) -> datetime | None:
    """When the visit ended: a cancelled discharge ends nothing, a discharge without a time ended when it was told."""
    ended = None if reading.event == "A13" else reading.moment(pv1, 45).at
    return _event_time(reading).at if reading.event == "A03" and ended is None else ended


def diagnosis(reading: Reading, dg1: Segment) -> EntryRow | None:
    """A diagnosis made in the visit."""
    coding = _described(coded(dg1, 3), dg1.text(4))
    detail = filled(author=clinician(dg1, 16), category=_DIAGNOSES.get(dg1.text(6), ""))
    return _keyed(reading, dg1, Kind.PROBLEM, coding, reading.moment(dg1, 5), "", detail)


def procedure(reading: Reading, pr1: Segment) -> EntryRow | None:
    """A procedure of the visit."""
    coding = _described(coded(pr1, 3), pr1.text(4))
    detail = filled(author=clinician(pr1, 11) or clinician(pr1, 8))
    return _keyed(reading, pr1, Kind.PROCEDURE, coding, reading.moment(pr1, 5), "", detail)


def allergy(reading: Reading, al1: Segment) -> EntryRow | None:
    """An allergy of the person; its key holds neither the visit nor the date, which is when it was noticed."""
    coding = coded(al1, 3)
    detail = filled(
        category=_ALLERGIES.get(al1.text(2), ""),
        severity={"SV": "severe", "MO": "moderate", "MI": "mild"}.get(al1.text(4), ""),
        reactions=[part for told in al1.repetitions(5) if (part := al1.part(told, 1))],
    )
    name = _name_for(coding)
    if not name:
        _nameless(reading, al1)
        return None
    key = f"{reading.local_id}/AL1/{name}"
    return row_of(reading, al1, Kind.ALLERGY, key, reading.moment(al1, 6), coding, "active", detail)


def finding(reading: Reading, obx: Segment) -> EntryRow | None:
    """A finding: a result where it has a number, a document where a file is attached."""
    told = value_of(reading, obx)
    detail = filled(author=clinician(obx, 16), **told.detail)
    coding, happened, status = coded(obx, 3), reading.moment(obx, 14), result_status(obx.text(11))
    return _keyed(reading, obx, told.kind, coding, happened, status, detail, told.figures, obx.text(4))


def _event_time(reading: Reading) -> Moment:
    evn = reading.first("EVN")
    happened = reading.moment(evn, 6)
    return happened if happened.at else reading.moment(evn, 2)


def _described(coding: tuple[str, str, str], words: str) -> tuple[str, str, str]:
    return (coding[0], coding[1], coding[2] or words)


def _name_for(coding: tuple[str, str, str]) -> str:
    """What tells this fact from others of its sort: the code, else a digest of the words."""
    code, _, words = coding
    return code or (hashlib.sha256(words.upper().encode()).hexdigest()[:16] if words else "")


def _keyed(
    reading: Reading,
    segment: Segment,
    kind: Kind,
    coding: tuple[str, str, str],
    happened: Moment,
    status: str,
    detail: Detail,
    figures: Detail | None = None,
    extra: str = "",
) -> EntryRow | None:
    """A row keyed by visit (or person), segment, code and date."""
    name = _name_for(coding)
    if not name:
        _nameless(reading, segment)
        return None
    day = happened.at.isoformat(timespec="minutes")[:16] if happened.at else ""
    parts = (reading.visit or reading.local_id, segment.name, name, day, extra)
    key = "/".join(part for part in parts if part)
    return row_of(reading, segment, kind, key, happened, coding, status, detail, **(figures or {}))


def _nameless(reading: Reading, segment: Segment) -> None:
    reading.fault(f"{segment.path}.3", "code-missing", "neither a code nor words say what this is; it was left out")


_DIAGNOSES = {"A": "admitting", "W": "working", "F": "final"}

READERS: dict[str, Callable[[Reading, Segment], EntryRow | None]] = {
    "MRG": old_number,
    "PV1": visit,
    "DG1": diagnosis,
    "AL1": allergy,
    "OBX": finding,
    "PR1": procedure,
}
