"""The place folder: the example's shape exactly, and every fault named with file, line and cure."""

import csv
import re
import shutil
from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from oneplace.place import folder
from oneplace.place.folder import EXAMPLE, FolderFault, PlaceFolder


@pytest.fixture(scope="module")
def example() -> PlaceFolder:
    return folder.read()


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return Path(shutil.copytree(EXAMPLE, tmp_path / "place"))


def faults_of(path: Path) -> list[folder.Fault]:
    with pytest.raises(FolderFault) as caught:
        folder.read(path)
    return caught.value.faults


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")


def test_example_place_has_the_shape_of_its_model(example: PlaceFolder) -> None:
    sizes = [row.list_size for row in example.practices()]
    assert (len(sizes), min(sizes), max(sizes), sum(sizes)) == (60, 2_056, 19_739, 484_463)
    assert round(sum(sizes) / 60) == 8_074
    assert Counter(row.supplier for row in example.practices()) == {"Supplier A": 33, "Supplier B": 27}


def test_example_clusters_are_seven_of_the_right_sizes(example: PlaceFolder) -> None:
    size_of = {row.code: row.list_size for row in example.practices()}
    clusters = {row.code for row in example.areas if row.kind == "cluster"}
    today: Counter[str] = Counter()
    for row in example.memberships:
        if row.area_code in clusters and row.member_code in size_of and row.ends is None:
            today[row.area_code] += size_of[row.member_code]
    assert len(clusters) == 7
    assert (min(today.values()), max(today.values()), sum(today.values())) == (46_000, 82_500, 484_463)


def test_example_agreements_are_54_practices_and_six_pending_with_reasons(example: PlaceFolder) -> None:
    practices = {row.code for row in example.practices()}
    signed = [row for row in example.agreements if row["controller_code"] in practices]
    assert len(signed) == 54
    assert len(example.pending_agreements) == 6
    assert all(row["note"] and row["controller_code"] in practices for row in example.pending_agreements)


def test_example_has_feeds_of_each_practice_and_of_each_other_service(example: PlaceFolder) -> None:
    kinds = {row.code: row.kind for row in example.organisations}
    formats = Counter((kinds[row["organisation_code"]], row["format"]) for row in example.feeds)
    assert formats["practice", "fhir-stu3-json"] == 33
    assert formats["practice", "fhir-r4-json"] == 27
    assert {kind for kind, _ in formats} >= {
        "acute-trust", "community-trust", "mental-health-trust", "ambulance", "out-of-hours",
    }  # fmt: skip
    assert {row["organisation_code"] for row in example.feeds} >= {row.code for row in example.practices()}


def test_example_hospitals_and_their_beds(example: PlaceFolder) -> None:
    community = sorted((row.beds, row.therapy_beds) for row in example.sites if row.kind == "community-hospital")
    assert community == [(14, 0), (14, 8), (18, 0), (22, 0)]
    assert sum(row.kind == "acute-hospital" for row in example.sites) == 2
    assert sum(row.kind in {"surgery", "branch-surgery"} for row in example.sites) == 86


def test_example_has_every_kind_of_organisation(example: PlaceFolder) -> None:
    kinds = Counter(row.kind for row in example.organisations)
    assert kinds["district-council"] in {4, 5}
    assert kinds["care-home"] >= 12
    assert kinds["voluntary"] >= 10
    for kind in ("acute-trust", "community-trust", "mental-health-trust", "ambulance", "hospice", "out-of-hours"):
        assert kinds[kind] == 1
    assert kinds["county-council"] == 1


def test_example_lists_add_up_by_place_and_by_age(example: PlaceFolder) -> None:
    lived: Counter[str] = Counter()
    aged: Counter[str] = Counter()
    for row in example.registrations:
        lived[row.practice_code] += row.people
    for band in example.ages:
        aged[band.practice_code] += band.male + band.female
    sizes = {row.code: row.list_size for row in example.practices()}
    assert lived == sizes
    assert aged == sizes


def test_registered_is_not_resident_at_the_border(example: PlaceFolder) -> None:
    inside = {row.member_code for row in example.memberships if row.area_code == "Z9PL"}
    districts = {row.code for row in example.areas if row.kind == "district"}
    (outside,) = districts - inside
    serving = {row.member_code for row in example.memberships if row.area_code == outside}
    wards = {row.member_code for row in example.memberships if row.area_code == outside and row.member_kind == "area"}
    over = {row.member_code for row in example.memberships if row.area_code in wards}
    (practice,) = serving - wards
    people = sum(row.people for row in example.registrations if row.practice_code == practice and row.area_code in over)
    size = example.organisation(practice).list_size
    assert 0.35 < people / size < 0.45


def test_example_codes_and_names_are_no_real_practice(example: PlaceFolder, shared_data: Path) -> None:
    with (shared_data / "place_west_kent" / "epraccur.csv").open(encoding="utf-8") as handle:
        real = list(csv.DictReader(handle))
    codes, names = {row["c0"] for row in real}, {row["c1"].upper() for row in real}
    assert not codes & {row.code for row in example.organisations}
    assert not names & {row.name.upper() for row in example.organisations}


def test_example_postcodes_are_in_an_area_that_does_not_exist(example: PlaceFolder) -> None:
    told = [row.postcode for row in (*example.organisations, *example.sites) if row.postcode]
    assert told
    assert all(code.startswith("ZZ") for code in told)


def test_folder_that_is_missing_is_named(tmp_path: Path) -> None:
    (fault,) = faults_of(tmp_path / "nowhere")
    assert "nowhere" in fault.file
    assert "place.toml" in fault.cure


@pytest.mark.parametrize("file", ["organisations.csv", "memberships.csv", "feeds.csv", "place.toml"])
def test_missing_file_is_named_with_its_cure(copy: Path, file: str) -> None:
    (copy / file).unlink()
    found = [fault for fault in faults_of(copy) if fault.file == file]
    assert [(fault.line, bool(fault.cure)) for fault in found] == [(0, True)]


@pytest.mark.parametrize(
    ("file", "old", "new", "line", "word"),
    [
        ("organisations.csv", ",practice,", ",practise,", 2, "kind"),
        ("organisations.csv", ",19739,", ",19 739,", 2, "list_size"),
        ("organisations.csv", "Aldercombe Family Practice", "A" * 121, 2, "name"),
        ("areas.csv", "small-area,Aldercombe North A,", "small-area,Aldercombe North A,1", 83, "decile"),
        ("memberships.csv", "2012-04-01", "01/04/2012", 2, "starts"),
        ("memberships.csv", "Z9PL,2012", "Z9XX,2012", 2, "area_code"),
        ("hours.csv", "mon-fri", "fri-mon", 2, "weekdays"),
        ("hours.csv", "08:00", "8 o'clock", 2, "opens"),
        ("agreements.csv", ",2016-02-02,2016-02-02,,", ",2016-02-02,2016-02-02,2015-01-01,", 2, "before"),
        ("place.toml", 'name = "Wychbourne Vale"', "name = Wychbourne Vale", 6, "TOML"),
    ],
)
def test_malformed_cell_is_named_by_line_and_cured(
    copy: Path, file: str, old: str, new: str, line: int, word: str
) -> None:
    change(copy / file, old, new)
    found = [fault for fault in faults_of(copy) if fault.file == file]
    assert [fault.line for fault in found] == [line]
    assert word in found[0].text
    assert found[0].cure


def test_unknown_column_is_named_beside_the_known_ones(copy: Path) -> None:
    change(copy / "sites.csv", "therapy_beds", "theraphy_beds")
    (fault,) = (fault for fault in faults_of(copy) if fault.file == "sites.csv")
    assert fault.line == 1
    assert "theraphy_beds" in fault.text
    assert "therapy_beds" in fault.cure


def test_all_faults_are_told_at_once(copy: Path) -> None:
    change(copy / "organisations.csv", ",19739,", ",many,")
    change(copy / "hours.csv", "mon-fri", "weekdays")
    (copy / "feeds.csv").unlink()
    assert {"organisations.csv", "hours.csv", "feeds.csv"} <= {fault.file for fault in faults_of(copy)}


def test_row_with_a_comma_too_many_says_so(copy: Path) -> None:
    path = copy / "teams.csv"
    path.write_text(path.read_text("utf-8") + "Z9T-X,Z9C,A, B,referral,Z9PL,\n", "utf-8")
    (fault,) = faults_of(copy)
    assert "cells" in fault.text
    assert "quotes" in fault.cure


def test_code_that_stands_twice_names_both_lines(copy: Path) -> None:
    path = copy / "teams.csv"
    lines = path.read_text("utf-8").splitlines()
    path.write_text("\n".join([*lines, lines[1]]) + "\n", "utf-8")
    (fault,) = faults_of(copy)
    assert fault.line == len(lines) + 1
    assert "line 2" in fault.text


def test_digest_changes_with_the_files_alone(copy: Path) -> None:
    before = folder.read(copy).digest
    assert before == folder.read(EXAMPLE).digest
    change(copy / "place.toml", "Wychbourne Vale", "Another Vale")
    assert folder.read(copy).digest != before


def test_practice_that_moved_cluster_is_in_one_at_a_time(example: PlaceFolder) -> None:
    in_clusters = [row for row in example.memberships if row.area_code.startswith("Z9CL")]
    moved = [row for row in in_clusters if row.ends and row.member_kind == "organisation"]
    assert [(row.area_code, row.ends) for row in moved] == [("Z9CL1", date(2017, 3, 31))]


def test_reference_names_each_file_and_column() -> None:
    page = (Path(__file__).parents[2] / "docs" / "reference" / "place-folder.md").read_text("utf-8")
    rows = {line.split("|")[1].strip(" `"): line for line in page.splitlines() if line.startswith("| `")}
    for file, columns in folder._TABLES.items():
        told = rows[file].split("|")[3].replace("**", " ").replace(",", " ").split()
        assert {name for name in columns} <= {*told}, file
        assert all(f"**{name}**" in rows[file] for name, column in columns.items() if column.needed), file
    assert {"place.toml", "example.toml"} <= rows.keys()


def test_second_place_has_another_shape_and_words_of_its_own() -> None:
    second = folder.read(folder.find("ostermere"))
    kinds = Counter(row.kind for row in second.areas)
    assert len(second.practices()) == 53
    assert (kinds["cluster"], kinds["hub"], kinds["district"]) == (7, 3, 0)
    assert (second.words["cluster"], second.words["hubs"], second.words["levels"]) == ("locality", "bases", "tiers")
    assert len(second.pending_agreements) == 4
    sizes = {row.code: row.list_size for row in second.practices()}
    lived: Counter[str] = Counter()
    aged: Counter[str] = Counter()
    for row in second.registrations:
        lived[row.practice_code] += row.people
    for band in second.ages:
        aged[band.practice_code] += band.male + band.female
    assert lived == aged == sizes


def test_two_places_share_no_code_and_no_name(example: PlaceFolder) -> None:
    second = folder.read(folder.find("ostermere"))
    for table in ("organisations", "sites", "areas", "teams"):
        ours, theirs = getattr(example, table), getattr(second, table)
        assert not {row.code for row in ours} & {row.code for row in theirs}, table
        assert not {row.name for row in ours} & {row.name for row in theirs}, table
    assert not {row["code"] for row in example.feeds} & {row["code"] for row in second.feeds}
    assert {row.postcode.split()[0] for row in example.organisations if row.postcode}.isdisjoint(
        row.postcode.split()[0] for row in second.organisations if row.postcode
    )


def test_place_without_words_of_its_own_has_the_usual(example: PlaceFolder) -> None:
    assert example.words == folder.WORDS


@pytest.mark.parametrize(
    ("told", "what"),
    [('[words]\ndistrict = "shire"\n', "district"), ("[words]\ncluster = 7\n", "cluster"), ('words = "x"\n', "words")],
)
def test_words_that_nothing_reads_are_named(copy: Path, told: str, what: str) -> None:
    about = copy / "place.toml"
    before = about.read_text("utf-8")
    about.write_text(told + before if told.startswith("words") else f"{before}\n{told}", "utf-8")
    (fault,) = faults_of(copy)
    assert fault.file == "place.toml"
    assert what in fault.text


def test_consent_models_of_a_place_are_read_and_strange_ones_named(copy: Path, example: PlaceFolder) -> None:
    assert set(example.consent_models) == {""}
    about = copy / "place.toml"
    plain = re.sub(r"(?m)^\[access\]\n.*\n", "", about.read_text("utf-8"))
    about.write_text(plain, "utf-8")
    assert folder.read(copy).consent_models == {}
    about.write_text(
        plain + '\n[access]\nconsent_model = "explicit"\n[access.classes]\nplan = "direct-care"\n', "utf-8"
    )
    assert folder.read(copy).consent_models == {"": "explicit", "plan": "direct-care"}
    for told in ('[access]\nconsent_model = "hope"\n', '[access.classes]\nplan = "hope"\n', "access = 3\n"):
        about.write_text(told + plain if told.startswith("access") else plain + "\n" + told, "utf-8")
        assert "no consent model" in faults_of(copy)[0].text
