"""roles.yaml is read whole or not at all, and the fault is named."""

import pytest

from oneplace.access import roles

GOOD = "gp:\n  label: GP\n  clinical: true\n  view: gp\n  home: my-work\n  may: [open-record]\n"


def test_roles_of_the_house_are_sound():
    assert {"gp", "spr-clinician", "data-manager", "privacy-officer"} <= set(roles.roles())
    assert roles.role("gp").clinical
    assert "open-record" in roles.permissions_of("gp")
    assert roles.role("nobody") is None
    assert roles.permissions_of("nobody") == frozenset()


def test_only_care_roles_open_records():
    may_not = {"data-manager", "privacy-officer", "analyst", "planner"}
    assert {name for name, role in roles.roles().items() if "open-record" not in role.may} == may_not


def test_role_is_read():
    assert roles.read_roles(GOOD) == {"gp": roles.Role("gp", "GP", True, "my-work", frozenset({"open-record"}), "gp")}


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("gp: [", "not YAML"),
        ("- gp", "roles by name"),
        ("gp: 3", "role 'gp' must have"),
        (GOOD.replace("clinical: true", "clinical: maybe"), "'clinical'"),
        (GOOD + "  colour: red\n", "colour"),
        (GOOD.replace("open-record", "open-anything"), "open-anything"),
        (GOOD.replace("  view: gp\n", ""), "'view'"),
    ],
)
def test_bad_roles_are_named(text, fault):
    with pytest.raises(roles.BadRoles, match=fault):
        roles.read_roles(text)
