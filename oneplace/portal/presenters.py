"""What the portal knows, in the words of the people it is for: no codes, no jargon, dates as people read them."""

from dataclasses import dataclass
from datetime import datetime

from oneplace.access import classes
from oneplace.access.own import SELF, OwnLine
from oneplace.place import queries as place
from oneplace.portal.forms import AUTHORITY_WORDS, CHECK_WORDS
from oneplace.record.presenters.words import when_words


@dataclass(frozen=True, slots=True)
class OwnRow:
    """One of a person's own people: who, as what, how far, from when to when, who checked."""

    key: str
    name: str
    username: str
    whose: str
    scope: tuple[str, ...]
    authority: str
    may_choose: bool
    checked: str
    given: str
    since: str
    until: str
    state: str
    is_open: bool
    end_reason: str


def own_row(line: OwnLine, now: datetime) -> OwnRow:
    """One access in words."""
    organisation = place.names().organisations.get(line.organisation_code, "")
    by = f"{line.given_by}, {organisation}" if organisation else line.given_by
    known = classes.classes()
    ended = line.ends is not None and line.ends <= now
    return OwnRow(
        key=line.key,
        name=line.name,
        username=line.username,
        whose="Their own record" if line.kind == SELF else "Acts for the person",
        scope=tuple(known[name].label for name in line.scope if name in known),
        authority=AUTHORITY_WORDS.get(line.authority, ""),
        may_choose=line.may_choose,
        checked=f"{CHECK_WORDS[line.check_made]}: {line.how}",
        given=f"{when_words(line.given_at)} by {by}",
        since=when_words(line.starts),
        until=when_words(line.ends) if line.ends else "",
        state="Ended" if ended else "Open" if line.is_open(now) else "Not begun",
        is_open=not ended,
        end_reason=line.end_reason,
    )
