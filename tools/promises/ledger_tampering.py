"""The ledger is tamper-evident: random edits, removals, swaps and cuts by the database's owner are all found."""

import random
import string

from django.db import connection, transaction

from promises import Outcome, Promise

ROWS = 120
TEXT = ("actor", "role", "organisation", "action", "subject", "purpose", "basis", "detail", "previous", "hash")


def run(cases: int, seed: int) -> Outcome:
    """Write a chain, then tamper with it in one way a case, look, and put it back."""
    from oneplace.ledger import queries

    randomness = random.Random(seed)
    missed: list[str] = []
    with transaction.atomic():
        _write_rows()
        if not queries.verify().ok:
            return Outcome(cases, cases, "the chain did not hold before anything was changed")
        for _ in range(cases):
            point = transaction.savepoint()
            statements = _tampering(randomness)
            with connection.cursor() as cursor:
                for statement in [*_guard_off(), *statements]:
                    cursor.execute(statement)
            if queries.verify().ok:
                missed.append(statements[-1])
            transaction.savepoint_rollback(point)
        transaction.set_rollback(True)
    return Outcome(cases, len(missed), f"{cases - len(missed)} of {cases} found", tuple(missed[:5]))


def _write_rows() -> None:
    from oneplace.ledger import actions

    for number in range(ROWS):
        actions.write(
            actor=f"u{number % 7}", action="open record", subject=f"p{number % 11}", detail={"n": number}, basis="x"
        )


def _guard_off() -> list[str]:
    from oneplace.ledger import triggers

    return triggers.unguard_statements(connection.vendor)


def _tampering(randomness: random.Random) -> list[str]:
    """One way to falsify the rows, as statements of the database's owner."""
    from oneplace.ledger import queries

    # The chain may stand behind rows that were there before; only these are touched.
    last = queries.head().seq  # type: ignore[union-attr]
    one, two = randomness.sample(range(last - ROWS + 1, last + 1), 2)
    word = "".join(randomness.choices(string.ascii_letters, k=8))
    ways = [
        [f"UPDATE ledger_row SET {randomness.choice(TEXT)} = '{word}' WHERE seq = {one}"],
        [f"UPDATE ledger_row SET at_real = '20{randomness.randint(10, 24)}-01-01 00:00:00' WHERE seq = {one}"],
        [f"DELETE FROM ledger_row WHERE seq = {one}"],
        [f"DELETE FROM ledger_row WHERE seq >= {one}"],
        [f"UPDATE ledger_head SET seq = {one - 1}"],
        [f"UPDATE ledger_head SET hash = '{word}'"],
        [
            f"UPDATE ledger_row SET seq = -1 WHERE seq = {one}",
            f"UPDATE ledger_row SET seq = {one} WHERE seq = {two}",
            f"UPDATE ledger_row SET seq = {two} WHERE seq = -1",
        ],
    ]
    return randomness.choice(ways)


PROMISE = Promise("audit-tamper-evident", "The audit is tamper-evident: any falsified row is found", 2000, run)
