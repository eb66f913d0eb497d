"""`oneplace example`. Made-up people of a place."""

from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from oneplace.access.commands import anyone
from oneplace.site.commands.talk import FINDINGS, group, say, stop

app = group("Made-up people of the example place, or of one of your own.")


@app.command("write")
@anyone
def example_write(
    folder: Annotated[Path, typer.Argument(help="Folder to write messages into.")],
    people: Annotated[int, typer.Option(help="How many people.", min=13)] = 500,
    seed: Annotated[int, typer.Option(help="Another number makes other people.")] = 1,
    truth: Annotated[Path | None, typer.Option(help="CSV file for who is who, to score links and readers by.")] = None,
    consents: Annotated[Path | None, typer.Option(help="CSV file for what people chose about sharing.")] = None,
    place: Annotated[str, typer.Option(help="Place folder, or the name of a place that is shipped.")] = "example",
    full: Annotated[bool, typer.Option(help="GP records as large as real ones, not compact.")] = False,
) -> None:
    """Write the messages of made-up people as files, as their feeds would send them."""
    from oneplace import example
    from oneplace.kernel import clock
    from oneplace.place import folder as folders
    from oneplace.site.bar import bar

    written = 0
    try:
        here = folders.read(folders.find(place))
    except folders.FolderFault as fault:
        stop("\n".join(str(one) for one in fault.faults), FINDINGS)
        return
    with ExitStack() as stack:
        told = stack.enter_context(example.TruthFile(truth)) if truth else None
        register = stack.enter_context(example.ConsentFile(consents)) if consents else None
        choices = example.Choices(here, seed, clock.today())
        advance = stack.enter_context(bar("Writing made-up people", people))
        for message in example.generate(here, people, seed=seed, full=full):
            (folder / message.name).parent.mkdir(parents=True, exist_ok=True)
            (folder / message.name).write_bytes(message.raw)
            if told:
                told.add(message)
            for choice in choices.of(message) if register else ():
                register.add(choice)
            written += 1
            advance(message.people)
    say(f"{written:,} messages of {people:,} made-up people are in {folder}.")
    if truth:
        messages = truth.with_suffix(f".messages{truth.suffix}")
        say(f"Who is who stands in {truth}; which messages can be read in {messages}.")
    if consents:
        say(f"What they chose about sharing stands in {consents}: oneplace record load-consents {consents}")
