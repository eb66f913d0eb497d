"""The named people of stories.toml, turned into people of a place."""

import tomllib
from collections.abc import Iterator, Mapping
from datetime import date
from functools import cache
from pathlib import Path
from string import Template
from typing import Any

from oneplace.example import moments
from oneplace.example.shapes import (
    Allergy,
    Contact,
    Finding,
    Human,
    Measure,
    Medicine,
    Paper,
    Problem,
    Recall,
    Record,
    Referral,
    Told,
    Vaccine,
    Visit,
)

_TRUSTS = {"acute": ("acute_trust", "acute_site"), "community": ("community_trust", "community_site")}


@cache
def stories() -> tuple[Mapping[str, Any], ...]:
    """The people as the file tells them, in its order."""
    told = tomllib.loads((Path(__file__).resolve().parent / "stories.toml").read_text("utf-8"))
    return tuple(told["person"])


def story_people(example: Mapping[str, Any], numbers: Iterator[str], today: date) -> Iterator[Told]:
    """Each with a number of the test range, registered where the folder's [story] says."""
    roles, words = example["story"], example["story"]["words"]
    districts = example["addresses"]["postcodes"]
    for index, row in enumerate(_worded(stories(), words)):
        human = _human(row, next(numbers), roles[row.get("practice", "practice")], districts, index, today)
        visits = [_visit(visit, roles, today) for visit in row.get("visits", ())]
        yield Told(human, _record(row, today), visits)


def _worded(told: Any, words: Mapping[str, str]) -> Any:
    """The same with the place's own words where the file has `$town` and the like."""
    if isinstance(told, str):
        return Template(told).safe_substitute(words)
    if isinstance(told, Mapping):
        return {name: _worded(one, words) for name, one in told.items()}
    return [_worded(one, words) for one in told] if isinstance(told, list | tuple) else told


def _human(
    row: Mapping[str, Any], number: str, practice: str, districts: Mapping[str, str], index: int, today: date
) -> Human:
    town = row["town"] if row["town"] in districts else next(iter(districts))
    return Human(
        key=row["key"],
        nhs_number=number,
        family=row["family"],
        given=row["given"],
        prefix=row["prefix"],
        sex=row["sex"],
        birth_date=_birth_date(row, today),
        lines=tuple(row["lines"]),
        town=town,
        postcode=f"{districts[town]} {index % 9 + 1}S{'ABDEFGHJLN'[index % 10]}",
        phone=row["phone"],
        practice_code=practice,
        registered_on=moments.day(row["registered"], today),
        former_family=row.get("former_family", ""),
        preferred=row.get("preferred", ""),
    )


def _birth_date(row: Mapping[str, Any], today: date) -> date:
    """The same all year round; right by age once January and February are over."""
    if "born" in row:
        return moments.day(row["born"], today)
    month, day = (int(part) for part in row["birthday"].split("-"))
    return date(today.year - row["age"], month, day)


def _record(row: Mapping[str, Any], today: date) -> Record:
    def on(text: str) -> date:
        return moments.day(text, today)

    measures = [
        Measure("bp", moments.moment(when, today), upper, lower) for when, upper, lower in row.get("pressures", ())
    ]
    measures += [
        Measure(test, moments.moment(when, today), value)
        for test, *series in row.get("measures", ())
        for when, value in series
    ]
    return Record(
        problems=[_problem(problem, today) for problem in row.get("problems", ())],
        medicines=[_medicine(medicine, today) for medicine in row.get("medicines", ())],
        allergies=[Allergy(concept, on(when), *rest) for concept, when, *rest in row.get("allergies", ())],
        measures=measures,
        findings=[
            Finding(concept, moments.moment(when, today), *rest) for concept, when, *rest in row.get("findings", ())
        ],
        vaccines=[Vaccine(concept, on(when)) for concept, when in row.get("vaccines", ())],
        contacts=[
            Contact(sort, moments.moment(when, today), author, words)
            for when, sort, author, words in row.get("contacts", ())
        ],
        papers=[Paper(title, on(when), *rest) for title, when, *rest in row.get("papers", ())],
        referrals=[Referral(to, on(when), *rest) for to, when, *rest in row.get("referrals", ())],
        recalls=[Recall(words, on(due), on(asked)) for words, due, asked in row.get("recalls", ())],
    )


def _problem(row: list[Any], today: date) -> Problem:
    concept, since, note, ended, major = [*row, *["", "", True][len(row) - 2 :]]
    return Problem(concept, moments.day(since, today), moments.day(ended, today) if ended else None, major, note)


def _medicine(row: list[Any], today: date) -> Medicine:
    drug, since, last, dose, ended = [*row, *[""] * (5 - len(row))]
    end = moments.day(ended, today) if ended else None
    return Medicine(drug, moments.day(since, today), moments.day(last, today), end, dose, repeat=since != last)


def _visit(row: Mapping[str, Any], roles: Mapping[str, str], today: date) -> Visit:
    trust, site = _TRUSTS[row["trust"]]
    return Visit(
        trust=roles[trust],
        site=roles[site],
        sort=row["sort"],
        starts=moments.moment(row["starts"], today),
        ends=moments.moment(row["ends"], today) if "ends" in row else None,
        ward=row["ward"],
        specialty=row["specialty"],
        clinician=tuple(row["clinician"]),
        reason=row["reason"],
        diagnosis=tuple(row["diagnosis"]) if "diagnosis" in row else None,
        findings=tuple((test, str(value)) for test, value in row.get("findings", ())),
        note=row.get("note", ""),
        noted=moments.moment(row["noted"], today) if "noted" in row else None,
    )
