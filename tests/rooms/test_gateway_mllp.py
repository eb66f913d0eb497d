"""The MLLP listener over real sockets on this machine: framing, answers, storage that fails, senders that hang up."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.db import OperationalError, connection
from factories import wire

from oneplace.gateway import mllp, receive
from oneplace.gateway.mllp import Frames, Listener
from oneplace.gateway.models import Receipt
from oneplace.gateway.replay import replay
from oneplace.record.models import Entry

pytestmark = pytest.mark.django_db(transaction=True)
ROOT = Path(__file__).resolve().parents[2]


def framed(raw: bytes) -> bytes:
    return b"\x0b" + raw + b"\x1c\r"


def person(number: int, **header: str) -> bytes:
    """The admission of one made-up person."""
    pid = wire.PID.replace("RCB123", f"L{number}").replace("~9990000018^^^NHS", "")
    return wire.adt(pid=pid, pv1=wire.PV1.replace("V100", f"V{number}"), number=f"M{number}", **header)


class Sender:
    """A client that sends frames and reads answers."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=20)
        self._rest = b""

    def send(self, *raws: bytes) -> None:
        self.socket.sendall(b"".join(framed(raw) for raw in raws))

    def answer(self) -> tuple[str, str]:
        """Code and the id of the message that it is about."""
        while b"\x1c\r" not in self._rest:
            data = self.socket.recv(65536)
            if not data:
                return ("closed", "")
            self._rest += data
        told, self._rest = self._rest.split(b"\x1c\r", 1)
        msa = next(line for line in told.decode().split("\r") if line.startswith("MSA")).split("|")
        return msa[1], msa[2] if len(msa) > 2 else ""

    def ask(self, raw: bytes) -> tuple[str, str]:
        self.send(raw)
        return self.answer()


@contextmanager
def listening(**more: str) -> Iterator[tuple[int, Callable[[], None]]]:
    """A listener in a thread of its own; gives its port and a way to stop it."""
    opened: list[int] = []
    ready, made = threading.Event(), []

    def run() -> None:
        async def serve() -> None:
            listener = Listener(feed_code="RCB", host="127.0.0.1", port=0, **more)
            made.append((asyncio.get_running_loop(), listener))

            def tell(port: int) -> None:
                opened.append(port)
                ready.set()

            await listener.serve(tell)

        asyncio.run(serve())

    thread = threading.Thread(target=run)
    thread.start()
    assert ready.wait(20)

    def stop() -> None:
        loop, listener = made[0]
        if thread.is_alive():
            loop.call_soon_threadsafe(listener.stop)
        thread.join(20)

    try:
        yield opened[0], stop
    finally:
        stop()
        assert not thread.is_alive()


@pytest.fixture
def port() -> Iterator[int]:
    with listening() as (opened, _):
        yield opened


def test_message_is_answered_once_it_is_filed_and_the_same_when_it_comes_again(port):
    sender = Sender(port)
    assert sender.ask(person(1)) == ("AA", "M1")
    assert sender.ask(person(1)) == ("AA", "M1")
    receipt = Receipt.objects.get()
    assert (receipt.outcome, receipt.channel, receipt.duplicates, Entry.objects.count()) == ("filed", "mllp", 1, 1)


@pytest.mark.parametrize(
    ("raw", "code", "reason"),
    [
        (wire.adt(pid=""), "AE", "no-patient"),
        (wire.adt(facility="OTH"), "AR", "source-other"),
        (wire.adt().replace(b"|P|", b"|T|"), "AR", "processing-id"),
        (wire.adt().replace(b"|P|2.4", b"|P|3"), "AR", "version-unknown"),
        (wire.adt(sort="SIU^S12"), "AR", "message-type-unknown"),
        (b"MSH|^", "AR", "header-broken"),
        (b"hello", "AR", "format-unknown"),
    ],
)
def test_what_cannot_be_filed_is_kept_and_the_sender_told_why(port, raw, code, reason):
    sender = Sender(port)
    assert [sender.ask(raw)[0], sender.ask(raw)[0]] == [code, code]
    assert Receipt.objects.values_list("outcome", "reason_code", "duplicates").get() == ("quarantined", reason, 1)
    assert Entry.objects.count() == 0


def test_enhanced_mode_says_safe_and_then_what_became_of_it(port):
    sender = Sender(port)
    sender.send(person(1).replace(b"|P|2.4", b"|P|2.4|||AL|AL"), wire.adt(pid="").replace(b"|P|2.4", b"|P|2.4|||AL|ER"))
    assert [sender.answer()[0] for _ in range(4)] == ["CA", "AA", "CA", "AE"]


def test_test_message_is_not_filed_by_replay_either(port):
    Sender(port).ask(wire.adt().replace(b"|P|", b"|T|"))
    assert replay(by="test").filed == 0


def test_port_for_tests_takes_tests():
    with listening(processing="T") as (port, _):
        assert Sender(port).ask(wire.adt().replace(b"|P|", b"|T|"))[0] == "AA"


def test_frames_are_found_however_packets_cut_them(port):
    sender = Sender(port)
    stream = b"garbage\r\n" + framed(person(1)) + b"\n" + framed(person(2)) + b"\x0bhalf" + framed(person(3))
    for start in range(0, len(stream), 97):
        sender.socket.sendall(stream[start : start + 97])
    assert [sender.answer() for _ in range(3)] == [("AA", "M1"), ("AA", "M2"), ("AA", "M3")]
    assert Entry.objects.count() == Receipt.objects.count() == 3


def test_many_messages_of_many_senders_are_each_answered_in_order(port):
    senders = [Sender(port) for _ in range(4)]
    for index, sender in enumerate(senders):
        sender.send(*(person(index * 25 + number) for number in range(25)))
    for index, sender in enumerate(senders):
        assert [sender.answer() for _ in range(25)] == [("AA", f"M{index * 25 + number}") for number in range(25)]
    assert Entry.objects.count() == 100


def test_batch_in_one_frame_is_answered_message_by_message(port):
    sender = Sender(port)
    sender.send(person(1) + b"\r" + person(2))
    assert [sender.answer(), sender.answer()] == [("AA", "M1"), ("AA", "M2")]


def test_frame_that_grows_too_long_is_refused(port, monkeypatch):
    monkeypatch.setattr(mllp.Frames.__init__, "__defaults__", (1000, 0, *mllp.Frames.__init__.__defaults__[2:]))
    sender = Sender(port)
    sender.socket.sendall(b"\x0b" + b"x" * 5000)
    assert [sender.answer()[0], sender.answer()[0]] == ["AR", "closed"]
    assert Receipt.objects.count() == 0


def test_stalled_sender_is_let_go_and_keeps_nothing(monkeypatch):
    monkeypatch.setattr(mllp, "STALLED_SECONDS", 0.05)
    with listening() as (port, _):
        sender = Sender(port)
        sender.socket.sendall(b"\x0b" + person(1))
        assert sender.answer()[0] == "closed"
    assert Receipt.objects.count() == 0


def test_one_connection_too_many_is_closed(monkeypatch):
    monkeypatch.setattr(mllp, "MOST_CONNECTIONS", 1)
    with listening() as (port, _):
        first = Sender(port)
        assert first.ask(person(1))[0] == "AA"
        assert Sender(port).answer()[0] == "closed"


def test_sender_that_hangs_up_finds_its_message_filed(monkeypatch):
    entered, leave = threading.Event(), threading.Event()
    filing = receive.receive

    def slowly(items, **more):
        entered.set()
        assert leave.wait(20)
        return filing(items, **more)

    monkeypatch.setattr(mllp, "receive", slowly)
    with listening() as (port, stop):
        sender = Sender(port)
        sender.send(person(1))
        assert entered.wait(20)
        sender.socket.close()
        leave.set()
        assert Sender(port).ask(person(1)) == ("AA", "M1")
        stop()
    assert Receipt.objects.values_list("outcome", "duplicates").get() == ("filed", 1)


def test_stop_answers_what_was_read(monkeypatch):
    entered, leave = threading.Event(), threading.Event()
    filing = receive.receive

    def slowly(items, **more):
        entered.set()
        assert leave.wait(20)
        return filing(items, **more)

    monkeypatch.setattr(mllp, "receive", slowly)
    with listening() as (port, stop):
        sender, idle = Sender(port), Sender(port)
        sender.send(person(1), person(2))
        assert entered.wait(20)
        stopping = threading.Thread(target=stop)
        stopping.start()
        leave.set()
        assert [sender.answer(), sender.answer(), sender.answer()[0]] == [("AA", "M1"), ("AA", "M2"), "closed"]
        assert idle.answer()[0] == "closed"
        stopping.join(20)


@pytest.mark.parametrize(("header", "code"), [(b"|P|2.4", "AE"), (b"|P|2.4|||AL|AL", "CE")])
def test_storage_that_fails_keeps_nothing_and_says_send_again(port, monkeypatch, header, code):
    def fails(*_, **__):
        raise OperationalError("disk full")

    sender, raw = Sender(port), person(1).replace(b"|P|2.4", header)
    with monkeypatch.context() as patched:
        patched.setattr(receive.ingest, "file", fails)
        assert sender.ask(raw)[0] == code
        assert Receipt.objects.count() == Entry.objects.count() == 0
    assert sender.ask(raw)[0] == code[0] + "A"


def test_one_message_that_cannot_be_stored_costs_no_other(monkeypatch):
    filing = receive.ingest.file

    def fails(filings, *rest, **more):
        if any("V2" in entry.source_id for one in filings for entry in one.message.entries):
            raise OperationalError("no")
        return filing(filings, *rest, **more)

    monkeypatch.setattr(receive.ingest, "file", fails)
    told = mllp.outcomes([person(number) for number in range(4)], feed_code="RCB")
    assert [answer.split(b"MSA|")[1][:2] for (answer,) in told] == [b"AA", b"AA", b"AE", b"AA"]
    assert Receipt.objects.count() == 3


def test_fault_of_ours_answers_nobody_and_the_listener_goes_on(port, monkeypatch):
    with monkeypatch.context() as patched:
        patched.setattr(mllp.ack, "answers", lambda *_: 1 / 0)
        assert Sender(port).ask(person(1))[0] == "closed"
    assert Sender(port).ask(person(1)) == ("AA", "M1")


def test_frames_count_what_stands_outside_them():
    frames = Frames()
    assert frames.feed(b"junk\x0bone\x1c") == [b"one"]
    assert frames.feed(b"\r\x0btw") == []
    assert (frames.half, frames.strays) == (True, 4)
    assert frames.feed(b"o\x1c\r") == [b"two"]
    assert frames.feed(b"\r\n") == []
    assert (frames.half, frames.strays) == (False, 4)


CHILD = """
import os, sys
import django
django.setup()
from oneplace.gateway import mllp
if sys.argv[1] == "die":
    mllp.ack.answers = lambda *_: os.kill(os.getpid(), 9)
mllp.listen(feed_code="RCB", host="127.0.0.1", port=0, processing="P", ready=lambda port: print(port, flush=True))
"""


@contextmanager
def process(home: Path, how: str) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """A listener as a process of its own, on a database of its own."""
    environment = os.environ | {"ONEPLACE_HOME": str(home), "DJANGO_SETTINGS_MODULE": "oneplace.site.settings"}
    environment.pop("ONEPLACE_DATABASE_URL", None)
    if not (home / "oneplace.sqlite3").exists():
        subprocess.run([sys.executable, "-m", "django", "migrate", "-v0"], env=environment, cwd=ROOT, check=True)
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, how], env=environment, cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    try:
        assert child.stdout is not None
        yield child, int(child.stdout.readline())
    finally:
        child.kill()
        child.wait()


@pytest.mark.sqlite
def test_listener_killed_between_commit_and_answer_doubles_nothing(tmp_path):
    import sqlite3

    connection.close()
    with process(tmp_path, "die") as (child, port):
        assert Sender(port).ask(person(1))[0] == "closed"
        assert child.wait() == -signal.SIGKILL
    with process(tmp_path, "live") as (child, port):
        assert [Sender(port).ask(person(number)) for number in (1, 1, 2)] == [("AA", "M1"), ("AA", "M1"), ("AA", "M2")]
        child.terminate()
        assert child.wait(20) == 0
    base = sqlite3.connect(tmp_path / "oneplace.sqlite3")
    assert base.execute("SELECT outcome, duplicates FROM gateway_receipt ORDER BY id").fetchall() == [
        ("filed", 2),
        ("filed", 0),
    ]
    assert sorted(told for (told,) in base.execute("SELECT told_id FROM record_entry")) == ["V1", "V2"]
    base.close()
