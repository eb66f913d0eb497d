"""Redelivery and disorder are harmless: the same messages of every format, shuffled, cut into other batches and told
again, end in the same record. Each case is one shuffle of one world (tellings); one message in three is told twice.
Which of two messages that say the same at the same time is named as a fact's origin is left to chance, and is not
compared. Worlds share nobody, so a hundred are filed at once.
"""

import hashlib
import random
from collections import Counter
from typing import Any

import tellings
from django.db import transaction

from promises import Outcome, Promise

MESSAGES = 16
_WORLDS = 100
_CUT = 6  # most messages of one world in a batch


def run(cases: int, seed: int) -> Outcome:
    """Compare the record after each shuffle with the record after the messages came in order."""
    randomness = random.Random(seed)
    different: list[str] = []
    for start in range(0, cases, _WORLDS):
        worlds = range(min(_WORLDS, cases - start))
        told = {number: _messages(tellings.World(number), randomness) for number in worlds}
        in_order = _state_after([[raw for each in told.values() for raw in each]])
        found = _state_after(_batches(told, randomness))
        different += [f"case {start + number}: {part} differs" for number, part in _differences(in_order, found)]
    kept = f"{cases - len(different):,} of {cases:,}"
    figure = f"{kept} shuffles over {len(tellings.FORMATS)} formats end in the same record"
    return Outcome(cases, len(different), figure, tuple(different[:5]))


def _messages(world: tellings.World, randomness: random.Random) -> list[bytes]:
    return [tellings.message(world, randomness) for _ in range(MESSAGES)]


def _batches(told: dict[int, list[bytes]], randomness: random.Random) -> list[list[bytes]]:
    """Each world's messages shuffled, told again and cut; the first batch of all worlds, the second of all ..."""
    batches: list[list[bytes]] = []
    for messages in told.values():
        shuffled = messages + randomness.sample(messages, len(messages) // 3)
        randomness.shuffle(shuffled)
        for number, batch in enumerate(_cut(shuffled, randomness)):
            if number == len(batches):
                batches.append([])
            batches[number] += batch
    return batches


def _cut(told: list[bytes], randomness: random.Random) -> list[list[bytes]]:
    batches: list[list[bytes]] = []
    while told:
        size = randomness.randint(1, _CUT)
        batches.append(told[:size])
        told = told[size:]
    return batches


def _differences(one: dict[str, Counter[Any]], other: dict[str, Counter[Any]]) -> list[tuple[int, str]]:
    """The worlds whose records differ, each with the first part that does."""
    found: dict[int, str] = {}
    for part in one:
        for code, *_ in (one[part] - other[part]) + (other[part] - one[part]):
            found.setdefault(int(code[1:]), part)
    return sorted(found.items())


def _state_after(batches: list[list[bytes]]) -> dict[str, Counter[Any]]:
    """What the record comes to after these batches, without its own keys; each row begins with its source's code."""
    with transaction.atomic():
        for batch in batches:
            _file(batch)
        state = _state()
        transaction.set_rollback(True)
    return state


def _file(batch: list[bytes]) -> None:
    """File past the gateway, which would stop what came before: the record must stand repetition by itself."""
    from oneplace import formats
    from oneplace.kernel import clock
    from oneplace.record import ingest
    from oneplace.record.filing import Filing, Stored

    filings = []
    for raw in batch:
        read = formats.read(raw)
        filings.append(Filing(Stored(hashlib.sha256(raw).digest(), raw, len(raw), read.format), read))
    documents = ingest.keep_documents([filing.stored for filing in filings], clock.now())
    ingest.file(filings, documents, by="promise", now=clock.now())


def _state() -> dict[str, Counter[Any]]:
    from oneplace.access.models import Relationship
    from oneplace.record.models import Entry, EntryHistory, LocalPatient, PatientPostcode, PersonName, ReviewTask
    from oneplace.record.wholes import gone

    of_patient = ["patient__source__code", "patient__local_id"]
    facts = ["display", "happened_at", "ended_at", "status", "value", "detail", "version_at"]
    entry = ["patient__source__code", "type", "told_id", "patient__local_id"]
    own = {
        str(pk): (code, *told)
        for pk, code, *told in LocalPatient.objects.values_list(
            "pk", "source__code", "local_id", "person__nhs_number", "person__key"
        )
    }
    ties = Relationship.objects.values_list("reference", "person", "kind", "starts", "ends", "told_at")
    patients = LocalPatient.objects.values_list(
        "source__code", "local_id", "family", "given", "nhs_number", "birth_date", "postcode", "version_at", "link",
        "link_reason", "person__nhs_number",
    )  # fmt: skip
    return {
        "patients": _counted(patients),
        "names": _counted(PersonName.objects.values_list(*of_patient, "family", "given", "birth_date")),
        "postcodes": _counted(PatientPostcode.objects.values_list(*of_patient, "postcode")),
        "entries": _counted(Entry.objects.values_list(*entry, *facts)),
        "history": _counted(EntryHistory.objects.values_list(*[f"entry__{name}" for name in entry], *facts)),
        "reviews": _counted(ReviewTask.objects.filter(closed_at=None).values_list(*of_patient, "reason")),
        "ties": _counted((*_owner(own, key, person), *rest) for key, person, *rest in ties),
        "together": _together(own.values()),
        "gone": _counted(Entry.objects.filter(pk__in=gone(map(int, own))).values_list(*entry)),
    }


def _counted(rows: Any) -> Counter[Any]:
    return Counter((row[0], repr(row[1:])) for row in rows)


def _owner(own: dict[str, tuple[Any, ...]], reference: str, person: str) -> tuple[Any, ...]:
    """Whose tie it is: the source's code and its patient, which visit, and whether it is with the patient's person."""
    patient, _, visit = reference.partition(":")
    return (*own[patient][:2], visit, own[patient][3] == person)


def _together(patients: Any) -> Counter[Any]:
    """Each patient with all those who are the same person."""
    company: dict[str, list[str]] = {}
    for code, local_id, _, person in patients:
        company.setdefault(person, []).append(f"{code}/{local_id}")
    return _counted((code, local_id, sorted(company[person])) for code, local_id, _, person in patients)


PROMISE = Promise(
    "redelivery-and-disorder",
    "Redelivery and disorder are harmless: the same record in any order, however often told",
    10_000,
    run,
)
