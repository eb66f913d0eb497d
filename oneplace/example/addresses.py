"""Invented addresses in the small areas where a practice's people live, and the homes of those who need care."""

from bisect import bisect_right
from collections.abc import Mapping
from itertools import accumulate
from random import Random
from typing import NamedTuple

from oneplace.example.names import hash_of
from oneplace.place.folder import PlaceFolder

_LETTERS = "ABDEFGHJLNPQRSTUWXYZ"
_CARE_HOME_FOR = 6_000
"""Registered people for each care home of a practice: some forty residents."""


class Address(NamedTuple):
    """Where somebody lives. `decile` is of the small area, None where the place tells none."""

    lines: tuple[str, ...]
    town: str
    postcode: str
    area_code: str = ""
    decile: int | None = None


class Area(NamedTuple):
    """A small area as an address needs it."""

    code: str
    name: str
    decile: int | None
    people: int


class Addresses:
    """Where a practice's people live: small areas in the proportions of its registrations."""

    def __init__(self, place: PlaceFolder, practice_code: str) -> None:
        told = place.example["addresses"]
        self.streets: list[str] = told["streets"]
        self.districts: Mapping[str, str] = told["postcodes"]
        self.areas = _areas_of(place, practice_code) or [Area("", town, None, 1) for town in self.districts]
        self.bounds = list(accumulate(area.people for area in self.areas))
        self.towns = sorted(self.districts, key=len, reverse=True)
        practice = place.organisation(practice_code)
        self.usual_town = next((town for town in self.towns if town in practice.address), self.towns[-1])
        self.care_homes = max(1, round((practice.list_size or 0) / _CARE_HOME_FOR))
        self.practice_code = practice_code

    def draw(self, where: float, draw: Random) -> Address:
        """An address in the small area that `where`, from 0 to 1, falls on."""
        area = self._area(where)
        street = draw.randrange(len(self.streets))
        number = f"{draw.randrange(1, 140)} {self.streets[street]}"
        lines = (f"Flat {draw.randrange(1, 9)}", number) if draw.random() < 0.13 else (number,)
        return self._in(area, street, lines)

    def care_home(self, draw: Random) -> tuple[int, Address]:
        """One of the practice's care homes, by number: the same address for each resident."""
        number = draw.randrange(self.care_homes)
        fixed = Random(f"care-home|{self.practice_code}|{number}")
        street = fixed.randrange(len(self.streets))
        lines = (f"{self.streets[street].split()[0]} House", f"{fixed.randrange(2, 60)} {self.streets[street]}")
        return number, self._in(self._area(fixed.random()), street, lines)

    def _area(self, where: float) -> Area:
        return self.areas[bisect_right(self.bounds, where * self.bounds[-1])]

    def _in(self, area: Area, street: int, lines: tuple[str, ...]) -> Address:
        """A postcode is shared by the street of a small area."""
        town = next((town for town in self.towns if area.name.startswith(town)), self.usual_town)
        mark = hash_of(area.name) % 5_000 * 31 + street * 7
        postcode = f"{self.districts[town]} {mark % 9 + 1}{_LETTERS[mark // 9 % 20]}{_LETTERS[mark // 180 % 20]}"
        return Address(lines, town, postcode, area.code, area.decile)


def _areas_of(place: PlaceFolder, practice_code: str) -> list[Area]:
    areas = {row.code: row for row in place.areas}
    return [
        Area(row.area_code, areas[row.area_code].name, areas[row.area_code].decile, row.people)
        for row in place.registrations
        if row.practice_code == practice_code and row.people
    ]
