"""CSV tables of a place folder: each cell read by its column, each fault named by file and line with its cure.

Nothing is raised here: faults are collected, so that whoever keeps the folder mends all of them at once.
"""

import csv
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, time
from pathlib import Path
from typing import Any

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong in a folder. Line 0 is the file as a whole."""

    file: str
    line: int
    text: str
    cure: str

    def __str__(self) -> str:
        where = f"{self.file}, line {self.line}" if self.line else self.file
        return f"{where}: {self.text} {self.cure}"


class FolderFault(Exception):
    """The folder can't be used as it is; `faults` holds everything that was found."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = list(faults)
        super().__init__("\n".join(str(fault) for fault in self.faults))


@dataclass(frozen=True, slots=True)
class Column:
    """How one cell is read. `parse` raises ValueError with the cure as its text; `empty` is what an empty cell says."""

    parse: Callable[[str], Any]
    needed: bool = False
    empty: Any = None


@dataclass(frozen=True, slots=True)
class Line:
    """One row of a table with where it stands."""

    file: str
    number: int
    cells: Mapping[str, Any]


@dataclass
class Faults:
    """The faults found so far."""

    found: list[Fault] = field(default_factory=list)

    def add(self, file: str, line: int, text: str, cure: str) -> None:
        """Note one fault."""
        self.found.append(Fault(file, line, text, cure))


def lines_of(folder: Path, file: str, columns: Mapping[str, Column], faults: Faults) -> Iterator[Line]:
    """The rows of one table that could be read whole; what couldn't is noted."""
    path = folder / file
    if not path.is_file():
        heading = ",".join(columns)
        faults.add(
            file, 0, "This file is missing.", f"Make it, with the heading {heading} and no rows if there are none."
        )
        return
    try:
        text = path.read_text("utf-8-sig")
    except UnicodeDecodeError:
        faults.add(file, 0, "This file is not in UTF-8.", "Save it again as CSV UTF-8.")
        return
    reader = csv.reader(text.splitlines())
    heading = [name.strip() for name in next(reader, [])]
    if not _heading_is_right(file, heading, columns, faults):
        return
    for cells in reader:
        if any(cell.strip() for cell in cells):
            line = _line(file, reader.line_num, heading, cells, columns, faults)
            if line is not None:
                yield line


def _heading_is_right(file: str, heading: list[str], columns: Mapping[str, Column], faults: Faults) -> bool:
    missing = [name for name, column in columns.items() if column.needed and name not in heading]
    unknown = [name for name in heading if name not in columns]
    if missing:
        faults.add(file, 1, f"The column {', '.join(missing)} is missing.", "Add it to the heading and fill it.")
    if unknown:
        known = ", ".join(columns)
        faults.add(file, 1, f"The column {', '.join(unknown)} is not known.", f"Known columns are {known}.")
    return not missing and not unknown


def _line(
    file: str, number: int, heading: list[str], cells: list[str], columns: Mapping[str, Column], faults: Faults
) -> Line | None:
    if len(cells) != len(heading):
        text = f"This row has {len(cells)} cells and the heading has {len(heading)}."
        faults.add(file, number, text, "Put text that holds a comma in double quotes.")
        return None
    told: dict[str, Any] = {}
    whole = True
    for name, cell in zip(heading, (cell.strip() for cell in cells), strict=True):
        column = columns[name]
        if not cell:
            if column.needed:
                faults.add(file, number, f"'{name}' is empty.", "Fill it in.")
                whole = False
            continue
        try:
            told[name] = column.parse(cell)
        except ValueError as cure:
            faults.add(file, number, f"'{name}' can't be '{cell[:40]}'.", str(cure))
            whole = False
    return Line(file, number, told) if whole else None


def text(limit: int) -> Callable[[str], str]:
    """A reader for words as they stand, up to what the database holds."""

    def parse(cell: str) -> str:
        if len(cell) > limit:
            raise ValueError(f"Write at most {limit} characters; these are {len(cell)}.")
        return cell

    return parse


def code(cell: str) -> str:
    """An ODS or area code: letters, digits and hyphens, at most twelve."""
    if not cell.replace("-", "").isalnum() or not cell.isascii() or len(cell) > 12:
        raise ValueError("Write a code of at most 12 letters, digits and hyphens.")
    return cell


def whole(cell: str) -> int:
    """A count."""
    if not cell.isascii() or not cell.isdigit():
        raise ValueError("Write a whole number without separators, such as 8074.")
    return int(cell)


def tenth(cell: str) -> int:
    """A decile, from 1 to 10."""
    if cell not in {str(decile) for decile in range(1, 11)}:
        raise ValueError("Write a whole number from 1 (most deprived tenth) to 10.")
    return int(cell)


def number(cell: str) -> float:
    """A decimal number, such as a latitude."""
    try:
        return float(cell)
    except ValueError:
        raise ValueError("Write a number such as 51.25.") from None


def day(cell: str) -> date:
    """A date."""
    try:
        return date.fromisoformat(cell)
    except ValueError:
        raise ValueError("Write a date that exists as year-month-day, such as 2026-04-01.") from None


def hour(cell: str) -> time:
    """A time of day; 24:00 is the midnight that ends the day."""
    try:
        return time(0) if cell == "24:00" else time.fromisoformat(cell)
    except ValueError:
        raise ValueError("Write a time such as 08:00 or 24:00.") from None


def yes_or_no(cell: str) -> bool:
    """A claim that holds or doesn't."""
    if cell not in {"yes", "no"}:
        raise ValueError("Write yes or no.")
    return cell == "yes"


def weekdays(cell: str) -> tuple[int, ...]:
    """Days of the week: `mon-fri`, or days parted by spaces."""
    try:
        if "-" in cell:
            first, last = (WEEKDAYS.index(name) for name in cell.split("-"))
            if first > last:
                raise ValueError
            return tuple(range(first, last + 1))
        return tuple(WEEKDAYS.index(name) for name in cell.split())
    except ValueError:
        raise ValueError("Write days as mon-fri, or as mon wed fri.") from None


def words(cell: str) -> tuple[str, ...]:
    """A list parted by semicolons."""
    return tuple(part.strip() for part in cell.split(";") if part.strip())


def one_of(*allowed: str) -> Callable[[str], str]:
    """A reader for a cell that holds one of these words."""

    def parse(cell: str) -> str:
        if cell not in allowed:
            raise ValueError(f"Write one of: {', '.join(allowed)}.")
        return cell

    return parse
