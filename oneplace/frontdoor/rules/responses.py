"""How soon somebody is to be seen and by which profession: shapes of what a place sets, and which cells are open when.

Which responses exist, their targets, hours and pauses are data (responses.yaml); only their meaning is here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum

from oneplace.kernel import clock


class Pause(StrEnum):
    """All that may stop a response clock for a while. No staff, closed hours and no bed are never a reason."""

    SAFETY_ANSWER = "answer_needed_for_safety"
    PERSONS_CHOICE = "person_chose_a_later_time"
    UNAVAILABLE = "person_unavailable"


@dataclass(frozen=True, slots=True)
class Hours:
    """When a cell is open, London time, from `opens` until before `closes`; equal means day and night."""

    opens: time = time(0)
    closes: time = time(0)

    def hold(self, moment: datetime) -> bool:
        """True where an aware moment lies in these hours; they may run over midnight."""
        at = clock.to_london(moment).time()
        if self.opens < self.closes:
            return self.opens <= at < self.closes
        return self.opens == self.closes or at >= self.opens or at < self.closes


@dataclass(frozen=True, slots=True)
class Response:
    """One response: how long after receipt contact is due, what may pause its clock, and its leads with their hours."""

    code: str
    label: str
    target: timedelta
    pauses: frozenset[Pause]
    leads: Mapping[str, Hours]


@dataclass(frozen=True, slots=True)
class Preset:
    """The responses of a place, fastest first. `share` is the part of them, in per cent, that is to be in time.

    `first_look` says, by way of receipt, how soon somebody has looked; `answer_cap` how long a clock may wait for an
    answer of the referrer.
    """

    name: str
    label: str
    source: str
    responses: tuple[Response, ...]
    leads: Mapping[str, str]
    first_look: Mapping[str, timedelta]
    answer_cap: timedelta
    share: int | None = None

    def enabled(self, moment: datetime) -> tuple[tuple[Response, str], ...]:
        """The cells that are open at a moment, as (response, lead), fastest first."""
        return tuple(
            (each, lead) for each in self.responses for lead, hours in each.leads.items() if hours.hold(moment)
        )

    def untriaged(self, moment: datetime) -> Response:
        """What a referral is held to until somebody has triaged it: the fastest that is open.

        Where no cell is open it is the fastest of all: closed hours make nobody wait longer.
        """
        return next((response for response, _ in self.enabled(moment)), self.responses[0])

    def first_look_due(self, way: str, received_at: datetime) -> datetime:
        """By when somebody must have looked. Raises KeyError for a way of receipt that the preset doesn't name."""
        return received_at + self.first_look[way]
