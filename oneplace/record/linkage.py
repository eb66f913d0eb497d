"""Likeness scores for patients whom the exact rules left over: Splink in an in-memory DuckDB.

How often each field agrees in one person is learnt from this place's own patients who share an NHS number; how often
by chance, from random pairs. A score is evidence, never a link: `rules.settle` decides what it may do.
Source: record.md, Identity (Splink on the residual, p >= .99 and a 3-bit gap to the next); Fellegi and Sunter 1969.
"""

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from datetime import date, datetime
from itertools import islice
from typing import Any

import duckdb
import pyarrow as pa
from django.db import transaction
from django.db.models import Q

from oneplace.kernel import clock, turns
from oneplace.ledger import actions as ledger
from oneplace.record import identity
from oneplace.record.bulk import gate, in_chunks
from oneplace.record.ingest import repoint
from oneplace.record.models import LinkScore, LocalPatient, PatientPostcode, PersonName
from oneplace.record.reviews import FIELDS
from oneplace.record.rules import BY_LIKENESS, Link

_TABLES = {
    "patient": (("patient", pa.int64()), ("holder", pa.int64()), ("birth_date", pa.date32()), ("sex", pa.string()),
                ("number", pa.string()), ("rank", pa.string())),
    "name": (("patient", pa.int64()), ("family", pa.string()), ("given", pa.string())),
    "home": (("patient", pa.int64()), ("postcode", pa.string())),
}  # fmt: skip
_BATCH = 50_000
_STEP = 20  # patients settled in one transaction: it holds the lock for some tens of milliseconds
# A slip of a date, as rules.is_slip has it. In SQL because Splink runs there.
_SLIP = (
    "abs(date_diff('day', birth_date_l, birth_date_r)) = 1"
    " OR abs(year(birth_date_l) - year(birth_date_r)) = 1"
    " AND month(birth_date_l) = month(birth_date_r) AND day(birth_date_l) = day(birth_date_r)"
    " OR year(birth_date_l) = year(birth_date_r) AND ("
    "(month(birth_date_l) = month(birth_date_r)) <> (day(birth_date_l) = day(birth_date_r))"
    " OR month(birth_date_l) = day(birth_date_r) AND day(birth_date_l) = month(birth_date_r))"
)
# What a level is worth where a place has too few pairs to learn it: (share in one person, share by chance).
_USUAL: Mapping[str, tuple[tuple[float, float], ...]] = {
    "given": ((0.94, 0.008), (0.03, 0.006), (0.03, 0.986)),
    "family": ((0.93, 0.003), (0.02, 0.003), (0.05, 0.994)),
    "birth_date": ((0.985, 0.00004), (0.01, 0.0005), (0.005, 0.9994)),
    "postcodes": ((0.75, 0.0002), (0.25, 0.9998)),
    "sex": ((0.995, 0.5), (0.005, 0.5)),
}
_ENOUGH = 2_000
_SEED = 20261123


@dataclass(frozen=True, slots=True)
class Score:
    """How like one patient is to the person most like it. Weights are in bits (a doubling of the odds each)."""

    patient: int
    other: int  # the patient of that person who is most like
    probability: float
    bits: float
    gap: float  # bits to the person next most like, or to even odds where there is none
    fields: tuple[tuple[str, float], ...]  # name of a field, bits that it gives


@dataclass(frozen=True, slots=True)
class Run:
    """What one run over those left over found and changed."""

    left_over: int  # patients of no one who holds an NHS number
    alike: int  # of them likelier than not somebody known
    linked: int  # linked by likeness when the run ended
    changed: int  # scores that were new, other or gone


Progress = Callable[[int, int], None]


def link_left_over(*, by: str, progress: Progress = lambda step, total: None) -> Run:
    """Score everyone left over anew and settle whoever's score changed; a second run changes nothing.

    `progress(step, total)` is told of patients settled. Commits in small steps and gives way to pages between them.
    """
    known = Q(person__nhs_number__isnull=False) & ~Q(link_reason=BY_LIKENESS)
    found = {score.patient: score for score in scores(_patients(known), _names(), _homes())}
    changed = _changed(found)
    for chunk in in_chunks(changed, _STEP):
        turns.give_way(gate())
        _settle(chunk, found, by)
        progress(len(chunk), len(changed))
    linked = LocalPatient.objects.filter(link_reason=BY_LIKENESS, link=Link.LINKED).count()
    return Run(LocalPatient.objects.exclude(known).count(), len(found), linked, len(changed))


def _patients(known: Q) -> Iterator[tuple[Any, ...]]:
    """Those known, then those left over."""
    columns = ("pk", "person_id", "birth_date", "sex", "link_number", "source__code", "local_id")
    for rows, holds in ((LocalPatient.objects.filter(known), True), (LocalPatient.objects.exclude(known), False)):
        for key, person, *told, source, local_id in rows.order_by().values_list(*columns).iterator():
            yield key, person if holds else None, *told, f"{source} {local_id}"


def _names() -> Iterator[tuple[int, str, str]]:
    return PersonName.objects.order_by().values_list("patient_id", "family", "given").iterator()


def _homes() -> Iterator[tuple[int, str]]:
    return PatientPostcode.objects.order_by().values_list("patient_id", "postcode").iterator()


def _changed(found: Mapping[int, Score]) -> list[int]:
    """Patients whose score is new, other than it was, or gone."""
    held = {row[0]: row[1:] for row in LinkScore.objects.values_list("patient_id", "other_id", "probability", "gap")}
    now = {key: (score.other, score.probability, score.gap) for key, score in found.items()}
    return sorted(key for key in held.keys() | now.keys() if held.get(key) != now.get(key))


@transaction.atomic
def _settle(patients: Sequence[int], found: Mapping[int, Score], by: str) -> None:
    """Keep these patients' scores and settle them, in one transaction with its row in the ledger."""
    at = clock.now()
    LinkScore.objects.filter(patient__in=patients).delete()
    LinkScore.objects.bulk_create(_row(found[key], at) for key in patients if key in found)
    moved = identity.link({key: set() for key in patients}, at)
    repoint(moved, by)
    ledger.write(actor=by, action="score likeness", detail={"patients": len(patients), "moved": len(moved)})


def _row(score: Score, at: datetime) -> LinkScore:
    return LinkScore(
        patient_id=score.patient, other_id=score.other, probability=score.probability, bits=score.bits,
        gap=score.gap, fields=[list(field) for field in score.fields], at=at,
    )  # fmt: skip


def scores(
    patients: Iterable[tuple[int, int | None, date | None, str, str, str]],
    names: Iterable[tuple[int, str, str]],
    homes: Iterable[tuple[int, str]],
) -> list[Score]:
    """The best score of each patient left over that is likelier than not to be somebody known; by patient.

    `patients`: (key, key of the person who holds an NHS number, or None for one left over; birth date, sex, number to
    link on, rank). `names`: (patient, family, given) in comparable form, every one ever told; `homes`: (patient,
    postcode). They are read once, in pieces: memory holds columns, not objects. The same sets give the same scores.
    """
    with duckdb.connect(":memory:") as connection:
        connection.execute("SET threads TO 2")
        for table, rows in (("patient", patients), ("name", names), ("home", homes)):
            _fill(connection, table, rows)
        connection.execute(_VARIANTS)
        if not all(connection.execute(f"SELECT count(*) FROM {side}").fetchall()[0][0] for side in _SIDES):  # noqa: S608
            return []
        return _best(connection, _learnt(connection))


def _fill(connection: duckdb.DuckDBPyConnection, table: str, rows: Iterable[Sequence[Any]]) -> None:
    """A table of ours from rows, a batch at a time."""
    shape = pa.schema(_TABLES[table])
    connection.register("batch", shape.empty_table())
    connection.execute(f"CREATE TABLE {table} AS SELECT * FROM batch")  # noqa: S608 - our own names
    rest = iter(rows)
    while batch := list(islice(rest, _BATCH)):
        connection.register("batch", pa.table(list(map(list, zip(*batch, strict=True))), schema=shape))
        connection.execute(f"INSERT INTO {table} SELECT * FROM batch")  # noqa: S608 - our own names
    connection.unregister("batch")


_SIDES = ("left_over", "known")
# One row for each name of each person known, and of each patient left over, with every postcode ever told. A patient
# left over comes with the names changed round as well: forms are filled in that way. What patients with one number
# tell, right or wrong, is there to learn from.
_VARIANTS = """
CREATE TABLE told AS
    SELECT patient, holder, family, given, birth_date, number, rank,
           CASE WHEN sex IN ('male', 'female') THEN sex END AS sex
    FROM patient JOIN name USING (patient) WHERE birth_date IS NOT NULL AND family <> '' AND given <> '';
CREATE TABLE homes AS
    SELECT coalesce(holder, -patient) AS who, list_sort(list(DISTINCT postcode)) AS postcodes
    FROM patient JOIN home USING (patient) WHERE postcode <> '' GROUP BY who;
CREATE TABLE known AS
    SELECT row_number() OVER (ORDER BY min(rank), family, given, birth_date, sex) AS unique_id,
           arg_min(patient, rank) AS patient, holder, family, given, birth_date, sex, any_value(postcodes) AS postcodes
    FROM told LEFT JOIN homes ON homes.who = holder WHERE holder IS NOT NULL
    GROUP BY holder, family, given, birth_date, sex;
CREATE TABLE left_over AS
    WITH bare AS (SELECT * FROM told WHERE holder IS NULL), both_ways AS (
        SELECT patient, family, given, birth_date, sex, rank FROM bare
        UNION SELECT patient, given, family, birth_date, sex, rank FROM bare)
    SELECT row_number() OVER (ORDER BY rank, family, given) AS unique_id, patient, NULL::BIGINT AS holder,
           family, given, birth_date, sex, postcodes
    FROM both_ways LEFT JOIN homes ON homes.who = -patient;
CREATE TABLE numbered AS
    SELECT row_number() OVER (ORDER BY rank, family, given) AS unique_id, number, family, given, birth_date, sex,
           homes.postcodes
    FROM told LEFT JOIN (
        SELECT patient, list_sort(list(DISTINCT postcode)) AS postcodes FROM home WHERE postcode <> '' GROUP BY patient
    ) homes USING (patient)
    WHERE number IN (
        SELECT number FROM patient WHERE number <> '' GROUP BY number HAVING count(*) > 1
        ORDER BY reverse(number) LIMIT 15000);
"""


def _comparisons() -> list[Any]:
    from splink import comparison_level_library as levels
    from splink import comparison_library as library

    def name(column: str) -> Any:
        exact = levels.ExactMatchLevel(column, term_frequency_adjustments=True)
        like = levels.JaroWinklerLevel(column, 0.92)
        return library.CustomComparison(
            output_column_name=column,
            comparison_levels=[levels.NullLevel(column), exact, like, levels.ElseLevel()],
        )

    def told(column: str, *between: Any) -> Any:
        return library.CustomComparison(
            output_column_name=column,
            comparison_levels=[levels.NullLevel(column), *between, levels.ElseLevel()],
        )

    return [
        name("given"),
        name("family"),
        told("birth_date", levels.ExactMatchLevel("birth_date"), levels.CustomLevel(_SLIP, "a slip")),
        told("postcodes", levels.ArrayIntersectLevel("postcodes", min_intersection=1)),
        told("sex", levels.ExactMatchLevel("sex")),
    ]


def _learnt(connection: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    """A model: what agreement of each field is worth here, or usually, where too few pairs tell."""
    from splink import Linker, SettingsCreator
    from splink.backends.duckdb import DuckDBAPI

    logging.getLogger("splink").setLevel(logging.ERROR)
    settings = SettingsCreator(link_type="dedupe_only", comparisons=_comparisons())
    if connection.execute("SELECT count(*) FROM numbered").fetchall()[0][0] < _ENOUGH:
        return _filled(settings.create_settings_dict("duckdb"))
    database = DuckDBAPI(connection=connection)
    linker = Linker(database.register("numbered"), settings, log_level=None)
    linker.training.estimate_u_using_random_sampling(max_pairs=1e6, seed=_SEED)
    linker.training.estimate_m_from_label_column("number")
    return _filled(linker.misc.save_model_to_json())


def _filled(model: dict[str, Any]) -> dict[str, Any]:
    """The model with the usual worth where nothing was learnt; what was learnt is never taken for certain."""
    model = deepcopy(model)
    for comparison in model["comparisons"]:
        usual = iter(_USUAL[comparison["output_column_name"]])
        for level in comparison["comparison_levels"]:
            if level.get("is_null_level"):
                continue
            for name, share in zip(("m_probability", "u_probability"), next(usual), strict=True):
                learnt = level.get(name)
                level[name] = min(max(learnt, share / 20), 0.9999) if isinstance(learnt, float) else share
    return model


def _best(connection: duckdb.DuckDBPyConnection, model: Mapping[str, Any]) -> list[Score]:
    """Scores of every pair that shares enough to be looked at; of each patient the best, and how far the next is."""
    from splink import Linker, block_on
    from splink.backends.duckdb import DuckDBAPI

    holders = connection.execute("SELECT count(DISTINCT holder) FROM known").fetchall()[0][0]
    rules = [
        block_on("birth_date", "given"),
        block_on("birth_date", "family"),
        block_on("family", "given", "postcodes", arrays_to_explode=["postcodes"]),
        block_on("birth_date", "postcodes", arrays_to_explode=["postcodes"]),
    ]
    settings = {
        **model,
        "link_type": "link_only",
        "blocking_rules_to_generate_predictions": [rule.create_blocking_rule_dict("duckdb") for rule in rules],
        # One in two of those left over is somebody whom the index holds: cautious, as most are.
        "probability_two_random_records_match": 0.5 / (holders + 1),
        "retain_matching_columns": False,
        "retain_intermediate_calculation_columns": True,
        "additional_columns_to_retain": ["patient", "holder"],
    }
    database = DuckDBAPI(connection=connection)
    tables = [database.register(side, table_name=side) for side in _SIDES]
    linker = Linker(tables, settings, log_level=None)
    found = linker.inference.predict(threshold_match_weight=0, warning_mode="never")
    return [_score(row) for row in connection.execute(_BEST.format(pairs=found.physical_name)).fetchall()]


# Sides are told apart by who holds a person's key of the index: those left over hold their own number there.
_BEST = """
WITH pairs AS (
    SELECT CASE WHEN source_dataset_l = 'left_over' THEN patient_l ELSE patient_r END AS mine,
           CASE WHEN source_dataset_l = 'left_over' THEN patient_r ELSE patient_l END AS other,
           CASE WHEN source_dataset_l = 'left_over' THEN holder_r ELSE holder_l END AS holder,
           match_probability AS p, match_weight AS bits,
           mw_given + mw_tf_adj_given AS given, mw_family + mw_tf_adj_family AS family,
           mw_birth_date, mw_postcodes, mw_sex
    FROM {pairs}
), people AS (
    SELECT *, row_number() OVER (PARTITION BY mine, holder ORDER BY bits DESC, other) AS nth FROM pairs
), ranked AS (
    SELECT *, row_number() OVER (PARTITION BY mine ORDER BY bits DESC, other) AS place,
           lead(bits) OVER (PARTITION BY mine ORDER BY bits DESC, other) AS next
    FROM people WHERE nth = 1
)
SELECT mine, other, p, bits, bits - coalesce(next, 0), given, family, mw_birth_date, mw_postcodes, mw_sex
FROM ranked WHERE place = 1 ORDER BY mine
"""


def _score(row: tuple[Any, ...]) -> Score:
    # Rounded, so that a sum taken in another order is the same score.
    mine, other, probability, *bits = row
    total, gap, *fields = (round(float(value), 3) for value in bits)
    return Score(mine, other, round(probability, 6), total, gap, tuple(zip(FIELDS, fields, strict=True)))
