"""Faults that real feeds have, at the rates of the folder's example.toml: unreadable and repeated messages, wrong
numbers, another surname at the hospital. So the pages that must show faults have some to show."""

from collections.abc import Mapping
from dataclasses import replace
from random import Random
from typing import Any

from oneplace.example.adt import Desk
from oneplace.example.names import FAMILY
from oneplace.example.people import rates
from oneplace.example.shapes import Human, OutMessage
from oneplace.kernel import nhs_number


def typed(human: Human, desk: Desk, draw: Random, example: Mapping[str, Any]) -> Desk:
    """What the hospital's desk typed: now and then a number with two digits changed round, none, or another surname."""
    dice = draw.random()
    wrong, none = rates(example, "invalid_number"), rates(example, "no_number")
    if dice < wrong:
        desk = replace(desk, nhs_number=_mistyped(human.nhs_number, draw))
    elif dice < wrong + none:
        desk = replace(desk, nhs_number="")
    if draw.random() < rates(example, "other_surname"):
        desk = replace(desk, family=human.former_family or draw.choice(FAMILY))
    return desk


def spoiled(message: OutMessage, draw: Random, example: Mapping[str, Any]) -> list[OutMessage]:
    """The message as it arrives: whole; whole and again; or followed by one that nobody can read."""
    found = [message]
    if draw.random() < rates(example, "sent_twice"):
        found.append(replace(message, name=f"{message.name}.again", people=0))
    if draw.random() < rates(example, "unreadable"):
        found.append(replace(message, name=f"{message.name}.broken", raw=_broken(message.raw, draw), people=0))
    return found


def _mistyped(number: str, draw: Random) -> str:
    """A number that fails its check: the usual 1234567890, or two neighbours changed round."""
    if draw.random() < 0.4:
        return "1234567890"
    for index in draw.sample(range(4, 9), 5):
        changed = number[:index] + number[index + 1] + number[index] + number[index + 2 :]
        if not nhs_number.is_valid(changed):
            return changed
    return "1234567890"


def _broken(raw: bytes, draw: Random) -> bytes:
    """Bytes that can't be read: cut short, of a sort that is not taken, or an error page in its place."""
    sort = draw.randrange(3)
    if raw.startswith(b"MSH"):
        header, _, rest = raw.partition(b"\r")
        unknown = header.replace(b"ADT^", b"BAR^", 1) + b"\r" + rest
        return [unknown, raw.replace(b"PID|", b"PQD|"), b"<html><body>502 Bad Gateway</body></html>"][sort]
    outcome = b'{"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"exception"}]}'
    return [raw[: len(raw) * 2 // 3], outcome, b"<html><body>504 Gateway Time-out</body></html>"][sort]
