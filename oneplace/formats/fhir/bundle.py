"""A bundle taken apart: of which FHIR release it is, its resources in STU3's shape, found by reference.

The first pass over a bundle; `fhir` itself makes rows of what is found here.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any

from oneplace.formats.fhir import dstu2, r4
from oneplace.formats.fhir.medicines import note_order
from oneplace.formats.fhir.reading import NOTHING, Node, Reading, extension

ADDRESS_END = re.compile(r"[/:]")


def release_of(bundle: Node) -> tuple[str, Callable[[Node], Node] | None]:
    """Which release of FHIR it is in, and what puts its resources into STU3's shape."""
    resources = [resource for _, _, resource in _flat(bundle["entry"][:60]) if resource.__class__ is dict]
    if dstu2.is_dstu2(bundle, resources):
        return "dstu2", dstu2.shaper(resources)
    return ("r4", r4.as_stu3) if r4.is_r4(bundle, resources) else ("stu3", None)


def _flat(entries: list[Any], outer: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Path, entry and resource of each entry; a bundle inside, a letter of a message, in its place."""
    for index, entry in enumerate(entries):
        path = f"{outer}entry[{index}]"
        resource = entry.get("resource") if entry.__class__ is dict else None
        if not outer and resource.__class__ is dict and resource.get("resourceType") == "Bundle":
            inner = resource.get("entry")
            yield from _flat(inner if inner.__class__ is list else [], f"{path}.")
        else:
            yield path, entry, resource


def is_whole(bundle: Node) -> bool:
    """True for a record or a letter, which hold all that they speak of; messages, requests and answers to searches may
    speak of somebody whom their reader knows already."""
    inside = (one.get("resource") for one in bundle["entry"] if one.__class__ is dict)
    sorts = [
        one.get("type") for one in (bundle, *inside) if one.__class__ is dict and one.get("resourceType") == "Bundle"
    ]
    return any(sort.__class__ is not str or sort not in _PARTIAL for sort in sorts)


_PARTIAL = frozenset({"message", "transaction", "transaction-response", "batch", "batch-response", "history"}) | {
    *("searchset", "subscription-notification", "single")
}


def note_resources(
    reading: Reading,
    entries: list[Any],
    told: list[tuple[str, Node]],
    patients: list[tuple[str, Node]],
    in_stu3: Callable[[Node], Node] | None,
) -> None:
    """First pass: resources by reference, roles by practitioner, last issues by plan, and the patients."""
    resources = reading.resources
    for path, entry, resource in _flat(entries):
        sort = resource.get("resourceType") if resource.__class__ is dict else None
        if sort.__class__ is not str:
            if not _asks_to_remove(entry):
                reading.path = path
                reading.fault("", "no-resource", "this entry holds no resource with a resourceType; it was left out")
            continue
        address = entry.get("fullUrl")
        if address.__class__ is str and "id" not in resource:
            resource = resource | {"id": ADDRESS_END.split(address)[-1]}
        if in_stu3:
            resource = in_stu3(resource)
        told.append((path, resource))
        key = resource.get("id")
        names = [f"{sort}/{key}"] if key.__class__ is str else []
        names += [address] if address.__class__ is str else []
        resources.update(dict.fromkeys(names, resource))
        if sort == "MedicationRequest":
            note_order(reading, resource)
        elif sort == "PractitionerRole":
            practitioner = resource.get("practitioner")
            reference = practitioner.get("reference") if practitioner.__class__ is dict else None
            if reference.__class__ is str:
                reading.roles[reference] = resource
        elif sort == "Practitioner" and (role := dstu2.role_of(resource)):
            reading.roles.update(dict.fromkeys(names, role))
        elif sort == "Patient":
            patients.append((path, resource))


def _asks_to_remove(entry: Any) -> bool:
    """True for an entry of a transaction that asks for something to be removed, and so holds no resource."""
    request = entry.get("request") if entry.__class__ is dict else None
    return request.__class__ is dict and request.get("method") == "DELETE"


def takes_back(told: list[tuple[str, Node]]) -> bool:
    """True for an event message that deletes an event told before (child health, national events)."""
    header = next((one for _, one in told if one["resourceType"] == "MessageHeader"), NOTHING)
    for name in ("MessageEventType", "EventMessageType"):
        concept = extension(header, name).get("valueCodeableConcept")
        if concept.__class__ is dict and r4.code_of(concept) == "delete":
            return True
    return False
