"""The ledger is tamper-evident: random edits, removals, swaps, cuts and rewrites by the database's owner are all found.

A head was noted outside before, as `oneplace audit anchor` does: only that shows a cut or a rewrite whose author has
mended the chain and the head as well.
"""

import random
import string
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from django.db import connection, transaction

from promises import Outcome, Promise

ROWS = 60
TEXT = ("actor", "role", "organisation", "action", "subject", "purpose", "basis", "detail")
SEALS, TIMES = ("previous", "hash"), ("at_real", "at_business")
Way = Callable[[random.Random, int, int], None]


def run(cases: int, seed: int) -> Outcome:
    """Write a chain, then tamper with it in one way a case, look, and put it back."""
    from oneplace.ledger import queries

    randomness = random.Random(seed)
    ways: Counter[str] = Counter()
    missed: list[str] = []
    with transaction.atomic(), tempfile.TemporaryDirectory() as folder:
        first = _write_rows()
        anchor = _anchor(Path(folder))
        if not queries.verify(first, anchor).ok:
            return Outcome(cases, cases, "the chain did not hold before anything was changed")
        for _ in range(cases):
            name, way = randomness.choice(list(WAYS.items()))
            point = transaction.savepoint()
            _sql(*_guard_off())
            way(randomness, *randomness.sample(range(first, first + ROWS), 2))
            if queries.verify(first, anchor).ok:
                missed.append(name)
            transaction.savepoint_rollback(point)
            ways[name] += 1
        transaction.set_rollback(True)
    told = ", ".join(f"{name} {count:,}" for name, count in sorted(ways.items()))
    return Outcome(cases, len(missed), f"{cases - len(missed):,} of {cases:,} found: {told}", tuple(missed[:5]))


def _write_rows() -> int:
    """Rows of several kinds behind whatever is there; returns the first one's number."""
    from oneplace.ledger import actions

    numbers = [
        actions.write(
            actor=f"u{number % 7}",
            action="search people" if number % 5 == 0 else "open record",
            subject="" if number % 5 == 0 else f"p{number % 11}",
            detail={"shown": [f"p{number % 11}", f"p{number % 3}"]} if number % 5 == 0 else {"n": number},
            basis="x",
        )
        for number in range(ROWS)
    ]
    return numbers[0]


def _anchor(folder: Path) -> Path:
    from oneplace.ledger import queries

    tip = queries.head()
    assert tip is not None
    noted = folder / "anchor"
    noted.write_text(f"{tip.seq} {tip.hash}\n")
    return noted


def _guard_off() -> list[str]:
    from oneplace.ledger import triggers

    return triggers.unguard_statements(connection.vendor)


def _sql(*statements: str) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def _edit(randomness: random.Random, one: int, two: int) -> None:
    _change(randomness, one, [*TEXT, *SEALS, *TIMES])


def _change(randomness: random.Random, one: int, fields: list[str]) -> None:
    field = randomness.choice(fields)
    word = "".join(randomness.choices(string.ascii_letters, k=8))
    value = f"20{randomness.randint(10, 24)}-01-01 00:00:00" if field.startswith("at_") else word
    _sql(f"UPDATE ledger_row SET {field} = '{value}' WHERE seq = {one}")


def _edit_and_seal(randomness: random.Random, one: int, two: int) -> None:
    """An edit whose author knows how the hash of a row is made."""
    _change(randomness, one, [*TEXT, *TIMES])
    _reseal(one, one)


def _rewrite(randomness: random.Random, one: int, two: int) -> None:
    """An edit, and every row behind it and the head sealed anew."""
    from oneplace.ledger import queries

    _sql(f"UPDATE ledger_row SET actor = 'somebody-else' WHERE seq = {one}")
    tip = queries.head()
    assert tip is not None
    _reseal(one, tip.seq)


def _reseal(first: int, last: int) -> None:
    from oneplace.ledger import rules
    from oneplace.ledger.models import Row

    for seq in range(first, last + 1):
        line = Row.objects.get(seq=seq).line()
        before = Row.objects.filter(seq=seq - 1).values_list("hash", flat=True).first() or rules.ORIGIN
        digest = rules.chain_hash(before, rules.canonical(line))
        _sql(f"UPDATE ledger_row SET previous = '{before}', hash = '{digest}' WHERE seq = {seq}")
        if first != last:
            _sql(f"UPDATE ledger_head SET hash = '{digest}'")


def _remove(randomness: random.Random, one: int, two: int) -> None:
    _sql(f"DELETE FROM ledger_row WHERE seq = {one}")


def _swap(randomness: random.Random, one: int, two: int) -> None:
    _sql(
        f"UPDATE ledger_row SET seq = -1 WHERE seq = {one}",
        f"UPDATE ledger_row SET seq = {one} WHERE seq = {two}",
        f"UPDATE ledger_row SET seq = {two} WHERE seq = -1",
    )


def _cut(randomness: random.Random, one: int, two: int) -> None:
    _sql(f"DELETE FROM ledger_row WHERE seq >= {one}")


def _cut_with_head(randomness: random.Random, one: int, two: int) -> None:
    """The newest rows taken away and the head set back to fit."""
    _cut(randomness, one, two)
    _sql(f"DELETE FROM ledger_mention WHERE seq >= {one}")
    _sql(f"UPDATE ledger_head SET seq = {one - 1}")
    _sql(f"UPDATE ledger_head SET hash = (SELECT hash FROM ledger_row WHERE seq = {one - 1}) WHERE seq > 0")


def _insert(randomness: random.Random, one: int, two: int) -> None:
    columns = "at_real, at_business, actor, role, organisation, action, subject, purpose, basis, detail, previous, hash"
    _sql(
        f"INSERT INTO ledger_row (seq, {columns}) SELECT (SELECT max(seq) + 1 FROM ledger_row), {columns} "
        f"FROM ledger_row WHERE seq = {one}"
    )


def _head(randomness: random.Random, one: int, two: int) -> None:
    word = "".join(randomness.choices(string.hexdigits.lower(), k=64))
    _sql(randomness.choice([f"UPDATE ledger_head SET seq = {one - 1}", f"UPDATE ledger_head SET hash = '{word}'"]))


def _mention(randomness: random.Random, one: int, two: int) -> None:
    """A person taken out of the list by which a search is found, or put in."""
    taken = f"DELETE FROM ledger_mention WHERE seq = (SELECT min(seq) FROM ledger_mention WHERE seq >= {one - 4})"
    given = f"INSERT INTO ledger_mention (seq, subject) VALUES ({one}, 'p-somebody')"
    _sql(randomness.choice([taken, given]))


WAYS: dict[str, Way] = {
    "edited": _edit,
    "edited and sealed": _edit_and_seal,
    "rewritten with its head": _rewrite,
    "removed": _remove,
    "swapped": _swap,
    "cut": _cut,
    "cut with its head": _cut_with_head,
    "put in": _insert,
    "head moved": _head,
    "list changed": _mention,
}

PROMISE = Promise("audit-tamper-evident", "The audit is tamper-evident: any falsified row is found", 10_000, run)
