"""The tables of the ledger: rows that are only ever added, and one head. `ledger.triggers` makes the database agree."""

from typing import Any, NoReturn

from django.db import models

from oneplace.ledger import rules


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
        indexes = [models.Index(fields=["subject", "seq"], name="ledger_row_subject")]

    def line(self) -> rules.Line:
        """This row as the rules know it."""
        return rules.Line(*(getattr(self, name) for name in rules.Line.__slots__))


class Head(Unchangeable):
    """The newest row's number and hash: one row, held locked while the next is written; shows truncation."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    seq = models.BigIntegerField()
    hash = models.CharField(max_length=64)

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="ledger_has_one_head")]
