"""Promise: an event shows on the record within 2 seconds of its arrival (p95), at 20 messages a second, while pages are
read. From when a message is due to be sent (a sender that falls behind counts as late) to the moment at which the
record page, asked again and again, shows it; one message in ten is watched.

The server is the real one, over its inbox; the page is read through the door, with policy and audit on. What the
server itself keeps as latency stands beside it. SECONDS=10 makes it quick.
"""

import http.client
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from bench_record_page import STORY, Client, p95

SECONDS = float(os.environ.get("SECONDS", "40"))
PER_SECOND, PROMISED_SECONDS, LANES, READERS, WATCHED = 20, 2.0, 16, 2, 10
HOME = Path(tempfile.mkdtemp(prefix="oneplace-bench-"))
COMMAND = str(Path(sys.executable).with_name("oneplace"))
ENVIRONMENT = os.environ | {"ONEPLACE_HOME": str(HOME), "ONEPLACE_DEMO": "1"}
CODE, READER = STORY["acute_trust"], "tom"


def people_told_by_hospital() -> list[list[str]]:
    """People of the hospital: key, the hospital's own id, NHS number, names, date of birth. Made-up people, all."""
    script = (
        "import json, oneplace.site, django; django.setup()\n"
        "from oneplace.record.models import LocalPatient\n"
        f"rows = LocalPatient.objects.filter(source__code={CODE!r}, link='linked')\n"
        "names = ('person__key', 'local_id', 'nhs_number', 'family', 'given', 'birth_date')\n"
        "print(json.dumps([list(map(str, row)) for row in rows.values_list(*names)]))"
    )
    environment = ENVIRONMENT | {"DJANGO_SETTINGS_MODULE": "oneplace.site.settings"}
    done = subprocess.run([sys.executable, "-c", script], env=environment, check=True, capture_output=True, text=True)
    return list(json.loads(done.stdout))


class Sender:
    """Posts one admission after another, each with a ward of its own; knows when it began to send each."""

    def __init__(self, port: int, key: str, people: list[list[str]]) -> None:
        self.port, self.key, self.people = port, key, people
        self.begun: dict[int, tuple[float, str]] = {}
        self.answered: list[float] = []
        self.failures = 0
        self.started = self.ended = time.perf_counter()

    def run(self, lane: int) -> None:
        """Every message of one lane at its own time, or as soon as the lane is free."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        for number in range(lane, int(SECONDS * PER_SECOND), LANES):
            due = self.started + number / PER_SECOND
            time.sleep(max(0.0, due - time.perf_counter()))
            person, *who = self.people[number % len(self.people)]
            self.begun[number] = (due, person)
            connection.request("POST", "/inbox/", message(number, *who), {"Authorization": f"Bearer {self.key}"})
            answer = connection.getresponse()
            answer.read()
            self.failures += answer.status != 200
            self.ended = time.perf_counter()
            self.answered.append(self.ended - due)


def message(number: int, local_id: str, nhs_number: str, family: str, given: str, born: str) -> bytes:
    """An admission of a person whom the hospital knows, to a ward that no other message names."""
    now = f"{datetime.now(UTC):%Y%m%d%H%M%S}"
    pid = f"PID|1||{local_id}^^^{CODE}^PI~{nhs_number}^^^NHS||{family}^{given}^^^^^L||{born.replace('-', '')}"
    lines = [
        f"MSH|^~\\&|PAS|{CODE}|X|X|{now}||ADT^A01|BENCH{number}-{os.getpid()}|P|2.4",
        f"EVN||{now}",
        pid,
        f"PV1|1|I|WATCH{number:05}^B^1|{'|' * 15}B{number}^^^VISITID{'|' * 25}{now}",
    ]
    return "\r".join(lines).encode()


def watch(port: int, sender: Sender, share: int, seen: list[float]) -> None:
    """Ask for the pages of those just admitted until each shows its ward; one message in `WATCHED` is watched."""
    client = Client(port)
    client.sign_in(READER)
    left = {number for number in range(int(SECONDS * PER_SECOND)) if number % WATCHED == 0}
    left = {number for number in left if number // WATCHED % READERS == share}
    gives_up = sender.started + SECONDS + 30
    while left and time.perf_counter() < gives_up:
        for number in sorted(left & sender.begun.keys()):
            began, person = sender.begun[number]
            _, page = client.ask(f"/people/{person}/")
            if f"WATCH{number:05}".encode() in page:
                seen.append(time.perf_counter() - began)
                left.remove(number)
        time.sleep(0.01)
    seen += [float("inf")] * len(left)


def read_pages(port: int, people: list[list[str]], ends: float) -> None:
    """Someone who opens one record after another, without a pause."""
    client, number = Client(port), 0
    client.sign_in(READER)
    while time.perf_counter() < ends:
        client.ask(f"/people/{people[number % len(people)][0]}/")
        number += 7


def measure(port: int, key: str) -> tuple[Sender, list[float]]:
    """Send, watch and read at once."""
    people = people_told_by_hospital()
    sender, seen = Sender(port, key, people), []
    ends = sender.started + SECONDS
    threads = [threading.Thread(target=sender.run, args=(lane,)) for lane in range(LANES)]
    threads.append(threading.Thread(target=read_pages, args=(port, people, ends)))
    threads += [threading.Thread(target=watch, args=(port, sender, share, seen)) for share in range(READERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sender, seen


def main() -> None:
    """Load, serve, measure, print."""
    subprocess.run(
        [COMMAND, "demo", "--once", "--home", str(HOME), "--people", os.environ.get("PEOPLE", "400")],
        check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    made = subprocess.run([COMMAND, "feeds", "key", CODE], env=ENVIRONMENT, check=True, capture_output=True, text=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen([COMMAND, "serve", "--port", str(port)], env=ENVIRONMENT)
    try:
        time.sleep(5)
        sender, seen = measure(port, made.stdout.strip())
    finally:
        server.terminate()
        server.wait()
    report(sender, seen)


def report(sender: Sender, seen: list[float]) -> None:
    """The figures, and the last line of JSON."""
    listed = subprocess.run(
        [COMMAND, "feeds", "list", "--json"], env=ENVIRONMENT, capture_output=True, text=True
    ).stdout
    kept = next(line for line in json.loads(listed) if line["organisation_code"] == CODE)["latency_last_hour"]
    rate = len(sender.answered) / max(SECONDS, sender.ended - sender.started)
    if sender.failures or not seen or rate < 0.95 * PER_SECOND:
        raise SystemExit(f"{sender.failures} refused, {len(seen)} seen, {rate:.1f} a second: no figure can be given")
    screen = p95(seen)
    print(f"{len(sender.answered)} messages, {rate:.1f} a second, three reading pages; {len(seen)} watched on theirs")
    print(f"to the record page   p95 {screen:6.3f} s  median {statistics.median(seen):.3f}  promised 2")
    print(f"to the answer        p95 {p95(sender.answered):6.3f} s")
    print(f"as the feeds page tells it           p95 {kept['p95']:6.3f} s")
    figures = {
        "to_screen_p95_s": round(p95(seen), 3),
        "to_screen_median_s": round(statistics.median(seen), 3),
        "to_answer_p95_s": round(p95(sender.answered), 3),
        "kept_p95_s": round(kept["p95"], 3),
        "messages_per_s": round(rate, 1),
        "watched": len(seen),
    }
    ratio = round(p95(seen) / PROMISED_SECONDS, 3)
    print(json.dumps({"name": "latency", "ratio": ratio, "against": "2 seconds promised", "figures": figures}))


if __name__ == "__main__":
    try:
        main()
    finally:
        shutil.rmtree(HOME, ignore_errors=True)
