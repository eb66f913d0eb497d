"""Who signs in to the demo: its staff, the person herself and her family, with passwords that are new at each start.

Passwords are printed and kept nowhere; what the sign-in page offers is handed back without them.
"""

import secrets
from typing import Any

from rich.console import Console
from rich.table import Table

from oneplace import example
from oneplace.access import actions, own, queries, roles, users
from oneplace.access.commands import OPERATOR
from oneplace.access.rules import Actor
from oneplace.kernel import clock
from oneplace.kernel.ids import PersonId
from oneplace.record import tracing

_BY = Actor(OPERATOR, OPERATOR, "", "")
_CHECK = own.Check("vouched", "made up with the demo")


def make(place_folder: Any) -> list[dict[str, Any]]:
    """The staff of the demo, printed with their passwords; the rows of the sign-in page."""
    names = {row.code: row.name for row in place_folder.organisations}
    return _printed([one for one in example.personas(place_folder) if one.organisation_code], names, _employed)


def tie(place_folder: Any, listed: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The people themselves and those who act for them, now that their records are in; all rows in their order."""
    names = {row.code: row.name for row in place_folder.organisations}
    told = example.personas(place_folder)
    for one in told:
        if one.of and one.organisation_code:
            _refer(one)
    rows = listed + _printed([one for one in told if one.of and not one.organisation_code], names, _tied)
    order = [one.key for one in told]
    return sorted(rows, key=lambda row: order.index(row["key"]))


def _printed(told: list[Any], names: dict[str, str], made: Any) -> list[dict[str, Any]]:
    table = Table("Who", "Role", "User name", "Password", title="Who signs in (passwords are new at each start)")
    rows = []
    for one in told:
        password = secrets.token_urlsafe(9)
        if queries.user_key(one.key) or made(one):
            user = queries.users().get(username=one.key)
            actions.change_password(user=user, password=password, by=OPERATOR)
            row = _row(one, names)
            table.add_row(
                one.name, ", ".join(filter(None, (row["role_label"], row["organisation_name"]))), one.key, password
            )
            rows.append(row)
    if rows:
        Console(stderr=True).print(table)
    return rows


def _row(one: Any, names: dict[str, str]) -> dict[str, Any]:
    """What the sign-in page shows of one."""
    role = roles.role(one.role)
    return {
        "key": one.key,
        "username": one.key,
        "name": one.name,
        "role": one.role,
        "role_label": role.label if role else one.role,
        "organisation_code": one.organisation_code,
        "organisation_name": names.get(one.organisation_code, ""),
        "what_to_try": one.what_to_try,
        "group": one.group,
        "hats": 1 + len(one.also),
    }


def _employed(one: Any) -> bool:
    """A member of staff with every hat of theirs."""
    who = {"display_name": one.name, "role": one.role, "organisation_code": one.organisation_code}
    actions.create_user(username=one.key, password=None, by=OPERATOR, **who)
    for role, organisation in one.also:
        users.employ(username=one.key, role=role, organisation_code=organisation, team="", by=_BY)
    return True


def _tied(one: Any) -> bool:
    """A sign-in of the person, or of somebody who acts for them; False while there is no such person."""
    person = _person(one.of)
    if person is None:
        return False
    who = {"person": person, "username": one.key, "name": one.name, "check": _CHECK, "by": _BY}
    if one.scope:
        own.give_proxy_access(**who, agreed=own.Agreed(one.scope, "agreed", clock.now()))
    else:
        own.give_own_access(**who)
    return True


def _refer(one: Any) -> None:
    """The person was referred to this organisation on paper: no feed of the demo tells of it."""
    person, reference = _person(one.of), f"demo:{one.of}"
    if person is not None and reference not in queries.ties_of([person], ["referral"]):
        actions.open_relationship(
            person=person,
            organisation_code=one.organisation_code,
            kind="referral",
            reference=reference,
            starts=clock.now(),
            by=OPERATOR,
        )


def _person(story: str) -> PersonId | None:
    """The key of somebody of the stories; None where they are not in."""
    found = [one for one in tracing.trace(_BY, example.story_numbers()[story]) if one.linked]
    return found[0].person_id if found else None
