"""One row of an extract, by its layout, as a person, an entry and what it does to ties.

What can't be used is left out with an issue that names the column and what was expected, never the value.
"""

import re
from collections.abc import Mapping
from datetime import date, datetime
from functools import partial
from typing import Any

from oneplace.formats.limits import ENTRY_LIMITS, MAX_ID, fitted, fitted_person
from oneplace.formats.shape import NEVER, Moment, birth_date, iso_moment, postcode
from oneplace.formats.tables.layouts import Layout
from oneplace.kernel import nhs_number
from oneplace.kernel.rows import (
    Address,
    EntryRow,
    EventRow,
    Issue,
    Message,
    Move,
    Name,
    PersonRow,
    Reject,
    Severity,
)

_SEXES = {"1": "male", "m": "male", "male": "male", "2": "female", "f": "female", "female": "female"}
_SEXES |= {
    "0": "unknown",
    "9": "other",
    "u": "unknown",
    "unknown": "unknown",
    "other": "other",
    "x": "other",
    "i": "other",
}
_DAY_FIRST = re.compile(r"(\d{1,2})[/.](\d{1,2})[/.](\d{4})(?:[ T](\d{1,2}:\d{2}(?::\d{2})?))?")
_SERIAL = re.compile(r"[1-9]\d{4}(?:\.\d+)?")
_YES = frozenset({"1", "y", "yes", "true", "01"})
_ETHNIC = "ABCDEFGHJKLMNPRSZ"


class _Row:
    """One row being read: its values by column, and what was wrong with them."""

    def __init__(self, values: Mapping[str, str], layout: Layout, issues: list[Issue]) -> None:
        clean = {name: _without_nulls(value) if "\0" in value else value for name, value in values.items()}
        self.values, self.layout, self.issues = clean, layout, issues

    def text(self, column: str) -> str:
        return self.values.get(column, "") if column else ""

    def patient(self, key: str) -> str:
        return self.text(self.layout.patient.get(key, ""))

    def entry(self, key: str) -> str:
        return self.text(self.layout.entry.get(key, ""))

    def fault(self, column: str, code: str, words: str, severity: Severity = Severity.ERROR) -> None:
        self.issues.append(Issue(column, code, words, severity))

    def moment(self, column: str) -> Moment:
        """A date or time as ISO or day/month/year tell it; NEVER with an issue where it can't be read."""
        told = self.text(column)
        if not told:
            return NEVER
        try:
            found = _moment(told)
        except (ValueError, OverflowError):
            serial = " (it looks like a spreadsheet's serial number)" if _SERIAL.fullmatch(told) else ""
            self.fault(column, "date-unreadable", f"a date was expected, as 2026-03-02 or 02/03/2026{serial}; left out")
            return NEVER
        return Moment(found.at) if found.precision == "zone" else found  # extracts tell London's wall clock


def _without_nulls(text: str) -> str:
    return text.replace("\0", "").strip()


def _moment(told: str) -> Moment:
    day_first = _DAY_FIRST.fullmatch(told)
    if not day_first:
        return iso_moment(told.replace(" ", "T", 1) if len(told) > 10 and told[10] == " " else told)
    day, month, year, hour = day_first.groups()
    iso = f"{year}-{int(month):02}-{int(day):02}"
    return iso_moment(f"{iso}T{hour:0>5}" if hour and len(hour) < 6 else f"{iso}T{hour:0>8}" if hour else iso)


def message_of(values: Mapping[str, str], layout: Layout, format_name: str, issues: list[Issue]) -> Message | Reject:
    """The row as a message of one person and one entry, or why it can't be one."""
    row = _Row(values, layout, issues)
    local_id = row.patient("local_id")
    for column in (layout.patient["local_id"], *layout.ids, *layout.required):
        if not row.text(column):
            words = f"The column '{column}' is empty, and a row can't be filed without it."
            return Reject(words, "column-empty", column, format_name)
    version_at = row.moment(layout.entry.get("version_at", "")).at
    person = _person(row, local_id[:MAX_ID], version_at)
    entry = _entry(row, local_id[:MAX_ID], version_at)
    events = _events(row, entry)
    source = row.text(layout.source).upper()[:20]
    return Message(
        format_name, source, "", (person,), (entry,), events, tuple(row.issues), "", version_at or entry.happened_at, 1
    )


def _person(row: _Row, local_id: str, version_at: datetime | None) -> PersonRow:
    family, former = row.patient("family"), row.patient("former_family")
    given, prefix = row.patient("given"), row.patient("prefix")
    names = [Name(family, given, prefix, "official")] if family else []
    names += [Name(former, given, "", "old")] if former else []
    lines = tuple(part.strip() for part in row.patient("address").split(",") if part.strip())
    code = postcode(row.patient("postcode"))
    died = row.moment(row.layout.patient.get("died", ""))
    person = PersonRow(
        local_id=local_id,
        nhs_number=_number(row),
        names=tuple(names),
        birth_date=_birth_date(row),
        sex=_coded(row, "sex", _SEXES),
        addresses=(Address(lines, code),) if lines or code else (),
        phones=(row.patient("phone"),) if row.patient("phone") else (),
        deceased=died.at is not None,
        deceased_at=died.at,
        practice_code=row.patient("practice").upper(),
        version_at=version_at,
        ethnicity=_ethnicity(row),
        number_verified=row.patient("verified").casefold() in _YES,
        key_only=not (family or row.patient("birth_date") or row.patient("nhs_number")),
    )
    return fitted_person(person, lambda name: row.fault(name, "too-long", "longer than a record holds; it was cut"))


def _number(row: _Row) -> str:
    number = nhs_number.tidy(row.patient("nhs_number"))
    column = row.layout.patient.get("nhs_number", "")
    if number and not nhs_number.is_valid(number):
        row.fault(column, "nhs-number-invalid", "the NHS number fails its check: not linked on", Severity.WARNING)
    elif number and nhs_number.is_placeholder(number):
        row.fault(column, "nhs-number-placeholder", "one digit ten times over is no NHS number", Severity.WARNING)
    elif not number and column:
        row.fault(column, "nhs-number-missing", "no NHS number was sent", Severity.NOTE)
    return number[:20]


def _birth_date(row: _Row) -> date | None:
    column = row.layout.patient.get("birth_date", "")
    return birth_date(row.moment(column), partial(row.fault, column))


def _coded(row: _Row, key: str, codes: Mapping[str, str]) -> str:
    told = row.patient(key).casefold()
    if told and told not in codes:
        row.fault(
            row.layout.patient[key], f"{key}-unknown", "not a code or word that is known; left out", Severity.WARNING
        )
    return codes.get(told, "")


def _ethnicity(row: _Row) -> str:
    told = row.patient("ethnicity").upper()
    return told[0] if told and len(told) <= 2 and told[0] in _ETHNIC else ""


def _entry(row: _Row, local_id: str, version_at: datetime | None) -> EntryRow:
    layout = row.layout
    happened, ended = row.moment(layout.entry.get("happened_at", "")), row.moment(layout.entry.get("ended_at", ""))
    value, value_text = _value(row)
    told = row.entry("status")
    entry = EntryRow(
        local_id=local_id,
        kind=layout.kind,
        type=layout.type[:40],
        source_id="/".join(row.text(column) for column in layout.ids)[: MAX_ID + 36],
        path="",
        happened_at=happened.at,
        day_only=happened.day_only,
        ended_at=ended.at,
        code=row.entry("code"),
        system=layout.system if row.entry("code") else "",
        display=row.entry("display") or layout.display_words or layout.title,
        status=layout.statuses.get(told.casefold(), layout.statuses.get("*", told.casefold())),
        value=value,
        value_text=value_text,
        unit=row.entry("unit"),
        version_at=version_at,
        detail=_detail(row),
    )
    return fitted(
        entry, ENTRY_LIMITS, lambda name: row.fault(name, "too-long", "longer than a record holds; it was cut")
    )


def _value(row: _Row) -> tuple[float | None, str]:
    told = row.entry("value")
    try:
        return (float(told), told) if told else (None, "")
    except ValueError:
        return None, told


def _detail(row: _Row) -> dict[str, Any]:
    """The declared words, and every column that the layout doesn't read, so that nothing sent is lost from sight."""
    detail: dict[str, Any] = {key: text for key, column in row.layout.detail.items() if (text := row.text(column))}
    used = row.layout.used
    more = {name: text for name, text in row.values.items() if text and name and name not in used}
    if more:
        detail["also"] = more
    return detail


def _events(row: _Row, entry: EntryRow) -> tuple[EventRow, ...]:
    move = row.layout.move
    if move is None:
        return ()
    if move is Move.REGISTERED:
        return (EventRow(entry.local_id, move, entry.happened_at),)
    return (EventRow(entry.local_id, move, entry.happened_at, entry.source_id),)
