"""HL7 v2 beyond one visit: swaps, merges, links, moved visits, former names, broken lines, character sets."""

from datetime import UTC, datetime
from typing import Any

import pytest
from factories import wire

from oneplace import formats
from oneplace.formats.hl7v2.segments import lines_of
from oneplace.kernel.rows import Message, Move, Reject

RECORDED = datetime(2021, 1, 4, 10, 29, tzinfo=UTC)
OTHER = wire.PID.replace("RCB123", "RCB9").replace("9990000018", "9990000026")
BARE = "PV1|1|I|||||||||||||||||V200"


def read(event: str = "A01", *segments: str, **more: str) -> Message:
    message = formats.read(wire.adt(event, *segments, **more))
    assert isinstance(message, Message), message
    return message


def faults(message: Message) -> list[tuple[str, str]]:
    return [(issue.path, issue.code) for issue in message.issues]


def moves(message: Message) -> list[tuple[Any, ...]]:
    return [(told.local_id, told.move, told.other_local_id, told.spell_id, told.place) for told in message.events]


def pid(**fields: str) -> str:
    parts = wire.PID.split("|") + [""] * 25
    for name, value in fields.items():
        parts[int(name[1:])] = value
    return "|".join(parts)


def test_swap_moves_each_to_the_others_bed() -> None:
    message = read("A17", OTHER, wire.PV1.replace("WARD1^BAY2", "WARD7^BAY1").replace("V100", "V200"))

    assert moves(message) == [
        ("RCB:RCB123", Move.TRANSFERRED, "", "V100", "WARD1, BAY2, BED3"),
        ("RCB:RCB9", Move.TRANSFERRED, "", "V200", "WARD7, BAY1, BED3"),
    ]
    assert [(told.local_id, told.source_id) for told in message.entries] == [
        ("RCB:RCB123", "V100"),
        ("RCB:RCB9", "V200"),
    ]
    assert [told.nhs_number for told in message.people] == ["9990000018", "9990000026"]
    assert faults(message) == []


def test_swap_of_one_alone_is_told() -> None:
    message = read("A17")
    assert [told[1] for told in moves(message)] == [Move.TRANSFERRED]
    assert faults(message) == [("PID[2]", "swap-unclear")]


@pytest.mark.parametrize("event", ["A18", "A30", "A34", "A36", "A39", "A40", "A47"])
def test_each_merge_folds_the_old_key_into_the_new(event: str) -> None:
    message = read(event, "MRG|77^^^OLD", pv1="")
    assert moves(message) == [("RCB:RCB123", Move.MERGED, "OLD:77", "", "")]
    assert [(told.local_id, told.key_only, told.names == ()) for told in message.people][1] == ("OLD:77", True, True)


def test_merge_on_a_doubtful_nhs_number_alone_is_not_made() -> None:
    message = read("A40", "MRG|3333333333^^^NHS", pv1="")
    assert (moves(message), faults(message)) == ([], [("MRG[1].1", "merge-unclear")])


@pytest.mark.parametrize("event", ["A35", "A41"])
def test_merge_of_accounts_changes_nobody(event: str) -> None:
    message = read(event, "MRG|77^^^OLD||A1", pv1="")
    assert (moves(message), len(message.people)) == ([], 1)
    assert faults(message) == [("MRG[1].3", "account-merge")]


@pytest.mark.parametrize("event", ["A42", "A50"])
def test_old_number_of_a_renumbered_visit_is_a_mistake_from_now_on(event: str) -> None:
    message = read(event, "MRG|RCB123^^^RCB||||V99")
    assert [(told.type, told.source_id, told.status) for told in message.entries] == [
        ("PV1", "V100", "in-progress"),
        ("PV1", "V99", "entered-in-error"),
    ]
    assert message.events == ()


@pytest.mark.parametrize(
    ("segments", "expected", "visits", "issues"),
    [
        (("MRG|77^^^OLD||||V200", BARE), [("V200", "OLD:77")], [], []),
        (("MRG|77^^^OLD", BARE), [("V200", "OLD:77")], [], []),
        (("MRG|77^^^OLD||||V100", wire.PV1), [("V100", "OLD:77")], ["V100"], []),
        (("MRG|77^^^OLD||||V99", BARE), [("V99", "OLD:77")], ["V99"], []),
        (("MRG|77^^^OLD", "MRG|78^^^OLD||||V3"), [("V3", "OLD:78")], [], [("MRG[1].5", "visit-missing")]),
        (("MRG|77^^^OLD||||V5", "MRG|78^^^OLD||||V6"), [("V5", "OLD:77"), ("V6", "OLD:78")], [], []),
    ],
)
def test_moved_visit_leaves_one_person_for_the_other(segments: Any, expected: Any, visits: Any, issues: Any) -> None:
    message = read("A45", *segments, pv1="")
    assert [(told.spell_id, told.other_local_id) for told in message.events] == expected
    assert all(told.move is Move.VISIT_MOVED and told.at == RECORDED for told in message.events)
    assert [told.source_id for told in message.entries] == visits
    assert faults(message) == issues


@pytest.mark.parametrize(("event", "move"), [("A24", Move.MERGED), ("A37", Move.UNMERGED)])
def test_link_and_unlink_name_both(event: str, move: Move) -> None:
    message = read(event, OTHER, pv1="")
    assert moves(message) == [("RCB:RCB123", move, "RCB:RCB9", "", "")]
    assert [told.key_only for told in message.people] == [False, False]
    alone = read(event, pv1="")
    assert (moves(alone), faults(alone)) == ([], [("PID[2]", "link-unclear")])


def test_deleted_person_is_told_and_kept() -> None:
    message = read("A29", pv1="")
    assert (len(message.people), message.events, faults(message)) == (1, (), [("EVN[1]", "person-deleted")])


def test_person_without_a_key_among_others_is_left_out_alone() -> None:
    message = read("A17", pid(p3=""), wire.PV1)
    assert [told.local_id for told in message.people] == ["RCB:RCB123"]
    assert faults(message)[0] == ("PID[2].3", "no-patient")


def test_two_groups_of_one_person_tell_each_fact_once() -> None:
    message = read("A17", wire.PID, wire.PV1)
    assert (len(message.people), len(message.entries)) == (1, 1)
    assert faults(message) == [("PV1[2]", "repeated")]


def test_fault_of_a_field_that_is_read_twice_is_told_once() -> None:
    assert faults(read(pv1=wire.PV1.replace("202101041000", "yesterday"))) == [("PV1[1].44", "date-unreadable")]


def test_header_seconds_put_two_messages_of_one_minute_in_order() -> None:
    assert read(time="20210104102945").entries[0].version_at == datetime(2021, 1, 4, 10, 29, 45, tzinfo=UTC)
    assert read(time="20210104103001").entries[0].version_at == RECORDED


@pytest.mark.parametrize(
    ("fields", "attribute", "value", "issue"),
    [
        ({"p7": "29990101"}, "birth_date", None, ("PID[1].7", "birth-date-future")),
        ({"p22": "a1"}, "ethnicity", "A", None),
        ({"p10": "C"}, "ethnicity", "C", None),
        ({"p10": "2028-9", "p22": "Z"}, "ethnicity", "Z", None),
        ({"p22": "2028-9"}, "ethnicity", "", ("PID[1].22", "ethnicity-unknown")),
        ({"p32": "01"}, "number_verified", True, None),
        ({"p32": "02"}, "number_verified", False, None),
        ({"p3": "7^^^RCB", "p32": "01"}, "number_verified", False, None),
    ],
)
def test_further_demographics(fields: dict[str, str], attribute: str, value: Any, issue: Any) -> None:
    message = read(pid=pid(**fields))
    assert getattr(message.people[0], attribute) == value
    assert faults(message) == ([issue] if issue else [])


@pytest.mark.parametrize(
    ("names", "expected", "issues"),
    [
        ("OLDER^MARY^^^^^M~TESTCASE^MARY^^^^^L", [("TESTCASE", "official"), ("OLDER", "maiden")], []),
        ("OLDER^MARY^^^^^L^^^19700101&19991231~NEWER^MARY^^^^^L", [("NEWER", "official"), ("OLDER", "old")], []),
        ("OLDER^MARY^^^^^L^^^^^^19991231~NEWER^MARY^^^^^L", [("NEWER", "official"), ("OLDER", "old")], []),
        ("NOW^MARY^^^^^L^^^19700101&29991231", [("NOW", "official")], []),
        ("NOW^MARY^^^^^L^^^1&never", [("NOW", "official")], [("PID[1].5", "date-unreadable")]),
    ],
)
def test_former_names_stand_behind_the_current_one(names: str, expected: Any, issues: Any) -> None:
    message = read(pid=pid(p5=names))
    assert [(name.family, name.use) for name in message.people[0].names] == expected
    assert faults(message) == issues


def test_former_addresses_stand_behind_the_current_one() -> None:
    told = "1 OLD ST^^^^ME11AA^^BA~2 GONE ST^^^^ME11AB^^H^^^^^2001&2005~3 NOW ST^^^^ME11AC^^H~4 HOTEL^^^^ME11AD^^C"
    addresses = read(pid=pid(p11=told)).people[0].addresses
    assert [(one.postcode, one.use) for one in addresses] == [
        ("ME1 1AC", "home"),
        ("ME1 1AD", "temp"),
        ("ME1 1AA", "old"),
        ("ME1 1AB", "old"),
    ]


def test_facility_may_name_its_ods_code_second() -> None:
    message = read(facility="lab^7A4BV^L")
    assert (message.source_code, message.source_name, message.message_id) == ("7A4BV", "lab", "PAS|lab|MSG1")
    assert read(facility="rcb^2.16.840^ISO").source_code == "RCB"


@pytest.mark.parametrize(("version", "issues"), [("2.3", []), ("2.5.1", []), ("2.7", [("MSH[1].12", "version-other")])])
def test_version_decides_no_more_than_a_note(version: str, issues: Any) -> None:
    message = formats.read(wire.adt().replace(b"|2.4", b"|" + version.encode()))
    assert isinstance(message, Message)
    assert faults(message) == issues


def with_charset(name: str, raw: bytes) -> bytes:
    return raw.replace(b"|P|2.4\r", f"|P|2.4||||||{name}\r".encode())


@pytest.mark.parametrize(
    ("charset", "written", "family", "issues"),
    [
        ("8859/1", b"T\xc9ST", "TÉST", []),
        ("8859/2", b"T\xb3ST", "TłST", []),
        ("8859/12", b"T\xc9ST", "TÉST", [("", "charset-guessed")]),
        ("UNICODE", "TłST".encode(), "TłST", []),
    ],
)
def test_declared_character_set_is_used_where_the_bytes_do_not_say(
    charset: str, written: bytes, family: str, issues: Any
) -> None:
    message = formats.read(with_charset(charset, wire.adt().replace(b"TESTCASE", written)))
    assert isinstance(message, Message)
    assert (message.people[0].names[0].family, faults(message)) == (family, issues)


def test_bytes_that_their_declared_set_does_not_hold_are_refused() -> None:
    answer = formats.read(with_charset("8859/3", wire.adt().replace(b"TESTCASE", b"T\xa5ST")))
    assert isinstance(answer, Reject)
    assert answer.code == "charset"


def test_header_broken_in_the_middle_is_put_together() -> None:
    whole = wire.adt(end="\n").decode()
    broken = (
        whole.replace("MSH|^~", "MSH|^\n~").replace("ADT^A01|", "ADT^A01^ADT\nA01|").replace("2.4\n", "2.4\n_\n|||AL\n")
    )
    broken = broken.replace("HIGH STREET", "HIGH\nSTREET")
    message = formats.read(broken.encode())
    assert isinstance(message, Message)
    assert message.people[0].addresses[0].lines[0] == "1 HIGH STREET"
    assert {code for _, code in faults(message)} == {"line-broken"}
    assert len(faults(message)) == 5


def test_line_feed_among_carriage_returns_belongs_to_the_text() -> None:
    raw = wire.adt("A01", "OBX|1|TX|C^Words||first\nsecond")
    message = formats.read(raw)
    assert isinstance(message, Message)
    assert (message.entries[1].value_text, faults(message)) == ("first\nsecond", [])


def test_strange_line_is_joined_to_text_alone() -> None:
    lines = lines_of("MSH|^~\\&|\nPID|1\nstrange\n\nNTE|1||goes\non\nPV1|1")
    assert [number for number, _ in lines.told] == [1, 2, 5, 7]
    assert (lines.strangers, lines.joined, lines.told[2][1]) == ([3], [6], "NTE|1||goes on")
