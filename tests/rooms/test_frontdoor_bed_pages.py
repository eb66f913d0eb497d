"""Pages of beds: the board in words, a request asked once, offers with their reasons, who may press what."""

from datetime import timedelta

import pytest
from django.core.cache import cache
from factories.beds import ROOM, UNIT, asked, offered
from factories.places import COMMUNITY, OTHER_PRACTICE, PRACTICE, load_few
from factories.senders import file, surgery
from factories.signing_in import signed_in, staff

from oneplace.frontdoor.actions.beds import load_units
from oneplace.frontdoor.models import Bed, BedDelay, BedRequest, BedStay
from oneplace.kernel import clock
from oneplace.ledger.queries import latest
from oneplace.place.models import Team
from oneplace.record.models import LocalPatient

pytestmark = pytest.mark.django_db
FORM = {"direction": "step-up", "short_hours": "48", "nights": "", "level": "nursing", "sex": "female"} | {
    "reason": "Dehydrated",
    "once": "press1",
}


@pytest.fixture(autouse=True)
def units():
    cache.clear()
    load_few(PRACTICE, OTHER_PRACTICE, COMMUNITY)
    Team.objects.create(code="T1", organisation_code=COMMUNITY, name="Desk", kind="referral")
    load_units([UNIT], by="test")


@pytest.fixture
def person() -> str:
    file(surgery(code=PRACTICE))
    return LocalPatient.objects.get(local_id="p1").person.key


@pytest.fixture
def desk():
    return signed_in(staff("asha", "spr-clinician", COMMUNITY))


def text(answer) -> str:
    return " ".join(answer.content.decode().split())


def test_doctor_asks_twice_by_one_press_and_sees_her_own_request(person, desk):
    doctor = signed_in(staff("fiona", "gp"))
    assert f"/beds/ask/{person}/" in text(doctor.get(f"/people/{person}/"))
    assert "BURROWS, Mary" in text(doctor.get(f"/beds/ask/{person}/"))
    first, second = (doctor.post(f"/beds/ask/{person}/", FORM) for _ in range(2))
    assert first.url == second.url
    request = BedRequest.objects.get()
    assert (request.nights, request.short_hours, request.asked_for) == (2, 48, PRACTICE)
    assert "Step-up, woman, nursing care, 48 hours" in text(doctor.get("/beds/"))
    page = text(doctor.get(first.url))
    assert "BURROWS, Mary" in page
    assert "Offer this bed" not in page
    other = doctor.post(f"/beds/ask/{person}/", FORM | {"once": "press2"})
    assert other.status_code == 422
    assert "asked for already" in text(other)
    stranger = signed_in(staff("omar", "gp", OTHER_PRACTICE))
    assert stranger.get(first.url).status_code == 404
    assert "has asked for none that waits" in text(stranger.get("/beds/"))
    assert stranger.get(f"/beds/ask/{person}/").status_code == 404


def test_form_says_what_is_missing_and_keeps_what_was_typed(person):
    doctor = signed_in(staff("fiona", "gp"))
    answer = doctor.post(f"/beds/ask/{person}/", {"reason": "Dehydrated", "once": "x", "wanted_at": "soon"})
    assert answer.status_code == 422
    page = text(answer)
    for words in ("Choose step-up or step-down", "Enter the nights", "Enter a date and time", 'value="Dehydrated"'):
        assert words in page
    assert not BedRequest.objects.exists()


def test_desk_offers_admits_delays_and_records_leaving(desk):
    request = asked()
    address = f"/beds/requests/{request.key}/"
    page = text(desk.get(address))
    assert "Who it is may not be shown to you" in page, "the key stands for nobody here"
    assert "Passed</strong> level of care" in page
    held = text(desk.post(address + "offer/", {"bed": ROOM}, follow=True))
    assert "Held until" in held
    assert "min left" in text(desk.get("/beds/"))
    move = f"/beds/stays/{BedStay.objects.get().key}/"
    for state in ("reserved", "admitted", "ready to leave"):
        desk.post(move + "move/", {"to": state})
    page = text(desk.post(move + "delay/", {"primary": "package", "contributing": ["equipment"]}, follow=True))
    assert "Waits for home care to start" in page
    assert BedDelay.objects.get().contributing == ["equipment"]
    assert "Choose the main reason" in text(desk.post(move + "delay/", {}, follow=True))
    assert "100 % (1 of 1 in a bed)" in text(desk.get("/beds/"))
    assert "Give 1 to 42 nights" in text(desk.post(move + "longer/", {"nights": "-1"}, follow=True))
    assert "they stay longer" in text(desk.post(move + "longer/", {"nights": "2"}, follow=True))
    assert "They left the bed" in text(desk.post(move + "move/", {"to": "left"}, follow=True))
    assert latest(1)[0].action == "look at bed request: refused"


def test_whoever_asked_answers_the_offer_and_no_more(person):
    stay = offered(asked(person))
    doctor = signed_in(staff("fiona", "gp"))
    move = f"/beds/stays/{stay.key}/move/"
    assert "Say why" in text(doctor.post(move, {"to": "declined"}, follow=True))
    assert "Reserved" in text(doctor.post(move, {"to": "reserved", "seen": "offered"}, follow=True))
    assert "Meanwhile the bed is reserved" in text(doctor.post(move, {"to": "admitted"}, follow=True))
    assert signed_in(staff("omar", "gp", OTHER_PRACTICE)).post(move, {"to": "reserved"}).status_code == 404
    assert doctor.post(f"/beds/requests/{stay.request.key}/offer/", {"bed": ROOM}).status_code == 403


def test_board_shows_each_state_in_words_and_as_a_table(desk):
    stay = offered(asked())
    address = f"/beds/bed/{Bed.objects.get(code='U1-Bay1-1').code}/"
    assert desk.post(address, {"reason": " "}).status_code == 422
    desk.post(address, {"reason": "broken hoist"})
    BedStay.objects.filter(pk=stay.pk).update(
        state="admitted", admitted_at=clock.now(), review_at=clock.now(), last_night=clock.now() - timedelta(days=3)
    )
    for view in ("tiles", "list"):
        page = text(desk.get(f"/beds/?view={view}"))
        for words in ("broken hoist", "Occupied", "was to leave after", "review was due", "4 of 5 beds free"):
            assert words in page
    assert "Open this bed again" in text(desk.get(address))
    desk.post(address, {"open": "yes"})
    assert Bed.objects.get(code="U1-Bay1-1").closed == ""


def test_request_is_withdrawn_and_says_so(desk):
    request = asked()
    answer = desk.post(f"/beds/requests/{request.key}/withdraw/", {"reason": "Better at home"}, follow=True)
    assert "Better at home" in text(answer)
    assert request.key not in text(desk.get("/beds/"))


def test_unknown_keys_are_told_nothing(desk):
    posts = ("requests/x/withdraw", "stays/x/move", "stays/x/longer", "stays/x/delay")
    assert {desk.post(f"/beds/{path}/").status_code for path in posts} == {404}
    assert {desk.get(f"/beds/{path}/").status_code for path in ("requests/x", "bed/x", "ask/x")} == {404}


def test_place_without_beds_says_why_the_board_is_empty(desk):
    load_units([], by="test")
    assert "no community beds yet" in text(desk.get("/beds/"))


def test_role_without_the_board_is_refused():
    assert signed_in(staff("ned", "data-manager")).get("/beds/").status_code == 403
