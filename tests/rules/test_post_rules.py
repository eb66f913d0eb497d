"""Rules of messages out: states and moves, waits, and what a text message may say."""

from datetime import timedelta
from pathlib import Path

import pytest

from oneplace.post import rules, wording
from oneplace.post.rules import MOVES, Address, Kind, State

ROOT = Path(__file__).resolve().parents[2]


def test_each_state_leads_to_an_end_and_ends_lead_nowhere():
    ends = {state for state, after in MOVES.items() if not after}
    assert set(MOVES) == set(State)
    assert ends == {State.SENT, State.GIVEN_UP, State.WITHHELD}
    for state in set(State) - ends:
        seen, front = set(), {state}
        while front:
            seen |= front
            front = {after for before in front for after in MOVES[before]} - seen
        assert seen & ends, f"{state} never ends"


def test_move_is_allowed_only_where_the_table_says_so():
    assert rules.may_move("waiting", "sending")
    assert not rules.may_move("waiting", "sent")
    assert not rules.may_move("given up", "waiting")


def test_diagram_of_the_docs_is_that_of_the_table():
    assert f"```mermaid\n{rules.diagram()}\n```" in (ROOT / "docs" / "post.md").read_text(encoding="utf-8")


def test_waits_grow_and_end():
    waits = [rules.next_wait(tries) for tries in range(1, 6)]
    assert waits == sorted(waits)
    assert waits[0] == timedelta(minutes=1)
    assert rules.next_wait(6) is None


@pytest.mark.parametrize(
    "text",
    [
        "A colleague visits you on Tuesday 3 November between 10:00 and 12:00. Questions: 01632 960 001.",
        "Please ring 01632 960 123 today, before 18:00.",
        "You have a new message. Sign in to read it.",
        "Your visit is now on Friday at 14:30. To change it, ring 01632 960 001.",
    ],
)
def test_text_message_without_a_clinical_word_may_go(text):
    assert wording.fault_of(Kind.SMS, "", text) == ""


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("Your insulin is changed from Monday", "insulin"),
        ("Bring your DIABETES diary", "diabetes"),
        ("Your blood test is due", "blood"),
        ("The hospice team visits tomorrow", "hospice"),
        ("HIV clinic moved to room 4", "hiv"),
        ("Please book your x-ray", "x ray"),
        ("From your GP", "gp"),
        ("Call about Mary's safeguarding meeting", "safeguarding"),
        ("end-of-life plan", "end of life"),
        ("Test results are in", "results"),
    ],
)
def test_text_message_with_a_clinical_word_is_refused_by_that_word(text, word):
    fault = wording.fault_of(Kind.SMS, "", text)
    assert "no clinical words" in fault
    assert f"'{word}'" in fault


def test_word_that_only_holds_a_stem_inside_is_no_clinical_word():
    assert rules.sms_fault("A magpie on the stage", ("gp.", "age.")) == ""


@pytest.mark.parametrize("number", ["9990000018", "999 000 0018", "999-000-0018"])
def test_text_message_bears_no_nhs_number(number):
    assert "no NHS number" in wording.fault_of(Kind.SMS, "", f"Your reference is {number}.")


def test_text_message_is_neither_empty_nor_too_long():
    assert "empty" in wording.fault_of(Kind.SMS, "", "  ")
    assert "Shorten" in wording.fault_of(Kind.SMS, "", "word " * 100)


def test_subject_of_an_email_is_held_to_the_same_and_its_text_is_not():
    assert wording.fault_of(Kind.EMAIL, "Your cancer plan", "Text").startswith("The subject of an e-mail")
    assert wording.fault_of(Kind.EMAIL, "A message for you", "Your insulin is changed") == ""
    assert "empty" in wording.fault_of(Kind.EMAIL, "", "")
    assert "empty" in wording.fault_of(Kind.IN_APP, "Insulin", " ")


def test_reader_of_an_in_app_message_is_its_address():
    assert Address(Kind.IN_APP, "user").read_by == "user"
    assert Address(Kind.SMS, "+441632960001").read_by == ""
    assert Address(Kind.EMAIL, "someone@example.org", "user").read_by == "user"


def test_work_list_shows_no_whole_address():
    assert rules.masked("email", "someone@example.org") == "…@example.org"
    assert rules.masked("sms", "+441632960001") == "… 001"
    assert rules.masked("in-app", "user") == "in oneplace"
