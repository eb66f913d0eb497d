"""The other clinical resources of GP Connect: one function a resource type, and the table that picks it.

Source: GP Connect structured record, CareConnect-GPC profiles (STU3).
"""

from collections.abc import Callable

from oneplace.formats.fhir import care, medicines, observations
from oneplace.formats.fhir.reading import Node, Reading, extension, extensions, notes, put
from oneplace.kernel.rows import EntryRow, Kind


def condition(reading: Reading, resource: Node) -> EntryRow:
    """A problem of the problem list."""
    detail: Node = {}
    reading.sign(detail, resource, "asserter")
    significance = extension(resource, "ProblemSignificance")
    coded = reading.code_and_words(resource, detail)
    put(detail, significance=reading.text(significance, "valueCode", "extension."), notes=notes(reading, resource))
    when = reading.first_moment(resource, "onsetDateTime", "onsetPeriod.start", "assertedDate")
    ended = reading.first_moment(resource, "abatementDateTime", "abatementPeriod.start").at
    return reading.row(Kind.PROBLEM, when, coded, reading.text(resource, "clinicalStatus"), detail, ended)


def allergy(reading: Reading, resource: Node) -> EntryRow:
    """An allergy or intolerance, an ended one too, and a recorded "no known allergies" with its own code."""
    detail: Node = {}
    reading.sign(detail, resource, "asserter" if "asserter" in resource else "recorder")
    coded = reading.code_and_words(resource, detail)
    end = extension(resource, "AllergyIntoleranceEnd")
    put(
        detail,
        category=", ".join(reading.texts(resource, "category")),
        severity=reading.text(resource, "criticality"),
        verification=reading.text(resource, "verificationStatus"),
        notes=notes(reading, resource),
        reason_ended=reading.text(extension(end, "reasonEnded"), "valueString", "extension."),
        reactions=_reactions(reading, resource, detail),
    )
    when = reading.first_moment(resource, "onsetDateTime", "onsetPeriod.start", "assertedDate")
    ended = reading.moment(extension(end, "endDate"), "valueDateTime", "extension.").at
    return reading.row(Kind.ALLERGY, when, coded, reading.text(resource, "clinicalStatus"), detail, ended)


def immunization(reading: Reading, resource: Node) -> EntryRow:
    """A vaccination given, or recorded as not given. GP systems code it in an extension and send vaccineCode UNK."""
    detail: Node = {}
    for practitioner in reading.nodes(resource, "practitioner")[:1]:
        reading.sign(detail, practitioner, "actor", "practitioner.")
    coded = reading.coded(extension(resource, "VaccinationProcedure"), "valueCodeableConcept", "extension.")
    vaccine = reading.coded(resource, "vaccineCode")
    if not coded[0] and not coded[2]:
        coded = vaccine
    elif vaccine[0] != "UNK":
        put(detail, vaccine=vaccine[2])
    place = reading.name_of(resource, "location")
    put(
        detail,
        place=place,
        dose=reading.amount(resource, "doseQuantity"),
        batch=reading.text(resource, "lotNumber"),
        expires=reading.text(resource, "expirationDate"),
        manufacturer=reading.name_of(resource, "manufacturer"),
        site=reading.words(resource, "site"),
        notes=notes(reading, resource),
    )
    status = "not-given" if resource.get("notGiven") is True else reading.text(resource, "status")
    return reading.row(Kind.IMMUNISATION, reading.first_moment(resource, "date"), coded, status, detail)


def encounter(reading: Reading, resource: Node) -> EntryRow:
    """A consultation or contact: its sort, who held it and where."""
    detail: Node = {}
    participants = reading.nodes(resource, "participant")
    if participants:
        reading.sign(detail, _performer(reading, participants), "individual", "participant.")
    for location in reading.nodes(resource, "location")[:1]:
        put(detail, place=reading.name_of(location, "location", "location."))
    put(
        detail,
        reason="; ".join(
            filter(None, (reading.concept(told, "reason.")[2] for told in reading.nodes(resource, "reason")))
        ),
    )
    coded = ("", "", "")
    for told in reading.nodes(resource, "type")[:1]:
        coded = reading.concept(told, "type[0].")
    when = reading.first_moment(resource, "period.start")
    ended = reading.first_moment(resource, "period.end").at
    return reading.row(Kind.ENCOUNTER, when, coded, reading.text(resource, "status"), detail, ended)


def referral_request(reading: Reading, resource: Node) -> EntryRow:
    """A referral made: why, to whom, how soon."""
    detail: Node = {}
    reading.sign(detail, reading.node(resource, "requester"), "agent", "requester.")
    coded = ("", "", "")
    for reason in reading.nodes(resource, "reasonCode")[:1]:
        coded = reading.concept(reason, "reasonCode[0].")
    description = reading.text(resource, "description")
    recipients = [{"recipient": told} for told in reading.nodes(resource, "recipient")]
    put(
        detail,
        text=description,
        priority=reading.text(resource, "priority"),
        recipient=", ".join(dict.fromkeys(filter(None, (reading.name_of(told, "recipient") for told in recipients)))),
        specialty=reading.words(resource, "specialty"),
        notes=notes(reading, resource),
    )
    coded = coded if coded[2] else (coded[0], coded[1], description)
    return reading.row(
        Kind.REFERRAL, reading.first_moment(resource, "authoredOn"), coded, reading.text(resource, "status"), detail
    )


def procedure_request(reading: Reading, resource: Node) -> EntryRow:
    """A test, procedure or recall that was asked for; dated for when it is due."""
    detail: Node = {}
    reading.sign(detail, reading.node(resource, "requester"), "agent", "requester.")
    coded = reading.code_and_words(resource, detail)
    asked = reading.first_moment(resource, "authoredOn")
    put(
        detail,
        notes=notes(reading, resource),
        intent=reading.text(resource, "intent"),
        asked_on=asked.at.date().isoformat() if asked.at else "",
    )
    due = reading.first_moment(resource, "occurrenceDateTime", "occurrencePeriod.start")
    when = due if due.at else asked
    return reading.row(Kind.REQUEST, when, coded, reading.text(resource, "status"), detail)


def procedure(reading: Reading, resource: Node) -> EntryRow:
    """A procedure done, or recorded as not done."""
    detail: Node = {}
    for performer in reading.nodes(resource, "performer")[:1]:
        reading.sign(detail, performer, "actor", "performer.")
    coded = reading.code_and_words(resource, detail)
    put(detail, place=reading.name_of(resource, "location"), notes=notes(reading, resource))
    when = reading.first_moment(resource, "performedDateTime", "performedPeriod.start")
    ended = reading.first_moment(resource, "performedPeriod.end").at
    status = "not-done" if resource.get("notDone") is True else reading.text(resource, "status")
    return reading.row(Kind.PROCEDURE, when, coded, status, detail, ended)


def document_reference(reading: Reading, resource: Node) -> EntryRow:
    """A document: its title, sort and where its bytes are."""
    detail: Node = {}
    for author in reading.nodes(resource, "author")[:1]:
        reading.sign(detail, {"author": author}, "author")
    code, system, words = reading.coded(resource, "type")
    title = reading.text(resource, "description")
    for content in reading.nodes(resource, "content")[:1]:
        attachment = reading.node(content, "attachment", "content[0].")
        where = "content[0].attachment."
        put(
            detail,
            content_type=reading.text(attachment, "contentType", where),
            url=reading.text(attachment, "url", where),
            size=int(min(reading.number(attachment, "size", where) or 0, 2.0**53)),
            notes=reading.text(attachment, "title", where),
        )
    put(detail, category=words if title else "")
    when = reading.first_moment(resource, "created", "indexed")
    return reading.row(Kind.DOCUMENT, when, (code, system, title or words), reading.text(resource, "status"), detail)


def section(reading: Reading, resource: Node) -> EntryRow:
    """A list of the source's record: its heading, what it holds, what it warns of, why it is empty."""
    code, system, words = reading.coded(resource, "code")
    title = reading.text(resource, "title")
    detail: Node = {}
    warned = (told.get("valueCode") for told in extensions(resource))
    put(
        detail,
        warnings=[warning for warning in warned if warning.__class__ is str],
        empty_reason=reading.words(resource, "emptyReason") if "emptyReason" in resource else "",
        notes=notes(reading, resource),
        members=reading.references(resource, "entry", "item"),
    )
    when = reading.first_moment(resource, "date")
    return reading.row(Kind.SECTION, when, (code, system, title or words), reading.text(resource, "status"), detail)


def flag(reading: Reading, resource: Node) -> EntryRow:
    """A warning that stands on the record."""
    detail: Node = {}
    reading.sign(detail, resource, "author")
    coded = reading.code_and_words(resource, detail)
    put(detail, category=reading.words(resource, "category"))
    when = reading.first_moment(resource, "period.start")
    ended = reading.first_moment(resource, "period.end").at
    return reading.row(Kind.ALERT, when, coded, reading.text(resource, "status"), detail, ended)


def care_plan(reading: Reading, resource: Node) -> EntryRow:
    """A care plan as its owner summarises it."""
    detail: Node = {}
    for author in reading.nodes(resource, "author")[:1]:
        reading.sign(detail, {"author": author}, "author")
    code, system, words = "", "", ""
    for category in reading.nodes(resource, "category")[:1]:
        code, system, words = reading.concept(category, "category[0].")
    title = reading.text(resource, "title")
    put(
        detail,
        text=reading.text(resource, "description"),
        category=words if title else "",
        intent=reading.text(resource, "intent"),
        notes=notes(reading, resource),
    )
    when = reading.first_moment(resource, "period.start")
    ended = reading.first_moment(resource, "period.end").at
    coded = (code, system, title or words or "Care plan")
    return reading.row(Kind.PLAN, when, coded, reading.text(resource, "status"), detail, ended)


def _reactions(reading: Reading, resource: Node, detail: Node) -> list[str]:
    """Each reaction in words; how bad the worst was goes to `severity` where nothing else does."""
    found = []
    for index, reaction in enumerate(reading.nodes(resource, "reaction")):
        where = f"reaction[{index}]."
        shown = [reading.concept(told, where)[2] for told in reading.nodes(reaction, "manifestation", where)]
        words = ", ".join(filter(None, (*shown, reading.text(reaction, "description", where))))
        severity = reading.text(reaction, "severity", where)
        found.append(f"{words} ({severity})" if severity else words)
    return [reaction for reaction in found if reaction]


def _performer(reading: Reading, participants: list[Node]) -> Node:
    """Who held the encounter: the primary performer, else the first who took part."""
    for participant in participants:
        for sort in reading.nodes(participant, "type", "participant."):
            codings = reading.nodes(sort, "coding", "participant.type.")
            if any(coding.get("code") == "PPRF" for coding in codings):
                return participant
    return participants[0]


READERS: dict[str, Callable[[Reading, Node], EntryRow]] = {
    "AllergyIntolerance": allergy,
    "Appointment": care.appointment,
    "CarePlan": care_plan,
    "CareTeam": care.care_team,
    "Communication": care.communication,
    "Composition": care.composition,
    "Condition": condition,
    "DiagnosticReport": observations.diagnostic_report,
    "DocumentReference": document_reference,
    "Encounter": encounter,
    "EpisodeOfCare": care.episode_of_care,
    "FamilyMemberHistory": care.family_history,
    "Flag": flag,
    "Immunization": immunization,
    "List": section,
    "MedicationAdministration": care.medication_administration,
    "MedicationDispense": care.medication_dispense,
    "MedicationRequest": medicines.medication_request,
    "MedicationStatement": medicines.medication_statement,
    "Observation": observations.observation,
    "Procedure": procedure,
    "ProcedureRequest": procedure_request,
    "QuestionnaireResponse": observations.questionnaire_response,
    "ReferralRequest": referral_request,
    "Task": care.task,
}

# Read where other entries refer to them, or about other things than a fact of the person's record.
CONTEXT = frozenset(
    {"BodyStructure", "CodeSystem", "Consent", "Coverage", "Device", "Endpoint", "HealthcareService", "Location"}
    | {"Medication", "MessageHeader", "Organization", "Patient", "Practitioner", "PractitionerRole", "Provenance"}
    | {"Questionnaire", "RelatedPerson", "RequestGroup", "Schedule", "Slot", "Specimen"}
)

# Not about one person's record at all: a message of these alone is refused with a word of what it is.
NOT_ABOUT_A_PERSON = CONTEXT - {"Patient"} | frozenset(
    {"AuditEvent", "CapabilityStatement", "Parameters", "StructureDefinition", "Subscription", "ValueSet"}
)
