"""The decision: may this member of staff open this person's record, for this purpose, now?

Simple and strict (record.md, "one decision, every exit"): a role that may open records, and an open relationship
between the person and the user's own organisation. All else is NotFound, which tells nothing of what is hidden.
Consent, information classes and emergency access enter here, as more facts and a third answer, Locked: there is
to be no second decision beside this one.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Any


class Purpose(StrEnum):
    """Why a record is opened. Secondary uses have a door of their own and never pass this one."""

    DIRECT_CARE = "direct care"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who asks: an opaque key for the ledger, the name that colleagues read, role and organisation."""

    key: str
    name: str
    role: str
    organisation_code: str


@dataclass(frozen=True, slots=True)
class Tie:
    """One relationship between a person and an organisation, with its dates."""

    organisation_code: str
    kind: str
    starts: datetime
    ends: datetime | None = None

    def is_open(self, now: datetime) -> bool:
        """True from its start until, and not at, its end."""
        return self.starts <= now and (self.ends is None or now < self.ends)


@dataclass(frozen=True, slots=True)
class Facts:
    """All that the decision rests on: what the role may do, ties to the person, agreements in force."""

    relationships: tuple[Tie, ...] = ()
    agreements: frozenset[str] = frozenset()
    may: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Permit:
    """The record may be opened; `basis` answers "why can I see this?"."""

    basis: str


@dataclass(frozen=True, slots=True)
class NotFound:
    """To this user the person isn't there. `reason` is for the ledger alone and is never shown."""

    reason: str


Decision = Permit | NotFound


def decide(actor: Actor, facts: Facts, purpose: str, now: datetime) -> Decision:
    """Permit with its basis, or NotFound; total: every input has one answer."""
    if "open-record" not in facts.may:
        return NotFound("role opens no record")
    if purpose not in set(Purpose):
        return NotFound("purpose opens no record")
    if not actor.organisation_code:
        return NotFound("user has no organisation")
    ties = [tie for tie in facts.relationships if tie.organisation_code == actor.organisation_code and tie.is_open(now)]
    if not ties:
        return NotFound("no open relationship")
    tie = min(ties, key=lambda tie: (tie.starts, tie.kind))
    return Permit(f"{tie.kind} with {tie.organisation_code} since {tie.starts.astimezone(UTC):%Y-%m-%d}")


def is_in_force(starts: date, ends: date | None, day: date) -> bool:
    """True on each day from the first to the last of an agreement, both included."""
    return starts <= day and (ends is None or day <= ends)


@dataclass(frozen=True, slots=True)
class RelationshipRow:
    """One tie as an upper room tells it. `told_at` is when its source last knew this; `starts` where it doesn't say.

    A newer telling replaces an older one in whatever order they arrive; at the same moment an end beats no end.
    """

    person: str
    organisation_code: str
    kind: str
    reference: str
    starts: datetime
    ends: datetime | None = None
    told_at: datetime | None = None

    @property
    def tie_key(self) -> tuple[str, str, str]:
        """What makes two tellings the same tie."""
        return self.organisation_code, self.kind, self.reference

    @property
    def age_key(self) -> tuple[datetime, datetime, datetime]:
        """Orders tellings of one tie; the greatest is the one to believe."""
        return self.told_at or self.starts, self.ends or _NO_END, self.starts


_NO_END = datetime(1, 1, 1, tzinfo=UTC)


def newest_of(rows: Iterable[RelationshipRow]) -> list[RelationshipRow]:
    """One row a tie, the newest telling, in the order of their keys (so that loads lock rows in one order).

    The person is that of the last row told: it follows linkage, not the source's clock.
    """
    kept: dict[tuple[str, str, str], RelationshipRow] = {}
    for row in rows:
        older = kept.get(row.tie_key)
        if older is not None and older.age_key > row.age_key:
            row = RelationshipRow(row.person, *row.tie_key, older.starts, older.ends, older.told_at)
        kept[row.tie_key] = row
    return [kept[key] for key in sorted(kept)]


@dataclass(frozen=True, slots=True)
class AgreementRow:
    """One sharing agreement as a place's folder tells it."""

    controller_code: str
    starts: date
    signed_on: date | None = None
    ends: date | None = None
    purposes: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    note: str = field(default="")


def agreement_from(row: Mapping[str, Any]) -> AgreementRow:
    """An agreement from a row of text or values; lists are separated by ';'. Raises ValueError naming the fault."""
    code = str(row.get("controller_code") or "").strip()
    if not code:
        raise ValueError("an agreement needs its controller_code")
    signed, starts, ends = (_day(code, name, row.get(name)) for name in ("signed_on", "starts", "ends"))
    first = starts or signed
    if first is None:
        raise ValueError(f"the agreement of {code} needs the day it starts")
    if ends is not None and ends < first:
        raise ValueError(f"the agreement of {code} ends before it starts")
    purposes, classes = _words(row.get("purposes")), _words(row.get("classes"))
    return AgreementRow(code, first, signed, ends, purposes, classes, str(row.get("note") or ""))


def _day(code: str, name: str, value: Any) -> date | None:
    """A date as given or as ISO text; None where there is none."""
    if value is None or value == "":
        return None
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(str(value).strip())
    except ValueError:
        raise ValueError(f"'{name}' in the agreement of {code} is not a date like 2026-04-01") from None


def _words(value: Any) -> tuple[str, ...]:
    """A list as given, or text parted by ';'."""
    parts = value.split(";") if isinstance(value, str) else (value or ())
    return tuple(word for part in parts if (word := str(part).strip()))
