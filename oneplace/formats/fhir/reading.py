"""One bundle being read: typed access to its fields that files a fault and goes on, and references resolved.

Every accessor takes a node, a key and, for a nested node, where it hangs (`component[0].`); what can't be used
becomes an issue with its path and an empty value. Fault texts never repeat what was sent: it may name a person.
"""

from datetime import datetime
from typing import Any

from oneplace.formats.limits import ENTRY_LIMITS, fitted
from oneplace.formats.shape import NEVER, Moment, iso_moment, number_text
from oneplace.kernel.rows import EntryRow, Issue, Kind, PersonRow, Severity

Node = dict[str, Any]
Coded = tuple[str, str, str]  # code, system, display

NOTHING: Node = {}
UNCODED: Coded = ("", "", "")
SNOMED = "http://snomed.info/sct"
ODS_SYSTEM = "ods-organization-code"


class Reading:
    """What is known of the bundle while its entries are read one by one."""

    __slots__ = (
        "at",
        "authors",
        "issues",
        "last_orders",
        "lenient",
        "local_id",
        "path",
        "people",
        "release",
        "resources",
        "roles",
        "source_id",
        "source_name",
        "strangers",
        "type",
        "version",
        "version_at",
    )

    def __init__(self) -> None:
        self.issues: list[Issue] = []
        self.resources: dict[str, Node] = {}  # "Type/id" and fullUrl -> resource
        self.roles: dict[str, Node] = {}  # reference of a practitioner -> its PractitionerRole
        self.last_orders: dict[str, str] = {}  # plan's reference -> when it was last issued
        self.authors: dict[str, tuple[str, str, str]] = {}
        self.source_name = ""
        self.at: datetime | None = None  # when the bundle was made
        self.path = self.local_id = self.type = self.source_id = self.version = ""
        self.version_at: datetime | None = None
        self.people: set[str] = set()  # local ids of the patients of the bundle
        self.strangers: dict[str, PersonRow] = {}  # patients that a message names by key alone
        self.lenient = False  # XML: a lone element may be a list of one
        self.release = "stu3"  # of FHIR: dstu2, stu3 or r4

    def fault(self, where: str, code: str, text: str, severity: Severity = Severity.ERROR) -> None:
        """File an issue on this entry, or on its element `where`."""
        self.issues.append(Issue(f"{self.path}.{where}" if where else self.path, code, text, severity))

    def text(self, node: Node, key: str, where: str = "") -> str:
        """The text under `key`, without spaces around it; '' where there is none or it isn't text."""
        value = node.get(key)
        if value.__class__ is str:
            return value.strip()
        if value is not None:
            self.fault(where + key, "wrong-type", "text was expected here; the value was left out")
        return ""

    def node(self, node: Node, key: str, where: str = "") -> Node:
        """The object under `key`; an empty one where there is none or it isn't an object."""
        value = node.get(key)
        if value.__class__ is dict:
            return value
        if self.lenient and value.__class__ is list and value and value[0].__class__ is dict:
            return value[0]
        if value is not None:
            self.fault(where + key, "wrong-type", "an object was expected here; the value was left out")
        return NOTHING

    def nodes(self, node: Node, key: str, where: str = "") -> list[Node]:
        """The objects of the list under `key`; others in it are left out, one at a time."""
        value = node.get(key)
        if value is None:
            return []
        if value.__class__ is dict:
            if not self.lenient:
                self.fault(where + key, "wrong-type", "a list was expected here; read as a list of one", Severity.NOTE)
            return [value]
        if value.__class__ is not list:
            self.fault(where + key, "wrong-type", "a list was expected here; the value was left out")
            return []
        for item in value:
            if item.__class__ is not dict:
                break
        else:
            return value
        self.fault(where + key, "wrong-type", "an item of this list is not an object; it was left out")
        return [item for item in value if item.__class__ is dict]

    def texts(self, node: Node, key: str, where: str = "") -> list[str]:
        """The texts of the list under `key` (names, address lines), empty ones and others left out."""
        value = node.get(key)
        if value is None:
            return []
        told = [value] if value.__class__ is str else value if value.__class__ is list else [None]
        kept = [item.strip() for item in told if item.__class__ is str]
        if len(kept) < len(told):
            self.fault(where + key, "wrong-type", "a list of texts was expected here; the rest was left out")
        return [item for item in kept if item]

    def references(self, node: Node, key: str, inner: str = "") -> list[str]:
        """What the References of a list point to, as `Type/id`; those inside `inner` of each item where it is told."""
        found: list[str] = []
        for item in self.nodes(node, key) if key in node else ():
            reference = item.get(inner) if inner else item
            told = reference.get("reference") if reference.__class__ is dict else None
            if told.__class__ is str:
                found.append(told)
            else:
                self.fault(key, "reference-missing", "an item of this list refers to nothing; it was left out")
        return found

    def number(self, node: Node, key: str, where: str = "") -> float | None:
        """The number under `key`; text that looks like one is not one."""
        value = node.get(key)
        if value is None:
            return None
        if value.__class__ is float or value.__class__ is int:
            return float(value)
        self.fault(where + key, "wrong-type", "a number was expected here; the value was left out")
        return None

    def amount(self, node: Node, key: str, where: str = "") -> str:
        """A quantity as people write it (28 tablet); '' where it has no number."""
        quantity = self.node(node, key, where)
        value = self.number(quantity, "value", f"{where}{key}.")
        return "" if value is None else f"{number_text(value)} {self.text(quantity, 'unit', f'{where}{key}.')}".strip()

    def moment(self, node: Node, key: str, where: str = "") -> Moment:
        """The date or time under `key` in UTC; NEVER where there is none or it can't be read."""
        value = self.text(node, key, where)
        if not value:
            return NEVER
        try:
            told = iso_moment(value)
        except (ValueError, OverflowError):
            self.fault(where + key, "date-unreadable", "this is no date that a record can hold; it was left out")
            return NEVER
        if told.precision == "zone":
            self.fault(where + key, "zone-missing", "a time without its zone was read as London time", Severity.NOTE)
            return Moment(told.at)
        return told

    def first_moment(self, node: Node, *keys: str) -> Moment:
        """The first of these dates that is there and can be read; `period.start` style keys go one level down."""
        for key in keys:
            if key in node:
                told = self.moment(node, key)
            elif "." in key:
                outer, _, inner = key.partition(".")
                told = self.moment(self.node(node, outer), inner, outer + ".") if outer in node else NEVER
            else:
                continue
            if told.at is not None:
                return told
        return NEVER

    def coded(self, node: Node, key: str, where: str = "") -> Coded:
        """The coding to go by under `key` (SNOMED CT, then Read, then the first) with its words."""
        concept = self.node(node, key, where)
        return self.concept(concept, f"{where}{key}.") if concept else UNCODED

    def code_and_words(self, resource: Node, detail: Node) -> Coded:
        """The resource's `code`, with the sender's own words in the detail where they say something else."""
        concept = self.node(resource, "code")
        if not concept:
            return UNCODED
        coded = self.concept(concept, "code.")
        words = self.text(concept, "text", "code.") if "text" in concept else ""
        if words and words != coded[2]:
            detail["text"] = words
        return coded

    def concept(self, concept: Node, where: str) -> Coded:
        """The same for a CodeableConcept at hand."""
        best, rank = NOTHING, 9
        codings = self.nodes(concept, "coding", where) if "coding" in concept else []
        for coding in codings:
            system = coding.get("system")
            grade = 0 if system == SNOMED else 1 if system.__class__ is str and "read" in system else 2
            if grade < rank:
                best, rank = coding, grade
        inner = where + "coding."
        display = self.text(best, "display", inner) if "display" in best else self._other_words(concept, codings, where)
        return self.text(best, "code", inner), self.text(best, "system", inner), display

    def _other_words(self, concept: Node, codings: list[Node], where: str) -> str:
        """The words of another coding or the text, where the coding to go by has none."""
        told = (self.text(coding, "display", where + "coding.") for coding in codings)
        return next(filter(None, told), "") or self.text(concept, "text", where)

    def words(self, node: Node, key: str) -> str:
        """What a person wrote or reads of a CodeableConcept: its text, else the display of its coding."""
        concept = self.node(node, key)
        return (self.text(concept, "text", key + ".") or self.concept(concept, key + ".")[2]) if concept else ""

    def target(self, node: Node, key: str, where: str = "") -> tuple[str, Node, str]:
        """What a Reference points to: its `Type/id`, the resource (empty if not in the bundle), its display."""
        reference = self.node(node, key, where)
        if not reference:
            return "", NOTHING, ""
        told = self.text(reference, "reference", f"{where}{key}.")
        return told, self.resource(told), self.text(reference, "display", f"{where}{key}.")

    def resource(self, reference: str) -> Node:
        """The resource of the bundle that a reference names, whether relative, absolute or a urn; {} if none."""
        found = self.resources.get(reference)
        if found is None and "/" in reference:
            found = self.resources.get("/".join(reference.split("/_history/")[0].split("/")[-2:]))
        return NOTHING if found is None else found

    def name_of(self, node: Node, key: str, where: str = "") -> str:
        """The name of the organisation, place or person that a Reference points to, else its display."""
        told, _, display = self.target(node, key, where)
        return self.author(told)[0] or display

    def sign(self, detail: Node, node: Node, key: str, where: str = "") -> None:
        """Put who wrote it into the detail: author, role, and the organisation where it isn't the sender."""
        told, _, display = self.target(node, key, where)
        name, role, organisation = self.author(told)
        if name or display:
            detail["author"] = name or display
        if role:
            detail["role"] = role
        if organisation and organisation != self.source_name:
            detail["organisation"] = organisation

    def author(self, reference: str) -> tuple[str, str, str]:
        """Name, role and organisation behind a reference; remembered, as a bundle has few authors."""
        known = self.authors.get(reference)
        if known is None:
            known = self.authors[reference] = self._author(reference)
        return known

    def _author(self, reference: str) -> tuple[str, str, str]:
        someone = self.resource(reference)
        if someone.get("resourceType") == "PractitionerRole":
            role, (_, person, _) = someone, self.target(someone, "practitioner")
        else:
            role, person = self.roles.get(reference, NOTHING), someone
        title = next((self.concept(code, "code.")[2] for code in self.nodes(role, "code")), "")
        organisation = self.text(self.target(role, "organization")[1], "name")
        return self._name(person), title, organisation

    def _name(self, someone: Node) -> str:
        """A practitioner's name as people say it; an organisation's or a place's as it stands."""
        name = someone.get("name")
        if name.__class__ is not list:
            return self.text(someone, "name")
        for told in self.nodes(someone, "name"):
            parts = [*self.texts(told, "prefix", "name."), *self.texts(told, "given", "name.")]
            return self.text(told, "text", "name.") or " ".join([*parts, self.text(told, "family", "name.")]).strip()
        return ""

    def row(
        self,
        kind: Kind,
        happened: Moment,
        coded: Coded,
        status: str,
        detail: Node,
        ended_at: datetime | None = None,
        value: float | None = None,
        value_text: str = "",
        unit: str = "",
        low: float | None = None,
        high: float | None = None,
    ) -> EntryRow:
        """The canonical row of the resource at hand."""
        code, system, display = coded
        if not code and not display:
            self.fault("", "nothing-said", "neither a code nor words say what this is", Severity.WARNING)
        if happened.precision:
            detail["date_precision"] = happened.precision
        row = EntryRow(
            self.local_id,
            kind,
            self.type,
            self.source_id,
            self.path,
            happened.at,
            happened.day_only,
            ended_at,
            code,
            system,
            display,
            status,
            value,
            value_text,
            unit,
            low,
            high,
            self.version,
            self.version_at,
            detail,
        )
        if len(code) > 60 or len(system) > 120 or len(status) > 40 or len(unit) > 40:  # ENTRY_LIMITS, told fast
            return fitted(row, ENTRY_LIMITS, self._too_long)
        return row

    def _too_long(self, name: str) -> None:
        self.fault(name, "too-long", "longer than a record holds; it was cut")


def notes(reading: Reading, node: Node, key: str = "note") -> str:
    """All annotations under `key`, a line each."""
    if key not in node:
        return ""
    return "\n".join(filter(None, (reading.text(note, "text", key + ".") for note in reading.nodes(node, key))))


def extension(node: Node, name: str) -> Node:
    """The extension whose address ends with `name` (with or without its version number), else an empty node."""
    for item in extensions(node):
        url = item.get("url")
        if url.__class__ is str and (url.endswith(name) or url[:-2].endswith(name)):
            return item
    return NOTHING


def extensions(node: Node) -> list[Node]:
    """The extensions of a node that are objects."""
    found = node.get("extension")
    return [item for item in found if item.__class__ is dict] if found.__class__ is list else []


def put(detail: Node, **words: Any) -> Node:
    """Add what isn't empty to the detail."""
    for key, value in words.items():
        if value:
            detail[key] = value
    return detail
