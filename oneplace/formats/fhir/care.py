"""What messages and letters tell besides a GP's record: documents with their sections, appointments, contacts, doses.

Source: ITK3 transfer of care, CareConnect, UK Core and BaRS messages; STU3 shapes (r4.py puts R4 into them).
"""

import re
from html import unescape

from oneplace.formats.fhir.medicines import dose_words, drug
from oneplace.formats.fhir.reading import Coded, Node, Reading, notes, put
from oneplace.kernel.rows import EntryRow, Kind

_MOST_WORDS = 20_000
"""Characters of a letter's text kept for the page; the whole letter is in its bytes."""
_BREAK = re.compile(r"<(?:/p|/li|/tr|/h[1-6]|/div|br\s*/?)>", re.IGNORECASE)
_CELL = re.compile(r"</t[dh]>", re.IGNORECASE)
_TAG = re.compile(r"<[^>]*>")
_SPACES = re.compile(r"[ \t\u00a0]+")


def composition(reading: Reading, resource: Node) -> EntryRow:
    """A letter: its title, who wrote it, and each section's heading and words."""
    detail: Node = {}
    for author in reading.nodes(resource, "author")[:1]:
        reading.sign(detail, {"author": author}, "author")
    code, system, words = reading.coded(resource, "type")
    title = reading.text(resource, "title") or words or "Letter"
    sections = [part for told in reading.nodes(resource, "section") for part in _section(reading, told)]
    body = "\n\n".join(filter(None, (f"{one['display']}\n{one['value']}".strip() for one in sections)))
    put(detail, category=words if words != title else "", components=sections, text=body[:_MOST_WORDS])
    when = reading.first_moment(resource, "date")
    return reading.row(Kind.DOCUMENT, when, (code, system, title), reading.text(resource, "status"), detail)


def _section(reading: Reading, told: Node, depth: int = 0) -> list[Node]:
    """One section and those inside it, each as heading and plain words."""
    words = plain(reading.text(reading.node(told, "text", "section."), "div", "section.text."))
    heading = reading.text(told, "title", "section.") or reading.coded(told, "code", "section.")[2]
    here: list[Node] = [{"display": heading, "value": words}] if heading or words else []
    inner = reading.nodes(told, "section", "section.") if depth < 4 else []
    return here + [part for one in inner for part in _section(reading, one, depth + 1)]


def plain(html: str) -> str:
    """The words of a narrative, a line a paragraph or row."""
    broken = _CELL.sub(" | ", _BREAK.sub("\n", html.replace("\n", " ")))
    lines = (_SPACES.sub(" ", unescape(line)).strip(" |") for line in _TAG.sub("", broken).split("\n"))
    return "\n".join(line for line in lines if line)


def appointment(reading: Reading, resource: Node) -> EntryRow:
    """A booked contact, ahead or past."""
    detail: Node = {}
    names = [reading.name_of(one, "actor", "participant.") for one in reading.nodes(resource, "participant")]
    put(detail, place=", ".join(dict.fromkeys(filter(None, names))), notes=reading.text(resource, "comment"))
    put(detail, reason=_first_words(reading, resource, "reasonCode", "reason"))
    coded = _first_coded(reading, resource, "serviceType", "appointmentType", "type")
    display = coded[2] or reading.text(resource, "description") or "Appointment"
    when, ended = reading.first_moment(resource, "start"), reading.first_moment(resource, "end").at
    status = reading.text(resource, "status")
    return reading.row(Kind.ENCOUNTER, when, (coded[0], coded[1], display), status, detail, ended)


def episode_of_care(reading: Reading, resource: Node) -> EntryRow:
    """A spell under one organisation's care."""
    detail: Node = {}
    reading.sign(detail, resource, "careManager")
    coded = _first_coded(reading, resource, "type")
    coded = (coded[0], coded[1], coded[2] or "Episode of care")
    when = reading.first_moment(resource, "period.start")
    ended = reading.first_moment(resource, "period.end").at
    return reading.row(Kind.ENCOUNTER, when, coded, reading.text(resource, "status"), detail, ended)


def task(reading: Reading, resource: Node) -> EntryRow:
    """Something that somebody was asked to do."""
    detail: Node = {}
    reading.sign(detail, resource, "requester")
    put(detail, text=reading.text(resource, "description"), recipient=reading.name_of(resource, "owner"))
    put(detail, priority=reading.text(resource, "priority"), notes=notes(reading, resource))
    code, system, words = reading.coded(resource, "code")
    when = reading.first_moment(resource, "authoredOn", "lastModified")
    coded = (code, system, words or reading.text(resource, "description") or "Task")
    return reading.row(Kind.REQUEST, when, coded, reading.text(resource, "status"), detail)


def communication(reading: Reading, resource: Node) -> EntryRow:
    """Something that was said or written to somebody."""
    detail: Node = {}
    reading.sign(detail, resource, "sender")
    told = (reading.text(part, "contentString", "payload.") for part in reading.nodes(resource, "payload"))
    put(detail, text="\n".join(filter(None, told)), notes=notes(reading, resource))
    coded = _first_coded(reading, resource, "reasonCode", "category", "topic")
    coded = (coded[0], coded[1], coded[2] or "Communication")
    when = reading.first_moment(resource, "sent", "received")
    return reading.row(Kind.OBSERVATION, when, coded, reading.text(resource, "status"), detail)


def medication_administration(reading: Reading, resource: Node) -> EntryRow:
    """A dose given, or recorded as not given."""
    detail: Node = {}
    for performer in reading.nodes(resource, "performer")[:1]:
        reading.sign(detail, performer, "actor", "performer.")
    dosage = reading.node(resource, "dosage")
    put(detail, dose=reading.text(dosage, "text", "dosage.") or reading.amount(dosage, "dose", "dosage."))
    put(detail, site=reading.words(dosage, "site"), notes=notes(reading, resource), prescription_type="given")
    when = reading.first_moment(resource, "effectiveDateTime", "effectivePeriod.start")
    ended = reading.first_moment(resource, "effectivePeriod.end").at
    given = resource.get("notGiven") is not True
    status = reading.text(resource, "status") if given else "not-given"
    return reading.row(Kind.PRESCRIPTION, when, drug(reading, resource, detail), status, detail, ended)


def medication_dispense(reading: Reading, resource: Node) -> EntryRow:
    """A medicine handed out."""
    detail: Node = {}
    for performer in reading.nodes(resource, "performer")[:1]:
        reading.sign(detail, performer, "actor", "performer.")
    put(detail, dose=dose_words(reading, resource, "dosageInstruction"), quantity=reading.amount(resource, "quantity"))
    put(detail, notes=notes(reading, resource), prescription_type="dispensed")
    when = reading.first_moment(resource, "whenHandedOver", "whenPrepared")
    coded = drug(reading, resource, detail)
    return reading.row(Kind.PRESCRIPTION, when, coded, reading.text(resource, "status"), detail)


def family_history(reading: Reading, resource: Node) -> EntryRow:
    """What ran in the family."""
    detail: Node = {}
    whose = reading.words(resource, "relationship")
    told = [reading.coded(one, "code", "condition.")[2] for one in reading.nodes(resource, "condition")]
    put(detail, text="; ".join(filter(None, told)), notes=notes(reading, resource))
    display = f"Family history: {whose}" if whose else "Family history"
    when = reading.first_moment(resource, "date")
    return reading.row(Kind.OBSERVATION, when, ("", "", display), reading.text(resource, "status"), detail)


def care_team(reading: Reading, resource: Node) -> EntryRow:
    """Who looks after the person together."""
    detail: Node = {}
    members = [reading.name_of(one, "member", "participant.") for one in reading.nodes(resource, "participant")]
    put(detail, text=", ".join(filter(None, members)), notes=notes(reading, resource))
    coded = _first_coded(reading, resource, "category")
    coded = (coded[0], coded[1], reading.text(resource, "name") or coded[2] or "Care team")
    when = reading.first_moment(resource, "period.start")
    ended = reading.first_moment(resource, "period.end").at
    return reading.row(Kind.PLAN, when, coded, reading.text(resource, "status"), detail, ended)


def _first_coded(reading: Reading, resource: Node, *keys: str) -> Coded:
    """The first coding under any of these keys, be it one concept or a list of them."""
    for key in keys:
        for told in reading.nodes(resource, key) if key in resource else ():
            coded = reading.concept(told, f"{key}.")
            words = coded[2] or reading.text(told, "text", f"{key}.")
            if coded[0] or words:
                return coded[0], coded[1], words
    return "", "", ""


def _first_words(reading: Reading, resource: Node, *keys: str) -> str:
    return _first_coded(reading, resource, *keys)[2]
