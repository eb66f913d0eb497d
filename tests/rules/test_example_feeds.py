"""The example's feeds: every kind of message can be read, faults come at their rates, and the truth file tells both."""

import csv
from collections import Counter
from dataclasses import replace
from datetime import date, datetime
from functools import cache
from pathlib import Path

import orjson
import pytest
from factories.places import PLACE

from oneplace import example, formats
from oneplace.example import faults
from oneplace.example.proportions import usual
from oneplace.kernel import nhs_number
from oneplace.kernel.rows import Kind, Message, Move, Reject
from oneplace.place.folder import PlaceFolder

TODAY = date(2026, 11, 23)
TROUBLED = {
    **{name: 0.1 for name in faults.RATES}, "unreadable": 0.1, "sent_twice": 0.05, "number_swapped": 0.2,
}  # fmt: skip


def with_faults(told: dict[str, object], place: PlaceFolder = PLACE) -> PlaceFolder:
    return replace(place, example={**place.example, "faults": told})


def made(place: PlaceFolder, people: int, seed: int = 7, full: bool = False) -> list[example.OutMessage]:
    return list(example.generate(place, people, seed=seed, today=TODAY, full=full))


@cache
def troubled() -> list[example.OutMessage]:
    return [one for one in made(with_faults(TROUBLED), 700) if not is_table(one)]


@cache
def plain() -> list[example.OutMessage]:
    return [one for one in made(PLACE, 700) if not is_table(one)]


def is_table(message: example.OutMessage) -> bool:
    return message.name.endswith(("csv", "ndjson"))


def source_of(message: example.OutMessage, place: PlaceFolder = PLACE) -> str:
    return next(str(row["organisation_code"]) for row in place.feeds if row["code"] == message.feed_code)


def test_each_message_names_its_feeds_organisation_and_its_patient_as_the_truth_does() -> None:
    for message in plain():
        read = formats.read(message.raw, message.name)
        if not message.readable:
            assert isinstance(read, Reject), (message.name, message.fault)
            continue
        assert isinstance(read, Message), (message.name, read)
        assert read.source_code == source_of(message)
        assert {one.local_id for one in message.truth} <= {person.local_id for person in read.people}
        assert {one.source_code for one in message.truth} <= {read.source_code}


def test_each_kind_of_service_is_heard() -> None:
    kinds = {row.code: row.kind for row in PLACE.organisations}
    heard = {kinds[source_of(message)] for message in plain()}
    assert heard >= {
        "practice", "acute-trust", "community-trust", "mental-health-trust", "ambulance", "out-of-hours",
    }  # fmt: skip


def test_letters_have_their_sections_and_are_documents() -> None:
    titles = Counter()
    for message in plain():
        read = formats.read(message.raw, message.name)
        if isinstance(read, Message) and read.format == "fhir-stu3-xml":
            for entry in read.entries:
                if entry.kind is Kind.DOCUMENT:
                    titles[entry.display.partition(",")[0]] += 1
                    assert len(entry.detail["components"]) >= 5
    assert titles.keys() >= {"Discharge summary", "Outpatient letter", "Emergency care summary"}


def test_full_records_tell_the_same_in_more_bytes() -> None:
    compact, full = ([one for one in made(PLACE, 30, full=full) if one.people] for full in (False, True))
    assert sum(len(one.raw) for one in full) > 1.5 * sum(len(one.raw) for one in compact)
    for small, large in zip(compact, full, strict=True):
        first, second = formats.read(small.raw), formats.read(large.raw)
        assert isinstance(first, Message)
        assert isinstance(second, Message)
        assert first.entries == second.entries


@pytest.mark.parametrize("seed", [3, 99, 20_261])
def test_any_seed_gives_messages_that_read_as_they_should(seed: int) -> None:
    for message in made(PLACE, 150, seed=seed):
        if is_table(message):
            continue
        assert isinstance(formats.read(message.raw, message.name), Message) is message.readable, message.name


def test_every_fault_of_a_source_is_made_and_named() -> None:
    named = Counter(fault for message in troubled() for one in message.truth for fault in one.faults)
    assert named.keys() == faults.RATES.keys() - {"sent_twice", "unreadable", "out_of_order"}


def test_faults_of_messages_are_made_and_named() -> None:
    named = Counter(message.fault for message in troubled())
    unreadable = {"truncated", "wrong-type", "no-person", "garbage", "error-page", "wrong-charset", "empty"}
    assert named.keys() == {"", "sent-twice", "out-of-order", *unreadable}
    assert all(message.readable is (message.fault not in unreadable) for message in troubled())


def test_unreadable_messages_are_refused() -> None:
    for message in troubled():
        if not message.readable:
            assert isinstance(formats.read(message.raw, message.name), Reject), (message.name, message.fault)


def test_a_swapped_number_is_the_other_persons_at_the_same_feed() -> None:
    true = {one.nhs_number: one.person for message in troubled() for one in message.truth}
    told: dict[tuple[str, str], str] = {}
    for message in troubled():
        for one in message.truth:
            if "number_swapped" in one.faults and message.readable:
                read = formats.read(message.raw)
                assert isinstance(read, Message)
                told[message.feed_code, one.person] = true[read.people[0].nhs_number]
    pairs = [(key, other) for key, other in told.items() if (key[0], other) in told]
    assert len(pairs) > 10
    assert all(told[key[0], other] == key[1] != other for key, other in pairs)


def test_a_number_of_another_is_valid_and_belongs_to_somebody() -> None:
    numbers = {one.nhs_number for message in troubled() for one in message.truth}
    found = 0
    for message in troubled():
        for one in message.truth:
            read = formats.read(message.raw)
            if "number_of_another" in one.faults and "number_swapped" not in one.faults and isinstance(read, Message):
                number = read.people[0].nhs_number
                assert nhs_number.is_test(number)
                assert number != one.nhs_number
                found += number in numbers
    assert found > 10


def test_twins_share_birthday_surname_and_home() -> None:
    people = []
    many = {**PLACE.example, "population": {"households": {"twins": 0.5}}, "faults": dict.fromkeys(faults.RATES, 0)}
    for message in made(replace(PLACE, example=many), 300):
        read = formats.read(message.raw)
        if message.people and isinstance(read, Message):
            person = read.people[0]
            people.append((person.birth_date, person.names[0].family, person.addresses[0]))
    assert sum(count > 1 for count in Counter(people).values()) > 10


def test_the_silent_feed_says_nothing_after_its_stop() -> None:
    code = next(str(row["code"]) for row in PLACE.feeds if row["format"] == "hl7-v2")
    quiet = made(with_faults({"silent_feed": code, "silent_days": 300}), 500)
    stop = datetime(2026, 1, 27, tzinfo=formats_zone())
    sent = [formats.read(one.raw) for one in quiet if one.feed_code == code and one.readable]
    at = [read.sent_at for read in sent if isinstance(read, Message) and read.sent_at]
    assert at
    assert max(at) < stop
    loud = [formats.read(one.raw) for one in plain() if one.feed_code == code and one.readable]
    assert max(read.sent_at for read in loud if isinstance(read, Message) and read.sent_at) > stop


def formats_zone() -> object:
    from oneplace.kernel.clock import LONDON

    return LONDON


def test_merges_and_cancels_are_sent() -> None:
    moves = Counter()
    for message in troubled():
        read = formats.read(message.raw)
        if isinstance(read, Message):
            moves.update(event.move for event in read.events)
    assert moves.keys() >= {Move.MERGED, Move.ADMITTED, Move.DISCHARGED, Move.ATTENDED, Move.TRANSFERRED}


def test_rates_are_the_kinds_own_else_the_folders_else_the_usual() -> None:
    told = {"faults": {"moved": 0.5, "practice": {"nickname": 0.25}}}
    assert faults.rates_of(told, "practice")["nickname"] == 0.25
    assert faults.rates_of(told, "practice")["moved"] == 0.5
    assert faults.rates_of(told, "hospice")["nickname"] == faults.RATES["nickname"]
    assert faults.rates_of({}, "hospice") == faults.RATES


def test_folder_without_example_has_people_made_of_its_own_tables() -> None:
    bare = replace(PLACE, example={})
    told = made(bare, 60)
    assert sum(message.people for message in told) == 60
    assert {formats.read(message.raw).format for message in told if message.readable and not is_table(message)} >= {
        "fhir-r4-json",
        "hl7-v2",
    }


def test_folder_without_practices_says_so() -> None:
    empty = replace(PLACE, organisations=tuple(row for row in PLACE.organisations if row.kind != "practice"))
    with pytest.raises(example.NoExample, match="no practices"):
        example.generate(empty, 10)


def test_truth_file_has_a_line_a_patient_and_a_line_a_message(tmp_path: Path) -> None:
    path = tmp_path / "truth.csv"
    with example.TruthFile(path) as truth:
        for message in troubled():
            truth.add(message)
    with path.open(encoding="utf-8") as file:
        patients = list(csv.DictReader(file))
    with (tmp_path / "truth.messages.csv").open(encoding="utf-8") as file:
        messages = list(csv.DictReader(file))
    assert len(patients) == len({(row["source_code"], row["local_id"]) for row in patients})
    assert {row["sex"] for row in patients} == {"male", "female"}
    assert len(messages) == len(troubled())
    assert Counter(row["readable"] for row in messages)["no"] == sum(not one.readable for one in troubled())


EXTRACTS = (
    ("community-trust", "csv-community-contacts", "local_patient_id", "contact_id"),
    ("county-council", "csv-social-care-assessments", "client_id", "assessment_id"),
    ("county-council", "csv-social-care-packages", "client_id", "service_event_id"),
    ("hospice", "ndjson-hospice-episodes", "hospice_patient_id", "hospice_episode_id"),
)


def with_tables() -> PlaceFolder:
    """The example place with table feeds of community trust, county council and hospice, and no others of those."""
    of_kind = {row.kind: row.code for row in PLACE.organisations}
    feeds = [
        {"code": form, "organisation_code": of_kind[kind], "format": form, "supplier": "S", "channel": "folder"}
        for kind, form, _, _ in EXTRACTS
    ]
    others = [row for row in PLACE.feeds if "csv" not in row["format"] and "ndjson" not in row["format"]]
    often = {"elsewhere": {"hospice": [0.2, 0.2, 0.3, 0.4], "county-council": [0.2, 0.2, 0.3, 0.4]}}
    often["faults"] = {**PLACE.example["faults"], "sent_twice": 0.0, "unreadable": 0.0}
    return replace(PLACE, feeds=(*others, *feeds), example={**PLACE.example, **often})


@cache
def tabled() -> list[example.OutMessage]:
    return made(with_tables(), 1_000)


def rows_in(file: example.OutMessage) -> list[dict[str, str]]:
    if file.name.endswith(".csv"):
        return list(csv.DictReader(file.raw.decode().splitlines()))
    return [orjson.loads(line) for line in file.raw.splitlines()]


@pytest.mark.parametrize(("kind", "form", "patient", "own"), EXTRACTS)
def test_tables_have_a_row_a_contact_and_a_file_for_many_people(kind: str, form: str, patient: str, own: str) -> None:
    files = [one for one in tabled() if one.feed_code == form]
    rows = [row for one in files for row in rows_in(one)]
    truth = {line.local_id: line for one in files for line in one.truth}
    assert 3 <= len(files) <= 5
    assert len(rows) > 2 * len(files)
    assert len({row[own] for row in rows}) == len(rows)
    assert {row[patient] for row in rows} == truth.keys()
    read = [formats.read(one) for file in files for one in formats.split(file.raw)]
    assert all(isinstance(one, Message) for one in read)
    assert {one.format for one in read} == {form}
    assert {person.local_id for one in read if isinstance(one, Message) for person in one.people} == truth.keys()
    whole = [row for row in rows if not truth[row[patient]].faults]
    assert all(row["nhs_number"] == truth[row[patient]].nhs_number for row in whole)


def test_use_reaches_a_table_with_its_point_of_delivery_provider_and_cost() -> None:
    code = next(str(row["code"]) for row in PLACE.feeds if row["format"] == "csv-activity")
    files = [one for one in made(PLACE, 300) if one.feed_code == code]
    entries = [
        entry
        for file in files
        for piece in formats.split(file.raw)
        for read in [formats.read(piece)]
        if isinstance(read, Message)
        for entry in read.entries
    ]
    assert {(entry.kind, entry.type) for entry in entries} == {(Kind.ENCOUNTER, "Activity")}
    assert {entry.display for entry in entries} >= {"gp-contact", "prescribing", "outpatient", "emergency-admission"}
    told = usual()["use"] | usual()["care"]
    for entry in entries:
        count, pence = int(entry.detail["count"]), int(entry.detail["cost_pence"])
        assert pence == count * told[entry.display]["pence"]
    codes = {row.code for row in PLACE.organisations}
    assert {entry.detail["place"] for entry in entries} <= codes


def test_a_longer_run_begins_with_the_shorter_but_for_its_last_tables() -> None:
    short, long = made(with_tables(), 100), made(with_tables(), 160)
    while short[-1].name.endswith(("csv", "ndjson")):
        short.pop()
    assert long[: len(short)] == short


def test_a_feed_in_a_format_that_is_not_written_here_says_nothing() -> None:
    trust = next(row.code for row in PLACE.organisations if row.kind == "acute-trust")
    odd = {"code": "odd", "organisation_code": trust, "format": "edifact", "supplier": "S", "channel": "mesh"}
    others = tuple(row for row in PLACE.feeds if row["organisation_code"] != trust)
    told = made(replace(PLACE, feeds=(*others, odd)), 80)
    assert not [one for one in told if one.feed_code == "odd"]
    assert sum(one.people for one in told) == 80
