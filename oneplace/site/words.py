"""Times and counts as people read them. Pure."""

from datetime import date, datetime

from oneplace.kernel import clock


def when(moment: datetime | None) -> str:
    """17 November 2026, 14:05; 'never' where there is none."""
    return f"{clock.to_london(moment):%-d %B %Y, %H:%M}" if moment else "never"


def day(value: date | None) -> str:
    """17 November 2026; '' where there is none."""
    return f"{value:%-d %B %Y}" if value else ""


def ago(moment: datetime | None) -> str:
    """How long ago: 'just now', '5 min ago', '3 h ago', '12 days ago'; 'never' where there is none."""
    if moment is None:
        return "never"
    seconds = (clock.now() - moment).total_seconds()
    for size, limit, word in ((60, 3600, "min"), (3600, 172_800, "h")):
        if seconds < size:
            return "just now"
        if seconds < limit:
            return f"{int(seconds // size)} {word} ago"
    return f"{int(seconds // 86_400)} days ago"


def count(number: int) -> str:
    """12,345."""
    return f"{number:,}"


def plural(number: int, one: str, many: str = "") -> str:
    """1 feed, 2 feeds."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def seconds(value: float) -> str:
    """0.13 s, 4 s, 12 min, 5 h: how long something took."""
    if value < 120:
        return f"{value:.2f} s" if value < 1 else f"{value:.1f} s" if value < 10 else f"{value:.0f} s"
    return f"{value / 60:.0f} min" if value < 7200 else f"{value / 3600:.0f} h"
