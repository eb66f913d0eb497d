"""Answers to HL7 v2 messages: ACK with MSA and ERR, in original and in enhanced mode; truthful, without person data.

Source: HL7 v2.5.1 chapter 2 (2.9.2 original, 2.9.3 enhanced; tables 0008, 0155, 0357). AA or CA is written only for
what is durable; who was answered AE or CE with code 207 finds nothing kept and should send again. The same message
gets the same codes and the same control id whenever it comes.
"""

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime

from oneplace.formats.charset import decoded
from oneplace.formats.hl7v2.segments import Segment, Separators, lines_of, separators_of
from oneplace.kernel.rows import Reject

UNACCEPTABLE = frozenset(
    {
        "charset", "empty", "format-unknown", "header-broken", "header-missing", "message-type-unknown", "no-type",
        "processing-id", "source-other", "too-long", "version-unknown",
    }
)  # fmt: skip
"""Refused for what the message is (AR, CR); other refusals are for what it says (AE)."""
NOT_KEPT = "not-kept"
"""Code of the refusal that says: storage failed, nothing was kept."""
_ERRORS = {
    "charset": "102", "header-broken": "100", "header-missing": "100", "id-used-twice": "205",
    "message-type-unknown": "200", "no-patient": "101", "no-type": "101", "processing-id": "202",
    "source-missing": "101", "source-other": "204", "version-unknown": "203", NOT_KEPT: "207",
}  # fmt: skip
_DATA_ERROR = "102"
_WHERE = re.compile(r"([A-Z][A-Z0-9]{2})(?:\[([0-9]+)\])?(?:[-.]([0-9]+))?")
_USUAL = Separators()


@dataclass(frozen=True, slots=True)
class Header:
    """What an answer needs of the message's header; empty where that can't be read."""

    separators: Separators = _USUAL
    sender: tuple[str, str] = ("", "")  # application and facility, as written
    receiver: tuple[str, str] = ("", "")
    event: str = ""
    control_id: str = ""
    processing: str = ""
    version: str = ""
    accept: str = ""  # MSH-15
    application: str = ""  # MSH-16
    digest: str = ""  # of the whole message


def header_of(raw: bytes) -> Header:
    """The header of a message, however broken the rest may be. Never raises."""
    digest = hashlib.sha256(raw).hexdigest()
    told = decoded(raw)
    if told is None:
        return Header(digest=digest)
    line = lines_of(told[0].replace("\0", "").strip("\x0b\x1c\r\n \t")).told[0][1]
    separators = separators_of(line) if line.startswith("MSH") else None
    if not isinstance(separators, Separators):
        return Header(digest=digest)
    msh = Segment(line, separators, "MSH[1]")
    return Header(
        separators,
        (msh.whole(3), msh.whole(4)),
        (msh.whole(5), msh.whole(6)),
        msh.text(9, 2),
        msh.whole(10),
        msh.text(11),
        msh.text(12),
        msh.text(15),
        msh.text(16),
        digest,
    )


def answers(header: Header, refusal: Reject | None, at: datetime) -> list[bytes]:
    """The acknowledgements that this sender asked for, in order; `refusal` is None where the message was filed.

    None at all where it asked for none: MSH-15 and MSH-16 say NE, or ask about other outcomes alone.
    """
    unacceptable = refusal is not None and refusal.code in UNACCEPTABLE
    lost = refusal is not None and refusal.code == NOT_KEPT
    final = "AA" if refusal is None else "AR" if unacceptable else "AE"
    if not header.accept and not header.application:
        return [_ack(header, final, refusal, at)]
    commit = "CR" if unacceptable else "CE" if lost else "CA"
    told = [_ack(header, commit, refusal if commit != "CA" else None, at)] if _asked(header.accept, commit) else []
    # Without the accept answer (or after a good one) the application's own answer follows.
    if (commit == "CA" or not told) and _asked(header.application, final):
        told.append(_ack(header, final, refusal, at))
    return told


def _asked(condition: str, code: str) -> bool:
    """Whether the sender wants this answer: always, on success, on error, never."""
    good = code in {"AA", "CA"}
    return {"AL": True, "SU": good, "ER": not good}.get(condition.upper(), False)


def _ack(header: Header, code: str, refusal: Reject | None, at: datetime) -> bytes:
    field, component, repetition, escape, sub = header.separators
    number = hashlib.sha256(f"{header.digest}{code}".encode()).hexdigest()[:18]
    sort = component.join(("ACK", header.event, "ACK")) if header.event else "ACK"
    encoding, when = component + repetition + escape + sub, f"{at:%Y%m%d%H%M%S}+0000"
    version = (header.processing or "P", header.version or "2.5.1")
    lines: list[tuple[str, ...]] = [
        ("MSH", encoding, *header.receiver, *header.sender, when, "", sort, f"P{number}", *version),
        ("MSA", code, header.control_id, _escaped(refusal.reason if refusal else "", header.separators)),
    ]
    if refusal:
        lines.append(_error(refusal, header))
    return "".join(field.join(line).rstrip(field) + "\r" for line in lines).encode()


def _error(refusal: Reject, header: Header) -> tuple[str, ...]:
    """ERR as the sender's version has it: one coded field before 2.5, place, code and words from 2.5 on."""
    component, sub = header.separators.component, header.separators.sub
    number, words = _ERRORS.get(refusal.code, _DATA_ERROR), _escaped(refusal.reason, header.separators)
    found = _WHERE.match(refusal.path)
    place = (found[1], found[2] or "1", found[3] or "") if found else ("", "", "")
    if (header.version or "2.5.1") < "2.5":
        return ("ERR", component.join((*place, sub.join((number, words, "HL70357")))))
    coded = component.join((number, "", "HL70357"))
    return ("ERR", "", component.join(place).rstrip(component), coded, "E", "", "", "", words)


def _escaped(words: str, separators: Separators) -> str:
    """The words with the message's own separators as escapes."""
    names = dict(zip(separators, "FSRET", strict=True))
    escape = separators.escape
    return "".join(f"{escape}{names[letter]}{escape}" if letter in names and escape else letter for letter in words)
