"""What the portal knows, in the words of the people it is for: no codes, no jargon, dates as people read them."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from oneplace.access import classes
from oneplace.access.consents import ChoiceLine
from oneplace.access.own import SELF, OwnLine
from oneplace.access.rules import ConsentFact, ConsentModel, Facts, Purpose, standing_choice
from oneplace.kernel import clock
from oneplace.place import queries as place
from oneplace.portal.forms import AUTHORITY_WORDS, CHECK_WORDS
from oneplace.record.history import Looked
from oneplace.record.presenters.panels import Panel
from oneplace.record.presenters.words import clock_words, day_words, when_words

ALL = "everything"
"""In an address, all ordinary classes: '' in consent."""


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
    ended = line.ends is not None and line.ends <= now
    return OwnRow(
        key=line.key,
        name=line.name,
        username=line.username,
        whose="Their own record" if line.kind == SELF else "Acts for the person",
        scope=_scope_words(line),
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


_ABOUT = {
    "plans": "What was agreed with you about your care.",
    "medicines": "What you take, and what you took. Ask your pharmacist before you stop or change one.",
    "allergies": "What you react to. Tell whoever treats you as well.",
    "problems": "What you have, or had, in the words of those who wrote it.",
    "results": "Values of tests. One outside the range is not always a worry: ask your practice what it means for you.",
    "encounters": "When you saw, or were seen by, somebody, and booked contacts.",
    "documents": "What was written about your care.",
    "immunisations": "Vaccinations that were told.",
    "referrals": "To whom you were sent on, and what was asked for.",
    "timeline": "All of the above, by date.",
    "sources": "Which organisations told this, and how fresh it is. Those that have not joined are not here.",
}
"""What each part of the own record is, for whoever never saw one."""


def plain_panels(panels: Sequence[Panel], is_self: bool) -> list[tuple[Panel, str]]:
    """The parts of a record, each with a plain word on what it is.

    Who acts for a person is shown no empty part: it may be empty because it was not agreed.
    """
    if is_self:
        return [(panel, _ABOUT.get(panel.name, "")) for panel in panels]
    return [(panel, "") for panel in panels if not panel.empty]


def plain_facts(line: OwnLine) -> tuple[tuple[str, str], ...]:
    """What was agreed for somebody who acts for a person."""
    told = (
        ("You see", "; ".join(_scope_words(line))),
        ("On whose word", AUTHORITY_WORDS.get(line.authority, "")),
        ("Until", when_words(line.ends) if line.ends else "Until it is ended"),
    )
    return tuple((label, words) for label, words in told if words)


def _scope_words(line: OwnLine) -> tuple[str, ...]:
    """What somebody who acts for a person sees: kinds of information, or of these visits alone."""
    known = classes.classes()
    only = (_VISITS_ONLY,) if line.visits_only else ()
    return (*only, *(known[name].label for name in line.scope if name in known))


_VISITS_ONLY = "Visits and booked contacts only (when, where, with whom, what for), of"


@dataclass(frozen=True, slots=True)
class LookedRow:
    """One look at the record, as the person reads it."""

    times: str
    who: str
    role: str
    what: str
    why: str
    emergency: bool


_TIE = re.compile(r"(?P<kind>[a-z0-9-]+) with (?P<code>\S+) since (?P<day>\d{4}-\d\d-\d\d)")
_PURPOSES = {Purpose.DIRECT_CARE: "To care for you", "answering for access": "To answer who has looked"}
_BECAUSE = {
    "registration": "you are registered with",
    "visit": "you were in the care of",
    "referral": "you were referred to",
    "caseload": "you are on the caseload of",
    "team": "you are looked after by a team of",
    "mdt": "you are discussed by a team of",
    "social-care-case": "you have a social care case with",
    "hospice-care": "you are in the care of",
}


def looked_rows(looked: Iterable[Looked], reader: str, people: Iterable[OwnLine]) -> list[tuple[str, list[LookedRow]]]:
    """Looks by day, newest first. `reader` is the key of whoever reads, `people` those who act for the person."""
    names = {line.user_key: line.name for line in people}
    days: dict[str, list[LookedRow]] = {}
    for one in looked:
        at = clock.to_london(one.at)
        who = "You" if one.own == reader else names.get(one.own, "Somebody who acts for you")
        row = LookedRow(
            times=clock_words(one.at),
            who=who if one.own else one.organisation,
            role="" if one.own else one.role,
            what=one.what,
            why=_why(one),
            emergency=one.emergency,
        )
        days.setdefault(day_words(at.date()), []).append(row)
    return [(day, _folded(rows)) for day, rows in days.items()]


def _folded(rows: list[LookedRow]) -> list[LookedRow]:
    """Looks of a day that differ in nothing but the time, as one."""
    times: dict[LookedRow, list[str]] = {}
    for row in rows:
        times.setdefault(replace(row, times=""), []).append(row.times)
    return [replace(row, times=_times(told)) for row, told in times.items()]


def _times(told: list[str]) -> str:
    """When, of times that run backwards: one, or how often between which."""
    often = f"{len(told)} times, " if len(told) > 1 else ""
    return often + (told[0] if told[0] == told[-1] else f"{told[-1]} to {told[0]}")


def _why(one: Looked) -> str:
    """On what ground, in words without codes."""
    if one.own:
        return ""
    if one.emergency and not one.basis.startswith("emergency access"):
        return f"The reason that was given: {one.basis}. The privacy officer looks into each emergency"
    if one.basis.startswith("emergency access"):
        return "An emergency was declared; the privacy officer looks into each one"
    told = _TIE.fullmatch(one.basis)
    if told is None:
        return _PURPOSES.get(one.purpose, one.purpose)
    known = classes.ties().get(told["kind"])
    because = _BECAUSE.get(told["kind"]) or f"of an open contact ({known.label if known else told['kind']}) with"
    name = place.names().organisations.get(told["code"], told["code"])
    return f"To care for you: {because} {name}, since {day_words(date.fromisoformat(told['day']))}"


@dataclass(frozen=True, slots=True)
class SharingRow:
    """One class of information as the person chooses about it."""

    name: str
    label: str
    is_open: bool
    state: str
    since: str
    sensitive: bool
    given: bool  # a consent stands that a 'no' would withdraw
    seen: int  # key of the choice about this class that stands, 0 where none does
    asks: bool  # the place shares this only after a yes


_EVERYTHING = "Everything that isn't sensitive"


def sharing_row(name: str, facts: Facts, standing: Mapping[str, ChoiceLine], reader: str) -> SharingRow:
    """How one class stands ('' for all ordinary ones): whether others see it, by whose choice, since when."""
    rule = facts.classes.get(name)
    sensitive = rule is not None and rule.sensitive
    choice = standing_choice(facts.consents, name, sensitive)
    explicit = _asks_first(facts, name)
    held = standing.get(name)
    return SharingRow(
        name=name or ALL,
        label=classes.classes()[name].label if name else _EVERYTHING,
        is_open=choice.choice == "given" if choice else not explicit,
        state=_STATES[choice.choice if choice else "not asked" if explicit else "usual"],
        since=_chosen_words(choice, standing.get(choice.information_class), reader) if choice else "",
        sensitive=sensitive,
        given=choice is not None and choice.choice == "given",
        seen=held.key if held else 0,
        asks=explicit,
    )


def sharing_rows(rows: Iterable[SharingRow]) -> list[tuple[str, list[SharingRow]]]:
    """The single classes in two groups: ordinary ones and sensitive ones."""
    told = [row for row in rows if row.name != ALL]
    ordinary = [row for row in told if not row.sensitive]
    return [("Kind by kind", ordinary), ("Sensitive kinds", [row for row in told if row.sensitive])]


_STATES = {
    "given": "Shared: you said yes",
    "refused": "Not shared: you said no",
    "withdrawn": "Not shared: you took your yes back",
    "not asked": "Not shared: nobody has asked you yet",
    "usual": "Shared with those who care for you, as is usual here. You can say no",
}


def _asks_first(facts: Facts, name: str) -> bool:
    """True where the place shares a class only after a yes; for all together, where it does for any ordinary one."""
    if name:
        return facts.classes[name].model == ConsentModel.EXPLICIT
    rules = [rule for rule in facts.classes.values() if not (rule.sensitive or rule.traced)]
    return any(rule.model == ConsentModel.EXPLICIT for rule in rules)


def _chosen_words(choice: ConsentFact, line: ChoiceLine | None, reader: str) -> str:
    """When it was chosen, and who wrote it down where that was somebody else."""
    day = when_words(choice.at)
    if line is None or line.taken_by == reader:
        return day
    where = place.names().organisations.get(line.taken_at_code, "")
    return f"{day}, written down {'at ' + where if where else 'for you'}"
