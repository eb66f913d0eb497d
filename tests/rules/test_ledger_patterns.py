"""What is unusual: each rule finds what its words say, and leaves alone what lies just beside."""

from datetime import UTC, date, datetime, timedelta

import pytest

from oneplace.ledger.rules import patterns
from oneplace.ledger.rules.patterns import Facts, Look, findings

NOON = datetime(2026, 3, 3, 12, tzinfo=UTC)
MIDNIGHT = datetime(2026, 3, 3, 0, 30, tzinfo=UTC)


def look(seq: int, actor: str = "u1", subject: str = "p1", at: datetime = NOON, **more: object) -> Look:
    told = {"role": "gp", "organisation": "G1", "refused": False} | more
    return Look(seq, at, actor, told["role"], told["organisation"], subject, told["refused"])


def rules_found(looks: list[Look], facts: Facts | None = None) -> list[tuple[str, str, str]]:
    return [(one.rule, one.look.actor, one.subject) for one in findings(looks, facts or Facts())]


@pytest.mark.parametrize("rule", ["own-record", "own-name", "household", "colleague"])
def test_pair_that_a_fact_tells_is_found_once_a_day(rule):
    looks = [look(1), look(2), look(3, subject="p2"), look(4, actor="u2"), look(5, at=NOON + timedelta(days=1))]
    facts = Facts(**{rule.replace("-", "_"): {("u1", "p1")}})
    found = findings(looks, facts)
    assert [(one.rule, one.look.seq, one.day) for one in found] == [
        (rule, 1, date(2026, 3, 3)), (rule, 5, date(2026, 3, 4)),
    ]  # fmt: skip


def test_refused_try_at_a_colleague_is_found_too():
    assert rules_found([look(1, refused=True)], Facts(colleague={("u1", "p1")})) == [("colleague", "u1", "p1")]


def day_of(actor: str, people: int, start: int, day: int = 0, **more: object) -> list[Look]:
    at = NOON + timedelta(days=day)
    return [look(start + n, actor, f"p{n}", at, **more) for n in range(people)]


def peers(each: int, days: int = 5) -> list[Look]:
    return [one for day in range(days) for one in day_of("u2", each, 1000 * (day + 1), day)]


@pytest.mark.parametrize(
    ("mine", "theirs", "days", "unusual"),
    [
        (31, 10, 5, True),
        (30, 10, 5, False),  # three times the middle is not more than three times
        (21, 5, 5, True),
        (20, 5, 5, False),  # a surgery's worth
        (60, 10, 4, False),  # too few days to compare with
    ],
)
def test_volume_is_held_against_days_of_others_in_the_role(mine, theirs, days, unusual):
    looks = day_of("u1", mine, 1) + peers(theirs, days)
    assert (("volume", "u1", "") in rules_found(looks)) is unusual


def test_volume_counts_people_and_not_looks_and_leaves_refusals_and_other_roles_out():
    same = [look(n, subject="p1") for n in range(1, 60)]
    refused = day_of("u1", 50, 100, refused=True)
    other_role = day_of("u3", 50, 200, role="spr-clinician")
    assert [one for one in rules_found([*same, *refused, *other_role, *peers(5)]) if one[0] == "volume"] == []


def test_volume_says_how_many_and_what_is_usual():
    [found] = findings(day_of("u1", 31, 1) + peers(10), Facts())
    assert found.words == "31 people in a day; others in this role: 10 in the middle"


@pytest.mark.parametrize(
    ("at", "unusual"),
    [
        (datetime(2026, 3, 3, 22, 0, tzinfo=UTC), True),
        (datetime(2026, 3, 3, 21, 59, tzinfo=UTC), False),
        (datetime(2026, 3, 3, 5, 59, tzinfo=UTC), True),
        (datetime(2026, 3, 3, 6, 0, tzinfo=UTC), False),
        (datetime(2026, 7, 3, 21, 30, tzinfo=UTC), True),  # half past ten on a summer's wall clock
    ],
)
def test_night_is_of_the_wall_clock(at, unusual):
    looks = [look(1, at=at), *day_of("u2", 20, 100)]
    assert (("out-of-hours", "u1", "") in rules_found(looks)) is unusual


def test_night_is_usual_where_others_of_the_role_work_it():
    few = day_of("u2", 19, 100)
    assert rules_found([look(1, at=MIDNIGHT), *few]) == [], "19 looks of others say nothing"
    one_in_twenty = [*few, look(200, "u3", at=MIDNIGHT)]
    assert ("out-of-hours", "u1", "") not in rules_found([look(1, at=MIDNIGHT), *one_in_twenty])
    own = [look(n, at=MIDNIGHT) for n in range(1, 40)]
    assert ("out-of-hours", "u1", "") in rules_found([*own, *day_of("u2", 20, 100)]), "one's own nights excuse nothing"


def test_try_after_the_relationship_ended_is_found_when_refused():
    ended = {("G1", "p1"): NOON}
    found = findings([look(1, refused=True), look(2, actor="u2")], Facts(ended=ended))
    assert [(one.rule, one.look.seq, one.words) for one in found] == [
        ("after-end", 1, "the last relationship ended 3 March 2026")
    ]
    early = look(1, refused=True, at=NOON - timedelta(minutes=1))
    assert rules_found([early], Facts(ended=ended)) == []
    assert rules_found([look(1, refused=True, organisation="G2")], Facts(ended=ended)) == []


@pytest.mark.parametrize(("minutes", "unusual"), [(15, True), (16, False)])
def test_refusals_of_one_reader_within_an_hour(minutes, unusual):
    looks = [look(n, subject=f"p{n}", at=NOON + timedelta(minutes=minutes * n), refused=True) for n in range(5)]
    assert (("refusals", "u1", "") in rules_found(looks)) is unusual
    assert rules_found([*looks[:4], look(9, "u2", refused=True)]) == []


def test_every_rule_has_words_and_is_named_once():
    assert len({rule.title for rule in patterns.RULES.values()}) == len(patterns.RULES) == 8
    assert all(rule.words.endswith(".") for rule in patterns.RULES.values())
