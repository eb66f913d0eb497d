"""Who has looked at a person's record, as that person may read it: organisations and roles, when, why.

For the person's own pages and for an answer to a request. Staff are told by organisation and role; which of them it
was stands in the ledger for the privacy officer. What was refused whole showed nothing and is left out.
"""

from dataclasses import dataclass
from datetime import datetime

import orjson

from oneplace.access import roles
from oneplace.kernel.ids import PersonId
from oneplace.ledger import queries as ledger
from oneplace.ledger.queries import Asked, Line
from oneplace.place import queries as place
from oneplace.record.tracing import keys_of

_WORDS = {
    "open record": "Opened the record",
    "open record: locked": "Met a closed record: saw who you are, and nothing else",
    "open entry: locked": "Met a closed record: saw who you are, and nothing else",
    "ask for emergency access": "Looked at the form for emergency access: saw who you are",
    "ask for emergency access: locked": "Looked at the form for emergency access: saw who you are, and nothing else",
    "break the glass": "Declared an emergency to open the record",
    "end emergency access": "Ended the emergency",
    "open entry": "Opened one entry with its source's words",
    "search people": "Found in a search",
    "list people": "Listed among people of the organisation",
    "list letters": "A letter was listed",
    "file letter": "Filed a letter",
    "take back filing of letter": "Took back the filing of a letter",
    "list own people": "Looked at who else sees your record as you or for you",
    "give own access": "Gave you, or somebody who acts for you, access to your record",
    "end own access": "Ended an access of yours, or of somebody who acts for you",
    "export ledger": "Exported who has looked",
    "trace person": "Looked up who has looked",
    "search ledger": "Looked up who has looked",
}
"""Actions that show or use something of a person, in words for that person; others are the system's own work."""


@dataclass(frozen=True, slots=True)
class Looked:
    """One look: when, by which organisation, in which role, what was done, and on what ground."""

    at: datetime
    organisation: str
    role: str
    what: str
    purpose: str
    basis: str
    emergency: bool
    own: str = ""  # the user's key, where it was the person or somebody who acts for them


def access_history(
    person: PersonId,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    limit: int = 100,
    before: int = 0,
    but: str = "",
) -> tuple[list[Looked], int | None]:
    """Looks at one person, newest first, and the number to page on from as `before` (None at the end).

    Kept under every key that the person's records had, so that nothing is lost by a merge. Permitted ones alone.
    The caller decides who may ask: it is the person's own, or the privacy officer's. `but`: leave out this user's.
    """
    asked = Asked(subjects=keys_of(person), since=since, until=until)
    looked: list[Looked] = []
    while True:
        lines = ledger.found(asked, limit, before=before)
        for line in lines:
            if line.action in _WORDS and (not but or line.actor != but):
                looked.append(_looked(line))
                if len(looked) == limit:
                    return looked, line.seq
        if len(lines) < limit:
            return looked, None
        before = lines[-1].seq


def _looked(line: Line) -> Looked:
    role = roles.role(line.role)
    personal = role is not None and role.personal
    detail = orjson.loads(line.detail) if line.detail else {}
    return Looked(
        line.at_real,
        _where(line.organisation, personal),
        role.label if role else line.role,
        _WORDS[line.action],
        line.purpose,
        line.basis,
        bool(detail.get("declaration")),
        line.actor if personal else "",
    )


def _where(code: str, personal: bool) -> str:
    """The organisation by name; the person and those who act for them are of none."""
    named = place.names().organisations.get(code, code)
    return named if named or personal else "This place's operator"
