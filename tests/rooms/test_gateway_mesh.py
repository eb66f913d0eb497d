"""MESH, against the NHS's own sandbox: fetched, taken in, and acknowledged only when it is safe."""

import gzip
import json
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.db import OperationalError
from factories.senders import hospital, problem, surgery
from fakes import mesh_sandbox
from fakes.mesh_sandbox import KEY, PASSWORD, RECIPIENT, SENDER
from mesh_client import MeshClient

from oneplace.gateway import mesh, queries
from oneplace.gateway.mesh import Mailbox, poll
from oneplace.gateway.models import Receipt
from oneplace.gateway.replay import replay
from oneplace.record import ingest
from oneplace.record.models import Document, LocalPatient
from oneplace.site import fetching
from oneplace.site.config import config, origins
from oneplace.site.mishaps import Mendable

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """The sandbox, for this module."""
    try:
        with mesh_sandbox.running() as found:
            yield found
    except mesh_sandbox.NoSandbox as error:
        pytest.skip(str(error))


@pytest.fixture
def mailbox(address: str) -> Mailbox:
    """Our mailbox, empty; the sender's is a hospital's."""
    ask(f"{address}/messageexchange/admin/reset/{RECIPIENT}", "DELETE")
    return Mailbox(address, RECIPIENT, PASSWORD, KEY, {SENDER: "RCB"})


@pytest.fixture
def send(address: str) -> Callable[..., str]:
    """Send as the hospital."""

    def sent(raw: bytes, **more: object) -> str:
        with MeshClient(address, SENDER, PASSWORD, KEY.encode(), max_chunk_size=700) as client:
            return client.send_message(RECIPIENT, raw, workflow_id="TEST", **more)

    return sent


def ask(address: str, method: str, body: object = None) -> None:
    raw = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(address, raw, {"Content-Type": "application/json"}, method=method)
    urllib.request.urlopen(request, timeout=10).close()


def waiting(mailbox: Mailbox) -> int:
    with mailbox.connect() as client:
        return len(list(client.iterate_message_ids()))


def test_message_is_fetched_filed_and_acknowledged(mailbox, send):
    send(hospital(), filename="one.hl7")
    tally = poll(mailbox, by="test")
    assert (tally.received, tally.filed, waiting(mailbox)) == (1, 1, 0)
    receipt = Receipt.objects.get()
    assert (receipt.channel, receipt.name, receipt.feed.organisation_code) == ("mesh", "one.hl7", "RCB")
    assert poll(mailbox, by="test").received == 0


def test_mailbox_vouches_for_its_organisation(mailbox, send):
    send(surgery(code="G99001"))
    send(hospital(code=""))
    tally = poll(mailbox, by="test")
    assert (tally.filed, tally.quarantined) == (1, 1)
    assert queries.quarantined()[0].code == "source-other"
    assert LocalPatient.objects.get().source.code == "RCB"


def test_mailbox_of_nobody_known_vouches_for_nobody(mailbox, send):
    send(surgery(code="G99001"))
    assert poll(Mailbox(mailbox.url, RECIPIENT, PASSWORD, KEY, {}), by="test").filed == 1
    assert LocalPatient.objects.get().source.code == "G99001"


@pytest.mark.parametrize("compress", [False, True])
def test_message_in_chunks_is_put_together(mailbox, send, compress):
    raw = surgery(*(problem(f"x{n}") for n in range(30)), code="RCB")
    send(raw, compress=compress)
    assert poll(mailbox, by="test").filed == 1
    assert Document.objects.get().size == len(raw) > 7000


def test_message_that_its_sender_compressed_is_opened(mailbox, send):
    send(gzip.compress(hospital()), compressed=True)
    assert poll(mailbox, by="test").filed == 1
    assert Document.objects.get().size == len(hospital())


def test_compressed_message_that_is_broken_or_too_large_waits_with_its_reason(mailbox, send, monkeypatch):
    send(gzip.compress(hospital())[:-20], compressed=True)
    send(b"\x1f\x8b" + b"nothing", compressed=True)
    monkeypatch.setattr(mesh, "LARGEST_BYTES", 10_000)
    send(gzip.compress(b" " * 20_000 + hospital()), compressed=True)
    assert poll(mailbox, by="test").quarantined == 3
    assert {line.code for line in queries.quarantined()} == {"mesh-compressed"}
    assert waiting(mailbox) == 0


def test_message_that_is_too_large_is_left_and_stops_no_other(mailbox, send, monkeypatch):
    monkeypatch.setattr(mesh, "LARGEST_BYTES", 2000)
    send(surgery(*(problem(f"x{n}") for n in range(30)), code="RCB"))
    send(hospital())
    with pytest.raises(Mendable, match=r"1 of the messages .* were left there \(1 others"):
        fetching.look(mailbox)
    assert (waiting(mailbox), LocalPatient.objects.count()) == (1, 1)


def test_report_of_mesh_and_encrypted_message_wait_and_are_not_replayed(mailbox, send, address):
    told = {
        "mailbox_id": RECIPIENT,
        "code": "14",
        "description": "Message not collected by recipient after 5 days",
        "workflow_id": "TEST",
        "subject": "NDR",
        "status": "undeliverable",
        "linked_message_id": "1234",
    }
    ask(f"{address}/messageexchange/admin/report", "POST", told)
    send(hospital(), encrypted=True)
    assert poll(mailbox, by="test").quarantined == 2
    lines = {line.code: line for line in queries.quarantined()}
    assert set(lines) == {"mesh-report", "mesh-encrypted"}
    assert "Message not collected by recipient after 5 days" in lines["mesh-report"].reason
    assert b"statuscode" in queries.quarantine_detail(lines["mesh-report"].key).head
    assert replay(by="test").quarantined == 2
    assert waiting(mailbox) == 0


def test_message_that_could_not_be_kept_is_not_acknowledged(mailbox, send, monkeypatch):
    send(hospital())

    def full(*_: object, **__: object) -> int:
        raise OperationalError("disk full")

    with monkeypatch.context() as patched:
        patched.setattr(ingest, "file", full)
        with pytest.raises(OperationalError):
            poll(mailbox, by="test")
    assert (waiting(mailbox), Receipt.objects.count()) == (1, 0)
    assert poll(mailbox, by="test").filed == 1


def test_message_whose_acknowledgement_was_lost_comes_again_as_duplicate(mailbox, send, monkeypatch):
    send(hospital())
    with monkeypatch.context() as patched:
        patched.setattr(MeshClient, "acknowledge_message", _lost)
        with pytest.raises(ConnectionError):
            poll(mailbox, by="test")
    assert poll(mailbox, by="test").duplicate == 1
    assert (waiting(mailbox), LocalPatient.objects.count()) == (0, 1)


def _lost(*_: object) -> None:
    raise ConnectionError("the line is dead")


def test_wrong_password_and_dead_line_are_said_in_words(mailbox):
    wrong = Mailbox(mailbox.url, RECIPIENT, "wrong", KEY, {})
    with pytest.raises(Mendable, match="MESH refused us"):
        fetching.look(wrong)
    with pytest.raises(Mendable, match="can't be reached"):
        fetching.look(Mailbox("http://127.0.0.1:9", RECIPIENT, PASSWORD, KEY, {}))


def test_look_goes_on_after_a_failure_until_stopped(mailbox, send, monkeypatch):
    send(hospital())
    said: list[str] = []
    looks = iter([None, KeyboardInterrupt])

    def sleep(_: float) -> None:
        stop = next(looks)
        if stop:
            raise stop

    monkeypatch.setattr("oneplace.site.fetching.time.sleep", sleep)
    fetching.stay(mailbox, 10, said.append)
    assert "1 received = 1 filed" in said[1]
    assert said[-1] == "Stopped fetching."


def test_settings_make_the_mailbox_and_secrets_are_masked(monkeypatch):
    with pytest.raises(Mendable, match="ONEPLACE_MESH_PASSWORD"):
        fetching.mailbox()
    told = {"mesh_url": "https://mesh.test", "mesh_mailbox": "M1", "mesh_password": "hush",
            "mesh_shared_key": "secret", "mesh_senders": {"x26abc2": "RCB"}}  # fmt: skip
    for name, value in told.items():
        monkeypatch.setattr(config, name, value)
    assert fetching.mailbox().senders == {"X26ABC2": "RCB"}
    shown = {name: value for name, value, *_ in origins()}
    assert (shown["mesh_password"], shown["mesh_shared_key"], shown["mesh_mailbox"]) == ("set", "set", "M1")


def test_sandbox_that_cannot_be_installed_is_said_so(tmp_path: Path, monkeypatch):
    (tmp_path / "lock").write_text("no-such-package-of-ours==0 --hash=sha256:" + "0" * 64)
    monkeypatch.setattr(mesh_sandbox, "LOCK", tmp_path / "lock")
    monkeypatch.setattr(mesh_sandbox, "HOME", tmp_path / "made")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    with pytest.raises(mesh_sandbox.NoSandbox, match="can't be installed"):
        mesh_sandbox.python()
