"""Ordinary people of a practice: age and sex as its list has them, in households, living where its people live.

One stream a practice. People of like age and sex ratios come at every length of the stream (a golden-ratio walk
over the list's ages), so that a tenth of a place looks like the whole. Memory holds a few open households only.
"""

from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import accumulate
from random import Random
from typing import Any

from oneplace.example.names import FAMILY, GIVEN_FEMALE, GIVEN_MALE, generation
from oneplace.example.shapes import Human
from oneplace.place.folder import PlaceFolder
from oneplace.place.shapes import AgeRow

_GOLDEN = 0.6180339887498949
_OPEN_HOUSEHOLDS = 12
_LETTERS = "ABDEFGHJLNPQRSTUWXYZ"
_LANGUAGES = ("Polish", "Nepali", "Punjabi", "Romanian", "Bengali", "Urdu")
# An age structure for a place that ships none: shares of a shire's registered people.
_USUAL_AGES = tuple(
    AgeRow("", low, low + 9, share, share)
    for low, share in zip(range(0, 100, 10), (57, 58, 51, 63, 67, 72, 58, 47, 22, 5), strict=True)
)


@dataclass(slots=True)
class Household:
    """People at one address: a name, its adults' age, and who may still join."""

    family: str
    lines: tuple[str, ...]
    town: str
    postcode: str
    phone: str
    adult_age: int
    adult_sex: str
    wants_partner: bool
    wants_children: int


class Addresses:
    """Invented addresses in the small areas where a practice's people live."""

    def __init__(self, place: PlaceFolder, practice_code: str) -> None:
        told = place.example["addresses"]
        self.streets: list[str] = told["streets"]
        self.districts: Mapping[str, str] = told["postcodes"]
        areas = {row.code: row.name for row in place.areas if row.kind == "small-area"}
        living = [
            (areas[row.area_code], row.people) for row in place.registrations if row.practice_code == practice_code
        ]
        living = living or [(town, 1) for town in self.districts]
        self.names = [name for name, _ in living]
        self.bounds = list(accumulate(people for _, people in living))
        self.towns = sorted(self.districts, key=len, reverse=True)

    def draw(self, draw: Random) -> tuple[tuple[str, ...], str, str]:
        """Address lines, town and postcode. A postcode is shared by the street of a small area."""
        name = self.names[bisect_right(self.bounds, draw.random() * self.bounds[-1])]
        town = next((town for town in self.towns if name.startswith(town)), self.towns[-1])
        street = draw.randrange(len(self.streets))
        mark = sum(map(ord, name)) * 31 + street * 7
        postcode = f"{self.districts[town]} {mark % 9 + 1}{_LETTERS[mark // 9 % 20]}{_LETTERS[mark // 180 % 20]}"
        number = f"{draw.randrange(1, 140)} {self.streets[street]}"
        lines = (f"Flat {draw.randrange(1, 9)}", number) if draw.random() < 0.13 else (number,)
        return lines, town, postcode


class Stream:
    """The people of one practice, one after another."""

    def __init__(self, place: PlaceFolder, practice_code: str, seed: int, today: date) -> None:
        self.code, self.seed, self.today = practice_code, seed, today
        self.addresses = Addresses(place, practice_code)
        rows = [row for row in place.ages if row.practice_code == practice_code] or list(_USUAL_AGES)
        self.cells = [(row, sex) for row in rows for sex in ("male", "female")]
        self.bounds = list(accumulate(getattr(row, sex) for row, sex in self.cells))
        self.walk = Random(f"ages|{seed}|{practice_code}").random()
        self.count = 0
        self.households: list[Household] = []

    def next(self, number: str) -> tuple[Human, Random]:
        """The next person, and the dice that the rest of their story is thrown with."""
        self.count += 1
        draw = Random(f"{self.seed}|{self.code}|{self.count}")
        self.walk = (self.walk + _GOLDEN) % 1.0
        row, sex = self.cells[bisect_right(self.bounds, self.walk * self.bounds[-1])]
        age = draw.randint(row.age_from, min(row.age_to, 99))
        home = self._join(age, sex, draw) or self._found(age, sex, draw)
        return self._human(number, age, sex, home, draw), draw

    def _human(self, number: str, age: int, sex: str, home: Household, draw: Random) -> Human:
        born = self._birth_date(age, draw)
        era = generation(born.year)
        given = draw.choice((GIVEN_MALE if sex == "male" else GIVEN_FEMALE)[era])
        second = f" {draw.choice((GIVEN_MALE if sex == 'male' else GIVEN_FEMALE)[era])}" if draw.random() < 0.3 else ""
        languages = draw.choice(_LANGUAGES) if draw.random() < 0.025 else ""
        years = min(age, int(draw.expovariate(1 / 11)))
        registered = max(born + timedelta(days=12), self.today - timedelta(days=years * 365 + draw.randrange(20, 340)))
        married = sex == "female" and age > 26 and draw.random() < 0.5
        return Human(
            key=f"{self.code}-{self.count:06d}",
            nhs_number=number,
            family=home.family,
            given=given + second,
            prefix=_prefix(sex, age, married),
            sex=sex,
            birth_date=born,
            lines=home.lines,
            town=home.town,
            postcode=home.postcode,
            phone=home.phone,
            practice_code=self.code,
            registered_on=min(registered, self.today - timedelta(days=1)),
            former_family=draw.choice(FAMILY) if married and draw.random() < 0.4 else "",
            language=languages,
            interpreter=bool(languages) and draw.random() < 0.4,
        )

    def _birth_date(self, age: int, draw: Random) -> date:
        """The same all year round: who is 40 this year stays so until the next."""
        if age == 0:
            return self.today - timedelta(days=draw.randrange(15, 330))
        return date(self.today.year - age, 1, 1) + timedelta(days=draw.randrange(365))

    def _join(self, age: int, sex: str, draw: Random) -> Household | None:
        """An open household with a place for this person, if there is one."""
        for index, home in enumerate(self.households):
            partner = home.wants_partner and abs(home.adult_age - age) <= 5 and sex != home.adult_sex and age >= 20
            child = home.wants_children and age < 19 and 20 <= home.adult_age - age <= 42
            if partner or child:
                home.wants_partner = home.wants_partner and not partner
                home.wants_children -= bool(child)
                if not home.wants_partner and not home.wants_children:
                    self.households.pop(index)
                return home
        return None

    def _found(self, age: int, sex: str, draw: Random) -> Household:
        lines, town, postcode = self.addresses.draw(draw)
        phone = f"07700 900{draw.randrange(1000):03d}" if age < 70 else f"01632 960{draw.randrange(1000):03d}"
        children = draw.choice((0, 1, 2, 2, 3)) if 24 <= age <= 50 else 0
        home = Household(draw.choice(FAMILY), lines, town, postcode, phone, age, sex, draw.random() < 0.62, children)
        if age >= 20:
            self.households.append(home)
            del self.households[:-_OPEN_HOUSEHOLDS]
        return home


def streams(place: PlaceFolder, seed: int, today: date) -> dict[str, Stream]:
    """A stream for each practice."""
    return {row.code: Stream(place, row.code, seed, today) for row in place.practices()}


def in_turn(place: PlaceFolder) -> Iterator[str]:
    """Practice codes without end, each as often as its list is long: any beginning is in proportion."""
    sizes = {row.code: row.list_size or 1 for row in place.practices()}
    served = dict.fromkeys(sizes, 0)
    while sizes:
        code = min(sizes, key=lambda each: ((served[each] + 0.5) / sizes[each], each))
        served[code] += 1
        yield code


def rates(example: Mapping[str, Any], name: str) -> float:
    """A share of example.toml's [faults]; nothing where it names none."""
    return float(example.get("faults", {}).get(name, 0.0))


def _prefix(sex: str, age: int, married: bool) -> str:
    if sex == "male":
        return "Mr" if age >= 16 else "Master"
    return "Miss" if age < 18 else "Mrs" if married else "Ms"
