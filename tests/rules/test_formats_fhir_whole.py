"""Which sections of a GP's export are told whole."""

from typing import Any

import pytest
from factories import wire
from factories.reading import read
from factories.wire import clinical, concept, patient, practice

AT = "2021-06-02T12:00:00+00:00"
PROBLEMS = clinical(
    "List", "l1", status="current", mode="snapshot", date=AT, code=concept("717711000000103", "Problems")
)
FACT = clinical("Condition", "c1", code=concept())
WARNED = [{"url": wire.CARE_CONNECT + "ListWarningCode-1", "valueCode": "confidential-items"}]
EMPTY = {"coding": [{"code": "no-content-recorded"}]}


def whole(*resources: Any, code: str = "G99001", **more: Any) -> tuple[str, ...]:
    return read(patient(), practice(code), *resources, **{"type": "collection", **more}).whole


def test_export_tells_its_sections_whole():
    allergies = PROBLEMS | {"id": "l2", "code": concept("886921000000105", "Allergies"), "emptyReason": EMPTY}
    ended = clinical("AllergyIntolerance", "e" * 36, code=concept("1", "Egg"))
    others = PROBLEMS | {"id": "l3", "code": concept("1103671000000101", "Ended allergies"), "contained": [ended, 7]}
    assert whole(PROBLEMS, FACT) == ("Condition",)
    assert whole(PROBLEMS, FACT, allergies, others) == ("AllergyIntolerance", "Condition")


@pytest.mark.parametrize(
    "change",
    [
        {"mode": "changes"},
        {"status": "retired"},
        {"extension": WARNED},
        {"emptyReason": {"coding": [{"code": "withheld"}]}},
        {"code": concept("1149501000000101", "List of consultations")},
    ],
)
def test_section_with_something_kept_back_is_not_whole(change: dict[str, Any]):
    assert whole(PROBLEMS | change, FACT) == ()


def test_section_with_an_entry_that_could_not_be_read_is_not_whole():
    assert whole(PROBLEMS, FACT, wire.without(clinical("Condition", "c2", code=concept()), "id")) == ()


def test_what_is_no_export_of_one_practices_patient_tells_nothing_whole():
    other = patient("p2", "9990000026")
    assert whole(PROBLEMS, FACT, other) == ()
    assert whole(PROBLEMS, FACT, code="RXX") == ()
    assert whole(PROBLEMS, FACT, type="message") == ()
    assert whole(wire.without(PROBLEMS, "date"), FACT) == ()
    assert whole(PROBLEMS, FACT, {"resourceType": "MessageHeader", "id": "m1"}) == ()
