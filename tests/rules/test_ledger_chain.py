"""The chain finds each kind of tampering that a list of rows can suffer."""

import dataclasses
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oneplace.ledger import rules
from oneplace.ledger.rules import ORIGIN, Line, Tip

START = datetime(2026, 1, 5, 9, tzinfo=UTC)
TEXT_FIELDS = ["actor", "role", "organisation", "action", "subject", "purpose", "basis", "detail"]


def chain(length: int) -> list[Line]:
    """A sound chain of rows that differ from each other."""
    lines, previous = [], ORIGIN
    for seq in range(1, length + 1):
        at = START + timedelta(minutes=seq)
        line = Line(seq, at, at, f"a{seq}", "gp", "G1", "open", f"p{seq}", "care", "tie", '{"n":1}', previous, "")
        line = dataclasses.replace(line, hash=rules.chain_hash(previous, rules.canonical(line)))
        lines.append(line)
        previous = line.hash
    return lines


def tip(lines: list[Line]) -> Tip:
    return Tip(lines[-1].seq, lines[-1].hash)


def check(lines: list[Line], head: Tip | None, anchors: tuple[Tip, ...] = ()) -> rules.Verdict:
    return rules.check_chain(lines, head, after=Tip(0, ORIGIN), anchors=anchors)


def test_chain_sound_is_ok():
    lines = chain(20)
    verdict = check(lines, tip(lines), (Tip(7, lines[6].hash),))
    assert (verdict.ok, verdict.rows, verdict.head) == (True, 20, lines[-1].hash)


def test_chain_empty_is_ok():
    assert check([], None).ok
    assert check([], Tip(0, ORIGIN)).ok


@pytest.mark.parametrize("field", [*TEXT_FIELDS, "at_real", "at_business", "previous", "hash"])
def test_chain_finds_an_edit_of(field):
    lines = chain(6)
    old = getattr(lines[2], field)
    new = old + timedelta(microseconds=1) if isinstance(old, datetime) else old[:-1] + ("0" if old[-1] != "0" else "1")
    lines[2] = dataclasses.replace(lines[2], **{field: new})
    verdict = check(lines, Tip(6, chain(6)[-1].hash))
    assert not verdict.ok
    assert verdict.faults[0].seq in {3, 4}


@given(length=st.integers(2, 12), data=st.data())
def test_chain_finds_any_deletion_and_names_it(length, data):
    lines = chain(length)
    head = tip(lines)
    gone = data.draw(st.integers(0, length - 1))
    del lines[gone]
    verdict = check(lines, head)
    assert not verdict.ok
    assert verdict.faults[0] == rules.Fault(gone + 1, f"row {gone + 1} is missing")


@given(length=st.integers(2, 12), data=st.data())
def test_chain_finds_any_swap_of_numbers(length, data):
    lines = chain(length)
    head = tip(lines)
    one, two = data.draw(st.lists(st.integers(0, length - 1), min_size=2, max_size=2, unique=True))
    lines[one], lines[two] = (
        dataclasses.replace(lines[two], seq=lines[one].seq),
        dataclasses.replace(lines[one], seq=lines[two].seq),
    )
    assert not check(lines, head).ok


def test_chain_finds_a_cut_end_and_rows_beyond_the_head():
    lines = chain(5)
    assert check(lines[:3], tip(lines)).faults == (rules.Fault(4, "rows 4 to 5 are missing"),)
    assert not check(lines, tip(lines[:3])).ok
    assert not check(lines, None).ok
    assert not check(lines, Tip(5, ORIGIN)).ok


def test_chain_rewritten_whole_is_found_by_an_anchor_alone():
    honest, forged = chain(5), chain(4)
    line = dataclasses.replace(honest[4], actor="other", previous=forged[-1].hash, hash="")
    forged.append(dataclasses.replace(line, hash=rules.chain_hash(line.previous, rules.canonical(line))))
    assert check(forged, tip(forged)).ok
    assert not check(forged, tip(forged), (tip(honest),)).ok
    assert not check(forged[:4], tip(forged[:4]), (tip(honest),)).ok


@given(st.lists(st.tuples(*[st.text(max_size=3)] * 8), min_size=2, max_size=2, unique=True))
def test_canonical_bytes_differ_where_content_differs(contents):
    one, two = (rules.canonical(Line(1, START, START, *words, ORIGIN, "")) for words in contents)
    assert one != two


def test_canonical_bytes_are_of_the_instant_whatever_the_zone():
    from oneplace.kernel.clock import LONDON

    summer = datetime(2026, 7, 1, 12, tzinfo=UTC)
    line = Line(1, summer, summer, "a", *[""] * 8, "")
    moved = dataclasses.replace(line, at_real=summer.astimezone(LONDON))
    assert rules.canonical(line) == rules.canonical(moved)


def test_chain_check_is_total_for_text_that_is_no_unicode():
    lines = chain(2)
    lines[1] = dataclasses.replace(lines[1], detail="\ud800")
    assert not check(lines, tip(lines)).ok


def test_detail_text_sorts_its_keys():
    assert rules.detail_text({"b": 1, "a": [2]}) == '{"a":[2],"b":1}'
    assert rules.detail_text(None) == rules.detail_text({}) == ""


def test_anchor_file_reads_and_names_a_bad_line():
    assert rules.read_anchors(f"3 {ORIGIN}\n\n") == [Tip(3, ORIGIN)]
    for bad in ("3", f"x {ORIGIN}", "3 abc"):
        with pytest.raises(ValueError, match="line 2"):
            rules.read_anchors(f"1 {ORIGIN}\n{bad}")


def test_with_faults_turns_a_good_verdict():
    good = rules.Verdict(True, 1, ORIGIN, ())
    assert rules.with_faults(good, []).ok
    assert not rules.with_faults(good, [rules.Fault(2, "x")]).ok


@pytest.mark.parametrize(
    ("detail", "shown"),
    [
        ("", ()),
        ("{", ()),
        ("[1]", ()),
        ('{"shown":"p1"}', ()),
        ('{"n":1}', ()),
        ('{"shown":["p2","p1","p2"]}', ("p2", "p1")),
    ],
)
def test_people_of_a_list_are_told_once_each_and_any_text_is_met(detail, shown):
    assert rules.shown_in(detail) == shown


def test_mentions_are_compared_with_what_rows_list():
    told = [(2, '{"shown":["a","b"]}'), (4, '{"shown":["a"]}')]
    assert list(rules.faults_of_mentions(told, [(2, "b"), (2, "a"), (4, "a")])) == []
    faults = list(rules.faults_of_mentions(told, [(1, "a"), (2, "b"), (4, "a")]))
    assert [fault.seq for fault in faults] == [2, 1]


@pytest.mark.parametrize(
    ("action", "refused"),
    [("open record", False), ("open record: refused", True), ("open entry: locked", True), ("refuse page", True)],
)
def test_action_says_whether_it_was_done(action, refused):
    assert rules.was_refused(action) is refused
