"""Reads one person's visible patients and entries, and makes of them what the door hands out. Decides nothing.

Only `record.door` calls this, after the decision and inside its transaction. `cells` are the classes of information
that the decision opened, by the organisation whose entries they are of.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import orjson

from oneplace.access.rules import Cells
from oneplace.kernel import clock, nhs_number
from oneplace.kernel.ids import PersonId
from oneplace.kernel.rows import Kind
from oneplace.place import queries as place
from oneplace.record import wholes
from oneplace.record.classing import class_of, setting_of
from oneplace.record.facts import Telling, groups
from oneplace.record.models import Entry, EntryHistory, LocalPatient, Source
from oneplace.record.rules import Link
from oneplace.record.shapes import Banner, Item, SourceLine, Trend, WindowletData
from oneplace.record.windowlets import Sieve, Windowlet, is_current

IDENTITY = "identity"
"""The class of demographics (access/classes.yaml)."""
_NONE: frozenset[str] = frozenset()
MOST_ENTRIES = 4000
"""Entries of one person that a page reads, newest first; the largest real record in the examples has 300."""
_NIL_KNOWN = frozenset({"716186003", "409137002", "1003774007"})  # SNOMED CT: no known (drug) allergy
COLUMNS = [
    "id", "kind", "display", "happened_at", "day_only", "ended_at", "status", "value", "value_text", "unit",
    "low", "high", "code", "system", "patient__source__code", "received_at", "detail", "document_id",
]  # fmt: skip
_GP_KINDS = frozenset({"problem", "medication", "allergy", "immunisation"})  # what the GP's record is looked to for
_EXPECTED = ("acute-trust", "community-trust", "mental-health-trust", "ambulance", "hospice", "county-council")


@dataclass(slots=True)
class Known:
    """One person's patients, visible ones and not, with the names of their sources and what of each is open."""

    patients: list[LocalPatient]  # visible, the one that speaks for the person first
    hidden: list[LocalPatient]
    names: dict[str, str]
    cells: Cells
    settings: dict[str, str] = field(default_factory=dict)  # class of a source's ordinary entries
    closed: bool = False  # consent keeps ordinary classes of others closed
    only: frozenset[str] = _NONE  # kinds of entry that are open; empty: all

    def name_of(self, code: str) -> str:
        """A source's name, or its code where nobody named it."""
        return self.names.get(code) or code

    def shows(self, row: tuple[Any, ...]) -> bool:
        """True for an entry, as a tuple of COLUMNS, whose class is open here."""
        return self.opens(row[14], row[1], row[2], f"{row[8]} {row[16]}")

    def opens(self, source: str, kind: str, display: str, words: str) -> bool:
        """True where the class of such an entry of this source is open, and its kind."""
        if self.only and kind not in self.only:
            return False
        return class_of(self.settings[source], kind, display, words) in self.cells.get(source, _NONE)

    def is_closed(self, patient: LocalPatient) -> bool:
        """True for a source of which consent leaves nothing but demographics."""
        return self.closed and self.cells.get(patient.source.code, _NONE) <= {IDENTITY}


def ranked(patients: Iterable[LocalPatient]) -> list[LocalPatient]:
    """One person's patients, the one that speaks for the person first: the registering practice's."""
    return sorted(patients, key=lambda patient: patient.rank)


def known(person: PersonId, cells: Cells, closed: bool = False, only: frozenset[str] = _NONE) -> Known:
    """The patients who are this person: visible are those whose source shows who they are."""
    everyone = ranked(LocalPatient.objects.filter(person__key=person).select_related("source", "person"))
    patients = [patient for patient in everyone if IDENTITY in cells.get(patient.source.code, _NONE)]
    codes = {patient.source.code for patient in everyone} | {patient.practice_code for patient in patients}
    names = {patient.source.code: patient.source.name for patient in everyone} | organisation_names(codes)
    kinds = place.names().kinds
    settings = {
        patient.source.code: setting_of(patient.source.code, kinds.get(patient.source.code, "")) for patient in patients
    }
    hidden = [patient for patient in everyone if patient not in patients]
    return Known(patients, hidden, names, cells, settings, closed, only)


def organisation_names(codes: Collection[str]) -> dict[str, str]:
    """Names by code, as this place names them."""
    everyone = place.names().organisations
    return {code: everyone[code] for code in codes if code in everyone}


def banner(person: PersonId, told: Known, similar: int, now: datetime) -> Banner:
    """The banner, spoken by the practice's patient where there is one."""
    patient = told.patients[0]
    number, status = _number(told)
    born = patient.birth_date
    speaking = [one for one in told.patients if "interpreter" in told.cells.get(one.source.code, _NONE)]
    until = clock.to_london(patient.deceased_at or now).date()
    return Banner(
        person_id=person,
        family=patient.family,
        given=patient.given,
        prefix=patient.prefix,
        preferred=patient.preferred,
        birth_date=born,
        age=clock.age_on(born, until) if born and born <= until else None,
        deceased=any(one.deceased for one in told.patients),
        deceased_at=next((one.deceased_at for one in told.patients if one.deceased_at), None),
        sex=patient.sex,
        nhs_number=number,
        number_status=status,
        address=", ".join(part for part in (patient.address, patient.postcode) if part),
        postcode=patient.postcode,
        phone=patient.phone,
        practice_code=patient.practice_code,
        practice_name=told.names.get(patient.practice_code) or patient.practice_name,
        language=patient.language if patient in speaking else "",
        interpreter=any(one.interpreter for one in speaking),
        identity_conflict=any(one.link == Link.PROVISIONAL for one in told.patients),
        similar_names=similar,
    )


def _number(told: Known) -> tuple[str, str]:
    """The NHS number to show, and how far it may be trusted."""
    linked = next((one.link_number for one in told.patients if one.link_number), "")
    if linked:
        agreeing = sum(one.link_number == linked for one in told.patients)
        return linked, "verified by agreement of sources" if agreeing > 1 else "as told by one source"
    given = next((one.nhs_number for one in told.patients if one.nhs_number), "")
    if not given:
        return "", "not known"
    return given, "not valid" if not nhs_number.is_valid(given) else "a placeholder"


def conflicts(told: Known) -> tuple[str, ...]:
    """What the sources disagree about, in words for the banner."""
    return tuple(
        f"{told.name_of(one.source.code)} knows this person as {one.family.upper()}, {one.given}: {one.link_reason}"
        for one in told.patients
        if one.link == Link.PROVISIONAL
    )


def entries(told: Known) -> list[tuple[Any, ...]]:
    """The entries that are open, newest first, as tuples of COLUMNS; what lies in the future comes first."""
    open_ones = [patient.pk for patient in told.patients if not told.is_closed(patient)]
    rows = Entry.objects.filter(patient__in=open_ones)
    found = rows.order_by("-happened_at", "-id").values_list(*COLUMNS)[:MOST_ENTRIES]
    return as_told_now(begun([row for row in found if told.shows(row)]), wholes.gone(open_ones))


def begun(rows: Sequence[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Rows as tuples of COLUMNS; a visit whose newest telling leaves out its start (a discharge by many a hospital's
    system) began when the newest telling before that says so."""
    undated = [row[0] for row in rows if row[1] == Kind.ENCOUNTER and row[3] is None]
    if not undated:
        return list(rows)
    told = EntryHistory.objects.filter(entry__in=undated, happened_at__isnull=False).order_by("version_at", "content")
    starts = {entry: rest for entry, *rest in told.values_list("entry_id", "happened_at", "day_only")}
    return _newest_first([(*row[:3], *starts.get(row[0], row[3:5]), *row[5:]) for row in rows])


def _newest_first(rows: Sequence[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """What lies in the future first, what has no date last."""
    return sorted(rows, key=lambda row: (row[3] is not None, row[3] or datetime.min, row[0]), reverse=True)


def as_told_now(rows: Iterable[tuple[Any, ...]], gone: Mapping[int, datetime]) -> list[tuple[Any, ...]]:
    """Rows as tuples of COLUMNS; one that would run still, and is gone from its practice's record, says so instead."""
    return [
        _gone(row, gone[row[0]]) if row[0] in gone and is_current(row[6], row[5], gone[row[0]]) else row for row in rows
    ]


def _gone(row: tuple[Any, ...], at: datetime) -> tuple[Any, ...]:
    detail = orjson.loads(row[16]) | {"no_longer_told": at.isoformat()}
    return (*row[:6], wholes.GONE, *row[7:16], orjson.dumps(detail).decode(), *row[17:])


def sources(told: Known, rows: Sequence[tuple[Any, ...]], only: str | None = None) -> tuple[SourceLine, ...]:
    """Every organisation that tells of this person, shown or not, and those expected here that tell of nobody.

    `only`: the reader, of this organisation, may not know who else knows the person: they are told of whom they see
    entries, of their own organisation and of the practice.
    """
    counts = Counter(row[14] for row in rows)
    lines = {
        one.source.code: SourceLine(
            one.source.code,
            told.name_of(one.source.code),
            "closed" if told.is_closed(one) else "shown",
            counts[one.source.code],
            None if told.is_closed(one) else one.received_at,
        )
        for one in reversed(told.patients)
        # Which other organisations know of the person is told of nobody whose record is closed.
        if one.at_own_practice or not told.is_closed(one)
    }
    for one in told.hidden:
        name = told.name_of(one.source.code)
        lines.setdefault(one.source.code, SourceLine(one.source.code, name, "no agreement", 0, None))
    practice = told.patients[0].practice_code
    here = place.names()
    due = {code for code, kind in here.kinds.items() if kind in _EXPECTED or code == practice}
    missing = {code: here.organisations[code] for code in due if code not in lines}
    connected = set(Source.objects.filter(code__in=missing).values_list("code", flat=True)) if missing else set()
    for code, name in missing.items():
        if code not in connected:
            lines[code] = SourceLine(code, name, "not connected", 0, None)
    order = {"shown": 0, "closed": 1, "no agreement": 2, "not connected": 3}
    if only is not None:
        lines = {code: one for code, one in lines.items() if one.items or code in (only, practice) or code in missing}
    return tuple(sorted(lines.values(), key=lambda line: (order[line.state], line.code != practice, line.name)))


def windowlet(
    panel: Windowlet,
    rows: Sequence[tuple[Any, ...]],
    lines: Sequence[SourceLine],
    told: Known,
    sieve: Sieve,
    now: datetime,
    offset: int = 0,
) -> WindowletData:
    """One panel from an offset on; `more` counts what lies beyond."""
    plain = {"name": panel.name, "title": panel.title, "shape": panel.shape}
    if panel.shape == "sources":
        return WindowletData(**plain, state="filled")
    chosen = _chosen(panel, rows, sieve, now)
    allergies = [row for row in chosen if row[1] == Kind.ALLERGY]
    nil = [row for row in allergies if _is_nil_known(row)]
    if nil and len(nil) == len(chosen):
        return WindowletData(**plain, state="nil known", note=_nil_note(nil[0], told))
    if not chosen:
        return WindowletData(**plain, state=_nothing(panel, told, lines))
    note = _partly(panel, told, lines) or _denied(nil, allergies, told)
    # The panel of people names every author: each telling counts there.
    facts = [[row] for row in chosen] if panel.shape == "people" else one_each(chosen, told, now)
    if panel.shape == "trends":
        trends = _trends(facts, told)
        shown = trends[offset : offset + panel.limit]
        more = max(0, len(trends) - offset - len(shown))
        return WindowletData(**plain, state="filled", trends=shown, more=more, note=note)
    page = facts[offset : offset + panel.limit]
    items = tuple(fact(rows, told.names) for rows in page)
    more = max(0, len(facts) - offset - len(page))
    return WindowletData(**plain, state="filled", items=items, more=more, note=note)


def one_each(rows: Sequence[tuple[Any, ...]], told: Known, now: datetime) -> list[list[tuple[Any, ...]]]:
    """The rows fact by fact: those that tell the same stand together, the source that speaks first ahead."""
    ranks = {patient.source.code: rank for rank, patient in reversed(list(enumerate(told.patients)))}
    tellings = [
        Telling(
            row[1], row[12], row[13], row[2], row[3], row[4], row[7], row[8] or _parts(row), row[9],
            is_current(row[6], row[5], now), row[14], row[17], ranks.get(row[14], 0),
        )
        for row in rows
    ]  # fmt: skip
    return [[rows[place] for place in places] for places in groups(tellings)]


def _parts(row: tuple[Any, ...]) -> str:
    """The values of an entry that is measured in parts (a blood pressure), to tell it from another of its minute."""
    if row[7] is not None or '"components"' not in row[16]:
        return ""
    return "; ".join(f"{part.get('display')} {part.get('value')}" for part in orjson.loads(row[16])["components"])


def others(key: int, kind: str, told: Known, now: datetime) -> tuple[Item, ...]:
    """The other tellings of the fact that this entry tells."""
    rows = [row for row in entries(told) if row[1] == kind]
    mine = next((rows for rows in one_each(rows, told, now) if any(row[0] == key for row in rows)), [])
    return tuple(item(row, told.names) for row in mine if row[0] != key)


def _chosen(panel: Windowlet, rows: Iterable[tuple[Any, ...]], sieve: Sieve, now: datetime) -> list[tuple[Any, ...]]:
    """The entries that a panel shows, in its order."""
    kinds, never, only = frozenset(panel.kinds), frozenset(panel.not_status), frozenset(panel.only_status)
    since = now - timedelta(days=panel.within_days) if panel.within_days else None
    chosen = [
        row
        for row in rows
        if row[1] in kinds
        and row[6] not in never
        and (not only or row[6] in only)
        and (since is None or (row[3] is not None and row[3] >= since))
        and (not panel.current_only or is_current(row[6], row[5], now))
        and (not panel.filters or sieve.passes(row[1], row[14]))
    ]
    if panel.order == "oldest":
        chosen.reverse()
    elif panel.order == "current":
        chosen.sort(key=lambda row: not is_current(row[6], row[5], now))
    return chosen


def _is_nil_known(row: tuple[Any, ...]) -> bool:
    return row[12] in _NIL_KNOWN or row[2].casefold().startswith(("no known", "nil known"))


def _denied(nil: Sequence[tuple[Any, ...]], allergies: Sequence[tuple[Any, ...]], told: Known) -> str:
    """A word where one source says that there are no allergies and another tells of some."""
    return f"Sources disagree. {_nil_note(nil[0], told)}" if 0 < len(nil) < len(allergies) else ""


def _partly(panel: Windowlet, told: Known, lines: Sequence[SourceLine]) -> str:
    """A word where what is listed lacks the GP record, so that a part isn't taken for the whole."""
    if panel.shape in ("people", "timeline"):
        return ""
    state = _nothing(panel, told, lines)
    practice = told.name_of(told.patients[0].practice_code) or "the GP practice"
    words = {"no agreement": f"Without the GP record: {practice} does not share here."}
    words["not connected"] = f"Without the GP record: {practice} is not connected here."
    words["closed"] = "Only a part: what other organisations hold is closed to you."
    return words.get(state, "")


def _nil_note(row: tuple[Any, ...], told: Known) -> str:
    """Who said so and when."""
    when = f", {clock.to_london(row[3]):%-d %B %Y}" if row[3] else ""
    return f"{row[2]}: recorded by {told.name_of(row[14])}{when}"


def _nothing(panel: Windowlet, told: Known, lines: Sequence[SourceLine]) -> str:
    """Which kind of nothing an empty panel holds: absence of data is not absence of the thing."""
    if told.closed:
        return "closed"
    if not _GP_KINDS.intersection(panel.kinds) or any(patient.at_own_practice for patient in told.patients):
        return "none recorded"
    states = {line.code: line.state for line in lines}
    practice = told.patients[0].practice_code
    if states.get(practice) == "no agreement" or any(patient.at_own_practice for patient in told.hidden):
        return "no agreement"
    return "not connected"


def item(row: tuple[Any, ...], names: dict[str, str]) -> Item:
    """One entry as it leaves."""
    key, *told, source, received, detail, _ = row
    words = orjson.loads(detail) if detail != "{}" else {}
    return Item(str(key), *told, source, names.get(source) or source, received, words)


def fact(rows: Sequence[tuple[Any, ...]], names: dict[str, str]) -> Item:
    """One fact as it leaves: the first telling, with the others beside it."""
    first = item(rows[0], names)
    return replace(first, also=tuple(item(row, names) for row in rows[1:])) if len(rows) > 1 else first


def _trends(facts: Sequence[list[tuple[Any, ...]]], told: Known) -> tuple[Trend, ...]:
    """Measured things, the latest first, each with its points oldest first."""
    things: dict[tuple[str, str], list[list[tuple[Any, ...]]]] = {}
    for rows in facts:
        first = rows[0]
        things.setdefault((first[12] or first[2].casefold(), first[9]), []).append(rows)
    return tuple(_trend(thing, told) for thing in things.values())


def _trend(thing: list[list[tuple[Any, ...]]], told: Known) -> Trend:
    latest = fact(thing[0], told.names)
    points = [(rows[0][3], _measure(rows[0])) for rows in reversed(thing) if rows[0][3] is not None]
    return Trend(
        latest.display,
        latest.unit,
        latest.low,
        latest.high,
        latest,
        tuple((at, value) for at, value in points if value is not None),
    )


def _measure(row: tuple[Any, ...]) -> float | None:
    """The number that a trend follows: the value, else the first component's (systolic of a blood pressure)."""
    if row[7] is not None or row[16] == "{}":
        return row[7]  # type: ignore[no-any-return]
    components = orjson.loads(row[16]).get("components") or [{}]
    value = components[0].get("value")
    return value if isinstance(value, int | float) else None
