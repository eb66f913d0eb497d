"""rules.settle: numbers first, then demographics, merges and judgements; the same for every order of the same set."""

from dataclasses import replace
from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from oneplace.record.rules import CONFLICT, Claim, Judgement, Link, settle

BORN = date(1951, 12, 12)
NAME = frozenset({("burrows", "mary")})
FULL = Claim(
    1, (1, "G1", "p1"), frozenset({"burrows"}), frozenset({"mary"}), BORN, "9990000018", "G1", True, "female", NAME,
    frozenset({"ZZ1 1AA"}),
)  # fmt: skip


def claim(key: int, source: str, **changes: object) -> Claim:
    """Another source's patient."""
    return replace(FULL, key=key, order=(1, source, f"l{key}"), source=source, **changes)


def other_man(key: int, source: str, **changes: object) -> Claim:
    """The same number under another name and date of birth."""
    told = {"families": frozenset({"meakin"}), "givens": frozenset({"micheal"}), "birth_date": date(1960, 8, 1)}
    return claim(key, source, names=frozenset({("meakin", "micheal")}), **{**told, **changes})


def links(*claims: Claim, **more: object) -> dict[int, Link]:
    return {key: placement.link for key, placement in settle(claims, **more).items()}


def test_odd_one_among_verified_claims_is_shown_with_a_conflict():
    """Three organisations agree, a fourth says another name and birth date; all say that the number was verified."""
    odd = other_man(9, "A0")
    placed = settle([FULL, claim(2, "H1"), claim(3, "H2"), odd])
    assert (placed[9].link, placed[9].reason) == (Link.PROVISIONAL, CONFLICT)
    assert placed[9].group == placed[1].group == ("number", "9990000018")


def test_odd_one_stays_apart_without_company_or_verification():
    odd = other_man(9, "H9")
    assert links(FULL, odd)[9] is Link.HELD, "a pair alone: swapped numbers look like this"
    assert links(FULL, claim(2, "H1"), odd)[9] is Link.PROVISIONAL
    assert links(FULL, claim(2, "H1"), replace(odd, verified=False))[9] is Link.HELD
    assert links(FULL, claim(2, "H1", verified=False), odd)[9] is Link.HELD
    assert links(FULL, claim(2, "H9"), odd)[9] is Link.HELD, "its own organisation is no company"
    assert links(FULL, claim(2, "H1"), replace(odd, birth_date=None))[9] is Link.HELD


def test_identity_of_most_organisations_leads_where_no_practice_does():
    odd = other_man(9, "A0", verified=False)
    assert links(odd, FULL, claim(2, "H1"))[9] is Link.HELD
    practice = replace(odd, order=(0, "Z9", "l9"))
    assert links(practice, FULL, claim(2, "H1"))[9] is Link.LINKED, "the registering practice goes before many"


def test_claim_without_a_number_is_held_between_two_people():
    bare = claim(5, "C1", number="", verified=False)
    twin_number = claim(6, "G2", number="9990000026")
    assert links(FULL, twin_number, bare)[5] is Link.HELD
    assert links(FULL, bare)[5] is Link.LINKED


def test_two_names_that_lead_to_one_holder_are_one_lead():
    names = frozenset({("burrows", "mary"), ("pike", "mary")})
    bare = claim(5, "C1", number="", names=names)
    assert links(replace(FULL, names=names), bare)[5] is Link.LINKED
    other = claim(6, "G2", number="9990000026", names=frozenset({("pike", "mary")}))
    assert links(FULL, other, bare)[5] is Link.HELD


def test_sex_that_one_does_not_tell_is_no_bridge_between_two():
    bare = [claim(key, f"C{key}", number="", sex=sex) for key, sex in ((5, "male"), (6, ""), (7, "female"))]
    assert links(*bare) == dict.fromkeys((5, 6, 7), Link.HELD)
    assert len({one.group for one in settle(bare).values()}) == 3
    silent = replace(FULL, sex="")
    assert links(silent, bare[0], bare[2]) == {1: Link.LINKED, 5: Link.HELD, 7: Link.HELD}
    assert links(silent, bare[0], bare[1]) == dict.fromkeys((1, 5, 6), Link.LINKED)
    assert links(FULL, *bare) == {1: Link.LINKED, 5: Link.UNLINKED, 6: Link.LINKED, 7: Link.LINKED}
    men = [claim(key, f"C{key}", number="", sex=sex) for key, sex in ((5, "male"), (6, "male"), (7, ""))]
    assert {one.group for one in settle(men).values()} == {("patient", 5)}


def test_every_name_counts_before_it_is_decided():
    """One name leads to two holders, another to one of them: held, whatever name is met first."""
    names = frozenset({("burrows", "mary"), ("pike", "mary")})
    bare = claim(5, "C1", number="", names=names)
    other = claim(6, "G2", number="9990000026", names=names)
    for order in (bare.order, (0, "A", "a")):
        assert links(FULL, other, replace(bare, order=order))[5] is Link.HELD


def test_half_a_name_leads_nowhere():
    half = frozenset({("burrows", "")})
    assert links(replace(FULL, names=half), claim(5, "C1", number="", names=half))[5] is Link.UNLINKED


def test_sex_not_told_speaks_for_nobody_and_against_nobody():
    bare = claim(5, "C1", number="", sex="")
    assert links(FULL, bare)[5] is Link.LINKED
    assert links(FULL, replace(bare, sex="male"))[5] is Link.UNLINKED


def test_bare_claims_gather_and_part_by_judgement():
    bare = [claim(key, f"C{key}", number="") for key in (5, 6, 7)]
    assert {one.group for one in settle(bare).values()} == {("patient", 5)}
    parted = settle(bare, judgements=[Judgement(5, 6, False, "Priti")])
    assert (parted[5].group, parted[6].group, parted[7].group) == (("patient", 5), ("patient", 6), ("patient", 6))
    assert parted[5].link is Link.UNLINKED


def test_merge_brings_the_number_with_it_whichever_is_kept():
    stranger = claim(8, "H1", number="", names=frozenset({("unknown", "male")}))
    for merge in ((1, 8), (8, 1)):
        assert {one.group for one in settle([FULL, stranger], [merge]).values()} == {("number", "9990000018")}


def test_merge_of_two_numbers_is_refused():
    other = claim(8, "H1", number="9990000026")
    placed = settle([FULL, other], [(1, 8)])
    assert (placed[8].link, placed[8].group) == (Link.PROVISIONAL, ("number", "9990000026"))
    lone = claim(8, "H1", number="9990000026", birth_date=None)
    assert settle([FULL, lone], [(1, 8)])[8].link is Link.HELD


def test_judgement_never_joins_two_numbers_and_parts_only_company():
    other = claim(8, "H1", number="9990000026")
    placed = settle([FULL, other], judgements=[Judgement(8, 1, True, "Priti"), Judgement(1, 8, False, "Priti")])
    assert (placed[8].link, placed[1].link) == (Link.LINKED, Link.LINKED)
    held = claim(9, "H2", birth_date=date(1951, 12, 21))
    assert settle([FULL, held], judgements=[Judgement(9, 1, False, "Priti")])[9].link is Link.UNLINKED
    assert settle([FULL, held], judgements=[Judgement(9, 1, True, "Priti")])[9].group == ("number", "9990000018")


CLAIMS = st.builds(
    lambda key, source, number, family, first, born, code, sex, verified: Claim(
        key, (1, source, f"l{key}"), frozenset({family}), frozenset({first}), born, number, source, verified, sex,
        frozenset({(family, first)}), frozenset({code}),
    ),
    key=st.integers(1, 9),
    source=st.sampled_from(["A", "B", "C"]),
    number=st.sampled_from(["", "9990000018", "9990000026"]),
    family=st.sampled_from(["burrows", "meakin"]),
    first=st.sampled_from(["mary", "helen"]),
    born=st.sampled_from([BORN, date(1960, 8, 1), None]),
    code=st.sampled_from(["ZZ1 1AA", ""]),
    sex=st.sampled_from(["female", "male", ""]),
    verified=st.booleans(),
)  # fmt: skip
PAIRS = st.tuples(st.integers(1, 9), st.integers(1, 9)).filter(lambda pair: pair[0] != pair[1])


@given(st.lists(CLAIMS, min_size=2, unique_by=lambda one: one.key), st.sets(PAIRS), st.randoms())
def test_order_changes_nothing_and_two_numbers_never_meet(claims, pairs, randomness):
    keys = {one.key for one in claims}
    merges = [pair for pair in pairs if set(pair) <= keys]
    judged = [Judgement(one, other, (one + other) % 2 == 0, "x") for one, other in merges[::2]]
    first = settle(claims, merges, judged)
    shuffled = randomness.sample(claims, len(claims))
    assert settle(shuffled, merges[::-1], judged[::-1]) == first
    numbers: dict[object, set[str]] = {}
    for one in claims:
        numbers.setdefault(first[one.key].group, set()).add(one.number)
    assert all(len(found - {""}) < 2 for found in numbers.values())
