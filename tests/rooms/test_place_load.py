"""The place in the database: loading is idempotent and recorded; memberships are asked by day; the demo clock."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from oneplace.ledger.models import Row
from oneplace.place import actions, folder, queries
from oneplace.place.models import Membership, Organisation
from oneplace.place.shapes import MembershipRow, OrganisationRow

pytestmark = pytest.mark.django_db

EXAMPLE = folder.read()
SMALL = replace(
    EXAMPLE,
    organisations=(
        OrganisationRow("Z90001", "First Practice", "practice", "Supplier A", list_size=4_000),
        OrganisationRow("Z90002", "Second Practice", "practice", "Supplier B", list_size=5_000),
        OrganisationRow("Z9T", "A Trust", "community-trust"),
    ),
    sites=(),
    areas=tuple(row for row in EXAMPLE.areas if row.kind in {"place", "cluster", "district"}),
    memberships=(
        MembershipRow("organisation", "Z90001", "Z9CL1", date(2012, 4, 1), date(2017, 3, 31), "moved"),
        MembershipRow("organisation", "Z90001", "Z9CL7", date(2017, 4, 1)),
        MembershipRow("organisation", "Z90001", "Z9D1", date(2012, 4, 1)),
        MembershipRow("organisation", "Z90001", "Z9D5", date(2012, 4, 1)),
        MembershipRow("organisation", "Z90002", "Z9CL1", date(2012, 4, 1)),
        MembershipRow("area", "Z9CL1", "Z9PL", date(2012, 4, 1)),
    ),
    teams=(),
    hours=EXAMPLE.hours[:1],
    holidays=(),
)


def test_load_folder_fills_the_place_and_is_recorded_once() -> None:
    actions.load_folder(EXAMPLE, by="operator")
    place = queries.place()
    assert place is not None
    assert (place.name, place.practices, place.registered, place.clusters) == ("Wychbourne Vale", 60, 484_463, 7)
    rows = Row.objects.filter(action="load place folder")
    assert [(row.actor, folder.EXAMPLE.name in row.detail) for row in rows] == [("operator", False)]


def test_load_folder_again_changes_nothing() -> None:
    first = actions.load_folder(SMALL, by="operator")
    again = actions.load_folder(SMALL, by="operator")
    assert first.total > 0
    assert again.total == 0
    assert Row.objects.filter(action="load place folder").count() == 1


def test_load_folder_with_a_change_updates_closes_and_records() -> None:
    actions.load_folder(SMALL, by="operator")
    first, _, trust = SMALL.organisations
    changed = replace(SMALL, organisations=(replace(first, name="First and Only"), trust), digest="other")
    loaded = actions.load_folder(changed, by="operator")
    assert loaded.changed["organisations"] == 2
    assert queries.organisation_names(["Z90001", "Z90002"]) == {"Z90001": "First and Only", "Z90002": "Second Practice"}
    assert [row.code for row in queries.organisations("practice")] == ["Z90001"]
    assert Row.objects.filter(action="load place folder").count() == 2


def test_organisation_that_comes_back_is_open_again() -> None:
    actions.load_folder(SMALL, by="operator")
    actions.load_folder(replace(SMALL, organisations=SMALL.organisations[:1]), by="operator")
    actions.load_folder(SMALL, by="operator")
    assert not Organisation.objects.filter(closed_on__isnull=False).exists()


def test_place_is_none_before_a_folder_is_loaded() -> None:
    assert queries.place() is None


@pytest.mark.parametrize(
    ("on", "cluster", "codes"),
    [
        (date(2017, 3, 31), "Z9CL1", ["Z90001", "Z90002"]),
        (date(2017, 4, 1), "Z9CL1", ["Z90002"]),
        (date(2017, 4, 1), "Z9CL7", ["Z90001"]),
        (date(2012, 3, 31), "Z9CL1", []),
    ],
)
def test_members_are_those_of_the_day(on: date, cluster: str, codes: list[str]) -> None:
    actions.load_folder(SMALL, by="operator")
    assert [member.code for member in queries.members(cluster, on)] == codes


def test_practice_is_in_two_districts_at_once() -> None:
    actions.load_folder(SMALL, by="operator")
    assert {area.code for area in queries.areas_of("Z90001", date(2026, 1, 1), "district")} == {"Z9D1", "Z9D5"}


def test_practices_name_their_cluster_of_the_day() -> None:
    actions.load_folder(SMALL, by="operator")
    now = {line.code: line.cluster for line in queries.practices(date(2026, 1, 1))}
    then = {line.code: line.cluster for line in queries.practices(date(2015, 1, 1))}
    assert now == {"Z90001": "Greyhollow", "Z90002": "Aldercombe"}
    assert then == {"Z90001": "Aldercombe", "Z90002": "Aldercombe"}


def test_members_have_names_and_kinds() -> None:
    actions.load_folder(SMALL, by="operator")
    assert [(each.kind, each.name) for each in queries.members("Z9PL", date(2026, 1, 1))] == [("area", "Aldercombe")]


def test_is_open_knows_bank_holidays_of_the_division() -> None:
    actions.load_folder(SMALL, by="operator")
    assert queries.is_open("Z90001", datetime(2026, 11, 23, 12, tzinfo=UTC))
    assert not queries.is_open("Z90001", datetime(2026, 12, 25, 12, tzinfo=UTC))
    assert queries.holidays()[date(2026, 12, 25)] == "Christmas Day"


def test_membership_that_ends_before_it_starts_is_refused_by_the_database() -> None:
    from django.db import IntegrityError, transaction

    with pytest.raises(IntegrityError), transaction.atomic():
        Membership.objects.create(
            member_kind="area", member_code="A", area_code="B", starts=date(2026, 2, 1), ends=date(2026, 1, 1)
        )


def test_move_clock_is_kept_and_recorded() -> None:
    assert queries.offset() == timedelta(0)
    actions.move_clock(offset=timedelta(hours=30), by="operator")
    actions.move_clock(offset=timedelta(days=2), by="operator")
    assert queries.offset() == timedelta(days=2)
    assert Row.objects.filter(action="move clock").count() == 2


def test_every_member_of_the_example_has_a_name() -> None:
    actions.load_folder(EXAMPLE, by="operator")
    assert all(member.name for member in queries.members("Z9PL", date(2026, 11, 23)))
    assert len([m for m in queries.members("Z9PL", date(2026, 11, 23)) if m.kind == "organisation"]) == 60
