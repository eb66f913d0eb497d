"""The decision: a permitted role and an open relationship; all else is NotFound."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oneplace.access import rules
from oneplace.access.rules import Actor, Facts, NotFound, Permit, Purpose, RelationshipRow, Tie

NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)
DAY = timedelta(days=1)
GP = Actor("key", "Dr A", "gp", "G1")
CARE = Purpose.DIRECT_CARE
MAY = frozenset({"open-record"})
REGISTERED = Tie("G1", "registered", NOW - 30 * DAY)


def decide(*ties: Tie, actor: Actor = GP, may: frozenset[str] = MAY, purpose: str = CARE) -> rules.Decision:
    return rules.decide(actor, Facts(ties, frozenset(), may), purpose, NOW)


def test_decide_permits_with_the_basis_in_words():
    assert decide(REGISTERED) == Permit("registered with G1 since 2026-01-31")
    assert decide(REGISTERED, purpose="direct care") == Permit("registered with G1 since 2026-01-31")


@pytest.mark.parametrize(
    ("case", "decision"),
    [
        ("no tie", decide()),
        ("role opens nothing", decide(REGISTERED, may=frozenset({"search-people"}))),
        ("other purpose", decide(REGISTERED, purpose="research")),
        ("no purpose", decide(REGISTERED, purpose="")),
        ("other organisation", decide(Tie("G2", "registered", NOW - DAY))),
        ("not yet begun", decide(Tie("G1", "registered", NOW + DAY))),
        ("ended at this moment", decide(Tie("G1", "admitted", NOW - DAY, NOW))),
        ("never open", decide(Tie("G1", "admitted", NOW - DAY, NOW - DAY))),
        ("no organisation", decide(Tie("", "registered", NOW - DAY), actor=Actor("k", "n", "gp", ""))),
    ],
)
def test_decide_finds_nobody_when(case, decision):
    assert isinstance(decision, NotFound), case


def test_decide_names_the_longest_tie():
    admitted = Tie("G1", "admitted", NOW - DAY, NOW + DAY)
    assert decide(admitted, REGISTERED) == decide(REGISTERED, admitted) == decide(REGISTERED)


def test_tie_is_open_from_its_first_moment_to_before_its_last():
    tie = Tie("G1", "admitted", NOW, NOW + DAY)
    assert [tie.is_open(at) for at in (NOW - DAY, NOW, NOW + DAY)] == [False, True, False]


times = st.datetimes(datetime(2026, 2, 25), datetime(2026, 3, 10)).map(lambda at: at.replace(tzinfo=UTC))
ties = st.builds(Tie, st.sampled_from(["G1", "G2", ""]), st.just("registered"), times, st.none() | times)


@given(
    st.lists(ties, max_size=5),
    st.sampled_from(["G1", "G2", ""]),
    st.frozensets(st.sampled_from(["open-record", "replay"])),
    st.text(max_size=12) | st.just("direct care"),
)
def test_decide_is_total_and_agrees_with_the_plain_sentence(found, organisation, may, purpose):
    decision = rules.decide(Actor("k", "n", "r", organisation), Facts(tuple(found), frozenset(), may), purpose, NOW)
    sentence = (
        "open-record" in may
        and purpose == "direct care"
        and organisation != ""
        and any(t.organisation_code == organisation and t.starts <= NOW < (t.ends or NOW + DAY) for t in found)
    )
    assert isinstance(decision, Permit) == sentence


def test_agreement_is_in_force_on_its_first_and_last_day():
    first, last = date(2026, 4, 1), date(2026, 4, 30)
    days = [date(2026, 3, 31), first, last, date(2026, 5, 1)]
    assert [rules.is_in_force(first, last, day) for day in days] == [False, True, True, False]
    assert rules.is_in_force(first, None, date(2040, 1, 1))


rows = st.builds(
    RelationshipRow,
    st.just("p"),
    st.just("G1"),
    st.just("admitted"),
    st.sampled_from(["r1", "r2"]),
    times,
    st.none() | times,
    st.none() | times,
)


def dates(found: list[RelationshipRow]) -> list[tuple[object, ...]]:
    return [(row.tie_key, row.age_key) for row in found]


@given(st.lists(rows, max_size=8), st.randoms())
def test_newest_of_is_the_same_in_any_order_and_twice(told, randomness):
    shuffled = told * 2
    randomness.shuffle(shuffled)
    assert dates(rules.newest_of(told)) == dates(rules.newest_of(shuffled))


def test_newest_of_keeps_the_later_telling_and_the_last_person():
    later = RelationshipRow("p1", "G1", "admitted", "r", NOW, NOW + DAY, NOW + DAY)
    older = RelationshipRow("p2", "G1", "admitted", "r", NOW, None, NOW)
    [kept] = rules.newest_of([later, older])
    assert (kept.person, kept.ends) == ("p2", NOW + DAY)


def test_newest_of_at_one_moment_an_end_beats_none():
    open_row = RelationshipRow("p", "G1", "admitted", "r", NOW, None, NOW)
    ended = RelationshipRow("p", "G1", "admitted", "r", NOW, NOW, NOW)
    assert rules.newest_of([ended, open_row])[0].ends == rules.newest_of([open_row, ended])[0].ends == NOW


def test_agreement_from_a_row_of_text():
    row = rules.agreement_from(
        {"controller_code": " G1 ", "signed_on": "2026-03-01", "purposes": "direct care; planning", "classes": ""}
    )
    assert row == rules.AgreementRow("G1", date(2026, 3, 1), date(2026, 3, 1), None, ("direct care", "planning"))


def test_agreement_from_a_row_of_values():
    row = rules.agreement_from({"controller_code": "G1", "starts": date(2026, 3, 1), "purposes": ("a",), "note": "n"})
    assert (row.starts, row.purposes, row.classes, row.note) == (date(2026, 3, 1), ("a",), (), "n")


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        ({"starts": "2026-01-01"}, "controller_code"),
        ({"controller_code": "G1"}, "the day it starts"),
        ({"controller_code": "G1", "starts": "soon"}, "'starts' in the agreement of G1"),
        ({"controller_code": "G1", "starts": "2026-01-02", "ends": "2026-01-01"}, "ends before"),
    ],
)
def test_agreement_from_names_the_fault(row, fault):
    with pytest.raises(ValueError, match=fault):
        rules.agreement_from(row)
