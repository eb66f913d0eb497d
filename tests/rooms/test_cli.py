"""The command line as an operator meets it: words, JSON, exit codes, bad input."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from factories import wire
from factories.places import FOLDER, HOSPITAL, PRACTICE, practices

pytestmark = pytest.mark.sqlite
COMMAND = Path(sys.executable).with_name("oneplace")


@pytest.fixture(scope="module")
def home_of(tmp_path_factory) -> dict[str, str]:
    """The environment of a fresh home."""
    environment = os.environ | {"ONEPLACE_HOME": str(tmp_path_factory.mktemp("cli")), "ONEPLACE_DATABASE_URL": ""}
    environment.pop("ONEPLACE_TRACE", None)
    return environment


@pytest.fixture(scope="module")
def run(home_of):
    """Run the command in a fresh home; returns what came."""

    def command(*words: str, **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([COMMAND, *words], capture_output=True, text=True, env=home_of | more)

    return command


@pytest.fixture(scope="module")
def example(run):
    """The example place, loaded: whichever test comes first."""
    assert run("place", "load", str(FOLDER)).returncode == 0


@pytest.fixture(scope="module")
def messages(tmp_path_factory, run) -> Path:
    """A folder of example messages and one that can't be read."""
    folder = tmp_path_factory.mktemp("messages")
    assert run("example", "write", str(folder), "--people", "15", "--place", str(FOLDER)).returncode == 0
    (folder / "broken.json").write_text('{"resourceType": ')
    (folder / ".hidden").write_text("not looked at")
    return folder


def test_ingest_ends_with_one_line_that_balances_and_a_second_run_changes_nothing(run, messages):
    first = run("ingest", str(messages), "--json")
    told = json.loads(first.stdout.splitlines()[-1])
    assert set(told) == {"received", "filed", "quarantined", "duplicate", "by_format"}
    assert told["received"] == told["filed"] + told["quarantined"] + told["duplicate"]
    assert first.returncode == 3
    again = run("ingest", str(messages), "--json")
    assert json.loads(again.stdout) | {"by_format": 0} == {
        "received": told["received"], "filed": 0, "quarantined": 0, "duplicate": told["received"], "by_format": 0,
    }  # fmt: skip
    assert again.returncode == 0
    assert "cut short" in run("feeds", "quarantine").stdout
    assert run("feeds", "replay").returncode == 3
    assert "fhir-stu3-json" in run("feeds", "list").stdout
    assert run("audit", "verify").returncode == 0
    assert json.loads(run("audit", "verify", "--json").stdout)["ok"] is True
    assert "file messages" in run("audit", "show").stdout


def test_ingest_of_nothing_names_the_path(run):
    done = run("ingest", "/no/such/folder")
    assert done.returncode == 2
    assert "/no/such/folder" in done.stderr
    assert done.stdout == ""


def test_check_says_what_is_missing_and_how_to_cure_it(run, example):
    found = {line["what"]: line for line in json.loads(run("check", "--json").stdout)}
    assert found["library"]["state"] == "ok"
    assert run("check").returncode == 0
    assert f"{len(practices())} practices" in run("place", "show").stdout


def test_bad_place_folder_is_named_with_its_faults(run, tmp_path):
    (tmp_path / "place.toml").write_text("name = ")
    done = run("place", "check", str(tmp_path))
    assert done.returncode == 3
    assert "place.toml" in done.stdout


def test_config_shows_origins_and_masks_secrets(run):
    rows = {row["name"]: row for row in json.loads(run("config", "show", "--json", ONEPLACE_SECRET_KEY="hush").stdout)}
    assert rows["home"]["origin"] == "ONEPLACE_HOME"
    assert rows["secret_key"]["value"] == "set"
    masked = run("config", "show", ONEPLACE_DATABASE_URL="postgresql://me:hush@127.0.0.1/x").stdout
    assert "hush" not in masked


def test_unknown_user_and_unknown_person_are_plain_words(run):
    done = run("record", "find", "Mary", "--as", "nobody")
    assert done.returncode == 1
    assert "No user is called 'nobody'" in done.stderr
    assert "Traceback" not in done.stderr


def test_strange_database_address_is_refused(run):
    done = run("place", "show", ONEPLACE_DATABASE_URL="mysql://x/y")
    assert done.returncode != 0
    assert "sqlite: and postgresql: only" in done.stderr


def test_demo_never_listens_beyond_this_machine(run):
    done = run("serve", "--host", "0.0.0.0", ONEPLACE_DEMO="1")
    assert done.returncode == 2
    assert "this machine only" in done.stderr


def test_key_is_shown_once(run, example):
    done = run("feeds", "key", PRACTICE)
    assert done.returncode == 0
    assert len(done.stdout.strip()) > 40


def test_feeds_are_checked_and_say_how_long_messages_take(run, example, tmp_path):
    (tmp_path / "one.hl7").write_bytes(wire.adt(number="LATENCY"))
    run("ingest", str(tmp_path))
    done = run("feeds", "check", "--json")
    found = json.loads(done.stdout)
    assert done.returncode == 3
    assert "never" in {one["kind"] for one in found}
    assert "ongoing" in run("feeds", "check").stdout
    lines = json.loads(run("feeds", "list", "--json").stdout)
    assert next(line for line in lines if line["organisation_code"] == "RCB")["latency_last_hour"]["p95"] > 0
    assert any(line["alarms"] == ["never"] for line in lines)


def test_message_without_an_organisation_is_adopted_by_a_word(run, example, tmp_path):
    (tmp_path / "one.hl7").write_bytes(wire.adt(facility=""))
    assert run("ingest", str(tmp_path)).returncode == 3
    assert run("feeds", "adopt", "--feed", "NONE", "--code", "source-missing").returncode == 2
    assert run("feeds", "adopt", "--feed", HOSPITAL).returncode == 2
    assert run("feeds", "adopt", "--feed", HOSPITAL, "--code", "json-broken").returncode == 2
    done = run("feeds", "adopt", "--feed", HOSPITAL, "--code", "source-missing", "--json")
    assert (done.returncode, json.loads(done.stdout)["filed"]) == (0, 1)
    again = run("feeds", "adopt", "--feed", HOSPITAL, "--code", "source-missing")
    assert again.returncode == 3
    assert "None of them waits" in again.stderr


def test_listener_answers_until_it_is_told_to_end(run, example, home_of):
    words = ["feeds", "listen", "--port", "0", "--feed", HOSPITAL]
    child = subprocess.Popen([COMMAND, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=home_of)
    port = int(child.stdout.readline())
    with socket.create_connection(("127.0.0.1", port), timeout=20) as sender:
        sender.sendall(b"\x0b" + wire.adt(facility=HOSPITAL, number="L1") + b"\x1c\r")
        assert b"MSA|AA|L1" in sender.recv(65536)
        taken = run("feeds", "listen", "--port", str(port), "--feed", HOSPITAL)
        assert (taken.returncode, f"Port {port}" in taken.stderr) == (1, True)
        child.send_signal(signal.SIGTERM)
        assert child.wait(20) == 0
    assert "Listening on 127.0.0.1" in child.stderr.read()


def test_listener_keeps_to_this_machine_and_to_known_organisations(run, example):
    open_to_all = run("feeds", "listen", "--port", "0", "--feed", HOSPITAL, "--host", "0.0.0.0")
    assert (open_to_all.returncode, "not encrypted" in open_to_all.stderr, "TLS" in open_to_all.stderr) == (
        2,
        True,
        True,
    )
    assert run("feeds", "listen", "--port", "0", "--feed", "NONE").returncode == 2


def test_ledger_is_anchored_proved_shown_and_taken_out(run, example, tmp_path):
    """Anchor, tamper-free proof against it, a wrong anchor found, rows as events, and nothing written over."""
    anchor, out = tmp_path / "anchor", tmp_path / "events.ndjson"
    assert run("audit", "anchor", "--to", str(anchor)).returncode == 0
    assert run("audit", "verify", "--anchor", str(anchor)).returncode == 0
    seq, digest = anchor.read_text().split()
    assert json.loads(run("audit", "anchor", "--json").stdout)["seq"] >= int(seq)
    anchor.write_text(f"{seq} {digest[::-1]}\n")
    wrong = run("audit", "verify", "--anchor", str(anchor))
    assert wrong.returncode == 1
    assert "isn't the one that was anchored" in wrong.stdout
    anchor.write_text("nonsense\n")
    assert run("audit", "verify", "--anchor", str(anchor)).returncode == 2
    assert run("audit", "verify", "--anchor", str(tmp_path / "none")).returncode == 2
    told = json.loads(run("audit", "export", str(out), "--json").stdout)
    assert told["rows"] == len(out.read_text().splitlines()) > 0
    assert all(json.loads(line)["resourceType"] == "AuditEvent" for line in out.read_text().splitlines())
    assert run("audit", "export", str(out)).returncode == 2
    assert run("audit", "export", str(tmp_path / "x"), "--format", "pdf").returncode == 2
    rows = tmp_path / "rows.ndjson"
    assert run("audit", "export", str(rows), "--format", "ndjson", "--from", "2020-01-01").returncode == 0
    assert json.loads(rows.read_text().splitlines()[0])["seq"] == 1
    assert "export ledger" in run("audit", "show", "--limit", "1").stdout
    assert run("audit", "show", "--to", "2001-01-01").stdout.strip() == "No row is like that."
    assert "No user is called" in run("audit", "show", "--user", "nobody").stderr


def test_history_of_nobody_and_of_an_unknown_number_say_so(run, example):
    assert "Nobody has looked" in run("audit", "history", "no-such-key").stdout
    told = run("audit", "history", "9990000019")
    assert told.returncode == 1
    assert "No source has told" in told.stderr


def test_patterns_of_a_quiet_week_are_none(run, example):
    told = run("audit", "patterns")
    assert (told.returncode, told.stdout.strip()) == (0, "Nothing waits to be looked at.")
    assert json.loads(run("audit", "patterns", "--json").stdout) == []


def test_first_administrator_is_made_on_the_command_line(run, example):
    who = ("--name", "Ada Long", "--role", "administrator", "--organisation", PRACTICE)
    made = run("user", "create", "ada", *who)
    assert made.returncode == 0, made.stderr
    assert re.search(r"/welcome/[\w-]{40,}/", made.stdout)
    assert "This user name is taken" in run("user", "create", "ada", *who).stderr
    assert "no organisation 'NOPE'" in run("user", "create", "x", *who[:-1], "NOPE").stderr
    assert "second step" in run("user", "list").stdout
    told = json.loads(run("user", "list", "--organisation", PRACTICE, "--json").stdout)
    assert ("ada", ["administrator"], "invited") in [(row["username"], row["roles"], row["state"]) for row in told]
    assert run("user", "unlock", "ada").returncode == 0
    assert "/welcome/" in run("user", "reset", "ada").stdout
    assert run("user", "deactivate", "ada").returncode == 0
    states = {row["username"]: row["state"] for row in json.loads(run("user", "list", "--json").stdout)}
    assert states["ada"] == "deactivated"
    assert "sign in again" in run("user", "deactivate", "ada", "--undo").stdout
    assert "No user is called 'bob'" in run("user", "unlock", "bob").stderr
