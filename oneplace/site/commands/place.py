"""`oneplace place`. The place: organisations, areas, hours."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from oneplace.access.commands import OPERATOR, anyone, operator
from oneplace.site.commands.talk import FINDINGS, Json, group, say, start_up, stop, told

_SHOWN = 50  # rows left out that are named on the screen

Folder = Annotated[str, typer.Argument(help="Place folder, or the name of a place that is shipped.")]

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
    clusters = f"{here.clusters} {queries.names().words['clusters']}"
    words = f"{here.name}: {here.practices} practices, {here.registered:,} registered people, {clusters}"
    told(asdict(here), as_json, words)


@app.command("check")
@anyone
def place_check(folder: Folder) -> None:
    """Read a place folder and name every fault, with file, line and cure. Changes nothing."""
    start_up(migrate=False)
    from oneplace.place import folder as folders
    from oneplace.site import loading

    try:
        loading.read_place(folders.find(folder))
    except folders.FolderFault as fault:
        for one in fault.faults:
            typer.echo(str(one))
        stop(f"Faults: {len(fault.faults)}.", FINDINGS)
    say("The folder can be loaded.")


@app.command("load")
@operator
def place_load(folder: Folder) -> None:
    """Load a place folder: organisations, areas, agreements, feeds. Again changes only what changed."""
    start_up()
    from oneplace.place import folder as folders
    from oneplace.site import loading

    try:
        typer.echo(loading.load_place(folders.find(folder), by=OPERATOR))
    except folders.FolderFault as fault:
        stop("\n".join(str(one) for one in fault.faults) + "\nNothing was loaded.", FINDINGS)


@app.command("build")
@anyone
def place_build(
    source: Annotated[Path, typer.Argument(help="Folder with official public files, as they are published.")],
    out: Annotated[Path, typer.Option(help="Place folder to make.")],
    area: Annotated[str, typer.Option(help="Code of the ICB, sub-ICB or CCG, where the files cover several.")] = "",
    practices: Annotated[Path | None, typer.Option(help="File with the codes of the practices, one a line.")] = None,
    trust: Annotated[list[str] | None, typer.Option(help="Code of a trust of the place; may stand many times.")] = None,
    name: Annotated[str, typer.Option(help="What the place is called.")] = "",
    practice_names: Annotated[bool, typer.Option("--practice-names", help="Real names and codes, not masked.")] = False,
    key: Annotated[Path | None, typer.Option(help="File that says which masked practice is which; keep it.")] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Put it in the place of an older one.")] = False,
    as_json: Json = False,
) -> None:
    """Make a place folder from public files: ODS, registered people, ages, registers, deprivation, boundaries."""
    from oneplace.place import build as building
    from oneplace.site.bar import bar

    only = frozenset(practices.read_text("utf-8-sig").split()) if practices else frozenset()
    wish = building.Wish(area, only, name, practice_names, replace, key, frozenset(trust or ()))
    size = sum(path.stat().st_size for path in source.rglob("*") if path.is_file())
    try:
        with bar("Reading public files", size) as advance:
            built = building.build(source, out, wish, advance)
    except building.CannotBuild as why:
        stop(str(why))
        return
    lines = [f"{file}: {what}" for file, what in built.used.items()]
    lines += [f"{what}: {count:,}" for what, count in built.counts.items()]
    lines += [f"lost: {what}" for what in built.lost] + [str(fault) for fault in built.faults[:_SHOWN]]
    if len(built.faults) > _SHOWN:
        lines.append(f"and {len(built.faults) - _SHOWN:,} more rows, all in --json")
    told(asdict(built), as_json, "\n".join([*lines, f"The place is in {out}."]))
    if built.lost or built.faults:
        stop(f"Findings: {len(built.lost) + len(built.faults)}.", FINDINGS)
