"""What the database itself refuses, whoever asks: a change or a removal of a ledger row, a head that moves back.

Used by the migrations; the tests' reset of a database takes the triggers off and puts them back.
"""

FIRST = ("ledger_row", "ledger_head")
ALL = (*FIRST, "ledger_mention")

_SQLITE = {
    "ledger_row_no_update": "BEFORE UPDATE ON ledger_row BEGIN SELECT RAISE(ABORT, 'the ledger only grows'); END",
    "ledger_row_no_delete": "BEFORE DELETE ON ledger_row BEGIN SELECT RAISE(ABORT, 'the ledger only grows'); END",
    # A replaced row (INSERT OR REPLACE) fires no delete trigger unless recursive triggers are on.
    "ledger_row_no_replace": "BEFORE INSERT ON ledger_row WHEN EXISTS (SELECT 1 FROM ledger_row WHERE seq = NEW.seq) "
    "BEGIN SELECT RAISE(ABORT, 'the ledger only grows'); END",
    "ledger_head_no_delete": "BEFORE DELETE ON ledger_head BEGIN SELECT RAISE(ABORT, 'the ledger only grows'); END",
    "ledger_head_no_replace": "BEFORE INSERT ON ledger_head WHEN EXISTS (SELECT 1 FROM ledger_head) "
    "BEGIN SELECT RAISE(ABORT, 'the ledger has one head'); END",
    "ledger_head_forward": "BEFORE UPDATE ON ledger_head WHEN NEW.id <> OLD.id OR NEW.seq <> OLD.seq + 1 "
    "BEGIN SELECT RAISE(ABORT, 'the head of the ledger moves one row at a time'); END",
    "ledger_mention_no_update": "BEFORE UPDATE ON ledger_mention BEGIN SELECT RAISE(ABORT, 'the ledger only grows'); "
    "END",
    "ledger_mention_no_delete": "BEFORE DELETE ON ledger_mention BEGIN SELECT RAISE(ABORT, 'the ledger only grows'); "
    "END",
}

_REFUSE = (
    "CREATE OR REPLACE FUNCTION ledger_refuse() RETURNS trigger LANGUAGE plpgsql AS "
    "$$ BEGIN RAISE EXCEPTION 'the ledger only grows'; END $$"
)
_POSTGRESQL = {
    "ledger_row_no_change": ("ledger_row", "BEFORE UPDATE OR DELETE ON ledger_row FOR EACH ROW"),
    "ledger_row_no_truncate": ("ledger_row", "BEFORE TRUNCATE ON ledger_row FOR EACH STATEMENT"),
    "ledger_head_no_delete": ("ledger_head", "BEFORE DELETE ON ledger_head FOR EACH ROW"),
    "ledger_head_no_truncate": ("ledger_head", "BEFORE TRUNCATE ON ledger_head FOR EACH STATEMENT"),
    "ledger_head_forward": (
        "ledger_head",
        "BEFORE UPDATE ON ledger_head FOR EACH ROW WHEN (NEW.id <> OLD.id OR NEW.seq <> OLD.seq + 1)",
    ),
    "ledger_mention_no_change": ("ledger_mention", "BEFORE UPDATE OR DELETE ON ledger_mention FOR EACH ROW"),
    "ledger_mention_no_truncate": ("ledger_mention", "BEFORE TRUNCATE ON ledger_mention FOR EACH STATEMENT"),
}


def guard_statements(vendor: str, tables: tuple[str, ...] = ALL) -> list[str]:
    """The statements that put the guard on, for 'sqlite' or 'postgresql', on all tables or on some."""
    if vendor == "sqlite":
        return [f"CREATE TRIGGER {name} {body}" for name, body in _SQLITE.items() if name.startswith(tables)]
    triggers = [
        f"CREATE TRIGGER {name} {when} EXECUTE FUNCTION ledger_refuse()"
        for name, (table, when) in _POSTGRESQL.items()
        if table in tables
    ]
    return [_REFUSE, *triggers]


def unguard_statements(vendor: str, tables: tuple[str, ...] = ALL) -> list[str]:
    """The statements that take the guard off again."""
    if vendor == "sqlite":
        return [f"DROP TRIGGER IF EXISTS {name}" for name in _SQLITE if name.startswith(tables)]
    return [f"DROP TRIGGER IF EXISTS {name} ON {table}" for name, (table, _) in _POSTGRESQL.items() if table in tables]
