"""GP Connect structured record, FHIR STU3 Bundles in JSON, to canonical rows.

Validated entry by entry: one bad entry never loses the rest (15 of 24 official bundles break strict validation).
Stored bytes are the truth; these rows are an index of them. No file name is read, no resource is written again.
"""

import re
from datetime import datetime
from typing import Any

import orjson

from oneplace.formats.charset import decoded
from oneplace.formats.fhir_stu3.entries import CONTEXT, READERS
from oneplace.formats.fhir_stu3.medicines import note_order
from oneplace.formats.fhir_stu3.people import ods_code, person_row, registration, source_organisation
from oneplace.formats.fhir_stu3.reading import NOTHING, Node, Reading
from oneplace.formats.limits import MAX_ID
from oneplace.formats.shape import iso_moment
from oneplace.kernel.rows import EntryRow, EventRow, Issue, Message, PersonRow, Reject, Severity

FORMAT = "fhir-stu3-json"

_SAFE_CODE = re.compile(r"[A-Za-z][A-Za-z0-9_\-]{1,59}")


def read(raw: bytes) -> Message | Reject:
    """One bundle as a message, or why it can't be one."""
    issues: list[Issue] = []
    loaded = _load(raw, issues)
    if isinstance(loaded, Reject):
        return loaded
    refusal = _refusal(loaded)
    return refusal or _message(loaded, issues)


def _load(raw: bytes, issues: list[Issue]) -> Any:
    """The JSON document, in UTF-8 or in a character set that could be guessed; a Reject where it isn't JSON."""
    try:
        document = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        if _is_utf8(raw):
            return _broken(error)
        text = decoded(raw)
        if text is None:
            return _reject("charset", "The characters are in no known set; send the file in UTF-8.")
        if text[1]:
            issues.append(Issue("", "charset-guessed", "not UTF-8: read as Windows-1252; accents may be wrong"))
        try:
            document = orjson.loads(text[0])
        except orjson.JSONDecodeError as second:
            return _broken(second)
    return _without_nul(document) if b"\\u0000" in raw else document


def _is_utf8(raw: bytes) -> bool:
    try:
        raw.decode()
    except UnicodeDecodeError:
        return False
    return not raw.startswith(b"\xef\xbb\xbf")


def _broken(error: orjson.JSONDecodeError) -> Reject:
    where = f"line {error.lineno}, column {error.colno}"
    return _reject(
        "json-broken",
        f"The JSON can't be read from {where} on: {error.msg}. "
        "It was cut short or written wrongly; send it again whole.",
        where,
    )


def _without_nul(document: Any) -> Any:
    """The document with NUL characters taken out of its texts: databases refuse them."""
    waiting = [document]
    while waiting:
        node = waiting.pop()
        pairs = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
        for key, value in list(pairs):
            if isinstance(value, str):
                node[key] = value.replace("\0", "")
            else:
                waiting.append(value)
    return document


def _refusal(document: Any) -> Reject | None:
    """Why this JSON isn't a structured record, if it isn't."""
    if not isinstance(document, dict):
        return _reject("not-fhir", "This is JSON, but no FHIR resource: an object with a resourceType was expected.")
    sort = document.get("resourceType")
    if sort == "OperationOutcome":
        return _error_answer(document)
    if sort != "Bundle":
        return _reject(
            "not-a-bundle", "This is no Bundle; send the whole GP Connect structured record.", "resourceType"
        )
    if not isinstance(document.get("entry"), list) or not document["entry"]:
        return _reject("bundle-empty", "This Bundle has no entries; ask the sender for the record again.", "entry")
    return None


def _error_answer(document: Node) -> Reject:
    codes = ", ".join(dict.fromkeys(_spine_codes(document))) or "none given"
    return _reject(
        "error-answer",
        f"This is an error answer (OperationOutcome), not a record. Spine code: {codes}. "
        "Put right what the code says and ask for the record again.",
        "issue",
    )


def _spine_codes(outcome: Node) -> list[str]:
    reading = Reading()
    found = []
    for issue in reading.nodes(outcome, "issue"):
        details = reading.node(issue, "details")
        told = [reading.text(coding, "code") for coding in reading.nodes(details, "coding")]
        found += told or [reading.text(issue, "code")]
    return [code for code in found if _SAFE_CODE.fullmatch(code)]


def _reject(code: str, reason: str, path: str = "") -> Reject:
    return Reject(reason, code, path, FORMAT)


def _message(bundle: Node, issues: list[Issue]) -> Message | Reject:
    reading = Reading()
    reading.issues = issues
    told: list[tuple[int, Node]] = []
    patients: list[tuple[int, Node]] = []
    _index(reading, bundle["entry"], told, patients)
    if _is_r4(told):
        return _reject("fhir-r4", "This is FHIR R4; oneplace reads GP Connect in STU3 here.", "entry[0].meta.profile")
    if not patients:
        return _reject(
            "no-patient", "The Bundle has no Patient with an id, so nobody can be told whose it is.", "entry"
        )
    reading.at = _made_at(reading, bundle, told)
    source = source_organisation(reading, patients[0][1])
    reading.source_name = reading.text(source, "name")
    code = ods_code(reading, source)
    if not code:
        reading.path = f"entry[{patients[0][0]}]"
        reading.fault("managingOrganization", "source-missing", "no ODS code tells whose data this is")
    people, events = _people(reading, patients)
    entries = _entries(reading, told, {person.local_id for person in people})
    return Message(
        FORMAT,
        code,
        reading.source_name[:200],
        people,
        entries,
        events,
        tuple(reading.issues),
        "",  # a bundle id is no message id: TC7 sends one id for six people
        reading.at,
        len(bundle["entry"]),
    )


def _index(
    reading: Reading, entries: list[Any], told: list[tuple[int, Node]], patients: list[tuple[int, Node]]
) -> None:
    """First pass: resources by reference, roles by practitioner, last issues by plan, and the patients."""
    resources = reading.resources
    for index, entry in enumerate(entries):
        resource: Any = entry.get("resource") if entry.__class__ is dict else None
        sort = resource.get("resourceType") if resource.__class__ is dict else None
        if sort.__class__ is not str:
            reading.path = f"entry[{index}]"
            reading.fault("", "no-resource", "this entry holds no resource with a resourceType; it was left out")
            continue
        told.append((index, resource))
        key = resource.get("id")
        if key.__class__ is str:
            resources[f"{sort}/{key}"] = resource
        if "fullUrl" in entry and entry["fullUrl"].__class__ is str:
            resources[entry["fullUrl"]] = resource
        if sort == "MedicationRequest":
            note_order(reading, resource)
        elif sort == "PractitionerRole":
            practitioner = resource.get("practitioner")
            reference = practitioner.get("reference") if practitioner.__class__ is dict else None
            if reference.__class__ is str:
                reading.roles[reference] = resource
        elif sort == "Patient":
            patients.append((index, resource))


def _is_r4(told: list[tuple[int, Node]]) -> bool:
    """True where a profile says that it is of UK Core, which is R4."""
    for _, resource in told[:20]:
        meta = resource.get("meta")
        if meta.__class__ is dict and "/UKCore-" in str(meta.get("profile", "")):
            return True
    return False


def _made_at(reading: Reading, bundle: Node, told: list[tuple[int, Node]]) -> datetime | None:
    """When the export was made: the bundle's own time, else the newest date of a list of its sections."""
    meta = bundle.get("meta")
    updated = meta.get("lastUpdated") if meta.__class__ is dict else None
    stamps = [updated] if updated is not None else []
    if not stamps:
        lists = [resource for _, resource in told if resource["resourceType"] == "List"]
        stamps = [resource.get("date") for resource in lists if "encounter" not in resource]
    found = []
    for stamp in stamps:
        if stamp.__class__ is not str:
            continue
        try:
            found.append(iso_moment(stamp).at)
        except (ValueError, OverflowError):
            continue  # the list's own entry files the fault
    return max((at for at in found if at is not None), default=None)


def _people(reading: Reading, patients: list[tuple[int, Node]]) -> tuple[tuple[PersonRow, ...], tuple[EventRow, ...]]:
    people: dict[str, PersonRow] = {}
    events = []
    for index, patient in patients:
        reading.path = f"entry[{index}]"
        key = _key(reading, patient)
        if not key or key in people:
            continue
        reading.local_id = key
        _version(reading, patient)
        people[key] = person_row(reading, patient)
        event = registration(reading, patient)
        events += [event] if event else []
    return tuple(people.values()), tuple(events)


def _entries(reading: Reading, told: list[tuple[int, Node]], people: set[str]) -> tuple[EntryRow, ...]:
    rows: list[EntryRow] = []
    seen: set[tuple[str, str]] = set()
    only = next(iter(people)) if len(people) == 1 else ""
    for index, resource in told:
        sort = resource["resourceType"]
        reading.path = f"entry[{index}]"
        if sort in CONTEXT:
            continue
        if sort not in READERS:
            _stranger(reading, sort, resource)
            continue
        reading.type = sort
        if not _owner(reading, resource, people, only) or not _identity(reading, resource, seen):
            continue
        _version(reading, resource)
        row = _row(reading, resource)
        if row is not None:
            rows.append(row)
        if "contained" in resource:
            rows += _contained(reading, resource, seen)
    return tuple(rows)


def _row(reading: Reading, resource: Node) -> EntryRow | None:
    """The row of one resource; a fault in our own reading costs this entry only."""
    try:
        return READERS[reading.type](reading, resource)
    except Exception:
        reading.fault("", "entry-unreadable", "this entry is shaped in a way that can't be read; it was left out")
        return None


def _stranger(reading: Reading, sort: str, resource: Node) -> None:
    if sort == "OperationOutcome":
        codes = ", ".join(_spine_codes(resource)) or "none given"
        reading.fault("", "sender-warns", f"the sender warns beside the record; code: {codes}", Severity.WARNING)
        return
    named = sort if _SAFE_CODE.fullmatch(sort) else "a resource of unreadable name"
    reading.fault("", "resource-unknown", f"{named} isn't read; it was left out")


def _owner(reading: Reading, resource: Node, people: set[str], only: str) -> bool:
    """Find whose entry it is; false, with an issue, where that is nobody of this bundle."""
    subject = resource.get("subject") or resource.get("patient")
    reference = subject.get("reference") if subject.__class__ is dict else None
    if reference.__class__ is str:
        key = reference.rpartition("/")[2]
        if key not in people:
            key = reading.text(reading.resource(reference), "id", "subject.")
        if key in people:
            reading.local_id = key
            return True
        reading.fault("subject", "subject-unknown", "this is about someone who isn't in the bundle; it was left out")
        return False
    if not only:
        reading.fault("subject", "subject-missing", "nothing tells which of the patients this is about; left out")
        return False
    reading.fault("subject", "subject-missing", "taken to be about the bundle's one patient", Severity.WARNING)
    reading.local_id = only
    return True


def _identity(reading: Reading, resource: Node, seen: set[tuple[str, str]]) -> bool:
    """Find the entry's stable key; false, with an issue, where it has none or has come before."""
    key = _key(reading, resource) if "id" in resource or reading.type != "List" else _section_key(reading, resource)
    if not key:
        return False
    if (reading.type, key) in seen:
        reading.fault("id", "id-repeated", "an entry of this type and id came before; this one was left out")
        return False
    seen.add((reading.type, key))
    reading.source_id = key
    return True


def _key(reading: Reading, resource: Node) -> str:
    key = reading.text(resource, "id")
    if not key:
        reading.fault("id", "id-missing", "without an id it can't be told apart from others; it was left out")
    elif len(key) > MAX_ID:
        reading.fault("id", "id-too-long", "FHIR allows 64 characters; it was left out")
        return ""
    return key


def _section_key(reading: Reading, resource: Node) -> str:
    """GP Connect's lists of a whole section have no id: one a patient and heading."""
    heading = reading.concept(reading.node(resource, "code"), "code.")[0] or reading.text(resource, "title")
    if not heading:
        reading.fault("id", "id-missing", "a list without id, code and title can't be told apart; it was left out")
        return ""
    return f"{reading.local_id}/{heading}"[: MAX_ID + 36]


def _version(reading: Reading, resource: Node) -> None:
    """Version and its time: the resource's own, else the export's, else when the fact was written down.

    The export's time goes before assertedDate and its like: between two exports notes and codes change while the
    assertedDate stays, and the later export must win.
    """
    meta = reading.node(resource, "meta") if "meta" in resource else NOTHING
    reading.version = reading.text(meta, "versionId", "meta.")[:80]
    reading.version_at = reading.at
    if "lastUpdated" in meta:
        reading.version_at = reading.moment(meta, "lastUpdated", "meta.").at or reading.at
    if reading.version_at is None:
        reading.version_at = _written_at(reading, resource)


def _written_at(reading: Reading, resource: Node) -> datetime | None:
    own = ("assertedDate", "issued", "indexed", "dateAsserted", "authoredOn", "authored", "date", "period.start")
    before = len(reading.issues)
    told = reading.first_moment(resource, *own).at
    del reading.issues[before:]  # the entry's reader files these faults itself
    return told


def _contained(reading: Reading, resource: Node, seen: set[tuple[str, str]]) -> list[EntryRow]:
    """Entries inside an entry: GP Connect keeps ended allergies within their List."""
    outer_path, outer_key, outer_type = reading.path, reading.source_id, reading.type
    rows = []
    for index, inner in enumerate(reading.nodes(resource, "contained")):
        sort = inner.get("resourceType")
        if not isinstance(sort, str) or sort not in READERS or outer_type != "List":
            continue
        reading.path, reading.type = f"{outer_path}.contained[{index}]", sort
        if not _identity(reading, inner, seen):
            continue
        if "#" in str(reading.source_id) or len(reading.source_id) < 32:
            reading.source_id = f"{outer_key}#{reading.source_id.lstrip('#')}"[:160]
        row = _row(reading, inner)
        rows += [row] if row else []
    return rows
