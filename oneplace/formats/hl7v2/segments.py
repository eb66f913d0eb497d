"""HL7 v2 text to segments and fields, with the separators that the message itself declares.

Splitting is our own: python-hl7 (the twin in the tests) takes 1.3 ms a message where this takes some µs, and it
stops at a broken header with an assertion instead of a reason. Fields are split only when they are asked for.
"""

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import NamedTuple

from oneplace.formats.shape import FIRST_YEAR, Moment
from oneplace.kernel.clock import LONDON
from oneplace.kernel.rows import Reject

FORMAT = "hl7-v2"

_NAME = re.compile(r"[A-Z][A-Z0-9]{2}")
_TIME = re.compile(
    r"(?P<year>[0-9]{4})(?:(?P<month>[0-9]{2})(?:(?P<day>[0-9]{2})(?:(?P<hour>[0-9]{2})(?P<minute>[0-9]{2})?"
    r"(?P<second>[0-9]{2})?(?:\.[0-9]{1,6})?)?)?)?(?P<zone>[+-][0-9]{4})?"
)
_HEX = re.compile(r"X([0-9A-Fa-f]{2})+")
_LINE_BREAK = re.compile(r"\.(br|sp|ce)[+-]?[0-9]*")
_FORMATTING = re.compile(r"[HN]|\.[a-z]{2}[+-]?[0-9]*|[CM][0-9A-Fa-f]{4,6}|Z\w*")
_BREAK = re.compile(r"(\r\n|\r|\n)")
_AFTER_HEADER = frozenset({"SFT", "UAC", "EVN", "PID", "PD1", "PV1", "NTE", "ORC", "OBR", "OBX", "MRG", "TXA", "MSA"})
_VERSION_FIELD = 12
_RUNS_ON = frozenset({"NTE", "OBX"})
_DEBRIS = "_"  # what a copy out of a PDF leaves of a wrapped name such as ORU_R01


class Separators(NamedTuple):
    """The characters that part fields, components, repetitions and subcomponents, and the escape."""

    field: str = "|"
    component: str = "^"
    repetition: str = "~"
    escape: str = "\\"
    sub: str = "&"


class Segment:
    """One segment; fields are numbered as in the standard (PID-3 is field 3)."""

    __slots__ = ("fields", "name", "path", "separators")

    def __init__(self, line: str, separators: Separators, path: str) -> None:
        self.fields = line.split(separators.field)
        self.name = self.fields[0]
        if self.name == "MSH":
            self.fields.insert(1, separators.field)
        self.separators = separators
        self.path = path

    def whole(self, field: int) -> str:
        """The field as it stands; '' where the segment is shorter or the field says "delete" (two quotes)."""
        value = self.fields[field] if field < len(self.fields) else ""
        return "" if value == '""' else value

    def repetitions(self, field: int) -> list[str]:
        """The repetitions of a field that say something."""
        value = self.whole(field)
        return [part for part in value.split(self.separators.repetition) if part] if value else []

    def text(self, field: int, component: int = 1) -> str:
        """One component of the field's first repetition, in plain characters."""
        value = self.whole(field)
        return self.part(value.split(self.separators.repetition, 1)[0], component) if value else ""

    def part(self, repetition: str, component: int) -> str:
        """One component of a repetition, its first subcomponent, in plain characters."""
        return self.sub(repetition, component, 1)

    def sub(self, repetition: str, component: int, number: int) -> str:
        """One subcomponent of a component of a repetition, in plain characters."""
        parts = repetition.split(self.separators.component)
        if component > len(parts):
            return ""
        subs = parts[component - 1].split(self.separators.sub)
        value = subs[number - 1].strip() if number <= len(subs) else ""
        return "" if value == '""' else self._plain(value)

    def _plain(self, value: str) -> str:
        escape = self.separators.escape
        if not escape or escape not in value:
            return value
        pieces = value.split(escape)
        for index in range(1, len(pieces) - 1, 2):  # what stands between two escapes is a name for a character
            pieces[index] = self._character(pieces[index])
        if len(pieces) % 2 == 0:  # an escape without its partner stays as it is
            pieces[-1] = escape + pieces[-1]
        return "".join(pieces)

    def _character(self, name: str) -> str:
        known = {"F": 0, "S": 1, "R": 2, "E": 3, "T": 4}
        if name in known:
            return self.separators[known[name]]
        if _LINE_BREAK.fullmatch(name):
            return "\n"
        if _HEX.fullmatch(name):
            return _characters(bytes.fromhex(name[1:]))
        # Highlighting, indents and other character sets say nothing here; a path with backslashes stays.
        return "" if _FORMATTING.fullmatch(name) else f"{self.separators.escape}{name}{self.separators.escape}"


def _characters(told: bytes) -> str:
    try:
        return told.decode().replace("\0", "")
    except UnicodeDecodeError:
        return told.decode("latin-1").replace("\0", "")


def separators_of(line: str) -> Separators | Reject:
    """The separators that an MSH line declares, or what is broken in it."""
    field = line[3:4]
    encoding = line[4 : line.find(field, 4)] if field and field in line[4:] else ""
    if not 3 <= len(encoding) <= 5 or len(set(field + encoding)) <= len(encoding) or (field + encoding).isalnum():
        column = min(len(line), 8) + 1
        return Reject(
            f"The header is broken at line 1, column {column}: after MSH and its first separator four others (^~\\&) "
            "and the first one again are expected; a line break inside the header does this. "
            "Send the message with each segment on one line.",
            "header-broken",
            "MSH-2",
            FORMAT,
        )
    return Separators(field, encoding[0], encoding[1], encoding[2], encoding[3:4] or "&")


class Lines(NamedTuple):
    """The lines of a message with their numbers, which went on from the one before, which are no segment."""

    told: list[tuple[int, str]]
    joined: list[int]
    strangers: list[int]


def lines_of(text: str) -> Lines:
    """The segments' lines. A line that a sender broke in the middle is put together where that is safe.

    Within the header nothing but its rest can follow; a line feed among carriage returns belongs to the text; notes
    and findings run on. Elsewhere a strange line is left out: joined, it would spoil the field before it.
    """
    pieces = _BREAK.split(text)
    lines = Lines([(1, pieces[0])], [], [])
    told, separator, wrapped = lines.told, pieces[0][3:4], False
    for index in range(1, len(pieces) - 1, 2):
        number, line = index // 2 + 2, pieces[index + 1]
        if not line.strip():
            continue
        within_header = len(told) == 1 and not _ends_header(told[0][1], line, separator)
        if not within_header and _is_segment(line, separator):
            told.append((number, line))
        elif not within_header and pieces[index] == "\n" and "\r" in text:
            told[-1] = (told[-1][0], f"{told[-1][1]}\n{line}")
        elif within_header or wrapped or told[-1][1][:3] in _RUNS_ON:
            wrapped |= within_header
            _join(told, line, "" if within_header else " ")
            lines.joined.append(number)
        else:
            lines.strangers.append(number)
    return lines


def _is_segment(line: str, separator: str) -> bool:
    return bool(_NAME.fullmatch(line[:3])) and line[3:4] in {separator, ""}


def _ends_header(header: str, line: str, separator: str) -> bool:
    """True for a line that can follow the header: R01|5051 is half of ORU_R01|5051 until MSH-12 has come."""
    whole = bool(separator) and header.count(separator) >= _VERSION_FIELD - 1
    return _is_segment(line, separator) and (whole or line[:3] in _AFTER_HEADER)


def _join(told: list[tuple[int, str]], line: str, between: str) -> None:
    if line.strip() != _DEBRIS:
        told[-1] = (told[-1][0], told[-1][1] + between + line)


def segments_of(lines: Iterable[str], separators: Separators) -> list[Segment]:
    """The segments with their paths (DG1[2])."""
    found, count = [], dict[str, int]()
    for line in lines:
        name = line[:3]
        count[name] = count.get(name, 0) + 1
        found.append(Segment(line, separators, f"{name}[{count[name]}]"))
    return found


def moment_of(text: str) -> Moment:
    """An HL7 timestamp; without an offset it is London's wall clock. Raises ValueError or OverflowError."""
    told = _TIME.fullmatch(text)
    if told is None or int(told["year"]) < FIRST_YEAR:
        raise ValueError("not an HL7 timestamp of our times")
    year, month, day, hour, minute, second = (int(told[index] or 0) for index in range(1, 7))
    at = datetime(year, 1 if told["month"] is None else month, 1 if told["day"] is None else day, hour, minute, second)
    if told["hour"] is None:
        precision = "year" if told["month"] is None else "month" if told["day"] is None else ""
        return Moment(at.replace(tzinfo=UTC), True, precision)
    return Moment(at.replace(tzinfo=_zone(told["zone"])).astimezone(UTC))


def _zone(offset: str | None) -> tzinfo:
    if offset is None:
        return LONDON
    minutes = int(offset[1:3]) * 60 + int(offset[3:])
    return timezone(timedelta(minutes=-minutes if offset[0] == "-" else minutes))
