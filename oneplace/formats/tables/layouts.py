"""Layouts of extracts, declared in YAML: which columns say who, what, when and whose. A new extract needs no code.

A layout is checked when it is loaded; a fault names file, place and cure. See docs/how-to/describe-an-extract.md.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
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

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,22}")  # with csv- or ndjson- before it 30 characters at most


class LayoutFault(ValueError):
    """A layout can't be used. Says in which file, where, what is wrong and what would be right."""


@dataclass(frozen=True, slots=True, eq=False)
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
    used: frozenset[str] = field(init=False)  # the columns that the layout reads

    def __post_init__(self) -> None:
        columns = {self.source, *self.patient.values(), *self.ids, *self.entry.values(), *self.detail.values()}
        object.__setattr__(self, "used", frozenset(columns - {""}))


@cache
def shipped() -> tuple[Layout, ...]:
    """The layouts that come with oneplace."""
    return layouts_of(_SHIPPED)


def layouts_of(folder: Path) -> tuple[Layout, ...]:
    """The layouts of a folder, by name. Raises LayoutFault."""
    found = tuple(_read(path) for path in sorted(folder.glob("*.yaml")))
    check_together(found)
    return found


def check_together(found: Sequence[Layout]) -> None:
    """Raises LayoutFault where two layouts have one name, or are recognised by the same columns."""
    for at, layout in enumerate(found):
        for other in found[:at]:
            if layout.name == other.name:
                raise LayoutFault(f"two layouts are called '{layout.name}'; give each a name of its own")
            if layout.recognised_by == other.recognised_by:
                raise LayoutFault(
                    f"'{other.name}' and '{layout.name}' are recognised by the same columns, so a table can't be told "
                    "to be of one; add to recognised_by of one of them a column that only it has"
                )


def _read(path: Path) -> Layout:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as fault:
        raise LayoutFault(
            f"{path.name} can't be read as YAML: {type(fault).__name__}; save it as plain text in UTF-8"
        ) from fault
    return layout_of(text, path.name)


def layout_of(text: str, file: str) -> Layout:
    """The layout that this YAML declares. Raises LayoutFault, which names the file, the place in it and the cure."""
    try:
        told = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError) as fault:
        mark = getattr(fault, "problem_mark", None)
        line = f" from line {mark.line + 1} on" if mark else ""
        raise LayoutFault(f"{file} can't be read as YAML{line}; check its indentation, brackets and quotes") from fault
    top = _mapping(told, file)
    _known(top, _TOP, file)
    patient = _texts(top, "patient", file)
    _known(patient, _PATIENT, f"{file}: patient")
    entry = _mapping(top.get("entry"), f"{file}: entry")
    _known(entry, _ENTRY, f"{file}: entry")
    if "local_id" not in patient:
        raise LayoutFault(f"{file}: patient has no local_id: name the column with the source's own patient id")
    layout = Layout(
        name=_name(top, file),
        title=_word(top, "title", file),
        recognised_by=frozenset(_columns(top, "recognised_by", file)),
        source=_column(top, "source", file),
        patient={key: _column(patient, key, f"{file}: patient") for key in patient},
        kind=_kind(entry.get("kind"), file),
        type=_word(entry, "type", f"{file}: entry"),
        ids=_columns(entry, "id", f"{file}: entry"),
        entry=_columns_by_meaning(top, entry, file),
        system=_column(entry, "system", f"{file}: entry", folded=False),
        display_words=_column(entry, "display_words", f"{file}: entry", folded=False),
        statuses={str(key).casefold(): str(value) for key, value in _texts(entry, "statuses", file).items()},
        detail={
            str(key): _column(_texts(entry, "detail", file), key, f"{file}: entry.detail")
            for key in _texts(entry, "detail", file)
        },
        required=_columns(top, "required", file) if top.get("required") else (),
        move=_move(top.get("event"), file),
    )
    missing = sorted(layout.recognised_by - layout.used)
    if missing:
        raise LayoutFault(
            f"{file}: recognised_by names '{missing[0]}', which the layout doesn't read; correct its name, or say "
            "under patient or entry what it means"
        )
    return layout


def _columns_by_meaning(top: Mapping[str, Any], entry: Mapping[str, Any], file: str) -> dict[str, str]:
    keys = ("happened_at", "ended_at", "code", "display", "status", "value", "unit")
    columns = {key: _column(entry, key, f"{file}: entry") for key in keys} | {
        "version_at": _column(top, "version_at", file)
    }
    return {key: column for key, column in columns.items() if column}


def _name(top: Mapping[str, Any], file: str) -> str:
    """The layout's name, which becomes part of the name of its feeds."""
    name = _word(top, "name", file)
    if not _NAME.fullmatch(name):
        raise LayoutFault(f"{file}: name is '{name[:40]}': write at most 23 small letters, digits and hyphens")
    return name


def _kind(value: Any, where: str) -> Kind:
    if not isinstance(value, str) or value not in set(Kind):
        raise LayoutFault(f"{where}: entry.kind is {value!r}: write one of {', '.join(sorted(Kind))}")
    return Kind(value)


def _move(value: Any, where: str) -> Move | None:
    if value is not None and (not isinstance(value, str) or value not in _MOVES):
        raise LayoutFault(f"{where}: event is {value!r}: write one of {', '.join(sorted(_MOVES))}, or leave it out")
    return _MOVES[value] if value is not None else None


def _column(told: Mapping[str, Any], key: str, where: str, *, folded: bool = True) -> str:
    """The text under a key, most often the name of a column, which is compared without case; '' where there is none."""
    value = told.get(key)
    if value is None:
        return ""
    if not isinstance(value, str | int | float) or isinstance(value, bool):
        raise LayoutFault(f"{where}.{key} is not the name of one column; write it as text, in quotes if need be")
    return str(value).strip().casefold() if folded else str(value)


def _columns(told: Mapping[str, Any], key: str, where: str) -> tuple[str, ...]:
    """The columns of a list that may not be empty."""
    value = told.get(key)
    if not isinstance(value, list) or not value:
        raise LayoutFault(f"{where}: {key} must be a list of columns, e.g. [contact_id]")
    return tuple(_column({key: one}, key, where) for one in value)


def _mapping(told: Any, where: str) -> Mapping[str, Any]:
    if not isinstance(told, dict):
        raise LayoutFault(f"{where} is missing or isn't a list of 'name: value' lines")
    return told


def _texts(told: Mapping[str, Any], key: str, where: str) -> Mapping[str, str]:
    return _mapping(told.get(key) or {}, f"{where}: {key}")


def _word(told: Mapping[str, Any], key: str, where: str) -> str:
    value = told.get(key)
    if not isinstance(value, str) or not value.strip():
        raise LayoutFault(f"{where} has no {key}; write {key}: and its words")
    return value.strip()


def _known(told: Iterable[str], known: set[str], where: str) -> None:
    for key in told:
        if key not in known:
            raise LayoutFault(f"{where} has '{key}', which means nothing here. Known: {', '.join(sorted(known))}")
