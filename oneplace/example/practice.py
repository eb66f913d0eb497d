"""A practice as its people's records name it: address, and the staff who write in them. Staff names are invented."""

from collections.abc import Mapping
from random import Random
from typing import NamedTuple

from oneplace.example import names
from oneplace.place.folder import PlaceFolder


class Staff(NamedTuple):
    """One who works at a practice."""

    prefix: str
    given: str
    family: str
    role: str
    code: str  # NHS job role code


class Practice(NamedTuple):
    """A practice with its staff: two or three GPs first, then nurse, pharmacist."""

    code: str
    name: str
    address: str
    postcode: str
    phone: str
    supplier: str
    list_size: int
    feed_code: str
    channel: str
    staff: tuple[Staff, ...]


GP_FORMATS = ("fhir-stu3-json", "fhir-r4-json")
GP, NURSE, PHARMACIST = ("General Medical Practitioner", "R0260"), ("Practice Nurse", "R0600"), ("Pharmacist", "R1290")
_TRADITIONS = (*("british",) * 6, "irish", "gujarati", "muslim", "west-african", "iberian")
FIONA = Staff("Dr", "Fiona", "Carrow", *GP)
JENNY = Staff("Mrs", "Jenny", "Oakhurst", *NURSE)


def practices_of(place: PlaceFolder, seed: int) -> dict[str, Practice]:
    """Every practice of the place by code. The story's practice has Dr Fiona Carrow and nurse Jenny."""
    feeds = {row["organisation_code"]: row for row in place.feeds if row["format"] in GP_FORMATS}
    story = place.example.get("story", {}).get("practice", "")
    return {
        row.code: Practice(
            row.code,
            row.name,
            row.address,
            row.postcode,
            row.phone,
            row.supplier,
            row.list_size or 0,
            *_feed(feeds.get(row.code)),
            _staff(row.code, seed, row.code == story),
        )
        for row in place.practices()
    }


def _feed(row: Mapping[str, object] | None) -> tuple[str, str]:
    return (str(row["code"]), str(row["channel"])) if row else ("", "folder")


def _staff(code: str, seed: int, is_story: bool) -> tuple[Staff, ...]:
    draw = Random(f"staff|{seed}|{code}")
    found = []
    for prefix, (role, job) in (("Dr", GP), ("Dr", GP), ("Dr", GP), ("", NURSE), ("", PHARMACIST)):
        female = draw.random() < 0.55
        sex, tradition = "female" if female else "male", draw.choice(_TRADITIONS)
        given = names.given_name(tradition, sex, 1978, draw)
        family = names.borne_by(names.family_name(tradition, draw), tradition, sex)
        found.append(Staff(prefix or ("Ms" if female else "Mr"), given, family, role, job))
    if is_story:
        found[0], found[3] = FIONA, JENNY
    return tuple(found)
