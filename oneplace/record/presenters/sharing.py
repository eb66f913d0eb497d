"""The pages "Sharing" and "Who can see this person" in words."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from oneplace.access.consents import ChoiceLine
from oneplace.access.queries import EmergencyLine, Viewer
from oneplace.place import queries as place
from oneplace.record.forms import MADE_BY
from oneplace.record.presenters.banner import BannerWords, banner_words
from oneplace.record.presenters.words import clock_words, when_words
from oneplace.record.sharing import ClassChoice, SharingShown, ViewersShown

STATES = {"given": ("green", "Agreed"), "refused": ("red", "Refused"), "withdrawn": ("orange", "Withdrawn")}
"""Colour and word of each choice; none of them: not asked."""
_MODELS = {
    "explicit": "opens only if the person agrees",
    "direct-care": "opens for direct care unless the person objects",
}
REASONS = {
    "life-threat": "a life was in danger",
    "cannot-be-asked": "the person could not be asked",
    "safeguarding": "someone had to be kept safe",
}
"""Why an emergency was declared, in words."""


@dataclass(frozen=True, slots=True)
class ClassRow:
    """One class and the choice that stands."""

    label: str
    colour: str
    state: str
    inherited: str
    since: str
    rule: str


@dataclass(frozen=True, slots=True)
class HistoryRow:
    """One choice as it was recorded; `key` where it can be taken back."""

    key: int
    when: str
    about: str
    colour: str
    state: str
    by: str
    how: str
    taken_back: str


@dataclass(frozen=True, slots=True)
class SharingPage:
    """The whole page."""

    banner: BannerWords
    classes: tuple[ClassRow, ...]
    history: tuple[HistoryRow, ...]


@dataclass(frozen=True, slots=True)
class RoleRow:
    """One role of an organisation, or somebody of the person's own, and what opens for them."""

    who: str
    opens: str
    closed: str


@dataclass(frozen=True, slots=True)
class ViewerRow:
    """One organisation or person with their relationships."""

    name: str
    ties: tuple[str, ...]
    roles: tuple[RoleRow, ...]


@dataclass(frozen=True, slots=True)
class ViewersPage:
    """The whole page."""

    banner: BannerWords
    viewers: tuple[ViewerRow, ...]
    emergencies: tuple[str, ...]


def sharing_page(told: SharingShown) -> SharingPage:
    """The choices that stand and all that were recorded."""
    labels = {one.name: one.label for one in told.classes}
    return SharingPage(
        banner_words(told.banner, told.at),
        tuple(_class_row(one) for one in told.classes),
        tuple(_history_row(line, labels, told.names) for line in told.history),
    )


def viewers_page(told: ViewersShown) -> ViewersPage:
    """Everybody who can see the person, in words."""
    return ViewersPage(
        banner_words(told.banner, told.at),
        tuple(_viewer_row(viewer) for viewer in told.viewers),
        tuple(_emergency(line) for line in told.emergencies),
    )


def viewer_lines(viewers: tuple[Viewer, ...], emergencies: tuple[EmergencyLine, ...]) -> list[str]:
    """The same as lines of text."""
    lines = [_emergency(line) for line in emergencies]
    for row in (_viewer_row(viewer) for viewer in viewers):
        lines += [row.name, *(f"  {tie}" for tie in row.ties)]
        lines += [f"  {role.who}: {role.opens}{'; ' if role.closed else ''}{role.closed}" for role in row.roles]
    return lines


def _class_row(one: ClassChoice) -> ClassRow:
    colour, state = STATES.get(one.choice, ("grey", "Not asked"))
    inherited = "as for all" if one.choice and one.name and not one.own else ""
    rule = "shared only if the person agrees to this" if one.sensitive else _MODELS.get(one.model, "")
    return ClassRow(one.label, colour, state, inherited, when_words(one.at) if one.at else "", rule)


def _history_row(line: ChoiceLine, labels: Mapping[str, str], names: Mapping[str, str]) -> HistoryRow:
    colour, state = STATES[line.choice]
    at = place.names().organisations.get(line.taken_at_code, line.taken_at_code)
    taken = names.get(line.taken_by, "")
    back = ""
    if line.taken_back_at:
        who = names.get(line.taken_back_by, "the system")
        back = f"Recorded by mistake: taken back by {who}, {_at(line.taken_back_at)}"
    return HistoryRow(
        line.key if line.stands else 0,
        _at(line.at),
        labels[line.information_class],
        colour,
        state,
        ". ".join(filter(None, [dict(MADE_BY)[line.made_by], f"Recorded by {taken}, {at}" if taken else at])),
        line.how,
        back,
    )


def _viewer_row(viewer: Viewer) -> ViewerRow:
    names = place.names().organisations
    name = next((role.name for role in viewer.roles if role.name), "") if viewer.personal else ""
    return ViewerRow(
        name or names.get(viewer.holder, "One of the person's own people" if viewer.personal else viewer.holder),
        tuple(
            f"{tie.label}, since {when_words(tie.starts)}{f', until {when_words(tie.ends)}' if tie.ends else ''}"
            for tie in viewer.ties
        ),
        tuple(_role_row(role.role, role.people, viewer.personal, role.found.classes) for role in viewer.roles),
    )


def _role_row(role: str, people: int, personal: bool, classes: tuple) -> RoleRow:
    opens = [one.label for one in classes if one.is_open]
    closed: dict[str, list[str]] = {}
    for one in classes:
        if not one.is_open:
            closed.setdefault(one.why, []).append(one.label)
    whole = len(closed) == 1 and len(opens) < 2  # nothing but who the person is
    words = "; ".join(f"{'All else' if whole else ', '.join(labels)} ({why})" for why, labels in closed.items())
    return RoleRow(
        role if personal or people == 1 else f"{role}, {people} people",
        ", ".join(opens) or ("Nothing now" if personal else "Only what their own organisation recorded"),
        words,
    )


def _emergency(line: EmergencyLine) -> str:
    at = place.names().organisations.get(line.organisation_code, line.organisation_code)
    return (
        f"{line.name}, {line.role}, {at}: emergency access from {clock_words(line.declared_at)} until "
        f"{clock_words(line.expires_at)}, because {REASONS.get(line.reason, line.reason)}"
    )


def _at(moment: datetime) -> str:
    return when_words(moment, time=True)
