"""What is the same message, and how much may be filed at once. Pure."""

import hashlib
from dataclasses import dataclass, field

from oneplace.kernel.rows import Message, Reject

TARGET_SECONDS = 0.06
"""How long one chunk may keep other writers waiting: pages must open within 100 ms while feeds load (trust.md)."""
QUEUED_SECONDS = 0.2
"""The same where the database queues its writers and lets readers by: only the ledger's head waits for a commit."""
FEWEST, MOST = 300, 6000
"""Entries in a chunk, whatever was measured: fewer would cost little less, for most of it would be the commit's own."""


@dataclass(slots=True)
class Count:
    """What became of the messages of one format."""

    received: int = 0
    filed: int = 0
    quarantined: int = 0
    duplicate: int = 0

    def add(self, outcome: str) -> None:
        """One more message that ended so: filed, quarantined or duplicate."""
        self.received += 1
        setattr(self, outcome, getattr(self, outcome) + 1)

    def plus(self, other: "Count") -> None:
        """The messages of another count as well."""
        for name in ("received", "filed", "quarantined", "duplicate"):
            setattr(self, name, getattr(self, name) + getattr(other, name))


@dataclass(slots=True)
class Tally(Count):
    """What became of all messages of one run, also by format; `resources` counts what the filed ones held."""

    by_format: dict[str, Count] = field(default_factory=dict)
    resources: int = 0

    def include(self, other: "Tally") -> None:
        """The messages of another run as well."""
        self.plus(other)
        self.resources += other.resources
        for name, count in other.by_format.items():
            self.by_format.setdefault(name, Count()).plus(count)

    def note(self, format_name: str, outcome: str) -> None:
        """One more message."""
        self.add(outcome)
        self.by_format.setdefault(format_name, Count()).add(outcome)


def same_as(read: Message | Reject, digest: bytes, feed_code: str = "") -> str:
    """The key by which a message is known when it comes again: its source's own id, else its bytes.

    What the wrong feed sent is known for that feed alone: its owner may still send it.
    """
    if isinstance(read, Message) and read.message_id:
        text = f"{read.source_code}\x1f{read.format}\x1f{read.message_id}"
        return hashlib.sha256(text.encode()).hexdigest()
    if isinstance(read, Reject) and read.code == "source-other":
        return hashlib.sha256(f"{feed_code}\x1f{digest.hex()}".encode()).hexdigest()
    return digest.hex()


def next_size(size: int, entries: int, seconds: float, target: float = TARGET_SECONDS) -> int:
    """How many entries the next chunk may hold, from how long the last one took."""
    if entries == 0 or seconds <= 0:
        return size
    fitting = int(entries * target / seconds)
    # Half the old, half the measured: one slow disk write doesn't halve the speed for good.
    return max(FEWEST, min(MOST, (size + fitting) // 2))
