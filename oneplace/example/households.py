"""Groups people of given ages and sexes into households of true kinds and sizes. Pure.

Children find a mother of a fitting age, then families a second parent; other adults pair, share or live alone; some of
the old live with their children or in a care home. Proportions: [households] of population.toml.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any

from oneplace.example.proportions import step

KINDS = ("alone", "couple", "family", "shared", "care-home")
_ADULT = 18
_SPACING = 5


@dataclass(slots=True)
class Seat:
    """Somebody who is to live somewhere. `role` is head, partner, child, parent (of the head) or sharer."""

    age: int
    sex: str
    role: str = "head"
    twin: int = 0  # the same number for both; 0 is no twin


@dataclass(slots=True)
class Home:
    """People at one address."""

    kind: str
    seats: list[Seat] = field(default_factory=list)
    wants: int = 0

    def adults(self) -> list[Seat]:
        """Those who brought the household about."""
        return [seat for seat in self.seats if seat.role in {"head", "partner"}]


def grouped(seats: list[Seat], told: Mapping[str, Any], draw: Random) -> list[Home]:
    """Every seat in a home, homes in no particular order."""
    table = told["households"]
    free = _Free(seats, table, draw)
    homes = free.care_homes()
    families = free.families()
    free.join_their_children(families)
    homes += families + free.couples() + free.sharing()
    homes += [Home("alone", [seat]) for seat in free.seats]
    draw.shuffle(homes)
    return homes


class _Free:
    """Those who have no home yet."""

    def __init__(self, seats: list[Seat], table: Mapping[str, Any], draw: Random) -> None:
        self.seats, self.table, self.draw = sorted(seats, key=lambda seat: seat.age), table, draw

    def care_homes(self) -> list[Home]:
        """One group a resident: who lives in which home is the stream's to say."""
        old = [seat for seat in self.seats if self._dice("care_home", seat.age)]
        self._leave(old)
        return [Home("care-home", [seat]) for seat in old]

    def families(self) -> list[Home]:
        """Children and those of the young who still live at home, with one parent or two."""
        children = [seat for seat in self.seats if seat.age < _ADULT or self._dice("at_home", seat.age)]
        self._leave(children)
        homes: list[Home] = []
        twins = 0
        while children:
            child = children.pop(0)
            child.role = "child"
            home = self._with_place(homes, child.age) or self._new_family(homes, child)
            home.seats.append(child)
            if children and children[0].age <= child.age + 1 and self.draw.random() < self.table["twins"]:
                twins += 1
                other = children.pop(0)
                other.age, other.role, other.twin, child.twin = child.age, "child", twins, twins
                home.seats.append(other)
        for home in homes:
            self._second_parent(home)
        return homes

    def join_their_children(self, families: list[Home]) -> None:
        """Some of the old who are single live with a family, so that three generations share a home."""
        for seat in [one for one in self.seats if self._dice("with_their_children", one.age)]:
            fitting = [home for home in families if 20 <= seat.age - home.seats[0].age <= 42]
            if fitting:
                seat.role = "parent"
                self.draw.choice(fitting).seats.append(seat)
                self._leave([seat])

    def couples(self) -> list[Home]:
        """Adults who live as two."""
        homes: list[Home] = []
        for seat in sorted(self.seats, key=lambda one: -one.age):
            if seat.role != "head" or not any(one is seat for one in self.seats):
                continue
            if seat.age >= _ADULT and self._dice("partnered", seat.age):
                other = self._partner(seat)
                if other:
                    self._leave([seat, other])
                    homes.append(Home("couple", [seat, other]))
        return homes

    def sharing(self) -> list[Home]:
        """Students and others who share a house: three to six of like age."""
        sharers = [seat for seat in self.seats if self._dice("sharing", seat.age)]
        homes: list[Home] = []
        while len(sharers) >= 2:
            size = min(self.draw.choice((2, 2, 3, 3, 4, 5, 6)), len(sharers))
            home, sharers = Home("shared", sharers[:size]), sharers[size:]
            for seat in home.seats[1:]:
                seat.role = "sharer"
            self._leave(home.seats)
            homes.append(home)
        return homes

    def _with_place(self, homes: list[Home], age: int) -> Home | None:
        for home in homes:
            if home.wants > 0 and 1 <= age - home.seats[-1].age <= _SPACING and age <= home.seats[0].age - 17:
                home.wants -= 1
                return home
        return None

    def _new_family(self, homes: list[Home], child: Seat) -> Home:
        """A home with a mother, or a father where none is free; else the child joins the family that fits best."""
        target = child.age + self.draw.gauss(*self.table["mothers_age"])
        adults = [seat for seat in self.seats if 17 <= seat.age - child.age <= 46]
        mothers = [seat for seat in adults if seat.sex == "female"] or adults
        if not mothers:
            fitting = [home for home in homes if home.seats[0].age - child.age >= 16]
            if fitting:
                return min(fitting, key=lambda home: len(home.seats))
            homes.append(Home("alone"))
            return homes[-1]
        mother = min(mothers, key=lambda seat: abs(seat.age - target))
        self._leave([mother])
        sizes, shares = zip(*self.table["children"], strict=True)
        homes.append(Home("family", [mother], self.draw.choices(sizes, shares)[0] - 1))
        return homes[-1]

    def _second_parent(self, home: Home) -> None:
        if home.kind != "family" or self.draw.random() >= self.table["two_parents"]:
            return
        other = self._partner(home.seats[0])
        if other:
            self._leave([other])
            home.seats.insert(1, other)

    def _partner(self, seat: Seat) -> Seat | None:
        same = self.draw.random() < self.table["same_sex"]
        target = seat.age + self.draw.gauss(2 if seat.sex == "female" else -2, 3)
        near = [
            one
            for one in self.seats
            if one is not seat and one.age >= _ADULT and abs(one.age - seat.age) <= 14 and (one.sex == seat.sex) == same
        ]
        if not near:
            return None
        found = min(near, key=lambda one: abs(one.age - target))
        found.role = "partner"
        return found

    def _dice(self, name: str, age: int) -> bool:
        share = step(self.table[name], age)
        return share > 0 and self.draw.random() < share

    def _leave(self, gone: list[Seat]) -> None:
        ids = {id(seat) for seat in gone}
        self.seats = [seat for seat in self.seats if id(seat) not in ids]
