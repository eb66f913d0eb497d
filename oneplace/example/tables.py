"""Writes contacts of community teams, social care and hospices as tables: CSV, or an object a line (NDJSON).

A row a contact, many people in a file, as extracts are sent by night. The example's own writer.
"""

import csv
import io
from collections.abc import Iterator

import orjson

from oneplace.example.careconnect import visit_number
from oneplace.example.gp_draft import stamp
from oneplace.example.known import Known
from oneplace.example.shapes import Visit

Row = dict[str, str]

COLUMNS = (
    "organisation_code", "local_patient_id", "nhs_number", "family_name", "given_name", "birth_date", "sex",
    "ethnic_category", "address", "postcode", "registered_practice", "contact_id", "contact_at", "contact_type",
    "team", "staff_role", "reason_code", "reason", "outcome", "updated_at",
)  # fmt: skip
_TYPES = {"C": "Home visit", "O": "Clinic", "R": "Planned contact", "I": "Stay", "E": "Urgent contact"}


def rows_of(known: Known, visits: list[Visit]) -> Iterator[Row]:
    """A row for each contact of a person."""
    human = known.human
    for visit in visits:
        code, words = visit.diagnosis or ("", visit.reason)
        yield {
            "organisation_code": known.source,
            "local_patient_id": known.local_id,
            "nhs_number": human.nhs_number,
            "family_name": human.family,
            "given_name": human.given,
            "birth_date": human.birth_date.isoformat(),
            "sex": human.sex,
            "ethnic_category": getattr(human, "ethnicity", ""),
            "address": ", ".join((*human.lines, human.town)),
            "postcode": human.postcode,
            "registered_practice": human.practice_code,
            "contact_id": visit_number(known, visit),
            "contact_at": stamp(visit.starts),
            "contact_type": _TYPES.get(visit.sort, "Contact"),
            "team": visit.ward,
            "staff_role": visit.specialty,
            "reason_code": code,
            "reason": words,
            "outcome": visit.note or ("Seen" if visit.ends else "Open"),
            "updated_at": stamp(visit.ends or visit.starts),
        }


def csv_file(rows: list[Row]) -> bytes:
    """The rows as a CSV file with a heading."""
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


def ndjson_file(rows: list[Row]) -> bytes:
    """The rows as an object a line."""
    return b"".join(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE) for row in rows)
