"""formats: telling formats apart, taking files apart, and never raising whatever the bytes."""

import json
import mmap
import tracemalloc
from pathlib import Path

import pytest
from factories import wire
from hypothesis import given, settings
from hypothesis import strategies as st

from oneplace import formats
from oneplace.formats import fhir, limits
from oneplace.kernel.rows import Message, Reject


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b'{"resourceType": "Bundle"}', "fhir-stu3-json"),
        (b'\xef\xbb\xbf \r\n{"resourceType"', "fhir-stu3-json"),
        ('{"a": 1}'.encode("utf-16"), "fhir-stu3-json"),
        (b"[1]", "fhir-stu3-json"),
        (b"MSH|^~\\&|", "hl7-v2"),
        (b"\x0bMSH|^~\\&|", "hl7-v2"),
        (b"FHS|^~\\&|", "hl7-v2"),
        (b"BHS|^~\\&|", "hl7-v2"),
        (b"<Bundle/>", "fhir-stu3-xml"),
        (b"", None),
        (b"UNA:+.? '", "edifact"),
        (b"UNB+UNOC:3", "edifact"),
    ],
)
def test_sniff_tells_the_format_from_the_bytes(raw: bytes, expected: str | None) -> None:
    assert formats.sniff(raw, "name-that-does-not-matter.xml") == expected


@pytest.mark.parametrize(
    ("raw", "code", "words"),
    [
        (b"", "empty", "empty"),
        (b"\0\0\0", "empty", "empty"),
        (b" " * 5000, "empty", "empty"),
        (b"<Bundle/>", "not-fhir", "not FHIR"),
        (b"<Bundle", "xml-broken", "line 1, column"),
        (b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "xml-doctype", "FHIR forbids"),
        (b"hello", "format-unknown", "begins with"),
        (b'{"resourceType": "Bundle", "entry": [', "json-broken", "line 1, column 38"),
        (b"[" * 10_000, "json-broken", "line 1"),
        (b'{"a": "\xff\x81"}', "charset", "UTF-8"),
        (b'{"a": "caf\xe9", ', "json-broken", "line 1"),
        (b"[1, 2]", "not-fhir", "no FHIR resource"),
        (b'{"resourceType": "Patient"}', "no-patient", "nobody can be told"),
        (b'{"resourceType": "Organization"}', "no-person", "about no one person"),
        (b'{"resourceType": "Basic"}', "not-read", "isn't read"),
        (b'{"resourceType": "a b"}', "not-fhir", "of what sort"),
        (b'{"resourceType": "Bundle"}', "bundle-empty", "no entries"),
        (b'{"resourceType": "Bundle", "entry": {}}', "bundle-empty", "no entries"),
        (b'{"resourceType": "Bundle", "entry": [{"resource": {"resourceType": "Flag"}}]}', "no-patient", "no Patient"),
        (b"FHS|^~\\&|", "header-missing", "MSH line"),
        (b"MSH", "header-broken", "column 4"),
        (b"MSH|^", "header-broken", "column 6"),
        (b"MSHABCDA", "header-broken", "line 1"),
        (b"MSH|^~\\&|PAS", "no-type", "MSH-9"),
        (b"MSH|^~\\&|\x81", "charset", "UTF-8"),
        (wire.adt("S12", sort="SIU^S12"), "message-type-unknown", "SIU S12 messages aren't read"),
        (wire.adt("A99"), "message-type-unknown", "ADT A99"),
        (wire.adt().replace(b"|P|2.4", b"|P|3.0"), "version-unknown", "2.3 to 2.5.1"),
        (wire.adt(pid=""), "no-patient", "no PID"),
        (wire.adt(pid="PID|1||"), "no-patient", "PID-3"),
    ],
)
def test_reject_says_what_is_wrong(raw: bytes, code: str, words: str) -> None:
    answer = formats.read(raw)

    assert isinstance(answer, Reject)
    assert answer.code == code
    assert words in answer.reason


def test_reject_of_an_error_answer_names_its_spine_code_and_no_person() -> None:
    coding = [{"code": "NO_RELATIONSHIP"}, {"code": "not a code 9990000018"}]
    outcome = {
        "resourceType": "OperationOutcome",
        "issue": [{"details": {"coding": coding}, "diagnostics": "9990000018"}, {"code": "forbidden"}],
    }

    answer = formats.read(json.dumps(outcome).encode())

    assert isinstance(answer, Reject)
    assert answer.code == "error-answer"
    assert "Spine code: NO_RELATIONSHIP, forbidden." in answer.reason
    assert "999" not in answer.reason


def test_read_turns_a_fault_of_its_own_into_a_reject(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(raw: bytes) -> Message:
        raise RuntimeError("Testcase Mary")

    monkeypatch.setitem(formats._READERS, fhir.FORMAT, fails)

    answer = formats.read(wire.bundle())

    assert isinstance(answer, Reject)
    assert answer.code == "reader-fault"
    assert "RuntimeError" in answer.reason
    assert "Mary" not in answer.reason


ONE, TWO = wire.adt(number="1"), wire.adt("A03", number="2")


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (ONE, [ONE]),
        (ONE + b"\r" + TWO + b"\r", [ONE, TWO]),
        (b"\x0b" + ONE + b"\x1c\r\x0b" + TWO + b"\x1c\r", [ONE, TWO]),
        (b"\xef\xbb\xbf" + ONE + b"\n\n" + TWO, [ONE, TWO]),
        (b"FHS|^~\\&|A\rBHS|^~\\&|B\r" + ONE + b"\r" + TWO + b"\rBTS|2\rFTS|1\r", [ONE, TWO]),
        (b"BHS|^~\\&|B\r" + ONE + b"\rBTS|1", [ONE]),
        (b"FHS|^~\\&|A\r", [b"FHS|^~\\&|A\r"]),
        (b'{"a": 1}\n{"b": 2}\r\n\n{"c": 3}', [b'{"a": 1}', b'{"b": 2}', b'{"c": 3}']),
        (b'{\n"a": 1}\n', [b'{\n"a": 1}\n']),
        (b'{"a": 1}\n', [b'{"a": 1}\n']),
        (b"", [b""]),
        (b"<a/>", [b"<a/>"]),
    ],
)
def test_split_gives_each_message_of_a_file(raw: bytes, expected: list[bytes]) -> None:
    assert list(formats.split(raw, "a-name")) == expected


def test_split_finds_lines_longer_than_its_first_look() -> None:
    line = wire.bundle(*(wire.clinical("Flag", f"x{number}") for number in range(80)))
    assert len(line) > 5000

    assert list(formats.split(line + b"\n" + line)) == [line, line]


EXTRACT = b"organisation_code,local_patient_id,contact_id,contact_at,contact_type,outcome\n"
ROW = b"RDR,c1,k1,2026-03-01,Home visit,%s\n"
HUGE = 4 * 1024 * 1024


@pytest.mark.parametrize(
    ("start", "end", "places"),
    [
        (b'{"a": "', b"", [""]),
        (b'{"a": 1}\n{"a": "', b'"}\n{"b": 2}\n', ["line 1", "line 2", "line 3"]),
        (EXTRACT + ROW % b"well", ROW % b"well", ["line 2", "line 3"]),
        (EXTRACT + b'RDR,"', b"\n" + ROW % b"well", ["line 2", "line 3"]),
        (EXTRACT.strip() + b",", b"\n" + ROW % b"well", ["line 1"]),
        (b"\xff\xfe" + EXTRACT.decode().encode("utf-16-le"), b"\n\0", [""]),
        (b"MSH|^~\\&|", b"", ["message 1"]),
        (ONE + b"\r" + TWO, b"\r" + ONE, ["message 1", "message 2", "message 3"]),
        (b"UNB+UNOC:3+", b"'", [""]),
        (b"<a>", b"</a>", [""]),
    ],
)
def test_message_too_large_is_never_copied_and_costs_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, start: bytes, end: bytes, places: list[str]
) -> None:
    monkeypatch.setattr(limits, "MAX_MESSAGE", 64 * 1024)
    path = tmp_path / "huge"
    with path.open("wb") as file:
        file.write(start)
        file.seek(len(start) + HUGE)  # sparse: nothing is written between
        file.write(end or b" ")
    with path.open("rb") as file:
        raw = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)

    list(formats.pieces(EXTRACT))  # layouts are loaded once
    tracemalloc.start()
    told = [(piece.place, len(piece.raw), type(piece.raw)) for piece in formats.pieces(raw)]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert [place for place, _, _ in told] == places
    assert [kind for _, size, kind in told if size > limits.MAX_MESSAGE] == [memoryview]
    assert peak < HUGE / 4


def starts() -> st.SearchStrategy[bytes]:
    """Bytes that look like the beginning of something."""
    return st.sampled_from([b"", b"MSH", b"MSH|^~\\&|", b"{", b"[", b"\xef\xbb\xbf{", b"\xff\xfe{\0", b"FHS", b"<"])


@given(starts(), st.binary(max_size=300))
def test_read_never_raises_on_any_bytes(start: bytes, rest: bytes) -> None:
    raw = start + rest
    assert isinstance(formats.read(raw), Message | Reject)
    assert b"".join(formats.split(raw)) is not None


FULL = wire.bundle(
    wire.export_list(),
    wire.clinical("Condition", onsetDateTime="2010", code=wire.concept(), asserter=wire.reference("Practitioner/d1")),
    wire.clinical(
        "Observation",
        "x2",
        code=wire.concept("163020007", "Blood pressure"),
        effectiveDateTime="2020-09-04T10:00:00+01:00",
        component=[{"code": wire.concept(), "valueQuantity": {"value": 142, "unit": "mmHg"}}],
    ),
    wire.clinical("MedicationStatement", "x3", medicationReference=wire.reference("Medication/m1")),
)


ORDER = "OBR|1|P1|F1|FBC^Full blood count^L|||202101030900||||||||BLOO^Blood|^Asker^Ann^^^Dr||||||202101031200||HM|F"
RESULTS = ("OBX|1|NM|HB^Haemoglobin^L||130|g/L|115-165|N|||F", "OBX|2|ED|SCAN^Scan||X^AP^pdf^Base64^JVBERi0x||||||F")
REPORTS = [
    wire.adt("R01", ORDER, *RESULTS, "NTE|1||Remark", sort="ORU^R01"),
    wire.adt("T02", "TXA|1|DS|TX|202101040900|||||||D77", "OBX|1|TX|T||Text", sort="MDM^T02"),
    wire.adt("A45", "MRG|77^^^OLD||||V99", wire.PV1),
]


@settings(max_examples=100)
@given(st.data())
def test_read_never_raises_on_mutated_messages(data: st.DataObject) -> None:
    raw = bytearray(data.draw(st.sampled_from([FULL, ONE, TWO, wire.adt("A40", "MRG|22789^^^LOCALID"), *REPORTS])))
    for _ in range(data.draw(st.integers(1, 8))):
        at = data.draw(st.integers(0, len(raw) - 1))
        raw[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
        raw = raw or bytearray(b"{")

    answer = formats.read(bytes(raw))
    assert isinstance(answer, Message | Reject)
    assert getattr(answer, "code", "") != "reader-fault"


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**60), 2**60)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["coding", "code", "reference", "value", "text", "start"]), inner, max_size=3)
    ),
    max_leaves=8,
)
KEYS = sorted(
    {key for entry in json.loads(FULL)["entry"] for key in entry["resource"]}
    | {"note", "performer", "contained", "extension", "reaction", "category", "participant", "type", "location"}
    | {"item", "content", "valueQuantity", "referenceRange", "period", "requester", "reasonCode", "entry", "related"}
)


@settings(max_examples=100)
@given(st.sampled_from(sorted(fhir.READERS)), st.dictionaries(st.sampled_from(KEYS), JSON, max_size=6))
def test_a_resource_of_any_shape_costs_no_other(sort: str, fields: dict[str, object]) -> None:
    odd = {**wire.clinical(sort, "odd"), **{key: value for key, value in fields.items() if key != "resourceType"}}
    sound = wire.clinical("Flag", "sound", code=wire.concept())

    message = formats.read(wire.bundle(odd, sound))

    assert isinstance(message, Message)
    assert "sound" in [entry.source_id for entry in message.entries]
    assert not [issue for issue in message.issues if issue.code == "entry-unreadable"]
