"""Clerical review of links: what waits, both sides of a case, what somebody decides, and taking that back.

Identity work is done by data managers, who open nobody's clinical record: a case shows who the sources say the person
is and no fact of care. Each look at a case and each decision is in the ledger, in the same transaction.
Source: record.md, Identity (a clerical review queue shows both sides and reasons; merge and un-merge).
"""

from dataclasses import dataclass
from datetime import date, datetime

from django.db import transaction

from oneplace.access.rules import Actor
from oneplace.kernel import clock
from oneplace.ledger import actions as ledger
from oneplace.record import identity, rules
from oneplace.record.ingest import repoint
from oneplace.record.models import LinkDecision, LinkScore, LocalPatient, PatientPostcode, PersonName, ReviewTask

PURPOSE = "linking records"
FIELDS = {
    "given": "Given name",
    "family": "Surname",
    "birth_date": "Date of birth",
    "postcodes": "Postcode",
    "sex": "Sex",
}
"""What likeness compares (`record.linkage`), in its order, and what staff call it."""


class CannotDecide(Exception):
    """The decision can't be taken; the text says why and what to do instead."""


@dataclass(frozen=True, slots=True)
class ReviewLine:
    """One link that waits to be judged. Says nothing of the person but the source's own patient key."""

    key: str
    reason: str
    link: str  # provisional | held
    source_code: str
    raised_at: datetime


@dataclass(frozen=True, slots=True)
class Side:
    """What one source says of who its patient is."""

    patient: int
    source_code: str
    source_name: str
    local_id: str
    names: tuple[str, ...]  # the current one first
    birth_date: date | None
    sex: str
    nhs_number: str
    verified: bool
    address: str
    postcodes: tuple[str, ...]  # the current one first
    practice_code: str
    told_at: datetime | None


@dataclass(frozen=True, slots=True)
class Evidence:
    """One thing that both sides tell, or one of them doesn't."""

    what: str
    verdict: str  # agree | like | differ | missing


@dataclass(frozen=True, slots=True)
class ScoreLine:
    """How like the patient is to the person most like it; weights in bits, each a doubling of the odds."""

    probability: float
    bits: float
    gap: float
    fields: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class ReviewCase:
    """Both sides of one link, the evidence, and what was decided before."""

    key: str
    link: str
    reason: str
    open: bool
    side: Side
    others: tuple[Side, ...]  # those of the person that the number, or the link, leads to
    evidence: tuple[Evidence, ...]  # against the first of the others
    decisions: tuple["DecisionLine", ...]
    score: ScoreLine | None = None  # against the person most like, where that is who stands on the other side


@dataclass(frozen=True, slots=True)
class DecisionLine:
    """One decision: who, when, what, why, and whether it was taken back."""

    key: str
    case: str
    same: bool
    reason: str
    by_name: str
    at: datetime
    undone_at: datetime | None


def queue(link: str = "", offset: int = 0, limit: int = 50) -> tuple[list[ReviewLine], int]:
    """The links that wait, oldest first, of one kind or all; and how many there are."""
    waiting = ReviewTask.objects.filter(closed_at=None)
    waiting = waiting.filter(patient__link=link) if link else waiting
    columns = ("key", "reason", "patient__link", "patient__source__code", "raised_at")
    rows = waiting.order_by("raised_at", "pk").values_list(*columns)
    return [ReviewLine(*row) for row in rows[offset : offset + limit]], waiting.count()


def decisions(limit: int = 20) -> list[DecisionLine]:
    """The newest decisions, standing or taken back."""
    return [_decision(row) for row in LinkDecision.objects.select_related("patient__review").order_by("-at")[:limit]]


@transaction.atomic
def case(actor: Actor, key: str) -> ReviewCase | None:
    """Both sides of a case; None where there is none. The look is in the ledger."""
    task = _task(key)
    if task is None:
        return None
    found = _case(task)
    _note(actor, "open linkage case", task, {})
    return found


@transaction.atomic
def decide(actor: Actor, key: str, *, same: bool, reason: str) -> None:
    """Judge a case: the two are one person, or not. Raises CannotDecide where that is not possible."""
    task = _task(key)
    if task is None:
        raise CannotDecide(
            "There is no such case: it may have been settled by a newer message. Look at the list again."
        )
    if not reason.strip():
        raise CannotDecide("Say why: the reason is what the next person goes by.")
    others = _others(task.patient)
    if not others:
        raise CannotDecide("There is nobody to link this patient to. It stays by itself until a source tells more.")
    _stand(actor, task.patient, others[0], same, reason.strip()[:400])
    _note(actor, "link by decision" if same else "keep apart by decision", task, {"other": others[0].pk})


@transaction.atomic
def merge(actor: Actor, *, source: str, local_id: str, other_source: str, other_local_id: str, reason: str) -> None:
    """Link two sources' patients by hand. Raises CannotDecide where one isn't known, or two numbers speak against."""
    one, other = _patient(source, local_id), _patient(other_source, other_local_id)
    if one == other:
        raise CannotDecide("That is one and the same patient of one source.")
    if one.person_id == other.person_id:
        raise CannotDecide("These two are one person already.")
    _stand(actor, one, other, True, reason)
    _write(actor, "link by hand", other.person.key if other.person else "", {"patients": [one.pk, other.pk]})


def _patient(source: str, local_id: str) -> LocalPatient:
    rows = LocalPatient.objects.select_related("source", "person")
    found = rows.filter(source__code=source.strip().upper(), local_id=local_id.strip()).first()
    if found is None:
        raise CannotDecide(f"{source.strip().upper()[:20]} has told of no patient with that id. Check both.")
    return found


@transaction.atomic
def undo(actor: Actor, key: str) -> bool:
    """Take a decision back: links stand as they would without it. False where it was taken back before."""
    decision = LinkDecision.objects.select_for_update().filter(key=key, undone_at=None).first()
    if decision is None:
        return False
    decision.undone_at, decision.undone_by = clock.now(), actor.key
    decision.save(update_fields=["undone_at", "undone_by"])
    _settle(actor, decision.patient_id, decision.other_id)
    _write(actor, "take back linkage decision", key)
    return True


def _stand(actor: Actor, patient: LocalPatient, other: LocalPatient, same: bool, reason: str) -> None:
    numbers = {one.link_number for one in (patient, other)} - {""}
    if same and len(numbers) > 1:
        raise CannotDecide(
            "The two have different valid NHS numbers, which are never linked. "
            "Ask the source to correct the wrong one; the link then follows by itself."
        )
    now = clock.now()
    LinkDecision.objects.filter(patient=patient, other=other, undone_at=None).update(undone_at=now, undone_by=actor.key)
    LinkDecision.objects.create(
        patient=patient, other=other, same=same, reason=reason, by=actor.key, by_name=actor.name, at=now
    )
    _settle(actor, patient.pk, other.pk)


def _settle(actor: Actor, *patients: int) -> None:
    repoint(identity.link({patient: set() for patient in patients}, clock.now()), actor.key)


def _note(actor: Actor, action: str, task: ReviewTask, detail: dict[str, object]) -> None:
    subject = task.patient.person.key if task.patient.person else task.key
    _write(actor, action, subject, {"case": task.key, **detail})


def _write(actor: Actor, action: str, subject: str, detail: dict[str, object] | None = None) -> None:
    ledger.write(
        actor=actor.key,
        role=actor.role,
        organisation=actor.organisation_code,
        action=action,
        subject=subject,
        purpose=PURPOSE,
        detail=detail,
    )


def _task(key: str) -> ReviewTask | None:
    return ReviewTask.objects.select_related("patient__source", "patient__person").filter(key=key).first()


def _others(patient: LocalPatient) -> list[LocalPatient]:
    """The other side: holders of the same number, else those it stands with, is most like or was judged against."""
    rows = LocalPatient.objects.select_related("source").exclude(pk=patient.pk)
    same_number = rows.filter(link_number=patient.link_number, person__nhs_number=patient.link_number)
    found = sorted(same_number, key=lambda one: one.rank) if patient.link_number else []
    found = found or sorted(rows.filter(person=patient.person_id), key=lambda one: one.rank)
    alike = rows.filter(person__patients__in=LinkScore.objects.filter(patient=patient).values("other"))
    found = found or sorted(alike.distinct(), key=lambda one: one.rank)
    judged = LinkDecision.objects.filter(patient=patient).values_list("other", flat=True)
    return found or sorted(rows.filter(pk__in=judged), key=lambda one: one.rank)


def _score(patient: LocalPatient, others: list[LocalPatient]) -> ScoreLine | None:
    score = LinkScore.objects.filter(patient=patient, other__in=others).first()
    if score is None:
        return None
    return ScoreLine(score.probability, score.bits, score.gap, tuple((name, bits) for name, bits in score.fields))


def _case(task: ReviewTask) -> ReviewCase:
    patient, others = task.patient, _others(task.patient)
    mine, theirs = _side(patient), tuple(_side(other) for other in others)
    made = LinkDecision.objects.select_related("patient__review").filter(patient=patient).order_by("-at")
    return ReviewCase(
        key=task.key,
        link=patient.link,
        reason=task.reason,
        open=task.closed_at is None,
        side=mine,
        others=theirs,
        evidence=_evidence(mine, theirs[0]) if theirs else (),
        decisions=tuple(_decision(row) for row in made),
        score=_score(patient, others),
    )


def _decision(row: LinkDecision) -> DecisionLine:
    review = getattr(row.patient, "review", None)
    return DecisionLine(row.key, review.key if review else "", row.same, row.reason, row.by_name, row.at, row.undone_at)


def _side(patient: LocalPatient) -> Side:
    former = PersonName.objects.filter(patient=patient).values_list("family", "given")
    current = (rules.comparable(patient.family), rules.first_word(patient.given))
    names = [f"{patient.family.upper()}, {patient.given}".strip(", ")]
    names += [
        f"{family.upper()}, {given.title()}".strip(", ") for family, given in former if (family, given) != current
    ]
    codes = PatientPostcode.objects.filter(patient=patient).exclude(postcode=patient.postcode)
    return Side(
        patient=patient.pk,
        source_code=patient.source.code,
        source_name=patient.source.name,
        local_id=patient.local_id,
        names=tuple(name for name in names if name),
        birth_date=patient.birth_date,
        sex=patient.sex,
        nhs_number=patient.nhs_number,
        verified=patient.number_verified,
        address=patient.address,
        postcodes=tuple(code for code in (patient.postcode, *codes.values_list("postcode", flat=True)) if code),
        practice_code=patient.practice_code,
        told_at=patient.version_at,
    )


def _evidence(mine: Side, theirs: Side) -> tuple[Evidence, ...]:
    """Field by field: what speaks for one person and what against."""
    ours, yours = _parts(mine), _parts(theirs)
    return (
        Evidence("NHS number", _same(mine.nhs_number, theirs.nhs_number)),
        Evidence("Date of birth", _same(mine.birth_date, theirs.birth_date)),
        Evidence("Surname", _alike(ours[0], yours[0], rules.alike(ours[0], yours[0], rules.FAMILY_ALIKE))),
        Evidence("Given name", _alike(ours[1], yours[1], rules.given_alike(ours[1], yours[1]))),
        Evidence("Sex", _same(mine.sex, theirs.sex)),
        Evidence("Postcode", _shared(mine.postcodes, theirs.postcodes)),
        Evidence("Practice", _same(mine.practice_code, theirs.practice_code)),
    )


def _parts(side: Side) -> tuple[set[str], set[str]]:
    told = [name.partition(", ") for name in side.names]
    return {rules.comparable(one[0]) for one in told}, {rules.first_word(one[2]) for one in told} - {""}


def _same(one: object, other: object) -> str:
    return "missing" if not one or not other else "agree" if one == other else "differ"


def _alike(one: set[str], other: set[str], like: bool) -> str:
    if not one or not other:
        return "missing"
    return "agree" if one & other else "like" if like else "differ"


def _shared(one: tuple[str, ...], other: tuple[str, ...]) -> str:
    if not one or not other:
        return "missing"
    return "agree" if one[0] == other[0] else "like" if set(one) & set(other) else "differ"
