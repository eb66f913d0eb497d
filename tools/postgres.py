"""A PostgreSQL of its own for tests and benchmarks: made in a temporary folder, on loopback, gone at the end.

`with running() as server: server.url` in Python, or on the command line `python tools/postgres.py COMMAND...`,
which runs COMMAND with ONEPLACE_DATABASE_URL set. The server never runs as root: it refuses to, and rightly.
"""

import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

APT = "apt install postgresql"
_DEBIAN = Path("/usr/lib/postgresql")
_NAME = "oneplace"


class NoPostgres(RuntimeError):
    """There are no PostgreSQL programs here, or none of them starts; the text says what to install or what failed."""


@dataclass(frozen=True)
class Server:
    """One running server: its address for ONEPLACE_DATABASE_URL, and what is needed to kill and start it again."""

    url: str
    folder: Path
    port: int
    binaries: Path
    durable: bool

    def kill(self) -> None:
        """SIGKILL the postmaster, as a machine that dies would; `start` brings it back."""
        os.kill(int((self.folder / "data" / "postmaster.pid").read_text().split()[0]), signal.SIGKILL)

    def start(self) -> None:
        """Start, and come back when it answers. Raises NoPostgres after ten seconds of trying."""
        settings = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={self.folder}"
        if not self.durable:
            settings += " -c fsync=off -c synchronous_commit=off -c full_page_writes=off"
        command = [f"{self.binaries}/pg_ctl", "start", "-w", "-D", f"{self.folder}/data", "-l", f"{self.folder}/log"]
        limit = time.monotonic() + 10
        while True:
            try:
                return run([*command, "-o", settings], self.folder)
            except NoPostgres:
                # The children of a killed postmaster hold its memory until they notice.
                if time.monotonic() > limit:
                    raise
                time.sleep(0.1)

    def stop(self) -> None:
        """Stop at once; nothing here is kept."""
        command = [f"{self.binaries}/pg_ctl", "stop", "-m", "immediate", "-D", f"{self.folder}/data"]
        subprocess.run(command, cwd=self.folder, capture_output=True, **_someone_but_root())


def find_binaries() -> Path | None:
    """The folder with initdb: the newest of Debian's, else the one on the path."""
    found = sorted(_DEBIAN.glob("*/bin/initdb"), key=lambda file: _version(file.parent.parent.name))
    if found:
        return found[-1].parent
    on_path = shutil.which("initdb")
    return Path(on_path).resolve().parent if on_path else None


@contextmanager
def running(*, durable: bool = False) -> Iterator[Server]:
    """A fresh server with an empty database; `durable` keeps syncing on, for tests that kill it. Raises NoPostgres."""
    binaries = find_binaries()
    if binaries is None:
        raise NoPostgres(f"no PostgreSQL found; on Debian or Ubuntu: {APT}")
    folder = Path(tempfile.mkdtemp(prefix="oneplace-postgres-"))
    try:
        server = _make(binaries, folder, durable)
        try:
            server.start()
            _create_database(server)
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def run(command: list[str], folder: Path) -> None:
    """Run one of PostgreSQL's programs as someone who isn't root. Raises NoPostgres with its words."""
    # A file, not a pipe: the server that pg_ctl starts would hold a pipe open for ever.
    words = folder / "words"
    with words.open("wb") as out:
        done = subprocess.run(command, cwd=folder, stdout=out, stderr=subprocess.STDOUT, **_someone_but_root())
    if done.returncode:
        raise NoPostgres(f"{Path(command[0]).name} failed: {words.read_text(errors='replace').strip()[-2000:]}")


def _make(binaries: Path, folder: Path, durable: bool) -> Server:
    """Lay out the server's files for the user that it will run as."""
    who = _someone_but_root()
    if who:
        os.chown(folder, who["user"], who["group"])
    run(
        [f"{binaries}/initdb", "-D", f"{folder}/data", "-U", _NAME, "-A", "trust", "-E", "UTF8", "--locale=C", "-N"],
        folder,
    )
    port = _free_port()
    return Server(f"postgresql://{_NAME}@127.0.0.1:{port}/{_NAME}", folder, port, binaries, durable)


def _create_database(server: Server) -> None:
    where = ["-h", "127.0.0.1", "-p", str(server.port), "-U", _NAME]
    run([f"{server.binaries}/createdb", *where, _NAME], server.folder)


def _someone_but_root() -> dict[str, int]:
    """Arguments for subprocess that step down from root to user postgres (nobody where there is none)."""
    if os.geteuid() != 0:
        return {}
    try:
        user = pwd.getpwnam("postgres")
    except KeyError:
        user = pwd.getpwnam("nobody")
    return {"user": user.pw_uid, "group": user.pw_gid}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _version(name: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", name))


def main() -> int:
    """Run the command line's own command beside a fresh server."""
    if len(sys.argv) < 2:
        sys.exit("usage: python tools/postgres.py COMMAND [ARGUMENT...]")
    try:
        with running() as server:
            return subprocess.run(sys.argv[1:], env=os.environ | {"ONEPLACE_DATABASE_URL": server.url}).returncode
    except NoPostgres as error:
        sys.exit(str(error))


if __name__ == "__main__":
    sys.exit(main())
