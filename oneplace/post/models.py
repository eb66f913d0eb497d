"""The outbox: one row for each message to somebody, from the transaction that caused it until read or given up."""

from django.db import models
from django.db.models import Q

from oneplace.kernel.ids import new_key
from oneplace.post.rules import Kind, State


class OutboxMessage(models.Model):
    """A message to somebody. `about` is the person whom it tells of, where it tells of one.

    `once` is the caller's own name for it: the same one again is the same message. Times of tries are real time.
    """

    key = models.CharField(max_length=22, unique=True, default=new_key, editable=False)
    kind = models.CharField(max_length=8, choices=[(kind.value, kind.value) for kind in Kind])
    address = models.CharField(max_length=254)
    reader = models.CharField(max_length=22, blank=True)
    subject = models.CharField(max_length=120, blank=True)
    text = models.TextField()
    about = models.CharField(max_length=22, blank=True)
    link = models.CharField(max_length=200, blank=True)  # an address of this place, for in-app messages
    once = models.CharField(max_length=120, null=True, unique=True)
    queued_by = models.CharField(max_length=64)
    queued_at = models.DateTimeField()
    state = models.CharField(max_length=8, choices=[(state.value, state.value) for state in State])
    attempts = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField()
    claimed_at = models.DateTimeField(null=True, blank=True)
    settled_at = models.DateTimeField(null=True, blank=True)
    sender = models.CharField(max_length=12, blank=True)
    reference = models.CharField(max_length=254, blank=True)  # the sender's own name for it
    simulated = models.BooleanField(default=False)
    fault = models.CharField(max_length=200, blank=True)
    read_at = models.DateTimeField(null=True, blank=True)
    settled_by = models.CharField(max_length=64, blank=True)
    reason = models.CharField(max_length=400, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(state__in=[state.value for state in State]), name="post_state"),
            models.CheckConstraint(condition=Q(kind__in=[kind.value for kind in Kind]), name="post_kind"),
            models.CheckConstraint(condition=~Q(state="given up") | ~Q(reason=""), name="post_given_up_says_why"),
            models.CheckConstraint(
                condition=Q(state="sending", claimed_at__isnull=False) | ~Q(state="sending"), name="post_claim"
            ),
        ]
        indexes = [
            models.Index(fields=["state", "due_at"], name="post_due"),
            models.Index(fields=["reader", "kind", "read_at"], name="post_inbox"),
        ]
