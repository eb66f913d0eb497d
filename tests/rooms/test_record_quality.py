"""Linkage quality: counts by source and group, and precision and recall against a truth that is known."""

from pathlib import Path

import pytest
from factories.places import FOLDER
from factories.senders import MARY, OTHER, file, hospital, surgery

from oneplace.place import actions as place
from oneplace.place import folder
from oneplace.place import queries as places
from oneplace.record import quality
from oneplace.record.presenters.linkage import quality_page
from oneplace.record.quality import QualityRow

pytestmark = pytest.mark.django_db
HOME = {"address": [{"postalCode": "ZZ1 1AA"}]}


def rows(kind: str) -> dict[str, quality.QualityRow]:
    return {row.name: row for row in quality.report() if row.kind == kind}


def test_groups_add_up_to_everyone():
    file(surgery(**HOME), surgery(number="", code="RDR", local="c1", **HOME), hospital(born="19511221"))
    everyone = rows("all")["Everyone"]
    assert (everyone.patients, everyone.numbered, everyone.linked, everyone.by_demographics) == (3, 2, 2, 1)
    assert (everyone.held, everyone.provisional, everyone.unlinked) == (1, 0, 0)
    for kind in ("source", "age", "sex", "ethnicity", "deprivation"):
        assert sum(row.patients for row in rows(kind).values()) == 3, kind
    assert rows("source")["RDR"].share == 1.0
    assert set(rows("age")) == {"65 to 79"} or set(rows("age")) == {"65 to 79", "80 and over"}
    assert set(rows("deprivation")) == {quality.NOT_KNOWN}


def test_deprivation_is_that_of_the_practice():
    here = folder.read(FOLDER)
    place.load_folder(here, by="test")
    places.forget_names()
    practice = next(row.code for row in here.organisations if row.kind == "practice")
    tenth = places.decile_of_practice(practice)
    assert tenth in range(1, 11)
    file(surgery(code=practice))
    assert set(rows("deprivation")) == {str(tenth)}
    assert places.decile_of_practice("nowhere") is None


def truth(tmp_path: Path, *lines: str) -> Path:
    path = tmp_path / "truth.csv"
    path.write_text("\n".join(("source_code,local_id,true_person,age,sex", *lines)))
    return path


def test_truth_tells_right_wrong_and_missed(tmp_path: Path):
    """A wrong number links a stranger; a missing one keeps a patient apart."""
    file(surgery(), hospital(), surgery(number=OTHER, local="p2", code="G99002", family="Pike"))
    file(surgery(number="", code="RDR", local="c1"), surgery(number=MARY, code="H99", local="x9"))
    path = truth(
        tmp_path, "G99001,p1,mary,75,F", "RCB,RCB:H1,mary,75,F", "G99002,p2,pike,40,F", "RDR,c1,mary,75,F",
        "H99,x9,somebody,20,M", "RCB,gone,nobody,1,M",
    )  # fmt: skip
    told = {(row.kind, row.name): row for row in quality.against_truth(path)}
    everyone = told["all", "Everyone"]
    assert (everyone.patients, everyone.right, everyone.wrong, everyone.missed) == (5, 2, 4, 4)
    assert (everyone.precision, everyone.recall) == (2 / 6, 2 / 6)
    assert told["source", "H99"].wrong == told["source", "RDR"].missed == 2
    assert (told["age", "18 to 39"].precision, told["sex", "F"].precision) == (0.0, 0.5)
    assert told["source", "G99002"].recall == 1.0, "nobody to be linked with"


def test_truth_of_unlinked_patients_is_no_success(tmp_path: Path):
    file(surgery(), surgery(number="", code="RDR", local="c1"))
    told = {row.kind: row for row in quality.against_truth(truth(tmp_path, "G99001,p1,mary,,", "RDR,c1,mary,,"))}
    assert (told["all"].recall, told["all"].precision) == (0.0, 1.0)


def test_file_that_is_no_truth_is_named(tmp_path: Path):
    path = tmp_path / "else.csv"
    path.write_text("a,b\n1,2\n")
    with pytest.raises(ValueError, match=r"else\.csv has no column"):
        quality.against_truth(path)


def test_page_has_a_table_for_each_way_to_group():
    assert quality_page(quality.report(), {}) == ()
    file(surgery())
    tables = quality_page(quality.report(), {"G99001": "Example Practice"})
    assert [table.title for table in tables][::5] == ["All", "By source"]
    assert tables[-1].rows[0][0] == "Example Practice"
    row = QualityRow("ethnicity", "H", 1, 1, 1, 0, 0, 0, 0, 0)
    assert quality_page([row], {})[0].rows[0][0] == "H: Indian"
