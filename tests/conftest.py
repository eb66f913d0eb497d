"""What every test stands on: synthetic data only, no socket beyond this machine, shared examples where they exist."""

import os
import socket
from pathlib import Path

import pytest

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "oneplace.site.settings")

SHARED = Path(__file__).resolve().parents[2] / "shared"
STRICT = bool(os.environ.get("CI")) or SHARED.exists()


@pytest.fixture(autouse=True)
def _loopback_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test that reaches beyond this machine fails."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: object) -> None:
        host = address[0] if isinstance(address, tuple) else "local"
        if host not in {"127.0.0.1", "::1", "localhost", "local"}:
            raise RuntimeError(f"a test tried to reach {host}")
        connect(self, address)  # type: ignore[arg-type]

    monkeypatch.setattr(socket.socket, "connect", guarded)


@pytest.fixture
def shared_data() -> Path:
    """Folder of real example messages and public statistics; a test that needs it skips where there is none."""
    folder = SHARED / "data"
    if not folder.exists():
        pytest.skip("no ../shared/data beside this checkout: real example messages can't be read")
    return folder
