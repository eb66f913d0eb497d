"""FHIR DSTU2, STU3 and R4, in JSON and XML, to canonical rows: records, letters, messages, single resources.

Validated entry by entry: one bad entry never loses the rest (15 of 24 official bundles break strict validation).
Stored bytes are the truth; these rows are an index of them. No file name is read, no resource is written again.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from oneplace.formats.fhir.bundle import ADDRESS_END, is_whole, note_resources, release_of, takes_back
from oneplace.formats.fhir.document import SAFE_CODE, is_xml, loaded, spine_codes
from oneplace.formats.fhir.entries import CONTEXT, NOT_ABOUT_A_PERSON, READERS
from oneplace.formats.fhir.people import merges, numbered, patient_key, person_row, registration
from oneplace.formats.fhir.reading import NOTHING, Node, Reading
from oneplace.formats.fhir.whole import whole_sections
from oneplace.formats.fhir.whose import is_practice, source_organisation
from oneplace.formats.limits import MAX_ID
from oneplace.formats.shape import iso_moment
from oneplace.kernel import nhs_number
from oneplace.kernel.rows import EntryRow, EventRow, Issue, Message, Move, PersonRow, Reject, Severity

FORMAT = "fhir-stu3-json"
FORMATS = tuple(f"fhir-{release}-{written}" for release in ("stu3", "r4", "dstu2") for written in ("json", "xml"))

_SUBJECTS = ("subject", "patient", "for", "beneficiary")
_STAMPS = {"MessageHeader": "timestamp", "Composition": "date"}


def read(raw: bytes) -> Message | Reject:
    """One bundle or resource as a message, or why it can't be one."""
    issues: list[Issue] = []
    in_xml = is_xml(raw)
    bundle = loaded(raw, issues)
    if isinstance(bundle, Reject):
        return replace(bundle, format=_format("stu3", in_xml))
    return _message(bundle, issues, in_xml)


def _format(release: str, in_xml: bool) -> str:
    return f"fhir-{release}-{'xml' if in_xml else 'json'}"


def _message(bundle: Node, issues: list[Issue], in_xml: bool) -> Message | Reject:
    reading = Reading()
    reading.issues, reading.lenient = issues, in_xml
    told: list[tuple[str, Node]] = []
    patients: list[tuple[str, Node]] = []
    reading.release, in_stu3 = release_of(bundle)
    note_resources(reading, bundle["entry"], told, patients, in_stu3)
    format_name = _format(reading.release, in_xml)
    reading.at = _made_at(reading, bundle, told)
    code, name = source_organisation(reading, patients[0][1] if patients else NOTHING, told)
    reading.source_name = name
    people, events = _people(reading, patients)
    entries = _entries(reading, told)
    if takes_back(told):
        entries = tuple(replace(entry, status="entered-in-error") for entry in entries)
    if not people and (is_whole(bundle) or not reading.strangers):
        return _nobody(told, format_name)
    if not code:
        reading.path = patients[0][0] if patients else "entry[0]"
        reading.fault("managingOrganization", "source-missing", "no ODS code tells whose data this is")
    return Message(
        format_name,
        code,
        name[:200],
        (*people, *reading.strangers.values()),
        entries,
        (*_events(events, code), *_visits(entries, code)),
        tuple(reading.issues),
        "",  # a bundle id is no message id: TC7 sends one id for six people
        reading.at,
        len(bundle["entry"]),
        whole_sections(reading, bundle, told, entries) if is_practice(code) else (),
    )


def _events(events: tuple[EventRow, ...], source_code: str) -> tuple[EventRow, ...]:
    """What the patients' own facts open. Who is registered where is for the practice itself to say."""
    return tuple(event for event in events if event.move is not Move.REGISTERED or is_practice(source_code))


def _nobody(told: list[tuple[str, Node]], format_name: str) -> Reject:
    sorts = {resource["resourceType"] for _, resource in told}
    if sorts and sorts <= NOT_ABOUT_A_PERSON:
        named = ", ".join(sorted(sorts)[:4])
        reason = f"This tells of {named} and of no one person's record; nothing was filed."
        return Reject(reason, "no-person", "entry", format_name)
    reason = (
        "The Bundle has no Patient with an id, so nobody can be told whose it is. Ask the sender for it again with the "
        "Patient inside; nothing was filed."
    )
    return Reject(reason, "no-patient", "entry", format_name)


def _visits(entries: tuple[EntryRow, ...], source_code: str) -> Iterator[EventRow]:
    """That a provider saw the person: opens the ties of its visits. A practice's consultations open none."""
    if is_practice(source_code):
        return
    for entry in entries:
        if entry.type == "Encounter" and entry.happened_at:
            yield EventRow(entry.local_id, Move.ATTENDED, entry.happened_at, entry.source_id, path=entry.path)


def _made_at(reading: Reading, bundle: Node, told: list[tuple[str, Node]]) -> datetime | None:
    """When the export was made: the bundle's own time, else the newest date of a list of its sections."""
    meta = bundle.get("meta")
    updated = meta.get("lastUpdated") if meta.__class__ is dict else None
    stamps = [updated] if updated is not None else []
    if not stamps and "timestamp" in bundle:
        stamps = [bundle["timestamp"]]
    if not stamps:
        stamps = [one.get(_STAMPS[one["resourceType"]]) for _, one in told if one["resourceType"] in _STAMPS]
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


def _people(reading: Reading, patients: list[tuple[str, Node]]) -> tuple[tuple[PersonRow, ...], tuple[EventRow, ...]]:
    people: dict[str, PersonRow] = {}
    events: list[EventRow] = []
    for path, patient in patients:
        reading.path = path
        key = patient_key(reading, patient) if "id" not in patient else _key(reading, patient)
        if not key or key in people:
            continue
        reading.local_id = key
        _version(reading, patient)
        people[key] = person_row(reading, patient)
        reading.people.add(key)
        event = registration(reading, patient)
        events += [event] if event else []
        events += merges(reading, patient)
    return tuple(people.values()), tuple(events)


def _entries(reading: Reading, told: list[tuple[str, Node]]) -> tuple[EntryRow, ...]:
    rows: list[EntryRow] = []
    seen: set[tuple[str, str]] = set()
    only = next(iter(reading.people)) if len(reading.people) == 1 else ""
    for path, resource in told:
        sort = resource["resourceType"]
        reading.path = path
        if sort in CONTEXT:
            continue
        if sort not in READERS:
            _stranger(reading, sort, resource)
            continue
        reading.type = str(resource.get("told_as", sort))
        if not _owner(reading, resource, only) or not _identity(reading, resource, seen):
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
        return READERS[resource["resourceType"]](reading, resource)
    except Exception:
        reading.fault("", "entry-unreadable", "this entry is shaped in a way that can't be read; it was left out")
        return None


def _stranger(reading: Reading, sort: str, resource: Node) -> None:
    if sort == "OperationOutcome":
        codes = ", ".join(spine_codes(resource)) or "none given"
        reading.fault("", "sender-warns", f"the sender warns beside the record; code: {codes}", Severity.WARNING)
        return
    named = sort if SAFE_CODE.fullmatch(sort) else "a resource of unreadable name"
    reading.fault("", "resource-unknown", f"{named} isn't read; it was left out")


def _owner(reading: Reading, resource: Node, only: str) -> bool:
    """Find whose entry it is; false, with an issue, where that is nobody."""
    subject = next((told for key in _SUBJECTS if (told := resource.get(key)).__class__ is dict), None)
    subject = subject or _attending(reading, resource) or _of_visit(reading, resource)
    reference = subject.get("reference") if subject.__class__ is dict else None
    if reference.__class__ is str:
        key = reference.rpartition("/")[2]
        if key not in reading.people:
            key = reading.text(reading.resource(reference), "id", "subject.")
        if key in reading.people:
            reading.local_id = key
            return True
    if only and reference.__class__ is not str:
        reading.fault("subject", "subject-missing", "taken to be about the bundle's one patient", Severity.WARNING)
        reading.local_id = only
        return True
    if not reading.people and subject is not None:
        return _known_elsewhere(reading, subject)
    if reference.__class__ is str:
        reading.fault("subject", "subject-unknown", "this is about someone who isn't in the bundle; it was left out")
    else:
        reading.fault("subject", "subject-missing", "nothing tells which of the patients this is about; left out")
    return False


def _attending(reading: Reading, resource: Node) -> Node | None:
    """The patient among those who take part: an appointment names no other subject."""
    for participant in reading.nodes(resource, "participant") if resource["resourceType"] == "Appointment" else ():
        actor = reading.node(participant, "actor", "participant.")
        told = reading.text(actor, "reference", "participant.actor.")
        if "Patient" in told or reading.resource(told).get("resourceType") == "Patient" or numbered(reading, actor):
            return actor
    return None


def _of_visit(reading: Reading, resource: Node) -> Node | None:
    """The patient of the visit at which it was told: a notice's answers name no other subject."""
    for key in ("encounter", "context"):
        visit = reading.target(resource, key)[1] if resource.get(key).__class__ is dict else NOTHING
        if visit.get("subject").__class__ is dict:
            return visit["subject"]  # type: ignore[no-any-return]
    return None


def _known_elsewhere(reading: Reading, subject: Node) -> bool:
    """Whose entry it is in a message without patients: someone whom the sender has told of, by key or NHS number."""
    told = reading.text(subject, "reference", "subject.")
    number = numbered(reading, subject)
    key = ADDRESS_END.split(told)[-1][:MAX_ID] if told else number
    if not key or key.startswith("#"):
        reading.fault("subject", "subject-unknown", "nothing tells whom this is about; it was left out")
        return False
    number = number or (key if nhs_number.is_valid(key) else "")
    reading.local_id = key
    reading.strangers.setdefault(key, PersonRow(key, number, path=reading.path, key_only=True))
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
