"""Promise: making people takes a time in proportion to their number, and memory that does not grow.

Ratio: seconds a person at 50,000 to those at 5,000; 1 is linear. Each size runs in a process of its own.
"""

import json
import resource
import subprocess
import sys
import time
from collections import deque
from datetime import date
from itertools import islice

SMALL, LARGE = 5_000, 50_000


def made(people: int) -> dict[str, float]:
    """Seconds and peak memory of making so many people, in this process."""
    from oneplace.example.population import ordinary_people
    from oneplace.kernel import nhs_number
    from oneplace.place import folder

    place, numbers = folder.read(), nhs_number.numbers_for_tests()
    started = time.perf_counter()
    deque(islice(ordinary_people(place, 1, date(2026, 11, 23), numbers), people), maxlen=0)
    seconds = time.perf_counter() - started
    return {"seconds": seconds, "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}


def apart(people: int) -> dict[str, float]:
    """The same in a fresh process."""
    told = subprocess.run([sys.executable, __file__, str(people)], check=True, capture_output=True, text=True).stdout
    found: dict[str, float] = json.loads(told)
    return found


def main() -> None:
    """Measure and print."""
    figures = {}
    for people in (SMALL, LARGE):
        told = apart(people)
        figures[f"people_a_second_{people}"] = round(people / told["seconds"])
        figures[f"peak_mb_{people}"] = round(told["peak_mb"])
        print(f"{people:7,} people  {people / told['seconds']:7,.0f} a second  peak {told['peak_mb']:.0f} MB")
    ratio = figures[f"people_a_second_{SMALL}"] / figures[f"people_a_second_{LARGE}"]
    line = {"name": "example", "ratio": round(ratio, 2), "against": "5,000 people, a person", "figures": figures}
    print(json.dumps(line))


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(json.dumps(made(int(sys.argv[1]))))
    else:
        main()
