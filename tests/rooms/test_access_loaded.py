"""Agreements as a place folder tells them, and keys of feeds, on a database; each change leaves its ledger row."""

from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from django.db import transaction

from oneplace.access import actions, queries, rules
from oneplace.access.models import Agreement, ApiKey
from oneplace.kernel import clock
from oneplace.ledger.queries import latest

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)


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


def test_agreement_with_unheard_of_words_is_refused():
    for field, word in (("classes", "problems"), ("purposes", "curiosity")):
        with pytest.raises(ValueError, match=word):
            actions.load_agreements([{"controller_code": "G1", "starts": "2026-01-01", field: word}], by="test")
