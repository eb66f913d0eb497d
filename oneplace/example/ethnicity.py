"""Ethnic category of people of a household: by area, deprivation and age of its head; partners and children after it.

Codes are the NHS data dictionary's ethnic categories. Proportions: [ethnicity] and [ethnic_spread] of population.toml.
"""

from collections.abc import Mapping
from functools import cache
from itertools import accumulate
from math import exp
from random import Random
from typing import Any

from oneplace.example.addresses import Address
from oneplace.example.proportions import by_age

_WHITE, _BLACK_AFRICAN = frozenset("ABC"), frozenset("N")
_BLACK, _ASIAN = frozenset("MP"), frozenset("HJKLR")


class Ethnicities:
    """Draws categories in a place's proportions."""

    def __init__(self, told: Mapping[str, Any]) -> None:
        shares, self.spread = told["ethnicity"], told["ethnic_spread"]
        self.others = [code for code in shares if code != "A"]
        self.bounds = list(accumulate(shares[code] for code in self.others))
        self.odds = self.bounds[-1] / max(1, shares.get("A", 0))
        self.ages = by_age(self.spread["ages"])

    def of_head(self, address: Address, age: int, draw: Random) -> str:
        """The category of one who founds a household, or shares one."""
        spread = self.spread["areas"]
        factor = exp(spread * _bent(address.area_code) - spread * spread / 2)
        factor *= exp(self.spread["per_decile"] * (5.5 - (address.decile or 5.5)))
        odds = self.odds * factor * self.ages[age]
        if draw.random() * (1 + odds) >= odds:
            return "A"
        return draw.choices(self.others, cum_weights=self.bounds)[0]

    def of_partner(self, head: str, draw: Random) -> str:
        """The head's, and now and then another."""
        if draw.random() >= self.spread["partner_of_another"]:
            return head
        return "A" if head != "A" else draw.choices(self.others, cum_weights=self.bounds)[0]

    def of_child(self, one: str, other: str) -> str:
        """Of two parents' categories."""
        if one == other:
            return one
        pair = {one, other}
        if pair & _WHITE:
            for group, mixed in ((_BLACK, "D"), (_BLACK_AFRICAN, "E"), (_ASIAN, "F"), (_WHITE, "C")):
                if pair <= group | _WHITE and (group is _WHITE or pair & group):
                    return mixed
        return "G"


@cache
def _bent(area_code: str) -> float:
    """How far a small area leans from the mean: the same in each run."""
    return Random(f"ethnic|{area_code}").gauss(0, 1)
