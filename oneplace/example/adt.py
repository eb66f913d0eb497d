"""Writes HL7 v2.4 messages as a trust's patient administration and laboratory systems would send them.

A28 adds a person, A01 admits, A02 moves to another ward, A03 discharges, A04 registers an attendance, A08 updates;
A11 and A13 take an admission or a discharge back, A40 folds a number given twice into the first; ORU^R01 tells results.
Segments end in a carriage return. The example's own writer: it shares nothing with the reader that it exercises.
"""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from hashlib import blake2b
from random import Random

from oneplace.example.catalogue import catalogue
from oneplace.example.known import Known, Piece, Sender
from oneplace.example.practice import Practice
from oneplace.example.shapes import Told, Visit
from oneplace.kernel.clock import LONDON

_SHAPES = {"A28": "ADT_A05", "A03": "ADT_A03", "A11": "ADT_A09", "A40": "ADT_A39"}
_CANCELLED, _MOVED = 0.01, 0.3
"""Shares of stays that were begun or ended by mistake once, and of those with a second ward."""


class _Desk:
    """One trust's desk with one person before it."""

    def __init__(self, told: Told, known: Known, sender: Sender, practice: Practice) -> None:
        self.told, self.known, self.sender, self.practice = told, known, sender, practice
        self.human = known.human
        self.number = known.local_id.rpartition(":")[2]


def events_of(told: Told, known: Known, sender: Sender, practice: Practice, visits: list[Visit]) -> Iterator[Piece]:
    """The messages of one person at one trust, in the order in which they were sent."""
    if not visits:
        return
    desk = _Desk(told, known, sender, practice)
    visits = sorted(visits, key=lambda visit: visit.starts)
    yield _event(desk, "A28", visits[0].starts - timedelta(minutes=12), None)
    for visit in visits:
        yield from _of_visit(desk, visit)


def merge_of(told: Told, known: Known, sender: Sender, practice: Practice, visit: Visit, second: Known) -> list[Piece]:
    """The person registered again under a second number, and that number folded into the first the next day."""
    desk, twice = _Desk(told, known, sender, practice), _Desk(told, second, sender, practice)
    at = visit.starts + timedelta(minutes=40)
    return [_event(twice, "A28", at, None), _event(desk, "A40", at + timedelta(hours=20), None, twice.number)]


def _of_visit(desk: _Desk, visit: Visit) -> Iterator[Piece]:
    draw = Random(f"{desk.number}|{visit.starts.isoformat()}")
    stay, ends = visit.sort == "I", visit.ends
    if stay and draw.random() < _CANCELLED:
        early = visit.starts - timedelta(minutes=9)
        yield _event(desk, "A01", early, visit)
        yield _event(desk, "A11", early + timedelta(minutes=4), visit)
    yield _event(desk, "A01" if stay else "A04", visit.starts, visit)
    if visit.findings:
        yield _event(desk, "R01", visit.starts + timedelta(minutes=95), visit)
    if visit.noted:
        yield _event(desk, "A08", visit.noted, visit)
    if stay and ends and ends - visit.starts > timedelta(days=2) and draw.random() < _MOVED:
        yield _event(desk, "A02", visit.starts + (ends - visit.starts) / 3, visit)
    if ends:
        if stay and draw.random() < _CANCELLED:
            yield _event(desk, "A03", ends - timedelta(minutes=30), visit)
            yield _event(desk, "A13", ends - timedelta(minutes=20), visit)
        yield _event(desk, "A03", ends, visit)


def _event(desk: _Desk, event: str, at: datetime, visit: Visit | None, folded: str = "") -> Piece:
    sort = "ORU" if event == "R01" else "ADT"
    told = f"{desk.sender.code}{desk.number}{event}{at.isoformat()}"
    control = blake2b(told.encode(), digest_size=7).hexdigest()
    segments = [_msh(desk, sort, event, at, control)]
    if sort == "ADT":
        segments.append(f"EVN|{event}|{_time(at)}|||CLERK01^Desk^Front")
    segments += _person(desk)
    if folded:
        segments.append(f"MRG|{folded}^^^{desk.sender.code}^MRN")
    if visit:
        segments += _visit(desk, event, at, visit)
    if sort == "ORU" and visit:
        segments += _results(visit, at, control)
    return Piece(f"{desk.number}-{at:%Y%m%d%H%M}-{event}", at, ("\r".join(segments) + "\r").encode())


def _msh(desk: _Desk, sort: str, event: str, at: datetime, control: str) -> str:
    shape = "ORU_R01" if sort == "ORU" else _SHAPES.get(event, "ADT_A01")
    sender = desk.sender
    return (
        f"MSH|^~\\&|{sender.system}|{sender.code}|ONEPLACE|ONEPLACE|{_time(at)}||{sort}^{event}^{shape}|{control}"
        "|P|2.4|||||GBR|UNICODE UTF-8|EN"
    )


def _person(desk: _Desk) -> list[str]:
    human = desk.human
    ids = f"{desk.number}^^^{desk.sender.code}^MRN"
    if human.nhs_number:
        ids += f"~{human.nhs_number}^^^NHS^NH"
    given, _, middle = human.given.partition(" ")
    name = f"{_safe(human.family)}^{_safe(given)}^{_safe(middle)}^^{human.prefix}^^L"
    street = "^".join(_safe(line) for line in (*human.lines, "")[:2])
    sex = "1" if human.sex == "male" else "2"
    died = _day(human.deceased_on) if human.deceased_on else ""
    address = f"{street}^{_safe(human.town)}^^{human.postcode}^GBR^H"
    pid = [""] * 31
    pid[0], pid[1], pid[3], pid[5], pid[7], pid[8] = "PID", "1", ids, name, _day(human.birth_date), sex
    pid[11], pid[13], pid[15], pid[29], pid[30] = address, human.phone, human.language, died, "Y" if died else "N"
    pid[22] = human.ethnicity
    return ["|".join(pid), f"PD1|||{_safe(desk.practice.name)}^^{desk.practice.code}"]


def _visit(desk: _Desk, event: str, at: datetime, visit: Visit) -> list[str]:
    number = f"{desk.number}-{visit.starts:%y%m%d%H%M}"
    family, given = visit.clinician
    doctor = f"C{sum(map(ord, family)) + 3_000_000}^{family}^{given}^^^Dr^^^GMC"
    ended = _time(at) if event == "A03" else ""
    ward = "Discharge Lounge" if event == "A02" else visit.ward
    place = f"{_safe(ward)}^^^{visit.site}"
    pv1 = [""] * 46
    pv1[0], pv1[1], pv1[2], pv1[3], pv1[7], pv1[10] = "PV1", "1", visit.sort, place, doctor, _safe(visit.specialty)
    pv1[19], pv1[44], pv1[45] = f"{number}^^^{desk.sender.code}^VN", _time(visit.starts), ended
    segments = ["|".join(pv1).rstrip("|")]
    if event == "R01":
        return segments
    segments += [f"PV2|||^{_safe(visit.reason)}", *_allergies(desk.told)]
    if visit.diagnosis and event not in ("A08", "A02", "A11", "A13"):
        sort = "F" if event == "A03" else "A"
        code, words = visit.diagnosis
        segments.append(f"DG1|1||{code}^{_safe(words)}^I10||{_time(visit.starts)}|{sort}")
    if event == "A08":
        segments.append(f"OBX|1|TX|37331000000100^Comment note^SCT||{_safe(visit.note)}||||||F|||{_time(at)}")
    return segments


def _allergies(told: Told) -> list[str]:
    words = catalogue().concepts
    real = [one for one in told.record.allergies if one.concept != "no-allergy"]
    return [
        f"AL1|{index}|DA|{words[one.concept].code}^{_safe(words[one.concept].display)}^SCT|MO|{_safe(one.reaction)}"
        f"|{_day(one.on)}"
        for index, one in enumerate(real, 1)
    ]


def _results(visit: Visit, at: datetime, control: str) -> list[str]:
    """What the laboratory or the ward measured, under one request."""
    found = [f"OBR|1||{control}^LAB|26604007^Blood test^SCT|||{_time(visit.starts)}|||||||||||||||{_time(at)}|||F"]
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
