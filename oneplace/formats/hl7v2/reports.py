"""Reports of laboratories and imaging (ORU) and documents (MDM): each group of results, each result, each file.

Source: HL7 v2.5.1 chapters 7 and 9. A result is known by its report's order number, the test and the sub-id, which
stay the same when it comes as preliminary, final and corrected: the newest telling stands.
"""

from dataclasses import replace

from oneplace.formats.hl7v2.reading import Reading, clinician, coded
from oneplace.formats.hl7v2.segments import Segment
from oneplace.formats.hl7v2.values import Detail, Value, add_note, filled, result_status, row_of, value_of
from oneplace.formats.shape import Moment
from oneplace.kernel.rows import EntryRow, Kind, Severity

_DOCUMENTS = {
    "AR": "Autopsy report", "CD": "Cardiac report", "CN": "Consultation", "DI": "Imaging report",
    "DS": "Discharge summary", "ED": "Emergency department report", "HP": "History and examination",
    "OP": "Operation report", "PC": "Psychiatric consultation", "PH": "Psychiatric history",
    "PN": "Procedure note", "PR": "Progress note", "SP": "Surgical pathology", "TS": "Transfer summary",
}  # fmt: skip


def report_rows(reading: Reading) -> list[EntryRow]:
    """Every report of the current person, each followed by its results; remarks go to what they follow."""
    rows: list[EntryRow] = []
    begun = 0
    orc: Segment | None = None
    for segment in reading.group:
        if segment.name == "ORC":
            orc = segment
        elif segment.name == "OBR":
            _close(rows, begun)
            begun = len(rows)
            rows.append(_report(reading, segment, orc, rows))
            orc = None
        elif segment.name == "OBX":
            _add_result(reading, segment, rows, begun)
        elif segment.name == "SPM" and rows:
            rows[begun] = _with(rows[begun], specimen=segment.text(4, 2) or segment.text(4))
        elif segment.name == "NTE" and rows:
            add_note(rows[-1], segment)
    _close(rows, begun)
    return rows


def _report(reading: Reading, obr: Segment, orc: Segment | None, before: list[EntryRow]) -> EntryRow:
    """The heading of a group of results. It becomes a result itself once it holds one."""
    coding = coded(obr, 4)
    when = reading.moment(obr, 7)
    when = when if when.at else reading.moment(obr, 22)
    order = obr.text(3) or obr.text(2) or (orc.text(3) or orc.text(2) if orc else "")
    if not order:
        text = "no order number: known by the test and its time alone"
        reading.fault(f"{obr.path}.3", "order-number-missing", text, Severity.NOTE)
    parts = (order or f"{reading.local_id}/{_minute(when)}", coding[0] or coding[2] or f"OBR{obr.text(1)}")
    detail = filled(
        author=_signed(obr, 32) or clinician(obr, 34),
        requester=clinician(obr, 16) or (clinician(orc, 12) if orc else ""),
        specimen=obr.text(15, 2) or ("" if clinician(obr, 15) else obr.text(15)),
        reason=obr.text(31, 2) or obr.text(31),
        category=obr.text(24),
    )
    row = row_of(
        reading,
        obr,
        Kind.OBSERVATION,
        _unlike(before, "/".join(parts)),
        when,
        coding,
        result_status(obr.text(25)),
        detail,
    )
    return row if row.display or row.code else replace(row, display="Report")


def _signed(obr: Segment, field: int) -> str:
    """A name in a field whose first component holds its parts as subcomponents (id, family, given ... prefix)."""
    told = obr.repetitions(field)
    if not told:
        return ""
    return " ".join(filter(None, (obr.sub(told[0], 1, number) for number in (6, 3, 2))))


def _add_result(reading: Reading, obx: Segment, rows: list[EntryRow], begun: int) -> None:
    """One result; a further line of the same text goes to the result before it."""
    told, coding = value_of(reading, obx), coded(obx, 3)
    if not coding[0] and not coding[2]:
        text = "neither a code nor words say what this is; it was left out"
        reading.fault(f"{obx.path}.3", "code-missing", text)
        return
    report = rows[begun] if rows and rows[begun].type == "OBR" else None
    parts = (report.source_id if report else reading.local_id, coding[0] or coding[2], obx.text(4))
    key = "/".join(part for part in parts if part)
    if _runs_on(rows, told, coding, key, obx):
        rows[-1] = replace(rows[-1], value_text=f"{rows[-1].value_text}\n{told.words}")
        return
    rows.append(_result(reading, obx, told, report, _unlike(rows, key)))


def _runs_on(rows: list[EntryRow], told: Value, coding: tuple[str, str, str], key: str, obx: Segment) -> bool:
    last = rows[-1] if rows else None
    same = last is not None and last.type == "OBX" and last.code == coding[0] and last.source_id.split("~")[0] == key
    return same and told.kind is Kind.OBSERVATION and obx.text(2) in {"TX", "FT", "ST"}


def _result(reading: Reading, obx: Segment, told: Value, report: EntryRow | None, key: str) -> EntryRow:
    """A result of a report, dated and signed as itself says or else as its report does."""
    when = reading.moment(obx, 14)
    if when.at is None and report is not None:
        when = Moment(report.happened_at, report.day_only, report.detail.get("date_precision", ""))
    status = result_status(obx.text(11)) or (report.status if report else "")
    about: Detail = dict(report.detail) if report else {}
    detail = filled(
        author=clinician(obx, 16) or about.get("author", ""),
        organisation=obx.text(23),
        requester=about.get("requester", ""),
        specimen=about.get("specimen", ""),
        category=report.display if report else "",
        **told.detail,
    )
    kind = Kind.RESULT if told.words else told.kind  # words from a laboratory are its result
    coding = coded(obx, 3)
    return row_of(reading, obx, kind, key, when, coding, status, detail, **told.figures)


def _close(rows: list[EntryRow], begun: int) -> None:
    """Tell the report which results it holds, now that they are known, and the results what was sampled."""
    if not rows:
        return
    report, held = rows[begun], rows[begun + 1 :]
    if held and report.type == "OBR":
        results = any(row.kind is Kind.RESULT for row in held)
        detail = {**report.detail, "members": [f"{row.type}/{row.source_id}" for row in held]}
        rows[begun] = replace(report, kind=Kind.RESULT if results else report.kind, detail=detail)
        rows[begun + 1 :] = [_with(row, specimen=str(report.detail.get("specimen", ""))) for row in held]


def _with(row: EntryRow, specimen: str) -> EntryRow:
    return replace(row, detail={**row.detail, "specimen": specimen}) if specimen else row


def _unlike(rows: list[EntryRow], key: str) -> str:
    """The key, told apart from the same one before it: a panel may hold one test twice."""
    taken = {row.source_id for row in rows}
    number = 2
    told = key
    while told in taken:
        told, number = f"{key}~{number}", number + 1
    return told


def _minute(when: Moment) -> str:
    return when.at.isoformat(timespec="minutes")[:16] if when.at else "undated"


def document_rows(reading: Reading) -> list[EntryRow]:
    """The document of an MDM message: its heading (TXA), and its text or file (OBX)."""
    txa = reading.first("TXA")
    number = txa.text(12) if txa else ""
    if txa is None or not number:
        reading.fault("TXA[1].12", "document-number-missing", "no document number tells this document; it was left out")
        return []
    told = [value_of(reading, segment) for segment in reading.group if segment.name == "OBX"]
    detail = filled(
        author=clinician(txa, 9) or clinician(txa, 5),
        text="\n".join(value.words for value in told if value.words),
        notes=txa.text(16),
    )
    for value in told:
        detail |= value.detail if value.kind is Kind.DOCUMENT else {}
    sort = txa.text(2)
    coding = (sort, "HL70270" if sort else "", txa.text(2, 2) or _DOCUMENTS.get(sort, "Document"))
    when = reading.moment(txa, 4)
    when = when if when.at else reading.moment(txa, 6)
    return [row_of(reading, txa, Kind.DOCUMENT, number, when, coding, _document_status(reading, txa), detail)]


def _document_status(reading: Reading, txa: Segment) -> str:
    if reading.event == "T11" or txa.text(19) == "CA":
        return "entered-in-error"
    if txa.text(19) == "OB":
        return "superseded"
    return "preliminary" if txa.text(17) in {"DI", "IP", "IN", "PA"} else "current"
