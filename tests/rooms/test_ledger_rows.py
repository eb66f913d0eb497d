"""The ledger on a database: rows join the chain, the database refuses change, tampering past it is found."""

import json
import random

import pytest
from django.db import DatabaseError, connection, transaction

from oneplace.ledger import actions, queries, triggers
from oneplace.ledger.models import Head, LedgerIsAppendOnly, Row

pytestmark = pytest.mark.django_db
FIELDS = ["actor", "role", "organisation", "action", "subject", "purpose", "basis", "detail", "previous", "hash"]


def write_some(count: int) -> None:
    for number in range(count):
        actions.write(
            actor=f"a{number}",
            action="open record",
            subject=f"p{number % 3}",
            purpose="direct care",
            basis="registered",
            organisation="X1",
            role="gp",
            detail={"n": number},
        )


def tamper(*statements: str) -> None:
    """Do what the triggers refuse, as one who owns the database could."""
    with connection.cursor() as cursor:
        for statement in [*triggers.unguard_statements(connection.vendor), *statements]:
            cursor.execute(statement)


def test_write_returns_following_numbers_and_the_chain_holds():
    write_some(3)
    assert actions.write(actor="a", action="sign in") == 4
    verdict = queries.verify()
    assert (verdict.ok, verdict.rows, verdict.head) == (True, 4, queries.head().hash)
    assert queries.verify(from_seq=3).rows == 2


def test_row_says_who_did_what_about_whom_and_when():
    write_some(1)
    [line] = queries.rows_about("p0")
    assert (line.actor, line.role, line.organisation, line.action) == ("a0", "gp", "X1", "open record")
    assert (line.purpose, line.basis, json.loads(line.detail)) == ("direct care", "registered", {"n": 0})
    assert line.at_real <= line.at_business
    assert line.at_real.tzinfo is not None


def test_latest_pages_back_and_narrows():
    write_some(6)
    assert [line.seq for line in queries.latest(2)] == [6, 5]
    assert [line.seq for line in queries.latest(2, before=5)] == [4, 3]
    assert [line.seq for line in queries.latest(actor="a2", action="open record")] == [3]
    assert queries.latest(action="replay") == []


@pytest.mark.django_db(transaction=True)
def test_write_outside_a_transaction_is_refused():
    with pytest.raises(actions.NoTransaction):
        actions.write(actor="a", action="open record")
    assert not Row.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_failing_write_takes_the_callers_work_with_it():
    @transaction.atomic
    def work() -> None:
        write_some(2)
        actions.write(actor="", action="open record")

    with pytest.raises(ValueError, match="actor"):
        work()
    assert not Row.objects.exists()
    assert queries.verify().ok


@pytest.mark.django_db(transaction=True)
def test_insert_refused_by_the_database_fails_the_transaction(monkeypatch):
    monkeypatch.setattr(actions, "_INSERT", actions._INSERT.replace("ledger_row", "ledger_gone"))
    with pytest.raises(DatabaseError), transaction.atomic():
        write_some(1)
    assert queries.head() is None


def test_write_refuses_words_longer_than_every_database_keeps():
    with pytest.raises(ValueError, match="purpose"):
        actions.write(actor="a", action="b", purpose="x" * 81)


def test_models_refuse_to_change():
    write_some(1)
    row = Row.objects.get()
    attempts = [
        row.save,
        row.delete,
        lambda: Row.objects.update(actor="x"),
        lambda: Row.objects.all().delete(),
        lambda: Row.objects.create(seq=9),
        lambda: Row.objects.bulk_create([row]),
        Head.objects.get().save,
    ]
    for attempt in attempts:
        with pytest.raises(LedgerIsAppendOnly):
            attempt()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ledger_row SET actor = 'x' WHERE seq = 2",
        "UPDATE ledger_row SET actor = actor",
        "DELETE FROM ledger_row WHERE seq = 3",
        "DELETE FROM ledger_head",
        "UPDATE ledger_head SET seq = 1",
        "UPDATE ledger_head SET hash = 'x'",
        "UPDATE ledger_head SET seq = 9",
        "INSERT INTO ledger_head (id, seq, hash) VALUES (2, 1, 'x')",
    ],
)
def test_database_refuses(statement):
    write_some(3)
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    assert queries.verify().ok


def test_database_refuses_to_replace_a_row():
    write_some(2)
    replace = "INSERT OR REPLACE INTO ledger_row SELECT * FROM ledger_row WHERE seq = 2"
    if connection.vendor == "postgresql":
        replace = "TRUNCATE ledger_row"
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(replace)
    assert queries.verify().ok


@pytest.mark.parametrize("field", [*FIELDS, "at_real", "at_business"])
def test_verify_finds_an_edit_of(field):
    write_some(5)
    value = "'2020-01-01 00:00:00'" if field.startswith("at_") else "'edited'"
    tamper(f"UPDATE ledger_row SET {field} = {value} WHERE seq = 3")
    assert queries.verify().faults[0].seq == 3


def test_verify_finds_random_tampering():
    write_some(12)
    seed = random.Random(20260105)
    kinds = {
        "delete": lambda a, b: [f"DELETE FROM ledger_row WHERE seq = {a}"],
        "swap": lambda a, b: [
            f"UPDATE ledger_row SET seq = -1 WHERE seq = {a}",
            f"UPDATE ledger_row SET seq = {a} WHERE seq = {b}",
            f"UPDATE ledger_row SET seq = {b} WHERE seq = -1",
        ],
        "cut": lambda a, b: [f"DELETE FROM ledger_row WHERE seq >= {a}"],
        "all": lambda a, b: ["DELETE FROM ledger_row"],
        "head": lambda a, b: [f"UPDATE ledger_head SET seq = {a - 1}"],
        "no head": lambda a, b: ["DELETE FROM ledger_head"],
        "extra": lambda a, b: [
            f"INSERT INTO ledger_row SELECT 13, at_real, at_business, actor, role, organisation, action, subject, "
            f"purpose, basis, detail, previous, hash FROM ledger_row WHERE seq = {a}"
        ],
        "before the first": lambda a, b: [f"UPDATE ledger_row SET seq = 0 WHERE seq = {a}"],
    }
    for name, statements in kinds.items():
        for _ in range(4):
            one, two = seed.sample(range(1, 13), 2)
            point = transaction.savepoint()
            tamper(*statements(one, two))
            assert not queries.verify().ok, f"{name} of {one}, {two} was not found"
            transaction.savepoint_rollback(point)
    assert queries.verify().ok


def test_verify_against_an_anchor_finds_a_chain_that_was_cut_with_its_head(tmp_path):
    write_some(4)
    anchor = tmp_path / "anchor"
    tip = queries.head()
    anchor.write_text(f"{tip.seq} {tip.hash}\n")
    assert queries.verify(anchor=anchor).ok
    third = queries.latest(1, before=4)[0]
    tamper(
        "DELETE FROM ledger_row WHERE seq = 4",
        f"UPDATE ledger_head SET seq = 3, hash = '{third.hash}'",
    )
    assert queries.verify().ok
    assert not queries.verify(anchor=anchor).ok


def test_row_that_lists_people_is_found_by_each_of_them_and_by_nobody_else():
    actions.write(actor="a", action="search people", detail={"shown": ["p1", "p2", "p1"]})
    actions.write(actor="a", action="open record", subject="p1")
    actions.write(actor="b", action="open record", subject="p3")
    seen = {key: [line.seq for line in queries.found(queries.Asked(subjects=(key,)))] for key in ("p1", "p2", "p3")}
    assert seen == {"p1": [2, 1], "p2": [1], "p3": [3]}
    assert [line.seq for line in queries.rows_about("p1")] == [2]
    assert queries.verify().ok


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("DELETE FROM ledger_mention WHERE seq = 2 AND subject = 'p2'", "can't be found by the people"),
        ("UPDATE ledger_mention SET subject = 'p9' WHERE seq = 2 AND subject = 'p1'", "can't be found by the people"),
        ("INSERT INTO ledger_mention (seq, subject) VALUES (1, 'p9')", "whom it doesn't list"),
    ],
)
def test_verify_finds_a_list_that_no_longer_leads_to_its_row(statement, words):
    actions.write(actor="a", action="open record", subject="p1")
    actions.write(actor="a", action="search people", detail={"shown": ["p1", "p2"]})
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement if "INSERT" not in statement else statement.replace("(1, 'p9')", "(2, 'p1')"))
    tamper(statement)
    [fault] = queries.verify().faults
    assert words in fault.text


def test_search_narrows_by_each_of_its_parts():
    for actor, action, organisation in [("a", "open record", "X1"), ("b", "open record: refused", "X2")]:
        actions.write(actor=actor, action=action, organisation=organisation, role="gp", subject="p1")
    actions.write(actor="b", action="refuse page", organisation="X2", role="gp")
    at = queries.latest(1)[0].at_real

    def seqs(**asked: object) -> list[int]:
        return [line.seq for line in queries.found(queries.Asked(**asked))]

    assert seqs() == [3, 2, 1]
    assert seqs(actor="b") == [3, 2]
    assert seqs(action="open") == [2, 1]
    assert seqs(organisation="X1") == [1]
    assert seqs(refused=True) == [3, 2]
    assert seqs(refused=True, subjects=("p1",)) == [2]
    assert seqs(since=at, until=at) == []
    assert 3 in seqs(since=at)
    assert 3 not in seqs(until=at)
    assert seqs(upto=2) == [2, 1]
    assert [line.seq for line in queries.found(queries.Asked(actor="b"), 1, before=3)] == [2]
    assert [line.seq for line in queries.every(queries.Asked(actor="b"))] == [2, 3]
    assert [(share.actor, share.rows, share.refused) for share in queries.shares(queries.Asked())] == [
        ("b", 2, 2), ("a", 1, 0),
    ]  # fmt: skip
    assert queries.actions_seen() == ["open record", "open record: refused", "refuse page"]


def test_plain_words_of_a_search_leave_out_whom_it_is_about():
    asked = queries.Asked(actor="b", subjects=("p1",), refused=True)
    assert asked.narrows
    assert asked.plain() == {"actor": "b", "refused": "True"}
    assert not queries.Asked(upto=5).narrows


def test_write_after_the_head_was_lost_is_refused():
    write_some(2)
    tamper("DELETE FROM ledger_head")
    with pytest.raises(actions.BrokenLedger):
        write_some(1)
