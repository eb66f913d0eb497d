"""Tables of community beds: units, beds, requests, stays from the offer on, the nights that are theirs, delays.

That no bed is promised twice is held by the database: one row a bed and night, one person in a bed, one stay a request.
"""

from django.db import models
from django.db.models import Q

from oneplace.frontdoor.rules.beds import LIVE, PRESENT, Direction, State
from oneplace.kernel.ids import new_key

_LIVE = Q(state__in=sorted(LIVE))


class BedUnit(models.Model):
    """A ward or home with community beds, of a public or private provider; made from the place's folder."""

    code = models.CharField(max_length=20, unique=True)
    organisation_code = models.CharField(max_length=12)
    site_code = models.CharField(max_length=12, blank=True)
    name = models.CharField(max_length=120)
    sector = models.CharField(max_length=8)
    contract = models.CharField(max_length=120)
    price_pence = models.PositiveIntegerField()  # a bed a night
    levels = models.JSONField(default=list)
    admits_from = models.TimeField()
    admits_until = models.TimeField()
    weekends = models.BooleanField()
    step_up_reserve = models.PositiveSmallIntegerField(default=0)
    area_code = models.CharField(max_length=12, blank=True)
    phone = models.CharField(max_length=30, blank=True)
    closed_on = models.DateField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(sector__in=["public", "private"]), name="frontdoor_sector_is_known")
        ]


class Bed(models.Model):
    """One bed of a unit, with what its bay is for and what stands beside it. `closed` says why nobody may have it."""

    unit = models.ForeignKey(BedUnit, models.PROTECT, related_name="beds")
    code = models.CharField(max_length=40, unique=True)
    bay = models.CharField(max_length=40)
    number = models.PositiveSmallIntegerField()
    sex = models.CharField(max_length=8)
    isolation = models.BooleanField()
    equipment = models.JSONField(default=list)
    closed = models.CharField(max_length=120, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(sex__in=["female", "male", "either", "single"]), name="frontdoor_bay_sex_is_known"
            )
        ]


class BedRequest(models.Model):
    """Somebody needs a community bed. `person` is an opaque key; `once` makes a second press the same request."""

    key = models.CharField(max_length=22, unique=True, default=new_key, editable=False)
    once = models.CharField(max_length=40, unique=True)
    person = models.CharField(max_length=22, db_index=True)
    episode = models.CharField(max_length=22, blank=True)  # the journey that it belongs to, where there is one
    direction = models.CharField(max_length=9, choices=[(one.value, one.value) for one in Direction])
    sex = models.CharField(max_length=6)
    level = models.CharField(max_length=20)
    isolation = models.BooleanField(default=False)
    equipment = models.JSONField(default=list)
    wanted_at = models.DateTimeField()
    nights = models.PositiveSmallIntegerField()
    short_hours = models.PositiveSmallIntegerField(default=0)
    area_code = models.CharField(max_length=12, blank=True)
    carer_area_code = models.CharField(max_length=12, blank=True)
    reason = models.CharField(max_length=200)
    asked_by = models.CharField(max_length=64)
    asked_for = models.CharField(max_length=12)  # the organisation of whoever asked
    asked_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    end_reason = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["person"], condition=Q(ended_at__isnull=True), name="frontdoor_one_bed_request_a_person"
            ),
            models.CheckConstraint(condition=Q(direction__in=list(Direction)), name="frontdoor_bed_direction"),
            models.CheckConstraint(condition=Q(sex__in=["female", "male", "other"]), name="frontdoor_bed_request_sex"),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True) | ~Q(end_reason=""), name="frontdoor_bed_request_end_says_why"
            ),
        ]
        indexes = [models.Index(fields=["ended_at", "wanted_at"], name="frontdoor_beds_asked_for")]


class BedStay(models.Model):
    """One person and one bed, from the offer until they left. The state is a move's last; BedMove holds them all."""

    key = models.CharField(max_length=22, unique=True, default=new_key, editable=False)
    request = models.ForeignKey(BedRequest, models.PROTECT, related_name="stays")
    bed = models.ForeignKey(Bed, models.PROTECT, related_name="stays")
    state = models.CharField(max_length=14, choices=[(one.value, one.value) for one in State])
    held_until = models.DateTimeField()
    admitted_at = models.DateTimeField(null=True, blank=True)
    review_at = models.DateTimeField(null=True, blank=True)
    ready_at = models.DateTimeField(null=True, blank=True)
    last_night = models.DateField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["bed"], condition=Q(state__in=sorted(PRESENT)), name="frontdoor_one_person_a_bed"
            ),
            models.UniqueConstraint(fields=["request"], condition=_LIVE, name="frontdoor_one_stay_a_request"),
            models.CheckConstraint(condition=Q(state__in=list(State)), name="frontdoor_stay_state"),
            models.CheckConstraint(
                condition=~Q(state__in=sorted(PRESENT)) | Q(admitted_at__isnull=False), name="frontdoor_present_since"
            ),
        ]
        indexes = [models.Index(fields=["state", "held_until"], name="frontdoor_stays_held")]


class BedNight(models.Model):
    """One night of one bed that is somebody's. Nights of an offer that came to nothing are given back."""

    bed = models.ForeignKey(Bed, models.PROTECT, related_name="nights")
    night = models.DateField()
    stay = models.ForeignKey(BedStay, models.PROTECT, related_name="nights_held")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["bed", "night"], name="frontdoor_one_stay_a_bed_night")]


class BedMove(models.Model):
    """A stay went from one state to another: when, by whom, for which organisation, why. Never changed."""

    stay = models.ForeignKey(BedStay, models.PROTECT, related_name="moves")
    before = models.CharField(max_length=14, blank=True)
    after = models.CharField(max_length=14)
    at = models.DateTimeField()
    by = models.CharField(max_length=64)
    organisation_code = models.CharField(max_length=12, blank=True)
    reason = models.CharField(max_length=200, blank=True)


class BedDelay(models.Model):
    """Why somebody who is ready has not left, on one day: the main reason, what contributes, of which list."""

    stay = models.ForeignKey(BedStay, models.PROTECT, related_name="delays")
    day = models.DateField()
    list_version = models.CharField(max_length=12)
    primary = models.CharField(max_length=20)
    contributing = models.JSONField(default=list)
    note = models.CharField(max_length=200, blank=True)
    by = models.CharField(max_length=64)
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["stay", "day"], name="frontdoor_one_delay_a_day")]
