"""The page "Why can I see this?": relationships and, for each class of information, the rule in words.

Classes that stay closed and are sensitive are left out: that somebody refused one of them would tell of it.
"""

from dataclasses import dataclass
from datetime import datetime

from oneplace.access.queries import Explanation
from oneplace.place import queries as place
from oneplace.record.presenters.banner import BannerWords, banner_words
from oneplace.record.presenters.words import when_words
from oneplace.record.shapes import Banner

_MODELS = {"explicit": "The person's consent", "direct-care": "Direct care, unless the person objects"}
_RULES = {
    "relationship": "Your organisation has an open relationship with this person.",
    "urgent contact": "Your organisation has an open urgent contact: plan, crisis page and GP summary are open.",
    "emergency": "You declared an emergency. The privacy officer and the person will see what you opened.",
}


@dataclass(frozen=True, slots=True)
class TieRow:
    """One relationship in words."""

    label: str
    organisation: str
    since: str
    until: str
    state: str


@dataclass(frozen=True, slots=True)
class ClassRow:
    """One class of information in words."""

    label: str
    state: str
    why: str
    model: str
    sources: str


@dataclass(frozen=True, slots=True)
class WhyPage:
    """The whole page."""

    banner: BannerWords
    role: str
    rule: str
    purpose: str
    ties: tuple[TieRow, ...]
    classes: tuple[ClassRow, ...]


def why_page(banner: Banner, found: Explanation, now: datetime) -> WhyPage:
    """The page of one explanation."""
    names = place.names().organisations
    return WhyPage(
        banner=banner_words(banner, now),
        role=found.role,
        rule=_RULES.get(found.rule, found.basis),
        purpose=found.purpose,
        ties=tuple(
            TieRow(
                tie.label,
                names.get(tie.holder, tie.holder),
                when_words(tie.starts),
                when_words(tie.ends) if tie.ends else "",
                "Open" if tie.is_open else "Not open",
            )
            for tie in found.ties
        ),
        classes=tuple(
            ClassRow(
                one.label,
                "Open" if one.is_open else "Own organisation only",
                one.why[:1].upper() + one.why[1:],
                _MODELS[one.model],
                _named(one.controllers, names),
            )
            for one in found.classes
            if one.is_open or not one.sensitive
        ),
    )


def _named(codes: tuple[str, ...], names: object) -> str:
    """How many organisations share a class here; few are named."""
    known = dict(names)  # type: ignore[call-overload]
    if len(codes) > 3:
        return f"{len(codes)} organisations that share it here"
    return ", ".join(known.get(code, code) for code in codes)
