"""The decision: the same as the oracle's tables in each cell, and total; a few cells in plain sight."""

import sys
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oneplace.access import rules
from oneplace.access.rules import (
    Actor,
    AgreementFact,
    ClassRule,
    ConsentFact,
    ConsentModel,
    Declaration,
    Facts,
    Locked,
    NotFound,
    Permit,
    RelationshipRow,
    Terms,
    Tie,
)

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))

from oracles import access, world

NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)
DAY = timedelta(days=1)
GP = Actor("key", "Dr A", "gp", "G1")
REGISTERED = Tie("G1", "registration", NOW - 30 * DAY)
DIRECT = ClassRule(ConsentModel.DIRECT_CARE)
CLASSES = {
    "identity": ClassRule(traced=True, urgent=True),
    "plan": ClassRule(urgent=True),
    "hospital": DIRECT,
    "hiv": ClassRule(sensitive=True),
}
BARE = Facts(
    "p",
    agreements={"H1": (AgreementFact(date(2026, 1, 1)),)},
    classes=CLASSES,
    may=frozenset({"open-record"}),
    reads=frozenset(CLASSES),
    direct_care=True,
    break_glass=True,
)


def decide(*ties: Tie, actor: Actor = GP, purpose: str = "direct care", **changes: object) -> rules.Decision:
    facts = replace(BARE, relationships=ties, **changes)
    return rules.decide(actor, facts, "p", purpose, NOW)


def permitted(*ties: Tie, **changes: object) -> Permit:
    found = decide(*ties, **changes)
    assert isinstance(found, Permit), found
    return found


def test_decide_agrees_with_the_oracle():
    cells = list(world.situations(4000, 7))
    wrong = [(cell, access.answer(cell), world.decided(cell)) for cell in cells]
    assert [one for one in wrong if one[1][0] != one[2]] == []
    met = {rule for _, (_, rule), _ in wrong}
    assert met == {row["rule"] for row in access.table("rules")}, "each rule of the oracle is met"


def test_decide_permits_with_its_basis_and_what_is_open():
    found = permitted(REGISTERED)
    assert (found.basis, found.rule) == ("registration with G1 since 2026-01-31", "relationship")
    assert found.cells == {"G1": frozenset(CLASSES), "H1": {"identity", "hospital"}}
    assert found.sees("H1", "hospital")
    assert not found.sees("H1", "plan")
    assert not found.sees("H2", "hospital")
    assert found.closed == {"plan": "consent not asked", "hiv": "consent not asked"}
    assert found.break_glass


@pytest.mark.parametrize(
    ("case", "decision"),
    [
        ("role opens nothing", decide(REGISTERED, may=frozenset({"search-people"}))),
        ("other purpose", decide(REGISTERED, purpose="research")),
        ("the purpose of others", decide(REGISTERED, purpose="own record")),
        ("no purpose", decide(REGISTERED, purpose="")),
        ("no organisation", decide(Tie("", "registration", NOW - DAY), actor=Actor("k", "n", "gp", ""))),
        ("facts about somebody else", decide(REGISTERED, person="q")),
        ("no tie, no direct care", decide(direct_care=False)),
        ("own record without a tie", decide(personal=True, purpose="own record")),
    ],
)
def test_decide_finds_nobody_when(case, decision):
    assert isinstance(decision, NotFound), case


@pytest.mark.parametrize(
    ("case", "ties"),
    [
        ("no tie", ()),
        ("other organisation", (Tie("G2", "registration", NOW - DAY),)),
        ("not yet begun", (Tie("G1", "registration", NOW + DAY),)),
        ("ended at this moment", (Tie("G1", "visit", NOW - DAY, NOW),)),
        ("never open", (Tie("G1", "visit", NOW - DAY, NOW - DAY),)),
        ("somebody's own", (Tie("G1", "self", NOW - DAY, personal=True),)),
    ],
)
def test_decide_locks_direct_care_when(case, ties):
    assert decide(*ties) == Locked("no relationship", True, frozenset({"G1", "H1"})), case


def test_decide_names_the_longest_tie():
    admitted = Tie("G1", "visit", NOW - DAY, NOW + DAY)
    assert decide(admitted, REGISTERED) == decide(REGISTERED, admitted) == decide(REGISTERED)


def test_locked_traces_only_who_shares_demographics():
    silent = {"H1": (AgreementFact(date(2026, 1, 1), terms=Terms(classes=frozenset({"plan"}))),)}
    assert decide(agreements=silent) == Locked("no relationship", True, frozenset({"G1"}))


def test_reason_of_what_is_closed_is_the_gravest():
    refused = {"hospital": ConsentFact("hospital", "refused", NOW - DAY)}
    assert permitted(REGISTERED, consents=refused).closed["hospital"] == "consent refused"
    withdrawn = {"hospital": ConsentFact("hospital", "withdrawn", NOW - DAY)}
    assert permitted(REGISTERED, consents=withdrawn).closed["hospital"] == "consent withdrawn"
    urgent = Tie("G1", "111-case", NOW - DAY, urgent=True)
    assert permitted(urgent, consents=withdrawn).closed["hospital"] == "consent withdrawn"
    found = permitted(urgent, consents={"plan": ConsentFact("plan", "given", NOW - DAY)})
    assert (found.closed["hospital"], found.rule) == ("no relationship", "urgent contact")
    assert found.cells["H1"] == {"identity", "plan"}


def test_emergency_names_its_declaration_and_tells_what_it_did_not_open():
    declared = Declaration("d1", NOW - DAY, NOW + DAY)
    refused = {"hospital": ConsentFact("hospital", "refused", NOW - DAY)}
    found = permitted(declaration=declared, consents=refused)
    assert (found.basis, found.rule, found.declaration) == ("emergency access d1", "emergency", "d1")
    assert found.closed == {"hospital": "consent refused"}
    over = permitted(declaration=replace(declared, over_refusal=True), consents=refused)
    assert (over.closed, over.break_glass) == ({}, False)


def test_consent_that_closes_is_told_to_direct_care_alone():
    found = permitted(REGISTERED, direct_care=False)
    assert (found.closed, found.break_glass) == ({}, False)


def test_two_agreements_of_one_controller_open_what_either_shares():
    both = {
        "H1": (
            AgreementFact(date(2026, 1, 1), terms=Terms(classes=frozenset({"identity"}))),
            AgreementFact(date(2026, 1, 1), date(2026, 3, 1), Terms(classes=frozenset({"plan"}))),
            AgreementFact(date(2026, 3, 2), terms=Terms(classes=frozenset({"hospital"}))),
        )
    }
    assert permitted(REGISTERED, agreements=both).cells["H1"] == {"identity", "hospital"}


def test_agreements_of_one_template_open_the_same():
    terms = Terms(classes=frozenset({"identity", "plan"}))
    both = {code: (AgreementFact(date(2026, 1, 1), terms=terms),) for code in ("H1", "H2")}
    given = {"": ConsentFact("", "given", NOW - DAY)}
    cells = permitted(REGISTERED, agreements=both, consents=given).cells
    assert cells["H1"] == cells["H2"] == {"identity", "plan"}


def test_own_record_is_as_wide_as_its_ties():
    mine = Tie("key", "self", NOW - DAY, personal=True)
    proxies = [Tie("key", "proxy", NOW - DAY, scope=frozenset({name}), personal=True) for name in ("plan", "hospital")]
    shared = {"H1": (AgreementFact(date(2026, 1, 1), terms=Terms(frozenset({"own record"}))),)}
    person = {"personal": True, "purpose": "own record", "agreements": shared, "direct_care": False}
    assert permitted(mine, **person).rule == "own record"
    assert permitted(mine, **person).cells == {"H1": {"identity", "plan", "hospital"}}
    found = permitted(*proxies, **person)
    assert (found.rule, found.cells) == ("proxy", {"H1": {"identity", "plan", "hospital"}})
    assert isinstance(decide(Tie("key", "proxy", NOW - DAY, personal=True), **person), NotFound)
    assert found.only == frozenset()
    visits = Tie("key", "proxy", NOW - DAY, scope=frozenset({"plan"}), personal=True, only=frozenset({"encounter"}))
    found = permitted(visits, **person)
    assert (found.cells, found.only) == ({"H1": {"identity", "plan"}}, {"encounter"})
    beside = permitted(visits, proxies[1], **person)
    assert (beside.cells, beside.only) == ({"H1": {"identity", "hospital"}}, frozenset()), "the wider tie, and no more"
    assert permitted(visits, mine, **person).only == frozenset()


def test_nobody_acts_for_another_in_a_sensitive_class():
    proxy = Tie("key", "proxy", NOW - DAY, scope=frozenset({"plan", "hiv"}), personal=True)
    terms = Terms(frozenset({"own record"}), frozenset(CLASSES))
    shared = {"H1": (AgreementFact(date(2026, 1, 1), terms=terms),)}
    person = {"personal": True, "purpose": "own record", "agreements": shared, "direct_care": False}
    assert permitted(proxy, **person).cells == {"H1": {"identity", "plan"}}
    assert isinstance(decide(replace(proxy, scope=frozenset({"hiv"})), **person), NotFound)
    assert permitted(replace(proxy, kind="self", scope=frozenset()), **person).cells == {"H1": set(CLASSES)}


LINE = {
    "H1": (AgreementFact(date(2026, 1, 1)),),
    "H2": (AgreementFact(date(2026, 1, 1), terms=Terms(frozenset({"emergency"}), frozenset({"hospital"}))),),
}


def test_emergency_line_waits_until_an_emergency_is_declared():
    given = {"": ConsentFact("", "given", NOW - DAY), "hiv": ConsentFact("hiv", "given", NOW - DAY)}
    found = permitted(REGISTERED, agreements=LINE, consents=given)
    assert (found.closed, found.waits, found.break_glass, found.sees("H2", "hospital")) == ({}, True, True, False)
    declared = Declaration("d1", NOW - DAY, NOW + DAY)
    found = permitted(REGISTERED, agreements=LINE, consents=given, declaration=declared)
    assert (found.closed, found.waits, found.break_glass, found.sees("H2", "hospital")) == ({}, False, False, True)
    assert found.cells["H1"] >= {"hospital", "plan"}


def test_emergency_line_is_nothing_to_whoever_may_not_declare_one_or_reads_all_of_it():
    given = {"": ConsentFact("", "given", NOW - DAY), "hiv": ConsentFact("hiv", "given", NOW - DAY)}
    for changes in ({"break_glass": False}, {"reads": frozenset({"identity"})}):
        found = permitted(REGISTERED, agreements=LINE, consents=given, **changes)
        assert (found.waits, found.break_glass) == (False, False), changes
    both = {"H2": LINE["H2"] + LINE["H1"]}
    assert permitted(REGISTERED, agreements=both, consents=given).waits is False
    ended = {"H2": (replace(LINE["H2"][0], ends=date(2026, 3, 1)),)}
    assert permitted(REGISTERED, agreements=ended, consents=given).waits is False


def test_cell_of_an_emergency_line_is_locked_before_the_declaration():
    def met(name: str, **changes: object) -> rules.Decision:
        facts = replace(BARE, relationships=(REGISTERED,), agreements=LINE, **changes)
        return rules.decide_cell(GP, facts, "p", "H2", name, "direct care", NOW)

    assert met("hospital") == Locked("shared in an emergency alone", True)
    assert isinstance(met("plan"), NotFound)
    assert isinstance(met("hospital", break_glass=False), NotFound)
    assert isinstance(met("hospital", declaration=Declaration("d1", NOW - DAY, NOW + DAY)), Permit)


cells = st.builds(
    dict,
    role=st.sampled_from(list(access.roles())),
    information_class=st.sampled_from(list(access.classes())),
    purpose=st.sampled_from(world.PURPOSES) | st.text(max_size=5),
    controller=st.sampled_from(["own", "other"]),
    agreement=st.sampled_from(access.states("agreement")),
    tie=st.sampled_from(access.states("tie")),
    consent=st.sampled_from(access.states("consent")),
    glass=st.sampled_from(access.states("glass")),
    model=st.sampled_from(["explicit", "direct-care"]),
)


@given(cells.filter(lambda cell: access.roles()[cell["role"]]["kind"] != "personal" or cell["controller"] == "other"))
def test_decide_is_total(cell):
    assert world.decided(cell) == access.answer(cell)[0]


def test_tie_is_open_from_its_first_moment_to_before_its_last():
    tie = Tie("G1", "visit", NOW, NOW + DAY)
    assert [tie.is_open(at) for at in (NOW - DAY, NOW, NOW + DAY)] == [False, True, False]


times = st.datetimes(datetime(2026, 2, 25), datetime(2026, 3, 10)).map(lambda at: at.replace(tzinfo=UTC))


def test_agreement_is_in_force_on_its_first_and_last_day():
    first, last = date(2026, 4, 1), date(2026, 4, 30)
    days = [date(2026, 3, 31), first, last, date(2026, 5, 1)]
    assert [rules.is_in_force(first, last, day) for day in days] == [False, True, True, False]
    assert rules.is_in_force(first, None, date(2040, 1, 1))


rows = st.builds(
    RelationshipRow,
    st.just("p"),
    st.just("G1"),
    st.just("visit"),
    st.sampled_from(["r1", "r2"]),
    times,
    st.none() | times,
    st.none() | times,
)


def dates(found: list[RelationshipRow]) -> list[tuple[object, ...]]:
    return [(row.tie_key, row.age_key) for row in found]


@given(st.lists(rows, max_size=8), st.randoms())
def test_newest_of_is_the_same_in_any_order_and_twice(told, randomness):
    shuffled = told * 2
    randomness.shuffle(shuffled)
    assert dates(rules.newest_of(told)) == dates(rules.newest_of(shuffled))


def test_newest_of_keeps_the_later_telling_and_the_last_person():
    later = RelationshipRow("p1", "G1", "visit", "r", NOW, NOW + DAY, NOW + DAY)
    older = RelationshipRow("p2", "G1", "visit", "r", NOW, None, NOW)
    [kept] = rules.newest_of([later, older])
    assert (kept.person, kept.ends) == ("p2", NOW + DAY)


def test_newest_of_at_one_moment_an_end_beats_none():
    open_row = RelationshipRow("p", "G1", "visit", "r", NOW, None, NOW)
    ended = RelationshipRow("p", "G1", "visit", "r", NOW, NOW, NOW)
    assert rules.newest_of([ended, open_row])[0].ends == rules.newest_of([open_row, ended])[0].ends == NOW


def test_agreement_from_a_row_of_text():
    row = rules.agreement_from(
        {"controller_code": " G1 ", "signed_on": "2026-03-01", "purposes": "direct care; planning", "classes": ""}
    )
    assert row == rules.AgreementRow("G1", date(2026, 3, 1), date(2026, 3, 1), None, ("direct care", "planning"))


def test_agreement_from_a_row_of_values():
    row = rules.agreement_from({"controller_code": "G1", "starts": date(2026, 3, 1), "purposes": ("a",), "note": "n"})
    assert (row.starts, row.purposes, row.classes, row.note) == (date(2026, 3, 1), ("a",), (), "n")


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        ({"starts": "2026-01-01"}, "controller_code"),
        ({"controller_code": "G1"}, "the day it starts"),
        ({"controller_code": "G1", "starts": "soon"}, "'starts' in the agreement of G1"),
        ({"controller_code": "G1", "starts": "2026-01-02", "ends": "2026-01-01"}, "ends before"),
    ],
)
def test_agreement_from_names_the_fault(row, fault):
    with pytest.raises(ValueError, match=fault):
        rules.agreement_from(row)


def test_facts_and_answers_that_say_nothing_open_nothing():
    bare = Facts("p")
    assert (bare.direct_care, bare.break_glass, bare.personal) == (False, False, False)
    assert (Permit("b").break_glass, Permit("b").rule, Permit("b").declaration) == (False, "", "")
    assert Locked("r").break_glass is False
    assert decide(may=frozenset()) == NotFound("role opens no record")


@pytest.mark.parametrize(
    ("decision", "reason"),
    [
        (decide(REGISTERED, purpose="research"), "purpose opens no record"),
        (decide(actor=Actor("k", "n", "gp", "")), "user has no organisation"),
        (decide(person="q"), "facts are about somebody else"),
        (decide(direct_care=False), "no open relationship"),
        (decide(personal=True, purpose="own record"), "no open relationship"),
    ],
)
def test_reason_for_the_ledger_says_what_was_missing(decision, reason):
    assert decision == NotFound(reason)


def cell(information_class: str, *ties: Tie, **changes: object) -> rules.Decision:
    facts = replace(BARE, relationships=ties, **changes)
    return rules.decide_cell(GP, facts, "p", "H1", information_class, "direct care", NOW)


def test_cell_says_why_it_is_open_or_closed():
    unread = "the role does not read this class, or its controller does not share it"
    assert cell("hiv", REGISTERED) == NotFound(unread)
    assert cell("identity") == Permit("demographics are traced", "trace")
    assert cell("plan") == Locked("no relationship", True, frozenset({"G1", "H1"}))
    assert cell("plan", REGISTERED) == Locked("consent not asked", True)
    assert cell("plan", REGISTERED, direct_care=False) == NotFound("consent does not open this class")
    assert cell("plan", direct_care=False) == NotFound("no open relationship")


def test_urgent_contact_beside_a_relationship_is_a_relationship():
    urgent = Tie("G1", "111-case", NOW - DAY, urgent=True)
    assert permitted(urgent, REGISTERED).rule == "relationship"
    assert permitted(urgent).rule == "urgent contact"
    assert permitted(urgent, classes=CLASSES | {"plan": replace(DIRECT, urgent=True)}).cells["H1"] >= {"plan"}


def test_withdrawn_is_told_as_withdrawn_and_refused_as_refused():
    for chosen in ("refused", "withdrawn"):
        consents = {"hospital": ConsentFact("hospital", chosen, NOW - DAY)}
        assert permitted(REGISTERED, consents=consents).closed["hospital"] == f"consent {chosen}"
        declared = Declaration("d1", NOW - DAY, NOW + DAY)
        assert permitted(declaration=declared, consents=consents).closed["hospital"] == f"consent {chosen}"


def test_words_of_the_tables_are_those_of_the_catalogue():
    assert rules.CHOICES == ("given", "refused", "withdrawn")
    assert rules.MADE_BY == ("person", "attorney", "deputy", "best-interests", "parent", "gillick")
    assert rules.REASONS == ("life-threat", "cannot-be-asked", "safeguarding")
    assert timedelta(hours=24) == rules.URGENT_LINGERS
    assert ConsentFact("plan", "given", NOW).made_by == "person"
    assert ConsentFact("plan", "given", NOW).capacity


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"starts": "2026-01-01"}, "an agreement needs its controller_code"),
        ({"controller_code": "G1"}, "the agreement of G1 needs the day it starts"),
        (
            {"controller_code": "G1", "starts": "2026-01-02", "ends": "2026-01-01"},
            "the agreement of G1 ends before it starts",
        ),
        (
            {"controller_code": "G1", "ends": "x", "starts": "2026-01-02"},
            "'ends' in the agreement of G1 is not a date like 2026-04-01",
        ),
    ],
)
def test_fault_of_an_agreement_in_whole_words(row, words):
    with pytest.raises(ValueError) as told:  # noqa: PT011 - the whole text is compared
        rules.agreement_from(row)
    assert str(told.value) == words


def test_agreement_of_one_day_is_one():
    row = {"controller_code": "G1", "starts": "2026-01-02", "ends": "2026-01-02", "signed_on": "2026-01-01"}
    assert rules.agreement_from(row).ends == date(2026, 1, 2)
