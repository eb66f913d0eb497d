"""The shape of what a reader types: a search, a merge, a choice. Whether anyone is found is the door's business."""

import re
from collections.abc import Mapping, Sequence

from django import forms

from oneplace.kernel.nhs_number import is_valid, tidy

_ONLY_DIGITS = re.compile(r"[\d\s\-]+")


class SearchForm(forms.Form):
    """An NHS number, or a name with or without a date of birth."""

    text = forms.CharField(
        max_length=120,
        error_messages={
            "required": "Enter an NHS number, or a name and date of birth",
            "max_length": "Enter 120 characters or fewer",
        },
    )

    def clean_text(self) -> str:
        """What was typed, when something can be looked for; a mistyped NHS number is told at once."""
        text = " ".join(self.cleaned_data["text"].split())
        digits = tidy(text)
        if len(digits) < 2:
            raise forms.ValidationError("Enter at least 2 letters of the name")
        if _ONLY_DIGITS.fullmatch(text) and len(digits) > 8:  # up to 8 digits may be a date of birth
            _check_number(digits)
        return text


def _check_number(digits: str) -> None:
    """Raise ValidationError for what was meant as an NHS number and can't be one."""
    if len(digits) != 10:
        raise forms.ValidationError(f"An NHS number has 10 digits: this one has {len(digits)}")
    if not is_valid(digits):
        raise forms.ValidationError("Check the NHS number: a digit is wrong or two have changed places")


class MergeForm(forms.Form):
    """Two sources' patients, by the codes and ids that the sources use, and why they are one person."""

    source = forms.CharField(label="ODS code of the one source", max_length=20)
    local_id = forms.CharField(label="Its patient", max_length=120)
    other_source = forms.CharField(label="ODS code of the other source", max_length=20)
    other_local_id = forms.CharField(label="Its patient", max_length=120)
    reason = forms.CharField(label="Why they are one person", max_length=400)


CHOICES = [("given", "Agrees to sharing"), ("refused", "Refuses it"), ("withdrawn", "Withdraws what they agreed to")]
MADE_BY = [
    ("person", "The person, who can decide this"),
    ("gillick", "A child who understands what it means (Gillick)"),
    ("parent", "A parent, for a child who can't decide this yet"),
    ("attorney", "An attorney for health and welfare, because the person lacks capacity for this"),
    ("deputy", "A deputy of the Court of Protection, because the person lacks capacity for this"),
    ("best-interests", "A best-interests decision, because the person lacks capacity and has nobody appointed"),
]


def _told(words: str) -> dict[str, str]:
    return {"required": words, "invalid_choice": f"{words}: one of the list"}


class ChoiceForm(forms.Form):
    """What somebody said about sharing: about what, their choice, who decided, and how it was told.

    `seen` tells which choice about each class stood when the form was opened, so that a newer one isn't gone over.
    """

    about = forms.ChoiceField(error_messages=_told("Choose what it is about"))
    choice = forms.ChoiceField(choices=CHOICES, error_messages=_told("Choose what they said"))
    made_by = forms.ChoiceField(choices=MADE_BY, error_messages=_told("Choose who decided"))
    how = forms.CharField(
        max_length=200,
        error_messages={
            "required": "Enter how they told you, such as 'at home' or 'by telephone'",
            "max_length": "Enter 200 characters or fewer",
        },
    )
    seen = forms.CharField(required=False, max_length=1000)

    def __init__(self, data: Mapping[str, object] | None, classes: Sequence[tuple[str, str]]) -> None:
        super().__init__(data)
        self.fields["about"].choices = [(name or ALL, label) for name, label in classes]

    @property
    def seen_keys(self) -> dict[str, int]:
        """Keys of the choices that stood, by class."""
        pairs = (pair.partition("=") for pair in self.cleaned_data["seen"].split(",") if pair)
        return {name: int(key) for name, _, key in pairs if key.isdecimal() and len(key) < 19}


ALL = "all"
"""What a form calls all ordinary classes, which have the empty name."""
