"""`oneplace example`. Made-up people of the example place."""

from pathlib import Path
from typing import Annotated

import typer

from oneplace.access.commands import anyone
from oneplace.site.commands.talk import group, say

app = group("Made-up people of the example place.")


@app.command("write")
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
