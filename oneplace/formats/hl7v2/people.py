"""Who an ADT message is about: PID and PD1 to PersonRow, and the identifiers by which a sender knows a person.

Source: HL7 v2.4 chapter 3; NHS ITK ADT messages (sex by NHS code: 1 male, 2 female, 9 not specified).
"""

import hashlib
from datetime import date

from oneplace.formats.hl7v2.reading import Reading
from oneplace.formats.hl7v2.segments import Segment
from oneplace.formats.limits import MAX_ID, fitted_person
from oneplace.formats.shape import postcode
from oneplace.kernel import nhs_number
from oneplace.kernel.rows import Address, Name, PersonRow, Severity

_SEXES = {
    **dict.fromkeys(("M", "1"), "male"),
    **dict.fromkeys(("F", "2"), "female"),
    **dict.fromkeys(("O", "A"), "other"),
    **dict.fromkeys(("U", "0", "9", "X", "N"), "unknown"),
}
_USES = {"L": "official", "D": "usual", "M": "maiden", "N": "nickname", "A": "alias", "S": "alias"}
_NHS_AUTHORITIES = frozenset({"NHS", "NH", "NHSNUMBER", "NHSNMBR"})


def person_row(reading: Reading, pid: Segment) -> PersonRow:
    """The person as this sender tells it."""
    pd1 = reading.first("PD1")
    number = number_of(pid, 3)
    if number:
        judge_number(reading, number, pid.path)
    died = reading.moment(pid, 29).at
    row = PersonRow(
        local_id=reading.local_id,
        nhs_number=number[:20],
        names=_names(reading, pid),
        birth_date=_birth_date(reading, pid),
        sex=_sex(reading, pid),
        addresses=_addresses(pid),
        phones=_phones(pid),
        deceased=died is not None or pid.text(30) == "Y",
        deceased_at=died,
        practice_code=(pd1.text(3, 3) or pd1.text(3, 10)).upper() if pd1 else "",
        practice_name=pd1.text(3) if pd1 else "",
        language=pid.text(15, 2) or pid.text(15),
        version_at=reading.version_at,
        path=pid.path,
    )
    return fitted_person(
        row, lambda name: reading.fault(pid.path, "too-long", f"{name} was cut: longer than a record holds")
    )


def number_of(segment: Segment, field: int) -> str:
    """The NHS number among the identifiers of a field, without separators; '' where there is none."""
    for told in segment.repetitions(field):
        if _is_nhs(segment, told):
            return nhs_number.tidy(segment.part(told, 1))
    return ""


def local_id(reading: Reading, segment: Segment, field: int) -> str:
    """The sender's own key of a person: its own identifier with the authority, else the NHS number.

    A number that fails its check or only fills the place (3333333333) is typed for many people: alone it would
    fold them into one, so name and date of birth stand beside it, as a short digest.
    """
    for told in segment.repetitions(field):
        key = segment.part(told, 1)
        if key and not _is_nhs(segment, told):
            authority = segment.part(told, 4)
            return f"{authority}:{key}"[:MAX_ID] if authority else key[:MAX_ID]
    number = number_of(segment, field)
    if not number or (nhs_number.is_valid(number) and not nhs_number.is_placeholder(number)):
        return f"nhs:{number}"[:MAX_ID] if number else ""
    reading.fault(
        segment.path,
        "local-id-weak",
        "no identifier but a doubtful NHS number: told apart by name and birth",
        Severity.WARNING,
    )
    told = f"{segment.whole(5)}|{segment.whole(7)}".upper()
    return f"nhs:{number[:20]}#{hashlib.sha256(told.encode()).hexdigest()[:12]}"


def judge_number(reading: Reading, number: str, path: str) -> None:
    """File what is wrong with an NHS number; it is kept as it came."""
    where = f"{path}.3"
    if not nhs_number.is_valid(number):
        reading.fault(where, "nhs-number-invalid", "the NHS number fails its check: not linked on", Severity.WARNING)
    elif nhs_number.is_placeholder(number):
        text = "one digit ten times over is no NHS number: not linked on"
        reading.fault(where, "nhs-number-placeholder", text, Severity.WARNING)


def _is_nhs(segment: Segment, told: str) -> bool:
    return segment.part(told, 4).upper() in _NHS_AUTHORITIES or segment.part(told, 5).upper() == "NH"


def _names(reading: Reading, pid: Segment) -> tuple[Name, ...]:
    found = []
    for field in (5, 9):
        for told in pid.repetitions(field):
            family, given, middle, prefix, use = (pid.part(told, component) for component in (1, 2, 3, 5, 7))
            use = _USES.get(use, "") if field == 5 else "alias"
            found.append(Name(family, " ".join(filter(None, (given, middle))), prefix, use))
    named = [name for name in found if name.family]
    if not named:
        reading.fault(f"{pid.path}.5", "name-missing", "no family name was sent", Severity.WARNING)
    return tuple(sorted(named, key=lambda name: name.use in {"maiden", "alias"}))


def _birth_date(reading: Reading, pid: Segment) -> date | None:
    told = reading.moment(pid, 7)
    if told.precision:
        reading.fault(f"{pid.path}.7", "birth-date-partial", "a year or month alone is no date of birth: left out")
        return None
    if told.at is None:
        return None
    digits = pid.text(7)  # the day as written: a time beside it must not move it across midnight
    return date(int(digits[:4]), int(digits[4:6]), int(digits[6:8]))


def _sex(reading: Reading, pid: Segment) -> str:
    told = pid.text(8).upper()
    if told and told not in _SEXES:
        reading.fault(f"{pid.path}.8", "sex-unknown", "no code for sex that HL7 or the NHS knows; left out")
    return _SEXES.get(told, "")


def _addresses(pid: Segment) -> tuple[Address, ...]:
    found = []
    for told in pid.repetitions(11):
        lines = tuple(filter(None, (pid.part(told, component) for component in (1, 2, 3, 4))))
        code, use = postcode(pid.part(told, 5)), {"H": "home", "C": "temp", "B": "work"}.get(pid.part(told, 7), "")
        if lines or code:
            found.append(Address(lines, code, use))
    return tuple(found)


def _phones(pid: Segment) -> tuple[str, ...]:
    told = (pid.part(each, 1) or pid.part(each, 12) for field in (13, 14) for each in pid.repetitions(field))
    return tuple(dict.fromkeys(filter(None, told)))
