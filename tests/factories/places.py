"""The place that tests run on, and its codes by what they mean: no test names a place's codes.

ONEPLACE_TEST_PLACE chooses it: a place that is shipped, or a folder; the first example where it isn't set. `make test`
runs the rooms on the second as well.
"""

import os

from oneplace.place import folder

FOLDER = folder.find(os.environ.get("ONEPLACE_TEST_PLACE", "example"))
PLACE = folder.read(FOLDER)
_STORY = PLACE.example["story"]

PRACTICE: str = _STORY["practice"]
"""Where Dr Fiona Carrow works and the people of the stories are registered."""
OTHER_PRACTICE: str = _STORY["other_practice"]
"""A practice that shares and has no tie to them."""
SILENT_PRACTICE: str = _STORY["silent_practice"]
"""A practice without an agreement."""
HOSPITAL: str = _STORY["acute_trust"]
COMMUNITY: str = _STORY["community_trust"]
COMMISSIONER: str = _STORY["commissioner"]


def named(code: str) -> str:
    """What an organisation of the place is called."""
    return PLACE.organisation(code).name


def load_few(*codes: str) -> None:
    """These organisations of the place with what they signed, and nothing else of it: a tenth of the time of all."""
    from oneplace.access import actions as access
    from oneplace.place import queries
    from oneplace.place.models import Organisation, Place

    wanted = [row for row in PLACE.organisations if row.code in codes]
    columns = ("code", "name", "kind", "address", "postcode", "phone")
    Organisation.objects.bulk_create(Organisation(**{name: getattr(row, name) for name in columns}) for row in wanted)
    Place.objects.create(code="X", name=PLACE.name, folder_digest="", loaded_at="2026-01-01T00:00:00Z")
    access.load_agreements([row for row in PLACE.agreements if row["controller_code"] in codes], by="test")
    queries.forget_names()


def practices(format: str = "") -> list[str]:
    """Codes of the practices, or of those whose records come in one format."""
    told = {row["organisation_code"] for row in PLACE.feeds if row["format"] == format or not format}
    return [row.code for row in PLACE.practices() if row.code in told]


_CODES = set(practices())
SHARING = f"{sum(row['controller_code'] in _CODES for row in PLACE.agreements)} of {len(_CODES)}"
"""How many practices share, as pages say it."""
PENDING = len(PLACE.pending_agreements)
