"""One entry that may be shown, the bytes that it was read from as far as they may be, and its older versions.

For `record.door` alone, which has decided what is open before it asks.
"""

from dataclasses import replace
from datetime import datetime

import orjson
import zstandard
from lxml import etree

from oneplace.record import reading, wholes
from oneplace.record.models import DataIssue, Entry, EntryHistory
from oneplace.record.reading import Known
from oneplace.record.shapes import Banner, DocumentShown, Item

_HISTORY_COLUMNS = [name for name in reading.COLUMNS if name != "patient__source__code"]


def entry(told: Known, key: str) -> Entry | None:
    """The entry with this key, where it is one of the person's that may be shown."""
    patients = [patient.pk for patient in told.patients]
    rows = Entry.objects.filter(pk=key if key.isdecimal() and len(key) < 19 else 0, patient__in=patients)
    found = rows.select_related("document", "source").first()
    if found is None or not told.opens(found.source.code, found.kind, found.display, _words(found)):
        return None
    return found


def shown(entry: Entry, told: Known, banner: Banner, basis: str, now: datetime) -> DocumentShown:
    """The entry with where it came from, for a page of its own."""
    rows = Entry.objects.filter(pk=entry.pk).values_list(*reading.COLUMNS)
    (row,) = reading.as_told_now(reading.begun(rows), wholes.gone([entry.patient_id]))
    issues = DataIssue.objects.filter(document=entry.document_id, path__startswith=entry.path)
    raw = zstandard.ZstdDecompressor().decompress(bytes(entry.document.body))
    return DocumentShown(
        banner=banner,
        item=replace(reading.item(row, told.names), also=reading.others(entry.pk, entry.kind, told, now)),
        basis=basis,
        opened_at=now,
        path=entry.path,
        format=entry.document.format,
        digest=bytes(entry.document.digest).hex(),
        size=entry.document.size,
        version=entry.version,
        version_at=entry.version_at,
        text=words_of(entry, told, raw),
        history=history(entry, told),
        issues=tuple(issue.text for issue in issues if issue.path == entry.path or issue.path[len(entry.path)] in ".["),
    )


def words_of(entry: Entry, told: Known, raw: bytes) -> str:
    """The source's own words of an entry; '' where its document holds something that is closed here."""
    return _element(raw, entry.path) if _is_element(entry.path) or _may_show_whole(told, entry) else ""


def history(entry: Entry, told: Known) -> tuple[Item, ...]:
    """Older versions, newest first."""
    rows = EntryHistory.objects.filter(entry=entry).order_by("-version_at").values_list(*_HISTORY_COLUMNS)
    at = reading.COLUMNS.index("patient__source__code")
    older = [(*row[:at], entry.source.code, *row[at:]) for row in rows[:20]]
    return tuple(reading.item(row, told.names) for row in older if told.shows(row))


def _words(entry: Entry) -> str:
    return f"{entry.value_text} {entry.detail}"


def _may_show_whole(told: Known, entry: Entry) -> bool:
    """True where the document holds nothing but what is open here: not another person, nor a closed class."""
    patients = {patient.pk: patient.source.code for patient in told.patients}
    rows = Entry.objects.filter(document=entry.document_id)
    return all(
        patient in patients and told.opens(patients[patient], kind, display, f"{value} {detail}")
        for patient, kind, display, value, detail in rows.values_list(
            "patient_id", "kind", "display", "value_text", "detail"
        )
    )


def _is_element(path: str) -> bool:
    """True where an entry was read from a part of its document that holds nothing else."""
    return path.startswith("entry[")


def _element(raw: bytes, path: str) -> str:
    """The element that an entry was read from, as text: an entry of a bundle, or the lines of a message."""
    if not _is_element(path):
        return raw.decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n")
    try:
        number = int(path[6 : path.index("]")])
        if raw.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
            return _in_xml(raw, number)
        bundle = orjson.loads(raw)
        element = bundle["entry"][number].get("resource") if "entry" in bundle else bundle
    except (ValueError, LookupError, TypeError, AttributeError, etree.LxmlError):
        return ""
    return orjson.dumps(element, option=orjson.OPT_INDENT_2).decode()


def _in_xml(raw: bytes, number: int) -> str:
    """One entry of a bundle in XML, or the resource that stands by itself."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, remove_blank_text=True)
    root = etree.fromstring(raw.lstrip(b"\xef\xbb\xbf \t\r\n"), parser)
    entries = root.findall("{*}entry")
    element = entries[number].find("{*}resource")[0] if entries else root
    return etree.tostring(element, encoding="unicode", pretty_print=True)
