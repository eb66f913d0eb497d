"""Links each source's patient to a person, by `rules.arrange`. Moves no entry: a link is one column of one row.

A person who holds an NHS number gathers the patients that may be linked on it; any other patient is a person by
itself until someone, or a corrected number, says otherwise.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from oneplace.kernel.ids import new_person_id
from oneplace.record import rules
from oneplace.record.bulk import in_chunks, update_rows
from oneplace.record.models import LocalPatient, Person, PersonName, ReviewTask
from oneplace.record.rules import Claim, Link, Placement

_ALONE = "no NHS number that can be linked on"
_TO_REVIEW = (Link.PROVISIONAL, Link.HELD)


def link(to_link: Mapping[int, set[str]], now: datetime) -> dict[int, str]:
    """Place the patients, and those who share an old or new NHS number with them.

    Returns the person's key for each patient that had one and was moved.
    """
    if not to_link:
        return {}
    numbers = sorted(set().union(*to_link.values()))
    people = _patients(list(to_link), numbers)
    placements = _placements(people)
    holders = _holders({p.link_number for p in people.values() if placements[p.pk].together}, now)
    moved = _move(people, placements, holders, now)
    _review(people, placements, now)
    return moved


def _patients(ids: Sequence[int], numbers: Sequence[str]) -> dict[int, LocalPatient]:
    found: dict[int, LocalPatient] = {}
    rows = LocalPatient.objects.select_related("source", "person")
    for chunk in in_chunks(numbers):
        found |= {patient.pk: patient for patient in rows.filter(link_number__in=chunk)}
    for chunk in in_chunks([pk for pk in ids if pk not in found]):
        found |= {patient.pk: patient for patient in rows.filter(pk__in=chunk)}
    return found


def _placements(people: Mapping[int, LocalPatient]) -> dict[int, Placement]:
    names = _names(list(people))
    groups: dict[str, list[Claim]] = {}
    placed: dict[int, Placement] = {}
    for patient in people.values():
        if not patient.link_number:
            placed[patient.pk] = Placement(patient.pk, Link.UNLINKED, _ALONE)
            continue
        groups.setdefault(patient.link_number, []).append(_claim(patient, names.get(patient.pk, [])))
    for claims in groups.values():
        placed |= {placement.key: placement for placement in rules.arrange(claims)}
    return placed


def _names(ids: Sequence[int]) -> dict[int, list[tuple[str, str]]]:
    names: dict[int, list[tuple[str, str]]] = {}
    for chunk in in_chunks(ids):
        rows = PersonName.objects.filter(patient__in=chunk).values_list("patient_id", "family", "given")
        for patient, family, given in rows:
            names.setdefault(patient, []).append((family, given))
    return names


def _claim(patient: LocalPatient, names: Sequence[tuple[str, str]]) -> Claim:
    return Claim(
        key=patient.pk,
        order=patient.rank,
        families=frozenset(family for family, _ in names),
        givens=frozenset(given for _, given in names),
        birth_date=patient.birth_date,
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


def _move(
    people: Mapping[int, LocalPatient],
    placements: Mapping[int, Placement],
    holders: Mapping[str, Person],
    now: datetime,
) -> dict[int, str]:
    """Write the links that changed; a patient placed alone keeps the person that it was alone in."""
    lonely = {
        pk: Person(key=new_person_id(), created_at=now)
        for pk, patient in people.items()
        if not placements[pk].together and (patient.person is None or patient.person.nhs_number)
    }
    if lonely:
        Person.objects.bulk_create(lonely.values())
    changed: list[LocalPatient] = []
    moved: dict[int, str] = {}
    for pk, patient in people.items():
        placement = placements[pk]
        person = holders[patient.link_number] if placement.together else lonely.get(pk, patient.person)
        assert person is not None
        if patient.person_id and patient.person_id != person.pk:
            moved[pk] = person.key
        if (patient.person_id, patient.link, patient.link_reason) != (person.pk, placement.link, placement.reason):
            patient.person, patient.link, patient.link_reason = person, placement.link.value, placement.reason
            changed.append(patient)
    rows = [(patient.person_id, patient.link, patient.link_reason, patient.pk) for patient in changed]
    update_rows("record_localpatient", ("person_id", "link", "link_reason"), rows)
    return moved


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
