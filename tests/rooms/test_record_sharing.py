"""Sharing: what a person chose is asked, recorded and undone, and who can see them; it counts at the next request."""

from datetime import UTC, datetime, timedelta

import pytest
from factories.senders import OTHER, file, hospital, surgery
from test_record_door import GP, WARD, opened, person_of, share
from test_record_linkage import merge, unmerge

from oneplace.access import actions
from oneplace.access.consents import CannotRecord, choices_of
from oneplace.access.models import BreakGlass, Consent, Employment
from oneplace.access.rules import Actor
from oneplace.kernel import clock
from oneplace.ledger import queries as ledger
from oneplace.place import queries as place
from oneplace.record import door
from oneplace.record.shapes import Banner, LockedRecord, Refused
from oneplace.record.sharing import Choice, SharingShown, ViewersShown

pytestmark = pytest.mark.django_db
DESK = Actor("desk1", "Reception", "receptionist", "G99001")
SOCIAL = Actor("sw1", "Social worker", "social-worker", "RCB")


@pytest.fixture(autouse=True)
def _place_read_anew() -> None:
    place.forget_names()


@pytest.fixture
def person():
    """Known to a practice and a hospital which share, in a place of explicit consent."""
    file(surgery(), hospital())
    share("G99001", "RCB")
    actions.set_consent_models({"": "explicit"}, by="test")
    return person_of()


@pytest.fixture
def doctor(client):
    """A GP's browser."""
    told = {"username": "u", "password": None, "display_name": "Dr A", "role": "gp", "organisation_code": "G99001"}
    client.force_login(actions.create_user(**told, by="test"))
    return client


def told(choice="given", about="", seen=None) -> Choice:
    return Choice(about, choice, "person", "at home", seen)


def state(found: SharingShown, name=""):
    return next(one.choice for one in found.classes if one.name == name)


def test_consent_opens_at_the_next_request_and_withdrawal_closes(person):
    assert opened(GP, person).closed == "consent not asked"
    assert isinstance(door.record_choice(GP, person, told()), Banner)
    assert opened(GP, person).closed == ""
    assert "Inpatient stay" in {item.display for one in opened(GP, person).windowlets for item in one.items}
    door.record_choice(GP, person, told("withdrawn"))
    assert opened(GP, person).closed == "consent withdrawn"
    actions_told = [line.action for line in ledger.latest(12)]
    assert {"ask consent", "record consent"} <= set(actions_told)


def test_choices_are_shown_class_by_class_with_their_history(person):
    door.record_choice(GP, person, told())
    door.record_choice(WARD, person, told("refused", "mental-health"))
    found = door.sharing(GP, person)
    assert isinstance(found, SharingShown)
    assert [state(found, name) for name in ("", "hospital", "mental-health", "hiv")] == [
        "given",
        "given",
        "refused",
        "",
    ]
    assert [line.choice for line in found.history] == ["refused", "given"]
    assert found.classes[0].own == found.history[1].key
    assert {one.own for one in found.classes if one.name == "hospital"} == {0}


def test_role_meets_choices_about_what_it_reads_alone(person):
    door.record_choice(GP, person, told("refused", "hiv"))
    found = door.sharing(WARD, person)
    assert isinstance(found, SharingShown)
    assert "hiv" not in {one.name for one in found.classes}
    assert found.history == ()
    with pytest.raises(CannotRecord, match="Your role"):
        door.record_choice(WARD, person, told("given", "hiv"))
    key = choices_of(person)[0].key
    with pytest.raises(CannotRecord, match="no such choice"):
        door.take_back_choice(WARD, person, key)
    assert isinstance(door.take_back_choice(GP, person, key), Banner)
    assert state(door.sharing(GP, person), "hiv") == ""


def test_who_may_not_ask_meets_the_closed_door(person):
    file(surgery(local="p2", code="G99002", number=OTHER))
    share("G99001", "G99002", "RCB")
    stranger = person_of("p2")
    for act in (door.sharing, lambda who, whom: door.record_choice(who, whom, told())):
        assert isinstance(act(GP, stranger), LockedRecord)
        assert act(Actor("k", "n", "mdt-coordinator", "G99001"), stranger) == Refused()
        assert act(Actor("k", "n", "ambulance", "RCB"), person) == Refused()
    assert isinstance(door.take_back_choice(GP, stranger, 1), LockedRecord)
    assert choices_of(stranger) == []
    assert ledger.latest(1)[0].action == "ask consent: locked"


def test_viewers_are_named_with_what_opens_to_each_role(person):
    for number, (role, code) in enumerate(
        [("gp", "G99001"), ("gp", "G99001"), ("ward-nurse", "RCB"), ("analyst", "RCB")]
    ):
        who = {"username": f"u{number}", "display_name": f"U{number}", "role": role, "organisation_code": code}
        actions.create_user(password=None, by="test", **who)
    door.record_choice(GP, person, told())
    door.record_choice(GP, person, told("refused", "gp-record"))
    found = door.viewers(GP, person)
    assert isinstance(found, ViewersShown)
    assert {one.holder: [(view.role, view.people) for view in one.roles] for one in found.viewers} == {
        "G99001": [("GP", 2)],
        "RCB": [("Ward nurse", 1)],
    }
    ward = next(one.roles[0].found for one in found.viewers if one.holder == "RCB")
    why = {one.name: (one.is_open, one.why) for one in ward.classes}
    assert why["gp-summary"][0]
    assert why["gp-record"] == (False, "consent refused")
    assert "safeguarding" not in why  # closed and sensitive
    assert ledger.latest(1)[0].action == "list viewers"


def test_viewers_name_open_emergencies_and_the_persons_own_people(person):
    now = clock.now()
    user = actions.create_user(
        username="carer", password=None, display_name="Ann Own", role="proxy", organisation_code="", by="test"
    )
    tie = {"organisation_code": user.key, "kind": "proxy", "reference": "x", "starts": now}
    actions.open_relationship(person=person, by="test", scope=("plan",), **tie)
    gone = {"organisation_code": "u" * 22, "kind": "self", "reference": "y", "starts": now}
    actions.open_relationship(person=person, by="test", **gone)
    spell = {"declared_at": now - timedelta(minutes=5), "expires_at": now + timedelta(hours=1)}
    who = {"user_key": user.key, "role": "wizard", "organisation_code": "RCB"}
    BreakGlass.objects.create(person=person, reason="life-threat", text="t", **who, **spell)
    BreakGlass.objects.create(person=person, reason="life-threat", text="t", ended_at=now, **who, **spell)
    found = door.viewers(GP, person)
    assert isinstance(found, ViewersShown)
    assert [(line.name, line.role) for line in found.emergencies] == [("Ann Own", "wizard")]
    own = {one.holder: [view.name for view in one.roles] for one in found.viewers if one.personal}
    assert own == {user.key: ["Ann Own"], "u" * 22: []}
    assert [one.personal for one in found.viewers] == sorted(one.personal for one in found.viewers)


def test_viewers_leave_out_who_would_tell_of_what_is_closed(person):
    """That mental health services know somebody is nobody's to learn whose reading of them is closed."""
    door.record_choice(GP, person, told())
    assert {one.holder for one in door.viewers(GP, person).viewers} == {"G99001", "RCB"}
    door.record_choice(GP, person, told("refused", "hospital"))
    assert [one.holder for one in door.viewers(GP, person).viewers] == ["G99001"]
    for role in ("receptionist", "mdt-coordinator"):
        assert door.viewers(Actor("k", "n", role, "G99001"), person) == Refused()
    assert ledger.latest(1)[0].action == "list viewers: refused"


def test_viewers_leave_out_who_left_and_roles_that_open_nothing(person):
    told_of = {"username": "u", "password": None, "display_name": "U", "role": "gp", "organisation_code": "G99001"}
    user = actions.create_user(**told_of, by="test")
    Employment.objects.filter(user=user).update(ends=clock.real_now())
    door.record_choice(GP, person, told())
    found = door.viewers(GP, person)
    assert [one.roles for one in found.viewers] == [(), ()]
    assert door.viewers(Actor("k", "n", "mdt-coordinator", "G99009"), person) == Refused()


def form(**more) -> dict[str, str]:
    return {"about": "all", "choice": "given", "made_by": "person", "how": "at home", "seen": "all=0"} | more


def test_page_records_after_a_check_and_undoes(person, doctor):
    at = f"/people/{person}/sharing/"
    assert "Nobody has asked yet" in doctor.get(at).content.decode()
    assert "all=0" in doctor.get(f"{at}record/").content.decode()
    check = doctor.post(f"{at}record/", form())
    assert "Check before it counts" in check.content.decode()
    assert choices_of(person) == []
    changed = doctor.post(f"{at}record/", form(change="yes")).content.decode()
    assert "What did they choose?" in changed
    assert "checked" in changed
    assert doctor.post(f"{at}record/", form(confirm="yes")).headers["Location"] == at
    page = doctor.get(at).content.decode()
    assert "Agreed" in page
    assert "Recorded by Dr A" in page
    key = choices_of(person)[0].key
    assert doctor.post(f"{at}{key}/take-back/").headers["Location"] == at
    page = doctor.get(at).content.decode()
    assert "taken back by Dr A" in page
    assert "Not asked" in page
    doctor.post(f"{at}{key}/take-back/")
    assert "taken back already" in doctor.get(at).content.decode()


def test_page_says_what_is_missing_and_keeps_a_newer_choice(person, doctor):
    at = f"/people/{person}/sharing/record/"
    wrong = doctor.post(at, form(choice="", how="", about="wizardry"))
    assert wrong.status_code == 422
    words = wrong.content.decode()
    assert all(one in words for one in ("Choose what they said", "Enter how they told you", "one of the list"))
    door.record_choice(GP, person, told("refused"))
    late = doctor.post(at, form(confirm="yes"))
    assert late.status_code == 422
    assert "meanwhile" in late.content.decode()
    assert [line.choice for line in choices_of(person)] == ["refused"]
    late = doctor.post(at, form(confirm="yes", seen=f"all={choices_of(person)[0].key},x"))
    assert late.status_code == 302


def test_pages_are_shut_to_a_stranger_and_lead_on_where_one_may_ask(person, doctor):
    file(surgery(local="p2", code="G99002", number=OTHER))
    share("G99001", "G99002", "RCB")
    stranger = person_of("p2")
    for path in ("sharing/", "sharing/record/", "viewers/"):
        assert doctor.get(f"/people/{stranger}/{path}").status_code == 403
        assert doctor.get(f"/people/{'x' * 22}/{path}").status_code == 404
    assert doctor.post(f"/people/{stranger}/sharing/1/take-back/").status_code == 403
    shown = doctor.get(f"/people/{person}/").content.decode()
    assert f"/people/{person}/sharing/record/" in shown
    assert f"/people/{person}/viewers/" in shown


def test_viewers_page_and_command_say_the_same(person, doctor, capsys):
    from oneplace.site.commands import access as command

    door.record_choice(GP, person, told())
    page = doctor.get(f"/people/{person}/viewers/").content.decode()
    assert "Registered with the practice" in page
    assert "Nobody there signs in to oneplace" in page
    command.access_viewers(person)
    words = capsys.readouterr().out
    assert "Registered with the practice, since" in words
    command.access_viewers(person, as_json=True)
    assert '"holder": "G99001"' in capsys.readouterr().out
    command.access_viewers("x" * 22)
    assert "Nobody has an open relationship" in capsys.readouterr().out


def test_social_worker_asks_without_seeing_anything_clinical(person):
    """Whoever has a relationship asks first; what they see before is who the person is."""
    found = door.sharing(SOCIAL, person)
    assert isinstance(found, SharingShown)
    assert found.banner.family == "Burrows"


def test_refusal_recorded_under_another_key_counts_after_a_merge_and_goes_back(person):
    file(hospital(local="H2", number="", family="Unknown", given="Male", visit="V2"))
    unknown = person_of("RCB:H2")
    assert unknown != person
    door.record_choice(GP, person, told())
    door.record_choice(WARD, unknown, told("refused"))
    before = list(Consent.objects.order_by("pk").values())
    file(merge("H1", "H2"))
    assert person_of("RCB:H2") == person
    assert opened(GP, person).closed == "consent refused"
    unmerge("H1", "H2", datetime(2021, 3, 2, tzinfo=UTC))
    assert opened(GP, person).closed == ""
    assert list(Consent.objects.order_by("pk").values()) == before
