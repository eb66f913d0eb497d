"""Declared emergencies as those who review them read them, joined from access, ledger and record; people stay keys."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

import orjson

from oneplace.access import emergencies
from oneplace.access.emergencies import DeclarationLine
from oneplace.access.rules.emergencies import Surroundings, hints
from oneplace.kernel import clock
from oneplace.ledger import queries as ledger
from oneplace.ledger.queries import Line
from oneplace.ledger.rules.patterns import RULES, Look
from oneplace.site.ledger_search import Namer
from oneplace.site.patterns import facts_of

_DECLARED = frozenset({"break the glass", "end emergency access"})
_ALIKE = ("own-record", "own-name", "household", "colleague")
_NOT_A_VIEW = _DECLARED | {"ask for emergency access"}
COLUMNS = (
    "declaration", "declared_at_utc", "ended_at_utc", "minutes", "who", "role", "organisation_code", "organisation",
    "reason", "over_refusal", "person", "pages_opened", "review", "reviewed_at_utc",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Reviewed:
    """One declaration in words: who declared it, what was opened under it, and what to look at."""

    line: DeclarationLine
    who: str
    role: str
    organisation: str
    reviewer: str
    views: tuple[Line, ...]
    controllers: tuple[str, ...]  # codes of those whose entries could be seen
    hints: tuple[str, ...] = ()


def told(lines: Collection[DeclarationLine], namer: Namer, *, hinted: bool = True) -> list[Reviewed]:
    """Declarations with what their reviewer needs, in the order given."""
    alike = _alike(lines) if hinted else {}
    return [_told(line, namer, alike.get(line.key)) for line in lines]


def opened_of(controller: str, since: date, until: date) -> list[Reviewed]:
    """Declarations between two days, both included, under which this controller's entries could be seen."""
    namer = Namer()
    lines = emergencies.declarations(since=_midnight(since), until=_midnight(until + timedelta(days=1)), limit=5000)
    return [one for one in told(lines, namer, hinted=False) if controller in one.controllers]


def table(found: list[Reviewed]) -> Iterator[tuple[object, ...]]:
    """The same as rows for a spreadsheet, heading first. The free text stays with the reviewers: it may name people."""
    yield COLUMNS
    for one in found:
        line = one.line
        reviewed = line.reviewed_at.astimezone(UTC).isoformat() if line.reviewed_at else ""
        declared, ended = (moment.astimezone(UTC).isoformat() for moment in (line.declared_at, line.until))
        yield (
            line.key, declared, ended, line.minutes, one.who, one.role, line.organisation_code, one.organisation,
            line.reason, "yes" if line.over_refusal else "no", line.person, len(one.views), line.state, reviewed,
        )  # fmt: skip


def _controllers(row: Line) -> list[str]:
    return list(orjson.loads(row.detail).get("controllers", [])) if row.detail else []


def _told(line: DeclarationLine, namer: Namer, alike: tuple[str, ...] | None) -> Reviewed:
    rows = ledger.under_declaration(line.user_key, line.key)
    views = tuple(row for row in rows if row.action not in _NOT_A_VIEW)
    return Reviewed(
        line,
        namer.people.get(line.user_key, line.user_key),
        namer.roles.get(line.role, line.role),
        namer.organisations.get(line.organisation_code, line.organisation_code),
        namer.people.get(line.reviewed_by, line.reviewed_by),
        views,
        tuple(sorted({code for row in views for code in _controllers(row)})),
        () if alike is None else _hints(line, len(views), alike),
    )


def _alike(lines: Collection[DeclarationLine]) -> dict[str, tuple[str, ...]]:
    """How reader and person of each declaration resemble, by its key: the ledger's rules in words."""
    facts = facts_of(
        [
            Look(0, line.declared_at, line.user_key, line.role, line.organisation_code, line.person, refused=False)
            for line in lines
        ]
    )
    pairs = {name: getattr(facts, name.replace("-", "_")) for name in _ALIKE}
    return {
        line.key: tuple(RULES[name].words for name in _ALIKE if (line.user_key, line.person) in pairs[name])
        for line in lines
    }


def _hints(line: DeclarationLine, views: int, alike: tuple[str, ...]) -> tuple[str, ...]:
    of_user, about_person = emergencies.declared_around(line)
    return hints(
        Surroundings(
            text=line.text,
            over_refusal=line.over_refusal,
            views=views,
            is_over=not line.is_open,
            of_user=of_user,
            about_person=about_person,
            resembles=alike,
        )
    )


def _midnight(day: date) -> datetime:
    """When a day begins here."""
    return datetime.combine(day, time(), clock.LONDON)
