"""The house as the contracts see it: its rooms in order, its files, its parsed modules."""

import ast
import subprocess
import sys
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "oneplace"
# The tools stand beside the tests, in no package.
sys.path.insert(0, str(ROOT / "tools"))
# Top to bottom; a room may name tables of rooms that stand below it (house.md, section 1).
LINE = [
    {"site"},
    {"gateway", "example"},
    {"portal", "governance"},
    {"planning"},
    {"population"},
    {"frontdoor"},
    {"careplan"},
    {"record"},
    {"directory"},
    {"access"},
    {"place"},
    {"post"},
    {"ledger"},
    {"formats", "solve"},
    {"kernel"},
]


def rooms() -> list[str]:
    """Rooms that stand."""
    return sorted(folder.name for folder in PACKAGE.iterdir() if (folder / "__init__.py").exists())


def height(room: str) -> int:
    """How high a room stands; the kernel at 0."""
    return next(len(LINE) - 1 - place for place, names in enumerate(LINE) if room in names)


def modules() -> list[Path]:
    """Every module of the package that a person wrote."""
    return sorted(path for path in PACKAGE.rglob("*.py") if "migrations" not in path.parts)


@cache
def tree(path: Path) -> ast.Module:
    """A module, parsed once."""
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def room_of(path: Path) -> str:
    """The room that a module stands in; '' for the package's own files."""
    parts = path.relative_to(PACKAGE).parts
    return parts[0] if len(parts) > 1 else ""


def committed() -> list[Path]:
    """Files that git keeps or would keep; nothing that it ignores."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    names = [name for name in listed.stdout.decode().split("\0") if name]
    return sorted(ROOT / name for name in names if (ROOT / name).is_file())


def said(path: Path, line: int = 0) -> str:
    """A place in the house, as an editor opens it."""
    return f"{path.relative_to(ROOT)}:{line}" if line else str(path.relative_to(ROOT))
