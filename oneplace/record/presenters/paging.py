"""Pages of a long list: where one starts, as an address says it, and where the ones beside it do."""

PAGE = 25


def offset_of(text: str) -> int:
    """The start that an address asks for; 0 for anything that is no small whole number."""
    return int(text) if text.isdecimal() and len(text) < 7 else 0


def neighbours(offset: int, shown: int, total: int) -> tuple[int | None, int | None]:
    """Where the page before and the page after begin; None where there is none."""
    last = offset + shown
    return max(0, offset - PAGE) if offset else None, last if last < total else None
