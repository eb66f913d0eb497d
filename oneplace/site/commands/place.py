"""`oneplace place`. The place: organisations, areas, hours."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from oneplace.access.commands import OPERATOR, anyone, operator
from oneplace.site.commands.talk import FINDINGS, Json, group, say, start_up, stop, told

app = group("The place: organisations, areas, hours.")


@app.command("show")
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


@app.command("check")
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


@app.command("load")
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
