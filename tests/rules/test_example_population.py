"""The example's people are in the proportions that the place's own tables tell. Pure; one seeded sample for all."""

import tracemalloc
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from functools import cache
from itertools import islice, pairwise, permutations
from pathlib import Path
from random import Random
from statistics import fmean, quantiles

import duckdb
import pytest
from factories.places import PLACE

from oneplace.example.burden import Burden, felt_age
from oneplace.example.population import Ordinary, ordinary_people
from oneplace.example.proportions import age_in, ages_in, proportions_of, step, usual
from oneplace.example.shapes import Told
from oneplace.kernel import nhs_number
from oneplace.place.folder import PlaceFolder
from oneplace.place.shapes import AgeRow

TODAY = date(2026, 11, 23)
PEOPLE = 12_000
BANDS = ((0, 17), (18, 44), (45, 64), (65, 74), (75, 84), (85, 120))


def people(place: PlaceFolder = PLACE, seed: int = 1) -> Iterable[Ordinary]:
    return ordinary_people(place, seed, TODAY, nhs_number.numbers_for_tests())


@cache
def sample() -> tuple[Told, ...]:
    return tuple(one.told for one in islice(people(), PEOPLE))


def age(told: Told) -> int:
    return TODAY.year - told.human.birth_date.year


def counted(told: Told) -> int:
    return sum(key not in usual()["burden"]["minor"] for key in told.conditions)


def cost(told: Told, without: Iterable[str] = ()) -> int:
    return sum(use.cost_pence for use in told.uses if use.point_of_delivery not in without)


def test_ages_and_sexes_of_each_practice_are_its_lists() -> None:
    wanted: Counter[tuple[str, str, int]] = Counter()
    for row in PLACE.ages:
        for sex in ("male", "female"):
            wanted[row.practice_code, sex, min(5, row.age_from // 15)] += getattr(row, sex)
    found = Counter((one.human.practice_code, one.human.sex, min(5, age(one) // 15)) for one in sample())
    total = sum(wanted.values())
    off = [abs(found[cell] / PEOPLE - count / total) for cell, count in wanted.items()]
    assert sum(off) < 0.16  # of 2 at most, over 720 cells
    by_band = [
        (sum(found[cell] for cell in found if cell[1:] == (sex, band)) / PEOPLE,
         sum(count for cell, count in wanted.items() if cell[1:] == (sex, band)) / total)
        for sex in ("male", "female") for band in range(6)
    ]  # fmt: skip
    assert max(abs(one - other) for one, other in by_band) < 0.012


def test_people_live_where_the_lists_people_live() -> None:
    registered = sum(row.people for row in PLACE.registrations)
    wanted: Counter[str] = Counter()
    for row in PLACE.registrations:
        wanted[row.area_code] += row.people
    found = Counter(one.human.area_code for one in sample())
    assert found.keys() <= wanted.keys()
    off = [abs(found[code] / PEOPLE - count / registered) for code, count in wanted.items()]
    assert sum(off) / 2 < 0.14  # households come whole, some 15 in an area
    deciles = {row.code: row.decile for row in PLACE.areas}
    mean = sum((deciles[code] or 0) * count for code, count in wanted.items()) / registered
    assert abs(fmean(one.human.decile or 0 for one in sample()) - mean) < 0.15


def test_households_have_the_sizes_of_the_census() -> None:
    homes = Counter(one.human.household for one in sample() if one.human.household_kind != "care-home")
    sizes = Counter(min(5, size) for size in homes.values())
    for size, share in ((1, 0.30), (2, 0.34), (3, 0.16), (4, 0.13), (5, 0.07)):
        assert abs(sizes[size] / len(homes) - share) < 0.04, size


def test_people_of_a_household_live_together_and_children_with_an_adult() -> None:
    homes: dict[str, list[Told]] = defaultdict(list)
    for one in sample():
        homes[one.human.household].append(one)
    assert all(len({(one.human.lines, one.human.postcode) for one in home}) == 1 for home in homes.values())
    alone = [home for home in homes.values() if all(age(one) < 17 for one in home)]
    assert len(alone) / len(homes) < 0.002


def test_residents_of_care_homes_share_few_addresses_and_are_old() -> None:
    residents = [one for one in sample() if one.human.household_kind == "care-home"]
    old = sum(age(one) >= 65 for one in sample())
    assert 0.015 < len(residents) / old < 0.04
    assert min(age(one) for one in residents) >= 65
    assert all(any(use.point_of_delivery == "care-home" for use in one.uses) for one in residents)


def test_twins_are_born_as_often_as_in_england() -> None:
    by_key = {one.human.key: one.human for one in sample()}
    twins = [human for human in by_key.values() if human.twin in by_key]
    children = sum(age(one) < 18 for one in sample())
    assert 0.015 < len(twins) / children < 0.05
    for human in twins:
        other = by_key[human.twin]
        assert (other.twin, other.birth_date, other.household) == (human.key, human.birth_date, human.household)


def test_names_are_spread_as_real_ones_are() -> None:
    families = Counter(one.human.family for one in sample())
    assert len(families) > 2_000
    assert 0.003 < families.most_common(1)[0][1] / PEOPLE < 0.015
    assert any("-" in name for name in families)
    assert any("'" in name for name in families)
    assert any(not name.isascii() for name in families)
    former = [one.human for one in sample() if one.human.former_names]
    assert 0.05 < len(former) / PEOPLE < 0.3
    assert all(human.sex == "female" and human.former_names[0].until > human.birth_date for human in former)


def test_practices_have_their_share_of_the_people() -> None:
    total = sum(row.list_size or 0 for row in PLACE.practices())
    found = Counter(one.human.practice_code for one in sample())
    assert all(abs(found[row.code] - PEOPLE * (row.list_size or 0) / total) <= 1 for row in PLACE.practices())


def test_each_decile_of_deprivation_has_its_share() -> None:
    deciles = {row.code: row.decile for row in PLACE.areas}
    wanted: Counter[int | None] = Counter()
    for row in PLACE.registrations:
        wanted[deciles[row.area_code]] += row.people
    found = Counter(one.human.decile for one in sample())
    for decile, people in wanted.items():
        # Households come whole, so that a share varies more than people drawn one by one.
        assert abs(found[decile] / PEOPLE - people / wanted.total()) < 0.02, decile


def test_ethnic_categories_are_those_of_the_place() -> None:
    told = proportions_of(PLACE)["ethnicity"]
    stated = [one.human.ethnicity for one in sample() if one.human.ethnicity != "Z"]
    assert {*stated} <= told.keys()
    assert abs(stated.count("A") / len(stated) - told["A"] / sum(told.values())) < 0.03
    assert abs(1 - len(stated) / PEOPLE - usual()["ethnic_spread"]["not_stated"]) < 0.01
    common = [code for code in told if told[code] >= 10]
    assert all(0.4 < stated.count(code) / len(stated) / (told[code] / sum(told.values())) < 2.2 for code in common)


def on_registers() -> dict[str, dict[str, tuple[int, int]]]:
    """Of each register and practice: people on it, people whom it is for."""
    found: dict[str, dict[str, tuple[int, int]]] = defaultdict(dict)
    for name, register in usual()["register"].items():
        able = [one for one in sample() if age(one) >= register["from_age"]]
        on = Counter(one.human.practice_code for one in able if {*register["conditions"]} & {*one.conditions})
        all_ = Counter(one.human.practice_code for one in able)
        found[name] = {code: (on[code], count) for code, count in all_.items()}
    return found


def test_recorded_prevalence_comes_near_the_practices_registers() -> None:
    told = {(row.register, row.practice_code): row.per_mille / 1000 for row in PLACE.prevalence}
    off = []
    for name, practices in on_registers().items():
        wanted = sum(told[name, code] * able for code, (_, able) in practices.items())
        found = sum(on for on, _ in practices.values())
        assert abs(found - wanted) < max(0.1 * wanted, 3 * wanted**0.5), (name, found, wanted)
        for code, (on, able) in practices.items():
            share = told[name, code]
            off.append((on - share * able) ** 2 / max(able * share * (1 - share), 0.5))
    assert len(off) == 18 * len(PLACE.practices())
    assert fmean(off) < 1.25  # 1 where each practice has what chance would make of its register


def test_practices_that_record_much_are_told_so() -> None:
    for name, least in (("hypertension", 0.35), ("depression", 0.45)):
        register = usual()["register"][name]
        shares = {}
        for practice in PLACE.practices():
            able = [
                one for one in sample()
                if one.human.practice_code == practice.code and age(one) >= register["from_age"]
            ]  # fmt: skip
            shares[practice.code] = sum(bool({*register["conditions"]} & {*one.conditions}) for one in able) / len(able)
        told = {row.practice_code: row.per_mille for row in PLACE.prevalence if row.register == name}
        assert _rank_correlation([shares[code] for code in told], list(told.values())) > least, name


def test_conditions_come_together_and_with_age() -> None:
    means = [fmean(counted(one) for one in sample() if low <= age(one) <= high) for low, high in BANDS]
    assert all(one < other for one, other in pairwise(means))
    some = sum(1 <= counted(one) <= 3 for one in sample()) / PEOPLE
    many = sum(counted(one) >= 4 for one in sample()) / PEOPLE
    assert abs(some - 0.316) < 0.015  # 153,000 of 484,460
    assert abs(many - 0.109) < 0.01  # 53,000 of 484,460
    both = [one for one in sample() if "heart-disease" in one.conditions and 60 <= age(one) < 80]
    rest = [one for one in sample() if "heart-disease" not in one.conditions and 60 <= age(one) < 80]
    assert fmean("heart-failure" in one.conditions for one in both) > 2 * fmean(
        "heart-failure" in one.conditions for one in rest
    )


def test_deprivation_brings_conditions_earlier() -> None:
    table = usual()["burden"]
    assert felt_age(table, 60, 1) - felt_age(table, 60, 10) in range(8, 13)
    assert felt_age(table, 10, 1) == 10
    middle = [one for one in sample() if 45 <= age(one) < 75 and one.human.decile]
    poor = fmean(counted(one) for one in middle if one.human.decile <= 4)
    rich = fmean(counted(one) for one in middle if one.human.decile >= 8)
    assert poor > 1.1 * rich


def test_use_and_cost_rise_with_each_condition() -> None:
    for point in ("gp-contact", "prescribing", "a-and-e", "emergency-admission", "outpatient"):
        means = [
            fmean(sum(use.count for use in one.uses if use.point_of_delivery == point) for one in sample()
                  if low <= counted(one) <= high)
            for low, high in ((0, 0), (1, 1), (2, 3), (4, 99))
        ]  # fmt: skip
        assert all(one < other for one, other in pairwise(means)), (point, means)
    costs = [
        fmean(cost(one) for one in sample() if low <= counted(one) <= high) for low, high in ((0, 0), (1, 3), (4, 99))
    ]
    assert costs == sorted(costs)


@pytest.mark.parametrize(
    ("point", "low", "high"),
    [
        ("gp-contact", 4_500, 6_500), ("prescribing", 14_000, 21_000), ("a-and-e", 320, 450),
        ("emergency-admission", 75, 120), ("outpatient", 1_300, 2_000), ("elective", 120, 190),
    ],
)  # fmt: skip
def test_use_in_a_thousand_people_is_near_englands(point: str, low: int, high: int) -> None:
    told = sum(use.count for one in sample() for use in one.uses if use.point_of_delivery == point)
    assert low <= told / PEOPLE * 1000 <= high


def test_few_people_have_much_of_the_cost() -> None:
    costs = sorted((cost(one) for one in sample()), reverse=True)
    assert 0.35 < sum(costs[: PEOPLE // 20]) / sum(costs) < 0.55


@pytest.mark.parametrize(
    ("least", "most", "bands", "low", "high"),
    [
        (1, 3, ((0, 15), (16, 64), (70, 120)), 953, 1_512),
        (4, 99, ((16, 64), (70, 120)), 2_785, 4_422),
    ],
)  # fmt: skip
def test_cost_a_head_falls_within_the_published_ranges_and_rises_with_age(
    least: int, most: int, bands: tuple[tuple[int, int], ...], low: int, high: int
) -> None:
    found = []
    for first, last in bands:
        people = [one for one in sample() if least <= counted(one) <= most and first <= age(one) <= last]
        found.append(fmean(cost(one, ("prescribing", "care-home")) for one in people) / 100)
    assert found[-2] < found[-1]  # few children have a condition, and chance moves their mean by a tenth
    assert all(low <= pounds <= high for pounds in found), found


def test_unit_costs_are_the_national_ones(shared_data: Path) -> None:
    departments = {
        "a-and-e": ("Emergency Care",),
        "ambulance": ("Ambulance",),
        "emergency-admission": ("Non-Elective Inpatient - Long Stay", "Non-Elective Inpatient - Short Stay"),
        "elective": ("Daycase", "Elective Inpatients"),
        "outpatient": ("Non Consultant Led",),
        "community-contact": ("Community Health Service",),
        "mental-health": ("Mental Health Care Contact",),
    }
    schedule = duckdb.read_parquet(str(shared_data / "costs" / "ncc_unit_costs_england.parquet"))
    rows = schedule.project("department_code, activity, unit_cost").fetchall()
    for point, names in departments.items():
        told = [(activity, unit) for name, activity, unit in rows if name in names and activity]
        mean = sum(activity * unit for activity, unit in told) / sum(activity for activity, _ in told)
        assert abs(usual()["use"][point]["pence"] - 100 * mean) <= 1, point


def test_the_dead_use_nothing_after_death() -> None:
    dead = [one for one in sample() if one.human.deceased_on]
    assert 0.0008 < len(dead) / PEOPLE < 0.006
    for one in dead:
        end = one.human.deceased_on
        assert end
        assert all(use.on <= end for use in one.uses)
        assert all(contact.at.date() <= end for contact in one.record.contacts)
        assert one.human.registered_on < end


def test_nobody_is_older_than_their_record() -> None:
    for one in sample():
        human = one.human
        assert human.birth_date <= human.registered_on < TODAY
        assert all(human.birth_date <= use.on <= TODAY for use in one.uses)
        assert all(former.until > human.birth_date for former in human.former_addresses)


def test_a_median_person_has_few_facts() -> None:
    sizes = [len(one.record.problems) + len(one.record.measures) + len(one.record.medicines) for one in sample()]
    median, most = quantiles(sizes, n=20)[9], quantiles(sizes, n=20)[18]
    assert median <= 10
    assert most >= 3 * median


def test_longer_run_begins_with_the_shorter_and_another_seed_differs() -> None:
    first = [one.told for one in islice(people(), 200)]
    assert first == list(sample()[:200])
    assert [one.told.human.family for one in islice(people(seed=2), 200)] != [one.human.family for one in first]


def test_a_place_of_bare_tables_has_people_too() -> None:
    bare = replace(PLACE, example={}, registrations=(), ages=(), prevalence=())
    found = [one.told.human for one in islice(people(bare), 300)]
    assert len({human.key for human in found}) == 300
    assert {human.decile for human in found} == {None}
    assert list(islice(people(replace(bare, organisations=())), 5)) == []


def test_a_place_may_override_a_proportion() -> None:
    own = replace(PLACE, example={**PLACE.example, "population": {"ethnicity": {"H": 100_000}}})
    told = proportions_of(own)
    assert told["ethnicity"]["H"] == 100_000
    assert told["ethnicity"]["A"] == usual()["ethnicity"]["A"]
    found = Counter(one.told.human.ethnicity for one in islice(people(own), 300))
    assert found.most_common(1)[0][0] == "H"


def test_a_practice_without_a_register_records_by_chance() -> None:
    factors = Burden(replace(PLACE, prevalence=()), usual()).factors.of(PLACE.practices()[0].code)
    assert factors["hypertension"] != 1
    assert 0.7 < factors["hypertension"] < 1.4


def test_memory_does_not_grow_with_the_people() -> None:
    stream = iter(people())
    for _ in islice(stream, 8_000):
        pass
    tracemalloc.start()
    try:
        for _ in islice(stream, 500):
            pass
        first = tracemalloc.get_traced_memory()[0]
        for _ in islice(stream, 2_000):
            pass
        assert tracemalloc.get_traced_memory()[0] - first < 1_500_000
    finally:
        tracemalloc.stop()


def test_a_wide_band_holds_fewer_of_the_old() -> None:
    wide, draw = AgeRow("", 65, 99, 1, 1), Random(1)
    drawn = Counter(age_in(wide, draw) // 10 for _ in range(4_000))
    told = Counter({age // 10: 0.0 for age, _ in ages_in(wide)})
    for age, share in ages_in(wide):
        told[age // 10] += share
    assert abs(told.total() - 1) < 1e-9
    assert all(abs(drawn[decade] / 4_000 - share) < 0.03 for decade, share in told.items())
    assert told[9] < 0.06
    assert sum(share for _, share in ages_in(AgeRow("", 90, 104, 1, 1))) == pytest.approx(1, abs=0.01)


def test_steps_hold_until_the_next() -> None:
    assert [step([[10, 0.5], [20, 0.7]], at) for at in (9, 10, 19, 20, 99)] == [0.0, 0.5, 0.5, 0.7, 0.7]


def _rank_correlation(one: list[float], other: list[float]) -> float:
    """Kendall's tau-a."""
    pairs = list(permutations(range(len(one)), 2))
    agree = sum((one[a] - one[b]) * (other[a] - other[b]) > 0 for a, b in pairs)
    against = sum((one[a] - one[b]) * (other[a] - other[b]) < 0 for a, b in pairs)
    return (agree - against) / len(pairs)
