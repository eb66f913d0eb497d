"""Likeness in rules.settle: a sure score links a patient left over, and what speaks against a link stops any score."""

import random
from dataclasses import replace
from datetime import date, timedelta

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from oneplace.record.linkage import _SLIP
from oneplace.record.rules import BY_LIKENESS, CONFLICT, Claim, Judgement, Likeness, Link, settle
from oneplace.record.rules.numbers import is_slip, names_agree
from oneplace.record.rules.settling import KNOWN_ELSEWHERE, speaks_against

BORN = date(1951, 12, 4)
NAME = frozenset({("burrows", "mary")})
KNOWN = Claim(
    1, (0, "G1", "p1"), frozenset({"burrows"}), frozenset({"mary"}), BORN, "9990000018", "G1", True, "female", NAME,
    frozenset({"ZZ1 1AA"}),
)  # fmt: skip
SURE = Likeness(5, 1, 0.9999, 12.0)


def bare(family: str = "burrows", first: str = "mary", key: int = 5, **changes: object) -> Claim:
    """A patient of another source without a number."""
    told = {"number": "", "verified": False, "names": frozenset({(family, first)}), "order": (1, f"C{key}", f"l{key}")}
    told |= {"families": frozenset({family}), "givens": frozenset({first})}
    return replace(KNOWN, key=key, source=f"C{key}", **{**told, **changes})


MOVED = frozenset({"ZZ9 9ZZ"})


@pytest.mark.parametrize(
    ("told", "why"),
    [
        (bare(postcodes=MOVED), ""),  # moved
        (bare("pike"), ""),  # married
        (bare(birth_date=date(1951, 4, 12)), ""),  # day and month changed round
        (bare("mary", "burrows"), ""),  # names changed round
        (bare("pike", postcodes=MOVED), "another surname and another home"),
        (bare(first="marie"), "another given name"),  # twins of like names
        (bare(first="peggy"), "another given name"),
        (bare(sex="male"), "another sex"),
        (bare(birth_date=date(1981, 12, 4)), "another date of birth"),  # mother and daughter
        (bare(birth_date=date(1951, 4, 12), postcodes=MOVED), "another date of birth"),
        (bare("pike", birth_date=date(1951, 4, 12)), "another date of birth"),
    ],
)
def test_sure_score_links_unless_something_speaks_against_it(told, why):
    placed = settle([KNOWN, told], likenesses=[SURE])[5]
    if why:
        assert placed.link in (Link.HELD, Link.UNLINKED)
        assert placed.reason == f"may be somebody known: {why}"
    else:
        assert (placed.link, placed.reason, placed.group) == (Link.LINKED, BY_LIKENESS, ("number", "9990000018"))


@pytest.mark.parametrize("likeness", [replace(SURE, probability=0.98), replace(SURE, gap=2.9)])
def test_score_that_is_not_sure_waits_to_be_judged(likeness):
    placed = settle([KNOWN, bare("pike")], likenesses=[likeness])[5]
    assert (placed.link, placed.reason) == (Link.HELD, "may be somebody known: not sure enough")
    judged = [Judgement(5, 1, True, "Priti")]
    assert settle([KNOWN, bare("pike")], judgements=judged, likenesses=[likeness])[5].link is Link.LINKED
    judged = [Judgement(5, 1, False, "Priti")]
    assert settle([KNOWN, bare("pike")], judgements=judged, likenesses=[SURE])[5].link is Link.UNLINKED


def test_likeness_never_joins_two_numbers():
    other = bare(number="9990000026", birth_date=None)
    placed = settle([KNOWN, other], likenesses=[SURE])
    assert placed[5].group != placed[1].group
    assert settle([bare(key=1), bare("pike")], likenesses=[SURE])[5].reason.endswith("another NHS number")


@pytest.mark.parametrize(
    ("changes", "link"),
    [
        ({"birth_date": date(1951, 12, 5)}, Link.LINKED),
        ({"birth_date": date(1953, 11, 30)}, Link.LINKED),
        ({"birth_date": date(1981, 12, 4)}, Link.HELD),
        ({"birth_date": date(1951, 12, 5), "sex": "male"}, Link.HELD),
        ({"birth_date": None}, Link.HELD),
    ],
)
def test_one_held_from_its_own_number_comes_back_by_likeness_alone(changes, link):
    told = bare(number=KNOWN.number, **changes)
    assert settle([KNOWN, told])[5].link is Link.HELD
    placed = settle([KNOWN, told], likenesses=[SURE])[5]
    assert placed.link is link
    other = replace(KNOWN, key=2, number="9990000026", order=(0, "G2", "p2"), birth_date=date(1951, 12, 5))
    assert settle([KNOWN, other, told], likenesses=[replace(SURE, other=2)])[5].link is Link.HELD


def test_sex_that_the_company_tells_stops_a_likeness():
    company = [bare(sex="male", postcodes=MOVED), bare(sex="", key=6, postcodes=MOVED)]
    placed = settle([KNOWN, *company], likenesses=[Likeness(6, 1, 0.9999, 12.0)])
    assert placed[6].group != placed[1].group


def test_score_of_somebody_elsewhere_is_left_alone():
    assert settle([KNOWN, bare("pike")], likenesses=[Likeness(5, 99, 1.0, 20.0)])[5].link is Link.UNLINKED
    assert settle([KNOWN, bare()], likenesses=[SURE])[5].reason != BY_LIKENESS, "the exact rule goes before"


def test_no_birth_date_or_home_is_no_likeness():
    assert speaks_against(KNOWN, bare(birth_date=None))
    assert speaks_against(bare("pike", postcodes=frozenset({""})), replace(KNOWN, postcodes=frozenset({""})))


@pytest.mark.parametrize(
    ("other", "slip"),
    [
        (date(1951, 12, 5), True),
        (date(1951, 12, 3), True),
        (date(1952, 12, 4), True),
        (date(1951, 4, 12), True),
        (date(1951, 12, 14), True),
        (date(1951, 11, 4), True),
        (date(1951, 11, 5), False),
        (date(1971, 12, 4), False),
        (date(1953, 12, 4), False),
    ],
)
def test_slip_of_a_date_is_one_that_a_parent_or_twin_would_not_have(other, slip):
    assert is_slip(BORN, other) is slip
    assert is_slip(other, BORN) is slip


def test_slip_of_a_date_is_the_same_to_sql_and_to_python():
    """Splink compares dates in DuckDB with an expression of its own: the two are held together over many pairs."""
    randomness = random.Random(20261123)
    days = [date(year, 1, 1) + timedelta(days=day) for year in (1951, 1952, 2000, 2001) for day in range(365)]
    pairs = [(one, one + timedelta(days=gap)) for one in days for gap in (-366, -365, -1, 0, 1, 365, 366)]
    pairs += [(one, date(one.year, one.day, one.month)) for one in days if one.day < 13]
    pairs += [tuple(randomness.sample(days, 2)) for _ in range(20_000)]
    connection = duckdb.connect()
    connection.execute(
        "CREATE TABLE pairs AS SELECT unnest(?::INTEGER[]) AS place, unnest(?::DATE[]) AS birth_date_l,"
        " unnest(?::DATE[]) AS birth_date_r",
        [list(range(len(pairs))), *map(list, zip(*pairs, strict=True))],
    )
    told = connection.execute(f"SELECT {_SLIP} FROM pairs ORDER BY place").fetchall()
    mine = [is_slip(*pair) for pair in pairs]
    assert [slip for (slip,) in told] == mine
    assert 5_000 < sum(mine) < len(pairs) - 5_000


def test_short_forms_agree_for_one_sex_only():
    margaret = bare("pike", "margaret")
    assert names_agree(margaret, bare("pike", "peggy")) == (True, True)
    assert names_agree(bare("pike", "peggy"), margaret) == (True, True)
    assert names_agree(bare("pike", "christine"), bare("pike", "chris", sex="male")) == (True, False)


def conflict(**changes: object) -> Claim:
    """The same verified number at a hospital under another name and birth date."""
    told = {"number": KNOWN.number, "verified": True, "birth_date": date(1960, 8, 1), **changes}
    return bare("meakin", "micheal", 9, **told)


COMPANY = [KNOWN, bare(key=2, number=KNOWN.number, verified=True), bare(key=3, number=KNOWN.number, verified=True)]


def test_odd_one_who_is_known_under_another_number_is_held():
    assert settle([*COMPANY, conflict()])[9].reason == CONFLICT
    himself = bare("meakin", "micheal", 10, number="9990000026", birth_date=date(1960, 8, 1))
    placed = settle([*COMPANY, conflict(), himself])[9]
    assert (placed.link, placed.reason) == (Link.HELD, KNOWN_ELSEWHERE)
    assert placed.group == ("patient", 9)


def test_odd_one_of_another_sex_or_practice_is_held():
    assert settle([*COMPANY, conflict(sex="male")])[9].link is Link.HELD
    assert settle([*COMPANY, conflict(order=(0, "G9", "l9"))])[9].link is Link.HELD


@given(st.permutations([KNOWN, bare("pike"), bare(first="marie", key=6), conflict(), *COMPANY[1:]]), st.randoms())
def test_order_of_claims_and_scores_makes_no_difference(claims, draw):
    likenesses = [SURE, Likeness(6, 1, 0.995, 8.0), Likeness(9, 1, 0.5, 1.0)]
    expected = settle([*COMPANY, bare("pike"), bare(first="marie", key=6), conflict()], likenesses=likenesses)
    draw.shuffle(likenesses)
    assert settle(claims, likenesses=likenesses) == expected


def test_names_changed_round_agree_where_the_number_does():
    told = bare("mary", "burrows", number=KNOWN.number)
    assert names_agree(KNOWN, told) == (True, True)
    assert settle([KNOWN, told])[5].link is Link.LINKED
    assert settle([KNOWN, bare("mary", "pike", number=KNOWN.number)])[5].link is Link.HELD
