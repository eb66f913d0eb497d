"""What a practice's newest whole export no longer holds: kept, and no longer current.

A fact is gone where the newest whole telling of its sort is newer than the fact's newest version and doesn't name it.
That depends on what was told and not on the order of telling; a newer export that names the fact brings it back.
"""

import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db import connection

from oneplace.record.bulk import moment
from oneplace.record.filing import Told
from oneplace.record.models import Entry, WholeTelling
from oneplace.record.patients import Held

GONE = "no-longer-told"
"""Status of a fact that a practice's record no longer holds."""
_SIZE = 8
_KEEP = (
    "INSERT INTO record_wholetelling (patient_id, type, told_at, told) VALUES (%s, %s, %s, %s)"
    " ON CONFLICT (patient_id, type) DO UPDATE SET told_at = excluded.told_at, told = excluded.told"
    " WHERE excluded.told_at > record_wholetelling.told_at"
    " OR (excluded.told_at = record_wholetelling.told_at AND excluded.told > record_wholetelling.told)"
)


def tell(told: Sequence[Told], held: Held) -> None:
    """Keep the newest whole telling of each patient and sort."""
    rows = []
    for one in told:
        message = one.message
        for sort in message.whole:
            ids = {held.ids[one.source_id, row.local_id] for row in message.people if not row.key_only}
            digests = sorted(_digest(entry.source_id) for entry in message.entries if entry.type == sort)
            rows += [(patient, sort, moment(one.at), b"".join(digests)) for patient in ids]
    if rows:
        with connection.cursor() as cursor:
            cursor.executemany(_KEEP, rows)


def gone(patients: Iterable[int]) -> dict[int, datetime]:
    """The entries of these patients that their practice's record no longer holds, each with the time of that export."""
    wholes = {(one.patient_id, one.type): one for one in WholeTelling.objects.filter(patient__in=list(patients))}
    if not wholes:
        return {}
    keys, types = zip(*wholes, strict=True)
    named = {key: _named(whole) for key, whole in wholes.items()}
    rows = Entry.objects.filter(patient__in=set(keys), type__in=set(types))
    found = {}
    for pk, patient, sort, told_id, at in rows.values_list("id", "patient_id", "type", "told_id", "version_at"):
        whole = wholes.get((patient, sort))
        if whole and at < whole.told_at and _digest(told_id) not in named[patient, sort]:
            found[pk] = whole.told_at
    return found


def _named(whole: WholeTelling) -> frozenset[bytes]:
    told = bytes(whole.told)
    return frozenset(told[start : start + _SIZE] for start in range(0, len(told), _SIZE))


def _digest(told_id: str) -> bytes:
    return hashlib.blake2b(told_id.encode(), digest_size=_SIZE).digest()
