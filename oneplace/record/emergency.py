"""What an emergency access adds to a record: the banner's minutes, what the ledger keeps of each look, what stays shut.

A practice without an agreement stays unseen. That a person is registered there is told by those who share; whether it
shares is on the board of agreements.
"""

from dataclasses import dataclass
from datetime import datetime

from oneplace.access.queries import sharing_controllers
from oneplace.access.rules import EMERGENCY, Actor, Facts, Permit, Purpose
from oneplace.place import queries as place
from oneplace.record.reading import Known
from oneplace.record.shapes import Banner, Emergency

_CLASS = "gp-summary"


@dataclass(frozen=True, slots=True)
class UnsharedPractice:
    """The practice, whether it is open now, and who answers when it is not; '' where no number is known."""

    name: str
    phone: str
    is_open: bool
    others: tuple[tuple[str, str], ...]  # name, phone


def unshared_practice(actor: Actor, banner: Banner, now: datetime) -> UnsharedPractice | None:
    """The person's practice where it shares nothing with this reader, nor would in an emergency; else None."""
    held = place.organisation(banner.practice_code) if banner.practice_code else None
    if held is None or held.code == actor.organisation_code:
        return None
    for purpose in (Purpose.DIRECT_CARE, EMERGENCY):
        terms = {"purpose": purpose, "information_class": _CLASS, "organisation_code": actor.organisation_code}
        if held.code in sharing_controllers(now, **terms):
            return None
    others = place.organisations("out-of-hours").values_list("name", "phone")
    return UnsharedPractice(held.name, held.phone, place.is_open(held.code, now), tuple(others))


def emergency_of(permit: Permit, facts: Facts) -> Emergency | None:
    """The declared emergency that counts now."""
    held = facts.declaration if permit.declaration else None
    return Emergency(held.key, held.expires_at) if held else None


def under(permit: Permit, told: Known, actor: Actor) -> dict[str, object]:
    """What a look under a declaration says besides in the ledger: which, and whose entries of others were open."""
    if not permit.declaration:
        return {}
    controllers = {patient.source.code for patient in told.patients if not told.is_closed(patient)}
    return {"declaration": permit.declaration, "controllers": sorted(controllers - {actor.organisation_code})}
