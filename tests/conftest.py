"""What every test stands on: synthetic data only, no socket beyond this machine, shared examples where they exist."""

import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

# How long an example takes depends on the machine, and no test here asserts a time.
settings.register_profile("oneplace", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("oneplace")

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "oneplace.site.settings")

SHARED = Path(__file__).resolve().parents[2] / "shared"
STRICT = bool(os.environ.get("CI")) or SHARED.exists()


def pytest_configure(config: pytest.Config) -> None:
    """A test about one database alone is deselected on the other, never skipped."""
    config.addinivalue_line("markers", "sqlite: about SQLite alone")


def pytest_sessionfinish(session: pytest.Session) -> None:
    """In CI, and where ../shared exists, a skip is a failure."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    skipped = reporter.stats.get("skipped", []) if reporter and not hasattr(session.config, "workerinput") else []
    if STRICT and skipped:
        reporter.write_line(f"{len(skipped)} skipped: here nothing may be", red=True)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.fixture(scope="session", autouse=True)
def _home_of_its_own(tmp_path_factory: pytest.TempPathFactory) -> None:
    """No test touches the folder of a place's data that a developer may have."""
    from django.conf import settings

    settings.HOME = tmp_path_factory.mktemp("home")
    # Tests of other things sign in with one step; tests/rooms/test_site_second_step.py asks for both.
    settings.SECOND_STEP = False


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


@pytest.fixture(autouse=True)
def _names_are_read_anew() -> None:
    """The names that pages keep for a minute, and habits kept for an hour, belong to the test before."""
    from oneplace.place import queries

    queries.forget_names()
    monitor = sys.modules.get("oneplace.gateway.monitor")  # not imported for tests without Django
    if monitor:
        monitor.forget_habits()


@pytest.fixture
def shared_data() -> Path:
    """Folder of real example messages and public statistics; a test that needs it skips where there is none."""
    folder = SHARED / "data"
    if not folder.exists():
        pytest.skip("no ../shared/data beside this checkout: real example messages can't be read")
    return folder


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings_parallel_suffix: None, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """SQLite in a file, so that several connections and processes meet; not synced to disk, since nothing is kept."""
    from django.db import connection

    if connection.vendor == "sqlite":
        connection.settings_dict["TEST"]["NAME"] = str(tmp_path_factory.mktemp("database") / "test.sqlite3")
        options = connection.settings_dict["OPTIONS"]
        options["init_command"] = options["init_command"].replace("synchronous=FULL", "synchronous=OFF")


@pytest.fixture(scope="session", autouse=True)
def _ledger_lets_tests_start_afresh() -> Iterator[None]:
    """Django empties tables after a test that commits; the ledger refuses that, so its guard is lifted meanwhile."""
    from django.db import connection

    from oneplace.ledger import triggers

    emptying = type(connection.ops).sql_flush

    def unguarded(self: Any, *args: Any, **kwargs: Any) -> list[str]:
        flush = emptying(self, *args, **kwargs)
        vendor = connection.vendor
        return [*triggers.unguard_statements(vendor), *flush, *triggers.guard_statements(vendor)] if flush else flush

    type(connection.ops).sql_flush = unguarded
    yield
    type(connection.ops).sql_flush = emptying
