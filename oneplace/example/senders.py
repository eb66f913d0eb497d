"""Which organisation tells what of a person, by which feed and in which format: as the place folder's feeds.csv says.

A writer is chosen by the feed's format and the kind of its organisation, never by a code. Faults come in here, since
each source has its own.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from random import Random

from oneplace.example import adt, faults, gp_connect, letters, messages, moments, tables, uk_core
from oneplace.example.addresses import Addresses
from oneplace.example.gp_draft import stem_of
from oneplace.example.known import Known, Piece, Sender, own_number, stable_id
from oneplace.example.practice import Practice, practices_of
from oneplace.example.shapes import Human, OutMessage, Told, TrueSource, Visit
from oneplace.example.tables import Row
from oneplace.kernel.clock import age_on
from oneplace.place.folder import PlaceFolder

_ENDINGS = {"hl7-v2": "hl7", "fhir-stu3-xml": "xml"}
_MESSAGES = frozenset({"fhir-stu3-xml", "fhir-r4-json"})
_BUNDLES = {"fhir-stu3-json": gp_connect.bundle, "fhir-r4-json": uk_core.bundle}


@dataclass(slots=True)
class _Waiting:
    """Lines of a table that are not sent yet, and who is told of there for the first time."""

    lines: list[bytes]
    truth: list[TrueSource]
    files: int = 0


@dataclass(frozen=True, slots=True)
class _Sent:
    """One message of a person with its sender."""

    sender: Sender
    piece: Piece
    people: int = 0
    truth: tuple[TrueSource, ...] = ()


class Senders:
    """The place's organisations with their feeds."""

    def __init__(self, place: PlaceFolder, seed: int, today: date, full: bool = False) -> None:
        self.place, self.seed, self.today, self.full = place, seed, today, full
        self.practices: dict[str, Practice] = practices_of(place, seed)
        self.feeds = _feeds(place)
        kinds = {row.code: row.kind for row in place.organisations}
        self.by_kind = {kinds[code]: code for code in reversed(self.feeds)}
        self.tell_use = [one for senders in self.feeds.values() for one in senders if tables.tells_use(one.format)]
        self.rates = {kind: faults.rates_of(place.example, kind) for kind in {*kinds.values()}}
        self.homes: dict[str, Addresses] = {}
        self.waiting: dict[str, _Waiting] = {}
        self.promised: dict[tuple[str, str], str] = {}
        told = place.example.get("faults", {})
        self.silent = str(told.get("silent_feed", ""))
        self.silent_since = moments.at(today - timedelta(days=int(told.get("silent_days", 0))), 0)

    def of_story(self, told: Told, hospital_family: str) -> Iterator[OutMessage]:
        """Everything about a person of the stories, without faults."""
        for sender, visits in self._shares(told, by_table=False):
            human = told.human
            if hospital_family and sender.format == "hl7-v2":
                human = replace(human, family=hospital_family)
            known = Known(sender.code, self._local_id(sender, told.human), human)
            for sent in self._sent(told, sender, known, visits):
                yield _message(sent)

    def of_ordinary(self, told: Told, ahead: Sequence[Told]) -> Iterator[OutMessage]:
        """Everything about a person, with the faults of each source and of each feed."""
        sent: list[_Sent] = []
        for sender, visits in self._shares(told):
            known = self._known(told, sender, ahead)
            sent += self._sent(told, sender, known, visits)
            sent += self._merged(told, sender, known, visits)
        yield from self._with_faults(told.human, sent)

    def tables(self) -> Iterator[OutMessage]:
        """The files of all tables that have rows waiting."""
        for sender in (sender for senders in self.feeds.values() for sender in senders):
            waiting = self.waiting.get(sender.feed_code)
            if waiting is None or not waiting.lines:
                continue
            waiting.files += 1
            ending = tables.ending(sender.format)
            name = f"{sender.code}/{sender.feed_code}-{waiting.files:04d}.{ending}"
            draw = Random(f"rows|{self.seed}|{name}")
            raw, rows = faults.with_row_faults(waiting.lines, ending == "csv", self.rates[sender.kind], draw)
            truth = tuple(waiting.truth)
            waiting.lines, waiting.truth = [], []
            yield OutMessage(name, raw, sender.feed_code, sender.channel, 0, truth=truth, rows=rows)

    def _shares(self, told: Told, by_table: bool = True) -> list[tuple[Sender, list[Visit]]]:
        """Each feed that tells of the person, the practice's first, with the visits that it tells."""
        found: list[tuple[Sender, list[Visit]]] = []
        code = told.human.practice_code
        feeds = [sender for sender in self.feeds.get(code, ()) if sender.format in _BUNDLES]
        found.append((next(iter(feeds), _unannounced(self.practices[code])), []))
        found += [(sender, []) for sender in self.tell_use if told.uses]
        for trust in sorted({visit.trust for visit in told.visits}):
            senders = [one for one in self.feeds.get(trust, []) if not tables.tells_use(one.format)]
            senders = [one for one in senders if by_table or not tables.is_table(one.format)]
            for sender in senders:
                visits = [visit for visit in told.visits if visit.trust == trust and _tells(sender, senders, visit)]
                if visits:
                    found.append((sender, sorted(visits, key=_starts)))
        return found

    def _sent(self, told: Told, sender: Sender, known: Known, visits: list[Visit]) -> list[_Sent]:
        """The messages of one feed about the person. What a silent feed would send after its stop is not sent."""
        truth = (self._truth(known, told.human),)
        if tables.is_table(sender.format):
            waiting = self.waiting.setdefault(sender.feed_code, _Waiting([], []))
            rows = self._rows(told, sender, known, visits)
            waiting.lines += tables.lines_of(sender.format, rows, headed=not waiting.lines)
            waiting.truth += truth if rows else ()
            return []
        pieces = [piece for piece in self._pieces(told, sender, known, visits) if not self._is_silent(sender, piece.at)]
        first = int(sender.kind == "practice")
        return [
            _Sent(sender, piece, first if index == 0 else 0, truth if index == 0 else ())
            for index, piece in enumerate(pieces)
        ]

    def _rows(self, told: Told, sender: Sender, known: Known, visits: list[Visit]) -> list[Row]:
        if tables.tells_use(sender.format):
            heard_of = [use for use in told.uses if not self._is_silent(sender, moments.at(use.on, 12))]
            return tables.use_rows(known, heard_of)
        heard = [visit for visit in visits if not self._is_silent(sender, visit.starts)]
        return tables.rows_of(sender.format, known, heard)

    def _pieces(self, told: Told, sender: Sender, known: Known, visits: list[Visit]) -> Iterator[Piece]:
        practice = self.practices[told.human.practice_code]
        if sender.kind == "practice":
            at = self._exported(sender)
            yield Piece(told.human.key, at, _BUNDLES[sender.format](told, known.human, practice, at, self.full))
        elif sender.format == "hl7-v2":
            yield from adt.events_of(told, known, sender, practice, visits)
        elif sender.format == "fhir-r4-json":
            yield from messages.bars_messages(told, known, sender, practice, visits)
        else:
            yield from letters.letters_of(told, known, sender, practice, [one for one in visits if one.sort in "IEO"])
            yield from messages.stu3_messages(
                told, known, sender, practice, [one for one in visits if one.sort not in "IEO"]
            )

    def _exported(self, sender: Sender) -> datetime:
        """Exports run early on the day of making, each practice at its own minute; a silent one's last before."""
        day = self.today if sender.feed_code != self.silent else (self.silent_since - timedelta(hours=12)).date()
        return moments.at(day, 4, sum(map(ord, sender.code)) % 50)

    def _is_silent(self, sender: Sender, at: datetime) -> bool:
        return sender.feed_code == self.silent and at >= self.silent_since

    def _local_id(self, sender: Sender, human: Human) -> str:
        """The number by which a feed's messages name the person, as its reader will tell it."""
        if sender.kind == "practice":
            return stem_of(sender.code, human)
        if sender.format == "hl7-v2":
            return f"{sender.code}:{own_number(sender.code, self.seed, human)}"
        if tables.is_table(sender.format):
            return own_number(f"{sender.code}|tables", self.seed, human)
        return stable_id("patient", sender.code, self.seed, human.key)

    def _known(self, told: Told, sender: Sender, ahead: Sequence[Told]) -> Known:
        human, rates = told.human, self.rates[sender.kind]
        draw = Random(f"faults|{self.seed}|{sender.feed_code}|{human.key}")
        if human.practice_code not in self.homes:
            self.homes[human.practice_code] = Addresses(self.place, human.practice_code)
        was = next(iter(human.former_addresses), self.homes[human.practice_code].draw(draw.random(), draw))
        home = (was.lines, was.town, was.postcode)
        mistold, found = faults.mistold(human, rates, draw, ahead[0].human.nhs_number, home)
        number = self._swapped(told, sender, ahead, rates["number_swapped"], draw)
        if number:
            mistold, found = replace(mistold, nhs_number=number), (*found, "number_swapped")
        return Known(sender.code, self._local_id(sender, human), mistold, found)

    def _swapped(
        self, told: Told, sender: Sender, ahead: Sequence[Told], rate: float, draw: Random
    ) -> str:  # fmt: skip
        """The number of the person with whom this one is mixed up at a source; '' for nearly all."""
        promised = self.promised.pop((sender.feed_code, told.human.key), "")
        if promised or draw.random() >= rate / 2:  # each begins it for two
            return promised
        for other in ahead:
            mark = (sender.feed_code, other.human.key)
            if mark not in self.promised and any(one.feed_code == sender.feed_code for one, _ in self._shares(other)):
                self.promised[mark] = told.human.nhs_number
                return other.human.nhs_number
        return ""

    def _merged(self, told: Told, sender: Sender, known: Known, visits: list[Visit]) -> list[_Sent]:
        """A second number at a trust that was folded into the first; for few."""
        if sender.format != "hl7-v2":
            return []
        draw = Random(f"merged|{self.seed}|{sender.feed_code}|{told.human.key}")
        if draw.random() >= self.rates[sender.kind]["merged"]:
            return []
        again = replace(told.human, key=f"{told.human.key}-again")
        second = Known(sender.code, self._local_id(sender, again), told.human, ("merged",))
        practice = self.practices[told.human.practice_code]
        registered, folded = adt.merge_of(told, known, sender, practice, visits[0], second)
        return [
            _Sent(sender, piece, 0, truth)
            for piece, truth in ((registered, (self._truth(second, told.human),)), (folded, ()))
            if not self._is_silent(sender, piece.at)
        ]

    def _truth(self, known: Known, human: Human) -> TrueSource:
        return TrueSource(
            known.source, known.local_id, human.key, human.nhs_number, age_on(human.birth_date, self.today), human.sex,
            human.ethnicity, str(human.decile or ""), known.faults,
        )  # fmt: skip

    def _with_faults(self, human: Human, sent: list[_Sent]) -> Iterator[OutMessage]:
        """The messages as they arrive: now and then out of order, twice, or followed by one that nobody can read."""
        draw = Random(f"sent|{self.seed}|{human.key}")
        rates = self.rates["practice"]
        disorder = "out-of-order" if len(sent) > 1 and draw.random() < rates["out_of_order"] else ""
        for one in reversed(sent) if disorder else sent:
            rates = self.rates[one.sender.kind]
            message = replace(_message(one), fault=disorder)
            yield message
            if draw.random() < rates["sent_twice"]:
                yield replace(message, name=f"{message.name}.again", people=0, fault="sent-twice", truth=())
            if draw.random() < rates["unreadable"]:
                raw, fault = faults.spoiled(message.raw, draw)
                name = f"{message.name}.broken"
                yield replace(message, name=name, raw=raw, people=0, fault=fault, readable=False, truth=())


def _message(sent: _Sent) -> OutMessage:
    sender = sent.sender
    name = f"{sender.code}/{sent.piece.name}.{_ENDINGS.get(sender.format, 'json')}"
    return OutMessage(name, sent.piece.raw, sender.feed_code, sender.channel, sent.people, truth=sent.truth)


def _feeds(place: PlaceFolder) -> dict[str, list[Sender]]:
    """The feeds of each organisation, as feeds.csv has them."""
    organisations = {row.code: row for row in place.organisations}
    found: dict[str, list[Sender]] = {}
    for feed in place.feeds:
        row = organisations[feed["organisation_code"]]
        system = "".join(filter(str.isalnum, str(feed["supplier"]).upper())) or "PAS"
        sender = Sender(row.code, row.name, row.kind, system, feed["code"], feed["channel"], feed["format"])
        found.setdefault(row.code, []).append(sender)
    return found


def _unannounced(practice: Practice) -> Sender:
    """A practice without a feed of its own in feeds.csv: it sends GP Connect by folder."""
    return Sender(practice.code, practice.name, "practice", "", "", "folder", "fhir-stu3-json")


def _tells(sender: Sender, senders: list[Sender], visit: Visit) -> bool:
    """Whether a feed of an organisation tells of a visit: stays go by HL7, contacts by HL7 or a table, letters beside.

    A feed in a format that nobody writes here tells of nothing.
    """
    files = [one for one in senders if tables.is_table(one.format)]
    by_table = bool(files) and visit.sort not in "IE" and (len(files) == len(senders) or visit.starts.minute % 2 == 0)
    if tables.is_table(sender.format):
        return by_table and sender is files[visit.starts.day % len(files)]
    if sender.format == "hl7-v2":
        return visit.sort in "IEOR" and not by_table
    if sender.format == "fhir-stu3-xml" and visit.sort in "IEO":
        return visit.ends is not None
    return not by_table and sender is next((one for one in senders if one.format in _MESSAGES), None)


def _starts(visit: Visit) -> datetime:
    return visit.starts
