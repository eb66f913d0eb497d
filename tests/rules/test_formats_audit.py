"""AuditEvents in the shapes of NHS England's published examples and of its SCR alert profile."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from lxml import etree

from oneplace.formats.fhir import audit
from oneplace.kernel.rows import AuditPerson, AuditRow

ROW = AuditRow(
    seq=12,
    hash="a" * 64,
    recorded=datetime(2026, 3, 2, 10, tzinfo=UTC),
    action="open record",
    user_key="u1",
    user_name="Dr A",
    role="gp",
    role_label="GP",
    organisation_code="G99001",
    organisation_name="A Surgery",
    people=(AuditPerson("p1", "9990000018"),),
    purpose="direct care",
    basis="registration with G99001 since 2019-04-01",
)
BROKEN = AuditRow(
    **{name: getattr(ROW, name) for name in ROW.__slots__} | {"declaration": "d1", "reason": "cannot-be-asked"}
)


def changed(**more: Any) -> AuditRow:
    return AuditRow(**{name: getattr(ROW, name) for name in ROW.__slots__} | more)


def paths(value: Any, at: str = "") -> set[str]:
    """Each element of a resource by its path, lists taken as one."""
    if isinstance(value, dict):
        return {path for name, child in value.items() for path in {f"{at}.{name}", *paths(child, f"{at}.{name}")}}
    return {path for child in value for path in paths(child, at)} if isinstance(value, list) else set()


@pytest.mark.parametrize("name", ["app-restricted-fhir-pds-read", "patient-flag", "patient-restricted-fhir-pds-update"])
def test_event_has_every_element_of_the_published_example(shared_data, name):
    sample = json.loads((shared_data / f"clinical/nhs_programmes_r4/PARS-AuditEvent-{name}-Example.json").read_text())
    ours = audit.pars(ROW)
    # A site is an address of an API, and a row of the ledger doesn't come through one.
    missing = paths(sample) - paths(ours) - {".source.site", ".source.observer.identifier.system"}
    assert missing == set()
    kinds = [entity["type"]["code"] for entity in sample["entity"]]
    assert [entity["type"]["code"] for entity in ours["entity"]] == kinds
    assert [entity["type"]["system"] for entity in ours["entity"]] == [
        one["type"]["system"] for one in sample["entity"]
    ]
    assert ours["type"]["code"] == sample["type"]["code"]
    assert ours["agent"][0]["who"]["identifier"]["system"] == sample["agent"][0]["who"]["identifier"]["system"]


def value_at(resource: Any, path: list[str]) -> list[Any]:
    """The values at a path of element names, lists opened."""
    for name in path:
        found = [one.get(name) for one in (resource if isinstance(resource, list) else [resource])]
        resource = [
            one for value in found if value is not None for one in (value if isinstance(value, list) else [value])
        ]
    return resource if isinstance(resource, list) else [resource]


def test_alert_has_what_the_profile_demands(shared_data):
    """Each element that the profile's differential makes mandatory or fixes, by slice of agent."""
    told = etree.parse(str(shared_data / "clinical/scr_r4/SCRAlertAuditEvent.xml"))
    space = {"f": "http://hl7.org/fhir"}
    alert = audit.scr_alert(BROKEN, BROKEN.people[0])
    slices = dict(zip(("Patient", "Organization", "Person"), alert["agent"], strict=True))
    checked = 0
    for element in told.findall(".//f:differential/f:element", space):
        least = element.find("f:min", space)
        fixed = element.find("f:fixedUri", space)
        if least is None or least.get("value") == "0":
            continue
        ident, path = element.get("id"), element.find("f:path", space).get("value").split(".")[1:]
        of_agent = next((agent for name, agent in slices.items() if f"agent:{name}" in ident), None)
        found = value_at(of_agent, path[1:]) if of_agent and path[1:] else value_at(alert, path)
        assert found, ident
        assert fixed is None or found == [fixed.get("value")], ident
        checked += 1
    assert checked >= 20
    assert len(alert["entity"]) == 1


def test_alert_reasons_and_types_are_the_profiles_codes(shared_data):
    told = (shared_data / "clinical/scr_r4/CodeSystem-SCR-AlertReason.xml").read_text()
    for reason in ("public-interest", "statute", "court-order", "cannot-be-asked", "life-threat", "safeguarding"):
        subtype = audit.scr_alert(changed(declaration="d", reason=reason), ROW.people[0])["subtype"][0]
        assert f'<display value="{subtype["display"]}" />' in told
    assert audit.scr_alert(changed(declaration="d", action=audit.DECLARED), ROW.people[0])["type"]["code"] == "1"
    assert audit.scr_alert(BROKEN, ROW.people[0])["type"]["code"] == "2"


def test_emergency_is_written_twice_and_says_so_in_its_purpose():
    first, second = (json.loads(line) for line in audit.write(BROKEN))
    assert first["purposeOfEvent"][0]["coding"][0]["code"] == "BTG"
    assert second["entity"][0]["what"]["identifier"]["value"] == "d1"
    assert len(audit.write(ROW)) == 1


def test_refusal_says_that_nothing_was_shown_and_why():
    event = audit.pars(changed(refused=True, action="open record: refused", basis="no open relationship"))
    assert (event["outcome"], event["outcomeDesc"]) == ("4", "no open relationship")
    assert audit.pars(changed(refused=True, basis=""))["outcomeDesc"] == "refused"
    assert audit.pars(ROW)["outcome"] == "0"


def test_row_of_a_machine_names_it_and_no_practitioner():
    event = audit.pars(changed(role="", organisation_code="", user_key="due-jobs", purpose="", people=()))
    [agent] = event["agent"]
    assert (agent["who"]["display"], agent["requestor"]) == ("due-jobs", True)
    assert "purposeOfEvent" not in event
    assert audit.pars(changed(purpose="mending a feed"))["purposeOfEvent"] == [{"text": "mending a feed"}]


def test_person_without_a_number_is_told_by_our_key_and_staff_without_a_name_by_theirs():
    event = audit.pars(changed(people=(AuditPerson("p1"),), user_name=""))
    assert event["entity"][0]["what"]["identifier"] == {"system": "urn:oneplace:person", "value": "p1"}
    assert "display" not in event["agent"][1]["who"]


@pytest.mark.parametrize(
    ("action", "verb"),
    [("open record", "R"), ("search people", "E"), ("create user", "C"), ("set relationships", "U"), ("odd", "E")],
)
def test_verb_follows_the_first_word_of_the_action(action, verb):
    assert audit.pars(changed(action=action))["action"] == verb
