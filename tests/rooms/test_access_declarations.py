"""Breaking the glass: declared, told, ended, reviewed; each once and in the ledger."""

import json
from datetime import timedelta

import pytest
from factories.places import HOSPITAL, PRACTICE
from factories.signing_in import staff

from oneplace.access import emergencies
from oneplace.access.emergencies import Incomplete, declare
from oneplace.access.models import BreakGlass, Consent
from oneplace.access.queries import facts_for, has_refused
from oneplace.access.rules import Actor, Permit, decide
from oneplace.kernel import clock
from oneplace.kernel.ids import new_person_id
from oneplace.ledger import queries as ledger
from oneplace.post import queries as post

pytestmark = pytest.mark.django_db
DOCTOR = Actor("doctor", "Dr Marchbank", "a-and-e", HOSPITAL)
OFFICER = Actor("officer", "Officer", "privacy-officer", PRACTICE)
WHY = {"reason": "life-threat", "text": "Found unconscious."}


@pytest.fixture(autouse=True)
def _clock_stands():
    yield
    clock.set_offset(timedelta(0))


def later(**time: int) -> None:
    clock.set_offset(timedelta(**time))


def refuse(person) -> None:
    Consent.objects.create(person=person, choice="refused", taken_by="test", at=clock.now())


def opens(person) -> bool:
    now = clock.now()
    return isinstance(decide(DOCTOR, facts_for(DOCTOR, person, now), person, "direct care", now), Permit)


def test_declaration_opens_one_person_for_its_minutes_and_no_longer(settings):
    settings.EMERGENCY_MINUTES = 30
    person, other = new_person_id(), new_person_id()
    assert not opens(person)
    made = declare(actor=DOCTOR, person=person, **WHY)
    assert opens(person)
    assert not opens(other)
    row = ledger.latest(1)[0]
    assert (row.action, row.subject, row.actor, row.role) == ("break the glass", person, "doctor", "a-and-e")
    detail = json.loads(row.detail)
    assert (detail["declaration"], detail["minutes"], detail["reason"]) == (made.key, 30, "life-threat")
    assert "unconscious" not in row.detail
    later(minutes=31)
    assert not opens(person)
    assert emergencies.open_declaration(DOCTOR, person) is None


def test_second_press_is_the_same_declaration_and_a_new_one_is_needed_after_the_end():
    person = new_person_id()
    first = declare(actor=DOCTOR, person=person, **WHY)
    assert declare(actor=DOCTOR, person=person, **WHY) == first
    assert emergencies.end(actor=DOCTOR, person=person)
    assert not opens(person)
    assert not emergencies.end(actor=DOCTOR, person=person)
    assert [row.action for row in ledger.latest(1)] == ["end emergency access"]
    assert declare(actor=DOCTOR, person=person, **WHY) != first


def test_declaration_that_lacks_something_is_not_made():
    person = new_person_id()
    with pytest.raises(Incomplete) as told:
        declare(actor=DOCTOR, person=person, reason="nosy", text="")
    assert set(told.value.faults) == {"reason", "text"}
    assert not BreakGlass.objects.exists()


@pytest.mark.parametrize("role", ["therapist", "receptionist", "privacy-officer", "no such role"])
def test_role_that_may_not_declares_nothing(role):
    with pytest.raises(PermissionError):
        declare(actor=Actor("k", "n", role, HOSPITAL), person=new_person_id(), **WHY)


def test_refusal_with_capacity_needs_its_own_reason_even_within_an_open_emergency():
    person = new_person_id()
    first = declare(actor=DOCTOR, person=person, refusal_reason="not asked for", **WHY)
    assert (first.over_refusal, first.refusal_reason) == (False, "")
    refuse(person)
    assert has_refused(DOCTOR, person, clock.now())
    with pytest.raises(Incomplete) as told:
        declare(actor=DOCTOR, person=person, **WHY)
    assert set(told.value.faults) == {"refusal_reason"}
    second = declare(actor=DOCTOR, person=person, refusal_reason="Would die without.", **WHY)
    assert second.over_refusal
    assert second != first
    assert emergencies.open_declaration(DOCTOR, person) == second


def test_those_who_review_are_told_once_without_a_word_of_the_person():
    officer = staff("colm", "privacy-officer")
    person = new_person_id()
    refuse(person)
    made = declare(actor=DOCTOR, person=person, refusal_reason="Would die.", **WHY)
    declare(actor=DOCTOR, person=person, refusal_reason="Would die.", **WHY)
    (note,) = post.inbox(officer.key)
    assert "Dr Marchbank (A&E clinician" in note.text
    assert "goes over the person's refusal" in note.text
    assert (note.about, person in note.text, "unconscious" in note.text) == ("", False, False)
    assert made.key in note.link


def test_review_is_kept_once_with_outcome_and_note():
    made = declare(actor=DOCTOR, person=new_person_id(), **WHY)
    for outcome, note in (("fine", "x"), ("justified", " ")):
        with pytest.raises(ValueError, match=r"Choose what|few words"):
            emergencies.review(key=made.key, outcome=outcome, note=note, actor=OFFICER)
    assert emergencies.review(key=made.key, outcome="justified", note="Rang the ward", actor=OFFICER)
    assert not emergencies.review(key=made.key, outcome="action", note="again", actor=OFFICER)
    assert not emergencies.review(key="none", outcome="action", note="x", actor=OFFICER)
    line = emergencies.declaration(made.key)
    assert (line.state, line.reviewed_by, line.note) == ("justified", "officer", "Rang the ward")
    assert ledger.latest(1)[0].action == "review emergency access"


def test_work_list_knows_new_overdue_open_and_reviewed():
    old = declare(actor=DOCTOR, person=new_person_id(), **WHY)
    later(days=4)
    fresh = declare(actor=DOCTOR, person=new_person_id(), **WHY)
    lines = emergencies.declarations()
    assert [(line.key, line.state, line.is_open) for line in lines] == [
        (fresh.key, "new", True),
        (old.key, "overdue", False),
    ]
    assert lines[0].minutes == 60
    assert emergencies.review_counts() == {"waiting": 2, "overdue": 1}
    emergencies.review(key=old.key, outcome="action", note="Spoke with her", actor=OFFICER)
    assert [line.key for line in emergencies.declarations(reviewed=True)] == [old.key]
    assert [line.key for line in emergencies.declarations(reviewed=False)] == [fresh.key]
    assert emergencies.declared_around(lines[0]) == (2, 1)
    day = timedelta(days=1)
    assert emergencies.declarations(since=clock.now() - day, until=clock.now() + day)[0].key == fresh.key
    assert emergencies.declarations(until=clock.now() - day)[0].key == old.key
    assert emergencies.declaration("none") is None


def test_declaration_follows_a_merge_and_goes_back_when_it_is_undone():
    left, joined = new_person_id(), new_person_id()
    made = declare(actor=DOCTOR, person=left, **WHY)
    own = declare(actor=DOCTOR, person=joined, **WHY)
    assert emergencies.repoint_declarations([(left, joined)], {left}, "test") == 1
    assert opens(joined)
    assert emergencies.declaration(made.key).person == joined
    assert ledger.latest(1)[0].action == "repoint declarations"
    assert emergencies.repoint_declarations([(joined, left)], set(), "test") == 1
    assert (emergencies.declaration(made.key).person, emergencies.declaration(own.key).person) == (left, joined)
    assert emergencies.repoint_declarations([(left, joined)], set(), "test") == 0


def test_overdue_review_is_told_of_once():
    officer = staff("colm", "privacy-officer")
    declare(actor=DOCTOR, person=new_person_id(), **WHY)
    assert emergencies.remind(by="due-jobs") == 0
    later(days=4)
    assert [emergencies.remind(by="due-jobs") for _ in range(2)] == [1, 0]
    note = post.inbox(officer.key)[0]
    assert "overdue" in note.subject
    assert "A life is in danger: declared" in note.text


def test_ended_early_counts_its_own_minutes():
    person = new_person_id()
    made = declare(actor=DOCTOR, person=person, **WHY)
    later(minutes=12)
    emergencies.end(actor=DOCTOR, person=person)
    line = emergencies.declaration(made.key)
    assert (line.minutes, line.is_open) == (12, False)


def test_message_has_no_link_where_no_page_is_there(settings):
    officer = staff("colm", "privacy-officer")
    settings.ROOT_URLCONF = "oneplace.gateway.urls"
    declare(actor=DOCTOR, person=new_person_id(), **WHY)
    assert post.inbox(officer.key)[0].link == ""
