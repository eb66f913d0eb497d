"""Findings and results of GP Connect: Observation, DiagnosticReport, QuestionnaireResponse.

A finding with a number (its own, or its components') is a result; with words alone it is an observation.
"""

from oneplace.formats.fhir.reading import NOTHING, Node, Reading, put
from oneplace.formats.shape import number_text
from oneplace.kernel.rows import EntryRow, Kind, Severity

_MAX_ITEMS = 500  # of a questionnaire, at any depth


def observation(reading: Reading, resource: Node) -> EntryRow:
    """One finding: its number, words or components, reference range and remarks."""
    detail: Node = {}
    coded = _signed(reading, resource, detail)
    value, value_text, unit = _value(reading, resource, "")
    low, high = _reference_range(reading, resource, detail)
    numeric = value is not None
    if "component" in resource:
        numeric |= _components(reading, resource, detail)
        value_text = value_text or joined(detail.get("components", []))
        unit = unit or _one_unit(detail.get("components", []))
    if "related" in resource:
        put(detail, members=reading.references(resource, "related", "target"))
    put(
        detail,
        comments=reading.text(resource, "comment"),
        interpretation=reading.words(resource, "interpretation"),
        site=reading.words(resource, "bodySite"),
    )
    when = reading.first_moment(resource, "effectiveDateTime", "effectivePeriod.start", "issued")
    ended = reading.first_moment(resource, "effectivePeriod.end").at
    status = reading.text(resource, "status")
    kind = Kind.RESULT if numeric else Kind.OBSERVATION
    return reading.row(kind, when, coded, status, detail, ended, value, value_text, unit, low, high)


def diagnostic_report(reading: Reading, resource: Node) -> EntryRow:
    """A report: a result where it holds results, else words about findings."""
    detail: Node = {}
    for performer in reading.nodes(resource, "performer")[:1]:
        reading.sign(detail, performer, "actor", "performer.")
    put(
        detail,
        text=reading.text(resource, "conclusion"),
        category=reading.words(resource, "category"),
        members=reading.references(resource, "result"),
    )
    when = reading.first_moment(resource, "effectiveDateTime", "effectivePeriod.start", "issued")
    kind = Kind.RESULT if "members" in detail else Kind.OBSERVATION
    return reading.row(kind, when, reading.coded(resource, "code"), reading.text(resource, "status"), detail)


def questionnaire_response(reading: Reading, resource: Node) -> EntryRow:
    """Answers to a form: each question with its answer, in the order of the form."""
    detail: Node = {}
    reading.sign(detail, resource, "author")
    coded, members = ("", "", ""), []
    for parent in reading.nodes(resource, "parent")[:1]:
        told = reading.resource(reading.text(parent, "reference", "parent."))
        coded = reading.coded(told, "code", "parent.") if told else coded
    display = coded[2] or reading.target(resource, "questionnaire")[2] or "Questionnaire"
    answers = []
    for item in _items(reading, resource):
        words, references = _answers(reading, item)
        members += references
        answers.append({"display": reading.text(item, "text", "item."), "value": "; ".join(words)})
    put(detail, components=answers, members=members)
    when = reading.first_moment(resource, "authored")
    status = reading.text(resource, "status")
    return reading.row(Kind.QUESTIONNAIRE, when, (coded[0], coded[1], display), status, detail)


def joined(components: list[Node]) -> str:
    """142/86 for components of one unit, else each with its name and unit; systolic stands before diastolic."""
    told = [part for part in components if part.get("value")]
    if len(told) > 1 and len({part.get("unit", "") for part in told}) == 1 and len(told) < 3:
        return "/".join(part["value"] for part in sorted(told, key=_systolic_first))
    return "; ".join(f"{part['display']} {part['value']} {part.get('unit', '')}".strip() for part in told)


def _systolic_first(part: Node) -> bool:
    return "diastolic" in part["display"].lower()


def _signed(reading: Reading, resource: Node, detail: Node) -> tuple[str, str, str]:
    """Author and code, with the sender's own words where they say more than the code."""
    performers = resource.get("performer")
    if performers.__class__ is list and performers:
        reading.sign(detail, {"performer": performers[0]}, "performer")
    return reading.code_and_words(resource, detail)


def _value(reading: Reading, node: Node, where: str) -> tuple[float | None, str, str]:
    """Number, text and unit of whichever value[x] stands in the node."""
    if "valueQuantity" in node:
        return _quantity(reading, node, where)
    for key, told in node.items():
        if key.startswith("value"):
            return None, _words(reading, node, key, told, where), ""
    return None, "", ""


def _quantity(reading: Reading, node: Node, where: str) -> tuple[float | None, str, str]:
    where += "valueQuantity."
    quantity = reading.node(node, "valueQuantity", where[:-14])
    unit = reading.text(quantity, "unit", where) or reading.text(quantity, "code", where)
    value = reading.number(quantity, "value", where)
    if value is None:
        return None, "", unit
    return value, reading.text(quantity, "comparator", where) + number_text(value), unit


def _words(reading: Reading, node: Node, key: str, told: object, where: str) -> str:
    if key == "valueString":
        return reading.text(node, key, where)
    if key == "valueCodeableConcept":
        return reading.coded(node, key, where)[2]
    if key == "valueCoding":
        return reading.text(reading.node(node, key, where), "display", where + key + ".")
    if key in {"valueRange", "valueRatio", "valuePeriod"}:
        return _between(reading, reading.node(node, key, where), f"{where}{key}.")
    if told.__class__ is bool:
        return "yes" if told else "no"
    if key in {"valueDateTime", "valueDate", "valueTime", "valueUri"}:
        return reading.text(node, key, where)
    if told.__class__ is int or told.__class__ is float:
        return number_text(told)
    reading.fault(where + key, "value-not-read", "a value of this sort isn't read yet", Severity.WARNING)
    return ""


def _between(reading: Reading, node: Node, where: str) -> str:
    """A range, a ratio or a period in words."""
    pairs = (("low", "high", " to "), ("numerator", "denominator", " : "))
    for one, other, between in pairs:
        told = [reading.amount(node, key, where) for key in (one, other)]
        if any(told):
            return between.join(filter(None, told))
    return " to ".join(filter(None, (reading.text(node, key, where) for key in ("start", "end"))))


def _components(reading: Reading, resource: Node, detail: Node) -> bool:
    """File the components in the detail; true when one of them has a number."""
    numeric, parts = False, []
    for index, component in enumerate(reading.nodes(resource, "component")):
        where = f"component[{index}]."
        value, words, unit = _value(reading, component, where)
        numeric |= value is not None
        part = {"display": reading.coded(component, "code", where)[2], "value": words}
        parts.append(put(part, unit=unit, missing=reading.words(component, "dataAbsentReason")))
    put(detail, components=parts)
    return numeric


def _one_unit(components: list[Node]) -> str:
    units = {part.get("unit", "") for part in components if part.get("value")}
    return units.pop() if len(units) == 1 else ""


def _reference_range(reading: Reading, resource: Node, detail: Node) -> tuple[float | None, float | None]:
    for told in reading.nodes(resource, "referenceRange")[:1]:
        low = reading.number(reading.node(told, "low", "referenceRange[0]."), "value", "referenceRange[0].low.")
        high = reading.number(reading.node(told, "high", "referenceRange[0]."), "value", "referenceRange[0].high.")
        put(detail, range=reading.text(told, "text", "referenceRange[0]."))
        return low, high
    return None, None


def _items(reading: Reading, resource: Node) -> list[Node]:
    """All items of a questionnaire in reading order, those inside others too."""
    found: list[Node] = []
    waiting = reading.nodes(resource, "item")[::-1]
    while waiting and len(found) < _MAX_ITEMS:
        item = waiting.pop()
        found.append(item)
        waiting += reading.nodes(item, "item", "item.")[::-1]
    return found


def _answers(reading: Reading, item: Node) -> tuple[list[str], list[str]]:
    """The answers of one item in words, and the entries that it refers to."""
    words, references = [], []
    for answer in reading.nodes(item, "answer", "item."):
        if "valueReference" not in answer:
            words.append(_value(reading, answer, "item.answer.")[1])
            continue
        told, resource, display = reading.target(answer, "valueReference", "item.answer.")
        references.append(told)
        words.append(display or _finding(reading, resource))
    return [word for word in words if word], [told for told in references if told]


def _finding(reading: Reading, resource: Node) -> str:
    """A finding in one line: what it is and its value."""
    if resource is NOTHING:
        return ""
    where = "item.answer.valueReference."
    _, value, unit = _value(reading, resource, where)
    return " ".join(filter(None, (reading.coded(resource, "code", where)[2], value, unit)))
