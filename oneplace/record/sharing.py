"""What a person chose about sharing, and who can see them: gathered and written for `record.door`, which has decided.

A role meets choices about the classes that it reads, and no others: that somebody chose about one would tell of it.
Source: record.md, Access; REC-04, REC-06.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from oneplace.access import actions as access_actions
from oneplace.access import classes, roles
from oneplace.access import queries as access
from oneplace.access.consents import CannotRecord, ChoiceLine, choices_of, standing_choices
from oneplace.access.queries import EmergencyLine, Explanation, Viewer
from oneplace.access.rules import CHOOSING, Actor, Cells, ClassRule, ConsentFact, standing_choice
from oneplace.kernel.ids import PersonId
from oneplace.place import queries as place
from oneplace.record.classing import setting_of
from oneplace.record.shapes import Banner


@dataclass(frozen=True, slots=True)
class Choice:
    """What somebody was told, to be recorded; `seen` is the choice about this class that they looked at (0: none)."""

    information_class: str  # '' for all ordinary classes
    choice: str  # given | refused | withdrawn
    made_by: str
    how: str
    seen: int | None = None


@dataclass(frozen=True, slots=True)
class ClassChoice:
    """One class of information: the choice that stands for it, be it about this class or about all."""

    name: str  # '' for all ordinary classes
    label: str
    model: str  # explicit | direct-care
    sensitive: bool
    choice: str  # given | refused | withdrawn | '' (not asked)
    own: int  # key of the choice about this class itself; 0 where there is none
    at: datetime | None


@dataclass(frozen=True, slots=True)
class SharingShown:
    """Whose choices, what stands, what was recorded, newest first, and by whom."""

    banner: Banner
    classes: tuple[ClassChoice, ...]  # that about all ordinary classes first
    history: tuple[ChoiceLine, ...]
    names: Mapping[str, str]  # of staff, by key
    at: datetime


@dataclass(frozen=True, slots=True)
class ViewersShown:
    """Everybody who can see the person now, and why."""

    banner: Banner
    viewers: tuple[Viewer, ...]
    emergencies: tuple[EmergencyLine, ...]
    at: datetime


def shown(actor: Actor, banner: Banner, person: PersonId, now: datetime) -> SharingShown:
    """The choices of one person about the classes that the role reads."""
    rules = access.facts_for(actor, person, now).classes
    told = [name for name in _chosen_about(actor) if name in rules]
    history = tuple(line for line in choices_of(person) if line.information_class in ("", *told))
    standing = standing_choices(history)
    facts = {name: ConsentFact(name, line.choice, line.at) for name, line in standing.items()}
    general = facts.get("")
    lines = [
        ClassChoice("", "All ordinary information", _model_of_all(rules), False, *_told(general, standing.get("")))
    ]
    for name in told:
        held = standing_choice(facts, name, rules[name].sensitive)
        label = classes.classes()[name].label
        lines.append(
            ClassChoice(name, label, rules[name].model, rules[name].sensitive, *_told(held, standing.get(name)))
        )
    return SharingShown(banner, tuple(lines), history, access.staff_names(), now)


def record(actor: Actor, person: PersonId, told: Choice) -> int:
    """Keep one choice. Raises CannotRecord, also for a class that the role doesn't read."""
    if told.information_class and told.information_class not in _chosen_about(actor):
        raise CannotRecord("Your role records no choices about this class of information.")
    return access_actions.record_consent(
        person=person,
        information_class=told.information_class,
        choice=told.choice,
        made_by=told.made_by,
        capacity=told.made_by in CHOOSING,
        how=told.how,
        seen=told.seen,
        by=actor,
    )


def take_back(actor: Actor, person: PersonId, key: int) -> None:
    """Take back one choice about a class that the role reads. Raises CannotRecord."""
    line = next((line for line in choices_of(person) if line.key == key), None)
    if line is None or (line.information_class and line.information_class not in _chosen_about(actor)):
        raise CannotRecord("There is no such choice of this person.")
    access_actions.take_back_consent(person=person, key=key, by=actor)


def is_told_of_others(actor: Actor) -> bool:
    """True for direct care, who may learn which organisations know a person."""
    role = roles.role(actor.role)
    return role is not None and role.direct_care


def viewers(actor: Actor, banner: Banner, person: PersonId, cells: Cells, now: datetime) -> ViewersShown:
    """Who can see the person, as far as the reader's own role reads; `cells` are what is open to the reader.

    An organisation whose kind of entries is closed to the reader is left out: that it knows the person would tell.
    """
    role = roles.role(actor.role)
    reads = role.reads if role else frozenset()
    kinds = place.names().kinds
    found = tuple(
        replace(
            viewer,
            roles=tuple(replace(view, found=_as_far(view.found, reads)) for view in viewer.roles),
        )
        for viewer in access.viewers_of(person, now)
        if viewer.personal
        or viewer.holder == actor.organisation_code
        or setting_of(viewer.holder, kinds.get(viewer.holder, "")) in cells.get(viewer.holder, frozenset())
    )
    return ViewersShown(banner, found, access.emergencies_of(person, now), now)


def _as_far(found: Explanation, reads: frozenset[str]) -> Explanation:
    """Without the classes that the reader doesn't read, and without sensitive ones that are closed."""
    kept = tuple(one for one in found.classes if one.name in reads and (one.is_open or not one.sensitive))
    return replace(found, classes=kept)


def _chosen_about(actor: Actor) -> list[str]:
    """Classes that the role reads and a person chooses about."""
    role = roles.role(actor.role)
    reads = role.reads if role else frozenset()
    return [name for name, one in classes.classes().items() if name in reads and not one.traced]


def _model_of_all(rules: Mapping[str, ClassRule]) -> str:
    """The model of most ordinary classes."""
    models = [rule.model.value for rule in rules.values() if not rule.sensitive and not rule.traced]
    return max(sorted(set(models)), key=models.count, default="")


def _told(held: ConsentFact | None, own: ChoiceLine | None) -> tuple[str, int, datetime | None]:
    return held.choice if held else "", own.key if own else 0, held.at if held else None
