"""What `make assurance` runs: each promise with its figure, whole. Writes build/assurance.json and docs/assurance.md.

`--tenth` runs a seeded tenth, as CI does, and leaves the page alone. `--only ID` runs one promise whole and puts its
line into build/assurance.json, so that long ones can be run apart; the page is written once each has its line, or by
`--page` from what stands, which names those that were not run whole.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import promises

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "build" / "assurance.json"
PAGE = ROOT / "docs" / "assurance.md"
SEED = 20260105


def set_up_a_place(home: str) -> None:
    """An empty place of its own for this run."""
    os.environ |= {"ONEPLACE_HOME": home, "DJANGO_SETTINGS_MODULE": "oneplace.site.settings"}
    os.environ.pop("ONEPLACE_DATABASE_URL", None)
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)


def keep(promise: promises.Promise, tenth: bool) -> dict[str, Any]:
    """Run one promise and say what came of it; an exception is a failure, not the end of the run."""
    cases = max(1, promise.cases // 10) if tenth and not promise.fixed else promise.cases
    started = time.monotonic()
    try:
        outcome = promise.run(cases, SEED)
    except Exception as error:
        outcome = promises.Outcome(cases, cases, f"stopped: {type(error).__name__}: {error}")
    line = {
        "id": promise.id,
        "promise": promise.promise,
        **asdict(outcome),
        "seconds": round(time.monotonic() - started, 1),
        "command": f"python tools/assurance.py --only {promise.id}",
    }
    print(f"{'FAILED' if outcome.failures else 'kept':7} {promise.promise}: {outcome.figure} ({line['seconds']} s)")
    for example in outcome.examples:
        print(f"        {example}")
    return line


def page(lines: list[dict[str, Any]]) -> str:
    """docs/assurance.md."""
    rows = [
        f"| {line['promise']} | {line['cases']:,} | {line['failures']:,} | {line['figure']} | `{line['command']}` |"
        for line in lines
    ]
    whole = {line["id"] for line in lines}
    later = [
        f"- {promise.promise}: `python tools/assurance.py --only {promise.id}`"
        for promise in promises.promises()
        if promise.id not in whole
    ]
    to_come = [f"- {words}" for words in promises.still_open().values()]
    return "\n".join(
        [
            "# What we promise, and what a run found",
            "",
            "Written by `make assurance` from `build/assurance.json`. A case is one trial; a failure is one that broke",
            "the promise. The hazards that these stand against are in [the hazard log](safety/hazard-log.md).",
            "",
            "| promise | cases | failures | found | again with |",
            "|---|---:|---:|---|---|",
            *rows,
            "",
            *(["## Tested, and no whole run stands", "", *later, ""] if later else []),
            "## Promised and not yet tested",
            "",
            *to_come,
            "",
        ]
    )


def note(lines: list[dict[str, Any]], tenth: bool) -> None:
    """Put the lines into build/assurance.json beside those of other promises; whole runs of all make the page."""
    RESULTS.parent.mkdir(exist_ok=True)
    held = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else []
    known = {line["id"]: line for line in [*held, *({**line, "tenth": tenth} for line in lines)]}
    told = [known[promise.id] for promise in promises.promises() if promise.id in known]
    RESULTS.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    if len(told) == len(promises.promises()) and not any(line.get("tenth") for line in told):
        PAGE.write_text(page(told), encoding="utf-8")


def main() -> int:
    """1 when any promise was broken."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tenth", action="store_true")
    parser.add_argument("--page", action="store_true", help="run nothing; write the page from the runs that stand")
    parser.add_argument("--only", choices=[promise.id for promise in promises.promises()])
    options = parser.parse_args()
    if options.page:
        held = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else []
        PAGE.write_text(page([line for line in held if not line.get("tenth")]), encoding="utf-8")
        return 0
    chosen = [promise for promise in promises.promises() if options.only in {None, promise.id}]
    with tempfile.TemporaryDirectory(prefix="oneplace-assurance-") as home:
        set_up_a_place(home)
        lines = [keep(promise, options.tenth) for promise in chosen]
    note(lines, options.tenth)
    broken = sum(bool(line["failures"]) for line in lines)
    print(f"{len(lines) - broken} promises kept, {broken} broken")
    return int(bool(broken))


if __name__ == "__main__":
    sys.exit(main())
