"""The record doesn't depend on the order of telling: the promise on few cases, and what was once found by it."""

import sys
from importlib import import_module
from pathlib import Path

import pytest
from factories.senders import MARY, file, surgery

from oneplace.access.models import Relationship
from oneplace.record import patients
from oneplace.record.models import LocalPatient

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))
disorder = import_module("promises.disorder")
pytestmark = pytest.mark.django_db
HOME = {"address": [{"line": ["1 Mill Lane"], "postalCode": "ZZ1 1AA"}]}
HEAD = (
    "organisation_code,local_patient_id,nhs_number,family_name,given_name,birth_date,sex,contact_id,contact_at,"
    "contact_type,team,updated_at"
)


def contact(local: str, at: str, number: str = "", key: str = "k1") -> bytes:
    """A contact of a community service, told as one of its patients'."""
    row = f"RDR,{local},{number},Burrows,Mary,1951-12-12,2,{key},2021-01-03T09:00:00,Home visit,Rapid,{at}"
    return f"{HEAD}\n{row}\n".encode()


def test_shuffled_and_repeated_messages_of_every_format_end_in_the_same_record():
    outcome = disorder.run(8, seed=3)
    assert (outcome.cases, outcome.failures, outcome.examples) == (8, 0, ())


def test_record_that_depends_on_the_order_is_found_out(monkeypatch):
    monkeypatch.setattr(patients.rules, "newer", lambda *_: True)
    outcome = disorder.run(8, seed=3)
    assert outcome.failures > 0
    assert "differs" in outcome.examples[0]


def test_tie_of_a_visit_that_became_anothers_follows_its_patient():
    file(surgery(), contact("c1", "2021-01-04T10:00:00"), contact("c2", "2021-01-05T10:00:00"))
    file(contact("c1", "2021-01-06T10:00:00", MARY, "k2"))
    own = LocalPatient.objects.get(local_id="c1")
    assert own.link == "linked"
    tie = Relationship.objects.get(reference=f"{own.pk}:k1")
    assert tie.person == own.person.key


def test_likeness_that_a_correction_ended_no_longer_links():
    file(surgery(**HOME), surgery(number="", code="RDR", local="c1", **HOME))
    assert LocalPatient.objects.get(local_id="c1").link == "linked"
    file(surgery(born="1985-01-01", at="2021-07-01T10:00:00+00:00", **HOME))
    assert LocalPatient.objects.get(local_id="c1").link == "unlinked"
