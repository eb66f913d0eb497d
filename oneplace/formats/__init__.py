"""Wire formats to canonical rows and back. No Django, no database, no network.

`read` turns the bytes of one message into a Message or a Reject and never raises; `split` takes a file apart
into its messages. A new format is one module and one line in `_READERS`; a new extract is a layout in YAML.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import orjson

from oneplace.formats import edifact, fhir, hl7v2, limits, tables
from oneplace.formats.charset import decoded
from oneplace.formats.tables import Layout
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
    """One message of a file, and where in the file it stands: line 812, or '' for a file that is one message.

    A message larger than `limits.MAX_MESSAGE` comes as a view of the file, for a digest and for its beginning; it can't
    be read.
    """

    raw: Any  # bytes, or a memoryview of what is too large
    place: str


def split(raw: bytes, name: str = "") -> Iterator[Any]:
    """The messages of one file."""
    return (piece.raw for piece in pieces(raw))


def pieces(raw: Any, layouts: Sequence[Layout] = ()) -> Iterator[Piece]:
    """The messages of one file: several HL7 or EDIFACT messages, an object a line (NDJSON), a row each of a table, else
    the file itself. Takes bytes or a file mapped into memory, of which one message at a time is copied."""
    start = _start(raw)
    if start.startswith(_HEADERS):
        yield from (Piece(one, f"message {at}") for at, one in enumerate(_hl7_messages(raw), 1))
    elif start.startswith(_EDIFACT) and len(raw) <= limits.MAX_MESSAGE:  # its own count must hold before any is taken
        yield from (Piece(one, f"message {at}") for at, one in enumerate(edifact.split(bytes(raw)), 1))
    elif _is_ndjson(raw):
        yield from _lines(raw)
    elif _is_table(raw, start, layouts):
        yield from (Piece(row, f"line {line}") for row, line in tables.rows(_in_utf8(raw)))
    else:
        yield Piece(limits.taken(raw, 0, len(raw)), "")


def _lines(raw: Any) -> Iterator[Piece]:
    """The lines that say something; a line that is too large as a view."""
    position, number = 0, 0
    while position < len(raw):
        end, number = raw.find(b"\n", position), number + 1
        end = len(raw) if end < 0 else end + 1
        line = limits.taken(raw, position, end)
        if isinstance(line, memoryview):
            yield Piece(line, f"line {number}")
        elif line.strip():
            yield Piece(line.strip(b"\r\n"), f"line {number}")
        position = end


def _is_table(raw: Any, start: bytes, layouts: Sequence[Layout]) -> bool:
    """True for an extract whose rows can be told apart: one in two bytes a character must first be written anew as a
    whole, so a large one is refused as one message."""
    if start.startswith((b"{", b"[", b"<", *_EDIFACT)) or (_is_wide(raw) and len(raw) > limits.MAX_MESSAGE):
        return False
    return tables.heading_of(start, layouts) is not None


def _is_wide(raw: Any) -> bool:
    return raw[:2] in (b"\xff\xfe", b"\xfe\xff")


def _in_utf8(raw: Any) -> Any:
    """A table in a set of two bytes a character, written anew in UTF-8."""
    if not _is_wide(raw):
        return raw
    told = decoded(bytes(raw))
    return told[0].encode() if told else raw


def _start(raw: bytes) -> bytes:
    """The first bytes of text, without byte order marks and framing, as if they were in UTF-8."""
    head = raw[:4096]
    if head.startswith((b"\xff\xfe", b"\xfe\xff", b"\x00\x00\xfe\xff")):
        head = head.replace(b"\0", b"").lstrip(b"\xff\xfe")
    return head.removeprefix(b"\xef\xbb\xbf").lstrip(_FRAMING)


def _hl7_messages(raw: Any) -> Iterator[Any]:
    first = _MESSAGE.search(raw)
    following = _MESSAGE.search(raw, first.end() + 1) if first else None
    if first is None or not (following or _start(raw).startswith((b"FHS", b"BHS"))):
        yield limits.taken(raw, 0, len(raw))
        return
    begin = first.end()
    while begin < len(raw):
        end = following.end() if following else len(raw)
        one = limits.taken(raw, begin, end)
        yield one if isinstance(one, memoryview) else _BATCH_END.sub(b"", one).strip(_FRAMING)
        # Past the beginning of this one: a search that may find it again would never end.
        begin, following = end, _MESSAGE.search(raw, end + 1) if following else None


def _is_ndjson(raw: Any) -> bool:
    """True where the first line is a whole object and another begins on the next."""
    end = raw.find(b"\n")
    last = raw[max(end - 4096, 0) : max(end, 0)].rstrip()
    return last.endswith(b"}") and _start(raw).startswith(b"{") and raw[end : end + 4096].lstrip().startswith(b"{")


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
