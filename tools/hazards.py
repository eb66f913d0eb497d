"""The hazard log: reads docs/safety/hazards.yaml, ties each control to a test that exists, renders hazard-log.md.

Severity and likelihood use the words of DCB0129's example matrix. `python tools/hazards.py` writes the page.
"""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "docs" / "safety" / "hazards.yaml"
LOG = ROOT / "docs" / "safety" / "hazard-log.md"
SEVERITY = ("minor", "significant", "considerable", "major", "catastrophic")
LIKELIHOOD = ("very low", "low", "medium", "high", "very high")
FIELDS = ("id", "hazard", "cause", "effect", "severity", "likelihood", "residual", "controls")


def read() -> list[dict[str, Any]]:
    """The hazards as written."""
    return list(yaml.safe_load(SOURCE.read_text(encoding="utf-8"))["hazards"])


def faults(hazards: list[dict[str, Any]]) -> list[str]:
    """What is wrong with them in plain words; empty when each control is tied to a test, or is said to be open."""
    found = []
    for hazard in hazards:
        name = str(hazard.get("id", "a hazard"))
        found += [f"{name} lacks '{field}'" for field in FIELDS if not hazard.get(field)]
        if hazard.get("severity") not in SEVERITY or hazard.get("likelihood") not in LIKELIHOOD:
            found.append(f"{name}: severity or likelihood is no word of the matrix")
        for control in hazard.get("controls") or []:
            found += [f"{name}: {text}" for text in _faults_of_control(control)]
    return found


def _faults_of_control(control: dict[str, Any]) -> Iterator[str]:
    """A control has one or more tests that exist, or says why it has none yet."""
    tests = tests_of(control)
    if not tests and not control.get("open"):
        yield f"'{control.get('control')}' has no test and doesn't say that it is open"
    for test in tests:
        if not exists(test):
            yield f"'{test}' is no test"


def tests_of(control: dict[str, Any]) -> list[str]:
    """The ids of the tests that hold a control in place."""
    told = control.get("test") or []
    return [told] if isinstance(told, str) else list(told)


def exists(test: str) -> bool:
    """True for 'tests/…/test_x.py::test_y' where such a function is."""
    file, _, name = test.partition("::")
    path = ROOT / file
    if not name or not path.is_file():
        return False
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return any(isinstance(node, ast.FunctionDef) and node.name == name for node in ast.walk(tree))


def rendered(hazards: list[dict[str, Any]]) -> str:
    """The page that a clinical safety officer reads."""
    controls = [control for hazard in hazards for control in hazard["controls"]]
    tied = sum(bool(tests_of(control)) for control in controls)
    lines = [
        "# Hazard log",
        "",
        "Made from `hazards.yaml` by `python tools/hazards.py`; `make check` fails when the two differ or when a test",
        "named here does not exist. The form follows DCB0129. It has not been reviewed by a clinical safety officer.",
        "",
        f"{len(hazards)} hazards, {len(controls)} controls: {tied} held by a test, {len(controls) - tied} open.",
        "",
    ]
    for hazard in hazards:
        lines += _section(hazard)
    return "\n".join(lines).rstrip() + "\n"


def _section(hazard: dict[str, Any]) -> list[str]:
    """One hazard."""
    lines = [f"## {hazard['id']} {hazard['hazard']}", ""]
    lines += [f"- **Cause** {hazard['cause']}", f"- **Effect** {hazard['effect']}"]
    lines += [f"- **Severity** {hazard['severity']}; **likelihood before controls** {hazard['likelihood']}"]
    lines += [f"- **Residual** {hazard['residual']}", "", "| control | held by |", "|---|---|"]
    for control in hazard["controls"]:
        held = ", ".join(f"`{test}`" for test in tests_of(control)) or f"**open**: {control['open']}"
        lines.append(f"| {control['control']} | {held} |")
    return [*lines, ""]


def main() -> int:
    """Write the page; 1 where a control's test does not exist."""
    hazards = read()
    found = faults(hazards)
    for fault in found:
        print(fault, file=sys.stderr)
    LOG.write_text(rendered(hazards), encoding="utf-8")
    print(f"{LOG.relative_to(ROOT)}: {len(hazards)} hazards")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
