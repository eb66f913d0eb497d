"""One row of a public file, and how its cells are read: counts with commas or stars, codes, rows of totals. Pure."""

import re
from dataclasses import dataclass

CODE = ("practice_code", "org_code", "partner_organisation_code", "code")
PRACTICE = re.compile(r"[A-Z]\d{5}")
TOTALS = ("", "TOTAL", "TOTALS", "ALL", "ENGLAND", "GRAND TOTAL")


@dataclass(frozen=True, slots=True)
class Row:
    """One row with where it stands; `told` finds a cell by any of its column's names."""

    file: str
    number: int
    cells: dict[str, str]

    def told(self, *names: str) -> str:
        """The first of these columns that the file has; '' where it has none."""
        return next((self.cells[name].strip() for name in names if name in self.cells), "")


def count_of(cell: str) -> int | None:
    """A count as published: 1,234 or 10.0; None where it is suppressed (`*`) or empty. Raises ValueError."""
    plain = cell.replace(",", "").strip()
    if plain in {"", "*", "-", "c", "[c]"}:
        return None
    if not re.fullmatch(r"\d+(\.0+)?", plain):
        raise ValueError(cell)
    return int(plain.partition(".")[0])


def practice_of(row: Row) -> str:
    """The practice's code. '' for a row of totals, or of another kind of organisation."""
    code = row.told(*CODE).upper()
    other = row.told("org_type", "type").upper() not in {"", "GP"}
    if other or code in TOTALS:
        return ""
    if not PRACTICE.fullmatch(code):
        raise ValueError(code)
    return code
