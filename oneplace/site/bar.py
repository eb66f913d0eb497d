"""One progress bar for all commands: on stderr, gone when it is done, silent where there is no terminal."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn


class Advance(Protocol):
    """Called with each step, and with the whole where that is known only later."""

    def __call__(self, step: float, total: float | None = None) -> None: ...


@contextmanager
def bar(what: str, total: int | None = None) -> Iterator[Advance]:
    """Show how far something is; yields what to call with each step."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as shown:
        task = shown.add_task(what, total=total)
        yield lambda step, total=None: shown.update(task, advance=step, total=total)
