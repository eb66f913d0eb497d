"""A place folder, read and checked: place.toml and its CSV tables. Nothing about a place stands in code.

All faults are collected before one FolderFault is raised, each with file, line and cure. Pure: no Django.
Source: house.md (place folders stay in this room) and requirement X-15 (no hard-coded place).
"""

import hashlib
import tomllib
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

from oneplace.place import bedding, shapes
from oneplace.place.shapes import PlaceFolder
from oneplace.place.table import (
    Column,
    Fault,
    Faults,
    FolderFault,
    Line,
    code,
    day,
    hour,
    lines_of,
    number,
    one_of,
    tenth,
    text,
    weekdays,
    whole,
    words,
    yes_or_no,
)

__all__ = ["EXAMPLE", "Fault", "FolderFault", "PlaceFolder", "columns", "find", "read"]

SHIPPED = Path(__file__).resolve().parent / "places"
EXAMPLE = SHIPPED / "example"

ORGANISATION_KINDS = (
    "practice",
    "acute-trust",
    "community-trust",
    "mental-health-trust",
    "ambulance",
    "hospice",
    "out-of-hours",
    "county-council",
    "district-council",
    "care-home",
    "voluntary",
    "commissioner",
    "federation",
)
SITE_KINDS = ["acute-hospital", "community-hospital", "surgery", "branch-surgery", "hospice", "clinic", "hub"]
AREA_KINDS = ["place", "cluster", "hub", "district", "ward", "small-area"]
WORDS = {
    "cluster": "cluster",
    "clusters": "clusters",
    "hub": "hub",
    "hubs": "hubs",
    "level": "level",
    "levels": "levels",
}
"""What a place may call by words of its own: areas of practices, where teams sit, levels of care; one and many."""
CONSENT_MODELS = ("explicit", "direct-care")
DIVISIONS = ("england-and-wales", "scotland", "northern-ireland")

_CODE, _NAME, _WORD = Column(code, True), Column(text(120), True), Column(text(40), True)
_TEXT, _PHONE, _POSTCODE = (Column(text(limit), empty="") for limit in (200, 30, 10))
_POINT = {"latitude": Column(number), "longitude": Column(number)}
_DATED = {"starts": Column(day), "ends": Column(day)}
_TABLES: dict[str, dict[str, Column]] = {
    "organisations.csv": {
        "code": _CODE,
        "name": _NAME,
        "kind": Column(one_of(*ORGANISATION_KINDS), True),
        "supplier": Column(text(60), empty=""),
        "parent_code": Column(code),
        "address": _TEXT,
        "postcode": _POSTCODE,
        "phone": _PHONE,
        "list_size": Column(whole),
        **_POINT,
    },
    "sites.csv": {
        "code": _CODE,
        "organisation_code": _CODE,
        "name": _NAME,
        "kind": Column(one_of(*SITE_KINDS), True),
        "beds": Column(whole),
        "therapy_beds": Column(whole),
        "address": _TEXT,
        "postcode": _POSTCODE,
        **_POINT,
    },
    "areas.csv": {
        "code": _CODE,
        "kind": Column(one_of(*AREA_KINDS), True),
        "name": _NAME,
        "decile": Column(tenth),
        "residents": Column(whole),
        **_POINT,
        "boundary": Column(text(20_000)),
    },
    "memberships.csv": {
        "member_kind": Column(one_of("organisation", "area"), True),
        "member_code": _CODE,
        "area_code": _CODE,
        "starts": Column(day, True),
        "ends": Column(day),
        "note": _TEXT,
    },
    "teams.csv": {
        "code": _CODE,
        "organisation_code": _CODE,
        "name": _NAME,
        "kind": _WORD,
        "area_code": Column(code),
        "phone": _PHONE,
    },
    "hours.csv": {
        "owner_code": _CODE,
        "service": _WORD,
        "weekdays": Column(weekdays, True),
        "opens": Column(hour, True),
        "closes": Column(hour, True),
        "on_holidays": Column(yes_or_no, True),
        **_DATED,
    },
    "holidays.csv": {"day": Column(day, True), "name": Column(text(80), True), "owner_code": Column(code)},
    "agreements.csv": {
        "controller_code": _CODE,
        "signed_on": Column(day),
        **_DATED,
        "purposes": Column(words, empty=()),
        "classes": Column(words, empty=()),
        "note": _TEXT,
    },
    "feeds.csv": {
        "code": Column(text(60), True),
        "organisation_code": _CODE,
        "format": _WORD,
        "supplier": Column(text(60), empty=""),
        "channel": _WORD,
        "expected_minutes": Column(whole, True),
        "live_since": Column(day),
    },
    "registrations.csv": {"practice_code": _CODE, "area_code": _CODE, "people": Column(whole, True)},
    "ages.csv": {
        "practice_code": _CODE,
        "age_from": Column(whole, True),
        "age_to": Column(whole, True),
        "male": Column(whole, True),
        "female": Column(whole, True),
    },
    "prevalence.csv": {"practice_code": _CODE, "register": _WORD, "per_mille": Column(number, True)},
    "postcodes.csv": {"postcode": Column(text(10), True), "area_code": _CODE},
    **bedding.TABLES,
}
# A place without statistics of its own practices may leave these out.
_OPTIONAL = frozenset({"registrations.csv", "ages.csv", "prevalence.csv", "postcodes.csv", *bedding.TABLES})

Lines = dict[str, list[Line]]
Row = TypeVar("Row")


def find(told: str) -> Path:
    """The folder of a place that is shipped, by its name, or any folder by its path. Raises FolderFault."""
    for path in (SHIPPED / told, Path(told)):
        if told and (path / "place.toml").is_file():
            return path.resolve()
    names = ", ".join(sorted(path.parent.name for path in SHIPPED.glob("*/place.toml")))
    cure = f"Give a folder that holds place.toml, or a place that is shipped: {names}."
    raise FolderFault([Fault(told or ".", 0, "There is no place of this name.", cure)])


def columns(file: str) -> list[str]:
    """The columns of one of a folder's tables, in their order."""
    return list(_TABLES[file])


def read(path: Path | str = EXAMPLE) -> PlaceFolder:
    """The folder's contents. Raises FolderFault with every fault that was found."""
    folder, faults = Path(path), Faults()
    if not folder.is_dir():
        text_ = "There is no folder of this name."
        raise FolderFault([Fault(str(folder), 0, text_, "Give the folder that holds place.toml.")])
    about = _toml(folder, "place.toml", faults)
    _check_about(about, faults)
    lines = {
        file: list(lines_of(folder, file, columns, faults))
        for file, columns in _TABLES.items()
        if file not in _OPTIONAL or (folder / file).exists()
    }
    example = _toml(folder, "example.toml", faults) if (folder / "example.toml").exists() else {}
    _check_keys(lines, faults)
    _check_references(lines, faults)
    _check_dates(lines, faults)
    if faults.found:
        raise FolderFault(faults.found)
    return _whole(folder, about, lines, example)


def _whole(folder: Path, about: Mapping[str, Any], lines: Lines, example: Mapping[str, Any]) -> PlaceFolder:
    place = about["place"]
    agreements = [_filled("agreements.csv", line) | {"line": line.number} for line in lines["agreements.csv"]]
    return PlaceFolder(
        path=folder,
        code=place["code"],
        name=place["name"],
        description=place.get("description", ""),
        holiday_division=place.get("bank_holidays", DIVISIONS[0]),
        synthetic_people=place.get("synthetic_people", False),
        organisations=_rows(shapes.OrganisationRow, lines["organisations.csv"]),
        sites=_rows(shapes.SiteRow, lines["sites.csv"]),
        areas=_rows(shapes.AreaRow, lines["areas.csv"]),
        memberships=_rows(shapes.MembershipRow, lines["memberships.csv"]),
        teams=_rows(shapes.TeamRow, lines["teams.csv"]),
        hours=_rows(shapes.HoursRow, lines["hours.csv"]),
        holidays=_rows(shapes.HolidayRow, lines["holidays.csv"]),
        agreements=tuple(row for row in agreements if row["starts"] or row["signed_on"]),
        pending_agreements=tuple(row for row in agreements if not (row["starts"] or row["signed_on"])),
        feeds=tuple(_filled("feeds.csv", line) for line in lines["feeds.csv"]),
        registrations=_rows(shapes.RegistrationRow, lines.get("registrations.csv", ())),
        ages=_rows(shapes.AgeRow, lines.get("ages.csv", ())),
        digest=_digest(folder),
        example=example,
        prevalence=_rows(shapes.PrevalenceRow, lines.get("prevalence.csv", ())),
        words={**WORDS, **about.get("words", {})},
        consent_models=_consent_models(about),
        postcodes=_rows(shapes.PostcodeRow, lines.get("postcodes.csv", ())),
        bed_units=bedding.units(lines),
    )


def _consent_models(about: Mapping[str, Any]) -> dict[str, str]:
    """The consent model of each class that [access] names, and under '' that of all others."""
    told = about.get("access", {})
    general = {"": told["consent_model"]} if "consent_model" in told else {}
    return general | told.get("classes", {})


def _rows(shape: type[Row], lines: Iterable[Line]) -> tuple[Row, ...]:
    return tuple(shape(**line.cells) for line in lines)


def _filled(file: str, line: Line) -> dict[str, Any]:
    """A row for another room: every column is there, None where a date or count is empty, '' where words are."""
    empty = {name: column.empty for name, column in _TABLES[file].items()}
    return {**empty, **line.cells}


def _toml(folder: Path, file: str, faults: Faults) -> dict[str, Any]:
    path = folder / file
    if not path.is_file():
        faults.add(file, 0, "This file is missing.", "Make it, with a [place] table that gives code and name.")
        return {}
    try:
        return tomllib.loads(path.read_text("utf-8-sig"))
    except UnicodeDecodeError:
        faults.add(file, 0, "This file is not in UTF-8.", "Save it again in UTF-8.")
    except tomllib.TOMLDecodeError as error:
        faults.add(file, _line_in(str(error)), f"This is not TOML: {error}.", "Mend the line that is named.")
    return {}


def _line_in(message: str) -> int:
    """The line that a TOML error names ("... (at line 3, column 5)"); 0 where it names none."""
    told = message.partition("at line ")[2].partition(",")[0]
    return int(told) if told.isdigit() else 0


def _check_about(about: Mapping[str, Any], faults: Faults) -> None:
    if not about:
        return
    place = about.get("place")
    for name in ("code", "name"):
        if not isinstance(place, dict) or not isinstance(place.get(name), str) or not place[name]:
            faults.add("place.toml", 0, f"[place] gives no {name}.", f'Add {name} = "..." under [place].')
    told = place if isinstance(place, dict) else {}
    for name in ("real", "synthetic_people"):
        if not isinstance(told.get(name, False), bool):
            faults.add("place.toml", 0, f"{name} is neither true nor false.", f"Write {name} = true, or leave it out.")
    named = about.get("words", {})
    for name, word in named.items() if isinstance(named, dict) else [("[words]", named)]:
        if name not in WORDS or not isinstance(word, str) or not 0 < len(word) <= 40:
            cure = f'Write one of {", ".join(WORDS)} = "...", with a word of at most 40 letters.'
            faults.add("place.toml", 0, f"[words] can't hold {name}.", cure)
    _check_consent_models(about, faults)
    division = place.get("bank_holidays", DIVISIONS[0]) if isinstance(place, dict) else DIVISIONS[0]
    if division not in DIVISIONS:
        faults.add("place.toml", 0, f"bank_holidays can't be '{division}'.", f"Write one of: {', '.join(DIVISIONS)}.")


def _check_consent_models(about: Mapping[str, Any], faults: Faults) -> None:
    access = about.get("access", {})
    by_class = access.get("classes", {}) if isinstance(access, dict) else None
    models = [""]
    if isinstance(by_class, dict):
        models = [access.get("consent_model", CONSENT_MODELS[0]), *by_class.values()]
    if any(model not in CONSENT_MODELS for model in models):
        cure = f"Write consent_model = one of {', '.join(CONSENT_MODELS)}; classes of their own under [access.classes]."
        faults.add("place.toml", 0, "[access] names no consent model that is known.", cure)


def _check_keys(lines: Lines, faults: Faults) -> None:
    """One row a code, in one table; one membership a member, area and first day."""
    for file in ("organisations.csv", "sites.csv", "areas.csv", "teams.csv", "feeds.csv", "bed_units.csv"):
        seen: dict[str, int] = {}
        for line in lines.get(file, ()):
            key = line.cells["code"]
            if key in seen:
                faults.add(
                    file, line.number, f"The code {key} stands on line {seen[key]} too.", "Give each row its own code."
                )
            seen.setdefault(key, line.number)
    held: dict[tuple[object, ...], int] = {}
    for line in lines.get("memberships.csv", ()):
        key_ = tuple(line.cells[name] for name in ("member_kind", "member_code", "area_code", "starts"))
        if key_ in held:
            faults.add(
                line.file, line.number, f"This membership stands on line {held[key_]} too.", "Remove one of the two."
            )
        held.setdefault(key_, line.number)


def _check_references(lines: Lines, faults: Faults) -> None:
    """Every code that a row refers to has a row of its own."""
    known = {
        kind: {line.cells["code"] for line in lines.get(file, ())}
        for kind, file in (
            ("organisation", "organisations.csv"),
            ("area", "areas.csv"),
            ("site", "sites.csv"),
            ("team", "teams.csv"),
        )
    }
    owners = known["organisation"] | known["site"] | known["team"]
    organisations, areas = known["organisation"], known["area"]
    for file, name, allowed, where in (
        ("organisations.csv", "parent_code", organisations, "organisations.csv"),
        ("sites.csv", "organisation_code", organisations, "organisations.csv"),
        ("teams.csv", "organisation_code", organisations, "organisations.csv"),
        ("teams.csv", "area_code", areas, "areas.csv"),
        ("memberships.csv", "area_code", areas, "areas.csv"),
        ("hours.csv", "owner_code", owners, "organisations.csv, sites.csv or teams.csv"),
        ("holidays.csv", "owner_code", owners, "organisations.csv, sites.csv or teams.csv"),
        ("agreements.csv", "controller_code", organisations, "organisations.csv"),
        ("feeds.csv", "organisation_code", organisations, "organisations.csv"),
        ("registrations.csv", "practice_code", organisations, "organisations.csv"),
        ("registrations.csv", "area_code", areas, "areas.csv"),
        ("ages.csv", "practice_code", organisations, "organisations.csv"),
        ("prevalence.csv", "practice_code", organisations, "organisations.csv"),
        ("postcodes.csv", "area_code", areas, "areas.csv"),
        *bedding.references(lines, organisations, areas, known["site"]),
    ):
        for line in lines.get(file, ()):
            _check_reference(line, name, allowed, where, faults)
    for line in lines.get("memberships.csv", ()):
        kind = line.cells["member_kind"]
        _check_reference(line, "member_code", known[kind], f"{kind}s.csv", faults)


def _check_reference(line: Line, name: str, allowed: set[str], where: str, faults: Faults) -> None:
    told = line.cells.get(name)
    if told and told not in allowed:
        faults.add(
            line.file, line.number, f"'{name}' {told} is not in {where}.", "Add it there, or mend the code here."
        )


def _check_dates(lines: Lines, faults: Faults) -> None:
    """Nothing ends before it starts; what is signed has a first day or is pending with a reason."""
    for file in ("memberships.csv", "hours.csv", "agreements.csv"):
        for line in lines.get(file, ()):
            first: date | None = line.cells.get("starts")
            last: date | None = line.cells.get("ends")
            if first and last and last < first:
                faults.add(file, line.number, f"It ends on {last}, before its start on {first}.", "Mend either.")
    for line in lines.get("agreements.csv", ()):
        signed = line.cells.get("starts") or line.cells.get("signed_on")
        if not signed and not line.cells.get("note"):
            cure = "Give signed_on and starts, or say in note why it is pending."
            faults.add(line.file, line.number, "This agreement has no date and no reason.", cure)


def _digest(folder: Path) -> str:
    """One digest over the files that make the place, so that the same folder is known again."""
    told = hashlib.sha256()
    for path in sorted(folder.glob("*.toml")) + sorted(folder.glob("*.csv")):
        told.update(f"{path.name}\0{path.stat().st_size}\0".encode())
        told.update(path.read_bytes())
    return told.hexdigest()
