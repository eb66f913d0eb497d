"""Writes of the gateway besides receiving: feeds that a place declares, and a look at raw bytes, which is audited."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, is_dataclass
from typing import Any

from django.db import transaction

from oneplace.gateway import queries
from oneplace.gateway.models import Feed, OwnLayout
from oneplace.gateway.queries import QuarantineDetail
from oneplace.ledger import actions as ledger


@transaction.atomic
def declare_feeds(rows: Iterable[Any], *, by: str, whole: bool = False) -> int:
    """Note the feeds that a place expects; returns how many changed. Rows as a place folder's feeds table has them.

    With `whole` the rows are all that are expected: of any other feed nothing is from now on, and no alarm is raised.
    """
    changed = 0
    named = set()
    for row in rows:
        told = asdict(row) if is_dataclass(row) and not isinstance(row, type) else dict(row)
        named.add((told["organisation_code"], told["format"]))
        changed += _declare(told)
    if whole:
        changed += _undeclare_all_but(named)
    if changed:
        ledger.write(actor=by, action="declare feeds", detail={"changed": changed})
    return changed


def _undeclare_all_but(named: set[tuple[str, str]]) -> int:
    rows = Feed.objects.filter(declared=True).values_list("pk", "organisation_code", "format")
    gone = [pk for pk, *key in rows if tuple(key) not in named]
    return Feed.objects.filter(pk__in=gone).update(declared=False, expected_minutes=None, live_since=None)


def _declare(told: Mapping[str, Any]) -> bool:
    values = {
        "supplier": told.get("supplier") or "",
        "channel": told.get("channel") or "",
        "expected_minutes": told.get("expected_minutes"),
        "live_since": told.get("live_since"),
        "declared": True,
    }
    feed, made = Feed.objects.get_or_create(
        organisation_code=told["organisation_code"], format=told["format"], defaults=values
    )
    changed = any(getattr(feed, name) != value for name, value in values.items())
    if changed:
        Feed.objects.filter(pk=feed.pk).update(**values)
    return made or changed


@transaction.atomic
def keep_layouts(texts: Mapping[str, str], *, by: str) -> int:
    """Keep a place's own layouts by file name, checked before; those of another time go. Returns how many changed."""
    known = dict(OwnLayout.objects.values_list("file", "text"))
    changed = [file for file in texts.keys() | known.keys() if texts.get(file) != known.get(file)]
    OwnLayout.objects.filter(file__in=changed).delete()
    OwnLayout.objects.bulk_create([OwnLayout(file=file, text=texts[file]) for file in sorted(changed) if file in texts])
    if changed:
        ledger.write(actor=by, action="keep layouts", detail={"changed": len(changed), "kept": len(texts)})
    return len(changed)


@transaction.atomic
def open_quarantined(*, key: str, by: str) -> QuarantineDetail | None:
    """One quarantined message with the beginning of its bytes; None where there is none. The look is recorded."""
    detail = queries.quarantine_detail(key)
    if detail is not None:
        ledger.write(actor=by, action="open quarantined message", subject=key, purpose="mending a feed")
    return detail
