"""A result's small trend picture: where the points, the line and the reference band stand in a small SVG.

The template writes the SVG; this is its geometry and its words. The same points stand in a table beneath it.
"""

from dataclasses import dataclass
from datetime import datetime

from oneplace.kernel.clock import to_london
from oneplace.record.presenters.words import (
    against_range,
    ago_words,
    counted,
    number_words,
    range_words,
    sources_words,
    when_words,
    with_unit,
)
from oneplace.record.shapes import Trend

WIDTH, HEIGHT, PAD = 132, 36, 5
_MOST_POINTS = 40  # in the picture and its table; older ones are on the result's own page
Points = tuple[tuple[datetime, float], ...]


@dataclass(frozen=True, slots=True)
class Picture:
    """An SVG in numbers: the line, the latest dot, the dots out of range, the band of the reference range."""

    label: str
    line: str
    last: tuple[float, float]
    outside: tuple[tuple[float, float], ...]
    band_top: float | None
    band_height: float


@dataclass(frozen=True, slots=True)
class TrendRow:
    """One measured thing: the latest value in words, its picture, and every point for the table."""

    key: str
    title: str
    latest: str
    flag: str  # High | Low | ''
    range: str
    date: str
    ago: str
    source: str
    picture: Picture | None
    points: tuple[tuple[str, str, str], ...]  # date, value, High | Low | ''


def trend_row(trend: Trend, now: datetime) -> TrendRow:
    """One measured thing as its row of the results panel."""
    item, points = trend.latest, trend.points[-_MOST_POINTS:]
    return TrendRow(
        key=item.key,
        title=trend.display,
        latest=with_unit(item.value, item.value_text, trend.unit or item.unit) or "See the report",
        flag=against_range(item.value, trend.low, trend.high),
        range=range_words(trend.low, trend.high) or str(item.detail.get("range", "")),
        date=when_words(item.happened_at, day_only=item.day_only),
        ago=ago_words(item.happened_at, now, day_only=item.day_only),
        source=sources_words(item, now),
        picture=picture(trend, points) if len(points) > 1 else None,
        points=_table(trend, points) if len(points) > 1 else (),
    )


def picture(trend: Trend, points: Points) -> Picture:
    """The geometry of one trend of two points or more."""
    bottom, top = _scale(points, trend.low, trend.high)
    across, down = _across(points), _down(bottom, top)
    places = tuple((across(moment), down(value)) for moment, value in points)
    outside = tuple(
        place for place, (_, value) in zip(places, points, strict=True) if against_range(value, trend.low, trend.high)
    )
    band_top, band_height = _band(trend, bottom, top)
    line = " ".join(f"{x:g},{y:g}" for x, y in places)
    return Picture(_label(trend, points), line, places[-1], outside, band_top, band_height)


def _scale(points: Points, low: float | None, high: float | None) -> tuple[float, float]:
    """The values at the foot and the head: all points, and the edges of the range that are near enough to show."""
    values = [value for _, value in points]
    least, most = min(values), max(values)
    reach = (most - least) or abs(most) * 0.1 or 1.0
    edges = [edge for edge in (low, high) if edge is not None and least - 1.5 * reach <= edge <= most + 1.5 * reach]
    bottom, top = min(least, *edges, least), max(most, *edges, most)
    return (bottom, top) if top > bottom else (bottom - reach, top + reach)


def _across(points: Points):
    first, last = points[0][0], points[-1][0]
    span = (last - first).total_seconds()
    width = WIDTH - 2 * PAD
    # Points of one moment stand side by side rather than all on the edge.
    return lambda moment: round(PAD + width * ((moment - first).total_seconds() / span if span else 0.5), 1)


def _down(bottom: float, top: float):
    return lambda value: round(PAD + (HEIGHT - 2 * PAD) * (1 - (value - bottom) / (top - bottom)), 1)


def _band(trend: Trend, bottom: float, top: float) -> tuple[float | None, float]:
    """Top and height of the reference band; an open side reaches to the edge of the picture."""
    if trend.low is None and trend.high is None:
        return None, 0.0
    down = _down(bottom, top)
    head = max(0.0, down(trend.high)) if trend.high is not None else 0.0
    foot = min(float(HEIGHT), down(trend.low)) if trend.low is not None else float(HEIGHT)
    return (head, round(foot - head, 1)) if foot > head else (None, 0.0)


def _label(trend: Trend, points: Points) -> str:
    """The picture in one sentence, for those who don't see it."""
    values = [value for _, value in points]
    known = range_words(trend.low, trend.high)
    flag = against_range(values[-1], trend.low, trend.high)
    where = {"High": "above", "Low": "below", "": "within"}[flag]
    return (
        f"{trend.display}: {counted(len(points), 'value')} from {when_words(points[0][0])} to "
        f"{when_words(points[-1][0])}, lowest {number_words(min(values))}, highest {number_words(max(values))}, "
        f"latest {number_words(values[-1])} {trend.unit}".rstrip()
        + (f", {where} the reference range ({known})" if known else "")
    )


def _table(trend: Trend, points: Points) -> tuple[tuple[str, str, str], ...]:
    return tuple(
        (when_words(to_london(moment)), number_words(value), against_range(value, trend.low, trend.high))
        for moment, value in reversed(points)
    )
