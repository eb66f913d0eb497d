"""Finds people by NHS number, or by name and date of birth, also misspelt or by a name they no longer bear.

Looks only among the people in reach and only at what visible sources say of them. Called by `record.door` alone.
"""

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import Q, QuerySet
from rapidfuzz.distance import JaroWinkler, Levenshtein

from oneplace.kernel import clock, nhs_number
from oneplace.kernel.ids import PersonId
from oneplace.record import reading, rules
from oneplace.record.models import LocalPatient, NameKey, PersonName
from oneplace.record.reading import Known
from oneplace.record.shapes import Found, Hit

MOST_HITS = 25
_MOST_NAMES = 400
_LEAST_SCORE = 0.80
_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_NUMBERS = re.compile(r"\b(\d{1,2})[/.\- ](\d{1,2})[/.\- ](\d{4}|\d{2})\b")
_ISO = re.compile(r"\b(\d{4})-(\d{2})-(\d{2})\b")
_WORDS = re.compile(r"\b(\d{1,2})(?:st|nd|rd|th)?\s+([a-z]{3})[a-z]*\s+(\d{4})\b", re.IGNORECASE)
_TEN = re.compile(r"(?<!\d)\d{3}[\s\-]?\d{3}[\s\-]?\d{4}(?!\d)")


@dataclass(frozen=True, slots=True)
class Reach:
    """Among whom a reader may look: keys of people, and the organisations that show who they are.

    Who `traces` finds others too, as strictly as a national trace: by NHS number, or by name with date of birth.
    """

    people: "QuerySet[Any, str]"
    visible: Collection[str]
    traces: bool = False

    def patients(self) -> "QuerySet[LocalPatient]":
        """Their patients at visible sources."""
        return LocalPatient.objects.filter(person__key__in=self.people, source__code__in=self.visible)

    def names(self) -> "QuerySet[PersonName]":
        """The names that visible sources ever told of them."""
        return PersonName.objects.filter(patient__person__key__in=self.people, patient__source__code__in=self.visible)

    def traced_patients(self) -> "QuerySet[LocalPatient]":
        """Patients whom a trace may find."""
        if not self.traces:
            return self.patients()
        return LocalPatient.objects.filter(person__isnull=False, source__code__in=self.visible)

    def traced_names(self) -> "QuerySet[PersonName]":
        """The names that a trace may find."""
        if not self.traces:
            return self.names()
        return PersonName.objects.filter(patient__person__isnull=False, patient__source__code__in=self.visible)


@dataclass(frozen=True, slots=True)
class Asked:
    """A search as it was understood."""

    number: str
    birth_date: date | None
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Match:
    """One person found, how well and why."""

    person: str
    score: float
    why: str


def understood(text: str, today: date) -> Asked:
    """What a search means: a number of ten digits, a date of birth in a usual form, and words of a name."""
    number = _TEN.search(text)
    if number:
        return Asked(nhs_number.tidy(number[0]), None, ())
    born, rest = _birth_date(text, today)
    words = tuple(word for word in (rules.comparable(part) for part in re.split(r"[\s,]+", rest)) if word)
    return Asked("", born, words[:5])


def _birth_date(text: str, today: date) -> tuple[date | None, str]:
    """A date and the text without it; a year of two digits lies in the past."""
    for pattern, order in ((_ISO, "ymd"), (_WORDS, "dmy"), (_NUMBERS, "dmy")):
        found = pattern.search(text)
        if found:
            parts = dict(zip(order, found.groups(), strict=True))
            born = _date_of(parts, today)
            if born:
                return born, text[: found.start()] + " " + text[found.end() :]
    return None, text


def _date_of(parts: dict[str, str], today: date) -> date | None:
    month = parts["m"].lower()
    year = int(parts["y"])
    if len(parts["y"]) == 2:
        year += 2000 if 2000 + year <= today.year else 1900
    try:
        return date(year, _MONTHS.index(month) + 1 if month.isalpha() else int(month), int(parts["d"]))
    except ValueError:
        return None


def found(text: str, reach: Reach, now: datetime) -> Found:
    """The people whom the text may mean, best first."""
    asked = understood(text, clock.to_london(now).date())
    note = ""
    if asked.number:
        matches = _by_number(asked.number, reach)
    else:
        matches = _by_name(asked, reach)
        if not matches and asked.birth_date and asked.words:
            matches = _by_name(Asked("", None, asked.words), reach)
            note = "Nobody with this name and date of birth: people with a like name are shown." if matches else ""
    hits = _hits(matches[: MOST_HITS + 1], reach, now)
    return Found(text, hits[:MOST_HITS], note, truncated=len(hits) > MOST_HITS)


def recent(opened: Sequence[str], reach: Reach, limit: int, now: datetime) -> tuple[Hit, ...]:
    """People opened lately who are still in reach, then those with the newest contacts."""
    keys = list(dict.fromkeys(opened))[:limit]
    still = set(reach.patients().filter(person__key__in=keys).values_list("person__key", flat=True))
    matches = [Match(key, 1.0, "opened lately") for key in keys if key in still]
    known = reach.patients().exclude(last_contact_at=None)
    newest = known.order_by("-last_contact_at", "pk").values_list("person__key", flat=True)[: limit * 4]
    matches += [Match(key, 0.5, "new contact") for key in dict.fromkeys(newest) if key not in still]
    return _hits(matches[:limit], reach, now)


def similar(person: PersonId, told: Known, reach: Reach) -> int:
    """How many other people in reach bear a like name: the same surname and first letter of the given name."""
    patient = told.patients[0]
    family, given = rules.comparable(patient.family), rules.first_word(patient.given)
    if not family or not given:
        return 0
    names = reach.names().filter(family=family, given__startswith=given[:1]).exclude(patient__person__key=person)
    # Counted here: the database's COUNT of a DISTINCT takes Django as long to write down as the rest of the page.
    return len(set(names.values_list("patient__person_id", flat=True)[:_MOST_NAMES]))


def _by_number(number: str, reach: Reach) -> list[Match]:
    keys = reach.traced_patients().filter(nhs_number=number).values_list("person__key", flat=True)
    return [Match(key, 1.0, "NHS number") for key in dict.fromkeys(keys)]


def _by_name(asked: Asked, reach: Reach) -> list[Match]:
    if not asked.words:
        if asked.birth_date is None:
            return []
        keys = reach.names().filter(birth_date=asked.birth_date).values_list("patient__person__key", flat=True)
        return [Match(key, 1.0, "date of birth") for key in dict.fromkeys(keys[:_MOST_NAMES])]
    names = (reach.traced_names() if asked.birth_date else reach.names()).filter(_may_be(asked))
    if asked.birth_date:
        names = names.filter(birth_date=asked.birth_date)
    best: dict[str, Match] = {}
    for match in _judged(asked, names):
        if match.person not in best or match.score > best[match.person].score:
            best[match.person] = match
    return sorted(best.values(), key=lambda match: -match.score)


def _may_be(asked: Asked) -> Q:
    """Which names may be meant: any word may be the surname, misspelt; one word alone may be a given name."""
    # With a date of birth the date narrows, and the name may be further off.
    if asked.birth_date:
        return Q()
    keys = set().union(*(rules.search_keys(word) for word in {*asked.words, *_joined(asked.words)}))
    families = NameKey.objects.filter(key__in=keys).values("family")
    meant = Q(family__in=families)
    return meant | Q(given__in=asked.words) if len(asked.words) == 1 else meant


def _judged(asked: Asked, names: "QuerySet[PersonName]") -> Iterable[Match]:
    columns = ("patient__person__key", "family", "given", "patient__family")
    for person, family, given, current in names.values_list(*columns)[:_MOST_NAMES]:
        score, why = _score(asked.words, family, given)
        if score >= _LEAST_SCORE:
            former = why == "exact" and rules.comparable(current) != family
            yield Match(person, score, "former name" if former else why)


def _joined(words: tuple[str, ...]) -> tuple[str, str, str]:
    """The words as one surname, whole or with a given name before or after it (van der Berg)."""
    return "".join(words), "".join(words[1:]), "".join(words[:-1])


def _score(words: tuple[str, ...], family: str, given: str) -> tuple[float, str]:
    """How well the words are this name, whichever came first, and in what way they differ."""
    whole, surname_last, surname_first = _joined(words)
    if len(words) == 1:
        options = [(whole, family, "", ""), (whole, given, "", "")]
    else:
        options = [(words[-1], family, words[0], given), (words[0], family, words[1], given), (whole, family, "", "")]
        options += [(surname_last, family, words[0], given), (surname_first, family, words[-1], given)]
    return max((_likeness(*option) for option in options), key=lambda scored: scored[0])


def _likeness(said: str, family: str, said_given: str, given: str) -> tuple[float, str]:
    score = JaroWinkler.similarity(said, family)
    if said == family:
        why = "exact"
    elif Levenshtein.distance(said, family) <= 1:
        why, score = "one letter off", max(score, 0.9)
    else:
        why = "sounds like"
        if rules.search_keys(said) & rules.search_keys(family):
            score = max(score, 0.85)
    if not said_given:
        return score * 0.98, why
    if said_given == given or (len(said_given) == 1 and given.startswith(said_given)):
        return score, why
    likeness = JaroWinkler.similarity(said_given, given)
    if why == "exact" and likeness >= _LEAST_SCORE:
        why = "one letter off" if Levenshtein.distance(said_given, given) <= 1 else "sounds like"
    return score * 0.6 + likeness * 0.4, why


def _hits(matches: Sequence[Match], reach: Reach, now: datetime) -> tuple[Hit, ...]:
    """Each match as it is listed, in the order given."""
    told: dict[str, list[LocalPatient]] = {}
    rows = reach.traced_patients().filter(person__key__in=[match.person for match in matches])
    for patient in rows.select_related("source", "person"):
        assert patient.person is not None
        told.setdefault(patient.person.key, []).append(patient)
    names = reading.organisation_names({p.practice_code for patients in told.values() for p in patients})
    return tuple(_hit(match, told[match.person], names, now) for match in matches if match.person in told)


def _hit(match: Match, patients: list[LocalPatient], names: dict[str, str], now: datetime) -> Hit:
    speaks = Known(reading.ranked(patients), [], names, {})
    banner = reading.banner(PersonId(match.person), speaks, 0, now)
    return Hit(
        banner.person_id, banner.family, banner.given, banner.birth_date, banner.age, banner.sex, banner.nhs_number,
        banner.address, banner.practice_name, match.why, match.score, banner.deceased, banner.identity_conflict,
    )  # fmt: skip
