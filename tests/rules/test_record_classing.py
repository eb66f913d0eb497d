"""The class of an entry: by setting, kind and guarding words; the declaration is read whole or not at all."""

import pytest

from oneplace.record import classing
from oneplace.record.classing import class_of, setting_of

GOOD = classing.DECLARED.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("setting", "kind", "display", "words", "found"),
    [
        ("gp-record", "problem", "Hypertension", "", "gp-summary"),
        ("gp-record", "encounter", "Consultation", "", "gp-record"),
        ("gp-record", "result", "HbA1c", "", "gp-record"),
        ("hospital", "document", "Clinic letter", "", "documents"),
        ("hospital", "problem", "Hypertension", "", "hospital"),
        ("mental-health", "document", "Clinic letter", "", "mental-health"),
        ("community", "plan", "Care plan", "", "plan"),
        ("gp-record", "problem", "HIV positive", "", "hiv"),
        ("hospital", "encounter", "Attendance", '{"place": "Sexual Health Clinic"}', "sexual-health"),
        ("community", "alert", "Not for Cardiopulmonary Resuscitation", "", "resuscitation"),
        ("gp-record", "document", "Letter about child protection", "", "safeguarding"),
        ("gp-record", "alert", "Interpreter needed", "", "interpreter"),
        ("gp-record", "problem", "Interpreter needed", "", "gp-summary"),
        ("gp-record", "alert", "Note", "Interpreter was late", "gp-summary"),
        ("hospital", "result", "Archived", "", "hospital"),
    ],
)
def test_class_of_an_entry(setting, kind, display, words, found):
    assert class_of(setting, kind, display, words) == found


def test_setting_is_by_kind_of_organisation_else_by_its_code():
    assert setting_of("X1", "mental-health-trust") == "mental-health"
    assert setting_of("G99001", "") == "gp-record"
    assert setting_of("RCB", "") == "hospital"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("settings: [", "needs settings"),
        (GOOD.replace("guarded:", "garden:"), "needs settings, kinds, guarded and flags"),
        (GOOD.replace("practice: gp-record", "practice: gp-records"), "'gp-records', which is no class"),
    ],
)
def test_bad_declaration_is_named(text, fault):
    with pytest.raises(classing.BadClassing, match=fault):
        classing.read_scheme(text)
