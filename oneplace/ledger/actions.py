"""The one way into the ledger. A row is written in the transaction of what it records, or neither is kept."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from oneplace.kernel import clock
from oneplace.ledger import rules
from oneplace.ledger.models import Pattern, PatternReview, Row
from oneplace.ledger.rules.patterns import Finding, Outcome

_COLUMNS = rules.Line.__slots__
_INSERT = f"INSERT INTO ledger_row ({', '.join(_COLUMNS)}) VALUES ({', '.join(['%s'] * len(_COLUMNS))})"  # noqa: S608 - names of our own columns, no input
_MENTION = "INSERT INTO ledger_mention (seq, subject) VALUES (%s, %s)"
_MOVE_HEAD = "UPDATE ledger_head SET seq = %s, hash = %s WHERE id = 1"
_FIRST_HEAD = "INSERT INTO ledger_head (id, seq, hash) VALUES (1, %s, %s) ON CONFLICT DO NOTHING"
_READ_HEAD = "SELECT seq, hash FROM ledger_head WHERE id = 1"
_LENGTHS = {
    field.name: field.max_length for field in Row._meta.get_fields() if getattr(field, "max_length", None) is not None
}


class NoTransaction(Exception):
    """A ledger row was asked for outside a transaction: it could outlive, or miss, what it records."""


class BrokenLedger(Exception):
    """The ledger has rows and no head, or its head could not be read: nothing more may be done unrecorded."""


def write(
    *,
    actor: str,
    action: str,
    subject: str = "",
    purpose: str = "",
    basis: str = "",
    organisation: str = "",
    role: str = "",
    detail: Mapping[str, Any] | None = None,
) -> int:
    """Add one row to the chain and return its number. Any failure must fail the caller's transaction too.

    Write it as late in a transaction as can be: on PostgreSQL the head stays locked until the commit.
    `detail["shown"]` is a list of the keys of those whom a list showed: the row is found by each of them.
    """
    if not connection.in_atomic_block:
        raise NoTransaction(f"'{action}' must be written to the ledger inside the transaction that it records")
    words = {
        "actor": actor,
        "role": role,
        "organisation": organisation,
        "action": action,
        "subject": subject,
        "purpose": purpose,
        "basis": basis,
    }
    _check(words)
    with connection.cursor() as cursor:
        tip = _locked_tip(cursor)
        line = _next_line(tip, words, rules.detail_text(detail))
        cursor.execute(_INSERT, _values(line))
        mentioned = rules.shown_in(line.detail)
        if mentioned:
            cursor.executemany(_MENTION, [(line.seq, key) for key in mentioned])
        cursor.execute(_MOVE_HEAD, [line.seq, line.hash])
    return line.seq


@transaction.atomic
def keep_patterns(findings: Iterable[Finding], *, by: str) -> int:
    """Put what was found on the work-list; returns how many were new. The same finding again changes nothing."""
    told = {finding.identity: finding for finding in findings}
    first = min((finding.day for finding in told.values()), default=None)
    kept = Pattern.objects.filter(day__gte=first) if first else Pattern.objects.none()
    for identity in kept.values_list("rule", "actor", "subject", "day"):
        told.pop(identity, None)
    now = clock.now()
    Pattern.objects.bulk_create([_pattern(finding, now) for finding in told.values()], ignore_conflicts=True)
    if told:
        counts = Counter(finding.rule for finding in told.values())
        write(actor=by, action="find patterns", detail=dict(sorted(counts.items())))
    return len(told)


@transaction.atomic
def review_pattern(
    *, key: str, outcome: str, note: str, by: str, role: str = "", organisation: str = ""
) -> PatternReview | None:
    """Keep what was made of a pattern; None where there is none. Raises ValueError for no outcome or an empty note."""
    if outcome not in set(Outcome):
        raise ValueError("Choose what you made of it.")
    if not note.strip():
        raise ValueError("Say in a few words what you found, so that another can follow it.")
    pattern = Pattern.objects.filter(key=key).first()
    if pattern is None:
        return None
    review = PatternReview.objects.create(
        pattern=pattern, outcome=outcome, note=note.strip()[:400], by=by, at=clock.now()
    )
    told = {"actor": by, "role": role, "organisation": organisation}
    write(**told, action="review pattern", subject=key, detail={"outcome": outcome, "rule": pattern.rule})
    return review


def _pattern(finding: Finding, now: datetime) -> Pattern:
    look = finding.look
    return Pattern(
        rule=finding.rule,
        actor=look.actor,
        role=look.role,
        organisation=look.organisation,
        subject=finding.subject,
        day=finding.day,
        seq=look.seq,
        words=finding.words,
        found_at=now,
    )


def _check(words: Mapping[str, str]) -> None:
    """The same limits on each database: SQLite keeps any length, PostgreSQL does not."""
    if not words["actor"] or not words["action"]:
        raise ValueError("a ledger row names its actor and its action")
    for name, text in words.items():
        if len(text) > _LENGTHS[name]:
            raise ValueError(f"the ledger's {name} holds {_LENGTHS[name]} characters and was given {len(text)}")


def _locked_tip(cursor: Any) -> rules.Tip:
    """The head, held until the transaction ends; made on the first row."""
    # On SQLite the transaction began IMMEDIATE: there is no other writer.
    read = _READ_HEAD + (" FOR UPDATE" if connection.features.has_select_for_update else "")
    cursor.execute(read)
    found = cursor.fetchone()
    if found is None:
        # Two first writers may meet here: one inserts, the other waits for it and then reads what it wrote.
        cursor.execute(_FIRST_HEAD, [0, rules.ORIGIN])
        cursor.execute(read)
        found = cursor.fetchone()
    if found[0] == 0:
        cursor.execute("SELECT 1 FROM ledger_row LIMIT 1")
        if cursor.fetchone():
            raise BrokenLedger("the ledger has rows and no head: run 'oneplace audit verify'")
    return rules.Tip(*found)


def _next_line(tip: rules.Tip, words: Mapping[str, str], detail: str) -> rules.Line:
    """The row that follows the tip, with its hash."""
    content: dict[str, Any] = {
        **words,
        "seq": tip.seq + 1,
        "at_real": clock.real_now(),
        "at_business": clock.now(),
        "detail": detail,
        "previous": tip.hash,
    }
    unsealed = rules.Line(**content, hash="")
    return rules.Line(**content, hash=rules.chain_hash(tip.hash, rules.canonical(unsealed)))


def _values(line: rules.Line) -> list[object]:
    """The row's values as this database's driver takes them."""
    values: list[object] = [getattr(line, name) for name in _COLUMNS]
    adapt = connection.ops.adapt_datetimefield_value
    values[1], values[2] = adapt(line.at_real), adapt(line.at_business)
    return values
