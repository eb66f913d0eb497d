"""A place folder made from official public files: what was found, what is lost without the rest, nothing half-written.

Practices' names and codes are masked unless asked for. Agreements are never assumed: each practice's is pending.
Source: requirement X-15 (a new place from files), X-14 (registered is not resident).
"""

import csv
import json
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from oneplace.place import folder as folders
from oneplace.place import masking, shapes, trusts
from oneplace.place.found import Found
from oneplace.place.masking import CannotBuild
from oneplace.place.published import Step, read_folder
from oneplace.place.table import Fault

_SINCE = "2019-07-01"  # networks began in England; said of a membership whose first day no file tells
_NEEDED = {
    "ODS organisations": "addresses, telephone numbers and whether a practice is open are not known",
    "registered people by small area": "where people live, deprivation of practices and small areas are not known",
    "registered people by age": "made-up people get a usual age structure, not that of each practice",
    "practices of networks": "practices stand in no cluster",
    "deprivation of small areas": "deprivation is 'not known': linkage quality by deprivation can't be shown",
    "boundaries of small areas": "small areas can't be drawn",
    "postcodes of small areas": "the deprivation of a person is that of their practice's people, not of their own area",
    "registers of practices": "recorded prevalence is what England's practices have, not each practice's",
}


@dataclass(frozen=True, slots=True)
class Wish:
    """What the operator asks for. `area` is an ICB, sub-ICB or CCG code; `only` a list of practices instead.

    `trusts` are codes of NHS trusts, where ODS's own areas don't tell which are the place's.
    """

    area: str = ""
    only: frozenset[str] = frozenset()
    name: str = ""
    practice_names: bool = False
    replace: bool = False
    key: Path | None = None
    trusts: frozenset[str] = frozenset()


@dataclass
class Built:
    """What became of the files: what each was used for, counts of the folder, what is lost, rows left out."""

    used: Mapping[str, str]
    counts: dict[str, int] = field(default_factory=dict)
    lost: list[str] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)


def build(source: Path, out: Path, wish: Wish, advance: Step) -> Built:
    """Make the folder `out` from the files under `source`. Raises CannotBuild, and then leaves `out` as it was."""
    _check_paths(source, out, wish)
    found = read_folder(source, advance)
    codes = _chosen(found, wish)
    built = Built(found.used, faults=found.faults.found)
    key = masking.key_of(found, codes, wish.practice_names, wish.key)
    tables = _tables(found, codes, key, wish, built)
    _add_trusts(tables, found, codes, wish, built)
    built.lost += _lost(found, built.counts)
    _write(out, tables, _about(found, wish), wish.replace)
    if wish.key and not wish.practice_names:
        masking.keep_key(wish.key, key)
    return built


def _check_paths(source: Path, out: Path, wish: Wish) -> None:
    if not source.is_dir():
        raise CannotBuild(f"There is no folder {source}. Give the folder that holds the public files.")
    if out.exists() and (not out.is_dir() or any(out.iterdir())) and not wish.replace:
        raise CannotBuild(f"{out} is not empty, so nothing was touched. Choose another --out, or add --replace.")
    if out.exists() and wish.replace and any(out.iterdir()) and not (out / "place.toml").is_file():
        raise CannotBuild(f"{out} holds no place.toml, so it is not replaced. Choose another --out.")
    inside = out.resolve()
    if source.resolve().is_relative_to(inside) or inside.is_relative_to(source.resolve()):
        raise CannotBuild("The files and --out must be folders beside each other, not one in the other.")
    if wish.key and wish.key.resolve().is_relative_to(inside):
        raise CannotBuild("--key can't be in --out: the folder may be passed on, the key may not.")


def _chosen(found: Found, wish: Wish) -> list[str]:
    """The practices of the place, in order. Raises CannotBuild with the choices where several areas are covered."""
    listed = {code for code, _ in found.living} | set(found.ages)
    codes = [
        code
        for code, one in sorted(found.practices.items())
        if one.status not in {"C", "D"} or code in listed or one.list_size
    ]
    unknown = sorted(wish.trusts - found.trusts.keys())
    if unknown:
        raise CannotBuild(f"No file has the trusts {', '.join(unknown)}. Mend --trust, or add ODS's list of trusts.")
    if wish.only:
        missing = sorted(wish.only - set(codes))
        if missing:
            raise CannotBuild(f"No file has the practices {', '.join(missing)}. Mend the list, or add their files.")
        return sorted(wish.only)
    areas = Counter(area for code in codes for area in found.practices[code].areas)
    if wish.area:
        codes = [code for code in codes if wish.area in found.practices[code].areas]
    elif areas and max(areas.values()) < sum(1 for code in codes if found.practices[code].areas):
        raise CannotBuild(f"The files cover more than one area. Choose with --area:\n{_choices(areas)}")
    if not codes:
        told = f" Areas in the files:\n{_choices(areas)}" if areas else " Add ODS's epraccur or a list of practices."
        raise CannotBuild(f"No practice was found{f' in {wish.area}' if wish.area else ''}.{told}")
    return codes


def _choices(areas: Mapping[str, int]) -> str:
    return "\n".join(f"  {code}: {count} practices" for code, count in sorted(areas.items(), key=lambda one: -one[1]))


Tables = dict[str, list[dict[str, Any]]]


def _tables(found: Found, codes: list[str], key: Mapping[str, str], wish: Wish, built: Built) -> Tables:
    # In the order of the folder's own codes: the order of the real ones would tell which is which.
    codes = sorted(codes, key=lambda code: key[code])
    chosen = set(codes)
    living = {
        (code, area): people.get("ALL") or sum(people.values())
        for (code, area), people in found.living.items()
        if code in chosen
    }
    lists = {code: _list_size(found, living, code) for code in codes}
    networks = sorted({found.practices[code].network for code in codes} - {""}, key=lambda one: key[one])
    names = masking.names_of(found, codes, networks, key, wish.practice_names)
    place = (wish.area or "PLACE")[:12]
    areas, members = _areas(found, living, place, wish, built)
    areas += [{"code": key[one], "kind": "cluster", "name": names[one]} for one in networks]
    members += [_member("area", key[one], place) for one in networks]
    members += [
        _member("organisation", key[code], key[found.practices[code].network])
        for code in codes
        if found.practices[code].network
    ]
    members += [_member("organisation", key[code], place) for code in codes]
    closed = [names[code] for code in codes if found.practices[code].status in {"C", "D"}]
    if closed:
        built.lost.append(f"{len(closed)} practices are not open in ODS but have registered people, so they are kept")
    built.counts |= {"practices": len(codes), "registered": sum(size or 0 for size in lists.values())}
    nowhere = sum(found.nowhere[code] for code in codes)
    built.counts |= {"clusters": len(networks), "suppressed": found.suppressed, "living nowhere known": nowhere}
    return {
        "organisations.csv": [_organisation(found, code, key, names, lists, wish) for code in codes],
        "areas.csv": areas,
        "memberships.csv": members,
        "registrations.csv": [
            {"practice_code": key[code], "area_code": area, "people": people}
            for (code, area), people in sorted(living.items(), key=lambda one: (key[one[0][0]], one[0][1]))
        ],
        "ages.csv": [row for code in codes for row in _ages(found, code, key[code])],
        "hours.csv": [_core_hours(key[code]) for code in codes],
        "agreements.csv": [_pending(key[code]) for code in codes],
        "feeds.csv": [_feed(key[code]) for code in codes],
        "prevalence.csv": _registers(found, chosen, key),
        "postcodes.csv": _postcodes(found, {area for _, area in living}),
        "sites.csv": [],
        "teams.csv": [],
        "holidays.csv": [],
    }


def _postcodes(found: Found, areas: set[str]) -> list[dict[str, Any]]:
    ours = sorted((code, area) for code, area in found.postcodes.items() if area in areas)
    return [{"postcode": code, "area_code": area} for code, area in ours]


def _registers(found: Found, chosen: set[str], key: Mapping[str, str]) -> list[dict[str, Any]]:
    ours = sorted(
        (key[code], register, told) for (code, register), (_, told) in found.registers.items() if code in chosen
    )
    return [{"practice_code": code, "register": register, "per_mille": told} for code, register, told in ours]


def _add_trusts(tables: Tables, found: Found, codes: list[str], wish: Wish, built: Built) -> None:
    areas = {area for code in codes for area in found.practices[code].areas}
    ours = trusts.chosen(found, wish.trusts, areas)
    for file, rows in trusts.tables(found, ours).items():
        tables[file] += rows
    built.lost += trusts.lost(found, ours)
    built.counts |= {"trusts": len(ours), "registers": len(tables["prevalence.csv"])}


def _list_size(found: Found, living: Mapping[tuple[str, str], int], code: str) -> int | None:
    ages = sum(found.ages.get(code, {}).values())
    homes = sum(people for (practice, _), people in living.items() if practice == code)
    return found.practices[code].list_size or homes or ages or None


def _organisation(
    found: Found,
    code: str,
    key: Mapping[str, str],
    names: Mapping[str, str],
    lists: Mapping[str, int | None],
    wish: Wish,
) -> dict[str, Any]:
    row: dict[str, Any] = {"code": key[code], "name": names[code][:120], "kind": "practice", "list_size": lists[code]}
    one = found.practices[code]
    if wish.practice_names:  # an address or a point names a practice as well as its name does
        row |= {"address": one.address[:200], "postcode": one.postcode, "phone": one.phone[:30]}
        row |= _point(one.point)
    return row


def _point(point: tuple[float, float] | None) -> dict[str, float]:
    return {"latitude": point[0], "longitude": point[1]} if point else {}


def _areas(
    found: Found, living: Mapping[tuple[str, str], int], place: str, wish: Wish, built: Built
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The place and each small area where its people live. Of the place are those with most people on its lists."""
    ours: Counter[str] = Counter()
    all_: Counter[str] = Counter()
    for (_, area), people in living.items():
        ours[area] += people
    for (_, area), sexes in found.living.items():
        all_[area] += sexes.get("ALL") or sum(sexes.values())
    deciles = _deciles(found, ours)
    areas: list[dict[str, Any]] = [{"code": place, "kind": "place", "name": _place_name(found, wish)}]
    for code in sorted(ours):
        one = found.area(code)
        row = {"code": code, "kind": "small-area", "name": one.name or code, "decile": deciles.get(code)}
        boundary = one.boundary if len(one.boundary) <= 20_000 else ""
        areas.append(row | {"residents": one.residents, "boundary": boundary} | _point(one.point))
    # Files of one area alone tell no other practice's people, so a place beyond what they describe isn't theirs.
    known = {code: found.small[code].residents for code in ours if found.small[code].residents}
    within = [code for code in sorted(known or ours) if ours[code] * 2 > max(all_[code], known.get(code) or 0)]
    built.counts |= {"small areas": len(ours), "small areas of the place": len(within)}
    built.counts |= {"small areas with deprivation": sum(1 for code in ours if code in deciles)}
    return areas, [_member("area", code, place) for code in within]


def _deciles(found: Found, ours: Mapping[str, int]) -> Mapping[str, int]:
    """The one file that knows the homes of most people: years of the index, and of its areas, are not mixed."""
    return max(
        found.deciles.values(),
        key=lambda table: sum(people for code, people in ours.items() if code in table),
        default={},
    )


def _ages(found: Found, code: str, told: str) -> Iterable[dict[str, Any]]:
    bands = found.ages.get(code, {})
    for first, last in sorted({(first, last) for first, last, _ in bands}):
        row = {"practice_code": told, "age_from": first, "age_to": last}
        yield row | {"male": bands.get((first, last, "M"), 0), "female": bands.get((first, last, "F"), 0)}


def _member(kind: str, code: str, area: str) -> dict[str, Any]:
    note = "first day not told by the files"
    return {"member_kind": kind, "member_code": code, "area_code": area, "starts": _SINCE, "note": note}


def _core_hours(code: str) -> dict[str, Any]:
    """The hours that every GP contract in England has."""
    hours = {"service": "core", "weekdays": "mon-fri", "opens": "08:00", "closes": "18:30", "on_holidays": "no"}
    return {"owner_code": code} | hours


def _pending(code: str) -> dict[str, Any]:
    return {"controller_code": code, "note": "Built from public files, which say nothing of agreements"}


def _feed(code: str) -> dict[str, Any]:
    feed = {"format": "fhir-stu3-json", "supplier": "", "channel": "folder", "expected_minutes": 1440}
    return {"code": f"{code}-gp", "organisation_code": code} | feed


def _lost(found: Found, counts: Mapping[str, int]) -> list[str]:
    kinds = set(found.used.values())
    if "registered people by broad age" in kinds:
        kinds.add("registered people by age")
    lost = [f"no file of {kind}: {what}" for kind, what in _NEEDED.items() if kind not in kinds]
    for name in found.broken:
        kind = found.used.get(name, "")
        lost.append(f"{name} is not whole: of what stands after the break, {_NEEDED.get(kind, 'nothing is known')}")
    if found.suppressed:
        lost.append(f"{found.suppressed:,} counts are suppressed in the files: their people are not counted")
    if found.twice:
        lost.append(f"{found.twice:,} counts of a practice and small area are told twice: the first stands")
    if counts["living nowhere known"]:
        lost.append(
            f"{counts['living nowhere known']:,} registered people have no small area in the files: they are in no area"
        )
    if found.halved:
        lost.append("a file tells ages without sex: each age is taken as half men, half women")
    return lost


def _place_name(found: Found, wish: Wish) -> str:
    return (wish.name or found.area_names.get(wish.area) or wish.area or "A place from public files")[:120]


def _about(found: Found, wish: Wish) -> str:
    told = {"code": (wish.area or "PLACE")[:12], "name": _place_name(found, wish)}
    lines = [f"{name} = {json.dumps(words, ensure_ascii=False)}" for name, words in told.items()]
    return "\n".join(
        (
            "# Built from official public files by `oneplace place build`. What no file tells stands to be filled in:",
            "# agreements.csv (each practice's is pending) and feeds.csv (a format is assumed).",
            "[place]",
            *lines,
            'description = "Built from official public files."',
            'bank_holidays = "england-and-wales"',
            "real = true                # a place that exists",
            "synthetic_people = true    # every page says so; take it out before real people are loaded",
            "",
        )
    )


def _write(out: Path, tables: Tables, about: str, replace: bool) -> None:
    """The whole folder in one step: written beside, read back as a place, then put in its place."""
    out.parent.mkdir(parents=True, exist_ok=True)
    part = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
    try:
        (part / "place.toml").write_text(about, "utf-8")
        for file, rows in tables.items():
            with (part / file).open("w", encoding="utf-8", newline="") as stream:
                writer = csv.DictWriter(stream, folders.columns(file), lineterminator="\n")
                writer.writeheader()
                writer.writerows(rows)
        _checked(part)
        part.chmod(0o755)
        _swap(part, out, replace)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _checked(part: Path) -> shapes.PlaceFolder:
    try:
        return folders.read(part)
    except folders.FolderFault as fault:
        first = "\n".join(str(one) for one in fault.faults[:10])
        raise CannotBuild(f"What the files say doesn't make a place; nothing was written.\n{first}") from None


def _swap(part: Path, out: Path, replace: bool) -> None:
    if not (replace and out.exists()):
        part.replace(out)  # an empty folder gives way
        return
    old = Path(tempfile.mkdtemp(prefix=f".{out.name}-old-", dir=out.parent))
    out.replace(old)
    part.replace(out)
    shutil.rmtree(old)
