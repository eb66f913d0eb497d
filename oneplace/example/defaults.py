"""What the example needs of a place: its example.toml, and for what that doesn't say, what the place's tables tell.

So a place that was built from public data has synthetic people without a line written for it.
"""

from collections.abc import Mapping
from typing import Any

from oneplace.place.folder import PlaceFolder

_STREETS = (
    "Mill Lane", "Orchard Way", "Church Street", "Station Road", "Weir Street", "Priory Gardens", "Kiln Row",
    "Tannery Walk", "Willow Bank", "Larken Crescent", "Quay Street", "Linden Avenue", "Chapel Field", "The Street",
)  # fmt: skip
_CONTACTS = {"under_18": 0.06, "adult": 0.10, "from_65": 0.22, "from_80": 0.38}
# A role of [story], and the kind of organisation that has it where the folder names none.
_ROLES = {
    "acute_trust": "acute-trust",
    "community_trust": "community-trust",
    "mental_health_trust": "mental-health-trust",
    "commissioner": "commissioner",
}
_SITES = {"acute_site": "acute_trust", "community_site": "community_trust"}


def settings_of(place: PlaceFolder) -> Mapping[str, Any]:
    """The folder's example.toml with what is missing filled in."""
    told = dict(place.example)
    story = {**_roles(place), **told.get("story", {})}
    for site, role in _SITES.items():
        found = (row.code for row in place.sites if row.organisation_code == story.get(role))
        story.setdefault(site, next(found, story.get(role, "")))
    story["words"] = _words(place, story.get("practice", "")) | story.get("words", {})
    addresses = {"streets": list(_STREETS), "postcodes": _towns(place)} | told.get("addresses", {})
    return {**told, "story": story, "contacts": _CONTACTS | told.get("contacts", {}), "addresses": addresses}


def _words(place: PlaceFolder, practice: str) -> dict[str, str]:
    """What the story calls its towns, teams and wards where the folder gives no words of its own."""
    address = next((row.address for row in place.organisations if row.code == practice), "")
    town = address.rpartition(", ")[2] or place.name
    towns = dict.fromkeys(("town", "near_town", "next_town", "far_town"), town)
    teams = dict.fromkeys(("team", "near_team", "far_team"), f"{town} Community Team")
    mentors = {"mentors": next((row.name for row in place.organisations if row.kind == "voluntary"), "Mentors")}
    return towns | teams | {"any_team": "Community Team", "ward": "Ward 1", "other_ward": "Ward 2", **mentors}


def _roles(place: PlaceFolder) -> dict[str, str]:
    practices = [row.code for row in place.practices()]
    signed = {row["controller_code"] for row in place.agreements}
    pending = [code for code in practices if code not in signed]
    own = [code for code in practices if code in signed] or practices
    found = {"practice": own[0], "other_practice": own[-1], "silent_practice": (pending or own)[-1]} if own else {}
    for role, kind in _ROLES.items():
        found[role] = next((row.code for row in place.organisations if row.kind == kind), "")
    return found


def _towns(place: PlaceFolder) -> dict[str, str]:
    """Each town of a practice's address, with its postcode district."""
    found: dict[str, str] = {}
    for row in place.practices():
        if row.address:
            found.setdefault(row.address.rpartition(", ")[2], row.postcode.partition(" ")[0] or "ZZ1")
    return found or _towns_of_areas(place) or {place.name: "ZZ1"}


def _towns_of_areas(place: PlaceFolder) -> dict[str, str]:
    """Where practices are masked: names of small areas without their number, as Alderton 001A; invented districts."""
    lived_in = {row.area_code for row in place.registrations}
    towns = {row.name.rpartition(" ")[0] for row in place.areas if row.code in lived_in} - {""}
    return {town: f"ZZ{at}" for at, town in enumerate(sorted(towns), 1)}
