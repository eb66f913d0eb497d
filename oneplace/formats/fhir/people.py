"""Who a bundle is about and whose data it is: Patient to PersonRow, its registration, the sending organisation.

Source: GP Connect CareConnect-GPC-Patient-1. The Patient's managing organisation is the practice that holds the record.
"""

from datetime import date
from functools import partial

from oneplace.formats.fhir.reading import Node, Reading, extension
from oneplace.formats.fhir.whose import any_code, is_practice, practice_of
from oneplace.formats.limits import MAX_ID, fitted_person
from oneplace.formats.shape import birth_date, postcode
from oneplace.kernel import nhs_number
from oneplace.kernel.rows import Address, EventRow, Move, Name, PersonRow, Severity

_NHS_SYSTEMS = ("fhir.nhs.uk/Id/nhs-number", "fhir.nhs.net/Id/nhs-number")
_VERIFIED = frozenset({"01", "number-present-and-verified"})
_SEXES = frozenset({"male", "female", "other", "unknown"})
_NAME_ORDER = {"official": 0, "usual": 1, "": 2, "nickname": 3, "temp": 4, "anonymous": 5, "maiden": 6, "old": 7}
_ADDRESS_ORDER = {"home": 0, "": 1, "temp": 2, "work": 3, "old": 4}


def person_row(reading: Reading, patient: Node) -> PersonRow:
    """The patient as this source tells it."""
    died = reading.first_moment(patient, "deceasedDateTime").at
    practice = practice_of(reading, patient)
    number, verified = _nhs_number(reading, patient)
    communication = extension(patient, "NHSCommunication")
    row = PersonRow(
        local_id=reading.local_id,
        nhs_number=number,
        names=_names(reading, patient),
        birth_date=_birth_date(reading, patient),
        sex=_sex(reading, patient),
        addresses=_addresses(reading, patient),
        phones=_phones(reading, patient),
        deceased=died is not None or patient.get("deceasedBoolean") is True,
        deceased_at=died,
        practice_code=any_code(reading, practice),
        practice_name=reading.text(practice, "name"),
        language=_language(reading, patient, communication),
        interpreter=extension(communication, "interpreterRequired").get("valueBoolean") is True
        or extension(patient, "InterpreterRequired").get("valueBoolean") is True,
        version=reading.version,
        version_at=reading.version_at,
        path=reading.path,
        ethnicity=_ethnicity(reading, patient),
        number_verified=verified,
    )
    return fitted_person(row, lambda name: reading.fault(name, "too-long", "longer than a record holds; it was cut"))


def registration(reading: Reading, patient: Node) -> EventRow | None:
    """The tie to the practice that holds the record; None where it is no practice or the tie has ended."""
    managing = reading.target(patient, "managingOrganization")[1]
    if not managing or not is_practice(any_code(reading, managing)):
        return None
    details = extension(patient, "RegistrationDetails")
    period = reading.node(extension(details, "registrationPeriod"), "valuePeriod", "extension.")
    if "end" in period:
        reading.fault("extension", "registration-ended", "the registration with this practice has ended", Severity.NOTE)
        return None
    started = reading.moment(period, "start", "extension.valuePeriod.").at
    return EventRow(reading.local_id, Move.REGISTERED, started, path=reading.path)


def patient_key(reading: Reading, patient: Node) -> str:
    """What a patient without an id is known by: its source's own number, else the NHS number; '' for neither."""
    own, national = "", ""
    for identifier in reading.nodes(patient, "identifier"):
        value = reading.text(identifier, "value", "identifier.")
        if reading.text(identifier, "system", "identifier.").endswith(_NHS_SYSTEMS):
            national = national or nhs_number.tidy(value)
        else:
            own = own or value
    if not (own or national):
        reading.fault("id", "id-missing", "without an id it can't be told apart from others; it was left out")
    return (own or national)[:MAX_ID]


def merges(reading: Reading, patient: Node) -> list[EventRow]:
    """The source's own word that two of its patients are one: a link that replaces, or is replaced by, another."""
    found = []
    for link in reading.nodes(patient, "link"):
        sort = reading.text(link, "type", "link.")
        other = reading.text(reading.node(link, "other", "link."), "reference", "link.other.").rpartition("/")[2]
        if other and sort in ("replaces", "replaced-by"):
            kept, folded = (reading.local_id, other) if sort == "replaces" else (other, reading.local_id)
            found.append(
                EventRow(kept, Move.MERGED, reading.version_at, other_local_id=folded[:MAX_ID], path=reading.path)
            )
    return found


def numbered(reading: Reading, subject: Node) -> str:
    """The NHS number by which a Reference names somebody; '' where it names them otherwise."""
    identifier = reading.node(subject, "identifier", "subject.")
    if not reading.text(identifier, "system", "subject.identifier.").endswith(_NHS_SYSTEMS):
        return ""
    return nhs_number.tidy(reading.text(identifier, "value", "subject.identifier."))[:20]


def _nhs_number(reading: Reading, patient: Node) -> tuple[str, bool]:
    """The NHS number, and whether the source says that it was verified nationally."""
    for index, identifier in enumerate(reading.nodes(patient, "identifier")):
        where = f"identifier[{index}]."
        if reading.text(identifier, "system", where).endswith(_NHS_SYSTEMS):
            number = nhs_number.tidy(reading.text(identifier, "value", where))
            if number:
                judge_number(reading, number, where + "value")
                return number[:20], _is_verified(reading, identifier, where)
    reading.fault("identifier", "nhs-number-missing", "no NHS number was sent", Severity.NOTE)
    return "", False


def _is_verified(reading: Reading, identifier: Node, where: str) -> bool:
    status = extension(identifier, "NHSNumberVerificationStatus")
    return reading.coded(status, "valueCodeableConcept", where + "extension.")[0] in _VERIFIED


def _ethnicity(reading: Reading, patient: Node) -> str:
    """The ethnic category of the NHS Data Dictionary: its first letter; '' where it isn't told."""
    for name in ("EthnicCategory", "EthnicCode", "GPC-EthnicCategory"):
        code = reading.coded(extension(patient, name), "valueCodeableConcept", "extension.")[0].strip().upper()
        if code and len(code) <= 2 and code[0] in "ABCDEFGHJKLMNPRSZ":
            return code[0]
    return ""


def _language(reading: Reading, patient: Node, communication: Node) -> str:
    told = reading.words(extension(communication, "language"), "valueCodeableConcept")
    spoken = reading.nodes(patient, "communication") if not told else []
    first = sorted(spoken, key=lambda one: one.get("preferred") is not True)[:1]
    return told or next((reading.words(one, "language") for one in first), "")


def judge_number(reading: Reading, number: str, where: str) -> None:
    """File what is wrong with an NHS number; it is kept as it came."""
    if not nhs_number.is_valid(number):
        reading.fault(where, "nhs-number-invalid", "the NHS number fails its check: not linked on", Severity.WARNING)
    elif nhs_number.is_placeholder(number):
        reading.fault(
            where,
            "nhs-number-placeholder",
            "one digit ten times over is no NHS number: not linked on",
            Severity.WARNING,
        )


def _names(reading: Reading, patient: Node) -> tuple[Name, ...]:
    found = []
    for index, told in enumerate(reading.nodes(patient, "name")):
        where = f"name[{index}]."
        family = reading.text(told, "family", where)
        given = " ".join(reading.texts(told, "given", where))
        if not family:
            given, _, family = (reading.text(told, "text", where) or given).rpartition(" ")
            reading.fault(where + "family", "family-missing", "no family name: its last word was taken", Severity.NOTE)
        if family:
            use = reading.text(told, "use", where)
            found.append(Name(family, given.strip(), " ".join(reading.texts(told, "prefix", where)), use))
    if not found:
        reading.fault("name", "name-missing", "no name was sent", Severity.WARNING)
    return tuple(sorted(found, key=lambda name: _NAME_ORDER.get(name.use, 2)))


def _birth_date(reading: Reading, patient: Node) -> date | None:
    return birth_date(reading.moment(patient, "birthDate"), partial(reading.fault, "birthDate"))


def _sex(reading: Reading, patient: Node) -> str:
    sex = reading.text(patient, "gender")
    if sex in _SEXES or not sex:
        return sex
    reading.fault("gender", "sex-unknown", "male, female, other or unknown was expected; left out", Severity.WARNING)
    return ""


def _addresses(reading: Reading, patient: Node) -> tuple[Address, ...]:
    found = []
    for index, told in enumerate(reading.nodes(patient, "address")):
        where = f"address[{index}]."
        towns = (reading.text(told, key, where) for key in ("city", "district"))
        lines = tuple(filter(None, (*reading.texts(told, "line", where), *towns))) or (
            reading.text(told, "text", where),
        )
        code = postcode(reading.text(told, "postalCode", where))
        found.append(Address(tuple(filter(None, lines)), code, reading.text(told, "use", where)))
    return tuple(sorted(found, key=lambda address: _ADDRESS_ORDER.get(address.use, 1)))


def _phones(reading: Reading, patient: Node) -> tuple[str, ...]:
    told = reading.nodes(patient, "telecom")
    kept = (reading.text(each, "value", "telecom.") for each in told if each.get("system") in {"phone", "sms"})
    return tuple(dict.fromkeys(filter(None, kept)))
