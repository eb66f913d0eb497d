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
    may_not = {"administrator", "data-manager", "privacy-officer", "commissioner", "analyst", "planner"}
    assert {name for name, role in roles.roles().items() if "open-record" not in role.may} == may_not


def test_role_is_read():
    assert roles.read_roles(GOOD) == {"gp": roles.Role("gp", "GP", True, "my-work", frozenset({"open-record"}), "gp")}


def test_role_reads_classes_and_sets_of_them():
    told = "sets:\n  both: [identity, plan]\n" + GOOD + "  direct_care: true\n  reads: [both, hospital]\n"
    role = roles.read_roles(told)["gp"]
    assert (role.reads, role.direct_care, role.break_glass) == ({"identity", "plan", "hospital"}, True, False)


def test_roles_of_the_house_break_the_glass_only_in_clinical_care():
    breaking = {name: role for name, role in roles.roles().items() if role.break_glass}
    assert {"gp", "a-and-e", "ambulance", "out-of-hours", "111"} <= set(breaking)
    assert all(role.clinical and role.direct_care for role in breaking.values())
    assert {"receptionist", "charity-worker", "commissioner", "spr-administrator"} & set(breaking) == set()


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
        (GOOD + "  break_glass: sometimes\n", "'break_glass'"),
        (GOOD + "  break_glass: true\n", "only clinical roles of direct care"),
        (GOOD + "  reads: gp-record\n", "'reads'"),
        (GOOD + "  reads: [gp-records]\n", "'gp-records', which is no class"),
        (GOOD.replace("clinical: true", "clinical: false") + "  reads: [resuscitation]\n", "may not read"),
        (GOOD.replace("gp:", "proxy:", 1) + "  reads: [safeguarding]\n", "may not read"),
        ("sets: [a]\n" + GOOD, "'sets'"),
    ],
)
def test_bad_roles_are_named(text, fault):
    with pytest.raises(roles.BadRoles, match=fault):
        roles.read_roles(text)
