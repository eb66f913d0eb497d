"""EDIFACT text to segments, elements and components; an interchange to its messages.

Source: ISO 9735 (UNA, UNB ... UNZ). The interchange's own count and number are checked before anything is taken from
it: if they don't hold, the whole is one refusal, for nobody knows what was lost.
"""

import codecs
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import NamedTuple

from oneplace.formats.shape import FIRST_YEAR, NEVER, Moment
from oneplace.kernel.clock import LONDON
from oneplace.kernel.rows import Reject

FORMAT = "edifact"
_FORMS = {"102": "%Y%m%d", "203": "%Y%m%d%H%M", "204": "%Y%m%d%H%M%S", "602": "%Y", "610": "%Y%m"}
_PRECISION = {"602": "year", "610": "month"}


class Marks(NamedTuple):
    """The characters that part components and elements, that release the next one, and that end a segment."""

    component: str = ":"
    element: str = "+"
    release: str = "?"
    end: str = "'"


class Segment:
    """One segment: `part(2, 1)` is the second component of the third element after the name, counted from 0."""

    __slots__ = ("elements", "name", "path")

    def __init__(self, text: str, marks: Marks, path: str = "") -> None:
        elements = _split(text, marks.element, marks.release)
        self.name = elements[0].strip()
        self.elements = [
            [_plain(part, marks.release) for part in _split(element, marks.component, marks.release)]
            for element in elements[1:]
        ]
        self.path = path

    def parts(self, element: int) -> list[str]:
        """The components of an element; none where the segment is shorter."""
        return self.elements[element] if element < len(self.elements) else []

    def part(self, element: int, component: int = 0) -> str:
        """One component; '' where there is none."""
        parts = self.parts(element)
        return parts[component].strip() if component < len(parts) else ""


class Interchange(NamedTuple):
    """An interchange taken apart: its header's text, each message's text, and its header."""

    head: str
    messages: list[str]
    header: Segment
    marks: Marks


def interchange_of(text: str) -> Interchange | Reject:
    """The interchange, or why it can't be relied on as a whole."""
    marks, start = _marks(text)
    spans = list(_spans(text, start, marks))
    names = [_name(text[begin:end], marks) for begin, end in spans]
    if not names or names[0] != "UNB":
        return _broken("The interchange doesn't begin with UNB.", "UNB")
    header = Segment(text[slice(*spans[0])][:-1], marks, "UNB")
    if names[-1] != "UNZ" or text[spans[-1][1] :].strip():
        return _broken("The interchange is cut short: it doesn't end with UNZ.", "UNZ")
    trailer = Segment(text[slice(*spans[-1])][:-1], marks, "UNZ")
    starts = [index for index, name in enumerate(names) if name == "UNH"]
    if trailer.part(1) != header.part(4):
        return _broken("The numbers of the interchange in UNB and UNZ are not the same.", "UNZ")
    if trailer.part(0).lstrip("0") != str(len(starts)):
        return _broken("UNZ tells another number of messages than there are.", "UNZ")
    ends = [*starts[1:], len(spans) - 1]
    messages = [text[spans[first][0] : spans[last][0]] for first, last in zip(starts, ends, strict=True)]
    return Interchange(text[: spans[0][1]], messages, header, marks)


def split(raw: bytes) -> Iterator[bytes]:
    """Each message of an interchange as an interchange of its own; the whole where it holds one or is broken."""
    told = interchange_of(raw.removeprefix(codecs.BOM_UTF8).decode("latin-1"))
    if isinstance(told, Reject) or len(told.messages) < 2:
        yield raw
        return
    end = f"UNZ{told.marks.element}1{told.marks.element}{told.header.part(4)}{told.marks.end}"
    for message in told.messages:
        yield f"{told.head}{message}{end}".encode("latin-1")


def segments_of(message: str, marks: Marks) -> list[Segment]:
    """The segments of one message, with their numbers as paths (NAD[7])."""
    found = [Segment(_unwrapped(message[begin : end - 1]), marks) for begin, end in _spans(message, 0, marks)]
    for number, segment in enumerate(found, 1):
        segment.path = f"{segment.name[:3]}[{number}]"
    return found


def moment_of(segment: Segment) -> Moment:
    """The time of a DTM segment, London's wall clock. Raises ValueError."""
    text, form = segment.part(0, 1), segment.part(0, 2)
    if not text:
        return NEVER
    told = datetime.strptime(text, _FORMS.get(form, ""))
    if told.year < FIRST_YEAR:
        raise ValueError("before any record")
    if form in {"203", "204"}:
        return Moment(told.replace(tzinfo=LONDON).astimezone(UTC))
    return Moment(told.replace(tzinfo=UTC), True, _PRECISION.get(form, ""))


def _marks(text: str) -> tuple[Marks, int]:
    """What UNA declares, else the usual ones; and where the segments begin."""
    start = len(text) - len(text.lstrip())
    if not text.startswith("UNA", start) or len(text) < start + 9:
        return Marks(), start
    declared = text[start + 3 : start + 9]
    return Marks(declared[0], declared[1], declared[3], declared[5]), start + 9


def _spans(text: str, start: int, marks: Marks) -> Iterator[tuple[int, int]]:
    """Where each segment begins and ends, its end mark within."""
    end, release = re.escape(marks.end), re.escape(marks.release)
    # A blank release character means that there is none.
    pattern = (
        f"[^{end}{release}]*(?:{release}.[^{end}{release}]*)*{end}" if marks.release.strip() else f"[^{end}]*{end}"
    )
    found = re.compile(pattern, re.DOTALL)
    while told := found.match(text, start):
        begin = start + len(told[0]) - len(told[0].lstrip())
        yield begin, told.end()
        start = told.end()


def _name(text: str, marks: Marks) -> str:
    return text.split(marks.element, 1)[0].strip(marks.end + " \r\n")


def _unwrapped(text: str) -> str:
    """Line breaks are no data: senders wrap at 80 characters or set one after each segment."""
    return text.replace("\r", "").replace("\n", "")


def _split(text: str, mark: str, release: str) -> list[str]:
    """The parts between marks that no release character stands before."""
    if not release.strip() or release not in text:
        return text.split(mark)
    return _walk(text, mark, release)


def _walk(text: str, mark: str, release: str) -> list[str]:
    parts, begin, index = [], 0, 0
    while index < len(text):
        if text[index] == release:
            index += 1
        elif text[index] == mark:
            parts.append(text[begin:index])
            begin = index + 1
        index += 1
    return [*parts, text[begin:]]


def _plain(text: str, release: str) -> str:
    return re.sub(re.escape(release) + "(.?)", r"\1", text, flags=re.DOTALL) if release.strip() else text


def _broken(what: str, path: str) -> Reject:
    reason = f"{what} Nothing of it was taken; ask the sender for the whole interchange again."
    return Reject(reason, "interchange-broken", path, FORMAT)
