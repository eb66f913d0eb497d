"""Whose record a page of the portal is about: one's own, or that of somebody for whom one acts.

Who reaches one record needs no choice. Who reaches several chooses; the choice is kept in the session, so that no
address names anybody, and each form carries it, so that a second tab can't write for the wrong person.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from oneplace.access import own
from oneplace.access.own import SELF, OwnLine
from oneplace.access.queries import actor_of
from oneplace.access.rules import Actor, Purpose
from oneplace.kernel import clock
from oneplace.place import queries as place
from oneplace.record import door
from oneplace.record.presenters.banner import born_words, number_words
from oneplace.record.presenters.words import when_words
from oneplace.record.shapes import Banner

_CHOSEN = "whose"
View = Callable[..., HttpResponse]


@dataclass(frozen=True, slots=True)
class Whose:
    """The person of a page, and as whom the reader is here."""

    actor: Actor
    line: OwnLine
    others: bool  # the reader reaches more records than this

    @property
    def is_self(self) -> bool:
        """True for one's own record."""
        return self.line.kind == SELF

    @property
    def may_choose(self) -> bool:
        """True for who decides about sharing: the person, or who was given their choices."""
        return self.is_self or self.line.may_choose

    @property
    def made_by(self) -> str:
        """Who makes a choice, as consent names it."""
        return "person" if self.is_self else self.line.authority


@dataclass(frozen=True, slots=True)
class Heading:
    """Who the page is about, and whom to ring instead."""

    name: str
    born: str
    number: str
    practice: str
    phone: str
    is_self: bool
    others: bool
    until: str  # last day of a proxy's access, '' where none is set


def of_one(view: View) -> View:
    """The view is about one person: it gets `whose`; who reaches nobody, or has yet to choose, is told so instead."""

    @wraps(view)
    def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        actor = actor_of(request.user)
        lines = own.reach_of(actor, clock.now())
        line = _chosen(request, lines)
        if line is None:
            return redirect("whose") if lines else render(request, "portal/nobody.jinja", status=404)
        return view(request, Whose(actor, line, len(lines) > 1), *args, **kwargs)

    return checked


def choose(request: HttpRequest, key: str) -> bool:
    """Look at another record from now on; False for one that the reader doesn't reach."""
    if key not in {line.key for line in own.reach_of(actor_of(request.user), clock.now())}:
        return False
    request.session[_CHOSEN] = key
    return True


def names(request: HttpRequest) -> list[tuple[str, str, str]]:
    """Key, name and date of birth of each record that the reader reaches, each admitted by the door."""
    actor, found = actor_of(request.user), []
    for line in own.reach_of(actor, clock.now()):
        banner = door.admit(actor, line.person, "list own records", purpose=Purpose.OWN_RECORD)
        if isinstance(banner, Banner):
            found.append((line.key, _name(banner), born_words(banner.birth_date)))
    return found


def heading(whose: Whose, banner: Banner) -> Heading:
    """The head of a page about this person."""
    practice = place.organisation(banner.practice_code)
    return Heading(
        name=_name(banner),
        born=born_words(banner.birth_date),
        number=number_words(banner.nhs_number, banner.number_status),
        practice=banner.practice_name,
        phone=practice.phone if practice else "",
        is_self=whose.is_self,
        others=whose.others,
        until=when_words(whose.line.ends) if whose.line.ends else "",
    )


def _chosen(request: HttpRequest, lines: list[OwnLine]) -> OwnLine | None:
    """The record that was chosen in this session, else the only one."""
    key = request.session.get(_CHOSEN, "")
    return next((line for line in lines if line.key == key), lines[0] if len(lines) == 1 else None)


def _name(banner: Banner) -> str:
    given = banner.preferred or banner.given
    return " ".join(part for part in (given, banner.family) if part) or "Name not known"
