"""Which sections of a GP's structured record an export tells whole, so that what it leaves out is there no more.

Source: GP Connect structured record: a list a section, in mode snapshot; a section that wasn't asked for has no list. A
section of which the practice keeps something back, or of which an entry couldn't be read, isn't taken for the whole.
"""

from collections import Counter
from collections.abc import Iterator, Sequence

from oneplace.formats.fhir.reading import Node, Reading, extension
from oneplace.kernel.rows import EntryRow

_SECTIONS = {
    "886921000000105": "AllergyIntolerance",
    "933361000000108": "MedicationStatement",
    "717711000000103": "Condition",
}
_EMPTY = "no-content-recorded"
_NOT_EXPORTS = frozenset({"MessageHeader", "Composition"})


def whole_sections(
    reading: Reading, bundle: Node, told: Sequence[tuple[str, Node]], entries: Sequence[EntryRow]
) -> tuple[str, ...]:
    """Types of entries of which this export of one patient's record, with a time of its own, tells all."""
    resources = [resource for _, resource in told]
    sorts = {resource["resourceType"] for resource in resources}
    if bundle.get("type") != "collection" or reading.at is None or len(reading.people) != 1 or sorts & _NOT_EXPORTS:
        return ()
    sent = Counter(resource["resourceType"] for resource in _with_contained(resources))
    read = Counter(entry.type for entry in entries)
    found = {sort for section in resources if (sort := _told_whole(reading, section)) and sent[sort] == read[sort]}
    return tuple(sorted(found))


def _with_contained(resources: Sequence[Node]) -> Iterator[Node]:
    """The resources, with those that stand inside a list: ended allergies do."""
    for resource in resources:
        yield resource
        inner = resource.get("contained") if resource["resourceType"] == "List" else None
        for one in inner if inner.__class__ is list else ():
            if one.__class__ is dict and "resourceType" in one:
                yield one


def _told_whole(reading: Reading, section: Node) -> str:
    """The type of entries that a list holds all of; '' for a list of another sort, or with something kept back."""
    if section["resourceType"] != "List" or section.get("mode") != "snapshot" or section.get("status") != "current":
        return ""
    if extension(section, "ListWarningCode"):
        return ""
    empty = section.get("emptyReason")
    if empty is not None and reading.coded(section, "emptyReason")[0] != _EMPTY:
        return ""
    return _SECTIONS.get(reading.coded(section, "code")[0], "")
