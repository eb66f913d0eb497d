"""Who can sign in to the demo with one click: a person of each role, and what to try as them."""

from dataclasses import dataclass

from oneplace.example.defaults import settings_of
from oneplace.place.folder import PlaceFolder


@dataclass(frozen=True, slots=True)
class Persona:
    """A member of staff of the demo. `role` is a role of access, `organisation_code` one of the place."""

    key: str
    name: str
    role: str
    organisation_code: str
    what_to_try: str


# key, name, role, the folder's [story] role of the organisation, what to try
_PERSONAS = (
    ("fiona", "Dr Fiona Carrow", "gp", "practice",
     "Open Mary Tillotson: practice, hospital and community nurse on one page."),
    ("jenny", "Jenny Oakhurst", "practice-nurse", "practice",
     "Open Harry Lindfield and follow his HbA1c since his review."),
    ("asha", "Asha Raman", "spr-clinician", "community_trust",
     "Open Sally Brightwater: the plan made with her daughter says whom to call first."),
    ("miles", "Miles Kettering", "spr-administrator", "community_trust",
     "Search for 'Brihgtwater' and see how a mistyped name is found."),
    ("tom", "Tom Eddowes", "ward-nurse", "acute_trust",
     "Open Reg Holloway on your ward; see what his practice knows."),
    ("grace", "Grace Adeyemi", "community-nurse", "community_trust",
     "Open Mary Tillotson before the morning's insulin."),
    ("lena", "Lena Sorrell", "mdt-coordinator", "community_trust",
     "Find the people whom the community teams know."),
    ("priti", "Priti Vaghela", "data-manager", "community_trust",
     "Feeds: which practices are pending, and why? Quarantine: why was it refused?"),
    ("colm", "Colm Brannigan", "privacy-officer", "commissioner",
     "Ledger: who opened which record today, for what, and is the chain whole?"),
    ("yusuf", "Yusuf Demir", "analyst", "commissioner",
     "Feeds: how fresh is each source? You can open nobody's record."),
    ("hilary", "Hilary Stroud", "planner", "commissioner",
     "See that planning needs no person's record."),
    ("owen", "Dr Owen Pascall", "gp", "silent_practice",
     "Your practice has signed nothing yet: open Norman Tasker; nobody else can see what you hold."),
    ("ruth", "Dr Ruth Ambrose", "gp", "other_practice",
     "Search for Mary Tillotson: she isn't yours, so she isn't there. Irene Walcot is."),
)  # fmt: skip


def personas(place_folder: PlaceFolder) -> list[Persona]:
    """The demo's staff at this place's organisations; who works where the place has nothing of the kind is left out."""
    roles = settings_of(place_folder)["story"]
    return [
        Persona(key, name, role, roles[where], words) for key, name, role, where, words in _PERSONAS if roles.get(where)
    ]
