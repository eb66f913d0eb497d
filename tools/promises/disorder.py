"""Redelivery and disorder are harmless: the same messages, shuffled, cut into other batches and told again, end in the
same record. Each case is one shuffle; one message in three is told twice. Which of two messages that say the same
at the same time is named as a fact's origin is left to chance, and is not compared.
"""

import hashlib
import random
from typing import Any

from django.db import transaction

from promises import Outcome, Promise

WARDS = ("WARD1", "WARD2", "WARD3")
PATIENTS, VISITS = 6, 5


def run(cases: int, seed: int) -> Outcome:
    """Compare the record after each shuffle with the record after the messages came in order."""
    randomness = random.Random(seed)
    different: list[str] = []
    for case in range(cases):
        told = messages(randomness)
        in_order = _state_after([told])
        shuffled = told + randomness.sample(told, len(told) // 3)
        randomness.shuffle(shuffled)
        batches = _cut(shuffled, randomness)
        found = _state_after(batches)
        different += [f"case {case}: {part} differs" for part in in_order if found[part] != in_order[part]][:1]
    figure = f"{cases - len(different)} of {cases} shuffles end in the same record"
    return Outcome(cases, len(different), figure, tuple(different[:5]))


def messages(randomness: random.Random) -> list[bytes]:
    """A hospital's and another's year with few people: admissions, changes, discharges, corrected identities."""
    found = []
    for number in range(PATIENTS * VISITS):
        patient, visit = randomness.randrange(PATIENTS), randomness.randrange(VISITS)
        found.append(_message(number, patient, visit, randomness))
    return found


def _message(number: int, patient: int, visit: int, randomness: random.Random) -> bytes:
    code, event = randomness.choice(["RCB", "RXX"]), randomness.choice(["A01", "A02", "A03", "A08"])
    day = f"202101{randomness.randint(1, 28):02}"
    claimed = randomness.choice(["9990000018", "9990000026", "1234567890", ""])
    family, given = randomness.choice(["TESTCASE", "EXAMPLE"]), randomness.choice(["MARY", "M", "HELEN"])
    born = randomness.choice(["19511212", "19511212", "19850101", ""])
    lines = [
        f"MSH|^~\\&|PAS|{code}|X|X|{day}101500||ADT^{event}|M{number}|P|2.4",
        f"EVN||{day}1015",
        f"PID|1||L{patient}^^^{code}^PI~{claimed}^^^NHS||{family}^{given}^^^^^L||{born}|2",
        f"PV1|1|I|{randomness.choice(WARDS)}^B^1|{'|' * 15}V{patient}-{visit}^^^VISITID{'|' * 25}202101010900",
    ]
    return "\r".join(lines).encode()


def _cut(told: list[bytes], randomness: random.Random) -> list[list[bytes]]:
    batches: list[list[bytes]] = []
    while told:
        size = randomness.randint(1, 6)
        batches.append(told[:size])
        told = told[size:]
    return batches


def _state_after(batches: list[list[bytes]]) -> dict[str, Any]:
    """What the record comes to after these batches, in an order of its own and without its own keys."""
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


def _state() -> dict[str, Any]:
    from oneplace.access.models import Relationship
    from oneplace.record.models import Entry, EntryHistory, LocalPatient, PersonName, ReviewTask

    patient = ["source__code", "local_id"]
    facts = ["display", "happened_at", "ended_at", "status", "detail", "version_at"]
    entry = ["type", "told_id", "patient__source__code", "patient__local_id"]
    own = {
        str(pk): (*told, number)
        for pk, *told, number in LocalPatient.objects.values_list("pk", *patient, "person__nhs_number")
    }
    holder = dict(LocalPatient.objects.values_list("pk", "person__key"))
    ties = Relationship.objects.values_list("reference", "person", "kind", "starts", "ends", "told_at")
    return {
        "patients": _sorted(
            LocalPatient.objects.values_list(
                *patient, "family", "given", "nhs_number", "birth_date", "version_at", "link", "link_reason",
                "person__nhs_number",
            )
        ),
        "names": _sorted(PersonName.objects.values_list("patient__local_id", "family", "given", "birth_date")),
        "entries": _sorted(Entry.objects.values_list(*entry, *facts)),
        "history": _sorted(EntryHistory.objects.values_list(*[f"entry__{name}" for name in entry], *facts)),
        "reviews": _sorted(ReviewTask.objects.filter(closed_at=None).values_list("patient__local_id", "reason")),
        "ties": _sorted(
            (own[key.split(":")[0]], key.partition(":")[2], holder[int(key.split(":")[0])] == person, *rest)
            for key, person, *rest in ties
        ),
    }  # fmt: skip


def _sorted(rows: Any) -> list[str]:
    return sorted(map(repr, rows))


PROMISE = Promise(
    "redelivery-and-disorder",
    "Redelivery and disorder are harmless: the same record in any order, however often told",
    500,
    run,
)
