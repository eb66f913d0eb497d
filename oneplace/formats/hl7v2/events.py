"""What a message does to ties and to who is whom: admissions and their undoing, merges, links, visits moved.

Every event carries its time, so that the newest stands in whatever order messages come.
"""

from datetime import datetime

from oneplace.formats.hl7v2.entries import place_of, visit_key
from oneplace.formats.hl7v2.people import doubtful, local_id
from oneplace.formats.hl7v2.reading import Reading
from oneplace.formats.hl7v2.segments import Segment
from oneplace.formats.hl7v2.triggers import ACCOUNTS, LINKS, MERGES, MOVED, VISITS
from oneplace.kernel.rows import EventRow, Move, PersonRow, Severity


def visit_event(reading: Reading) -> list[EventRow]:
    """What the trigger does to the tie of the current person with the sender."""
    trigger = VISITS.get(reading.event)
    if trigger is None or trigger.move is None:
        return []
    pv1 = reading.first("PV1")
    at = reading.moment(pv1, trigger.time_field).at if pv1 and trigger.time_field else None
    place, path = (place_of(pv1), pv1.path) if pv1 else ("", "EVN[1]")
    return [EventRow(reading.local_id, trigger.move, at or happened(reading), reading.visit, "", place, path)]


def happened(reading: Reading) -> datetime | None:
    """When the event happened: EVN-6, else when it was recorded."""
    return reading.moment(reading.first("EVN"), 6).at or reading.version_at


def merges(reading: Reading) -> tuple[list[EventRow], list[PersonRow]]:
    """What the merge segments of the current person say, and whom they name by a key alone."""
    events: list[EventRow] = []
    people: list[PersonRow] = []
    for segment in reading.group if reading.event in MERGES or reading.event == MOVED else ():
        if segment.name != "MRG":
            continue
        old = _prior(reading, segment)
        if old:
            events += _moved(reading, segment, old) if reading.event == MOVED else [_merged(reading, segment, old)]
            people.append(PersonRow(old, key_only=True, version_at=reading.version_at, path=segment.path))
    return events, people


def _prior(reading: Reading, mrg: Segment) -> str:
    """The key that the other person was known by; '' with an issue where it names nobody else."""
    old = "" if doubtful(mrg, 1) else local_id(reading, mrg, 1)
    if old and old != reading.local_id:
        return old
    reading.fault(f"{mrg.path}.1", "merge-unclear", "nobody else is named to be merged or to move a visit from")
    return ""


def _merged(reading: Reading, mrg: Segment, old: str) -> EventRow:
    return EventRow(reading.local_id, Move.MERGED, reading.version_at, other_local_id=old, path=mrg.path)


def _moved(reading: Reading, mrg: Segment, old: str) -> list[EventRow]:
    """The visit that MRG-5 names, else the PV1 that follows, belongs to the current person from now on."""
    following = reading.group[reading.group.index(mrg) + 1 :]
    pv1 = next((segment for segment in following if segment.name in {"PV1", "MRG"}), None)
    pv1 = pv1 if pv1 and pv1.name == "PV1" else None
    visit = mrg.text(5)[:120] or (visit_key(reading, pv1) if pv1 else "")
    if not visit:
        reading.fault(f"{mrg.path}.5", "visit-missing", "no visit number says which visit moved; none was moved")
        return []
    place = place_of(pv1) if pv1 else ""
    return [EventRow(reading.local_id, Move.VISIT_MOVED, reading.version_at, visit, old, place, mrg.path)]


def linked(reading: Reading, keys: list[str]) -> list[EventRow]:
    """Two people whom the sender says are one (A24), or are not after all (A37)."""
    move = LINKS.get(reading.event)
    if move is None:
        return []
    if len(set(keys)) != 2:
        reading.fault("PID[2]", "link-unclear", "two people are expected, each with an own identifier")
        return []
    return [EventRow(keys[0], move, reading.version_at, other_local_id=keys[1], path="PID[2]")]


def remarks(reading: Reading) -> None:
    """File what a trigger asks for and this record doesn't do."""
    if reading.event in ACCOUNTS:
        text = "account numbers were merged at the sender; nothing here is kept by account, so nothing changed"
        reading.fault("MRG[1].3", "account-merge", text, Severity.NOTE)
    elif reading.event == "A29":
        text = "the sender deleted this person at its end; what it told before is kept: tell whoever keeps the record"
        reading.fault("EVN[1]", "person-deleted", text, Severity.WARNING)
    elif reading.event == "A17" and len(reading.groups) != 2:
        reading.fault("PID[2]", "swap-unclear", "a swap of beds is about two people; the other is missing")
