"""The facts of an ADT message: the visit (PV1), diagnoses (DG1), allergies (AL1), findings (OBX), procedures (PR1).

Segments carry no ids of their own, so keys are made of what stays the same when a segment is sent again: the visit,
the code and the date; for an allergy the person and the code.
"""

import hashlib
import re
from collections.abc import Callable
from typing import Any

from oneplace.formats.hl7v2.reading import Reading, clinician, coded
from oneplace.formats.hl7v2.segments import Segment
from oneplace.formats.limits import ENTRY_LIMITS, fitted
from oneplace.formats.shape import Moment, number_text
from oneplace.kernel.rows import EntryRow, Kind, Severity

_CLASSES = {
    "I": "Inpatient stay",
    "O": "Outpatient attendance",
    "E": "Emergency attendance",
    "P": "Planned admission",
    "R": "Recurring attendance",
    "B": "Obstetric care",
}
_STATUS = {"A03": "finished", "A05": "planned", "A11": "cancelled"}
_ALLERGIES = {"DA": "drug", "FA": "food", "EA": "environment", "MA": "other", "MC": "contra-indication"}
_RESULT_STATUS = {"F": "final", "P": "preliminary", "C": "corrected", "X": "cancelled", "W": "entered-in-error"}
_NUMBER = re.compile(r"[+-]?[0-9]{1,15}(?:\.[0-9]{1,15})?")
_RANGE = re.compile(r"([0-9.]+) *- *([0-9.]+)|([<>])=? *([0-9.]+)")

Detail = dict[str, Any]


def entry_rows(reading: Reading) -> tuple[EntryRow, ...]:
    """Every entry of the message, in its order; notes (NTE) go to the entry that they follow."""
    rows: list[EntryRow] = []
    keys: dict[str, int] = {}
    for segment in reading.segments:
        if segment.name == "NTE" and rows:
            _add_note(rows[-1], segment)
        reader = READERS.get(segment.name)
        row = reader(reading, segment) if reader else None
        if row is None:
            continue
        if row.source_id in keys:
            reading.fault(
                segment.path, "repeated", "the same fact came before in this message; left out", Severity.NOTE
            )
            continue
        keys[row.source_id] = 1
        rows.append(row)
    return tuple(rows)


def visit_key(reading: Reading, pv1: Segment) -> str:
    """The sender's visit number, else one made of the person, the class and the start."""
    number = pv1.text(19)
    if number:
        return number[:120]
    started = pv1.text(44) or (pv1.text(2) and "undated")
    return f"{reading.local_id}/{pv1.text(2)}/{started}"[:150] if started else ""


def place_of(pv1: Segment, field: int = 3) -> str:
    """Ward, room and bed in the sender's words."""
    return ", ".join(filter(None, (pv1.text(field, component) for component in (1, 2, 3))))


def visit(reading: Reading, pv1: Segment) -> EntryRow | None:
    """The visit as it stands after this event; messages about the person alone tell of none."""
    if not reading.visit:
        return None
    started, ended = reading.moment(pv1, 44), reading.moment(pv1, 45).at
    evn, pv2 = reading.first("EVN"), reading.first("PV2")
    if started.at is None and reading.event in {"A01", "A04"}:
        started = _event_time(reading, evn)
    if reading.event == "A03":
        ended = ended or _event_time(reading, evn).at
    elif reading.event == "A13":
        ended = None
    status = _STATUS.get(reading.event) or ("finished" if ended else "in-progress")
    sort = pv1.text(2)
    detail = _filled(
        author=clinician(pv1, 7) or clinician(pv1, 9),
        place=place_of(pv1),
        specialty=pv1.text(10),
        reason=(pv2.text(3, 2) or pv2.text(3)) if pv2 else "",
    )
    coding = (sort, "HL70004" if sort else "", _CLASSES.get(sort, "Attendance"))
    return _row(reading, pv1, Kind.ENCOUNTER, reading.visit, started, coding, status, detail, ended_at=ended)


def diagnosis(reading: Reading, dg1: Segment) -> EntryRow | None:
    """A diagnosis made in the visit."""
    coding = _described(coded(dg1, 3), dg1.text(4))
    detail = _filled(author=clinician(dg1, 16), category=_DIAGNOSES.get(dg1.text(6), ""))
    return _keyed(reading, dg1, Kind.PROBLEM, coding, reading.moment(dg1, 5), "", detail)


def procedure(reading: Reading, pr1: Segment) -> EntryRow | None:
    """A procedure of the visit."""
    coding = _described(coded(pr1, 3), pr1.text(4))
    detail = _filled(author=clinician(pr1, 11) or clinician(pr1, 8))
    return _keyed(reading, pr1, Kind.PROCEDURE, coding, reading.moment(pr1, 5), "", detail)


def allergy(reading: Reading, al1: Segment) -> EntryRow | None:
    """An allergy of the person; its key holds neither the visit nor the date, which is when it was noticed."""
    coding = coded(al1, 3)
    detail = _filled(
        category=_ALLERGIES.get(al1.text(2), ""),
        severity={"SV": "severe", "MO": "moderate", "MI": "mild"}.get(al1.text(4), ""),
        reactions=[part for told in al1.repetitions(5) if (part := al1.part(told, 1))],
    )
    name = _name_for(coding)
    if not name:
        _nameless(reading, al1)
        return None
    key = f"{reading.local_id}/AL1/{name}"
    return _row(reading, al1, Kind.ALLERGY, key, reading.moment(al1, 6), coding, "active", detail)


def finding(reading: Reading, obx: Segment) -> EntryRow | None:
    """A finding: a result where it has a number."""
    value, words = _value(reading, obx)
    low, high = _range(obx.text(7))
    detail = _filled(author=clinician(obx, 16), interpretation=obx.text(8))
    if obx.text(7) and low is None and high is None:
        detail["range"] = obx.text(7)
    status = _RESULT_STATUS.get(obx.text(11), obx.text(11).lower())
    kind = Kind.OBSERVATION if value is None else Kind.RESULT
    figures = {"value": value, "value_text": words, "unit": obx.text(6), "low": low, "high": high}
    return _keyed(reading, obx, kind, coded(obx, 3), reading.moment(obx, 14), status, detail, figures, obx.text(4))


def _value(reading: Reading, obx: Segment) -> tuple[float | None, str]:
    sort = obx.text(2)
    if sort == "NM":
        return _number(reading, obx, obx.text(5), "")
    if sort == "SN":
        return _number(reading, obx, obx.text(5, 2), obx.text(5, 1))
    if sort == "ED":
        reading.fault(f"{obx.path}.5", "attachment-not-read", "an attached file isn't read from ADT", Severity.WARNING)
        return None, ""
    told = (obx.part(each, 2) or obx.part(each, 1) for each in obx.repetitions(5))
    return None, "; ".join(filter(None, told))


def _number(reading: Reading, obx: Segment, text: str, comparator: str) -> tuple[float | None, str]:
    if _NUMBER.fullmatch(text):
        return float(text), comparator + number_text(float(text))
    if text:
        reading.fault(f"{obx.path}.5", "number-unreadable", "a number was expected; kept as text", Severity.WARNING)
    return None, comparator + text


def _range(text: str) -> tuple[float | None, float | None]:
    told = _RANGE.fullmatch(text)
    if not told:
        return None, None
    try:
        low, high, limit = (float(told[index]) if told[index] else None for index in (1, 2, 4))
    except ValueError:  # 4.0.1 and its like
        return None, None
    if told[3]:
        return (limit, None) if told[3] == ">" else (None, limit)
    return low, high


def _event_time(reading: Reading, evn: Segment | None) -> Moment:
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
    return _row(reading, segment, kind, key, happened, coding, status, detail, **(figures or {}))


def _nameless(reading: Reading, segment: Segment) -> None:
    reading.fault(f"{segment.path}.3", "code-missing", "neither a code nor words say what this is; it was left out")


def _row(
    reading: Reading,
    segment: Segment,
    kind: Kind,
    key: str,
    happened: Moment,
    coding: tuple[str, str, str],
    status: str,
    detail: Detail,
    **more: Any,
) -> EntryRow:
    if happened.precision:
        detail["date_precision"] = happened.precision
    row = EntryRow(
        local_id=reading.local_id,
        kind=kind,
        type=segment.name,
        source_id=key[:160],
        path=segment.path,
        happened_at=happened.at,
        day_only=happened.day_only,
        code=coding[0],
        system=coding[1],
        display=coding[2],
        status=status,
        version_at=reading.version_at,
        detail=detail,
        **more,
    )
    return fitted(
        row,
        ENTRY_LIMITS,
        lambda name: reading.fault(segment.path, "too-long", f"{name} was cut: longer than a record holds"),
    )


def _add_note(row: EntryRow, nte: Segment) -> None:
    words = "\n".join(filter(None, (nte.part(told, 1) for told in nte.repetitions(3))))
    detail = row.detail
    if words and isinstance(detail, dict):
        detail["notes"] = f"{detail['notes']}\n{words}" if "notes" in detail else words


def _filled(**words: Any) -> Detail:
    return {key: value for key, value in words.items() if value}


_DIAGNOSES = {"A": "admitting", "W": "working", "F": "final"}

READERS: dict[str, Callable[[Reading, Segment], EntryRow | None]] = {
    "PV1": visit,
    "DG1": diagnosis,
    "AL1": allergy,
    "OBX": finding,
    "PR1": procedure,
}
