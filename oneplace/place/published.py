"""Official public files, each known by its content and read a row at a time: what a place can be built from.

Layouts: ODS (27 columns, no heading), NHS England's patients registered at a GP practice (by small area, by age),
PCN membership, indices of deprivation, ONS population, centroids and boundaries; registers.py and trusts.py have their
own. Counts come with thousands commas, as `*` where suppressed, and with rows of totals. Nothing is raised: what can't
be read is noted. Pure.
"""

import csv
import json
import re
from collections.abc import Callable, Iterator, Sequence
from itertools import chain, pairwise
from pathlib import Path
from typing import Any

from oneplace.place import registers, trusts
from oneplace.place.cells import CODE, PRACTICE, TOTALS, Row, count_of, practice_of
from oneplace.place.found import Found

Step = Callable[[float], None]
_ODS_WIDTH = 27
_SMALL_AREA = re.compile(r"[EWSN]\d{8}|95[A-Z0-9]{6}")
_NETWORK = re.compile(r"U\d{5,6}")
_NOWHERE = re.compile(r"NO20\d\d|UNKNOWN", re.IGNORECASE)


_LSOA = (
    "lsoa_code",
    "lsoa11_code",
    "lsoa21_code",
    "lsoa_code_2011",
    "lsoa_code_2021",
    "lsoa11cd",
    "lsoa21cd",
    "lsoa11",
    "lsoa21",
)
_LSOA_NAME = ("lsoa11_name", "lsoa21_name", "lsoa_name_2011", "lsoa_name_2021", "lsoa11nm", "lsoa21nm")
_DISTRICT = ("lad_name", "ltla22_name", "local_authority_district_name_2019", "local_authority_district_name_2024")
_PEOPLE = ("patients", "number_of_patients")
_AGE = ("age_group_5", "age")
_DECILE = "index_of_multiple_deprivation_imd_decile_where_1_is_most_deprived_10percent_of_lsoas"
_RESIDENTS = (
    "total_population",
    "all_ages",
    "population_total",
    "total_population_mid_2015_excluding_prisoners",
    "total",
)
_COMMISSIONERS = ("sub_icb", "sub_icb_location_code", "practice_parent_sub_icb_loc_code", "ccg_code", "icb_code")


def read_folder(folder: Path, advance: Step) -> Found:
    """Everything that the files of a folder say; `advance` is told the bytes of each file when it is read."""
    found = Found()
    # Postcodes come last: of a whole country's, those of the small areas that the other files tell are kept.
    files = (path for path in folder.rglob("*") if path.is_file())
    for path in sorted(files, key=lambda one: (_is_postcodes(one), one)):
        name = str(path.relative_to(folder))
        try:
            if path.suffix.lower() in {".geojson", ".json"}:
                _boundaries(path, name, found)
            elif path.suffix.lower() in {".csv", ".txt"}:
                _table(path, name, found)
        except (csv.Error, UnicodeDecodeError, ValueError) as error:
            cure = "Fetch the file again, or take it out; what was read before this stands."
            found.faults.add(name, 0, f"This file can't be read to its end ({type(error).__name__}).", cure)
            found.broken.append(name)
        advance(path.stat().st_size)
    return found


def _encoding(path: Path) -> str:
    """UTF-8 where the beginning is so, otherwise that of Windows, in which older files are published."""
    with path.open("rb") as stream:
        start = stream.read(1 << 20)
    try:
        start[: start.rfind(b"\n") + 1].decode("utf-8")
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8-sig"


def _table(path: Path, name: str, found: Found) -> None:
    with path.open(encoding=_encoding(path), newline="") as stream:
        reader = csv.reader(stream)
        first = next(reader, [])
        heading = [
            re.sub(r"[^a-z0-9]+", "_", cell.strip().lower().replace("%", "percent")).strip("_") for cell in first
        ]
        bare = _headless(first)
        kind, take = bare or _recognised(set(heading))
        if take is None:
            found.used[name] = kind
            return
        found.used[name] = kind
        if bare or heading[:2] == ["c0", "c1"]:
            heading = [f"c{place}" for place in range(len(first))]
        lines: Iterator[list[str]] = chain([first], reader) if bare else reader
        for cells in lines:
            if any(cell.strip() for cell in cells):
                _row(
                    take,
                    Row(name, reader.line_num, dict(zip(heading, cells, strict=False))),
                    len(cells),
                    len(heading),
                    found,
                )


Take = Callable[[Row, Found], None]


def _row(take: Take, row: Row, width: int, expected: int, found: Found) -> None:
    """Take one row, or say what is wrong with it."""
    leads = next(iter(row.cells.values()), "").strip().upper()
    if leads in TOTALS[1:]:
        return
    if width != expected:
        text = f"This row has {width} cells where {expected} are expected, so it was left out."
        found.faults.add(row.file, row.number, text, "Fetch the file again, or mend the row.")
        return
    try:
        take(row, found)
    except ValueError as wrong:
        text = f"'{str(wrong)[:40]}' can't be read, so this row was left out."
        found.faults.add(row.file, row.number, text, "Mend the cell, or fetch the file again.")


def _headless(first: Sequence[str]) -> tuple[str, Take | None] | None:
    if len(first) == _ODS_WIDTH and re.fullmatch(r"[A-Z0-9]{3,9}", first[0].strip()):
        return "ODS organisations", _ods
    if len(first) >= 9 and PRACTICE.fullmatch(first[0].strip()) and _NETWORK.fullmatch(first[4].strip()):
        return "practices of networks", _network_bare
    return None


def _recognised(names: set[str]) -> tuple[str, Take | None]:
    """What a table with these columns is, and what takes its rows; None where the folder has no room for it."""
    practice, lsoa = bool(names & set(CODE)), bool(names & set(_LSOA))
    kinds: tuple[tuple[bool, str, Take | None], ...] = (
        ({"c0", "c26"} <= names, "ODS organisations", _ods),
        (practice and lsoa and bool(names & set(_PEOPLE)), "registered people by small area", _living),
        ({"sex", "age_group_5"} <= names and practice, "registered people by age", _age),
        ({"total", "16ov", "65ov"} <= names, "registered people by broad age", _broad),
        ({"sex", "age"} <= names and practice, "registered people by age", _age),
        ("pcn_code" in names and practice, "practices of networks", _network),
        ("list_size" in names and practice, "practices with their lists", _listed),
        (registers.is_wide(names), "registers of practices", registers.take_wide),
        (registers.is_long(names), "registers of practices", registers.take_long),
        (registers.is_fingertips(names), "registers of practices", registers.take_fingertips),
        (trusts.is_beds(names), "beds of trusts", trusts.take_beds),
        ("pcds" in names and lsoa, "postcodes of small areas", _postcode),
        (lsoa and bool(names & {"imd_decile", _DECILE}), "deprivation of small areas", _decile),
        (lsoa and bool(names & {*_RESIDENTS, "lon", "lad_name"}), "small areas", _small),
    )
    nothing: tuple[str, Take | None] = ("not used: a place folder has no table for it", None)
    return next(((kind, take) for fits, kind, take in kinds if fits), nothing)


def _lsoa(row: Row) -> str:
    code = row.told(*_LSOA).upper()
    if code in TOTALS or _NOWHERE.fullmatch(code):
        return ""
    if not _SMALL_AREA.fullmatch(code):
        raise ValueError(code)
    return code


def _ods(row: Row, found: Found) -> None:
    """ODS's columns: 0 code, 1 name, 3 ICB, 4-8 address, 9 postcode, 12 status, 14 commissioner, 17 phone, 25 kind."""
    code, setting = row.told("c0"), row.told("c25")
    if trusts.take_ods(row, found):
        return
    if setting != "4":  # prescribing setting 4 is a GP practice; others are clinics, care homes, prisons
        return
    if not PRACTICE.fullmatch(code):
        raise ValueError(code)
    practice = found.practice(code)
    practice.name, practice.status = row.told("c1").title(), "C" if row.told("c11") else row.told("c12")
    practice.address = ", ".join(row.told(f"c{at}").title() for at in range(4, 9) if row.told(f"c{at}"))
    practice.postcode, practice.phone = row.told("c9"), row.told("c17")
    practice.areas |= {row.told("c3"), row.told("c14"), row.told("c22")} - {""}


def _network_bare(row: Row, found: Found) -> None:
    """The networks' file without heading: practice, name, sub-ICB, its name, network, its name, ..., start, end."""
    if not row.told("c9"):  # no last day: the practice is still in it
        _join(found, row.told("c0"), row.told("c1"), (row.told("c4"), row.told("c5")))
        found.practice(row.told("c0")).areas.add(row.told("c2"))


def _network(row: Row, found: Found) -> None:
    code = practice_of(row)
    if not code or row.told("practice_to_pcn_relationship_end_date"):
        return
    _join(found, code, row.told("practice_name", "partner_name"), (row.told("pcn_code"), row.told("pcn_name")))
    practice = found.practice(code)
    practice.areas |= {row.told(name) for name in _COMMISSIONERS} - {""}
    found.area_names.setdefault(row.told("sub_icb", "sub_icb_location_code"), row.told("sub_icb_location_name"))
    if row.told("lat") and row.told("lon"):
        practice.point = float(row.told("lat")), float(row.told("lon"))


def _join(found: Found, code: str, name: str, network: tuple[str, str]) -> None:
    practice = found.practice(code)
    practice.name = practice.name or name
    if _NETWORK.fullmatch(network[0]):
        practice.network = network[0]
        found.networks.setdefault(network[0], network[1] or network[0])


def _listed(row: Row, found: Found) -> None:
    code = practice_of(row)
    if code:
        practice = found.practice(code)
        practice.name = practice.name or row.told("practice_name").title()
        practice.postcode = practice.postcode or row.told("postcode")
        practice.list_size = count_of(row.told("list_size"))


def _people(row: Row, found: Found) -> int | None:
    people = count_of(row.told(*_PEOPLE))
    found.suppressed += people is None
    return people


def _living(row: Row, found: Found) -> None:
    code, lsoa = practice_of(row), _lsoa(row)
    people = _people(row, found)
    if not code or people is None:
        return
    found.practice(code)
    if not lsoa:
        found.nowhere[code] += people
        return
    found.homes.add(lsoa)
    sexes = found.living.setdefault((code, lsoa), {})
    sex = row.told("sex").upper() or "ALL"
    found.twice += sex in sexes
    sexes.setdefault(sex, people)


def _age(row: Row, found: Found) -> None:
    code, sex, band = practice_of(row), row.told("sex").upper()[:1], row.told(*_AGE).upper()
    people = _people(row, found)
    if not code or people is None:
        return
    if band == "ALL":
        if row.told("sex").upper() == "ALL":
            found.practice(code).list_size = people
        return
    if sex not in {"M", "F"}:
        return
    ages = re.fullmatch(r"(\d+)(?:[_-](\d+)|(\+))?", band)
    if not ages:
        raise ValueError(band)
    first = int(ages[1])
    last = int(ages[2]) if ages[2] else 99 if ages[3] else first
    bands = found.ages.setdefault(code, {})
    bands[first, last, sex] = people


def _broad(row: Row, found: Found) -> None:
    """Overlapping bands of both sexes, made into bands that don't overlap, each half men and half women."""
    code = practice_of(row)
    if not code:
        return
    names = ("total", "16ov", "17ov", "18ov", "50ov", "65ov")
    over = [count_of(row.told(name)) or 0 for name in names] + [0]
    if over != sorted(over, reverse=True):
        raise ValueError("bands that grow with age")
    found.halved = True
    bands = found.ages.setdefault(code, {})
    for (first, last), people in zip(
        ((0, 15), (16, 16), (17, 17), (18, 49), (50, 64), (65, 99)),
        (more - fewer for more, fewer in pairwise(over)),
        strict=True,
    ):
        bands[first, last, "M"], bands[first, last, "F"] = people - people // 2, people // 2


def _decile(row: Row, found: Found) -> None:
    lsoa = _lsoa(row)
    decile = count_of(row.told("imd_decile", _DECILE))
    if not lsoa or decile is None:
        return
    if not 1 <= decile <= 10:
        raise ValueError(str(decile))
    found.deciles.setdefault(row.file, {})[lsoa] = decile
    _small(row, found)


def _small(row: Row, found: Found) -> None:
    lsoa = _lsoa(row)
    if not lsoa:
        return
    area = found.area(lsoa)
    area.name = area.name or row.told(*_LSOA_NAME)
    area.district = area.district or row.told(*_DISTRICT)
    people = count_of(row.told(*_RESIDENTS))
    area.residents = people if people is not None else area.residents
    if row.told("lon") and row.told("lat"):
        area.point = float(row.told("lat")), float(row.told("lon"))


def _is_postcodes(path: Path) -> bool:
    """True for a directory of postcodes (ONSPD, NSPL), whose heading names `pcds`."""
    if path.suffix.lower() not in {".csv", ".txt"}:
        return False
    with path.open("rb") as stream:
        return b"pcds" in stream.readline(4_000).lower()


def _postcode(row: Row, found: Found) -> None:
    areas = [row.told(name).upper() for name in _LSOA if row.told(name)]
    area = next((code for code in areas if code in found.homes), "")
    if area and row.told("pcds"):
        found.postcodes[row.told("pcds").upper()] = area


def _boundaries(path: Path, name: str, found: Found) -> None:
    found.used[name] = "not used: no boundaries of small areas"
    for feature in _features(path):
        told = {key.lower(): str(value) for key, value in (feature.get("properties") or {}).items()}
        lsoa = next((told[key] for key in _LSOA if key in told), "")
        rings = _rings(feature.get("geometry") or {})
        if _SMALL_AREA.fullmatch(lsoa) and rings:
            found.used[name] = "boundaries of small areas"
            area = found.area(lsoa)
            area.name = area.name or next((told[key] for key in _LSOA_NAME if key in told), "")
            area.boundary = ", ".join(f"{point[0]:.5f} {point[1]:.5f}" for point in max(rings, key=len))


def _rings(geometry: dict[str, Any]) -> list[list[list[float]]]:
    shapes = geometry.get("coordinates") or []
    shapes = [shapes] if geometry.get("type") == "Polygon" else shapes
    return [shape[0] for shape in shapes if shape]


def _features(path: Path) -> Iterator[dict[str, Any]]:
    """The features of a GeoJSON file, one in memory at a time. Raises ValueError where it is cut short."""
    decoder, held = json.JSONDecoder(), ""
    with path.open(encoding="utf-8-sig") as stream:
        while '"features"' not in held:
            more = stream.read(1 << 16)
            if not more:
                return
            held += more
        held = held.partition('"features"')[2].partition("[")[2]
        while True:
            held = held.lstrip(", \r\n\t")
            if held.startswith("]"):
                return
            try:
                feature, end = decoder.raw_decode(held)
            except ValueError:
                more = stream.read(1 << 20)
                if not more:
                    raise
                held += more
                continue
            held = held[end:]
            yield feature
