"""The rules of messages out, pure: states and moves, when to try again, and what may stand in a text message.

Sources: house.md, section 6 (one table of states and moves); record.md (no clinical words in SMS).
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from oneplace.kernel import nhs_number


class Kind(StrEnum):
    """By which way a message goes."""

    IN_APP = "in-app"
    EMAIL = "email"
    SMS = "sms"


class State(StrEnum):
    """Where a message stands."""

    WAITING = "waiting"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    GIVEN_UP = "given up"
    WITHHELD = "withheld"


MOVES: Mapping[State, frozenset[State]] = {
    State.WAITING: frozenset({State.SENDING}),
    State.SENDING: frozenset({State.SENT, State.WAITING, State.FAILED, State.WITHHELD}),
    State.FAILED: frozenset({State.WAITING, State.GIVEN_UP}),
    State.SENT: frozenset(),
    State.GIVEN_UP: frozenset(),
    State.WITHHELD: frozenset(),
}
"""Every state and where a message may go from it. An in-app message is there at once: it begins as sent."""

WAITS = (1, 5, 15, 60, 240)
"""Minutes until the next try after each one that failed for the moment; after the last, a person decides."""

SMS_CHARACTERS = 459
"""Three parts of a long text message: what GOV.UK Notify sends as one."""

_NUMBERS = re.compile(r"\d(?:[ -]?\d){9,}")


@dataclass(frozen=True, slots=True)
class Address:
    """To whom: a kind and the key that it needs (of a user, an e-mail address, a telephone number).

    `reader` is the key of the user whose right to know is asked again when the message is sent or shown; in-app it is
    the key itself. Who may not see a person is not told of that person.
    """

    kind: Kind
    key: str
    reader: str = ""

    @property
    def read_by(self) -> str:
        """Whose right to know counts; '' for somebody who has no account here."""
        return self.key if self.kind == Kind.IN_APP else self.reader


def may_move(before: str, after: str) -> bool:
    """True where a message in one state may come into another."""
    return State(after) in MOVES[State(before)]


def next_wait(attempts: int) -> timedelta | None:
    """How long to wait after so many tries (1 after the first); None where a person is to decide."""
    return timedelta(minutes=WAITS[attempts - 1]) if attempts <= len(WAITS) else None


def sms_fault(text: str, stems: Collection[str]) -> str:
    """What may not stand in a text message, in words; '' where nothing speaks against it.

    Anybody may read it on a locked screen: no clinical word (one that begins like a stem), no NHS number.
    """
    if not text.strip():
        return "There is nothing to send: the text is empty."
    if len(text) > SMS_CHARACTERS:
        return f"A text message holds {SMS_CHARACTERS} characters and this one has {len(text)}. Shorten it."
    found = _clinical(text, stems)
    if found:
        return f"A text message bears no clinical words, and '{found}' is one. Say it without, or ask them to ring."
    if any(nhs_number.is_valid(re.sub(r"\D", "", number)) for number in _NUMBERS.findall(text)):
        return "A text message bears no NHS number. Leave it out."
    return ""


def _clinical(text: str, stems: Collection[str]) -> str:
    """The first words of the text that begin like a stem; a stem with a full stop is a whole word."""
    plain = " ".join(re.findall(r"[\w']+", text.casefold()))
    for stem in stems:
        end = r"\b" if stem.endswith(".") else r"\w*"
        found = re.search(rf"\b{re.escape(stem.removesuffix('.'))}{end}", plain)
        if found:
            return found.group()
    return ""


def masked(kind: str, key: str) -> str:
    """An address as a work-list may show it: enough to recognise it, too little to use."""
    if kind == Kind.EMAIL:
        return f"…@{key.rpartition('@')[2]}"
    return f"… {key[-3:]}" if kind == Kind.SMS else "in oneplace"


def diagram() -> str:
    """The states and moves as a Mermaid diagram: docs/post.md holds it, and a test compares."""
    lines = ["stateDiagram-v2", "  [*] --> waiting", "  [*] --> sent : in-app"]
    for before, after in MOVES.items():
        lines += [f"  {_word(before)} --> {_word(state)}" for state in State if state in after]
    return "\n".join(lines)


def _word(state: State) -> str:
    return state.replace(" ", "_")
