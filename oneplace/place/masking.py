"""Names and codes of practices and networks masked: numbers drawn by lot, and the key that says which is which."""

import json
import os
import secrets
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from oneplace.place.found import Found

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


class CannotBuild(Exception):
    """The folder can't be built; the text says why and what to do. Nothing was written."""


def key_of(found: Found, codes: list[str], plain: bool, path: Path | None) -> dict[str, str]:
    """The code that each practice and network has in the folder: its own where names are asked for."""
    networks = sorted({found.practices[code].network for code in codes} - {""})
    if plain:
        return {code: code for code in [*codes, *networks]}
    kept = _kept_key(path)
    for real, prefix in [*((code, "Z7") for code in codes), *((code, "Z7N") for code in networks)]:
        # Numbers are drawn by lot: counted in the order of the codes they could be counted back.
        while real not in kept:
            drawn = f"{prefix}{secrets.randbelow(10_000):04d}"
            if drawn not in kept.values():
                kept[real] = drawn
    return kept


def _kept_key(path: Path | None) -> dict[str, str]:
    if path is None or not path.exists():
        return {}
    try:
        return dict(json.loads(path.read_text("utf-8")))
    except (ValueError, TypeError):
        raise CannotBuild(f"{path} is not a key that this command wrote. Choose another --key.") from None


def keep_key(path: Path, key: Mapping[str, str]) -> None:
    """The key, for its owner's eyes alone."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as stream:
        json.dump(key, stream, indent=1)


def names_of(
    found: Found, codes: list[str], networks: list[str], key: Mapping[str, str], plain: bool
) -> dict[str, str]:
    """Names by real code: as they are, or Practice A01 with a letter a network (Z without one)."""
    if plain:
        own = {code: found.practices[code].name or code for code in codes}
        return own | {one: found.networks[one] for one in networks}
    letters = {one: _letters(at) for at, one in enumerate(networks)}
    told, counted = {one: f"Network {letters[one]}" for one in networks}, Counter[str]()
    for code in sorted(codes, key=lambda one: key[one]):
        letter = letters.get(found.practices[code].network, "Z")
        counted[letter] += 1
        told[code] = f"Practice {letter}{counted[letter]:02d}"
    return told


def _letters(at: int) -> str:
    return _LETTERS[at] if at < 25 else f"{_LETTERS[at // 25 - 1]}{_LETTERS[at % 25]}"
