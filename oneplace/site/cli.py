"""The command line: noun verb. Data goes to stdout, talk to stderr. Exit: 0 ok, 1 failed, 2 usage, 3 findings.

Nothing heavy is imported until a command runs, so that `oneplace --help` answers in well under half a second.
"""

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from oneplace.access.commands import operator
from oneplace.site.commands import access, audit, config, example, feeds, place, record, user
from oneplace.site.commands.talk import FAILED, FINDINGS, USAGE, Json, say, start_up, stop, told

app = typer.Typer(
    help="oneplace runs a local health and care system: one record, lawfully, for everyone who cares for a person.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
for group in (feeds, place, example, record, access, audit, user, config):
    app.add_typer(group.app, name=group.__name__.rpartition(".")[2])


def main() -> None:
    """Run the command line; an expected failure is a sentence, not a traceback."""
    try:
        app()
    except BrokenPipeError:
        sys.exit(0)
    except Exception as error:
        if os.environ.get("ONEPLACE_TRACE"):
            raise
        from oneplace.site.mishaps import words_of

        stop(words_of(error))


@app.command()
@operator
def demo(
    people: Annotated[int, typer.Option(help="How many made-up people, story people included.", min=13)] = 5000,
    port: Annotated[int, typer.Option(help="Where to listen, on this machine only.")] = 8000,
    home: Annotated[Path, typer.Option(help="Folder of the demo's data.")] = Path("demo-data"),
    fresh: Annotated[bool, typer.Option("--fresh", help="Throw the demo's data away and begin anew.")] = False,
    seed: Annotated[int, typer.Option(help="Another number makes other people.")] = 1,
    place: Annotated[str, typer.Option(help="Place folder, or a shipped place's name; without it example.")] = "",
    once: Annotated[bool, typer.Option("--once", help="Load everyone, then stop: for checks.")] = False,
) -> None:
    """Run the example place on this machine: story people first, the rest while you look."""
    from oneplace.site import demo as running

    running.run(people=people, port=port, home=home, fresh=fresh, seed=seed, once=once, place=place)


@app.command()
@operator
def serve(
    host: Annotated[str, typer.Option(help="Address to listen at.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen at.")] = 8000,
    workers: Annotated[int, typer.Option(help="Processes, of four threads each.", min=1)] = 2,
) -> None:
    """Serve the pages and the inbox of this place."""
    from oneplace.site import database
    from oneplace.site import serve as serving

    if database.demo_is_on() and host not in ("127.0.0.1", "localhost", "::1"):
        stop("The demo has one-click sign-in and listens on this machine only: use --host 127.0.0.1.", USAGE)
    start_up()
    serving.serve(host, port, workers)


@app.command()
@operator
def check(as_json: Json = False) -> None:
    """Check that this installation is sound: library, database, ledger, place, disk. Exit 1 when something failed."""
    from oneplace.site import check as checking

    lines = checking.findings()
    words = "\n".join(f"{line.state:8} {line.what}: {line.words}" for line in lines)
    told([line.plain() for line in lines], as_json, words)
    if any(line.state == "failed" for line in lines):
        sys.exit(FAILED)
    sys.exit(FINDINGS if any(line.state == "warning" for line in lines) else 0)


@app.command()
@operator
def ingest(
    paths: Annotated[list[Path], typer.Argument(help="Files and folders; folders are read to the bottom.")],
    feed: Annotated[str, typer.Option(help="ODS code that the channel vouches for; others are quarantined.")] = "",
    watch: Annotated[bool, typer.Option("--watch", help="Stay, and take in what comes into the folder.")] = False,
    as_json: Json = False,
) -> None:
    """Take in messages. What can't be read is quarantined with its reason, and this ends with exit code 3."""
    missing = [path for path in paths if not path.exists()]
    if missing:
        stop(f"There is no file or folder at {missing[0]}. Check the path; nothing was taken in.", USAGE)
    if watch and (len(paths) != 1 or not paths[0].is_dir()):
        stop("--watch takes one folder.", USAGE)
    start_up()
    from oneplace.site import loading

    if watch:
        loading.watch(paths[0], feed, say)
        return
    tally, unread = loading.load(list(files_of(paths)), feed, say)
    told(loading.plain(tally), as_json, loading.words(tally))
    if tally.quarantined or unread:
        sys.exit(FINDINGS)


def files_of(paths: list[Path]) -> Iterator[Path]:
    """The files that the paths name, hidden ones left out, in a steady order."""
    for path in paths:
        if path.is_dir():
            found = (p for p in path.rglob("*") if p.is_file())
            yield from sorted(p for p in found if not any(part.startswith(".") for part in p.relative_to(path).parts))
        else:
            yield path
