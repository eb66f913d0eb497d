"""EDIFACT reports of pathology and screening (MEDRPT: NHS002, NHS003, NHS004) to canonical rows.

Source: NHS pathology messaging implementation guides; golden pairs of NHSDigital's integration-adaptor-lab-results.
`read` takes an interchange of one message, which is what `split` gives. What fails is told apart: the interchange, one
message of it, one value.
"""

from oneplace.formats.charset import decoded
from oneplace.formats.edifact.people import person_of
from oneplace.formats.edifact.reading import Reading
from oneplace.formats.edifact.reports import entry_rows
from oneplace.formats.edifact.segments import FORMAT, Interchange, Segment, interchange_of, segments_of, split
from oneplace.kernel.rows import Message, Reject, Severity

__all__ = ["FORMAT", "read", "split"]

_MESSAGES = frozenset({"NHS002", "NHS003", "NHS004"})


def read(raw: bytes) -> Message | Reject:
    """One message, or why it can't be one."""
    told = decoded(raw)
    if told is None:
        return Reject("The characters are in no known set; send it in UNOC.", "charset", "", FORMAT)
    interchange = interchange_of(told[0])
    if isinstance(interchange, Reject):
        return interchange
    if len(interchange.messages) != 1:
        reason = f"An interchange of {len(interchange.messages)} messages; they are taken apart before they are read."
        return Reject(reason, "several-messages", "UNZ", FORMAT)
    segments = segments_of(interchange.messages[0], interchange.marks)
    return _refusal(segments) or _message(interchange, segments)


def _refusal(segments: list[Segment]) -> Reject | None:
    """Why the message in a sound interchange can't be read, if it can't."""
    head, tail = segments[0], segments[-1]
    if tail.name != "UNT" or tail.part(1) != head.part(0):
        reason = (
            "The message's numbers in UNH and UNT are not the same, or its end is missing; ask the sender for it again."
        )
        return Reject(reason, "message-broken", "UNT", FORMAT)
    if head.part(1) != "MEDRPT" or head.part(1, 4) not in _MESSAGES:
        reason = f"Only MEDRPT messages {', '.join(sorted(_MESSAGES))} are read; this is another."
        return Reject(reason, "message-type-unknown", "UNH", FORMAT)
    return None


def _message(interchange: Interchange, segments: list[Segment]) -> Message | Reject:
    reading = Reading(segments)
    if segments[-1].part(0).lstrip("0") != str(len(segments)):
        text = "UNT tells another number of segments than there are: some may be lost"
        reading.fault("UNT", "segment-count", text, Severity.WARNING)
    reading.sent_at = reading.dated("137").at
    person = person_of(reading)
    if isinstance(person, Reject):
        return person
    code, name = _laboratory(reading)
    header = interchange.header
    entries = entry_rows(reading, person.local_id)
    return Message(
        FORMAT,
        code,
        name,
        (person,),
        entries,
        (),
        tuple(reading.issues),
        "|".join((header.part(1), header.part(4), f"{header.part(3)}:{header.part(3, 1)}", segments[0].part(0))),
        reading.sent_at,
        len(segments),
    )


def _laboratory(reading: Reading) -> tuple[str, str]:
    """Code and name of the organisation whose laboratory this is; many send the name alone."""
    for party in reading.parties("SLA", "ORG"):
        return party.part(1).upper()[:20], "".join(party.parts(3)).strip()[:200]
    return "", ""
