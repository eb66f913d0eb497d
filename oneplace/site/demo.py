"""`oneplace demo`: the example place on this machine. Story people in the foreground, the server, then everyone else.

Started again it goes on where it stopped. Passwords are random, printed, and made anew at each start; one-click
sign-in answers this machine only.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from datetime import date
from itertools import islice, takewhile
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from oneplace.access.commands import operator
from oneplace.site.mishaps import words_of
from oneplace.site.serve import command, due, taken

_MINE = "demo.json"
_talk = Console(stderr=True)


def run(*, people: int, port: int, home: Path, fresh: bool, seed: int, once: bool, place: str = "") -> None:
    """Prepare, serve, load; returns when stopped with Ctrl-C, or when all are loaded if `once`."""
    if not once and taken("127.0.0.1", port):
        sys.exit(f"Port {port} is in use on this machine. Stop what uses it, or: make demo PORT={port + 1}")
    # Stopped by Ctrl-C or by a service manager: the server and the loader end with it either way.
    for stopping in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(stopping, signal.default_int_handler)
    told = _prepare(home, fresh, people, seed, _place(place or "example"), bool(place))
    if once:
        load(told)
        return
    server = _start_server(port, home)
    loader = minutes = None
    try:
        _wait_for(port, server)
        _talk.print(f"\n[bold]oneplace is at http://127.0.0.1:{port}/[/bold]  (stop with Ctrl-C)\n")
        loader = _start([sys.executable, "-m", "oneplace.site.demo"], home)
        minutes = _start(due(), home)
        _watch(loader, server, home)
    except KeyboardInterrupt:
        _talk.print("Stopping. Start again and it goes on where it was.")
    finally:
        _end(loader, server, minutes)


@operator
def load(told: dict[str, Any] | None = None) -> None:
    """Load what is left of the people, keeping progress.json up to date."""
    home = Path(os.environ["ONEPLACE_HOME"])
    told = told or json.loads((home / _MINE).read_text())
    _start_django()
    try:
        _load(home, told)
        _check_feeds()
    except Exception as error:
        _progress(home, state="failed", note=words_of(error))
        sys.exit(words_of(error))


def _place(told: str) -> str:
    """The folder of the place, looked at before anything is touched."""
    from oneplace.place import folder

    try:
        return str(folder.read(folder.find(told)).path)
    except folder.FolderFault as fault:
        sys.exit("\n".join(str(one) for one in fault.faults))


def _prepare(home: Path, fresh: bool, people: int, seed: int, place: str, asked: bool) -> dict[str, Any]:
    """The home folder with place, staff and story people in it; returns what is to be loaded."""
    kept = home / _MINE
    if home.exists() and not kept.exists() and any(home.iterdir()):
        sys.exit(f"{home} holds something else than a demo, so nothing was touched. Choose another --home.")
    if fresh and home.exists():
        shutil.rmtree(home)
    home.mkdir(parents=True, exist_ok=True)
    os.environ.update(_environment(home))
    told: dict[str, Any] = json.loads(kept.read_text()) if kept.exists() else {}
    _keep(kept, told)  # from here on this folder is known as a demo's
    _start_django()
    if not told:
        _refuse_a_real_place(home)
    if told.get("seed", seed) != seed:
        _talk.print(f"These people were made with --seed {told['seed']}, which stays. Others: add --fresh.")
    if asked and told.get("place", place) != place:
        _talk.print(f"This demo is of {told['place']}, which stays. Another place: add --fresh.")
    # Clinical dates hang on the day: a second start must make the same people.
    today = date.today().isoformat()
    told = {"people": people, "seed": seed, "today": today, "messages": 0, "files": 0, "place": place} | told
    if people > told["people"]:
        # The last files of tables held fewer people than they will: of each, what comes after the lines told is told.
        ends = _tables_at_end(told)
        told |= {"people": people, "files": told["files"] - len(ends), "lines": ends}
    _keep(kept, told)
    _load_place_and_staff(home, Path(told["place"]))
    if not told["files"]:
        _load_story(home, told)
        _keep(kept, told)
    _tie_own_people(home, Path(told["place"]))
    return told


def _refuse_a_real_place(home: Path) -> None:
    """A demo begins in an empty database: its staff sign in with one click."""
    from oneplace.access import queries as access
    from oneplace.place import queries as place

    if place.place() is not None or access.users().exists():
        shutil.rmtree(home)
        sys.exit("The database of ONEPLACE_DATABASE_URL holds a place already; a demo needs an empty one, or none set.")


def _environment(home: Path) -> dict[str, str]:
    return os.environ | {"ONEPLACE_HOME": str(home.resolve()), "ONEPLACE_DEMO": "1"}


def _start_django() -> None:
    from oneplace.site import database

    database.start_up(True, _talk.print)


def _load_place_and_staff(home: Path, place: Path) -> None:
    from oneplace.access.commands import OPERATOR
    from oneplace.place import folder
    from oneplace.site import demo_staff, loading

    _talk.print(loading.load_place(place, OPERATOR))
    told = folder.read(place)
    pending = {row["controller_code"]: row.get("note") or "Not signed yet" for row in told.pending_agreements}
    _keep(home / "pending.json", pending)
    _keep(home / "personas.json", demo_staff.make(told))


def _load_story(home: Path, told: dict[str, Any]) -> None:
    """The people of the stories, at once, and how many files and messages told of them."""
    from oneplace import example
    from oneplace.access.commands import OPERATOR
    from oneplace.gateway.receive import receive

    story = example.story_size()
    choices: list[Any] = []
    items = list(_items(told | {"people": story}, choices=choices))
    tally = receive(items, by=OPERATOR)
    _keep_choices(choices)
    _progress(home, done=story, total=told["people"], state="loading", note="")
    told |= {"files": len(items), "messages": tally.received}
    _talk.print(f"Story people are in: {tally.filed} messages filed.")


def _tie_own_people(home: Path, place: Path) -> None:
    """The person and the family sign in too: their people are in by now."""
    from oneplace.place import folder
    from oneplace.site import demo_staff

    listed = json.loads((home / "personas.json").read_text())
    _keep(home / "personas.json", demo_staff.tie(folder.read(place), listed))


def _keep_choices(choices: list[Any]) -> None:
    """Keep what people chose about sharing, once the messages that tell of them are in; empties the list."""
    from dataclasses import asdict

    from oneplace.access.commands import OPERATOR
    from oneplace.site import consents

    consents.load([asdict(choice) for choice in choices], by=OPERATOR)
    choices.clear()


def _items(told: dict[str, Any], people: list[int] | None = None, choices: list[Any] | None = None) -> Iterator[Any]:
    """The example's messages as the gateway takes them; as they are handed out, `people` counts up and `choices` are
    added to."""
    from oneplace import example
    from oneplace.gateway.receive import Item
    from oneplace.place import folder

    here = folder.read(told["place"])
    senders = {row["code"]: row["organisation_code"] for row in here.feeds}
    today = date.fromisoformat(told["today"])
    register = example.Choices(here, told["seed"], today)
    for message in example.generate(here, told["people"], seed=told["seed"], today=today):
        if people is not None:
            people[0] += message.people
        if choices is not None:
            choices += register.of(message)
        raw = _beyond(message.raw, told.get("lines", {}).get(message.name, 0), message.name.endswith(".csv"))
        yield Item(message.name, raw, message.channel, senders.get(message.feed_code, ""))


def _beyond(raw: bytes, lines: int, headed: bool) -> bytes:
    """A table without its first lines, which an earlier run told; its heading stays."""
    if not lines:
        return raw
    told = raw.splitlines(keepends=True)
    return b"".join([*told[:headed], *told[lines:]])


def _tables_at_end(told: dict[str, Any]) -> dict[str, int]:
    """The files of tables that were loaded last, which a longer run fills further, each with its lines."""
    if not told["files"]:
        return {}
    last = deque(_items(told | {"lines": {}}), maxlen=20)
    ends = takewhile(lambda item: item.name.endswith((".csv", ".ndjson")), reversed(last))
    return {item.name: len(item.raw.splitlines()) for item in ends}


def _load(home: Path, told: dict[str, Any]) -> None:
    from oneplace.access.commands import OPERATOR
    from oneplace.gateway.receive import receive

    os.nice(5)
    people, start, messages = [0], told["files"], told["messages"]
    handed, choices = [0], list[Any]()

    def items() -> Iterator[Any]:
        for item in islice(_items(told, people, choices), start, None):
            handed[0] += 1
            yield item

    def keep(tally: Any) -> None:
        # The file handed out last may be half in: after a stop it is told again, and what is in counts as duplicate.
        _keep_choices(choices)
        told.update(files=start + max(0, handed[0] - 1), messages=messages + tally.received)
        _keep(home / _MINE, told)
        _progress(home, done=people[0], total=told["people"], state="loading", note="")

    receive(items(), by=OPERATOR, progress=keep)
    _keep_choices(choices)
    told["files"] = start + handed[0]
    _keep(home / _MINE, told)
    _progress(home, done=told["people"], total=told["people"], state="ready", note="")


def _check_feeds() -> None:
    """Which feeds fell silent is known when all are loaded, and not from a load half done."""
    from oneplace.access.commands import OPERATOR
    from oneplace.gateway import monitor
    from oneplace.kernel import clock

    monitor.check(now=clock.now(), by=OPERATOR)


def _progress(home: Path, **values: Any) -> None:
    path = home / "progress.json"
    before = json.loads(path.read_text()) if path.exists() else {"done": 0, "total": 0, "note": ""}
    _keep(path, before | values)


def _keep(path: Path, value: Any) -> None:
    """Replace a file in one step, so that a page or a second start never reads half of it."""
    part = path.with_suffix(".part")
    part.write_text(json.dumps(value))
    part.replace(path)


def _start_server(port: int, home: Path) -> subprocess.Popen[bytes]:
    granian = str(Path(sys.executable).with_name("granian"))
    return _start(command(granian, "127.0.0.1", port, 2), home)


def _start(words: list[str], home: Path) -> subprocess.Popen[bytes]:
    """A child that Ctrl-C doesn't reach: granian hangs when a second signal comes while it stops."""
    return subprocess.Popen(words, env=_environment(home), start_new_session=True)  # noqa: S603 - our own words


def _wait_for(port: int, server: subprocess.Popen[bytes]) -> None:
    """Until the sign-in page answers, at most a minute."""
    for _ in range(300):
        if server.poll() is not None:
            sys.exit("The server ended as it started: what it said stands above.")
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/sign-in/", timeout=5):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    sys.exit("The server did not answer within a minute. Try again; if it stays so: oneplace check")


def _watch(loader: subprocess.Popen[bytes], server: subprocess.Popen[bytes], home: Path) -> None:
    """A bar while the rest loads; then until Ctrl-C."""
    columns = (TextColumn("Loading made-up people"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=_talk, transient=True) as bar:
        task = bar.add_task("", total=None)
        while loader.poll() is None and server.poll() is None:
            told = json.loads((home / "progress.json").read_text())
            bar.update(task, completed=told["done"], total=told["total"])
            time.sleep(0.5)
    if server.poll() is None:
        done = loader.returncode == 0
        _talk.print("Everyone is loaded." if done else "Loading stopped early; start again and it goes on.")
    server.wait()
    sys.exit("The server ended: what it said stands above. Start again and it goes on where it was.")


def _end(*processes: subprocess.Popen[bytes] | None) -> None:
    """Ask each child to stop, once; after ten seconds end it and whatever it started."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a second Ctrl-C would leave them running
    running = [process for process in processes if process is not None]
    for process in running:
        if process.poll() is None:
            process.terminate()
    for process in running:
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            _talk.print("A process did not stop when asked, so it is ended.")
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


if __name__ == "__main__":
    load()
