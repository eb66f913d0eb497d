"""Who an ADT message is about: PID and PD1 to PersonRow, and the identifiers by which a sender knows a person.

Source: HL7 v2.4 chapter 3; NHS ITK ADT messages (sex by NHS code: 1 male, 2 female, 9 not specified).
"""

import hashlib
import re
from datetime import date
from functools import partial

from oneplace.formats.hl7v2.reading import Reading
from oneplace.formats.hl7v2.segments import Segment, moment_of
from oneplace.formats.limits import MAX_ID, fitted_person
from oneplace.formats.shape import born, postcode
from oneplace.kernel import clock, nhs_number
from oneplace.kernel.rows import Address, Name, PersonRow, Severity

_SEXES = {
    **dict.fromkeys(("M", "1"), "male"),
    **dict.fromkeys(("F", "2"), "female"),
    **dict.fromkeys(("O", "A"), "other"),
    **dict.fromkeys(("U", "0", "9", "X", "N"), "unknown"),
}
_USES = {
    "L": "official", "R": "official", "D": "usual", "M": "maiden", "B": "maiden", "NB": "maiden", "N": "nickname",
    "A": "alias", "S": "alias", "P": "alias", "K": "alias", "BAD": "old", "NOUSE": "old",
}  # fmt: skip
_FORMER = frozenset({"maiden", "alias", "old"})
_PLACES = {
    "H": "home", "P": "home", "L": "home", "C": "temp", "V": "temp", "B": "work", "O": "work",
    "BA": "old", "BAD": "old", "N": "old", "BDL": "old", "BR": "old",
}  # fmt: skip
_CURRENT = {"home": 0, "old": 2}
_NAME_VALIDITY, _ADDRESS_VALIDITY = (10, 13), (12, 14)  # XPN, XAD: the range of v2.4, the expiry of v2.5
_ETHNIC = re.compile(r"[A-HJ-NPRSZ][A-Z0-9]?")
_VERIFIED = "01"  # NHS number status: present and verified
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
        addresses=_addresses(reading, pid),
        phones=_phones(pid),
        deceased=died is not None or pid.text(30) == "Y",
        deceased_at=died,
        practice_code=(pd1.text(3, 3) or pd1.text(3, 10)).upper() if pd1 else "",
        practice_name=pd1.text(3) if pd1 else "",
        language=pid.text(15, 2) or pid.text(15),
        version_at=reading.version_at,
        path=pid.path,
        ethnicity=_ethnicity(reading, pid),
        number_verified=bool(number) and pid.text(32) == _VERIFIED,
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
    if not doubtful(segment, field):
        return f"nhs:{number}"[:MAX_ID] if number else ""
    reading.fault(
        segment.path,
        "local-id-weak",
        "no identifier but a doubtful NHS number: told apart by name and birth",
        Severity.WARNING,
    )
    told = f"{segment.whole(5)}|{segment.whole(7)}".upper()
    return f"nhs:{number[:20]}#{hashlib.sha256(told.encode()).hexdigest()[:12]}"


def doubtful(segment: Segment, field: int) -> bool:
    """True where nothing but an NHS number names the person and that number can't be relied on."""
    told = segment.repetitions(field)
    if any(segment.part(each, 1) and not _is_nhs(segment, each) for each in told):
        return False
    number = number_of(segment, field)
    return bool(number) and (not nhs_number.is_valid(number) or nhs_number.is_placeholder(number))


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
    """PID-5 with what people were called before, and the aliases of PID-9; the current name first."""
    found = []
    for field in (5, 9):
        for told in pid.repetitions(field):
            family, given, middle, prefix, use = (pid.part(told, component) for component in (1, 2, 3, 5, 7))
            use = "alias" if field == 9 else _USES.get(use, "")
            if _is_over(reading, pid, told, field, _NAME_VALIDITY):
                use = "old"
            found.append(Name(family, " ".join(filter(None, (given, middle))), prefix, use))
    named = [name for name in found if name.family]
    if not named:
        reading.fault(f"{pid.path}.5", "name-missing", "no family name was sent", Severity.WARNING)
    return tuple(sorted(named, key=lambda name: name.use in _FORMER))


def _is_over(reading: Reading, pid: Segment, told: str, field: int, places: tuple[int, int]) -> bool:
    """True for a name or address whose time ended before this was told: v2.5's expiry, or the older range's end."""
    span, expiry = places
    text = pid.part(told, expiry) or pid.sub(told, span, 2)
    if not text:
        return False
    try:
        until = moment_of(text).at
    except (ValueError, OverflowError):
        reading.fault(f"{pid.path}.{field}", "date-unreadable", "an end of validity that is no date; not used")
        return False
    return until is not None and until <= (reading.version_at or clock.now())


def _ethnicity(reading: Reading, pid: Segment) -> str:
    """The NHS ethnic category: the ethnic group (PID-22), else the race (PID-10). A second character is local."""
    told = [text for field in (22, 10) if (text := pid.text(field).upper())]
    known = next((text[0] for text in told if _ETHNIC.fullmatch(text)), "")
    if told and not known:
        text = "no NHS ethnic category (A to S, Z); left out"
        reading.fault(f"{pid.path}.22", "ethnicity-unknown", text, Severity.NOTE)
    return known


def _birth_date(reading: Reading, pid: Segment) -> date | None:
    told = reading.moment(pid, 7)
    if told.precision:
        reading.fault(f"{pid.path}.7", "birth-date-partial", "a year or month alone is no date of birth: left out")
        return None
    if told.at is None:
        return None
    digits = pid.text(7)  # the day as written: a time beside it must not move it across midnight
    return born(date(int(digits[:4]), int(digits[4:6]), int(digits[6:8])), partial(reading.fault, f"{pid.path}.7"))


def _sex(reading: Reading, pid: Segment) -> str:
    told = pid.text(8).upper()
    if told and told not in _SEXES:
        reading.fault(f"{pid.path}.8", "sex-unknown", "no code for sex that HL7 or the NHS knows; left out")
    return _SEXES.get(told, "")


def _addresses(reading: Reading, pid: Segment) -> tuple[Address, ...]:
    found = []
    for told in pid.repetitions(11):
        lines = tuple(filter(None, (pid.part(told, component) for component in (1, 2, 3, 4))))
        code, use = postcode(pid.part(told, 5)), _PLACES.get(pid.part(told, 7), "")
        if _is_over(reading, pid, told, 11, _ADDRESS_VALIDITY):
            use = "old"
        if lines or code:
            found.append(Address(lines, code, use))
    return tuple(sorted(found, key=lambda address: _CURRENT.get(address.use, 1)))


def _phones(pid: Segment) -> tuple[str, ...]:
    told = (pid.part(each, 1) or pid.part(each, 12) for field in (13, 14) for each in pid.repetitions(field))
    return tuple(dict.fromkeys(filter(None, told)))
