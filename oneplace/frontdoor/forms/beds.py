"""Forms about beds: what somebody needs, why a stay does not end."""

from datetime import datetime
from typing import Any

from django import forms

from oneplace.frontdoor.delays import reasons_on
from oneplace.frontdoor.rules.beds import LEVELS, MAX_NIGHTS, SHORT_HOURS, Direction, Need
from oneplace.kernel import clock

DIRECTIONS = {
    Direction.STEP_UP: "Step-up: from home, so that they need not go to hospital",
    Direction.STEP_DOWN: "Step-down: from hospital, on the way home",
}
SEXES = {"female": "A woman", "male": "A man", "other": "Neither, or it is best to have a room of their own"}
SHORT = {"0": "No: a stay of the nights below"} | {
    str(hours): f"Yes, looked at again after {hours} hours" for hours in SHORT_HOURS
}


def _lacking(words: str) -> dict[str, str]:
    return dict.fromkeys(("required", "invalid", "invalid_choice", "min_value", "max_value"), words)


class BedForm(forms.Form):
    """What somebody needs of a bed. Wanted at is London time; empty is now."""

    direction = forms.ChoiceField(
        choices=list(DIRECTIONS.items()), error_messages=_lacking("Choose step-up or step-down")
    )
    sex = forms.ChoiceField(choices=list(SEXES.items()), error_messages=_lacking("Choose for whom the bay must be"))
    level = forms.ChoiceField(choices=list(LEVELS.items()), error_messages=_lacking("Choose the care that is needed"))
    short_hours = forms.ChoiceField(choices=list(SHORT.items()), error_messages=_lacking("Choose whether it is short"))
    nights = forms.IntegerField(
        min_value=1, max_value=MAX_NIGHTS, error_messages=_lacking(f"Enter the nights, from 1 to {MAX_NIGHTS}")
    )
    wanted_at = forms.DateTimeField(
        required=False,
        input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"],
        error_messages=_lacking("Enter a date and time like 2026-12-01 22:30, or leave it empty for now"),
    )
    isolation = forms.MultipleChoiceField(choices=[("yes", "Needs to be isolated")], required=False)
    equipment = forms.MultipleChoiceField(required=False, error_messages=_lacking("Choose from the list"))
    area_code = forms.ChoiceField(required=False, error_messages=_lacking("Choose from the list"))
    carer_area_code = forms.ChoiceField(required=False, error_messages=_lacking("Choose from the list"))
    reason = forms.CharField(max_length=200, error_messages=_lacking("Say in one line why they need the bed"))
    once = forms.CharField(max_length=40)

    def __init__(self, things: list[str], areas: list[tuple[str, str]], data: Any = None, initial: Any = None) -> None:
        super().__init__(data, initial=initial)
        self.fields["equipment"].choices = [(thing, thing.capitalize()) for thing in things]
        self.fields["area_code"].choices = self.fields["carer_area_code"].choices = [("", "Not known"), *areas]

    @property
    def need(self) -> Need:
        """What was told. Only after is_valid."""
        told = self.cleaned_data
        return Need(
            direction=Direction(told["direction"]),
            sex=told["sex"],
            level=told["level"],
            at=self._wanted(),
            nights=max(told["nights"], 1),
            isolation=bool(told["isolation"]),
            equipment=frozenset(told["equipment"]),
            area_code=told["area_code"],
        )

    def clean(self) -> dict[str, Any]:
        """A short stay of 24 or 48 hours has one or two nights, whatever the number below says."""
        told = super().clean() or {}
        if told.get("short_hours", "0") != "0":
            told["nights"] = int(told["short_hours"]) // 24
            self.errors.pop("nights", None)
        return told

    @property
    def more(self) -> dict[str, Any]:
        """What is kept beside the need. Only after is_valid."""
        told = self.cleaned_data
        return {
            "reason": told["reason"],
            "short_hours": int(told["short_hours"]),
            "carer_area_code": told["carer_area_code"],
        }

    def _wanted(self) -> datetime:
        return max(self.cleaned_data["wanted_at"] or clock.now(), clock.now())


class DelayForm(forms.Form):
    """Why somebody who is ready has not left today."""

    primary = forms.ChoiceField(error_messages=_lacking("Choose the main reason"))
    contributing = forms.MultipleChoiceField(required=False, error_messages=_lacking("Choose from the list"))
    note = forms.CharField(max_length=200, required=False)

    def __init__(self, data: Any = None) -> None:
        super().__init__(data)
        listed = list(reasons_on(clock.today()).words.items())
        self.fields["primary"].choices = self.fields["contributing"].choices = listed
