"""Only the entitled see: each cell of the matrix decided twice, by the product and by the oracle's cited tables.

Every fiftieth cell is also asked of the real doors on a real database: the record, one panel, one entry, search,
letters and the page, for a fact that is marked. A leak is a mark seen that the oracle closes; a wrong denial the
reverse.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import zstandard
from django.db import transaction
from oracles import access, world
from oracles.access import Situation

from promises import Outcome, Promise

EVERY = 50
MARK = "Quillfeather"
NUMBER = "9990000018"
# Of what kind an organisation must be, and what its entry must be, for the entry to be in a class.
MADE = {
    "identity": ("acute-trust", "encounter", ""),
    "gp-summary": ("practice", "problem", ""),
    "gp-record": ("practice", "encounter", ""),
    "hospital": ("acute-trust", "encounter", ""),
    "community": ("community-trust", "encounter", ""),
    "mental-health": ("mental-health-trust", "document", ""),
    "social-care": ("county-council", "encounter", ""),
    "urgent-care": ("ambulance", "encounter", ""),
    "end-of-life": ("hospice", "encounter", ""),
    "documents": ("acute-trust", "document", ""),
    "plan": ("community-trust", "plan", ""),
    "interpreter": ("acute-trust", "alert", "Interpreter needed"),
    "reasonable-adjustment": ("acute-trust", "alert", "Reasonable adjustment"),
    "resuscitation": ("community-trust", "alert", "Resuscitation"),
    "safeguarding": ("practice", "problem", "Child protection"),
    "sexual-health": ("acute-trust", "problem", "Chlamydia"),
    "hiv": ("practice", "medication", "HIV"),
    "reproductive-health": ("acute-trust", "procedure", "Termination of pregnancy"),
    "gender-identity": ("practice", "problem", "Gender dysphoria"),
    "substance-misuse": ("community-trust", "encounter", "Methadone"),
}


def run(cases: int, seed: int) -> Outcome:
    """Decide so many cells, and open the doors for every fiftieth."""
    wrong: list[str] = []
    leaks = denials = asked = 0
    met: set[str] = set()
    with _door_set_up() as user_of:
        for number, told in enumerate(world.situations(cases, seed)):
            expected, rule = access.answer(told)
            met.add(rule)
            found = world.decided(told)
            if found != expected:
                leaks += found == "permit"
                denials += found != "permit"
                wrong.append(f"{rule}: decided {found}, the oracle says {expected}: {told}")
            if number % EVERY == 0:
                asked += 1
                for leak, words in _at_the_doors(told, expected, user_of(told["role"])):
                    leaks, denials = leaks + leak, denials + (not leak)
                    wrong.append(f"{rule}: {words}: {told}")
    unmet = {row["rule"] for row in access.table("rules")} - met
    wrong += [f"no cell met rule {rule}" for rule in sorted(unmet)]
    words = f"{leaks} leaks, {denials} wrong denials; {asked:,} cells also at the real doors; {len(met)} rules met"
    return Outcome(cases, len(wrong), words, tuple(wrong[:5]))


@contextmanager
def _door_set_up() -> Iterator[Any]:
    """Business time stands still, and staff of each role are there to ask; all is undone at the end."""
    from oneplace.access import actions, roles
    from oneplace.kernel import clock

    users: dict[str, Any] = {}

    def user_of(role: str) -> Any:
        if role not in users and roles.role(role):
            who = {"username": f"matrix-{role}", "password": None, "display_name": "A", "by": "promise"}
            users[role] = actions.create_user(role=role, organisation_code=world.OWN, **who)
        return users.get(role)

    with patch.object(clock, "now", lambda: world.NOW), transaction.atomic():
        yield user_of
        transaction.set_rollback(True)


def _at_the_doors(told: Situation, expected: str, user: Any) -> list[tuple[bool, str]]:
    """What the real doors do with one cell: (is a leak, words) for each that does otherwise than the oracle says."""
    from oneplace.place import queries as place

    point = transaction.savepoint()
    try:
        return list(_asked(told, expected, user))
    finally:
        transaction.savepoint_rollback(point)
        place.forget_names()


def _asked(told: Situation, expected: str, user: Any) -> Iterator[tuple[bool, str]]:
    from oneplace.access.rules import Actor
    from oneplace.record import door
    from oneplace.record.shapes import Opened

    personal = access.roles()[told["role"]]["kind"] == "personal"
    actor = Actor(user.key if user else "n" * 22, "A", told["role"], "" if personal else world.OWN)
    person, entry = _tell(told, actor.key)
    may, purpose, identity = expected == "permit", told["purpose"], told["information_class"] == "identity"
    kind = MADE[told["information_class"]][1]
    opened = door.open(actor, person, purpose=purpose)
    listed = not identity and isinstance(opened, Opened) and _lists(opened.view, kind)
    yield from _judged("the record", _marked(opened), may, must=listed or (identity and may))
    if isinstance(opened, Opened) and not may and not identity:
        yield from _judged("a count", any(line.items for line in opened.sources), may)
    panel = _panel_for(opened.view, kind) if isinstance(opened, Opened) else "timeline"
    yield from _judged("a panel", _marked(door.more(actor, person, panel, purpose=purpose)), may, must=listed)
    if not identity:
        shown = door.document(actor, person, entry, purpose=purpose)
        yield from _judged("an entry", _marked(shown), may, must=True)
    found = door.search(actor, NUMBER, purpose=purpose)
    # A search is about nobody in particular; a declaration, and what is signed for emergencies, about one person.
    yield from _judged("search", _marked(found), may, must=identity and not told["agreement"].startswith("emergency"))
    box = door.letters(actor, purpose=purpose)
    yield from _judged("letters", _marked(box) or (not identity and box.waiting > 0), may)
    if user is not None and purpose == "direct care" and not personal:
        yield from _judged("the page", _marked(_page(user, person)), may, must=listed or (identity and may))


def _marked(answer: object) -> bool:
    return MARK.casefold() in repr(answer).casefold()


def _judged(where: str, seen: bool, may: bool, must: bool = False) -> Iterator[tuple[bool, str]]:
    if seen and not may:
        yield True, f"{where} shows what the oracle closes"
    if may and must and not seen:
        yield False, f"{where} hides what the oracle opens"


def _lists(view: str, kind: str) -> bool:
    return bool(_panel_for(view, kind))


def _panel_for(view: str, kind: str) -> str:
    """The first panel of a view that lists this kind; '' where none does."""
    from oneplace.record.windowlets import views

    lists = ("timeline", "table", "list")
    return next((one.name for one in views()[view].windowlets if kind in one.kinds and one.shape in lists), "")


def _page(user: Any, person: str) -> str:
    """The record's page as a browser gets it."""
    from django.test import RequestFactory, override_settings

    from oneplace.record.views import people

    request = RequestFactory().get(f"/people/{person}/")
    request.user, request.session, request.csp_nonce = user, {}, "n"  # type: ignore[attr-defined]
    # One step of sign-in is enough here: what is judged is the page of somebody who has signed in.
    with override_settings(SECOND_STEP=False):
        return people.person(request, person).content.decode()


def _tell(told: Situation, user: str) -> tuple[Any, str]:
    """Write the situation to the database: the place, one person, the marked fact, ties, agreements, choices."""
    from oneplace.access import actions
    from oneplace.access.models import BreakGlass, Consent
    from oneplace.kernel.ids import new_key, new_person_id
    from oneplace.place import queries as place
    from oneplace.place.models import Organisation

    here, person = world.world(told, user), new_person_id()
    controller = world.OWN if told["controller"] == "own" else world.OTHER
    kind = MADE[told["information_class"]][0]
    Organisation.objects.create(code=controller, name=f"Organisation {controller}", kind=kind)
    place.forget_names()
    entry = _fact(person, controller, told["information_class"])
    for tie in here.ties:
        actions.open_relationship(person=person, reference=new_key(), by="promise", **tie)
    actions.load_agreements(here.agreements, by="promise")
    actions.set_consent_models({told["information_class"]: told["model"]}, by="promise")
    for name, choice, at, capacity in here.consents:
        Consent.objects.create(
            person=person, information_class=name, choice=choice, at=at, capacity=capacity, taken_by="promise"
        )
    if here.glass:
        who = {"user_key": user, "role": told["role"], "organisation_code": world.OWN, "refusal_reason": "x"}
        BreakGlass.objects.create(person=person, reason="life-threat", text="x", **who, **here.glass)
    return person, entry


def _fact(person: str, controller: str, information_class: str) -> str:
    """One person whom one organisation knows, and one entry of a class; the mark is in it, or is the name."""
    from oneplace.record.models import Document, Entry, LocalPatient, Person, Source

    _, kind, display = MADE[information_class]
    identity = information_class == "identity"
    at = {"received_at": world.NOW}
    source = Source.objects.create(code=controller, first_received_at=world.NOW, last_received_at=world.NOW)
    document = Document.objects.create(
        digest=person.encode()[:20], body=zstandard.compress(b"{}"), size=2, format="x", **at
    )
    patient = LocalPatient.objects.create(
        source=source, local_id="1", family=MARK if identity else "Testcase", given="Ada", nhs_number=NUMBER,
        person=Person.objects.create(key=person, nhs_number=NUMBER, created_at=world.NOW), link="linked",
        link_number=NUMBER, content=b"", document=document, **at,
    )  # fmt: skip
    entry = Entry.objects.create(
        patient=patient, source=source, type="X", told_id="1", kind=kind, status="active",
        display="Testcase" if identity else f"{display} {MARK}".strip(), happened_at=world.NOW - world.HOUR,
        version_at=world.NOW, content=b"", document=document, path="entry[0]", **at,
    )  # fmt: skip
    return str(entry.pk)


PROMISE = Promise(
    "only-the-entitled-see", "Only the entitled see: the whole matrix against an independent oracle", 50_000, run
)
