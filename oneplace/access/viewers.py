"""Who can see one person, and why: organisations and people with an open relationship, and what it opens for each role.

Asks the one decision for each role that somebody of the organisation holds, and adds none. Source: REC-06 ("who can see
this person and why").
"""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from oneplace.access import classes, roles
from oneplace.access.explaining import Explanation, TieLine, explanation
from oneplace.access.facts import facts_for
from oneplace.access.models import BreakGlass, Employment, Relationship, User
from oneplace.access.rules import URGENT_LINGERS, Actor, purpose_for
from oneplace.kernel import clock
from oneplace.kernel.ids import PersonId


@dataclass(frozen=True, slots=True)
class RoleView:
    """What everybody of one role at one organisation may see, and how many they are; a person's own people by name."""

    role: str
    people: int
    found: Explanation
    name: str = ""


@dataclass(frozen=True, slots=True)
class Viewer:
    """One organisation, or one user of the person's own, with open relationships, and what these open."""

    holder: str  # an organisation's code, or a user's key
    personal: bool
    ties: tuple[TieLine, ...]
    roles: tuple[RoleView, ...]


@dataclass(frozen=True, slots=True)
class EmergencyLine:
    """An emergency access that is open now."""

    name: str
    role: str
    organisation_code: str
    reason: str
    declared_at: datetime
    expires_at: datetime


def viewers_of(person: PersonId, now: datetime) -> tuple[Viewer, ...]:
    """Everybody with an open relationship, the person's own people last; the longest relationship first."""
    held: dict[str, list[Relationship]] = {}
    for tie in _open_ties(person, now):
        held.setdefault(tie.organisation_code, []).append(tie)
    personal = {holder for holder, ties in held.items() if classes.ties()[ties[0].kind].personal}
    staff = _staff(held.keys() - personal)
    found = []
    for holder, ties in held.items():
        who = _own(person, holder, now) if holder in personal else _of_staff(person, holder, staff[holder], now)
        found.append(Viewer(holder, holder in personal, tuple(_line(tie) for tie in ties), who))
    return tuple(sorted(found, key=lambda one: (one.personal, one.ties[0].starts, one.holder)))


def emergencies_of(person: PersonId, now: datetime) -> tuple[EmergencyLine, ...]:
    """Emergency accesses to this person that are open now, the newest first."""
    rows = BreakGlass.objects.filter(
        Q(ended_at__isnull=True) | Q(ended_at__gt=now), person=person, declared_at__lte=now, expires_at__gt=now
    )
    names = dict(User.objects.filter(key__in=rows.values("user_key")).values_list("key", "display_name"))
    return tuple(
        EmergencyLine(
            names.get(row.user_key, ""),
            _label(row.role),
            row.organisation_code,
            row.reason,
            row.declared_at,
            row.expires_at,
        )
        for row in rows.order_by("-declared_at")
    )


def _open_ties(person: PersonId, now: datetime) -> list[Relationship]:
    """Relationships that count now, the longest first; urgent ones linger, as in the decision."""
    urgent = [name for name, kind in classes.ties().items() if kind.urgent]
    lingering = Q(ends__gt=now - URGENT_LINGERS, kind__in=urgent)
    rows = Relationship.objects.filter(
        Q(ends__isnull=True) | Q(ends__gt=now) | lingering, person=person, starts__lte=now, kind__in=classes.ties()
    )
    return list(rows.order_by("starts", "kind", "pk"))


def _line(tie: Relationship) -> TieLine:
    return TieLine(classes.ties()[tie.kind].label, tie.organisation_code, tie.starts, tie.ends, True)


def _staff(codes: Collection[str]) -> dict[str, Counter[str]]:
    """How many hold each role, by organisation. Real time, as hats are worn in."""
    now = clock.real_now()
    rows = Employment.objects.filter(
        Q(ends__isnull=True) | Q(ends__gt=now), starts__lte=now, organisation_code__in=codes, user__is_active=True
    )
    found: dict[str, Counter[str]] = {code: Counter() for code in codes}
    for code, role in rows.values_list("organisation_code", "role"):
        found[code][role] += 1
    return found


def _of_staff(person: PersonId, code: str, counted: Counter[str], now: datetime) -> tuple[RoleView, ...]:
    """Each role of an organisation that may open this record."""
    seen = [(name, people, _explained(Actor("", "", name, code), person, now)) for name, people in counted.items()]
    opening = [RoleView(_label(name), people, found) for name, people, found in seen if found.outcome == "permit"]
    return tuple(sorted(opening, key=lambda one: one.role))


def _own(person: PersonId, user: str, now: datetime) -> tuple[RoleView, ...]:
    """The person, or one of their own people."""
    held = User.objects.filter(key=user, is_active=True).first()
    if held is None:
        return ()
    roles_held = held.employments.filter(ends=None).values_list("role", flat=True)
    seen = [_explained(Actor(held.key, held.display_name, name, ""), person, now) for name in roles_held]
    return tuple(RoleView(found.role, 1, found, held.display_name) for found in seen if found.outcome == "permit")


def _explained(actor: Actor, person: PersonId, now: datetime) -> Explanation:
    facts = facts_for(actor, person, now)
    return explanation(actor, facts, person, purpose_for(facts.personal), now)


def _label(name: str) -> str:
    role = roles.role(name)
    return role.label if role else name
