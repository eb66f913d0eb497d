"""Letters: those of others about one's own people wait, are filed with a type, and come back when taken back."""

import pytest
from factories import wire
from factories.senders import JULY, JUNE, OTHER, file, surgery
from test_record_door import GP, person_of, share

from oneplace.ledger import queries as ledger
from oneplace.record import door
from oneplace.record.letters import TYPES, proposed_type
from oneplace.record.models import Entry, LetterFiling

pytestmark = pytest.mark.django_db


def letter(title: str = "Cardiology clinic letter", at: str = JUNE, key: str = "d1") -> wire.Resource:
    """A document that a hospital wrote."""
    return wire.clinical(
        "DocumentReference", key, description=title, created="2026-02-27", status="current",
        type=wire.concept("823681000000100", title), meta={"lastUpdated": at},
    )  # fmt: skip


def sent(*facts: wire.Resource, **more: str) -> bytes:
    return surgery(*facts, **{"code": "RCB", "local": "h1"} | more)


@pytest.fixture(autouse=True)
def _today(time_machine):
    time_machine.move_to("2026-03-02T12:00:00Z")


def key() -> str:
    return str(Entry.objects.get(kind="document").pk)


def test_letter_of_a_hospital_waits_for_the_practice_and_is_filed():
    file(
        surgery(), sent(letter(), wire.clinical("Condition", "c", code=wire.concept("49436004", "Atrial fibrillation")))
    )
    share("G99001", "RCB")
    box = door.letters(GP)
    assert (box.waiting, box.filed, len(box.letters)) == (1, 0, 1)
    found = box.letters[0]
    assert (found.title, found.type, found.family) == ("Cardiology clinic letter", "Outpatient letter", "Burrows")
    assert found.points == ("Atrial fibrillation",)
    assert ledger.latest(1)[0].action == "list letters"
    assert door.file_letter(GP, person_of(), found.key, "Outpatient letter")
    row = ledger.latest(1)[0]
    assert (row.action, row.subject, row.actor) == ("file letter", person_of(), "gp1")
    box = door.letters(GP, filed=True)
    assert (box.waiting, box.filed, box.letters[0].filed_by) == (0, 1, "Dr A")


def test_filing_taken_back_waits_again_and_leaves_its_trace():
    file(surgery(), sent(letter()))
    share("G99001", "RCB")
    assert not door.file_letter(GP, person_of(), key(), "")
    assert door.file_letter(GP, person_of(), key(), TYPES[0])
    assert door.file_letter(GP, person_of(), key(), "")
    assert ledger.latest(1)[0].action == "take back filing of letter"
    assert door.letters(GP).waiting == 1
    assert [filing.undone_by for filing in LetterFiling.objects.all()] == ["gp1"]


def test_letter_sent_again_with_other_words_waits_anew():
    file(surgery(), sent(letter()))
    share("G99001", "RCB")
    door.file_letter(GP, person_of(), key(), TYPES[0])
    file(sent(letter(at=JULY), at=JULY))
    assert door.letters(GP).waiting == 0, "the same letter again is no new letter"
    file(sent(letter("Cardiology clinic letter, corrected", at="2021-08-02T12:00:00+00:00")))
    box = door.letters(GP)
    assert (box.waiting, box.letters[0].changed) == (1, True)
    door.file_letter(GP, person_of(), key(), TYPES[1])
    assert [letter.type for letter in door.letters(GP, filed=True).letters] == [TYPES[1]]


def test_letters_of_strangers_of_oneself_and_of_those_who_do_not_share_are_not_listed():
    file(surgery(letter(key="own")), sent(letter(key="d2")), sent(letter(key="d3"), number=OTHER, local="h2"))
    share("G99001")
    assert door.letters(GP).letters == ()
    share("G99001", "RCB")
    assert [one.person_id for one in door.letters(GP).letters] == [person_of()]
    stranger = Entry.objects.get(told_id="d3")
    assert not door.file_letter(GP, stranger.patient.person.key, str(stranger.pk), TYPES[0])
    assert not LetterFiling.objects.exists()


def test_only_letters_are_filed_and_only_as_a_known_type():
    file(surgery(), sent(letter(), wire.clinical("Condition", "c", code=wire.concept("49436004", "AF"))))
    share("G99001", "RCB")
    condition = Entry.objects.get(kind="problem")
    assert not door.file_letter(GP, person_of(), str(condition.pk), TYPES[0])
    with pytest.raises(ValueError, match="no type of letter"):
        door.file_letter(GP, person_of(), key(), "Invoice")


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("Inpatient final discharge letter", "Discharge summary"),
        ("Mental health discharge summary", "Mental health letter"),
        ("A&E attendance", "Emergency care summary"),
        ("NHS 111 report", "Ambulance or 111 report"),
        ("Shared care agreement", "Other letter"),
    ],
)
def test_type_is_proposed_from_the_title(words: str, kind: str):
    assert proposed_type(words) == kind
