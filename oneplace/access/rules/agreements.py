"""Sharing agreements: what one data controller has signed, and when it holds. Source: REC-03, X-04.

An agreement that names no purposes is for direct care; one that names no classes is for every class that isn't
sensitive. A sensitive class is shared only where the agreement names it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from typing import Any

DIRECT_CARE = "direct care"
EMERGENCY = "emergency"
"""The purpose of an agreement's emergency line: it opens to whoever declared an emergency, and to nobody else."""
EXPIRES_SOON = timedelta(days=90)
"""How long before its last day an agreement is shown as expiring: a quarter, in which boards meet once."""
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Terms:
    """What an agreement shares. `parties`: organisations that may read; empty: all of the place."""

    purposes: frozenset[str] = frozenset()
    classes: frozenset[str] = frozenset()
    parties: frozenset[str] = frozenset()

    def classes_for(self, purpose: str, organisation_code: str, ordinary: frozenset[str]) -> frozenset[str]:
        """The classes that may be read for a purpose; `ordinary` are those that aren't sensitive.

        Parties are organisations: the person's own view, which is of none ('' here), is as far as the purpose goes.
        """
        if purpose not in (self.purposes or {DIRECT_CARE}):
            return frozenset()
        if self.parties and organisation_code and organisation_code not in self.parties:
            return frozenset()
        return self.classes or ordinary


@dataclass(frozen=True, slots=True)
class AgreementFact:
    """One agreement as the decision reads it: from its first to its last day, and its terms."""

    starts: date
    ends: date | None = None
    terms: Terms = field(default_factory=Terms)


def is_in_force(starts: date, ends: date | None, day: date) -> bool:
    """True on each day from the first to the last of an agreement, both included."""
    return starts <= day and (ends is None or day <= ends)


class Coverage(StrEnum):
    """Whether a controller shares on a day."""

    SHARES = "shares"
    EXPIRING = "expiring"  # shares, and ends within EXPIRES_SOON with nothing signed after it
    STARTS = "starts"  # signed, begins later
    ENDED = "ended"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Span:
    """From when to when an agreement was signed for, and whether it was ended before its time."""

    starts: date
    ends: date | None = None
    withdrawn: bool = False

    def meets(self, starts: date, ends: date | None) -> bool:
        """True where it still counts and shares a day with another span."""
        before = ends is not None and ends < self.starts
        after = self.ends is not None and self.ends < starts
        return not (self.withdrawn or before or after)


def coverage_of(spans: Iterable[Span], day: date) -> tuple[Coverage, date | None]:
    """Whether one controller shares on a day, and the last day (the first, where it has yet to start); None: open."""
    told = sorted(spans, key=lambda span: span.starts)
    live = [span for span in told if not span.withdrawn]
    now = [span for span in live if is_in_force(span.starts, span.ends, day)]
    if now:
        last = _last_day(now, [span for span in live if span not in now])
        soon = last is not None and last - day <= EXPIRES_SOON
        return Coverage.EXPIRING if soon else Coverage.SHARES, last
    later = [span.starts for span in live if span.starts > day]
    if later:
        return Coverage.STARTS, min(later)
    return (Coverage.ENDED, None) if told else (Coverage.NONE, None)


def _last_day(now: list[Span], others: list[Span]) -> date | None:
    """The last day of unbroken sharing: a renewal that begins the day after goes on."""
    if any(span.ends is None for span in now):
        return None
    last = max(span.ends for span in now if span.ends)
    for span in others:
        if last < span.starts <= last + _DAY:
            if span.ends is None:
                return None
            last = span.ends
    return last


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
    parties: tuple[str, ...] = ()


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
    purposes, classes, parties = (_words(row.get(name)) for name in ("purposes", "classes", "parties"))
    return AgreementRow(code, first, signed, ends, purposes, classes, str(row.get("note") or ""), parties)


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
