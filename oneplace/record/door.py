"""The only entrance to one person's record: who asks, about whom, for what → what may be shown, or a refusal.

Decision, reading and the ledger's row are one transaction: what can't be recorded is not shown. Pages, exports,
machines and background jobs all come through here (house.md, single doors; record.md, Access).
"""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from django.db import transaction

from oneplace.access import queries as access
from oneplace.access import roles
from oneplace.access.rules import Actor, Cells, Closed, Facts, Locked, NotFound, Permit, Purpose, decide
from oneplace.kernel import clock, turns
from oneplace.kernel.ids import PersonId
from oneplace.kernel.rows import Kind
from oneplace.ledger import actions as ledger
from oneplace.ledger import queries as ledger_queries
from oneplace.place import queries as place
from oneplace.record import letters as lettering
from oneplace.record import originals, reading
from oneplace.record import search as searching
from oneplace.record import sharing as choosing
from oneplace.record.bulk import gate
from oneplace.record.classing import class_of, setting_of
from oneplace.record.emergency import emergency_of, under
from oneplace.record.letters import LetterBox
from oneplace.record.reading import Known
from oneplace.record.shapes import (
    Banner,
    DocumentShown,
    Emergency,
    Found,
    Hit,
    LockedRecord,
    Opened,
    Refused,
    Standing,
)
from oneplace.record.sharing import Choice, SharingShown, ViewersShown
from oneplace.record.windowlets import ALL, Sieve, View, Windowlet, views

_IDENTITY = frozenset({reading.IDENTITY})
_GRAVEST = (Closed.REFUSED, Closed.WITHDRAWN, Closed.NOT_ASKED, Closed.NO_TIE)
_NOTHING = "nothing that may be shown"


@dataclass(frozen=True, slots=True)
class Entered:
    """A permitted entrance: the person's visible patients, why they may be seen, and whom else the reader reaches."""

    known: Known
    permit: Permit
    emergency: Emergency | None
    closed: str  # why ordinary classes of others stay closed
    now: datetime
    reach: searching.Reach
    only: str | None  # of which organisation the reader is who isn't told who else knows the person; None: told


def open(
    actor: Actor,
    person: PersonId,
    *,
    purpose: str = Purpose.DIRECT_CARE,
    view: str | None = None,
    sieve: Sieve = ALL,
) -> Opened | LockedRecord | Refused:
    """Open a view of a person's record. An unknown view, or one not meant for the role, becomes the role's own."""
    chosen = _view(actor, view)
    with _turn():
        entered = _enter(actor, person, purpose, "open record", {"view": chosen.name})
        if not isinstance(entered, Entered):
            return entered
        return _opened(person, entered, chosen, chosen.windowlets, sieve)


def more(
    actor: Actor,
    person: PersonId,
    windowlet: str,
    offset: int = 0,
    *,
    purpose: str = Purpose.DIRECT_CARE,
    view: str | None = None,
    sieve: Sieve = ALL,
) -> Opened | LockedRecord | Refused:
    """One panel of a view from an offset on."""
    chosen = _view(actor, view)
    panel = chosen.windowlet(windowlet)
    if panel is None:
        return Refused()
    with _turn():
        entered = _enter(actor, person, purpose, "open record", {"view": chosen.name, "panel": windowlet})
        if not isinstance(entered, Entered):
            return entered
        return _opened(person, entered, chosen, (panel,), sieve, offset)


def document(
    actor: Actor, person: PersonId, key: str, *, purpose: str = Purpose.DIRECT_CARE
) -> DocumentShown | LockedRecord | Refused:
    """One entry with its source's own words, older versions and faults of data."""
    with _turn():
        entered = _enter(actor, person, purpose, "open entry", {"entry": key[:20]})
        if not isinstance(entered, Entered):
            return entered
        entry = originals.entry(entered.known, key)
        if entry is None:
            return Refused()
        return originals.shown(entry, entered.known, _banner(person, entered), entered.permit.basis, entered.now)


def why(
    actor: Actor, person: PersonId, *, purpose: str = Purpose.DIRECT_CARE
) -> tuple[Banner, access.Explanation] | LockedRecord | Refused:
    """The facts and the rule by which this record is open to this user, as far as it is."""
    with _turn():
        entered = _enter(actor, person, purpose, "explain access", {})
        if not isinstance(entered, Entered):
            return entered
        return _banner(person, entered), access.explained(actor, person, entered.now)


def viewers(actor: Actor, person: PersonId) -> ViewersShown | LockedRecord | Refused:
    """Who can see this person's record now and why, as far as the reader may know that they know the person.

    Told to direct care alone: who else knows somebody tells of what ails them.
    """
    with _turn():
        if not choosing.is_told_of_others(actor):
            return _turned_away(actor, person, Purpose.DIRECT_CARE, "list viewers", NotFound(_NOTHING), clock.now())
        entered = _enter(actor, person, Purpose.DIRECT_CARE, "list viewers", {})
        if not isinstance(entered, Entered):
            return entered
        return choosing.viewers(actor, _banner(person, entered), person, entered.permit.cells, entered.now)


def sharing(actor: Actor, person: PersonId) -> SharingShown | LockedRecord | Refused:
    """What the person chose about sharing, for staff who may ask them; nothing of the record, so that it can be asked
    before anything is open.
    """
    with _turn():
        banner = _ask(actor, person, "open choices")
        return choosing.shown(actor, banner, person, clock.now()) if isinstance(banner, Banner) else banner


def record_choice(actor: Actor, person: PersonId, told: Choice) -> Banner | LockedRecord | Refused:
    """Keep what the person chose; it counts from the next request on. Raises CannotRecord, and nothing is kept."""
    with _turn():
        banner = _ask(actor, person, "ask consent")
        if isinstance(banner, Banner):
            choosing.record(actor, person, told)
        return banner


def take_back_choice(actor: Actor, person: PersonId, key: int) -> Banner | LockedRecord | Refused:
    """Say that a choice was recorded by mistake: the one before it stands again. Raises CannotRecord."""
    with _turn():
        banner = _ask(actor, person, "ask consent")
        if isinstance(banner, Banner):
            choosing.take_back(actor, person, key)
        return banner


def admit(
    actor: Actor, person: PersonId, action: str, *, purpose: str = Purpose.DIRECT_CARE
) -> Banner | LockedRecord | Refused:
    """Who this is, for a page about the person that shows nothing of their record; `action` is the ledger's word."""
    with _turn():
        entered = _enter(actor, person, purpose, action, {})
        return _banner(person, entered) if isinstance(entered, Entered) else entered


def standing(actor: Actor, person: PersonId) -> Standing | Refused:
    """How a record stands to a reader who thinks of an emergency: who it is about, and nothing of what it holds."""
    with _turn():
        entered = _enter(actor, person, Purpose.DIRECT_CARE, "ask for emergency access", {})
        if isinstance(entered, Refused):
            return entered
        refused = access.has_refused(actor, person, clock.now())
        if isinstance(entered, LockedRecord):
            return Standing(entered.banner, entered.reason, entered.break_glass, refused)
        may = entered.permit.break_glass and bool(entered.closed or entered.permit.waits)
        return Standing(_banner(person, entered), entered.closed, may, refused)


def search(actor: Actor, text: str, *, purpose: str = Purpose.DIRECT_CARE) -> Found:
    """People in reach whom the text may mean. The ledger keeps who was shown, not what was typed."""
    with _turn():
        now = clock.now()
        found = searching.found(text, _sharing_reach(actor, now, purpose), now)
        shown = [hit.person_id for hit in found.hits]
        ledger.write(**_who(actor), action="search people", purpose=purpose, detail={"shown": shown})
    return found


def recent(actor: Actor, limit: int = 10, *, purpose: str = Purpose.DIRECT_CARE) -> tuple[Hit, ...]:
    """People whom this user opened lately and still may; then those in reach with the newest contacts."""
    with _turn():
        now = clock.now()
        opened = [line.subject for line in ledger_queries.latest(40, actor=actor.key, action="open record")]
        hits = searching.recent(opened, _sharing_reach(actor, now, purpose), limit, now)
        shown = [hit.person_id for hit in hits]
        ledger.write(**_who(actor), action="list people", purpose=purpose, detail={"shown": shown})
    return hits


def letters(
    actor: Actor, *, filed: bool = False, offset: int = 0, limit: int = 25, purpose: str = Purpose.DIRECT_CARE
) -> LetterBox:
    """Letters of others about the people of the reader's organisation: those that wait, or those filed."""
    with _turn():
        now = clock.now()
        reach = _sharing_reach(actor, now, purpose)
        names = place.names().organisations
        opens = partial(_letters_open, actor, purpose, now)
        found = lettering.box(actor, reach.people, opens, names, now, filed=filed, offset=offset, limit=limit)
        shown = [letter.person_id for letter in found.letters]
        ledger.write(**_who(actor), action="list letters", purpose=purpose, detail={"shown": shown})
    return found


def file_letter(actor: Actor, person: PersonId, key: str, kind: str) -> bool:
    """File a letter of others as one of lettering.TYPES; '' takes the filing back. False where there is none.

    Raises ValueError for a type that isn't one.
    """
    with _turn():
        detail = {"entry": key[:20], "as": kind[:40]}
        action = "file letter" if kind else "take back filing of letter"
        entered = _enter(actor, person, Purpose.DIRECT_CARE, action, detail)
        entry = originals.entry(entered.known, key) if isinstance(entered, Entered) else None
        if not isinstance(entered, Entered) or entry is None or entry.kind != Kind.DOCUMENT:
            return False
        if not kind:
            return lettering.take_back(entry, actor, entered.now)
        lettering.file_letter(entry, actor, kind, entered.now)
    return True


@contextmanager
def _turn() -> Iterator[None]:
    """One transaction that a loading feed gives way to."""
    with turns.asking(gate()), transaction.atomic():
        yield


def _view(actor: Actor, name: str | None) -> View:
    declared = views()
    asked = declared.get(name or "")
    if asked is not None and asked.suits(actor.role):
        return asked
    role = roles.role(actor.role)
    return declared.get(role.view if role else "") or next(iter(declared.values()))


def _enter(
    actor: Actor, person: PersonId, purpose: str, action: str, detail: dict[str, object]
) -> Entered | LockedRecord | Refused:
    """The decision and its row in the ledger: made before anything is read of what it permits."""
    now = clock.now()
    facts = access.facts_for(actor, person, now)
    decision = decide(actor, facts, person, purpose, now)
    if isinstance(decision, Permit):
        closed = _closed(decision, facts)
        told = reading.known(person, decision.cells, bool(closed), decision.only)
        if told.patients and not (closed and _knows_nothing(told, actor)):
            emergency, more = emergency_of(decision, facts), detail | under(decision, told, actor)
            ledger.write(
                **_who(actor), action=action, subject=person, purpose=purpose, basis=decision.basis, detail=more
            )
            reach = _reach(actor, now, _tellers(decision.cells))
            only = None if facts.direct_care or decision.rule == "own record" else actor.organisation_code
            return Entered(told, decision, emergency, closed, now, reach, only)
        decision = Locked(closed, facts.break_glass, _tellers(decision.cells)) if closed else NotFound(_NOTHING)
    return _turned_away(actor, person, purpose, action, decision, now)


def _ask(actor: Actor, person: PersonId, action: str) -> Banner | LockedRecord | Refused:
    """Who the person is, for staff with a relationship who may record what they choose, closed as the record may be."""
    now, purpose = clock.now(), Purpose.DIRECT_CARE
    facts = access.facts_for(actor, person, now)
    decision = decide(actor, facts, person, purpose, now)
    if isinstance(decision, Permit):
        told = reading.known(person, {code: _IDENTITY for code in _tellers(decision.cells)}, closed=True)
        if told.patients and "record-consent" in facts.may and not facts.personal:
            row = {"subject": person, "purpose": purpose, "basis": decision.basis}
            ledger.write(**_who(actor), action=action, **row, detail=under(decision, told, actor))
            return replace(reading.banner(person, told, 0, now), emergency=emergency_of(decision, facts))
        decision = NotFound(_NOTHING)
    return _turned_away(actor, person, purpose, action, decision, now)


def _turned_away(
    actor: Actor, person: PersonId, purpose: str, action: str, decision: Locked | NotFound, now: datetime
) -> LockedRecord | Refused:
    """What somebody meets who may not go in, and its row in the ledger."""
    answer = _locked(person, decision, now) if isinstance(decision, Locked) else Refused()
    refused = "locked" if isinstance(answer, LockedRecord) else "refused"
    ledger.write(
        **_who(actor), action=f"{action}: {refused}", subject=person[:64], purpose=purpose[:80], basis=decision.reason
    )
    return answer


def _closed(permit: Permit, facts: Facts) -> str:
    """Why ordinary classes of others stay closed, '' where none do; that of sensitive ones would tell of them."""
    reasons = {reason for name, reason in permit.closed.items() if not facts.classes[name].sensitive}
    return next((reason for reason in _GRAVEST if reason in reasons), "")


def _tellers(cells: Cells) -> frozenset[str]:
    """Organisations that say who the person is."""
    return frozenset(code for code, classes in cells.items() if reading.IDENTITY in classes)


def _knows_nothing(told: Known, actor: Actor) -> bool:
    """True where the reader's organisation holds nothing of this person, and nothing of others is open."""
    return all(told.is_closed(patient) and patient.source.code != actor.organisation_code for patient in told.patients)


def _locked(person: PersonId, locked: Locked, now: datetime) -> LockedRecord | Refused:
    """Who the person is and that the record is closed; refused where nobody may even say who they are."""
    told = reading.known(person, {code: _IDENTITY for code in locked.traced}, closed=True)
    if not told.patients:
        return Refused()
    return LockedRecord(reading.banner(person, told, 0, now), locked.reason, locked.break_glass)


def _who(actor: Actor) -> dict[str, str]:
    return {"actor": actor.key, "role": actor.role, "organisation": actor.organisation_code}


def _reach(actor: Actor, now: datetime, tellers: Collection[str]) -> searching.Reach:
    """Among whom the reader may look, and whose word on who they are may be shown."""
    role = roles.role(actor.role)
    return searching.Reach(access.people_in_reach(actor, now), tellers, role is not None and role.direct_care)


def _sharing_reach(actor: Actor, now: datetime, purpose: str) -> searching.Reach:
    """The same where no one person is meant: those who share demographics, and the reader's own.

    A purpose that opens no record finds nobody.
    """
    if not access.opens_records(actor, purpose):
        return searching.Reach(access.nobody(), frozenset())
    sharing = access.sharing_controllers(now, purpose=purpose, organisation_code=actor.organisation_code)
    return _reach(actor, now, {*sharing, actor.organisation_code})


def _letters_open(actor: Actor, purpose: str, now: datetime, asked: Collection[tuple[str, str]]) -> lettering.Opens:
    """Which entries of these people and sources are open, each person decided once."""
    kinds = place.names().kinds
    settings = {code: setting_of(code, kinds.get(code, "")) for _, code in asked}
    cells: dict[str, Cells] = {}
    for person, facts in access.facts_of_many(actor, {person for person, _ in asked}, now).items():
        decision = decide(actor, facts, person, purpose, now)
        cells[person] = decision.cells if isinstance(decision, Permit) and not decision.only else {}

    def opens(person: str, source: str, kind: str, display: str, words: str) -> bool:
        return class_of(settings[source], kind, display, words) in cells[person].get(source, frozenset())

    return opens


def _banner(person: PersonId, entered: Entered) -> Banner:
    similar = searching.similar(person, entered.known, entered.reach)
    return replace(reading.banner(person, entered.known, similar, entered.now), emergency=entered.emergency)


def _opened(
    person: PersonId,
    entered: Entered,
    view: View,
    panels: tuple[Windowlet, ...],
    sieve: Sieve,
    offset: int = 0,
) -> Opened:
    told, now = entered.known, entered.now
    rows = reading.entries(told)
    lines = reading.sources(told, rows, entered.only)
    return Opened(
        banner=_banner(person, entered),
        view=view.name,
        view_title=view.title,
        windowlets=tuple(reading.windowlet(panel, rows, lines, told, sieve, now, offset) for panel in panels),
        sources=lines,
        basis=entered.permit.basis,
        opened_at=now,
        conflicts=reading.conflicts(told),
        rule=entered.permit.rule,
        closed=entered.closed,
        break_glass=entered.permit.break_glass and bool(entered.closed or entered.permit.waits),
        declaration=entered.permit.declaration,
    )
