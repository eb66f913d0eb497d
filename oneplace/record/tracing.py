"""From an NHS number to a person's opaque key, for those who answer for access: opens no record and shows no name.

Whoever searches the ledger about a person brings the number with the complaint or request; what they get is the
reference under which the ledger knows that person. Source: house.md (the ledger knows keys); issue of lawful access.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from django.db import transaction
from django.db.models import Q

from oneplace.access.rules import Actor
from oneplace.kernel import nhs_number
from oneplace.kernel.ids import PersonId
from oneplace.ledger import actions as ledger
from oneplace.record.models import LocalPatient, Person, PersonName
from oneplace.record.rules import Link, comparable

PURPOSE = "answering for access"
_MOST = 20


@dataclass(frozen=True, slots=True)
class Traced:
    """One person who bears a number: the key, and whether sources agree that the number is theirs."""

    person_id: PersonId
    linked: bool


@transaction.atomic
def trace(actor: Actor, number: str) -> list[Traced]:
    """Keys of the people for whom a source told this NHS number, the one linked under it first; it is recorded.

    The ledger keeps whose keys were told, and not the number. A number that fails its check traces nobody.
    """
    tidy = nhs_number.tidy(number)
    found = _with_number(tidy) if nhs_number.is_valid(tidy) else []
    ledger.write(
        actor=actor.key,
        role=actor.role,
        organisation=actor.organisation_code,
        action="trace person",
        purpose=PURPOSE,
        detail={"shown": [one.person_id for one in found]},
    )
    return found


@dataclass(frozen=True, slots=True)
class Proved:
    """Whose record was proved: the key, and the name that it bears."""

    person_id: PersonId
    name: str


def proved(number: str, born: date, family: str) -> Proved | None:
    """The one living person of this number, date of birth and family name by the word of every source that told it.

    None where any source says otherwise, or a link waits to be judged: then people look, not this.
    """
    tidy, name = nhs_number.tidy(number), comparable(family)
    if not name or not nhs_number.is_valid(tidy):
        return None
    told = LocalPatient.objects.filter(Q(person__nhs_number=tidy) | Q(nhs_number=tidy))
    patients = list(told.select_related("person", "source"))
    for one in patients:
        names = {comparable(one.family), *PersonName.objects.filter(patient=one).values_list("family", flat=True)}
        if one.link != Link.LINKED or one.deceased or one.birth_date != born or name not in names:
            return None
    if len({one.person_id for one in patients}) != 1:
        return None
    first = min(patients, key=lambda one: one.rank)
    return Proved(PersonId(first.person.key), " ".join(filter(None, (first.preferred or first.given, first.family))))


def is_known(person: PersonId) -> bool:
    """True for the key of a person of whom there is a record now. For the operator, who may read every key anyhow."""
    return LocalPatient.objects.filter(person__key=person).exists()


def keys_of(person: str) -> tuple[str, ...]:
    """Every key under which the ledger may know this person: the linked one, and those of its records when apart."""
    patients = LocalPatient.objects.filter(person__key=person)
    alone = patients.exclude(alone=None).values_list("alone__key", flat=True)
    return tuple(dict.fromkeys([person, *sorted(alone)]))


def numbers_of(keys: Iterable[str]) -> dict[str, str]:
    """Those of the keys that are people's, each with its linked NHS number or '': for exports to other systems."""
    rows = Person.objects.filter(key__in=set(keys)).values_list("key", "nhs_number")
    return {key: number or "" for key, number in rows}


def _with_number(number: str) -> list[Traced]:
    told = LocalPatient.objects.filter(nhs_number=number).exclude(person=None)
    keys = dict.fromkeys(told.order_by("pk").values_list("person__key", flat=True)[:_MOST])
    linked = set(Person.objects.filter(nhs_number=number).values_list("key", flat=True))
    return sorted((Traced(PersonId(key), key in linked) for key in {*keys, *linked}), key=lambda one: not one.linked)
