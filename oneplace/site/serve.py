"""The server: granian, WSGI, two processes of four threads."""

import os
import sys


def serve(host: str, port: int, workers: int) -> None:
    """Become the server; returns never. The command line replaces itself so that signals reach it."""
    granian = os.path.join(os.path.dirname(sys.executable), "granian")
    os.execv(granian, command(granian, host, port, workers))  # noqa: S606 - our own arguments, no shell


def command(granian: str, host: str, port: int, workers: int) -> list[str]:
    """The words that start the server."""
    told = ["--interface", "wsgi", "--host", host, "--port", str(port), "--workers", str(workers)]
    more = ["--blocking-threads", "4", "--log-level", "warning", "--respawn-failed-workers", "--no-ws"]
    return [granian, *told, *more, "oneplace.site.wsgi:application"]
