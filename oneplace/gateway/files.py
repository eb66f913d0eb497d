"""Files as the gateway takes them: their bytes, or a view of them where they are many, so that memory stays small."""

import mmap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

MAPPED = 32 * 1024 * 1024
"""Bytes from which a file is mapped into memory and not read at once."""


@contextmanager
def opened(path: Path) -> Iterator[Any]:
    """A file's bytes, or a read-only view that can be searched and cut like bytes. Raises OSError."""
    with path.open("rb") as file:
        if path.stat().st_size < MAPPED:
            yield file.read()
            return
        # Not closed but let go: a message that is too large is a view of it, and may outlive this block by a step.
        yield mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)


def is_full(error: BaseException) -> bool:
    """True where the disk, or the room that a database was given, is full."""
    return getattr(error, "errno", None) == 28 or "is full" in str(error) or "No space left" in str(error)
