"""classes.yaml is read whole or not at all, and the fault is named; which of a person's choices stands."""

from datetime import UTC, datetime, timedelta

import pytest

from oneplace.access import classes
from oneplace.access.rules import ConsentFact, Declaration, RelationshipRow, Tie, agreement_from, standing_choice

GOOD = """\
classes:
  plan: {label: Plans, never: [proxy]}
purposes:
  p: {label: P, opens: true}
ties:
  t: {label: T}
"""
NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)
HOUR = timedelta(hours=1)


def test_classes_of_the_house_are_sound():
    assert {"identity", "gp-summary", "hospital", "plan", "safeguarding"} <= set(classes.classes())
    assert [name for name, one in classes.classes().items() if one.traced] == ["identity"]
    assert {name for name, one in classes.purposes().items() if one.opens} == {"direct care", "own record"}
    assert {name for name, one in classes.ties().items() if one.personal} == {"self", "proxy"}
    assert classes.ties()["999-incident"].urgent


def test_classes_are_read():
    read = classes.read_classes(GOOD)
    assert read.classes == {"plan": classes.InformationClass("plan", "Plans", never=frozenset({"proxy"}))}
    assert read.purposes == {"p": classes.PurposeOfUse("p", "P", True)}
    assert read.ties == {"t": classes.TieKind("t", "T")}


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("classes: [", "not YAML"),
        ("- plan", "exactly"),
        (GOOD.replace("ties", "tie"), "exactly"),
        (GOOD.replace("{label: T}", "3"), "ties: t needs a label"),
        (GOOD.replace("label: T", "label: T, sensitive: true"), "'sensitive', which nothing reads"),
        (GOOD.replace("opens: true", "opens: maybe"), "purposes: p.opens"),
        (GOOD.replace("[proxy]", "proxy"), "plan.never"),
    ],
)
def test_bad_classes_are_named(text, fault):
    with pytest.raises(classes.BadClasses, match=fault):
        classes.read_classes(text)


def choice(information_class: str, chosen: str, at: datetime = NOW) -> dict[str, ConsentFact]:
    return {information_class: ConsentFact(information_class, chosen, at)}


@pytest.mark.parametrize(
    ("told", "sensitive", "stands"),
    [
        ({}, False, None),
        (choice("", "given"), False, "given"),
        (choice("", "given"), True, None),
        (choice("", "refused"), True, "refused"),
        (choice("plan", "given"), True, "given"),
        (choice("plan", "refused") | choice("", "given", NOW + HOUR), False, "refused"),
        (choice("plan", "given") | choice("", "withdrawn", NOW + HOUR), False, "withdrawn"),
        (choice("plan", "given") | choice("", "withdrawn"), False, "withdrawn"),
        (choice("plan", "given", NOW + HOUR) | choice("", "refused"), True, "given"),
        (choice("hospital", "given"), False, None),
    ],
)
def test_standing_choice_is_the_newest_that_speaks_of_the_class(told, sensitive, stands):
    found = standing_choice(told, "plan", sensitive)
    assert (found.choice if found else None) == stands


def test_declaration_is_open_until_it_expires_or_is_ended():
    declared = Declaration("k", NOW, NOW + HOUR)
    assert [declared.is_open(at) for at in (NOW - HOUR, NOW, NOW + HOUR)] == [False, True, False]
    ended = Declaration("k", NOW, NOW + HOUR, NOW + HOUR / 2)
    assert [ended.is_open(at) for at in (NOW, NOW + HOUR / 2)] == [True, False]
    assert not Declaration("k", NOW, NOW + HOUR, NOW + 9 * HOUR).is_open(NOW + HOUR)


def test_urgent_tie_lingers_for_a_day():
    tie = Tie("G1", "111-case", NOW - HOUR, NOW, urgent=True)
    assert [tie.is_open(at) for at in (NOW + 23 * HOUR, NOW + 24 * HOUR)] == [True, False]


def test_agreement_names_its_parties_and_a_tie_its_scope():
    assert agreement_from({"controller_code": "G1", "starts": "2026-03-01", "parties": "A; B"}).parties == ("A", "B")
    assert RelationshipRow("p", "u", "proxy", "r", NOW, scope=("plan",)).scope == ("plan",)
