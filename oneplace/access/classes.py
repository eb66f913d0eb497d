"""Classes of information, purposes and kinds of tie as `classes.yaml` declares them: read once, checked whole."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

_FILE = Path(__file__).with_name("classes.yaml")
_FLAGS = {
    "classes": {"sensitive", "traced", "urgent", "clinical"},
    "purposes": {"opens"},
    "ties": {"urgent", "personal"},
}


class BadClasses(ValueError):
    """The file of classes can't be used; the text names the entry, the fault and the cure."""


@dataclass(frozen=True, slots=True)
class InformationClass:
    """One class of information."""

    name: str
    label: str
    sensitive: bool = False
    traced: bool = False
    urgent: bool = False
    clinical: bool = False
    never: frozenset[str] = frozenset()  # roles that may not be given it


@dataclass(frozen=True, slots=True)
class PurposeOfUse:
    """Why information is used; `opens` says that it may open a person's record."""

    name: str
    label: str
    opens: bool = False


@dataclass(frozen=True, slots=True)
class TieKind:
    """A kind of relationship."""

    name: str
    label: str
    urgent: bool = False
    personal: bool = False


@dataclass(frozen=True, slots=True)
class Declared:
    """All that the file declares, each by name in the file's order."""

    classes: Mapping[str, InformationClass]
    purposes: Mapping[str, PurposeOfUse]
    ties: Mapping[str, TieKind]


@cache
def declared() -> Declared:
    """What this installation's file declares."""
    return read_classes(_FILE.read_text(encoding="utf-8"))


def classes() -> Mapping[str, InformationClass]:
    """Classes of information by name."""
    return declared().classes


def purposes() -> Mapping[str, PurposeOfUse]:
    """Purposes by name."""
    return declared().purposes


def ties() -> Mapping[str, TieKind]:
    """Kinds of relationship by name."""
    return declared().ties


def read_classes(text: str) -> Declared:
    """The declaration from YAML text. Raises BadClasses."""
    try:
        told = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise BadClasses(f"classes.yaml is not YAML: {error}") from error
    if (
        not isinstance(told, dict)
        or set(told) != set(_FLAGS)
        or not all(isinstance(one, dict) for one in told.values())
    ):
        raise BadClasses(f"classes.yaml must hold exactly {', '.join(_FLAGS)}, each by name")
    return Declared(
        {str(name): InformationClass(**_entry("classes", name, fields)) for name, fields in told["classes"].items()},
        {str(name): PurposeOfUse(**_entry("purposes", name, fields)) for name, fields in told["purposes"].items()},
        {str(name): TieKind(**_entry("ties", name, fields)) for name, fields in told["ties"].items()},
    )


def _entry(section: str, name: object, fields: Any) -> dict[str, Any]:
    """The fields of one entry, each checked."""
    where = f"{section}: {name}"
    if not isinstance(fields, dict) or not isinstance(fields.get("label"), str):
        raise BadClasses(f"{where} needs a label")
    lists = {"never"} if section == "classes" else set()
    unknown = set(fields) - {"label"} - _FLAGS[section] - lists
    if unknown:
        raise BadClasses(f"{where} has '{min(map(str, unknown))}', which nothing reads")
    wrong = [flag for flag in sorted(_FLAGS[section] & set(fields)) if not isinstance(fields[flag], bool)]
    if wrong:
        raise BadClasses(f"{where}.{wrong[0]} must be true or false")
    entry: dict[str, Any] = {"name": str(name)} | fields
    if "never" in fields:
        if not isinstance(fields["never"], list):
            raise BadClasses(f"{where}.never must be a list of roles")
        entry["never"] = frozenset(map(str, fields["never"]))
    return entry
