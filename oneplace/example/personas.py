"""Who can sign in to the demo with one click: a person of each role, and what to try as them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from oneplace.example.defaults import settings_of
from oneplace.example.story import stories
from oneplace.kernel import nhs_number
from oneplace.place.folder import PlaceFolder


@dataclass(frozen=True, slots=True)
class Persona:
    """Somebody of the demo. `role` is a role of access, `organisation_code` one of the place, '' for the person's own.

    `also` are further hats (role, organisation). `of` names somebody of the stories: whose record it is, for whom they
    act as far as `scope` says, or who was referred to a member of staff's organisation.
    """

    key: str
    name: str
    role: str
    organisation_code: str
    what_to_try: str
    group: str = ""
    also: tuple[tuple[str, str], ...] = ()
    of: str = ""
    scope: tuple[str, ...] = ()


# key, name, role, the folder's [story] role of the organisation, what to try; by the group on the sign-in page
_PERSONAS: dict[str, tuple[tuple[str, str, str, str, str], ...]] = {
    "The person and the family": (
        ("becky", "Becky Marlowe", "person", "",
         "My record: what practice and hospital know of you. Who has looked? Change what is shared."),
        ("karen", "Karen Brightwater", "proxy", "",
         "Your mother Sally agreed that you see her care plans and what the community team wrote, and nothing else."),
    ),
    "General practice": (
        ("fiona", "Dr Fiona Carrow", "gp", "practice",
         "Open Mary Tillotson: practice, hospital and community nurse on one page."),
        ("jenny", "Jenny Oakhurst", "practice-nurse", "practice",
         "Open Harry Lindfield and follow his HbA1c since his review."),
        ("rosa", "Rosa Dunmore", "receptionist", "practice",
         "Open Mary Tillotson: who she is, and no more. Under 'Their own access' give her daughter access."),
        ("owen", "Dr Owen Pascall", "gp", "silent_practice",
         "Your practice has signed nothing yet: open Norman Tasker; nobody else can see what you hold."),
        ("ruth", "Dr Ruth Ambrose", "gp", "other_practice",
         "Search for Mary Tillotson: she isn't yours, so she isn't there. Irene Walcot is."),
    ),
    "Hospital, community and urgent care": (
        ("asha", "Asha Raman", "spr-clinician", "community_trust",
         "Open Sally Brightwater: the plan made with her daughter says whom to call first."),
        ("miles", "Miles Kettering", "spr-administrator", "community_trust",
         "Search for 'Brihgtwater' and see how a mistyped name is found."),
        ("tom", "Tom Eddowes", "ward-nurse", "acute_trust",
         "Open Reg Holloway on your ward; see what his practice knows."),
        ("isla", "Dr Isla Marchbank", "a-and-e", "acute_trust",
         "Search for Becky Marlowe with her date of birth: locked. Declare an emergency, and see who is told."),
        ("grace", "Grace Adeyemi", "community-nurse", "community_trust",
         "Open Mary Tillotson before the morning's insulin."),
        ("lena", "Lena Sorrell", "mdt-coordinator", "community_trust",
         "Find the people whom the community teams know."),
        ("nadia", "Nadia Brook", "ward-nurse", "mental_health_trust",
         "Search for Becky Marlowe with her date of birth: you find who she is, and her record locked."),
        ("sunil", "Dr Sunil Mistry", "gp", "other_practice",
         "Two jobs, one sign-in: choose the hat. In A&E you meet other people than at your practice."),
    ),
    "Voluntary organisations": (
        ("bea", "Bea Orchard", "charity-worker", "voluntary",
         "Open Becky Marlowe, who was referred to you: who she is and her plan, nothing clinical."),
    ),
    "Running the place: no person's record": (
        ("priti", "Priti Vaghela", "data-manager", "community_trust",
         "Feeds: which practices are pending, and why? Quarantine: why was it refused?"),
        ("colm", "Colm Brannigan", "privacy-officer", "commissioner",
         "Emergency access: whose declaration waits for your review? Ledger: is the chain whole?"),
        ("vikram", "Vikram Sethi", "commissioner", "commissioner",
         "Feeds: which practices share? There is no search, and nobody's record to open."),
        ("yusuf", "Yusuf Demir", "analyst", "commissioner",
         "Feeds: how fresh is each source? You can open nobody's record."),
        ("hilary", "Hilary Stroud", "planner", "commissioner",
         "See that planning needs no person's record."),
    ),
}  # fmt: skip
_ALSO = {"sunil": (("a-and-e", "acute_trust"),)}
_OF = {"becky": "becky", "karen": "sally", "bea": "becky"}
_SCOPES = {"karen": ("plan", "community")}


def personas(place_folder: PlaceFolder) -> list[Persona]:
    """The demo's people at this place's organisations, without those of a kind that the place has not."""
    codes = _codes(place_folder)
    return [
        Persona(
            key, name, role, codes.get(where, ""), words, group,
            tuple((also, codes[there]) for also, there in _ALSO.get(key, ()) if codes.get(there)),
            _OF.get(key, ""), _SCOPES.get(key, ()),
        )
        for group, told in _PERSONAS.items()
        for key, name, role, where, words in told
        if not where or codes.get(where)
    ]  # fmt: skip


def story_numbers() -> dict[str, str]:
    """The NHS number of each person of the stories, by key: the same at every place, with every seed."""
    return dict(zip((row["key"] for row in stories()), nhs_number.numbers_for_tests(), strict=False))


def _codes(place_folder: PlaceFolder) -> Mapping[str, Any]:
    """Organisations by what the story calls them; `voluntary` is the one that the story refers to."""
    story = settings_of(place_folder)["story"]
    named = {row.name: row.code for row in place_folder.organisations if row.kind == "voluntary"}
    return {**story, "voluntary": named.get(story["words"]["mentors"], "")}
