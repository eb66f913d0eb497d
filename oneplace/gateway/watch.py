"""A watched folder: each file is taken in and then moved, to done/ or to quarantined/. Moved means durable.

A file is left alone until its size has stood still between two looks, so that one being written is not read in half.
A file found again after a kill is received again, counts as duplicate and is moved. One that can't be taken in now (a
full disk, a database that is away) stays where it is and is tried again.
"""

import os
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

from django.db import DatabaseError

from oneplace.gateway.files import is_full, opened
from oneplace.gateway.receive import Item, receive
from oneplace.gateway.rules import Tally
from oneplace.kernel import clock

DONE, QUARANTINED = "done", "quarantined"


def watch(
    folder: Path,
    *,
    by: str,
    feed_code: str = "",
    seconds: float = 1.0,
    once: bool = False,
    trouble: Callable[[str], None] = lambda words: None,
) -> Iterator[Tally]:
    """Take in what lies in the folder and what comes; yields a tally after each look that found something.

    `trouble` is told, once a cause, why files can't be taken in at the moment.
    """
    for name in (DONE, QUARANTINED):
        (folder / name).mkdir(exist_ok=True)
    sizes: dict[Path, int] = {}
    told = ""
    seen: dict[Path, datetime] = {}
    while True:
        found = {path: path.stat().st_size for path in _files(folder)}
        still = sorted(path for path, size in found.items() if once or sizes.get(path) == size)
        sizes, seen = found, {path: seen.get(path) or clock.real_now() for path in found}
        if still:
            tally, why = _take({path: seen[path] for path in still}, folder, by, feed_code)
            if why and why != told:
                trouble(why)
            told = why
            if tally.received:
                yield tally
        if once:
            return
        time.sleep(seconds)


def _files(folder: Path) -> Iterator[Path]:
    """Files in the folder itself; hidden ones and those being uploaded (.part, .tmp) are left alone."""
    for path in folder.iterdir():
        if path.is_file() and not path.name.startswith(".") and path.suffix not in (".part", ".tmp"):
            yield path


def _take(paths: dict[Path, datetime], folder: Path, by: str, feed_code: str) -> tuple[Tally, str]:
    """What came of the files, and why some stay where they are ('' where none does)."""
    total, why = Tally(), ""
    for path, seen in paths.items():
        try:
            with opened(path) as raw:
                tally = receive([Item(path.name, raw, "folder", feed_code, seen)], by=by)
            _move(path, folder / (QUARANTINED if tally.quarantined else DONE))
        except (OSError, DatabaseError) as error:
            why = _why(error)
            continue
        total.include(tally)
    return total, why


def _why(error: OSError | DatabaseError) -> str:
    cause = "the disk is full" if is_full(error) else f"{type(error).__name__} of {type(error).__module__}"
    return f"Files can't be taken in now ({cause}). They stay where they are and are tried again."


def _move(path: Path, into: Path) -> None:
    """Move a file without losing one of the same name that is there."""
    target, number = into / path.name, 1
    while target.exists():
        target, number = into / f"{path.stem}-{number}{path.suffix}", number + 1
    os.replace(path, target)
