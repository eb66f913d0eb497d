"""What can't be recorded is not shown: every way out is knocked at while the ledger refuses rows.

The ways are walked, not listed: a new page that shows a person without a row in the ledger fails here by itself.
"""

import json
import os
import random
import sqlite3
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client
from factories import wire
from factories.places import FOLDER, PRACTICE
from factories.senders import file, hospital, problem, surgery

from oneplace.access import actions as access
from oneplace.access import roles
from oneplace.gateway.models import Receipt
from oneplace.gateway.receive import Item, receive
from oneplace.ledger import actions as ledger
from oneplace.record.models import Entry, Person, ReviewTask
from oneplace.site import loading

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))
exits = import_module("exits")

pytestmark = pytest.mark.django_db
OWN = PRACTICE
CANARIES = (b"quillfeather", b"winterbourne", b"canaryitis")
MUST_TELL = {
    "", "people/", "people/<str:person_id>/", "people/<str:person_id>/items/<str:key>/",
    "people/<str:person_id>/panels/<slug:name>/", "quarantine/<str:key>/", "linkage/cases/<str:key>/",
}  # fmt: skip
"""Ways out that show a person when all is well; a test fails where one has gone, so that this stays a control."""


@pytest.fixture
def words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> "exits.Words":
    """The example place with people whose names and problem nobody else has, one in doubt, one message unread."""
    monkeypatch.setattr(settings, "HOME", tmp_path)
    loading.load_place(FOLDER, by="test")
    letter = wire.clinical("DocumentReference", "d1", type=wire.concept(display="Letter"), status="current")
    file(
        surgery(problem(display="Canaryitis"), letter, code=OWN, family="Quillfeather"),
        hospital(family="Winterbourne"),
    )
    receive([Item("broken", b'{"resourceType": "Patient", "name": "Quillfeather", ', "file", OWN)], by="test")
    keys = [*ReviewTask.objects.values_list("key", flat=True), *Receipt.objects.values_list("key", flat=True)]
    people = [*Person.objects.values_list("key", flat=True)]
    items = [*(str(pk) for pk in Entry.objects.values_list("pk", flat=True)), *keys]
    return exits.Words([*people, *keys], items, ["quillfeather", "winterbourne"], [(OWN, "hl7-v2")])


def reader(role: str) -> Client:
    user = access.create_user(
        username=role, password=None, display_name="A Reader", role=role, organisation_code=OWN, by="test"
    )
    client = Client(raise_request_exception=False)
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def telling(client: Client, role: str, words: "exits.Words") -> tuple[set[str], int]:
    """The ways out at which a reader is told of a person, each knocked at with every word; and how many knocks."""
    found, count = set(), 0
    for path in exits.ways_out(role):
        seen = set()
        for number in range(30):
            asked = exits.knock(path, words, random.Random(f"{path} {number}"))
            if (asked.method, asked.address, str(asked.fields)) in seen or (
                asked.method == "POST" and path != "people/"
            ):
                continue
            seen.add((asked.method, asked.address, str(asked.fields)))
            fields = asked.fields if path == "people/" else {}
            answer = (client.post if asked.method == "POST" else client.get)(asked.address, fields, follow=True)
            body = b"".join(answer.streaming_content) if answer.streaming else answer.content
            count += 1
            if any(canary in body.lower() for canary in CANARIES):
                found.add(path)
    return found, count


TELLERS = ("gp", "data-manager", "privacy-officer")


def test_no_way_out_tells_of_a_person_while_the_ledger_refuses_rows(words, monkeypatch):
    """With the ledger well these ways tell of people; with it broken not one does, whoever asks."""
    kinds = {(role.may, role.direct_care): role.name for role in roles.roles().values() if not role.personal}
    clients = {role: reader(role) for role in sorted({*kinds.values(), *TELLERS})}
    for person in words.people:
        clients["gp"].get(f"/people/{person}/")  # the home page lists whom one opened lately
    told = set().union(*(telling(clients[role], role, words)[0] for role in TELLERS))
    assert told >= MUST_TELL
    monkeypatch.setattr(ledger, "_INSERT", ledger._INSERT.replace("ledger_row", "ledger_gone"))
    for role, client in clients.items():
        found, count = telling(client, role, words)
        assert count > 3
        assert found == set(), f"a {role} is told of a person with no row in the ledger"


def test_inbox_takes_nothing_in_while_the_ledger_refuses_rows(words, monkeypatch):
    key = access.create_key(feed_code=OWN, by="test")
    before = Receipt.objects.count(), Entry.objects.count()
    monkeypatch.setattr(ledger, "_INSERT", ledger._INSERT.replace("ledger_row", "ledger_gone"))
    answer = Client(raise_request_exception=False).post(
        "/inbox/",
        surgery(problem("x9"), code=OWN, local="p9", number=""),
        content_type="application/json",
        headers={"Authorization": f"Bearer {key}"},
    )
    assert answer.status_code >= 500
    assert (Receipt.objects.count(), Entry.objects.count()) == before


@pytest.mark.sqlite
def test_commands_tell_nothing_while_the_ledger_refuses_rows(tmp_path):
    """The database itself refuses the row, as it does on a full disk: each command that shows a person ends with 1."""
    environment = os.environ | {"ONEPLACE_HOME": str(tmp_path), "ONEPLACE_DATABASE_URL": "", "ONEPLACE_DEMO": "1"}

    def run(*told: str) -> subprocess.CompletedProcess[str]:
        command = Path(sys.executable).with_name("oneplace")
        return subprocess.run([command, *told], capture_output=True, text=True, env=environment)

    assert run("demo", "--once", "--people", "13", "--home", str(tmp_path)).returncode == 0
    hits = json.loads(run("record", "find", "Mary Tillotson", "--as", "fiona", "--json").stdout)
    key = hits[0]["person_id"]
    shows = [
        ("record", "find", "Mary Tillotson", "--as", "fiona"),
        ("record", "show", key, "--as", "fiona"),
        ("audit", "history", hits[0]["nhs_number"]),
        ("audit", "export", str(tmp_path / "out"), "--format", "fhir"),
    ]
    with sqlite3.connect(tmp_path / "oneplace.sqlite3") as database:
        database.execute(
            "CREATE TRIGGER full BEFORE INSERT ON ledger_row BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END"
        )
    for told in shows:
        done = run(*told)
        assert (done.returncode, done.stdout) == (1, ""), told
    assert not (tmp_path / "out").exists()
