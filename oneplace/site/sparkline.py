"""Small pictures of a feed's volume, drawn on the server: what came each day against what is usual. Pure.

Each has its words beside it; the feed's own page has the table.
"""

from collections.abc import Sequence

from markupsafe import Markup

from oneplace.gateway.monitor import Day

_WIDE, _HIGH = 120, 28


def sparkline(days: Sequence[Day]) -> Markup:
    """A line of days, today last and unfinished, with the usual as a broken line; nothing of a feed without days."""
    if len(days) < 2:
        return Markup("")
    top = max(1.0, *(day.came for day in days), *(day.usual or 0 for day in days))
    came = _points([day.came for day in days], top)
    usual = "" if days[0].usual is None else _points([day.usual or 0 for day in days], top)
    return Markup(
        '<svg class="op-spark" viewBox="0 0 {} {}" role="img" aria-label="{}">'
        '<polyline class="op-spark__usual" points="{}"/><polyline class="op-spark__came" points="{}"/></svg>'
    ).format(_WIDE, _HIGH, words(days), usual, came)


def _points(values: Sequence[float], top: float) -> str:
    step = _WIDE / (len(values) - 1)
    return " ".join(f"{i * step:.0f},{_HIGH - 2 - (_HIGH - 4) * value / top:.0f}" for i, value in enumerate(values))


def words(days: Sequence[Day]) -> str:
    """The same in words: what came yesterday and today, and what is usual."""
    yesterday, today = days[-2], days[-1]
    usual = "" if yesterday.usual is None else f", usually {yesterday.usual:,.0f}"
    return f"{yesterday.came:,} yesterday{usual}; {today.came:,} so far today"


def bars(days: Sequence[Day], label: str) -> Markup:
    """A bar a day with a mark at its usual."""
    top = max(1.0, *(day.came for day in days), *(day.usual or 0 for day in days))
    width, high = 640 / len(days), 150
    drawn = [_bar(day, number * width, width, high, top) for number, day in enumerate(days)]
    return Markup('<svg class="op-bars" viewBox="0 0 640 172" role="img" aria-label="{}">{}</svg>').format(
        label, Markup("").join(drawn)
    )


def _bar(day: Day, left: float, width: float, high: int, top: float) -> Markup:
    tall, usual = high * day.came / top, "" if day.usual is None else high - high * day.usual / top
    mark = Markup('<line class="op-bar__usual" x1="{0:.1f}" x2="{1:.1f}" y1="{2:.1f}" y2="{2:.1f}"/>')
    return Markup(
        '<rect class="op-bar" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}"/>{}'
        '<text class="op-bar__day" x="{:.1f}" y="{}">{:%a}</text>'
    ).format(
        left + 4, high - tall, width - 8, tall, mark.format(left, left + width, usual) if usual != "" else "",
        left + width / 2, high + 16, day.day,
    )  # fmt: skip
