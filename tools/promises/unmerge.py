"""Merges leave no trace when undone: sequences of merges by sources and decisions by staff, each taken back in an order
of chance, with feeds between; who is who, and every tie, then stands as if none had been.
"""

import random
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import transaction

from promises import Outcome, Promise
from promises.disorder import _file

PATIENTS = 6
_START = datetime(2026, 1, 2, 12, tzinfo=UTC)


def run(cases: int, seed: int) -> Outcome:
    """Compare the record after each sequence with the same feeds told without any merge."""
    randomness = random.Random(seed)
    different: list[str] = []
    for case in range(cases):
        people = [_message(number, randomness) for number in range(PATIENTS)]
        later = [_message(number, randomness, "20260301") for number in range(PATIENTS)]
        with transaction.atomic():
            _file(people)
            _sequence(randomness, later)
            found = _state()
            transaction.set_rollback(True)
        with transaction.atomic():
            _file(people)
            _file(later)
            expected = _state()
            transaction.set_rollback(True)
        different += [f"case {case}: {part}" for part in expected if expected[part] != found[part]][:1]
    figure = f"{cases - len(different)} of {cases} sequences of merges leave nothing behind"
    return Outcome(cases, len(different), figure, tuple(different[:5]))


def _message(number: int, randomness: random.Random, day: str = "20260102") -> bytes:
    claimed = randomness.choice(["9990000018", "9990000026", "", ""])
    family, given = randomness.choice(["TESTCASE", "EXAMPLE"]), randomness.choice(["MARY", "HELEN"])
    lines = [
        f"MSH|^~\\&|PAS|RCB|X|X|{day}101500||ADT^A01|M{number}{day}|P|2.4",
        f"EVN||{day}1015",
        f"PID|1||L{number}^^^RCB^PI~{claimed}^^^NHS||{family}^{given}^^^^^L||19511212|2|||1 MILL LANE^^^^ZZ1 1AA^^H",
        f"PV1|1|I|WARD^B^1|{'|' * 15}V{number}^^^VISITID{'|' * 25}202601020900",
    ]
    return "\r".join(lines).encode()


def _sequence(randomness: random.Random, later: list[bytes]) -> None:
    """Merge and decide by chance, let feeds come in between, then take everything back in another order."""
    from oneplace.access.rules import Actor
    from oneplace.record import reviews
    from oneplace.record.reviews import CannotDecide

    actor = Actor("promise", "Promise", "data-manager", "RCB")
    pairs = [tuple(randomness.sample(range(PATIENTS), 2)) for _ in range(randomness.randint(1, 4))]
    pairs = list({frozenset(pair): pair for pair in pairs}.values())
    at = _START
    for kept, folded in pairs:
        at += timedelta(hours=1)
        if randomness.random() < 0.5:
            _merge("MERGED", kept, folded, at)
            continue
        told = {"source": "RCB", "local_id": f"RCB:L{kept}", "other_source": "RCB", "other_local_id": f"RCB:L{folded}"}
        try:
            with transaction.atomic():
                reviews.merge(actor, **told, reason="a promise is kept")
        except CannotDecide:
            continue  # two valid numbers, or one person already: rightly refused
    _file(later)
    randomness.shuffle(pairs)
    for kept, folded in pairs:
        _merge("UNMERGED", kept, folded, at + timedelta(days=90))
    decided = [line.key for line in reviews.decisions(50)]
    randomness.shuffle(decided)
    for key in decided:
        reviews.undo(actor, key)


def _merge(move: str, kept: int, folded: int, at: datetime) -> None:
    """What an A40 or its undoing comes to once read."""
    import hashlib

    from oneplace.kernel import clock
    from oneplace.kernel.rows import EventRow, Message, Move, PersonRow
    from oneplace.record import ingest
    from oneplace.record.filing import Filing, Stored

    event = EventRow(f"RCB:L{kept}", Move[move], at, other_local_id=f"RCB:L{folded}")
    people = tuple(PersonRow(f"RCB:L{key}", key_only=True) for key in (kept, folded))
    raw = repr(event).encode()
    stored = Stored(hashlib.sha256(raw).digest(), raw, len(raw), "hl7-v2")
    documents = ingest.keep_documents([stored], clock.now())
    message = Message("hl7-v2", "RCB", "", people, (), (event,), sent_at=at)
    ingest.file([Filing(stored, message)], documents, by="promise", now=clock.now())


def _state() -> dict[str, Any]:
    """Who is with whom, how and why, and the ties, by the sources' own ids."""
    from oneplace.access.models import Relationship
    from oneplace.record.models import Entry, LocalPatient, ReviewTask

    people = list(
        LocalPatient.objects.values_list("local_id", "person_id", "link", "link_reason", "person__nhs_number")
    )
    company: dict[int, list[str]] = {}
    for local_id, person, *_ in people:
        company.setdefault(person, []).append(local_id)
    own = dict(LocalPatient.objects.values_list("person__key", "person_id"))
    return {
        "links": sorted(
            (one, link, why, number or "", tuple(sorted(company[p]))) for one, p, link, why, number in people
        ),
        "entries": sorted(Entry.objects.values_list("told_id", "patient__local_id", "status")),
        "ties": sorted(
            (kind, str(starts), str(ends), tuple(sorted(company[own[person]])))
            for person, kind, starts, ends in Relationship.objects.values_list("person", "kind", "starts", "ends")
        ),
        "reviews": sorted(ReviewTask.objects.filter(closed_at=None).values_list("patient__local_id", "reason")),
    }


PROMISE = Promise(
    "merges-leave-no-trace",
    "Merges leave no trace when undone: who is who and every tie stands as if none had been",
    300,
    run,
)
