"""The forms of the pages for users: what a field may hold, and the words when it holds something else."""

from django import forms
from django.contrib.auth.validators import UnicodeUsernameValidator

from oneplace.access import roles


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
