"""Every write about community beds: requests, offers with their hour, admission, leaving, delays, closing a bed.

Each writes its ledger row, and each change of a stay one BedMove. Two who offer the same night meet the database's
constraint: the second is told that the bed is taken. Moves are one conditional UPDATE.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction

from oneplace.access import actions as access
from oneplace.access.rules import Actor
from oneplace.frontdoor.delays import reasons_on
from oneplace.frontdoor.models import Bed, BedDelay, BedMove, BedNight, BedRequest, BedStay, BedUnit
from oneplace.frontdoor.queries import beds as queries
from oneplace.frontdoor.rules.beds import (
    ENDS_NEED,
    HOLD,
    LIVE,
    MAX_NIGHTS,
    NEEDS_REASON,
    PRESENT,
    Need,
    State,
    match,
    may_move,
    night_of,
    nights_from,
    review_due,
)
from oneplace.kernel import clock
from oneplace.kernel.ids import PersonId
from oneplace.ledger import actions as ledger
from oneplace.place import queries as place
from oneplace.place.shapes import BedUnitRow

_GONE = "No longer in the place's folder"
_DESK = "referral"  # the kind of team that answers requests


class CannotDo(ValueError):
    """What was asked of a bed can't be done as things stand now; the text says why and what to do."""


@transaction.atomic
def load_units(units: Sequence[BedUnitRow], *, by: str) -> int:
    """Make the units and beds as the place's folder tells them; returns how many rows changed.

    What the folder no longer names is closed, never deleted; the same folder again changes nothing.
    """
    held, changed = {unit.code: unit for unit in BedUnit.objects.all()}, 0
    for told in units:
        values = {name: getattr(told, name) for name in _UNIT_FIELDS} | {"levels": list(told.levels), "closed_on": None}
        unit = held.get(told.code) or BedUnit(code=told.code)
        if unit.pk is None or any(getattr(unit, name) != value for name, value in values.items()):
            vars(unit).update(values)
            unit.save()
            changed += 1
        changed += _load_beds(unit, told)
    gone = BedUnit.objects.filter(closed_on__isnull=True).exclude(code__in=[told.code for told in units])
    changed += gone.update(closed_on=clock.today())
    if changed:
        ledger.write(actor=by, action="load beds", detail={"changed": changed, "units": len(units)})
    return changed


@transaction.atomic
def ask_for_bed(*, person: PersonId, need: Need, once: str, by: Actor, **more: Any) -> BedRequest:
    """Ask for a bed for somebody; the same `once` again is the same request. The desk may open the record from now on.

    `more` holds reason, short_hours, carer_area_code and episode. Raises CannotDo where one for the person is open.
    """
    now = clock.now()
    standing = BedRequest.objects.filter(once=once).first()
    if standing is not None:
        return standing
    try:
        with transaction.atomic():
            request = BedRequest.objects.create(
                once=once,
                person=person,
                **_needed(need),
                asked_by=by.key,
                asked_for=by.organisation_code,
                asked_at=now,
                **more,
            )
    except IntegrityError:
        raise CannotDo("A bed is asked for already for this person. Open that request, or withdraw it first.") from None
    for team in place.teams().filter(kind=_DESK):
        _tie(request, team.organisation_code, f"bed:{request.key}", now, by.key)
    _write(by, "ask for bed", request, {"direction": request.direction, "level": request.level})
    return request


@transaction.atomic
def offer_bed(*, request_key: str, bed_code: str, by: Actor) -> BedStay:
    """Hold a bed for a request for an hour. Raises CannotDo where a hard rule fails or somebody was quicker."""
    now = clock.now()
    bed = Bed.objects.select_related("unit").filter(code=bed_code).first()
    request = queries.request_of(request_key)
    if bed is None or request is None or request.ended_at:
        raise CannotDo("The bed or the request is no longer open. Look at the board again.")
    # Who lies beside whom is of the whole bay, which no constraint sees: offers of one unit wait for each other.
    BedUnit.objects.select_for_update().get(pk=bed.unit_id)
    lapse_offers(by="due-jobs", bed=bed, request=request)
    need = queries.need_of(request, now)
    found = [(unit, one) for unit, one in queries.bed_facts(now, unit_code=bed.unit.code) if one.code == bed_code]
    failed = [check for check in match(need, *found[0]).checks if not check.passed] if found else []
    if failed or not found:
        raise CannotDo(f"This bed does not suit now: {failed[0].words if failed else 'its unit is closed'}.")
    stay = _held(request, bed, need, now)
    _record(stay, "", State.OFFERED, now, by, "")
    _write(by, "offer bed", request, {"bed": bed.code, "stay": stay.key})
    return stay


@transaction.atomic
def move_stay(*, key: str, to: State, by: Actor, reason: str = "", seen: str = "") -> BedStay:
    """Move a stay along its life-cycle. `seen` is the state that the page showed. Raises CannotDo."""
    now = clock.now()
    stay = queries.stay_of(key)
    if stay is None:
        raise CannotDo("There is no such stay. Look at the board again.")
    before = State(stay.state)
    if not may_move(before, to) or (seen and seen != before):
        raise CannotDo(f"Meanwhile the bed is {before}, so it can't become {to}. Look, then choose again.")
    if to in NEEDS_REASON and not reason.strip():
        raise CannotDo("Say why, so that the next offer is better.")
    changed = _moved(stay, before, to, now)
    stay.refresh_from_db()
    _record(stay, before, to, now, by, reason.strip()[:200])
    _settle(stay, changed, to, now, by)
    _write(by, f"bed: {to}", stay.request, {"bed": stay.bed.code, "stay": stay.key, "from": str(before)})
    return stay


@transaction.atomic
def lapse_offers(*, by: str, bed: Bed | None = None, request: BedRequest | None = None) -> int:
    """Record that offers lapsed whose hour is over, and give their nights back; returns how many."""
    now = clock.now()
    over = BedStay.objects.filter(state=State.OFFERED, held_until__lte=now).select_related("request", "bed")
    lapsed = 0
    for stay in over:
        concerns = (bed is None and request is None) or stay.bed == bed or stay.request == request
        if concerns and BedStay.objects.filter(pk=stay.pk, state=State.OFFERED).update(state=State.LAPSED):
            lapsed += 1
            stay.nights_held.all().delete()
            _record(stay, State.OFFERED, State.LAPSED, now, Actor(by, by, "", ""), "")
            detail = {"bed": stay.bed.code, "stay": stay.key}
            ledger.write(actor=by, action="bed: lapsed", subject=stay.request.person, detail=detail)
    return lapsed


@transaction.atomic
def withdraw_request(*, key: str, reason: str, by: Actor) -> None:
    """End a request that has no bed. Raises CannotDo."""
    if not reason.strip():
        raise CannotDo("Say why it is withdrawn.")
    request = queries.request_of(key)
    if request is None or request.ended_at or queries.live_stay_of(request, clock.now()):
        raise CannotDo("It has a bed, or has ended. Decline the offer or cancel the reservation first.")
    lapse_offers(by="due-jobs", request=request)
    _end(request, clock.now(), reason.strip()[:200], by)
    _write(by, "withdraw bed request", request, {"request": request.key})


@transaction.atomic
def extend_stay(*, key: str, nights: int, by: Actor) -> BedStay:
    """Keep somebody in their bed for more nights after the last. Raises CannotDo where one of them is promised."""
    stay = queries.stay_of(key)
    if stay is None or stay.state not in PRESENT:
        raise CannotDo("Only somebody who is in the bed can stay longer. Look at the board again.")
    if not 1 <= nights <= MAX_NIGHTS:
        raise CannotDo(f"Give 1 to {MAX_NIGHTS} nights.")
    first = max(stay.last_night + timedelta(days=1), night_of(clock.now()))
    more = [first + timedelta(days=number) for number in range(nights)]
    _claim(stay, more)
    # The short stay was looked at again, which is what its timer asks for.
    BedStay.objects.filter(pk=stay.pk).update(last_night=more[-1], review_at=None)
    _write(by, "extend bed stay", stay.request, {"stay": stay.key, "until": more[-1].isoformat()})
    stay.refresh_from_db()
    return stay


@transaction.atomic
def record_delay(*, key: str, primary: str, by: Actor, contributing: Sequence[str] = (), note: str = "") -> BedDelay:
    """Keep why somebody who is ready has not left today; told again the same day it replaces. Raises CannotDo."""
    now = clock.now()
    stay, day = queries.stay_of(key), clock.to_london(now).date()
    if stay is None or stay.state != State.READY:
        raise CannotDo("Only somebody who is ready to leave can be delayed. Mark them ready first.")
    listed = reasons_on(day)
    others = sorted(set(contributing) - {primary})
    if {primary, *others} - set(listed.words):
        raise CannotDo("Choose one main reason from the list.")
    told = {"list_version": listed.version, "primary": primary, "contributing": others, "note": note.strip()[:200]}
    delay, _ = BedDelay.objects.update_or_create(stay=stay, day=day, defaults=told | {"by": by.key, "at": now})
    _write(by, "record bed delay", stay.request, {"stay": stay.key, "primary": primary, "list": listed.version})
    return delay


@transaction.atomic
def close_bed(*, code: str, reason: str, by: Actor) -> bool:
    """Close a bed for a reason, or open it with none; False where there is no such bed."""
    if not Bed.objects.filter(code=code).update(closed=reason.strip()[:120]):
        return False
    told = {"actor": by.key, "role": by.role, "organisation": by.organisation_code}
    ledger.write(**told, action="close bed" if reason.strip() else "open bed", detail={"bed": code})
    return True


_UNIT_FIELDS = (
    *("organisation_code", "site_code", "name", "sector", "contract", "price_pence", "admits_from", "admits_until"),
    *("weekends", "step_up_reserve", "area_code", "phone"),
)


def _needed(need: Need) -> dict[str, Any]:
    """The columns of a request that hold a need. Raises ValueError for a number of nights that no stay has."""
    return {
        "direction": need.direction,
        "sex": need.sex,
        "level": need.level,
        "isolation": need.isolation,
        "equipment": sorted(need.equipment),
        "wanted_at": need.at,
        "nights": len(nights_from(need.at, need.nights)),
        "area_code": need.area_code,
    }


def _load_beds(unit: BedUnit, told: BedUnitRow) -> int:
    """The beds of one unit; returns how many changed."""
    held, named, changed = {bed.code: bed for bed in unit.beds.all()}, set(), 0
    for bay in told.bays:
        for number in range(1, bay.beds + 1):
            code = f"{unit.code}-{bay.bay.replace(' ', '')}-{number}"[:40]
            named.add(code)
            values = {"bay": bay.bay, "number": number, "sex": bay.sex, "isolation": bay.isolation}
            values |= {"equipment": list(bay.equipment)}
            bed = held.get(code) or Bed(unit=unit, code=code)
            values |= {"closed": ""} if bed.closed == _GONE else {}
            if bed.pk is None or any(getattr(bed, name) != value for name, value in values.items()):
                vars(bed).update(values)
                bed.save()
                changed += 1
    return changed + unit.beds.exclude(code__in=named).exclude(closed=_GONE).update(closed=_GONE)


def _held(request: BedRequest, bed: Bed, need: Need, now: datetime) -> BedStay:
    """The offered stay with its nights, or CannotDo where somebody was quicker."""
    nights = nights_from(need.at, need.nights)
    try:
        with transaction.atomic():
            stay = BedStay.objects.create(
                request=request, bed=bed, state=State.OFFERED, held_until=now + HOLD, last_night=nights[-1]
            )
    except IntegrityError:
        raise CannotDo("Another bed is offered for this request already. Look at the board again.") from None
    _claim(stay, nights)
    return stay


def _claim(stay: BedStay, nights: Sequence[Any]) -> None:
    try:
        with transaction.atomic():
            BedNight.objects.bulk_create(BedNight(bed=stay.bed, night=night, stay=stay) for night in nights)
    except IntegrityError:
        raise CannotDo("The bed is promised to somebody else on one of these nights. Choose another bed.") from None


def _claim_missing(stay: BedStay, now: datetime) -> None:
    """The nights from tonight on that somebody who comes early has not been promised."""
    tonight, held = night_of(now), set(stay.nights_held.values_list("night", flat=True))
    nights = (tonight + timedelta(days=number) for number in range((stay.last_night - tonight).days + 1))
    _claim(stay, [night for night in nights if night not in held])


def _moved(stay: BedStay, before: State, to: State, now: datetime) -> dict[str, Any]:
    """The conditional UPDATE of a move; returns what changed. Raises CannotDo where another was quicker."""
    values: dict[str, Any] = {"state": to}
    if to is State.ADMITTED and before is State.RESERVED:
        _claim_missing(stay, now)
        values |= {"admitted_at": now, "review_at": review_due(now, stay.request.short_hours)}
    if to is State.READY:
        values["ready_at"] = now
    rows = BedStay.objects.filter(pk=stay.pk, state=before)
    if before is State.OFFERED:
        rows = rows.filter(held_until__gt=now)
    try:
        with transaction.atomic():
            done = rows.update(**values)
    except IntegrityError:
        raise CannotDo("Somebody is still in this bed. Record that they left, then admit.") from None
    if not done:
        raise CannotDo("The hour of this offer is over, or somebody answered it. Look at the board again.")
    return values


def _settle(stay: BedStay, changed: dict[str, Any], to: State, now: datetime, by: Actor) -> None:
    """What follows from a move: nights given back, the unit's tie to the person opened or closed, the need ended."""
    if to is State.RESERVED:
        _tie(stay.request, stay.bed.unit.organisation_code, f"stay:{stay.key}", now, by.key)
    if to in LIVE:
        return
    stay.nights_held.filter(night__gte=night_of(now)).delete()
    _untie(stay.bed.unit.organisation_code, f"stay:{stay.key}", now, by.key)
    if to in ENDS_NEED:
        _end(stay.request, now, "They left the bed", by)


def _end(request: BedRequest, now: datetime, reason: str, by: Actor) -> None:
    BedRequest.objects.filter(pk=request.pk, ended_at__isnull=True).update(ended_at=now, end_reason=reason)
    for team in place.teams().filter(kind=_DESK):
        _untie(team.organisation_code, f"bed:{request.key}", now, by.key)


def _tie(request: BedRequest, organisation: str, reference: str, now: datetime, by: str) -> None:
    told = {"organisation_code": organisation, "kind": "referral", "reference": reference}
    access.open_relationship(person=PersonId(request.person), starts=now, by=by, **told)


def _untie(organisation: str, reference: str, now: datetime, by: str) -> None:
    access.close_relationship(organisation_code=organisation, kind="referral", reference=reference, ends=now, by=by)


def _record(stay: BedStay, before: str, after: State, now: datetime, by: Actor, reason: str) -> None:
    who = {"by": by.key, "organisation_code": by.organisation_code}
    BedMove.objects.create(stay=stay, before=before, after=after, at=now, reason=reason, **who)


def _write(by: Actor, action: str, request: BedRequest, detail: dict[str, Any]) -> None:
    who = {"actor": by.key, "role": by.role, "organisation": by.organisation_code}
    ledger.write(**who, action=action, subject=request.person, purpose="direct care", detail=detail)
