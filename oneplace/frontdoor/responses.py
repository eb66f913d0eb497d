"""The presets of responses as `responses.yaml` declares them: read once, checked whole."""

from collections.abc import Mapping
from datetime import time, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from oneplace.frontdoor.rules.responses import Hours, Pause, Preset, Response

_FILE = Path(__file__).with_name("responses.yaml")


class BadResponses(ValueError):
    """The file of responses can't be used; the text names the preset, the fault and the cure."""


@cache
def presets() -> Mapping[str, Preset]:
    """Every preset that ships, by name."""
    return presets_of(_FILE.read_text(encoding="utf-8"))


def presets_of(text: str) -> dict[str, Preset]:
    """The presets of a YAML text. Raises BadResponses."""
    found = {}
    for name, row in yaml.safe_load(text).items():
        try:
            found[name] = _preset(name, row)
        except (KeyError, TypeError, ValueError, AttributeError) as fault:
            raise BadResponses(f"Preset '{name}' can't be used: {fault}. Mend it as 'papers' has it.") from fault
    return found


def _preset(name: str, row: dict[str, Any]) -> Preset:
    responses = [_response(code, one) for code, one in row["responses"].items()]
    unknown = {lead for one in responses for lead in one.leads} - set(row["leads"])
    if unknown:
        raise ValueError(f"no lead is called {', '.join(sorted(unknown))}")
    return Preset(
        name,
        row["label"],
        row["source"],
        tuple(sorted(responses, key=lambda one: one.target)),
        row["leads"],
        {way: timedelta(minutes=minutes) for way, minutes in row["first_look_minutes"].items()},
        timedelta(minutes=row["answer_cap_minutes"]),
        row.get("share"),
    )


def _response(code: str, row: dict[str, Any]) -> Response:
    if row["hours"] <= 0:
        raise ValueError(f"'{code}' gives no time")
    pauses = frozenset(Pause(reason) for reason in row["pauses"])
    leads = {lead: _hours(hours) for lead, hours in row["leads"].items()}
    return Response(code, row["label"], timedelta(hours=row["hours"]), pauses, leads)


def _hours(words: str) -> Hours:
    if words == "always":
        return Hours()
    opens, _, closes = words.partition("-")
    return Hours(time.fromisoformat(opens), time.fromisoformat(closes))
