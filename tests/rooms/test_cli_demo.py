"""The demo: only ever in a place of its own, goes on where it was, and leaves no process behind when stopped."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from datetime import date
from pathlib import Path

import pytest
from factories.places import FOLDER, PLACE

from oneplace import example

pytestmark = pytest.mark.sqlite
COMMAND = Path(sys.executable).with_name("oneplace")
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("ONEPLACE_")}


def oneplace(*words: object, **more: str) -> subprocess.CompletedProcess[str]:
    told = [COMMAND, *map(str, words)]
    return subprocess.run(told, capture_output=True, text=True, env=ENVIRONMENT | more, timeout=120)


@pytest.fixture
def port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def answers(port: int) -> bool:
    try:
        urllib.request.urlopen(f"http://127.0.0.1:{port}/sign-in/", timeout=5).close()
    except OSError:
        return False
    return True


def wait_until(true: object, seconds: float = 60) -> None:
    for _ in range(int(seconds * 10)):
        if true():
            return
        time.sleep(0.1)
    raise AssertionError(f"not true within {seconds} seconds")


def test_demo_goes_on_where_it_was_and_changes_nothing_twice(tmp_path):
    home = tmp_path / "demo"
    assert oneplace("demo", "--once", "--people", 15, "--home", home, "--place", FOLDER).returncode == 0
    assert json.loads((home / "progress.json").read_text()) == {"done": 15, "total": 15, "note": "", "state": "ready"}
    again = oneplace("demo", "--once", "--people", 20, "--home", home, "--place", FOLDER, "--seed", 2)
    assert again.returncode == 0
    assert "--seed 1, which stays" in again.stderr.replace("\n", " ")
    feeds = json.loads(oneplace("feeds", "list", "--json", ONEPLACE_HOME=str(home)).stdout)
    assert json.loads((home / "progress.json").read_text())["done"] == 20
    people = example.generate(PLACE, 20, seed=1, today=date.today())
    twice = sum((one.fault == "sent-twice") + sum(fault == "sent-twice" for _, fault, _ in one.rows) for one in people)
    assert sum(feed["duplicate"] for feed in feeds) == twice  # what the example itself sends again
    assert sum(feed["received"] for feed in feeds) == json.loads((home / "demo.json").read_text())["messages"]


def test_demo_staff_get_new_passwords_that_are_nowhere_in_its_folder(tmp_path):
    home = tmp_path / "demo"
    tables = [oneplace("demo", "--once", "--people", 13, "--home", home, "--place", FOLDER).stderr for _ in range(2)]
    words = [next(line.split("│")[4].strip() for line in told.splitlines() if "│ fiona" in line) for told in tables]
    assert words[0] != words[1]
    assert all(len(word) >= 12 for word in words)
    kept = b"".join(path.read_bytes() for path in home.rglob("*") if path.is_file())
    assert not any(word.encode() in kept for word in words)


def test_demo_runs_a_place_folder_of_ones_own_without_an_example_toml(tmp_path):
    shutil.copytree(FOLDER, tmp_path / "mine", ignore=shutil.ignore_patterns("example.toml"))
    about = tmp_path / "mine" / "place.toml"
    about.write_text(about.read_text("utf-8").replace(f'name = "{PLACE.name}"', 'name = "Elsewhere"'), "utf-8")
    home = tmp_path / "demo"
    done = oneplace("demo", "--once", "--people", 13, "--home", home, "--place", tmp_path / "mine")
    assert done.returncode == 0, done.stderr
    shown = oneplace("place", "show", "--json", ONEPLACE_HOME=str(home)).stdout
    assert json.loads(shown)["name"] == "Elsewhere"
    assert "fiona" in {one["key"] for one in json.loads((home / "personas.json").read_text())}
    again = oneplace("demo", "--once", "--people", 13, "--home", home, "--place", FOLDER)
    assert "which stays" in " ".join(again.stderr.split())


def test_demo_names_the_shipped_places_where_a_place_is_not_known(tmp_path):
    done = oneplace("demo", "--once", "--home", tmp_path / "demo", "--place", "nowhere")
    assert done.returncode == 1
    assert "example" in done.stderr
    assert not (tmp_path / "demo").exists()


def test_demo_leaves_a_folder_that_is_not_its_own_alone(tmp_path):
    (tmp_path / "precious").write_text("mine")
    for more in ([], ["--fresh"]):
        done = oneplace("demo", "--once", "--home", tmp_path, *more)
        assert done.returncode == 1
        assert "nothing was touched" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["precious"]


def test_demo_puts_nobody_into_a_database_with_a_place(tmp_path):
    real = tmp_path / "real"
    assert oneplace("place", "load", FOLDER, ONEPLACE_HOME=str(real)).returncode == 0
    address = f"sqlite://{real}/oneplace.sqlite3"
    done = oneplace("demo", "--once", "--home", tmp_path / "demo", ONEPLACE_DATABASE_URL=address)
    assert done.returncode == 1
    assert "holds a place already" in done.stderr
    assert not (tmp_path / "demo").exists()
    rows = json.loads(oneplace("audit", "show", "--json", ONEPLACE_HOME=str(real)).stdout)
    assert "create user" not in {row["action"] for row in rows}


def test_port_in_use_is_told_with_its_cure(tmp_path, port):
    with socket.create_server(("127.0.0.1", port)):
        done = oneplace("demo", "--home", tmp_path / "demo", "--port", port)
        assert (done.returncode, f"make demo PORT={port + 1}" in done.stderr) == (1, True)
        done = oneplace("serve", "--port", port, ONEPLACE_HOME=str(tmp_path / "home"))
        assert (done.returncode, f"--port {port + 1}" in done.stderr) == (1, True)
        assert "Traceback" not in done.stderr


@pytest.mark.parametrize("times", [1, 2])
def test_stopped_demo_leaves_nothing_running(tmp_path, port, times):
    """Ctrl-C reaches the whole group of the terminal; impatient people press it twice."""
    words = [COMMAND, "demo", "--people", "2000", "--home", str(tmp_path / "demo"), "--port", str(port)]
    with (tmp_path / "talk").open("w") as talk:
        demo = subprocess.Popen(words, env=ENVIRONMENT, start_new_session=True, stderr=talk)
    try:
        wait_until(lambda: answers(port))
        for _ in range(times):
            os.killpg(demo.pid, signal.SIGINT)
            time.sleep(0.1)
        demo.wait(30)
    finally:
        if demo.poll() is None:
            demo.terminate()
            demo.wait(30)
    assert not answers(port)
    assert "Traceback" not in (tmp_path / "talk").read_text()


def children(pid: int) -> list[int]:
    """Processes that this one started and that still run."""
    try:
        told = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    except OSError:
        return []
    return [int(child) for child in told.split()]


def runs(pid: int) -> bool:
    """True for a process that is there and not merely waiting to be buried."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_server_looks_at_feeds_each_minute_and_nothing_outlives_it(tmp_path, port):
    home = {"ONEPLACE_HOME": str(tmp_path)}
    assert oneplace("place", "load", FOLDER, **home).returncode == 0
    server = subprocess.Popen([COMMAND, "serve", "--port", str(port), "--workers", "1"], env=ENVIRONMENT | home)
    try:
        wait_until(lambda: answers(port))
        wait_until(lambda: "never" in oneplace("feeds", "list", **home).stdout)
        looking = [
            pid for pid in children(server.pid) if b"oneplace.site.due" in Path(f"/proc/{pid}/cmdline").read_bytes()
        ]
        assert len(looking) == 1
    finally:
        server.terminate()
        server.wait(20)
    wait_until(lambda: not any(runs(pid) for pid in looking))
