"""The person whom an EDIFACT report is about: sections S06 and S07."""

import hashlib
from datetime import date
from functools import partial

from oneplace.formats.edifact.reading import Reading
from oneplace.formats.edifact.segments import FORMAT, Segment
from oneplace.formats.limits import MAX_ID, fitted_person
from oneplace.formats.shape import birth_date, postcode
from oneplace.kernel import nhs_number
from oneplace.kernel.rows import Address, Name, PersonRow, Reject, Severity

_SEXES = {"1": "male", "2": "female", "0": "unknown", "9": "unknown"}
_VERIFIED = "OPI"  # the official number, traced


def person_of(reading: Reading) -> PersonRow | Reject:
    """The person, or a refusal where nothing tells one."""
    pna = reading.first("PNA", "PAT")
    if pna is None:
        reason = "The message has no PNA+PAT segment, so nobody can be told whom it is about."
        return Reject(reason, "no-patient", "PNA", FORMAT)
    number, name, born = nhs_number.tidy(pna.part(1)), _name(pna), _birth_date(reading)
    local_id = _local_id(reading, number, name, born)
    if not local_id:
        reason = "Neither a number nor a name tells the person; the sender must put one in."
        return Reject(reason, "no-patient", pna.path, FORMAT)
    if not name.family:
        reading.fault(pna.path, "name-missing", "no family name was sent", Severity.WARNING)
    row = PersonRow(
        local_id=local_id,
        nhs_number=number[:20],
        names=(name,) if name.family else (),
        birth_date=born,
        sex=_sex(reading),
        addresses=_addresses(reading),
        version_at=reading.sent_at,
        path=pna.path,
        number_verified=bool(number) and pna.part(1, 1) == _VERIFIED,
    )
    return fitted_person(
        row, lambda field: reading.fault(pna.path, "too-long", f"{field} was cut: longer than a record holds")
    )


def _local_id(reading: Reading, number: str, name: Name, born: date | None) -> str:
    """The laboratory's own key of the person, else the NHS number, else name and date of birth as a digest."""
    own = reading.reference("SSI")
    if own:
        _judge(reading, number)
        return own[:MAX_ID]
    if _judge(reading, number):
        return f"nhs:{number}"
    if not name.family:
        return ""
    text = "no identifier but name and date of birth, and perhaps a doubtful number: told apart by them"
    reading.fault("PNA", "local-id-weak", text, Severity.WARNING)
    told = f"{name.family}|{name.given}|{born}".upper()
    return f"nhs:{number[:20]}#{hashlib.sha256(told.encode()).hexdigest()[:12]}"


def _judge(reading: Reading, number: str) -> bool:
    """Whether a number can be relied on; what is wrong with it is filed."""
    if number and not nhs_number.is_valid(number):
        reading.fault("PNA", "nhs-number-invalid", "the NHS number fails its check: not linked on", Severity.WARNING)
        return False
    if nhs_number.is_placeholder(number):
        text = "one digit ten times over is no NHS number: not linked on"
        reading.fault("PNA", "nhs-number-placeholder", text, Severity.WARNING)
        return False
    return bool(number)


def _name(pna: Segment) -> Name:
    """SU family, FO first name, MI second, TI title, in any order."""
    told = {pna.part(index): pna.part(index, 1) for index in range(2, len(pna.elements))}
    given = " ".join(filter(None, (told.get("FO"), told.get("MI"))))
    return Name(told.get("SU", ""), given, told.get("TI", ""), "official")


def _birth_date(reading: Reading) -> date | None:
    return birth_date(reading.dated("329"), partial(reading.fault, "DTM"))


def _sex(reading: Reading) -> str:
    told = reading.first("PDI")
    sex = _SEXES.get(told.part(0), "") if told else ""
    if told and told.part(0) and not sex:
        reading.fault(told.path, "sex-unknown", "no code for sex that the NHS knows; left out")
    return sex


def _addresses(reading: Reading) -> tuple[Address, ...]:
    told = reading.first("ADR")
    if told is None:
        return ()
    lines = tuple(line.strip() for line in told.parts(1)[1:] if line.strip())
    code = postcode(told.part(3))
    return (Address(lines, code, "home"),) if lines or code else ()
