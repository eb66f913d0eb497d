"""Withdrawal bites: while several readers open records without a pause, agreements end, relationships close, consents
are withdrawn; no read that begins a second later shows what was withdrawn.

Each case is one withdrawal. A reader notes when a read began and whether it showed what hangs on the case; the
withdrawal notes when its transaction was done. Reads go through the door, as pages do, each thread with a connection
of its own.
"""

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

from promises import Outcome, Promise

READERS = 4
OWN = "ZWARD"
AT_ONCE = 30
LATE_SECONDS = 1.0
PAUSE_SECONDS = 0.05


@dataclass
class Case:
    """One person whose diagnosis hangs on one thing that will be withdrawn."""

    number: int
    way: str
    person: str = ""
    withdrawn_at: float = float("inf")
    shown: list[float] = field(default_factory=list)  # when the reads began that showed it
    hidden: list[float] = field(default_factory=list)

    @property
    def controller(self) -> str:
        """The organisation whose data the case is about."""
        return f"ZC{self.number:04}"

    @property
    def late(self) -> int:
        """Reads that began a second after, or later, and showed it all the same."""
        return sum(began >= self.withdrawn_at + LATE_SECONDS for began in self.shown)

    @property
    def proves(self) -> bool:
        """True when it was shown before, and read again a second after."""
        before = any(began < self.withdrawn_at for began in self.shown)
        after = any(began >= self.withdrawn_at + LATE_SECONDS for began in [*self.shown, *self.hidden])
        return before and after


def run(cases: int, seed: int) -> Outcome:
    """Withdraw by turns under load, a few dozen people at a time, and look at each read that came later."""
    randomness = random.Random(seed)
    ways = sorted(WAYS)
    everyone: list[Case] = []
    failures: list[str] = []
    while len(everyone) < cases:
        size = min(AT_ONCE, cases - len(everyone))
        batch = [Case(len(everyone) + n, ways[(len(everyone) + n) % len(ways)]) for n in range(size)]
        _prepare(batch)
        failures += _load(batch, randomness)
        everyone += batch
    failures += [f"case {case.number}, {case.way}: {case.late} reads showed it later" for case in everyone if case.late]
    failures += [f"case {case.number}, {case.way}: proved nothing" for case in everyone if not case.proves]
    reads = sum(len(case.shown) + len(case.hidden) for case in everyone)
    longest = max((began - case.withdrawn_at for case in everyone for began in case.shown), default=0.0)
    figure = (
        f"{cases:,} withdrawals by {READERS} readers' {reads:,} reads: "
        f"{sum(case.late for case in everyone)} showed it a second later; the last read that did began "
        f"{max(0.0, longest) * 1000:.0f} ms after"
    )
    return Outcome(cases, len(failures), figure, tuple(failures[:5]))


def _prepare(batch: list[Case]) -> None:
    """People with a tie to the readers' ward, their consent, and a diagnosis of a controller with an agreement."""
    from oneplace.access import actions as access
    from oneplace.gateway.receive import Item, receive
    from oneplace.record.models import LocalPatient

    # The agreements are the whole list each time: those of earlier cases end here.
    access.load_agreements([_agreement(case) for case in batch], by="promise")
    items = [Item("promise", _admission(case), "file") for case in batch]
    if receive(items, by="promise").filed != len(batch):
        raise RuntimeError("the messages of this promise were not all filed: it would prove nothing")
    for case in batch:
        case.person = LocalPatient.objects.get(source__code=case.controller).person.key
        access.open_relationship(
            person=case.person, organisation_code=OWN, kind="visit", reference=case.controller,
            starts=datetime(2026, 1, 2, tzinfo=UTC), by="promise",
        )  # fmt: skip
        _choose(case, "given")


def _admission(case: Case) -> bytes:
    lines = [
        f"MSH|^~\\&|PAS|{case.controller}|X|X|20260102101500||ADT^A01|M{case.number}|P|2.4",
        "EVN||202601021015",
        f"PID|1||L1^^^{case.controller}^PI||TESTCASE{case.number}^MARY^^^^^L||19511212|2",
        f"PV1|1|I|WARD^B^1|{'|' * 15}V1^^^VISITID{'|' * 25}202601020900",
        "DG1|1||I10^Hypertension^I10||20260102",
    ]
    return "\r".join(lines).encode()


def _agreement(case: Case, ends: date | None = None) -> dict[str, object]:
    return {"controller_code": case.controller, "starts": date(2020, 1, 1), "ends": ends}


def _choose(case: Case, choice: str) -> None:
    """The person's choice about every ordinary class, as a row of its own."""
    from oneplace.access.models import Consent
    from oneplace.kernel import clock

    Consent.objects.create(person=case.person, choice=choice, taken_by="promise", at=clock.now())


def _end_agreement(case: Case, batch: list[Case]) -> None:
    """The controller's agreement is no longer among those told; others whose turn has come stay ended."""
    from oneplace.access import actions as access

    ended = {one.number for one in batch if one.way == "agreement" and one.withdrawn_at < float("inf")} | {case.number}
    access.load_agreements([_agreement(one) for one in batch if one.number not in ended], by="promise")


def _close_relationship(case: Case, batch: list[Case]) -> None:
    from oneplace.access import actions as access
    from oneplace.kernel import clock

    access.close_relationship(
        organisation_code=OWN, kind="visit", reference=case.controller, ends=clock.now(), by="promise"
    )


def _withdraw_consent(case: Case, batch: list[Case]) -> None:
    _choose(case, "withdrawn")


WAYS: dict[str, Callable[[Case, list[Case]], None]] = {
    "agreement": _end_agreement,
    "relationship": _close_relationship,
    "consent": _withdraw_consent,
}


def _load(batch: list[Case], randomness: random.Random) -> list[str]:
    """Readers read while one thing after another is withdrawn, and for a while after the last."""
    stop = threading.Event()
    faults: list[str] = []
    threads = [
        threading.Thread(target=_read, args=(batch, random.Random(randomness.random()), stop, faults))
        for _ in range(READERS)
    ]
    for thread in threads:
        thread.start()
    try:
        _until(lambda: all(case.shown for case in batch) or bool(faults))
        for case in randomness.sample(batch, len(batch)):
            WAYS[case.way](case, batch)
            case.withdrawn_at = time.monotonic()
            time.sleep(PAUSE_SECONDS)
        _until(lambda: all(case.proves for case in batch) or bool(faults))
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    return faults


def _until(done: Callable[[], bool], seconds: float = 60) -> None:
    """Wait for something, but not for ever: a case that proves nothing is told as a failure."""
    ends = time.monotonic() + seconds
    while not done() and time.monotonic() < ends:
        time.sleep(0.05)


def _read(batch: list[Case], randomness: random.Random, stop: threading.Event, faults: list[str]) -> None:
    """Open one record after another, as a nurse of the ward."""
    from django.db import connection

    from oneplace.access.rules import Actor
    from oneplace.record import door
    from oneplace.record.shapes import Opened

    nurse = Actor("promise-nurse", "A Nurse", "ward-nurse", OWN)
    try:
        while not stop.is_set():
            case = randomness.choice(batch)
            began = time.monotonic()
            answer = door.open(nurse, case.person)  # type: ignore[arg-type]
            items = [item for panel in answer.windowlets for item in panel.items] if isinstance(answer, Opened) else []
            told = case.shown if any(item.source_code == case.controller for item in items) else case.hidden
            told.append(began)
    except BaseException as error:  # a thread's error would else be lost
        faults.append(f"a reader stopped: {type(error).__name__}: {error}")
    finally:
        connection.close()


PROMISE = Promise("withdrawal-bites", "Withdrawal bites: no read a second later", 300, run)
