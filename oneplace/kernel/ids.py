"""Opaque keys. A person's key says nothing about the person, so it may stand in an address or a log.

Source: house.md (opaque ids only in URLs; access stores facts by `PersonId`, never by a foreign key).
"""

import secrets
from typing import NewType

PersonId = NewType("PersonId", str)
"""Key of one linked person: 22 characters of URL-safe base64, 128 random bits."""


def new_person_id() -> PersonId:
    """A fresh random key for a person."""
    return PersonId(new_key())


def new_key() -> str:
    """A fresh random key of 128 bits, safe in a URL and on a command line: it never begins with a hyphen."""
    return next(key for key in iter(lambda: secrets.token_urlsafe(16), "") if key[0] != "-")
