"""Wire formats to canonical rows and back. No Django, no database, no network.

`read` turns the bytes of one message into a Message or a Reject and never raises; `split` takes a file apart
into its messages. A new format is one module and one line in `_READERS`.
"""

import re
from collections.abc import Callable, Iterator

from oneplace.formats import edifact, fhir, hl7v2
from oneplace.kernel.rows import Message, Reject

_READERS: dict[str, Callable[[bytes], Message | Reject]] = {
    **dict.fromkeys(fhir.FORMATS, fhir.read),
    hl7v2.FORMAT: hl7v2.read,
    edifact.FORMAT: edifact.read,
}
_HEADERS = (b"MSH", b"FHS", b"BHS")
_EDIFACT = (b"UNA", b"UNB+")
_MESSAGE = re.compile(rb"(?:\A(?:\xef\xbb\xbf)?|[\r\n\x0b\x1c])[ \t]*(?=MSH)")
_BATCH_END = re.compile(rb"[\r\n](?:BTS|FTS|BHS|FHS)[^\r\n]*")
_FRAMING = b" \t\r\n\x0b\x0c\x1c\x00"


def sniff(raw: bytes, name: str = "") -> str | None:
    """The format of these bytes, told from their beginning; None where none is known. Names of files are not used."""
    start = _start(raw)
    if start.startswith(_HEADERS):
        return hl7v2.FORMAT
    if start.startswith(_EDIFACT):
        return edifact.FORMAT
    if start.startswith(b"<"):
        return "fhir-stu3-xml"
    return fhir.FORMAT if start.startswith((b"{", b"[")) else None


def read(raw: bytes, name: str = "") -> Message | Reject:
    """One message as canonical rows, or the reason in plain words why it can't be read. Never raises."""
    if not _start(raw) and not raw.strip(_FRAMING):
        return Reject("The file is empty; ask the sender to send it again.", "empty")
    format_name = sniff(raw)
    if format_name is None:
        return _unknown(raw)
    try:
        return _READERS[format_name](raw)
    except Exception as error:
        reason = f"Our reader failed ({type(error).__name__}); keep the file and report the fault."
        return Reject(reason, "reader-fault", "", format_name)


def split(raw: bytes, name: str = "") -> Iterator[bytes]:
    """The messages of one file: several HL7 or EDIFACT messages, a bundle a line (NDJSON), else the file itself."""
    start = _start(raw)
    if start.startswith(_HEADERS):
        yield from _hl7_messages(raw)
    elif start.startswith(_EDIFACT):
        yield from edifact.split(raw)
    elif _is_ndjson(raw):
        yield from (line for line in raw.splitlines() if line.strip())
    else:
        yield raw


def _start(raw: bytes) -> bytes:
    """The first bytes of text, without byte order marks and framing, as if they were in UTF-8."""
    head = raw[:4096]
    if head.startswith((b"\xff\xfe", b"\xfe\xff", b"\x00\x00\xfe\xff")):
        head = head.replace(b"\0", b"").lstrip(b"\xff\xfe")
    return head.removeprefix(b"\xef\xbb\xbf").lstrip(_FRAMING)


def _hl7_messages(raw: bytes) -> Iterator[bytes]:
    starts = [found.end() for found in _MESSAGE.finditer(raw)]
    batch = len(starts) > 1 or _start(raw).startswith((b"FHS", b"BHS"))
    if not starts or not batch:
        yield raw
        return
    for begin, end in zip(starts, [*starts[1:], len(raw)], strict=True):
        yield _BATCH_END.sub(b"", raw[begin:end]).strip(_FRAMING)


def _is_ndjson(raw: bytes) -> bool:
    """True where the first line is a whole object and another begins on the next."""
    end = raw.find(b"\n")
    first = raw[: max(end, 0)].rstrip()
    return first.endswith(b"}") and _start(first).startswith(b"{") and raw[end : end + 4096].lstrip().startswith(b"{")


def _unknown(raw: bytes) -> Reject:
    return Reject(
        "No format that is known: FHIR begins with { in JSON and < in XML, HL7 v2 with MSH.", "format-unknown"
    )
