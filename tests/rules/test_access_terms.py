"""Agreements in time and in words, choices that can and can't be recorded: tables of cases, each said in full."""

from datetime import date, timedelta
from itertools import permutations

import pytest

from oneplace.access.rules import (
    CHOICES,
    EMERGENCY,
    MADE_BY,
    REASONS,
    TAKEN_BACK,
    AgreementRow,
    ClassRule,
    ConsentModel,
    Coverage,
    Span,
    agreement_from,
    choice_fault,
    coverage_of,
)
from oneplace.access.rules.agreements import DIRECT_CARE, EXPIRES_SOON, is_in_force
from oneplace.access.rules.ties import URGENT_LINGERS, RelationshipRow, Tie, newest_of
from oneplace.kernel.clock import to_london

TODAY = date(2026, 6, 15)


def day(days: int) -> date:
    return TODAY + timedelta(days=days)


@pytest.mark.parametrize(
    ("spans", "coverage", "last"),
    [
        ([], Coverage.NONE, None),
        ([Span(day(0))], Coverage.SHARES, None),
        ([Span(day(0), day(0))], Coverage.EXPIRING, day(0)),
        ([Span(day(-9), day(90))], Coverage.EXPIRING, day(90)),
        ([Span(day(-9), day(91))], Coverage.SHARES, day(91)),
        ([Span(day(-9), day(-1))], Coverage.ENDED, None),
        ([Span(day(1))], Coverage.STARTS, day(1)),
        ([Span(day(9)), Span(day(3), day(4))], Coverage.STARTS, day(3)),
        ([Span(day(-9), withdrawn=True)], Coverage.ENDED, None),
        ([Span(day(9), withdrawn=True)], Coverage.ENDED, None),
        ([Span(day(-9), day(-1)), Span(day(5))], Coverage.STARTS, day(5)),
        # renewals: the day after goes on, a day later doesn't, one in between is none
        ([Span(day(-9), day(10)), Span(day(11), day(400))], Coverage.SHARES, day(400)),
        ([Span(day(-9), day(10)), Span(day(12), day(400))], Coverage.EXPIRING, day(10)),
        ([Span(day(-9), day(10)), Span(day(11))], Coverage.SHARES, None),
        ([Span(day(-9), day(10)), Span(day(11), day(20)), Span(day(21), day(300))], Coverage.SHARES, day(300)),
        ([Span(day(-9), day(10)), Span(day(11), withdrawn=True)], Coverage.EXPIRING, day(10)),
        ([Span(day(-9), day(10)), Span(day(-99), day(-50))], Coverage.EXPIRING, day(10)),
        ([Span(day(-9), day(10)), Span(day(-5), day(30))], Coverage.EXPIRING, day(30)),
        ([Span(day(-9), day(10)), Span(day(-5))], Coverage.SHARES, None),
        ([Span(day(-9), day(10), withdrawn=True), Span(day(-5), day(30))], Coverage.EXPIRING, day(30)),
    ],
)
def test_coverage_of_a_day_is_the_same_in_any_order(spans, coverage, last):
    for order in permutations(spans):
        assert coverage_of(order, TODAY) == (coverage, last)


@pytest.mark.parametrize(
    ("span", "starts", "ends", "meets"),
    [
        (Span(day(0), day(9)), day(9), None, True),
        (Span(day(0), day(9)), day(10), None, False),
        (Span(day(0), day(9)), day(-9), day(0), True),
        (Span(day(0), day(9)), day(-9), day(-1), False),
        (Span(day(0)), day(99), day(100), True),
        (Span(day(0)), day(-9), day(-1), False),
        (Span(day(0)), day(-9), None, True),
        (Span(day(0), day(9), withdrawn=True), day(5), day(6), False),
    ],
)
def test_spans_meet_where_they_share_a_day(span, starts, ends, meets):
    assert span.meets(starts, ends) is meets


def test_agreement_is_in_force_from_its_first_to_its_last_day():
    told = [is_in_force(day(0), day(2), day(n)) for n in (-1, 0, 2, 3)]
    assert told == [False, True, True, False]
    assert is_in_force(day(0), None, day(9999))


def test_agreement_is_read_from_text_and_from_values():
    text = {
        "controller_code": " G99001 ", "starts": "2026-04-01 ", "ends": "2027-03-31", "signed_on": "2026-03-01",
        "purposes": "direct care; own record;", "classes": "", "note": "n", "parties": ["RCB", " "],
    }  # fmt: skip
    told = AgreementRow(
        "G99001",
        date(2026, 4, 1),
        date(2026, 3, 1),
        date(2027, 3, 31),
        ("direct care", "own record"),
        (),
        "n",
        ("RCB",),
    )
    assert agreement_from(text) == told
    assert agreement_from({"controller_code": "X", "signed_on": TODAY}) == AgreementRow("X", TODAY, TODAY)
    assert agreement_from({"controller_code": "X", "starts": TODAY, "ends": TODAY, "note": None}).ends == TODAY


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"controller_code": " "}, "an agreement needs its controller_code"),
        ({"controller_code": "X"}, "the agreement of X needs the day it starts"),
        ({"controller_code": "X", "starts": day(1), "ends": day(0)}, "the agreement of X ends before it starts"),
        ({"controller_code": "X", "ends": "soon"}, "'ends' in the agreement of X is not a date like 2026-04-01"),
    ],
)
def test_agreement_that_cannot_be_read_says_why(row, words):
    with pytest.raises(ValueError) as told:  # noqa: PT011 - the whole message is compared below
        agreement_from(row)
    assert str(told.value) == words


@pytest.mark.parametrize("made_by", MADE_BY)
@pytest.mark.parametrize("capacity", [True, False])
@pytest.mark.parametrize("choice", CHOICES)
def test_who_chooses_hangs_on_capacity(choice, made_by, capacity):
    """Mental Capacity Act 2005: whoever can choose does; for whoever can't, somebody who may."""
    fault = choice_fault(choice, made_by, capacity)
    if (made_by in ("person", "gillick")) == capacity:
        assert fault == ""
    elif capacity:
        assert fault == "Someone with capacity for this choice makes it themselves. Record what they said."
    else:
        assert fault == "Someone who lacks capacity for this choice can't make it. Record who decided for them."


def test_words_of_choices_are_those_that_are_kept():
    assert CHOICES == ("given", "refused", "withdrawn")
    assert TAKEN_BACK == "taken-back"
    assert MADE_BY == ("person", "attorney", "deputy", "best-interests", "parent", "gillick")
    assert REASONS == ("life-threat", "cannot-be-asked", "safeguarding")
    assert [model.value for model in ConsentModel] == ["explicit", "direct-care"]
    assert [one.value for one in Coverage] == ["shares", "expiring", "starts", "ended", "none"]
    assert (DIRECT_CARE, EMERGENCY, EXPIRES_SOON.days) == ("direct care", "emergency", 90)
    assert choice_fault("maybe", "person", True) == "'maybe' is no choice; there are given, refused, withdrawn."
    assert choice_fault("given", "cat", True) == (
        "'cat' is nobody who may choose; there are person, attorney, deputy, best-interests, parent, gillick."
    )


def test_class_that_nothing_declares_is_closed_between_organisations():
    assert ClassRule() == ClassRule(ConsentModel.EXPLICIT, False, False, False)


def test_urgent_tie_lingers_a_day_and_the_newest_telling_of_a_tie_wins():
    from datetime import UTC, datetime

    now = datetime(2026, 6, 15, 12, tzinfo=UTC)
    assert timedelta(hours=24) == URGENT_LINGERS
    assert to_london(now).hour == 13
    ended = Tie("X", "999-incident", now, now + timedelta(hours=1), urgent=True)
    edges = [ended.is_open(now + timedelta(hours=hours)) for hours in (-1, 0, 24, 25)]
    assert edges == [False, True, True, False]
    assert [Tie("X", "visit", now, now).is_open(now), Tie("X", "visit", now).is_open(now)] == [False, True]
    open_, closed = (RelationshipRow("p", "X", "visit", "v", now, ends, now) for ends in (None, now))
    late = RelationshipRow("p", "X", "visit", "v", now, None, now + timedelta(hours=1))
    for order in permutations([open_, closed]):
        assert list(newest_of(order)) == [closed]
    for order in permutations([open_, closed, late]):
        assert list(newest_of(order)) == [late]
