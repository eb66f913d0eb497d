"""Messages by MESH, the NHS's mailboxes: downloaded, taken in, and only then acknowledged, which deletes them there.

A mailbox that is set to be an organisation's vouches for it. Reports of MESH about messages that it could not deliver,
and what is encrypted or badly compressed, wait in quarantine with their reason. Source: MESH API v2, NHS England;
chunks and transfer compression are the library's (mesh-client).
"""

import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass

from mesh_client import MeshClient
from mesh_client import Message as Download

from oneplace.gateway.receive import Item, receive
from oneplace.gateway.rules import Tally
from oneplace.kernel import clock
from oneplace.kernel.rows import Reject

LARGEST_BYTES = 500 * 1024 * 1024
"""What a message may hold, or unfold to: more would fill the memory."""


class TooLarge(Exception):
    """Messages that are larger than can be taken in; all others were. They lie in the mailbox still."""


@dataclass(frozen=True, slots=True)
class Mailbox:
    """Where and as whom messages are fetched. `senders` gives organisations of the mailboxes that send, by ODS code."""

    url: str
    name: str
    password: str
    shared_key: str
    senders: Mapping[str, str]
    certificate: str = ""  # file of ours, with its key in it or beside it
    key: str = ""
    authority: str = ""  # file of those whose certificates are believed; '' for what the library knows of MESH itself

    def connect(self) -> MeshClient:
        """A connection, to be closed by whoever asked; nothing is sent yet."""
        own = tuple(name for name in (self.certificate, self.key) if name) or None
        shared = self.shared_key.encode()
        return MeshClient(
            self.url, self.name, self.password, shared, cert=own, verify=self.authority or None,
            application_name="oneplace", timeout=120,
        )  # fmt: skip


def poll(mailbox: Mailbox, *, by: str) -> Tally:
    """Take in all that lies in the mailbox now; returns what became of it.

    Raises what the network raises: what was not acknowledged lies there still and is fetched again, and what had been
    taken in before counts as duplicate then. Raises TooLarge when all is done and something was.
    """
    total, left = Tally(), 0
    with mailbox.connect() as client:
        client.handshake()
        # The list is read whole first: acknowledging moves the pages under whoever turns them.
        for name in list(client.iterate_message_ids()):
            tally = _take(client, name, mailbox, by)
            left += tally is None
            total.include(tally or Tally())
    if left:
        raise TooLarge(
            f"{left} of the messages in the mailbox are larger than {LARGEST_BYTES // 1024 // 1024} MB and were left "
            f"there ({total.received} others were taken in). Ask for them in parts, or by the watched folder."
        )
    return total


def _take(client: MeshClient, name: str, mailbox: Mailbox, by: str) -> Tally | None:
    arrived_at = clock.real_now()
    download = client.retrieve_message(name)
    try:
        raw = download.read(LARGEST_BYTES + 1)
        if len(raw) > LARGEST_BYTES:
            return None
        raw, refusal = _opened(download, raw)
    finally:
        download.close()
    code = mailbox.senders.get((download.sender or "").upper(), "")
    tally = receive([Item(download.filename or "", raw, "mesh", code, arrived_at, refusal)], by=by)
    client.acknowledge_message(name)
    return tally


def _opened(download: Download, raw: bytes) -> tuple[bytes, Reject | None]:
    """The bytes to read, or why they are not to be read."""
    if download.message_type == "REPORT":
        return _report(download, raw)
    if download.encrypted:
        return raw, Reject(
            "The sender encrypted this message for somebody; ask it to send by MESH alone, which is secure.",
            "mesh-encrypted",
        )
    if download.compressed and raw[:2] == b"\x1f\x8b":
        return _unfolded(raw)
    return raw, None


def _report(download: Download, raw: bytes) -> tuple[bytes, Reject]:
    """What MESH itself says of a message that it could not deliver: its headers are the message."""
    told = {key: value for key, value in sorted(download.mex_headers())}
    what = " ".join(told.get(name, "") for name in ("statuscode", "statusdescription")).strip() or "no reason given"
    reason = f"A report of MESH, not data: a message sent from this mailbox was not delivered ({what[:200]})."
    return json.dumps({"headers": told, "body": raw.decode("utf-8", "replace")}).encode(), Reject(
        reason, "mesh-report", "", "mesh-report"
    )


def _unfolded(raw: bytes) -> tuple[bytes, Reject | None]:
    """What a sender compressed itself (gzip), as far as it may unfold."""
    unfold = zlib.decompressobj(wbits=31)
    try:
        opened = unfold.decompress(raw, LARGEST_BYTES)
    except zlib.error:
        opened, unfold = b"", zlib.decompressobj(wbits=31)
    if unfold.eof:
        return opened, None
    reason = "The message is compressed in a way that can't be opened, or is cut short, or unfolds to more than 500 MB."
    return raw, Reject(f"{reason} Ask for it again.", "mesh-compressed")
