"""Rows into tables by the thousand: what the ORM does in 50 microseconds a row, done in 5.

SQLite takes executemany; PostgreSQL takes COPY. Values are given as Python has them and adapted here, once.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from django.db import connection


def insert_rows(table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Insert rows into a table of ours. Any failure fails the caller's transaction; nothing is half-written."""
    rows = list(rows)
    if not rows:
        return
    names = ", ".join(columns)
    # Both drivers are called past Django, so their errors are made Django's here: callers catch IntegrityError.
    with connection.cursor() as cursor, connection.wrap_database_errors:
        if connection.vendor == "postgresql":
            with cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
            return
        marks = ", ".join(["?"] * len(columns))
        # The driver itself: Django's wrapper would translate placeholders for each statement.
        sql = f"INSERT INTO {table} ({names}) VALUES ({marks})"  # noqa: S608 - names of our own tables, no input
        cursor.cursor.connection.cursor().executemany(sql, rows)


def update_rows(table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Set columns of rows by key; each row holds its values and then its key. The ORM takes 20 times as long."""
    if not rows:
        return
    settings = ", ".join(f"{name} = %s" for name in columns)
    with connection.cursor() as cursor:
        cursor.executemany(f"UPDATE {table} SET {settings} WHERE id = %s", rows)  # noqa: S608 - our own names


def rows_where(table: str, columns: Sequence[str], key: str, values: Sequence[Any]) -> Iterable[tuple[Any, ...]]:
    """The rows whose `key` is one of the values, as the driver tells them: a look-up by the ORM costs 0.5 ms more."""
    names = ", ".join(columns)
    with connection.cursor() as cursor:
        for chunk in in_chunks(values):
            marks = ", ".join(["%s"] * len(chunk))
            cursor.execute(f"SELECT {names} FROM {table} WHERE {key} IN ({marks})", list(chunk))  # noqa: S608 - our own names
            yield from cursor.fetchall()


def aware(value: datetime | None) -> datetime | None:
    """A time that the driver told, in UTC: SQLite's is naive."""
    return value if value is None or value.tzinfo else value.replace(tzinfo=UTC)


def moment(value: datetime | None) -> Any:
    """An aware time as this database keeps it: SQLite holds naive UTC text in Django's form."""
    if value is None or _keeps_zones():
        return value
    if value.tzinfo is not UTC:
        value = value.astimezone(UTC)
    return value.replace(tzinfo=None).isoformat(" ")


@cache  # asked for each value of each row, and the same as long as the process runs
def _keeps_zones() -> bool:
    return connection.vendor == "postgresql"


def in_chunks(values: Sequence[Any], size: int = 900) -> Iterable[Sequence[Any]]:
    """The values in pieces that fit one statement."""
    for start in range(0, len(values), size):
        yield values[start : start + size]


def gate() -> Path | None:
    """The file at which writers of SQLite take turns (kernel.turns); None where the database queues by itself."""
    return Path(f"{connection.settings_dict['NAME']}-turns") if connection.vendor == "sqlite" else None
