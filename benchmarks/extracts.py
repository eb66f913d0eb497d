"""Extracts that the benchmarks read: contacts of community teams as CSV, hospice episodes as NDJSON, of any size.

People come again every few rows and far apart, as in an extract in the order of days; one in fifty lacks a number.
"""

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice

import orjson

from oneplace.kernel.nhs_number import numbers_for_tests

CONTACTS_A_PERSON = 8
_START = datetime(2025, 11, 3, 8)
_FAMILIES = ("Testcase", "Example", "Specimen", "Sampleford", "Mockley", "Trialman", "Draftson", "Paperly", "O'Test")
_GIVENS = ("Mary", "Helen", "Amir", "Zofia", "John", "Grace", "Peter", "Omar", "Ewa", "Niall", "Ines", "Tom")
_TEAMS = ("District nursing north", "Podiatry", "Heart failure nurses", "Physiotherapy", "Speech and language")
_CONTACTS = (
    "organisation_code,local_patient_id,nhs_number,family_name,given_name,birth_date,sex,ethnic_category,address,"
    "postcode,registered_practice,contact_id,contact_at,contact_ended_at,contact_type,contact_status,team,staff_role,"
    "staff_name,reason,outcome,updated_at"
)


def contacts(rows: int) -> bytes:
    """A table of so many contacts, with its heading."""
    return (_CONTACTS + "\n").encode() + b"".join(islice(_contact_rows(rows), rows))


def episodes(rows: int) -> bytes:
    """So many hospice episodes, an object a line."""
    randomness = random.Random(5)
    people = _people(rows // 2 + 1, randomness, "H")
    return b"".join(
        orjson.dumps(_episode(at, people[randomness.randrange(len(people))], randomness)) + b"\n" for at in range(rows)
    )


def _contact_rows(rows: int) -> Iterator[bytes]:
    randomness = random.Random(4)
    people = _people(rows // CONTACTS_A_PERSON + 1, randomness, "C")
    for at in range(rows):
        person = people[randomness.randrange(len(people))]
        starts = _START + timedelta(seconds=at * 20)
        ends = starts + timedelta(minutes=randomness.randrange(10, 60))
        words = [
            "RYY", *person, f"K{at:08}", f"{starts:%Y-%m-%dT%H:%M:%S}", f"{ends:%Y-%m-%dT%H:%M:%S}",
            randomness.choice(["Home visit", "Clinic", "Telephone"]), "attended", randomness.choice(_TEAMS), "Nurse",
            "E Worker", "Dressing", '"Healing, to be seen again"', f"{ends:%Y-%m-%dT%H:%M:%S}",
        ]  # fmt: skip
        yield (",".join(words) + "\n").encode()


def _people(count: int, randomness: random.Random, letter: str) -> list[tuple[str, ...]]:
    numbers = numbers_for_tests(0 if letter == "C" else 400_000)
    return [
        (
            f"{letter}{at:07}",
            number if randomness.random() > 0.02 else "",
            randomness.choice(_FAMILIES),
            randomness.choice(_GIVENS),
            f"{randomness.randint(1925, 2005)}-{randomness.randint(1, 12):02}-{randomness.randint(1, 28):02}",
            randomness.choice("12"),
            randomness.choice("AAAABCHJM"),
            f'"{randomness.randint(1, 99)} Mill Lane, Testham"',
            f"ZZ{randomness.randint(1, 20)} {randomness.randint(1, 9)}AA",
            f"X{randomness.randint(10000, 10052)}",
        )
        for at, number in zip(range(count), numbers, strict=False)
    ]


def _episode(at: int, person: tuple[str, ...], randomness: random.Random) -> dict[str, str]:
    local, number, family, given, born, sex, ethnic, address, postcode, practice = person
    started = _START.date() + timedelta(days=randomness.randrange(300))
    return {
        "organisation_code": "RHX", "hospice_patient_id": local, "nhs_number": number, "family_name": family,
        "given_name": given, "birth_date": born, "sex": sex, "ethnic_category": ethnic, "address": address.strip('"'),
        "postcode": postcode, "registered_practice": practice, "hospice_episode_id": f"E{at:07}",
        "care_setting": randomness.choice(["Day hospice", "Inpatient unit", "Care at home"]),
        "started_on": str(started), "ended_on": "", "episode_status": "open", "reason": "Symptom control",
        "key_worker": "E Worker", "summary": "Seen", "updated_at": f"{started}T12:00:00",
    }  # fmt: skip
