"""The person's own pages: their record, who looked, sharing; a proxy as far as agreed; nobody else."""

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.test import Client
from factories import wire
from factories.places import COMMUNITY, HOSPITAL, OTHER_PRACTICE, PRACTICE, load_few, named
from factories.senders import JULY, file, hospital, problem, surgery

from oneplace.access import actions as access
from oneplace.access import consents, own
from oneplace.access.models import BreakGlass, User
from oneplace.access.own import Agreed, Check
from oneplace.access.rules import Actor
from oneplace.kernel import clock
from oneplace.kernel.ids import PersonId, new_person_id
from oneplace.ledger import actions as ledger
from oneplace.ledger.queries import latest
from oneplace.place import queries as place
from oneplace.record import door
from oneplace.record.models import LocalPatient
from oneplace.site import patterns

pytestmark = pytest.mark.django_db
BY = Actor("desk", "Rosa Desk", "receptionist", PRACTICE)
SEEN = Check("photo-id", "passport")
GP = Actor("gp1", "Dr A", "gp", PRACTICE)
LETTER = wire.clinical("DocumentReference", "d1", type=wire.concept(display="Letter to Mary"), status="current")


@pytest.fixture
def person() -> PersonId:
    cache.clear()
    load_few(PRACTICE, OTHER_PRACTICE, HOSPITAL, COMMUNITY)
    file(surgery(problem(), LETTER, code=PRACTICE), hospital(code=HOSPITAL))
    return LocalPatient.objects.get(local_id="p1").person.key


def browser(username: str) -> Client:
    client = Client()
    client.force_login(User.objects.get(username=username), backend="django.contrib.auth.backends.ModelBackend")
    return client


@pytest.fixture
def mary(person) -> Client:
    own.give_own_access(person=person, username="mary", name="Mary", check=SEEN, by=BY)
    return browser("mary")


def proxy(person: PersonId, *scope: str, authority: str = "agreed", may_choose: bool = False, **more) -> Client:
    agreed = Agreed(scope, authority, clock.now(), may_choose=may_choose, **more)
    told = {"person": person, "username": "anna", "name": "Anna Burrows", "check": SEEN, "by": BY}
    own.give_proxy_access(**told, agreed=agreed)
    return browser("anna")


def text(client: Client, address: str, status: int = 200) -> str:
    answer = client.get(address)
    assert answer.status_code == status, answer
    return answer.content.decode()


def choose(client: Client, name: str, share: str, **more: object):
    """Both steps of a change; `whose` and `seen` as the pages tell them."""
    line = own.reach_of(actor_of(client), clock.now())[0]
    held = consents.standing_choices(consents.choices_of(line.person)).get("" if name == "everything" else name)
    told = {"share": share, "whose": line.key, "seen": held.key if held else 0, "sure": "yes"} | more
    return client.post(f"/sharing/{name}/", told, follow=True)


def actor_of(client: Client) -> Actor:
    user = User.objects.get(pk=client.session["_auth_user_id"])
    return Actor(user.key, user.display_name, "person", "")


def hospital_seen(person: PersonId) -> bool:
    opened = door.open(GP, person)
    return "Inpatient stay" in repr(opened)


def test_person_lands_on_their_record_with_sources_and_the_telephone(mary, person):
    assert mary.get("/").url == "/my-record/"
    page = text(mary, "/my-record/")
    assert "Hypertension" in page
    assert named(PRACTICE) in page
    assert named(HOSPITAL) in page
    assert place.organisation(PRACTICE).phone in page
    assert "Home</a>" not in page
    row = latest(1, action="open record")[0]
    assert (row.purpose, row.role, row.subject) == ("own record", "person", person)
    assert "print" in text(mary, "/my-record/?print=yes")
    assert "Hypertension" in text(mary, "/my-record/parts/problems/")


def test_person_opens_an_entry_and_reads_who_told_it(mary, person):
    opened = door.open(GP, person)
    key = next(item.key for panel in opened.windowlets for item in panel.items if item.display == "Hypertension")
    page = text(mary, f"/my-record/items/{key}/")
    assert "Who told this" in page
    assert "SHA-256" not in page
    assert mary.get("/my-record/items/99999999/").url == "/my-record/"
    assert mary.get("/my-record/parts/nothing/").url == "/my-record/"


def test_person_finds_nobody_else_and_no_page_of_staff(mary, person):
    file(surgery(problem(display="Secretitis"), code=PRACTICE, local="p2", number="", given="Peter", born="1980-01-01"))
    other = LocalPatient.objects.get(local_id="p2").person.key
    for address in (f"/people/{other}/", f"/people/{new_person_id()}/", f"/people/{person}/"):
        assert "Secretitis" not in text(mary, address, 404)
    for address in ("/people/", "/feeds/", "/ledger/", f"/people/{person}/own-people/"):
        text(mary, address, 403)


def test_person_who_reads_their_own_record_is_no_unusual_access(mary, person):
    User.objects.filter(username="mary").update(display_name="Mary Burrows")
    text(mary, "/my-record/")
    assert patterns.look(by="test") == 0
    told = {"display_name": "Dr Mary Burrows", "role": "gp", "organisation_code": PRACTICE}
    doctor = access.create_user(username="dr", password=None, by="test", **told)
    door.open(Actor(doctor.key, "Dr Mary Burrows", "gp", PRACTICE), person)
    assert patterns.look(by="test") > 0


def test_page_that_cannot_be_recorded_is_not_shown(mary, person, monkeypatch):
    def full(**_: object) -> int:
        raise OSError("disk full")

    monkeypatch.setattr(ledger, "write", full)
    mary.raise_request_exception = False
    for address in ("/my-record/", "/my-record/parts/problems/", "/who-has-looked/", "/sharing/", "/whose-record/"):
        assert "Burrows" not in text(mary, address, 500)
    choose(mary, "hospital", "no")
    assert consents.choices_of(person) == []


def test_staff_have_no_own_pages(person):
    access.create_user(
        username="fiona", password=None, display_name="Dr F", role="gp", organisation_code=PRACTICE, by="test"
    )
    for address in ("/my-record/", "/who-has-looked/", "/sharing/", "/whose-record/", "/sharing/everything/"):
        text(browser("fiona"), address, 403)


def test_proxy_sees_the_agreed_class_and_nothing_besides(person):
    anna = proxy(person, "documents")
    page = text(anna, "/my-record/")
    assert "Letter to Mary" in page
    assert "Hypertension" not in page
    assert named(HOSPITAL) not in page, "who else knows the person was not agreed"
    assert "You see what was agreed" in page
    opened = door.open(GP, person)
    key = next(item.key for panel in opened.windowlets for item in panel.items if item.display == "Hypertension")
    assert anna.get(f"/my-record/items/{key}/").url == "/my-record/"
    assert "Hypertension" not in text(anna, "/my-record/parts/problems/")
    text(anna, "/who-has-looked/", 403)
    assert "decided by Mary" in text(anna, "/sharing/")
    text(anna, "/sharing/documents/", 404)
    assert choose(anna, "documents", "no").status_code == 404
    assert consents.choices_of(person) == []


def test_proxy_for_visits_alone_sees_these_and_no_letter(person):
    anna = proxy(person, "hospital", "documents", "gp-summary", visits_only=True)
    page = text(anna, "/my-record/")
    assert "Visits and booked contacts only" in page
    assert "Inpatient stay" in page
    for hidden in ("Letter to Mary", "Hypertension"):
        assert hidden not in page
        assert hidden not in text(anna, "/my-record/parts/timeline/")
    opened = door.open(GP, person)
    key = next(item.key for panel in opened.windowlets for item in panel.items if item.display == "Letter to Mary")
    assert anna.get(f"/my-record/items/{key}/").url == "/my-record/"
    who = Actor(User.objects.get(username="anna").key, "Anna", "proxy", "")
    assert door.letters(who, purpose="own record").letters == ()


def test_safeguarding_is_shown_neither_to_the_person_nor_to_who_acts_for_them(mary, person):
    file(surgery(problem("x7", "Safeguarding concern"), LETTER, code=PRACTICE, at=JULY))
    terms = {"controller_code": PRACTICE, "starts": "2020-01-01", "purposes": "own record; direct care"}
    access.load_agreements([terms | {"classes": "identity; gp-summary; documents; safeguarding"}], by="test")
    assert "Safeguarding concern" in repr(door.open(GP, person))
    for client in (mary, proxy(person, "gp-summary", "documents")):
        page = text(client, "/my-record/")
        assert "Letter to Mary" in page
        assert "Safeguarding concern" not in page


def test_proxy_whose_classes_hold_nothing_is_told_so(person):
    page = text(proxy(person, "plan"), "/my-record/")
    assert "None recorded" not in page
    assert "Hypertension" not in page


def test_access_that_ended_or_has_not_begun_shows_nobody(person):
    anna = proxy(person, "documents")
    (line,) = own.own_people(person)
    own.end_own_access(person=person, key=line.key, reason="asked", by=BY)
    assert "no record here" in text(anna, "/my-record/", 404)
    assert "no record here" in text(anna, "/whose-record/")
    text(anna, "/sharing/", 404)


def test_person_of_whom_nothing_may_be_shown_is_told_so(mary):
    terms = {"controller_code": PRACTICE, "starts": "2020-01-01", "purposes": "direct care"}
    access.load_agreements([terms], by="test")
    for address in ("/my-record/", "/who-has-looked/", "/sharing/"):
        assert "no record here" in text(mary, address, 404)
    assert mary.get("/my-record/parts/problems/").url == "/my-record/"
    text(mary, "/sharing/everything/", 404)


def test_who_has_looked_names_organisation_role_and_reason(mary, person):
    door.open(GP, person)
    door.open(GP, person)
    door.open(Actor("n1", "Nurse B", "ward-nurse", COMMUNITY), person)
    page = text(mary, "/who-has-looked/")
    assert f"you are registered with {named(PRACTICE)}" in page
    assert "2 times" in page
    assert "Dr A" not in page
    assert "Met a closed record" in page
    assert "You</strong>" not in page
    text(mary, "/my-record/")
    mine = text(mary, "/who-has-looked/?mine=yes")
    assert "You</strong>" in mine
    assert latest(1, action="list who looked")[0].subject == person


def test_who_has_looked_shows_emergencies_and_those_who_act_for_one(mary, person):
    text(proxy(person, "documents"), "/my-record/")
    now = clock.now()
    glass = BreakGlass.objects.create(
        person=person, user_key="n1", role="ward-nurse", organisation_code=COMMUNITY, reason="life-threat",
        text="collapsed", declared_at=now, expires_at=now + timedelta(hours=1),
    )  # fmt: skip
    door.open(Actor("n1", "Nurse B", "ward-nurse", COMMUNITY), person)
    access.open_relationship(
        person=person, organisation_code=COMMUNITY, kind="111-case", reference="c1", starts=now, by="test"
    )
    door.open(Actor("n2", "Nurse C", "ward-nurse", COMMUNITY), person)
    ledger.write(actor="gone", role="proxy", action="open record", subject=person, purpose="own record", basis="x")
    ledger.write(actor="someone", role="gp", action="open record", subject=person, purpose="research", basis="x")
    declared = {"actor": "n1", "role": "ward-nurse", "organisation": COMMUNITY, "action": "break the glass"}
    words = {"purpose": "direct care", "basis": "A life is in danger", "detail": {"declaration": glass.key}}
    ledger.write(subject=person, **declared, **words)
    page = text(mary, "/who-has-looked/")
    assert "The reason that was given: A life is in danger" in page
    assert "An emergency was declared" in page
    assert "Emergency access" in page
    assert glass.key not in page
    assert "Anna Burrows" in page
    assert "Somebody who acts for you" in page
    assert "open contact (111 case)" in page
    assert "research" in page


def test_who_has_looked_is_paged(mary, person):
    for number in range(30):
        door.open(Actor(f"gp{number}", "Dr", "gp", PRACTICE), person)
    page = text(mary, "/who-has-looked/")
    older = page.split("?before=")[1].split('"')[0]
    assert "times" in text(mary, f"/who-has-looked/?before={older}")
    assert "times" in text(mary, "/who-has-looked/?before=x")


def test_choice_counts_from_the_next_request_and_can_be_undone(mary, person):
    choose(mary, "everything", "yes")
    assert hospital_seen(person)
    page = choose(mary, "hospital", "no").content.decode()
    assert not hospital_seen(person)
    assert "you took your yes back" in page
    assert "Undo this change" in page
    assert [one.choice for one in consents.choices_of(person)] == ["withdrawn", "given"]
    assert consents.choices_of(person)[0].made_by == "person"
    assert "Taken back" in mary.post("/sharing/undo/", follow=True).content.decode()
    assert hospital_seen(person)
    assert mary.post("/sharing/undo/").url == "/sharing/"
    assert len([one for one in consents.choices_of(person) if one.stands]) == 1
    assert "you said no" in choose(mary, "hiv", "no").content.decode()


def test_own_words_are_told_from_those_that_staff_wrote_down(mary, person):
    by = Actor("desk", "Rosa", "receptionist", PRACTICE)
    told = {"made_by": "person", "capacity": True, "how": "by telephone"}
    consents.record_consent(person=person, information_class="hospital", choice="refused", by=by, **told)
    assert f"written down at {named(PRACTICE)}" in text(mary, "/sharing/")
    access.load_consents([], by="test")
    consents.record_consent(
        person=person, information_class="community", choice="refused", by=Actor("op", "op", "", ""), **told
    )
    assert "written down for you" in text(mary, "/sharing/")


def test_change_is_looked_over_first_and_says_what_it_means(mary, person):
    page = text(mary, "/sharing/hospital/")
    assert "may miss something that matters" in page
    line = own.own_people(person)[0]
    asked = mary.post("/sharing/hospital/", {"share": "no", "whose": line.key}).content.decode()
    assert "Is this right?" in asked
    assert consents.choices_of(person) == []
    assert mary.post("/sharing/hospital/", {"whose": line.key}).status_code == 422
    text(mary, "/sharing/identity/", 404)
    text(mary, "/sharing/nonsense/", 404)


def test_choice_on_a_stale_page_or_for_another_record_is_not_kept(mary, person):
    choose(mary, "hospital", "no")
    stale = choose(mary, "hospital", "yes", seen="x")
    assert "Somebody recorded another choice" in stale.content.decode()
    wrong = choose(mary, "hospital", "yes", whose="another")
    assert "nothing was kept" in wrong.content.decode()
    assert [one.choice for one in consents.choices_of(person)] == ["refused"]


def test_undo_of_what_was_taken_back_meanwhile_says_so(mary, person):
    choose(mary, "hospital", "no")
    consents.take_back_consent(person=person, key=consents.choices_of(person)[0].key, by=BY)
    assert "taken back already" in mary.post("/sharing/undo/", follow=True).content.decode()


def test_attorney_chooses_for_the_person_and_is_named_as_such(person):
    anna = proxy(person, "documents", authority="attorney", may_choose=True)
    assert "Mary" in text(anna, "/sharing/")
    choose(anna, "hospital", "no")
    (line,) = consents.choices_of(person)
    assert (line.choice, line.made_by, line.capacity) == ("refused", "attorney", False)


def test_explicit_place_says_that_it_asks_first(mary, person):
    access.set_consent_models({"": "explicit"}, by="test")
    page = text(mary, "/sharing/")
    assert "nobody has asked you yet" in page
    assert "only after a yes" in page
    access.set_consent_models({"": "direct-care"}, by="test")
    assert "as is usual here" in text(mary, "/sharing/")


def test_person_ends_the_access_of_who_acts_for_them(mary, person):
    anna = proxy(person, "documents", ends=clock.now() + timedelta(days=9))
    assert "Anna Burrows" in text(mary, "/sharing/")
    line = next(one for one in own.own_people(person) if one.kind == "proxy")
    address = f"/sharing/people/{line.key}/end/"
    assert "End the access of Anna Burrows" in text(mary, address)
    text(anna, address, 403)
    assert "see your record any more" in mary.post(address, follow=True).content.decode()
    text(anna, "/my-record/", 404)
    text(mary, address, 404)


def test_access_ended_in_another_tab_meanwhile_is_told(mary, person, monkeypatch):
    proxy(person, "documents")
    line = next(one for one in own.own_people(person) if one.kind == "proxy")
    end = own.end_own_access

    def late(**told) -> None:
        end(**told)
        end(**told)

    monkeypatch.setattr(own, "end_own_access", late)
    page = mary.post(f"/sharing/people/{line.key}/end/", follow=True).content.decode()
    assert "ended already" in page


def test_who_reaches_two_records_chooses_and_can_change(mary, person):
    file(surgery(problem(display="Childitis"), code=PRACTICE, local="p2", number="", given="Peter", born="2020-01-01"))
    child = LocalPatient.objects.get(local_id="p2").person.key
    told = {"username": "mary", "name": "Mary", "check": SEEN, "by": BY}
    agreed = Agreed(("gp-summary",), "parent", clock.now(), may_choose=True)
    own.give_proxy_access(person=child, agreed=agreed, **told)
    assert mary.get("/my-record/").url == "/whose-record/"
    page = text(mary, "/whose-record/")
    assert "Peter Burrows" in page
    assert "Mary Burrows" in page
    assert mary.post("/whose-record/", {"whose": "nobody"}).status_code == 422
    key = next(one.key for one in own.own_people(child))
    assert mary.post("/whose-record/", {"whose": key}).url == "/my-record/"
    assert "Childitis" in text(mary, "/my-record/")
    assert "Hypertension" not in text(mary, "/my-record/")
    assert "is for Peter Burrows alone" in text(mary, "/who-has-looked/")
    mine = next(one.key for one in own.own_people(person))
    stale = mary.post("/sharing/gp-summary/", {"share": "no", "whose": mine, "sure": "yes"}, follow=True)
    assert "changed to another record" in stale.content.decode()
    text(mary, f"/sharing/people/{mine}/end/", 404)
