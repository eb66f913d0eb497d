"""A person's own sign-in and a proxy's: given after a check, limited as agreed, ended at once, moved with a merge."""

from datetime import UTC, datetime, timedelta

import pytest
from factories.senders import OTHER, file, hospital, surgery
from factories.signing_in import staff

from oneplace.access import own, queries, roles, users
from oneplace.access.models import Employment, OwnAccess, Relationship, User
from oneplace.access.own import Agreed, Check
from oneplace.access.rules import Actor, NotFound, Permit, Purpose, decide, proxy_fault
from oneplace.access.users import Unfit
from oneplace.kernel import clock
from oneplace.kernel.ids import new_person_id
from oneplace.ledger.queries import latest
from oneplace.record.models import LocalPatient

pytestmark = pytest.mark.django_db
DESK = Actor("desk", "Rosa Desk", "receptionist", "G1")
SEEN = Check("photo-id", "passport, seen today")
DAY = timedelta(days=1)


def mine(person, username="mary", **changes):
    return own.give_own_access(
        **{"person": person, "username": username, "name": "Mary", "check": SEEN, "by": DESK} | changes
    )


def proxy(person, username="anna", *, scope=("plan",), authority="agreed", starts=None, check=SEEN, **more):
    agreed = Agreed(scope, authority, starts or clock.now(), **more)
    return own.give_proxy_access(person=person, username=username, name="Anna", agreed=agreed, check=check, by=DESK)


def actor(username="mary") -> Actor:
    return queries.actor_of(User.objects.get(username=username))


def reach(username="mary", at=None) -> set[str]:
    return set(queries.people_in_reach(actor(username), at or clock.now()))


def test_person_gets_a_sign_in_that_reaches_their_own_record_alone():
    person, other = new_person_id(), new_person_id()
    token = mine(person)
    user = users.invited(token)
    assert (user.username, actor().role, actor().organisation_code) == ("mary", "person", "")
    assert reach() == {person}
    assert queries.usual_purpose(actor()) == Purpose.OWN_RECORD
    assert queries.usual_purpose(DESK) == Purpose.DIRECT_CARE
    assert queries.usual_purpose(Actor("k", "n", "nobody", "")) == Purpose.DIRECT_CARE
    now = clock.now()
    facts = {each: queries.facts_for(actor(), each, now) for each in (person, other)}
    assert isinstance(decide(actor(), facts[person], person, "own record", now), Permit)
    assert isinstance(decide(actor(), facts[person], person, "direct care", now), NotFound)
    assert isinstance(decide(actor(), facts[other], other, "own record", now), NotFound)
    row = latest(1, action="give own access")[0]
    assert (row.subject, row.actor, row.role, row.organisation) == (person, "desk", "receptionist", "G1")
    assert "passport" not in row.detail
    (line,) = own.own_people(person)
    assert (line.kind, line.how, line.given_by, line.check_made) == (
        "self",
        "passport, seen today",
        "Rosa Desk",
        "photo-id",
    )


def test_proxy_sees_the_agreed_classes_from_the_first_day_to_the_last():
    person, now = new_person_id(), clock.now()
    proxy(person, scope=("plan", "community"), starts=now + DAY, ends=now + 3 * DAY)
    assert actor("anna").role == "proxy"
    for days, seen in ((0, set()), (2, {person}), (4, set())):
        assert reach("anna", now + days * DAY) == seen
        assert [one.person for one in own.reach_of(actor("anna"), now + days * DAY)] == list(seen)
    facts = queries.facts_for(actor("anna"), person, now + 2 * DAY)
    assert {tie.scope for tie in facts.relationships} == {frozenset({"plan", "community"})}
    assert own.own_people(person)[0].scope == ("plan", "community")


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ({"scope": ()}, "at least one"),
        ({"scope": ("safeguarding",)}, "never see 'safeguarding'"),
        ({"authority": "self"}, "on whose word"),
        ({"may_choose": True}, "can't choose for them"),
        ({"ends": datetime(2020, 1, 1, tzinfo=UTC)}, "last day"),
        ({"check": Check("photo-id", " ")}, "how they proved"),
        ({"check": Check("a hunch", "x")}, "no check"),
    ],
)
def test_proxy_that_may_not_be_is_refused_and_nothing_is_kept(told, words):
    with pytest.raises(Unfit, match=words):
        proxy(new_person_id(), **told)
    assert not User.objects.exists()
    assert not Relationship.objects.exists()


def test_attorney_may_be_given_the_choices():
    assert proxy_fault(("plan",), ("plan",), "attorney", True, clock.now(), None) == ""
    person = new_person_id()
    proxy(person, authority="attorney", may_choose=True)
    assert own.own_people(person)[0].may_choose


def test_proxy_may_be_given_visits_alone():
    person = new_person_id()
    proxy(person, scope=("hospital", "documents"), visits_only=True)
    (line,) = own.own_people(person)
    assert (line.scope, line.visits_only) == (("hospital", "documents"), True)
    (tie,) = queries.facts_for(actor("anna"), person, clock.now()).relationships
    assert (tie.scope, tie.only) == ({"hospital", "documents"}, {"encounter"})


def test_classes_of_a_proxy_are_those_of_the_role(monkeypatch):
    assert "identity" not in own.proxy_classes()
    assert {"plan", "gp-record"} <= set(own.proxy_classes())
    monkeypatch.setattr(roles, "role", lambda _: None)
    assert own.proxy_classes() == []


def test_one_sign_in_serves_the_own_record_and_those_of_others():
    parent, child = new_person_id(), new_person_id()
    assert proxy(parent) != ""
    assert proxy(child, authority="parent") == ""
    assert actor("anna").role == "proxy"
    own_key = new_person_id()
    assert mine(own_key, "anna") == ""
    assert actor("anna").role == "person"
    assert Employment.objects.filter(user__username="anna", ends=None).count() == 1
    viewers = queries.viewers_of(parent, clock.now())
    assert [view.role for one in viewers for view in one.roles] == ["The person"], "the hat that is worn, and no other"
    another = new_person_id()
    proxy(another)
    assert actor("anna").role == "person"
    assert [line.person for line in own.reach_of(actor("anna"), clock.now())] == [own_key, parent, child, another]


def test_access_is_given_once_and_to_nobody_who_works_here():
    person = new_person_id()
    mine(person)
    with pytest.raises(Unfit, match="already"):
        proxy(person, "mary")
    staff("grace", "gp")
    with pytest.raises(Unfit, match="somebody who works here"):
        mine(person, "Grace")
    User.objects.filter(username="mary").update(is_active=False)
    with pytest.raises(Unfit, match="deactivated"):
        mine(new_person_id())
    operator = Actor("operator", "operator", "", "")
    User.objects.filter(username="mary").update(is_active=True)
    with pytest.raises(Unfit, match="person's own sign-in"):
        users.employ(username="mary", role="gp", organisation_code="G1", team="", by=operator)
    assert "" not in queries.employers()


def test_ended_access_is_gone_at_once_and_can_be_given_anew():
    person = new_person_id()
    proxy(person)
    (line,) = own.own_people(person)
    own.end_own_access(person=person, key=line.key, reason="she asked for it", by=DESK)
    assert reach("anna") == set()
    assert own.own_people(person)[0].end_reason == "she asked for it"
    row = latest(1, action="end own access")[0]
    assert (row.subject, row.actor) == (person, "desk")
    for key in (line.key, "nobody's"):
        with pytest.raises(Unfit, match="ended already"):
            own.end_own_access(person=person, key=key, reason="again", by=DESK)
    with pytest.raises(Unfit, match="ended already"):
        own.end_own_access(person=new_person_id(), key=line.key, reason="of another", by=DESK)
    proxy(person)
    assert reach("anna") == {person}
    assert OwnAccess.objects.count() == 2


def test_access_follows_a_merge_and_comes_back():
    """The surgery's number arrives and joins it to the hospital's person; corrected, they are two again."""
    file(surgery(number=""), hospital())
    before = LocalPatient.objects.get(local_id="p1").person.key
    mine(before)
    proxy(LocalPatient.objects.get(source__code="RCB").person.key)
    file(surgery(at="2021-07-02T12:00:00+00:00"))
    joined = LocalPatient.objects.get(local_id="p1").person.key
    assert joined != before
    assert reach() == {joined} == reach("anna")
    assert latest(1, action="repoint relationships")[0].actor == "test"
    file(surgery(number="", at="2021-08-02T12:00:00+00:00"))
    assert LocalPatient.objects.get(local_id="p1").person.key == before
    assert (reach(), reach("anna")) == ({before}, {joined})


def test_access_stays_where_it_was_given_when_a_stranger_joins_and_leaves():
    file(surgery(), hospital(number=""))
    person = LocalPatient.objects.get(local_id="p1").person.key
    mine(person)
    file(hospital(day="20210106"))
    file(hospital(number=OTHER, day="20210107"))
    assert LocalPatient.objects.get(source__code="RCB").person.key != person
    assert reach() == {person}
