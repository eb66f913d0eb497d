"""Relationships, agreements, users and keys on a database; each change leaves its ledger row."""

import itertools
import random
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import IntegrityError, transaction

from oneplace.access import actions, queries, rules
from oneplace.access.models import BreakGlass, Consent, Relationship
from oneplace.access.rules import Actor, Locked, NotFound, Permit, RelationshipRow
from oneplace.kernel.ids import new_person_id
from oneplace.ledger.queries import latest, verify

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)
DAY = timedelta(days=1)
GP = Actor("key", "Dr A", "gp", "G1")


def row(person, reference="r1", *, org="G1", kind="registration", starts=NOW - DAY, ends=None, told_at=None):
    return RelationshipRow(person, org, kind, reference, starts, ends, told_at)


def state() -> list[tuple[object, ...]]:
    return list(
        Relationship.objects.order_by("reference", "kind").values_list(
            "person", "organisation_code", "kind", "reference", "starts", "ends", "told_at"
        )
    )


def decide(actor, person, now=NOW):
    return rules.decide(actor, queries.facts_for(actor, person, now), person, "direct care", now)


def test_user_is_created_with_an_opaque_key_and_a_ledger_row():
    user = actions.create_user(
        username="u1", password="a long pass phrase", display_name="Dr A", role="gp", organisation_code="G1", by="test"
    )
    assert queries.actor_of(user) == Actor(user.key, "Dr A", "gp", "G1")
    assert user.get_full_name() == user.get_short_name() == "Dr A"
    assert len(user.key) == 22
    assert list(queries.users()) == [user]
    assert (latest(1)[0].action, latest(1)[0].subject, latest(1)[0].actor) == ("create user", user.key, "test")
    assert "pass phrase" not in latest(1)[0].detail


def test_user_with_an_unknown_role_is_refused():
    with pytest.raises(ValueError, match="no role"):
        actions.create_user(
            username="u", password=None, display_name="A", role="wizard", organisation_code="G1", by="test"
        )


def test_password_changes_and_leaves_a_row():
    user = actions.create_user(
        username="u1", password=None, display_name="A", role="gp", organisation_code="G1", by="test"
    )
    assert not user.has_usable_password()
    actions.change_password(user=user, password="another long phrase", by="test")
    user.refresh_from_db()
    assert user.check_password("another long phrase")
    assert latest(1)[0].action == "change password"


def test_actor_of_nobody_is_refused():
    with pytest.raises(PermissionError):
        queries.actor_of(AnonymousUser())


def test_may_knows_only_declared_permissions():
    assert queries.may(GP, "open-record")
    assert not queries.may(GP, "see-ledger")
    with pytest.raises(ValueError, match="no permission"):
        queries.may(GP, "see-everything")


def test_facts_lead_to_permit_for_the_own_organisation_alone(django_assert_num_queries):
    person = new_person_id()
    actions.set_relationships([row(person)], by="test")
    assert decide(GP, person).basis == "registration with G1 since 2026-03-01"
    assert decide(GP, person).sees("G1", "hospital")
    assert decide(Actor("k", "n", "gp", "G2"), person) == Locked("no relationship", True, frozenset({"G2"}))
    assert isinstance(decide(Actor("k", "n", "mdt-coordinator", "G2"), person), NotFound)
    assert isinstance(decide(Actor("k", "n", "analyst", "G1"), person), NotFound)
    assert isinstance(decide(GP, new_person_id()), Locked)
    with django_assert_num_queries(1):
        queries.facts_for(GP, person, NOW)


def test_facts_hold_the_agreements_in_force():
    person = new_person_id()
    actions.set_relationships([row(person)], by="test")
    actions.load_agreements([{"controller_code": "G9", "starts": "2026-01-01"}], by="test")
    facts = queries.facts_for(GP, person, NOW)
    assert set(facts.agreements) == {"G9"}
    assert [tie.starts for tie in facts.relationships] == [NOW - DAY]


def test_reach_is_the_same_rule_as_the_decision():
    people = [new_person_id() for _ in range(6)]
    ends = [None, NOW + DAY, NOW, NOW - DAY / 2, None, None]
    starts = [NOW - DAY, NOW, NOW - DAY, NOW - DAY, NOW + DAY, NOW - DAY]
    orgs = ["G1", "G1", "G1", "G1", "G1", "G2"]
    actions.set_relationships(
        [row(p, f"r{n}", org=orgs[n], starts=starts[n], ends=ends[n]) for n, p in enumerate(people)], by="test"
    )
    for actor in (GP, Actor("k", "n", "gp", "G2"), Actor("k", "n", "gp", ""), Actor("k", "n", "planner", "G1")):
        decided = {person for person in people if isinstance(decide(actor, person), Permit)}
        assert set(queries.people_in_reach(actor, NOW)) == decided
    assert set(queries.people_in_reach(GP, NOW)) == set(people[:2])


def test_person_with_two_ties_is_in_reach_once():
    person = new_person_id()
    actions.set_relationships([row(person), row(person, "r2", kind="visit")], by="test")
    assert list(queries.people_in_reach(GP, NOW)) == [person]


def test_ties_told_again_change_nothing_and_leave_no_row():
    rows = [row(new_person_id(), f"r{number}") for number in range(5)]
    assert actions.set_relationships(rows, by="test") == 5
    before, written = state(), latest(1)[0].seq
    assert actions.set_relationships(rows, by="test") == 0
    assert (state(), latest(1)[0].seq) == (before, written)
    assert '"changed":5' in latest(1)[0].detail
    assert verify().ok


def test_no_ties_leave_no_row():
    assert actions.set_relationships([], by="test") == 0
    assert latest() == []


def test_ties_end_the_same_in_whatever_order_they_are_told():
    person, hour = new_person_id(), timedelta(hours=1)
    told = [
        row(person, starts=NOW, told_at=NOW),
        row(person, starts=NOW, ends=NOW + hour, told_at=NOW + hour),
        row(person, starts=NOW, ends=None, told_at=NOW + 2 * hour),
        row(person, starts=NOW, ends=NOW + 3 * hour, told_at=NOW + 3 * hour),
    ]
    ends = set()
    for order in itertools.permutations(told):
        Relationship.objects.all().delete()
        for one in order:
            actions.set_relationships([one], by="test")
        ends.add(tuple(state()))
    assert len(ends) == 1
    assert state()[0][5] == NOW + 3 * hour


def test_ties_in_random_batches_with_repeats_end_the_same():
    seed = random.Random(7)
    people = [new_person_id() for _ in range(5)]
    told = [
        row(people[n], f"r{n}", starts=NOW, ends=end, told_at=NOW + at * DAY)
        for n in range(5)
        for at, end in enumerate([None, NOW + DAY, None, NOW + 2 * DAY])
    ]
    actions.set_relationships(told, by="test")
    expected = state()
    for _ in range(10):
        Relationship.objects.all().delete()
        shuffled = told * 2
        seed.shuffle(shuffled)
        for start in range(0, len(shuffled), 7):
            actions.set_relationships(shuffled[start : start + 7], by="test")
        assert state() == expected


def test_many_ties_fit_one_call():
    rows = [row(new_person_id(), f"r{number:05}") for number in range(2500)]
    assert actions.set_relationships(rows, by="test") == 2500
    assert len(latest(5)) == 1


def test_relationship_opens_and_closes():
    person = new_person_id()
    tie = {"organisation_code": "G1", "kind": "visit", "reference": "s1"}
    assert actions.open_relationship(person=person, **tie, starts=NOW - DAY, by="test")
    assert isinstance(decide(GP, person), Permit)
    assert latest(1)[0].subject == person
    assert actions.close_relationship(**tie, ends=NOW, by="test")
    assert isinstance(decide(GP, person), Locked)
    assert isinstance(decide(GP, person, NOW - DAY / 2), Permit)
    assert not actions.close_relationship(**tie, ends=NOW, by="test")
    assert not actions.close_relationship(**{**tie, "reference": "s2"}, ends=NOW, by="test")


def test_repointing_moves_reach_and_can_be_undone():
    one, two = new_person_id(), new_person_id()
    actions.set_relationships([row(one, "a"), row(two, "b"), row(two, "c")], by="test")
    before = state()
    moved = actions.repoint_person(references=["a", "b", "c", "not there"], person=one, by="test")
    assert moved == {"b": two, "c": two}
    assert set(queries.people_in_reach(GP, NOW)) == {one}
    assert (latest(1)[0].action, latest(1)[0].subject) == ("repoint relationships", one)
    actions.repoint_person(references=moved, person=two, by="test")
    assert state() == before
    assert actions.repoint_person(references=moved, person=two, by="test") == {}


def test_older_telling_after_a_relink_names_the_new_person_and_keeps_the_newer_dates():
    old, new = new_person_id(), new_person_id()
    actions.set_relationships([row(old, told_at=NOW, ends=NOW)], by="test")
    actions.repoint_person(references=["r1"], person=new, by="test")
    actions.set_relationships([row(new, told_at=NOW - DAY)], by="test")
    assert [(tie[0], tie[5]) for tie in state()] == [(new, NOW)]


def test_two_ties_of_one_reference_are_refused_by_the_database():
    person = new_person_id()
    values = {"person": person, "organisation_code": "G1", "kind": "k", "reference": "r", "starts": NOW, "told_at": NOW}
    Relationship.objects.create(**values)
    with pytest.raises(IntegrityError), transaction.atomic():
        Relationship.objects.create(**values)


def consent(person, choice, *, about="", at=NOW - DAY, capacity=True):
    Consent.objects.create(
        person=person, information_class=about, choice=choice, taken_by="test", at=at, capacity=capacity
    )


def declare(person, **changes: object) -> BreakGlass:
    told = {
        "person": person,
        "user_key": GP.key,
        "role": "gp",
        "organisation_code": "G1",
        "reason": "life-threat",
        "text": "Found unconscious.",
        "declared_at": NOW - DAY / 24,
        "expires_at": NOW + DAY / 24,
    }
    return BreakGlass.objects.create(**told | changes)


def test_facts_hold_the_newest_choice_of_each_class():
    person = new_person_id()
    consent(person, "given", at=NOW - 3 * DAY)
    consent(person, "withdrawn")
    consent(person, "refused", about="plan", capacity=False)
    consent(new_person_id(), "given", about="hospital")
    consent(person, "given", about="hiv")
    consent(person, "refused", about="hiv")
    facts = queries.facts_for(GP, person, NOW)
    told = {name: (one.choice, one.capacity) for name, one in facts.consents.items()}
    assert told == {"": ("withdrawn", True), "plan": ("refused", False), "hiv": ("refused", True)}


def test_facts_hold_the_emergency_of_this_user_role_organisation_and_person():
    person = new_person_id()
    for changes in (
        {"user_key": "other"},
        {"role": "therapist"},
        {"organisation_code": "G2"},
        {"person": new_person_id()},
        {"expires_at": NOW},
        {"declared_at": NOW + DAY / 48},
    ):
        declare(**{"person": person} | changes)
    assert queries.facts_for(GP, person, NOW).declaration is None
    declare(person, ended_at=NOW - DAY / 48, over_refusal=True, refusal_reason="Danger to a child.")
    assert not queries.facts_for(GP, person, NOW).declaration.is_open(NOW)
    plain = declare(person)
    assert queries.facts_for(GP, person, NOW).declaration.key == plain.key
    over = declare(person, over_refusal=True, refusal_reason="Danger to a child.")
    assert queries.facts_for(GP, person, NOW).declaration.key == over.key
    assert decide(GP, person).declaration == over.key


def test_urgent_contact_lingers_for_a_day_in_facts_and_lists():
    person = new_person_id()
    actions.set_relationships([row(person, kind="111-case", starts=NOW - 3 * DAY, ends=NOW - DAY / 2)], by="test")
    assert decide(GP, person).rule == "urgent contact"
    assert list(queries.people_in_reach(GP, NOW)) == [person]
    assert isinstance(decide(GP, person, NOW + DAY / 2), Locked)
    assert list(queries.people_in_reach(GP, NOW + DAY / 2)) == []


def test_person_and_proxy_reach_by_their_own_key_as_far_as_agreed():
    person, daughter = new_person_id(), Actor("d" * 22, "Daughter", "proxy", "")
    terms = {"purposes": "direct care; own record", "classes": "identity; plan; hospital"}
    actions.load_agreements([{"controller_code": "H1", "starts": "2026-01-01", **terms}], by="test")
    actions.open_relationship(
        person=person, organisation_code=daughter.key, kind="proxy", reference="x", starts=NOW - DAY, by="test",
        scope=("identity", "plan"),
    )  # fmt: skip
    found = rules.decide(daughter, queries.facts_for(daughter, person, NOW), person, "own record", NOW)
    assert found.cells == {"H1": {"identity", "plan"}}
    assert list(queries.people_in_reach(daughter, NOW)) == [person]
    assert list(queries.people_in_reach(GP, NOW)) == []


def test_undeclared_kind_of_tie_is_refused_and_opens_nothing():
    person = new_person_id()
    with pytest.raises(ValueError, match="'acquaintance' is no kind of relationship"):
        actions.set_relationships([row(person, kind="acquaintance")], by="test")
    actions.set_relationships([row(person)], by="test")
    Relationship.objects.update(kind="acquaintance")
    assert isinstance(decide(GP, person), Locked)
    assert list(queries.people_in_reach(GP, NOW)) == []


def test_consent_model_of_the_place_decides():
    person = new_person_id()
    actions.set_relationships([row(person)], by="test")
    actions.load_agreements([{"controller_code": "H1", "starts": "2026-01-01"}], by="test")
    assert decide(GP, person).sees("H1", "hospital")
    assert actions.set_consent_models({"": "explicit", "plan": "direct-care"}, by="test")
    assert latest(1)[0].action == "set consent models"
    assert not actions.set_consent_models({"": "explicit", "plan": "direct-care"}, by="test")
    found = decide(GP, person)
    assert (found.sees("H1", "hospital"), found.sees("H1", "plan")) == (False, True)
    assert found.closed["hospital"] == "consent not asked"
    consent(person, "given")
    assert decide(GP, person).sees("H1", "hospital")
    for models, fault in (({"": "hope"}, "no consent model"), ({"letters": "explicit"}, "no class")):
        with pytest.raises(ValueError, match=fault):
            actions.set_consent_models(models, by="test")


def test_sensitive_class_stays_explicit_unless_the_place_names_it():
    terms = {"classes": "hiv; hospital"}
    person = new_person_id()
    actions.set_relationships([row(person)], by="test")
    actions.load_agreements([{"controller_code": "H1", "starts": "2026-01-01", **terms}], by="test")
    assert decide(GP, person).cells["H1"] == {"hospital"}
    actions.set_consent_models({"hiv": "direct-care"}, by="test")
    assert decide(GP, person).cells["H1"] == {"hospital", "hiv"}


def test_facts_of_many_decide_as_facts_of_one():
    people = [new_person_id() for _ in range(5)]
    told = [row(one, f"r{n}", ends=NOW if n == 3 else None) for n, one in enumerate(people[:4])]
    actions.set_relationships(told, by="test")
    actions.load_agreements([{"controller_code": "H1", "starts": "2026-01-01"}], by="test")
    actions.set_consent_models({"": "explicit"}, by="test")
    consent(people[0], "given")
    consent(people[1], "refused")
    many = queries.facts_of_many(GP, people, NOW)
    assert many == {person: queries.facts_for(GP, person, NOW) for person in people}
    assert [rules.decide(GP, many[one], one, "direct care", NOW) for one in people] == [
        decide(GP, person) for person in people
    ]


def test_sharing_names_who_lets_this_organisation_read_a_class():
    actions.load_agreements(
        [
            {"controller_code": "H1", "starts": "2026-01-01", "parties": "G1"},
            {"controller_code": "H2", "starts": "2026-01-01", "classes": "plan"},
            {"controller_code": "H3", "starts": "2026-01-01", "purposes": "research"},
        ],
        by="test",
    )
    assert queries.sharing_controllers(NOW, organisation_code="G1") == {"H1"}
    assert queries.sharing_controllers(NOW, organisation_code="G2") == set()
    assert queries.sharing_controllers(NOW, organisation_code="G2", information_class="plan") == {"H2"}
    assert queries.sharing_controllers(NOW, purpose="research") == {"H3"}
