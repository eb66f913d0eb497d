"""Rules of emergency access: what a declaration must say, how long it lasts, what a reviewer should see."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from oneplace.access.rules import REASONS, ClassRule, ConsentFact, Facts
from oneplace.access.rules.emergencies import (
    REASON_WORDS,
    Surroundings,
    declaration_faults,
    hints,
    minutes_left,
    refusal_stands,
    review_due,
)

NOW = datetime(2026, 11, 3, 2, 30, tzinfo=UTC)
CLASSES = {
    "identity": ClassRule(traced=True),
    "hospital": ClassRule(),
    "hiv": ClassRule(sensitive=True),
}
QUIET = Surroundings("Found unconscious at home.", False, 3, True, 1, 1)


def facts(**choices: ConsentFact) -> Facts:
    told = {name.replace("_", "-") if name != "all" else "": choice for name, choice in choices.items()}
    return Facts("p", consents=told, classes=CLASSES, reads=frozenset({*CLASSES, "unknown"}))


def choice(word: str, capacity: bool = True) -> ConsentFact:
    return ConsentFact("", word, NOW, capacity=capacity)


@pytest.mark.parametrize(
    ("held", "stands"),
    [
        ({}, False),
        ({"all": choice("given")}, False),
        ({"all": choice("refused")}, True),
        ({"all": choice("withdrawn")}, True),
        ({"hospital": choice("refused")}, True),
        ({"all": choice("refused", capacity=False)}, False),
        ({"hiv": choice("refused")}, False),
        ({"identity": choice("refused")}, False),
    ],
)
def test_refusal_that_asks_for_a_reason_of_its_own(held, stands):
    assert refusal_stands(facts(**held)) is stands


def test_declaration_says_why_in_full():
    whole = {"reason": "life-threat", "text": "Unconscious", "refused": False, "refusal_reason": ""}
    assert declaration_faults(**whole) == {}
    assert set(declaration_faults(**whole | {"reason": "curiosity", "text": " "})) == {"reason", "text"}
    assert set(declaration_faults(**whole | {"refused": True})) == {"refusal_reason"}
    assert declaration_faults(**whole | {"refused": True, "refusal_reason": "Would die"}) == {}


def test_each_reason_has_words():
    assert set(REASON_WORDS) == set(REASONS)
    assert all(REASON_WORDS.values())


@pytest.mark.parametrize(("seconds", "minutes"), [(3600, 60), (3599, 60), (61, 2), (60, 1), (1, 1), (0, 0), (-5, 0)])
def test_minutes_left_are_rounded_up_and_end_at_nought(seconds, minutes):
    assert minutes_left(NOW + timedelta(seconds=seconds), NOW) == minutes


def test_review_is_due_some_days_later():
    assert review_due(NOW, 3) == NOW + timedelta(days=3)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"resembles": ("The person bears the reader's name.",)}, "bears the reader's name"),
        ({"over_refusal": True}, "went over the person's refusal"),
        ({"of_user": 3}, "one of 3 declarations by the same user"),
        ({"about_person": 2}, "one of 2 declarations about the same person"),
        ({"views": 0}, "Nothing was opened"),
        ({"text": "urgent"}, "very few words"),
    ],
)
def test_hint_is_given_where_something_stands_out(change, words):
    assert hints(QUIET) == ()
    found = hints(replace(QUIET, **change))
    assert len(found) == 1
    assert words in found[0]


def test_open_declaration_under_which_nothing_was_opened_yet_is_no_hint():
    assert hints(replace(QUIET, views=0, is_over=False)) == ()
    assert hints(replace(QUIET, of_user=2)) == ()
