"""Each source's own patients, as that source last told them, with every name that it ever told.

Part of `record.ingest`; nothing else writes these rows but `record.identity`, which links them.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from django.db.models import Q

from oneplace.kernel.rows import Kind, Name, PersonRow
from oneplace.record import rules
from oneplace.record.bulk import in_chunks, insert_rows, moment, update_rows
from oneplace.record.filing import Told, sane
from oneplace.record.models import LocalPatient, NameKey, PatientPostcode, PersonName

_TOLD = [
    "nhs_number", "link_number", "family", "given", "prefix", "preferred", "birth_date", "sex", "address",
    "postcode", "phone", "deceased", "deceased_at", "practice_code", "practice_name", "language",
    "interpreter", "ethnicity", "number_verified",
]  # fmt: skip
_WRITTEN = [*_TOLD, "version_at", "content", "document_id", "received_at", "last_contact_at"]
NEVER_TOLD = datetime(1800, 1, 1, tzinfo=UTC)
"""Version of a patient of whom only the key is known: before any that a source could tell."""
_PREFERRED_USES = ("usual", "nickname")


@dataclass(slots=True)
class Held:
    """The patients that a batch is about: keys by (source, local id), those met for the first time, and those to be
    linked anew with the NHS numbers that they came from."""

    ids: dict[tuple[int, str], int] = field(default_factory=dict)
    new: set[int] = field(default_factory=set)
    to_link: dict[int, set[str]] = field(default_factory=dict)


def tell(told: Sequence[Told], now: datetime) -> Held:
    """File the people of the messages; returns their keys."""
    keys = {(one.source_id, row.local_id) for one in told for row in _people_of(one)}
    standing = _standing(keys)
    before = {key: _identity_of(patient) for key, patient in standing.items()}
    names: dict[tuple[int, str], set[tuple[str, str]]] = {}
    postcodes: dict[tuple[int, str], set[str]] = {}
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
    grown = _write_names(standing, names) | _write_postcodes(standing, postcodes, held.new)
    for key, patient in standing.items():
        old = before.get(key)
        if old != _identity_of(patient) or patient.pk in grown:
            held.to_link[patient.pk] = {number for number in (old[0] if old else "", patient.link_number) if number}
    return held


def _people_of(one: Told) -> list[PersonRow]:
    """The people of a message, and those whom it names only as merged: they may be told of later."""
    merged = {event.other_local_id for event in one.message.events if event.other_local_id}
    merged |= {event.local_id for event in one.message.events if event.other_local_id}
    strangers = merged - {row.local_id for row in one.message.people}
    return [*one.message.people, *(PersonRow(key, key_only=True) for key in sorted(strangers))]


def _standing(keys: set[tuple[int, str]]) -> dict[tuple[int, str], LocalPatient]:
    """The patients that are already held, by key."""
    rows = LocalPatient.objects.filter(source__in={source for source, _ in keys})
    return {
        (patient.source_id, patient.local_id): patient
        for chunk in in_chunks([local_id for _, local_id in sorted(keys)])
        for patient in rows.filter(local_id__in=chunk)
        if (patient.source_id, patient.local_id) in keys
    }


def _tell_one(
    standing: dict[tuple[int, str], LocalPatient], key: tuple[int, str], row: PersonRow, one: Told, now: datetime
) -> None:
    """Bring one patient up to what this message says, unless it is already known better."""
    values = _values(row)
    version_at = sane(row.version_at, now) if row.version_at else one.at
    content = _digest(values)
    patient = standing.get(key)
    if row.key_only and patient is not None:
        patient.received_at = now
        return
    if row.key_only:
        version_at = NEVER_TOLD  # whatever tells of this patient's demographics goes before
    if patient is None:
        patient = standing[key] = LocalPatient(source_id=key[0], local_id=key[1], received_at=now)
    elif not rules.newer(version_at, content, patient.version_at, bytes(patient.content)):
        patient.received_at = now
        return
    for name, value in values.items():
        setattr(patient, name, value)
    patient.version_at, patient.content = version_at, content
    patient.document_id, patient.received_at = one.document_id, now


def _note_contacts(standing: dict[tuple[int, str], LocalPatient], one: Told, now: datetime) -> None:
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


def _identity_of(patient: LocalPatient) -> tuple[object, ...]:
    """What linking looks at, besides names."""
    return (
        patient.link_number, patient.birth_date, patient.practice_code, patient.family, patient.given,
        patient.sex, patient.number_verified,
    )  # fmt: skip


def _write(standing: dict[tuple[int, str], LocalPatient], before: dict[tuple[int, str], tuple[object, ...]]) -> None:
    new = [patient for key, patient in standing.items() if key not in before]
    columns = ["source_id", "local_id", "link", "link_reason", *_WRITTEN]
    insert_rows("record_localpatient", columns, [[p.source_id, p.local_id, p.link, "", *_written(p)] for p in new])
    update_rows("record_localpatient", _WRITTEN, [[*_written(standing[key]), standing[key].pk] for key in before])
    if new:
        keys = _keys_of({(patient.source_id, patient.local_id) for patient in new})
        for patient in new:
            patient.pk = keys[patient.source_id, patient.local_id]


def _written(patient: LocalPatient) -> list[Any]:
    """The values of _WRITTEN as this database keeps them."""
    values = [getattr(patient, name) for name in _WRITTEN]
    return [moment(value) if isinstance(value, datetime) else value for value in values]


def _keys_of(wanted: set[tuple[int, str]]) -> dict[tuple[int, str], int]:
    """Keys of patients by source and local id."""
    found: dict[tuple[int, str], int] = {}
    for chunk in in_chunks([local_id for _, local_id in sorted(wanted)]):
        rows = LocalPatient.objects.filter(source__in={source for source, _ in wanted}, local_id__in=chunk)
        found |= {(source, local_id): key for source, local_id, key in rows.values_list("source_id", "local_id", "pk")}
    return found


def _comparable_names(names: Sequence[Name]) -> set[tuple[str, str]]:
    return {(rules.comparable(name.family), rules.first_word(name.given)) for name in names if name.family}


def _write_names(
    standing: dict[tuple[int, str], LocalPatient], names: dict[tuple[int, str], set[tuple[str, str]]]
) -> set[int]:
    """Keep each name told; returns the patients that gained one. Names are never forgotten: people search by them."""
    ids = [standing[key].pk for key in names]
    known = {
        (row[0], row[1], row[2]): row[3]
        for chunk in in_chunks(ids)
        for row in PersonName.objects.filter(patient__in=chunk).values_list(
            "patient_id", "family", "given", "birth_date"
        )
    }
    new = [
        PersonName(patient_id=standing[key].pk, family=family, given=given, birth_date=standing[key].birth_date)
        for key, told in names.items()
        for family, given in sorted(told)
        if (standing[key].pk, family, given) not in known
    ]
    insert_rows(
        "record_personname",
        ("patient_id", "family", "given", "birth_date"),
        [(name.patient_id, name.family, name.given, name.birth_date) for name in new],
    )
    born = {standing[key].pk: standing[key].birth_date for key in names}
    for patient in {row[0] for row, birth_date in known.items() if birth_date != born[row[0]]}:
        PersonName.objects.filter(~Q(birth_date=born[patient]) | Q(birth_date=None), patient=patient).update(
            birth_date=born[patient]
        )
    _write_keys({name.family for name in new if name.family})
    return {name.patient_id for name in new}


def _write_postcodes(
    standing: dict[tuple[int, str], LocalPatient], told: dict[tuple[int, str], set[str]], new: set[int]
) -> set[int]:
    """Keep each postcode told; returns the patients that gained one. They are never forgotten, like names."""
    ids = [standing[key].pk for key in told if standing[key].pk not in new]
    known = {
        row
        for chunk in in_chunks(ids)
        for row in PatientPostcode.objects.filter(patient__in=chunk).values_list("patient_id", "postcode")
    }
    rows = [(standing[key].pk, code[:10]) for key, codes in told.items() for code in sorted(codes)]
    gained = [row for row in rows if row not in known]
    insert_rows("record_patientpostcode", ("patient_id", "postcode"), gained)
    return {patient for patient, _ in gained}


def _write_keys(families: set[str]) -> None:
    """Make each surname findable by the ways in which it may be misspelt."""
    for chunk in in_chunks(sorted(families)):
        known = set(NameKey.objects.filter(family__in=chunk).values_list("family", flat=True))
        NameKey.objects.bulk_create(
            [
                NameKey(key=key, family=family)
                for family in chunk
                if family not in known
                for key in sorted(rules.search_keys(family))
            ],
            ignore_conflicts=True,
        )
