"""Beds as tests need them: a unit with a bay for women, a bay for either and two rooms; who asks, who keeps."""

from dataclasses import replace
from datetime import time

from factories.places import COMMUNITY, PRACTICE

from oneplace.access.rules import Actor
from oneplace.frontdoor.actions import beds as actions
from oneplace.frontdoor.models import BedRequest
from oneplace.frontdoor.rules.beds import Direction, Need
from oneplace.kernel import clock
from oneplace.kernel.ids import PersonId, new_key
from oneplace.place.shapes import BedBayRow, BedUnitRow

GP = Actor("gp", "Fiona", "gp", PRACTICE)
DESK = Actor("desk", "Asha", "spr-clinician", COMMUNITY)
UNIT = BedUnitRow(
    *("U1", COMMUNITY, "", "Alder Ward", "public", "Block contract", 20_000, ("reablement", "nursing")),
    *(time(0), time(0), True, 0, "", "01632 960000"),
    (
        BedBayRow("U1", "Bay 1", "female", 2, False, ("hoist",)),
        BedBayRow("U1", "Bay 2", "either", 2, False, ()),
        BedBayRow("U1", "Rooms", "single", 2, True, ("hoist",)),
    ),
)
WOMEN, EITHER, ROOM = "U1-Bay1-1", "U1-Bay2-1", "U1-Rooms-1"


def rooms(count: int) -> BedUnitRow:
    """The unit with so many single rooms and nothing else."""
    return replace(UNIT, bays=(BedBayRow("U1", "Rooms", "single", count, True, ()),))


def asked(person: str = "p1", *, once: str = "", short_hours: int = 0, **need: object) -> BedRequest:
    """A request of a practice for a woman who needs nursing for two nights from now."""
    told = {"direction": Direction.STEP_UP, "sex": "female", "level": "nursing", "at": clock.now(), "nights": 2} | need
    more = {"reason": "Dehydrated, can't be watched at home", "short_hours": short_hours}
    return actions.ask_for_bed(person=PersonId(person), need=Need(**told), once=once or new_key(), by=GP, **more)


def offered(request: BedRequest, bed: str = ROOM):
    """A bed held for a request."""
    return actions.offer_bed(request_key=request.key, bed_code=bed, by=DESK)
