"""HL7 v2 messages (v2.3 to v2.5.1) to canonical rows: ADT (visits, people, merges), ORU (results), MDM (documents).

Source: HL7 v2.5.1 chapters 2, 3, 7 and 9, and the NHS ITK ADT examples. Z segments stay in the raw bytes: what they
mean is between two parties. Other messages are refused by name.
"""

import re
from datetime import datetime

from oneplace.formats.charset import decoded
from oneplace.formats.hl7v2 import events
from oneplace.formats.hl7v2.entries import entry_rows
from oneplace.formats.hl7v2.people import local_id, person_row
from oneplace.formats.hl7v2.reading import Reading
from oneplace.formats.hl7v2.reports import document_rows, report_rows
from oneplace.formats.hl7v2.segments import FORMAT, Segment, lines_of, segments_of, separators_of
from oneplace.formats.hl7v2.triggers import TRIGGERS
from oneplace.kernel.rows import EntryRow, EventRow, Message, PersonRow, Reject, Severity

__all__ = ["FORMAT", "read"]

_KNOWN = {"ADT": TRIGGERS, "ORU": frozenset({"R01"}), "MDM": frozenset({"T02", "T04", "T06", "T08", "T10", "T11"})}
_SAFE = re.compile(r"[A-Z0-9]{2,7}")
_VERSION = re.compile(r"2\.[1-9](\.[0-9])?")
_READ_VERSIONS = frozenset({"2.3", "2.3.1", "2.4", "2.5", "2.5.1"})
_LATIN = re.compile(r"8859/(1[0-5]|[1-9])")
_ODS = re.compile(r"(?=.*[0-9])[A-Z0-9]{3,6}")


def read(raw: bytes) -> Message | Reject:
    """One message, or why it can't be one."""
    told = decoded(raw)
    if told is None:
        return _reject("The characters are in no known set; send the message in UTF-8.", "charset", "")
    text, guessed = told
    lines = lines_of(text.replace("\0", "").strip("\x0b\x1c\r\n \t"))
    if not lines.told[0][1].startswith("MSH"):
        return _reject("An HL7 message begins with an MSH line; this one does not.", "header-missing", "line 1")
    separators = separators_of(lines.told[0][1])
    if isinstance(separators, Reject):
        return separators
    segments = segments_of((line for _, line in lines.told), separators)
    charset = _declared(segments[0]) if guessed else ""
    if charset and charset != "iso8859-1":  # which Windows-1252 includes
        return _read_as(raw, charset)
    reading = Reading(segments)
    if guessed and not charset:
        reading.fault("", "charset-guessed", "not UTF-8: read as Windows-1252", Severity.WARNING)
    for number in lines.joined:
        text = "this line went on from the one before; joined to it, where a space may be missing or too many"
        reading.fault(f"line {number}", "line-broken", text, Severity.WARNING)
    for number in lines.strangers:
        reading.fault(f"line {number}", "line-unreadable", "this line is no segment; it was left out")
    return _message(reading, segments[0])


def _read_as(raw: bytes, charset: str) -> Message | Reject:
    try:
        return read(raw.decode(charset).encode())
    except UnicodeDecodeError:
        reason = "The characters aren't in the set that MSH-18 names; send the message in UTF-8."
        return _reject(reason, "charset", "MSH-18")


def _declared(msh: Segment) -> str:
    """The character set that MSH-18 names, where it is one of ISO 8859."""
    told = _LATIN.search(msh.text(18))
    return f"iso8859-{told[1]}" if told and told[1] != "12" else ""


def _message(reading: Reading, msh: Segment) -> Message | Reject:
    refusal = _refusal(reading, msh)
    if refusal:
        return refusal
    reading.sent_at = reading.moment(msh, 7).at
    reading.version_at = _version_time(reading)
    refusal = _no_patient(reading)
    if refusal:
        return refusal
    code, name = source_of(msh)
    if not code:
        reading.fault("MSH[1].4", "source-missing", "no sending facility tells whose data this is")
    people, entries, moves = _told(reading, msh.text(9))
    events.remarks(reading)
    return Message(
        FORMAT,
        code,
        name,
        tuple(people.values()),
        tuple(entries),
        tuple(moves),
        tuple(reading.issues),
        _message_id(msh),
        reading.sent_at,
        len(reading.header) + sum(map(len, reading.groups)),
    )


def source_of(msh: Segment) -> tuple[str, str]:
    """Code and name of the sending facility: its ODS code may stand in either part of MSH-4."""
    name, code = msh.text(4), msh.text(4, 2).upper()
    if _ODS.fullmatch(code):
        return code, name[:200]
    return name.upper()[:20], ""


def _version_time(reading: Reading) -> datetime | None:
    """When this was recorded (EVN-2); told by the minute, the header's seconds put two of one minute in order."""
    recorded = reading.moment(reading.first("EVN"), 2).at
    sent = reading.sent_at
    if recorded is None or sent is None:
        return recorded or sent
    return sent if recorded == sent.replace(second=0, microsecond=0) else recorded


def _refusal(reading: Reading, msh: Segment) -> Reject | None:
    """Why this message isn't one that is read, if it isn't."""
    sort, event = msh.text(9), msh.text(9, 2)
    evn = reading.first("EVN")
    reading.event = event or (evn.text(1) if evn else "")
    if not (_SAFE.fullmatch(sort) and _SAFE.fullmatch(reading.event)):
        return _reject("MSH-9 doesn't say which message this is; ADT^A01 or its like is expected.", "no-type", "MSH-9")
    if reading.event not in _KNOWN.get(sort, ()):
        known = "; ".join(f"{name} {', '.join(sorted(told))}" for name, told in _KNOWN.items())
        reason = f"{sort} {reading.event} messages aren't read; these are: {known}."
        return _reject(reason, "message-type-unknown", "MSH-9")
    version = msh.text(12)
    if version and not _VERSION.fullmatch(version):
        return _reject("MSH-12 names no version 2 of HL7; send 2.3 to 2.5.1.", "version-unknown", "MSH-12")
    if version not in _READ_VERSIONS:
        text = "not one of the versions 2.3 to 2.5.1: read as if it were"
        reading.fault("MSH[1].12", "version-other", text, Severity.NOTE)
    return None


def _no_patient(reading: Reading) -> Reject | None:
    if not reading.groups:
        return _reject("The message has no PID segment, so nobody can be told whom it is about.", "no-patient", "PID")
    if not any(local_id(Reading([]), group[0], 3) for group in reading.groups):
        return _reject("PID-3 holds no identifier of the person; the sender must put one in.", "no-patient", "PID-3")
    return None


def _told(reading: Reading, sort: str) -> tuple[dict[str, PersonRow], list[EntryRow], list[EventRow]]:
    """People, entries and events, person by person."""
    people: dict[str, PersonRow] = {}
    named: list[PersonRow] = []
    entries: list[EntryRow] = []
    moves: list[EventRow] = []
    reader = {"ADT": entry_rows, "ORU": report_rows, "MDM": document_rows}[sort]
    for group in reading.groups:
        pid = group[0]
        reading.group, reading.local_id = group, local_id(reading, pid, 3)
        if not reading.local_id:
            reading.fault(
                f"{pid.path}.3", "no-patient", "no identifier of this person: what is said of it was left out"
            )
            continue
        if reading.local_id not in people:
            people[reading.local_id] = person_row(reading, pid)
        entries += reader(reading)
        merged, others = events.merges(reading)
        moves += [*events.visit_event(reading), *merged]
        named += others
    moves += events.linked(reading, list(people))
    for other in named:
        people.setdefault(other.local_id, other)
    return people, _once(reading, entries), moves


def _once(reading: Reading, entries: list[EntryRow]) -> list[EntryRow]:
    """Each fact once, though two groups of the message tell it."""
    found: dict[tuple[str, str], EntryRow] = {}
    for entry in entries:
        key = (entry.type, entry.source_id)
        if key in found:
            text = "the same fact came before in this message; left out"
            reading.fault(entry.path, "repeated", text, Severity.NOTE)
        found.setdefault(key, entry)
    return list(found.values())


def _message_id(msh: Segment) -> str:
    number = msh.text(10)
    return f"{msh.text(3)}|{msh.text(4)}|{number}" if number else ""


def _reject(reason: str, code: str, path: str) -> Reject:
    return Reject(reason, code, path, FORMAT)
