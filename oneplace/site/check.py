"""Is this installation sound? Each finding says what was looked at, how it stands, and the cure."""

import shutil
from dataclasses import asdict, dataclass
from pathlib import Path

from oneplace.site import database
from oneplace.site.mishaps import words_of

_LEAST_FREE = 1_000_000_000
_SOUND_SQLITE = (3, 51, 3)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at. state: ok | warning | failed."""

    what: str
    state: str
    words: str

    def plain(self) -> dict[str, str]:
        """As JSON has it."""
        return asdict(self)


def findings() -> list[Finding]:
    """Look at everything; settings or a database that can't be used end the list early."""
    try:
        database.start_up(False, lambda words: None)
    except (Exception, SystemExit) as error:
        return [Finding("settings", "failed", words_of(error))]
    found = [_library(), _home()]
    if found[-1].state == "ok":
        found.append(_disk())
    return [*found, *_database()]


def _database() -> list[Finding]:
    from django.db import Error, connection

    try:
        missing = database.missing_migrations()
        if missing:
            words = f"{missing} changes of tables are missing; any other command applies them, e.g. oneplace place show"
            return [Finding("database", "warning", words)]
        return [Finding("database", "ok", f"{connection.vendor}, up to date"), _ledger(), _place()]
    except Error as error:
        return [Finding("database", "failed", words_of(error))]


def _library() -> Finding:
    from django.db import connection

    if connection.vendor != "sqlite":
        return Finding("library", "ok", connection.vendor)
    import sqlite3

    version = sqlite3.sqlite_version_info
    if version < _SOUND_SQLITE:
        words = f"SQLite {sqlite3.sqlite_version} can corrupt a database (WAL reset): install pysqlite3 0.6.1 or newer"
        return Finding("library", "failed", words)
    return Finding("library", "ok", f"SQLite {sqlite3.sqlite_version}")


def _home() -> Finding:
    from django.conf import settings

    home = Path(settings.HOME)
    try:
        home.mkdir(parents=True, exist_ok=True)
        trial = home / ".trial"
        trial.write_text("x")
        trial.unlink()
    except OSError as error:
        return Finding(
            "home", "failed", f"{home} can't be written ({error.strerror}): set ONEPLACE_HOME to one that can"
        )
    return Finding("home", "ok", str(home))


def _disk() -> Finding:
    from django.conf import settings

    free = shutil.disk_usage(Path(settings.HOME)).free
    state = "ok" if free > _LEAST_FREE else "warning"
    return Finding("disk", state, f"{free / 1e9:.1f} GB free" + ("" if state == "ok" else ": make room"))


def _ledger() -> Finding:
    from oneplace.ledger import queries as ledger

    verdict = ledger.verify()
    if verdict.ok:
        return Finding("ledger", "ok", f"{verdict.rows:,} rows, chain whole")
    return Finding("ledger", "failed", f"{len(verdict.faults)} faults: run oneplace audit verify and stop work")


def _place() -> Finding:
    from oneplace.place import queries as place

    here = place.place()
    if here is None:
        return Finding("place", "warning", "none is loaded: oneplace place load FOLDER")
    return Finding("place", "ok", f"{here.name}, {here.practices} practices")
