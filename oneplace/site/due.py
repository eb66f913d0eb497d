"""What is due, in a process of its own beside the server: messages out each five seconds, the feed monitor and offers
of beds each minute, unusual access each hour, likeness four times a day.

Ends when its parent has. A look that fails is said on stderr and made again a minute later.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from oneplace.access.commands import operator

_SECONDS = 60
_POST_SECONDS = 5
_LINK_SECONDS = 6 * 60 * 60
BY = "due-jobs"
"""The ledger's name for what the clock does."""


@operator
def main() -> None:
    """Look now and each minute, for as long as the parent lives."""
    parent = os.getppid()
    _start_django()
    last, linked, posted = None, None, None
    while os.getppid() == parent:
        if last is None or time.monotonic() - last >= _SECONDS:
            last = time.monotonic()
            _look(run)
            if (linked is None or last - linked >= _LINK_SECONDS) and not _loading():
                linked = last
                link()
        if posted is None or time.monotonic() - posted >= _POST_SECONDS:
            posted = time.monotonic()
            _look(send_messages)
        time.sleep(0.5)


def _start_django() -> None:
    from oneplace.site import database

    database.start_up(False, lambda words: None)


def _look(due: Callable[[], object]) -> None:
    """One look, with the business clock of the demo. Connections are given back between looks."""
    from django.db import close_old_connections

    from oneplace.site.mishaps import words_of

    try:
        due()
    except Exception as error:
        print(f"What is due could not be done: {words_of(error)}", file=sys.stderr)
    close_old_connections()


def run() -> None:
    """Everything that is due, once. While the demo still loads its people nothing is: feeds are half heard."""
    from oneplace.access import emergencies
    from oneplace.frontdoor.actions import beds
    from oneplace.gateway import monitor
    from oneplace.kernel import clock
    from oneplace.place import queries as place
    from oneplace.site import patterns

    if _loading():
        return
    clock.set_offset(place.offset())
    monitor.check(now=clock.now(), by=BY)
    patterns.look_if_due(by=BY)
    emergencies.remind(by=BY)
    beds.lapse_offers(by=BY)


def send_messages() -> None:
    """Hand over what waits in the outbox; who may not know a person any more is not told."""
    from oneplace.access.addressing import may_be_told
    from oneplace.kernel import clock
    from oneplace.place import queries as place
    from oneplace.post.delivery import deliver
    from oneplace.post.senders import senders

    clock.set_offset(place.offset())
    deliver(may_send=may_be_told, senders=senders(), by=BY)


def _loading() -> bool:
    from oneplace.site.shell import kept

    return (kept("progress.json") or {}).get("state") == "loading"


def link() -> "subprocess.Popen[bytes]":
    """Begin `oneplace record link` beside this process: over a whole place it takes longer than a feed may wait."""
    words = [str(Path(sys.executable).with_name("oneplace")), "record", "link"]
    return subprocess.Popen(words, stdout=subprocess.DEVNULL)  # noqa: S603 - our own words


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        main()
