"""The server: granian, WSGI, two processes of four threads; beside it the process of what is due each minute."""

import os
import socket
import subprocess
import sys


def serve(host: str, port: int, workers: int) -> None:
    """Become the server; returns never. The command line replaces itself so that signals reach it."""
    if taken(host, port):
        sys.exit(f"Port {port} can't be had at {host}: it is in use, or not this machine's. Try: --port {port + 1}")
    granian = os.path.join(os.path.dirname(sys.executable), "granian")
    # It ends by itself when the server has: this process becomes the server, and its parent.
    subprocess.Popen(due())  # noqa: S603 - our own words
    os.execv(granian, command(granian, host, port, workers))  # noqa: S606 - our own arguments, no shell


def due() -> list[str]:
    """The words that start what is due each minute."""
    return [sys.executable, "-m", "oneplace.site.due"]


def taken(host: str, port: int) -> bool:
    """True when nothing can listen there."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((host, port))
        except OSError:
            return True
    return False


def command(granian: str, host: str, port: int, workers: int) -> list[str]:
    """The words that start the server."""
    told = ["--interface", "wsgi", "--host", host, "--port", str(port), "--workers", str(workers)]
    more = "--blocking-threads 4 --log-level warning --respawn-failed-workers --no-ws --workers-kill-timeout 10"
    return [granian, *told, *more.split(), "oneplace.site.wsgi:application"]
