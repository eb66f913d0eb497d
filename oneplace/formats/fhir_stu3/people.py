"""Who a bundle is about and whose data it is: Patient to PersonRow, its registration, the sending organisation.

Source: GP Connect CareConnect-GPC-Patient-1. The Patient's managing organisation is the practice that holds the record.
"""

from datetime import date

from oneplace.formats.fhir_stu3.reading import NOTHING, ODS_SYSTEM, Node, Reading, extension
from oneplace.formats.limits import fitted_person
from oneplace.formats.shape import postcode
from oneplace.kernel import nhs_number
from oneplace.kernel.rows import Address, EventRow, Move, Name, PersonRow, Severity

_NHS_SYSTEM = "https://fhir.nhs.uk/Id/nhs-number"
_SEXES = frozenset({"male", "female", "other", "unknown"})
_NAME_ORDER = {"official": 0, "usual": 1, "": 2, "nickname": 3, "temp": 4, "anonymous": 5, "maiden": 6, "old": 7}
_ADDRESS_ORDER = {"home": 0, "": 1, "temp": 2, "work": 3, "old": 4}


def person_row(reading: Reading, patient: Node) -> PersonRow:
    """The patient as this source tells it."""
    died = reading.first_moment(patient, "deceasedDateTime").at
    practice = reading.target(patient, "managingOrganization")[1]
    communication = extension(patient, "NHSCommunication")
    row = PersonRow(
        local_id=reading.local_id,
        nhs_number=_nhs_number(reading, patient),
        names=_names(reading, patient),
        birth_date=_birth_date(reading, patient),
        sex=_sex(reading, patient),
        addresses=_addresses(reading, patient),
        phones=_phones(reading, patient),
        deceased=died is not None or patient.get("deceasedBoolean") is True,
        deceased_at=died,
        practice_code=ods_code(reading, practice),
        practice_name=reading.text(practice, "name"),
        language=reading.words(extension(communication, "language"), "valueCodeableConcept"),
        interpreter=extension(communication, "interpreterRequired").get("valueBoolean") is True,
        version=reading.version,
        version_at=reading.version_at,
        path=reading.path,
    )
    return fitted_person(row, lambda name: reading.fault(name, "too-long", "longer than a record holds; it was cut"))


def registration(reading: Reading, patient: Node) -> EventRow | None:
    """The tie to the practice that holds the record; None where there is no practice or it has ended."""
    if not reading.target(patient, "managingOrganization")[1]:
        return None
    details = extension(patient, "RegistrationDetails")
    period = reading.node(extension(details, "registrationPeriod"), "valuePeriod", "extension.")
    if "end" in period:
        reading.fault("extension", "registration-ended", "the registration with this practice has ended", Severity.NOTE)
        return None
    started = reading.moment(period, "start", "extension.valuePeriod.").at
    return EventRow(reading.local_id, Move.REGISTERED, started, path=reading.path)


def source_organisation(reading: Reading, patient: Node) -> Node:
    """Whose data it is: the managing organisation, else that of the patient's GP, else a custodian in the bundle."""
    managing = reading.target(patient, "managingOrganization")[1]
    if managing:
        return managing
    for doctor in reading.nodes(patient, "generalPractitioner"):
        reference = reading.text(doctor, "reference", "generalPractitioner.")
        someone = reading.resource(reference)
        if someone.get("resourceType") == "Organization":
            return someone
        role = reading.roles.get(reference, NOTHING)
        organisation = reading.target(role, "organization")[1]
        if organisation:
            return organisation
    return _custodian(reading)


def ods_code(reading: Reading, organisation: Node) -> str:
    """The ODS code of an Organization; '' where it carries none."""
    for identifier in reading.nodes(organisation, "identifier"):
        if reading.text(identifier, "system", "identifier.").endswith(ODS_SYSTEM):
            return reading.text(identifier, "value", "identifier.").upper()[:20]
    return ""


def _custodian(reading: Reading) -> Node:
    for resource in reading.resources.values():
        for key in ("custodian", "serviceProvider"):
            if resource.get(key).__class__ is dict:
                organisation = reading.target(resource, key)[1]
                if organisation:
                    return organisation
    return NOTHING


def _nhs_number(reading: Reading, patient: Node) -> str:
    for index, identifier in enumerate(reading.nodes(patient, "identifier")):
        where = f"identifier[{index}]."
        if reading.text(identifier, "system", where) == _NHS_SYSTEM:
            number = nhs_number.tidy(reading.text(identifier, "value", where))
            judge_number(reading, number, where + "value")
            return number[:20]
    reading.fault("identifier", "nhs-number-missing", "no NHS number was sent", Severity.NOTE)
    return ""


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
    told = reading.moment(patient, "birthDate")
    if told.precision:
        reading.fault("birthDate", "birth-date-partial", "a year or month alone is no date of birth: left out")
        return None
    return told.at.date() if told.at else None


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
