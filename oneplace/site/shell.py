"""What stands on every page: place, user, navigation of the role, the demo's bar. Only pages that exist are named."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse

from oneplace.access import queries as access
from oneplace.access import roles
from oneplace.access.rules import Actor
from oneplace.place import queries as place
from oneplace.site.inbox import unread_count
from oneplace.site.middleware import is_from_this_machine

_PAGES = (
    ("home", "Home", ""),
    ("my-record", "My record", "see-own-record"),
    ("who-looked", "Who has looked", "see-own-history"),
    ("sharing", "Sharing", "see-own-record"),
    ("people", "People", "search-people"),
    ("letters", "Letters", "file-letters"),
    ("beds", "Beds", "see-beds"),
    ("feeds", "Feeds", "see-feeds"),
    ("quarantine", "Quarantine", "see-quarantine"),
    ("outbox", "Messages out", "mend-post"),
    ("linkage", "Linkage review", "link-records"),
    ("linkage-quality", "Linkage quality", "link-records"),
    ("emergencies", "Emergency access", "see-ledger"),
    ("ledger", "Ledger", "see-ledger"),
    ("access-reports", "Access reports", "see-ledger"),
    ("agreements", "Agreements", "keep-agreements"),
    ("users", "Users", "manage-users"),
)


@dataclass(frozen=True, slots=True)
class Link:
    """One word of the navigation."""

    address: str
    text: str
    current: bool


def shell(request: HttpRequest) -> dict[str, Any]:
    """Values for the base page; without a signed-in user only the place and the demo."""
    names = place.names()
    values: dict[str, Any] = {
        "place_name": names.place or "no place loaded",
        "demo": in_demo(request),
        "synthetic": settings.DEMO or names.synthetic_people,
        "synthetic_place": names.synthetic_people,
        "links": [],
        "user_line": None,
        "may_search": False,
        "unread": None,
    }
    user = getattr(request, "user", None)
    if user is not None and user.is_authenticated:
        actor = access.actor_of(user)
        role = roles.role(actor.role)
        values["user_line"] = {
            "name": actor.name,
            "role": role.label if role else actor.role,
            "organisation": names.organisations.get(actor.organisation_code, actor.organisation_code),
            "hats": len(access.hats_of(user)),
        }
        values["links"] = [_link(request, *page) for page in _PAGES if _is_for(actor, page[2])]
        values["may_search"] = access.may(actor, "search-people")
        values["unread"] = unread_count(actor.key) if actor.role else None
    return values


def _is_for(actor: Actor, permission: str) -> bool:
    """True for a page of this hat; while none is chosen there is none."""
    if not permission:  # a person has no work of an organisation: their record is where they land
        return bool(actor.role) and not access.may(actor, "see-own-record")
    return bool(actor.role) and access.may(actor, permission)


def _link(request: HttpRequest, name: str, text: str, permission: str) -> Link:
    address = reverse(name)
    whole = name in ("home", "linkage-quality") or (name == "linkage" and request.path.endswith("/quality/"))
    here = request.path == address if whole else request.path.startswith(address)
    return Link(address, text, here)


def in_demo(request: HttpRequest) -> bool:
    """True where one-click sign-in may be offered: the demo, asked for from this machine."""
    return bool(settings.DEMO) and is_from_this_machine(request)


def kept(name: str) -> Any:
    """What a command left in the home folder for the pages (personas, progress); None where there is nothing."""
    path = Path(settings.HOME) / name
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
