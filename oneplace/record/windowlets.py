"""Windowlets: the panels of a view of the record, as declared in windowlets.yaml. A new view needs no code.

A panel is declared once; a view lists panels in the order they are read and may change any of their settings.
Source: record.md (windowlets per role and use case). Knows no database: `record.door` fills what is declared here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from oneplace.kernel.rows import Kind

DECLARED = Path(__file__).with_name("windowlets.yaml")

SHAPES = frozenset({"timeline", "table", "trends", "list", "people", "sources"})
ORDERS = frozenset({"newest", "oldest", "current"})
COLUMNS = frozenset({"main", "side"})
_KINDS = frozenset(kind.value for kind in Kind)
# FHIR's words for what no longer runs (Condition, MedicationStatement, AllergyIntolerance, Flag, CarePlan, Encounter).
PAST = frozenset(
    {"inactive", "remission", "resolved", "completed", "stopped", "cancelled", "finished", "refuted", "revoked"}
    | {"ended", "past", "entered-in-error", "not-taken", "not-given", "not-done", "no-longer-told"}
)


class WindowletError(ValueError):
    """The declaration can't be used. Says where, what is wrong and what would be right."""


@dataclass(frozen=True, slots=True)
class Windowlet:
    """One panel. The door reads the entries of `kinds`, keeps those that pass, orders them, and hands out `limit`."""

    name: str
    title: str
    shape: str  # one of SHAPES; `people` is drawn from the authors of its items, `sources` from Opened.sources
    kinds: tuple[str, ...] = ()
    limit: int = 20  # for trends: measured things, not points
    order: str = "newest"  # newest | oldest | current (what still runs first, then newest)
    only_status: tuple[str, ...] = ()  # empty: any
    not_status: tuple[str, ...] = ()
    current_only: bool = False  # only what still runs: see is_current
    within_days: int = 0  # 0: however old
    column: str = "main"  # main (read first) | side
    filters: tuple[str, ...] = ()  # source, kind: what a reader may narrow the panel to
    always: bool = False  # stands by itself even with nothing recorded; others are then named together


@dataclass(frozen=True, slots=True)
class View:
    """One way to look at a record: panels in reading order, and the roles it is made for (none named: all)."""

    name: str
    title: str
    windowlets: tuple[Windowlet, ...]
    roles: tuple[str, ...] = ()

    def suits(self, role: str) -> bool:
        """True when people in this role may use the view."""
        return not self.roles or role in self.roles

    def windowlet(self, name: str) -> Windowlet | None:
        """The panel of this name, or None."""
        return next((panel for panel in self.windowlets if panel.name == name), None)


@dataclass(frozen=True, slots=True)
class Sieve:
    """What a reader narrows a timeline to: kinds of entry and codes of sources (empty: all). No person data."""

    kinds: frozenset[str] = frozenset()
    sources: frozenset[str] = frozenset()

    def passes(self, kind: str, source_code: str) -> bool:
        """True for an entry that the reader wants to see."""
        return (not self.kinds or kind in self.kinds) and (not self.sources or source_code in self.sources)


ALL = Sieve()


def is_current(status: str, ended_at: datetime | None, now: datetime) -> bool:
    """True for what still runs: its status isn't a word of ending, and its end isn't behind us."""
    return status.lower() not in PAST and (ended_at is None or ended_at > now)


@cache
def views(path: Path = DECLARED) -> dict[str, View]:
    """Every declared view by name, in declared order. Raises WindowletError with the place and the cure."""
    try:
        declared = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as fault:
        raise WindowletError(f"{path.name} can't be read: {fault}") from fault
    return read_views(declared, path.name)


def views_for(role: str) -> tuple[View, ...]:
    """The views that people in this role may switch between."""
    return tuple(view for view in views().values() if view.suits(role))


def read_views(declared: Any, name: str = "windowlets.yaml") -> dict[str, View]:
    """The views of a declaration that was read from YAML. Raises WindowletError."""
    top = _mapping(declared, name)
    _known_keys(top, {"windowlets", "views"}, name)
    panels = {
        key: _windowlet({"name": key, **_mapping(told, f"{name}: windowlets.{key}")}, f"{name}: windowlets.{key}")
        for key, told in _mapping(top.get("windowlets"), f"{name}: windowlets").items()
    }
    return {
        key: _view(key, _mapping(told, f"{name}: views.{key}"), panels, f"{name}: views.{key}")
        for key, told in _mapping(top.get("views"), f"{name}: views").items()
    }


def _view(key: str, told: Mapping[str, Any], panels: Mapping[str, Windowlet], where: str) -> View:
    _known_keys(told, {"title", "roles", "windowlets"}, where)
    listed = told.get("windowlets")
    if not isinstance(listed, list) or not listed:
        raise WindowletError(f"{where} shows nothing: list its panels under 'windowlets', in reading order")
    shown = tuple(_placed(one, panels, f"{where}.windowlets[{index}]") for index, one in enumerate(listed))
    names = [panel.name for panel in shown]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise WindowletError(f"{where} shows '{twice[0]}' twice: give the second one a name of its own")
    return View(key, _text(told, "title", where), shown, _words(told.get("roles", ()), f"{where}.roles"))


def _placed(told: Any, panels: Mapping[str, Windowlet], where: str) -> Windowlet:
    """A panel as one view shows it: its name, or `use: name` with settings that differ here."""
    changes = {"use": told} if isinstance(told, str) else dict(_mapping(told, where))
    used = changes.pop("use", None)
    if used not in panels:
        raise WindowletError(f"{where} uses '{used}', which isn't declared. Declared: {', '.join(sorted(panels))}")
    if not changes:
        return panels[used]
    return _checked(replace(panels[used], **_settings(changes, where)), where)


def _windowlet(told: Mapping[str, Any], where: str) -> Windowlet:
    for key in ("title", "shape"):
        _text(told, key, where)
    return _checked(Windowlet(**_settings(told, where)), where)


def _settings(told: Mapping[str, Any], where: str) -> dict[str, Any]:
    _known_keys(told, {column.name for column in fields(Windowlet)}, where)
    lists = {"kinds", "only_status", "not_status", "filters"}
    return {key: _words(value, f"{where}.{key}") if key in lists else value for key, value in told.items()}


def _checked(panel: Windowlet, where: str) -> Windowlet:
    """The same panel, when each setting has a value that means something."""
    _one_of(panel.shape, SHAPES, f"{where}.shape")
    _one_of(panel.order, ORDERS, f"{where}.order")
    _one_of(panel.column, COLUMNS, f"{where}.column")
    for kind in panel.kinds:
        _one_of(kind, _KINDS, f"{where}.kinds")
    for choice in panel.filters:
        _one_of(choice, frozenset({"source", "kind"}), f"{where}.filters")
    if not panel.kinds and panel.shape != "sources":
        raise WindowletError(f"{where} names no kinds: say which entries it shows, e.g. kinds: [problem]")
    for key in ("current_only", "always"):
        if not isinstance(getattr(panel, key), bool):
            raise WindowletError(f"{where}.{key} is {getattr(panel, key)!r}: write true or false")
    for key, least in (("limit", 1), ("within_days", 0)):
        value = getattr(panel, key)
        if not isinstance(value, int) or isinstance(value, bool) or value < least:
            raise WindowletError(f"{where}.{key} is {value!r}: write a whole number from {least} up")
    return panel


def _one_of(value: Any, allowed: frozenset[str], where: str) -> None:
    if value not in allowed:
        raise WindowletError(f"{where} is {value!r}: write one of {', '.join(sorted(allowed))}")


def _known_keys(told: Mapping[str, Any], known: set[str], where: str) -> None:
    for key in told:
        if key not in known:
            raise WindowletError(f"{where} has '{key}', which means nothing here. Known: {', '.join(sorted(known))}")


def _mapping(told: Any, where: str) -> Mapping[str, Any]:
    if not isinstance(told, dict):
        raise WindowletError(f"{where} is missing or isn't a list of 'name: value' lines")
    return told


def _text(told: Mapping[str, Any], key: str, where: str) -> str:
    value = told.get(key)
    if not isinstance(value, str) or not value.strip():
        raise WindowletError(f"{where} has no {key}")
    return value


def _words(value: Any, where: str) -> tuple[str, ...]:
    if not isinstance(value, list | tuple) or not all(isinstance(word, str) for word in value):
        raise WindowletError(f"{where} must be a list of words, e.g. [active, current]")
    return tuple(value)
