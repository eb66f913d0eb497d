"""Who this is, for the top of every page about a person: SURNAME, Given, born, number, address, practice, flags.

Source: record.md (one person banner on every page). Flags are words; colour only repeats them.
"""

from dataclasses import dataclass
from datetime import date, datetime

from django.urls import reverse

from oneplace.access.rules.emergencies import minutes_left
from oneplace.kernel.clock import to_london
from oneplace.kernel.nhs_number import spaced
from oneplace.record.presenters.words import counted, day_words, sentence, when_words
from oneplace.record.shapes import Banner, Hit, WindowletData
from oneplace.record.windowlets import is_current


@dataclass(frozen=True, slots=True)
class BannerWords:
    """The banner as it is written: one name, labelled facts, flags, and warnings that come before all else."""

    name: str
    full_name: str
    age: str
    facts: tuple[tuple[str, str], ...]
    flags: tuple[tuple[str, str], ...]  # words, colour
    warnings: tuple[tuple[str, str], ...]  # heading, what to do
    died: str
    emergency: "EmergencyWords | None" = None


@dataclass(frozen=True, slots=True)
class EmergencyWords:
    """The emergency access that this page is shown under: how long it lasts, and where to end it."""

    minutes: int
    seconds: int
    until: str
    address: str


def banner_words(
    banner: Banner, now: datetime, *, allergies: WindowletData | None = None, conflicts: tuple[str, ...] = ()
) -> BannerWords:
    """The banner of one person. Pages that have read the allergies name them here too."""
    name = person_name(banner.family, banner.given)
    return BannerWords(
        name=name,
        full_name=f"{name} ({banner.prefix})" if banner.prefix else name,
        age=age_words(banner.age, banner.deceased),
        facts=_facts(banner),
        flags=_flags(banner, allergies, now),
        warnings=_warnings(banner, conflicts),
        died=_died(banner),
        emergency=_emergency(banner, now),
    )


def person_name(family: str, given: str) -> str:
    """SURNAME, Given, as the NHS writes it."""
    return ", ".join(part for part in (family.upper(), given) if part) or "Name not known"


def age_words(age: int | None, deceased: bool = False) -> str:
    """83 years, 5 years; of a person who has died the age is not counted on."""
    return "" if age is None or deceased else counted(age, "year")


def born_words(birth_date: date | None) -> str:
    """12 Mar 1943, or that it isn't known."""
    return day_words(birth_date) if birth_date else "not known"


def number_words(number: str, status: str = "") -> str:
    """999 000 0018, with a word of doubt where there is one."""
    if not number:
        return "not known"
    return f"{spaced(number)} (not valid)" if status == "not valid" else spaced(number)


def hit_words(hit: Hit) -> str:
    """Who a search found: name, age and birth date in one breath, for the link's text."""
    age = age_words(hit.age, hit.deceased)
    return f"{person_name(hit.family, hit.given)}" + (f", {age}" if age else "")


def _facts(banner: Banner) -> tuple[tuple[str, str], ...]:
    address = ", ".join(part for part in (banner.address, banner.postcode) if part and part not in ("",))
    if banner.postcode and banner.postcode in banner.address:
        address = banner.address
    told = (
        ("Born", born_words(banner.birth_date)),
        ("Age", age_words(banner.age, banner.deceased)),
        ("Sex", sentence(banner.sex)),
        ("NHS number", number_words(banner.nhs_number, banner.number_status)),
        ("Address", address or "not known"),
        ("Practice", banner.practice_name or banner.practice_code or "not known"),
        ("Phone", banner.phone),
        ("Likes to be called", banner.preferred if banner.preferred != banner.given else ""),
    )
    return tuple((label, words) for label, words in told if words)


def _flags(banner: Banner, allergies: WindowletData | None, now: datetime) -> tuple[tuple[str, str], ...]:
    flags: list[tuple[str, str]] = []
    if banner.interpreter:
        flags.append((f"Interpreter: {banner.language or 'language not recorded'}", "blue"))
    elif banner.language and banner.language.lower() not in {"english", "en"}:
        flags.append((f"Speaks {banner.language}", "grey"))
    if allergies is not None and (words := _allergy_flag(allergies, now)):
        flags.append(words)
    if banner.number_status and banner.number_status not in {"verified", "verified by agreement of sources"}:
        flags.append((f"NHS number {banner.number_status}", "yellow"))
    return tuple(flags)


def _allergy_flag(panel: WindowletData, now: datetime) -> tuple[str, str] | None:
    if panel.state == "filled" and panel.items:
        current = (item for item in panel.items if is_current(item.status, item.ended_at, now))
        named = list(dict.fromkeys(item.display or "not named" for item in current))
        if not named:
            return "Allergies: only ended ones recorded", "yellow"
        more = f" and {len(named) - 3} more" if len(named) > 3 else ""
        return f"Allergies: {', '.join(named[:3])}{more}", "red"
    words = {
        "nil known": "No known allergies",
        "none recorded": "Allergies: none recorded",
        "no agreement": "Allergies: not shared here",
        "closed": "Allergies: closed to you",
        "not connected": "Allergies: no source connected",
    }.get(panel.state)
    return (words, "green" if panel.state == "nil known" else "yellow") if words else None


def _warnings(banner: Banner, conflicts: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    warnings = []
    if banner.identity_conflict or conflicts:
        told = " ".join(f"{sentence(conflict).rstrip('.')}." for conflict in conflicts)
        warnings.append(
            (
                "Identity conflict",
                f"{told or 'The sources disagree about who this is.'} Some entries may be another "
                "person's. Check name, date of birth and address with the person before you act.",
            )
        )
    if banner.similar_names:
        others = counted(banner.similar_names, "other person has", "other people have")
        warnings.append(("Similar names", f"{others} a name like this. Check date of birth and address."))
    return tuple(warnings)


def _emergency(banner: Banner, now: datetime) -> EmergencyWords | None:
    held = banner.emergency
    if held is None:
        return None
    seconds = max(0, int((held.expires_at - now).total_seconds()))
    until = f"{to_london(held.expires_at):%H:%M}"
    address = reverse("break-glass", args=[banner.person_id])
    return EmergencyWords(minutes_left(held.expires_at, now), seconds, until, address)


def _died(banner: Banner) -> str:
    if not banner.deceased:
        return ""
    when: datetime | None = banner.deceased_at
    return f"Died {when_words(when)}" if when else "Has died (date not known)"
