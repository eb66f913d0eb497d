"""Mutation testing of the decision: each small falsehood put into access/rules is to be noticed by the tests.

`python tools/mutants.py [--sample N] [--seed S] [--json]`. Each mutant runs in a forked child, first against the
oracle's matrix and, when that notices nothing, against the tests of the rules. Nothing on disk is changed.
"""

import argparse
import ast
import copy
import importlib.abc
import importlib.util
import io
import json
import os
import random
import sys
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tools")]
MODULES = ("decision", "consents", "agreements", "ties")
TESTS = tuple(f"tests/rules/test_access_{name}.py" for name in ("decide", "classes", "terms"))
CELLS = 3000
_COMPARED = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
}  # fmt: skip
_JOINED = {ast.BitOr: ast.BitAnd, ast.BitAnd: ast.BitOr, ast.Add: ast.Sub, ast.Sub: ast.Add}
_CALLED = {"any": "all", "all": "any", "min": "max", "max": "min"}


@dataclass(frozen=True)
class Mutant:
    """One falsehood: in which module and line, what it says, and the module's source with it."""

    module: str
    line: int
    words: str
    source: str


def mutants() -> Iterator[Mutant]:
    """Every mutant of every module of the decision."""
    for name in MODULES:
        tree = ast.parse((ROOT / "oneplace/access/rules" / f"{name}.py").read_text(encoding="utf-8"))
        spots = [number for number, node in enumerate(_nodes(tree)) for _ in _changes(node)]
        for spot in dict.fromkeys(spots):
            for turn in range(spots.count(spot)):
                changed = copy.deepcopy(tree)
                node = _nodes(changed)[spot]
                words = list(_changes(node))[turn](node)
                yield Mutant(name, node.lineno, words, ast.unparse(ast.fix_missing_locations(changed)))


def _nodes(tree: ast.AST) -> list[Any]:
    """Nodes that run: no annotations, no documentation, no imports."""
    found: list[Any] = []

    def walk(node: ast.AST) -> None:
        found.append(node)
        for name, value in ast.iter_fields(node):
            if name in ("annotation", "returns", "decorator_list", "bases"):
                continue
            for child in value if isinstance(value, list) else [value]:
                words = isinstance(child, ast.Expr) and isinstance(child.value, ast.Constant)
                if isinstance(child, ast.AST) and not words and not isinstance(child, ast.Import | ast.ImportFrom):
                    walk(child)

    walk(tree)
    return found


def _changes(node: Any) -> Iterator[Any]:
    """What may be falsified in one node, each as a function that does it and says what it did."""
    if isinstance(node, ast.Compare) and type(node.ops[0]) in _COMPARED:
        yield _set(node, lambda: node.ops.__setitem__(0, _COMPARED[type(node.ops[0])]()), "comparison turned")
    if isinstance(node, ast.BoolOp):
        yield _set(node, lambda: setattr(node, "op", ast.Or() if isinstance(node.op, ast.And) else ast.And()), "and/or")
    if isinstance(node, ast.BinOp) and type(node.op) in _JOINED:
        yield _set(node, lambda: setattr(node, "op", _JOINED[type(node.op)]()), "operator turned")
    if isinstance(node, ast.If | ast.IfExp | ast.comprehension):
        yield from _conditions(node)
    if isinstance(node, ast.Constant) and isinstance(node.value, bool):
        yield _set(node, lambda: setattr(node, "value", not node.value), "true/false")
    elif isinstance(node, ast.Constant) and isinstance(node.value, int):
        yield _set(node, lambda: setattr(node, "value", node.value + 1), "number moved")
    elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value:
        yield _set(node, lambda: setattr(node, "value", "~" + node.value), "words changed")
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _CALLED:
        yield _set(node, lambda: setattr(node.func, "id", _CALLED[node.func.id]), "any/all, min/max")
    if isinstance(node, ast.Continue):
        yield _set(node, lambda: setattr(node, "__class__", ast.Break), "continue became break")


def _conditions(node: Any) -> Iterator[Any]:
    if isinstance(node, ast.comprehension):
        if node.ifs:
            yield _set(node, lambda: setattr(node, "ifs", []), "condition left out", node.ifs[0].lineno)
        return
    yield _set(node, lambda: setattr(node, "test", ast.UnaryOp(ast.Not(), node.test)), "condition denied")


def _set(node: Any, change: Any, words: str, line: int = 0) -> Any:
    node.lineno = line or node.lineno

    def done(_: Any) -> str:
        # The closure is of the node that _changes was asked about, which is the one to be changed.
        change()
        return words

    return done


class _Planted(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Imports one module from a mutant's source."""

    def __init__(self, mutant: Mutant) -> None:
        self.name, self.source = f"oneplace.access.rules.{mutant.module}", mutant.source

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        """This finder, for the mutant's module alone."""
        return importlib.util.spec_from_loader(name, self) if name == self.name else None

    def exec_module(self, module: Any) -> None:
        """Run the mutant's source."""
        exec(compile(self.source, self.name, "exec"), module.__dict__)


def _survives(mutant: Mutant, cells: list[Any]) -> bool:
    """True when neither the matrix nor the tests notice; asked in a child that ends with the answer."""
    child = os.fork()
    if child == 0:
        with open(os.devnull, "w") as nowhere, redirect_stdout(nowhere), redirect_stderr(nowhere):
            os._exit(0 if _noticed(mutant, cells) else 1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 1


def _noticed(mutant: Mutant, cells: list[Any]) -> bool:
    sys.meta_path.insert(0, _Planted(mutant))
    try:
        from oracles import world

        if any(world.decided(cell) != expected for cell, expected in cells):
            return True
    except Exception:
        return True
    import pytest

    sys.stdout = sys.stderr = io.StringIO()
    options = ["-q", "-x", "-n0", "-p", "no:randomly", "-p", "no:cacheprovider", "--no-header", "--rootdir", str(ROOT)]
    return pytest.main([*options, *(str(ROOT / test) for test in TESTS)]) != 0


def main() -> int:
    """1 when fewer than nine in ten were noticed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sample", type=int, default=0, help="so many mutants instead of all")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    from oracles import access, world

    cells = [(cell, access.answer(cell)[0]) for cell in world.situations(CELLS, options.seed)]
    chosen = list(mutants())
    if options.sample:
        chosen = random.Random(options.seed).sample(chosen, min(options.sample, len(chosen)))
    left = [mutant for mutant in chosen if _survives(mutant, cells)]
    killed = len(chosen) - len(left)
    if options.json:
        named = [f"{one.module}.py:{one.line}: {one.words}" for one in left]
        print(json.dumps({"mutants": len(chosen), "killed": killed, "left": named}))
    else:
        for one in left:
            print(f"{one.module}.py:{one.line}: {one.words}")
        print(f"{killed} of {len(chosen)} mutants noticed ({killed / len(chosen):.1%})")
    return int(killed < 0.9 * len(chosen))


if __name__ == "__main__":
    sys.exit(main())
