"""The page of letters: who wrote about whom, what it is taken for, what it tells, how long it has waited."""

from dataclasses import dataclass
from datetime import datetime

from oneplace.record.letters import Letter, LetterBox
from oneplace.record.presenters.banner import born_words, number_words
from oneplace.record.presenters.paging import neighbours
from oneplace.record.presenters.words import ago_words, counted, lately_words, when_words


@dataclass(frozen=True, slots=True)
class LetterRow:
    """One letter in words."""

    key: str
    person: str
    name: str
    born: str
    number: str
    title: str
    source: str
    written: str
    received: str
    type: str
    points: str
    filed: str
    changed: bool


@dataclass(frozen=True, slots=True)
class LettersPage:
    """The list with its counts, and the way to the rest."""

    filed: bool
    heading: str
    rows: tuple[LetterRow, ...]
    waiting: int
    done: int
    earlier: int | None
    later: int | None


def letters_page(found: LetterBox, now: datetime, *, filed: bool, offset: int) -> LettersPage:
    """One page of letters from an offset on."""
    total = found.filed if filed else found.waiting
    heading = f"{counted(total, 'letter')} filed" if filed else f"{counted(total, 'letter')} to file"
    return LettersPage(
        filed,
        heading,
        tuple(_row(letter, now) for letter in found.letters),
        found.waiting,
        found.filed,
        *neighbours(offset, len(found.letters), total),
    )


def _row(letter: Letter, now: datetime) -> LetterRow:
    written = when_words(letter.written_at, day_only=letter.day_only)
    ago = ago_words(letter.written_at, now, day_only=letter.day_only)
    filed = f"Filed {lately_words(letter.filed_at, now)} by {letter.filed_by}" if letter.filed_at else ""
    return LetterRow(
        key=letter.key,
        person=letter.person_id,
        name=f"{letter.family.upper()}, {letter.given}",
        born=born_words(letter.birth_date),
        number=number_words(letter.nhs_number),
        title=letter.title,
        source=letter.source_name,
        written=f"{written} ({ago})" if ago else written,
        received=lately_words(letter.received_at, now),
        type=letter.type,
        points=" · ".join(letter.points),
        filed=filed,
        changed=letter.changed,
    )
