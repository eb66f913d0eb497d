"""The response clock: from what happened to when contact is due, in elapsed UTC. Pure: time arrives as an argument.

Pauses are only those of the response and always say until when, so no clock is forgotten: it goes on by itself.
Source: the front door's design (Clock); 003 Frail, figure 3. What a place counts in per cent is not reckoned here.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from oneplace.frontdoor.rules.responses import Pause, Response
from oneplace.kernel.clock import LONDON

LEVELS = (50, 75, 100)  # per cent of the time: told to the owner, the duty lead, the SPR clinician with the on-call


class Happening(StrEnum):
    """What may happen to a clock."""

    STARTED = "started"
    PAUSED = "paused"
    RESUMED = "resumed"
    UPGRADED = "upgraded"
    STOPPED = "stopped"
    BREACHED = "breached"


class ClockFault(ValueError):
    """An event that can't be; the text says what, why and what to do."""


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened at an aware moment; started and upgraded name a response, paused a reason and an end."""

    kind: Happening
    at: datetime
    response: Response | None = None
    reason: Pause | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Escalation:
    """A level that is reached. `turn` counts the upgrades before it: each response has its own three levels."""

    turn: int
    level: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Clock:
    """Where a clock stands. `marks` are the moments of LEVELS, reached or to come; the last of them is `due_at`.

    `told` says that a breach was recorded: it sticks, even where a late entry shows that contact was in time.
    """

    response: Response
    started_at: datetime
    marks: tuple[datetime, ...]
    pauses: tuple[tuple[datetime, datetime], ...] = ()
    reached: tuple[Escalation, ...] = ()
    turn: int = 0
    stopped_at: datetime | None = None
    told: bool = False

    @property
    def due_at(self) -> datetime:
        """The moment by which contact is due, UTC. Once it has passed nothing moves it."""
        return self.marks[-1]

    def is_paused(self, at: datetime) -> bool:
        """True where the clock stands still at a moment."""
        return any(start <= at < end for start, end in self.pauses)

    def in_time(self, now: datetime) -> bool:
        """True where contact was, or still can be, in time; a contact at the very moment is."""
        return (self.stopped_at or now) <= self.due_at

    def is_breached(self, now: datetime) -> bool:
        """True where contact came or still stays out too late, or a breach was told."""
        return self.told or not self.in_time(now)

    def elapsed(self, now: datetime) -> timedelta:
        """How long the clock has run: real time since its start, without pauses, until contact or now."""
        end = now if self.stopped_at is None else min(now, self.stopped_at)
        still = [max(timedelta(0), min(until, end) - start) for start, until in self.pauses]
        return end - self.started_at - sum(still, timedelta(0))


def read(events: Iterable[Event], answer_cap: timedelta) -> Clock:
    """The clock after what happened, in the order of when it happened, however late it was written down.

    `answer_cap` is how long a clock may wait for an answer. Raises ClockFault for what can't be.
    """
    first, *rest = sorted(events, key=lambda event: event.at)
    if first.kind != Happening.STARTED:
        raise ClockFault(f"The clock was {first.kind} before it started. Enter the time of receipt first.")
    clock = _started(first)
    for event in rest:
        clock = _after(clock, event, answer_cap)
    return clock


def _started(event: Event) -> Clock:
    response, at = _response(event), event.at.astimezone(UTC)
    return Clock(response, at, _marks(at, at + response.target))


def _marks(begin: datetime, due: datetime) -> tuple[datetime, ...]:
    return tuple(begin + (due - begin) * level / 100 for level in LEVELS)


def _response(event: Event) -> Response:
    if event.response is None:
        raise ClockFault(f"A clock is {event.kind} for a response, and none is named. Choose one.")
    return event.response


def _after(clock: Clock, event: Event, answer_cap: timedelta) -> Clock:
    """The clock after one more event."""
    at = event.at.astimezone(UTC)
    if event.kind == Happening.BREACHED:
        return replace(clock, told=True)
    if clock.stopped_at is not None:
        raise ClockFault(f"The clock stopped at first contact, so it can't be {event.kind} afterwards. Check times.")
    if event.kind == Happening.STOPPED:
        return replace(_resumed(clock, at), stopped_at=at)
    if event.kind == Happening.RESUMED:
        return _resumed(clock, at)
    if event.kind == Happening.PAUSED:
        return _paused(clock, at, event, answer_cap)
    if event.kind == Happening.UPGRADED:
        return _upgraded(_resumed(clock, at), at, _response(event))
    raise ClockFault("The clock runs already. A second referral for the same need is linked, not started again.")


def _paused(clock: Clock, at: datetime, event: Event, answer_cap: timedelta) -> Clock:
    """Marks that are not reached yet move by the length of the pause."""
    if event.reason is None or event.reason not in clock.response.pauses:
        allowed = ", ".join(sorted(clock.response.pauses)).replace("_", " ") or "nothing"
        raise ClockFault(f"This doesn't pause {clock.response.label}: only {allowed} does. Leave the clock running.")
    if event.until is None or event.until <= event.at:
        raise ClockFault("A pause needs a time at which it ends, after it begins. Say until when.")
    if clock.is_paused(at):
        raise ClockFault("The clock is paused already. Let it go on first, then pause it for the new reason.")
    until = event.until.astimezone(UTC)
    if event.reason == Pause.SAFETY_ANSWER:
        until = min(until, at + answer_cap)
    return replace(_moved(clock, at, until - at), pauses=(*clock.pauses, (at, until)))


def _resumed(clock: Clock, at: datetime) -> Clock:
    """A pause that is over early gives the rest of its time back; one that is over changes nothing."""
    if not clock.is_paused(at):
        return clock
    start, until = clock.pauses[-1]
    return replace(_moved(clock, at, at - until), pauses=(*clock.pauses[:-1], (start, at)))


def _moved(clock: Clock, at: datetime, by: timedelta) -> Clock:
    return replace(clock, marks=tuple(mark + by if mark > at else mark for mark in clock.marks))


def _upgraded(clock: Clock, at: datetime, response: Response) -> Clock:
    """A faster response never gives more time; levels begin anew, and those that were reached stay reached."""
    reached = (*clock.reached, *_reached(clock, at))
    if at >= clock.due_at:
        return replace(clock, response=response)
    marks = _marks(at, min(clock.due_at, at + response.target))
    return replace(clock, response=response, marks=marks, reached=reached, turn=clock.turn + 1)


def _reached(clock: Clock, until: datetime) -> tuple[Escalation, ...]:
    marks = zip(LEVELS, clock.marks, strict=True)
    return tuple(Escalation(clock.turn, level, mark) for level, mark in marks if mark <= until)


def escalations_due(clock: Clock, now: datetime, told: Collection[tuple[int, int]]) -> tuple[Escalation, ...]:
    """The levels reached by now that nobody was told of, oldest first: after an outage all it kept back, each once.

    `told` holds (turn, level) of those that were. A level that contact came before is none.
    """
    end = now if clock.stopped_at is None else min(now, clock.stopped_at - timedelta.resolution)
    found = (*clock.reached, *_reached(clock, end))
    return tuple(one for one in found if (one.turn, one.level) not in told)


def entered(wall: datetime, now: datetime, second: bool = False) -> datetime:
    """The UTC moment that somebody means who enters a London date and time, as for a call written down afterwards.

    `second` tells the later of the two hours that an autumn night has twice. Raises ClockFault for an hour that a
    spring night leaves out, and for a time that is still to come.
    """
    moment = wall.replace(tzinfo=LONDON, fold=int(second)).astimezone(UTC)
    if moment.astimezone(LONDON).replace(tzinfo=None) != wall:
        raise ClockFault("That time doesn't exist: the clocks went forward over it. Enter what the clock showed.")
    if moment > now:
        raise ClockFault("That time is still to come. Enter when it happened.")
    return moment
