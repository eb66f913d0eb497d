"""Layouts of extracts, declared in YAML: which columns say who, what, when and whose. A new extract needs no code.

A layout is checked when it is loaded; a fault names the file, the place and the cure. Words: docs/reference/layouts.md.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from oneplace.kernel.rows import Kind, Move

_SHIPPED = Path(__file__).with_name("layouts")
_TOP = {"name", "title", "recognised_by", "source", "patient", "version_at", "entry", "event", "required"}
_PATIENT = {
    "local_id", "nhs_number", "verified", "family", "given", "prefix", "former_family", "birth_date", "sex",
    "ethnicity", "address", "postcode", "phone", "practice", "died",
}  # fmt: skip
_ENTRY = {
    "kind", "type", "id", "happened_at", "ended_at", "code", "system", "display", "display_words", "status", "statuses",
    "value", "unit", "detail",
}  # fmt: skip
_MOVES = {"attended": Move.ATTENDED, "admitted": Move.ADMITTED, "registered": Move.REGISTERED}


class LayoutFault(ValueError):
    """A layout can't be used. Says in which file, where, what is wrong and what would be right."""


@dataclass(frozen=True, slots=True)
class Layout:
    """One extract: columns by what they mean. Names of columns are compared without case."""

    name: str
    title: str
    recognised_by: frozenset[str]
    source: str  # column with the ODS code; '' where the feed's channel says whose it is
    patient: Mapping[str, str]
    kind: Kind
    type: str
    ids: tuple[str, ...]  # columns whose values make the entry's own id
    entry: Mapping[str, str]  # happened_at, ended_at, code, display, status, value, unit, version_at -> column
    system: str = ""
    display_words: str = ""
    statuses: Mapping[str, str] = field(default_factory=dict)
    detail: Mapping[str, str] = field(default_factory=dict)
    required: tuple[str, ...] = ()
    move: Move | None = None

    @property
    def used(self) -> frozenset[str]:
        """The columns that the layout reads."""
        columns = {self.source, *self.patient.values(), *self.ids, *self.entry.values(), *self.detail.values()}
        return frozenset(columns - {""})


@cache
def shipped() -> tuple[Layout, ...]:
    """The layouts that come with oneplace."""
    return layouts_of(_SHIPPED)


def layouts_of(folder: Path) -> tuple[Layout, ...]:
    """The layouts of a folder, by name. Raises LayoutFault."""
    found = [_read(path) for path in sorted(folder.glob("*.yaml"))]
    names = [layout.name for layout in found]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise LayoutFault(f"{folder.name}: two layouts are called '{twice[0]}'; give each a name of its own")
    return tuple(found)


def _read(path: Path) -> Layout:
    try:
        told = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as fault:
        raise LayoutFault(
            f"{path.name} can't be read as YAML: {type(fault).__name__}; check its indentation"
        ) from fault
    top = _mapping(told, path.name)
    _known(top, _TOP, path.name)
    patient = _texts(top, "patient", path.name)
    _known(patient, _PATIENT, f"{path.name}: patient")
    entry = _mapping(top.get("entry"), f"{path.name}: entry")
    _known(entry, _ENTRY, f"{path.name}: entry")
    if "local_id" not in patient:
        raise LayoutFault(f"{path.name}: patient has no local_id: name the column with the source's own patient id")
    ids = tuple(_column(one) for one in _list(entry.get("id"), f"{path.name}: entry.id"))
    columns = {key: entry[key] for key in ("happened_at", "ended_at", "code", "display", "status", "value", "unit")
               if entry.get(key)}  # fmt: skip
    if top.get("version_at"):
        columns["version_at"] = top["version_at"]
    layout = Layout(
        name=_word(top, "name", path.name),
        title=_word(top, "title", path.name),
        recognised_by=frozenset(_column(one) for one in _list(top.get("recognised_by"), f"{path.name}: recognised_by")),
        source=_column(top.get("source", "")),
        patient={key: _column(value) for key, value in patient.items()},
        kind=_kind(entry.get("kind"), path.name),
        type=_word(entry, "type", f"{path.name}: entry"),
        ids=ids,
        entry={key: _column(value) for key, value in columns.items()},
        system=str(entry.get("system", "")),
        display_words=str(entry.get("display_words", "")),
        statuses={str(key).casefold(): str(value) for key, value in _texts(entry, "statuses", path.name).items()},
        detail={key: _column(value) for key, value in _texts(entry, "detail", path.name).items()},
        required=tuple(_column(one) for one in top.get("required") or ()),
        move=_move(top.get("event"), path.name),
    )
    missing = sorted(layout.recognised_by - layout.used)
    if missing:
        raise LayoutFault(f"{path.name}: recognised_by names '{missing[0]}', which the layout doesn't read")
    return layout


def _kind(value: Any, where: str) -> Kind:
    if value not in set(Kind):
        raise LayoutFault(f"{where}: entry.kind is {value!r}: write one of {', '.join(sorted(Kind))}")
    return Kind(value)


def _move(value: Any, where: str) -> Move | None:
    if value is not None and value not in _MOVES:
        raise LayoutFault(f"{where}: event is {value!r}: write one of {', '.join(sorted(_MOVES))}, or leave it out")
    return _MOVES.get(value)


def _column(value: Any) -> str:
    return str(value).strip().casefold()


def _mapping(told: Any, where: str) -> Mapping[str, Any]:
    if not isinstance(told, dict):
        raise LayoutFault(f"{where} is missing or isn't a list of 'name: value' lines")
    return told


def _texts(told: Mapping[str, Any], key: str, where: str) -> Mapping[str, str]:
    return _mapping(told.get(key) or {}, f"{where}: {key}")


def _word(told: Mapping[str, Any], key: str, where: str) -> str:
    value = told.get(key)
    if not isinstance(value, str) or not value.strip():
        raise LayoutFault(f"{where} has no {key}")
    return value.strip()


def _list(told: Any, where: str) -> list[Any]:
    if not isinstance(told, list) or not told:
        raise LayoutFault(f"{where} must be a list of columns, e.g. [contact_id]")
    return told


def _known(told: Iterable[str], known: set[str], where: str) -> None:
    for key in told:
        if key not in known:
            raise LayoutFault(f"{where} has '{key}', which means nothing here. Known: {', '.join(sorted(known))}")
