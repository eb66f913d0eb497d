"""A watched folder: each file is taken in and then moved, to done/ or to quarantined/. Moved means durable.

A file is left alone until its size has stood still between two looks, so that one being written is not read in half.
A file found again after a kill is received again, counts as duplicate and is moved.
"""

import os
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from oneplace.gateway.receive import Item, receive
from oneplace.gateway.rules import Tally
from oneplace.kernel import clock

DONE, QUARANTINED = "done", "quarantined"


def watch(folder: Path, *, by: str, feed_code: str = "", seconds: float = 1.0, once: bool = False) -> Iterator[Tally]:
    """Take in what lies in the folder and what comes; yields a tally after each look that found something."""
    for name in (DONE, QUARANTINED):
        (folder / name).mkdir(exist_ok=True)
    sizes: dict[Path, int] = {}
    seen: dict[Path, datetime] = {}
    while True:
        found = {path: path.stat().st_size for path in _files(folder)}
        still = sorted(path for path, size in found.items() if once or sizes.get(path) == size)
        sizes, seen = found, {path: seen.get(path) or clock.real_now() for path in found}
        if still:
            yield _take({path: seen[path] for path in still}, folder, by, feed_code)
        if once:
            return
        time.sleep(seconds)


def _files(folder: Path) -> Iterator[Path]:
    """Files in the folder itself; hidden ones and those being uploaded (.part, .tmp) are left alone."""
    for path in folder.iterdir():
        if path.is_file() and not path.name.startswith(".") and path.suffix not in (".part", ".tmp"):
            yield path


def _take(paths: dict[Path, datetime], folder: Path, by: str, feed_code: str) -> Tally:
    total = Tally()
    for path, seen in paths.items():
        tally = receive([Item(path.name, path.read_bytes(), "folder", feed_code, seen)], by=by)
        _move(path, folder / (QUARANTINED if tally.quarantined else DONE))
        total.include(tally)
    return total


def _move(path: Path, into: Path) -> None:
    """Move a file without losing one of the same name that is there."""
    target, number = into / path.name, 1
    while target.exists():
        target, number = into / f"{path.stem}-{number}{path.suffix}", number + 1
    os.replace(path, target)
