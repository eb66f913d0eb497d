"""Stays of community beds from offer to leaving, each with its rows; nothing promised twice; the board's figures."""

from datetime import timedelta

import pytest
import time_machine
from django.db import IntegrityError, transaction
from factories.beds import DESK, EITHER, GP, ROOM, UNIT, WOMEN, asked, offered, rooms
from factories.places import COMMUNITY

from oneplace.access.models import Relationship
from oneplace.frontdoor.actions.beds import (
    CannotDo,
    close_bed,
    extend_stay,
    lapse_offers,
    load_units,
    move_stay,
    record_delay,
    withdraw_request,
)
from oneplace.frontdoor.models import Bed, BedDelay, BedMove, BedNight, BedRequest, BedStay, BedUnit
from oneplace.frontdoor.queries.beds import board, matches, request_of, waiting
from oneplace.frontdoor.rules.beds import State
from oneplace.kernel import clock
from oneplace.ledger.queries import latest
from oneplace.place.models import Team

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def units():
    Team.objects.create(code="T1", organisation_code=COMMUNITY, name="Desk", kind="referral")
    load_units([UNIT], by="test")


def go(stay: BedStay, *states: State) -> BedStay:
    for state in states:
        stay = move_stay(key=stay.key, to=state, by=DESK, reason="because")
    return stay


def open_ties(person: str = "p1") -> set[str]:
    now = clock.now()
    rows = Relationship.objects.filter(person=person)
    return {row.reference.split(":")[0] for row in rows if row.ends is None or row.ends > now}


def last() -> str:
    return latest(1)[0].action


def test_units_load_once_and_what_goes_is_closed():
    assert Bed.objects.count() == 6
    assert load_units([UNIT], by="test") == 0
    assert load_units([rooms(1)], by="test") == 6, "five go and one loses its hoist"
    assert set(Bed.objects.exclude(code=ROOM).values_list("closed", flat=True)) == {"No longer in the place's folder"}
    assert load_units([UNIT], by="test") == 6
    assert not Bed.objects.exclude(closed="").exists()
    load_units([], by="test")
    assert BedUnit.objects.get().closed_on is not None
    assert board(clock.now()).columns == ()
    assert last() == "load beds"


def test_stay_goes_from_offer_to_leaving_with_its_rows():
    request = asked()
    assert open_ties() == {"bed"}
    stay = go(offered(request), State.RESERVED, State.ADMITTED)
    assert open_ties() == {"bed", "stay"}
    assert BedNight.objects.count() == 2
    go(stay, State.READY, State.LEFT)
    states = ["offered", "reserved", "admitted", "ready to leave", "left"]
    assert list(BedMove.objects.order_by("pk").values_list("after", flat=True)) == states
    assert [row.action for row in latest(12) if row.action.startswith(("offer", "bed:"))] == [
        *("bed: left", "bed: ready to leave", "bed: admitted", "bed: reserved", "offer bed")
    ]
    assert {row.subject for row in latest(12) if row.action.startswith("bed:")} == {"p1"}
    assert BedNight.objects.count() == 0, "the nights to come are given back"
    assert open_ties() == set()
    assert request_of(request.key).end_reason == "They left the bed"


def test_same_press_asks_once_and_a_second_request_is_refused():
    assert asked(once="a").key == asked(once="a").key
    with pytest.raises(CannotDo, match="asked for already"):
        asked()
    assert BedRequest.objects.count() == 1


def test_second_offer_of_a_bed_or_for_a_request_is_refused():
    request = asked()
    offered(request)
    with pytest.raises(CannotDo, match="Taken on the night"):
        offered(asked("p2"))
    with pytest.raises(CannotDo, match="Another bed is offered"):
        offered(request, WOMEN)
    assert BedStay.objects.count() == 1


def test_database_itself_refuses_a_second_stay_on_a_night_and_a_second_person_in_a_bed():
    stay, other = offered(asked()), offered(asked("p2"), WOMEN)
    night = stay.nights_held.first().night
    with pytest.raises(IntegrityError), transaction.atomic():
        BedNight.objects.create(bed=stay.bed, night=night, stay=other)
    go(stay, State.RESERVED, State.ADMITTED)
    values = {"bed": stay.bed, "state": State.ADMITTED, "admitted_at": clock.now()}
    with pytest.raises(IntegrityError), transaction.atomic():
        BedStay.objects.filter(pk=other.pk).update(**values)


def test_offer_lapses_after_an_hour_and_the_bed_is_free_without_anybody():
    with time_machine.travel("2026-03-02T10:00:00Z", tick=False) as at:
        stay = offered(asked())
        at.shift(timedelta(minutes=59))
        assert board(clock.now()).held == 1
        at.shift(timedelta(minutes=1))
        assert (board(clock.now()).held, len(waiting(clock.now()))) == (0, 1)
        with pytest.raises(CannotDo, match="hour of this offer is over"):
            go(stay, State.RESERVED)
        assert offered(asked("p2")).bed == stay.bed
        stay.refresh_from_db()
        assert stay.state == State.LAPSED
        at.shift(timedelta(hours=1))
        assert lapse_offers(by="due-jobs") == 1
        assert lapse_offers(by="due-jobs") == 0
        assert last() == "bed: lapsed"


def test_declining_needs_a_reason_and_the_request_waits_again():
    request = asked()
    stay = offered(request)
    with pytest.raises(CannotDo, match="Say why"):
        move_stay(key=stay.key, to=State.DECLINED, by=GP)
    move_stay(key=stay.key, to=State.DECLINED, by=GP, reason="Too far for her husband")
    assert [one.key for one in waiting(clock.now())] == [request.key]
    assert BedMove.objects.last().reason == "Too far for her husband"
    assert offered(request).bed.code == ROOM


def test_move_from_a_stale_page_or_out_of_order_is_refused():
    stay = offered(asked())
    with pytest.raises(CannotDo, match="can't become admitted"):
        go(stay, State.ADMITTED)
    go(stay, State.RESERVED)
    with pytest.raises(CannotDo, match="Meanwhile the bed is reserved"):
        move_stay(key=stay.key, to=State.ADMITTED, by=DESK, seen="offered")
    with pytest.raises(CannotDo, match="no such stay"):
        move_stay(key="x", to=State.LEFT, by=DESK)


def test_bay_for_either_takes_the_sex_of_who_is_there():
    offered(asked(sex="male"), EITHER)
    with pytest.raises(CannotDo, match="Bay 2 has men in it"):
        offered(asked("p2"), "U1-Bay2-2")


def test_short_stay_gets_its_review_and_staying_longer_answers_it():
    with time_machine.travel("2026-03-02T22:30:00Z", tick=False):
        stay = go(offered(asked(short_hours=48)), State.RESERVED, State.ADMITTED)
        assert stay.review_at == clock.now() + timedelta(hours=48)
        assert board(clock.now()).reviews == (stay,)
        longer = extend_stay(key=stay.key, nights=3, by=DESK)
        assert (longer.review_at, longer.last_night - stay.last_night) == (None, timedelta(days=3))
        assert last() == "extend bed stay"
        assert BedNight.objects.count() == 5


def test_staying_longer_never_takes_a_night_that_is_promised():
    with time_machine.travel("2026-03-02T12:00:00Z", tick=False):
        stay = go(offered(asked()), State.RESERVED, State.ADMITTED)
        offered(asked("p2", at=clock.now() + timedelta(days=2)))
        with pytest.raises(CannotDo, match="promised to somebody else"):
            extend_stay(key=stay.key, nights=1, by=DESK)
        with pytest.raises(CannotDo, match="1 to 42"):
            extend_stay(key=stay.key, nights=0, by=DESK)


def test_overstayer_keeps_the_bed_from_others_and_from_admission():
    with time_machine.travel("2026-03-02T12:00:00Z", tick=False) as at:
        go(offered(asked()), State.RESERVED, State.ADMITTED)
        later = go(offered(asked("p2", at=clock.now() + timedelta(days=2))), State.RESERVED)
        at.shift(timedelta(days=2))
        tile = next(tile for tile in board(clock.now()).columns[0].tiles if tile.bed.code == ROOM)
        assert tile.overdue
        with pytest.raises(CannotDo, match="still in this bed"):
            go(later, State.ADMITTED)
        with pytest.raises(CannotDo, match="still there"):
            offered(asked("p3", at=clock.now() + timedelta(days=9)))


def test_coming_early_claims_the_nights_before():
    with time_machine.travel("2026-03-02T12:00:00Z", tick=False):
        stay = offered(asked(at=clock.now() + timedelta(days=1)))
        go(stay, State.RESERVED, State.ADMITTED)
        assert sorted(night.night.day for night in stay.nights_held.all()) == [2, 3, 4]


def test_delay_has_one_main_reason_a_day_of_the_list_in_force():
    stay = go(offered(asked()), State.RESERVED, State.ADMITTED)
    with pytest.raises(CannotDo, match="ready to leave"):
        record_delay(key=stay.key, primary="package", by=DESK)
    go(stay, State.READY)
    with pytest.raises(CannotDo, match="one main reason"):
        record_delay(key=stay.key, primary="laziness", by=DESK)
    record_delay(key=stay.key, primary="transport", by=DESK)
    kept = record_delay(key=stay.key, primary="package", contributing=["equipment", "package"], by=DESK)
    assert BedDelay.objects.get() == kept
    assert (kept.primary, kept.contributing, kept.list_version) == ("package", ["equipment"], "2026-1")
    assert last() == "record bed delay"


def test_board_counts_people_beds_and_the_step_up_share():
    go(offered(asked()), State.RESERVED, State.ADMITTED)
    go(offered(asked("p2", direction="step-down"), WOMEN), State.RESERVED, State.ADMITTED)
    offered(asked("p3"), EITHER)
    close_bed(code="U1-Bay2-2", reason="cleaning", by=DESK)
    told = board(clock.now())
    assert (told.usable, told.present, told.held, told.free) == (5, 2, 1, 2)
    assert (told.occupancy, told.step_up_share) == (40, 50)
    assert last() == "close bed"


def test_closed_bed_is_offered_to_nobody_until_it_opens():
    close_bed(code=ROOM, reason="cleaning", by=DESK)
    with pytest.raises(CannotDo, match="Closed: cleaning"):
        offered(asked())
    close_bed(code=ROOM, reason="", by=DESK)
    assert offered(request_of(BedRequest.objects.get().key)).bed.code == ROOM
    assert close_bed(code="x", reason="y", by=DESK) is False


def test_request_is_withdrawn_with_a_reason_and_never_under_a_bed():
    request = asked()
    stay = offered(request)
    with pytest.raises(CannotDo, match="It has a bed"):
        withdraw_request(key=request.key, reason="better", by=GP)
    go(stay, State.DECLINED)
    with pytest.raises(CannotDo, match="Say why"):
        withdraw_request(key=request.key, reason=" ", by=GP)
    withdraw_request(key=request.key, reason="better", by=GP)
    assert (waiting(clock.now()), open_ties()) == ([], set())
    with pytest.raises(CannotDo, match="no longer open"):
        offered(request)


def test_matches_hold_every_bed_against_the_need():
    found = matches(asked(equipment=frozenset({"hoist"}), isolation=True), clock.now())
    assert len(found) == 6
    assert {one.bed.bay for one in found if one.fits} == {"Rooms"}
