"""Relationships between a person and an organisation, and when they are open.

An urgent one (a 999 incident, a 111 or out-of-hours case, an A&E attendance, a call being taken) stays open for a day
after its close, so that whoever answered can finish the record. Source: record.md, Access; REC-06, REC-32.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

URGENT_LINGERS = timedelta(hours=24)
"""How long an urgent contact counts after its close (record.md: until its close + 24 h)."""
ONLY = "only:"
"""What stands in a tie's scope before a kind of entry, so that of its classes no others are open."""
_NO_END = datetime(1, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Tie:
    """One relationship of a person with an organisation (or, for the person's own people, with a user's key).

    An urgent one opens only what classes.yaml calls urgent. A personal one is held by the key of a user: the person
    themselves (`whole`), or a proxy, who sees the classes of `scope` and nothing where none were agreed; where `only`
    names kinds of entry (kernel.rows.Kind), of these classes no others.
    """

    organisation_code: str
    kind: str
    starts: datetime
    ends: datetime | None = None
    urgent: bool = False
    scope: frozenset[str] = frozenset()
    personal: bool = False
    only: frozenset[str] = frozenset()

    @property
    def whole(self) -> bool:
        """True for the person's own tie: the only personal one without a scope."""
        return self.kind == "self"

    def is_open(self, now: datetime) -> bool:
        """True from its start until, and not at, its end; an urgent one a day longer."""
        lingers = URGENT_LINGERS if self.urgent else timedelta(0)
        return self.starts <= now and (self.ends is None or now < self.ends + lingers)


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
    scope: tuple[str, ...] = ()  # classes that a proxy may see, and only:KIND of entry; of no meaning in other kinds

    @property
    def tie_key(self) -> tuple[str, str]:
        """What makes two tellings the same tie."""
        return self.organisation_code, self.reference

    @property
    def age_key(self) -> tuple[datetime, datetime, datetime, str]:
        """Orders tellings of one tie; the greatest is the one to believe."""
        return self.told_at or self.starts, self.ends or _NO_END, self.starts, self.kind


def newest_of(rows: Iterable[RelationshipRow]) -> list[RelationshipRow]:
    """One row a tie, the newest telling, in the order of their keys (so that loads lock rows in one order).

    The person is that of the last row told: it follows linkage, not the source's clock.
    """
    kept: dict[tuple[str, str], RelationshipRow] = {}
    for row in rows:
        older = kept.get(row.tie_key)
        if older is not None and older.age_key > row.age_key:
            row = replace(older, person=row.person)
        kept[row.tie_key] = row
    return [kept[key] for key in sorted(kept)]
