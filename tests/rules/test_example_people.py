"""The example's people: the same bytes each time, test numbers only, true proportions, clinically consistent."""

import statistics
import tracemalloc
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any

import orjson
import pytest
from factories.places import COMMUNITY, HOSPITAL, PLACE

from oneplace import example, formats
from oneplace.example import catalogue, moments
from oneplace.example.catalogue import may_have
from oneplace.example.defaults import settings_of
from oneplace.example.story import stories
from oneplace.kernel import nhs_number
from oneplace.kernel.clock import age_on
from oneplace.kernel.rows import Kind, Message, Move, Reject

TODAY = date(2026, 11, 23)
ACTIVITY = next(row["code"] for row in PLACE.feeds if row["format"] == "csv-activity")
STORY_PRACTICE = PLACE.example["story"]["practice"]


@cache
def made(people: int, seed: int = 1) -> list[example.OutMessage]:
    told = example.generate(PLACE, people, seed=seed, today=TODAY)
    return [one for one in told if not one.name.endswith(("csv", "ndjson"))]  # files of tables end a run


@pytest.fixture(scope="module")
def messages() -> list[example.OutMessage]:
    return made(1_200)


@pytest.fixture(scope="module")
def readable(messages: list[example.OutMessage]) -> list[Message]:
    told = (formats.read(message.raw, message.name) for message in messages)
    return [each for each in told if isinstance(each, Message)]


def bundles(messages: list[example.OutMessage]) -> Iterator[dict[str, Any]]:
    for message in messages:
        if message.people:
            yield orjson.loads(message.raw)


def test_generator_gives_the_same_bytes_for_a_seed() -> None:
    again = made.__wrapped__(60)
    assert again == made(60)
    assert [message.raw for message in made(60, seed=2)[-40:]] != [message.raw for message in made(60)[-40:]]


def test_longer_run_begins_with_the_shorter_one() -> None:
    short = made(40)
    assert made(80)[: len(short)] == short


def test_generator_tells_of_as_many_people_as_asked(messages: list[example.OutMessage]) -> None:
    assert sum(message.people for message in messages) == 1_200
    assert sum(message.people for message in made(5)) == 5
    assert made(0) == []


def test_story_people_come_first_and_at_their_ages() -> None:
    expected = {"reg": 77, "ethel": 81, "mary": 83, "paul": 54}
    people = [(row["key"], read.people[0]) for row, read in zip(stories(), _story_bundles(), strict=True)]
    assert [key for key, _ in people[:4]] == ["reg", "ethel", "ethel-walker", "mary"]
    ages = {key: age_on(person.birth_date, TODAY) for key, person in people if person.birth_date}
    assert {key: ages[key] for key in expected} == expected


@pytest.mark.parametrize("own", [True, False])
def test_story_is_told_in_the_words_of_the_place(own: bool) -> None:
    """A place's own words, or what its tables tell; nothing of the file's own signs is left."""
    place = PLACE if own else replace(PLACE, example={})
    words = settings_of(place)["story"]["words"]
    assert own == (words["ward"] == PLACE.example["story"]["words"]["ward"])
    told = [one for one in example.generate(place, len(stories()), seed=1, today=TODAY) if one.people]
    mary = formats.read(told[3].raw, told[3].name)
    assert isinstance(mary, Message)
    assert words["town"] in mary.people[0].addresses[0].lines
    assert not any(f"${name}".encode() in one.raw for one in told for name in words)


def test_two_ethels_are_two_people() -> None:
    ethels = [read.people[0] for read in _story_bundles() if read.people[0].names[0].given == "Ethel"]
    assert {person.names[0].family for person in ethels} == {"Pargeter", "Walker"}
    assert len({person.nhs_number for person in ethels}) == 2
    assert len({person.birth_date for person in ethels}) == 2


def test_story_people_are_registered_with_the_story_practice() -> None:
    elsewhere = [
        row["key"]
        for row, read in zip(stories(), _story_bundles(), strict=True)
        if read.people[0].practice_code != STORY_PRACTICE
    ]
    assert elsewhere == ["irene", "norman"]


def test_mary_has_a_series_of_hba1c_and_three_sources() -> None:
    told = [formats.read(message.raw) for message in made(len(stories()))]
    mary = [read for read in told if isinstance(read, Message) and read.people[0].names[0].family == "Tillotson"]
    assert {read.source_code for read in mary} == {STORY_PRACTICE, HOSPITAL, COMMUNITY}
    series = [entry for read in mary for entry in read.entries if entry.code == "999791000000106"]
    assert len(series) == 8
    assert all(entry.unit == "mmol/mol" and entry.high == 41 for entry in series)


def test_reg_is_still_on_the_ward() -> None:
    told = [formats.read(message.raw) for message in made(1)]
    trust = [read for read in told if isinstance(read, Message) and read.format == "hl7-v2"]
    moves = [event.move for read in trust for event in read.events]
    assert moves.count(Move.ADMITTED) == 1
    assert moves[-1] == Move.ADMITTED


def test_becky_is_known_by_another_surname_at_the_hospital() -> None:
    told = [formats.read(message.raw) for message in made(len(stories()))]
    by_number: dict[str, set[str]] = {}
    for read in told:
        assert isinstance(read, Message)
        by_number.setdefault(read.people[0].nhs_number, set()).add(read.people[0].names[0].family)
    assert [names for names in by_number.values() if len(names) > 1] == [{"Marlowe", "Hollis"}]


def test_nhs_numbers_of_practices_are_test_numbers_and_unique(messages: list[example.OutMessage]) -> None:
    numbers = []
    for message in messages:
        if message.people:
            read = formats.read(message.raw)
            assert isinstance(read, Message)
            numbers.append(read.people[0].nhs_number)
    told = [number for number in numbers if nhs_number.is_valid(number)]  # a few are not, as the place's faults say
    assert len(numbers) == 1_200
    # Two may bear one number: the faults give some people another's.
    assert len(told) - 3 <= len(set(told))
    assert len(set(told)) > 1_185
    assert all(nhs_number.is_test(number) for number in told)


def test_no_valid_number_outside_the_test_range_is_ever_sent(readable: list[Message]) -> None:
    told = {person.nhs_number for read in readable for person in read.people if person.nhs_number}
    assert [number for number in told if nhs_number.is_valid(number) and not nhs_number.is_test(number)] == []


def test_median_bundle_is_compact(messages: list[example.OutMessage]) -> None:
    for form in ("fhir-stu3-json", "fhir-r4-json"):
        feeds = {row["code"] for row in PLACE.feeds if row["format"] == form}
        sizes = [len(message.raw) for message in messages if message.people and message.feed_code in feeds]
        assert statistics.median(sizes) <= 15_000
    resources = [len(bundle["entry"]) for bundle in bundles(messages)]
    assert 20 <= statistics.mean(resources) <= 60


def test_practices_have_people_in_proportion_to_their_lists() -> None:
    counts: Counter[str] = Counter()
    for message in made(1_200):
        if message.people:
            counts[message.name.partition("/")[0]] += 1
    counts[STORY_PRACTICE] -= len(stories()) - 2
    counts.subtract({PLACE.example["story"]["other_practice"]: 1, PLACE.example["story"]["silent_practice"]: 1})
    total = sum(row.list_size or 0 for row in PLACE.practices())
    ordinary = 1_200 - len(stories())
    for row in PLACE.practices():
        assert abs(counts[row.code] - ordinary * (row.list_size or 0) / total) <= 1


def test_ages_and_sexes_are_those_of_the_lists(messages: list[example.OutMessage]) -> None:
    found: Counter[str] = Counter()
    for bundle in (orjson.loads(message.raw) for message in messages if message.people):
        patient = next(e["resource"] for e in bundle["entry"] if e["resource"]["resourceType"] == "Patient")
        old = TODAY.year - int(patient["birthDate"][:4]) >= 65
        found[patient["gender"]] += 1
        found["old"] += old
    told = sum(row.male + row.female for row in PLACE.ages)
    old = sum(row.male + row.female for row in PLACE.ages if row.age_from >= 65) / told
    female = sum(row.female for row in PLACE.ages) / told
    assert abs(found["old"] / 1_200 - old) < 0.03
    assert abs(found["female"] / 1_200 - female) < 0.03


def test_every_message_but_the_broken_can_be_read_without_surprise(messages: list[example.OutMessage]) -> None:
    expected = {"nhs-number-invalid", "nhs-number-missing"}
    for message in messages:
        read = formats.read(message.raw, message.name)
        if not message.readable:
            assert isinstance(read, Reject), (message.name, message.fault)
            continue
        assert isinstance(read, Message), message.name
        assert {issue.code for issue in read.issues} <= expected, message.name


def test_repeated_message_is_the_same_bytes(messages: list[example.OutMessage]) -> None:
    raws = {message.name: message.raw for message in messages}
    again = [name for name in raws if name.endswith(".again")]
    assert again
    assert all(raws[name] == raws[name.removesuffix(".again")] for name in again)


def test_story_people_are_told_without_faults() -> None:
    assert all(not message.name.endswith((".broken", ".again")) for message in made(len(stories())))


def test_nothing_happens_before_birth_or_after_today(readable: list[Message]) -> None:
    end = datetime(TODAY.year, TODAY.month, TODAY.day, tzinfo=UTC) + timedelta(days=1)
    for read in readable:
        born = read.people[0].birth_date
        for entry in read.entries:
            if entry.happened_at is None or born is None or born > TODAY or entry.kind is Kind.REQUEST:  # a fault
                continue
            assert entry.happened_at.date() >= born, entry.display
            assert entry.happened_at < end, entry.display


def test_feeds_that_are_named_are_those_of_the_folder(messages: list[example.OutMessage]) -> None:
    assert {message.feed_code for message in messages} <= {row["code"] for row in PLACE.feeds}


def test_pending_practices_have_people_too(messages: list[example.OutMessage]) -> None:
    pending = {row["controller_code"] for row in PLACE.pending_agreements}
    told = {message.name.partition("/")[0] for message in messages if message.people}
    assert pending <= told


def test_nobody_is_given_what_does_not_go_together(readable: list[Message]) -> None:
    words = catalogue.catalogue()
    key_of = {drug.code: key for key, drug in words.drugs.items()} | {c.code: key for key, c in words.concepts.items()}
    for read in readable[len(stories()) * 6 :]:
        if read.format != "fhir-stu3-json":
            continue
        kinds = {Kind.MEDICATION, Kind.PROBLEM, Kind.ALLERGY}
        present = {key_of[entry.code] for entry in read.entries if entry.kind in kinds and not entry.ended_at}
        for drug in present & words.drugs.keys():
            assert may_have(drug, 40, present - {drug}) or drug in {"methylphenidate"}, (drug, present)


def test_catalogue_refers_to_itself_only() -> None:
    words = catalogue.catalogue()
    for illness in (*words.conditions, *words.acute):
        assert illness.key in words.concepts
        assert {drug for choice in illness.drugs for drug in choice if drug} <= words.drugs.keys()
        assert set(illness.tests) <= {*words.tests, *words.concepts, "bp"}
    known = {*words.drugs, *words.concepts}
    assert all({drug, *others} <= known for drug, others in words.avoid.items())
    codes = [row.code for row in (*words.concepts.values(), *words.tests.values(), *words.drugs.values())]
    assert len(codes) == len(set(codes))


def test_catalogue_codes_hold_their_check_digit() -> None:
    words = catalogue.catalogue()
    for row in (*words.concepts.values(), *words.tests.values(), *words.drugs.values()):
        assert _verhoeff(row.code), row


def test_memory_does_not_grow_with_the_number_of_people() -> None:
    stream = example.generate(PLACE, 100_000, today=TODAY)
    assert isinstance(stream, Iterator)
    _to_next_tables(stream, 1)  # caches and practices are filled once
    tracemalloc.start()
    _to_next_tables(stream, 1)
    first = tracemalloc.get_traced_memory()[0]
    _to_next_tables(stream, 3)
    later = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert later - first < 400_000


def _to_next_tables(stream: Iterator[example.OutMessage], times: int) -> None:
    """On to where so many blocks of people are told and nothing of them waits."""
    tables = (one for one in stream if one.feed_code == ACTIVITY)
    for _ in range(times):
        next(tables)


def test_personas_stand_in_organisations_of_the_place() -> None:
    told = example.personas(PLACE)
    codes = {row.code for row in PLACE.organisations}
    signed = {row["controller_code"] for row in PLACE.agreements}
    assert {persona.role for persona in told if not persona.organisation_code} == {"person", "proxy"}
    assert all(persona.organisation_code in codes for persona in told if persona.organisation_code)
    assert {there for persona in told for _, there in persona.also} <= codes
    assert {persona.of for persona in told if persona.of} <= set(example.story_numbers())
    by_key = {persona.key: persona for persona in told}
    assert by_key["fiona"].organisation_code == STORY_PRACTICE
    assert by_key["owen"].organisation_code not in signed
    assert by_key["ruth"].organisation_code in signed - {STORY_PRACTICE}
    assert len(by_key) == len(told)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("-9d 14:20", datetime(2026, 11, 14, 14, 20, tzinfo=moments.LONDON)),
        ("+1d", datetime(2026, 11, 24, 9, 0, tzinfo=moments.LONDON)),
        ("-1y", datetime(2025, 11, 23, 9, 0, tzinfo=moments.LONDON)),
    ],
)
def test_moments_are_counted_from_today(text: str, expected: datetime) -> None:
    assert moments.moment(text, TODAY) == expected


def test_moment_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="no moment"):
        moments.moment("last week", TODAY)


@cache
def _story_bundles() -> list[Message]:
    told = [formats.read(message.raw) for message in made(len(stories())) if message.people]
    return [read for read in told if isinstance(read, Message)]


def _verhoeff(code: str) -> bool:
    """SNOMED CT's check digit."""
    turn = [
        [0, 1, 2, 3, 4, 5, 6, 7, 8, 9], [1, 5, 7, 6, 2, 8, 3, 0, 9, 4], [5, 8, 0, 3, 7, 9, 6, 1, 4, 2],
        [8, 9, 1, 6, 0, 4, 3, 5, 2, 7], [9, 4, 5, 3, 1, 2, 6, 8, 7, 0], [4, 2, 8, 6, 5, 7, 3, 9, 0, 1],
        [2, 7, 9, 3, 8, 0, 6, 4, 1, 5], [7, 0, 4, 6, 9, 1, 3, 2, 5, 8],
    ]  # fmt: skip
    check = 0
    for index, digit in enumerate(reversed(code)):
        check = _dihedral(check, turn[index % 8][int(digit)])
    return check == 0


def _dihedral(a: int, b: int) -> int:
    if a < 5:
        return (a + b) % 5 if b < 5 else (a + b - 5) % 5 + 5
    return (a - 5 - b) % 5 + 5 if b < 5 else (a - b) % 5
