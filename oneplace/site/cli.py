"""The command line: noun verb. Data goes to stdout, talk to stderr. Exit: 0 ok, 1 failed, 2 usage, 3 findings.

Nothing heavy is imported until a command runs, so that `oneplace --help` answers in well under half a second.
"""

import json
import os
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from oneplace.access.commands import OPERATOR, anyone, operator

FAILED, USAGE, FINDINGS = 1, 2, 3

app = typer.Typer(
    help="oneplace runs a local health and care system: one record, lawfully, for everyone who cares for a person.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
feeds_app, place_app, example_app, record_app, audit_app, config_app = (
    typer.Typer(no_args_is_help=True, help=words)
    for words in (
        "What comes in: feeds, their keys, their quarantine.",
        "The place: organisations, areas, hours.",
        "Made-up people of the example place.",
        "A person's record, through the one door.",
        "The ledger.",
        "Settings and where each came from.",
    )
)
for name, group in (
    ("feeds", feeds_app),
    ("place", place_app),
    ("example", example_app),
    ("record", record_app),
    ("audit", audit_app),
    ("config", config_app),
):
    app.add_typer(group, name=name)

Json = Annotated[bool, typer.Option("--json", help="One line of JSON on stdout instead of words.")]
User = Annotated[str, typer.Option("--as", help="User name of the member of staff on whose behalf this is done.")]


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


@app.command()
@operator
def demo(
    people: Annotated[int, typer.Option(help="How many made-up people, story people included.", min=13)] = 5000,
    port: Annotated[int, typer.Option(help="Where to listen, on this machine only.")] = 8000,
    home: Annotated[Path, typer.Option(help="Folder of the demo's data.")] = Path("demo-data"),
    fresh: Annotated[bool, typer.Option("--fresh", help="Throw the demo's data away and begin anew.")] = False,
    seed: Annotated[int, typer.Option(help="Another number makes other people.")] = 1,
    once: Annotated[bool, typer.Option("--once", help="Load everyone, then stop: for checks.")] = False,
) -> None:
    """Run the example place on this machine: story people first, the rest while you look."""
    from oneplace.site import demo as running

    running.run(people=people, port=port, home=home, fresh=fresh, seed=seed, once=once)


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
    tally = loading.load(list(files_of(paths)), feed)
    told(loading.plain(tally), as_json, loading.words(tally))
    if tally.quarantined:
        say(f"{tally.quarantined:,} could not be read. See them: oneplace feeds quarantine")
        sys.exit(FINDINGS)


def files_of(paths: list[Path]) -> Iterator[Path]:
    """The files that the paths name, hidden ones left out, in a steady order."""
    for path in paths:
        if path.is_dir():
            found = (p for p in path.rglob("*") if p.is_file())
            yield from sorted(p for p in found if not any(part.startswith(".") for part in p.relative_to(path).parts))
        else:
            yield path


@feeds_app.command("list")
@operator
def feeds_list(as_json: Json = False) -> None:
    """One line a feed: received = filed + quarantined + duplicate."""
    start_up()
    from oneplace.gateway import queries

    lines = queries.feed_lines()
    words = "\n".join(
        f"{one.organisation_code:8} {one.format:16} {one.received:>8,} = {one.filed:>8,} + {one.quarantined:>6,} + "
        f"{one.duplicate:>6,}  last {one.last_received_at or 'never'}"
        for one in lines
    )
    told([asdict(one) for one in lines], as_json, words or "No feed has been declared or heard of yet.")


@feeds_app.command("key")
@operator
def feeds_key(
    code: Annotated[str, typer.Argument(help="ODS code of the organisation that will send.")],
    label: Annotated[str, typer.Option(help="A word to know the key by.")] = "",
) -> None:
    """Make a key with which an organisation's machine may post to /inbox/. It is shown once."""
    start_up()
    from oneplace.access import actions
    from oneplace.place import queries

    if queries.organisation(code) is None:
        stop(f"No organisation of this place has the ODS code '{code}'. See them: oneplace feeds list", USAGE)
    typer.echo(actions.create_key(feed_code=code, by=OPERATOR, label=label))
    say(f"Send it with each message as 'Authorization: Bearer KEY'. It is not kept here and files for {code} only.")


@feeds_app.command("quarantine")
@operator
def feeds_quarantine(
    limit: Annotated[int, typer.Option(help="How many, newest first.")] = 50, as_json: Json = False
) -> None:
    """Messages that could not be read, and why."""
    start_up()
    from oneplace.gateway import queries

    lines = queries.quarantined(limit)
    words = "\n".join(f"{line.key}  {line.format:16} {line.path or '-':24} {line.reason}" for line in lines)
    told([asdict(line) for line in lines], as_json, words or "Nothing waits in quarantine.")


@feeds_app.command("replay")
@operator
def feeds_replay(
    code: Annotated[str, typer.Option(help="Only messages with this reason code.")] = "", as_json: Json = False
) -> None:
    """Read quarantined messages again, after the cure."""
    start_up()
    from oneplace.gateway.replay import replay
    from oneplace.site import loading

    tally = replay(by=OPERATOR, code=code or None)
    told(loading.plain(tally), as_json, loading.words(tally))
    sys.exit(FINDINGS if tally.quarantined else 0)


@place_app.command("show")
@operator
def place_show(as_json: Json = False) -> None:
    """The place that is loaded."""
    start_up()
    from oneplace.place import queries

    here = queries.place()
    if here is None:
        stop("No place is loaded. Load one: oneplace place load FOLDER")
        return
    words = f"{here.name}: {here.practices} practices, {here.registered:,} registered people, {here.clusters} clusters"
    told(asdict(here), as_json, words)


@place_app.command("check")
@anyone
def place_check(folder: Annotated[Path, typer.Argument(help="Folder with place.toml and its tables.")]) -> None:
    """Read a place folder and name every fault, with file, line and cure. Changes nothing."""
    from oneplace.place import folder as folders

    try:
        folders.read(folder)
    except folders.FolderFault as fault:
        for one in fault.faults:
            typer.echo(str(one))
        stop(f"Faults: {len(fault.faults)}.", FINDINGS)
    say("The folder can be loaded.")


@place_app.command("load")
@operator
def place_load(folder: Annotated[Path, typer.Argument(help="Folder with place.toml and its tables.")]) -> None:
    """Load a place folder: organisations, areas, agreements, feeds. Again changes only what changed."""
    start_up()
    from oneplace.place.folder import FolderFault
    from oneplace.site import loading

    try:
        typer.echo(loading.load_place(folder, by=OPERATOR))
    except FolderFault as fault:
        stop("\n".join(str(one) for one in fault.faults) + "\nNothing was loaded.", FINDINGS)


@example_app.command("write")
@anyone
def example_write(
    folder: Annotated[Path, typer.Argument(help="Folder to write messages into.")],
    people: Annotated[int, typer.Option(help="How many people.", min=13)] = 500,
    seed: Annotated[int, typer.Option(help="Another number makes other people.")] = 1,
) -> None:
    """Write the messages of made-up people as files, as their feeds would send them."""
    from oneplace import example
    from oneplace.place import folder as folders
    from oneplace.site.bar import bar

    written = 0
    with bar("Writing made-up people", people) as advance:
        for message in example.generate(folders.read(folders.EXAMPLE), people, seed=seed):
            (folder / message.name).parent.mkdir(parents=True, exist_ok=True)
            (folder / message.name).write_bytes(message.raw)
            written += 1
            advance(message.people)
    say(f"{written:,} messages of {people:,} made-up people are in {folder}.")


@record_app.command("find")
@operator
def record_find(
    text: Annotated[str, typer.Argument(help="NHS number, or name and date of birth.")],
    user: User,
    as_json: Json = False,
) -> None:
    """Find people on behalf of a member of staff: what they may see, and in the ledger as theirs."""
    start_up()
    from oneplace.record import door
    from oneplace.site import loading

    found = door.search(loading.actor(user), text)
    words = "\n".join(
        f"{hit.person_id}  {hit.family.upper()}, {hit.given}  born {hit.birth_date}  ({hit.why})" for hit in found.hits
    )
    if found.hits or as_json:
        told([asdict(hit) for hit in found.hits], as_json, words)
    if not found.hits:
        stop("Nobody found who is registered with, or open to, that user's organisation.", FINDINGS)


@record_app.command("show")
@operator
def record_show(
    person: Annotated[str, typer.Argument(help="The person's key, as 'record find' prints it.")],
    user: User,
    as_json: Json = False,
) -> None:
    """A person's record on behalf of a member of staff: what they may see, and in the ledger as theirs."""
    start_up()
    from oneplace.kernel.ids import PersonId
    from oneplace.record import door
    from oneplace.record.shapes import Refused
    from oneplace.site import loading

    opened = door.open(loading.actor(user), PersonId(person))
    if isinstance(opened, Refused):
        stop("There is no such person for that user.")
        return
    told(asdict(opened), as_json, loading.record_words(opened))


@audit_app.command("verify")
@operator
def audit_verify(as_json: Json = False) -> None:
    """Walk the whole ledger; exit 1 when a row was changed, removed, put in or moved."""
    start_up()
    from oneplace.ledger import queries

    verdict = queries.verify()
    faults = "\n".join(f"row {fault.seq}: {fault.text}" for fault in verdict.faults)
    told(asdict(verdict), as_json, f"{verdict.rows:,} rows. " + ("The chain is whole." if verdict.ok else faults))
    sys.exit(0 if verdict.ok else FAILED)


@audit_app.command("show")
@operator
def audit_show(
    limit: Annotated[int, typer.Option(help="How many rows, newest first.")] = 20, as_json: Json = False
) -> None:
    """The newest rows of the ledger."""
    start_up()
    from oneplace.ledger import queries

    rows = queries.latest(limit)
    words = "\n".join(f"{row.seq:>8}  {row.at_real:%Y-%m-%d %H:%M:%S}  {row.actor}  {row.action}" for row in rows)
    told([asdict(row) for row in rows], as_json, words or "Nothing has been done yet.")


@config_app.command("show")
@anyone
def config_show(as_json: Json = False) -> None:
    """Each setting, its value and where it came from. Secrets are masked."""
    from oneplace.site.config import origins

    rows = origins()
    words = "\n".join(f"{name:14} {value!s:40} {origin:12} {about}" for name, value, origin, about in rows)
    told([dict(zip(("name", "value", "origin", "about"), row, strict=True)) for row in rows], as_json, words)
