"""Starts Django for a command and brings the database up to date, one process at a time."""

import fcntl
import os
from collections.abc import Callable
from pathlib import Path


def demo_is_on() -> bool:
    """True when this place is the demo."""
    from oneplace.site.config import config

    return config.demo


def start_up(migrate: bool, say: Callable[[str], None]) -> None:
    """Load Django; then, if asked, apply what migrations are missing. Says so, once, when there were any."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "oneplace.site.settings")
    import django

    import oneplace.site  # noqa: F401 - swaps in the sound SQLite

    django.setup()
    if migrate:
        _migrate(say)


def missing_migrations() -> int:
    """How many changes of tables the database lacks. Raises what the database raises when it can't be reached."""
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    return len(executor.migration_plan(executor.loader.graph.leaf_nodes()))


def _migrate(say: Callable[[str], None]) -> None:
    from django.conf import settings
    from django.core.management import call_command

    home = Path(settings.HOME)
    home.mkdir(parents=True, exist_ok=True)
    # Two commands at once must not both create the tables.
    with (home / "migrating").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if missing_migrations():
            say("Bringing the database up to date ...")
            call_command("migrate", verbosity=0, interactive=False)
        call_command("createcachetable", verbosity=0)
