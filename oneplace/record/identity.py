"""Links each source's patient to a person, by `rules.settle`. Moves no entry: a link is one column of one row.

A person who holds an NHS number gathers the patients that may be linked on it; any other patient is a person by
itself (`LocalPatient.alone`), and comes back to that same person when a link is undone.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime

from django.db.models import F, Q

from oneplace.kernel.ids import new_person_id
from oneplace.kernel.rows import Move
from oneplace.record import rules
from oneplace.record.bulk import in_chunks, update_rows
from oneplace.record.filing import Told
from oneplace.record.models import (
    LinkDecision,
    LinkScore,
    LocalPatient,
    PatientPostcode,
    Person,
    PersonName,
    ReviewTask,
    SourceMerge,
)
from oneplace.record.namesakes import namesakes
from oneplace.record.patients import Held
from oneplace.record.rules import Claim, Judgement, Likeness, Link, Mark, Placement

_TO_REVIEW = (Link.PROVISIONAL, Link.HELD)


def link(to_link: Mapping[int, set[str]], now: datetime) -> dict[int, tuple[str, str]]:
    """Settle the patients anew, with all whom a number, demographics, a merge or a decision ties to them.

    `to_link`: patients with the NHS numbers that they had before. Returns for each patient that had
    a person and was moved the keys of whom it left and whom it came to.
    """
    if not to_link:
        return {}
    people, crowds = _closed(set(to_link), set().union(*to_link.values()))
    placements = _placements(people, crowds)
    moved = _move(people, placements, now)
    _review(people, placements, now)
    return moved


def note_merges(told: Sequence[Told], held: Held) -> None:
    """Keep what sources merged and un-merged, and have both patients settled anew."""
    for one in told:
        for event in one.message.events:
            if event.move not in (Move.MERGED, Move.UNMERGED) or not event.other_local_id:
                continue
            kept, folded = (held.ids[one.source_id, key] for key in (event.local_id, event.other_local_id))
            if kept != folded:
                _note(kept, folded, event.move is Move.MERGED, event.at or one.at)
                for patient in (kept, folded):
                    held.to_link.setdefault(patient, set())


def now_known_as(person: str) -> str:
    """The person whom somebody's former key leads to since they were linked; '' where it leads nowhere else."""
    moved = LocalPatient.objects.filter(alone__key=person).exclude(person=F("alone"))
    return moved.values_list("person__key", flat=True).first() or ""


def _note(kept: int, folded: int, standing: bool, at: datetime) -> None:
    """The newest telling of a pair stands, in whichever direction it was told; at one time a merge does."""
    pair = SourceMerge.objects.filter(Q(kept=kept, folded=folded) | Q(kept=folded, folded=kept))
    held = pair.first()
    if held is None:
        SourceMerge.objects.create(kept_id=kept, folded_id=folded, standing=standing, told_at=at)
    elif (at, standing, -kept) > (held.told_at, held.standing, -held.kept_id):
        pair.update(kept=kept, folded=folded, standing=standing, told_at=at)


def _closed(ids: set[int], numbers: set[str]) -> tuple[dict[int, LocalPatient], set[Mark]]:
    """The patients, whoever must be settled with them, and what of theirs too many share for it to tell anything."""
    crowds: set[Mark] = set()
    people: dict[int, LocalPatient] = {}
    asked: set[str] = set()
    while ids or numbers:
        fresh = {key: patient for key, patient in _patients(ids, numbers).items() if key not in people}
        asked |= numbers
        people |= fresh
        numbers = {patient.link_number for patient in fresh.values() if patient.link_number} - asked
        alike = namesakes([key for key, patient in fresh.items() if patient.birth_date])
        crowds |= alike.crowds
        ids = (_tied(fresh) | alike.others) - people.keys()
    return people, crowds


def _patients(ids: Iterable[int], numbers: Iterable[str]) -> dict[int, LocalPatient]:
    found: dict[int, LocalPatient] = {}
    rows = LocalPatient.objects.select_related("source", "person")
    for chunk in in_chunks(sorted(numbers)):
        found |= {patient.pk: patient for patient in rows.filter(link_number__in=chunk)}
    for chunk in in_chunks(sorted(set(ids) - found.keys())):
        found |= {patient.pk: patient for patient in rows.filter(pk__in=chunk)}
    return found


def _tied(people: Mapping[int, LocalPatient]) -> set[int]:
    """Those whom a standing merge, decision or score ties to these."""
    found: set[int] = set()
    for chunk in in_chunks(list(people)):
        merges = SourceMerge.objects.filter(Q(kept__in=chunk) | Q(folded__in=chunk), standing=True)
        decided = LinkDecision.objects.filter(Q(patient__in=chunk) | Q(other__in=chunk), undone_at=None)
        alike = LinkScore.objects.filter(Q(patient__in=chunk) | Q(other__in=chunk))
        found.update(*merges.values_list("kept_id", "folded_id"))
        for pairs in (decided, alike):
            found.update(*pairs.values_list("patient_id", "other_id"))
    return found


def _placements(people: Mapping[int, LocalPatient], crowds: Collection[Mark]) -> dict[int, Placement]:
    names, postcodes = _names(list(people)), _postcodes(list(people))
    claims = [_claim(patient, names.get(key, []), postcodes.get(key, [])) for key, patient in people.items()]
    merges, judgements, alike = [], [], []
    for chunk in in_chunks(list(people)):
        standing = SourceMerge.objects.filter(folded__in=chunk, standing=True)
        merges += standing.values_list("kept_id", "folded_id")
        decided = LinkDecision.objects.filter(patient__in=chunk, undone_at=None)
        judgements += [Judgement(*row) for row in decided.values_list("patient_id", "other_id", "same", "by_name")]
        scores = LinkScore.objects.filter(patient__in=chunk)
        alike += [Likeness(*row) for row in scores.values_list("patient_id", "other_id", "probability", "gap")]
    return rules.settle(claims, merges, judgements, alike, crowds)


def _names(ids: Sequence[int]) -> dict[int, list[tuple[str, str]]]:
    names: dict[int, list[tuple[str, str]]] = {}
    for chunk in in_chunks(ids):
        rows = PersonName.objects.filter(patient__in=chunk).values_list("patient_id", "family", "given")
        for patient, family, given in rows:
            names.setdefault(patient, []).append((family, given))
    return names


def _postcodes(ids: Sequence[int]) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    for chunk in in_chunks(ids):
        for patient, code in PatientPostcode.objects.filter(patient__in=chunk).values_list("patient_id", "postcode"):
            found.setdefault(patient, []).append(code)
    return found


def _claim(patient: LocalPatient, names: Sequence[tuple[str, str]], postcodes: Sequence[str]) -> Claim:
    return Claim(
        key=patient.pk,
        order=patient.rank,
        families=frozenset(family for family, _ in names),
        givens=frozenset(given for _, given in names),
        birth_date=patient.birth_date,
        number=patient.link_number,
        source=patient.source.code,
        verified=patient.number_verified,
        sex=patient.sex,
        names=frozenset(names),
        postcodes=frozenset(postcodes),
    )


def _holders(numbers: set[str], now: datetime) -> dict[str, Person]:
    """The person of each NHS number, made where there is none yet."""
    held = _held(numbers)
    missing = sorted(numbers - held.keys())
    if not missing:
        return held
    made = [Person(nhs_number=number, created_at=now) for number in missing]
    Person.objects.bulk_create(made, ignore_conflicts=True)
    return held | _held(set(missing))


def _held(numbers: set[str]) -> dict[str, Person]:
    return {
        person.nhs_number or "": person
        for chunk in in_chunks(sorted(numbers))
        for person in Person.objects.filter(nhs_number__in=chunk)
    }


def _lone(people: Mapping[int, LocalPatient], placements: Mapping[int, Placement], now: datetime) -> dict[int, int]:
    """The person of each patient who leads a group without a number: the one that it has always been when alone."""
    leaders = {placement.group[1] for placement in placements.values() if placement.group[0] == "patient"}
    known = {key: patient.alone_id for key, patient in people.items() if key in leaders}
    made = {key: Person(key=new_person_id(), created_at=now) for key, person in known.items() if person is None}
    if made:
        Person.objects.bulk_create(made.values())
    return {key: person or made[key].pk for key, person in known.items()}


def _move(
    people: Mapping[int, LocalPatient], placements: Mapping[int, Placement], now: datetime
) -> dict[int, tuple[str, str]]:
    """Write the links that changed; a patient who is alone is the person that it always was alone."""
    numbers = {str(placement.group[1]) for placement in placements.values() if placement.group[0] == "number"}
    holders = {number: person.pk for number, person in _holders(numbers, now).items()}
    lone = _lone(people, placements, now)
    changed, moved = [], {}
    for key, patient in people.items():
        placement = placements[key]
        kind, name = placement.group
        person = holders[str(name)] if kind == "number" else lone[int(name)]
        alone = lone.get(key, patient.alone_id)
        if patient.person and patient.person_id != person:
            moved[key] = patient.person.key, person
        new = (person, alone, placement.link.value, placement.reason)
        if new != (patient.person_id, patient.alone_id, patient.link, patient.link_reason):
            changed.append((*new, key))
    update_rows("record_localpatient", ("person_id", "alone_id", "link", "link_reason"), changed)
    keys = dict(Person.objects.filter(pk__in={to for _, to in moved.values()}).values_list("pk", "key"))
    return {patient: (left, keys[to]) for patient, (left, to) in moved.items()}


def _review(people: Mapping[int, LocalPatient], placements: Mapping[int, Placement], now: datetime) -> None:
    """Raise a task for each link that a person must judge; close those that have answered themselves."""
    doubtful = {pk: placement.reason for pk, placement in placements.items() if placement.link in _TO_REVIEW}
    standing: dict[int, ReviewTask] = {}
    for chunk in in_chunks(list(people)):
        standing |= {task.patient_id: task for task in ReviewTask.objects.filter(patient__in=chunk)}
    new = [pk for pk in doubtful if pk not in standing]
    if new:
        ReviewTask.objects.bulk_create(ReviewTask(patient_id=pk, reason=doubtful[pk], raised_at=now) for pk in new)
    for pk, task in standing.items():
        closed_at = None if pk in doubtful else task.closed_at or now
        reason = doubtful.get(pk, task.reason)
        if (task.closed_at, task.reason) != (closed_at, reason):
            task.closed_at, task.reason = closed_at, reason
            task.save(update_fields=["closed_at", "reason"])
