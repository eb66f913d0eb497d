"""Choices about sharing: kept with who and how, the newest stands, a mistake is taken back, linkage carries them."""

from datetime import timedelta

import pytest

from oneplace.access import actions, consents
from oneplace.access.consents import CannotRecord, choices_of, standing_choices
from oneplace.access.models import Consent
from oneplace.access.rules import Actor, ConsentRow
from oneplace.kernel import clock
from oneplace.kernel.ids import new_person_id
from oneplace.ledger import queries as ledger

pytestmark = pytest.mark.django_db
GP = Actor("gp1", "Dr A", "gp", "G99001")


def choose(person, choice="given", about="", made_by="person", **more):
    told = {"capacity": made_by in ("person", "gillick"), "how": "at home", "by": GP} | more
    return actions.record_consent(person=person, information_class=about, choice=choice, made_by=made_by, **told)


def stands(person, about=""):
    line = standing_choices(choices_of(person)).get(about)
    return line.choice if line else "not asked"


def test_choice_is_kept_with_who_took_it_and_how_and_told_to_the_ledger():
    person = new_person_id()
    key = choose(person, "refused", "hospital", "attorney")
    line = choices_of(person)[0]
    assert (line.key, line.choice, line.made_by, line.capacity) == (key, "refused", "attorney", False)
    assert (line.taken_by, line.taken_at_code, line.how, line.stands) == ("gp1", "G99001", "at home", True)
    row = ledger.latest(1)[0]
    assert (row.action, row.subject, row.role) == ("record consent", person, "gp")


def test_newest_choice_stands_and_a_mistake_is_taken_back_once():
    person = new_person_id()
    choose(person)
    wrong = choose(person, "refused")
    assert stands(person) == "refused"
    actions.take_back_consent(person=person, key=wrong, by=GP)
    assert stands(person) == "given"
    line = next(line for line in choices_of(person) if line.key == wrong)
    assert (line.stands, line.taken_back_by) == (False, "gp1")
    assert line.taken_back_at is not None
    with pytest.raises(CannotRecord, match="already"):
        actions.take_back_consent(person=person, key=wrong, by=GP)
    with pytest.raises(CannotRecord, match="no such choice"):
        actions.take_back_consent(person=new_person_id(), key=wrong, by=GP)


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ({"about": "identity"}, "no class"),
        ({"about": "wizardry"}, "no class"),
        ({"choice": "perhaps"}, "no choice"),
        ({"made_by": "neighbour"}, "nobody who may choose"),
        ({"capacity": False}, "lacks capacity"),
        ({"made_by": "deputy", "capacity": True}, "makes it themselves"),
        ({"choice": "withdrawn"}, "no consent to withdraw"),
    ],
)
def test_choice_that_makes_no_sense_is_refused_and_not_kept(told, words):
    person = new_person_id()
    with pytest.raises(CannotRecord, match=words):
        choose(person, **told)
    assert choices_of(person) == []


def test_withdrawal_takes_away_what_was_given_for_all():
    person = new_person_id()
    choose(person)
    choose(person, "withdrawn", "hospital")
    assert (stands(person), stands(person, "hospital")) == ("given", "withdrawn")


def test_choice_over_one_that_was_not_seen_is_refused():
    person = new_person_id()
    seen = choose(person, seen=0)
    choose(person, "refused", seen=seen)
    with pytest.raises(CannotRecord, match="meanwhile"):
        choose(person, seen=seen)
    assert stands(person) == "refused"


def test_many_choices_are_loaded_once():
    person, other = new_person_id(), new_person_id()
    at = clock.now() - timedelta(days=3)
    rows = [ConsentRow(person, "", "given", at), ConsentRow(other, "hospital", "refused", at, taken_by="surgery")]
    assert actions.load_consents(rows, "test") == 2
    assert actions.load_consents([*rows, *rows], "test") == 0
    assert {line.taken_by for line in choices_of(person) + choices_of(other)} == {"test", "surgery"}
    assert ledger.latest(1)[0].action == "load consents"
    with pytest.raises(CannotRecord, match="no class"):
        actions.load_consents([ConsentRow(person, "x", "given", at)], "test")
    assert len(choices_of(person)) == 1


def test_choices_follow_a_person_of_whom_no_record_is_left_and_go_back(monkeypatch):
    """A merge and its undoing leave each choice where it was made, byte for byte."""
    monkeypatch.setattr(consents, "_BATCH", 1)
    left, joined = new_person_id(), new_person_id()
    choose(left, "refused")
    choose(joined)
    before = list(Consent.objects.order_by("pk").values())
    assert actions.repoint_consents([(left, joined)], {left}, "test") == 1
    assert (stands(left), len(choices_of(joined))) == ("not asked", 2)
    assert actions.repoint_consents([(joined, left)], set(), "test") == 1
    assert list(Consent.objects.order_by("pk").values()) == before
    assert actions.repoint_consents([(left, joined)], set(), "test") == 0
