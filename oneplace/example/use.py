"""The care that a person used within a year and what it cost, by point of delivery.

Rates rise with age, with each long-term condition, with frailty and with deprivation: [use] and [care] of
population.toml, where the sources of rates and unit costs stand.
"""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from math import exp
from random import Random
from typing import Any

from oneplace.example.proportions import by_age
from oneplace.example.shapes import Human, Use
from oneplace.kernel.clock import age_on
from oneplace.place.folder import PlaceFolder

_MOST_CONDITIONS = 8
_WEEKS = 52


class Uses:
    """What people of a place use. Providers are the place's organisations of the kind that the table names."""

    def __init__(self, place: PlaceFolder, told: Mapping[str, Any]) -> None:
        self.kinds: dict[str, str] = {}
        for row in place.organisations:
            self.kinds.setdefault(row.kind, row.code)
        self.points = [(name, row, by_age(row["base"])) for name, row in told["use"].items()]
        self.care = [(name, row, by_age(row["share"])) for name, row in told["care"].items() if "share" in row]
        self.home = told["care"]["care-home"]
        self.spread: float = told["need"]["spread"]

    def of(
        self, human: Human, conditions: Sequence[str], counted: int, frailty: float, draw: Random, today: date
    ) -> list[Use]:
        """Use of the year to `today`, or to the day of death. `counted` is the number of long-term conditions."""
        end = human.deceased_on or today
        days = min(365, (end - human.birth_date).days)
        if days < 1:
            return []
        age, many = min(120, age_on(human.birth_date, end)), min(counted, _MOST_CONDITIONS)
        days_of_need = days * draw.lognormvariate(-self.spread * self.spread / 2, self.spread)
        found: list[Use] = []
        for name, row, base in self.points:
            rate = base[age] * _lift(row, many, frailty) * days_of_need / 365 * _only(row, conditions)
            rate *= max(0.2, 1 + row["decile"] * (5.5 - (human.decile or 5.5)))
            count = _poisson(rate, draw)
            if count:
                found += self._gathered(name, row, count, human, draw, end, days)
        return found + self._by_week(human, age, many, frailty, draw, end, days)

    def _gathered(
        self, name: str, row: Mapping[str, Any], count: int, human: Human, draw: Random, end: date, days: int
    ) -> list[Use]:
        """One use each, or where the table gathers them so many rows that share the count."""
        rows = min(count, row.get("gathered", count))
        each, over = divmod(count, rows)
        provider = human.practice_code if row["kind"] == "practice" else self.kinds.get(row["kind"], "")
        return [
            Use(
                name,
                end - timedelta(days=int(draw.random() * days)),
                row["pence"] * (each + (index < over)),
                provider,
                each + (index < over),
            )
            for index in range(rows)
        ]

    def _by_week(
        self, human: Human, age: int, many: int, frailty: float, draw: Random, end: date, days: int
    ) -> list[Use]:
        found = []
        if human.household_kind == "care-home":
            weeks = 1 + draw.randrange(max(1, min(_WEEKS, days // 7)))
            found.append(self._weeks("care-home", self.home, weeks, end))
        for name, row, shares in self.care:
            share = shares[age] * _lift(row, many, frailty)
            if human.deceased_on and "dying" in row:
                share = row["dying"]
            if share and draw.random() < share and not (name == "social-care" and found):
                longest = 5 if "dying" in row else _WEEKS
                found.append(self._weeks(name, row, 1 + draw.randrange(max(1, min(longest, days // 7))), end))
        return found

    def _weeks(self, name: str, row: Mapping[str, Any], weeks: int, end: date) -> Use:
        starts = end - timedelta(days=weeks * 7 - 1)
        return Use(name, starts, row["pence"] * weeks, self.kinds.get(row["kind"], ""), weeks)


def _lift(row: Mapping[str, Any], many: int, frailty: float) -> float:
    """The factor of a person's conditions and frailty; its mean over frailty is that of the conditions."""
    spread: float = row["frailty"]
    lift: float = row["each"] ** many * exp(spread * frailty - spread * spread / 2)
    return lift


def _only(row: Mapping[str, Any], conditions: Sequence[str]) -> float:
    """The factor of a service that hardly anyone comes to but for some conditions."""
    if "only" not in row:
        return 1.0
    return 0.25 + 6 * sum(row["only"].get(key, 0.0) for key in conditions)


def _poisson(mean: float, draw: Random) -> int:
    """A Poisson count; by the normal curve where the mean is great."""
    if mean > 30:
        return max(0, round(draw.gauss(mean, mean**0.5)))
    left, count, floor = draw.random(), 0, exp(-mean)
    while left > floor:
        count += 1
        left *= draw.random()
    return count
