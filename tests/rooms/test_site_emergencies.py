"""Emergency access on pages: refused, declared, under a banner, over by itself, reviewed, told to the controller."""

import csv
import io
import json
from datetime import timedelta

import pytest
from django.test import Client
from factories import wire
from factories.senders import file, hospital, problem, surgery
from factories.signing_in import signed_in, staff

from oneplace.access import actions as access
from oneplace.access.models import Agreement, BreakGlass, Consent, User
from oneplace.kernel import clock
from oneplace.ledger import queries as ledger
from oneplace.place import queries as place
from oneplace.place.models import OpeningHours, Organisation
from oneplace.record import history
from oneplace.record.models import LocalPatient

pytestmark = pytest.mark.django_db
ALLERGY = wire.clinical(
    "AllergyIntolerance", "a1", code=wire.concept("91936005", "Penicillin"), clinicalStatus="active"
)
TOLD = {"reason": "life-threat", "text": "Found unconscious at the bus stop."}


@pytest.fixture(autouse=True)
def _as_it_was(settings):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # the real one takes its time
    place.forget_names()
    yield
    clock.set_offset(timedelta(0))
    place.forget_names()


@pytest.fixture
def person() -> str:
    """Somebody of one surgery that shares, with a problem and an allergy."""
    file(surgery(problem(), ALLERGY))
    access.load_agreements([{"controller_code": "G99001", "starts": "2020-01-01"}], by="test")
    return LocalPatient.objects.get(local_id="p1").person.key


@pytest.fixture
def doctor() -> Client:
    """An A&E doctor of a hospital that knows nothing of the person."""
    return signed_in(staff("isla", "a-and-e", "RCB"))


def declared(browser: Client, person: str, **changes: str):
    return browser.post(f"/people/{person}/emergency/", TOLD | changes)


def page(browser: Client, address: str) -> str:
    return browser.get(address).content.decode()


def test_locked_record_shows_nothing_clinical_and_offers_emergency_access_to_those_who_may(person, doctor):
    locked = doctor.get(f"/people/{person}/")
    words = locked.content.decode()
    assert locked.status_code == 403
    assert "BURROWS" in words
    assert f"/people/{person}/emergency/" in words
    asked = page(doctor, f"/people/{person}/emergency/")
    assert "A life is in danger" in asked
    for hidden in ("Hypertension", "Penicillin", "llerg", "roblem"):
        assert hidden not in words
        assert hidden not in asked
    assert ledger.latest(1)[0].action == "ask for emergency access: locked"


@pytest.mark.parametrize("role", ["therapist", "receptionist"])
def test_role_that_may_not_never_meets_the_button_nor_the_form(role, person):
    browser = signed_in(staff("other", role, "RCB"))
    assert "emergency/" not in page(browser, f"/people/{person}/")
    answer = declared(browser, person)
    assert (answer.status_code, BreakGlass.objects.count()) == ({"therapist": 302, "receptionist": 404}[role], 0)


def test_declaration_needs_a_fresh_proof_of_identity(person, doctor, monkeypatch):
    from oneplace.access import policy

    monkeypatch.setattr(policy.proof, "proved_lately", lambda request: False)
    assert doctor.get(f"/people/{person}/emergency/").status_code == 200
    assert declared(doctor, person)["Location"].startswith("/confirm/")
    assert not BreakGlass.objects.exists()


def test_declared_emergency_opens_under_a_banner_logs_each_view_and_ends_by_itself(person, doctor):
    assert declared(doctor, person)["Location"] == f"/people/{person}/"
    made = BreakGlass.objects.get()
    opened = page(doctor, f"/people/{person}/")
    assert "Penicillin" in opened
    assert "60 minutes" in opened
    assert "data-seconds-left" in opened
    assert "data-seconds-left" in page(doctor, f"/people/{person}/why/")
    rows = ledger.under_declaration(made.user_key, made.key)
    assert [row.action for row in rows] == ["break the glass", "open record", "explain access"]
    assert json.loads(rows[1].detail)["controllers"] == ["G99001"]
    clock.set_offset(timedelta(minutes=59, seconds=30))
    assert "1 minute</span> left" in page(doctor, f"/people/{person}/")
    clock.set_offset(timedelta(minutes=61))
    over = doctor.get(f"/people/{person}/")
    assert over.status_code == 403
    assert "Penicillin" not in over.content.decode()
    assert "data-seconds-left" not in over.content.decode()
    declared(doctor, person)
    assert BreakGlass.objects.count() == 2


def test_emergency_is_about_one_person(person, doctor):
    file(surgery(problem(), local="p2", number="9990000026", family="Meakin"))
    other = LocalPatient.objects.get(local_id="p2").person.key
    declared(doctor, person)
    assert doctor.get(f"/people/{other}/").status_code == 403
    assert "data-seconds-left" not in page(doctor, f"/people/{other}/")


def test_declaration_that_lacks_something_keeps_what_was_typed(person, doctor):
    answer = declared(doctor, person, reason="")
    words = answer.content.decode()
    assert answer.status_code == 422
    assert "Choose why you need the record now" in words
    assert TOLD["text"] in words


def test_refusal_is_said_and_needs_its_own_reason(person, doctor):
    Consent.objects.create(person=person, choice="refused", taken_by="test", at=clock.now())
    assert "The person has refused" in page(doctor, f"/people/{person}/emergency/")
    assert declared(doctor, person).status_code == 422
    assert declared(doctor, person, refusal_reason="Would die without.").status_code == 302
    assert "Penicillin" in page(doctor, f"/people/{person}/")
    assert "Would die without." in page(doctor, f"/people/{person}/emergency/")


def test_refusal_told_after_the_declaration_asks_for_more(person, doctor):
    declared(doctor, person)
    Consent.objects.create(person=person, choice="refused", taken_by="test", at=clock.now())
    words = page(doctor, f"/people/{person}/emergency/")
    assert "The person has refused" in words
    assert "End the emergency access now" in words
    assert doctor.get(f"/people/{person}/").status_code == 403


def test_emergency_is_ended_early_and_once(person, doctor):
    declared(doctor, person)
    assert "End the emergency access now" in page(doctor, f"/people/{person}/emergency/")
    assert doctor.post(f"/people/{person}/emergency/end/").status_code == 302
    assert doctor.get(f"/people/{person}/").status_code == 403
    doctor.post(f"/people/{person}/emergency/end/")
    assert [row.action for row in ledger.latest(20)].count("end emergency access") == 1


def test_nobody_declares_about_a_record_that_is_open_or_not_there(person, doctor):
    gp = signed_in(staff("gp", "gp", "G99001"))
    assert gp.get(f"/people/{person}/emergency/")["Location"] == f"/people/{person}/"
    assert declared(gp, person).status_code == 302
    assert declared(doctor, "nobody").status_code == 404
    assert not BreakGlass.objects.exists()


def practice_without_agreement(code: str = "G99001") -> None:
    Organisation.objects.create(code=code, name="Silent Surgery", kind="practice", phone="01632 960001")
    Organisation.objects.create(code="OOH", name="Night Doctors", kind="out-of-hours", phone="01632 960002")
    Agreement.objects.all().delete()


def test_practice_without_agreement_stays_unseen_and_its_telephone_is_told(person, doctor):
    practice_without_agreement()
    assert doctor.get(f"/people/{person}/").status_code == 404
    assert declared(doctor, person).status_code == 404
    file(hospital("A01", "PD1|||Silent Surgery^^G99001", code="RXX"))
    access.load_agreements([{"controller_code": "RXX", "starts": "2020-01-01"}], by="test")
    for address in (f"/people/{person}/", f"/people/{person}/emergency/"):
        assert "Silent Surgery does not share here" in page(doctor, address)
        assert "Night Doctors, 01632 960002" in page(doctor, address)
    declared(doctor, person)
    opened = page(doctor, f"/people/{person}/")
    assert "data-seconds-left" in opened
    assert "Penicillin" not in opened
    assert "Silent Surgery does not share here" in opened


def test_practice_that_does_not_share_is_told_with_what_works_at_this_hour(person):
    from oneplace.access.rules import Actor
    from oneplace.record.emergency import unshared_practice
    from oneplace.record.shapes import Banner

    def banner(code: str) -> Banner:
        words = {name: "" for name in Banner.__dataclass_fields__} | {"practice_code": code}
        return Banner(**words)

    actor, now = Actor("k", "n", "a-and-e", "RCB"), clock.now()
    assert unshared_practice(actor, banner("G99001"), now) is None
    assert unshared_practice(actor, banner(""), now) is None
    practice_without_agreement()
    found = unshared_practice(actor, banner("G99001"), now)
    assert (found.name, found.phone, found.is_open) == ("Silent Surgery", "01632 960001", False)
    assert found.others == (("Night Doctors", "01632 960002"),)
    for weekday in range(7):
        OpeningHours.objects.create(
            owner_code="G99001", service="gp", weekday=weekday, opens="00:00", closes="00:00", on_holidays=True
        )
    assert unshared_practice(actor, banner("G99001"), now).is_open
    assert unshared_practice(Actor("k", "n", "gp", "G99001"), banner("G99001"), now) is None
    lifted = {"controller_code": "G99001", "starts": "2020-01-01", "purposes": "emergency"}
    access.load_agreements([lifted], by="test")
    assert unshared_practice(actor, banner("G99001"), now) is None


def test_emergency_line_of_an_agreement_opens_while_one_is_declared(person, doctor):
    lifted = {"controller_code": "G99001", "starts": "2020-01-01", "purposes": "emergency"}
    other = {"controller_code": "RXX", "starts": "2020-01-01"}
    access.load_agreements([lifted, other], by="test")
    file(hospital(code="RXX"))
    declared(doctor, person)
    assert "Penicillin" in page(doctor, f"/people/{person}/")


def test_officer_reviews_what_was_declared(person, doctor):
    officer = signed_in(staff("colm", "privacy-officer", "ICB"))
    assert "No declaration waits" in page(officer, "/emergency-access/")
    declared(doctor, person, text="urgent")
    assert "1 declaration" in page(officer, "/")
    listed = page(officer, "/emergency-access/")
    assert "Isla" in listed
    assert "Nothing was opened under it" not in listed
    assert "very few words" in listed
    assert "BURROWS" not in listed
    assert 'data-unread="1"' in listed
    doctor.get(f"/people/{person}/")
    made = BreakGlass.objects.get()
    address = f"/emergency-access/{made.key}/"
    assert address in page(officer, "/messages/")
    one = page(officer, address)
    assert "open record" in one
    assert "G99001" in one
    assert "open now" in page(officer, "/emergency-access/?show=open")
    for told in ({"outcome": "justified", "note": ""}, {"note": "x"}):
        answer = officer.post(address, told)
        assert (answer.status_code, "There is a problem" in answer.content.decode()) == (400, True)
    assert officer.post(address, {"outcome": "justified", "note": "Rang the ward"}).status_code == 302
    assert "Rang the ward" in page(officer, address)
    officer.post(address, {"outcome": "action", "note": "again"})
    assert "A colleague reviewed this before you" in page(officer, "/emergency-access/?show=done")
    assert BreakGlass.objects.get().outcome == "justified"
    assert "No declaration waits" in page(officer, "/emergency-access/")
    assert officer.get("/emergency-access/none/").status_code == 404
    assert doctor.get("/emergency-access/").status_code == 403


def test_overdue_review_stands_first(person, doctor):
    officer = signed_in(staff("colm", "privacy-officer", "ICB"))
    declared(doctor, person)
    clock.set_offset(timedelta(days=4))
    declared(doctor, person)
    listed = page(officer, "/emergency-access/")
    assert listed.index("overdue</span>") < listed.index("new</span>")
    assert "1 overdue" in page(officer, "/")


def test_controller_is_told_of_declarations_that_opened_its_entries(person, doctor):
    officer = signed_in(staff("colm", "privacy-officer", "ICB"))
    Organisation.objects.create(code="G99001", name="Shared Surgery", kind="practice")
    Organisation.objects.create(code="G99002", name="Other Surgery", kind="practice")
    place.forget_names()
    declared(doctor, person)
    doctor.get(f"/people/{person}/")
    assert "Choose the organisation" in page(officer, "/emergency-access/controllers/")
    told = page(officer, "/emergency-access/controllers/?controller=G99001")
    assert "1 declaration under which entries of Shared Surgery" in told
    assert "None in this time" in page(officer, "/emergency-access/controllers/?controller=G99002")
    wrong = officer.get("/emergency-access/controllers/?controller=G99001&since=2026-02-02&until=2026-02-01")
    assert (wrong.status_code, "last day is before the first" in wrong.content.decode()) == (400, True)
    answer = officer.get("/emergency-access/controllers/report.csv?controller=G99001")
    rows = list(csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode())))
    assert [(row["person"], row["pages_opened"], row["review"]) for row in rows] == [(person, "1", "new")]
    assert TOLD["text"] not in str(rows)
    assert officer.get("/emergency-access/controllers/report.csv").status_code == 302
    assert ledger.latest(1)[0].action == "export emergency report"


def test_person_reads_of_the_emergency_in_their_own_access_history(person, doctor):
    declared(doctor, person)
    doctor.get(f"/people/{person}/")
    looked, _ = history.access_history(person)
    assert [(one.what, one.emergency) for one in looked][:2] == [
        ("Opened the record", True),
        ("Declared an emergency to open the record", True),
    ]
    assert {one.role for one in looked} == {"A&E clinician"}


def test_person_with_a_sign_in_of_their_own_is_no_colleague_and_a_namesake_on_the_staff_is(person, doctor):
    officer = signed_in(staff("colm", "privacy-officer", "ICB"))
    declared(doctor, person)
    User.objects.filter(username="isla").update(display_name="Isla Marchbank")
    herself = {"username": "mary", "password": None, "display_name": "Mary Burrows", "by": "test"}
    access.create_user(**herself, role="person", organisation_code="")
    assert "another member of staff" not in page(officer, "/emergency-access/")
    namesake = {"username": "mburrows", "password": None, "display_name": "Mary Burrows", "by": "test"}
    access.create_user(**namesake, role="gp", organisation_code="G99001")
    assert "full name of another member of staff" in page(officer, "/emergency-access/")


def test_command_lists_what_waits_and_says_so_by_its_exit_code(person, doctor, capsys, monkeypatch):
    from oneplace.site.commands import access as command

    monkeypatch.setattr(command, "start_up", lambda: None)
    command.access_declarations()
    assert "No declaration waits" in capsys.readouterr().out
    declared(doctor, person)
    with pytest.raises(SystemExit) as ended:
        command.access_declarations()
    assert ended.value.code == 3
    line = capsys.readouterr().out
    assert "Isla, a-and-e at RCB: A life is in danger" in line
    BreakGlass.objects.update(outcome="justified", reviewed_at=clock.now(), note="x")
    command.access_declarations(everything=True, as_json=True)
    assert json.loads(capsys.readouterr().out)[0]["state"] == "justified"
