"""Failures at the command line are sentences with a cure, quote no secret and no data, and end with the right code."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.db import DataError, OperationalError

from oneplace.site.mishaps import Mendable, words_of

pytestmark = pytest.mark.sqlite
COMMAND = Path(sys.executable).with_name("oneplace")


def oneplace(home: Path, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"ONEPLACE_HOME": str(home), "ONEPLACE_DATABASE_URL": ""} | more
    environment.pop("ONEPLACE_TRACE", None)
    return subprocess.run([COMMAND, *words], capture_output=True, text=True, env=environment, timeout=60)


def test_mendable_failure_says_its_own_words():
    assert words_of(Mendable("Do this.")) == "Do this."


def test_unexpected_failure_quotes_nothing_that_it_was_given():
    for error in (KeyError("Tillotson"), DataError("value Tillotson"), ValueError("Tillotson")):
        words = words_of(error)
        assert "Tillotson" not in words
        assert type(error).__name__ in words
        assert "ONEPLACE_TRACE=1" in words


def test_database_failure_keeps_its_first_line_alone():
    words = words_of(OperationalError("connection refused\nDETAIL: Key (family)=(Tillotson)"))
    assert "connection refused" in words
    assert "oneplace check" in words
    assert "Tillotson" not in words


def test_full_disk_is_told_with_its_cure():
    assert "Make room" in words_of(OSError(28, "No space left on device"))
    assert "ONEPLACE_HOME" in words_of(PermissionError(13, "Permission denied", "/somewhere"))


def test_setting_that_cannot_be_is_named_without_its_value(tmp_path):
    done = oneplace(tmp_path, "config", "show", ONEPLACE_DEMO="hush-hush")
    assert done.returncode == 1
    assert "ONEPLACE_DEMO" in done.stderr
    assert "hush-hush" not in done.stderr + done.stdout


def test_broken_settings_file_is_named(tmp_path):
    (tmp_path / "oneplace.toml").write_text("hosts = [")
    done = oneplace(tmp_path, "config", "show")
    assert done.returncode == 1
    assert "oneplace.toml" in done.stderr


def test_check_answers_in_json_even_where_nothing_can_start(tmp_path):
    (tmp_path / "file").write_text("")
    done = oneplace(tmp_path / "file", "check", "--json")
    assert done.returncode == 1
    assert [line["state"] for line in json.loads(done.stdout)] == ["failed"]
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "oneplace.sqlite3").write_text("this is no database, whatever it is called")
    done = oneplace(broken, "check", "--json")
    assert done.returncode == 1
    assert json.loads(done.stdout)[-1]["what"] == "database"


def test_check_of_a_fresh_home_ends_with_findings(tmp_path):
    done = oneplace(tmp_path, "check", "--json")
    assert done.returncode == 3
    assert {line["state"] for line in json.loads(done.stdout)} == {"ok", "warning"}


def test_key_for_an_unknown_organisation_is_refused(tmp_path):
    done = oneplace(tmp_path, "feeds", "key", "ZZZZZZ")
    assert done.returncode == 2
    assert "ZZZZZZ" in done.stderr
    assert done.stdout == ""


def test_two_commands_at_once_bring_a_fresh_database_up_to_date(tmp_path):
    environment = os.environ | {"ONEPLACE_HOME": str(tmp_path), "ONEPLACE_DATABASE_URL": ""}
    both = [
        subprocess.Popen([COMMAND, "audit", "verify"], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for _ in range(2)
    ]
    told = [one.communicate(timeout=60)[1] for one in both]
    assert [one.returncode for one in both] == [0, 0]
    assert sorted(b"Bringing the database" in words for words in told) == [False, True]
