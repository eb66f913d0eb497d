"""Roles as `roles.yaml` declares them: read once, checked whole, so that a mistyped permission stops the start."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

PERMISSIONS = frozenset(
    {"open-record", "search-people", "file-letters", "link-records"}
    | {"see-feeds", "see-quarantine", "replay", "see-ledger"}
)
_FILE = Path(__file__).with_name("roles.yaml")
_FIELDS = {"label": str, "clinical": bool, "home": str, "may": list}


class BadRoles(ValueError):
    """The file of roles can't be used; the text names the role, the fault and the cure."""


@dataclass(frozen=True, slots=True)
class Role:
    """What one role is called, where its people start, and what they may do."""

    name: str
    label: str
    clinical: bool
    home: str
    may: frozenset[str]
    view: str = ""


@cache
def roles() -> Mapping[str, Role]:
    """The roles of this place by name."""
    return read_roles(_FILE.read_text(encoding="utf-8"))


def role(name: str) -> Role | None:
    """One role, or None where no such role is declared: it then may do nothing."""
    return roles().get(name)


def permissions_of(name: str) -> frozenset[str]:
    """What a role may do; nothing for a role that isn't declared."""
    found = role(name)
    return found.may if found else frozenset()


def read_roles(text: str) -> dict[str, Role]:
    """Roles from YAML text. Raises BadRoles."""
    try:
        declared = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise BadRoles(f"roles.yaml is not YAML: {error}") from error
    if not isinstance(declared, dict):
        raise BadRoles("roles.yaml must hold roles by name")
    return {str(name): _role(str(name), fields) for name, fields in declared.items()}


def _role(name: str, fields: Any) -> Role:
    """One role, each field checked."""
    if not isinstance(fields, dict):
        raise BadRoles(f"role '{name}' must have the fields {', '.join(_FIELDS)}")
    for field, kind in _FIELDS.items():
        if not isinstance(fields.get(field), kind):
            raise BadRoles(f"role '{name}' needs '{field}' ({kind.__name__})")
    unknown = set(fields) - set(_FIELDS) - {"view"}
    if unknown:
        raise BadRoles(f"role '{name}' has a field that nothing reads: {', '.join(sorted(map(str, unknown)))}")
    may = frozenset(map(str, fields["may"]))
    if not may <= PERMISSIONS:
        raise BadRoles(f"role '{name}' may '{min(may - PERMISSIONS)}', which is no permission")
    view = str(fields.get("view") or "")
    if "open-record" in may and not view:
        raise BadRoles(f"role '{name}' opens records and needs the 'view' that opens first")
    return Role(name, fields["label"], fields["clinical"], fields["home"], may, view)
