"""Each source's own patients, as that source last told them, with every name that it ever told.

Part of `record.ingest`; nothing else writes these rows but `record.identity`, which links them.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from operator import itemgetter
from typing import Any

from oneplace.kernel.rows import Kind, Name, PersonRow
from oneplace.record import rules
from oneplace.record.bulk import aware, in_chunks, insert_rows, moment, rows_where, update_rows
from oneplace.record.filing import Told, sane
from oneplace.record.models import NameKey, PersonName
from oneplace.record.namesakes import namesakes
from oneplace.record.rules import Link

_TOLD = [
    "nhs_number", "link_number", "family", "given", "prefix", "preferred", "birth_date", "sex", "address",
    "postcode", "phone", "deceased", "deceased_at", "practice_code", "practice_name", "language",
    "interpreter", "ethnicity", "number_verified",
]  # fmt: skip
_NEWEST = ["version_at", "document_id", "received_at", "last_contact_at"]
NEVER_TOLD = datetime(1800, 1, 1, tzinfo=UTC)
"""Version of a patient of whom only the key is known: before any that a source could tell."""
_PREFERRED_USES = ("usual", "nickname")


Key = tuple[int, str]  # source, local id


@dataclass(slots=True)
class Standing:
    """What is held of one patient: the columns of _TOLD, those of _NEWEST, and whether a batch changed the former."""

    pk: int  # 0 until it is written
    values: dict[str, Any]
    content: bytes
    version_at: datetime | None
    document_id: int
    received_at: datetime | None
    last_contact_at: datetime | None = None
    changed: bool = False


@dataclass(slots=True)
class Held:
    """The patients that a batch is about: keys by (source, local id), those met for the first time, and those to be
    linked anew with the NHS numbers that they came from."""

    ids: dict[Key, int] = field(default_factory=dict)
    new: set[int] = field(default_factory=set)
    to_link: dict[int, set[str]] = field(default_factory=dict)


def tell(told: Sequence[Told], now: datetime) -> Held:
    """File the people of the messages; returns their keys."""
    keys = {(one.source_id, row.local_id) for one in told for row in _people_of(one)}
    standing = _standing(keys)
    before = {key: _identity_of(patient) for key, patient in standing.items()}
    names: dict[Key, set[tuple[str, str]]] = {}
    postcodes: dict[Key, set[str]] = {}
    for one in told:
        for row in _people_of(one):
            key = (one.source_id, row.local_id)
            _tell_one(standing, key, row, one, now)
            names.setdefault(key, set()).update(_comparable_names(row.names))
            postcodes.setdefault(key, set()).update(told.postcode for told in row.addresses if told.postcode)
        _note_contacts(standing, one, now)
    _write(standing, before)
    held = Held({key: patient.pk for key, patient in standing.items()})
    held.new = {patient.pk for key, patient in standing.items() if key not in before}
    parted = _correct_births({patient.pk: patient.values["birth_date"] for patient in standing.values()})
    grown = _write_names(standing, names) | _write_postcodes(standing, postcodes, held.new)
    for key, patient in standing.items():
        old = before.get(key)
        if old != _identity_of(patient) or patient.pk in grown:
            numbers = (old[0] if old else "", patient.values["link_number"])
            held.to_link[patient.pk] = {str(number) for number in numbers if number}
    for pk in parted:
        held.to_link.setdefault(pk, set())
    return held


def _people_of(one: Told) -> list[PersonRow]:
    """The people of a message, and those whom it names only as merged: they may be told of later."""
    merged = {event.other_local_id for event in one.message.events if event.other_local_id}
    merged |= {event.local_id for event in one.message.events if event.other_local_id}
    strangers = merged - {row.local_id for row in one.message.people}
    return [*one.message.people, *(PersonRow(key, key_only=True) for key in sorted(strangers))]


def _standing(keys: set[Key]) -> dict[Key, Standing]:
    """The patients that are already held, by key."""
    by_source: dict[int, list[str]] = {}
    for source, local_id in sorted(keys):
        by_source.setdefault(source, []).append(local_id)
    columns = ("local_id", "id", *_NEWEST, "content", *_TOLD)
    found: dict[Key, Standing] = {}
    for source, ids in by_source.items():
        for row in rows_where("record_localpatient", columns, f"source_id = {source:d} AND local_id", ids):
            local_id, pk, version_at, document, received_at, contact_at, content, *told = row
            values = dict(zip(_TOLD, told, strict=True))
            values["deceased_at"] = aware(values["deceased_at"])
            newest = (aware(version_at), document, aware(received_at), aware(contact_at))
            found[source, local_id] = Standing(pk, values, bytes(content), *newest)
    return found


def _tell_one(standing: dict[Key, Standing], key: Key, row: PersonRow, one: Told, now: datetime) -> None:
    """Bring one patient up to what this message says, unless it is already known better."""
    patient = standing.get(key)
    if row.key_only and patient is not None:
        patient.received_at = now
        return
    version_at = sane(row.version_at, now) if row.version_at else one.at
    if row.key_only:
        version_at = NEVER_TOLD  # whatever tells of this patient's demographics goes before
    values = _values(row)
    content = _digest(values)
    if patient is None:
        standing[key] = Standing(0, values, content, version_at, one.document_id, now)
        return
    patient.received_at = now
    if rules.newer(version_at, content, patient.version_at, patient.content):
        patient.changed = patient.changed or content != patient.content
        patient.values, patient.content = values, content
        patient.version_at, patient.document_id = version_at, one.document_id


def _note_contacts(standing: dict[Key, Standing], one: Told, now: datetime) -> None:
    """Keep the newest contact of each patient that has begun: what lists of people are ordered by."""
    for entry in one.message.entries:
        at = entry.happened_at
        if entry.kind is Kind.ENCOUNTER and at is not None and at <= now:
            patient = standing[one.source_id, entry.local_id]
            if patient.last_contact_at is None or at > patient.last_contact_at:
                patient.last_contact_at = at


def _values(row: PersonRow) -> dict[str, Any]:
    """The row's facts in the columns of the table."""
    name = row.names[0] if row.names else Name("")
    preferred = next((told.given for told in row.names[1:] if told.use in _PREFERRED_USES and told.given), "")
    address = row.addresses[0] if row.addresses else None
    return {
        "nhs_number": row.nhs_number[:20],
        "link_number": rules.number_to_link_on(row.nhs_number),
        "family": name.family,
        "given": name.given,
        "prefix": name.prefix,
        "preferred": preferred,
        "birth_date": row.birth_date,
        "sex": row.sex[:10],
        "address": ", ".join(address.lines)[:400] if address else "",
        "postcode": address.postcode if address else "",
        "phone": row.phones[0] if row.phones else "",
        "deceased": row.deceased,
        "deceased_at": row.deceased_at,
        "practice_code": row.practice_code,
        "practice_name": row.practice_name,
        "language": row.language,
        "interpreter": row.interpreter,
        "ethnicity": row.ethnicity[:1],
        "number_verified": row.number_verified,
    }


def _digest(values: dict[str, Any]) -> bytes:
    return hashlib.blake2b(repr(sorted(values.items())).encode(), digest_size=8).digest()


_LINKED_BY = itemgetter("link_number", "birth_date", "practice_code", "family", "given", "sex", "number_verified")


def _identity_of(patient: Standing) -> tuple[object, ...]:
    """What linking looks at, besides names."""
    return _LINKED_BY(patient.values)


def _write(standing: dict[Key, Standing], before: dict[Key, tuple[object, ...]]) -> None:
    new = [key for key in standing if key not in before]
    columns = ["source_id", "local_id", "link", "link_reason", *_NEWEST, "content", *_TOLD]
    rows = ((*key, Link.UNLINKED.value, "", *_newest(standing[key]), *_told(standing[key])) for key in new)
    insert_rows("record_localpatient", columns, rows)
    held = [standing[key] for key in before]
    # Most tellings say nothing new of the patient: their columns and indexes are left as they are.
    update_rows("record_localpatient", _NEWEST, [(*_newest(one), one.pk) for one in held if not one.changed])
    changed = [(*_newest(one), *_told(one), one.pk) for one in held if one.changed]
    update_rows("record_localpatient", [*_NEWEST, "content", *_TOLD], changed)
    for key, pk in _keys_of(new):
        standing[key].pk = pk


def _newest(patient: Standing) -> tuple[Any, ...]:
    """The values of _NEWEST as this database keeps them."""
    version_at, contact_at = moment(patient.version_at), moment(patient.last_contact_at)
    return version_at, patient.document_id, moment(patient.received_at), contact_at


def _told(patient: Standing) -> Iterator[Any]:
    """The content and the values of _TOLD as this database keeps them."""
    yield patient.content
    for name in _TOLD:
        value = patient.values[name]
        yield moment(value) if isinstance(value, datetime) else value


def _keys_of(wanted: Sequence[Key]) -> Iterator[tuple[Key, int]]:
    """Keys of patients by source and local id."""
    for source in {source for source, _ in wanted}:
        ids = [local_id for its, local_id in wanted if its == source]
        columns, where = ("local_id", "id"), f"source_id = {source:d} AND local_id"
        yield from (((source, key), pk) for key, pk in rows_where("record_localpatient", columns, where, ids))


def _comparable_names(names: Sequence[Name]) -> set[tuple[str, str]]:
    return {(rules.comparable(name.family), rules.first_word(name.given)) for name in names if name.family}


def _correct_births(born: dict[int, date | None]) -> set[int]:
    """Put corrected dates of birth beside the names; returns who was like the corrected patients until now.

    Their links may have rested on that likeness, so they are settled anew.
    """
    columns = ("patient_id", "birth_date")
    rows = rows_where("record_personname", columns, "patient_id", list(born))
    corrected = sorted({patient for patient, birth_date in rows if birth_date != born[patient]})
    parted = namesakes(corrected).others
    for patient in corrected:
        PersonName.objects.filter(patient=patient).update(birth_date=born[patient])
    return parted


def _write_names(standing: dict[Key, Standing], names: dict[Key, set[tuple[str, str]]]) -> set[int]:
    """Keep each name told; returns the patients that gained one. Names are never forgotten: people search by them."""
    born = {standing[key].pk: standing[key].values["birth_date"] for key in names}
    columns = ("patient_id", "family", "given", "birth_date")
    known = {row[:3] for row in rows_where("record_personname", columns, "patient_id", list(born))}
    new = [
        (pk, family, given, born[pk])
        for pk, told in ((standing[key].pk, told) for key, told in names.items())
        for family, given in sorted(told)
        if (pk, family, given) not in known
    ]
    insert_rows("record_personname", columns, new)
    _write_keys({family for _, family, *_ in new if family})
    return {patient for patient, *_ in new}


def _write_postcodes(standing: dict[Key, Standing], told: dict[Key, set[str]], new: set[int]) -> set[int]:
    """Keep each postcode told; returns the patients that gained one. They are never forgotten, like names."""
    ids = [standing[key].pk for key in told if standing[key].pk not in new]
    known = set(rows_where("record_patientpostcode", ("patient_id", "postcode"), "patient_id", ids))
    rows = [(standing[key].pk, code[:10]) for key, codes in told.items() for code in sorted(codes)]
    gained = [row for row in rows if row not in known]
    insert_rows("record_patientpostcode", ("patient_id", "postcode"), gained)
    return {patient for patient, _ in gained}


def _write_keys(families: set[str]) -> None:
    """Make each surname findable by the ways in which it may be misspelt."""
    for chunk in in_chunks(sorted(families)):
        known = {family for (family,) in rows_where("record_namekey", ("DISTINCT family",), "family", chunk)}
        new = [family for family in chunk if family not in known]
        keys = [NameKey(key=key, family=family) for family in new for key in sorted(rules.search_keys(family))]
        NameKey.objects.bulk_create(keys, ignore_conflicts=True)
