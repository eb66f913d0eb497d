"""NHS England's own MESH sandbox, in an environment of its own (its parts clash with ours), on this machine alone.

The environment is built once into build/, from requirements-mesh.lock; then it starts in a second or two.
"""

import fcntl
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LOCK = ROOT / "requirements-mesh.lock"
HOME = ROOT / "build" / "mesh-sandbox"
KEY, PASSWORD = "TestKey", "password"
SENDER, RECIPIENT = "X26ABC2", "X26ABC1"


class NoSandbox(Exception):
    """It can't be had on this machine; says why."""


def python() -> Path:
    """The interpreter of the sandbox's environment, built when it isn't there. Raises NoSandbox."""
    HOME.mkdir(parents=True, exist_ok=True)
    made = HOME / sha256(LOCK.read_bytes()).hexdigest()[:16]
    with (HOME / "building").open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        if not (made / "ready").exists():
            _build(made)
    return made / "bin" / "python"


def _build(made: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", "--clear", made], check=True, capture_output=True)
    words = ["-m", "pip", "install", "--quiet", "--require-hashes", "--disable-pip-version-check", "-r", LOCK]
    done = subprocess.run([made / "bin" / "python", *words], capture_output=True, text=True)
    if done.returncode:
        raise NoSandbox(f"mesh-sandbox can't be installed: {done.stderr.strip().splitlines()[-1:]}")
    (made / "ready").touch()


@contextmanager
def running() -> Iterator[str]:
    """The sandbox at an address on loopback, its mailboxes empty."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {
        "PATH": os.environ["PATH"], "AUTH_MODE": "full", "SHARED_KEY": KEY, "STORE_MODE": "memory", "ENV": "local",
    }  # fmt: skip
    words = ["-m", "uvicorn", "mesh_sandbox.api:app", "--host", "127.0.0.1", "--port", str(port)]
    server = subprocess.Popen(
        [python(), *words, "--log-level", "warning"],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait_for(f"http://127.0.0.1:{port}/messageexchange/_ping", server)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(10)


def _wait_for(address: str, server: subprocess.Popen[bytes]) -> None:
    for _ in range(150):
        if server.poll() is not None:
            raise NoSandbox(f"mesh-sandbox ended as it started, with {server.returncode}")
        try:
            urllib.request.urlopen(address, timeout=5).close()
            return
        except OSError:
            time.sleep(0.2)
    raise NoSandbox("mesh-sandbox did not answer within half a minute")
