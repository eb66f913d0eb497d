"""Promise: 300,000 rows of feeds are linked to 400,000 known people no slower than by Splink alone, and better.

Rows go wrong at rates of real feeds: 13 % without a usable NHS number, 3 in 1,000 with somebody else's, moved, married,
misspelt. Ours is `record.rules.settle`, then `record.linkage.scores` on what that leaves over, then `settle` again;
Splink alone compares every row, number included. Both from the same rows in memory, each in a process of its own.
Ratio: our seconds to Splink's; at most 1 is promised. Splink alone finds more, because it links what oneplace refuses
by rule: two different valid NHS numbers, and given names that may be a twin's. `--quick` is a tenth.
"""

import argparse
import gc
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date
from itertools import islice
from pathlib import Path
from typing import Any

PEOPLE, ROWS, SEED = 400_000, 300_000, 20261123
FEED = 10**9  # from which the keys of feed rows count
RATES = {
    "number_missing": 0.10, "number_invalid": 0.02, "number_mistyped": 0.008, "number_of_another": 0.003,
    "number_swapped": 0.0, "name_misspelt": 0.015, "names_swapped": 0.002, "nickname": 0.01, "old_surname": 0.02,
    "birth_day_month": 0.003, "birth_off_by_one": 0.003, "birth_in_future": 0.0, "moved": 0.05,
}  # fmt: skip
LEARNT = 30_000  # feed rows that tell what agreement is worth
Row = tuple[Any, ...]  # of FIELDS
FIELDS = ("key", "person", "number", "family", "given", "birth_date", "sex", "postcode", "formerly", "former_family")


def made(people: int, rows: int) -> tuple[list[Row], list[Row]]:
    """The index and the feed: rows of FIELDS. The feed's `person` is the truth, which no linker is given."""
    from oneplace.example import faults
    from oneplace.example.defaults import settings_of
    from oneplace.example.people import in_turn, streams
    from oneplace.kernel import nhs_number
    from oneplace.place import folder

    place = folder.read()
    place = replace(place, example=settings_of(place))
    flows, numbers = streams(place, SEED, date(2026, 11, 23)), nhs_number.numbers_for_tests()
    turn = zip(in_turn(place), numbers, strict=False)
    humans = [flows[code].next(number)[0] for code, number in islice(turn, people)]
    draw = random.Random(SEED)
    index, feed = [], []
    for key, human in enumerate(humans):
        index.append(_row(key, key, human, human.nhs_number, human.former_addresses, human.former_names))
    for key, at in enumerate(draw.sample(range(people), rows)):
        human, other = humans[at], humans[draw.randrange(people)]
        told = (human.former_addresses or other.former_addresses or [None])[0]
        home = (told.lines, told.town, told.postcode) if told else (other.lines, other.town, other.postcode)
        wrong, _ = faults.mistold(human, RATES, draw, other.nhs_number, home)
        feed.append(_row(FEED + key, at, wrong, wrong.nhs_number, (), ()))
    return index, feed


def _row(key: int, person: int, human: Any, number: str, homes: Any, names: Any) -> Row:
    from oneplace.record.rules import comparable, first_word, number_to_link_on

    return (
        key, person, number_to_link_on(number or ""), comparable(human.family), first_word(human.given),
        human.birth_date, human.sex, human.postcode, homes[0].postcode if homes else "",
        comparable(names[0].family) if names else "",
    )  # fmt: skip


def ours(index: list[Row], feed: list[Row]) -> dict[int, int]:
    """Feed key to index key, by numbers, demographics and likeness."""
    from oneplace.record import linkage
    from oneplace.record.rules import Likeness, Placement, settle

    def settled(closed: Iterable[Iterable[int]], alike: Mapping[int, Likeness]) -> Iterator[tuple[int, Placement]]:
        """Closed sets one after another, as the product settles them."""
        for keys in closed:
            yield from settle(
                [_claim(rows[key]) for key in keys], (), (), [alike[k] for k in keys if k in alike]
            ).items()

    known = {row[2]: row[0] for row in index}
    plain, rest = _plain(index, feed, known)
    rows = {row[0]: row for row in (*index, *rest)}
    _agrees(plain, index, feed)
    sets = _closed(index, rest)
    closed = {id(keys): keys for keys in sets.values() if len(keys) > 1}.values()
    found = _linked(settled(closed, {}), known)
    left = [row for row in rest if row[0] not in found]
    learnt = [row for row in feed if row[0] in plain or row[2]][:LEARNT]
    told = [*index, *left, *(row for row in learnt if row[0] in plain or row[0] in found)]
    holder = {row[0]: row[0] for row in index} | {row[0]: plain.get(row[0], found.get(row[0])) for row in learnt}
    everyone = ((row[0], holder.get(row[0]), row[5], row[6], row[2], f"{row[0]:010}") for row in told)
    names = ((row[0], family, row[4]) for row in told for family in {row[3], row[9]} if family)
    homes = ((row[0], code) for row in told for code in {row[7], row[8]} if code)
    scores = linkage.scores(everyone, names, homes)
    alike = {one.patient: Likeness(one.patient, one.other, one.probability, one.gap) for one in scores}
    again = ({*sets[one.patient], *sets.get(one.other, (one.other,))} for one in scores if one.other in rows)
    return {
        key: person for key, person in (plain | found | _linked(settled(again, alike), known)).items() if key >= FEED
    }


def _plain(index: list[Row], feed: list[Row], known: Mapping[str, int]) -> tuple[dict[int, int], list[Row]]:
    """Feed rows that agree letter by letter with one of the index and share nothing with anybody else; and the others.

    By number, name and birth date; or, told without a number, by name, birth date, home and sex. What `settle` says of
    such a pair needs no table of claims; that it says so is checked on some of them.
    """
    numbers = Counter(row[2] for row in feed)
    bare = Counter(mark for row in feed if not row[2] for mark in _marks(row))
    homes: dict[Any, list[int]] = {}
    for row in index:
        for mark in _marks(row):
            if mark in bare:
                homes.setdefault(mark, []).append(row[0])
    by_key, plain = {row[0]: row for row in index}, {}
    for row in feed:
        if row[2]:
            holder = by_key.get(known.get(row[2], -1)) if numbers[row[2]] == 1 else None
            if holder and row[5] == holder[5] and row[4] == holder[4] and row[3] in (holder[3], holder[9]):
                plain[row[0]] = holder[0]
        else:
            mark = _marks(row)
            of = homes.get(mark[0], ()) if len(mark) == 1 and bare[mark[0]] == 1 else ()
            if len(of) == 1 and by_key[of[0]][6] == row[6]:
                plain[row[0]] = of[0]
    return plain, [row for row in feed if row[0] not in plain]


def _agrees(plain: Mapping[int, int], index: list[Row], feed: list[Row]) -> None:
    """A sample of plain pairs is put to `settle`. Raises AssertionError where it says otherwise."""
    from oneplace.record.rules import settle

    people = {row[0]: row for row in index}
    for row in islice((row for row in feed if row[0] in plain), 0, None, 500):
        placed = settle([_claim(people[plain[row[0]]]), _claim(row)])
        assert placed[row[0]].group == placed[plain[row[0]]].group, row[0]


def _closed(index: list[Row], feed: list[Row]) -> dict[int, list[int]]:
    """For each key, those that share a number, or a name, birth date and home, as the product asks its indexes."""
    leader: dict[int, int] = {}
    first: dict[Any, int] = {}

    def of(key: int) -> int:
        while leader.get(key, key) != key:
            key = leader[key]
        return key

    wanted = {mark for row in feed for mark in _marks(row)}
    looked = [row for row in index if not wanted.isdisjoint(_marks(row))]
    for row in (*looked, *feed):
        for mark in _marks(row):
            leader[of(row[0])] = of(first.setdefault(mark, row[0]))
    together: dict[int, list[int]] = {}
    for row in (*looked, *feed):
        together.setdefault(of(row[0]), []).append(row[0])
    return {key: keys for keys in together.values() for key in keys}


def _marks(row: Row) -> list[Any]:
    names, homes = {row[3], row[9]} - {""}, {row[7], row[8]} - {""}
    return [*([row[2]] if row[2] else []), *((row[5], name, row[4], home) for name in names for home in homes)]


def _linked(placed: Iterable[tuple[int, Any]], known: Mapping[str, int]) -> dict[int, int]:
    """Those placed with somebody of the index."""
    return {key: known[put.group[1]] for key, put in placed if put.group[0] == "number" and put.group[1] in known}


def _claim(row: Row) -> Any:
    from oneplace.record.rules import Claim

    key, _, number, family, given, born, sex, postcode, formerly, former = row
    families = frozenset({family, former} - {""})
    source = "index" if key < FEED else "feed"
    return Claim(
        key, (int(key >= FEED), source, f"{key:09}"), families, frozenset({given}), born, number, source, True, sex,
        frozenset((name, given) for name in families), frozenset({postcode, formerly} - {""}),
    )  # fmt: skip


def _table(rows: list[Row]) -> Any:
    import pyarrow as pa

    told = [(r[0], r[2] or None, r[3] or None, r[4] or None, r[5].isoformat(), r[6], r[7] or None) for r in rows]
    names = ["unique_id", "number", "family", "given", "birth_date", "sex", "postcode"]
    return pa.table(dict(zip(names, map(list, zip(*told, strict=True)), strict=True)))


def _peer(feed: int, index: int) -> Any:
    """Settings as Splink's tutorial has them, with the NHS number as one more thing to compare."""
    from splink import SettingsCreator, block_on
    from splink import comparison_library as cl

    return SettingsCreator(
        link_type="link_only",
        probability_two_random_records_match=feed / (feed * index),
        comparisons=[
            cl.DamerauLevenshteinAtThresholds("number", [1]),
            cl.JaroWinklerAtThresholds("given", [0.92, 0.88]).configure(term_frequency_adjustments=True),
            cl.JaroWinklerAtThresholds("family", [0.92, 0.88]).configure(term_frequency_adjustments=True),
            cl.DamerauLevenshteinAtThresholds("birth_date", [1, 2]),
            cl.ExactMatch("postcode"),
            cl.ExactMatch("sex"),
        ],
        blocking_rules_to_generate_predictions=[
            block_on("number"), block_on("birth_date", "given"), block_on("birth_date", "family"),
            block_on("family", "given", "postcode"), block_on("birth_date", "postcode"),
        ],
        retain_matching_columns=False,
    )  # fmt: skip


def splink_alone(index: list[Row], feed: list[Row]) -> dict[int, int]:
    """Feed key to index key, as Splink's own tutorial links two tables: p >= .99, the best row of the index."""
    import logging

    import duckdb
    from splink import Linker, block_on
    from splink.backends.duckdb import DuckDBAPI

    logging.getLogger("splink").setLevel(logging.ERROR)
    connection = duckdb.connect(":memory:")
    connection.execute("SET threads TO 2")

    database = DuckDBAPI(connection=connection)
    tables = [
        database.register(_table(index), table_name="index_rows"),
        database.register(_table(feed), table_name="feed"),
    ]
    linker = Linker(tables, _peer(len(feed), len(index)), log_level=None)
    linker.training.estimate_u_using_random_sampling(max_pairs=1e6, seed=SEED)
    linker.training.estimate_parameters_using_expectation_maximisation(block_on("number"))
    linker.training.estimate_parameters_using_expectation_maximisation(block_on("birth_date", "given"))
    pairs = linker.inference.predict(threshold_match_probability=0.99, warning_mode="never").physical_name
    best = connection.execute(
        "SELECT greatest(unique_id_l, unique_id_r) AS mine, arg_max(least(unique_id_l, unique_id_r), match_weight)"
        f" FROM {pairs} GROUP BY mine"
    ).fetchall()
    return dict(best)


def one(who: str, people: int, rows: int) -> dict[str, float]:
    """Seconds, peak memory beyond the rows, precision and recall of one linker, in this process."""
    os.environ.setdefault("ONEPLACE_HOME", tempfile.mkdtemp())
    from oneplace.site import database

    database.start_up(False, lambda words: None)
    index, feed = made(people, rows)
    gc.freeze()  # the rows stand for what a database holds: no collector looks through them again, for either linker
    base = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started, worked = time.perf_counter(), time.process_time()
    found = {"ours": ours, "splink": splink_alone}[who](index, feed)
    seconds, worked = time.perf_counter() - started, time.process_time() - worked
    truth = {row[0]: row[1] for row in feed}
    holds = {row[0]: row[2] for row in (*index, *feed)}
    of_two_numbers = sum(len({holds[key], holds[person]} - {""}) > 1 for key, person in found.items())
    right = sum(truth[key] == person for key, person in found.items())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {
        "seconds": round(seconds, 1), "cpu_seconds": round(worked, 1), "mb_beside_rows": round((peak - base) / 1024),
        "precision": round(right / max(1, len(found)), 6), "recall": round(right / len(feed), 5),
        "links_of_two_valid_numbers": of_two_numbers,
    }  # fmt: skip


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of the rows")
    parser.add_argument("--who", choices=["ours", "splink"], help=argparse.SUPPRESS)
    told = parser.parse_args()
    people, rows = (PEOPLE // 10, ROWS // 10) if told.quick else (PEOPLE, ROWS)
    if told.who:
        print(json.dumps(one(told.who, people, rows)))
        return
    figures: dict[str, Any] = {"people": people, "rows": rows}
    for who in ("ours", "splink"):
        command = [sys.executable, __file__, "--who", who, *(["--quick"] if told.quick else [])]
        environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[1])}
        done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
        figures[who] = json.loads(done.stdout.splitlines()[-1])
        print(f"{who:7}", *(f"{name} {value}" for name, value in figures[who].items()), flush=True)
    ratio = figures["ours"]["seconds"] / figures["splink"]["seconds"]
    print(json.dumps({"name": "linkage", "ratio": round(ratio, 3), "against": "Splink alone", "figures": figures}))


if __name__ == "__main__":
    main()
