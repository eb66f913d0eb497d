"""Taking turns at a single-writer database: a long load gives way to the person who is waiting.

SQLite lets one writer in at a time and keeps no queue: a waiter sleeps and tries again, so a loader that
commits and at once begins anew starves it. Each page that must write its audit row holds a shared lock on
a file while it asks; between chunks the loader waits, up to a limit, until nobody holds it.
POSIX file locks; where there is no file (PostgreSQL, which queues) both do nothing.
"""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def asking(gate: Path | None) -> Iterator[None]:
    """Hold the gate while a short write waits for its turn and is made."""
    if gate is None:
        yield
        return
    handle = os.open(gate, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_SH)
        yield
    finally:
        os.close(handle)


def give_way(gate: Path | None, limit_seconds: float = 0.5) -> float:
    """Wait until no short write holds the gate, at most `limit_seconds`; returns the seconds waited."""
    if gate is None:
        return 0.0
    started = time.monotonic()
    handle = os.open(gate, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        while not _free(handle) and time.monotonic() - started < limit_seconds:
            time.sleep(0.001)
    finally:
        os.close(handle)
    return time.monotonic() - started


def _free(handle: int) -> bool:
    """True when the gate could be taken alone; it is let go at once."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    fcntl.flock(handle, fcntl.LOCK_UN)
    return True
