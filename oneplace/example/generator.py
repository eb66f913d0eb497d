"""The example's people as messages of its feeds: story people first, then ordinary ones practice by practice.

A seed and a day give the same bytes each time; a longer run begins with the shorter one. Messages are yielded one
by one, and memory does not grow with their number.
"""

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from hashlib import blake2b
from itertools import groupby
from random import Random
from typing import Any

from oneplace.example import adt, faults, gp_connect, health, moments
from oneplace.example.people import in_turn, streams
from oneplace.example.practice import Practice, practices_of
from oneplace.example.shapes import Human, OutMessage, Told, Visit
from oneplace.example.story import stories, story_people
from oneplace.kernel import clock, nhs_number
from oneplace.place.folder import PlaceFolder

_SYSTEMS = {"community_trust": "FIELDNOTE", "acute_trust": "WARDBOOK"}


class NoExample(Exception):
    """The place folder says nothing of synthetic people."""


def generate(place_folder: PlaceFolder, people: int, seed: int = 1, today: date | None = None) -> Iterator[OutMessage]:
    """Messages that tell of `people` synthetic people, the story people among them.

    Raises NoExample where the folder has no example.toml.
    """
    if not place_folder.example:
        raise NoExample(f"{place_folder.path} has no example.toml: this place has no synthetic people")
    made = _Maker(place_folder, seed, today or clock.to_london(clock.now()).date())
    return made.messages(people)


class _Maker:
    """What stays the same from person to person."""

    def __init__(self, place: PlaceFolder, seed: int, today: date) -> None:
        self.place, self.seed, self.today = place, seed, today
        self.example: Mapping[str, Any] = place.example
        self.practices: dict[str, Practice] = practices_of(place, seed)
        self.feeds = {row["organisation_code"]: row for row in place.feeds if row["format"] == "hl7-v2"}

    def messages(self, people: int) -> Iterator[OutMessage]:
        numbers = nhs_number.numbers_for_tests()
        for index, told in enumerate(story_people(self.example, numbers, self.today)):
            if index >= people:
                return
            yield from self._told(told, stories()[index].get("hospital_family", ""))
        yield from self._ordinary(people - len(stories()), numbers)

    def _ordinary(self, people: int, numbers: Iterator[str]) -> Iterator[OutMessage]:
        flows = streams(self.place, self.seed, self.today)
        turns = in_turn(self.place)
        for _ in range(people):
            human, draw = flows[next(turns)].next(next(numbers))
            record, ills = health.record_of(human, draw, self.today)
            visits = health.visits_of(human, ills, draw, self.today, self.example)
            health.letters_of(visits, record)
            for message in self._told(Told(human, record, visits), "", draw):
                yield from faults.spoiled(message, draw, self.example)

    def _told(self, told: Told, hospital_family: str, draw: Random | None = None) -> Iterator[OutMessage]:
        """The GP's bundle, then what the trusts sent. Story people are told without faults."""
        human = told.human
        practice = self.practices[human.practice_code]
        made_at = self._exported(human)
        yield OutMessage(
            f"{practice.code}/{human.key}.json",
            gp_connect.bundle(told, practice, made_at),
            practice.feed_code,
            practice.channel,
            1,
        )
        for trust, visits in groupby(sorted(told.visits, key=_trust), key=_trust):
            desk = self._desk(human, trust, practice, hospital_family)
            desk = faults.typed(human, desk, draw, self.example) if draw else desk
            feed = self.feeds[trust]
            for event in adt.events_of(told, desk, list(visits)):
                yield OutMessage(f"{trust}/{event.name}.hl7", event.raw, str(feed["code"]), str(feed["channel"]), 0)

    def _exported(self, human: Human) -> datetime:
        """Exports run early on the day of making, each practice at its own minute."""
        minute = sum(map(ord, human.practice_code)) % 50
        return moments.at(self.today, 4, minute)

    def _desk(self, human: Human, trust: str, practice: Practice, family: str) -> adt.Desk:
        number = blake2b(f"{trust}|{self.seed}|{human.nhs_number}".encode(), digest_size=5).hexdigest()
        role = next((name for name, code in self.example["story"].items() if code == trust), "")
        return adt.Desk(
            trust, f"H{int(number, 16) % 9_000_000 + 1_000_000}", human.nhs_number, family or human.family,
            practice.name, _SYSTEMS.get(role, "PAS"),
        )  # fmt: skip


def _trust(visit: Visit) -> str:
    return visit.trust
