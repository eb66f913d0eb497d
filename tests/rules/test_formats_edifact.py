"""EDIFACT reports: interchange, message and value each fail for themselves; results with group, range and specimen."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from oneplace import formats
from oneplace.kernel.rows import EntryRow, Kind, Message, PersonRow, Reject

SENT = datetime(2021, 2, 26, 15, 41, tzinfo=UTC)
PARTIES = [
    "S01+01", "NAD+PO+G9999998:900++ASKER", "SPR+PRO", "S01+01", "NAD+MR+G99001:901", "SPR+ORG",
    "S01+01", "NAD+SLA+++HAEMATOLOGY", "SPR+DPT", "S01+01", "NAD+SLA+rcb:902++EXAMPLE?'S HOSPI:TAL", "SPR+ORG",
]  # fmt: skip
REPORT = ["S02+02", "GIS+N", "RFF+SRI:15/A1", "STS++FI", "DTM+ISR:202102251541:203"]
ADDRESS = ["S06+06", "ADR++US:FLAT1:29 HIGH STREET::TOWN:++ME12AB"]
PERSON = ["S07+07", "PNA+PAT+9990000018:OPI+++SU:TESTCASE+FO:MARY+MI:ANN+TI:MRS", "DTM+329:19511212:102", "PDI+2"]
SPECIMEN = [
    "S10+10",
    "CIN+UN",
    "FTX+CID+++TIRED",
    "S16+16",
    "SEQ++1",
    "SPC+TSP+:::VENOUS BLOOD",
    "DTM+SCO:202102230900:203",
]
GROUP = ["GIS+N", "INV+MQ+424..:911::Full blood count", "SEQ++1", "FTX+SPC+++Results repeated:Low folate", "RFF+ASL:1"]
HB = ["GIS+N", "INV+MQ+423..:911::Haemoglobin", "RSL+NV+11.0++:::g/dL+LO", "RFF+ARL:1", "S20+20", "RND+U+11.5+15.0"]


def message(
    *results: str, number: str = "1", person: list[str] = PERSON, address: list[str] = ADDRESS, **more: Any
) -> list[str]:
    """The segments of one message."""
    parties, report = more.get("parties", PARTIES), more.get("report", REPORT)
    middle = [*parties, *report, *address, *person, *more.get("specimen", SPECIMEN), *results]
    kind = more.get("kind", "NHS003")
    body = [f"UNH+{number}+MEDRPT:0:1:RT:{kind}", "BGM+LSR", "DTM+137:202102261541:203", *middle]
    return [*body, f"UNT+{len(body) + 1}+{more.get('end', number)}"]


def interchange(
    *messages: list[str], count: str = "", end: str = "77", between: str = "\r\n", una: str = "UNA:+.? '"
) -> bytes:
    told = ["UNB+UNOC:3+LAB1+GP1+210226:1751+77++MEDRPT++1", *(one for each in messages for one in each)]
    told.append(f"UNZ+{count or len(messages)}+{end}")
    return (una + between + between.join(f"{one}'" for one in told)).encode("latin-1")


def read(*results: str, **more: Any) -> Message:
    told = formats.read(interchange(message(*results, **more)))
    assert isinstance(told, Message), told
    return told


def faults(told: Message) -> list[str]:
    return [issue.code for issue in told.issues]


def result(*segments: str) -> tuple[EntryRow, list[str]]:
    told = read(*segments)
    assert len(told.entries) == 2
    return told.entries[1], faults(told)


def test_report_is_read_whole() -> None:
    told = read(*GROUP, *HB)
    report, group, haemoglobin = told.entries

    assert (told.format, told.source_code, told.source_name) == ("edifact", "RCB", "EXAMPLE'S HOSPITAL")
    assert (told.message_id, told.sent_at, told.issues) == ("LAB1|77|210226:1751|1", SENT, ())
    assert told.people == (
        PersonRow(
            "nhs:9990000018", "9990000018", told.people[0].names, date(1951, 12, 12), "female",
            told.people[0].addresses, version_at=SENT, path="PNA[24]", number_verified=True,
        ),
    )  # fmt: skip
    name, address = told.people[0].names[0], told.people[0].addresses[0]
    assert (name.family, name.given, name.prefix) == ("TESTCASE", "MARY ANN", "MRS")
    assert (address.lines, address.postcode) == (("FLAT1", "29 HIGH STREET", "TOWN"), "ME1 2AB")
    assert (report.kind, report.source_id, report.status) == (Kind.RESULT, "15/A1", "final")
    assert report.happened_at == datetime(2021, 2, 25, 15, 41, tzinfo=UTC)
    assert report.detail == {
        "organisation": "HAEMATOLOGY", "requester": "ASKER", "reason": "TIRED",
        "members": ["INV/15/A1/424..", "INV/15/A1/424../423.."],
    }  # fmt: skip
    assert (group.kind, group.detail["comments"]) == (Kind.OBSERVATION, "Results repeated Low folate")
    assert (haemoglobin.value, haemoglobin.value_text, haemoglobin.unit) == (11.0, "11", "g/dL")
    assert (haemoglobin.low, haemoglobin.high, haemoglobin.system) == (11.5, 15.0, "http://read.info/readv2")
    assert haemoglobin.happened_at == datetime(2021, 2, 23, 9, 0, tzinfo=UTC)
    assert haemoglobin.detail == {
        "organisation": "HAEMATOLOGY", "requester": "ASKER", "specimen": "VENOUS BLOOD", "category": "Full blood count",
        "interpretation": "Low",
    }  # fmt: skip


def test_messages_of_an_interchange_are_taken_apart() -> None:
    bad = message(*HB, number="2", end="9")
    raw = interchange(message(*HB), bad, message(*HB, number="3"))
    told = [formats.read(piece) for piece in formats.split(raw)]

    assert [one.code if isinstance(one, Reject) else one.message_id for one in told] == [
        "LAB1|77|210226:1751|1", "message-broken", "LAB1|77|210226:1751|3",
    ]  # fmt: skip
    assert getattr(formats.read(raw), "code", "") == "several-messages"
    single = interchange(message(*HB))
    assert list(formats.split(single)) == [single]
    assert len(list(formats.split(b"\xef\xbb\xbf" + raw))) == 3


@pytest.mark.parametrize(
    "raw",
    [
        interchange(message(), count="2"),
        interchange(message(), end="78"),
        interchange(message(), message(number="2"))[:-20],
        interchange(message()) + b"\nmore",
        interchange(),
        b"UNA:+.? '",
        b"UNA:+.? 'UNH+1'",
        b"UNB+",
    ],
)
def test_broken_interchange_is_refused_as_a_whole(raw: bytes) -> None:
    (piece,) = formats.split(raw)
    answer = formats.read(piece)
    assert isinstance(answer, Reject)
    assert answer.code in {"interchange-broken", "several-messages"}


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"end": "2"}, "message-broken"),
        ({"kind": "NHS001"}, "message-type-unknown"),
        ({"person": []}, "no-patient"),
        ({"person": ["PNA+PAT"]}, "no-patient"),
    ],
)
def test_message_that_cannot_be_read_is_refused_alone(more: Any, code: str) -> None:
    answer = formats.read(interchange(message(**more)))
    assert isinstance(answer, Reject)
    assert answer.code == code


def test_other_marks_are_taken_from_una() -> None:
    raw = interchange(message(*HB), between="").decode().replace("?'", "#")
    raw = raw.replace("'", "~").replace("#", "!~").replace("+", "|").replace("UNA:|.? ~", "UNA:|.! ~")
    told = formats.read(raw.encode())
    assert isinstance(told, Message)
    assert told.source_name == "EXAMPLE~S HOSPITAL"
    blank = interchange(message(*HB, parties=[])).replace(b"UNA:+.? '", b"UNA:+.  '")
    assert isinstance(formats.read(blank), Message)
    assert isinstance(formats.read(interchange(message(*HB), una="")), Message)


def test_wrapped_lines_and_letters_beyond_ascii_are_read() -> None:
    raw = interchange(message(*HB)).replace(b"TESTCASE", b"T\xc9ST").replace(b"Haemoglobin", b"Haemo\r\nglobin")
    told = formats.read(raw)
    assert isinstance(told, Message)
    assert (told.people[0].names[0].family, told.entries[1].display) == ("TÉST", "Haemoglobin")
    assert getattr(formats.read(interchange(message()) + b"\x81"), "code", "") == "charset"


@pytest.mark.parametrize(
    ("person", "address", "local_id", "issues"),
    [
        (PERSON, ["S06+06", "RFF+SSI:L77"], "L77", []),
        (["PNA+PAT+999 000 0018:OPI+++SU:A"], [], "nhs:9990000018", []),
        (["PNA+PAT+1234567890:OPI+++SU:A"], ["S06+06", "RFF+SSI:L77"], "L77", ["nhs-number-invalid"]),
        (["PNA+PAT+3333333333:OPI+++SU:A"], [], "nhs:3333333333#", ["nhs-number-placeholder", "local-id-weak"]),
        (["PNA+PAT++++SU:A"], [], "nhs:#", ["local-id-weak"]),
        (["PNA+PAT+9990000018:OPI"], [], "nhs:9990000018", ["name-missing"]),
        (["PNA+PAT+9990000018:OPI+++SU:" + "A" * 200], [], "nhs:9990000018", ["too-long"]),
    ],
)
def test_person_is_known_by_the_laboratorys_key_or_the_best_other(
    person: list[str], address: list[str], local_id: str, issues: list[str]
) -> None:
    told = read(*HB, person=person, address=address)
    assert told.people[0].local_id.startswith(local_id)
    assert faults(told) == issues
    assert {entry.local_id for entry in told.entries} == {told.people[0].local_id}


@pytest.mark.parametrize(
    ("segment", "attribute", "value", "issues"),
    [
        ("DTM+329:1951:602", "birth_date", None, ["birth-date-partial"]),
        ("DTM+329:29991212:102", "birth_date", None, ["birth-date-future"]),
        ("DTM+329:17001212:102", "birth_date", None, ["date-unreadable"]),
        ("DTM+329:19511312:102", "birth_date", None, ["date-unreadable"]),
        ("DTM+329:19511212:999", "birth_date", None, ["date-unreadable"]),
        ("DTM+329", "birth_date", None, []),
        ("PDI+1", "sex", "male", []),
        ("PDI+7", "sex", "", ["sex-unknown"]),
        ("PDI", "sex", "", []),
        ("ADR++US:", "addresses", (), []),
    ],
)
def test_field_of_the_person_that_cannot_be_used_is_an_issue(
    segment: str, attribute: str, value: Any, issues: list[str]
) -> None:
    told = read(person=["PNA+PAT+9990000018:OPI+++SU:TESTCASE", segment], address=[])
    assert (getattr(told.people[0], attribute), faults(told)) == (value, issues)


@pytest.mark.parametrize(
    ("segments", "value", "words", "issues"),
    [
        (["RSL+NV+0.1:7++:::10*9/L"], 0.1, "<0.1", []),
        (["RSL+NV+5:6"], 5.0, ">5", []),
        (["RSL+NV+pending++:::g/L"], None, "pending", ["number-unreadable"]),
        (["RSL+NV"], None, "", ["value-missing"]),
        (["RSL+NV+1e99"], None, "1e99", ["number-unreadable"]),
        (["RSL+CV+::375211000000108:921::Normal"], None, "Normal", []),
        (["RSL+CV+::375211000000108:921"], None, "375211000000108", ["text-missing"]),
        (["RSL+CV"], None, "", ["value-missing"]),
        (["FTX+RIT+++No growth"], None, "", []),
    ],
)
def test_value_is_read_or_its_fault_told(
    segments: list[str], value: float | None, words: str, issues: list[str]
) -> None:
    told, found = result("GIS+N", "INV+MQ+423..:911::Test", *segments)
    assert (told.value, told.value_text, found) == (value, words, issues)
    assert told.kind is (Kind.RESULT if words else Kind.OBSERVATION)


@pytest.mark.parametrize(
    ("segments", "check"),
    [
        (["INV+MQ+:::Uncoded test"], lambda row: (row.code, row.system, row.display) == ("", "", "Uncoded test")),
        (
            ["INV+MQ+1:921::A", "STS++CO"],
            lambda row: (row.status, row.system) == ("corrected", "http://snomed.info/sct"),
        ),
        (["INV+MQ+1:9::A", "RND+U++5"], lambda row: (row.low, row.high, row.system) == (None, 5.0, "9")),
        (["INV+MQ+1:9::A", "FTX+CRR+++fasting 4 to 6"], lambda row: row.detail["range"] == "fasting 4 to 6"),
        (["INV+MQ+1:9::A", "RFF+ASL:1"], lambda row: row.detail["specimen"] == "VENOUS BLOOD"),
        (["INV+MQ+1:9::A", "RFF+ASL:9"], lambda row: "specimen" not in row.detail and row.happened_at is not None),
        (["INV+MQ+" + "1" * 70 + ":9::A"], lambda row: len(row.code) == 60),
    ],
)
def test_investigation_is_read(segments: list[str], check: Callable[[EntryRow], bool]) -> None:
    told, _ = result("GIS+N", *segments)
    assert check(told)


def test_investigation_that_nothing_names_is_left_out_and_one_without_words_noted() -> None:
    assert (len(read("GIS+N", "INV+MQ").entries), faults(read("GIS+N", "INV+MQ"))) == (1, ["code-missing"])
    assert faults(read("GIS+N", "RSL+NV+5")) == ["code-missing"]
    inside = read("GIS+N", "RSL+NV+1", "SEQ++1", "GIS+N", "INV+MQ+1:9::A", "RFF+ARL:1")
    assert ([entry.source_id for entry in inside.entries], faults(inside)) == (["15/A1", "15/A1/1"], ["code-missing"])
    assert faults(read("GIS+N", "INV+MQ+423..:911")) == ["text-missing"]


def test_one_test_told_twice_stays_two() -> None:
    assert [entry.source_id for entry in read(*HB, *HB).entries[1:]] == ["15/A1/423..", "15/A1/423..~2"]


def test_day_of_collection_or_receipt_is_the_results() -> None:
    told = read(*HB[:3], "RFF+ASL:1", specimen=["S16+16", "SEQ++1", "DTM+SCO:2021:602"]).entries[1]
    assert (told.day_only, told.detail["date_precision"]) == (True, "year")
    told = read(*HB[:3], "RFF+ASL:1", specimen=["S16+16", "SEQ++1", "DTM+SRI:20210224154105:204"]).entries[1]
    assert told.happened_at == datetime(2021, 2, 24, 15, 41, 5, tzinfo=UTC)


def test_report_with_little_is_still_known() -> None:
    bare = read(*HB, parties=[], report=[])
    assert (bare.source_code, faults(bare)) == ("", ["order-number-missing"])
    assert (bare.entries[0].source_id, bare.entries[0].status) == ("nhs:9990000018/202102261541", "")
    raw = interchange(message(*HB, report=[])).replace(b"DTM+137", b"DTM+138")
    told = formats.read(raw)
    assert isinstance(told, Message)
    assert told.entries[0].source_id == "nhs:9990000018/undated"


def test_wrong_number_of_segments_is_told() -> None:
    told = formats.read(interchange(message(*HB)).replace(b"UNT+", b"UNT+1"))
    assert isinstance(told, Message)
    assert faults(told) == ["segment-count"]


@given(
    st.sampled_from([b"UNA", b"UNA:+.? 'UNB+", b"UNB+", interchange(message(*GROUP, *HB))]),
    st.binary(max_size=120),
    st.integers(0, 900),
)
def test_read_never_raises_on_any_interchange(start: bytes, rest: bytes, at: int) -> None:
    raw = start[:at] + rest + start[at + 3 :]
    for piece in formats.split(raw):
        answer = formats.read(piece)
        assert isinstance(answer, Message | Reject)
        assert getattr(answer, "code", "") != "reader-fault"


# file: how it fails, or the issues that it leaves
FILES = {
    "failure_uat_data__NHS002__interchange_parsing_failure_with_nhsack": "interchange-broken",
    "failure_uat_data__NHS002__message_parsing_failure_with_nhsack": "message-broken",
    "failure_uat_data__NHS002__message_parsing_failure_without_nhsack": "message-broken",
    "failure_uat_data__NHS004__screening_invalid_coded_value_with_nhsack": ["segment-count", "value-missing"],
    "failure_uat_data__NHS004__screening_invalid_investigation_report_with_nhsack": ["code-missing"],
    "failure_uat_data__NHS004__screening_missing_investigation_text_with_nhsack": ["text-missing"],
    "failure_uat_data__NHS004__screening_missing_result_text_with_nhsack": ["text-missing"],
    "success_uat_data__NHS004__screening_full_acceptance_with_nhsack": [],
}


@pytest.mark.parametrize("name", FILES)
def test_failures_of_real_interchanges_are_told_apart(shared_data: Path, name: str) -> None:
    answer = formats.read((shared_data / f"clinical/pathology_edifact/{name}.edifact.dat").read_bytes())
    told = answer.code if isinstance(answer, Reject) else faults(answer)
    assert told == FILES[name]


def resources(bundle: Any, sort: str) -> list[Any]:
    return [entry["resource"] for entry in bundle["entry"] if entry["resource"]["resourceType"] == sort]


def golden(observation: Any) -> tuple[Any, ...]:
    """What the golden output says of one result."""
    coding = observation["code"]["coding"][0]
    quantity = observation.get("valueQuantity", {})
    words = observation.get("valueCodeableConcept", {}).get("coding", [{}])[0].get("display", "")
    told = (observation.get("referenceRange") or [{}])[0]
    low, high = told.get("low", {}).get("value"), told.get("high", {}).get("value")
    comment = observation.get("comment", "")
    return (
        coding.get("code", ""),
        coding["display"],
        quantity.get("value"),
        quantity.get("unit", ""),
        words,
        low,
        high,
        comment,
    )


@pytest.mark.parametrize(
    ("dat", "fhir", "mended"),
    [
        ("success_uat_data__NHS004__screening_full_acceptance_with_nhsack",
         "success_uat_data__NHS004__screening_full_acceptance_without_nhsack.1", b""),
        ("failure_uat_data__NHS002__message_parsing_failure_with_nhsack",
         "success_uat_data__NHS003__full_acceptance_with_nhsack.3", b"UNT+54+1'"),
    ],
)  # fmt: skip
def test_real_report_says_what_its_golden_output_says(shared_data: Path, dat: str, fhir: str, mended: bytes) -> None:
    """The second is the message of the pair but for its trailer, which was broken to make it fail."""
    folder = shared_data / "clinical/pathology_edifact"
    raw = (folder / f"{dat}.edifact.dat").read_bytes()
    told = formats.read(raw.replace(b"UNT+54+2'", mended) if mended else raw)
    bundle = orjson.loads((folder / f"{fhir}.fhir.json").read_bytes())

    assert isinstance(told, Message), told
    rows = [
        (row.code, row.display, row.value, row.unit, row.value_text if row.value is None else "", row.low, row.high,
         row.detail.get("comments", ""))
        for row in told.entries[1:]
    ]  # fmt: skip
    assert rows == [golden(one) for one in resources(bundle, "Observation")]
    (patient,) = resources(bundle, "Patient")
    person = told.people[0]
    assert (person.names[0].family, [person.names[0].given]) == (
        patient["name"][0]["family"],
        patient["name"][0]["given"],
    )
    assert (str(person.birth_date), person.sex) == (patient["birthDate"], patient["gender"])
    (report,) = resources(bundle, "DiagnosticReport")
    assert told.entries[0].source_id == report["identifier"][0]["value"]
    assert told.entries[0].happened_at == datetime.fromisoformat(report["issued"])
    assert {row.detail["specimen"] for row in told.entries[1:]} == {
        resources(bundle, "Specimen")[0]["type"]["coding"][0]["display"]
    }
