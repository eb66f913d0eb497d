"""HL7 v2 answers: codes by outcome in both modes, places of errors, nothing of the person, the same again."""

from datetime import UTC, datetime

import hl7
import pytest
from factories import wire
from hypothesis import given
from hypothesis import strategies as st

from oneplace import formats
from oneplace.formats.hl7v2 import ack
from oneplace.kernel.rows import Reject

AT = datetime(2021, 1, 4, 10, 31, tzinfo=UTC)
DATA = Reject("PID-3 holds no identifier | of the person.", "no-patient", "PID-3", "hl7-v2")
OTHER = Reject("Another organisation.", "source-other", "", "hl7-v2")
LOST = Reject("Send again.", ack.NOT_KEPT, "", "hl7-v2")


def header(accept: str = "", application: str = "", version: str = "2.4") -> ack.Header:
    raw = wire.adt().replace(b"|P|2.4", f"|P|{version}|||{accept}|{application}".encode())
    return ack.header_of(raw)


def codes(told: list[bytes]) -> list[str]:
    return [str(hl7.parse(one.decode()).segment("MSA")[1]) for one in told]


@pytest.mark.parametrize(
    ("accept", "application", "expected"),
    [
        ("", "", (["AA"], ["AE"], ["AR"], ["AE"])),
        ("AL", "NE", (["CA"], ["CA"], ["CR"], ["CE"])),
        ("AL", "AL", (["CA", "AA"], ["CA", "AE"], ["CR"], ["CE"])),
        ("AL", "ER", (["CA"], ["CA", "AE"], ["CR"], ["CE"])),
        ("AL", "SU", (["CA", "AA"], ["CA"], ["CR"], ["CE"])),
        ("NE", "NE", ([], [], [], [])),
        ("ER", "", ([], [], ["CR"], ["CE"])),
        ("SU", "", (["CA"], ["CA"], [], [])),
        ("", "AL", (["AA"], ["AE"], ["AR"], ["AE"])),
        ("al", "", (["CA"], ["CA"], ["CR"], ["CE"])),
    ],
)
def test_answer_is_true_in_each_mode(accept: str, application: str, expected: tuple[list[str], ...]) -> None:
    told = header(accept, application)
    assert tuple(codes(ack.answers(told, refusal, AT)) for refusal in (None, DATA, OTHER, LOST)) == expected


def test_answer_goes_back_to_its_sender() -> None:
    (told,) = ack.answers(header(), None, AT)
    msh, msa = told.decode().rstrip("\r").split("\r")
    fields = msh.split("|")
    assert fields[:6] == ["MSH", "^~\\&", "X", "X", "PAS", "RCB"]
    assert fields[6:9] == ["20210104103100+0000", "", "ACK^A01^ACK"]
    assert (fields[10], fields[11], len(fields[9]) <= 20) == ("P", "2.4", True)
    assert msa == "MSA|AA|MSG1"


@pytest.mark.parametrize(
    ("version", "refusal", "error"),
    [
        ("2.4", DATA, "ERR|PID^1^3^101&PID-3 holds no identifier \\F\\ of the person.&HL70357"),
        ("2.5.1", DATA, "ERR||PID^1^3|101^^HL70357|E||||PID-3 holds no identifier \\F\\ of the person."),
        ("2.5.1", LOST, "ERR|||207^^HL70357|E||||Send again."),
        ("2.3", Reject("Why.", "reader-fault", "OBX[2]"), "ERR|OBX^2^^102&Why.&HL70357"),
        ("", Reject("Why.", "processing-id", "MSH-11"), "ERR||MSH^1^11|202^^HL70357|E||||Why."),
    ],
)
def test_error_says_where_and_why_in_the_senders_version(version: str, refusal: Reject, error: str) -> None:
    (told,) = ack.answers(header(version=version), refusal, AT)
    assert told.decode().rstrip("\r").split("\r")[2] == error


def test_same_message_gets_the_same_answer() -> None:
    assert ack.answers(header(), DATA, AT) == ack.answers(header(), DATA, AT)
    assert ack.answers(header("AL", "AL"), None, AT) == ack.answers(header("AL", "AL"), None, AT)
    one, two = ack.answers(header("AL", "AL"), None, AT)
    assert one.split(b"|")[9] != two.split(b"|")[9]


@pytest.mark.parametrize("raw", [b"", b"hello", b"MSH|^", b"\xff\xfe\x00", b"MSH|^~\\&|\x81"])
def test_header_that_cannot_be_read_is_still_answered(raw: bytes) -> None:
    refusal = formats.read(raw)
    assert isinstance(refusal, Reject)
    (told,) = ack.answers(ack.header_of(raw), refusal, AT)
    assert codes([told]) == ["AR"]


@given(st.sampled_from([b"", b"MSH|^~\\&|", b"MSH", b"\xef\xbb\xbfMSH|"]), st.binary(max_size=200))
def test_any_bytes_are_answered(start: bytes, rest: bytes) -> None:
    for told in ack.answers(ack.header_of(start + rest), DATA, AT):
        assert told.startswith(b"MSH")


def test_other_separators_are_answered_with() -> None:
    raw = wire.adt().replace(b"|", b"!").replace(b"^", b"*").replace(b"MSH!*~\\&!", b"MSH!*~\\&!")
    (told,) = ack.answers(ack.header_of(raw), DATA, AT)
    assert b"MSH!*~\\&!X!X!PAS!RCB!" in told
    assert b"ERR!PID*1*3*101&" in told
