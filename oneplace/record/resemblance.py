"""Which readers resemble the people they looked at: by name, address, or because both are staff. Answers in pairs.

For the privacy officer's rules of unusual access. What the record knows of people stays here: a caller gives names of
staff and pairs of keys, and learns of each pair only whether it resembles. A like name is no proof of anything.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from django.db.models import Q

from oneplace.record.bulk import in_chunks
from oneplace.record.models import LocalPatient, Person, PersonName
from oneplace.record.rules import comparable, first_word

Pair = tuple[str, str]
Name = tuple[str, str]  # family, first given name, as they are compared

_TITLES = frozenset({"dr", "mr", "mrs", "ms", "miss", "mx", "prof", "professor", "sister", "sr", "rev", "dame", "sir"})
_COMMON = 20
"""A family name of this many people, or of more than 1 in 200, says nothing about kinship."""


@dataclass(frozen=True, slots=True)
class Resemblances:
    """Pairs of (reader, person) that resemble, by how."""

    own_record: frozenset[Pair]
    own_name: frozenset[Pair]
    household: frozenset[Pair]
    colleague: frozenset[Pair]


def resemblances(pairs: Collection[Pair], staff: Mapping[str, str]) -> Resemblances:
    """Which of the pairs resemble. `staff` holds display names of all staff by key, readers among them."""
    readers = {key: name for key, text in staff.items() if (name := name_of(text))}
    looked = {pair for pair in pairs if pair[0] in readers}
    names = _names({person for _, person in looked})
    own = {pair for pair in looked if readers[pair[0]] in names[pair[1]]}
    families = {pair for pair in looked - own if readers[pair[0]][0] in {family for family, _ in names[pair[1]]}}
    rare = _rare({readers[reader][0] for reader, _ in families})
    return Resemblances(
        own_record=frozenset(own),
        own_name=frozenset(pair for pair in families if readers[pair[0]][0] in rare),
        household=frozenset(_same_address(looked - own, readers)),
        colleague=frozenset(pair for pair in looked - own if names[pair[1]] & set(readers.values())),
    )


def name_of(text: str) -> Name | None:
    """A member of staff's name as names are compared, titles left out; None for one word or none."""
    words = [word for word in text.replace(".", " ").split() if comparable(word) not in _TITLES]
    return (comparable(words[-1]), first_word(words[0])) if len(words) > 1 else None


def _names(people: Iterable[str]) -> dict[str, set[Name]]:
    """Every name that a source ever told, by person."""
    names: dict[str, set[Name]] = defaultdict(set)
    for chunk in in_chunks(sorted(people)):
        rows = PersonName.objects.filter(patient__person__key__in=chunk)
        for person, family, given in rows.values_list("patient__person__key", "family", "given"):
            names[person].add((family, given))
    return names


def _rare(families: Iterable[str]) -> set[str]:
    """Those of the family names that few people here bear."""
    most = max(_COMMON, Person.objects.count() // 200)
    return {family for family in families if _bearers(family, most) <= most}


def _bearers(family: str, most: int) -> int:
    """How many people bear a family name, counted no further than one beyond `most`."""
    people = PersonName.objects.filter(family=family).order_by().values_list("patient__person_id", flat=True)
    return len(people.distinct()[: most + 1])


def _same_address(pairs: Collection[Pair], readers: Mapping[str, Name]) -> Iterator[Pair]:
    """Pairs where the person is known at an address at which somebody of the reader's full name is known."""
    homes = {reader: _addresses(_bearing(readers[reader])) for reader in {reader for reader, _ in pairs}}
    people = {person for reader, person in pairs if homes[reader]}
    lived: dict[str, set[Pair]] = defaultdict(set)
    for chunk in in_chunks(sorted(people)):
        for person, address, postcode in _told_addresses(Q(person__key__in=chunk)):
            lived[person].add((address, postcode))
    return (pair for pair in pairs if homes[pair[0]] & lived[pair[1]])


def _bearing(name: Name) -> Q:
    family, given = name
    return Q(names__family=family, names__given=given)


def _addresses(who: Q) -> set[Pair]:
    return {(address, postcode) for _, address, postcode in _told_addresses(who)}


def _told_addresses(who: Q) -> Iterator[tuple[str, str, str]]:
    """(person's key, address as it is compared, postcode) of patients whose address is told whole."""
    rows = LocalPatient.objects.filter(who).exclude(address="").exclude(postcode="").exclude(person=None).distinct()
    for person, address, postcode in rows.values_list("person__key", "address", "postcode"):
        yield person, "".join(letter for letter in address.casefold() if letter.isalnum()), postcode
