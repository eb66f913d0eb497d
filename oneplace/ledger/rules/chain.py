"""The chain: each row's hash covers its content and the hash before it, so no row can be changed, moved or lost unseen.

Source: trust.md ("audit complete and tamper-evident"). Pure: no database. What a chain alone can't show is a rewrite
of every row up to the head by someone who owns the database; an anchor (a head noted elsewhere) shows that too.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson

ORIGIN = "0" * 64
"""The hash before the first row."""


@dataclass(frozen=True, slots=True)
class Line:
    """One row as it is hashed: who did what, about whom, why, on what ground, and when (real and business time)."""

    seq: int
    at_real: datetime
    at_business: datetime
    actor: str
    role: str
    organisation: str
    action: str
    subject: str
    purpose: str
    basis: str
    detail: str
    previous: str
    hash: str


@dataclass(frozen=True, slots=True)
class Tip:
    """The newest row's number and hash, as kept beside the rows or noted elsewhere as an anchor."""

    seq: int
    hash: str


@dataclass(frozen=True, slots=True)
class Fault:
    """One place where the chain doesn't hold, in plain words."""

    seq: int
    text: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a walk along the chain found: rows read, hash of the last one, and every fault."""

    ok: bool
    rows: int
    head: str
    faults: tuple[Fault, ...]


def detail_text(detail: Mapping[str, Any] | None) -> str:
    """A row's detail as JSON with sorted keys; '' when there is none."""
    return orjson.dumps(detail, option=orjson.OPT_SORT_KEYS).decode() if detail else ""


def canonical(line: Line) -> bytes:
    """The bytes that a row's hash covers: a JSON list, so that no two rows share them."""
    return orjson.dumps(
        [
            line.seq,
            _utc(line.at_real),
            _utc(line.at_business),
            line.actor,
            line.role,
            line.organisation,
            line.action,
            line.subject,
            line.purpose,
            line.basis,
            line.detail,
        ]
    )


def shown_in(detail: str) -> tuple[str, ...]:
    """Keys of those whom a row tells of in a list: its detail's "shown", each once; empty for any other text."""
    try:
        told = orjson.loads(detail) if detail else {}
    except orjson.JSONDecodeError:
        return ()
    shown = told.get("shown") if isinstance(told, dict) else None
    return tuple(dict.fromkeys(str(key) for key in shown)) if isinstance(shown, list) else ()


def was_refused(action: str) -> bool:
    """True for what was asked for and not done: 'open record: refused', 'open record: locked', 'refuse page'."""
    return ": " in action or action == "refuse page"


def faults_of_mentions(told: Iterable[tuple[int, str]], kept: Iterable[tuple[int, str]]) -> Iterator[Fault]:
    """Rows whose list of people isn't the one by which they are found.

    `told`: number and detail of rows, `kept`: number and key of mentions; both in the order of their numbers.
    """
    mentions: dict[int, set[str]] = {}
    for seq, key in kept:
        mentions.setdefault(seq, set()).add(key)
    for seq, detail in told:
        if mentions.pop(seq, set()) != set(shown_in(detail)):
            yield Fault(seq, f"row {seq} can't be found by the people whom it lists")
    for seq in sorted(mentions):
        yield Fault(seq, f"row {seq} is to be found by people whom it doesn't list")


def chain_hash(previous: str, content: bytes) -> str:
    """SHA-256 over the hash before and the row's bytes, in hexadecimal."""
    return hashlib.sha256(previous.encode() + content).hexdigest()


def check_chain(lines: Iterable[Line], head: Tip | None, *, after: Tip, anchors: Iterable[Tip] = ()) -> Verdict:
    """Walk rows in order of their numbers from the one that follows `after` to `head`; total for any input."""
    faults: list[Fault] = []
    noted = {anchor.seq: anchor.hash for anchor in anchors if anchor.seq > after.seq}
    tip, rows = after, 0
    for line in lines:
        faults.extend(_faults_of(line, tip))
        if noted.pop(line.seq, line.hash) != line.hash:
            faults.append(Fault(line.seq, f"row {line.seq} isn't the one that was anchored"))
        tip, rows = Tip(line.seq, line.hash), rows + 1
    faults.extend(_faults_of_end(tip, head))
    faults.extend(Fault(seq, f"row {seq} was anchored and is missing") for seq in sorted(noted))
    return Verdict(not faults, rows, tip.hash, tuple(faults))


def with_faults(verdict: Verdict, faults: Iterable[Fault]) -> Verdict:
    """The same verdict with more faults to its charge."""
    found = (*verdict.faults, *faults)
    return Verdict(not found, verdict.rows, verdict.head, found)


def read_anchors(text: str) -> list[Tip]:
    """Heads noted outside the database: one 'number hash' a line. Raises ValueError naming the line that isn't."""
    tips = []
    for number, line in enumerate(text.splitlines(), start=1):
        words = line.split()
        if not words:
            continue
        if len(words) != 2 or not words[0].isdecimal() or len(words[1]) != len(ORIGIN):
            raise ValueError(f"line {number} of the anchor file is not a row number and a hash of 64 characters")
        tips.append(Tip(int(words[0]), words[1]))
    return tips


def _utc(moment: datetime) -> str:
    """One text for one instant, whatever zone the database hands it back in."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def _faults_of(line: Line, tip: Tip) -> Iterator[Fault]:
    """What is wrong between a row and the one before it, or inside the row."""
    if line.seq != tip.seq + 1:
        yield Fault(tip.seq + 1, _missing(tip.seq + 1, line.seq - 1))
    elif line.previous != tip.hash:
        yield Fault(line.seq, f"row {line.seq} doesn't follow row {tip.seq}")
    try:
        sound = chain_hash(line.previous, canonical(line)) == line.hash
    except (orjson.JSONEncodeError, UnicodeEncodeError):
        sound = False
    if not sound:
        yield Fault(line.seq, f"row {line.seq} was changed after it was written")


def _faults_of_end(tip: Tip, head: Tip | None) -> Iterator[Fault]:
    """What is wrong between the last row and the head kept beside the rows."""
    if head is None:
        if tip.seq:
            yield Fault(tip.seq, "the head is missing")
    elif head.seq > tip.seq:
        yield Fault(tip.seq + 1, _missing(tip.seq + 1, head.seq))
    elif head.seq < tip.seq:
        yield Fault(head.seq + 1, f"rows stand beyond the head at {head.seq}")
    elif head.hash != tip.hash:
        yield Fault(tip.seq, "the head doesn't match the last row")


def _missing(first: int, last: int) -> str:
    return f"row {first} is missing" if first == last else f"rows {first} to {last} are missing"
