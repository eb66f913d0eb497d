"""Whose data a FHIR message is: the organisation that sends it or keeps it, told in many ways and never by a file name.

A message names its sender in its header, a document its custodian, a record its managing organisation. A receiver is
never taken for the source. An organisation without an ODS code counts by its site code.
"""

import re
from collections.abc import Iterator

from oneplace.formats.fhir.reading import NOTHING, ODS_SYSTEM, Node, Reading
from oneplace.formats.limits import MAX_ID

_SITE_SYSTEM = "ods-site-code"
_ENDPOINT = re.compile(r"ods:([A-Za-z0-9]{3,9})$")
_CODE = re.compile(r"[A-Z0-9]{3,12}")
_PRACTICE = re.compile(r"[A-Z][0-9]{5}")
_SENDERS = ("responsible", "author", "sender")
_KEEPERS = ("custodian", "serviceProvider", "managingOrganization", "sourceOrganization", "assigner")
_ACTORS = ("requester", "performer", "author", "agent", "onBehalfOf", "actor", "individual", "recorder", "asserter")


def source_organisation(reading: Reading, patient: Node, told: list[tuple[str, Node]]) -> tuple[str, str]:
    """Code and name of the organisation whose data this is; empty where nothing tells."""
    resources = [resource for _, resource in told]
    header = next((one for one in resources if one.get("resourceType") == "MessageHeader"), NOTHING)
    letter = next((one for one in resources if one.get("resourceType") == "Composition"), NOTHING)
    told_here: Iterator[Node]
    if header:
        told_here = _of_message(reading, header, resources)
    elif letter:
        told_here = _of_letter(reading, letter, patient)
    else:
        told_here = _of_record(reading, patient, resources)
    first = NOTHING
    for organisation in told_here:
        code = any_code(reading, organisation)
        if code:
            return code, reading.text(organisation, "name") or reading.text(organisation, "display")
        first = first or organisation
    return _endpoint(reading, header), reading.text(first, "name")


def any_code(reading: Reading, organisation: Node) -> str:
    """The ODS code of an Organization or of a Reference by identifier, else its site code; '' where it has neither."""
    site = ""
    told = organisation.get("identifier")
    identifiers = reading.nodes(organisation, "identifier") if told.__class__ is not dict else [told]
    for identifier in identifiers:
        system = reading.text(identifier, "system", "identifier.").lower()
        code = reading.text(identifier, "value", "identifier.").upper()
        if not _CODE.fullmatch(code) or (not any(mark in code for mark in "0123456789") and len(code) > 3):
            continue  # a placeholder of a template, not a code
        if system.endswith(ODS_SYSTEM):
            return code
        if system.endswith((_SITE_SYSTEM, "/ods", "ods-code")):
            site = site or code
    return site


def is_practice(code: str) -> bool:
    """True for a code of the form that ODS gives to GP practices: a letter and five digits."""
    return _PRACTICE.fullmatch(code) is not None


def practice_of(reading: Reading, patient: Node) -> Node:
    """The practice that registers the patient: the GP's organisation, else a managing organisation that is one."""
    for doctor in reading.nodes(patient, "generalPractitioner"):
        for organisation in _behind(reading, doctor):
            if is_practice(any_code(reading, organisation)):
                return organisation
    managing = reading.target(patient, "managingOrganization")[1] or reading.node(patient, "managingOrganization")
    return managing if is_practice(any_code(reading, managing)) else NOTHING


def _of_message(reading: Reading, header: Node, resources: list[Node]) -> Iterator[Node]:
    for key in _SENDERS:
        if header.get(key).__class__ is dict:
            yield from _behind(reading, header[key])
    receivers = [told for told in _receivers(reading, header)]
    yield from _keepers(reading, resources)
    for resource in resources:
        if resource.get("resourceType") == "Organization" and not any(resource is one for one in receivers):
            yield resource


def _receivers(reading: Reading, header: Node) -> Iterator[Node]:
    told = [header.get("receiver")]
    told += [to.get("receiver") for to in reading.nodes(header, "destination") if "receiver" in to]
    for reference in told:
        if reference.__class__ is dict:
            yield from _behind(reading, reference)


def _of_letter(reading: Reading, letter: Node, patient: Node) -> Iterator[Node]:
    for key in ("custodian", "author"):
        told = letter.get(key)
        for reference in told if told.__class__ is list else [told]:
            if reference.__class__ is dict:
                yield from _behind(reading, reference)
    yield from _of_record(reading, patient, list(reading.resources.values()))


def _of_record(reading: Reading, patient: Node, resources: list[Node]) -> Iterator[Node]:
    """The managing organisation, then that of the patient's GP, then who keeps or made the entries."""
    if patient.get("managingOrganization").__class__ is dict:
        yield from _behind(reading, patient["managingOrganization"])
    for doctor in reading.nodes(patient, "generalPractitioner"):
        yield from _behind(reading, doctor)
    yield from _keepers(reading, resources)


def _keepers(reading: Reading, resources: list[Node]) -> Iterator[Node]:
    for keys in (_KEEPERS, _ACTORS):
        for resource in resources:
            for key in keys:
                told = resource.get(key)
                for reference in told if told.__class__ is list else [told]:
                    if reference.__class__ is dict:
                        yield from _behind(reading, reference)


def _behind(reading: Reading, reference: Node) -> Iterator[Node]:
    """The organisations that a Reference leads to: itself, a role's, a practitioner's role's, or by identifier."""
    for key in ("agent", "onBehalfOf", "actor"):  # STU3 wraps some
        if reference.get(key).__class__ is dict:
            yield from _behind(reading, reference[key])
    told = reading.text(reference, "reference")
    found = reading.resource(told) if told else NOTHING
    sort = found.get("resourceType")
    if sort == "Organization":
        yield found
        parent = reading.target(found, "partOf")[1]  # a department speaks for its trust
        if parent is not found and parent:
            yield parent
    elif sort == "PractitionerRole" or told in reading.roles:
        role = found if sort == "PractitionerRole" else reading.roles[told]
        organisation = reading.node(role, "organization")
        yield from (one for one in (reading.target(role, "organization")[1], organisation) if one)
    if reference.get("identifier").__class__ is dict:
        yield reference


def _endpoint(reading: Reading, header: Node) -> str:
    """The code in a sender's address, where a message tells nothing else."""
    found = _ENDPOINT.search(reading.text(reading.node(header, "source"), "endpoint", "source."))
    return found[1].upper()[:MAX_ID] if found else ""
