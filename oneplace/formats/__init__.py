"""Wire formats to canonical rows and back. No Django, no database, no network.

`read` turns the bytes of one message into a Message or a Reject and never raises; `split` takes a file apart
into its messages. A new format is one module and one line in `_READERS`; a new extract is a layout in YAML.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import orjson

from oneplace.formats import edifact, fhir, hl7v2, tables
from oneplace.formats.charset import decoded
from oneplace.formats.tables import Layout
from oneplace.kernel.rows import Message, Reject

MAX_MESSAGE = 64 * 1024 * 1024
"""Bytes of one message that are read at once: a whole GP record with its letters takes 5 MB, and what is larger is
far likelier a file of many messages that was put together wrongly than one message."""
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


_STRANGERS = (
    (b"%PDF", "a PDF", "send it inside a FHIR document or as an attachment of a message"),
    (b"PK\x03\x04", "a zip or Office file", "unpack it, or save a sheet as CSV in UTF-8"),
    (b"\x1f\x8b", "a gzip file", "unpack it first"),
    (b"\xd0\xcf\x11\xe0", "an old Office file", "save it as CSV in UTF-8"),
)


def sniff(raw: bytes, name: str = "", layouts: Sequence[Layout] = ()) -> str | None:
    """The format of these bytes, told from their beginning; None where none is known. Names of files are not used."""
    start = _start(raw)
    if start.startswith(_HEADERS):
        return hl7v2.FORMAT
    if start.startswith(_EDIFACT):
        return edifact.FORMAT
    if start.startswith(b"<"):
        return "fhir-stu3-xml"
    if start.startswith((b"{", b"[")):
        return fhir.FORMAT
    found = tables.heading_of(start, layouts)
    return f"csv-{found[0].name}" if found else None


def read(raw: bytes, name: str = "", layouts: Sequence[Layout] = ()) -> Message | Reject:
    """One message as canonical rows, or the reason in plain words why it can't be read. Never raises.

    `layouts` are a place's own layouts of extracts, used beside those that are shipped.
    """
    if not _start(raw) and not raw.strip(_FRAMING):
        return Reject("The file is empty; ask the sender to send it again.", "empty")
    format_name = sniff(raw, name, layouts)
    if format_name is None:
        return _unknown(raw)
    try:
        if format_name not in _READERS:
            return tables.read(raw, layouts)
        answer = _READERS[format_name](raw)
        if isinstance(answer, Reject) and answer.code == "not-fhir" and format_name == fhir.FORMAT:
            return _row(raw, layouts) or answer
        return answer
    except Exception as error:
        reason = f"Our reader failed ({type(error).__name__}); keep the file and report the fault."
        return Reject(reason, "reader-fault", "", format_name)


def _row(raw: bytes, layouts: Sequence[Layout]) -> Message | Reject | None:
    """An object that is no FHIR but a row of an extract; None where its keys are of no layout."""
    text, guessed = decoded(raw) or ("", False)
    document = orjson.loads(text)
    return tables.read_object(document, guessed, layouts) if isinstance(document, dict) else None


class Piece(NamedTuple):
    """One message of a file, and where in the file it stands: line 812, or '' for a file that is one message."""

    raw: bytes
    place: str


def split(raw: bytes, name: str = "") -> Iterator[bytes]:
    """The messages of one file."""
    return (piece.raw for piece in pieces(raw))


def pieces(raw: bytes, layouts: Sequence[Layout] = ()) -> Iterator[Piece]:
    """The messages of one file: several HL7 or EDIFACT messages, an object a line (NDJSON), a row each of a table, else
    the file itself. Takes bytes or a file mapped into memory, of which one message at a time is copied."""
    start = _start(raw)
    if start.startswith(_HEADERS):
        yield from (Piece(one, f"message {at}") for at, one in enumerate(_hl7_messages(raw), 1))
    elif start.startswith(_EDIFACT):
        yield from (Piece(one, f"message {at}") for at, one in enumerate(edifact.split(bytes(raw)), 1))
    elif _is_ndjson(raw):
        yield from (Piece(line.strip(b"\r\n"), f"line {at}") for at, line in enumerate(_lines(raw), 1) if line.strip())
    elif not start.startswith((b"{", b"[", b"<")) and tables.heading_of(start, layouts):
        yield from (Piece(row, f"line {line}") for row, line in tables.rows(_in_utf8(raw)))
    else:
        yield Piece(raw, "")


def _lines(raw: bytes) -> Iterator[bytes]:
    position = 0
    while position < len(raw):
        end = raw.find(b"\n", position)
        end = len(raw) if end < 0 else end + 1
        yield bytes(raw[position:end])
        position = end


def _in_utf8(raw: bytes) -> bytes:
    """A table in a set of two bytes a character, written anew in UTF-8, so that its rows can be told apart."""
    if raw[:2] not in (b"\xff\xfe", b"\xfe\xff"):
        return raw
    told = decoded(bytes(raw))
    return told[0].encode() if told else raw


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
    start = _start(raw)
    for mark, what, cure in _STRANGERS:
        if start.startswith(mark) or raw[:8].startswith(mark):
            return Reject(f"This is {what}, which holds no messages as such; {cure}.", "format-foreign")
    if b"," in start[:2000].partition(b"\n")[0] and b"\n" in start:
        return Reject(
            "This may be a table, but its heading is that of no layout known here; describe the extract in a layout.",
            "layout-unknown",
        )
    return Reject(
        "No format that is known: FHIR begins with { in JSON and < in XML, HL7 v2 with MSH, a table with a heading.",
        "format-unknown",
    )
