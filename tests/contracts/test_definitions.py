"""What is written down agrees with what is built: glossary, YAML, documented commands, migrations, hazards."""

import re
from importlib import import_module
from pathlib import Path

import pytest
import yaml
from django.apps import apps
from django.core.management import call_command
from house import PACKAGE, ROOT, said

hazards = import_module("hazards")  # a tool: house.py put its folder on the path

PAGES = [ROOT / "README.md", ROOT / "ARCHITECTURE.md", *sorted((ROOT / "docs").rglob("*.md"))]
COMMAND = re.compile(r"(?:^|[`$>(]\s*|\.venv/bin/|make env && )oneplace((?: [a-z][a-z-]*)+)", re.M)
TARGET = re.compile(r"(?:^|[`$>(]\s*)make ([a-z][a-z-]*)", re.M)


def our_models() -> list[str]:
    return sorted(model.__name__ for model in apps.get_models() if model.__module__.startswith("oneplace."))


def glossary() -> set[str]:
    """The words that GLOSSARY.md explains: the bold word that opens each line."""
    return set(re.findall(r"^\*\*([^*]+)\*\*", (ROOT / "GLOSSARY.md").read_text(encoding="utf-8"), re.M))


def test_glossary_explains_each_model():
    assert sorted(set(our_models()) - glossary()) == []


def test_glossary_explains_each_word_once():
    words = re.findall(r"^\*\*([^*]+)\*\*", (ROOT / "GLOSSARY.md").read_text(encoding="utf-8"), re.M)
    assert sorted(word for word in set(words) if words.count(word) > 1) == []


def test_models_of_two_rooms_share_no_name():
    names = our_models()
    assert sorted(name for name in set(names) if names.count(name) > 1) == []


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.yaml")), ids=said)
def test_definition_is_yaml_with_something_in_it(path):
    assert yaml.safe_load(path.read_text(encoding="utf-8"))


def test_roles_open_views_that_are_declared():
    from oneplace.access.roles import roles
    from oneplace.record import windowlets

    declared = yaml.safe_load(windowlets.DECLARED.read_text(encoding="utf-8"))["views"]
    assert {role.view for role in roles().values() if role.view} <= set(declared)


@pytest.mark.django_db
def test_migrations_are_complete():
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


def said_commands(pattern: re.Pattern[str]) -> list[tuple[Path, str]]:
    return [
        (page, found.group(1).strip())
        for page in PAGES
        if page.exists()
        for found in pattern.finditer(page.read_text(encoding="utf-8"))
    ]


def test_documented_commands_exist():
    import typer

    from oneplace.site.cli import app

    wrong = []
    for page, words in said_commands(COMMAND):
        command, path = typer.main.get_command(app), []
        for word in words.split():
            below = getattr(command, "commands", None)
            if not below:
                break  # what follows a command is its argument
            path.append(word)
            if word not in below:
                wrong.append(f"{said(page)} speaks of 'oneplace {' '.join(path)}'")
                break
            command = below[word]
    assert wrong == []


def test_documented_make_targets_exist():
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M))
    assert [f"{said(page)} make {word}" for page, word in said_commands(TARGET) if word not in targets] == []


def test_hazards_are_tied_to_tests_that_exist():
    assert hazards.faults(hazards.read()) == []


def test_hazard_log_is_the_one_made_from_the_hazards():
    assert hazards.LOG.read_text(encoding="utf-8") == hazards.rendered(hazards.read()), "run: python tools/hazards.py"


def test_hazard_with_a_test_that_is_not_there_is_named():
    made_up = [
        {
            "id": "H99",
            "hazard": "x",
            "cause": "x",
            "effect": "x",
            "severity": "minor",
            "likelihood": "low",
            "residual": "low",
            "controls": [
                {"control": "x", "test": "tests/rules/test_nowhere.py::test_nothing_at_all"},
                {"control": "y"},
            ],
        }
    ]
    assert len(hazards.faults(made_up)) == 2
