"""How every command talks: data to stdout, words to stderr, the exit codes, the options that many share."""

import json
import sys
from typing import Annotated, Any

import typer

FAILED, USAGE, FINDINGS = 1, 2, 3

Json = Annotated[bool, typer.Option("--json", help="One line of JSON on stdout instead of words.")]
User = Annotated[str, typer.Option("--as", help="User name of the member of staff on whose behalf this is done.")]


def group(words: str) -> typer.Typer:
    """An empty group of commands; `words` is its line of help."""
    return typer.Typer(no_args_is_help=True, help=words)


def say(words: str) -> None:
    """Talk, on stderr."""
    typer.echo(words, err=True)


def stop(words: str, code: int = FAILED) -> None:
    """Say what happened and end with an exit code."""
    say(words)
    sys.exit(code)


def told(value: Any, as_json: bool, words: str) -> None:
    """Data, on stdout: one line of JSON, or words."""
    typer.echo(json.dumps(value, default=str) if as_json else words)


def start_up(migrate: bool = True) -> None:
    """Load Django and bring the database up to date."""
    from oneplace.site import database

    database.start_up(migrate, say)
