"""Relationships, agreements, users and keys on a database; each change leaves its ledger row."""

import itertools
import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import IntegrityError, transaction

from oneplace.access import actions, queries, rules
from oneplace.access.models import Agreement, ApiKey, Relationship
from oneplace.access.rules import Actor, Locked, NotFound, Permit, RelationshipRow
from oneplace.kernel import clock
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


def test_agreements_load_once_and_answer_who_shares():
    rows = [
        {"controller_code": "G1", "signed_on": "2026-01-10", "starts": "2026-02-01", "purposes": "direct care"},
        {"controller_code": "G2", "starts": "2027-01-01"},
        {"controller_code": "G3", "starts": "2025-01-01", "ends": "2026-03-01"},
        rules.agreement_from({"controller_code": "G3", "starts": "2026-03-02", "note": "renewed"}),
    ]
    assert actions.load_agreements(rows, by="test") == 4
    assert actions.load_agreements(rows, by="test") == 0
    assert len(latest()) == 1
    assert queries.sharing_controllers(NOW) == {"G1", "G3"}
    lines = queries.agreements(NOW)
    assert {code: line.in_force for code, line in lines.items()} == {"G1": True, "G2": False, "G3": True}
    assert lines["G1"].purposes == ("direct care",)
    assert lines["G3"].note == "renewed"
    assert set(queries.agreements()) == {"G1", "G2", "G3"}


def test_agreement_in_force_stands_before_one_that_is_still_to_come():
    now, later = {"controller_code": "G1", "starts": "2026-01-01"}, {"controller_code": "G1", "starts": "2030-01-01"}
    actions.load_agreements([now, later], by="test")
    assert queries.agreements(NOW)["G1"].in_force


def test_agreements_load_from_any_row_with_the_fields():
    @dataclass
    class Told:
        controller_code: str
        starts: str

    actions.load_agreements(
        [Told("G1", "2026-01-01"), [("controller_code", "G2"), ("starts", "2026-01-01")]], by="test"
    )
    assert queries.sharing_controllers(NOW) == {"G1", "G2"}


def test_agreement_changed_in_the_folder_is_changed_here():
    actions.load_agreements([{"controller_code": "G1", "starts": "2026-01-01"}], by="test")
    changed = {"controller_code": "G1", "starts": "2026-01-01", "ends": "2026-02-01"}
    assert actions.load_agreements([changed], by="test") == 1
    assert queries.sharing_controllers(NOW) == set()


def test_agreement_no_longer_told_ends_at_once():
    now = clock.now()
    today = clock.to_london(now).date().isoformat()
    actions.load_agreements(
        [{"controller_code": "G1", "starts": "2020-01-01"}, {"controller_code": "G2", "starts": today}], by="test"
    )
    assert queries.sharing_controllers(now) == {"G1", "G2"}
    assert actions.load_agreements([], by="test") == 2
    assert queries.sharing_controllers(now) == set()
    assert Agreement.objects.count() == 1
    assert actions.load_agreements([], by="test") == 0


def test_bad_agreement_row_changes_nothing():
    good = {"controller_code": "G1", "starts": "2026-01-01"}
    with pytest.raises(ValueError, match="controller_code"), transaction.atomic():
        actions.load_agreements([good, {}], by="test")
    assert queries.agreements(NOW) == {}


def test_key_opens_until_it_is_revoked_and_is_kept_as_a_digest():
    token = actions.create_key(feed_code="G1:fhir", label="GP system", by="test")
    key = queries.key_for(token)
    assert key.feed_code == "G1:fhir"
    assert token.partition(".")[2] not in repr(list(ApiKey.objects.values()))
    assert actions.revoke_key(key_id=key.key_id, by="test")
    assert queries.key_for(token) is None
    assert not actions.revoke_key(key_id=key.key_id, by="test")
    assert [line.action for line in latest()] == ["revoke key", "create key"]


@pytest.mark.parametrize("text", ["", ".", "x", "x.", ".y", "unknown.secret", "k" * 300 + ".s"])
def test_key_for_other_text_is_none(text):
    actions.create_key(feed_code="f", by="test")
    assert queries.key_for(text) is None


def test_key_with_another_secret_is_none():
    one, two = actions.create_key(feed_code="f", by="test"), actions.create_key(feed_code="g", by="test")
    assert queries.key_for(f"{one.partition('.')[0]}.{two.partition('.')[2]}") is None


def test_key_keeps_when_it_was_used_to_the_minute():
    key = queries.key_for(actions.create_key(feed_code="f", by="test"))
    actions.note_use_of_key(key)
    key.refresh_from_db()
    first = key.last_used
    actions.note_use_of_key(key)
    key.refresh_from_db()
    assert key.last_used == first is not None


def test_two_ties_of_one_reference_are_refused_by_the_database():
    person = new_person_id()
    values = {"person": person, "organisation_code": "G1", "kind": "k", "reference": "r", "starts": NOW, "told_at": NOW}
    Relationship.objects.create(**values)
    with pytest.raises(IntegrityError), transaction.atomic():
        Relationship.objects.create(**values)
