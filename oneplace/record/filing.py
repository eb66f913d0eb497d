"""A message on its way into the record: its bytes as they are kept, and the time that it counts from."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from oneplace.kernel.rows import Message

_CLOCK_SLACK = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Stored:
    """The bytes of one message as they are kept: SHA-256, zstd body, size before compression."""

    digest: bytes
    body: bytes
    size: int
    format: str


@dataclass(frozen=True, slots=True)
class Filing:
    """One message that could be read, with its bytes."""

    stored: Stored
    message: Message


@dataclass(frozen=True, slots=True)
class Told:
    """One message in the middle of being filed: its keys in the database and the time that it counts from."""

    message: Message
    document_id: int
    source_id: int
    at: datetime


def sane(at: datetime | None, now: datetime) -> datetime:
    """The time that a version counts from: as told, unless it lies in the future and would stand for ever."""
    return at if at is not None and at <= now + _CLOCK_SLACK else now
