"""What made-up people chose about sharing, as their practices wrote it down: a register, and the file of it.

Shares are those of example.toml [consents]; what it doesn't name has the usual share (`RATES`). Story people chose what
their stories need (stories.toml, `consent`). One person's choices don't hang on who else is told of.
"""

import csv
from collections.abc import Iterator, Mapping
from dataclasses import astuple, dataclass, fields
from datetime import date, timedelta
from pathlib import Path
from random import Random
from types import TracebackType
from typing import Any

from oneplace.example.shapes import OutMessage, TrueSource
from oneplace.example.story import stories
from oneplace.place.folder import PlaceFolder

RATES: Mapping[str, float] = {
    "given": 0.86,  # agreed to all ordinary sharing
    "refused": 0.04,
    "withdrawn": 0.02,  # agreed, and took it back later
    # who is left was never asked
    "refused_one": 0.04,  # of those who agreed: keep one class to themselves
    "shared_sensitive": 0.05,  # of those who agreed: share one sensitive class as well
}
_ONE = ("mental-health", "social-care", "gp-record", "documents")
_SENSITIVE = ("substance-misuse", "sexual-health", "safeguarding")
_HOW = ("at the desk", "on the new patient form", "by telephone", "at a review")


@dataclass(frozen=True, slots=True)
class OutChoice:
    """One choice as a practice would tell it of its own patient: a line of the file."""

    organisation_code: str
    local_patient_id: str
    information_class: str
    choice: str
    made_by: str
    at: str
    how: str


class Choices:
    """The choices of a place's made-up people, as messages tell of them first."""

    def __init__(self, place: PlaceFolder, seed: int, today: date) -> None:
        told: Mapping[str, Any] = place.example.get("consents", {})
        self.rates = {**RATES, **told}
        self.seed, self.today = seed, today
        self.practices = {row.code for row in place.practices()}
        self.story = {row["key"]: row.get("consent", ["given", "person"]) for row in stories()}

    def of(self, message: OutMessage) -> Iterator[OutChoice]:
        """The choices of those whom a practice tells of first in this message, the oldest first."""
        for one in message.truth:
            if one.source_code in self.practices:
                yield from self._of_one(one)

    def _of_one(self, one: TrueSource) -> Iterator[OutChoice]:
        draw = Random(f"consent|{self.seed}|{one.person}")
        days = draw.randrange(200, 900)
        how = draw.choice(_HOW)
        choice, made_by = self.story.get(one.person) or (self._drawn(draw), _decider(one.age))
        if not choice:
            return
        if choice == "withdrawn":
            yield self._line(one, "", "given", made_by, days, how)
            days = draw.randrange(1, 200)
        yield self._line(one, "", choice, made_by, days, how)
        if choice == "given" and one.person not in self.story:
            yield from self._about_one_class(one, draw, made_by, days - 1, how)

    def _about_one_class(self, one: TrueSource, draw: Random, made_by: str, days: int, how: str) -> Iterator[OutChoice]:
        for share, choice, classes in (("refused_one", "refused", _ONE), ("shared_sensitive", "given", _SENSITIVE)):
            about = draw.choice(classes)
            if draw.random() < self.rates[share]:
                yield self._line(one, about, choice, made_by, days, how)

    def _drawn(self, draw: Random) -> str:
        """given | refused | withdrawn | '' for who was never asked."""
        at = draw.random()
        for choice in ("given", "refused", "withdrawn"):
            at -= self.rates[choice]
            if at < 0:
                return choice
        return ""

    def _line(self, one: TrueSource, about: str, choice: str, made_by: str, days: int, how: str) -> OutChoice:
        at = f"{self.today - timedelta(days=days)}T10:00:00+00:00"
        return OutChoice(one.source_code, one.local_id, about, choice, made_by, at, how)


def _decider(age: int) -> str:
    """A parent decides for a child; a young person who understands it decides alone."""
    return "parent" if age < 13 else "gillick" if age < 16 else "person"


class ConsentFile:
    """Writes the register as CSV, for `oneplace record load-consents`; use it in a `with` block."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("w", newline="", encoding="utf-8")
        self._writer = csv.writer(self._file)

    def __enter__(self) -> "ConsentFile":
        self._writer.writerow([field.name for field in fields(OutChoice)])
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._file.close()

    def add(self, choice: OutChoice) -> None:
        """Write one line."""
        self._writer.writerow(astuple(choice))
