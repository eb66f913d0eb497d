"""Files what feeds told: documents, patients, entries, issues, links and ties, in the caller's one transaction.

One path for one message or a thousand (record.md, Ingest). The state after filing depends on what was told and not
on the order of telling: the newest version by the source's own time stands, others go to history. The exception is
a message without any time of its own, which counts from when it came.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from oneplace.access import actions as access
from oneplace.access.emergencies import repoint_declarations
from oneplace.access.own import repoint_own_people
from oneplace.access.queries import ties_of
from oneplace.access.rules import RelationshipRow
from oneplace.kernel.ids import PersonId
from oneplace.kernel.rows import EntryRow, Issue, Kind, Message, Move
from oneplace.ledger import actions as ledger
from oneplace.place import queries as place
from oneplace.record import entries, identity, moves, patients, ties, wholes
from oneplace.record.bulk import insert_rows, moment, rows_where
from oneplace.record.classing import setting_of
from oneplace.record.filing import Filing, Stored, Told, sane
from oneplace.record.models import LocalPatient, Source

_SPELL_MOVES = frozenset(Move) - {Move.REGISTERED, Move.MERGED, Move.UNMERGED}
_OVER = frozenset({"finished", "cancelled", "entered-in-error"})


def file(filings: Sequence[Filing], documents: Mapping[bytes, int], *, by: str, now: datetime) -> int:
    """File messages whose bytes are kept; returns the number of entries told.

    Call inside a transaction: all is kept or nothing is. `documents` is what `keep_documents` returned.
    """
    told = _told(filings, documents, now)
    held = patients.tell(told, now)
    entries.tell(told, held, now)
    moves.tell(told, held, now)
    wholes.tell(told, held)
    _keep_issues(told)
    identity.note_merges(told, held)
    repoint(identity.link(held.to_link, now), by)
    access.set_relationships(_ties(told, held, now), by)
    count = sum(len(one.message.entries) for one in told)
    ledger.write(actor=by, action="file messages", detail=_summary(filings, count))
    return count


def keep_documents(stored: Iterable[Stored], now: datetime) -> dict[bytes, int]:
    """Keep bytes, each once; returns the key of each by digest."""
    by_digest = {one.digest: one for one in stored}
    ids = _document_ids(list(by_digest))
    new = [one for digest, one in by_digest.items() if digest not in ids]
    columns = ("digest", "body", "size", "format", "received_at")
    insert_rows("record_document", columns, [(one.digest, one.body, one.size, one.format, moment(now)) for one in new])
    return ids | _document_ids([one.digest for one in new]) if new else ids


def _document_ids(digests: Sequence[bytes]) -> dict[bytes, int]:
    return {bytes(digest): key for digest, key in rows_where("record_document", ("digest", "id"), "digest", digests)}


def _told(filings: Sequence[Filing], documents: Mapping[bytes, int], now: datetime) -> list[Told]:
    sources = _source_ids([filing.message for filing in filings], now)
    return [
        Told(
            filing.message,
            documents[filing.stored.digest],
            sources[filing.message.source_code],
            sane(filing.message.sent_at, now),
        )
        for filing in filings
    ]


def _source_ids(messages: Sequence[Message], now: datetime) -> dict[str, int]:
    """Keys of the sources by code; a source met for the first time is noted down."""
    names = {message.source_code: message.source_name for message in messages}
    known = _known_sources(names)
    new = [code for code in names if code not in known]
    if new:
        made = [Source(code=code, name=names[code], first_received_at=now, last_received_at=now) for code in new]
        Source.objects.bulk_create(made, ignore_conflicts=True)
        known = _known_sources(names)
    Source.objects.filter(code__in=names).update(last_received_at=now)
    return known


def _known_sources(codes: Iterable[str]) -> dict[str, int]:
    return {code: key for code, key in rows_where("record_source", ("code", "id"), "code", list(codes))}


def _keep_issues(told: Sequence[Told]) -> None:
    columns = ("document_id", "source_id", "path", "code", "text", "severity")
    rows = [(one.document_id, one.source_id, *_issue(issue)) for one in told for issue in one.message.issues]
    insert_rows("record_dataissue", columns, rows)


def _issue(issue: Issue) -> tuple[str, str, str, str]:
    return issue.path[:160], issue.code[:60], issue.text[:400], str(issue.severity)


def _ties(told: Sequence[Told], held: patients.Held, now: datetime) -> list[RelationshipRow]:
    """What the messages say of who is on whose list or in whose care."""
    people = dict(LocalPatient.objects.filter(id__in=held.ids.values()).values_list("id", "person__key"))
    rows: list[RelationshipRow] = []
    for one in told:
        registered = {event.local_id: event for event in one.message.events if event.move is Move.REGISTERED}
        for local_id, event in registered.items():
            patient = held.ids[one.source_id, local_id]
            starts = min(event.at or one.at, now)
            rows.append(
                RelationshipRow(
                    people[patient], one.message.source_code, "registration", str(patient), starts, None, one.at
                )
            )
        rows += [_visit(one, entry, held, people, now) for entry in _visits(one.message)]
    return rows


def _visits(message: Message) -> Iterable[EntryRow]:
    """The visits of a message about visits; a consultation in a GP's record opens no tie of its own."""
    if any(event.move in _SPELL_MOVES for event in message.events):
        yield from (entry for entry in message.entries if entry.kind is Kind.ENCOUNTER)


def _visit(
    one: Told, entry: EntryRow, held: patients.Held, people: Mapping[int, str], now: datetime
) -> RelationshipRow:
    patient = held.ids[one.source_id, entry.local_id]
    told_at = sane(entry.version_at, now) if entry.version_at else one.at
    starts = entry.happened_at or told_at
    ends = entry.ended_at or (max(told_at, starts) if entry.status in _OVER else None)
    if entry.status in ("cancelled", "entered-in-error"):
        ends = starts
    source, reference = one.message.source_code, visit_reference(patient, entry.source_id)
    return RelationshipRow(people[patient], source, _kind_of(source, entry), reference, starts, ends, told_at)


def _kind_of(source: str, entry: EntryRow) -> str:
    """The kind of relationship that a visit makes (ties.yaml)."""
    kind = place.names().kinds.get(source, "")
    return ties.tie_of(ties.Visit(setting_of(source, kind), kind, entry.type, entry.code, entry.display))


def visit_reference(patient_id: int, told_id: str) -> str:
    """The key of the tie that a visit makes: the same for each telling of the visit."""
    return f"{patient_id}:{told_id}"


def repoint(moved: Mapping[int, tuple[str, str]], by: str) -> None:
    """Ties follow a patient that linkage moved to another person: also those of visits that are another's by now.

    So do the choices of people of whom no record is left, the access of their own people, and declared emergencies.
    """
    if not moved:
        return
    pairs = sorted({(PersonId(left), PersonId(joined)) for left, joined in moved.values()})
    living = set(LocalPatient.objects.filter(person__key__in=dict(pairs)).values_list("person__key", flat=True))
    access.repoint_consents(pairs, dict(pairs).keys() - living, by)
    repoint_own_people(pairs, dict(pairs).keys() - living, by)
    repoint_declarations(pairs, dict(pairs).keys() - living, by)
    references: dict[str, list[str]] = {}
    for reference in ties_of({left for left, _ in moved.values()}, ties.of_feeds()):
        patient = int(reference.partition(":")[0])
        if patient in moved:
            references.setdefault(moved[patient][1], []).append(reference)
    for person, names in references.items():
        access.repoint_person(references=names, person=PersonId(person), by=by)


def _summary(filings: Sequence[Filing], count: int) -> dict[str, object]:
    """What the ledger keeps of a batch: enough to prove which bytes were filed."""
    digests = b"".join(filing.stored.digest for filing in filings)
    return {
        "messages": len(filings),
        "entries": count,
        "sources": sorted({filing.message.source_code for filing in filings})[:20],
        "documents": hashlib.sha256(digests).hexdigest(),
    }
