"""The NHS number: read as people write it, checked by modulus 11, shown 3-3-4.

Source: NHS Data Dictionary, NHS NUMBER; the check itself is the `nhs-number` library's.
Numbers that begin with 999 are kept for test people and are never issued.
"""

import re
from collections.abc import Iterator
from functools import lru_cache

import nhs_number as library

_SEPARATORS = re.compile(r"[\s\-]+")
_REPEATED = re.compile(r"(\d)\1{9}")


def tidy(text: str | None) -> str:
    """The characters without the spaces and hyphens that people write; '' when there is none."""
    return _SEPARATORS.sub("", text or "")


@lru_cache(maxsize=10_000)  # a feed tells the same numbers again and again
def is_valid(number: str) -> bool:
    """True for ten digits whose check digit holds. Says nothing about whose number it is.

    One digit ten times over (3333333333) passes modulus 11: see `is_placeholder`.
    """
    return len(number) == 10 and number.isascii() and number.isdigit() and bool(library.is_valid(number))


def is_placeholder(number: str) -> bool:
    """True for one digit ten times over, which is typed where a number is unknown: never link on it."""
    return bool(_REPEATED.fullmatch(number))


def is_test(number: str) -> bool:
    """True in the 999 range, which is reserved for synthetic people."""
    return number.startswith("999") and is_valid(number)


def spaced(number: str) -> str:
    """The number as staff read it aloud: 999 000 0018. Text of another length comes back as it is."""
    return f"{number[:3]} {number[3:6]} {number[6:]}" if len(number) == 10 else number


def numbers_for_tests(start: int = 0) -> Iterator[str]:
    """Every valid number of the 999 range in order, from the stem 999000000 + start (about 909,000 in all)."""
    for stem in range(999_000_000 + start, 1_000_000_000):
        total = sum(int(digit) * weight for digit, weight in zip(str(stem), range(10, 1, -1), strict=True))
        check = (11 - total % 11) % 11
        if check != 10:
            yield f"{stem}{check}"
