"""Sign-ins of people themselves and of those who act for them: tied by staff after a check of who they are.

A sign-in is either of staff or of a person: whoever is both has two, so that no one reset or lock opens the other. One
of a person may hold ties to several: their own record, and those of people for whom they act.
Source: record.md, Access.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet

from oneplace.access import actions, classes, queries, roles, users
from oneplace.access.models import Employment, OwnAccess, Relationship, User
from oneplace.access.rules import CHECKS, ONLY, Actor, proxy_fault
from oneplace.access.telling import tell
from oneplace.access.users import Unfit
from oneplace.kernel import clock
from oneplace.kernel.ids import PersonId, new_key

PERSON, PROXY = "person", "proxy"
"""The roles of roles.yaml that a person and those who act for them have."""
SELF = "self"
"""With PROXY the kinds of tie that classes.yaml calls personal."""
_VISITS = f"{ONLY}encounter"  # kernel.rows.Kind


@dataclass(frozen=True, slots=True)
class Check:
    """How somebody proved who they are: one of rules.CHECKS, and what was looked at, in words."""

    made: str
    how: str


@dataclass(frozen=True, slots=True)
class Agreed:
    """What a proxy may do: classes, on whose word, from when to when, whether they choose about sharing.

    `visits_only`: of these classes they see visits and booked contacts, and nothing else.
    """

    scope: Sequence[str]
    authority: str
    starts: datetime
    ends: datetime | None = None
    may_choose: bool = False
    visits_only: bool = False


@dataclass(frozen=True, slots=True)
class OwnLine:
    """One access of a person's own people, as it was agreed. `kind`: self | proxy."""

    key: str
    person: PersonId
    user_key: str
    name: str
    username: str
    kind: str
    scope: tuple[str, ...]
    visits_only: bool
    authority: str
    may_choose: bool
    check_made: str
    how: str
    given_by: str
    organisation_code: str
    given_at: datetime
    starts: datetime
    ends: datetime | None
    end_reason: str

    def is_open(self, now: datetime) -> bool:
        """True while it counts."""
        return self.starts <= now and (self.ends is None or now < self.ends)


def own_people(person: PersonId) -> list[OwnLine]:
    """Everyone who was ever given access to a person's record as themselves or for them, the newest first."""
    return [_line(row) for row in _rows().filter(tie__person=person)]


def reach_of(actor: Actor, now: datetime) -> list[OwnLine]:
    """Whose records this sign-in reaches now: the own one first."""
    lines = [_line(row) for row in _rows().filter(user__key=actor.key)]
    return sorted((line for line in lines if line.is_open(now)), key=lambda line: (line.kind != SELF, line.given_at))


@transaction.atomic
def give_own_access(*, person: PersonId, username: str, name: str, check: Check, by: Actor) -> str:
    """Tie a sign-in to the person whose record it is. Returns the token of an invitation where the sign-in is new, or
    ''. Raises Unfit.
    """
    user, token = _holder(username, name, by)
    agreed = Agreed((), SELF, clock.now())
    _tie(person, user, SELF, agreed, check, by)
    _wear(user, PERSON)
    return token


@transaction.atomic
def give_proxy_access(*, person: PersonId, username: str, name: str, agreed: Agreed, check: Check, by: Actor) -> str:
    """Let somebody act for a person as far as was agreed; returns a token or '' as `give_own_access`. Raises Unfit."""
    fault = proxy_fault(agreed.scope, proxy_classes(), agreed.authority, agreed.may_choose, agreed.starts, agreed.ends)
    if fault:
        raise Unfit(fault)
    user, token = _holder(username, name, by)
    _tie(person, user, PROXY, agreed, check, by)
    if all(hat.role != PERSON for hat in queries.hats_of(user)):
        _wear(user, PROXY)
    return token


@transaction.atomic
def end_own_access(*, person: PersonId, key: str, reason: str, by: Actor) -> None:
    """End one access to this person's record now; open pages end with their next request. Raises Unfit."""
    row = _rows().filter(tie__person=person, key=key).first()
    now = clock.now()
    if row is None or not _line(row).is_open(now):
        raise Unfit("This access has ended already.")
    tie = row.tie
    actions.close_relationship(
        organisation_code=tie.organisation_code, kind=tie.kind, reference=tie.reference, ends=now, by=by.key
    )
    OwnAccess.objects.filter(pk=row.pk).update(ended_by=by.key, end_reason=reason[:200])
    tell(by, "end own access", person, {"user": row.user.key, "kind": tie.kind, "reason": reason[:200]})


@transaction.atomic
def repoint_own_people(moves: Iterable[tuple[PersonId, PersonId]], emptied: Collection[str], by: str) -> int:
    """Personal ties follow linkage as consents do: (left, joined) pairs of people between whom records moved.

    Those of a person of whom no record is left go along; those first given for the joined person go back to it, so
    that a merge undone leaves each where it was given. Returns how many moved.
    """
    moved = 0
    for left, joined in dict.fromkeys(moves):
        held = Relationship.objects.filter(person=left, kind__in=personal_kinds())
        names = [
            reference
            for reference in held.values_list("reference", flat=True)
            if left in emptied or _first_person(reference) == joined
        ]
        moved += len(actions.repoint_person(references=names, person=joined, by=by)) if names else 0
    return moved


def proxy_classes() -> list[str]:
    """Classes that may be agreed for a proxy, in the order of classes.yaml; who the person is comes with any."""
    role = roles.role(PROXY)
    reads = role.reads if role else frozenset()
    return [one.name for one in classes.classes().values() if one.name in reads and not one.traced]


def personal_kinds() -> list[str]:
    """The kinds of tie of a person's own people."""
    return [kind.name for kind in classes.ties().values() if kind.personal]


def _rows() -> QuerySet[OwnAccess]:
    return OwnAccess.objects.select_related("tie", "user").order_by("-given_at", "-pk")


def _holder(username: str, name: str, by: Actor) -> tuple[User, str]:
    """The sign-in of this name, made with an invitation where there is none. Raises Unfit for one of staff."""
    user = User.objects.filter(username__iexact=username).first()
    if user is None:
        user = User.objects.create_user(username=username, password=None, display_name=name)
        tell(by, "create user", user.key, {"personal": True})
        return user, users.invite(user=user, by=by)
    if not user.is_active:
        raise Unfit("This sign-in was deactivated. Ask whoever runs oneplace.")
    if not OwnAccess.objects.filter(user=user).exists():
        raise Unfit("This user name is taken by somebody who works here. Their own sign-in needs another user name.")
    return user, ""


def _tie(person: PersonId, user: User, kind: str, agreed: Agreed, check: Check, by: Actor) -> None:
    """The tie, what was agreed about it, and its row in the ledger. Raises Unfit where they have access already."""
    if check.made not in CHECKS:
        raise Unfit(f"'{check.made}' is no check of who somebody is; there are {', '.join(CHECKS)}.")
    if not check.how.strip():
        raise Unfit("Say how they proved who they are: without that no record may open to them.")
    now = clock.now()
    held = [line for line in own_people(person) if line.username == user.username]
    if any(line.ends is None or line.ends > now for line in held):
        raise Unfit("They have access to this record already. End it first, then give it anew.")
    reference = f"{kind}:{person}:{new_key()}"
    actions.open_relationship(
        person=person,
        organisation_code=user.key,
        kind=kind,
        reference=reference,
        starts=agreed.starts,
        ends=agreed.ends,
        told_at=now,
        scope=(*agreed.scope, *([_VISITS] if agreed.visits_only else [])),
        by=by.key,
    )
    OwnAccess.objects.create(
        tie=Relationship.objects.get(organisation_code=user.key, reference=reference),
        user=user,
        authority=agreed.authority,
        may_choose=agreed.may_choose,
        check_made=check.made,
        how=check.how[:200],
        given_by=by.key,
        given_by_name=by.name[:120],
        organisation_code=by.organisation_code,
        given_at=now,
    )
    told = {"user": user.key, "kind": kind, "scope": list(agreed.scope), "authority": agreed.authority}
    told |= {"check": check.made, "may choose": agreed.may_choose, "visits only": agreed.visits_only}
    tell(by, "give own access", person, told)


def _wear(user: User, role: str) -> None:
    """One personal hat: the person's own takes the place of a proxy's."""
    now = clock.real_now()
    held = Employment.objects.filter(user=user, organisation_code="", ends=None)
    if held.filter(role=role).exists():
        return
    held.update(ends=now)
    Employment.objects.create(user=user, role=role, organisation_code="", starts=now)


def _first_person(reference: str) -> str:
    """For whom a personal tie was first given: its reference says so for good."""
    return reference.split(":")[1]


def _line(row: OwnAccess) -> OwnLine:
    tie, user = row.tie, row.user
    return OwnLine(
        key=row.key,
        person=PersonId(tie.person),
        user_key=user.key,
        name=user.display_name,
        username=user.username,
        kind=tie.kind,
        scope=tuple(word for word in tie.scope.split(";") if word and word != _VISITS),
        visits_only=_VISITS in tie.scope.split(";"),
        authority=row.authority,
        may_choose=row.may_choose,
        check_made=row.check_made,
        how=row.how,
        given_by=row.given_by_name or row.given_by,
        organisation_code=row.organisation_code,
        given_at=row.given_at,
        starts=tie.starts,
        ends=tie.ends,
        end_reason=row.end_reason,
    )
