"""The truth file: who each source's patient really is and what it got wrong, and which messages can be read.

Two CSV files, written as messages come: FILE a line a source's patient, FILE with `.messages` before its ending a line
a message, and one for each row of a table that has a fault. `oneplace record linkage --truth FILE` scores links against
the first. Synthetic people only.
"""

import csv
from pathlib import Path
from types import TracebackType

from oneplace.example.shapes import OutMessage

_SOURCES = (
    "source_code", "local_id", "true_person", "nhs_number_true", "age", "sex", "ethnicity", "decile", "faults",
)  # fmt: skip
_MESSAGES = ("name", "feed_code", "readable", "fault")


class TruthFile:
    """Writes both files; use it in a `with` block."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._files = [
            one.open("w", newline="", encoding="utf-8") for one in (path, path.with_suffix(".messages" + path.suffix))
        ]
        self._sources, self._messages = (csv.writer(file) for file in self._files)

    def __enter__(self) -> "TruthFile":
        self._sources.writerow(_SOURCES)
        self._messages.writerow(_MESSAGES)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for file in self._files:
            file.close()

    def add(self, message: OutMessage) -> None:
        """Note what is true of one message and of those whom it tells of first."""
        self._messages.writerow((message.name, message.feed_code, "yes" if message.readable else "no", message.fault))
        for line, fault, readable in message.rows:
            told = (f"{message.name}, line {line}", message.feed_code, "yes" if readable else "no", fault)
            self._messages.writerow(told)
        for one in message.truth:
            who = (one.source_code, one.local_id, one.person, one.nhs_number, one.age, one.sex, one.ethnicity)
            self._sources.writerow((*who, one.decile, ";".join(one.faults)))
