"""Forms of the portal: a sign-in given to a person or a proxy by staff, with what was checked and agreed."""

from datetime import date, datetime, time, timedelta

from django import forms
from django.contrib.auth.validators import UnicodeUsernameValidator

from oneplace.access import classes
from oneplace.access.own import Agreed, Check, proxy_classes
from oneplace.kernel import clock

CHECK_WORDS = {
    "photo-id": "A passport, driving licence or other document with a photo",
    "nhs-login": "NHS login, with identity proved",
    "vouched": "Known to a member of staff, who vouches for them",
}
AUTHORITY_WORDS = {
    "agreed": "The person agreed to it",
    "attorney": "A lasting power of attorney for health and welfare",
    "deputy": "The Court of Protection made them deputy",
    "parent": "They are the parent of a child who can't decide this yet",
}


def _lacking(words: str) -> dict[str, str]:
    return dict.fromkeys(("required", "invalid", "invalid_choice", "invalid_list"), words)


class OwnForm(forms.Form):
    """The sign-in of the person themselves, and how they proved who they are."""

    name = forms.CharField(max_length=120, error_messages=_lacking("Enter their name"))
    username = forms.CharField(
        max_length=150,
        validators=[UnicodeUsernameValidator(message="A user name has letters, digits and @ . + - _ only")],
        error_messages={"required": "Enter a user name"},
    )
    check_made = forms.ChoiceField(
        choices=list(CHECK_WORDS.items()), error_messages=_lacking("Choose how they proved who they are")
    )
    how = forms.CharField(max_length=200, error_messages=_lacking("Say what you looked at, or who vouches"))

    @property
    def check_told(self) -> Check:
        """How they proved who they are. Only after is_valid."""
        return Check(self.cleaned_data["check_made"], self.cleaned_data["how"])


class ProxyForm(OwnForm):
    """The sign-in of somebody who acts for the person, and how far."""

    authority = forms.ChoiceField(
        choices=list(AUTHORITY_WORDS.items()), error_messages=_lacking("Choose on whose word they act")
    )
    scope = forms.MultipleChoiceField(error_messages=_lacking("Choose at least one kind of information"))
    visits_only = forms.BooleanField(required=False)
    may_choose = forms.BooleanField(required=False)
    starts = forms.DateField(
        input_formats=["%Y-%m-%d"], error_messages=_lacking("Enter the first day, like 2026-12-01")
    )
    ends = forms.DateField(
        required=False,
        input_formats=["%Y-%m-%d"],
        error_messages=_lacking("Enter the last day like 2027-11-30, or leave it empty"),
    )

    def __init__(self, data: object = None, initial: dict[str, object] | None = None) -> None:
        super().__init__(data, initial=initial)
        self.fields["scope"].choices = [(name, classes.classes()[name].label) for name in proxy_classes()]

    def clean(self) -> dict[str, object]:
        """The last day is not before the first, and not behind us."""
        told = super().clean()
        last = told.get("ends")
        if last and last < max(told.get("starts") or last, clock.today()):
            self.add_error("ends", "The last day is before the first, or has passed")
        return told

    @property
    def agreed(self) -> Agreed:
        """What was agreed, from the beginning of the first day to the end of the last. Only after is_valid."""
        told = self.cleaned_data
        ends = told["ends"] and _midnight(told["ends"] + timedelta(days=1))
        choices = {"may_choose": told["may_choose"], "visits_only": told["visits_only"]}
        return Agreed(tuple(told["scope"]), told["authority"], _from(told["starts"]), ends, **choices)


class EndForm(forms.Form):
    """Why an access ends."""

    reason = forms.CharField(max_length=200, error_messages=_lacking("Say why it ends"))


def whole_number(text: str) -> int:
    """The number that an address or a form carries; 0 for anything that is none."""
    return int(text) if text.isdecimal() and len(text) < 16 else 0


def _from(day: date) -> datetime:
    """The beginning of a day; of today, now."""
    now = clock.now()
    return now if clock.to_london(now).date() == day else _midnight(day)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), clock.LONDON)
