"""Extracts as tables: CSV with a heading, or an object a line (NDJSON), each row read by a declared layout.

A row is a message of its own (its heading comes with it), so that one bad row costs itself alone and keeps its own
bytes, reason and replay. Which layout a row is of is told by its columns, never by a file's name.
"""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import orjson

from oneplace.formats.charset import decoded
from oneplace.formats.limits import taken
from oneplace.formats.tables.layouts import Layout, LayoutFault, check_together, layout_of, layouts_of, shipped
from oneplace.formats.tables.rows import message_of
from oneplace.kernel.rows import Issue, Message, Reject

__all__ = [
    "Layout", "LayoutFault", "check_together", "heading_of", "layout_of", "layouts_of", "read", "read_object", "rows",
    "shipped",
]  # fmt: skip

_DELIMITERS = ",;\t|"
_MOST_COLUMNS = 400
_QUOTE = ord('"')
_NO_ROW = (
    "There is no row beneath the heading. If there was nothing to tell, nothing is to be done; if the file was cut "
    "short, ask the sender to send it again."
)


def heading_of(start: bytes, layouts: Sequence[Layout] = ()) -> tuple[Layout, str] | None:
    """The layout and delimiter of a table that begins like this; None where no layout has such columns.

    `layouts` are a place's own, which stand beside those that are shipped and go before them.
    """
    return _layout_of(start.partition(b"\n")[0], tuple(layouts))


@lru_cache(maxsize=64)  # every row of a table comes with its heading
def _layout_of(first: bytes, layouts: tuple[Layout, ...]) -> tuple[Layout, str] | None:
    told = decoded(first)
    if told is None:
        return None
    for delimiter in _DELIMITERS:
        names = _columns(told[0].strip("\r").split(delimiter))
        layout = _layout(names, layouts)
        if layout:
            return layout, delimiter
    return None


def rows(raw: Any) -> Iterator[tuple[Any, int]]:
    """Each row of a table with the heading before it, and its line in the file; a quoted line break ends no row.

    A heading without rows comes alone: a file cut off in its first line must not vanish. A row, or a heading, larger
    than a message may be comes by itself, as a view of the file.
    """
    position, line, met = raw.find(b"\n") + 1, 2, False
    heading = taken(raw, 0, position)
    if isinstance(heading, memoryview):
        yield taken(raw, 0, len(raw)), 1
        return
    heading = heading.partition(b"\r")[0].rstrip(b"\n") + b"\n"
    while 0 < position < len(raw):
        end, lines = _row_end(raw, position)
        row = taken(raw, position, end)
        if isinstance(row, memoryview) or row.strip(b" ,;\t|\0\r\n"):
            met = True
            yield row if isinstance(row, memoryview) else heading + row.rstrip(b"\r\n"), line
        position, line = end, line + lines
    if not met:
        yield taken(raw, 0, len(raw)), 1


def _row_end(raw: Any, start: int) -> tuple[int, int]:
    """Where a row ends and how many lines it takes: at a line break with every quote closed.

    What is already too large to be a row ends where its line does: its quotes aren't looked for.
    """
    position, lines, quotes = start, 0, 0
    while True:
        end = raw.find(b"\n", position)
        end = len(raw) if end < 0 else end + 1
        lines += 1
        part = taken(raw, position, end)
        if isinstance(part, memoryview):
            return end, lines
        quotes += part.count(_QUOTE)
        if quotes % 2 == 0 or end == len(raw) or lines > 200:
            return end, lines
        position = end


def read(raw: bytes, layouts: Sequence[Layout] = ()) -> Message | Reject:
    """One row with its heading as a message, or the reason why it can't be one."""
    found = heading_of(raw, layouts)
    if found is None:
        return Reject("The heading is that of no layout known here; see docs, 'Describe an extract'.", "layout-unknown")
    layout, delimiter = found
    format_name = f"csv-{layout.name}"
    told = decoded(raw)
    if told is None:
        return Reject("The characters are in no known set; send the file in UTF-8.", "charset", "", format_name)
    first, _, rest = told[0].partition("\n")
    try:
        heading = _heading(first, delimiter)
        told_rows = list(csv.reader(io.StringIO(rest, newline=""), delimiter=delimiter, strict=True))
    except csv.Error:
        reason = "A quotation mark is missing or stands in the wrong place, so the row's columns can't be told apart."
        return Reject(reason, "row-broken", "", format_name)
    fault = _fault(heading, told_rows)
    if fault:
        return Reject(fault[1], fault[0], "", format_name)
    values = dict(zip(heading.columns, (value.strip() for value in told_rows[0]), strict=True))
    return message_of(values, layout, format_name, _guess(told[1]))


class _Heading(NamedTuple):
    """The columns of a table, and the first that is named twice."""

    columns: tuple[str, ...]
    twice: str


@lru_cache(maxsize=64)
def _heading(first: str, delimiter: str) -> _Heading:
    columns = _columns(next(csv.reader([first], delimiter=delimiter, strict=True)))
    return _Heading(tuple(columns), min((name for name in columns if name and columns.count(name) > 1), default=""))


def _fault(heading: _Heading, told: Sequence[Sequence[str]]) -> tuple[str, str] | None:
    if len(told) != 1:
        return "row-missing", _NO_ROW
    if heading.twice:
        return "column-twice", f"The heading names '{heading.twice[:40]}' twice; which one counts can't be told."
    if len(told[0]) != len(heading.columns):
        return (
            "columns-count",
            f"The row has {len(told[0])} columns and the heading {len(heading.columns)}: was it cut short, or is a "
            "text with the delimiter in it not quoted?",
        )
    return None


def read_object(
    document: Mapping[str, Any], guessed: bool = False, layouts: Sequence[Layout] = ()
) -> Message | Reject | None:
    """One object of an NDJSON extract as a message, `guessed` where its character set was; None where its keys are of
    no layout."""
    values = {str(key).strip().casefold(): _text(value) for key, value in document.items()}
    layout = _layout(list(values), layouts)
    return message_of(values, layout, f"ndjson-{layout.name}", _guess(guessed)) if layout else None


def _guess(guessed: bool) -> list[Issue]:
    words = "not UTF-8: read as Windows-1252; accents may be wrong"
    return [Issue("", "charset-guessed", words)] if guessed else []


def _text(value: Any) -> str:
    if value is None:
        return ""
    return value.strip() if isinstance(value, str) else orjson.dumps(value).decode()


def _columns(names: Sequence[str]) -> list[str]:
    return [name.strip(' "\ufeff\r').casefold() for name in names[:_MOST_COLUMNS]]


def _layout(names: Sequence[str], layouts: Sequence[Layout]) -> Layout | None:
    """The layout whose recognised columns are all there; of several, the one that recognises most."""
    here = frozenset(names)
    fitting = [layout for layout in (*layouts, *shipped()) if layout.recognised_by <= here]
    return max(fitting, key=lambda layout: len(layout.recognised_by), default=None)
