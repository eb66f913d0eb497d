"""Tables of a place folder that tell of community beds: units with provider, contract, price, hours; their bays. Pure.

Both may be left out: then the place has no board of beds. Source: requirements DOOR-23 and 24.
"""

from collections.abc import Iterator, Mapping, Sequence

from oneplace.place.shapes import BedBayRow, BedUnitRow
from oneplace.place.table import Column, Line, code, hour, one_of, text, whole, words, yes_or_no

BAY_SEXES = ("female", "male", "either", "single")
LEVELS = ("reablement", "rehabilitation", "nursing", "sub-acute")


def _levels(cell: str) -> tuple[str, ...]:
    """The levels of care that a unit gives."""
    told = words(cell)
    if not told or not set(told) <= set(LEVELS):
        raise ValueError(f"Write one or more of {', '.join(LEVELS)}, parted by semicolons.")
    return told


_CODE = Column(code, True)
TABLES: dict[str, dict[str, Column]] = {
    "bed_units.csv": {
        "code": _CODE,
        "organisation_code": _CODE,
        "site_code": Column(code, empty=""),
        "name": Column(text(120), True),
        "sector": Column(one_of("public", "private"), True),
        "contract": Column(text(120), True),
        "price_pence": Column(whole, True),
        "levels": Column(_levels, True),
        "admits_from": Column(hour, True),
        "admits_until": Column(hour, True),
        "weekends": Column(yes_or_no, True),
        "step_up_reserve": Column(whole, True),
        "area_code": Column(code, empty=""),
        "phone": Column(text(30), empty=""),
    },
    "bed_bays.csv": {
        "unit_code": _CODE,
        "bay": Column(text(40), True),
        "sex": Column(one_of(*BAY_SEXES), True),
        "beds": Column(whole, True),
        "isolation": Column(yes_or_no, True),
        "equipment": Column(words, empty=()),
    },
}


def units(lines: Mapping[str, Sequence[Line]]) -> tuple[BedUnitRow, ...]:
    """The units of a folder, each with its bays."""
    empty = {name: {key: column.empty for key, column in columns.items()} for name, columns in TABLES.items()}
    bays = [BedBayRow(**empty["bed_bays.csv"] | line.cells) for line in lines.get("bed_bays.csv", ())]
    return tuple(
        BedUnitRow(
            **empty["bed_units.csv"] | line.cells,
            bays=tuple(bay for bay in bays if bay.unit_code == line.cells["code"]),
        )
        for line in lines.get("bed_units.csv", ())
    )


def references(
    lines: Mapping[str, Sequence[Line]], organisations: set[str], areas: set[str], sites: set[str]
) -> Iterator[tuple[str, str, set[str], str]]:
    """What each code of these tables must be found in: file, column, codes, where they stand."""
    yield "bed_units.csv", "organisation_code", organisations, "organisations.csv"
    yield "bed_units.csv", "area_code", areas, "areas.csv"
    yield "bed_units.csv", "site_code", sites, "sites.csv"
    known = {line.cells["code"] for line in lines.get("bed_units.csv", ())}
    yield "bed_bays.csv", "unit_code", known, "bed_units.csv"
