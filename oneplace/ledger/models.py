"""The tables of the ledger: rows that are only ever added, and one head; `ledger.triggers` makes the database agree.

Beside them what the privacy officer works through: patterns found in the rows, and what was made of each.
"""

from typing import Any, NoReturn

from django.db import models

from oneplace.kernel.ids import new_key
from oneplace.ledger import rules
from oneplace.ledger.rules.patterns import Outcome


class LedgerIsAppendOnly(Exception):
    """Someone tried to change or remove a row of the ledger."""


class AppendOnly(models.QuerySet[Any]):
    """Reading is all that a queryset of the ledger can do."""

    def _refuse(self, *args: object, **kwargs: object) -> NoReturn:
        raise LedgerIsAppendOnly("a row of the ledger is written by ledger.actions.write and never changed")

    update = delete = create = bulk_create = bulk_update = get_or_create = update_or_create = _refuse
    aupdate = adelete = acreate = abulk_create = abulk_update = aget_or_create = aupdate_or_create = _refuse


class Unchangeable(models.Model):
    """A model whose objects can be read and nothing else."""

    objects = AppendOnly.as_manager()

    class Meta:
        abstract = True

    def save(self, *args: object, **kwargs: object) -> NoReturn:
        """Never: rows come from ledger.actions.write."""
        raise LedgerIsAppendOnly("a row of the ledger is written by ledger.actions.write and never changed")

    def delete(self, *args: object, **kwargs: object) -> NoReturn:
        """Never."""
        raise LedgerIsAppendOnly("a row of the ledger is never removed")


class Row(Unchangeable):
    """One thing that was done or seen. Actor, subject and purpose are opaque: the ledger knows no person."""

    seq = models.BigIntegerField(primary_key=True)
    at_real = models.DateTimeField()
    at_business = models.DateTimeField()
    actor = models.CharField(max_length=64)
    role = models.CharField(max_length=40, blank=True)
    organisation = models.CharField(max_length=20, blank=True)
    action = models.CharField(max_length=60)
    subject = models.CharField(max_length=64, blank=True)
    purpose = models.CharField(max_length=80, blank=True)
    basis = models.CharField(max_length=400, blank=True)
    detail = models.TextField(blank=True)
    previous = models.CharField(max_length=64)
    hash = models.CharField(max_length=64)

    class Meta:
        indexes = [
            models.Index(fields=["subject", "seq"], name="ledger_row_subject"),
            models.Index(fields=["actor", "seq"], name="ledger_row_actor"),
            models.Index(fields=["at_real"], name="ledger_row_at"),
        ]

    def line(self) -> rules.Line:
        """This row as the rules know it."""
        return rules.Line(*(getattr(self, name) for name in rules.Line.__slots__))


class Mention(Unchangeable):
    """Someone whom a row tells of in a list, as a search does: so that "who saw me?" finds that row too.

    Says no more than the row's detail, which is sealed; `queries.verify` compares the two.
    """

    seq = models.BigIntegerField()
    subject = models.CharField(max_length=64)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["seq", "subject"], name="ledger_one_mention_a_row")]
        indexes = [models.Index(fields=["subject", "seq"], name="ledger_mention_subject")]


class Head(Unchangeable):
    """The newest row's number and hash: one row, held locked while the next is written; shows truncation."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    seq = models.BigIntegerField()
    hash = models.CharField(max_length=64)

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="ledger_has_one_head")]


class Added(models.QuerySet[Any]):
    """Rows of the work-list: put in and read, never changed."""

    def _refuse(self, *args: object, **kwargs: object) -> NoReturn:
        raise LedgerIsAppendOnly("what was found and decided stays as it was written; write another row")

    update = delete = bulk_update = update_or_create = _refuse
    aupdate = adelete = abulk_update = aupdate_or_create = _refuse


class Pattern(models.Model):
    """Something unusual in the ledger, found once: by which rule, whose looks, about whom, on which day."""

    objects = Added.as_manager()

    key = models.CharField(max_length=22, unique=True, default=new_key)
    rule = models.CharField(max_length=20)
    actor = models.CharField(max_length=64)
    role = models.CharField(max_length=40, blank=True)
    organisation = models.CharField(max_length=20, blank=True)
    subject = models.CharField(max_length=64, blank=True)
    day = models.DateField()  # as people here count days
    seq = models.BigIntegerField()  # the row with which it was found
    words = models.CharField(max_length=200, blank=True)
    found_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["rule", "actor", "subject", "day"], name="ledger_one_pattern_a_day")
        ]
        indexes = [models.Index(fields=["-day", "-id"], name="ledger_pattern_newest")]


class PatternReview(models.Model):
    """What the privacy officer made of a pattern, with a note. The newest stands; none is ever changed."""

    objects = Added.as_manager()

    pattern = models.ForeignKey(Pattern, on_delete=models.PROTECT, related_name="reviews")
    outcome = models.CharField(max_length=8)
    note = models.CharField(max_length=400)
    by = models.CharField(max_length=64)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(outcome__in=[outcome.value for outcome in Outcome]), name="ledger_outcome_is_known"
            )
        ]
