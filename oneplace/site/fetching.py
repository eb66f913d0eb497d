"""MESH as the command line runs it: the mailbox of the settings, its failures as sentences."""

import time
from collections.abc import Callable

import requests
from mesh_client import MeshError

from oneplace.access.commands import OPERATOR
from oneplace.gateway.mesh import Mailbox, TooLarge, poll
from oneplace.gateway.rules import Tally
from oneplace.site import loading
from oneplace.site.config import config
from oneplace.site.mishaps import Mendable

_NEEDED = ("mesh_url", "mesh_mailbox", "mesh_password", "mesh_shared_key")


def mailbox() -> Mailbox:
    """The mailbox of the settings. Raises Mendable when something of it is missing."""
    missing = [f"ONEPLACE_{name.upper()}" for name in _NEEDED if not getattr(config, name)]
    if missing:
        raise Mendable(f"MESH is not set up: {', '.join(missing)} missing. See: oneplace config show")
    senders = {name.upper(): code for name, code in config.mesh_senders.items()}
    return Mailbox(
        config.mesh_url, config.mesh_mailbox, config.mesh_password, config.mesh_shared_key, senders,
        config.mesh_certificate, config.mesh_key, config.mesh_authority,
    )  # fmt: skip


def look(where: Mailbox) -> Tally:
    """Take in what lies in the mailbox. Raises Mendable when MESH can't be reached or refuses."""
    try:
        return poll(where, by=OPERATOR)
    except TooLarge as error:
        raise Mendable(str(error)) from None
    except (requests.RequestException, MeshError) as error:
        raise Mendable(f"{_why(error)} What was not acknowledged lies there still, and is fetched next time.") from None


def stay(where: Mailbox, seconds: int, say: Callable[[str], None]) -> None:
    """Look again and again until stopped; a failure is said and the next look is made all the same."""
    say(f"Fetching from MESH every {seconds} seconds. Stop with Ctrl-C.")
    try:
        while True:
            try:
                tally = look(where)
                if tally.received:
                    say(loading.words(tally))
            except Mendable as error:
                say(str(error))
            time.sleep(seconds)
    except KeyboardInterrupt:
        say("Stopped fetching.")


def _why(error: Exception) -> str:
    """What went wrong with MESH, without what it was asked: addresses hold the mailbox."""
    answer = getattr(error, "response", None)
    if answer is not None and answer.status_code in (401, 403):
        return "MESH refused us: look at mesh_mailbox, mesh_password, mesh_shared_key and the certificate."
    if answer is not None:
        return f"MESH answered with an error ({answer.status_code})."
    return f"MESH can't be reached ({type(error).__name__}): look at mesh_url, the network and the certificates."
