"""The shape of what a reader types: the search for a person. Whether anyone is found is the door's business."""

import re

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
