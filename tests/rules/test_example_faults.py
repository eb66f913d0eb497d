"""Faults of the example come at the rates of example.toml, within binomial bounds; the truth file tells just them."""

import csv
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from datetime import date
from functools import cache
from itertools import islice
from pathlib import Path

import pytest
from factories.places import PLACE

from oneplace import example, formats
from oneplace.example import faults
from oneplace.example.population import ordinary_people
from oneplace.example.shapes import OutMessage, TrueSource
from oneplace.example.story import stories
from oneplace.kernel import nhs_number
from oneplace.kernel.clock import LONDON
from oneplace.kernel.rows import Message, PersonRow, Reject

TODAY = date(2026, 11, 23)
PEOPLE = 3_000
KINDS = {row.code: row.kind for row in PLACE.organisations}
FORMATS = {str(row["code"]): str(row["format"]) for row in PLACE.feeds}
RATES = {kind: faults.rates_of(PLACE.example, kind) for kind in {*KINDS.values()}}
NUMBERS = ("number_missing", "number_invalid", "number_mistyped", "number_of_another", "number_swapped")
OF_SOURCES = sorted(faults.RATES.keys() - {"merged", "out_of_order", "sent_twice", "unreadable"})


@cache
def written() -> list[OutMessage]:
    return list(example.generate(PLACE, PEOPLE, seed=11, today=TODAY))


@cache
def of_ordinary() -> list[OutMessage]:
    """Without the story people, who are told without faults, and without tables."""
    first = sum(not is_table(one) for one in example.generate(PLACE, len(stories()), seed=11, today=TODAY))
    return [one for one in written() if not is_table(one)][first:]


def is_table(message: OutMessage) -> bool:
    return message.name.endswith(("csv", "ndjson"))


def sources() -> list[tuple[str, TrueSource]]:
    """Each source's patients that are ordinary people, with the code of the feed that told of them."""
    named = {row["key"] for row in stories()}
    return [(message.feed_code, one) for message in written() for one in message.truth if one.person not in named]


def near(found: int, chances: Iterable[float]) -> bool:
    """Whether a count is what independent chances may well make of it: within 4 standard deviations and a half."""
    told = list(chances)
    expected, spread = sum(told), sum(chance * (1 - chance) for chance in told) ** 0.5
    return abs(found - expected) <= 4.5 * spread + 1


@cache
def can() -> Mapping[str, float]:
    """The share of people to whom a fault can happen, where it is not everyone."""
    people = ordinary_people(PLACE, 1, TODAY, nhs_number.numbers_for_tests())
    given = [one.told.human for one in islice(people, 2_000)]
    short = sum(bool(human.preferred) or human.given.split()[0] in faults._NICKNAMES for human in given)
    return {"nickname": short / len(given)}


@pytest.mark.parametrize("name", OF_SOURCES)
def test_each_fault_of_a_source_comes_at_its_rate(name: str) -> None:
    told = [one for _, one in sources() if "merged" not in one.faults]
    by_kind: dict[str, list[TrueSource]] = defaultdict(list)
    for one in told:
        by_kind[KINDS[one.source_code]].append(one)
    assert by_kind.keys() >= {"practice", "acute-trust", "ambulance", "county-council", "commissioner"}
    for kind, of_kind in by_kind.items():
        chances = [RATES[kind][name] * can().get(name, 1.0)] * len(of_kind)
        assert near(sum(name in one.faults for one in of_kind), chances), kind
    chances = [RATES[KINDS[one.source_code]][name] * can().get(name, 1.0) for one in told]
    assert near(sum(name in one.faults for one in told), chances)


def test_second_registrations_that_are_merged_come_at_their_rate() -> None:
    told = [(feed, one) for feed, one in sources() if FORMATS.get(feed) == "hl7-v2"]
    again = sum("merged" in one.faults for _, one in told)
    assert again
    first = [RATES[KINDS[one.source_code]]["merged"] for _, one in told if "merged" not in one.faults]
    assert near(again, first)


def test_messages_come_twice_or_broken_at_their_rates() -> None:
    whole = [one for one in of_ordinary() if one.readable and not one.name.endswith(".again")]
    for name, found in (
        ("sent_twice", sum(one.fault == "sent-twice" for one in of_ordinary())),
        ("unreadable", sum(not one.readable for one in of_ordinary())),
    ):
        assert near(found, [RATES[KINDS[one.name.partition("/")[0]]][name] for one in whole]), name
    broken = Counter(one.fault for one in of_ordinary() if not one.readable)
    assert len(broken) >= 6


def test_people_are_told_out_of_order_at_their_rate() -> None:
    feeds = Counter(
        one.person for feed, one in sources() if "csv" not in FORMATS[feed] and "json-" not in FORMATS[feed]
    )
    several = [person for person, count in feeds.items() if count > 1]
    assert near(sum(one.fault == "out-of-order" and bool(one.people) for one in of_ordinary()), [0.02] * len(several))


def test_rows_of_tables_come_twice_or_broken_at_their_rates() -> None:
    files = [one for one in written() if is_table(one)]
    found = Counter("sent_twice" if readable else "unreadable" for one in files for _, _, readable in one.rows)
    chances: dict[str, list[float]] = defaultdict(list)
    for file in files:
        rows = file.raw.count(b"\n") - file.name.endswith("csv") - len(file.rows)
        for name in ("sent_twice", "unreadable"):
            chances[name] += [RATES[KINDS[file.name.partition("/")[0]]][name]] * rows
    assert sum(chances["unreadable"]) > 100
    assert all(near(found[name], chances[name]) for name in chances)
    assert {fault for one in files for _, fault, _ in one.rows} == {
        "sent-twice", "row-cut-short", "row-no-patient", "row-stray-mark", "row-comma",
    }  # fmt: skip


def test_every_broken_row_and_no_other_is_refused_alone() -> None:
    seen = set()
    for file in (one for one in written() if is_table(one)):
        refused = {piece.place for piece in formats.pieces(file.raw) if isinstance(formats.read(piece.raw), Reject)}
        assert refused == {f"line {line}" for line, _, readable in file.rows if not readable}, file.name
        seen.add(FORMATS[file.feed_code])
    assert seen == {"csv-activity", "csv-community-contacts", "csv-social-care-assessments", "ndjson-hospice-episodes"}


def test_an_ndjson_row_can_be_broken_too() -> None:
    lines = [b'{"hospice_patient_id":"1","a":"b"}\n'] * 400
    raw, rows = faults.with_row_faults(lines, False, {"sent_twice": 0.0, "unreadable": 0.5}, faults.Random(1))
    assert {name for _, name, _ in rows} == {"row-cut-short", "row-no-patient"}
    assert raw.count(b"\n") == 400 + len(rows)


@cache
def as_read() -> list[tuple[TrueSource, PersonRow]]:
    """Each source's patient as the truth has them and as their message tells them."""
    found = []
    for message in written():
        if message.truth and not is_table(message):
            read = formats.read(message.raw, message.name)
            assert isinstance(read, Message)
            people = {person.local_id: person for person in read.people}
            found += [(one, people[one.local_id]) for one in message.truth]
    return found


def test_numbers_are_wrong_where_the_truth_says_so_and_nowhere_else() -> None:
    for true, told in as_read():
        wrong = [name for name in NUMBERS if name in true.faults]
        number = told.nhs_number
        if "number_swapped" in wrong or "number_of_another" in wrong:
            assert nhs_number.is_test(number)
            assert number != true.nhs_number
        elif wrong == ["number_missing"]:
            assert number == ""
        elif wrong:
            assert number not in {"", true.nhs_number}
            assert not nhs_number.is_valid(number) or number == "1234567890"
        else:
            assert number == true.nhs_number


def test_names_births_and_homes_differ_where_the_truth_says_so_and_nowhere_else() -> None:
    practice = {
        true.person: told for true, told in as_read() if KINDS[true.source_code] == "practice" and not true.faults
    }
    known = {one.person for _, one in sources()}  # a story's hospital may know her by another name
    compared = 0
    for true, told in as_read():
        right = practice.get(true.person)
        if right is None or true.person not in known or KINDS[true.source_code] == "practice":
            continue
        compared += 1
        faults_ = {*true.faults}
        other_name = told.names[0].family != right.names[0].family or _first(told) != _first(right)
        assert other_name == bool(faults_ & {"name_misspelt", "names_swapped", "nickname", "old_surname"}) or (
            "name_misspelt" in faults_  # of a second given name, which not every message tells
        ), (true, told.names, right.names)
        other_birth = told.birth_date != right.birth_date
        assert other_birth == bool(faults_ & {"birth_day_month", "birth_off_by_one", "birth_in_future"})
        other_home = told.addresses[0].postcode != right.addresses[0].postcode
        assert not other_home or "moved" in faults_
    assert compared > 500


def _first(person: PersonRow) -> str:
    return person.names[0].given.partition(" ")[0]


def test_the_silent_feed_of_the_folder_has_stopped_and_spoke_before() -> None:
    told = PLACE.example["faults"]
    sent = [
        read.sent_at.astimezone(LONDON).date()
        for one in written()
        if one.feed_code == told["silent_feed"]
        for read in [formats.read(one.raw, one.name)]
        if isinstance(read, Message) and read.sent_at
    ]
    assert sent
    assert (TODAY - max(sent)).days > told["silent_days"]


def test_the_truth_file_names_each_broken_message_and_row(tmp_path: Path) -> None:
    with example.TruthFile(tmp_path / "truth.csv") as truth:
        for message in written():
            truth.add(message)
    with (tmp_path / "truth.messages.csv").open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    unreadable = {row["name"] for row in rows if row["readable"] == "no"}
    of_rows = {f"{one.name}, line {line}" for one in written() for line, _, readable in one.rows if not readable}
    assert unreadable == of_rows | {one.name for one in written() if not one.readable}
    assert len(rows) == len(written()) + sum(len(one.rows) for one in written())
