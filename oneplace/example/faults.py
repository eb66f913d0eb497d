"""Faults that real feeds have, at the rates of the place folder's example.toml, so that pages and links meet them.

Two sorts: what a source wrote down wrongly of a person (`mistold`), and messages that can't be read (`spoiled`).
Each is thrown with dice of its own, so that a person's faults don't hang on who else is told of. Names are those of
docs/reference/example-feeds.md; rates that the folder doesn't give are those of `RATES`.
"""

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from random import Random
from typing import Any

import orjson

from oneplace.example.names import FAMILY
from oneplace.example.shapes import Human
from oneplace.example.tables import csv_line
from oneplace.kernel import nhs_number

RATES: Mapping[str, float] = {
    # shares of the people whom a source knows
    "number_missing": 0.006,
    "number_invalid": 0.002,
    "number_mistyped": 0.003,
    "number_of_another": 0.001,
    "number_swapped": 0.001,
    "name_misspelt": 0.008,
    "names_swapped": 0.002,
    "nickname": 0.01,
    "old_surname": 0.01,
    "birth_day_month": 0.003,
    "birth_off_by_one": 0.003,
    "birth_in_future": 0.0005,
    "moved": 0.02,
    "merged": 0.005,
    "out_of_order": 0.02,
    # shares of messages
    "sent_twice": 0.01,
    "unreadable": 0.01,
}
_NICKNAMES = {
    "Margaret": "Peggy", "Dorothy": "Dot", "Patricia": "Pat", "Barbara": "Babs", "Kathleen": "Kath", "Susan": "Sue",
    "Christine": "Chris", "Jacqueline": "Jackie", "Deborah": "Debbie", "Angela": "Angie", "Elaine": "Lainey",
    "Rebecca": "Becky", "Victoria": "Vicky", "Jessica": "Jess", "Charlotte": "Lottie", "Natalie": "Nat",
    "Abigail": "Abi", "Olivia": "Liv", "Amelia": "Millie", "Matilda": "Tilly", "Harriet": "Hattie",
    "John": "Jack", "William": "Bill", "Ronald": "Ron", "Kenneth": "Ken", "Raymond": "Ray", "Stanley": "Stan",
    "Leonard": "Len", "Albert": "Bert", "Harold": "Harry", "Reginald": "Reg", "David": "Dave", "Michael": "Mick",
    "Stephen": "Steve", "Andrew": "Andy", "Robert": "Bob", "Anthony": "Tony", "Philip": "Phil", "James": "Jim",
    "Daniel": "Dan", "Matthew": "Matt", "Christopher": "Kit", "Thomas": "Tom", "Benjamin": "Ben",
    "Jonathan": "Jon", "Joshua": "Josh", "Samuel": "Sam", "Alexander": "Alex", "Freddie": "Fred", "Edward": "Ted",
}  # fmt: skip
_WHO_CAN = {"birth_day_month": 132 / 365}  # a day that is a month too, and another one
_ONE_OF = ("number_missing", "number_invalid", "number_mistyped", "number_of_another")
_PATIENT_COLUMNS = frozenset({"local_patient_id", "client_id", "hospice_patient_id"})
_PLACEHOLDERS = ("1234567890", "9999999999", "0000000000")


def rates_of(example: Mapping[str, Any], kind: str) -> dict[str, float]:
    """The rates for one kind of organisation: its own of [faults.KIND], else the folder's, else the usual."""
    told = example.get("faults", {})
    common = {name: told[name] for name in RATES if name in told}
    own = told.get(kind, {})
    return {**RATES, **common, **{name: own[name] for name in RATES if name in own}}


def mistold(
    human: Human, rates: Mapping[str, float], draw: Random, other: str, old_home: tuple[tuple[str, ...], str, str]
) -> tuple[Human, tuple[str, ...]]:
    """The person as a source wrote them down, and the names of what is wrong.

    `other` is another person's NHS number; `old_home` an earlier address: lines, town, postcode.
    """
    found: list[str] = []
    human = _number(human, rates, draw, other, found)
    for name, change in (
        ("name_misspelt", _misspelt),
        ("names_swapped", _names_swapped),
        ("nickname", _nickname),
        ("old_surname", _old_surname),
        ("birth_day_month", _day_month),
        ("birth_off_by_one", _off_by_one),
        ("birth_in_future", _future),
    ):
        if draw.random() < rates[name] / _WHO_CAN.get(name, 1.0):
            human = _noted(human, change(human, draw), name, found)
    if draw.random() < rates["moved"]:
        lines, town, postcode = old_home
        human = _noted(human, replace(human, lines=lines, town=town, postcode=postcode), "moved", found)
    return human, tuple(found)


def _noted(before: Human, after: Human, name: str, found: list[str]) -> Human:
    if after != before:
        found.append(name)
    return after


def _number(human: Human, rates: Mapping[str, float], draw: Random, other: str, found: list[str]) -> Human:
    dice = draw.random()
    for name in _ONE_OF:
        dice -= rates[name]
        if dice < 0:
            found.append(name)
            return replace(human, nhs_number=_wrong_number(name, human.nhs_number, draw, other))
    return human


def _wrong_number(name: str, number: str, draw: Random, other: str) -> str:
    if name == "number_missing":
        return ""
    if name == "number_of_another":
        return other
    return draw.choice(_PLACEHOLDERS[:1]) if name == "number_invalid" else mistyped(number, draw)


def mistyped(number: str, draw: Random) -> str:
    """The number with two neighbours changed round or one digit wrong, so that its check fails."""
    for index in draw.sample(range(4, 9), 5):
        changed = number[:index] + number[index + 1] + number[index] + number[index + 2 :]
        if not nhs_number.is_valid(changed):
            return changed
    last = (int(number[9]) + draw.randrange(1, 10)) % 10
    return number[:9] + str(last)


def _misspelt(human: Human, draw: Random) -> Human:
    key = draw.choice(("family", "given"))
    return replace(human, **{key: _slip(getattr(human, key), draw)})


def _slip(word: str, draw: Random) -> str:
    """Two letters changed round, one left out, or one written twice; never the first."""
    if len(word) < 4:
        return word + word[-1]
    index = draw.randrange(1, len(word) - 1)
    return draw.choice(
        (
            word[:index] + word[index + 1] + word[index] + word[index + 2 :],
            word[:index] + word[index + 1 :],
            word[:index] + word[index] + word[index:],
        )
    )


def _names_swapped(human: Human, draw: Random) -> Human:
    return replace(human, family=human.given.split()[0], given=human.family)


def _nickname(human: Human, draw: Random) -> Human:
    first, _, rest = human.given.partition(" ")
    return replace(human, given=f"{_NICKNAMES.get(first, human.preferred or first)} {rest}".strip())


def _old_surname(human: Human, draw: Random) -> Human:
    return replace(human, family=human.former_family or draw.choice(FAMILY), former_family="")


def _day_month(human: Human, draw: Random) -> Human:
    born = human.birth_date
    return replace(human, birth_date=born.replace(month=born.day, day=born.month)) if born.day <= 12 else human


def _off_by_one(human: Human, draw: Random) -> Human:
    born = human.birth_date
    earlier = born - timedelta(days=1)
    year = born.replace(year=born.year - 1, day=min(born.day, 28))
    return replace(human, birth_date=draw.choice((earlier, year)))


def _future(human: Human, draw: Random) -> Human:
    return replace(human, birth_date=date(2100 + human.birth_date.year % 100, 1, 1 + draw.randrange(28)))


def with_row_faults(
    lines: Sequence[bytes], headed: bool, rates: Mapping[str, float], draw: Random
) -> tuple[bytes, tuple[tuple[int, str, bool], ...]]:
    """A table's lines as they arrive, now and then a row twice or a broken one after the whole, and which those are.

    A row with a fault is told by its line in the file, the fault's name and whether it can be read.
    """
    sent: list[bytes] = []
    found: list[tuple[int, str, bool]] = []
    for at, line in enumerate(lines):
        sent.append(line)
        if headed and at == 0:
            continue
        if draw.random() < rates["sent_twice"]:
            sent.append(line)
            found.append((len(sent), "sent-twice", True))
        if draw.random() < rates["unreadable"]:
            raw, name = _spoiled_row(line, lines[0] if headed else b"", draw)
            sent.append(raw)
            found.append((len(sent), name, False))
    return b"".join(sent), tuple(found)


def _spoiled_row(line: bytes, heading: bytes, draw: Random) -> tuple[bytes, str]:
    """A row that can't be filed, made of a whole one: cut short, its patient left out, a mark in the wrong place."""
    if not heading:
        row = orjson.loads(line)
        patient = next(name for name in row if name in _PATIENT_COLUMNS)
        without = orjson.dumps(row | {patient: ""}, option=orjson.OPT_APPEND_NEWLINE)
        return draw.choice(((line[: len(line) * 2 // 3] + b"\n", "row-cut-short"), (without, "row-no-patient")))
    names, cells = (next(csv.reader([one.decode()])) for one in (heading, line))
    at = next(index for index, name in enumerate(names) if name in _PATIENT_COLUMNS)
    return draw.choice(
        (
            (csv_line(cells[: len(cells) // 2]), "row-cut-short"),
            (csv_line([*cells[:at], "", *cells[at + 1 :]]), "row-no-patient"),
            (b'"' + cells[0].encode() + b'"x' + line[len(cells[0]) :], "row-stray-mark"),
            (line.replace(b'"', b""), "row-comma") if b'"' in line else (csv_line([*cells, ""]), "row-too-long"),
        )
    )


_SUBJECT = re.compile(rb'<subject>.*?</subject>|"(?:subject|patient)":\{"reference":"[^"]*"\},?')
_HTML = b"<html><body>502 Bad Gateway</body></html>"
_OUTCOME = b'{"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"exception"}]}'


def spoiled(raw: bytes, draw: Random) -> tuple[bytes, str]:
    """Bytes that nobody can read, made of a whole message, and the name of what is wrong with them."""
    choices: dict[str, bytes] = {
        "garbage": bytes(draw.randrange(128, 256) for _ in range(200)),
        "error-page": _HTML,
        "wrong-charset": raw.decode("utf-8", "replace").encode("cp500", "replace"),
        "empty": b"",
    }
    if raw.startswith(b"MSH"):
        header, _, rest = raw.partition(b"\r")
        choices |= {
            "truncated": raw[: draw.randrange(20, 45)],
            "wrong-type": header.replace(b"ADT^", b"BAR^", 1).replace(b"ORU^", b"BAR^", 1) + b"\r" + rest,
            "no-person": raw.replace(b"\rPID|", b"\rPQD|"),
        }
    else:
        choices["truncated"] = raw[: len(raw) * 2 // 3]
        choices["wrong-type"] = _OUTCOME
        choices["no-person"] = _without_person(raw)
    name = draw.choice(sorted(choices))
    return choices[name], name


def _without_person(raw: bytes) -> bytes:
    """The bundle without its Patient and without a word of whom it is about, as a broken export has it."""
    raw = raw.replace(b'"resourceType":"Patient"', b'"resourceType":"Device"')
    raw = raw.replace(b"<Patient>", b"<Device>").replace(b"</Patient>", b"</Device>")
    return _SUBJECT.sub(b"", raw)
