"""Tests have teeth: nine in ten small falsehoods in the decision and its consent rules are noticed by oracle or tests.

tools/mutants.py makes them and runs each in a process of its own. A failure is a mutant beyond the tenth that lived on.
"""

import json
import subprocess
import sys
from pathlib import Path

from promises import Outcome, Promise

TOOL = Path(__file__).resolve().parents[1] / "mutants.py"


def run(cases: int, seed: int) -> Outcome:
    """So many mutants, drawn by the seed."""
    words = [sys.executable, str(TOOL), "--json", "--sample", str(cases), "--seed", str(seed)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if not done.stdout.strip():
        return Outcome(cases, cases, f"the mutants did not run: {done.stderr[-200:]}")
    told = json.loads(done.stdout.splitlines()[-1])
    lived = told["mutants"] - told["killed"]
    beyond = max(0, lived - told["mutants"] // 10)
    share = told["killed"] / told["mutants"]
    figure = f"{told['killed']} of {told['mutants']} mutants of the decision noticed ({share:.0%})"
    return Outcome(told["mutants"], beyond, figure, tuple(told["left"][:5]))


PROMISE = Promise(
    "tests-have-teeth",
    "Tests have teeth: nine in ten mutants of the decision and its consent rules are killed",
    230,
    run,
)
