"""What the privacy officer asks the ledger, from an address to rows in words, and the same rows as a file.

Staff are named. A person is told by reference alone: who answers for access has no need to know whom a row is about,
and whoever complains brings the number that leads to the reference.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from urllib.parse import urlencode

from django import forms

from oneplace.access import queries as access
from oneplace.access import roles
from oneplace.kernel import clock
from oneplace.ledger import queries
from oneplace.ledger.queries import Asked, Line, Share
from oneplace.ledger.rules import shown_in
from oneplace.place import queries as place
from oneplace.record import tracing
from oneplace.site.mishaps import Mendable

PAGE = 100
COLUMNS = (
    "number", "real_time_utc", "business_time_utc", "who", "user_key", "role", "organisation_code", "organisation",
    "action", "about", "purpose", "basis", "detail", "hash",
)  # fmt: skip


class Search(forms.Form):
    """The shape of a search: opaque keys, codes, days. A day is one as people here count days, both included."""

    about = forms.CharField(max_length=64, required=False)
    who = forms.CharField(max_length=64, required=False)
    action = forms.CharField(max_length=60, required=False)
    organisation = forms.CharField(max_length=20, required=False)
    refused = forms.BooleanField(required=False)
    since = forms.DateField(required=False, input_formats=["%Y-%m-%d"])
    until = forms.DateField(required=False, input_formats=["%Y-%m-%d"])

    def clean(self) -> dict[str, object]:
        """The first day comes first."""
        told = super().clean() or {}
        since, until = told.get("since"), told.get("until")
        if since and until and until < since:
            self.add_error("until", "The last day is before the first: change one of them.")
        return told

    def asked(self) -> Asked:
        """The search for the ledger. Call after is_valid."""
        told = self.cleaned_data
        found = asked(person=told["about"], since=told["since"], until=told["until"])
        return replace(
            found, actor=told["who"], action=told["action"], organisation=told["organisation"], refused=told["refused"]
        )

    def address(self, **more: object) -> str:
        """The same search as the end of an address."""
        kept = {name: value for name, value in self.cleaned_data.items() if value}
        kept |= {"refused": "on"} if kept.get("refused") else {}
        return urlencode(kept | more)


@dataclass(frozen=True, slots=True)
class Told:
    """One row as it is read: names in the place of keys, where there are names."""

    seq: int
    at: datetime
    who: str
    actor: str
    role: str
    organisation: str
    action: str
    about: str
    purpose: str
    basis: str
    listed: int  # people whom its list showed


class Namer:
    """Names for keys and codes, read once for many rows."""

    def __init__(self) -> None:
        self.people = access.staff_names()
        self.roles = {name: role.label for name, role in roles.roles().items()}
        self.organisations = place.names().organisations

    def told(self, line: Line) -> Told:
        """One row in words. Whom it is about stays a key."""
        return Told(
            line.seq,
            line.at_real,
            self.people.get(line.actor, line.actor),
            line.actor,
            self.roles.get(line.role, line.role),
            self.organisations.get(line.organisation, line.organisation),
            line.action,
            line.subject,
            line.purpose,
            line.basis,
            len(shown_in(line.detail)),
        )

    def share(self, share: Share) -> dict[str, object]:
        """One user's part in the rows of a search, in words."""
        return {
            "who": self.people.get(share.actor, share.actor),
            "actor": share.actor,
            "role": self.roles.get(share.role, share.role),
            "organisation": self.organisations.get(share.organisation, share.organisation),
            "rows": share.rows,
            "refused": share.refused,
            "first": share.first,
            "last": share.last,
        }


def told(rows: Iterable[Line]) -> list[Told]:
    """Rows of the ledger for a page."""
    namer = Namer()
    return [namer.told(row) for row in rows]


def table(asked: Asked) -> Iterator[tuple[object, ...]]:
    """The rows of a search for a spreadsheet, heading first, oldest first."""
    yield COLUMNS
    namer = Namer()
    for line in queries.every(asked):
        row = namer.told(line)
        times = (moment.astimezone(UTC).isoformat() for moment in (line.at_real, line.at_business))
        yield (
            line.seq, *times, row.who, line.actor, line.role, line.organisation, row.organisation,
            line.action, line.subject, line.purpose, line.basis, line.detail, line.hash,
        )  # fmt: skip


def asked(*, person: str = "", user: str = "", since: date | None = None, until: date | None = None) -> Asked:
    """A search about a person's key, by a user name, between days, both included. Raises Mendable for no such user."""
    found = access.staff_named(user) if user else []
    actor = next((one.key for one in found if one.username.lower() == user.lower()), "")
    if user and not actor:
        raise Mendable(f"No user is called '{user}'. 'oneplace audit show' names users by key.")
    return Asked(
        actor=actor,
        subjects=tracing.keys_of(person) if person else (),
        since=_midnight(since) if since else None,
        until=_midnight(until + timedelta(days=1)) if until else None,
    )


def _midnight(day: date) -> datetime:
    """When a day begins here."""
    return datetime.combine(day, time(), clock.LONDON)
