"""The web shell for people, the command line and the worker. Swaps in a SQLite that is free of the WAL-reset defect."""

import sys


def use_sound_sqlite() -> None:
    """Put pysqlite3 in the place of sqlite3 before Django loads it.

    SQLite 3.7.0 to 3.51.2 can corrupt a WAL database that several connections write (trust.md); Debian 12 has 3.40.1.
    """
    import pysqlite3

    sys.modules["sqlite3"] = pysqlite3
    sys.modules["sqlite3.dbapi2"] = pysqlite3.dbapi2


use_sound_sqlite()
