"""Roles as `roles.yaml` declares them: read once, checked whole, so that a mistyped permission stops the start."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from oneplace.access.classes import classes

PERMISSIONS = frozenset(
    {"open-record", "search-people", "file-letters", "link-records"}
    | {"see-feeds", "see-quarantine", "replay", "see-ledger", "manage-users"}
    | {"record-consent", "keep-agreements", "mend-post", "give-own-access", "see-own-record", "see-own-history"}
    | {"see-beds", "ask-for-bed", "keep-beds"}
)
_FILE = Path(__file__).with_name("roles.yaml")
_FIELDS = {"label": str, "clinical": bool, "home": str, "may": list}
_FLAGS = ("direct_care", "break_glass", "personal")
_OTHERS = {"view", "reads", *_FLAGS}


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
    reads: frozenset[str] = frozenset()  # classes of information
    direct_care: bool = False  # meets Permit or Locked; others Permit or NotFound
    break_glass: bool = False
    personal: bool = False  # the person or a carer, not staff


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
    sets = declared.pop("sets", {})
    if not isinstance(sets, dict) or not all(isinstance(names, list) for names in sets.values()):
        raise BadRoles("'sets' in roles.yaml must hold lists of classes by name")
    return {str(name): _role(str(name), fields, sets) for name, fields in declared.items()}


def _role(name: str, fields: Any, sets: Mapping[str, list[str]]) -> Role:
    """One role, each field checked."""
    if not isinstance(fields, dict):
        raise BadRoles(f"role '{name}' must have the fields {', '.join(_FIELDS)}")
    for field, kind in _FIELDS.items():
        if not isinstance(fields.get(field), kind):
            raise BadRoles(f"role '{name}' needs '{field}' ({kind.__name__})")
    unknown = set(fields) - set(_FIELDS) - _OTHERS
    if unknown:
        raise BadRoles(f"role '{name}' has a field that nothing reads: {', '.join(sorted(map(str, unknown)))}")
    may = frozenset(map(str, fields["may"]))
    if not may <= PERMISSIONS:
        raise BadRoles(f"role '{name}' may '{min(may - PERMISSIONS)}', which is no permission")
    view = str(fields.get("view") or "")
    if "open-record" in may and not view:
        raise BadRoles(f"role '{name}' opens records and needs the 'view' that opens first")
    flags = {flag: fields.get(flag, False) for flag in _FLAGS}
    for flag, value in flags.items():
        if not isinstance(value, bool):
            raise BadRoles(f"role '{name}' needs '{flag}' (bool)")
    reads = _reads(name, fields.get("reads", []), sets)
    _check(name, fields["clinical"], flags, reads)
    return Role(name, fields["label"], fields["clinical"], fields["home"], may, view, reads, **flags)


def _reads(name: str, told: Any, sets: Mapping[str, list[str]]) -> frozenset[str]:
    """The classes that a role reads, with the sets written out."""
    if not isinstance(told, list):
        raise BadRoles(f"role '{name}' needs 'reads' (list)")
    reads = frozenset(each for word in map(str, told) for each in sets.get(word, [word]))
    unknown = reads - set(classes())
    if unknown:
        raise BadRoles(f"role '{name}' reads '{min(unknown)}', which is no class; classes.yaml lists them")
    return reads


def _check(name: str, clinical: bool, flags: Mapping[str, bool], reads: frozenset[str]) -> None:
    """What no role may be, whoever edits the file."""
    if flags["break_glass"] and not (clinical and flags["direct_care"]):
        raise BadRoles(f"role '{name}' may break the glass: only clinical roles of direct care may")
    for each in reads:
        if name in classes()[each].never or (classes()[each].clinical and not clinical):
            raise BadRoles(f"role '{name}' may not read '{each}': classes.yaml says who may")
