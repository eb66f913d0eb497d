"""Made-up choices about sharing: each of a practice's own patient, at the shares of the place, the same each time."""

import csv
from collections import Counter
from datetime import date

import pytest
from factories.places import FOLDER

from oneplace import example
from oneplace.access.rules import choice_fault
from oneplace.example.consents import RATES, Choices, ConsentFile
from oneplace.example.shapes import OutMessage, TrueSource
from oneplace.place import folder

TODAY = date(2026, 6, 1)


@pytest.fixture(scope="module")
def here():
    return folder.read(folder.find(str(FOLDER)))


def told(here, count: int, first: int = 0) -> list:
    """The choices of so many people of one practice."""
    code = here.practices()[0].code
    register = Choices(here, 1, TODAY)
    people = [TrueSource(code, f"p{n}", f"person{n}", "", 40 + n % 40, "", "", "", ()) for n in range(first, count)]
    return [choice for one in people for choice in register.of(OutMessage("m", b"", "f", "c", 1, truth=(one,)))]


def test_shares_are_those_of_the_place(here):
    rates = {**RATES, **here.example.get("consents", {})}
    newest = {one.local_patient_id: one.choice for one in told(here, 4000) if not one.information_class}
    shares = Counter(newest.values())
    for choice in ("given", "refused", "withdrawn"):
        assert shares[choice] / 4000 == pytest.approx(rates[choice], abs=0.02)


def test_choices_are_ones_that_can_be_kept_and_don_t_hang_on_others(here):
    choices = told(here, 300)
    assert told(here, 300, 100) == [one for one in choices if int(one.local_patient_id[1:]) >= 100]
    for one in choices:
        assert choice_fault(one.choice, one.made_by, one.made_by in ("person", "gillick")) == ""
        assert one.at < f"{TODAY}"


def test_who_decides_hangs_on_age_and_only_practices_keep_a_register(here):
    register, code = Choices(here, 1, TODAY), here.practices()[0].code
    register.rates = {**RATES, "given": 1.0}
    made = {}
    for age in (5, 14, 30):
        one = TrueSource(code, "p", "x", "", age, "", "", "", ())
        made[age] = next(register.of(OutMessage("m", b"", "f", "c", 1, truth=(one,)))).made_by
    assert made == {5: "parent", 14: "gillick", 30: "person"}
    other = TrueSource("ZZZ", "p", "x", "", 30, "", "", "", ())
    assert list(register.of(OutMessage("m", b"", "f", "c", 1, truth=(other,)))) == []


def test_story_people_chose_what_their_stories_need(here, tmp_path):
    register = Choices(here, 1, TODAY)
    file = tmp_path / "register" / "consents.csv"
    with ConsentFile(file) as kept:
        for message in example.generate(here, example.story_size(), today=TODAY):
            for choice in register.of(message):
                kept.add(choice)
    rows = list(csv.DictReader(file.open()))
    assert {row["choice"] for row in rows} == {"given"}
    assert {"person", "attorney", "parent"} == {row["made_by"] for row in rows}
    assert len(rows) == example.story_size() - 1  # one was never asked
