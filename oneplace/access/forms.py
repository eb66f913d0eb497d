"""The forms of the pages for users: what a field may hold, and the words when it holds something else."""

from django import forms
from django.contrib.auth.validators import UnicodeUsernameValidator

from oneplace.access import classes, roles
from oneplace.access.rules import EMERGENCY


def role_choices() -> list[tuple[str, str]]:
    """Roles of staff by their label; those of people and carers are not given here."""
    return sorted(((one.name, one.label) for one in roles.roles().values() if not one.personal), key=lambda one: one[1])


class RoleForm(forms.Form):
    """A role here, and the team if there is one."""

    role = forms.ChoiceField(
        choices=role_choices, error_messages=dict.fromkeys(("required", "invalid_choice"), "Choose the role")
    )
    team = forms.ChoiceField(required=False, error_messages={"invalid_choice": "Choose a team of your organisation"})

    def __init__(self, data: object, teams: list[tuple[str, str]]) -> None:
        super().__init__(data)
        self.fields["team"].choices = [("", "No team"), *teams]


class EmployForm(RoleForm):
    """A role here for somebody who signs in already."""

    username = forms.CharField(max_length=150, error_messages={"required": "Enter the user name"})
    field_order = ("username", "role", "team")


class NewUserForm(RoleForm):
    """A new member of staff."""

    display_name = forms.CharField(
        max_length=120, error_messages={"required": "Enter the name that colleagues know them by"}
    )
    username = forms.CharField(
        max_length=150,
        validators=[
            UnicodeUsernameValidator(message="A user name has letters, digits and @ . + - _ only, and no spaces")
        ],
        error_messages={"required": "Enter a user name"},
    )
    field_order = ("display_name", "username", "role", "team")


def _lacking(words: str) -> dict[str, str]:
    return {"required": words, "invalid": words, "invalid_choice": words}


def _day(words: str, *, required: bool = True) -> forms.DateField:
    return forms.DateField(required=required, input_formats=["%Y-%m-%d"], error_messages=_lacking(words))


class SignForm(forms.Form):
    """That a controller has signed: which template, who, in what role, when, from and until when."""

    template = forms.ChoiceField(error_messages=_lacking("Choose what was signed"))
    signatory = forms.CharField(max_length=120, error_messages=_lacking("Enter who signed"))
    signatory_role = forms.CharField(
        max_length=120, error_messages=_lacking("Enter in what role they signed, such as Caldicott Guardian")
    )
    signed_on = _day("Enter the day it was signed, like 2026-11-23")
    starts = _day("Enter its first day, like 2026-12-01")
    ends = _day("Enter its last day like 2028-11-30, or leave it empty", required=False)

    def __init__(self, data: object, templates: list[tuple[str, str]], initial: dict[str, object]) -> None:
        super().__init__(data, initial=initial)
        self.fields["template"].choices = templates


class EndForm(forms.Form):
    """That an agreement ends now, and why."""

    reason = forms.CharField(max_length=400, error_messages=_lacking("Say why it ends"))


class TemplateForm(forms.Form):
    """A sharing agreement to be signed: its text and its terms."""

    name = forms.CharField(max_length=80, error_messages=_lacking("Give it a name"))
    text = forms.CharField(max_length=20_000, error_messages=_lacking("Write the text that is signed"))
    purposes = forms.MultipleChoiceField(error_messages=_lacking("Choose at least one purpose"))
    classes_shared = forms.MultipleChoiceField(error_messages=_lacking("Choose at least one class of information"))
    parties = forms.MultipleChoiceField(required=False, error_messages=_lacking("Choose organisations of the list"))
    months = forms.IntegerField(
        required=False, min_value=1, max_value=120, error_messages=_lacking("Enter months as a number, such as 24")
    )
    emergency_line = forms.CharField(max_length=2000, required=False)
    hazard = forms.RegexField(
        r"^H\d{2,3}$", required=False, error_messages=_lacking("Enter the hazard's number as in the log, such as H09")
    )

    def __init__(self, data: object, parties: list[tuple[str, str]]) -> None:
        super().__init__(data)
        self.fields["purposes"].choices = [(one.name, one.label) for one in classes.purposes().values()]
        shared = [(one.name, f"{one.label}{_SENSITIVE if one.sensitive else ''}") for one in classes.classes().values()]
        self.fields["classes_shared"].choices = shared
        self.fields["parties"].choices = parties

    def clean(self) -> dict[str, object]:
        """An emergency line stands with its purpose and its hazard, or none of the three is told."""
        told = super().clean()
        line, hazard = told.get("emergency_line"), told.get("hazard")
        if EMERGENCY in told.get("purposes", ()) and not line:
            self.add_error("emergency_line", "Write what a declared emergency may lift")
        if line and EMERGENCY not in told.get("purposes", ()):
            self.add_error("purposes", "An emergency line needs the purpose of a declared emergency")
        if line and not hazard and "hazard" not in self.errors:
            self.add_error("hazard", "Name the hazard under which this was weighed")
        if hazard and not line:
            self.add_error("emergency_line", "A hazard is named for an emergency line only")
        return told


_SENSITIVE = " (sensitive: shared only where it is named)"
