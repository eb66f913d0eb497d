"""A place's own layouts of extracts: checked in its folder, kept when it is loaded, used for tables and replays."""

import shutil
from pathlib import Path

import pytest
from factories.places import FOLDER, HOSPITAL
from typer.testing import CliRunner

from oneplace.gateway import actions, layouts
from oneplace.gateway.models import Feed, OwnLayout, Receipt
from oneplace.gateway.receive import Item, receive
from oneplace.gateway.replay import replay
from oneplace.ledger.models import Row
from oneplace.place import folder
from oneplace.record.models import Entry
from oneplace.site import loading
from oneplace.site.cli import app

pytestmark = pytest.mark.django_db

GOOD = """
name: blood-pressures
title: Blood pressure
recognised_by: [reading_id, person, mmhg]
patient: {local_id: person, family: surname, birth_date: born}
entry: {kind: result, type: Reading, id: [reading_id], happened_at: at, value: mmhg}
"""
TABLE = b"reading_id,person,surname,born,at,mmhg\r\n1,p,Testcase,1951-12-12,2026-01-01,120\r\n2,p,,,2026-02-01,130\r\n"


def place_with(tmp_path: Path, **files: str) -> Path:
    """The example place's folder with these layouts beside it."""
    told = tmp_path / "place"
    shutil.copytree(FOLDER, told)
    (told / "layouts").mkdir()
    for name, text in files.items():
        (told / "layouts" / f"{name}.yaml").write_text(text)
    return told


def take(raw: bytes = TABLE, feed: str = HOSPITAL) -> object:
    return receive([Item("readings.csv", raw, "file", feed)], by="test")


def test_own_layout_is_loaded_and_reads_tables(tmp_path: Path):
    told = loading.load_place(place_with(tmp_path, readings=GOOD), by="test")
    assert told.endswith("1 layouts of its own.")
    assert take().filed == 2
    assert Feed.objects.filter(format="csv-blood-pressures", organisation_code=HOSPITAL).exists()
    assert sorted(Entry.objects.values_list("value", flat=True)) == [120.0, 130.0]


def test_table_that_waited_for_its_layout_is_read_after_it_is_loaded(tmp_path: Path):
    raw = TABLE.replace(b"2,p,,,2026-02-01,130\r\n", b"")
    assert take(raw).quarantined == 1
    assert Receipt.objects.get().reason_code == "layout-unknown"
    loading.load_place(place_with(tmp_path, readings=GOOD), by="test")
    assert replay(by="test", code="layout-unknown").filed == 1


def test_loading_again_changes_what_changed_and_forgets_what_is_gone():
    assert actions.keep_layouts({"a.yaml": GOOD, "b.yaml": GOOD}, by="test") == 2
    assert actions.keep_layouts({"a.yaml": GOOD, "b.yaml": GOOD}, by="test") == 0
    assert actions.keep_layouts({"a.yaml": GOOD + "event: attended"}, by="test") == 2
    assert OwnLayout.objects.get().file == "a.yaml"
    assert Row.objects.filter(action="keep layouts").count() == 2
    assert layouts.own()[0].move == "attended"


def test_layout_with_a_fault_is_named_and_nothing_is_loaded(tmp_path: Path):
    bad = place_with(
        tmp_path,
        a=GOOD.replace("kind: result", "kind: odd"),
        b=GOOD,
        c=GOOD.replace("blood-pressures", "readings"),
        d=GOOD.replace("blood-pressures", "community-contacts").replace(", mmhg]", "]"),
    )
    (bad / "layouts" / "e.yaml").write_bytes(b"name: caf\xe9")
    for command in ("check", "load"):
        done = CliRunner().invoke(app, ["place", command, str(bad)])
        assert done.exit_code == 3
        words = done.output
        assert "layouts/a.yaml: entry.kind is 'odd': write one of" in words
        assert "layouts/c.yaml: 'blood-pressures' and 'readings' are recognised by the same columns" in words
        assert "layouts/d.yaml: two layouts are called 'community-contacts'" in words
        assert "layouts/e.yaml: it can't be read (UnicodeDecodeError); save it as plain text in UTF-8." in words
        assert "b.yaml" not in words
        assert "See docs/how-to/describe-an-extract.md." in words
    assert not OwnLayout.objects.exists()


def test_faults_of_tables_and_of_layouts_are_told_together(tmp_path: Path):
    bad = place_with(tmp_path, a="[")
    (bad / "place.toml").unlink()
    with pytest.raises(folder.FolderFault) as refusal:
        loading.read_place(bad)
    assert {"place.toml", "layouts/a.yaml"} <= {fault.file for fault in refusal.value.faults}
