"""Files entries: a new fact is added, a newer version takes the place of an older one, an older one goes to history.

The hot path of every feed: raw rows, one look-up and one insert for a batch. Part of `record.ingest`.
A history holds each other content that was ever told, once, at the last time when it was told so.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson
from django.db import IntegrityError, connection, transaction

from oneplace.kernel.rows import EntryRow
from oneplace.record.bulk import in_chunks, insert_rows, moment
from oneplace.record.filing import Told, sane
from oneplace.record.patients import Held

_FACT = [
    "kind", "happened_at", "day_only", "ended_at", "code", "system", "display", "status", "value",
    "value_text", "unit", "low", "high", "detail",
]  # fmt: skip
_VERSION = ["version", "version_at", "content", "document_id", "path", "received_at"]
_FIELDS = [*_FACT, *_VERSION]
_KEY = ["patient_id", "source_id", "type", "told_id"]
_VERSION_AT, _CONTENT = _FIELDS.index("version_at"), _FIELDS.index("content")
_NEWER_HISTORY = (
    "ON CONFLICT (entry_id, content) DO UPDATE SET version_at = excluded.version_at,"
    " document_id = excluded.document_id,"
    " path = excluded.path, received_at = excluded.received_at"
    " WHERE excluded.version_at > record_entryhistory.version_at"
)

Key = tuple[int, str, str]  # source, told_id, type
Row = tuple[Any, ...]  # values of _FIELDS


@dataclass(slots=True)
class Standing:
    """What is held of one entry: its key in the database, newest version and content."""

    id: int
    patient_id: int
    version_at: Any
    content: bytes


@dataclass(slots=True)
class Work:
    """What a batch comes to: rows to add, to put in place of older ones, to renew, and to keep as history."""

    fresh: dict[Key, tuple[int, Row]] = field(default_factory=dict)
    replaced: dict[Key, tuple[int, Row]] = field(default_factory=dict)
    renewed: dict[Key, tuple[int, Row]] = field(default_factory=dict)
    late: list[tuple[Key, Row]] = field(default_factory=list)


def tell(told: Sequence[Told], held: Held, now: datetime) -> None:
    """File the entries of the messages."""
    rows = [
        ((one.source_id, entry.source_id, entry.type), held.ids[one.source_id, entry.local_id], row)
        for one in told
        for entry, row in _rows(one, now)
    ]
    try:
        with transaction.atomic():
            # A patient met for the first time has no entries, unless its source moved them from another patient:
            # not asking saves a quarter of a first load, and the database says where that was wrong.
            _file(rows, _standing([key for key, patient, _ in rows if patient not in held.new]))
    except IntegrityError:
        _file(rows, _standing([key for key, _, _ in rows]))


def _file(rows: Sequence[tuple[Key, int, Row]], standing: dict[Key, Standing]) -> None:
    work = Work()
    for key, patient, row in rows:
        _sort(work, standing, key, patient, row)
    fresh = [(patient, key[0], key[2], key[1], *row) for key, (patient, row) in work.fresh.items()]
    insert_rows("record_entry", [*_KEY, *_FIELDS], fresh)
    if work.replaced or work.renewed:
        _replace(work, standing)
    if work.late:
        _keep_late(work, standing)


def _rows(one: Told, now: datetime) -> Iterator[tuple[EntryRow, Row]]:
    """The values of each entry as this database keeps them."""
    received, sent, document = moment(now), moment(one.at), one.document_id
    for entry in one.message.entries:
        detail = orjson.dumps(entry.detail).decode() if entry.detail else "{}"
        fact = (
            str(entry.kind), moment(entry.happened_at), entry.day_only, moment(entry.ended_at), entry.code,
            entry.system, entry.display, entry.status, entry.value, entry.value_text, entry.unit, entry.low,
            entry.high, detail,
        )  # fmt: skip
        # The text of the fact, not its bytes in the message: an export that says the same again says nothing new.
        content = hashlib.blake2b(repr(fact).encode(), digest_size=8).digest()
        version_at = moment(sane(entry.version_at, now)) if entry.version_at else sent
        yield entry, (*fact, entry.version, version_at, content, document, entry.path, received)


def _standing(keys: Sequence[Key]) -> dict[Key, Standing]:
    """What is held of these entries."""
    by_source: dict[int, set[str]] = {}
    for source, told_id, _ in keys:
        by_source.setdefault(source, set()).add(told_id)
    found: dict[Key, Standing] = {}
    # As SQLite keeps it: the driver would turn it into a time, which costs more than the look-up.
    when = "CAST(version_at AS TEXT)" if connection.vendor == "sqlite" else "version_at"
    with connection.cursor() as cursor:
        for source, ids in by_source.items():
            for chunk in in_chunks(sorted(ids)):
                marks = ", ".join(["%s"] * len(chunk))
                cursor.execute(
                    f"SELECT told_id, type, id, patient_id, {when}, content FROM record_entry"  # noqa: S608
                    f" WHERE source_id = %s AND told_id IN ({marks})",
                    [source, *chunk],
                )
                for told_id, kind, *rest in cursor.fetchall():
                    rest[3] = bytes(rest[3])
                    found[source, told_id, kind] = Standing(*rest)
    return found


def _sort(work: Work, standing: dict[Key, Standing], key: Key, patient: int, row: Row) -> None:
    """Decide what becomes of one telling: the newest version stands, ties are broken by content."""
    mine = (row[_VERSION_AT], row[_CONTENT])
    pending = work.replaced.get(key) or work.renewed.get(key) or work.fresh.get(key)
    if pending is not None:
        _against_pending(work, key, patient, row, pending)
        return
    held = standing.get(key)
    if held is None:
        work.fresh[key] = (patient, row)
    elif held.content == row[_CONTENT]:
        # A fact belongs to the patient of its newest telling: an older one doesn't take it back.
        if row[_VERSION_AT] > held.version_at:
            work.renewed[key] = (patient, row)
    elif mine > (held.version_at, held.content):
        work.replaced[key] = (patient, row)
    else:
        work.late.append((key, row))


def _against_pending(work: Work, key: Key, patient: int, row: Row, pending: tuple[int, Row]) -> None:
    """The same entry twice in one batch."""
    other = pending[1]
    wins = (row[_VERSION_AT], row[_CONTENT]) > (other[_VERSION_AT], other[_CONTENT])
    same = row[_CONTENT] == other[_CONTENT]
    if not wins:
        if not same:
            work.late.append((key, row))
        return
    if key in work.fresh:
        work.fresh[key] = (patient, row)
    elif same and key in work.renewed:
        work.renewed[key] = (patient, row)
    else:
        work.renewed.pop(key, None)
        work.replaced[key] = (patient, row)
    if not same:
        work.late.append((key, other))


def _replace(work: Work, standing: dict[Key, Standing]) -> None:
    """Keep what stood as history, then write what stands now in its place."""
    columns = ", ".join(_FIELDS)
    old = [standing[key].id for key in work.replaced]
    settings = ", ".join(f"{name} = %s" for name in ["patient_id", *_FIELDS])
    with connection.cursor() as cursor:
        for chunk in in_chunks(old):
            marks = ", ".join(["%s"] * len(chunk))
            cursor.execute(
                f"INSERT INTO record_entryhistory (entry_id, {columns}) SELECT id, {columns} FROM record_entry"  # noqa: S608
                f" WHERE id IN ({marks}) {_NEWER_HISTORY}",
                list(chunk),
            )
        changed = work.replaced | work.renewed
        cursor.executemany(
            f"UPDATE record_entry SET {settings} WHERE id = %s",  # noqa: S608
            [(patient, *row, standing[key].id) for key, (patient, row) in changed.items()],
        )
        # What stands is not also history: A, then B, then A again leaves B behind.
        cursor.executemany(
            "DELETE FROM record_entryhistory WHERE entry_id = %s AND content = %s",
            [(standing[key].id, row[_CONTENT]) for key, (_, row) in work.replaced.items()],
        )


def _keep_late(work: Work, standing: dict[Key, Standing]) -> None:
    """Versions that came after a newer one, or lost to one in the same batch."""
    ids = standing | _standing([key for key, _ in work.late if key not in standing])
    columns = ", ".join(["entry_id", *_FIELDS])
    marks = ", ".join(["%s"] * (len(_FIELDS) + 1))
    current = {key: row[_CONTENT] for key, (_, row) in (work.fresh | work.renewed | work.replaced).items()}
    with connection.cursor() as cursor:
        cursor.executemany(
            f"INSERT INTO record_entryhistory ({columns}) VALUES ({marks}) {_NEWER_HISTORY}",  # noqa: S608
            [(ids[key].id, *row) for key, row in work.late if current.get(key, ids[key].content) != row[_CONTENT]],
        )
