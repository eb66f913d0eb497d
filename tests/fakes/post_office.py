"""Servers on this machine for messages out: SMTP and GOV.UK Notify, as far as we talk to them."""

import json
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@contextmanager
def smtp(refuse: str = "") -> Iterator[tuple[int, list[str]]]:
    """A server that takes mail, or answers each recipient with `refuse`; yields its port and the mails as text."""
    taken: list[str] = []

    class Talk(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.wfile.write(b"220 here\r\n")
            while line := self.rfile.readline().decode().strip():
                word = line[:4].upper()
                if word == "DATA":
                    self.wfile.write(b"354 go on\r\n")
                    taken.append("".join(iter(lambda: self.rfile.readline().decode(), ".\r\n")))
                    self.wfile.write(b"250 kept\r\n")
                elif word == "RCPT" and refuse:
                    self.wfile.write(f"{refuse}\r\n".encode())
                elif word == "QUIT":
                    self.wfile.write(b"221 bye\r\n")
                    return
                else:
                    self.wfile.write(b"250 ok\r\n")

    with _running(socketserver.ThreadingTCPServer(("127.0.0.1", 0), Talk)) as port:
        yield port, taken


@contextmanager
def notify(status: int = 201) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """GOV.UK Notify that answers with a status; yields its address and what it was sent."""
    taken: list[dict[str, Any]] = []

    class Talk(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            told = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if status < 300:
                taken.append(told | {"path": self.path, "id": f"id-{len(taken)}"})
            self._answer(status, {"id": taken[-1]["id"]} if status < 300 else {"errors": [{"message": "no"}]})

        def do_GET(self) -> None:
            reference = self.path.partition("reference=")[2]
            found = [{"id": one["id"]} for one in taken if one["reference"] == reference]
            self._answer(200, {"notifications": found})

        def _answer(self, code: int, told: dict[str, Any]) -> None:
            body = json.dumps(told).encode()
            self.send_response(code)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None: ...

    with _running(ThreadingHTTPServer(("127.0.0.1", 0), Talk)) as port:
        yield f"http://127.0.0.1:{port}", taken


@contextmanager
def _running(server: Any) -> Iterator[int]:
    thread = threading.Thread(target=lambda: server.serve_forever(poll_interval=0.01), daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
