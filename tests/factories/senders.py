"""Whole messages of a surgery and of a hospital about made-up people, and what filing them came to."""

import hashlib
from datetime import UTC, datetime
from typing import Any

import zstandard
from django.db import transaction
from factories import wire

NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)
MARY, OTHER = "9990000018", "9990000026"
MAY, JUNE, JULY, AUGUST = (f"2021-0{month}-02T12:00:00+00:00" for month in (5, 6, 7, 8))


def problem(key: str = "x1", display: str = "Hypertension", at: str = JUNE) -> wire.Resource:
    """A problem at one version."""
    meta = {"lastUpdated": at}
    return wire.clinical("Condition", key, code=wire.concept(display=display), assertedDate="2020-01-01", meta=meta)


def surgery(
    *facts: wire.Resource,
    number: str = MARY,
    family: str = "Burrows",
    given: str = "Mary",
    born: str | None = "1951-12-12",
    code: str = "G99001",
    local: str = "p1",
    at: str = JUNE,
    former: str = "",
    **more: Any,
) -> bytes:
    """A surgery's export of one patient at one time."""
    names = [{"use": "official", "family": family, "given": [given]}]
    names += [{"use": "old", "family": former, "given": [given]}] if former else []
    told = wire.patient(local, number, name=names, meta={"lastUpdated": at}, birthDate=born, **more)
    told = told if born else wire.without(told, "birthDate")
    owned = [_owned(fact, local) for fact in [wire.without(wire.export_list(at), "id"), *facts]]
    return wire.wrapped([{"resource": one} for one in (told, wire.practice(code), *owned)])


def _owned(fact: wire.Resource, local: str) -> wire.Resource:
    """The fact, told of the patient with this id."""
    owner = "patient" if "patient" in fact else "subject"
    return fact | {owner: wire.reference(f"Patient/{local}")}


def hospital(
    event: str = "A01",
    *segments: str,
    number: str = MARY,
    family: str = "Burrows",
    given: str = "Mary",
    born: str = "19511212",
    code: str = "RCB",
    local: str = "H1",
    visit: str = "V1",
    day: str = "20210105",
) -> bytes:
    """A hospital's message about one visit, recorded at ten on a day."""
    pid = f"PID|1||{local}^^^{code}^PI~{number}^^^NHS||{family}^{given}^^^^^L||{born}|2"
    pv1 = wire.PV1.replace("V100", visit)
    names = {"number": f"{event}{local}{visit}{day}{family}{number}", "time": f"{day}100100", "facility": code}
    return wire.adt(event, *segments, pid=pid, pv1=pv1, recorded=f"{day}1000", **names)


def file(*messages: bytes, now: datetime = NOW) -> int:
    """File messages in one batch, as the gateway does; returns the number of entries."""
    from oneplace import formats
    from oneplace.kernel.rows import Message
    from oneplace.record import ingest
    from oneplace.record.filing import Filing, Stored

    filings = []
    for raw in messages:
        read = formats.read(raw)
        assert isinstance(read, Message), read
        stored = Stored(hashlib.sha256(raw).digest(), zstandard.compress(raw), len(raw), read.format)
        filings.append(Filing(stored, read))
    with transaction.atomic():
        documents = ingest.keep_documents([filing.stored for filing in filings], now)
        return ingest.file(filings, documents, by="test", now=now)
