"""Every read of access: who an actor is and may do, the facts of a decision, who is in reach, who shares."""

import hashlib
import hmac
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime

from django.contrib.auth.models import AnonymousUser
from django.db.models import Q, QuerySet

from oneplace.access import classes, roles, rules
from oneplace.access.explaining import Explanation, explanation
from oneplace.access.facts import facts_for as facts_for
from oneplace.access.facts import facts_of_many as facts_of_many
from oneplace.access.facts import ordinary_classes
from oneplace.access.models import Agreement, ApiKey, BreakGlass, Employment, Relationship, User
from oneplace.access.rules import URGENT_LINGERS, Actor, Purpose, Terms, purpose_for
from oneplace.access.rules.emergencies import refusal_stands
from oneplace.access.viewers import EmergencyLine as EmergencyLine
from oneplace.access.viewers import Viewer as Viewer
from oneplace.access.viewers import emergencies_of as emergencies_of
from oneplace.access.viewers import viewers_of as viewers_of
from oneplace.kernel import clock
from oneplace.kernel.clock import to_london
from oneplace.kernel.ids import PersonId


@dataclass(frozen=True, slots=True)
class AgreementLine:
    """A controller's agreement as staff read it: the one in force, else the newest."""

    controller_code: str
    signed_on: date | None
    starts: date
    ends: date | None
    in_force: bool
    purposes: tuple[str, ...]
    classes: tuple[str, ...]
    note: str


def actor_of(user: User | AnonymousUser) -> Actor:
    """The actor behind a signed-in user, in the hat they wear; no role without. Raises PermissionError for others."""
    if not user.is_authenticated:
        raise PermissionError("nobody is signed in")
    hat = worn_hat(user)
    return Actor(user.key, user.display_name, hat.role if hat else "", hat.organisation_code if hat else "")


def hats_of(user: User) -> list[Employment]:
    """The employments of a user that are in force now, in real time, the oldest first.

    They are read once for each request's user: one that ended is refused at the next request.
    """
    if not hasattr(user, "hats_held"):
        user.hats_held = list(_in_post(Employment.objects.filter(user=user)).order_by("starts", "pk"))
    return user.hats_held


def employments_in(organisation_code: str) -> QuerySet[Employment]:
    """The employments of one organisation that are in force now, the oldest first."""
    return _in_post(Employment.objects.filter(organisation_code=organisation_code)).order_by("starts", "pk")


def employers() -> list[str]:
    """Codes of the organisations that employ anybody now."""
    staff = Employment.objects.exclude(organisation_code="")  # a person's own hat is of no organisation
    return sorted(set(_in_post(staff).values_list("organisation_code", flat=True)))


def user_key(username: str) -> str:
    """The key of the user with this name, deactivated ones too; '' where there is none."""
    return User.objects.filter(username=username).values_list("key", flat=True).first() or ""


def employed_outside(organisation_code: str) -> set[int]:
    """Users whom some other organisation employs now."""
    return set(_in_post(Employment.objects.exclude(organisation_code=organisation_code)).values_list("user", flat=True))


def worn_hat(user: User) -> Employment | None:
    """The employment that a user acts in: the chosen one, else the only one; None while it has yet to be chosen."""
    held = hats_of(user)
    chosen = [hat for hat in held if hat.key == user.chosen_hat]
    return (chosen or held)[0] if chosen or len(held) == 1 else None


def may(actor: Actor, permission: str) -> bool:
    """True when the actor's role has this permission. Raises ValueError for a word that is no permission."""
    if permission not in roles.PERMISSIONS:
        raise ValueError(f"'{permission}' is no permission; access/roles.yaml lists them")
    return permission in roles.permissions_of(actor.role)


def explained(actor: Actor, person: PersonId, now: datetime) -> Explanation:
    """What this actor may see of a person's record now, with the facts and the rule of each class."""
    facts = facts_for(actor, person, now)
    return explanation(actor, facts, person, purpose_for(facts.personal), now)


def usual_purpose(actor: Actor) -> Purpose:
    """For what a record opens to this actor: direct care, or for the person and their own people their own record."""
    role = roles.role(actor.role)
    return purpose_for(role is not None and role.personal)


def has_refused(actor: Actor, person: PersonId, now: datetime) -> bool:
    """True where an emergency needs a reason of its own: a person with capacity refused, or withdrew."""
    return refusal_stands(facts_for(actor, person, now))


def opens_records(actor: Actor, purpose: str) -> bool:
    """True for a role that opens records, asked for the purpose that its kind opens them for."""
    role = roles.role(actor.role)
    return role is not None and "open-record" in role.may and purpose == purpose_for(role.personal)


def nobody() -> "QuerySet[Relationship, str]":
    """The keys of no people."""
    return Relationship.objects.none().values_list("person", flat=True)


def people_in_reach(actor: Actor, now: datetime) -> "QuerySet[Relationship, str]":
    """Keys of the people with whom this actor has an open relationship: the decision's rule as a query, for lists.

    A person opened in an emergency is in no list: that is of one person and for a time.
    """
    role = roles.role(actor.role)
    holder = actor.key if role and role.personal else actor.organisation_code
    if role is None or "open-record" not in role.may or not holder:
        return nobody()
    rows = _open_ties(holder, now).filter(kind__in=_kinds(personal=role.personal))
    rows = rows.exclude(kind="proxy", scope="")
    return rows.order_by().values_list("person", flat=True).distinct()


def sharing_controllers(
    now: datetime,
    *,
    purpose: str = Purpose.DIRECT_CARE,
    information_class: str = "identity",
    organisation_code: str = "",
) -> set[str]:
    """Codes of the controllers whose agreements let an organisation read a class for a purpose."""
    rows = _in_force(now).values_list("controller_code", "purposes", "classes", "parties")
    ordinary = ordinary_classes()
    return {
        code
        for code, purposes, shared, parties in rows
        if information_class
        in Terms(frozenset(purposes), frozenset(shared), frozenset(parties)).classes_for(
            purpose, organisation_code, ordinary
        )
    }


def agreements(now: datetime | None = None) -> dict[str, AgreementLine]:
    """One line a controller that ever had an agreement: the one in force, else the newest."""
    day = to_london(now or clock.now()).date()
    lines: dict[str, AgreementLine] = {}
    for row in Agreement.objects.order_by("starts"):
        current = row.ended_at is None and rules.is_in_force(row.starts, row.ends, day)
        held = lines.get(row.controller_code)
        if held is None or current or not held.in_force:
            lines[row.controller_code] = AgreementLine(
                row.controller_code,
                row.signed_on,
                row.starts,
                row.ends,
                current,
                tuple(row.purposes),
                tuple(row.classes),
                row.note,
            )
    return lines


def users() -> QuerySet[User]:
    """Staff who may sign in, by name."""
    return User.objects.filter(is_active=True).order_by("display_name", "pk")


def users_in(role_names: Collection[str]) -> QuerySet[User]:
    """Those who may sign in and wear a hat of one of these roles now, by name."""
    return users().filter(pk__in=_in_post(Employment.objects.filter(role__in=role_names)).values("user"))


def staff_names() -> dict[str, str]:
    """Names of everyone who ever could sign in, by key: what they did outlasts their leaving."""
    return dict(User.objects.values_list("key", "display_name"))


def colleague_names() -> dict[str, str]:
    """The same of staff alone: a person with a sign-in of their own, or who acts for one, is nobody's colleague."""
    staff = [name for name, role in roles.roles().items() if not role.personal]
    worked = User.objects.filter(pk__in=Employment.objects.filter(role__in=staff).values("user"))
    return dict(worked.values_list("key", "display_name"))


def staff_named(text: str, limit: int = 25) -> list[User]:
    """Members of staff whose name or user name holds the text, those who left too, by name."""
    named = User.objects.filter(Q(display_name__icontains=text) | Q(username__iexact=text))
    return list(named.order_by("display_name", "pk")[:limit])


def emergency_reasons(declarations: Collection[str]) -> dict[str, str]:
    """Reasons of declared emergencies by their keys."""
    return dict(BreakGlass.objects.filter(key__in=declarations).values_list("key", "reason"))


def ties_of(people: Collection[str], kinds: Collection[str]) -> list[str]:
    """The references of these people's ties of these kinds."""
    return list(Relationship.objects.filter(person__in=people, kind__in=kinds).values_list("reference", flat=True))


def ended_ties(pairs: Collection[tuple[str, str]]) -> dict[tuple[str, str], datetime]:
    """When the last tie of an organisation to a person ended, for those (organisation, person) that have none now."""
    organisations, people = {pair[0] for pair in pairs}, {pair[1] for pair in pairs}
    held = Relationship.objects.filter(organisation_code__in=organisations, person__in=people)
    last: dict[tuple[str, str], datetime | None] = {}
    for organisation, person, ends in held.values_list("organisation_code", "person", "ends"):
        pair = organisation, person
        before = last.get(pair, ends)
        last[pair] = None if ends is None or before is None else max(before, ends)
    return {pair: ends for pair, ends in last.items() if pair in pairs and ends is not None}


def key_for(token: str) -> ApiKey | None:
    """The unrevoked key that a machine's token belongs to, compared in constant time; None for any other text."""
    key_id, _, secret = token.partition(".")
    if not key_id or not secret or len(token) > 200:
        return None
    held = ApiKey.objects.filter(key_id=key_id, revoked__isnull=True).first()
    digest = digest_of(secret)
    # The comparison is made for unknown keys as well, so that time tells nothing.
    same = hmac.compare_digest(held.digest if held else digest[::-1], digest)
    return held if held and same else None


def digest_of(secret: str) -> str:
    """What is kept of a key: 256 random bits need no slow hash."""
    return hashlib.sha256(secret.encode()).hexdigest()


def _in_post(employments: QuerySet[Employment]) -> QuerySet[Employment]:
    """Those of them that are in force now. Real time: the demo's clock hires and dismisses nobody."""
    now = clock.real_now()
    return employments.filter(Q(ends__isnull=True) | Q(ends__gt=now), starts__lte=now)


def _open_ties(holder: str, now: datetime) -> QuerySet[Relationship]:
    """Ties of one organisation, or user, that are open at this moment; urgent ones a day longer."""
    lingering = Q(ends__gt=now - URGENT_LINGERS, kind__in=_kinds(urgent=True))
    return Relationship.objects.filter(
        Q(ends__isnull=True) | Q(ends__gt=now) | lingering, organisation_code=holder, starts__lte=now
    )


def _kinds(**flags: bool) -> list[str]:
    """Kinds of tie with these flags."""
    return [kind.name for kind in classes.ties().values() if all(getattr(kind, name) == flags[name] for name in flags)]


def _in_force(now: datetime) -> QuerySet[Agreement]:
    """Agreements in force on the day of this moment, as people here count days."""
    day = to_london(now).date()
    return Agreement.objects.filter(Q(ends__isnull=True) | Q(ends__gte=day), starts__lte=day, ended_at__isnull=True)
