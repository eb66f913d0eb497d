"""The example's people as messages of its feeds: story people first, then ordinary ones practice by practice.

A seed and a day give the same bytes each time; a longer run begins with the shorter one, but for the tables that end
the shorter. Messages are yielded one by one, and memory does not grow with their number.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from itertools import islice

from oneplace.example import elsewhere
from oneplace.example.defaults import settings_of
from oneplace.example.population import ordinary_people
from oneplace.example.senders import Senders
from oneplace.example.shapes import OutMessage, Told
from oneplace.example.story import stories, story_people
from oneplace.kernel import clock, nhs_number
from oneplace.place.folder import PlaceFolder

_AHEAD = 24
"""People made before the first of them is told, so that two of them can be mixed up."""
_BLOCK = 250
"""People between two files of a table."""


class NoExample(Exception):
    """The place has no practices, so nobody can be registered anywhere."""


def generate(
    place_folder: PlaceFolder, people: int, seed: int = 1, today: date | None = None, full: bool = False
) -> Iterator[OutMessage]:
    """Messages that tell of `people` synthetic people, the story people among them.

    `full` writes GP records as large as real ones, with identifiers and white space; else they are compact.
    Raises NoExample where the folder has no practices.
    """
    if not place_folder.practices():
        raise NoExample(f"{place_folder.path} has no practices in organisations.csv: nobody can be registered there")
    place = replace(place_folder, example=settings_of(place_folder))
    return _messages(place, people, seed, today or clock.today(), full)


def _messages(place: PlaceFolder, people: int, seed: int, today: date, full: bool) -> Iterator[OutMessage]:
    senders = Senders(place, seed, today, full)
    numbers = nhs_number.numbers_for_tests()
    rows = stories()
    for row, told in zip(rows, islice(story_people(place.example, numbers, today), people), strict=False):
        yield from senders.of_story(told, row.get("hospital_family", ""))
    yield from senders.tables()
    coming = _ordinary(place, seed, today, numbers, senders)
    ahead = deque(islice(coming, _AHEAD))
    for count in range(1, people - len(rows) + 1):
        told = ahead.popleft()
        ahead.append(next(coming))
        yield from senders.of_ordinary(told, ahead)
        if count % _BLOCK == 0:
            yield from senders.tables()
    yield from senders.tables()


def _ordinary(
    place: PlaceFolder, seed: int, today: date, numbers: Iterator[str], senders: Senders
) -> Iterator[Told]:  # fmt: skip
    """People without end, each with their record and contacts."""
    for told, ills, draw in ordinary_people(place, seed, today, numbers):
        end = told.human.deceased_on or today
        told.visits += elsewhere.contacts_of(told.human, ills, draw, end, senders.by_kind, place.example)
        yield told
