"""Tables of the place: organisations, sites, areas, dated memberships, teams, hours, holidays and the demo clock.

Codes join to other rooms, which hold no key of these tables. What leaves the folder is closed, never deleted.
"""

from django.db import models
from django.db.models import F, Q


class Place(models.Model):
    """The place that this installation serves: one row, made from its folder."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    code = models.CharField(max_length=12)
    name = models.CharField(max_length=120)
    description = models.TextField(blank=True)
    synthetic_people = models.BooleanField(default=False)
    words = models.JSONField(default=dict)  # what people here call a cluster, a hub, a level: place.folder.WORDS
    folder_digest = models.CharField(max_length=64)
    loaded_at = models.DateTimeField()

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(id=1), name="place_is_one")]


class Organisation(models.Model):
    """An organisation with its ODS code. `list_size` counts registered people and is of practices only."""

    code = models.CharField(max_length=12, unique=True)
    name = models.CharField(max_length=120)
    kind = models.CharField(max_length=30)
    supplier = models.CharField(max_length=60, blank=True)
    parent_code = models.CharField(max_length=12, blank=True)
    address = models.CharField(max_length=200, blank=True)
    postcode = models.CharField(max_length=10, blank=True)
    phone = models.CharField(max_length=30, blank=True)
    list_size = models.PositiveIntegerField(null=True, blank=True)
    decile = models.PositiveSmallIntegerField(null=True, blank=True)  # deprivation tenth where its people live, 1 most
    latitude = models.FloatField(null=True, blank=True)
    longitude = models.FloatField(null=True, blank=True)
    closed_on = models.DateField(null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["kind", "name"], name="place_organisation_kind")]


class Site(models.Model):
    """A building of an organisation, with its beds where it has any."""

    code = models.CharField(max_length=12, unique=True)
    organisation_code = models.CharField(max_length=12, db_index=True)
    name = models.CharField(max_length=120)
    kind = models.CharField(max_length=30)
    beds = models.PositiveIntegerField(default=0)
    therapy_beds = models.PositiveIntegerField(default=0)
    address = models.CharField(max_length=200, blank=True)
    postcode = models.CharField(max_length=10, blank=True)
    latitude = models.FloatField(null=True, blank=True)
    longitude = models.FloatField(null=True, blank=True)
    closed_on = models.DateField(null=True, blank=True)


class Area(models.Model):
    """A cluster, hub, district, ward, place or small area."""

    code = models.CharField(max_length=12, unique=True)
    kind = models.CharField(max_length=20)
    name = models.CharField(max_length=120)
    decile = models.PositiveSmallIntegerField(null=True, blank=True)
    residents = models.PositiveIntegerField(null=True, blank=True)
    latitude = models.FloatField(null=True, blank=True)
    longitude = models.FloatField(null=True, blank=True)
    boundary = models.TextField(blank=True)
    closed_on = models.DateField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(decile__isnull=True) | Q(decile__gte=1, decile__lte=10), name="place_decile_is_a_tenth"
            )
        ]
        indexes = [models.Index(fields=["kind", "name"], name="place_area_kind")]


class Postcode(models.Model):
    """The small area of a postcode, where the place's folder tells it."""

    postcode = models.CharField(max_length=10, unique=True)
    area_code = models.CharField(max_length=12)


class Membership(models.Model):
    """One organisation or area is in one area from its first day to its last, both included."""

    member_kind = models.CharField(max_length=12)
    member_code = models.CharField(max_length=12)
    area_code = models.CharField(max_length=12)
    starts = models.DateField()
    ends = models.DateField(null=True, blank=True)
    note = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["member_kind", "member_code", "area_code", "starts"], name="place_one_membership_a_start"
            ),
            models.CheckConstraint(
                condition=Q(ends__isnull=True) | Q(ends__gte=F("starts")), name="place_membership_order"
            ),
            models.CheckConstraint(condition=Q(member_kind__in=["organisation", "area"]), name="place_member_is_known"),
        ]
        indexes = [models.Index(fields=["area_code", "member_kind", "starts"], name="place_members_of_area")]


class Team(models.Model):
    """Staff who take work together."""

    code = models.CharField(max_length=12, unique=True)
    organisation_code = models.CharField(max_length=12, db_index=True)
    name = models.CharField(max_length=120)
    kind = models.CharField(max_length=40)
    area_code = models.CharField(max_length=12, blank=True)
    phone = models.CharField(max_length=30, blank=True)
    closed_on = models.DateField(null=True, blank=True)


class OpeningHours(models.Model):
    """One weekly opening of an organisation, site or team, for one service; it may run over midnight."""

    owner_code = models.CharField(max_length=12, db_index=True)
    service = models.CharField(max_length=60)
    weekday = models.PositiveSmallIntegerField()
    opens = models.TimeField()
    closes = models.TimeField()
    on_holidays = models.BooleanField(default=False)
    starts = models.DateField(null=True, blank=True)
    ends = models.DateField(null=True, blank=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(weekday__lte=6), name="place_weekday_is_of_the_week")]


class Holiday(models.Model):
    """A day with holiday hours: for one owner, or for all where the code is ''."""

    day = models.DateField()
    name = models.CharField(max_length=80)
    owner_code = models.CharField(max_length=12, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["day", "owner_code"], name="place_one_holiday_a_day")]


class Offset(models.Model):
    """How far business time runs from real time: the demo's clock, one row, zero or absent elsewhere."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    seconds = models.BigIntegerField(default=0)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(id=1), name="place_offset_is_one")]
