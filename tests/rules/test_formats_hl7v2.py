"""HL7 v2 ADT: people, visits and events by trigger, keys that hold when a segment is sent again, faults by field."""

from datetime import UTC, date, datetime
from typing import Any

import hl7
import pytest
from factories import wire

from oneplace import formats
from oneplace.formats.hl7v2.segments import Separators, lines_of, segments_of
from oneplace.kernel.rows import EntryRow, Kind, Message, Move

ADMITTED = datetime(2021, 1, 4, 10, 0, tzinfo=UTC)
RECORDED = datetime(2021, 1, 4, 10, 29, tzinfo=UTC)
DISCHARGED_PV1 = wire.PV1 + "|202101051200"


def read(event: str = "A01", *segments: str, **more: str) -> Message:
    message = formats.read(wire.adt(event, *segments, **more))
    assert isinstance(message, Message), message
    return message


def entry(segment: str) -> EntryRow:
    """The one entry beside the visit that this segment becomes."""
    _, told = read("A01", segment).entries
    return told


def faults(message: Message) -> list[tuple[str, str]]:
    return [(issue.path, issue.code) for issue in message.issues]


def pid(**fields: str) -> str:
    """The usual PID with some fields told otherwise, as p5="..."."""
    parts = wire.PID.split("|") + [""] * 25
    for name, value in fields.items():
        parts[int(name[1:])] = value
    return "|".join(parts)


@pytest.mark.parametrize("end", ["\r", "\n", "\r\n"])
def test_message_is_read_whatever_its_line_ends_and_framing(end: str) -> None:
    message = formats.read(b"\x0b" + wire.adt(end=end) + b"\x1c\r")

    assert isinstance(message, Message)
    assert (message.format, message.source_code, message.message_id) == ("hl7-v2", "RCB", "PAS|RCB|MSG1")
    assert (message.sent_at, message.resources) == (datetime(2021, 1, 4, 10, 30, tzinfo=UTC), 4)
    assert [told.source_id for told in message.entries] == ["V100"]
    assert message.issues == ()


def test_person_is_read_whole() -> None:
    told = read(
        "A31",
        "PD1|||EXAMPLE PRACTICE^^g99001",
        pid=pid(
            p9="MOLLY^TESTCASE",
            p13="01900 000000^PRN~^^^^^^^^^^^07000 000000",
            p14="01900 000000",
            p15="EN^English",
            p29="20210101",
            p30="Y",
        ),
    ).people[0]

    assert (told.local_id, told.nhs_number) == ("RCB:RCB123", "9990000018")
    assert [(name.family, name.given, name.prefix, name.use) for name in told.names] == [
        ("TESTCASE", "MARY A", "MRS", "official"),
        ("MOLLY", "TESTCASE", "", "alias"),
    ]
    assert (told.birth_date, told.sex, told.language) == (date(1951, 12, 12), "female", "English")
    assert told.addresses[0].lines == ("1 HIGH STREET", "TOWN", "KENT")
    assert (told.addresses[0].postcode, told.addresses[0].use) == ("ME1 2AB", "home")
    assert told.phones == ("01900 000000", "07000 000000")
    assert (told.deceased, told.deceased_at) == (True, datetime(2021, 1, 1, tzinfo=UTC))
    assert (told.practice_code, told.practice_name) == ("G99001", "EXAMPLE PRACTICE")
    assert told.version_at == RECORDED


@pytest.mark.parametrize(
    ("identifiers", "local_id"),
    [
        ("7^^^PAS~9990000018^^^NHS", "PAS:7"),
        ("7~9990000018^^^NHS", "7"),
        ("9990000018^^^NHS", "nhs:9990000018"),
        ("999 000 0018^^^^NH", "nhs:9990000018"),
        ("^^^PAS~9990000018^^^NHS", "nhs:9990000018"),
        ("7^^^" + "P" * 200, ("P" * 200 + ":7")[:120]),
    ],
)
def test_local_id_is_the_senders_own_number_before_the_nhs_number(identifiers: str, local_id: str) -> None:
    assert read(pid=pid(p3=identifiers)).people[0].local_id == local_id


@pytest.mark.parametrize(
    ("number", "code"), [("3333333333", "nhs-number-placeholder"), ("1234567890", "nhs-number-invalid")]
)
def test_doubtful_number_alone_never_folds_two_people_into_one(number: str, code: str) -> None:
    one = read(pid=pid(p3=f"{number}^^^NHS"))
    again = read("A03", pid=pid(p3=f"{number}^^^NHS"))
    other = read(pid=pid(p3=f"{number}^^^NHS", p5="OTHER^JOHN"))

    assert one.people[0].local_id == again.people[0].local_id != other.people[0].local_id
    assert one.people[0].local_id.startswith(f"nhs:{number}#")
    assert faults(one) == [("PID[1]", "local-id-weak"), ("PID[1].3", code)]


@pytest.mark.parametrize(
    ("fields", "attribute", "value", "issue"),
    [
        ({"p7": "196513121515"}, "birth_date", None, ("PID[1].7", "date-unreadable")),
        ({"p7": "1965"}, "birth_date", None, ("PID[1].7", "birth-date-partial")),
        ({"p7": "17001212"}, "birth_date", None, ("PID[1].7", "date-unreadable")),
        ({"p7": "12/12/1965"}, "birth_date", None, ("PID[1].7", "date-unreadable")),
        ({"p7": ""}, "birth_date", None, None),
        ({"p7": "196507012330"}, "birth_date", date(1965, 7, 1), None),
        ({"p8": "Q"}, "sex", "", ("PID[1].8", "sex-unknown")),
        ({"p8": ""}, "sex", "", None),
        ({"p8": "M"}, "sex", "male", None),
        ({"p5": ""}, "names", (), ("PID[1].5", "name-missing")),
        ({"p5": '""'}, "names", (), ("PID[1].5", "name-missing")),
        ({"p11": "^^^^^^H"}, "addresses", (), None),
        ({"p15": "L" * 100}, "language", "L" * 80, ("PID[1]", "too-long")),
    ],
)
def test_person_field_that_cannot_be_used_is_an_issue(
    fields: dict[str, str], attribute: str, value: Any, issue: tuple[str, str] | None
) -> None:
    message = read(pid=pid(**fields))
    assert getattr(message.people[0], attribute) == value
    assert faults(message) == ([issue] if issue else [])


@pytest.mark.parametrize(
    ("event", "pv1", "status", "move", "at"),
    [
        ("A01", wire.PV1, "in-progress", Move.ADMITTED, ADMITTED),
        ("A02", wire.PV1, "in-progress", Move.TRANSFERRED, RECORDED),
        ("A03", DISCHARGED_PV1, "finished", Move.DISCHARGED, datetime(2021, 1, 5, 12, tzinfo=UTC)),
        ("A03", wire.PV1, "finished", Move.DISCHARGED, RECORDED),
        ("A04", wire.PV1, "in-progress", Move.ATTENDED, ADMITTED),
        ("A05", wire.PV1, "planned", None, None),
        ("A08", wire.PV1, "in-progress", None, None),
        ("A08", DISCHARGED_PV1, "finished", None, None),
        ("A11", wire.PV1, "cancelled", Move.ADMISSION_CANCELLED, RECORDED),
        ("A12", wire.PV1, "in-progress", Move.TRANSFER_CANCELLED, RECORDED),
        ("A06", wire.PV1, "in-progress", Move.ADMITTED, RECORDED),
        ("A07", wire.PV1, "in-progress", Move.ATTENDED, RECORDED),
        ("A14", wire.PV1, "planned", None, None),
        ("A23", wire.PV1, "entered-in-error", Move.ADMISSION_CANCELLED, RECORDED),
        ("A27", wire.PV1, "cancelled", None, None),
        ("A38", wire.PV1, "cancelled", None, None),
        ("A13", DISCHARGED_PV1, "in-progress", Move.DISCHARGE_CANCELLED, RECORDED),
    ],
)
def test_event_moves_the_one_entry_of_its_visit(
    event: str, pv1: str, status: str, move: Move | None, at: datetime | None
) -> None:
    message = read(event, pv1=pv1)
    told = message.entries[0]

    assert (told.kind, told.type, told.source_id, told.status) == (Kind.ENCOUNTER, "PV1", "V100", status)
    assert (told.happened_at, told.version_at, told.display) == (ADMITTED, RECORDED, "Inpatient stay")
    assert told.detail == {"author": "Dr Pat Example", "place": "WARD1, BAY2, BED3", "specialty": "300"}
    assert (told.ended_at is not None) is (status == "finished")
    moves = [(each.move, each.at, each.spell_id, each.place) for each in message.events]
    assert moves == ([(move, at, "V100", "WARD1, BAY2, BED3")] if move else [])


def test_time_of_the_event_stands_in_for_a_missing_start() -> None:
    short = wire.PV1.removesuffix("202101041000")
    message = read(pv1=short)
    assert message.entries[0].happened_at == message.events[0].at == RECORDED


def test_event_without_pv1_is_still_told() -> None:
    message = read(pv1="")
    assert message.entries == ()
    assert [(each.move, each.spell_id, each.path) for each in message.events] == [(Move.ADMITTED, "", "EVN[1]")]


def test_visit_without_a_number_is_keyed_by_person_class_and_start() -> None:
    numberless = wire.PV1.replace("V100^^^VISITID", "")
    undated = "PV1|1|O|CLINIC"
    nothing = "PV1|1"

    assert [told.source_id for told in read(pv1=numberless).entries] == ["RCB:RCB123/I/202101041000"]
    assert [told.source_id for told in read(pv1=undated).entries] == ["RCB:RCB123/O/undated"]
    assert read(pv1=nothing).entries == ()


@pytest.mark.parametrize("event", ["A28", "A31"])
def test_message_about_the_person_alone_makes_no_visit(event: str) -> None:
    message = read(event, "AL1|1|DA|Z88.5")
    assert [told.source_id for told in message.entries] == ["RCB:RCB123/AL1/Z88.5"]
    assert message.events == ()


def test_diagnosis_becomes_a_problem_keyed_by_visit_code_and_date() -> None:
    told = entry("DG1|1||N39.3^Stress incontinence^I10||202010090900|A" + "|" * 10 + "C1^Example^Pat^^^Dr")

    assert (told.kind, told.type, told.path) == (Kind.PROBLEM, "DG1", "DG1[1]")
    assert told.source_id == "V100/DG1/N39.3/2020-10-09T08:00"
    assert (told.system, told.display) == ("http://hl7.org/fhir/sid/icd-10", "Stress incontinence")
    assert told.happened_at == datetime(2020, 10, 9, 8, tzinfo=UTC)
    assert told.detail == {"author": "Dr Pat Example", "category": "admitting"}


def test_snomed_of_the_second_triplet_goes_first() -> None:
    told = entry("DG1|1||L1^Local words^L^38341003^^SCT")
    assert (told.code, told.system, told.display) == ("38341003", "http://snomed.info/sct", "Local words")


def test_allergy_key_outlives_the_visit() -> None:
    told = entry("AL1|1|DA|Z88.5^Penicillin|SV|Rash~Swelling|199807")
    assert (told.kind, told.source_id) == (Kind.ALLERGY, "RCB:RCB123/AL1/Z88.5")
    assert told.detail == {
        "category": "drug",
        "severity": "severe",
        "reactions": ["Rash", "Swelling"],
        "date_precision": "month",
    }


def test_procedure_in_words_alone_is_keyed_by_a_digest_of_them() -> None:
    told = entry("PR1|1||^^|Colonic examination|20201020|||C1^Example^Pat^^^Dr")
    same = entry("PR1|9||^^|COLONIC EXAMINATION|20201020")
    assert (told.kind, told.display, told.day_only) == (Kind.PROCEDURE, "Colonic examination", True)
    assert told.source_id == same.source_id


@pytest.mark.parametrize(
    ("fields", "kind", "value", "words", "low", "high"),
    [
        ("NM|C^Glucose||8.50|mmol/L|4.0-11.0", Kind.RESULT, 8.5, "8.5", 4.0, 11.0),
        ("SN|C^Glucose||<^149|g/L|>48", Kind.RESULT, 149.0, "<149", 48.0, None),
        ("NM|C^Glucose||12|g/L|<48", Kind.RESULT, 12.0, "12", None, 48.0),
        ("NM|C^Glucose||pending|g/L|4.0.1-5", Kind.OBSERVATION, None, "pending", None, None),
        ("NM|C^Glucose|||g/L|", Kind.OBSERVATION, None, "", None, None),
        ("NM|C^Glucose||<5|g/L|2 to 7", Kind.RESULT, 5.0, "<5", 2.0, 7.0),
        ("ST|C^Glucose||5.10|g/L|", Kind.RESULT, 5.1, "5.1", None, None),
        ("SN|C^Titre||^1^:^128||", Kind.OBSERVATION, None, "1:128", None, None),
        ("TX|C^Words||one~two||", Kind.OBSERVATION, None, "one\ntwo", None, None),
        ("CE|C^Finding||A1^Abnormal^L~A2||", Kind.OBSERVATION, None, "Abnormal; A2", None, None),
        ("ED|C^Scan||^AP^pdf^Base64^JVBE||", Kind.DOCUMENT, None, "", None, None),
    ],
)
def test_finding_is_a_result_where_it_has_a_number(
    fields: str, kind: Kind, value: float | None, words: str, low: float | None, high: float | None
) -> None:
    told = entry(f"OBX|1|{fields}|H|||F|||202101041015")
    assert (told.kind, told.value, told.value_text, told.low, told.high) == (kind, value, words, low, high)
    assert (told.status, told.detail.get("interpretation")) == ("final", None if kind is Kind.DOCUMENT else "High")


@pytest.mark.parametrize(
    ("segment", "issue"),
    [
        ("DG1|1||", ("DG1[1].3", "code-missing")),
        ("AL1|1|DA|", ("AL1[1].3", "code-missing")),
        ("DG1|1||N39^Words||20201340", ("DG1[1].5", "date-unreadable")),
        ("OBX|1|NM|C||pending", ("OBX[1].5", "number-unreadable")),
        ("OBX|1|ED|C||^AP^pdf^Base64^x", ("OBX[1].5", "attachment-unreadable")),
        ("DG1|1||" + "N" * 70, ("DG1[1]", "too-long")),
        ("not a segment", ("line 5", "line-unreadable")),
        ("DG1^1", ("line 5", "line-unreadable")),
    ],
)
def test_fault_is_filed_at_its_field(segment: str, issue: tuple[str, str]) -> None:
    assert faults(read("A01", segment)) == [issue]


def test_repeated_fact_is_read_once() -> None:
    message = read("A01", "AL1|1|DA|Z88.5", "AL1|2|DA|Z88.5", "ZZ1|x", "   ", "ZZ2|x")
    assert len(message.entries) == 2
    assert faults(message) == [("AL1[2]", "repeated")]


def test_notes_go_to_the_entry_that_they_follow() -> None:
    message = formats.read(wire.adt("A01", "NTE|1||First\\.br\\line~more", "NTE|2||Second", "NTE|3||"))
    assert isinstance(message, Message)
    assert message.entries[0].detail["notes"] == "First\nline\nmore\nSecond"

    early = wire.adt("A01").replace(b"\rPID", b"\rNTE|1||Lost\rPID")
    told = formats.read(early)
    assert isinstance(told, Message)
    assert "notes" not in told.entries[0].detail


@pytest.mark.parametrize(
    ("merged", "moves", "issues"),
    [
        ("MRG|22789^^^LOCALID", [("RCB:RCB123", "LOCALID:22789")], []),
        ("MRG|RCB123^^^RCB", [], [("MRG[1].1", "merge-unclear")]),
        ("MRG|", [], [("MRG[1].1", "merge-unclear")]),
    ],
)
def test_merge_names_who_was_folded_in(merged: str, moves: list[Any], issues: list[Any]) -> None:
    message = read("A40", merged, pv1="")
    assert [(each.local_id, each.other_local_id) for each in message.events] == moves
    assert all(each.move is Move.MERGED and each.at == RECORDED for each in message.events)
    assert faults(message) == issues


def test_merge_of_several_pairs_keeps_each_with_its_survivor() -> None:
    message = read("A40", "MRG|1^^^OLD", pid(p3="B2^^^RCB"), "MRG|2^^^OLD", pid(p3=""), pv1="")
    assert [(told.local_id, told.key_only) for told in message.people] == [
        ("RCB:RCB123", False),
        ("RCB:B2", False),
        ("OLD:1", True),
        ("OLD:2", True),
    ]
    assert [(each.local_id, each.other_local_id) for each in message.events] == [
        ("RCB:RCB123", "OLD:1"),
        ("RCB:B2", "OLD:2"),
    ]


def test_merge_segment_in_another_message_is_passed_over() -> None:
    assert [each.move for each in read("A01", "MRG|22789^^^LOCALID").events] == [Move.ADMITTED]


def test_trigger_is_taken_from_evn_where_the_header_is_silent() -> None:
    raw = wire.adt("A01", sort="ADT").replace(b"EVN||", b"EVN|A03|")
    message = formats.read(raw)
    assert isinstance(message, Message)
    assert message.entries[0].status == "finished"

    silent = wire.adt("A01", sort="ADT").replace(b"EVN|", b"ZVN|")
    assert getattr(formats.read(silent), "code", "") == "no-type"


def test_header_without_sender_number_or_time_is_told() -> None:
    message = read(facility="", number="", time="")
    assert (message.source_code, message.message_id, message.sent_at) == ("", "", None)
    assert faults(message) == [("MSH[1].4", "source-missing")]
    assert message.entries[0].version_at == RECORDED


def test_character_set_that_was_guessed_is_told() -> None:
    message = formats.read(wire.adt().replace(b"TESTCASE", b"T\xc9ST"))
    assert isinstance(message, Message)
    assert message.people[0].names[0].family == "TÉST"
    assert faults(message) == [("", "charset-guessed")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2021", datetime(2021, 1, 1, tzinfo=UTC)),
        ("202107011200", datetime(2021, 7, 1, 11, tzinfo=UTC)),
        ("20210701120030.1234", datetime(2021, 7, 1, 11, 0, 30, tzinfo=UTC)),
        ("202107011200+0200", datetime(2021, 7, 1, 10, tzinfo=UTC)),
        ("202107011200-0130", datetime(2021, 7, 1, 13, 30, tzinfo=UTC)),
        ("202107011200+9900", None),
        ("99991231235959-2300", None),
    ],
)
def test_time_is_londons_unless_it_says_otherwise(text: str, expected: datetime | None) -> None:
    assert read(time=text).sent_at == expected


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("a\\F\\b\\S\\c\\R\\d\\E\\e\\T\\f", "a|b^c~d\\e&f"),
        ("a\\X4A\\b\\H\\c\\N\\", "aJbc"),
        ("\\XC3A9\\ \\XE9\\", "é é"),
        ("a\\.br\\b\\.sp+2\\c\\.in2\\d", "a\nb\ncd"),
        ("C:\\labs\\x", "C:\\labs\\x"),
        ("a\\X004A\\", "aJ"),
        ("trailing\\", "trailing\\"),
        ("a&sub", "a"),
    ],
)
def test_escapes_become_the_characters_they_stand_for(written: str, meant: str) -> None:
    (segment,) = segments_of([f"DG1|{written}"], Separators())
    assert segment.text(1) == meant


def test_other_separators_are_taken_from_the_header() -> None:
    raw = wire.adt().replace(b"|", b"!").replace(b"^", b"*").replace(b"MSH!*~\\&!", b"MSH!*~\\!")
    message = formats.read(raw)
    assert isinstance(message, Message)
    assert message.people[0].local_id == "RCB:RCB123"


def test_our_splitting_agrees_with_python_hl7() -> None:
    raw = wire.adt("A01", "DG1|1||N39.3^Stress~Other^I10||202010090900", "OBX|1|NM|C^D&E||8.5|mmol/L").decode()
    lines = lines_of(raw)
    ours = segments_of((line for _, line in lines.told), Separators())
    theirs = hl7.parse(raw)

    assert lines.strangers == lines.joined == []
    for mine, twin in zip(ours, theirs, strict=True):
        assert mine.name == str(twin[0])
        for field in range(1, len(mine.fields)):
            assert mine.whole(field) == str(twin[field])
            if mine.name != "MSH" or field > 2:
                assert len(mine.repetitions(field)) == len([part for part in twin[field] if str(part)])
