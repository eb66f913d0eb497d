"""Every write of access, each with its ledger row in the same transaction.

Upper rooms tell of relationships in the transaction of the event that makes them. On PostgreSQL a ledger row
holds the ledger's head until the commit, so tell of them last.
"""

import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, is_dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from django.db import connection, transaction

from oneplace.access import classes, queries, roles, rules
from oneplace.access.consents import load_consents as load_consents
from oneplace.access.consents import record_consent as record_consent
from oneplace.access.consents import repoint_consents as repoint_consents
from oneplace.access.consents import take_back_consent as take_back_consent
from oneplace.access.models import Agreement, ApiKey, ConsentRule, Employment, Relationship, User
from oneplace.access.rules import AgreementRow, ConsentModel, RelationshipRow
from oneplace.kernel import clock
from oneplace.kernel.ids import PersonId, new_key
from oneplace.ledger import actions as ledger

_BATCH = 1000
_COLUMNS = "person, organisation_code, kind, reference, starts, ends, told_at, opened_by, scope"
_VALUES = "(%s, %s, %s, %s, %s, %s, %s, %s, %s)"
# Row values compare left to right on both databases: later told wins, then an end over none, then the later start;
# last the kind, so that two tellings of one moment give one answer in whatever order they arrive.
_NEWER = (
    "(excluded.told_at, COALESCE(excluded.ends, {none}), excluded.starts, excluded.kind{bytewise})"
    " > (tie.told_at, COALESCE(tie.ends, {none}), tie.starts, tie.kind{bytewise})"
)
_WORDS = {
    "sqlite": {"none": "''", "bytewise": ""},
    "postgresql": {"none": "'-infinity'::timestamptz", "bytewise": ' COLLATE "C"'},
}


@transaction.atomic
def create_user(
    *, username: str, password: str | None, display_name: str, role: str, organisation_code: str, by: str
) -> User:
    """A member of staff who may sign in (not, while `password` is None). Raises ValueError for an unknown role."""
    if roles.role(role) is None:
        raise ValueError(f"'{role}' is no role; roles.yaml has {', '.join(sorted(roles.roles()))}")
    user = User.objects.create_user(username=username, password=password, display_name=display_name)
    Employment.objects.create(user=user, role=role, organisation_code=organisation_code, starts=clock.real_now())
    ledger.write(
        actor=by, action="create user", subject=user.key, detail={"role": role, "organisation": organisation_code}
    )
    return user


@transaction.atomic
def change_password(*, user: User, password: str, by: str) -> None:
    """Give a user a new password; sessions begun with the old one end."""
    user.set_password(password)
    user.save(update_fields=["password"])
    ledger.write(actor=by, action="change password", subject=user.key)


@transaction.atomic
def set_relationships(rows: Iterable[RelationshipRow], by: str) -> int:
    """Tell of many ties at once; returns how many changed. The same rows again, in any order, change nothing.

    One statement for each thousand, and one ledger row for the call when anything changed. Raises ValueError for a
    kind that classes.yaml doesn't declare.
    """
    newest = rules.newest_of(rows)
    strange = {row.kind for row in newest} - set(classes.ties())
    if strange:
        raise ValueError(f"'{min(strange)}' is no kind of relationship; classes.yaml has {', '.join(classes.ties())}")
    changed = sum(_upsert(batch, by) for batch in _batches(newest, _BATCH))
    if changed:
        ledger.write(
            actor=by,
            action="set relationships",
            subject=newest[0].person if len(newest) == 1 else "",
            detail={"told": len(newest), "changed": changed, "kinds": sorted({row.kind for row in newest})},
        )
    return changed


def open_relationship(
    *,
    person: PersonId,
    organisation_code: str,
    kind: str,
    reference: str,
    starts: datetime,
    by: str,
    ends: datetime | None = None,
    told_at: datetime | None = None,
    scope: tuple[str, ...] = (),
) -> bool:
    """Open one tie, or tell of it again; True when something changed."""
    row = RelationshipRow(person, organisation_code, kind, reference, starts, ends, told_at, scope)
    return bool(set_relationships([row], by))


@transaction.atomic
def close_relationship(*, organisation_code: str, kind: str, reference: str, ends: datetime, by: str) -> bool:
    """End one tie at a moment; False where there is no such tie or it already ended then."""
    tie = Relationship.objects.filter(organisation_code=organisation_code, kind=kind, reference=reference).first()
    if tie is None:
        return False
    told_at, scope = max(tie.told_at, ends, tie.starts), tuple(filter(None, tie.scope.split(";")))
    row = RelationshipRow(tie.person, organisation_code, kind, reference, tie.starts, ends, told_at, scope)
    return bool(set_relationships([row], by))


@transaction.atomic
def repoint_person(*, references: Iterable[str], person: PersonId, by: str) -> dict[str, PersonId]:
    """Move ties to the person that linkage now says they belong to. Returns who each was tied to before.

    Hand the answer's groups back to this action and the ties stand as they did: a merge undone.
    """
    before: dict[str, PersonId] = {}
    for batch in _batches(sorted(set(references)), _BATCH):
        moving = Relationship.objects.filter(reference__in=batch).exclude(person=person)
        before |= {reference: PersonId(old) for reference, old in moving.values_list("reference", "person")}
        moving.update(person=person)
    if before:
        ledger.write(
            actor=by,
            action="repoint relationships",
            subject=person,
            detail={"from": sorted(set(before.values())), "ties": len(before)},
        )
    return before


@transaction.atomic
def load_agreements(rows: Iterable[AgreementRow | Mapping[str, Any] | Any], by: str) -> int:
    """Make the agreements those that the rows tell; returns how many changed. Raises ValueError naming a bad row.

    The rows are the whole list: an agreement in force that they no longer name ends the day before, so that
    what was withdrawn stops at once. What was signed or ended on the pages outlasts the folder.
    """
    told = [row if isinstance(row, AgreementRow) else rules.agreement_from(_mapping(row)) for row in rows]
    for row in told:
        _check_agreement(row)
    changed = sum(_keep_agreement(row) for row in told)
    changed += _end_agreements_beside({(row.controller_code, row.starts) for row in told})
    if changed:
        ledger.write(actor=by, action="load agreements", detail={"told": len(told), "changed": changed})
    return changed


@transaction.atomic
def set_consent_models(models: Mapping[str, str], by: str) -> bool:
    """Make a place's consent models those told, by class ('' for all that aren't named); True when that changed any.

    Raises ValueError for a class or a model that isn't declared.
    """
    for name, model in models.items():
        if name and name not in classes.classes():
            raise ValueError(f"'{name}' is no class of information; there are {', '.join(classes.classes())}")
        if model not in set(ConsentModel):
            raise ValueError(f"'{model}' is no consent model; there are {', '.join(ConsentModel)}")
    if dict(ConsentRule.objects.values_list("information_class", "model")) == dict(models):
        return False
    ConsentRule.objects.all().delete()
    ConsentRule.objects.bulk_create(ConsentRule(information_class=name, model=model) for name, model in models.items())
    ledger.write(actor=by, action="set consent models", detail={name or "all": model for name, model in models.items()})
    return True


@transaction.atomic
def create_key(*, feed_code: str, by: str, label: str = "") -> str:
    """A new key for a feed's machine. The text is shown once: only its digest is kept."""
    key_id, secret = new_key(), secrets.token_urlsafe(32)
    ApiKey.objects.create(
        key_id=key_id,
        digest=queries.digest_of(secret),
        feed_code=feed_code,
        label=label,
        created=clock.real_now(),
    )
    ledger.write(actor=by, action="create key", subject=key_id, detail={"feed": feed_code})
    return f"{key_id}.{secret}"


@transaction.atomic
def revoke_key(*, key_id: str, by: str) -> bool:
    """Make a key worthless from now on; False where there is no such live key."""
    done = ApiKey.objects.filter(key_id=key_id, revoked__isnull=True).update(revoked=clock.real_now())
    if done:
        ledger.write(actor=by, action="revoke key", subject=key_id)
    return bool(done)


def note_use_of_key(key: ApiKey) -> None:
    """Keep when a key was last used, to the minute: one write a minute, not one a message."""
    now = clock.real_now()
    if key.last_used is None or now - key.last_used > timedelta(minutes=1):
        ApiKey.objects.filter(pk=key.pk).update(last_used=now)


def _upsert(rows: Sequence[RelationshipRow], by: str) -> int:
    """Insert or renew ties in one statement; returns how many rows changed."""
    newer = _NEWER.format(**_WORDS[connection.vendor])
    newest = ", ".join(
        f"{name} = CASE WHEN {newer} THEN excluded.{name} ELSE tie.{name} END"
        for name in ("kind", "starts", "ends", "told_at", "scope")
    )
    statement = (
        f"INSERT INTO access_relationship AS tie ({_COLUMNS}) VALUES {', '.join([_VALUES] * len(rows))} "  # noqa: S608 - our own names and placeholders, no input
        "ON CONFLICT (organisation_code, reference) DO UPDATE "
        f"SET person = excluded.person, {newest} WHERE tie.person <> excluded.person OR {newer}"
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, [value for row in rows for value in _values_of(row, by)])
        return cursor.rowcount


def _values_of(row: RelationshipRow, by: str) -> tuple[object, ...]:
    """One tie in the order of the columns, as this database's driver takes it."""
    at = connection.ops.adapt_datetimefield_value
    told_at = row.told_at or row.starts
    tie = row.organisation_code, row.kind, row.reference
    return row.person, *tie, at(row.starts), at(row.ends), at(told_at), by, ";".join(row.scope)


def _check_agreement(row: AgreementRow) -> None:
    """Raise ValueError where an agreement names a purpose or class that nothing declares: it would share nothing."""
    for what, told, known in (
        ("purpose", row.purposes, classes.purposes()),
        ("class of information", row.classes, classes.classes()),
    ):
        for word in told:
            if word not in known:
                raise ValueError(
                    f"the agreement of {row.controller_code} names '{word}', which is no {what};"
                    f" write some of: {'; '.join(known)}"
                )


def _keep_agreement(row: AgreementRow) -> bool:
    """Make one agreement stand as told; True when that changed something."""
    values = {
        "signed_on": row.signed_on,
        "ends": row.ends,
        "purposes": list(row.purposes),
        "classes": list(row.classes),
        "note": row.note,
        "parties": list(row.parties),
    }
    same_start = {"controller_code": row.controller_code, "starts": row.starts}
    if Agreement.objects.filter(**same_start).exclude(recorded_by="").exists():
        return False
    held, made = Agreement.objects.get_or_create(**same_start, defaults=values)
    changed = any(getattr(held, name) != value for name, value in values.items())
    if changed:
        Agreement.objects.filter(pk=held.pk).update(**values)
    return made or changed


def _end_agreements_beside(told: set[tuple[str, Any]]) -> int:
    """End what is in force and no longer told; an agreement that has not run a day is removed."""
    today = clock.today()
    ended = 0
    for held in Agreement.objects.filter(recorded_by=""):
        live = held.ends is None or held.ends >= today
        if not live or (held.controller_code, held.starts) in told:
            continue
        ended += 1
        if held.starts >= today:
            held.delete()
        else:
            Agreement.objects.filter(pk=held.pk).update(ends=today - timedelta(days=1))
    return ended


def _mapping(row: Any) -> Mapping[str, Any]:
    """A row's fields by name, whether it came as a mapping or as a dataclass."""
    if is_dataclass(row) and not isinstance(row, type):
        return asdict(row)
    return row if isinstance(row, Mapping) else dict(row)


def _batches(items: Iterable[Any], size: int) -> Iterator[list[Any]]:
    """The items in lists of at most `size`."""
    rest = iter(items)
    while batch := list(islice(rest, size)):
        yield batch
