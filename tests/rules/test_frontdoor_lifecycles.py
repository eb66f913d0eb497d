"""Life-cycles of referral and episode: one table each, drawn in the docs."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from oneplace.frontdoor.rules import lifecycles
from oneplace.frontdoor.rules.lifecycles import EPISODE, REFERRAL, EpisodeState, ReferralState

PAGE = Path(__file__).resolve().parents[2] / "docs" / "explanation" / "response-clock.md"
TABLES = pytest.mark.parametrize(("table", "states"), [(REFERRAL, ReferralState), (EPISODE, EpisodeState)])


def reached(table, first):
    seen, front = set(), {first}
    while front:
        seen |= front
        front = {after for before in front for after in table[before]} - seen
    return seen


@TABLES
def test_each_state_is_reached_and_leads_to_an_end(table, states):
    ends = {state for state, after in table.items() if not after}
    assert set(table) == set(states) == reached(table, next(iter(table)))
    assert all(reached(table, state) & ends for state in states)


@TABLES
def test_diagram_of_the_docs_is_that_of_the_table(table, states):
    assert f"```mermaid\n{lifecycles.diagram(table)}\n```" in PAGE.read_text(encoding="utf-8")


def test_move_is_allowed_only_where_the_table_says_so():
    assert lifecycles.may_move(REFERRAL, ReferralState.IN_TRIAGE, ReferralState.ACCEPTED)
    assert not lifecycles.may_move(REFERRAL, ReferralState.RECEIVED, ReferralState.ACCEPTED)
    assert not lifecycles.may_move(EPISODE, EpisodeState.DIED, EpisodeState.ACTIVE)


def test_every_open_episode_may_end_by_death_at_once():
    for state in set(EpisodeState) - {EpisodeState.FINISHED, EpisodeState.DIED, EpisodeState.ENTERED_IN_ERROR}:
        assert EpisodeState.DIED in EPISODE[state]


@pytest.mark.parametrize(("days", "may"), [(0, True), (7, True), (7.01, False), (-1, False)])
def test_episode_reopens_within_seven_days(days, may):
    finished = datetime(2026, 1, 5, tzinfo=UTC)
    assert lifecycles.may_reopen(finished, finished + timedelta(days=days)) is may
