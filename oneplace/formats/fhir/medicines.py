"""Medicines of GP Connect: MedicationStatement (what is taken) and MedicationRequest (a plan, and each issue of it).

Source: GP Connect structured record 1.2 to 1.5; a statement rests on its plan, and orders rest on the same plan.
"""

from oneplace.formats.fhir.reading import NOTHING, Coded, Node, Reading, extension, notes, put
from oneplace.kernel.rows import EntryRow, Kind


def medication_statement(reading: Reading, resource: Node) -> EntryRow:
    """What the person takes: dose, type, quantity and last issue come from the plan where the statement is silent."""
    plan_reference, plan = _plan(reading, resource)
    detail: Node = {}
    sign(reading, detail, plan)
    supply = reading.node(plan, "dispenseRequest", "basedOn.")
    put(
        detail,
        dose=dose_words(reading, resource, "dosage"),
        quantity=_quantity(reading, supply),
        prescription_type=_type(reading, plan),
        last_issued=_last_issued(reading, resource, plan_reference),
        category=reading.words(extension(resource, "GPC-PrescribingAgency"), "valueCodeableConcept"),
        notes=notes(reading, resource),
        **_repeats(plan),
    )
    when = reading.first_moment(resource, "effectivePeriod.start", "effectiveDateTime", "dateAsserted")
    ended = reading.first_moment(resource, "effectivePeriod.end").at
    return reading.row(
        Kind.MEDICATION, when, drug(reading, resource, detail), reading.text(resource, "status"), detail, ended
    )


def medication_request(reading: Reading, resource: Node) -> EntryRow:
    """A plan to prescribe, or one issue of it (`intent` tells which)."""
    detail: Node = {}
    sign(reading, detail, resource)
    supply = reading.node(resource, "dispenseRequest")
    put(
        detail,
        dose=dose_words(reading, resource, "dosageInstruction"),
        quantity=_quantity(reading, supply),
        prescription_type=_type(reading, resource),
        intent=reading.text(resource, "intent"),
        notes=notes(reading, resource),
        **_repeats(resource),
    )
    ended = reading.first_moment(supply, "validityPeriod.end").at
    when = reading.first_moment(resource, "authoredOn")
    return reading.row(
        Kind.PRESCRIPTION, when, drug(reading, resource, detail), reading.text(resource, "status"), detail, ended
    )


def sign(reading: Reading, detail: Node, request: Node) -> None:
    """Who asked for it, else who wrote it down."""
    requester = reading.node(request, "requester")
    if "agent" in requester:
        reading.sign(detail, requester, "agent", "requester.")
    else:
        reading.sign(detail, request, "recorder")


def drug(reading: Reading, resource: Node, detail: Node) -> Coded:
    """Which medicine: the Medication that is referred to, or the code that stands in its place."""
    if "medicationCodeableConcept" in resource:
        return reading.coded(resource, "medicationCodeableConcept")
    told, medication, display = reading.target(resource, "medicationReference")
    if medication:
        coded = reading.coded(medication, "code", "medicationReference.")
        words = reading.text(reading.node(medication, "code"), "text")
        if words and words != coded[2]:
            detail["text"] = words
        return coded
    if told:
        reading.fault("medicationReference", "reference-missing", "the medicine referred to is not in this bundle")
    return "", "", display


def note_order(reading: Reading, resource: Node) -> None:
    """Remember the newest issue of each plan, before any statement is read."""
    if resource.get("intent") != "order":
        return
    issued = resource.get("authoredOn")
    based_on = resource.get("basedOn")
    if issued.__class__ is str and based_on.__class__ is list and based_on and based_on[0].__class__ is dict:
        plan = based_on[0].get("reference")
        if plan.__class__ is str and reading.last_orders.get(plan, "") < issued[:10]:
            reading.last_orders[plan] = issued[:10]


def _plan(reading: Reading, resource: Node) -> tuple[str, Node]:
    for based_on in reading.nodes(resource, "basedOn"):
        told = reading.text(based_on, "reference", "basedOn.")
        return told, reading.resource(told)
    return "", NOTHING


def dose_words(reading: Reading, resource: Node, key: str) -> str:
    """How to take it, as written for the person."""
    told = []
    for dosage in reading.nodes(resource, key):
        told.append(reading.text(dosage, "text", key + "."))
        told.append(reading.text(dosage, "patientInstruction", key + "."))
    return "; ".join(filter(None, told))


def _quantity(reading: Reading, supply: Node) -> str:
    told = reading.node(supply, "quantity", "dispenseRequest.")
    words = extension(told, "MedicationQuantityText")
    return reading.amount(supply, "quantity", "dispenseRequest.") or reading.text(words, "valueString", "extension.")


def _type(reading: Reading, plan: Node) -> str:
    """Repeat or acute: GP Connect's extension, R4's course of therapy."""
    told = reading.words(extension(plan, "GPC-PrescriptionType"), "valueCodeableConcept")
    return told or reading.words(plan, "courseOfTherapyType")


def _last_issued(reading: Reading, resource: Node, plan: str) -> str:
    told = reading.moment(extension(resource, "LastIssueDate"), "valueDateTime", "extension.").at
    return told.date().isoformat() if told else reading.last_orders.get(plan, "")


def _repeats(plan: Node) -> dict[str, int]:
    repeats = extension(plan, "MedicationRepeatInformation")
    found = {
        "repeats_issued": extension(repeats, "numberOfRepeatPrescriptionsIssued").get("valueUnsignedInt"),
        "repeats_allowed": extension(repeats, "numberOfRepeatPrescriptionsAllowed").get("valueUnsignedInt"),
    }
    return {key: value for key, value in found.items() if value.__class__ is int}
