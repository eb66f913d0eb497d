"""A place from public files: layouts known by content, losses named, names masked, nothing half-written."""

import csv
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import get_resolver
from typer.testing import CliRunner

from oneplace import example
from oneplace.access import actions as access
from oneplace.access import roles as access_roles
from oneplace.place import actions, folder, published, queries
from oneplace.place import build as building
from oneplace.place.build import Built, CannotBuild, Wish
from oneplace.site.commands.place import app


def ods(code: str, name: str, icb: str, sub: str, status: str = "A", setting: str = "4") -> str:
    cells = [code, name, "Y59", icb, "1 THE STREET", "", "ALDERTON", "", "", "ZZ1 1AA", "19740401", ""]
    return ",".join([*cells, status, "B", sub, "", "", "01632 960000", *[""] * 7, setting, ""])


ODS = [
    ods("A81001", '"MILL LANE, THE SURGERY"', "QAA", "01A"),
    ods("A81002", "QUAY PRACTICE", "QAA", "01A"),
    ods("A81003", "FAR PRACTICE", "QBB", "02B"),
    ods("A81004", "SHUT PRACTICE", "QAA", "01A", status="C"),
    ods("A81005", "A CLINIC", "QAA", "01A", setting="8"),
]
LIVING = """PUBLICATION,EXTRACT_DATE,PRACTICE_CODE,PRACTICE_NAME,LSOA_CODE,SEX,NUMBER_OF_PATIENTS
GP_PRAC,01APR2026,A81001,MILL,E01000001,ALL,"1,200"
GP_PRAC,01APR2026,A81001,MILL,E01000002,ALL,*
GP_PRAC,01APR2026,A81001,MILL,NO2021,ALL,7
GP_PRAC,01APR2026,A81002,QUAY,E01000002,MALE,300
GP_PRAC,01APR2026,A81002,QUAY,E01000002,FEMALE,310
GP_PRAC,01APR2026,A81002,QUAY,E0100,ALL,5
GP_PRAC,01APR2026,A81003,FAR,E01000003,ALL,900
Total,,,,,,2722
"""
AGES = """PUBLICATION,EXTRACT_DATE,ORG_TYPE,ORG_CODE,POSTCODE,SEX,AGE_GROUP_5,NUMBER_OF_PATIENTS
GP_PRAC,01APR2026,GP,A81001,ZZ1 1AA,ALL,ALL,1207
GP_PRAC,01APR2026,GP,A81001,ZZ1 1AA,MALE,0_4,600
GP_PRAC,01APR2026,GP,A81001,ZZ1 1AA,FEMALE,95+,607
GP_PRAC,01APR2026,GP,A81001,ZZ1 1AA,FEMALE,old,1
GP_PRAC,01APR2026,CCG,01A,,MALE,0_4,9999
"""
NETWORKS = (
    "A81001,MILL,01A,AN AREA,U12345,THE MILL PCN,01A,AN AREA,20190701,\nA81002,QUAY,01A,AN AREA,U12345,X,01A,,,\n"
)
_DECILE = "Index of Multiple Deprivation (IMD) Decile (where 1 is most deprived 10% of LSOAs)"
IMD = f"""LSOA code (2011),LSOA name (2011),{_DECILE}
E01000001,Alderton 001A,2
E01000002,Alderton 001B,11
"""
SHAPES: dict[str, Any] = {
    "type": "FeatureCollection",
    "features": [
        {
            "type": "Feature",
            "properties": {"LSOA11CD": "E01000001", "LSOA11NM": "Alderton 001A"},
            "geometry": {"type": "Polygon", "coordinates": [[[0.1, 51.1], [0.2, 51.1], [0.2, 51.2], [0.1, 51.1]]]},
        }
    ],
}


@pytest.fixture
def files(tmp_path: Path) -> Path:
    source = tmp_path / "files"
    source.mkdir()
    (source / "a.csv").write_bytes("\r\n".join(ODS).encode("utf-8-sig"))
    (source / "b.csv").write_text(LIVING.replace("\n", "\r\n"), "utf-8-sig", newline="")
    (source / "c.csv").write_text(AGES, "utf-8")
    (source / "d.csv").write_text(NETWORKS, "utf-8")
    (source / "e.csv").write_text(IMD, "utf-8")
    (source / "f.geojson").write_text(json.dumps(SHAPES), "utf-8")
    return source


def built(files: Path, **wish: Any) -> tuple[Built, folder.PlaceFolder]:
    out = files.parent / "out"
    told = building.build(files, out, Wish(**{"area": "01A"} | wish), lambda step: None)
    return told, folder.read(out)


def test_build_reads_published_layouts_by_their_content(files: Path) -> None:
    told, place = built(files, practice_names=True)
    assert [(row.code, row.name, row.list_size) for row in place.practices()] == [
        ("A81001", "Mill Lane, The Surgery", 1207),
        ("A81002", "Quay Practice", 610),
    ]
    assert {(row.practice_code, row.area_code): row.people for row in place.registrations} == {
        ("A81001", "E01000001"): 1200,
        ("A81002", "E01000002"): 610,
    }
    assert [(row.age_from, row.age_to, row.male, row.female) for row in place.ages] == [
        (0, 4, 600, 0),
        (95, 99, 0, 607),
    ]
    assert {row.code: row.name for row in place.areas if row.kind == "cluster"} == {"U12345": "THE MILL PCN"}
    area = next(row for row in place.areas if row.code == "E01000001")
    assert (area.decile, area.name, area.boundary.count(",")) == (2, "Alderton 001A", 3)
    assert told.counts["suppressed"] == 1
    assert told.counts["living nowhere known"] == 7


def test_build_names_each_wrong_row_with_file_and_line(files: Path) -> None:
    told, _ = built(files)
    assert {(fault.file, fault.line) for fault in told.faults} == {("b.csv", 7), ("c.csv", 5), ("e.csv", 3)}


@pytest.mark.parametrize(
    ("file", "lost"),
    [("e.csv", "deprivation is 'not known'"), ("c.csv", "usual age structure"), ("d.csv", "in no cluster")],
)
def test_build_names_what_is_lost_by_a_missing_file(files: Path, file: str, lost: str) -> None:
    (files / file).unlink()
    told, place = built(files)
    assert any(lost in words for words in told.lost)
    assert len(place.practices()) == 2


def test_build_lists_the_choices_where_files_cover_several_areas(files: Path) -> None:
    with pytest.raises(CannotBuild, match=r"--area:\n  .*QAA: 2 practices|--area:\n  01A: 2 practices"):
        built(files, area="")
    with pytest.raises(CannotBuild, match="No practice was found in 09Z"):
        built(files, area="09Z")
    _, place = built(files, area="", only=frozenset({"A81003"}), practice_names=True)
    assert [row.code for row in place.practices()] == ["A81003"]


def test_build_masks_names_codes_and_whatever_else_names_a_practice(files: Path) -> None:
    _, place = built(files)
    written = "".join(path.read_text("utf-8") for path in place.path.iterdir())
    for word in ("A8100", "Mill", "MILL", "U12345", "ZZ1 1AA", "960000", "The Street"):
        assert word not in written
    assert {row.name for row in place.practices()} == {"Practice A01", "Practice A02"}


def test_build_keeps_masked_codes_by_a_key_outside_the_folder(files: Path) -> None:
    key = files.parent / "key.json"
    _, first = built(files, key=key)
    _, again = built(files, key=key, replace=True)
    assert [row.code for row in first.practices()] == [row.code for row in again.practices()]
    assert key.stat().st_mode & 0o077 == 0
    assert set(json.loads(key.read_text())) == {"A81001", "A81002", "U12345"}
    with pytest.raises(CannotBuild, match="can't be in --out"):
        built(files, key=first.path / "key.json", replace=True)


def test_build_touches_no_folder_that_is_not_empty(files: Path) -> None:
    out = files.parent / "out"
    out.mkdir()
    (out / "mine.txt").write_text("kept")
    for replacing in (False, True):
        with pytest.raises(CannotBuild):
            built(files, replace=replacing)
    assert [path.name for path in out.iterdir()] == ["mine.txt"]
    assert {path.name for path in files.parent.iterdir()} == {"files", "out"}


def test_build_leaves_nothing_where_the_files_make_no_place(files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(building, "_SINCE", "never")
    with pytest.raises(CannotBuild, match="nothing was written"):
        built(files)
    assert {path.name for path in files.parent.iterdir()} == {"files"}


def test_build_counts_nobody_twice(files: Path) -> None:
    (files / "again.csv").write_text(LIVING, "utf-8")
    told, place = built(files)
    assert sum(row.people for row in place.registrations) == 1810
    assert any("told twice" in words for words in told.lost)


def test_build_assumes_no_agreement(files: Path) -> None:
    _, place = built(files)
    assert (len(place.agreements), len(place.pending_agreements)) == (0, 2)


def test_build_goes_on_after_a_file_that_is_cut_short(files: Path) -> None:
    whole = (files / "f.geojson").read_text()
    (files / "f.geojson").write_text(whole[: len(whole) // 2])
    told, place = built(files)
    assert ("f.geojson", 0) in {(fault.file, fault.line) for fault in told.faults}
    assert len(place.practices()) == 2


POSTCODES = """pcd,pcds,lsoa11,lsoa21
ZZ1 1AA,zz1 1aa,E01000001,E01099991
ZZ1 1AB,ZZ1 1AB,E01000002,E01099992
ZZ9 9ZZ,ZZ9 9ZZ,E01088888,E01088888
"""


@pytest.mark.django_db
def test_build_keeps_the_postcodes_of_the_places_small_areas_and_they_tell_deprivation(files: Path) -> None:
    (files / "A first.csv").write_text(POSTCODES)  # before the files that tell which small areas there are
    told, place = built(files)
    assert told.used["A first.csv"] == "postcodes of small areas"
    assert {row.postcode: row.area_code for row in place.postcodes} == {"ZZ1 1AA": "E01000001", "ZZ1 1AB": "E01000002"}
    assert not queries.knows_postcodes()
    actions.load_folder(place, by="operator")
    assert queries.knows_postcodes()
    assert queries.decile_of_postcode("zz11aa") == 2
    assert queries.decile_of_postcode("ZZ1 1AB") is None  # its decile could not be read
    assert queries.decile_of_postcode("ZZ9 9ZZ") is None
    many = [f"ZZ{number} 1AA" for number in range(1, 1_200)]
    assert queries.deciles_of_postcodes(many) == {"ZZ1 1AA": 2}
    assert actions.load_folder(place, by="operator").total == 0


WIDE = "practice_code,HYP-prevalance,DM-prevalance\nA81001,0.14,0.05\nA81002,0.2,0.071\n"
LONG = """PRACTICE_CODE,GROUP_CODE,REGISTER,PATIENT_LIST_TYPE,PATIENT_LIST_SIZE
A81001,HYP,"1,692",TOTAL,12000
A81001,DM,50,17OV,1000
A81001,SMOK,50,15OV,1000
A81002,HYP,122,TOTAL,610
"""
FINGERTIPS = """Indicator ID,Indicator Name,Parent Code,Area Code,Area Name,Area Type,Sex,Time period,Value,Count
219,Hypertension: QOF prevalence (all ages),E1,A81001,MILL,GPs,Persons,2021/22,13.0,1
219,Hypertension: QOF prevalence (all ages),E1,A81001,MILL,GPs,Persons,2022/23,14.1,1
219,Hypertension: QOF prevalence (all ages),,E92000001,England,England,Persons,2022/23,14.4,1
241,Diabetes: QOF prevalence (17+ yrs),E1,A81001,MILL,GPs,Persons,2022/23,5,1
241,Diabetes: QOF prevalence (17+ yrs),E1,A81002,QUAY,GPs,Persons,2022/23,,
93014,Physically active adults,E1,A81002,QUAY,GPs,Persons,2022/23,50,1
"""


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (WIDE, {("A81001", "hypertension"): 140, ("A81002", "hypertension"): 200, ("A81001", "diabetes"): 50}),
        (WIDE.replace("0.14", "14").replace("0.05", "5"), {("A81001", "hypertension"): 140}),
        (LONG, {("A81001", "hypertension"): 141, ("A81002", "hypertension"): 200, ("A81001", "diabetes"): 50}),
        (FINGERTIPS, {("A81001", "hypertension"): 141, ("A81001", "diabetes"): 50}),
    ],
    ids=["a column a register", "per cent", "QOF", "Fingertips"],
)
def test_build_takes_registers_in_each_published_layout(
    files: Path, text: str, told: dict[tuple[str, str], float]
) -> None:
    (files / "g.csv").write_text(text)
    done, place = built(files, practice_names=True)
    found = {(row.practice_code, row.register): row.per_mille for row in place.prevalence}
    assert told.items() <= found.items()
    assert done.used["g.csv"] == "registers of practices"
    assert not any("recorded prevalence" in words for words in done.lost)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("practice_code,HYP-prevalence\nA81001,about a tenth\n", 2),
        ("practice_code,HYP-prevalence\nA81001,170\n", 2),
        ("PRACTICE_CODE,GROUP_CODE,REGISTER,PATIENT_LIST_SIZE\nA81001,HYP,90,30\n", 2),
    ],
)
def test_build_names_a_register_that_cannot_be(files: Path, text: str, line: int) -> None:
    (files / "g.csv").write_text(text)
    told, place = built(files)
    assert ("g.csv", line) in {(fault.file, fault.line) for fault in told.faults}
    assert place.prevalence == ()


TRUSTS = [
    ods("RAA", "ALDERTON HOSPITALS NHS TRUST", "QAA", "", setting=""),
    ods("RBB", "QUAY COMMUNITY NHS TRUST", "QAA", "", setting=""),
    ods("RCC", "FAR AMBULANCE SERVICE NHS TRUST", "QBB", "", setting=""),
    ods("RDD", "MILL AND PARTNERSHIP NHS TRUST", "QAA", "", setting=""),
    ods("RAA01", "ALDERTON GENERAL HOSPITAL", "QAA", "", setting=""),
    ods("RBB01", "ST MARY'S HOSPITAL", "QAA", "", setting=""),
    ods("RBB02", "QUAY CLINIC", "QAA", "", setting=""),
    ods("RBB03", "OLD CLINIC", "QAA", "", setting="").replace("19740401,", "19740401,20200331"),
]
BEDS = "nhs_trust22_code,date,general_acute_beds_available\nRAA,May 2022,400\nRAA,April 2022,390\nRCC,May 2022,*\n"


def test_build_takes_trusts_and_sites_from_ods_and_their_newest_beds(files: Path) -> None:
    (files / "etr.csv").write_text("\n".join(TRUSTS[:4]))
    (files / "ets.csv").write_text("\n".join(TRUSTS[4:]))
    (files / "beds.csv").write_text(BEDS)
    told, place = built(files)
    assert {row.code: row.kind for row in place.organisations if row.kind != "practice"} == {
        "RAA": "acute-trust", "RBB": "community-trust", "RDD": "mental-health-trust",
    }  # fmt: skip
    assert {row.code: (row.name, row.kind, row.beds) for row in place.sites} == {
        "RAA01": ("Alderton General Hospital", "acute-hospital", 0),
        "RAA-ALL": ("Alderton Hospitals NHS Trust: all sites", "acute-hospital", 400),
        "RBB01": ("St Mary's Hospital", "community-hospital", 0),
        "RBB02": ("Quay Clinic", "clinic", 0),
    }
    assert {row["organisation_code"] for row in place.feeds} >= {"RAA", "RBB", "RDD"}
    assert len(place.pending_agreements) == 2 + 3
    assert any("taken from its name" in words for words in told.lost)


def test_build_takes_the_trusts_that_are_named_and_refuses_unknown_ones(files: Path) -> None:
    (files / "beds.csv").write_text(BEDS)
    told, place = built(files)
    assert any("The files name RAA: choose with --trust" in words for words in told.lost)
    assert place.sites == ()
    told, place = built(files, trusts=frozenset({"RAA"}), replace=True)
    assert [(row.code, row.beds) for row in place.sites] == [("RAA-ALL", 400)]
    with pytest.raises(CannotBuild, match="No file has the trusts RZZ"):
        built(files, trusts=frozenset({"RZZ"}), replace=True)
    (files / "beds.csv").write_text(BEDS.replace("May 2022", "lately"))
    told, _ = built(files, trusts=frozenset({"RAA"}), replace=True)
    assert ("beds.csv", 2) in {(fault.file, fault.line) for fault in told.faults}


def test_build_says_what_is_lost_by_a_file_that_is_not_whole(files: Path) -> None:
    whole = (files / "f.geojson").read_text()
    (files / "f.geojson").write_text(whole[: len(whole) // 2])
    told, _ = built(files)
    assert any(words.startswith("f.geojson is not whole") for words in told.lost)


@pytest.mark.parametrize(("cell", "count"), [("1,234", 1234), ("10.0", 10), ("*", None), ("", None), ("0", 0)])
def test_count_of_reads_what_is_published(cell: str, count: int | None) -> None:
    assert published.count_of(cell) == count


@pytest.mark.parametrize("cell", ["-5", "1.5", "many"])
def test_count_of_refuses_what_is_no_count(cell: str) -> None:
    with pytest.raises(ValueError, match=cell):
        published.count_of(cell)


def test_build_command_ends_with_3_and_tells_json(files: Path) -> None:
    out = files.parent / "out"
    told = CliRunner().invoke(app, ["build", str(files), "--out", str(out), "--area", "01A", "--json"])
    assert told.exit_code == 3
    assert json.loads(told.stdout)["counts"]["practices"] == 2


@pytest.mark.django_db
def test_every_page_of_a_place_with_made_up_people_says_so(files: Path) -> None:
    _, place = built(files)
    actions.load_folder(place, by="operator")
    queries.forget_names()
    seen = set()
    for role in access_roles.roles():
        user = access.create_user(
            username=role,
            password="correct horse battery",
            by="test",
            display_name="Some One",
            role=role,
            organisation_code=place.practices()[0].code,
        )
        client = Client()
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        for address in (*_addresses(), "/nowhere/"):
            answer = client.get(address, follow=True)
            page = b"".join(answer) if answer.streaming else answer.content
            if b"<html" in page:
                assert b"SYNTHETIC PEOPLE" in page, (role, address)
                seen.add(address)
    assert {"/", "/people/", "/feeds/", "/nowhere/"} <= seen


def _addresses(resolver: Any = None) -> list[str]:
    """Every page's address that needs no key."""
    found: list[str] = []
    for one in (resolver or get_resolver()).url_patterns:
        if hasattr(one, "url_patterns"):
            found += _addresses(one)
        elif "<" not in str(one.pattern) and str(one.pattern) != "sign-out/":
            found.append(f"/{one.pattern}")
    return found


@pytest.mark.django_db
def test_a_place_says_that_people_are_made_up_only_while_they_are(files: Path, client: Client) -> None:
    _, place = built(files)
    actions.load_folder(place, by="operator")
    queries.forget_names()
    assert "SYNTHETIC PEOPLE" in client.get("/sign-in/").content.decode()
    actions.load_folder(replace(place, synthetic_people=False), by="operator")
    queries.forget_names()
    assert "SYNTHETIC PEOPLE" not in client.get("/sign-in/").content.decode()


def test_build_makes_a_place_of_real_files_that_people_can_be_made_up_for(shared_data: Path, tmp_path: Path) -> None:
    source = shared_data / "place_west_kent"
    with (source / "practice_lsoa_registrations.csv").open() as stream:
        people = sum(int(row["patients"]) for row in csv.DictReader(stream))
    told = building.build(source, tmp_path / "out", Wish(), lambda step: None)
    place = folder.read(tmp_path / "out")
    assert sum(row.people for row in place.registrations) + told.counts["living nowhere known"] == people
    assert len(place.practices()) == 56
    assert told.faults == []
    assert len(place.prevalence) == 56 * 18
    assert len(list(example.generate(place, 60, seed=1))) >= 60


def test_build_makes_another_area_of_a_part_of_the_files(shared_data: Path, tmp_path: Path) -> None:
    source = tmp_path / "files"
    source.mkdir()
    for old, new in (("epraccur.csv", "one.csv"), ("practice_lsoa_registrations.csv", "two.csv")):
        lines = (shared_data / "place_west_kent" / old).read_text().splitlines()
        (source / new).write_text("\n".join(line.replace("G82", "K84") for line in lines[:21]))
    building.build(source, tmp_path / "out", Wish(practice_names=True), lambda step: None)
    place = folder.read(tmp_path / "out")
    assert place.practices()
    assert all(row.code.startswith("K84") for row in place.practices())
