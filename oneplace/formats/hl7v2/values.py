"""What an OBX holds: a number with its unit and range, words, or an attached file; and the row that a fact becomes.

Source: HL7 v2.5.1 chapter 7, tables 0078 (abnormal flags), 0085 (result status), 0123 (report status).
Units stand as the laboratory wrote them. Attached bytes stay in the message; the entry says what and how large.
"""

import binascii
import hashlib
import re
from typing import Any, NamedTuple

from oneplace.formats.hl7v2.reading import Reading
from oneplace.formats.hl7v2.segments import Segment
from oneplace.formats.limits import ENTRY_LIMITS, fitted
from oneplace.formats.shape import Moment, number_text
from oneplace.kernel.rows import EntryRow, Kind, Severity

Detail = dict[str, Any]

_STATUSES = {
    **dict.fromkeys("FU", "final"),
    **dict.fromkeys("PRS", "preliminary"),
    "A": "partial",
    "C": "corrected",
    **dict.fromkeys("XNY", "cancelled"),
    **dict.fromkeys("IO", "registered"),
    **dict.fromkeys("WD", "entered-in-error"),
}
_FLAGS = {
    "L": "Low", "H": "High", "LL": "Critically low", "HH": "Critically high", "<": "Below the measurable",
    ">": "Above the measurable", "N": "Normal", "A": "Abnormal", "AA": "Critically abnormal", "S": "Susceptible",
    "R": "Resistant", "I": "Intermediate", "U": "Significantly up", "D": "Significantly down", "B": "Better",
    "W": "Worse",
}  # fmt: skip
_NUMBER = re.compile(r"(?P<sign>[<>]=?)? *(?P<number>[+-]?[0-9]{1,15}(?:\.[0-9]{1,15})?)")
_RANGE = re.compile(r"(-?[0-9.]+) *(?:-|to) *(-?[0-9.]+)|([<>])=? *(-?[0-9.]+)")
_TYPES = {
    "PDF": "application/pdf", "JPEG": "image/jpeg", "JPG": "image/jpeg", "PNG": "image/png", "GIF": "image/gif",
    "TIFF": "image/tiff", "TIF": "image/tiff", "RTF": "application/rtf", "HTML": "text/html", "XML": "text/xml",
    "PLAIN": "text/plain", "TXT": "text/plain", "DOC": "application/msword", "DICOM": "application/dicom",
}  # fmt: skip
_ATTACHED = frozenset({"ED", "RP"})
_MAX_ID = 150


class Value(NamedTuple):
    """A value as told, with what the page says beside it."""

    kind: Kind
    value: float | None
    words: str
    figures: Detail  # the fields of an EntryRow: value, value_text, unit, low, high
    detail: Detail


def value_of(reading: Reading, obx: Segment) -> Value:
    """What stands in OBX-5, by its type in OBX-2."""
    if obx.text(2) in _ATTACHED:
        detail = _pointer(obx) if obx.text(2) == "RP" else _attachment(reading, obx)
        return Value(Kind.DOCUMENT, None, "", {}, detail)
    value, words = _told(reading, obx)
    low, high = range_of(obx.text(7))
    unit = obx.text(6) or obx.text(6, 2)
    flags = [_FLAGS.get(told, told) for each in obx.repetitions(8) if (told := obx.part(each, 1))]
    detail = filled(interpretation=", ".join(flags))
    if obx.text(7) and low is None and high is None:
        detail["range"] = obx.text(7)
    figures = {"value": value, "value_text": words, "unit": unit, "low": low, "high": high}
    return Value(Kind.OBSERVATION if value is None else Kind.RESULT, value, words, figures, detail)


def _told(reading: Reading, obx: Segment) -> tuple[float | None, str]:
    sort = obx.text(2)
    if sort == "SN":
        return _number(reading, obx, obx.text(5, 1) + obx.text(5, 2), obx.text(5, 3) + obx.text(5, 4))
    if sort == "NM":
        return _number(reading, obx, obx.text(5), "")
    if sort in {"ST", ""} and obx.text(6) and _NUMBER.fullmatch(obx.text(5)):
        return _number(reading, obx, obx.text(5), "")  # with a unit it is a measurement, whatever its type
    told = (obx.part(each, 2) or obx.part(each, 1) for each in obx.repetitions(5))
    if sort in {"TX", "FT", "ST"}:
        return None, "\n".join(filter(None, (obx.part(each, 1) for each in obx.repetitions(5))))
    return None, "; ".join(filter(None, told))


def _number(reading: Reading, obx: Segment, text: str, rest: str) -> tuple[float | None, str]:
    """A number with its comparator; a ratio (1:128) or a span (1-5) is words."""
    told = _NUMBER.fullmatch(text)
    if told and not rest:
        return float(told["number"]), (told["sign"] or "") + number_text(float(told["number"]))
    if text and not told:
        reading.fault(f"{obx.path}.5", "number-unreadable", "a number was expected; kept as text", Severity.WARNING)
    return None, text + rest


def range_of(text: str) -> tuple[float | None, float | None]:
    """Low and high of a reference range as laboratories write it: 4.0-11.0, <48, >=60; None where it is neither."""
    told = _RANGE.fullmatch(text.strip())
    if not told:
        return None, None
    try:
        low, high, limit = (float(told[index]) if told[index] else None for index in (1, 2, 4))
    except ValueError:  # 4.0.1 and its like
        return None, None
    if told[3]:
        return (limit, None) if told[3] == ">" else (None, limit)
    return low, high


def _attachment(reading: Reading, obx: Segment) -> Detail:
    """An attached file: its sort, and how large it is. ED: source, type, subtype, encoding, data."""
    told = obx.repetitions(5)[0] if obx.repetitions(5) else ""
    size = len(attached(obx) or b"")
    if not size:
        text = "the attached file is empty or its coding is broken; ask the sender for it again"
        reading.fault(f"{obx.path}.5", "attachment-unreadable", text, Severity.WARNING)
    subtype = obx.part(told, 3).upper()
    return filled(content_type=_TYPES.get(subtype, obx.part(told, 3).lower()[:60]), size=size)


def attached(obx: Segment) -> bytes | None:
    """The bytes of an attached file; None where their coding is broken."""
    told = obx.repetitions(5)[0] if obx.repetitions(5) else ""
    encoding, data = obx.part(told, 4).upper(), obx.part(told, 5)
    try:
        if encoding == "BASE64":
            return binascii.a2b_base64("".join(data.split()), strict_mode=True)
        return bytes.fromhex(data) if encoding == "HEX" else data.encode()
    except ValueError:
        return None


def _pointer(obx: Segment) -> Detail:
    return filled(url=obx.text(5)[:400], content_type=_TYPES.get(obx.text(5, 4).upper(), ""))


def result_status(code: str) -> str:
    """The status of a result or report in FHIR's words; what no table knows stays as it came."""
    return _STATUSES.get(code.upper(), code.lower())


def row_of(
    reading: Reading,
    segment: Segment,
    kind: Kind,
    key: str,
    happened: Moment,
    coding: tuple[str, str, str],
    status: str,
    detail: Detail,
    *,
    sort: str = "",
    **more: Any,
) -> EntryRow:
    """One entry of the current person; `sort` where it is known by another segment's name than its own."""
    if happened.precision:
        detail["date_precision"] = happened.precision
    row = EntryRow(
        local_id=reading.local_id,
        kind=kind,
        type=sort or segment.name,
        source_id=bounded(key),
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


def bounded(key: str) -> str:
    """A key that fits the record: a long one ends in a digest of the whole, so that two don't become one."""
    return key if len(key) <= _MAX_ID else f"{key[:120]}#{hashlib.sha256(key.encode()).hexdigest()[:16]}"


def add_note(row: EntryRow, nte: Segment) -> None:
    """A remark (NTE) to the entry that it follows."""
    words = "\n".join(filter(None, (nte.part(told, 1) for told in nte.repetitions(3))))
    detail = row.detail
    if words and isinstance(detail, dict):
        detail["notes"] = f"{detail['notes']}\n{words}" if "notes" in detail else words


def filled(**words: Any) -> Detail:
    """What says something."""
    return {key: value for key, value in words.items() if value}
