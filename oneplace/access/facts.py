"""Gathers the facts of a decision: for one person in one query, for many in one a table. Decides nothing.

Read anew at every asking: what was withdrawn, ended or signed counts from the next request on. Other files call these
by `access.queries`.
"""

import json
from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, date, datetime
from functools import cache, lru_cache
from itertools import islice

from django.db import connection

from oneplace.access import classes, roles
from oneplace.access.roles import Role
from oneplace.access.rules import (
    ONLY,
    URGENT_LINGERS,
    Actor,
    AgreementFact,
    ClassRule,
    ConsentFact,
    ConsentModel,
    Declaration,
    Facts,
    Terms,
    Tie,
)
from oneplace.kernel.clock import to_london
from oneplace.kernel.ids import PersonId

Row = tuple[str, ...]
_BATCH = 400
_NOBODY = Role("", "", False, "", frozenset())
# Every column as text, so that four tables fit one statement on both databases. The first names the table.
_TIES = """
SELECT 'tie', person, organisation_code, kind, scope, CAST(starts AS text), COALESCE(CAST(ends AS text), '')
FROM access_relationship
WHERE person IN ({people}) AND organisation_code = %s AND starts <= %s AND (ends IS NULL OR ends > %s)
"""
_CONSENTS = """
SELECT 'consent', person, information_class, choice, made_by, CAST(at AS text),
  CAST(CASE WHEN capacity THEN id ELSE -id END AS text)
FROM access_consent AS told WHERE person IN ({people}) AND takes_back_id IS NULL
  AND NOT EXISTS (SELECT 1 FROM access_consent AS back WHERE back.takes_back_id = told.id)
"""
_GLASS = """
SELECT 'glass', key, CASE WHEN over_refusal THEN 'yes' ELSE '' END, CAST(declared_at AS text),
  CAST(expires_at AS text), COALESCE(CAST(ended_at AS text), ''), ''
FROM access_breakglass
WHERE person = %s AND user_key = %s AND role = %s AND organisation_code = %s AND declared_at <= %s AND expires_at > %s
"""
_AGREEMENTS = """
SELECT 'agreement', controller_code, CAST(starts AS text), COALESCE(CAST(ends AS text), ''),
  CAST(purposes AS text), CAST(classes AS text), CAST(parties AS text)
FROM access_agreement WHERE starts <= %s AND (ends IS NULL OR ends >= %s) AND ended_at IS NULL
"""
_MODELS = "SELECT 'model', information_class, model, '', '', '', '' FROM access_consentrule"


def facts_for(actor: Actor, person: PersonId, now: datetime) -> Facts:
    """The facts of one decision, in one query."""
    role = roles.role(actor.role) or _NOBODY
    at, day = connection.ops.adapt_datetimefield_value, to_london(now).date().isoformat()
    one_of = [text.format(people="%s") for text in (_TIES, _CONSENTS)]
    statement = " UNION ALL ".join([*one_of, _GLASS, _AGREEMENTS, _MODELS])
    values = [
        *[person, _holder(actor, role), at(now), at(now - URGENT_LINGERS), person],
        *[person, actor.key, actor.role, actor.organisation_code, at(now), at(now), day, day],
    ]
    told: dict[str, list[Row]] = {"tie": [], "consent": [], "glass": [], "agreement": [], "model": []}
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        for kind, *row in cursor.fetchall():
            told[kind].append(tuple(row))
    agreements, rules = _agreements(told["agreement"]), _rules(told["model"])
    return _facts(role, person, told["tie"], told["consent"], agreements, rules, _declaration(told["glass"]))


def facts_of_many(actor: Actor, people: Collection[str], now: datetime) -> dict[str, Facts]:
    """The facts of a decision about each of many people, without emergencies: for lists and counts."""
    role = roles.role(actor.role) or _NOBODY
    at, day = connection.ops.adapt_datetimefield_value, to_london(now).date().isoformat()
    ties: dict[str, list[Row]] = {person: [] for person in people}
    consents: dict[str, list[Row]] = {person: [] for person in people}
    with connection.cursor() as cursor:
        cursor.execute(_AGREEMENTS, [day, day])
        agreements = _agreements([row[1:] for row in cursor.fetchall()])
        cursor.execute(_MODELS)
        rules = _rules([row[1:] for row in cursor.fetchall()])
        rest = iter(ties)
        while batch := list(islice(rest, _BATCH)):
            marks = ", ".join(["%s"] * len(batch))
            values = [*batch, _holder(actor, role), at(now), at(now - URGENT_LINGERS)]
            for statement, told, asked in ((_TIES, ties, values), (_CONSENTS, consents, batch)):
                cursor.execute(statement.format(people=marks), asked)
                for row in cursor.fetchall():
                    told[row[1]].append(row[1:])
    return {person: _facts(role, person, ties[person], consents[person], agreements, rules, None) for person in ties}


@cache
def ordinary_classes() -> frozenset[str]:
    """Classes that an agreement without a list shares."""
    return frozenset(one.name for one in classes.classes().values() if not one.sensitive)


def _holder(actor: Actor, role: Role) -> str:
    """Whose ties count: the organisation's, or those of the person's own people."""
    return actor.key if role.personal else actor.organisation_code


def _facts(
    role: Role,
    person: str,
    ties: Iterable[Row],
    consents: Iterable[Row],
    agreements: Mapping[str, tuple[AgreementFact, ...]],
    rules: Mapping[str, ClassRule],
    declaration: Declaration | None,
) -> Facts:
    return Facts(
        person=person,
        relationships=tuple(_tie(row) for row in ties if row[2] in classes.ties()),
        agreements=agreements,
        consents=_newest(consents),
        declaration=declaration,
        classes=rules,
        may=role.may,
        reads=role.reads,
        direct_care=role.direct_care,
        break_glass=role.break_glass,
        personal=role.personal,
    )


def _newest(rows: Iterable[Row]) -> dict[str, ConsentFact]:
    """The newest choice of each class; at one moment the row that was written last. Its number bears the capacity."""
    in_order = sorted(rows, key=lambda row: (_moment(row[4]), abs(int(row[5]))))
    return {row[1]: ConsentFact(row[1], row[2], _moment(row[4]), row[3], int(row[5]) > 0) for row in in_order}


def _tie(row: Row) -> Tie:
    kind = classes.ties()[row[2]]
    words = [word for word in row[3].split(";") if word]
    only = frozenset(word.removeprefix(ONLY) for word in words if word.startswith(ONLY))
    scope = frozenset(word for word in words if not word.startswith(ONLY))
    ends = _moment(row[5]) if row[5] else None
    return Tie(row[1], kind.name, _moment(row[4]), ends, kind.urgent, scope, kind.personal, only)


def _agreements(rows: Iterable[Row]) -> dict[str, tuple[AgreementFact, ...]]:
    found: dict[str, tuple[AgreementFact, ...]] = {}
    for controller, starts, ends, *terms in rows:
        one = AgreementFact(date.fromisoformat(starts), date.fromisoformat(ends) if ends else None, _terms(*terms))
        found[controller] = (*found.get(controller, ()), one)
    return found


@lru_cache(maxsize=1000)
def _terms(purposes: str, shared: str, parties: str) -> Terms:
    """Terms from their JSON: agreements of one template share one object, which the decision reads once."""
    return Terms(*(frozenset(json.loads(text)) for text in (purposes, shared, parties)))


def _rules(rows: Iterable[Row]) -> Mapping[str, ClassRule]:
    return _rules_by(tuple(sorted((row[0], row[1]) for row in rows)))


@lru_cache(maxsize=100)
def _rules_by(models: tuple[tuple[str, str], ...]) -> Mapping[str, ClassRule]:
    """Each class with the consent model that the place has for it. A place that says nothing: direct care with the
    right to object; a sensitive class stays explicit unless the place names it.
    """
    told = dict(models)
    general = told.get("", ConsentModel.DIRECT_CARE)
    return {
        one.name: ClassRule(
            ConsentModel(told.get(one.name, ConsentModel.EXPLICIT if one.sensitive else general)),
            one.sensitive,
            one.traced,
            one.urgent,
        )
        for one in classes.classes().values()
    }


def _declaration(rows: Iterable[Row]) -> Declaration | None:
    """The open declaration that goes furthest: over a refusal, else the one that lasts longest."""
    found = [
        Declaration(row[0], _moment(row[2]), _moment(row[3]), _moment(row[4]) if row[4] else None, bool(row[1]))
        for row in rows
    ]
    alive = [one for one in found if one.ended_at is None] or found
    return max(alive, key=lambda one: (one.over_refusal, one.expires_at), default=None)


def _moment(text: str) -> datetime:
    """A time as either database writes it in text, always in UTC."""
    at = datetime.fromisoformat(text)
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
