"""The ordinary people of a place, whole: who they are, what they have, what they use, and what their record says."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from random import Random
from typing import NamedTuple

from oneplace.example import health
from oneplace.example.burden import Burden
from oneplace.example.catalogue import Illness
from oneplace.example.defaults import settings_of
from oneplace.example.people import in_turn, streams
from oneplace.example.proportions import proportions_of
from oneplace.example.shapes import Told
from oneplace.example.use import Uses
from oneplace.place.folder import PlaceFolder


class Ordinary(NamedTuple):
    """One of them, with their illnesses, and the dice that what their feeds do is thrown with."""

    told: Told
    ills: list[Illness]
    draw: Random


def ordinary_people(place: PlaceFolder, seed: int, today: date, numbers: Iterator[str]) -> Iterator[Ordinary]:
    """People in proportion to the place's lists, as many as are asked for; none where it has no practices.

    The first of a longer run are those of a shorter one. `numbers` gives each an NHS number.
    """
    place = replace(place, example=settings_of(place))
    told = proportions_of(place)
    flows, burden, uses = streams(place, seed, today), Burden(place, told), Uses(place, told)
    for code, number in zip(in_turn(place), numbers, strict=False):
        human, draw = flows[code].next(number)
        end = human.deceased_on or today
        ills, frailty = burden.of(code, human.sex, end.year - human.birth_date.year, human.decile, draw)
        keys = tuple(ill.key for ill in ills)
        record, known = health.record_of(human, ills, draw, end)
        used = uses.of(human, keys, burden.counted(keys), frailty, Random(f"use|{seed}|{human.key}"), today)
        visits = health.visits_of(human, known, draw, end, place.example, frailty)
        health.letters_of(visits, record)
        yield Ordinary(Told(human, record, visits, used, keys, frailty), known, draw)
