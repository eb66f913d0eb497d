"""What came in: one row a message, with what became of it. Nothing that was received is ever without a row here.

Conservation: received = filed + quarantined + duplicate, for each feed and in all.
"""

from django.db import models
from django.db.models import F, Q


class Feed(models.Model):
    """One organisation's stream of messages in one format: declared by the place's folder, or met unannounced."""

    organisation_code = models.CharField(max_length=20)
    format = models.CharField(max_length=30)
    supplier = models.CharField(max_length=80, blank=True)
    channel = models.CharField(max_length=30, blank=True)
    declared = models.BooleanField(default=False)
    expected_minutes = models.PositiveIntegerField(null=True)  # between two messages; NULL: no expectation
    live_since = models.DateField(null=True)
    first_received_at = models.DateTimeField(null=True)
    last_received_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation_code", "format"], name="one_feed_a_format")]


class OwnLayout(models.Model):
    """The layout of an extract that a place's folder declares beside those that are shipped, as it was written."""

    file = models.CharField(max_length=120, unique=True)
    text = models.TextField()


class Receipt(models.Model):
    """One message received, once; how often it came again is counted on it."""

    class Outcome(models.TextChoices):
        """What became of the message."""

        FILED = "filed"
        QUARANTINED = "quarantined"

    feed = models.ForeignKey(Feed, on_delete=models.PROTECT, related_name="receipts")
    key = models.CharField(max_length=22, unique=True)  # opaque, for addresses
    same_as = models.CharField(max_length=64, unique=True)  # what makes two messages the same message
    document = models.ForeignKey("record.Document", on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=200, blank=True)  # the file's name: shown to those who mend feeds, never logged
    channel = models.CharField(max_length=30)
    received_at = models.DateTimeField()
    outcome = models.CharField(max_length=12, choices=Outcome.choices)
    reason_code = models.CharField(max_length=60, blank=True)
    reason = models.CharField(max_length=400, blank=True)
    path = models.CharField(max_length=160, blank=True)
    entries = models.PositiveIntegerField(default=0)
    duplicates = models.PositiveIntegerField(default=0)
    last_duplicate_at = models.DateTimeField(null=True)
    replays = models.PositiveIntegerField(default=0)

    class Meta:
        indexes = [models.Index(fields=["outcome", "reason_code", "-received_at"], name="receipt_by_outcome")]
        constraints = [
            models.CheckConstraint(
                condition=Q(outcome="filed", reason="") | (Q(outcome="quarantined") & ~Q(reason="")),
                name="quarantine_has_a_reason",
            )
        ]


class FeedHour(models.Model):
    """What one feed brought in one hour, counted in the transaction of its receipts; a replay corrects it.

    received = filed + quarantined + duplicate. The two times are the newest that its messages bear: when they say that
    they were sent, and of what they tell; times from the future are left out and counted as `ahead`.
    """

    feed = models.ForeignKey(Feed, on_delete=models.PROTECT, related_name="hours")
    hour = models.DateTimeField()  # its beginning, UTC
    received = models.PositiveIntegerField(default=0)
    filed = models.PositiveIntegerField(default=0)
    quarantined = models.PositiveIntegerField(default=0)
    duplicate = models.PositiveIntegerField(default=0)
    ahead = models.PositiveIntegerField(default=0)
    longest_pause = models.PositiveIntegerField(null=True)  # seconds without a message that ended in this hour
    newest_sent_at = models.DateTimeField(null=True)
    newest_told_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["feed", "hour"], name="one_count_a_feed_and_hour"),
            models.CheckConstraint(
                condition=Q(received=F("filed") + F("quarantined") + F("duplicate")), name="feed_hour_balances"
            ),
        ]
        indexes = [models.Index(fields=["hour"], name="feed_hour_by_hour")]


class FeedLatency(models.Model):
    """How many messages of one feed and hour took about so long from our door to the record (rules.latency)."""

    feed = models.ForeignKey(Feed, on_delete=models.PROTECT, related_name="latencies")
    hour = models.DateTimeField()
    bucket = models.PositiveSmallIntegerField()
    messages = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["feed", "hour", "bucket"], name="one_latency_a_bucket")]
        indexes = [models.Index(fields=["hour"], name="feed_latency_by_hour")]


class FeedAlarm(models.Model):
    """Something wrong with a feed as a whole: raised once, ongoing until it is over, with who has taken note."""

    feed = models.ForeignKey(Feed, on_delete=models.PROTECT, related_name="alarms")
    kind = models.CharField(max_length=12)  # rules.alarms.Kind
    since = models.DateTimeField()  # since when the feed is like that, as far as can be told
    words = models.CharField(max_length=300)
    raised_at = models.DateTimeField()
    cleared_at = models.DateTimeField(null=True)
    acknowledged_at = models.DateTimeField(null=True)
    acknowledged_by = models.CharField(max_length=80, blank=True)  # the actor's key
    note = models.CharField(max_length=400, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["feed", "kind"], condition=Q(cleared_at__isnull=True), name="one_open_alarm_a_feed_and_kind"
            ),
            models.CheckConstraint(
                condition=Q(acknowledged_at__isnull=True, acknowledged_by="", note="")
                | (Q(acknowledged_at__isnull=False) & ~Q(acknowledged_by="")),
                name="acknowledged_by_someone",
            ),
        ]
