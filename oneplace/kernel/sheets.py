"""CSV for people, who open it in a spreadsheet: no cell of it is run as a formula.

Source: ASVS 5.0, 1.2.10. Files that machines read again (place folders, extracts) are not written here: they keep
every character.
"""

import csv
from collections.abc import Iterable, Iterator

_STARTS_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""What spreadsheets take for a formula's beginning, the wide forms of Japanese keyboards too."""


def harmless(value: object) -> object:
    """Text that a spreadsheet won't run: one that begins like a formula gets an apostrophe; numbers stay numbers."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_STARTS_FORMULA) else value


def csv_lines(rows: Iterable[Iterable[object]]) -> Iterator[str]:
    """Each row as one line of CSV, with its line ending, as it is asked for: a long file needs no memory."""
    writer = csv.writer(_Echo())
    return (writer.writerow([harmless(value) for value in row]) for row in rows)


class _Echo:
    """What the csv module writes to: it hands the line back."""

    def write(self, line: str) -> str:
        return line
