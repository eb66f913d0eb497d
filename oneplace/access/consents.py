"""Consent as staff record it: what a person chose, who took it and how, taking back a mistake, loading many.

Rows are only added; the newest that was not taken back stands, from the next request on. Source: record.md, Access;
REC-04. Who may look at whose choices is for the caller: one person's go through `record.door`.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError, transaction

from oneplace.access import classes
from oneplace.access.models import Consent
from oneplace.access.rules import CHOICES, TAKEN_BACK, Actor, ConsentRow, choice_fault
from oneplace.access.telling import tell
from oneplace.kernel import clock
from oneplace.kernel.ids import PersonId
from oneplace.ledger import actions as ledger

_BATCH = 500
_MOST = 400


class CannotRecord(ValueError):
    """The choice can't be recorded as told; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class ChoiceLine:
    """One choice as it was recorded; `taken_back_by` names who found that it was a mistake."""

    key: int
    information_class: str  # '' for all ordinary classes
    choice: str
    made_by: str
    capacity: bool
    taken_by: str
    taken_at_code: str
    how: str
    at: datetime
    taken_back_by: str = ""
    taken_back_at: datetime | None = None

    @property
    def stands(self) -> bool:
        """True unless it was taken back."""
        return not self.taken_back_by


def choices_of(person: PersonId) -> list[ChoiceLine]:
    """Every choice of one person, the newest first."""
    rows = Consent.objects.filter(person=person).exclude(choice=TAKEN_BACK).select_related("taken_back")
    return [_line(row) for row in rows.order_by("-at", "-pk")[:_MOST]]


def standing_choices(lines: Iterable[ChoiceLine]) -> dict[str, ChoiceLine]:
    """The choice that stands for each class, of lines that run from the newest."""
    found: dict[str, ChoiceLine] = {}
    for line in lines:
        if line.stands:
            found.setdefault(line.information_class, line)
    return found


@transaction.atomic
def record_consent(
    *,
    person: PersonId,
    information_class: str,
    choice: str,
    made_by: str,
    capacity: bool,
    how: str,
    by: Actor,
    seen: int | None = None,
) -> int:
    """Keep one choice and return its key; it counts from the next request on. Raises CannotRecord.

    `seen` is the key of the choice about this class that whoever records looked at (0: none): when another was recorded
    since, nothing is kept. None asks for no such check.
    """
    fault = _class_fault(information_class) or choice_fault(choice, made_by, capacity)
    standing = standing_choices(choices_of(person))
    fault = fault or _nothing_to_withdraw(choice, information_class, standing)
    if fault:
        raise CannotRecord(fault)
    held = standing.get(information_class)
    if seen is not None and seen != (held.key if held else 0):
        raise CannotRecord("Somebody recorded another choice about this meanwhile. Look at it, then record again.")
    made = Consent.objects.create(
        person=person,
        first_person=person,
        information_class=information_class,
        choice=choice,
        made_by=made_by,
        capacity=capacity,
        taken_by=by.key,
        taken_at_code=by.organisation_code,
        how=how[:200],
        at=clock.now(),
    )
    tell(by, "record consent", person, {"choice": choice, "class": information_class or "all", "made by": made_by})
    return made.pk


@transaction.atomic
def take_back_consent(*, person: PersonId, key: int, by: Actor) -> None:
    """Say that a choice was recorded by mistake: the one before it stands again. Raises CannotRecord."""
    held = Consent.objects.filter(person=person, pk=key).exclude(choice=TAKEN_BACK).first()
    if held is None:
        raise CannotRecord("There is no such choice of this person.")
    try:
        with transaction.atomic():
            Consent.objects.create(
                person=person,
                first_person=held.first_person,
                information_class=held.information_class,
                choice=TAKEN_BACK,
                taken_by=by.key,
                taken_at_code=by.organisation_code,
                at=clock.now(),
                takes_back=held,
            )
    except IntegrityError as fault:
        raise CannotRecord("This choice was taken back already.") from fault
    tell(by, "take back consent", person, {"choice": held.choice, "class": held.information_class or "all"})


@transaction.atomic
def load_consents(rows: Iterable[ConsentRow], by: str) -> int:
    """Add many choices; returns how many were new. The same rows again add nothing. Raises CannotRecord for a bad row.

    One statement for each 500, and one ledger row for the call.
    """
    told = list(rows)
    for row in told:
        fault = _class_fault(row.information_class) or choice_fault(row.choice, row.made_by, row.capacity)
        if fault:
            raise CannotRecord(fault)
    added = 0
    for start in range(0, len(told), _BATCH):
        batch = {_key_of(row): row for row in told[start : start + _BATCH]}
        known = _known({row.person for row in batch.values()})
        new = [_made(row, by) for key, row in batch.items() if key not in known]
        added += len(Consent.objects.bulk_create(new))
    if added:
        ledger.write(actor=by, action="load consents", detail={"told": len(told), "new": added})
    return added


@transaction.atomic
def repoint_consents(moves: Iterable[tuple[PersonId, PersonId]], emptied: Collection[str], by: str) -> int:
    """Choices follow linkage: (left, joined) pairs of people between whom records moved; returns how many rows did.

    Those of a person of whom no record is left go along; those that once came from the joined person go back to it. So
    a merge undone leaves each choice where it was made.
    """
    moved = 0
    for left, joined in dict.fromkeys(moves):
        going = Consent.objects.filter(person=left)
        count = (going if left in emptied else going.filter(first_person=joined)).update(person=joined)
        if count:
            ledger.write(actor=by, action="repoint consents", subject=joined, detail={"from": left, "rows": count})
        moved += count
    return moved


def _line(row: Consent) -> ChoiceLine:
    back = getattr(row, "taken_back", None)
    return ChoiceLine(
        row.pk,
        row.information_class,
        row.choice,
        row.made_by,
        row.capacity,
        row.taken_by,
        row.taken_at_code,
        row.how,
        row.at,
        back.taken_by if back else "",
        back.at if back else None,
    )


def _class_fault(name: str) -> str:
    if not name or (name in classes.classes() and not classes.classes()[name].traced):
        return ""
    return f"'{name}' is no class that a person chooses about; see access/classes.yaml."


def _nothing_to_withdraw(choice: str, information_class: str, standing: Mapping[str, ChoiceLine]) -> str:
    """A withdrawal takes away what was given: of this class, or of all."""
    given = [standing[name].choice == "given" for name in (information_class, "") if name in standing]
    if choice != "withdrawn" or any(given):
        return ""
    return "There is no consent to withdraw. If the person objects, record that they refused."


def _key_of(row: ConsentRow) -> tuple[str, str, datetime, str]:
    return row.person, row.information_class, row.at, row.choice


def _known(people: Collection[str]) -> set[tuple[str, str, datetime, str]]:
    rows = Consent.objects.filter(first_person__in=people, choice__in=CHOICES)
    return set(rows.values_list("first_person", "information_class", "at", "choice"))


def _made(row: ConsentRow, by: str) -> Consent:
    return Consent(
        person=row.person,
        first_person=row.person,
        information_class=row.information_class,
        choice=row.choice,
        made_by=row.made_by,
        capacity=row.capacity,
        taken_by=row.taken_by or by,
        taken_at_code=row.taken_at_code,
        how=row.how[:200],
        at=row.at,
    )
