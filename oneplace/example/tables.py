"""Writes contacts of community teams, social care and hospices as tables: CSV, or an object a line (NDJSON).

A row a contact, many people in a file, as extracts are sent by night. A format is `csv-` or `ndjson-` and the name of
an extract, whose columns stand here: the words of the Community Services Data Set and of Client Level Data. The
example's own writer.
"""

import csv
import io
from collections.abc import Callable, Mapping, Sequence

import orjson

from oneplace.example.careconnect import visit_number
from oneplace.example.gp_draft import stamp
from oneplace.example.known import Known
from oneplace.example.shapes import Use, Visit

Row = dict[str, str]

_TYPES = {"C": "Home visit", "O": "Clinic", "R": "Planned contact", "I": "Stay", "E": "Urgent contact"}


def is_table(format_name: str) -> bool:
    """True for a format that this module writes."""
    return format_name.partition("-")[2] in _ROWS or tells_use(format_name)


def ending(format_name: str) -> str:
    """What a file of the format ends in: csv or ndjson."""
    return format_name.partition("-")[0]


def tells_use(format_name: str) -> bool:
    """True for the format that tells what was used and its cost, of everyone and whoever provided it."""
    return format_name.partition("-")[2] == "activity"


def rows_of(format_name: str, known: Known, visits: list[Visit]) -> list[Row]:
    """A row for each contact of a person."""
    write = _ROWS[format_name.partition("-")[2]]
    return [write(known, visit) for visit in visits]


def use_rows(known: Known, uses: Sequence[Use]) -> list[Row]:
    """A row for each use of a person, numbered from 1."""
    return [_activity(known, use, number) for number, use in enumerate(uses, 1)]


def lines_of(format_name: str, rows: Sequence[Row], headed: bool) -> list[bytes]:
    """The rows as lines of a file, the heading first where it is asked for and the format has one."""
    if ending(format_name) == "ndjson":
        return [orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE) for row in rows]
    heading = [csv_line(list(rows[0]))] if headed and rows else []
    return heading + [csv_line(list(row.values())) for row in rows]


def csv_line(cells: Sequence[str]) -> bytes:
    """One row of CSV."""
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerow(cells)
    return out.getvalue().encode()


def _contact(known: Known, visit: Visit) -> Row:
    """A contact with a community team: Community Services Data Set, CYP201."""
    code, words = visit.diagnosis or ("", visit.reason)
    return _person(known, "local_patient_id") | {
        "contact_id": visit_number(known, visit),
        "contact_at": stamp(visit.starts),
        "contact_ended_at": stamp(visit.ends) if visit.ends else "",
        "contact_type": _TYPES.get(visit.sort, "Contact"),
        "contact_status": "attended" if visit.ends else "booked",
        "team": visit.ward,
        "staff_role": visit.specialty,
        "staff_name": _staff(visit),
        "reason_code": code,
        "reason": words,
        "outcome": visit.note,
        "updated_at": stamp(visit.ends or visit.starts),
    }


def _assessment(known: Known, visit: Visit) -> Row:
    """An assessment or review by a council: Client Level Data, assessment events."""
    return _client(known) | {
        "assessment_id": visit_number(known, visit),
        "assessment_type": visit.reason,
        "assessment_date": visit.starts.date().isoformat(),
        "assessment_status": "completed" if visit.ends else "started",
        "assessor": _staff(visit),
        "outcome": visit.note,
        "eligible_needs": "",
        "last_updated": stamp(visit.ends or visit.starts),
    }


def _package(known: Known, visit: Visit) -> Row:
    """Long-term support by a council: Client Level Data, service events."""
    return _client(known) | {
        "service_event_id": visit_number(known, visit),
        "service_type": visit.reason,
        "event_start_date": visit.starts.date().isoformat(),
        "event_end_date": visit.ends.date().isoformat() if visit.ends else "",
        "event_status": "ended" if visit.ends else "active",
        "primary_support_reason": visit.specialty,
        "provider": visit.ward,
        "event_outcome": visit.note,
        "last_updated": stamp(visit.ends or visit.starts),
    }


def _episode(known: Known, visit: Visit) -> Row:
    """Care by a hospice."""
    return _person(known, "hospice_patient_id") | {
        "hospice_episode_id": visit_number(known, visit),
        "care_setting": visit.ward,
        "started_on": visit.starts.date().isoformat(),
        "ended_on": visit.ends.date().isoformat() if visit.ends else "",
        "episode_status": "closed" if visit.ends else "open",
        "reason": visit.reason,
        "key_worker": _staff(visit),
        "summary": visit.note,
        "updated_at": stamp(visit.ends or visit.starts),
    }


def _activity(known: Known, use: Use, number: int) -> Row:
    """A line of a commissioner's activity and cost: point of delivery, provider, units, pence."""
    return _person(known, "local_patient_id") | {
        "activity_id": f"{known.local_id}-{number:04d}",
        "point_of_delivery": use.point_of_delivery,
        "activity_on": use.on.isoformat(),
        "activity_count": str(use.count),
        "cost_pence": str(use.cost_pence),
        "provider_code": use.provider,
        "activity_status": "final",
        "updated_at": use.on.isoformat(),
    }


_ROWS: Mapping[str, Callable[[Known, Visit], Row]] = {
    "community-contacts": _contact,
    "social-care-assessments": _assessment,
    "social-care-packages": _package,
    "hospice-episodes": _episode,
}


def _person(known: Known, key: str) -> Row:
    human = known.human
    return {
        "organisation_code": known.source,
        key: known.local_id,
        "nhs_number": human.nhs_number,
        "family_name": human.family,
        "given_name": human.given,
        "birth_date": human.birth_date.isoformat(),
        "sex": human.sex,
        "ethnic_category": human.ethnicity,
        "address": ", ".join((*human.lines, human.town)),
        "postcode": human.postcode,
        "registered_practice": human.practice_code,
    }


# The words of Client Level Data for the same columns.
_CLIENT = {
    "family_name": "surname", "given_name": "forename", "birth_date": "date_of_birth", "sex": "gender",
    "ethnic_category": "ethnicity", "registered_practice": "gp_practice_code",
}  # fmt: skip


def _client(known: Known) -> Row:
    return {_CLIENT.get(name, name): value for name, value in _person(known, "client_id").items()}


def _staff(visit: Visit) -> str:
    return " ".join(reversed(visit.clinician))
