"""What `make test` runs: every test on SQLite, what asks for a place on a second place too, and rooms and races on a
PostgreSQL that it starts itself.

What the machine lacks is named with its apt line and left out; with CI set, or where ../shared stands beside this
checkout, leaving out is a failure. More arguments go to pytest; `--tier sqlite|second|postgresql` runs one tier.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import postgres

ROOT = Path(__file__).resolve().parents[1]
STRICT = os.environ.get("CI", "").lower() not in {"", "0", "false"} or (ROOT.parent / "shared").exists()
BROWSERS = ("/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome")
WORKERS = str(min(os.cpu_count() or 1, 4))
SECOND_PLACE = "ostermere"
# Their subject is the command line or the browser, and a second round takes minutes: they run on one place in CI.
SLOW_ON_ONE_PLACE = frozenset(
    {"test_j11_emergency.py", "test_cli_demo.py", "test_j11_linkage_review.py", "test_j12_silent_feed.py"}
)
# They run the product in processes of their own, or make people by the thousand: measuring the rooms would double their
# time and find nothing.
NOT_MEASURED = (
    "tests/journeys",
    "tests/races",
    "tests/rooms/test_cli.py",
    "tests/rooms/test_cli_demo.py",
    "tests/rules/test_example_*.py",
)
# What must be covered whole, branches and all; each line is one report.
COVERED = {
    "kernel": "oneplace/kernel/*",
    "formats": "oneplace/formats/*",
    "rules": "oneplace/*/rules.py,oneplace/*/rules/*",
    "access": "oneplace/access/*",
}


@dataclass
class Summary:
    """What ran and how it ended, what was left out and why."""

    ran: list[tuple[str, bool, float]] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)

    def failed(self) -> bool:
        """True when something failed, or was left out where nothing may be."""
        return not all(ok for _, ok, _ in self.ran) or (STRICT and bool(self.left_out))

    def show(self) -> None:
        """The last lines that a person reads."""
        print("\nSummary")
        for what, ok, seconds in self.ran:
            print(f"  {'passed' if ok else 'FAILED':8}{what} ({seconds:.0f} s)")
        for what in self.left_out:
            print(f"  {'FAILED' if STRICT else 'left out':8} {what}")
        if self.left_out and STRICT:
            print("  In CI, and where ../shared stands beside this checkout, nothing may be left out.")


def pytest(what: str, arguments: list[str], summary: Summary, **environment: str) -> None:
    """One run of pytest, its own lines shown as they come."""
    print(f"\n=== {what}", flush=True)
    command = [sys.executable, "-m", "pytest", "-n", WORKERS, *arguments]
    started = time.monotonic()
    done = subprocess.run(command, cwd=ROOT, env=os.environ | environment)
    summary.ran.append((what, done.returncode == 0, time.monotonic() - started))


def on_sqlite(summary: Summary, home: Path, more: list[str]) -> None:
    """Rules, contracts, rooms and, where there is a browser, journeys."""
    arguments = ["-m", "not postgres", *more]
    if not any(Path(browser).exists() for browser in BROWSERS):
        summary.left_out.append("journeys in a browser: no Chromium found; on Debian or Ubuntu: apt install chromium")
        arguments.append("--ignore=tests/journeys")
    environment = {"ONEPLACE_HOME": str(home / "sqlite"), "ONEPLACE_DATABASE_URL": "", "COVERAGE_FILE": _coverage(home)}
    if more:
        pytest("on SQLite", arguments, summary, **environment)
        return
    apart = [str(path) for pattern in NOT_MEASURED for path in sorted(ROOT.glob(pattern))]
    measured = ["--cov=oneplace", "--cov-branch", "--cov-report=", *(f"--ignore={path}" for path in apart)]
    pytest("rules and rooms on SQLite", [*arguments, *measured], summary, **environment)
    pytest("journeys, races, commands and made-up people on SQLite", [*arguments, *apart], summary, **environment)
    for what, files in COVERED.items():
        check_coverage(what, files, home, summary)


def check_coverage(what: str, files: str, home: Path, summary: Summary) -> None:
    """100 % of branches, or the lines that no test met."""
    started = time.monotonic()
    report = [
        "report",
        f"--include={files}",
        "--fail-under=100",
        "--show-missing",
        "--skip-covered",
        "--omit=*/apps.py",
    ]
    done = subprocess.run(
        [sys.executable, "-m", "coverage", *report], cwd=ROOT, env=os.environ | {"COVERAGE_FILE": _coverage(home)}
    )
    name = f"branch coverage of {what} {'is 100 %' if STRICT else 'is shown above'}"
    summary.ran.append((name, done.returncode == 0, time.monotonic() - started))


def on_postgresql(summary: Summary, home: Path, more: list[str]) -> None:
    """Rooms and races again, on a server that lives as long as this run."""
    folders = [folder for folder in ("tests/rooms", "tests/races") if (ROOT / folder).exists()]
    try:
        with postgres.running() as server:
            environment = {"ONEPLACE_HOME": str(home / "postgresql"), "ONEPLACE_DATABASE_URL": server.url}
            arguments = ["-m", "not sqlite", *(more or folders)]
            pytest("rooms and races on PostgreSQL", arguments, summary, **environment)
    except postgres.NoPostgres as error:
        summary.left_out.append(f"rooms and races on PostgreSQL: {error}")


def on_the_second_place(summary: Summary, home: Path, more: list[str]) -> None:
    """What takes its codes from the place, on one of another shape; ONEPLACE_TEST_PLACE=ostermere runs all on it."""
    asking = sorted(
        str(path.relative_to(ROOT)) for path in (ROOT / "tests").rglob("test_*.py") if _asks_the_place(path)
    )
    environment = {
        "ONEPLACE_HOME": str(home / "second"), "ONEPLACE_DATABASE_URL": "", "ONEPLACE_TEST_PLACE": SECOND_PLACE,
    }  # fmt: skip
    left_out = [] if any(Path(browser).exists() for browser in BROWSERS) else ["--ignore=tests/journeys"]
    pytest("on the second example place", ["-m", "not postgres", *left_out, *(more or asking)], summary, **environment)


def _asks_the_place(path: Path) -> bool:
    """True for a module of tests that takes its codes from the place that the tests run on."""
    return "from factories.places import" in path.read_text("utf-8") and path.name not in SLOW_ON_ONE_PLACE


def _coverage(home: Path) -> str:
    return str(home / "coverage")


def main() -> int:
    """Every tier, then the summary; 0 when all that must pass did."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tier", choices=["sqlite", "postgresql", "second"])
    options, more = parser.parse_known_args()
    summary = Summary()
    with tempfile.TemporaryDirectory(prefix="oneplace-test-") as home:
        for tier, run in (("sqlite", on_sqlite), ("second", on_the_second_place), ("postgresql", on_postgresql)):
            if options.tier in (None, tier):
                run(summary, Path(home), more)
    summary.show()
    return int(summary.failed())


if __name__ == "__main__":
    sys.exit(main())
