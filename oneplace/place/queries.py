"""Every read of the place that another room or file needs, as plain values."""

import time
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from django.db.models import Q, QuerySet

from oneplace.kernel import clock
from oneplace.place import rules
from oneplace.place.folder import WORDS
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

_MANY = 900


@dataclass(frozen=True, slots=True)
class PlaceSummary:
    """The place in one line, with what it holds today."""

    code: str
    name: str
    description: str
    loaded_at: datetime
    practices: int
    registered: int
    clusters: int
    folder_digest: str


@dataclass(frozen=True, slots=True)
class PracticeLine:
    """A practice as the feeds page lists it. `cluster` is the cluster's name on the day asked for."""

    code: str
    name: str
    supplier: str
    cluster: str
    list_size: int


@dataclass(frozen=True, slots=True)
class Member:
    """One member of an area: its code and name, and since when."""

    kind: str  # organisation | area
    code: str
    name: str
    starts: date
    ends: date | None
    note: str


@dataclass(frozen=True, slots=True)
class Names:
    """Names that stand on every page: of the place and of its organisations, with each one's kind, by code."""

    place: str
    organisations: Mapping[str, str]
    kinds: Mapping[str, str]
    deciles: Mapping[str, int]  # deprivation tenth where a practice's people live
    synthetic_people: bool = False
    words: Mapping[str, str] = field(default_factory=lambda: WORDS)  # what people here call a cluster, a hub, a level


_names: tuple[float, Names] | None = None


def names() -> Names:
    """The names, at most a minute old: pages ask for them many times a second and they change once a year."""
    global _names
    if _names is None or time.monotonic() - _names[0] > 60:
        rows = list(organisations().values_list("code", "name", "kind", "decile"))
        columns = ("name", "synthetic_people", "words")
        name, synthetic, words = Place.objects.filter(id=1).values_list(*columns).first() or ("", False, {})
        told = Names(
            name,
            {row[0]: row[1] for row in rows},
            {row[0]: row[2] for row in rows},
            {row[0]: row[3] for row in rows if row[3]},
            synthetic,
            {**WORDS, **words},
        )
        _names = (time.monotonic(), told)
    return _names[1]


def forget_names() -> None:
    """Read the names anew at the next asking: the place was loaded."""
    global _names
    _names = None


def place() -> PlaceSummary | None:
    """The place that was loaded; None in a fresh installation."""
    row = Place.objects.filter(id=1).first()
    if row is None:
        return None
    sizes = [size or 0 for size in organisations("practice").values_list("list_size", flat=True)]
    clusters = Area.objects.filter(kind="cluster", closed_on__isnull=True).count()
    return PlaceSummary(
        row.code, row.name, row.description, row.loaded_at, len(sizes), sum(sizes), clusters, row.folder_digest
    )


def organisation(code: str) -> Organisation | None:
    """One organisation, a closed one too."""
    return Organisation.objects.filter(code=code).first()


def decile_of_practice(code: str) -> int | None:
    """The deprivation tenth (1 most deprived) where a practice's people live; None where the place doesn't know."""
    return names().deciles.get(code)


def knows_postcodes() -> bool:
    """True where the place's folder tells the small areas of postcodes."""
    return Postcode.objects.exists()


def decile_of_postcode(postcode: str) -> int | None:
    """The deprivation tenth of a postcode's small area; None where the place doesn't know the postcode."""
    return deciles_of_postcodes([postcode]).get(tidy_postcode(postcode))


def deciles_of_postcodes(postcodes: Iterable[str]) -> dict[str, int]:
    """The same for many, by postcode with a space before its last three; those that nobody knows are left out."""
    asked = {tidy_postcode(one) for one in postcodes}
    if len(asked) > _MANY:  # more than a query takes as a list
        held = Postcode.objects.values_list("postcode", "area_code")
    else:
        held = Postcode.objects.filter(postcode__in=asked).values_list("postcode", "area_code")
    deciles = dict(Area.objects.filter(decile__isnull=False).values_list("code", "decile"))
    return {code: deciles[area] for code, area in held.iterator() if code in asked and area in deciles}


def organisation_names(codes: Iterable[str]) -> dict[str, str]:
    """Names by code; a code that is not of this place is left out."""
    return dict(Organisation.objects.filter(code__in=set(codes)).values_list("code", "name"))


def phones(codes: Iterable[str]) -> dict[str, str]:
    """Telephone numbers of organisations by code; those without one are left out."""
    rows = Organisation.objects.filter(code__in=set(codes)).exclude(phone="")
    return dict(rows.values_list("code", "phone"))


def organisations(kind: str | None = None) -> QuerySet[Organisation]:
    """Open organisations by name, of one kind or of all."""
    rows = Organisation.objects.filter(closed_on__isnull=True).order_by("name", "code")
    return rows.filter(kind=kind) if kind else rows


def practices(on: date | None = None) -> list[PracticeLine]:
    """The practices by name, each with its cluster on a day (today where none is given)."""
    clusters = _clusters_of_practices(on or clock.today())
    rows = organisations("practice").values_list("code", "name", "supplier", "list_size")
    return [
        PracticeLine(code, name, supplier, clusters.get(code, ""), size or 0) for code, name, supplier, size in rows
    ]


def members(area_code: str, on: date) -> list[Member]:
    """Who and what is in an area on a day, organisations first, each by code."""
    rows = list(_held(Membership.objects.filter(area_code=area_code), on).order_by("-member_kind", "member_code"))
    names = {
        "organisation": organisation_names(row.member_code for row in rows if row.member_kind == "organisation"),
        "area": area_names(row.member_code for row in rows if row.member_kind == "area"),
    }
    return [
        Member(
            row.member_kind,
            row.member_code,
            names[row.member_kind].get(row.member_code, ""),
            row.starts,
            row.ends,
            row.note,
        )
        for row in rows
    ]


def areas_of(member_code: str, on: date, kind: str | None = None) -> list[Area]:
    """The areas that an organisation or area is in on a day, of one kind or of all."""
    codes = _held(Membership.objects.filter(member_code=member_code), on).values("area_code")
    rows = Area.objects.filter(code__in=codes).order_by("kind", "name")
    return list(rows.filter(kind=kind) if kind else rows)


def areas(kind: str) -> QuerySet[Area]:
    """Areas of one kind that still stand, by name."""
    return Area.objects.filter(kind=kind, closed_on__isnull=True).order_by("name", "code")


def area_names(codes: Iterable[str]) -> dict[str, str]:
    """Names of areas by code."""
    return dict(Area.objects.filter(code__in=set(codes)).values_list("code", "name"))


def area_points(codes: Iterable[str]) -> dict[str, tuple[float, float]]:
    """Latitude and longitude of the areas that have them, by code."""
    rows = Area.objects.filter(code__in=set(codes), latitude__isnull=False, longitude__isnull=False)
    return {code: (north, east) for code, north, east in rows.values_list("code", "latitude", "longitude")}


def sites(kind: str | None = None) -> QuerySet[Site]:
    """Open sites by name, of one kind or of all."""
    rows = Site.objects.filter(closed_on__isnull=True).order_by("name", "code")
    return rows.filter(kind=kind) if kind else rows


def teams(organisation_code: str | None = None) -> QuerySet[Team]:
    """Teams by name, of one organisation or of all."""
    rows = Team.objects.filter(closed_on__isnull=True).order_by("name", "code")
    return rows.filter(organisation_code=organisation_code) if organisation_code else rows


def hours(owner_code: str, service: str | None = None) -> list[rules.Hours]:
    """The weekly hours of an organisation, site or team, for one service or for all."""
    rows = OpeningHours.objects.filter(owner_code=owner_code).order_by("weekday", "opens")
    rows = rows.filter(service=service) if service else rows
    return [rules.Hours(row.weekday, row.opens, row.closes, row.on_holidays, row.starts, row.ends) for row in rows]


def holidays(owner_code: str = "") -> dict[date, str]:
    """Holidays that all keep, and with a code those of that owner too."""
    owners = {"", owner_code}
    return dict(Holiday.objects.filter(owner_code__in=owners).order_by("day", "owner_code").values_list("day", "name"))


def hours_of(owner_codes: Collection[str]) -> dict[str, list[rules.Hours]]:
    """The weekly hours of many organisations, sites or teams, all services together, by code."""
    found: dict[str, list[rules.Hours]] = {}
    for row in OpeningHours.objects.filter(owner_code__in=owner_codes).order_by("owner_code", "weekday", "opens"):
        hours = rules.Hours(row.weekday, row.opens, row.closes, row.on_holidays, row.starts, row.ends)
        found.setdefault(row.owner_code, []).append(hours)
    return found


def holidays_of(owner_codes: Collection[str]) -> dict[str, frozenset[date]]:
    """The holidays of many owners by code; under '' those that all keep."""
    rows = Holiday.objects.filter(owner_code__in={"", *owner_codes}).values_list("owner_code", "day")
    found: dict[str, set[date]] = {"": set()}
    for code, day in rows:
        found.setdefault(code, set()).add(day)
    return {code: frozenset(days) for code, days in found.items()}


def is_open(owner_code: str, at: datetime, service: str | None = None) -> bool:
    """Whether an organisation, site or team is open at a moment."""
    return rules.is_open(hours(owner_code, service), holidays(owner_code), at)


def offset() -> timedelta:
    """How far the demo has moved business time."""
    seconds = Offset.objects.filter(id=1).values_list("seconds", flat=True).first()
    return timedelta(seconds=seconds or 0)


def _clusters_of_practices(on: date) -> dict[str, str]:
    names = dict(Area.objects.filter(kind="cluster").values_list("code", "name"))
    rows = _held(Membership.objects.filter(member_kind="organisation", area_code__in=names), on)
    return {member: names[area] for member, area in rows.values_list("member_code", "area_code")}


def _held(rows: QuerySet[Membership], on: date) -> QuerySet[Membership]:
    return rows.filter(Q(ends__isnull=True) | Q(ends__gte=on), starts__lte=on)
