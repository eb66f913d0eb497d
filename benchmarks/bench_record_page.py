"""Promise: a record page takes at most 100 ms at p95 with 20,000 people, also during an ingest, and 50 pages/s with 16
clients. Policy, audit and the small pictures are all on; the database is SQLite as shipped, or ONEPLACE_DATABASE_URL.

The floor is the same server answering the sign-in page, measured in the same run. PEOPLE=2000 makes it quick.
Server time is taken by the client on loopback, so it holds the network of this machine too.
"""

import http.client
import json
import os
import random
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlencode

from oneplace.place import folder

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
PEOPLE = int(os.environ.get("PEOPLE", "20000"))
SECONDS = float(os.environ.get("SECONDS", "15"))
CLIENTS = 16
HOME = Path(os.environ.get("BENCH_HOME") or tempfile.mkdtemp(prefix="oneplace-bench-"))
COMMAND = str(Path(sys.executable).with_name("oneplace"))
ENVIRONMENT = os.environ | {"ONEPLACE_HOME": str(HOME), "ONEPLACE_DEMO": "1"}


class Client:
    """One browser: a connection that is kept, and the cookies of a sign-in."""

    def __init__(self, port: int) -> None:
        self.port, self.cookies = port, {}
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)

    def ask(self, address: str, fields: dict[str, str] | None = None) -> tuple[int, bytes]:
        """GET, or POST with fields; returns status and body."""
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        body = None
        if fields is not None:
            body = urlencode(fields | {"csrfmiddlewaretoken": self.cookies.get("csrftoken", "")})
            headers |= {"Content-Type": "application/x-www-form-urlencoded"}
        self.connection.request("GET" if fields is None else "POST", address, body, headers)
        answer = self.connection.getresponse()
        text = answer.read()
        for name, value in answer.getheaders():
            if name.lower() == "set-cookie":
                key, _, rest = value.partition("=")
                self.cookies[key] = rest.split(";")[0]
        return answer.status, text

    def sign_in(self, who: str) -> None:
        """As one of the demo's staff."""
        self.ask("/sign-in/")
        status, _ = self.ask("/sign-in/demo/", {"username": who})
        if status != 302:
            raise SystemExit(f"sign-in as {who} answered {status}")


STORY = folder.read().example["story"]


def people_of(port: int) -> list[str]:
    """Keys of people whom a GP of the example may open."""
    script = (
        "import oneplace.site, django; django.setup()\n"
        "from oneplace.access.models import Relationship\n"
        f"rows = Relationship.objects.filter(organisation_code={STORY['practice']!r}, ends=None)\n"
        "print('\\n'.join(rows.values_list('person', flat=True)))"
    )
    environment = ENVIRONMENT | {"DJANGO_SETTINGS_MODULE": "oneplace.site.settings"}
    done = subprocess.run([sys.executable, "-c", script], env=environment, check=True, capture_output=True, text=True)
    return done.stdout.split()


def timed(port: int, addresses: list[str], clients: int, seconds: float) -> tuple[list[float], float]:
    """Milliseconds of each page asked for by so many clients, and pages a second."""
    times: list[float] = []
    lock = threading.Lock()
    ends = time.perf_counter() + seconds

    def work(number: int) -> None:
        client, choose, mine = Client(port), random.Random(number), []
        client.sign_in("fiona")
        while time.perf_counter() < ends:
            started = time.perf_counter()
            status, _ = client.ask(choose.choice(addresses))
            mine.append((time.perf_counter() - started) * 1000)
            if status != 200:
                raise SystemExit(f"a page answered {status}: the figure would mean nothing")
        with lock:
            times.extend(mine)

    started = time.perf_counter()
    threads = [threading.Thread(target=work, args=(number,)) for number in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return times, len(times) / (time.perf_counter() - started)


def p95(times: list[float]) -> float:
    """The time that 95 in 100 stay under."""
    return statistics.quantiles(times, n=20)[-1]


def during_ingest(measure: Callable[[], tuple[list[float], float]]) -> tuple[list[float], float]:
    """Measure while another process files new messages without a pause."""
    folder = HOME / "more"
    if not folder.exists():
        subprocess.run([COMMAND, "example", "write", str(folder), "--people", "6000", "--seed", "99"], check=True)
    words = [COMMAND, "ingest", str(folder), "--json"]
    loader = subprocess.Popen(words, env=ENVIRONMENT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(3)
    found = measure()
    if loader.poll() is not None:
        print("the ingest ended before the measurement: the figure holds some quiet time")
    loader.kill()
    loader.wait()
    return found


def main() -> None:
    """Load, serve, measure, print."""
    if not (HOME / "progress.json").exists():
        words = [COMMAND, "demo", "--once", "--home", str(HOME), "--people", str(PEOPLE)]
        subprocess.run(words, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen([COMMAND, "serve", "--port", str(port)], env=ENVIRONMENT)
    try:
        time.sleep(5)
        addresses = [f"/people/{key}/" for key in people_of(port)]
        timed(port, addresses, 4, 3)  # warm
        floor, _ = timed(port, ["/sign-in/"], 1, SECONDS / 3)
        alone, _ = timed(port, addresses, 1, SECONDS)
        many, rate = timed(port, addresses, CLIENTS, SECONDS)
        loaded, _ = during_ingest(lambda: timed(port, addresses, 1, SECONDS))
    finally:
        server.terminate()
        server.wait()
    report(floor, alone, many, rate, loaded, len(addresses))


def report(
    floor: list[float], alone: list[float], many: list[float], rate: float, loaded: list[float], people: int
) -> None:
    """The figures, and the last line of JSON."""
    base, quiet, busy = p95(floor), p95(alone), p95(loaded)
    print(f"{PEOPLE:,} people, {people:,} records of one practice asked for at random")
    print(f"sign-in page (floor)             p95 {base:7.1f} ms")
    print(f"record page, one reader          p95 {quiet:7.1f} ms  median {statistics.median(alone):6.1f}  promised 100")
    print(f"record page during an ingest     p95 {busy:7.1f} ms  median {statistics.median(loaded):6.1f}  promised 100")
    print(f"{CLIENTS} readers at once            {rate:9.1f} pages/s  p95 {p95(many):.0f} ms  promised 50 pages/s")
    figures = {
        "p95_ms": round(quiet, 1),
        "p95_during_ingest_ms": round(busy, 1),
        "pages_per_s_16_clients": round(rate, 1),
        "floor_p95_ms": round(base, 1),
        "people": PEOPLE,
    }
    line = {"name": "record_page", "ratio": round(quiet / base, 2), "against": "sign-in page", "figures": figures}
    print(json.dumps(line))


if __name__ == "__main__":
    try:
        main()
    finally:
        if "BENCH_HOME" not in os.environ:
            shutil.rmtree(HOME, ignore_errors=True)
