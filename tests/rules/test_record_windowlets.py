"""The declaration of views: what ships is whole, and a mistake in it is named with its place and its cure."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from oneplace.access.roles import roles
from oneplace.record.windowlets import Sieve, WindowletError, is_current, read_views, views, views_for

NOW = datetime(2026, 10, 12, tzinfo=UTC)
PANEL = {"title": "Problems", "shape": "table", "kinds": ["problem"]}


def declared(panel: dict | None = None, listed: object = ("problems",), **view: object) -> dict:
    """A declaration of one panel and one view, with these differences."""
    shown = list(listed) if isinstance(listed, tuple) else listed
    return {"windowlets": {"problems": panel or PANEL}, "views": {"gp": {"title": "GP", "windowlets": shown, **view}}}


def test_view_of_each_role_is_declared() -> None:
    """No role that opens records starts at a view that isn't there."""
    opening = {role.view for role in roles().values() if role.view}
    assert opening <= set(views())


def test_view_of_each_role_suits_that_role() -> None:
    """The view that a role starts with is among those it may use."""
    for role in roles().values():
        assert not role.view or role.view in {view.name for view in views_for(role.name)}


def test_triage_view_shows_what_runs_now() -> None:
    """Triage leaves out past problems and stopped medicines, and shows alerts first."""
    triage = views()["spr-triage"]
    assert triage.windowlets[0].name == "alerts"
    assert triage.windowlet("problems").current_only
    assert triage.windowlet("medicines").current_only
    assert not views()["gp"].windowlet("problems").current_only


def test_panel_in_a_view_keeps_what_it_does_not_change() -> None:
    """`use` with one setting changes that setting alone."""
    view = read_views(declared(listed=({"use": "problems", "limit": 3},)))["gp"]
    assert (view.windowlets[0].limit, view.windowlets[0].title) == (3, "Problems")


@pytest.mark.parametrize(
    ("told", "words"),
    [
        (declared({**PANEL, "kinds": ["problm"]}), "windowlets.problems.kinds is 'problm'"),
        (declared({**PANEL, "shape": "chart"}), "write one of list, people, sources, table"),
        (declared({**PANEL, "colour": "red"}), "has 'colour', which means nothing here"),
        (declared({**PANEL, "limit": 0}), "limit is 0: write a whole number from 1 up"),
        (declared({**PANEL, "limit": True}), "limit is True"),
        (declared({**PANEL, "always": "yes"}), "always is 'yes': write true or false"),
        (declared({**PANEL, "kinds": "problem"}), "must be a list of words"),
        (declared({**PANEL, "filters": ["day"]}), "filters is 'day'"),
        (declared({"title": "Problems", "shape": "table"}), "names no kinds"),
        (declared({"shape": "table", "kinds": ["problem"]}), "windowlets.problems has no title"),
        (declared(listed=("allergies",)), "uses 'allergies', which isn't declared. Declared: problems"),
        (declared(listed=("problems", "problems")), "shows 'problems' twice"),
        (declared(listed=()), "shows nothing"),
        (declared(colour="red"), "views.gp has 'colour'"),
        ({"windowlets": {}}, "views is missing"),
        (None, "is missing or isn't a list"),
    ],
)
def test_mistake_in_the_declaration_is_named(told: object, words: str) -> None:
    """Each mistake says where it stands and what would be right."""
    with pytest.raises(WindowletError) as fault:
        read_views(told)
    assert words in str(fault.value)


def test_file_that_is_not_yaml_is_named(tmp_path: Path) -> None:
    """A broken file is named, and so is one that isn't there."""
    broken = tmp_path / "mine.yaml"
    broken.write_text("views: [")
    for path in (broken, tmp_path / "none.yaml"):
        with pytest.raises(WindowletError, match=f"{path.name} can't be read"):
            views(path)


@pytest.mark.parametrize(
    ("status", "ends_in", "current"),
    [
        ("active", None, True),
        ("", None, True),
        ("Resolved", None, False),
        ("active", timedelta(days=-1), False),
        ("active", timedelta(days=1), True),
        ("entered-in-error", None, False),
    ],
)
def test_is_current_reads_status_and_end(status: str, ends_in: timedelta | None, current: bool) -> None:
    """What has ended by word or by date doesn't run."""
    assert is_current(status, NOW + ends_in if ends_in else None, NOW) is current


def test_sieve_passes_only_what_was_chosen() -> None:
    """Kinds and sources narrow together; none chosen narrows nothing."""
    sieve = Sieve(frozenset({"result"}), frozenset({"EX001"}))
    assert sieve.passes("result", "EX001")
    assert not sieve.passes("result", "EXH01")
    assert not sieve.passes("problem", "EX001")
    assert Sieve().passes("problem", "EXH01")
