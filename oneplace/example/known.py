"""How one source knows a person: its own number for them, and what it wrote down, which need not be right."""

from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b

from oneplace.example.shapes import Human


@dataclass(frozen=True, slots=True)
class Known:
    """A person at one source. `human` is who the source takes them for; `local_id` is the number that it sends.

    `faults` names what is wrong with it, for the truth file.
    """

    source: str
    local_id: str
    human: Human
    faults: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Sender:
    """An organisation that sends: what its messages say of it, and what it calls its system."""

    code: str
    name: str
    kind: str
    system: str
    feed_code: str
    channel: str
    format: str


@dataclass(frozen=True, slots=True)
class Piece:
    """One message about a person, before it is put on its feed."""

    name: str
    at: datetime
    raw: bytes


def own_number(source: str, seed: int, human: Human) -> str:
    """The number that a source gave a person: the same in each of its messages."""
    digest = blake2b(f"{source}|{seed}|{human.key}".encode(), digest_size=5).hexdigest()
    return f"H{int(digest, 16) % 900_000_000 + 100_000_000}"


def stable_id(*parts: object) -> str:
    """A UUID made of its parts: the same parts give the same id."""
    told = blake2b("|".join(map(str, parts)).encode(), digest_size=16).hexdigest()
    return f"{told[:8]}-{told[8:12]}-4{told[13:16]}-a{told[17:20]}-{told[20:]}"
