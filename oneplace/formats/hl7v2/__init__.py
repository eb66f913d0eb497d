"""HL7 v2 ADT messages (v2.3 to v2.5) to canonical rows: admissions, transfers, discharges, demographics, merges.

Source: HL7 v2.4 chapter 3 and the NHS ITK ADT examples. Results (ORU) and other messages are refused by name for now.
"""

import re

from oneplace.formats.charset import decoded
from oneplace.formats.hl7v2.entries import entry_rows, place_of, visit_key
from oneplace.formats.hl7v2.people import local_id, person_row
from oneplace.formats.hl7v2.reading import Reading
from oneplace.formats.hl7v2.segments import FORMAT, Segment, segments_of, separators_of
from oneplace.kernel.rows import EventRow, Message, Move, PersonRow, Reject, Severity

__all__ = ["FORMAT", "read"]

EVENTS = frozenset({"A01", "A02", "A03", "A04", "A05", "A08", "A11", "A12", "A13", "A28", "A31", "A40"})
_MOVES = {
    "A01": Move.ADMITTED,
    "A02": Move.TRANSFERRED,
    "A03": Move.DISCHARGED,
    "A04": Move.ATTENDED,
    "A11": Move.ADMISSION_CANCELLED,
    "A12": Move.TRANSFERRED,  # back to where PV1-3 says
    "A13": Move.DISCHARGE_CANCELLED,
}
_ABOUT_PERSON = frozenset({"A28", "A31", "A40"})
_LINES = re.compile(r"\r\n|\r|\n")
_SAFE = re.compile(r"[A-Z0-9]{2,7}")


def read(raw: bytes) -> Message | Reject:
    """One message, or why it can't be one."""
    told = decoded(raw)
    if told is None:
        return _reject("The characters are in no known set; send the message in UTF-8.", "charset", "")
    lines = _LINES.split(told[0].replace("\0", "").strip("\x0b\x1c\r\n \t"))
    if not lines[0].startswith("MSH"):
        return _reject("An HL7 message begins with an MSH line; this one does not.", "header-missing", "line 1")
    separators = separators_of(lines[0])
    if isinstance(separators, Reject):
        return separators
    segments, strangers = segments_of(lines, separators)
    reading = Reading(segments)
    if told[1]:
        reading.fault("", "charset-guessed", "not UTF-8: read as Windows-1252", Severity.WARNING)
    for number in strangers:
        reading.fault(f"line {number}", "line-unreadable", "this line is no segment; it was left out")
    return _message(reading, segments[0])


def _message(reading: Reading, msh: Segment) -> Message | Reject:
    refusal = _refusal(reading, msh)
    if refusal:
        return refusal
    evn = reading.first("EVN")
    reading.sent_at = reading.moment(msh, 7).at
    reading.version_at = reading.moment(evn, 2).at or reading.sent_at
    pid = reading.first("PID")
    if pid is None:
        return _reject("The message has no PID segment, so nobody can be told whom it is about.", "no-patient", "PID")
    reading.local_id = local_id(reading, pid, 3)
    if not reading.local_id:
        return _reject("PID-3 holds no identifier of the person; the sender must put one in.", "no-patient", "PID-3")
    pv1 = reading.first("PV1")
    if pv1 and reading.event not in _ABOUT_PERSON:
        reading.visit = visit_key(reading, pv1)
    source = msh.text(4)
    if not source:
        reading.fault("MSH[1].4", "source-missing", "no sending facility tells whose data this is")
    people, events = _people(reading)
    return Message(
        FORMAT,
        source.upper()[:20],
        "",
        people,
        entry_rows(reading),
        (*events, *_event(reading, pv1)),
        tuple(reading.issues),
        _message_id(msh),
        reading.sent_at,
        len(reading.segments),
    )


def _refusal(reading: Reading, msh: Segment) -> Reject | None:
    """Why this message isn't one that is read, if it isn't."""
    sort, event = msh.text(9), msh.text(9, 2)
    evn = reading.first("EVN")
    reading.event = event or (evn.text(1) if evn else "")
    named = f"{sort} {reading.event}" if _SAFE.fullmatch(sort) and _SAFE.fullmatch(reading.event) else ""
    if not named:
        return _reject("MSH-9 doesn't say which message this is; ADT^A01 or its like is expected.", "no-type", "MSH-9")
    if sort != "ADT" or reading.event not in EVENTS:
        known = ", ".join(sorted(EVENTS))
        return _reject(f"{named} messages aren't read yet; ADT {known} are.", "message-type-unknown", "MSH-9")
    return None


def _people(reading: Reading) -> tuple[tuple[PersonRow, ...], tuple[EventRow, ...]]:
    """The person, or in a merge each survivor with whom it took in."""
    people: dict[str, PersonRow] = {}
    events: list[EventRow] = []
    for segment in reading.segments:
        if segment.name == "PID":
            key = local_id(reading, segment, 3) if people else reading.local_id
            if key and key not in people:
                reading.local_id = key
                people[key] = person_row(reading, segment)
        elif segment.name == "MRG" and reading.event == "A40" and people:
            old = local_id(reading, segment, 1)
            if old and old != reading.local_id:
                at = reading.version_at
                events.append(EventRow(reading.local_id, Move.MERGED, at, other_local_id=old, path=segment.path))
            else:
                reading.fault(f"{segment.path}.1", "merge-unclear", "nobody else is named to be merged")
    reading.local_id = next(iter(people))
    return tuple(people.values()), tuple(events)


def _event(reading: Reading, pv1: Segment | None) -> tuple[EventRow, ...]:
    """What the message does to the person's tie with the sender."""
    move = _MOVES.get(reading.event)
    if move is None:
        return ()
    evn = reading.first("EVN")
    field = {"A01": 44, "A04": 44, "A03": 45}.get(reading.event)
    at = reading.moment(pv1, field).at if pv1 and field else None
    at = at or reading.moment(evn, 6).at or reading.version_at
    path = pv1.path if pv1 else "EVN[1]"
    return (EventRow(reading.local_id, move, at, reading.visit, "", place_of(pv1) if pv1 else "", path),)


def _message_id(msh: Segment) -> str:
    number = msh.text(10)
    return f"{msh.text(3)}|{msh.text(4)}|{number}" if number else ""


def _reject(reason: str, code: str, path: str) -> Reject:
    return Reject(reason, code, path, FORMAT)
