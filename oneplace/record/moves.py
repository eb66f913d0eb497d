"""Visits that their source gave to another patient (HL7 A45): their entries go with them, also those still to come.

A move is a telling of whose a visit is: against each entry of the visit the newer of the two decides, at one time the
move, so that the order in which they come makes no difference.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from django.db.models import Q

from oneplace.kernel.rows import Move
from oneplace.record.bulk import in_chunks
from oneplace.record.filing import Told, sane
from oneplace.record.models import Entry, VisitMove
from oneplace.record.patients import Held

_OF_VISITS = frozenset({"PV1", "DG1", "OBX", "PR1"})  # what an HL7 message tells of a visit
Visit = tuple[int, str]  # source, the source's own id


class _Moved(NamedTuple):
    """A move: when it was told, and to whom. Of two of one moment the patient's own id decides."""

    at: datetime
    local_id: str
    patient: int


def tell(told: Sequence[Told], held: Held, now: datetime) -> None:
    """Keep the moves of these messages, and give the entries of visits that moved to whom they moved."""
    new = _newest(told, held, now)
    touched = {(one.source_id, visit) for one in told for visit in _visits(one)}
    standing = _standing(touched | new.keys())
    for visit, move in new.items():
        if visit not in standing or move[:2] > standing[visit][:2]:
            source, name = visit
            values = {"patient_id": move.patient, "told_at": move.at}
            VisitMove.objects.update_or_create(source_id=source, visit=name, defaults=values)
            standing[visit] = move
    for (source, name), move in standing.items():
        theirs = Entry.objects.filter(Q(told_id=name) | Q(told_id__startswith=f"{name}/"), source_id=source)
        moving = theirs.filter(type__in=_OF_VISITS, version_at__lte=move.at).exclude(patient_id=move.patient)
        Entry.objects.filter(pk__in=[pk for pk, sort, key in moving.values_list("pk", "type", "told_id")
                                     if visit_of(sort, key) == name]).update(patient_id=move.patient)  # fmt: skip


def visit_of(sort: str, told_id: str) -> str:
    """The visit that an entry belongs to, by its own id: V100, or V100/DG1/I10/2021-01-04."""
    return told_id.partition(f"/{sort}/")[0]


def _newest(told: Sequence[Told], held: Held, now: datetime) -> dict[Visit, _Moved]:
    found: dict[Visit, _Moved] = {}
    for one in told:
        for event in one.message.events:
            if event.move is Move.VISIT_MOVED:
                at = sane(event.at, now) if event.at else one.at
                move = _Moved(at, event.local_id, held.ids[one.source_id, event.local_id])
                found[one.source_id, event.spell_id] = max(move, found.get((one.source_id, event.spell_id), move))
    return found


def _visits(one: Told) -> Iterator[str]:
    return (visit_of(entry.type, entry.source_id) for entry in one.message.entries if entry.type in _OF_VISITS)


def _standing(visits: Mapping[Visit, object] | set[Visit]) -> dict[Visit, _Moved]:
    """The moves that are held of these visits."""
    found: dict[Visit, _Moved] = {}
    for chunk in in_chunks(sorted({name for _, name in visits})):
        rows = VisitMove.objects.filter(visit__in=chunk).values_list(
            "source_id", "visit", "told_at", "patient__local_id", "patient_id"
        )
        found |= {(source, name): _Moved(*rest) for source, name, *rest in rows if (source, name) in visits}
    return found
