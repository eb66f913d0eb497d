"""What came in: one row a message, with what became of it. Nothing that was received is ever without a row here.

Conservation: received = filed + quarantined + duplicate, for each feed and in all.
"""

from django.db import models
from django.db.models import Q


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
