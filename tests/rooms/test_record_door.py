"""The door: what is permitted is shown and recorded, what is refused tells nothing, hidden sources stay hidden."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from factories import wire
from factories.senders import JULY, MARY, OTHER, file, hospital, problem, surgery

from oneplace.access import actions as access
from oneplace.access.models import BreakGlass
from oneplace.access.rules import Actor
from oneplace.kernel import clock
from oneplace.kernel.ids import new_person_id
from oneplace.ledger import queries as ledger
from oneplace.place import queries as place
from oneplace.record import door
from oneplace.record.models import Entry, LocalPatient
from oneplace.record.shapes import DocumentShown, LockedRecord, Opened, Refused

pytestmark = pytest.mark.django_db
GP = Actor("gp1", "Dr A", "gp", "G99001")
WARD = Actor("nurse1", "Nurse B", "ward-nurse", "RCB")
ALLERGY = wire.clinical(
    "AllergyIntolerance", "a1", code=wire.concept("91936005", "Penicillin"), clinicalStatus="active"
)
NONE_KNOWN = wire.clinical("AllergyIntolerance", "a1", code=wire.concept("716186003", "No known allergy"))


@pytest.fixture(autouse=True)
def _place_read_anew() -> None:
    place.forget_names()


def share(*codes: str) -> None:
    """These organisations, and no others, have an agreement."""
    access.load_agreements([{"controller_code": code, "starts": "2020-01-01"} for code in codes], by="test")


def person_of(local: str = "p1"):
    return LocalPatient.objects.get(local_id=local).person.key


def opened(actor: Actor, person, view: str = "gp") -> Opened:
    answer = door.open(actor, person, view=view)
    assert isinstance(answer, Opened), answer
    return answer


def panel(answer: Opened, name: str):
    return next(one for one in answer.windowlets if one.name == name)


def names_in(answer: Opened) -> set[str]:
    return {item.display for one in answer.windowlets for item in one.items}


def test_permitted_record_is_shown_and_recorded():
    file(surgery(problem(), ALLERGY), hospital())
    share("G99001", "RCB")
    answer = opened(GP, person_of())
    assert (answer.banner.family, answer.banner.nhs_number, answer.view) == ("Burrows", MARY, "gp")
    assert answer.banner.number_status == "verified by agreement of sources"
    assert answer.basis.startswith("registration with G99001")
    assert {"Hypertension", "Penicillin", "Inpatient stay"} <= names_in(answer)
    row = ledger.latest(1)[0]
    assert (row.action, row.actor, row.subject, row.basis) == ("open record", "gp1", person_of(), answer.basis)
    assert (row.purpose, row.role, row.organisation) == ("direct care", "gp", "G99001")
    assert json.loads(row.detail) == {"view": "gp"}


def test_refusal_is_the_same_for_nobody_and_for_somebody_out_of_reach():
    file(surgery(), surgery(local="p2", code="G99002", number=OTHER))
    share("G99001", "G99002")
    desk = Actor("desk1", "Reception", "receptionist", "G99001")
    answers = [door.open(desk, person) for person in (person_of("p2"), new_person_id())]
    assert answers == [Refused("not found")] * 2
    answers = [door.document(desk, person, "1") for person in (person_of("p2"), new_person_id())]
    answers += [door.more(desk, person, "sources") for person in (person_of("p2"), new_person_id())]
    assert answers == [Refused("not found")] * 4
    rows = ledger.latest(6)
    assert {row.action for row in rows} == {"open record: refused", "open entry: refused"}
    assert len({(row.basis, row.detail) for row in rows}) == 1


def test_direct_care_traces_who_it_is_and_finds_the_record_locked():
    file(surgery(), surgery(problem(), local="p2", code="G99002", number=OTHER, family="Meakin"))
    share("G99001", "G99002")
    stranger = person_of("p2")
    answers = [door.open(GP, stranger), door.document(GP, stranger, "1"), door.more(GP, stranger, "problems")]
    assert all(isinstance(answer, LockedRecord) for answer in answers)
    locked = answers[0]
    assert (locked.reason, locked.break_glass, locked.banner.family) == ("no relationship", True, "Meakin")
    assert "Hypertension" not in repr(answers)
    assert {row.action for row in ledger.latest(3)} == {"open record: locked", "open entry: locked"}
    therapist = Actor("t1", "Therapist", "therapist", "G99001")
    assert door.open(therapist, stranger).break_glass is False


def test_emergency_line_of_an_agreement_offers_emergency_access_and_opens_with_it():
    file(surgery(problem()), hospital())
    line = {"controller_code": "RCB", "starts": "2020-01-01", "purposes": "emergency"}
    access.load_agreements([{"controller_code": "G99001", "starts": "2020-01-01"}, line], by="test")
    gp = Actor("gp1", "Dr A", "gp", "G99001")
    seen = opened(gp, person_of())
    assert (seen.closed, seen.break_glass, "Inpatient stay" in names_in(seen)) == ("", True, False)
    assert opened(replace(gp, role="therapist"), person_of()).break_glass is False
    start, end = clock.now() - timedelta(minutes=1), clock.now() + timedelta(minutes=1)
    who = {"user_key": gp.key, "role": gp.role, "organisation_code": gp.organisation_code, "refusal_reason": ""}
    told = {"reason": "life-threat", "text": "x", "over_refusal": False, "declared_at": start, "expires_at": end}
    BreakGlass.objects.create(person=person_of(), **who, **told)
    seen = opened(gp, person_of())
    assert (seen.break_glass, "Inpatient stay" in names_in(seen)) == (False, True)


def test_person_of_a_practice_that_does_not_share_stays_unseen():
    file(surgery(local="p2", code="G99002", number=OTHER))
    share("G99001")
    assert [door.open(GP, person) for person in (person_of("p2"), new_person_id())] == [Refused("not found")] * 2


def test_trace_needs_a_number_or_a_name_with_the_date_of_birth():
    file(surgery(), surgery(local="p2", code="G99002", number=OTHER, family="Meakin"))
    share("G99001", "G99002")
    assert door.search(GP, "meakin").hits == ()
    for text in ("meakin 12/12/1951", OTHER):
        assert [hit.family for hit in door.search(GP, text).hits] == ["Meakin"]
        assert door.search(Actor("desk1", "Reception", "receptionist", "G99001"), text).hits == ()
    share("G99001")
    assert door.search(GP, OTHER).hits == ()


@pytest.mark.parametrize(
    ("role", "purpose"), [("analyst", "direct care"), ("gp", "research"), ("wizard", "direct care")]
)
def test_record_is_refused_to_other_roles_and_purposes(role, purpose):
    file(surgery())
    assert isinstance(door.open(Actor("k", "n", role, "G99001"), person_of(), purpose=purpose), Refused)


def test_record_that_cannot_be_recorded_is_not_shown(monkeypatch):
    file(surgery())

    def full(**_: object) -> int:
        raise OSError("disk full")

    monkeypatch.setattr(door.ledger, "write", full)
    for ask in (lambda: door.open(GP, person_of()), lambda: door.search(GP, "burrows"), lambda: door.recent(GP)):
        with pytest.raises(OSError, match="disk full"):
            ask()


def test_source_without_agreement_shows_nothing_to_others_and_all_to_itself():
    file(surgery(problem(), ALLERGY, family="Meakin"), hospital())
    share("RCB")
    seen = opened(WARD, person_of())
    line = next(line for line in seen.sources if line.code == "G99001")
    assert (line.state, line.items, line.received_at) == ("no agreement", 0, None)
    assert {item.source_code for one in seen.windowlets for item in one.items} == {"RCB"}
    assert {"Hypertension", "Penicillin"} & names_in(seen) == set()
    assert "meakin" not in repr(seen).lower()
    own = opened(GP, person_of())
    assert {"Hypertension", "Penicillin"} <= names_in(own)
    assert {line.code: line.state for line in own.sources} == {"G99001": "shown", "RCB": "shown"}


def test_agreement_that_ends_hides_on_the_next_look():
    file(surgery(problem()), hospital())
    share("G99001", "RCB")
    assert "Hypertension" in names_in(opened(WARD, person_of()))
    share("RCB")
    assert "Hypertension" not in names_in(opened(WARD, person_of()))
    entry = Entry.objects.get(type="Condition")
    assert door.document(WARD, person_of(), str(entry.pk)) == Refused()
    assert [line.state for line in opened(WARD, person_of()).sources] == ["shown", "no agreement"]


def test_hidden_source_is_found_by_nobody_else():
    file(surgery(family="Meakin", former="Pike"), hospital())
    share("RCB")
    assert [hit.family for hit in door.search(WARD, "burrows").hits] == ["Burrows"]
    assert door.search(WARD, "meakin").hits == door.search(WARD, "pike").hits == ()
    assert [hit.why for hit in door.search(GP, "pike").hits] == ["former name"]


@pytest.mark.parametrize(
    ("facts", "sharing", "state"),
    [
        ([problem()], ["G99001"], "none recorded"),
        ([NONE_KNOWN], ["G99001"], "nil known"),
        ([ALLERGY], ["G99001"], "filled"),
        ([ALLERGY], [], "no agreement"),
        ([NONE_KNOWN], [], "no agreement"),
        (None, ["G99001"], "not connected"),
    ],
)
def test_kinds_of_nothing_are_told_apart(facts, sharing, state):
    file(hospital(), *([surgery(*facts)] if facts is not None else []))
    share("RCB", *sharing)
    assert panel(opened(WARD, person_of("RCB:H1")), "allergies").state == state


def test_identity_conflict_is_told_with_both_names():
    file(surgery(), hospital(family="Meakin"))
    share("G99001", "RCB")
    answer = opened(GP, person_of())
    assert answer.banner.identity_conflict
    assert answer.conflicts == (
        "RCB knows this person as MEAKIN, Mary: same NHS number and date of birth, another surname",
    )


def test_view_that_is_unknown_or_not_for_the_role_becomes_the_roles_own():
    file(surgery())
    administrator = Actor("k", "n", "spr-administrator", "G99001")
    assert [opened(administrator, person_of(), view).view for view in ("gp", "none", "spr-triage")] == [
        "spr-triage"
    ] * 3


def test_more_of_a_panel_goes_on_where_the_page_ended():
    file(surgery(*(problem(f"x{n}", f"Problem {n}") for n in range(20))))
    first = panel(opened(GP, person_of()), "problems")
    assert (len(first.items), first.more) == (15, 5)
    rest = door.more(GP, person_of(), "problems", 15)
    assert isinstance(rest, Opened)
    assert (len(rest.windowlets[0].items), rest.windowlets[0].more) == (5, 0)
    assert len({item.key for item in first.items + rest.windowlets[0].items}) == 20
    assert json.loads(ledger.latest(1)[0].detail) == {"view": "gp", "panel": "problems"}
    assert door.more(GP, person_of(), "no-such-panel") == Refused()


def test_entry_is_shown_with_its_words_and_older_versions():
    file(surgery(problem(display="Old")))
    file(surgery(problem(display="New", at=JULY), at=JULY))
    entry = Entry.objects.get(type="Condition")
    shown = door.document(GP, person_of(), str(entry.pk))
    assert isinstance(shown, DocumentShown)
    assert (shown.item.display, shown.format, shown.path) == ("New", "fhir-stu3-json", "entry[3]")
    assert [old.display for old in shown.history] == ["Old"]
    assert json.loads(shown.text)["code"]["coding"][0]["display"] == "New"
    assert shown.digest == bytes(entry.document.digest).hex()
    row = ledger.latest(1)[0]
    assert (row.action, row.subject, json.loads(row.detail)) == ("open entry", person_of(), {"entry": str(entry.pk)})


def test_entry_of_a_message_is_shown_as_its_lines():
    file(hospital())
    shown = door.document(WARD, person_of("RCB:H1"), str(Entry.objects.get().pk))
    assert isinstance(shown, DocumentShown)
    assert shown.text.splitlines()[0].startswith("MSH|")


@pytest.mark.parametrize("key", ["0", "x", "9" * 30, "-1", "", "²"])
def test_entry_that_is_not_there_is_refused(key):
    file(surgery(problem()))
    assert door.document(GP, person_of(), key) == Refused()


def test_entry_of_another_person_is_refused():
    file(surgery(problem()), surgery(problem("y1"), local="p2", number=OTHER, given="Ann"))
    entry = Entry.objects.get(told_id="y1")
    assert door.document(GP, person_of("p1"), str(entry.pk)) == Refused()
    assert isinstance(door.document(GP, person_of("p2"), str(entry.pk)), DocumentShown)


@pytest.fixture
def _people() -> None:
    file(
        surgery(family="Burrows", given="Mary Ann", former="Meakin"),
        surgery(local="p2", number=OTHER, family="O'Neill", given="Seán", born="1980-02-03"),
        surgery(local="p3", number="", family="van der Berg", given="Jan", born="2001-05-09"),
    )


@pytest.mark.usefixtures("_people")
@pytest.mark.parametrize(
    ("text", "local", "why"),
    [
        ("Burrows", "p1", "exact"),
        ("mary burrows", "p1", "exact"),
        ("Burrows Mary", "p1", "exact"),
        ("BURROWS, M", "p1", "exact"),
        ("meakin", "p1", "former name"),
        ("Mary Meakin", "p1", "former name"),
        ("burows", "p1", "one letter off"),
        ("burrosw", "p1", "sounds like"),
        ("oneill", "p2", "exact"),
        ("sean o’neil", "p2", "one letter off"),
        ("jan van der berg", "p3", "exact"),
        ("van der berg", "p3", "exact"),
        ("Van der Berg, Jan", "p3", "exact"),
        ("12/12/1951", "p1", "date of birth"),
        ("12.12.51", "p1", "date of birth"),
        ("1951-12-12", "p1", "date of birth"),
        ("12 December 1951", "p1", "date of birth"),
        ("3rd feb 1980", "p2", "date of birth"),
        ("burrows 12 12 1951", "p1", "exact"),
        ("burows 12/12/1951", "p1", "one letter off"),
        ("9990000018", "p1", "NHS number"),
        ("999 000 0018", "p1", "NHS number"),
        ("999-000-0018", "p1", "NHS number"),
    ],
)
def test_search_finds_one_person_however_asked(text, local, why):
    found = door.search(GP, text)
    assert [(hit.person_id, hit.why) for hit in found.hits] == [(person_of(local), why)]


@pytest.mark.usefixtures("_people")
@pytest.mark.parametrize("text", ["", "   ", "smith", "31/02/1951", "9990000034", "%", "_", "'; --", "burrows " * 200])
def test_search_for_nobody_finds_nobody(text):
    assert [hit for hit in door.search(GP, text).hits if "burrows" not in text] == []


@pytest.mark.usefixtures("_people")
def test_search_with_a_wrong_date_of_birth_says_that_it_went_by_name():
    found = door.search(GP, "burrows 01/01/1990")
    assert [hit.person_id for hit in found.hits] == [person_of("p1")]
    assert found.note.startswith("Nobody with this name and date of birth")


@pytest.mark.usefixtures("_people")
def test_search_stays_within_reach_and_is_recorded_without_what_was_typed():
    share("G99001", "RCB")
    assert door.search(WARD, "burrows").hits == ()
    desk = Actor("desk1", "Desk", "receptionist", "RCB")
    assert door.search(desk, "burrows").hits == door.search(desk, "9990000018").hits == ()
    door.search(GP, "burrows")
    row = ledger.latest(1)[0]
    assert (row.action, json.loads(row.detail)) == ("search people", {"shown": [person_of("p1")]})
    assert "urrows" not in repr(row)


def test_search_finds_at_most_a_page_and_says_so():
    file(*(surgery(local=f"p{n}", number="", given=f"Mary{n}") for n in range(30)))
    found = door.search(GP, "burrows")
    assert (len(found.hits), found.truncated) == (25, True)


def test_recent_people_are_those_opened_and_then_those_with_contacts():
    file(surgery(), surgery(local="p2", number=OTHER, given="Ann"))
    file(hospital("A01", local="H5", number="", given="Eve"), hospital("A01", local="H6", number="", day="20210107"))
    assert door.recent(GP) == ()
    opened(GP, person_of("p2"))
    opened(GP, person_of("p1"))
    assert [hit.person_id for hit in door.recent(GP)] == [person_of("p1"), person_of("p2")]
    assert [hit.person_id for hit in door.recent(GP, 1)] == [person_of("p1")]
    assert [hit.why for hit in door.recent(WARD)] == ["new contact"] * 2
    assert {hit.person_id for hit in door.recent(WARD)} == {person_of("RCB:H5"), person_of("RCB:H6")}
    assert ledger.latest(1)[0].action == "list people"


def test_person_opened_who_left_reach_is_not_listed():
    file(surgery(), hospital())
    share("G99001", "RCB")
    opened(WARD, person_of())
    file(hospital("A03", day="20210109"))
    assert door.recent(WARD) == ()
    assert isinstance(door.open(WARD, person_of()), LockedRecord)


def test_people_of_like_names_are_counted_for_the_banner():
    file(surgery(), surgery(local="p2", number="", given="Maria"), surgery(local="p3", number="", given="Helen"))
    assert opened(GP, person_of("p1")).banner.similar_names == 1
    assert opened(GP, person_of("p3")).banner.similar_names == 0
