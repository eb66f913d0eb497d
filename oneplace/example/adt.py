"""Writes HL7 v2.4 ADT messages as a trust's patient administration system would send them.

A28 adds a person, A01 admits, A03 discharges, A04 registers an attendance, A08 updates. Segments end in a carriage
return. The example's own writer: it shares nothing with the reader that it is meant to exercise.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from hashlib import blake2b

from oneplace.example.catalogue import catalogue
from oneplace.example.shapes import Human, Told, Visit
from oneplace.kernel.clock import LONDON


@dataclass(frozen=True, slots=True)
class Desk:
    """How one trust's desk knows the person: its own number, and what was typed, which need not be right."""

    trust: str
    hospital_number: str
    nhs_number: str
    family: str
    practice_name: str
    system: str


@dataclass(frozen=True, slots=True)
class Event:
    """One message with when it was sent."""

    name: str
    at: datetime
    raw: bytes


def events_of(told: Told, desk: Desk, visits: list[Visit]) -> Iterator[Event]:
    """The messages of one person at one trust, in the order in which they were sent."""
    if not visits:
        return
    visits = sorted(visits, key=lambda visit: visit.starts)
    yield _event(told, desk, "A28", visits[0].starts - timedelta(minutes=12), None)
    for visit in visits:
        yield _event(told, desk, "A01" if visit.sort == "I" else "A04", visit.starts, visit)
        if visit.findings:
            yield _event(told, desk, "A08", visit.starts + timedelta(minutes=95), visit)
        if visit.noted:
            yield _event(told, desk, "A08", visit.noted, visit)
        if visit.ends:
            yield _event(told, desk, "A03", visit.ends, visit)


def _event(told: Told, desk: Desk, event: str, at: datetime, visit: Visit | None) -> Event:
    control = blake2b(f"{desk.trust}{desk.hospital_number}{event}{at.isoformat()}".encode(), digest_size=7).hexdigest()
    segments = [
        _msh(desk, event, at, control),
        f"EVN|{event}|{_time(at)}|||CLERK01^Desk^Front",
        *_person(told.human, desk),
    ]
    if visit:
        segments += _visit(told, desk, event, at, visit)
    return Event(f"{desk.hospital_number}-{at:%Y%m%d%H%M}-{event}", at, ("\r".join(segments) + "\r").encode())


def _msh(desk: Desk, event: str, at: datetime, control: str) -> str:
    shape = "ADT_A05" if event == "A28" else "ADT_A03" if event == "A03" else "ADT_A01"
    return (
        f"MSH|^~\\&|{desk.system}|{desk.trust}|ONEPLACE|Z9PL|{_time(at)}||ADT^{event}^{shape}|{control}|P|2.4|||||GBR"
        "|UNICODE UTF-8|EN"
    )


def _person(human: Human, desk: Desk) -> list[str]:
    ids = f"{desk.hospital_number}^^^{desk.trust}^MRN"
    if desk.nhs_number:
        ids += f"~{desk.nhs_number}^^^NHS^NH"
    given, _, middle = human.given.partition(" ")
    name = f"{_safe(desk.family)}^{_safe(given)}^{_safe(middle)}^^{human.prefix}^^L"
    street = "^".join(_safe(line) for line in (*human.lines, "")[:2])
    sex = "1" if human.sex == "male" else "2"
    died = _day(human.deceased_on) if human.deceased_on else ""
    address = f"{street}^{_safe(human.town)}^^{human.postcode}^GBR^H"
    pid = [""] * 31
    pid[0], pid[1], pid[3], pid[5], pid[7], pid[8] = "PID", "1", ids, name, _day(human.birth_date), sex
    pid[11], pid[13], pid[15], pid[29], pid[30] = address, human.phone, human.language, died, "Y" if died else "N"
    return ["|".join(pid), f"PD1|||{_safe(desk.practice_name)}^^{human.practice_code}"]


def _visit(told: Told, desk: Desk, event: str, at: datetime, visit: Visit) -> list[str]:
    number = f"{desk.hospital_number}-{visit.starts:%y%m%d%H%M}"
    family, given = visit.clinician
    doctor = f"C{sum(map(ord, family)) + 3_000_000}^{family}^{given}^^^Dr^^^GMC"
    ended = _time(visit.ends) if event == "A03" and visit.ends else ""
    place = f"{_safe(visit.ward)}^^^{visit.site}"
    pv1 = [""] * 46
    pv1[0], pv1[1], pv1[2], pv1[3], pv1[7], pv1[10] = "PV1", "1", visit.sort, place, doctor, _safe(visit.specialty)
    pv1[19], pv1[44], pv1[45] = f"{number}^^^{desk.trust}^VN", _time(visit.starts), ended
    segments = ["|".join(pv1).rstrip("|"), f"PV2|||^{_safe(visit.reason)}"]
    segments += [
        f"AL1|{index}|DA|{code}^{_safe(words)}^SCT|MO|{_safe(allergy.reaction)}|{_day(allergy.on)}"
        for index, (allergy, (code, words)) in enumerate(
            (
                (each, catalogue().concepts[each.concept])
                for each in told.record.allergies
                if each.concept != "no-allergy"
            ),
            1,
        )
    ]
    if visit.diagnosis and event != "A08":
        sort = "F" if event == "A03" else "A"
        code, words = visit.diagnosis
        segments.append(f"DG1|1||{code}^{_safe(words)}^I10||{_time(visit.starts)}|{sort}")
    if event == "A08":
        segments += _findings(visit, at)
    return segments


def _findings(visit: Visit, at: datetime) -> list[str]:
    """The note of the visit where this is its moment, else what was measured."""
    if at == visit.noted:
        return [f"OBX|1|TX|37331000000100^Comment note^SCT||{_safe(visit.note)}||||||F|||{_time(at)}"]
    found = []
    for index, (test, value) in enumerate(visit.findings, 1):
        code, words, unit, low, high = catalogue().tests[test]
        bounds = f"{low:g} - {high:g}" if low and high else f"> {low:g}" if low else f"< {high:g}" if high else ""
        found.append(f"OBX|{index}|NM|{code}^{_safe(words)}^SCT||{value}|{unit}|{bounds}|||||F|||{_time(at)}")
    return found


def _safe(text: str) -> str:
    """Text with HL7's separators escaped."""
    for character, escape in (("\\", "\\E\\"), ("|", "\\F\\"), ("^", "\\S\\"), ("&", "\\T\\"), ("~", "\\R\\")):
        text = text.replace(character, escape)
    return text


def _time(moment: datetime) -> str:
    return moment.astimezone(LONDON).strftime("%Y%m%d%H%M")


def _day(day: date) -> str:
    return day.strftime("%Y%m%d")
