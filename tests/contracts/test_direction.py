"""Direction is law: import contracts hold, tables point down, a room's models are its own."""

import ast
import configparser
import subprocess
import sys
from pathlib import Path

import pytest
from django.apps import apps
from house import LINE, ROOT, height, modules, room_of, rooms, said, tree

# Lists of .importlinter that name rooms; each must hold those of its rooms that stand.
LISTS = {
    (
        "shelves",
        "containers",
    ): "ledger post place access directory record careplan frontdoor population governance portal",
    ("lake", "source_modules"): "access directory careplan frontdoor planning governance",
    ("privacy", "source_modules"): "population planning governance",
    ("pure", "source_modules"): "kernel formats solve",
}


def test_import_contracts_hold():
    program = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([program, "--no-cache"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(("contract", "field"), LISTS)
def test_import_contracts_name_each_room_that_stands(contract, field):
    file = configparser.ConfigParser()
    file.read(ROOT / ".importlinter")
    expected = {room for room in LISTS[contract, field].split() if room in rooms()}
    section = f"importlinter:contract:{contract}"
    named = file[section][field].split() if file.has_section(section) else []
    assert expected <= {name.removeprefix("oneplace.") for name in named}


def test_rooms_are_all_declared():
    declared = set().union(*LINE)
    assert set(rooms()) <= declared


def test_foreign_keys_across_rooms_point_down():
    wrong = []
    for model in apps.get_models():
        if not model.__module__.startswith("oneplace."):
            continue
        for field in model._meta.get_fields():
            target = getattr(field, "related_model", None)
            if field.auto_created or target is None or not target.__module__.startswith("oneplace."):
                continue
            here, there = model._meta.app_label, target._meta.app_label
            if here != there and height(here) <= height(there):
                wrong.append(f"{model.__name__}.{field.name} points up or aside to {target._meta.label}")
    assert wrong == []


def test_foreign_keys_across_rooms_are_named_by_string():
    wrong = []
    for path in modules():
        local = {node.name for node in ast.walk(tree(path)) if isinstance(node, ast.ClassDef)}
        for call in (node for node in ast.walk(tree(path)) if isinstance(node, ast.Call)):
            name = getattr(call.func, "attr", getattr(call.func, "id", ""))
            if name not in {"ForeignKey", "OneToOneField", "ManyToManyField"} or not call.args:
                continue
            target = call.args[0]
            if isinstance(target, ast.Name) and target.id not in local:
                wrong.append(f"{said(path, call.lineno)} {target.id}")
    assert wrong == []


def test_models_of_a_room_are_imported_by_that_room_alone():
    wrong = []
    for path in modules():
        for node in ast.walk(tree(path)):
            names = []
            if isinstance(node, ast.ImportFrom) and node.module:
                names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
            elif isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            for name in names:
                parts = name.split(".")
                if parts[0] == "oneplace" and parts[2:3] == ["models"] and parts[1] != room_of(path):
                    wrong.append(f"{said(path, node.lineno)} imports {name}")
    assert sorted(set(wrong)) == []


def test_person_tables_are_reached_through_keys_by_access_and_ledger():
    """The two rooms that every room may use know no person and no patient."""
    of_sign_in = {"auth", "axes", "admin", "account", "mfa", "usersessions", "socialaccount"}
    for room in ("access", "ledger", "place"):
        for model in apps.get_app_config(room).get_models():
            for field in model._meta.get_fields():
                target = getattr(field, "related_model", None)
                assert target is None or target._meta.app_label in {room, "place", *of_sign_in}, field
