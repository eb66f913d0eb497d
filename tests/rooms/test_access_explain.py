"""Why somebody may see what: facts and rule, on the page and on the command line, and nothing that tells more."""

from datetime import timedelta

import pytest
from factories.senders import OTHER, file, hospital, problem, surgery
from test_record_door import GP, WARD, person_of, share

from oneplace.access import actions, queries
from oneplace.access.models import Consent
from oneplace.access.rules import Actor
from oneplace.kernel import clock
from oneplace.ledger import queries as ledger
from oneplace.record import door
from oneplace.record.presenters.explaining import why_page
from oneplace.record.shapes import LockedRecord, Refused

pytestmark = pytest.mark.django_db


def choose(person, about: str, choice: str) -> None:
    at = clock.now() - timedelta(days=1)
    Consent.objects.create(person=person, information_class=about, choice=choice, taken_by="test", at=at)


def line(found, name: str):
    return next(one for one in found.classes if one.name == name)


def test_explanation_names_ties_models_and_rules():
    file(surgery(problem()), hospital())
    share("G99001", "RCB")
    actions.set_consent_models({"plan": "explicit", "documents": "explicit", "hospital": "explicit"}, by="test")
    person = person_of()
    choose(person, "documents", "refused")
    choose(person, "hospital", "given")
    found = queries.explained(GP, person, clock.now())
    assert (found.outcome, found.rule, found.role, found.direct_care) == ("permit", "relationship", "GP", True)
    assert [(tie.label, tie.is_open) for tie in found.ties] == [("Registered with the practice", True)]
    told = {name: line(found, name).why for name in ("identity", "gp-summary", "plan", "documents", "hiv")}
    assert told == {
        "identity": "demographics need no consent",
        "gp-summary": "direct care, no objection",
        "plan": "consent not asked",
        "documents": "consent refused",
        "hiv": "consent not asked",
    }
    assert line(found, "hospital").why.startswith("consent given 20")
    assert (line(found, "hospital").model, line(found, "hospital").controllers) == ("explicit", ("G99001", "RCB"))
    assert "RCB" in found.sharing


def test_explanation_of_what_stays_closed():
    file(surgery(), surgery(local="p2", code="G99002", number=OTHER))
    share("G99001", "G99002")
    stranger = person_of("p2")
    locked = queries.explained(GP, stranger, clock.now())
    assert (locked.outcome, locked.basis, locked.break_glass) == ("locked", "no relationship", True)
    assert line(locked, "identity").why == "demographics are traced"
    assert line(locked, "plan").why == "no relationship"
    nobody = queries.explained(Actor("k", "n", "mdt-coordinator", "G99001"), stranger, clock.now())
    assert (nobody.outcome, nobody.break_glass) == ("not found", False)
    assert line(nobody, "plan").why == "no open relationship"
    assert queries.explained(Actor("k", "n", "wizard", "G99001"), stranger, clock.now()).role == "wizard"


def test_explanation_of_emergencies_carers_and_narrow_roles():
    from test_access_facts import declare

    file(surgery(), hospital())
    share("G99001", "RCB")
    person, now = person_of(), clock.now()
    actions.set_consent_models({"": "explicit"}, by="test")
    declare(
        person, user_key=WARD.key, role=WARD.role, organisation_code="RCB", declared_at=now,
        expires_at=now + timedelta(hours=1),
    )  # fmt: skip
    found = queries.explained(WARD, person, now)
    assert (found.rule, line(found, "plan").why, bool(found.declaration)) == ("emergency", "emergency access", True)
    own = queries.explained(Actor("k", "n", "mdt-coordinator", "RCB"), person, now)
    assert (own.outcome, line(own, "plan").why) == ("permit", "closed to this role")
    terms = {"purposes": "own record", "starts": "2020-01-01"}
    actions.load_agreements([{"controller_code": "RCB", **terms}], by="test")
    carer = Actor("c" * 22, "n", "proxy", "")
    tie = {"organisation_code": carer.key, "kind": "proxy", "reference": "x", "starts": now - timedelta(days=1)}
    actions.open_relationship(person=person, by="test", scope=("plan",), **tie)
    assert line(queries.explained(carer, person, now), "plan").why == "proxy"


def test_page_tells_why_and_leaves_out_closed_sensitive_classes(client):
    file(surgery(problem()), hospital())
    share("G99001", "RCB")
    choose(person_of(), "hiv", "refused")
    page = why_page(*door.why(GP, person_of()), clock.now())
    assert page.rule == "Your organisation has an open relationship with this person."
    labels = {one.label for one in page.classes}
    assert "HIV" not in labels
    assert "Hospital record" in labels
    assert ledger.latest(1)[0].action == "explain access"
    user = actions.create_user(
        username="u", password=None, display_name="Dr A", role="gp", organisation_code="G99001", by="test"
    )
    client.force_login(user)
    told = client.get(f"/people/{person_of()}/why/").content.decode()
    assert "Why can I see this?" in told
    assert "Registered with the practice" in told


def test_page_is_shut_as_the_record_is():
    file(surgery(), surgery(local="p2", code="G99002", number=OTHER))
    share("G99001", "G99002")
    assert isinstance(door.why(GP, person_of("p2")), LockedRecord)
    assert door.why(Actor("k", "n", "receptionist", "G99001"), person_of("p2")) == Refused()


def test_command_explains_as_words_and_as_json(capsys):
    from oneplace.site.commands import access as command

    file(surgery(problem()), hospital())
    share("G99001", "RCB")
    actions.create_user(
        username="u", password=None, display_name="Dr A", role="gp", organisation_code="G99001", by="test"
    )
    command.access_explain("u", person_of())
    words = capsys.readouterr().out
    assert words.startswith("permit: registration with G99001")
    assert "gp-summary" in words
    command.access_explain("u", person_of(), as_json=True)
    assert '"outcome": "permit"' in capsys.readouterr().out
    assert ledger.latest(1)[0].action == "explain access"
