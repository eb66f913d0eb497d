"""`oneplace audit`. The ledger."""

import sys
from dataclasses import asdict
from typing import Annotated

import typer

from oneplace.access.commands import operator
from oneplace.site.commands.talk import FAILED, Json, group, start_up, told

app = group("The ledger.")


@app.command("verify")
@operator
def audit_verify(as_json: Json = False) -> None:
    """Walk the whole ledger; exit 1 when a row was changed, removed, put in or moved."""
    start_up()
    from oneplace.ledger import queries

    verdict = queries.verify()
    faults = "\n".join(f"row {fault.seq}: {fault.text}" for fault in verdict.faults)
    told(asdict(verdict), as_json, f"{verdict.rows:,} rows. " + ("The chain is whole." if verdict.ok else faults))
    sys.exit(0 if verdict.ok else FAILED)


@app.command("show")
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
