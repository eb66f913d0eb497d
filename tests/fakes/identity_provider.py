"""A real OpenID provider on this machine (oidc-provider-mock), before whose token endpoint a guard stands that asks,
as NHS CIS2 and NHS login do, for a client's signed statement and takes each once."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BytesIO
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlencode

import jwt
from oidc_provider_mock import app
from werkzeug.serving import make_server


class Guard:
    """WSGI: lets a request for tokens pass when its statement is signed with the client's key; keeps what was sent."""

    def __init__(self, inner: Callable[..., Any], public_key: bytes, audience: Callable[[], str]) -> None:
        self.inner, self.public_key, self.audience = inner, public_key, audience
        self.statements: list[dict[str, Any]] = []
        self.sent: list[dict[str, list[str]]] = []

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        """Pass on, or refuse as a provider does."""
        if environ["PATH_INFO"] != "/oauth2/token":
            return self.inner(environ, start_response)
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = BytesIO(body)
        form = parse_qs(body.decode())
        self.sent.append(form)
        try:
            statement = jwt.decode(
                form.get("client_assertion", [""])[0], self.public_key, ["RS512"], audience=self.audience(), issuer="us"
            )
            assert statement["sub"] == "us"
            assert statement["jti"] not in {one["jti"] for one in self.statements}
        except (jwt.PyJWTError, AssertionError):
            start_response("401 UNAUTHORIZED", [("Content-Type", "application/json")])
            return [b'{"error": "invalid_client"}']
        self.statements.append(statement)
        # The provider itself knows secrets alone: whom the guard let pass has one.
        kept = {name: told[0] for name, told in form.items() if not name.startswith("client_assertion")}
        body = urlencode(kept | {"client_secret": "passed"}).encode()
        environ |= {"wsgi.input": BytesIO(body), "CONTENT_LENGTH": str(len(body))}
        return self.inner(environ, start_response)


@contextmanager
def identity_provider(public_key: bytes) -> Iterator[tuple[str, Guard]]:
    """The provider's address and its guard, for as long as the block runs."""
    guard = Guard(app(require_nonce=True), public_key, lambda: f"http://localhost:{server.server_port}/oauth2/token")
    server = make_server("localhost", 0, guard, threaded=True)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://localhost:{server.server_port}", guard
    finally:
        server.shutdown()
        thread.join(5)
        server.server_close()
