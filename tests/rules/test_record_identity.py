"""record.rules and gateway.rules: who may be one person, which names may be one name, what is the same message."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oneplace.gateway import rules as gateway
from oneplace.kernel.rows import Message, Reject
from oneplace.record import rules
from oneplace.record.rules import Claim, Link, arrange

BORN = date(1951, 12, 12)
ANCHOR = Claim(1, (0, "G1", "p1"), frozenset({"burrows"}), frozenset({"mary"}), BORN)


def claim(family: str = "burrows", first: str = "mary", born: date | None = BORN, key: int = 2) -> Claim:
    """What a hospital says of its patient."""
    return Claim(key, (1, "H1", f"h{key}"), frozenset({family}), frozenset({first}), born)


def link_of(told: Claim, anchor: Claim = ANCHOR) -> Link:
    return {placement.key: placement.link for placement in arrange([anchor, told])}[told.key]


@pytest.mark.parametrize(
    ("told", "link"),
    [
        (claim(), Link.LINKED),
        (claim("meakin"), Link.PROVISIONAL),  # the examples have one number with two surnames
        (claim(born=date(1951, 12, 13)), Link.HELD),
        (claim("meakin", born=date(1985, 1, 1)), Link.HELD),
        (claim(first="helen"), Link.HELD),  # twins
        (claim("meakin", "helen"), Link.HELD),
        (claim(born=None), Link.HELD),
        (claim(first="m"), Link.LINKED),  # an initial
        (claim(first="h"), Link.HELD),
        (claim("burows"), Link.LINKED),
        (claim("burrosw"), Link.LINKED),
        (claim(first="marry"), Link.LINKED),
        (claim(""), Link.PROVISIONAL),  # nothing is no name: it agrees with none
        (claim(first=""), Link.HELD),
    ],
)
def test_claim_is_linked_only_as_far_as_it_agrees(told, link):
    assert link_of(told) is link


@pytest.mark.parametrize(("one", "other"), [("maria", "mario"), ("joan", "john"), ("ann", "amy")])
def test_given_names_of_twins_are_not_one_misspelt(one, other):
    assert link_of(claim(first=other), replace(ANCHOR, givens=frozenset({one}))) is Link.HELD


def test_former_surname_agrees_with_the_present_one():
    renamed = replace(claim("meakin"), families=frozenset({"meakin", "burrows"}))
    assert link_of(renamed) is Link.LINKED


def test_reason_is_told_with_each_doubtful_link():
    reasons = {p.link: p.reason for p in arrange([ANCHOR, claim("meakin"), claim(first="helen", key=3)])}
    assert reasons[Link.PROVISIONAL] == "same NHS number and date of birth, another surname"
    assert reasons[Link.HELD].endswith("twins?")


def test_claims_without_any_date_of_birth_are_all_held():
    assert [p.link for p in arrange([replace(ANCHOR, birth_date=None), claim(born=None)])] == [Link.HELD] * 2


def test_first_in_order_that_has_a_date_of_birth_is_the_anchor():
    placed = {p.key: p.link for p in arrange([replace(ANCHOR, birth_date=None), claim(key=2), claim(key=3)])}
    assert placed == {1: Link.HELD, 2: Link.LINKED, 3: Link.LINKED}


def test_only_linked_and_provisional_are_shown_together():
    together = {p.link: p.together for p in arrange([ANCHOR, claim("meakin"), claim(born=None, key=3)])}
    assert together == {Link.LINKED: True, Link.PROVISIONAL: True, Link.HELD: False}


CLAIMS = st.lists(
    st.builds(
        claim,
        st.sampled_from(["burrows", "burows", "meakin", ""]),
        st.sampled_from(["mary", "m", "helen", ""]),
        st.sampled_from([BORN, date(1985, 1, 1), None]),
        st.integers(1, 20),
    ),
    min_size=1,
    max_size=5,
    unique_by=lambda told: told.key,
)


@given(CLAIMS, st.randoms())
def test_arrange_does_not_depend_on_the_order_of_arrival(claims, randomness):
    shuffled = randomness.sample(claims, len(claims))
    assert {p.key: p for p in arrange(claims)} == {p.key: p for p in arrange(shuffled)}


@given(CLAIMS)
def test_arrange_links_nobody_of_another_birth_date(claims):
    born = {told.key: told.birth_date for told in claims}
    assert len({born[placed.key] for placed in arrange(claims) if placed.together}) <= 1


def test_claims_to_one_number_come_in_any_order():
    claims = [ANCHOR, claim("meakin"), claim(first="helen", key=3), claim(born=None, key=4)]
    states = {frozenset((p.key, p.link) for p in arrange(order)) for order in permutations(claims)}
    assert len(states) == 1


@pytest.mark.parametrize(
    ("text", "plain"),
    [("O'Neill", "oneill"), ("Zoë", "zoe"), ("D’Souza-Łee", "dsouzaee"), ("MÜLLER", "muller"), ("Straße", "strasse")],
)
def test_comparable_name_has_no_accents_and_no_marks(text, plain):
    assert rules.comparable(text) == plain


@pytest.mark.parametrize(("text", "word"), [("Mary Ann", "mary"), ("Anne-Marie", "anne"), (" José ", "jose"), ("", "")])
def test_first_word_is_the_first_given_name(text, word):
    assert rules.first_word(text) == word


@pytest.mark.parametrize(
    ("number", "linked_on"),
    [
        ("9990000018", "9990000018"),
        ("1234567890", ""),  # bad check digit: in every GP to GP example
        ("3333333333", ""),  # passes modulus 11
        ("999000001", ""),
        ("", ""),
    ],
)
def test_number_to_link_on_is_valid_and_no_placeholder(number, linked_on):
    assert rules.number_to_link_on(number) == linked_on


LETTERS = st.text("abcdefghijklmnopqrstuvwxyz", min_size=4, max_size=12)


@given(LETTERS, st.data())
def test_names_one_slip_apart_share_a_search_key(name, data):
    at = data.draw(st.integers(0, len(name) - 1))
    letter = data.draw(st.sampled_from("aeioustz"))
    swapped = name[:at] + name[at + 1 : at + 2] + name[at] + name[at + 2 :]
    slips = [name[:at] + name[at + 1 :], name[:at] + letter + name[at:], name[:at] + letter + name[at + 1 :], swapped]
    for slip in slips:
        assert rules.search_keys(name) & rules.search_keys(slip), (name, slip)


def test_search_keys_of_short_and_empty_names_are_few():
    assert rules.search_keys("") == {""}
    assert rules.search_keys("ng") == {"ng", "~NK"}
    assert rules.search_keys("smith") & rules.search_keys("smyth") >= {"~SM0"}
    assert not rules.search_keys("burrows") & rules.search_keys("meakin")


AT = datetime(2021, 1, 1, tzinfo=UTC)


def test_newer_goes_by_time_and_then_by_content():
    later = AT + timedelta(seconds=1)
    assert rules.newer(later, b"a", AT, b"b")
    assert not rules.newer(AT, b"b", later, b"a")
    assert rules.newer(AT, b"b", AT, b"a")
    assert not rules.newer(AT, b"a", AT, b"b")
    assert not rules.newer(AT, b"a", AT, b"a")


def message(source: str = "RCB", number: str = "PAS|RCB|MSG1") -> Message:
    return Message("hl7-v2", source, "", (), (), message_id=number)


def test_message_is_known_by_its_senders_own_id():
    one = gateway.same_as(message(), b"\x01")
    assert one == gateway.same_as(message(), b"\x02")
    assert one != gateway.same_as(message(source="RXX"), b"\x01")
    assert one != gateway.same_as(message(number="PAS|RCB|MSG2"), b"\x01")


def test_message_without_an_id_is_known_by_its_bytes():
    assert gateway.same_as(message(number=""), b"\x01\x02") == "0102"
    assert gateway.same_as(Reject("broken", "json-broken"), b"\x01\x02") == "0102"


def test_message_from_the_wrong_feed_is_known_for_that_feed_alone():
    refused = Reject("of another", "source-other")
    assert len({gateway.same_as(refused, b"\x01", code) for code in ("G1", "G2", "G1")} | {"01"}) == 3


@given(st.integers(gateway.FEWEST, gateway.MOST), st.integers(0, 10**6), st.just(0.0) | st.floats(1e-9, 100))
def test_next_chunk_stays_within_its_bounds(size, entries, seconds):
    assert gateway.FEWEST <= gateway.next_size(size, entries, seconds) <= gateway.MOST


def test_next_chunk_shrinks_where_the_disk_is_slow_and_grows_where_it_is_fast():
    assert gateway.next_size(400, 400, 4.0) < 400 < gateway.next_size(400, 400, 0.001)
    assert gateway.next_size(400, 0, 1.0) == gateway.next_size(400, 10, 0.0) == 400


@given(st.lists(st.sampled_from(["filed", "quarantined", "duplicate"])))
def test_tally_balances_in_all_and_by_format(outcomes):
    tally = gateway.Tally()
    for number, outcome in enumerate(outcomes):
        tally.note("ab"[number % 2], outcome)
    assert tally.received == len(outcomes) == tally.filed + tally.quarantined + tally.duplicate
    assert tally.received == sum(count.received for count in tally.by_format.values())
