"""What an EDIFACT report tells: the report, each group of tests and each result, with specimen, range and remarks.

Source: MEDRPT sections S02 (report), S10 (clinical information), S16 (specimens), GIS (investigations), S20 (ranges).
A result is known by the report's number, its group and its code, the same when it is sent again corrected.
"""

from dataclasses import dataclass, field
from typing import Any

from oneplace.formats.edifact.reading import Reading
from oneplace.formats.edifact.segments import Segment
from oneplace.formats.limits import ENTRY_LIMITS, fitted
from oneplace.formats.shape import NEVER, Moment, number_text
from oneplace.kernel.rows import EntryRow, Kind, Severity

_SYSTEMS = {"911": "http://read.info/readv2", "921": "http://snomed.info/sct"}
_STATUSES = {
    "RE": "registered", "PR": "preliminary", "FI": "final", "AM": "amended", "CO": "corrected", "CA": "cancelled",
    "EN": "entered-in-error", "UN": "unknown",
}  # fmt: skip
_FLAGS = {"HI": "High", "LO": "Low", "OR": "Outside the range", "PA": "Potentially abnormal"}
_COMPARATORS = {"5": ">=", "6": ">", "7": "<", "8": "<="}
_MAX_ID = 150

Detail = dict[str, Any]


@dataclass(slots=True)
class Block:
    """One specimen (from S16) or one investigation (from GIS), as its segments."""

    segments: list[Segment] = field(default_factory=list)

    def first(self, name: str, sort: str = "") -> Segment | None:
        """The first segment of that name, whose first component says that sort."""
        return next((one for one in self.segments if one.name == name and sort in {"", one.part(0)}), None)

    def reference(self, sort: str) -> str:
        """The sequence number that a reference of that sort points to."""
        told = self.first("RFF", sort)
        return told.part(0, 1) if told else ""

    @property
    def sequence(self) -> str:
        """Its own number, by which others point to it; '' where none points."""
        told = self.first("SEQ")
        return told.part(1) if told else ""

    def words(self, sort: str) -> str:
        """Free text of that sort, line by line."""
        told = (
            " ".join(filter(None, one.parts(3))) for one in self.segments if one.name == "FTX" and one.part(0) == sort
        )
        return "\n".join(filter(None, told))


def entry_rows(reading: Reading, local_id: str) -> tuple[EntryRow, ...]:
    """The report, then its groups and results in their order."""
    specimens, investigations = _blocks(reading)
    report = _Report(reading, local_id, {one.sequence: one for one in specimens})
    groups = {one.sequence: one for one in investigations if one.sequence}
    rows = [row for one in investigations if (row := report.row(one, groups))]
    return (report.heading(rows), *rows)


def _blocks(reading: Reading) -> tuple[list[Block], list[Block]]:
    """Specimens and investigations; GIS also stands in the report's own section, where no test follows it."""
    specimens: list[Block] = []
    investigations: list[Block] = []
    current = Block()
    for segment in reading.segments[:-1]:
        if segment.name in {"S16", "GIS"}:
            current = Block()
            (specimens if segment.name == "S16" else investigations).append(current)
        current.segments.append(segment)
    return specimens, [one for one in investigations if one.first("INV") or one.first("RSL")]


class _Report:
    """What all rows of one report share."""

    def __init__(self, reading: Reading, local_id: str, specimens: dict[str, Block]) -> None:
        self.reading, self.local_id, self.specimens = reading, local_id, specimens
        self.number = reading.reference("SRI")
        if not self.number:
            text = "no report number: known by the message's time alone"
            reading.fault("RFF", "order-number-missing", text, Severity.NOTE)
            self.number = f"{local_id}/{reading.sent_at:%Y%m%d%H%M}" if reading.sent_at else f"{local_id}/undated"
        self.issued = reading.dated("ISR")
        self.taken: set[str] = set()
        asked = [*reading.parties("PO", "PRO"), *reading.parties("PO", "ORG")]
        departments = reading.parties("SLA", "DPT")
        self.requester = "".join(asked[0].parts(3)).strip() if asked else ""
        department = "".join(departments[0].parts(3)).strip() if departments else ""
        self.department = "" if department.upper() == "UNKNOWN" else department

    def heading(self, rows: list[EntryRow]) -> EntryRow:
        """The report itself, which holds the results."""
        reading = self.reading
        status, information = reading.first("STS"), Block(reading.segments).words("CID")
        results = any(row.kind is Kind.RESULT for row in rows)
        detail = _filled(
            organisation=self.department,
            requester=self.requester,
            reason=information,
            members=[f"INV/{row.source_id}" for row in rows],
        )
        coding = ("", "", "Laboratory report")
        kind = Kind.RESULT if results else Kind.OBSERVATION
        told = _STATUSES.get(status.part(1), "") if status else ""
        path = next((one.path for one in reading.segments if one.name == "S02"), "UNH[1]")
        return self._row("MEDRPT", kind, self._key(), self.issued, coding, told, detail, path)

    def row(self, block: Block, groups: dict[str, Block]) -> EntryRow | None:
        """One group of tests or one result; None, with an issue, where nothing says what it is."""
        inv = block.first("INV")
        coding = _coding(inv) if inv else ("", "", "")
        path = inv.path if inv else block.segments[0].path
        if not coding[0] and not coding[2]:
            text = "neither a code nor words say what was tested; it was left out"
            self.reading.fault(path, "code-missing", text)
            return None
        if not coding[2]:
            self.reading.fault(path, "text-missing", "a code without its words", Severity.WARNING)
        group = groups.get(block.reference("ARL"))
        specimen = self.specimens.get((group or block).reference("ASL"))
        figures, flag = self._figures(block)
        low_high, words = self._range(block)
        within = _coding(group.first("INV")) if group else ("", "", "")
        detail = _filled(
            organisation=self.department,
            requester=self.requester,
            specimen=_specimen(specimen),
            category=within[2] or within[0],
            interpretation=flag,
            comments="\n".join(filter(None, (block.words("SPC"), block.words("RIT")))),
            range=words,
        )
        has = figures["value"] is not None or figures["value_text"]
        key = self._key(within[0] or within[2], coding[0] or coding[2])
        status = block.first("STS") or self.reading.first("STS")
        told = _STATUSES.get(status.part(1), "") if status else ""
        when = self._collected(specimen)
        kind = Kind.RESULT if has else Kind.OBSERVATION
        return self._row("INV", kind, key, when, coding, told, detail, path, **figures, **low_high)

    def _key(self, *parts: str) -> str:
        """The key of a row, told apart from the same before it."""
        key = "/".join(filter(None, (self.number, *parts)))[:_MAX_ID]
        told, number = key, 2
        while told in self.taken:
            told, number = f"{key}~{number}", number + 1
        self.taken.add(told)
        return told

    def _collected(self, specimen: Block | None) -> Moment:
        """When the specimen was taken, else received, else when the report was made."""
        for sort in ("SCO", "SRI"):
            dtm = specimen.first("DTM", sort) if specimen else None
            told = self.reading.moment(dtm) if dtm else NEVER
            if told.at:
                return told
        return self.issued

    def _figures(self, block: Block) -> tuple[Detail, str]:
        """Value, text and unit of the result (RSL), and where it stands against its range."""
        rsl = block.first("RSL")
        if rsl is None:
            return {"value": None, "value_text": "", "unit": ""}, ""
        if rsl.part(0) == "CV":
            return {"value": None, "value_text": self._coded_value(rsl), "unit": ""}, ""
        text, unit = rsl.part(1), rsl.part(3, 3) or rsl.part(3)
        flag = _FLAGS.get(rsl.part(4), rsl.part(4))
        comparator = _COMPARATORS.get(rsl.part(1, 1), "")
        value = _number(text)
        if value is None:
            code = "number-unreadable" if text else "value-missing"
            self.reading.fault(rsl.path, code, "a number was expected; what was sent is kept as text", Severity.WARNING)
            return {"value": None, "value_text": text, "unit": unit}, flag
        return {"value": value, "value_text": comparator + number_text(value), "unit": unit}, flag

    def _coded_value(self, rsl: Segment) -> str:
        code, words = rsl.part(1, 2), rsl.part(1, 5)
        if not code and not words:
            self.reading.fault(rsl.path, "value-missing", "a coded result without its code and words: it has no value")
        elif not words:
            text = "a coded result without its words: the code stands in for them"
            self.reading.fault(rsl.path, "text-missing", text, Severity.WARNING)
        return words or code

    def _range(self, block: Block) -> tuple[Detail, str]:
        """Low and high (RND), or the range in words."""
        rnd = block.first("RND")
        low, high = (_number(rnd.part(1)), _number(rnd.part(2))) if rnd else (None, None)
        words = "\n".join(filter(None, (block.words("CRR"), block.words("RPD"))))
        return {"low": low, "high": high}, words

    def _row(
        self,
        sort: str,
        kind: Kind,
        key: str,
        when: Moment,
        coding: tuple[str, str, str],
        status: str,
        detail: Detail,
        path: str,
        **more: Any,
    ) -> EntryRow:
        if when.precision:
            detail["date_precision"] = when.precision
        row = EntryRow(
            self.local_id, kind, sort, key, path, when.at, when.day_only, None, *coding, status,
            version_at=self.reading.sent_at, detail=detail, **more,
        )  # fmt: skip
        text = "was cut: longer than a record holds"
        return fitted(row, ENTRY_LIMITS, lambda name: self.reading.fault(path, "too-long", f"{name} {text}"))


def _coding(inv: Segment | None) -> tuple[str, str, str]:
    """Code, system and words of a test: 911 is Read, 921 SNOMED CT."""
    if inv is None:
        return "", "", ""
    code, scheme = inv.part(1), inv.part(1, 1)
    return code, _SYSTEMS.get(scheme, scheme) if code else "", " ".join(filter(None, inv.parts(1)[3:])).strip()


def _specimen(block: Block | None) -> str:
    spc = block.first("SPC", "TSP") if block else None
    return " ".join(filter(None, spc.parts(1)[3:])).strip() if spc else ""


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if abs(value) < 1e15 else None


def _filled(**words: Any) -> Detail:
    return {key: value for key, value in words.items() if value}
