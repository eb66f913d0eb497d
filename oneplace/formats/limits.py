"""How large one message may be, and how long the texts of a row, so that one overlong value can't stop a batch.

What is larger than a message may be is never copied. The texts' limits leave room to spare over FHIR (ids of 64) and
HL7 v2 (names of 194 in all); what is longer is cut, with an issue. The whole value stays in the raw bytes.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, TypeVar

from oneplace.kernel.rows import Address, EntryRow, Name, PersonRow

MAX_MESSAGE = 64 * 1024 * 1024
"""Bytes of one message that are read at once: a whole GP record with its letters takes 5 MB, and what is larger is
far likelier a file of many messages that was put together wrongly than one message."""

Row = TypeVar("Row", EntryRow, PersonRow, Name, Address)

ENTRY_LIMITS = {"code": 60, "system": 120, "status": 40, "unit": 40}
PERSON_LIMITS = {"practice_code": 20, "practice_name": 200, "language": 80, "version": 80}
NAME_LIMITS = {"family": 120, "given": 120, "prefix": 40, "use": 40}
ADDRESS_LIMITS = {"postcode": 10, "use": 40}
MAX_ID = 120
MAX_LINE = 80  # of an address
MAX_PHONE = 40


def taken(raw: Any, begin: int, end: int) -> Any:
    """The bytes from `begin` to `end` of a file, which may be mapped into memory: a copy, or a view of what is larger
    than a message may be."""
    return bytes(raw[begin:end]) if end - begin <= MAX_MESSAGE else memoryview(raw)[begin:end]


def fitted(row: Row, limits: Mapping[str, int], report: Callable[[str], None]) -> Row:
    """The row with overlong texts cut; `report` is told the name of each."""
    for name, limit in limits.items():
        if len(getattr(row, name)) > limit:
            row = replace(row, **{name: getattr(row, name)[:limit]})
            report(name)
    return row


def fitted_person(person: PersonRow, report: Callable[[str], None]) -> PersonRow:
    """The same for a person with names, addresses and phones."""
    names = tuple(fitted(name, NAME_LIMITS, report) for name in person.names)
    addresses = tuple(fitted(_with_short_lines(told), ADDRESS_LIMITS, report) for told in person.addresses)
    phones = tuple(phone[:MAX_PHONE] for phone in person.phones)
    if (names, addresses, phones) != (person.names, person.addresses, person.phones):
        person = replace(person, names=names, addresses=addresses, phones=phones)
    return fitted(person, PERSON_LIMITS, report)


def _with_short_lines(address: Address) -> Address:
    lines = tuple(line[:MAX_LINE] for line in address.lines[:5])
    return address if lines == address.lines else replace(address, lines=lines)
