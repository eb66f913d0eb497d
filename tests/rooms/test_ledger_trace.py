"""From an NHS number to the ledger's rows about that person, to what the person may read, and to a file."""

import json
from datetime import timedelta

import pytest
from factories.senders import MARY, OTHER, file, hospital, surgery

from oneplace.access import actions as access
from oneplace.access.models import BreakGlass
from oneplace.access.rules import Actor
from oneplace.gateway import audit
from oneplace.kernel import clock
from oneplace.ledger import actions, queries
from oneplace.ledger.queries import Asked
from oneplace.place import queries as place
from oneplace.record import door, history, tracing
from oneplace.record.models import LocalPatient

pytestmark = pytest.mark.django_db
OFFICER = Actor("officer", "Some Officer", "privacy-officer", "X1")
ALL = Asked()
GP = Actor("gp1", "Dr A", "gp", "G99001")


@pytest.fixture(autouse=True)
def _place_read_anew() -> None:
    place.forget_names()


def person_of(local: str = "p1") -> str:
    return LocalPatient.objects.get(local_id=local).person.key


def test_number_leads_to_the_key_and_the_number_is_not_kept():
    file(surgery(), surgery(local="p2", number=OTHER))
    assert tracing.trace(OFFICER, f"{MARY[:3]} {MARY[3:6]} {MARY[6:]}") == [tracing.Traced(person_of(), True)]
    row = queries.latest(1)[0]
    assert (row.action, row.actor, row.purpose) == ("trace person", "officer", "answering for access")
    assert MARY not in repr(row)
    assert [line.seq for line in queries.found(Asked(subjects=(person_of(),)), 1)] == [row.seq]


@pytest.mark.parametrize("number", ["9990000034", "9990000019", "", "²", "x"])
def test_number_of_nobody_leads_nowhere_and_is_recorded(number):
    file(surgery())
    assert tracing.trace(OFFICER, number) == []
    assert queries.latest(1)[0].action == "trace person"


def test_number_told_of_two_who_are_kept_apart_leads_to_both():
    file(surgery(), surgery(local="p9", given="Peter", family="Alder", born="1999-01-01", at="2021-07-02T12:00:00Z"))
    keys = {person_of("p1"), person_of("p9")}
    found = tracing.trace(OFFICER, MARY)
    assert {one.person_id for one in found} == keys
    assert found[0].linked is (len(keys) == 1 or any(one.linked for one in found))


def test_look_at_a_record_before_it_was_linked_is_found_after():
    file(surgery(number=""))
    before = person_of()
    door.open(GP, before)
    file(surgery(number="", at="2021-07-02T12:00:00+00:00"), hospital())
    file(surgery(at="2021-08-02T12:00:00+00:00"))
    now = person_of()
    assert before in tracing.keys_of(now)
    assert "open record" in {line.action for line in queries.found(Asked(subjects=tracing.keys_of(now)))}
    assert [one.what for one in history.access_history(now)[0]][-1] == "Opened the record"


def test_history_tells_organisation_and_role_and_no_member_of_staff_by_name():
    file(surgery())
    door.open(GP, person_of())
    door.search(GP, "burrows")
    door.open(Actor("nurse", "Nurse B", "ward-nurse", "RCB"), person_of())
    looked, older = history.access_history(person_of())
    assert [one.what for one in looked] == ["Found in a search", "Opened the record"]
    assert (looked[1].role, looked[1].organisation, looked[1].purpose) == ("GP", "G99001", "direct care")
    assert looked[1].basis.startswith("registration")
    assert older is None
    assert "Dr A" not in repr(looked)
    assert not any(one.emergency for one in looked)


def test_history_is_read_in_pages_and_between_days():
    file(surgery())
    for _ in range(5):
        door.open(GP, person_of())
    pages, before = [], 0
    while before is not None:
        looked, before = history.access_history(person_of(), limit=2, before=before)
        pages.append(len(looked))
    assert pages == [2, 2, 1]
    at = looked[0].at
    assert len(history.access_history(person_of(), since=at)[0]) == 5
    assert history.access_history(person_of(), until=at - timedelta(seconds=1))[0] == []


def exported(tmp_path, form: str, asked: Asked = ALL) -> list[dict]:
    path = tmp_path / f"{form}.ndjson"
    count = audit.export(path, form, asked, by="operator")
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert count <= len(lines)
    return lines


def test_export_tells_rows_as_they_are_sealed_and_itself_first(tmp_path):
    file(surgery())
    door.open(GP, person_of())
    lines = exported(tmp_path, "ndjson")
    assert [line["seq"] for line in lines] == list(range(1, len(lines) + 1))
    assert lines[-1]["hash"] == queries.latest(2)[1].hash
    assert queries.latest(1)[0].action == "export ledger"


def test_export_as_events_names_the_person_by_number_and_tells_nobody_else(tmp_path):
    file(surgery(), surgery(local="p2", number=OTHER, given="Ann"))
    door.search(GP, "burrows")
    door.open(GP, person_of())
    events = exported(tmp_path, "fhir", Asked(subjects=(person_of(),)))
    assert OTHER not in json.dumps(events)
    numbers = {entity["what"]["identifier"]["value"] for event in events for entity in event["entity"]}
    assert MARY in numbers
    assert {event["subtype"][0]["code"] for event in events} >= {"read", "search-type"}
    assert "Burrows" not in json.dumps(events)


def test_export_that_cannot_be_recorded_or_finished_leaves_no_file(tmp_path, monkeypatch):
    file(surgery())

    def broken(*_: object, **__: object) -> None:
        raise OSError("disk full")

    for where, name in ((audit.actions, "write"), (audit, "_sealed")):
        with monkeypatch.context() as patched:
            patched.setattr(where, name, broken)
            with pytest.raises(OSError, match="disk full"):
                audit.export(tmp_path / "out", "ndjson", ALL, by="operator")
    assert list(tmp_path.iterdir()) == []


def test_export_of_an_empty_ledger_is_an_empty_file(tmp_path):
    assert audit.export(tmp_path / "out", "fhir", Asked(), by="operator") == 0
    assert (tmp_path / "out").read_bytes() == b""


def test_export_of_an_emergency_is_an_alert_as_well(tmp_path):
    file(surgery())
    now = clock.now()
    glass = BreakGlass.objects.create(
        person=person_of(), user_key="u1", role="gp", organisation_code="G99001", reason="life-threat",
        text="not breathing", declared_at=now, expires_at=now + timedelta(hours=1),
    )  # fmt: skip
    for action in ("break the glass", "open record"):
        told = {"actor": "u1", "role": "gp", "organisation": "G99001", "subject": person_of()}
        actions.write(**told, action=action, detail={"declaration": glass.key})
    alerts = [event for event in exported(tmp_path, "fhir") if "extension" in event]
    assert [alert["type"]["code"] for alert in alerts] == ["1", "2"]
    assert {alert["subtype"][0]["code"] for alert in alerts} == {"5"}
    assert history.access_history(person_of())[0][0].emergency


def test_end_of_ties_is_told_for_pairs_without_an_open_one():
    file(surgery(), hospital(), hospital("A03", day="20210109"))
    from oneplace.access.queries import ended_ties

    pairs = {("RCB", person_of()), ("G99001", person_of()), ("X9", person_of())}
    assert set(ended_ties(pairs)) == {("RCB", person_of())}
    access.open_relationship(
        person=person_of(), organisation_code="RCB", kind="visit", reference="later",
        starts=ended_ties(pairs)["RCB", person_of()], by="test",
    )  # fmt: skip
    assert ended_ties(pairs) == {}
