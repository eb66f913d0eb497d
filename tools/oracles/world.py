"""The states of the oracle's tables as facts of the product: what an agreement "ended yesterday" is, as dates.

Only this file knows both sides; it holds no rule. `facts` makes them for `decide`, `tell` writes them to a database.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from oracles import access
from oracles.access import Situation

NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
TODAY, DAY, HOUR = date(2026, 3, 2), timedelta(days=1), timedelta(hours=1)
OWN, OTHER, THIRD = "H1", "P1", "T1"
STRANGER = "s" * 22  # another user, whose own ties are theirs
PURPOSES = (
    *("direct care", "own record", "research", "planning", "care planning", "payment", ""),
    *("emergency", "urgent care", "proxy"),  # no purpose that a record is asked for: an emergency is declared
)
# Kinds of relationship by the words that the tables have for them.
URGENT = {
    "999 incident": "999-incident",
    "111 case": "111-case",
    "out-of-hours case": "out-of-hours-case",
    "A&E attendance": "ae-attendance",
    "SPR call": "spr-call",
}
ORDINARY = {
    "registered": "registration",
    "referred": "referral",
    "on a caseload": "caseload",
    "social care case": "social-care-case",
    "in hospice care": "hospice-care",
    "in the team": "team",
    "on an MDT's list": "mdt",
}
_OFTEN = {
    "purpose": ("direct care",) * 12,
    "agreement": ("in force",) * 14 + ("emergency line alone",) * 3,
    "tie": ("current",) * 24 + ("urgent open",) * 4 + ("none",) * 8,
    "consent": ("class given", "all given", "not asked") * 3,
    "glass": ("none",) * 8 + ("open", "over refusal") * 2,
    "controller": ("other",) * 3,
}


def situations(count: int, seed: int) -> Iterator[Situation]:
    """So many cells, seeded; states that open something come more often, so that each rule is met."""
    randomness = random.Random(seed)
    dimensions: dict[str, tuple[str, ...]] = {
        "role": tuple(access.roles()),
        "information_class": tuple(access.classes()),
        "purpose": PURPOSES,
        "controller": ("own", "other"),
        "agreement": access.states("agreement"),
        "tie": access.states("tie"),
        "consent": access.states("consent"),
        "glass": access.states("glass"),
        "model": ("explicit", "direct-care"),
    }
    chosen = {name: values + _OFTEN.get(name, ()) for name, values in dimensions.items()}
    for _ in range(count):
        told = {name: randomness.choice(values) for name, values in chosen.items()}
        personal = access.roles()[told["role"]]["kind"] == "personal"
        if personal:
            told["controller"] = "other"  # a person has no organisation of their own
        if personal and randomness.random() < 0.8:
            told["purpose"] = "own record"
            told["tie"] = randomness.choice([state for state in access.states("tie") if state[:4] in ("self", "prox")])
            told["agreement"] = randomness.choice((told["agreement"], "in force"))
        yield told  # type: ignore[misc]


@dataclass(frozen=True)
class World:
    """The rows that a situation stands for, in plain values."""

    ties: list[dict[str, Any]]
    agreements: list[dict[str, Any]]
    consents: list[tuple[str, str, datetime, bool]]  # class, choice, when, capacity
    glass: dict[str, Any] | None


def world(told: Situation, user: str, now: datetime = NOW) -> World:
    """What stands in the tables in this situation, for a user with this key."""
    glass = _glass(told["glass"], now)
    return World(
        _ties(told, user, now),
        list(_agreements(told["agreement"], told["information_class"], now.date())),
        list(_consents(told["consent"], told["information_class"], now)),
        glass,
    )


def _ties(told: Situation, user: str, now: datetime) -> list[dict[str, Any]]:
    """The rows of a state of the dimension tie."""
    found = _plain_ties(now) | _urgent_ties(now) | _personal_ties(told["information_class"], user, now)
    return found[told["tie"]]


def _plain_ties(now: datetime) -> dict[str, list[dict[str, Any]]]:
    own = {"organisation_code": OWN, "kind": "visit", "starts": now - 3 * DAY, "ends": None}
    ended = own | {"ends": now - HOUR}
    return {
        "none": [],
        "current": [own],
        "begins this moment": [own | {"starts": now}],
        "ends in an hour": [own | {"ends": now + HOUR}],
        "ended this moment": [own | {"ends": now}],
        "ended": [ended],
        "not begun": [own | {"starts": now + HOUR}],
        "of another organisation": [own | {"organisation_code": THIRD}],
        **{words: [own | {"kind": kind}] for words, kind in ORDINARY.items()},
        **{f"{words} until an hour ago": [ended | {"kind": kind}] for words, kind in ORDINARY.items()},
    }


def _urgent_ties(now: datetime) -> dict[str, list[dict[str, Any]]]:
    own = {"organisation_code": OWN, "kind": "visit", "starts": now - 3 * DAY, "ends": None}
    urgent = own | {"kind": "111-case"}
    found = {
        "urgent open": [urgent],
        "urgent closed 23 h ago": [urgent | {"ends": now - 23 * HOUR}],
        "urgent closed 24 h ago": [urgent | {"ends": now - 24 * HOUR}],
        "urgent and current": [urgent, own],
        "urgent open, current ended": [urgent, own | {"ends": now - HOUR}],
        "urgent closed long ago and another open": [urgent | {"ends": now - 2 * DAY}, urgent | {"kind": "spr-call"}],
        "urgent closed 23 h ago and current": [urgent | {"ends": now - 23 * HOUR}, own],
        "urgent here, current elsewhere": [urgent, own | {"organisation_code": THIRD}],
    }
    for words, kind in URGENT.items():
        case = own | {"kind": kind}
        found |= {
            f"{words} open": [case],
            f"{words} closes in an hour": [case | {"ends": now + HOUR}],
            f"{words} closed this moment": [case | {"ends": now}],
            f"{words} closed 23 h ago": [case | {"ends": now - 23 * HOUR}],
            f"{words} closed 24 h ago": [case | {"ends": now - 24 * HOUR}],
            f"{words} not begun": [case | {"starts": now + HOUR}],
            f"{words} of another organisation": [case | {"organisation_code": THIRD}],
        }
    return found


def _personal_ties(scope: str, user: str, now: datetime) -> dict[str, list[dict[str, Any]]]:
    other = "plan" if scope != "plan" else "hospital"
    self_ = {"organisation_code": user, "kind": "self", "starts": now - 3 * DAY, "ends": None}
    proxy = self_ | {"kind": "proxy"}
    with_it, without = proxy | {"scope": (scope, other)}, proxy | {"scope": (other,)}
    return {
        "self": [self_],
        "self ended": [self_ | {"ends": now - HOUR}],
        "self not begun": [self_ | {"starts": now + HOUR}],
        "self begins this moment": [self_ | {"starts": now}],
        "self of another": [self_ | {"organisation_code": STRANGER}],
        "proxy with the class": [with_it],
        "proxy without the class": [without],
        "proxy without scope": [proxy],
        "proxy ended": [with_it | {"ends": now - HOUR}],
        "proxy last hour": [with_it | {"ends": now + HOUR}],
        "proxy not begun": [with_it | {"starts": now + HOUR}],
        "proxy of another": [with_it | {"organisation_code": STRANGER}],
        "proxy twice, one with the class": [without, with_it],
        "proxy with the class ended, without it in force": [with_it | {"ends": now - HOUR}, without],
        "self and proxy without the class": [self_, without],
    }


def _agreements(state: str, scope: str, today: date) -> Iterator[dict[str, Any]]:
    other = "plan" if scope != "plan" else "hospital"
    whole = {
        "controller_code": OTHER,
        "starts": today - 100 * DAY,
        "ends": None,
        "purposes": ("direct care", "own record"),
        "classes": tuple({"gp-record", "gp-summary", "identity", scope}),
        "parties": (),
    }
    ended, line = whole | {"ends": today - DAY}, whole | {"purposes": ("emergency",)}
    rows: dict[str, list[dict[str, Any]]] = {
        "none": [whole | {"controller_code": THIRD}],
        "in force": [whole],
        "first day": [whole | {"starts": today}],
        "last day": [whole | {"ends": today}],
        "ended yesterday": [ended],
        "begins tomorrow": [whole | {"starts": today + DAY}],
        "other purpose": [whole | {"purposes": ("research", "planning")}],
        "other class": [whole | {"classes": (other,)}],
        "other parties": [whole | {"parties": (THIRD,)}],
        "this party": [whole | {"parties": (THIRD, OWN)}],
        "old and new": [ended, whole | {"starts": today}],
        "silent": [whole | {"purposes": (), "classes": ()}],
        "emergency line alone": [line],
        "emergency line of other class": [line | {"classes": (other,)}],
        "emergency line silent of classes": [line | {"classes": ()}],
        "emergency line of other parties": [line | {"parties": (THIRD,)}],
        "emergency line ended yesterday": [line | {"ends": today - DAY}],
        "emergency line begins tomorrow": [line | {"starts": today + DAY}],
        "emergency line beside direct care": [whole | {"purposes": ("direct care", "emergency")}],
        "emergency line for more classes": [whole | {"classes": (other,)}, line | {"classes": (scope,)}],
        "urgent care": [whole | {"purposes": ("urgent care",)}],
    }
    yield from rows[state]


def _consents(state: str, scope: str, now: datetime) -> Iterator[tuple[str, str, datetime, bool]]:
    other = "plan" if scope != "plan" else "hospital"
    first, then = now - 2 * DAY, now - DAY
    rows: dict[str, list[tuple[str, str, datetime, bool]]] = {
        "not asked": [],
        "class given": [(scope, "given", first, True)],
        "all given": [("", "given", first, True)],
        "class refused": [(scope, "refused", first, True)],
        "class refused by attorney": [(scope, "refused", first, False)],
        "class given then withdrawn": [(scope, "given", first, True), (scope, "withdrawn", then, True)],
        "class refused then given": [(scope, "refused", first, True), (scope, "given", then, True)],
        "all refused": [("", "refused", first, True)],
        "all given then class refused": [("", "given", first, True), (scope, "refused", then, True)],
        "class refused then all given": [(scope, "refused", first, True), ("", "given", then, True)],
        "class given then all withdrawn": [(scope, "given", first, True), ("", "withdrawn", then, True)],
        "all refused then class given": [("", "refused", first, True), (scope, "given", then, True)],
        "other class given": [(other, "given", first, True)],
    }
    yield from rows[state]


def _glass(state: str, now: datetime) -> dict[str, Any] | None:
    declared = {
        "declared_at": now - HOUR / 2,
        "expires_at": now + HOUR / 2,
        "ended_at": None,
        "over_refusal": False,
    }
    return {
        "none": None,
        "open": declared,
        "over refusal": declared | {"over_refusal": True},
        "expired this moment": declared | {"expires_at": now},
        "ended early": declared | {"ended_at": now - HOUR / 4},
        "ended after it expired": declared | {"expires_at": now - HOUR / 4, "ended_at": now + HOUR / 4},
        "not begun": declared | {"declared_at": now + HOUR / 4},
    }[state]


def facts(told: Situation, user: str, person: str) -> Any:
    """The situation as the facts of one decision."""
    from oneplace.access import classes, roles, rules

    here, kinds = world(told, user), classes.ties()
    role = roles.role(told["role"]) or roles.Role("", "", False, "", frozenset())
    agreements: dict[str, tuple[Any, ...]] = {}
    for row in here.agreements:
        terms = rules.Terms(*(frozenset(row[name]) for name in ("purposes", "classes", "parties")))
        held = agreements.get(row["controller_code"], ())
        agreements[row["controller_code"]] = (*held, rules.AgreementFact(row["starts"], row["ends"], terms))
    consents = {}
    for name, choice, at, capacity in here.consents:
        consents[name] = rules.ConsentFact(name, choice, at, capacity=capacity)
    return rules.Facts(
        person,
        tuple(
            rules.Tie(
                tie["organisation_code"], tie["kind"], tie["starts"], tie["ends"], kinds[tie["kind"]].urgent,
                frozenset(tie.get("scope", ())), kinds[tie["kind"]].personal,
            )
            for tie in here.ties
        ),
        agreements,
        consents,
        rules.Declaration("d1", **here.glass) if here.glass else None,
        {
            name: rules.ClassRule(rules.ConsentModel(told["model"]), one.sensitive, one.traced, one.urgent)
            for name, one in classes.classes().items()
        },
        role.may,
        role.reads,
        role.direct_care,
        role.break_glass,
        role.personal,
    )  # fmt: skip


def decided(told: Situation) -> str:
    """What the product decides of a situation, in the oracle's words."""
    from oneplace.access import rules

    personal = access.roles()[told["role"]]["kind"] == "personal"
    actor = rules.Actor("u" * 22, "n", told["role"], "" if personal else OWN)
    controller = OWN if told["controller"] == "own" else OTHER
    found = rules.decide_cell(
        actor, facts(told, actor.key, "p"), "p", controller, told["information_class"], told["purpose"], NOW
    )
    if isinstance(found, rules.Permit):
        return "permit"
    if isinstance(found, rules.Locked):
        return "locked with glass" if found.break_glass else "locked"
    return "not found"
