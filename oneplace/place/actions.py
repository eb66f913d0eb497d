"""Every write of the place: load its folder, move the demo's clock. Each with its ledger row."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import date, timedelta
from typing import Any

from django.db import models, transaction

from oneplace.kernel import clock
from oneplace.ledger import actions as ledger
from oneplace.place.folder import PlaceFolder
from oneplace.place.holidays import bank_holidays
from oneplace.place.models import (
    Area,
    Holiday,
    Membership,
    Offset,
    OpeningHours,
    Organisation,
    Place,
    Postcode,
    Site,
    Team,
)
from oneplace.place.rules import tidy_postcode

_HOURS_KEY = ("owner_code", "service", "weekday", "opens", "starts")


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a load changed, by table; all zero when the place already stood so."""

    changed: Mapping[str, int]

    @property
    def total(self) -> int:
        """Rows added, changed or taken away."""
        return sum(self.changed.values())


@transaction.atomic
def load_folder(folder: PlaceFolder, *, by: str) -> Loaded:
    """Make the place as its folder tells it. The same folder again changes nothing and leaves no ledger row.

    Organisations, sites, areas and teams that the folder no longer names are closed from today, never deleted.
    """
    today = clock.today()
    loaded = Loaded(
        {
            "organisations": _keep(Organisation, _organisations(folder), ("code",), today),
            "sites": _keep(Site, folder.sites, ("code",), today),
            "areas": _keep(Area, folder.areas, ("code",), today),
            "postcodes": _keep(Postcode, _postcodes(folder), ("postcode",), None),
            "teams": _keep(Team, folder.teams, ("code",), today),
            "memberships": _keep(
                Membership, folder.memberships, ("member_kind", "member_code", "area_code", "starts"), None
            ),
            "hours": _keep(OpeningHours, _weekly(folder), _HOURS_KEY, None),
            "holidays": _keep(Holiday, _holidays(folder), ("day", "owner_code"), None),
        }
    )
    place = {
        "code": folder.code,
        "name": folder.name,
        "description": folder.description,
        "synthetic_people": folder.synthetic_people,
        "words": dict(folder.words),
        "folder_digest": folder.digest,
    }
    same = Place.objects.filter(id=1, **place).exists()
    if loaded.total or not same:
        Place.objects.update_or_create(id=1, defaults={**place, "loaded_at": clock.now()})
        detail = {"place": folder.code, "folder": folder.digest, "changed": dict(loaded.changed)}
        ledger.write(actor=by, action="load place folder", detail=detail)
    return loaded


@transaction.atomic
def move_clock(*, offset: timedelta, by: str) -> None:
    """Set how far business time runs from real time. For the demo: site offers it nowhere else."""
    Offset.objects.update_or_create(id=1, defaults={"seconds": int(offset.total_seconds())})
    ledger.write(actor=by, action="move clock", detail={"seconds": int(offset.total_seconds())})


def _keep(model: type[models.Model], rows: Iterable[Any], key: Sequence[str], closing: date | None) -> int:
    """Make a table hold these rows; returns how many changed. What is gone is closed on a day, or deleted."""
    told = {tuple(values[name] for name in key): values for values in map(_values, rows)}
    names = [name for name in _columns(model) if name != "closed_on"]
    held = {tuple(getattr(row, name) for name in key): row for row in model._default_manager.all()}
    new = [model(**values) for found, values in told.items() if found not in held]
    changed = [held[found] for found, values in told.items() if found in held and _update(held[found], values, closing)]
    gone = [row for found, row in held.items() if found not in told and not getattr(row, "closed_on", None)]
    model._default_manager.bulk_create(new, batch_size=500)
    if changed:
        model._default_manager.bulk_update(changed, [*names, *(["closed_on"] if closing else [])], batch_size=100)
    kept = model._default_manager.filter(pk__in=[row.pk for row in gone])
    if gone and closing:
        kept.update(closed_on=closing)
    elif gone:
        kept.delete()
    return len(new) + len(changed) + len(gone)


def _update(row: models.Model, values: Mapping[str, Any], closing: date | None) -> bool:
    """Set the values on a held row; True when one differed, or when it had been closed and stands again."""
    differs = any(getattr(row, name) != value for name, value in values.items())
    reopened = closing is not None and row.closed_on is not None  # type: ignore[attr-defined]
    for name, value in values.items():
        setattr(row, name, value)
    if reopened:
        row.closed_on = None  # type: ignore[attr-defined]
    return differs or reopened


def _values(row: Any) -> dict[str, Any]:
    return dict(row) if isinstance(row, Mapping) else {each.name: getattr(row, each.name) for each in fields(row)}


def _columns(model: type[models.Model]) -> list[str]:
    return [column.name for column in model._meta.concrete_fields if not column.primary_key]


def _organisations(folder: PlaceFolder) -> list[dict[str, Any]]:
    """The organisations, practices with the deprivation tenth of the areas where their people live."""
    tenths = {area.code: area.decile for area in folder.areas if area.decile}
    people: dict[str, int] = {}
    sums: dict[str, int] = {}
    for row in folder.registrations:
        tenth = tenths.get(row.area_code)
        if tenth:
            people[row.practice_code] = people.get(row.practice_code, 0) + row.people
            sums[row.practice_code] = sums.get(row.practice_code, 0) + row.people * tenth
    deciles = {code: round(sums[code] / count) for code, count in people.items() if count}
    return [_values(row) | {"decile": deciles.get(row.code)} for row in folder.organisations]


def _postcodes(folder: PlaceFolder) -> list[dict[str, str]]:
    return [{"postcode": tidy_postcode(row.postcode), "area_code": row.area_code} for row in folder.postcodes]


def _weekly(folder: PlaceFolder) -> list[dict[str, Any]]:
    """One row a weekday from the folder's rows of several."""
    found = []
    for row in folder.hours:
        values = asdict(row)
        days = values.pop("weekdays")
        found += [{**values, "weekday": weekday} for weekday in days]
    return found


def _holidays(folder: PlaceFolder) -> list[dict[str, Any]]:
    """The bank holidays of the place's division, and its own days, which win on the same day."""
    days = {(day, ""): name for day, name in bank_holidays(folder.holiday_division).items()}
    days |= {(row.day, row.owner_code): row.name for row in folder.holidays}
    return [{"day": day, "name": name[:80], "owner_code": owner} for (day, owner), name in days.items()]
