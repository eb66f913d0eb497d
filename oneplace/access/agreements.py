"""Sharing agreements as a privacy officer keeps them: templates, signing, renewing, ending, and who shares today.

What is signed or ended counts from the next reading on: nothing keeps a copy. Source: REC-03, X-04, J-12.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import yaml
from django.db import transaction

from oneplace.access import classes
from oneplace.access.models import Agreement, AgreementTemplate
from oneplace.access.rules import DIRECT_CARE, EMERGENCY, Actor, Coverage, Span, coverage_of
from oneplace.access.telling import tell
from oneplace.kernel import clock

SHIPPED = Path(__file__).with_name("agreement_templates.yaml")


class CannotSign(ValueError):
    """What was asked can't be done; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Standing:
    """One controller: whether it shares today, until (or from) when, and its agreements, the newest first."""

    controller_code: str
    coverage: Coverage
    day: date | None
    agreements: tuple[Agreement, ...]

    @property
    def shares(self) -> bool:
        """True where it shares for direct care today."""
        return self.coverage in (Coverage.SHARES, Coverage.EXPIRING)

    @property
    def current(self) -> Agreement | None:
        """The agreement that stands for this controller: the newest that was not ended, else the newest."""
        return next((one for one in self.agreements if one.ended_at is None), None) or next(iter(self.agreements), None)


def standings(controllers: Iterable[str]) -> dict[str, Standing]:
    """Who of these shares for direct care today, by code."""
    today = clock.today()
    told: dict[str, list[Agreement]] = {code: [] for code in controllers}
    for row in Agreement.objects.select_related("template").order_by("-starts", "-pk"):
        told.setdefault(row.controller_code, []).append(row)
    return {code: _standing(code, rows, today) for code, rows in told.items()}


def standing(controller: str) -> Standing:
    """One controller's."""
    rows = Agreement.objects.filter(controller_code=controller).select_related("template").order_by("-starts", "-pk")
    return _standing(controller, list(rows), clock.today())


def templates() -> list[AgreementTemplate]:
    """The newest version of each template, by name."""
    newest = {one.name: one for one in AgreementTemplate.objects.order_by("name", "version")}
    return list(newest.values())


def template(key: str) -> AgreementTemplate | None:
    """One version of a template."""
    return AgreementTemplate.objects.filter(key=key).first()


def next_start(controller: str) -> date:
    """The first day that a new agreement of this controller would begin: after the last of those that still count."""
    today = clock.today()
    ends = [one.ends for one in Agreement.objects.filter(controller_code=controller, ended_at__isnull=True) if one.ends]
    return max([today, *(last + timedelta(days=1) for last in ends)])


def usual_end(one: AgreementTemplate, starts: date) -> date | None:
    """The last day of an agreement of the template's usual length; None where it runs until it is ended."""
    if not one.months:
        return None
    months = starts.month - 1 + one.months
    year, month = starts.year + months // 12, months % 12 + 1
    following = date(year + month // 12, month % 12 + 1, 1)
    return min(date(year, month, 1) + timedelta(days=starts.day - 1), following) - timedelta(days=1)


@transaction.atomic
def write_template(
    *,
    name: str,
    text: str,
    purposes: Collection[str],
    classes_shared: Collection[str],
    by: Actor,
    parties: Collection[str] = (),
    months: int | None = None,
    emergency_line: str = "",
    hazard: str = "",
) -> AgreementTemplate:
    """A template, or a new version of the one with this name; versions before it stay. Raises CannotSign."""
    _check_terms(purposes, classes_shared, emergency_line, hazard)
    last = AgreementTemplate.objects.filter(name=name).order_by("-version").first()
    made = AgreementTemplate.objects.create(
        name=name,
        version=last.version + 1 if last else 1,
        text=text,
        purposes=list(purposes),
        classes=list(classes_shared),
        parties=list(parties),
        months=months,
        emergency_line=emergency_line,
        hazard=hazard,
        written_by=by.key,
        written_at=clock.now(),
    )
    tell(by, "write agreement template", made.key, {"name": name, "version": made.version})
    return made


@transaction.atomic
def install_templates(by: str) -> int:
    """Write the templates that this installation comes with, where none has their name; returns how many were new."""
    here = set(AgreementTemplate.objects.values_list("name", flat=True))
    told = [one for one in yaml.safe_load(SHIPPED.read_text(encoding="utf-8")) if one["name"] not in here]
    for one in told:
        rest = {name: value for name, value in one.items() if name != "classes"}
        write_template(classes_shared=one["classes"], by=Actor(by, "", "", ""), **rest)
    return len(told)


@transaction.atomic
def sign_agreement(
    *,
    controller_code: str,
    template: AgreementTemplate,
    signatory: str,
    signatory_role: str,
    signed_on: date,
    starts: date,
    ends: date | None,
    by: Actor,
) -> Agreement:
    """Keep that a controller has signed; it shares from its first day on, at the next reading. Raises CannotSign.

    A renewal is signed the same way, from the day after the agreement before it ends.
    """
    _check_signing(controller_code, template, signed_on, starts, ends)
    made = Agreement.objects.create(
        controller_code=controller_code,
        template=template,
        signatory=signatory,
        signatory_role=signatory_role,
        signed_on=signed_on,
        starts=starts,
        ends=ends,
        purposes=template.purposes,
        classes=template.classes,
        parties=template.parties,
        recorded_by=by.key,
    )
    told = {"controller": controller_code, "starts": starts.isoformat(), "ends": ends.isoformat() if ends else ""}
    tell(by, "sign agreement", "", told | {"template": template.key, "version": template.version})
    return made


@transaction.atomic
def end_agreement(*, controller_code: str, starts: date, reason: str, by: Actor) -> Agreement:
    """End an agreement now: what it shared is hidden at the next reading. Raises CannotSign."""
    held = Agreement.objects.filter(controller_code=controller_code, starts=starts, ended_at__isnull=True)
    found = held.select_for_update().first()
    if found is None:
        raise CannotSign("This agreement has ended already.")
    if not reason.strip():
        raise CannotSign("Say why it ends: the controller and the people it is about may ask.")
    found.ended_at, found.ended_by, found.end_reason = clock.now(), by.key, reason.strip()[:400]
    found.recorded_by = found.recorded_by or by.key  # from now on the folder doesn't bring it back
    found.save(update_fields=["ended_at", "ended_by", "end_reason", "recorded_by"])
    tell(by, "end agreement", "", {"controller": controller_code, "starts": starts.isoformat()})
    return found


def _standing(code: str, rows: list[Agreement], today: date) -> Standing:
    shared = [one for one in rows if DIRECT_CARE in (one.purposes or [DIRECT_CARE])]
    coverage, day = coverage_of([_span(one) for one in shared], today)
    return Standing(code, coverage, day, tuple(rows))


def _span(one: Agreement) -> Span:
    return Span(one.starts, one.ends, one.ended_at is not None)


def _check_terms(purposes: Collection[str], shared: Collection[str], emergency_line: str, hazard: str) -> None:
    """Raise CannotSign where terms would share nothing, or lift something in an emergency without saying so."""
    told: tuple[tuple[str, Collection[str], Mapping[str, object]], ...] = (
        ("purpose", purposes, classes.purposes()),
        ("class of information", shared, classes.classes()),
    )
    for what, words, known in told:
        for word in words:
            if word not in known:
                raise CannotSign(f"'{word}' is no {what}; there are {', '.join(known)}.")
    if not purposes or not shared:
        raise CannotSign("Name at least one purpose and one class of information, or it shares nothing.")
    if (EMERGENCY in purposes) != bool(emergency_line) or bool(emergency_line) != bool(hazard):
        raise CannotSign(
            "What a declared emergency may lift needs the purpose, its line in the text, and the number of the hazard"
            " under which it was weighed; or none of the three."
        )


def _check_signing(
    controller: str, template: AgreementTemplate, signed_on: date, starts: date, ends: date | None
) -> None:
    """Raise CannotSign where the dates can't be, or the controller shares for the same purposes on these days."""
    if signed_on > clock.today():
        raise CannotSign("The day it was signed lies in the future. Keep it when it has been signed.")
    if ends is not None and ends < starts:
        raise CannotSign("The last day lies before the first.")
    # Locked until the commit, so that two officers don't sign for one controller at once.
    for one in Agreement.objects.select_for_update().filter(controller_code=controller):
        same = set(one.purposes or [DIRECT_CARE]) & set(template.purposes)
        if same and _span(one).meets(starts, ends):
            until = f"until {one.ends:%-d %B %Y}" if one.ends else "until it is ended"
            raise CannotSign(f"An agreement is in force {until}. Renew it from the day after, or end it first.")
