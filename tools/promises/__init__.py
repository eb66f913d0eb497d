"""Promises with figures: one module each, found by name. `make assurance` runs them whole; CI runs a seeded tenth.

A module holds `PROMISE = Promise(id, words, cases, run)`. `run(cases, seed)` does the work on the database that
Django is set to, or in folders of its own, and returns an Outcome; a test may call it with few cases.
"""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pkgutil import iter_modules


@dataclass(frozen=True)
class Outcome:
    """What a run found: how many cases, how many failed, the figure in words, and the first failures."""

    cases: int
    failures: int
    figure: str
    examples: tuple[str, ...] = ()


@dataclass(frozen=True)
class Promise:
    """One promise: its id, its words, the number of cases at release, and the run. `fixed` means all cases always."""

    id: str
    promise: str
    cases: int
    run: Callable[[int, int], Outcome]
    fixed: bool = False


# Promises that the house has made and no module keeps yet; a module with the id takes its line over.
STILL_OPEN = {
    "poison-isolated": "Poison is isolated: all bad rows quarantined with a reason, all replayable, no worker death",
    "redelivery-and-disorder": "Redelivery and disorder are harmless: the same record in any order, however often told",
    "acknowledged-once": "Acknowledged once, survives a kill: nothing lost, nothing doubled after kill -9",
    "acknowledged-once-postgresql": "The same on PostgreSQL, when its postmaster is killed",
    "power-cut": "Survives a power cut: replay of unsynced writes",
    "silent-feed-is-loud": "A silent feed is loud: stop, halving and freezing raise an alarm",
    "restore-works": "Restore works: back up under writes, restore, no difference",
    "only-the-entitled-see": "Only the entitled see: the whole matrix against an independent oracle",
    "nothing-inferred": "Nothing is inferred: two databases that differ in one hidden person answer the same bytes",
    "withdrawal-bites": "Withdrawal bites: no read a second later",
    "parsers-robust": "Parsers are robust: coverage-guided fuzzing without an uncaught exception",
    "everyone-can-use-it": "Everyone can use it: no WCAG 2.2 AA violation on any page, role and width",
    "tests-have-teeth": "Tests have teeth: nine in ten mutants of consent, clocks and linkage are killed",
}


def promises() -> list[Promise]:
    """Every promise that a module of this folder keeps, by id."""
    found = [import_module(f"{__name__}.{module.name}").PROMISE for module in iter_modules(__path__)]
    return sorted(found, key=lambda promise: promise.id)


def still_open() -> dict[str, str]:
    """Promises that nothing keeps yet."""
    kept = {promise.id for promise in promises()}
    return {name: words for name, words in STILL_OPEN.items() if name not in kept}
