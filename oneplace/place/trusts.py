"""NHS trusts and their sites as ODS publishes them (etr and ets, without heading), and beds as NHS England counts them.

What sort of trust one is no file tells: it is taken from its name, and said so. Pure.
"""

import re
from collections.abc import Collection
from datetime import datetime
from typing import Any

from oneplace.place.cells import Row, count_of
from oneplace.place.found import Found, TrustSite

_TRUST = re.compile(r"[RT][A-Z0-9]{2}")
_SITE = re.compile(r"[RT][A-Z0-9]{4}")
_KINDS = (
    ("ambulance", ("AMBULANCE",)),
    ("mental-health-trust", ("PARTNERSHIP", "MENTAL", "PSYCH")),
    ("community-trust", ("COMMUNITY",)),
)
# A format that somebody of this sort usually sends: to be put right in feeds.csv.
_FORMATS = {
    "acute-trust": "hl7-v2", "community-trust": "csv-community-contacts", "mental-health-trust": "fhir-stu3-xml",
    "ambulance": "fhir-stu3-xml",
}  # fmt: skip
_BEDS = {"date", "general_acute_beds_available"}
_TRUST_CODE = ("nhs_trust22_code", "org_code", "provider_code")


def take_ods(row: Row, found: Found) -> bool:
    """True for a row of a trust or of one of its sites; a closed one is passed over."""
    code = row.told("c0")
    if not (_TRUST.fullmatch(code) or _SITE.fullmatch(code)):
        return False
    if row.told("c11"):
        return True
    address = ", ".join(row.told(f"c{at}").title() for at in range(4, 9) if row.told(f"c{at}"))
    name, postcode = _named(row.told("c1")), row.told("c9")
    if _TRUST.fullmatch(code):
        trust = found.trust(code)
        trust.name, trust.kind, trust.address, trust.postcode = name, _kind_of(row.told("c1")), address, postcode
        trust.phone, trust.areas = row.told("c17"), {row.told("c3"), row.told("c14")} - {""}
    else:
        found.sites[code] = TrustSite(code[:3], name, address, postcode)
    return True


def is_beds(names: set[str]) -> bool:
    """General and acute beds of trusts by month."""
    return names >= _BEDS and bool(names & set(_TRUST_CODE))


def take_beds(row: Row, found: Found) -> None:
    """The newest month's count stands."""
    code, beds = row.told(*_TRUST_CODE), count_of(row.told("general_acute_beds_available"))
    month = _month(row.told("date"))
    if beds is None:
        return
    trust = found.trust(code)
    if month >= trust.counted:
        trust.counted, trust.beds = month, beds


def _site_kind(site: TrustSite, kind: str) -> str:
    """What sort of site: a hospital by its name, else a clinic."""
    if "hospital" not in site.name.lower():
        return "clinic"
    return "acute-hospital" if kind == "acute-trust" else "community-hospital"


def chosen(found: Found, wished: Collection[str], areas: Collection[str]) -> list[str]:
    """The place's trusts: those that are wished for, else those whose ODS row stands in one of these areas."""
    if wished:
        return sorted(code for code in wished if code in found.trusts)
    return sorted(code for code, trust in found.trusts.items() if trust.areas & set(areas))


def tables(found: Found, codes: Collection[str]) -> dict[str, list[dict[str, Any]]]:
    """Rows of a place folder's tables: the trusts, their sites, a feed and a pending agreement each."""
    organisations, sites, feeds, agreements = [], [], [], []
    for code in codes:
        trust = found.trusts[code]
        name, note = (trust.name or code)[:120], "Built from public files, which say nothing of agreements"
        told = {"address": trust.address[:200], "postcode": trust.postcode, "phone": trust.phone[:30]}
        organisations.append({"code": code, "name": name, "kind": trust.kind} | told)
        agreements.append({"controller_code": code, "note": note})
        feed = {"format": _FORMATS[trust.kind], "supplier": "", "channel": "folder", "expected_minutes": 1440}
        feeds.append({"code": f"{code}-feed", "organisation_code": code} | feed)
        sites += [_site_row(at, one, trust.kind) for at, one in sorted(found.sites.items()) if one.trust == code]
        if trust.beds is not None:
            row = {"code": f"{code}-ALL", "organisation_code": code, "kind": "acute-hospital", "beds": trust.beds}
            sites.append(row | {"name": f"{name[:100]}: all sites"})
    return {"organisations.csv": organisations, "sites.csv": sites, "feeds.csv": feeds, "agreements.csv": agreements}


def _site_row(code: str, site: TrustSite, kind: str) -> dict[str, Any]:
    row = {"code": code, "organisation_code": site.trust, "name": site.name[:120], "kind": _site_kind(site, kind)}
    return row | {"address": site.address[:200], "postcode": site.postcode}


def lost(found: Found, codes: Collection[str]) -> list[str]:
    """What the files don't tell of trusts."""
    told = []
    if not codes:
        named = f" The files name {', '.join(sorted(found.trusts))}: choose with --trust." if found.trusts else ""
        told.append(f"no trust is known to be of the place: hospital and community care have no organisation.{named}")
    if codes:
        told.append("the sort of each trust and site is taken from its name: look at organisations.csv and sites.csv")
    if any(found.trusts[code].beds is not None for code in codes):
        told.append("beds are told by trust, not by site: they stand at 'all sites' of each")
    return told


def _named(told: str) -> str:
    return told.title().replace("Nhs", "NHS").replace("'S ", "'s ")


def _kind_of(name: str) -> str:
    return next((kind for kind, words in _KINDS if any(word in name.upper() for word in words)), "acute-trust")


def _month(told: str) -> str:
    """A month as year-month, from `April 2022` or a date. Raises ValueError."""
    try:
        return datetime.strptime(told, "%B %Y").strftime("%Y-%m")
    except ValueError:
        if not re.fullmatch(r"\d{4}-\d{2}(-\d{2})?", told):
            raise ValueError(told) from None
        return told[:7]
