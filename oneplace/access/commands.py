"""What each command of the command line declares: who may run it. Light, so that `--help` stays quick.

Whoever can read the home folder of a place holds its database. A command therefore asks nothing: it says whether
it touches data of people or of the system, and what it does to them is in the ledger under the actor `operator`.
"""

from collections.abc import Callable
from typing import Any, TypeVar

Command = TypeVar("Command", bound=Callable[..., Any])

OPERATOR = "operator"
"""The ledger's name for whoever runs a command on the machine itself."""


def operator(command: Command) -> Command:
    """The command reads or changes this place's data: for the operator of the machine, in the ledger as such."""
    command.cli_policy = "operator"  # type: ignore[attr-defined]
    return command


def anyone(command: Command) -> Command:
    """The command touches no data of this place: help, settings, made-up people."""
    command.cli_policy = "anyone"  # type: ignore[attr-defined]
    return command
