"""Contacts of ordinary people with services beside practice and hospital: who has them by age and illness.

Ambulance, 111 and out-of-hours, mental health, social care, hospice; only of organisations that the place has. Shares
a year are those of the place folder's example.toml, else the usual ones below. Invented, in the size of English use.
"""

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from random import Random
from typing import Any, NamedTuple

from oneplace.example import moments
from oneplace.example.catalogue import Illness
from oneplace.example.shapes import Human, Visit
from oneplace.kernel.clock import age_on


class Service(NamedTuple):
    """One sort of service: its visits' sort, team, staff, reasons, and how long a contact lasts in minutes."""

    sort: str
    ward: str
    specialty: str
    reasons: tuple[str, ...]
    minutes: int
    shares: tuple[float, float, float, float]  # under 18, adult, from 65, from 80: who has one within a year
    only_with: frozenset[str] = frozenset()  # illnesses without which nobody comes here


SERVICES: Mapping[str, Service] = {
    "ambulance": Service(
        "A", "Emergency operations", "Paramedic",
        ("Fall at home", "Chest pain", "Breathless", "Collapse", "Unwell and confused"), 70, (0.01, 0.03, 0.09, 0.25),
    ),
    "out-of-hours": Service(
        "U", "Clinical assessment service", "Urgent care clinician",
        ("Fever", "Abdominal pain", "Earache", "Medication query", "Breathless", "Wound check"), 25,
        (0.16, 0.07, 0.07, 0.12),
    ),
    "mental-health-trust": Service(
        "C", "Community mental health team", "Mental health nurse",
        ("Review of mood", "Medication review", "Support after crisis"), 50, (0.5, 0.35, 0.3, 0.4),
        frozenset({"schizophrenia", "bipolar", "depression", "alzheimers", "vascular-dementia"}),
    ),
    "county-council": Service(
        "C", "Social work", "Social worker",
        ("Care needs assessment", "Review of care package", "Equipment at home", "Carer's assessment"), 60,
        (0.004, 0.008, 0.04, 0.22),
    ),
    "hospice": Service(
        "C", "Hospice at home", "Palliative care nurse", ("Symptom control", "Support for carer", "Advance care plan"),
        60, (0.0, 0.002, 0.008, 0.03),
    ),
}  # fmt: skip
_STAFF = (("Alderton", "Mark"), ("Bexley", "Noor"), ("Crane", "Sylvie"), ("Dunn", "Callum"), ("Ellwood", "Priya"))
_MOST = 3


def contacts_of(
    human: Human, ills: Iterable[Illness], draw: Random, today: date, organisations: Mapping[str, str],
    example: Mapping[str, Any],
) -> list[Visit]:  # fmt: skip
    """Contacts of the last two years. `organisations` gives the code of the place's organisation of each kind."""
    told, own = example.get("elsewhere", {}), {ill.key for ill in ills}
    age = age_on(human.birth_date, today)
    band = 3 if age >= 80 else 2 if age >= 65 else 1 if age >= 18 else 0
    found: list[Visit] = []
    for kind, service in SERVICES.items():
        share = told.get(kind, service.shares)[band]
        if kind not in organisations or (service.only_with and not service.only_with & own):
            continue
        for _ in range(_MOST):
            if draw.random() >= share:
                break
            found.append(_contact(service, organisations[kind], draw, today))
    return [visit for visit in found if visit.starts.date() > human.birth_date]


def _contact(service: Service, code: str, draw: Random, today: date) -> Visit:
    on = today - timedelta(days=min(720, 1 + int(draw.expovariate(1 / 200))))
    starts = moments.at(on, draw.randrange(24) if service.sort in "AU" else draw.randrange(9, 17), draw.randrange(60))
    reason = draw.choice(service.reasons)
    return Visit(
        trust=code,
        site=code,
        sort=service.sort,
        starts=starts,
        ends=starts + timedelta(minutes=service.minutes + draw.randrange(30)),
        ward=service.ward,
        specialty=service.specialty,
        clinician=draw.choice(_STAFF),
        reason=reason,
        note=f"{reason}: seen, advice given, {draw.choice(('left at home', 'practice told', 'to be seen again'))}.",
    )
