"""Unusual access, from looks at the door to the privacy officer's work-list; likeness told in pairs, never in names."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.db import DatabaseError, transaction
from django.test import Client
from factories.places import FOLDER, PRACTICE
from factories.senders import OTHER, file, hospital, surgery

from oneplace.access import actions as access
from oneplace.access.queries import actor_of
from oneplace.kernel import clock
from oneplace.ledger import actions, queries
from oneplace.ledger.models import LedgerIsAppendOnly, Pattern, PatternReview
from oneplace.ledger.rules.patterns import Finding, Look
from oneplace.record import door
from oneplace.record.models import LocalPatient
from oneplace.record.resemblance import name_of, resemblances
from oneplace.site import due, loading, patterns

pytestmark = pytest.mark.django_db
STREET = [{"line": ["1 High Street"], "postalCode": "ZZ9 9ZA"}]


def person_of(local: str = "p1") -> str:
    return LocalPatient.objects.get(local_id=local).person.key


def user(name: str, role: str = "gp", organisation: str = "G99001"):
    told = {"display_name": name, "role": role, "organisation_code": organisation}
    return access.create_user(username=name.split()[-1].lower() + role, password=None, by="test", **told)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Dr Mary Burrows", ("burrows", "mary")),
        ("Prof. Sister Mary Ann O'Neill", ("oneill", "mary")),
        ("Burrows", None),
        ("Dr Burrows", None),
        ("", None),
    ],
)
def test_name_of_staff_is_read_without_titles(text, name):
    assert name_of(text) == name


def alike(*pairs: tuple[str, str], **staff: str):
    return resemblances(set(pairs), staff)


def test_resemblance_by_name_address_and_trade():
    file(
        surgery(address=STREET),
        surgery(local="p2", number=OTHER, given="Ann", address=STREET),
        surgery(local="p3", number="", family="Alder", given="Ann", address=STREET),
        surgery(local="p4", number="", family="Birch", given="Eve"),
    )
    mary, ann, alder, birch = (person_of(key) for key in ("p1", "p2", "p3", "p4"))
    pairs = {("u1", one) for one in (mary, ann, alder, birch)}
    found = alike(*pairs, u1="Dr Mary Burrows", u2="Eve Birch", u3="Cher")
    assert found.own_record == {("u1", mary)}
    assert found.own_name == {("u1", ann)}
    assert found.household == {("u1", ann), ("u1", alder)}
    assert found.colleague == {("u1", birch)}
    assert "urrows" not in repr(found)
    nobody = alike(*pairs, u3="Cher")
    assert not any((nobody.own_record, nobody.own_name, nobody.household, nobody.colleague))


def test_common_family_name_says_nothing():
    file(*(surgery(local=f"p{n}", number="", given=f"Given{n}") for n in range(22)))
    pair = ("u1", person_of("p1"))
    assert alike(pair, u1="Zoe Burrows").own_name == set()
    file(surgery(local="q1", number="", family="Alder"))
    pair = ("u1", person_of("q1"))
    assert alike(pair, u1="Zoe Alder").own_name == {pair}


def test_looks_become_patterns_once():
    file(surgery(), hospital(), hospital("A03", day="20210109"))
    reader = user("Dr Zoe Burrows")
    door.open(actor_of(reader), person_of())
    nurse = user("Nora Night", "ward-nurse", "RCB")
    door.open(actor_of(nurse), person_of())
    assert patterns.look(by="test") == 2
    assert patterns.look(by="test") == 0
    found = {one.rule: one for one in queries.patterns(("",))}
    assert set(found) == {"own-name", "after-end"}
    assert (found["own-name"].actor, found["own-name"].subject) == (reader.key, person_of())
    assert found["after-end"].words == "the last relationship ended 9 January 2021"
    assert found["own-name"].day == clock.to_london(clock.now()).date()
    assert queries.latest(1)[0].action == "find patterns"


def test_looks_of_the_last_week_alone_are_read():
    file(surgery())
    door.open(actor_of(user("Dr A Reader")), person_of())
    assert len(queries.looks(clock.real_now() - patterns.WINDOW)) == 1
    assert queries.looks(clock.real_now() + timedelta(seconds=1)) == []


def test_due_jobs_look_each_hour(monkeypatch):
    calls = []
    monkeypatch.setattr(patterns, "look", lambda **told: calls.append(told))
    monkeypatch.setattr(patterns, "_looked_at", None)
    due.run()
    due.run()
    assert calls == [{"by": due.BY}]


def finding(rule: str = "own-name", **more: object) -> Finding:
    told = {"seq": 1, "at": clock.now(), "actor": "u1", "role": "gp", "organisation": "G99001", "subject": "p"} | more
    return Finding(rule, Look(**told), "p")


def pattern_key() -> str:
    seq = actions.write(actor="u1", action="open record", subject="p", role="gp", organisation="G99001")
    actions.keep_patterns([finding(seq=seq)], by="test")
    return queries.patterns(("",))[0].key


def review(key: str, outcome: str = "fine", note: str = "own patient"):
    return actions.review_pattern(key=key, outcome=outcome, note=note, by="officer")


def test_newest_review_is_the_state_and_none_is_changed():
    key = pattern_key()
    review(key, "asked")
    assert queries.pattern_counts() == {"": 0, "fine": 0, "asked": 1, "action": 0}
    review(key, "fine", "she rang back")
    assert [one.outcome for one in queries.reviews_of(queries.pattern(key))] == ["fine", "asked"]
    assert queries.pattern(key).state == "fine"
    assert [row.action for row in queries.latest(2)] == ["review pattern"] * 2
    assert review("nothing") is None
    for attempt in (lambda: Pattern.objects.update(rule="x"), lambda: PatternReview.objects.all().delete()):
        with pytest.raises(LedgerIsAppendOnly):
            attempt()


@pytest.mark.parametrize(("outcome", "note"), [("", "x"), ("never", "x"), ("fine", "  ")])
def test_review_without_outcome_or_note_is_refused(outcome, note):
    key = pattern_key()
    with pytest.raises(ValueError, match=r"Choose|Say"):
        review(key, outcome, note)
    assert queries.pattern(key).state == ""


def test_review_that_cannot_be_recorded_is_not_kept(monkeypatch):
    key = pattern_key()
    monkeypatch.setattr(actions, "_INSERT", actions._INSERT.replace("ledger_row", "ledger_gone"))
    with pytest.raises(DatabaseError), transaction.atomic():
        review(key)
    assert queries.pattern(key).state == ""


@pytest.fixture
def officer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Client:
    """A browser of a privacy officer in the example place."""
    monkeypatch.setattr(settings, "HOME", tmp_path)
    loading.load_place(FOLDER, by="test")
    client = Client()
    client.force_login(
        user("Olive Officer", "privacy-officer", PRACTICE), backend="django.contrib.auth.backends.ModelBackend"
    )
    return client


def test_report_is_listed_opened_and_done(officer):
    key = pattern_key()
    home = officer.get("/").content.decode()
    assert "1 pattern to look at" in home
    page = officer.get("/access-reports/").content.decode()
    assert re.findall(r"\?show=(\w+)\"[^>]*>[^(]*\((\d+)\)", page) == [
        ("open", "1"), ("new", "1"), ("asked", "0"), ("done", "0"),
    ]  # fmt: skip
    one = officer.get(f"/access-reports/{key}/").content.decode()
    assert "Own family name" in one
    assert "open record" in one
    missing = officer.post(f"/access-reports/{key}/", {"outcome": "fine", "note": ""})
    assert missing.status_code == 400
    assert "Say in a few words" in missing.content.decode()
    assert "Choose what" in officer.post(f"/access-reports/{key}/", {"note": "x"}).content.decode()
    done = officer.post(f"/access-reports/{key}/", {"outcome": "fine", "note": "her own list"}, follow=True)
    assert "Nothing waits to be looked at" in done.content.decode()
    assert "her own list" in officer.get(f"/access-reports/{key}/").content.decode()
    assert key in officer.get("/access-reports/?show=done").content.decode()
    assert "Nobody has been asked" in officer.get("/access-reports/?show=asked").content.decode()
    assert officer.get("/access-reports/nothing/").status_code == 404


def test_reports_are_read_in_pages(officer):
    actions.keep_patterns([finding(actor=f"u{n}", seq=n) for n in range(60)], by="test")
    first = officer.get("/access-reports/").content.decode()
    older = re.search(r'href="(\?show=open&amp;before=\d+)"', first)[1].replace("&amp;", "&")
    rest = officer.get(f"/access-reports/{older}").content.decode()
    keys = re.findall(r"/access-reports/([\w-]{22})/", first + rest)
    assert len(set(keys)) == len(keys) == 60
    assert "None has been looked at" in officer.get("/access-reports/?show=done&before=x").content.decode()


def test_button_looks_now(officer):
    file(surgery())
    door.open(actor_of(user("Zoe Burrows")), person_of())
    assert "1 new" in officer.post("/access-reports/look/", follow=True).content.decode()
    assert "Nothing new" in officer.post("/access-reports/look/", follow=True).content.decode()
    page = officer.get("/access-reports/").content.decode()
    assert "Zoe Burrows" in page
    assert "Mary" not in page
