"""Breaking the glass: declaring an emergency about one person, ending it, reviewing it; each in the ledger at once.

What a declaration opens is decided in `access.rules`. Whether the person may be known to the user at all, and what they
are shown, is `record.door`'s. Times are business time, as the decision's.
"""

import hashlib
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.urls import NoReverseMatch, reverse

from oneplace.access import queries, roles
from oneplace.access.addressing import addresses_of
from oneplace.access.models import BreakGlass, User
from oneplace.access.rules import Actor
from oneplace.access.rules.emergencies import (
    REASON_WORDS,
    WINDOW,
    Outcome,
    declaration_faults,
    review_due,
)
from oneplace.kernel import clock
from oneplace.kernel.ids import PersonId
from oneplace.ledger import actions as ledger
from oneplace.place import queries as place
from oneplace.post import actions as post
from oneplace.post import queries as outbox

REVIEWS = "see-ledger"
"""The permission of those who review declarations and are told of each."""


class Incomplete(ValueError):
    """A declaration that lacks something; `faults` says what, by field."""

    def __init__(self, faults: dict[str, str]) -> None:
        super().__init__("; ".join(faults.values()))
        self.faults = faults


@dataclass(frozen=True, slots=True)
class DeclarationLine:
    """One declaration as its reviewers meet it. `person` is a key; state: new | overdue | the outcome of its review."""

    key: str
    person: str
    user_key: str
    role: str
    organisation_code: str
    reason: str  # in words
    text: str
    over_refusal: bool
    refusal_reason: str
    declared_at: datetime
    until: datetime  # when it ended, or will
    is_open: bool
    minutes: int  # that it lasted, or may last
    due: datetime  # its review
    state: str
    reviewed_by: str
    reviewed_at: datetime | None
    note: str


@transaction.atomic
def declare(*, actor: Actor, person: PersonId, reason: str, text: str, refusal_reason: str = "") -> BreakGlass:
    """Declare an emergency of this user about this person; tells those who review. Raises Incomplete, PermissionError.

    The same user's declaration that is still open is returned instead, unless this one goes further over a refusal.
    """
    role = roles.role(actor.role)
    if role is None or not role.break_glass:
        raise PermissionError(f"the role '{actor.role}' declares no emergency")
    now = clock.now()
    refused = queries.has_refused(actor, person, now)
    faults = declaration_faults(reason=reason, text=text, refused=refused, refusal_reason=refusal_reason)
    if faults:
        raise Incomplete(faults)
    # Two presses of one button wait for each other here: the second finds what the first declared.
    User.objects.select_for_update().filter(key=actor.key).first()
    held = open_declaration(actor, person)
    if held is not None and held.over_refusal >= refused:
        return held
    made = BreakGlass.objects.create(
        person=person,
        user_key=actor.key,
        role=actor.role,
        organisation_code=actor.organisation_code,
        reason=reason,
        text=text.strip(),
        over_refusal=refused,
        refusal_reason=refusal_reason.strip() if refused else "",
        declared_at=now,
        expires_at=now + timedelta(minutes=minutes()),
    )
    _tell_reviewers(actor, made)
    _record(
        actor,
        "break the glass",
        made,
        {
            "reason": reason,
            "over_refusal": refused,
            "minutes": minutes(),
            "text": hashlib.sha256(f"{made.text}\n{made.refusal_reason}".encode()).hexdigest(),
        },
    )
    return made


@transaction.atomic
def end(*, actor: Actor, person: PersonId) -> bool:
    """End this user's open emergency access to a person now; False where none is open."""
    ended = False
    for held in _open(actor, person):
        BreakGlass.objects.filter(pk=held.pk).update(ended_at=clock.now())
        _record(actor, "end emergency access", held, {})
        ended = True
    return ended


@transaction.atomic
def review(*, key: str, outcome: str, note: str, actor: Actor) -> bool:
    """Keep what a review found, once; False where there is none, or it was reviewed before. Raises ValueError."""
    if outcome not in set(Outcome):
        raise ValueError("Choose what the review found.")
    if not note.strip():
        raise ValueError("Say in a few words what you found, so that another can follow it.")
    unreviewed = BreakGlass.objects.filter(key=key, outcome="")
    told = {"outcome": outcome, "note": note.strip(), "reviewed_by": actor.key, "reviewed_at": clock.now()}
    if not unreviewed.update(**told):
        return False
    _record(actor, "review emergency access", BreakGlass.objects.get(key=key), {"outcome": outcome})
    return True


def minutes() -> int:
    """How long an emergency access lasts here."""
    return int(settings.EMERGENCY_MINUTES)


def remind(*, by: str) -> int:
    """Tell reviewers, once each, of declarations whose review is overdue; returns how many messages were queued."""
    overdue = [line for line in declarations(reviewed=False) if line.state == "overdue"]
    addresses = addresses_of(REVIEWS) if overdue else []
    told = {f"overdue {line.key} {address.key}": (line, address) for line in overdue for address in addresses}
    new = told.keys() - outbox.queued_before(told)
    for once in new:
        line, address = told[once]
        with transaction.atomic():
            post.queue(
                to=address,
                subject="The review of an emergency access is overdue",
                text=f"{line.reason}: declared {line.declared_at:%-d %B %Y} and not reviewed yet.",
                link=_review_address(line.key),
                once=once,
                by=by,
            )
    return len(new)


def repoint_declarations(moves: Iterable[tuple[PersonId, PersonId]], emptied: Collection[str], by: str) -> int:
    """Declarations follow linkage, so that none ends in the midst of its emergency; returns how many moved.

    As with choices: those of a person of whom no record is left go along, and go back when a merge is undone.
    """
    moved = 0
    for left, joined in dict.fromkeys(moves):
        going = BreakGlass.objects.filter(person=left)
        going = going if left in emptied else going.filter(first_person=joined)
        going.filter(first_person="").update(first_person=left)
        count = going.update(person=joined)
        if count:
            ledger.write(actor=by, action="repoint declarations", subject=joined, detail={"from": left, "rows": count})
        moved += count
    return moved


def open_declaration(actor: Actor, person: PersonId) -> BreakGlass | None:
    """This user's emergency access to a person that is open now: the one that goes furthest; None without one."""
    return _open(actor, person).order_by("-over_refusal", "-expires_at").first()


def declarations(
    *, reviewed: bool | None = None, since: datetime | None = None, until: datetime | None = None, limit: int = 500
) -> list[DeclarationLine]:
    """Declarations, the newest first; only those reviewed or not, or of some time, where that is asked."""
    rows = BreakGlass.objects.order_by("-declared_at", "-pk")
    if reviewed is not None:
        rows = rows.exclude(outcome="") if reviewed else rows.filter(outcome="")
    rows = rows.filter(declared_at__gte=since) if since else rows
    rows = rows.filter(declared_at__lt=until) if until else rows
    now = clock.now()
    return [_line(row, now) for row in rows[:limit]]


def declaration(key: str) -> DeclarationLine | None:
    """One declaration; None where there is none with this key."""
    row = BreakGlass.objects.filter(key=key).first()
    return _line(row, clock.now()) if row else None


def declared_around(line: DeclarationLine) -> tuple[int, int]:
    """How many declarations the same user made, and how many are about the same person, in the window up to it."""
    near = BreakGlass.objects.filter(declared_at__gt=line.declared_at - WINDOW, declared_at__lte=line.declared_at)
    return near.filter(user_key=line.user_key).count(), near.filter(person=line.person).count()


def review_counts() -> dict[str, int]:
    """How many declarations wait for their review, and how many of them are overdue."""
    waiting = BreakGlass.objects.filter(outcome="")
    overdue = waiting.filter(declared_at__lte=clock.now() - timedelta(days=settings.EMERGENCY_REVIEW_DAYS))
    return {"waiting": waiting.count(), "overdue": overdue.count()}


def _open(actor: Actor, person: PersonId) -> QuerySet[BreakGlass]:
    now = clock.now()
    mine = {"user_key": actor.key, "role": actor.role, "organisation_code": actor.organisation_code}
    alive = Q(ended_at__isnull=True) | Q(ended_at__gt=now)
    return BreakGlass.objects.filter(alive, person=person, declared_at__lte=now, expires_at__gt=now, **mine)


def _line(row: BreakGlass, now: datetime) -> DeclarationLine:
    until = min(row.expires_at, row.ended_at or row.expires_at)
    due = review_due(row.declared_at, settings.EMERGENCY_REVIEW_DAYS)
    return DeclarationLine(
        key=row.key,
        person=row.person,
        user_key=row.user_key,
        role=row.role,
        organisation_code=row.organisation_code,
        reason=REASON_WORDS[row.reason],
        text=row.text,
        over_refusal=row.over_refusal,
        refusal_reason=row.refusal_reason,
        declared_at=row.declared_at,
        until=until,
        is_open=row.declared_at <= now < until,
        minutes=max(1, round((until - row.declared_at) / timedelta(minutes=1))),
        due=due,
        state=row.outcome or ("overdue" if due <= now else "new"),
        reviewed_by=row.reviewed_by,
        reviewed_at=row.reviewed_at,
        note=row.note,
    )


def _tell_reviewers(actor: Actor, made: BreakGlass) -> None:
    """A message to each who reviews; it names nobody but the user who declared it."""
    role = roles.role(actor.role)
    where = place.names().organisations.get(actor.organisation_code, actor.organisation_code)
    text = f"{actor.name} ({role.label if role else actor.role}, {where}): {REASON_WORDS[made.reason].lower()}."
    if made.over_refusal:
        text += " It goes over the person's refusal."
    for address in addresses_of(REVIEWS):
        post.queue(
            to=address,
            subject="Emergency access was declared",
            text=text,
            link=_review_address(made.key),
            once=f"emergency {made.key} {address.key}",
            by=actor.key,
            role=actor.role,
            organisation=actor.organisation_code,
        )


def _review_address(key: str) -> str:
    try:
        return reverse("emergency", args=[key])
    except NoReverseMatch:
        return ""


def _record(actor: Actor, action: str, about: BreakGlass, detail: dict[str, object]) -> None:
    ledger.write(
        actor=actor.key,
        role=actor.role,
        organisation=actor.organisation_code,
        action=action,
        subject=about.person,
        purpose="direct care" if action != "review emergency access" else "answering for access",
        basis=REASON_WORDS[about.reason],
        detail={"declaration": about.key} | detail,
    )
