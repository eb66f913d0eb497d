"""Ordinary people of a practice: age and sex as its list has them, in households, living where its people live.

One stream a practice, made in blocks: the ages of a block are a golden-ratio walk over the list's, so that a tenth of
a place looks like the whole, and households.py groups them. Memory holds a block a practice only.
"""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from heapq import heapify, heapreplace
from itertools import accumulate
from random import Random

from oneplace.example import names
from oneplace.example.addresses import Address, Addresses
from oneplace.example.ethnicity import Ethnicities
from oneplace.example.households import Home, Seat, grouped
from oneplace.example.proportions import age_in, proportions_of
from oneplace.example.shapes import FormerAddress, FormerName, Human
from oneplace.place.folder import PlaceFolder
from oneplace.place.shapes import AgeRow

_GOLDEN = 0.6180339887498949
_BLOCK = 128
# An age structure for a place that ships none: shares of a shire's registered people.
_USUAL_AGES = tuple(
    AgeRow("", low, low + 9, share, share)
    for low, share in zip(range(0, 100, 10), (57, 58, 51, 63, 67, 72, 58, 47, 22, 5), strict=True)
)


@dataclass(slots=True)
class Household:
    """What the people of one home share."""

    key: str
    kind: str
    address: Address
    former: FormerAddress | None
    moved_on: date
    ethnicity: str
    partner_ethnicity: str
    tradition: str
    family: str
    other_family: str  # the head's or partner's who doesn't bear the family's
    phone: str
    married: bool
    birth_day: int
    man: bool  # an adult man gives the home its name


class Stream:
    """The people of one practice, one after another."""

    def __init__(self, place: PlaceFolder, practice_code: str, seed: int, today: date) -> None:
        self.code, self.seed, self.today = practice_code, seed, today
        self.told = proportions_of(place)
        self.addresses = Addresses(place, practice_code)
        self.ethnicities = Ethnicities(self.told)
        rows = [row for row in place.ages if row.practice_code == practice_code] or list(_USUAL_AGES)
        self.cells = [(row, sex) for row in rows for sex in ("male", "female")]
        self.bounds = list(accumulate(getattr(row, sex) for row, sex in self.cells))
        self.walk = Random(f"ages|{seed}|{practice_code}").random()
        self.area_walk = Random(f"areas|{seed}|{practice_code}").random()
        self.blocks = self.homes = self.count = 0
        self.waiting: Iterator[tuple[Home, Seat]] = iter(())
        self.home: Home | None = None
        self.twins: dict[int, str] = {}

    def next(self, number: str) -> tuple[Human, Random]:
        """The next person, and the dice that the rest of their story is thrown with."""
        home, seat = self._seat()
        self.count += 1
        if home is not self.home:
            self.home, self.household, self.twins = home, self._found(home), {}
        draw = Random(f"{self.seed}|{self.code}|{self.count}")
        return self._human(number, seat, self.household, draw), draw

    def _seat(self) -> tuple[Home, Seat]:
        for found in self.waiting:
            return found
        self.blocks += 1
        draw = Random(f"block|{self.seed}|{self.code}|{self.blocks}")
        homes = grouped([self._age_and_sex(draw) for _ in range(_BLOCK)], self.told, draw)
        self.waiting = ((home, seat) for home in homes for seat in home.seats)
        return next(self.waiting)

    def _age_and_sex(self, draw: Random) -> Seat:
        self.walk = (self.walk + _GOLDEN) % 1.0
        row, sex = self.cells[bisect_right(self.bounds, self.walk * self.bounds[-1])]
        return Seat(age_in(row, draw), sex)

    def _found(self, home: Home) -> Household:
        """What a home shares, by dice of its own."""
        self.homes += 1
        key = f"{self.code}-H{self.homes:06d}"
        draw, head = Random(f"{self.seed}|{key}"), home.seats[0]
        self.area_walk = (self.area_walk + _GOLDEN) % 1.0
        address = self.addresses.draw(self.area_walk, draw)
        if home.kind == "care-home":
            number, address = self.addresses.care_home(draw)
            key = f"{self.code}-C{number}"
        ethnicity = self.ethnicities.of_head(address, head.age, draw)
        tradition = names.tradition_of(ethnicity, draw)
        table = self.told["households"]
        family, other = names.family_name(tradition, draw), names.family_name(tradition, draw)
        if draw.random() < table["double_name"] and " " not in family and "-" not in family:
            family = f"{other}-{family}"
        moved_on = self.today - timedelta(days=self._since_move(home, draw))
        return Household(
            key=key,
            kind=home.kind,
            address=address,
            former=self._former_address(moved_on, draw),
            moved_on=moved_on,
            ethnicity=ethnicity,
            partner_ethnicity=self.ethnicities.of_partner(ethnicity, draw),
            tradition=tradition,
            family=family,
            other_family=other,
            phone=f"01632 960{draw.randrange(1000):03d}" if head.age >= 70 else _mobile(draw),
            married=len(home.adults()) == 2 and draw.random() < table["married"],
            birth_day=draw.randrange(300),
            man=any(seat.sex == "male" for seat in home.adults()),
        )

    def _since_move(self, home: Home, draw: Random) -> int:
        """Days at the address: fewer in shared houses and care homes."""
        mean = self.told["life"]["years_at_address"] * (0.25 if home.kind in {"shared", "care-home"} else 1)
        return 30 + int(draw.expovariate(1 / (mean * 365)))

    def _former_address(self, moved_on: date, draw: Random) -> FormerAddress | None:
        if draw.random() >= self.told["life"]["keeps_former"] or (self.today - moved_on).days > 15 * 365:
            return None
        where = self.addresses.draw(draw.random(), draw)
        return FormerAddress(where.lines, where.town, where.postcode, moved_on)

    def _human(self, number: str, seat: Seat, home: Household, draw: Random) -> Human:
        life, address = self.told["life"], home.address
        born = self._birth_date(seat, home, draw)
        died = self._death(seat.age, address.decile, draw)
        ethnicity = self._ethnicity(seat, home, draw)
        tradition = home.tradition if seat.role != "sharer" else names.tradition_of(ethnicity, draw)
        family, maiden = self._surname(seat, home, tradition, draw)
        given = names.given_name(tradition, seat.sex, born.year, draw)
        preferred = given.split("-")[0] if seat.age > 12 and draw.random() < life["preferred"] else ""
        second = names.given_name(tradition, seat.sex, born.year, draw) if draw.random() < life["second_name"] else ""
        language = self._language(tradition, ethnicity, draw)
        end = died or self.today
        key = f"{self.code}-{self.count:06d}"
        return Human(
            key=key,
            nhs_number=number,
            family=family,
            given=" ".join(dict.fromkeys(filter(None, ((second, given) if preferred else (given, second))))),
            prefix=_prefix(seat, maiden),
            sex=seat.sex,
            birth_date=born,
            lines=address.lines,
            town=address.town,
            postcode=address.postcode,
            phone=home.phone if seat.age < 16 or home.kind == "care-home" or seat.role == "head" else _mobile(draw),
            practice_code=self.code,
            registered_on=self._registered(born, home.moved_on, end, draw),
            former_family=maiden.family if maiden else "",
            preferred=preferred if second and preferred != second else "",
            language=language,
            interpreter=bool(language) and draw.random() < life["interpreter"],
            deceased_on=died,
            ethnicity="Z" if draw.random() < self.told["ethnic_spread"]["not_stated"] else ethnicity,
            former_names=(maiden,) if maiden else (),
            former_addresses=(home.former,) if home.former and home.former.until > born else (),
            household=home.key,
            household_kind=home.kind,
            area_code=address.area_code,
            decile=address.decile,
            twin=self._twin(seat, key),
        )

    def _birth_date(self, seat: Seat, home: Household, draw: Random) -> date:
        """The same all year round: who is 40 this year stays so until the next. Twins share it; siblings keep apart."""
        if seat.twin:
            draw = Random(f"twin|{home.key}|{seat.twin}")
        if seat.age == 0:
            return self.today - timedelta(days=draw.randrange(3, 330))
        child = seat.role == "child"
        day = home.birth_day + draw.randrange(60) if child else draw.randrange(365)
        return date(self.today.year - seat.age, 1, 1) + timedelta(days=day)

    def _twin(self, seat: Seat, key: str) -> str:
        """The key of the twin: the two come one after the other."""
        if not seat.twin:
            return ""
        first = self.twins.setdefault(seat.twin, key)
        return first if first != key else f"{self.code}-{self.count + 1:06d}"

    def _death(self, age: int, decile: int | None, draw: Random) -> date | None:
        """The day of death of the few who died within the year and are still on the list."""
        life = self.told["life"]
        rate = life["death_at_60"] * 2 ** ((age - 60) / life["death_doubles_in"]) * (1 + 0.06 * (5.5 - (decile or 5.5)))
        if age < 18 or draw.random() >= min(0.9, rate) * life["dead_on_list"]:
            return None
        return self.today - timedelta(days=draw.randrange(1, 300))

    def _ethnicity(self, seat: Seat, home: Household, draw: Random) -> str:
        if seat.role == "sharer":
            return self.ethnicities.of_head(home.address, seat.age, draw)
        if seat.role == "child":
            return self.ethnicities.of_child(home.ethnicity, home.partner_ethnicity if home.man else home.ethnicity)
        return home.partner_ethnicity if seat.role == "partner" else home.ethnicity

    def _surname(self, seat: Seat, home: Household, tradition: str, draw: Random) -> tuple[str, FormerName | None]:
        """The surname, and for a wife who took her husband's the one that she was born with, if it is still known."""
        if seat.role == "sharer":
            return names.borne_by(names.family_name(tradition, draw), tradition, seat.sex), None
        own = names.borne_by(home.family, tradition, seat.sex)
        wife = seat.sex == "female" and seat.role in {"head", "partner"} and home.man
        if wife and not (home.married and draw.random() < self.told["households"]["takes_name"]):
            return names.borne_by(home.other_family, tradition, seat.sex), None
        widow = seat.sex == "female" and home.kind in {"alone", "care-home"} and seat.age >= 65 and draw.random() < 0.6
        if not (wife or widow) or draw.random() >= self.told["life"]["keeps_former"]:
            return own, None
        years = max(0, min(seat.age - 20, int(draw.expovariate(1 / max(1, seat.age - 28)))))
        wed = self.today - timedelta(days=years * 365 + draw.randrange(60, 360))
        return own, FormerName(names.borne_by(home.other_family, tradition, seat.sex), wed)

    def _language(self, tradition: str, ethnicity: str, draw: Random) -> str:
        spoken = names.language_of(tradition)
        share = dict(self.told["life"]["speaks_another"]).get(ethnicity, self.told["life"]["speaks_another_else"])
        return spoken if spoken and draw.random() < share else ""

    def _registered(self, born: date, moved_on: date, end: date, draw: Random) -> date:
        """With the move, or years before it where they stayed with the practice."""
        first = moved_on if draw.random() < 0.6 else moved_on - timedelta(days=draw.randrange(4_000))
        return min(max(first, born + timedelta(days=draw.randrange(5, 20))), end - timedelta(days=1))


def streams(place: PlaceFolder, seed: int, today: date) -> dict[str, Stream]:
    """A stream for each practice."""
    return {row.code: Stream(place, row.code, seed, today) for row in place.practices()}


def in_turn(place: PlaceFolder) -> Iterator[str]:
    """Practice codes without end, each as often as its list is long: any beginning is in proportion."""
    sizes = {row.code: row.list_size or 1 for row in place.practices()}
    served = dict.fromkeys(sizes, 0)
    heap = [(0.5 / size, code) for code, size in sizes.items()]
    heapify(heap)
    while heap:
        code = heap[0][1]
        yield code
        served[code] += 1
        heapreplace(heap, ((served[code] + 0.5) / sizes[code], code))


def _mobile(draw: Random) -> str:
    return f"07700 900{draw.randrange(1000):03d}"


def _prefix(seat: Seat, maiden: FormerName | None) -> str:
    if seat.sex == "male":
        return "Mr" if seat.age >= 16 else "Master"
    return "Miss" if seat.age < 18 else "Mrs" if maiden or seat.age >= 75 else "Ms"
