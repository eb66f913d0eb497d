"""PostgreSQL killed like a machine that dies keeps what it acknowledged."""

import sys
from importlib import import_module
from pathlib import Path

import psycopg
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))
postgres = import_module("postgres")


@pytest.mark.postgres
def test_server_comes_back_after_a_kill_with_what_was_committed():
    with postgres.running(durable=True) as server:
        with psycopg.connect(server.url) as connection:
            connection.execute("CREATE TABLE kept (n int)")
            connection.execute("INSERT INTO kept VALUES (7)")
        server.kill()
        server.start()
        with psycopg.connect(server.url) as connection:
            assert connection.execute("SELECT n FROM kept").fetchall() == [(7,)]
        folder = server.folder
    assert not folder.exists()
