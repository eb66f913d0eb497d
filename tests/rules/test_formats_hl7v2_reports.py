"""HL7 v2 reports (ORU) and documents (MDM): groups, results, remarks, files, what a correction replaces."""

from datetime import UTC, datetime
from typing import Any

import pytest
from factories import wire

from oneplace import formats
from oneplace.formats.hl7v2.segments import Separators, segments_of
from oneplace.formats.hl7v2.values import attached, bounded
from oneplace.kernel.rows import EntryRow, Kind, Message

COLLECTED = datetime(2021, 1, 3, 9, tzinfo=UTC)
OBR = "OBR|1|P1|F1|FBC^Full blood count^L|||202101030900||||||||BLOO^Blood|^Asker^Ann^^^Dr||||||202101031200||HM|F"
HB = "OBX|1|NM|HB^Haemoglobin^L||130|g/L|115-165|N|||F"


def read(*segments: str, sort: str = "ORU^R01", **more: str) -> Message:
    message = formats.read(wire.adt("R01", *segments, sort=sort, pv1=more.pop("pv1", ""), **more))
    assert isinstance(message, Message), message
    return message


def faults(message: Message) -> list[tuple[str, str]]:
    return [(issue.path, issue.code) for issue in message.issues]


def result(*segments: str) -> EntryRow:
    return read(OBR, *segments).entries[1]


def test_report_holds_its_results_and_remarks() -> None:
    message = read(
        OBR, "NTE|1||For the report", HB, "NTE|1||For the result", "OBX|2|NM|PLT^Platelets^L||90|10*9/L|150-400|L|||C"
    )
    report, haemoglobin, platelets = message.entries

    assert (report.kind, report.type, report.source_id, report.display) == (
        Kind.RESULT,
        "OBR",
        "F1/FBC",
        "Full blood count",
    )
    assert (report.happened_at, report.status) == (COLLECTED, "final")
    assert report.detail == {
        "requester": "Dr Ann Asker", "specimen": "Blood", "category": "HM", "notes": "For the report",
        "members": ["OBX/F1/FBC/HB", "OBX/F1/FBC/PLT"],
    }  # fmt: skip
    assert (haemoglobin.value, haemoglobin.unit, haemoglobin.low, haemoglobin.high) == (130.0, "g/L", 115.0, 165.0)
    assert haemoglobin.detail == {
        "requester": "Dr Ann Asker", "specimen": "Blood", "category": "Full blood count", "interpretation": "Normal",
        "notes": "For the result",
    }  # fmt: skip
    assert (platelets.status, platelets.detail["interpretation"], platelets.happened_at) == (
        "corrected",
        "Low",
        COLLECTED,
    )
    assert (message.events, faults(message)) == ((), [])


def test_correction_is_the_same_result_at_a_newer_version() -> None:
    first = read(OBR, HB)
    second = read(
        OBR.removesuffix("F") + "C",
        HB.replace("130", "103").removesuffix("F") + "C",
        time="20210105103000",
        recorded="202101051029",
    )
    keys = [[(entry.type, entry.source_id) for entry in message.entries] for message in (first, second)]
    assert keys[0] == keys[1]
    assert (first.entries[1].version_at or COLLECTED) < (second.entries[1].version_at or COLLECTED)
    assert [entry.status for entry in second.entries] == ["corrected", "corrected"]


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("F", "final"),
        ("P", "preliminary"),
        ("C", "corrected"),
        ("X", "cancelled"),
        ("W", "entered-in-error"),
        ("", "final"),
        ("?", "?"),
    ],
)
def test_status_of_a_result_is_its_own_or_its_reports(code: str, status: str) -> None:
    assert result(f"OBX|1|NM|HB||1||||||{code}").status == status


def test_lines_of_one_text_are_one_result() -> None:
    message = read(
        OBR, "OBX|1|TX|MIC^Culture||No growth", "OBX|2|TX|MIC^Culture||after 5 days", "OBX|3|TX|MIC^Culture|2|Other"
    )
    assert [entry.value_text for entry in message.entries[1:]] == ["No growth\nafter 5 days", "Other"]
    assert message.entries[1].kind is Kind.RESULT


def test_one_test_told_twice_stays_two() -> None:
    message = read(OBR, HB, HB.replace("130", "131"), OBR)
    assert [entry.source_id for entry in message.entries] == ["F1/FBC", "F1/FBC/HB", "F1/FBC/HB~2", "F1/FBC~2"]


def test_attached_file_is_a_document_with_its_size() -> None:
    told = result("OBX|1|ED|SCAN^Scan report||X^AP^pdf^Base64^JVBERi0x||||||F")
    assert (told.kind, told.display, told.detail["content_type"], told.detail["size"]) == (
        Kind.DOCUMENT, "Scan report", "application/pdf", 6,
    )  # fmt: skip
    message = read(
        OBR, "OBX|1|ED|SCAN^Scan||X^AP^zip^Base64^JVB...", "OBX|2|ED|S2||", "OBX|3|RP|S3||http://x.example/1^^^PDF"
    )
    assert [entry.detail.get("content_type") for entry in message.entries[1:]] == ["zip", None, "application/pdf"]
    assert message.entries[3].detail["url"] == "http://x.example/1"
    assert faults(message) == [("OBX[1].5", "attachment-unreadable"), ("OBX[2].5", "attachment-unreadable")]
    assert message.entries[0].kind is Kind.OBSERVATION


@pytest.mark.parametrize(
    ("written", "expected"),
    [("^^^Hex^4A4B", b"JK"), ("^^^A^plain", b"plain"), ("^^^Base64^JVBE Ri0x", b"%PDF-1"), ("^^^Hex^4", None)],
)
def test_attached_bytes(written: str, expected: bytes | None) -> None:
    (obx,) = segments_of([f"OBX|1|ED|S||{written}"], Separators())
    assert attached(obx) == expected


def test_specimen_may_stand_in_a_segment_of_its_own() -> None:
    message = read(OBR.replace("BLOO^Blood", ""), HB, "SPM|1|||SER^Serum")
    assert [entry.detail["specimen"] for entry in message.entries] == ["Serum", "Serum"]


@pytest.mark.parametrize(
    ("segments", "keys", "issues"),
    [
        (["OBR|1|P1||FBC"], ["P1/FBC"], []),
        (["ORC|RE|P7|F7", "OBR|1|||FBC"], ["F7/FBC"], []),
        (["ORC|RE|P7", "OBR|1|||FBC"], ["P7/FBC"], []),
        (["OBR|1|||FBC|||202101030900"], ["RCB:RCB123/2021-01-03T09:00/FBC"], [("OBR[1].3", "order-number-missing")]),
        (["OBR|4|||"], ["RCB:RCB123/undated/OBR4"], [("OBR[1].3", "order-number-missing")]),
        (["NTE|1||early", "SPM|1", HB], ["RCB:RCB123/HB"], []),
        (["OBX|1|NM|||5"], [], [("OBX[1].3", "code-missing")]),
        (["OBR|1|P1||FBC|||||||||||||||202101030900", "OBX|1|NM|||5"], ["P1/FBC"], [("OBX[1].3", "code-missing")]),
    ],
)
def test_report_is_known_by_the_best_number_it_has(segments: list[str], keys: list[str], issues: Any) -> None:
    message = read(*segments)
    assert [entry.source_id for entry in message.entries] == keys
    assert faults(message) == issues


def test_report_without_a_name_and_its_asker_in_the_order() -> None:
    order = "ORC|RE|P7||||||||||1^Asker^Ann"
    told = read(order, "OBR|1|||" + "|" * 28 + "1&Reader&Rae&&&Dr", "OBX|1|CE|C||A^Found").entries
    assert (told[0].display, told[0].detail["requester"], told[0].detail["author"]) == (
        "Report",
        "Ann Asker",
        "Dr Rae Reader",
    )
    assert told[1].happened_at is None


TXA = "TXA|1|DS|TX|202101040900|1^Writer^Wim||202101041000|||||D77|||Letter.txt||AU||AV"


@pytest.mark.parametrize(
    ("event", "txa", "status"),
    [
        ("T02", TXA, "current"),
        ("T02", TXA.replace("|AU|", "|IP|"), "preliminary"),
        ("T11", TXA, "entered-in-error"),
        ("T02", TXA.replace("|AV", "|CA"), "entered-in-error"),
        ("T02", TXA.replace("|AV", "|OB"), "superseded"),
    ],
)
def test_document_is_filed_with_its_text(event: str, txa: str, status: str) -> None:
    message = read(txa, "OBX|1|TX|T||First", "OBX|2|FT|T||Second", sort=f"MDM^{event}")
    (told,) = message.entries
    assert (told.kind, told.type, told.source_id, told.status) == (Kind.DOCUMENT, "TXA", "D77", status)
    assert told.display == "Discharge summary"
    assert told.detail["text"] == "First\nSecond"
    assert told.detail["author"] == "Wim Writer"


def test_document_with_a_file_or_without_a_number() -> None:
    (told,) = read(
        TXA.replace("DS|TX|202101040900", "XX^Local letter|AP|"), "OBX|1|ED|T||^AP^pdf^Base64^JVBE", sort="MDM^T02"
    ).entries
    assert (told.display, told.detail["content_type"]) == ("Local letter", "application/pdf")
    for segments in ([], [TXA.replace("D77", "")]):
        message = read(*segments, sort="MDM^T02")
        assert (message.entries, faults(message)) == ((), [("TXA[1].12", "document-number-missing")])


def test_long_keys_stay_apart() -> None:
    one, two = bounded("k" * 200 + "1"), bounded("k" * 200 + "2")
    assert (one != two, len(one) <= 160, bounded("short")) == (True, True, "short")
