"""Pages of linkage: the list, a case side by side, and quality by source and group, in words."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from oneplace.record.presenters.banner import born_words, number_words
from oneplace.record.presenters.paging import neighbours
from oneplace.record.presenters.words import ago_words, lately_words, sentence, when_words
from oneplace.record.quality import QualityRow
from oneplace.record.reviews import FIELDS, DecisionLine, ReviewCase, ReviewLine, ScoreLine, Side

_LINKS = {
    "provisional": ("Shown together", "yellow"),
    "held": ("Held apart", "red"),
    "linked": ("Linked", "green"),
    "unlinked": ("By itself", "grey"),
}
_VERDICTS = {
    "agree": ("Agree", "green"),
    "like": ("Alike", "green"),
    "differ": ("Differ", "red"),
    "missing": ("Not told by both", "grey"),
}
_KINDS = {
    "all": "All",
    "age": "By age",
    "sex": "By sex",
    "ethnicity": "By ethnic category",
    "deprivation": "By deprivation tenth of the practice (1 most deprived)",
    "source": "By source",
}


# NHS Data Dictionary, ETHNIC CATEGORY.
_ETHNIC = {
    "A": "A: British",
    "B": "B: Irish",
    "C": "C: any other White background",
    "D": "D: White and Black Caribbean",
    "E": "E: White and Black African",
    "F": "F: White and Asian",
    "G": "G: any other mixed background",
    "H": "H: Indian",
    "J": "J: Pakistani",
    "K": "K: Bangladeshi",
    "L": "L: any other Asian background",
    "M": "M: Caribbean",
    "N": "N: African",
    "P": "P: any other Black background",
    "R": "R: Chinese",
    "S": "S: any other ethnic group",
    "Z": "Z: not stated",
}


@dataclass(frozen=True, slots=True)
class QueueRow:
    """One waiting case."""

    key: str
    reason: str
    state: str
    colour: str
    source: str
    raised: str


@dataclass(frozen=True, slots=True)
class DecisionRow:
    """One decision in words; `key` is '' where it was taken back."""

    key: str
    case: str
    words: str
    reason: str
    who: str
    undone: str


@dataclass(frozen=True, slots=True)
class QueuePage:
    """The list of cases and of decisions."""

    link: str
    count: int
    rows: tuple[QueueRow, ...]
    decisions: tuple[DecisionRow, ...]
    earlier: int | None
    later: int | None


@dataclass(frozen=True, slots=True)
class FieldRow:
    """One thing that both sides may tell: each one's words, and the verdict."""

    name: str
    cells: tuple[str, ...]
    verdict: str = ""
    colour: str = ""


@dataclass(frozen=True, slots=True)
class WeightRow:
    """What one thing adds to the odds of one person: in words, and as a bar of at most 100 either way."""

    name: str
    words: str
    width: int
    speaks_for: bool


@dataclass(frozen=True, slots=True)
class CasePage:
    """A case: who speaks, line by line, and what was decided."""

    key: str
    state: str
    colour: str
    reason: str
    open: bool
    heads: tuple[str, ...]
    rows: tuple[FieldRow, ...]
    decisions: tuple[DecisionRow, ...]
    score: str = ""
    weights: tuple[WeightRow, ...] = ()


@dataclass(frozen=True, slots=True)
class QualityTable:
    """One table of the quality page: rows of words, with the share linked for a bar."""

    title: str
    rows: tuple[tuple[str, ...], ...]
    shares: tuple[int, ...]  # whole percent


def queue_page(
    lines: Sequence[ReviewLine],
    count: int,
    decisions: Iterable[DecisionLine],
    names: Mapping[str, str],
    now: datetime,
    *,
    link: str,
    offset: int,
) -> QueuePage:
    """The list from an offset on."""
    rows = tuple(
        QueueRow(
            line.key,
            sentence(line.reason),
            *_LINKS[line.link],
            names.get(line.source_code, line.source_code),
            ago_words(line.raised_at, now),
        )
        for line in lines
    )
    made = tuple(_decision(one, now) for one in decisions)
    return QueuePage(link, count, rows, made, *neighbours(offset, len(rows), count))


def case_page(case: ReviewCase, names: Mapping[str, str], now: datetime) -> CasePage:
    """Both sides of one case."""
    sides = (case.side, *case.others)
    verdicts = {one.what: _VERDICTS[one.verdict] for one in case.evidence}
    rows = tuple(
        FieldRow(name, tuple(words(side, now) for side in sides), *verdicts.get(name, ("", "")))
        for name, words in _FIELDS
    )
    heads = tuple(names.get(side.source_code) or side.source_name or side.source_code for side in sides)
    decisions = tuple(_decision(one, now) for one in case.decisions)
    page = CasePage(case.key, *_LINKS[case.link], sentence(case.reason), case.open, heads, rows, decisions)
    return replace(page, score=_score(case.score), weights=_weights(case.score)) if case.score else page


def _score(score: ScoreLine) -> str:
    """How sure likeness is, in words."""
    odds = f"{score.probability:.2%}" if score.probability < 0.9999 else "more than 99.99%"
    return (
        f"Likeness alone gives a probability of {odds} that this is one person, {_times(score.gap)} as likely as "
        "the next. It links by itself from 99% and 8 times, unless something speaks against it."
    )


def _weights(score: ScoreLine) -> tuple[WeightRow, ...]:
    return tuple(
        WeightRow(
            FIELDS[name], f"{_times(abs(bits))} {'likelier' if bits >= 0 else 'less likely'}",
            min(100, round(abs(bits) * 5)), bits >= 0,
        )
        for name, bits in score.fields
    )  # fmt: skip


def _times(bits: float) -> str:
    """Bits as a factor that people can read: 3 bits are 8 times."""
    factor = 2**bits
    return f"{factor:.1f} times" if factor < 10 else f"{float(f'{factor:.2g}'):,.0f} times"


_FIELDS = (
    ("Surname", lambda side, now: _name(side, 0)),
    ("Given name", lambda side, now: _name(side, 2)),
    ("Names told before", lambda side, now: "; ".join(side.names[1:]) or "none"),
    ("Date of birth", lambda side, now: born_words(side.birth_date)),
    ("Sex", lambda side, now: sentence(side.sex) or "not told"),
    ("NHS number", lambda side, now: number_words(side.nhs_number) + (", verified" if side.verified else "")),
    ("Address", lambda side, now: side.address or "not told"),
    ("Postcode", lambda side, now: side.postcodes[0] if side.postcodes else "not told"),
    ("Postcodes told before", lambda side, now: ", ".join(side.postcodes[1:]) or "none"),
    ("Practice", lambda side, now: side.practice_code or "not told"),
    ("The source's own id", lambda side, now: side.local_id),
    ("Told", lambda side, now: _told(side, now)),
)


def _name(side: Side, part: int) -> str:
    return side.names[0].partition(", ")[part] if side.names else "not told"


def _told(side: Side, now: datetime) -> str:
    return lately_words(side.told_at, now) if side.told_at and side.told_at.year > 1850 else "by key alone"


def _decision(line: DecisionLine, now: datetime) -> DecisionRow:
    undone = f"Taken back {lately_words(line.undone_at, now)}" if line.undone_at else ""
    words = "One person" if line.same else "Two people"
    who = f"{line.by_name}, {when_words(line.at, time=True)}"
    return DecisionRow("" if line.undone_at else line.key, line.case, words, line.reason, who, undone)


def quality_page(rows: Iterable[QualityRow], names: Mapping[str, str]) -> tuple[QualityTable, ...]:
    """A table for everyone and one for each way to group, the longest last."""
    tables: dict[str, list[QualityRow]] = {}
    for row in rows:
        tables.setdefault(row.kind, []).append(row)
    return tuple(
        QualityTable(
            title,
            tuple(_quality(row, names) for row in tables[kind]),
            tuple(round(row.share * 100) for row in tables[kind]),
        )
        for kind, title in _KINDS.items()
        if kind in tables
    )


def _quality(row: QualityRow, names: Mapping[str, str]) -> tuple[str, ...]:
    ways = (row.linked, row.by_demographics, row.by_likeness, row.provisional, row.held, row.unlinked)
    counts = (row.patients, row.numbered, *ways)
    told = {"source": names, "ethnicity": _ETHNIC}.get(row.kind, {})
    name = told.get(row.name) or sentence(row.name)
    return (name, *(f"{count:,}" for count in counts), f"{row.share:.1%}")
