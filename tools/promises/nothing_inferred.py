"""Nothing is inferred: two worlds that differ in one person whom a reader may not see answer the same bytes.

What differs depends on what the reader's role is for:
- absent: in one world the person isn't there at all. For roles that meet NotFound and hold no counts of feeds, and for
  people who read their own record or act for somebody.
- other: both worlds have a person, of another name, number and date of birth. For roles that see how many messages and
  people there are, or the ledger's rows: a count is theirs to know, a person isn't. The privacy officer's trace from an
  NHS number to a reference is left out: it is meant to tell.
- content: the same person with other clinical facts. For roles of direct care, who may learn that somebody is there and
  locked, and nothing but that.
Frozen: the clock, random keys. Left out of the comparison: nonce, CSRF token, cookies, and the ledger's seals (SHA-256
over a whole row or message), which the privacy officer's file shows and which nobody can read backwards.
"""

import hashlib
import itertools
import random
import re
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from unittest import mock

from exits import Request, Words, knocks

from promises import Outcome, Promise

NOW = datetime(2026, 3, 4, 14, tzinfo=UTC)
COUNTS = {"see-feeds", "see-quarantine", "see-ledger", "link-records", "replay"}
MEANT_TO_TELL = ("ledger/find/",)
_HOME = "1 MILL LANE^^^^ZZ1 1AA^^H"
_FROZEN = re.compile(rb'nonce="[^"]*"|name="csrfmiddlewaretoken" value="[^"]*"|nonce-[\w+/=-]+|\b[0-9a-f]{64}\b')


@dataclass(frozen=True, slots=True)
class Hidden:
    """The person whom the reader may not see."""

    number: str = "9990000093"
    family: str = "QUILLFEATHER"
    given: str = "OTTILIE"
    born: str = "19470615"
    diagnosis: str = "I10^Hypertension^I10"


ONE = Hidden()
OTHER = Hidden("9990000107", "WINTERBOURNE", "LEOPOLD", "19470921", ONE.diagnosis)
ILL = Hidden(diagnosis="B24^Unspecified human immunodeficiency virus disease^I10")
WORLDS: dict[str, tuple[Hidden, Hidden | None]] = {"absent": (ONE, None), "other": (ONE, OTHER), "content": (ONE, ILL)}


def run(cases: int, seed: int) -> Outcome:
    """Ask the same of both worlds, each role its share, and compare what was answered byte by byte."""
    import time_machine
    from django.db import transaction
    from django.test import override_settings

    different: list[str] = []
    told: dict[str, int] = {}
    with time_machine.travel(NOW, tick=False), transaction.atomic(), override_settings(SECOND_STEP=False):
        place = _the_rest()
        shares = list(_shares(cases))
        for (role, kind), share in shares:
            found = _compare(role, kind, place, share, random.Random(f"{seed} {role}"))
            different += [f"{role}, {kind}: {one}" for one in found]
            told[kind] = told.get(kind, 0) + share
        transaction.set_rollback(True)
    words = ", ".join(f"{kind} {count:,}" for kind, count in sorted(told.items()))
    figure = f"{cases - len(different):,} of {cases:,} answers of {len(shares)} roles the same ({words})"
    return Outcome(cases, len(different), figure, tuple(different[:5]))


def kind_of(role: str) -> str:
    """Which two worlds a role is shown."""
    from oneplace.access import roles

    declared = roles.roles()[role]
    return "content" if declared.direct_care else "other" if declared.may & COUNTS else "absent"


def _shares(cases: int) -> Iterator[tuple[tuple[str, str], int]]:
    """Each role with its worlds and its part of the cases."""
    from oneplace.access import roles

    names = sorted(roles.roles())
    for number, name in enumerate(names):
        yield (name, kind_of(name)), cases // len(names) + (number < cases % len(names))


def _compare(role: str, kind: str, place: "Place", count: int, randomness: random.Random) -> list[str]:
    """Requests that were answered differently."""
    one, other = WORLDS[kind]
    asked: list[Request] = []

    def prepared() -> list[Request]:
        if not asked:
            left_out = MEANT_TO_TELL if kind == "other" else ()
            asked.extend(knocks(_words(place), count, randomness, role=role, leave_out=left_out))
        return asked

    first = _answers(role, one, place, prepared)
    second = _answers(role, other, place, prepared)
    return [
        f"{request.method} {request.address} {request.fields}"
        for request, left, right in zip(asked, first, second, strict=True)
        if left != right
    ]


@dataclass(frozen=True, slots=True)
class Place:
    """Where the reader works, and where the hidden person is known."""

    own: str
    others: str


def _the_rest() -> Place:
    """The example place with people whom its staff may see: one of them is known where the hidden person is too."""
    from oneplace.example.defaults import settings_of
    from oneplace.place import folder
    from oneplace.site import loading

    loading.load_place(folder.EXAMPLE, by="promise")
    story = settings_of(folder.read(folder.EXAMPLE))["story"]
    place = Place(story["community_trust"], story["acute_trust"])
    families = ["QUILLFEATHER", "WINTERBOURNE", "ALDER", "BIRCH", "CEDAR"]
    known = [
        _admission(f"K{number}", place.own, Hidden("", family, "ODA", "19610302", ONE.diagnosis))
        for number, family in enumerate(families)
    ]
    known.append(_admission("KH", place.others, Hidden("9990000115", "ALDER", "ODA", "19610302", ONE.diagnosis)))
    _receive(known)
    return place


def _admission(key: str, code: str, who: Hidden) -> bytes:
    lines = [
        f"MSH|^~\\&|PAS|{code}|X|X|20260302101500||ADT^A01|M{key}|P|2.4",
        "EVN||202603021015",
        f"PID|1||L{key}^^^{code}^PI~{who.number}^^^NHS||{who.family}^{who.given}^^^^^L||{who.born}|2|||{_HOME}",
        f"PV1|1|I|WARD^B^1|{'|' * 15}V{key}^^^VISITID{'|' * 25}202603020900",
        f"DG1|1||{who.diagnosis}||20260302",
    ]
    return "\r".join(lines).encode()


def _receive(messages: list[bytes]) -> None:
    from oneplace.gateway.receive import Item, receive

    tally = receive([Item("promise", raw, "file") for raw in messages], by="promise")
    if tally.filed != len(messages):
        raise RuntimeError("the messages of this promise were not all filed: it would prove nothing")


def _words(place: Place) -> Words:
    """All that a reader could know, the hidden person's own keys and words among it."""
    from oneplace.record.models import Entry, Person

    people = list(Person.objects.order_by("pk").values_list("key", flat=True))
    entries = [str(pk) for pk in Entry.objects.order_by("pk").values_list("pk", flat=True)]
    texts = [
        *("quillfeather", "ottilie quillfeather", "Quilfeather", "15/06/1947", "quillfeather 15 06 1947"),
        *("winterbourne", "leopold", "21/09/1947", ONE.number, OTHER.number, "999 000 0093", "alder", "birch oda"),
        *("mill lane", "ZZ1 1AA", "human immunodeficiency", "", "%", "a", "%QUILL%"),
    ]
    feeds = [(place.own, "hl7-v2"), (place.others, "hl7-v2"), ("NONE", "hl7-v2")]
    return Words(
        [*people, *people[-1:] * len(people), "nobody" * 3], [*entries, *entries[-3:] * 3, "0", "x"], texts, feeds
    )


def _answers(role: str, hidden: Hidden | None, place: Place, asked: Callable[[], list[Request]]) -> list[bytes]:
    """What a reader in this role is answered in one world, each answer as a digest."""
    from django.db import transaction

    with transaction.atomic():
        with _frozen_keys(1):
            client = _signed_in(role, place.own)
            if hidden:
                _receive([_admission("HIDDEN", place.others, hidden)])
            _read_anew()
            _must_be_let_in(client, role, place)
        with _frozen_keys(1_000_000):
            found = [_digest(client, request) for request in asked()]
        transaction.set_rollback(True)
    return found


def _signed_in(role: str, code: str) -> object:
    from django.test import Client

    from oneplace.access import actions, roles

    if roles.roles()[role].personal:
        return _tied(role, code)
    told = {"username": f"reader-{role}", "display_name": "A Reader", "role": role, "organisation_code": code}
    client = Client(raise_request_exception=False, SERVER_NAME="localhost")
    user = actions.create_user(**told, password=None, by="promise")
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def _tied(role: str, code: str) -> object:
    """A browser of somebody whose own record it is, or who acts for them: the first of those whom this source knows."""
    from django.test import Client

    from oneplace.access import own
    from oneplace.access.models import User
    from oneplace.access.rules import Actor
    from oneplace.record.models import LocalPatient

    whose = LocalPatient.objects.filter(source__code=code).order_by("pk").values_list("person__key", flat=True)[0]
    told = {"person": whose, "username": f"reader-{role}", "name": "A Reader"}
    told |= {"check": own.Check("vouched", "promise"), "by": Actor("promise", "promise", "", "")}
    if role == own.PROXY:
        own.give_proxy_access(**told, agreed=own.Agreed(("community", "documents"), "agreed", NOW))
    else:
        own.give_own_access(**told)
    client = Client(raise_request_exception=False, SERVER_NAME="localhost")
    client.force_login(User.objects.get(username=f"reader-{role}"), backend="django.contrib.auth.backends.ModelBackend")
    return client


def _must_be_let_in(client: object, role: str, place: Place) -> None:
    """The reader gets pages, and the records that are theirs: else sameness would mean nothing."""
    from oneplace.access import roles
    from oneplace.record.models import LocalPatient

    if roles.roles()[role].personal:
        answer = client.get("/my-record/", follow=True)  # type: ignore[attr-defined]
        if answer.status_code != 200 or b"ODA" not in answer.content.upper():
            raise RuntimeError(f"a {role} was answered {answer.status_code} at their record: this would prove nothing")
        return
    addresses = ["/"]
    if "open-record" in roles.permissions_of(role):
        own = LocalPatient.objects.filter(source__code=place.own).order_by("pk").values_list("person__key", flat=True)
        addresses.append(f"/people/{own[0]}/")
    for address in addresses:
        answer = client.get(address)  # type: ignore[attr-defined]
        if answer.status_code != 200:
            raise RuntimeError(f"a {role} was answered {answer.status_code} at {address}: this would prove nothing")


def _digest(client: object, request: Request) -> bytes:
    send = client.post if request.method == "POST" else client.get  # type: ignore[attr-defined]
    answer = send(request.address, request.fields, follow=True)
    body = b"".join(answer.streaming_content) if answer.streaming else answer.content
    told = sorted((name, value) for name, value in answer.headers.items() if name != "Set-Cookie")
    whole = repr((answer.status_code, answer.redirect_chain, told)).encode() + body
    return hashlib.sha256(_FROZEN.sub(b"", whole)).digest()


def _read_anew() -> None:
    """What pages keep for a while belongs to the world before."""
    from oneplace.gateway import monitor
    from oneplace.place import queries

    queries.forget_names()
    monitor.forget_habits()


@contextmanager
def _frozen_keys(start: int) -> Iterator[None]:
    """Random keys that are the same in both worlds."""
    numbers = itertools.count(start)

    def frozen(size: int | None = None) -> bytes:
        return hashlib.sha256(str(next(numbers)).encode()).digest()[: size or 16]

    with mock.patch.object(secrets, "token_bytes", frozen):  # what every other random key of `secrets` is made of
        yield


PROMISE = Promise(
    "nothing-inferred",
    "Nothing is inferred: two databases that differ in one hidden person answer the same bytes",
    5000,
    run,
)
