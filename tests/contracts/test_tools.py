"""The tools that judge the house can fail, and say what a machine lacks."""

import importlib.util
from importlib import import_module
from pathlib import Path

import house
import pytest

postgres = import_module("postgres")  # a tool: house.py put its folder on the path


def runner():
    spec = importlib.util.spec_from_file_location("make_test", house.ROOT / "tools" / "test.py")
    module = importlib.util.module_from_spec(spec)
    import sys

    sys.modules["make_test"] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(("strict", "failed"), [(True, True), (False, False)])
def test_left_out_tier_fails_where_nothing_may_be_left_out(monkeypatch, capsys, strict, failed):
    tool = runner()
    monkeypatch.setattr(tool, "STRICT", strict)
    summary = tool.Summary(ran=[("everything", True, 1.0)], left_out=["rooms: apt install postgresql"])
    summary.show()
    assert summary.failed() is failed
    assert "apt install postgresql" in capsys.readouterr().out


def test_failed_tier_fails_the_run(monkeypatch):
    tool = runner()
    monkeypatch.setattr(tool, "STRICT", False)
    assert tool.Summary(ran=[("one", True, 1.0), ("two", False, 1.0)]).failed()
    assert not tool.Summary(ran=[("one", True, 1.0)]).failed()


def test_machine_without_postgresql_is_told_what_to_install(monkeypatch):
    monkeypatch.setattr(postgres, "_DEBIAN", Path("/nowhere"))
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(postgres.NoPostgres, match="apt install postgresql"), postgres.running():
        pass


def test_machine_without_a_browser_leaves_journeys_out_and_says_so(monkeypatch, tmp_path):
    tool = runner()
    monkeypatch.setattr(tool, "BROWSERS", ("/nowhere/chromium",))
    asked = []
    monkeypatch.setattr(tool, "pytest", lambda what, arguments, summary, **environment: asked.extend(arguments))
    summary = tool.Summary()
    tool.on_sqlite(summary, tmp_path, ["tests/rules"])
    assert "--ignore=tests/journeys" in asked
    assert "apt install chromium" in summary.left_out[0]
