"""Promise: the durable ledger write is reported beside one bare durable commit, in the same run and on the same disk.

A bare commit is one small row into a table of its own, in a transaction of its own, as durable as the database is
set up (SQLite: WAL with FULL; or ONEPLACE_DATABASE_URL). The two take turns, so that a slow moment of the disk meets
both. A list of 25 people, as a search writes it, and a row inside an open transaction are told beside it.
"""

import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable

TURNS = int(os.environ.get("TURNS", "600"))


def set_up() -> None:
    """A place of its own with the tables, and one table for the bare commit."""
    home = os.environ.get("BENCH_HOME") or tempfile.mkdtemp(prefix="oneplace-bench-")
    os.environ |= {"ONEPLACE_HOME": home, "DJANGO_SETTINGS_MODULE": "oneplace.site.settings"}
    import django

    import oneplace.site  # noqa: F401 - takes the SQLite that is bundled

    django.setup()
    from django.core.management import call_command
    from django.db import connection

    call_command("migrate", verbosity=0)
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS bench_bare")
        cursor.execute("CREATE TABLE bench_bare (n bigint PRIMARY KEY, words text)")


def ledger_row(number: int, **detail: object) -> None:
    """One row, as a look at a record writes it."""
    from oneplace.ledger import actions

    actions.write(
        actor="A" * 22,
        role="gp",
        organisation="G99001",
        action="open record",
        subject=f"{number % 997:022}",
        purpose="direct care",
        basis="registration with G99001 since 2019-04-01",
        detail={"view": "gp", **detail},
    )


def ways() -> dict[str, Callable[[int], None]]:
    """What is timed, each in a transaction of its own."""
    from django.db import connection, transaction

    people = [f"{number:022}" for number in range(25)]

    @transaction.atomic
    def bare(number: int) -> None:
        with connection.cursor() as cursor:
            cursor.execute("INSERT INTO bench_bare (n, words) VALUES (%s, %s)", [number, "x" * 200])

    @transaction.atomic
    def row(number: int) -> None:
        ledger_row(number)

    @transaction.atomic
    def listing(number: int) -> None:
        ledger_row(number, shown=people)

    return {"bare": bare, "row": row, "list": listing}


def inside(count: int = 2000) -> float:
    """Milliseconds of one row inside an open transaction."""
    from django.db import transaction

    with transaction.atomic():
        started = time.perf_counter()
        for number in range(count):
            ledger_row(number)
        return (time.perf_counter() - started) * 1000 / count


def main() -> None:
    """Take turns, then say."""
    set_up()
    timed: dict[str, list[float]] = {}
    for number in range(TURNS + 20):
        for name, way in ways().items():
            started = time.perf_counter()
            way(number)
            if number >= 20:  # the first ones warm up
                timed.setdefault(name, []).append((time.perf_counter() - started) * 1000)
    from oneplace.ledger import queries

    started = time.perf_counter()
    rows = queries.verify().rows
    rate = rows / (time.perf_counter() - started)
    report({name: sorted(times) for name, times in timed.items()}, inside(), rate)


def report(timed: dict[str, list[float]], inner: float, rate: float) -> None:
    """The figures, and the last line of JSON."""
    middle = {name: statistics.median(times) for name, times in timed.items()}
    words = {
        "bare": "bare durable commit (floor)",
        "row": "ledger row, durable",
        "list": "a list of 25 people, durable",
    }
    for name, text in words.items():
        p95 = statistics.quantiles(timed[name], n=20)[-1]
        print(f"{text:32} median {middle[name]:7.3f} ms  p95 {p95:7.3f} ms  {middle[name] / middle['bare']:5.2f} x")
    print(f"{'row inside an open transaction':32} mean   {inner:7.3f} ms")
    print(f"walk of the chain                {rate:10,.0f} rows/s")
    figures = {f"{name}_ms": round(value, 3) for name, value in middle.items()}
    figures |= {"inside_ms": round(inner, 3), "walk_rows_per_s": round(rate)}
    ratio = round(middle["row"] / middle["bare"], 2)
    print(json.dumps({"name": "ledger", "ratio": ratio, "against": "bare durable commit", "figures": figures}))


if __name__ == "__main__":
    main()
