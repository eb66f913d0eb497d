"""Look-alikes are never put together: pairs of people made to be taken for one another, told by a practice and by
another source with and without NHS numbers. None may end as one person, linked or shown together provisionally, by the
exact rules or by likeness.
"""

import random
from collections.abc import Callable

from django.db import transaction

from promises import Outcome, Promise
from promises.disorder import _file

_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_BATCH = 250
Human = dict[str, str]


def run(cases: int, seed: int) -> Outcome:
    """File pairs in batches, each undone afterwards, and look whether two of a pair became one person."""
    randomness = random.Random(seed)
    together: list[str] = []
    wrong = 0
    for start in range(0, cases, _BATCH):
        pairs = [_pair(number, randomness) for number in range(start, min(cases, start + _BATCH))]
        found = _one_person(pairs, randomness)
        wrong += len(found)
        together += found
    return Outcome(cases, wrong, f"{cases - wrong:,} of {cases:,} pairs stay two people", tuple(together[:5]))


def _pair(number: int, randomness: random.Random) -> tuple[str, Human, Human]:
    """The trap, the one person as the practice knows them, the other as the second source tells them."""
    name, trap = randomness.choice(list(_TRAPS.items()))
    one = {
        "id": f"p{number}",
        "number": _number(number),
        "family": _word(randomness),
        "given": randomness.choice(["MARY", "JOHN", "AMIR", "ZOFIA"]),
        "born": f"19{randomness.randint(30, 99)}{randomness.randint(1, 12):02}{randomness.randint(1, 28):02}",
        "sex": randomness.choice("12"),
        "home": f"{randomness.randint(1, 99)} MILL LANE^^^^ZZ{randomness.randint(1, 20)} 1AA",
    }
    other = trap(one | {"id": f"h{number}", "number": _number(number, 10)}, randomness)
    if randomness.random() < 0.5 and name not in ("swapped number", "one digit off", "namesakes"):
        other["number"] = ""
    return name, one, other


def _twin(human: Human, randomness: random.Random) -> Human:
    """Same birth date, surname and home."""
    return human | {"given": randomness.choice(["HELEN", "PETER", "OMAR", "EWA"])}


def _other_sex(human: Human, randomness: random.Random) -> Human:
    """Twins whose given names were both told as an initial that fits."""
    return human | {"given": human["given"][:1], "sex": "1" if human["sex"] == "2" else "2", "number": ""}


def _silent(human: Human, randomness: random.Random) -> Human:
    """A brother or sister of the same initial whose sex isn't told, without a number."""
    return human | {"given": randomness.choice(["HELEN", "PETER"]), "sex": "", "number": ""}


def _junior(human: Human, randomness: random.Random) -> Human:
    """Father and son, mother and daughter: same names and home."""
    return human | {"born": str(int(human["born"][:4]) - randomness.randint(18, 40)) + human["born"][4:]}


def _swapped(human: Human, randomness: random.Random) -> Human:
    """Another person altogether, under the first one's number: swapped at a desk."""
    stranger = {"family": _word(randomness), "given": "NIALL", "home": "4 QUAY STREET^^^^ZZ9 9ZZ"}
    return human | stranger | {"number": _number(int(human["id"][1:])), "born": _another_day(human["born"])}


def _digit(human: Human, randomness: random.Random) -> Human:
    """A namesake with a number that differs by little; both are valid."""
    return human | {"home": "9 STATION ROAD^^^^ZZ8 8YY"}


def _lodger(human: Human, randomness: random.Random) -> Human:
    """Another person at the same address, born the same day."""
    return human | {"family": _word(randomness), "given": "NIALL"}


def _namesake(human: Human, randomness: random.Random) -> Human:
    """Same name, born the same day, elsewhere: both are known, and a third telling says nothing of which it is."""
    return human | {"home": "9 STATION ROAD^^^^ZZ8 8YY"}


def _third(trap: str, human: Human) -> list[Human]:
    """One of two namesakes once more, from a third home and without a number."""
    told = {"id": f"t{human['id'][1:]}", "home": "2 QUAY STREET^^^^ZZ7 7XX", "number": ""}
    return [human | told] if trap == "namesakes" else []


_TRAPS: dict[str, Callable[[Human, random.Random], Human]] = {
    "twins": _twin,
    "brother and sister by initial": _other_sex,
    "twin of untold sex": _silent,
    "junior and senior": _junior,
    "swapped number": _swapped,
    "one digit off": _digit,
    "same address": _lodger,
    "namesakes": _namesake,
}


def _number(pair: int, near: int = 0) -> str:
    """A valid test number of a pair, or one that is near it: some stems have none, so twenty are left to each pair."""
    from oneplace.kernel import nhs_number

    return next(nhs_number.numbers_for_tests(20 * pair + near))


def _word(randomness: random.Random) -> str:
    return "".join(randomness.choice(_LETTERS) for _ in range(8)).upper()


def _another_day(born: str) -> str:
    return f"{born[:6]}{int(born[6:]) % 28 + 1:02}"


def _message(code: str, human: Human) -> bytes:
    lines = [
        f"MSH|^~\\&|X|{code}|X|X|20260102101500||ADT^A28|{code}{human['id']}|P|2.4",
        "EVN||202601021015",
        f"PID|1||{human['id']}^^^{code}^PI~{human['number']}^^^NHS||{human['family']}^{human['given']}^^^^^L||"
        f"{human['born']}|{human['sex']}|||{human['home']}^^H",
    ]
    return "\r".join(lines).encode()


def _one_person(pairs: list[tuple[str, Human, Human]], randomness: random.Random) -> list[str]:
    """The pairs of whom two stand as one person once all are told, in an order of chance, and scored for likeness."""
    from oneplace.record import linkage
    from oneplace.record.models import LocalPatient

    thirds = [third for trap, one, _ in pairs for third in _third(trap, one)]
    told = [_message("RXX", one) for _, one, _ in pairs] + [_message("RCB", other) for *_, other in pairs]
    told += [_message("RDD", third) for third in thirds]
    randomness.shuffle(told)
    with transaction.atomic():
        _file(told)
        linkage.link_left_over(by="assurance")
        person = dict(LocalPatient.objects.values_list("local_id", "person_id"))
        transaction.set_rollback(True)
    assert len(person) == 2 * len(pairs) + len(thirds), "every patient was told"
    return [trap for trap, one, other in pairs if not _apart(person, one, other)]


def _apart(person: dict[str, int], one: Human, other: Human) -> bool:
    """True when the two, and the third where there is one, are different people."""
    keys = [f"RXX:{one['id']}", f"RCB:{other['id']}", f"RDD:t{one['id'][1:]}"]
    found = [person[key] for key in keys if key in person]
    return len(set(found)) == len(found)


PROMISE = Promise(
    "look-alikes-stay-two",
    "Look-alikes are never put together: twins, juniors, swapped and near numbers, one address",
    5000,
    run,
)
