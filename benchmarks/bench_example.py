"""Promise: making people takes a time in proportion to their number, and memory that does not grow.

`oneplace example write` at 2,000 and at 20,000 people, each in a process of its own; another number as an argument is
measured beside them. Ratio: seconds a person at the larger size to those at the smaller; 1 is linear.
"""

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

SMALL, LARGE = 2_000, 20_000
_COMMAND = Path(sys.executable).with_name("oneplace")


def written(people: int) -> dict[str, float]:
    """Seconds, peak memory and the median GP bundle of writing so many people, from a process of its own."""
    told = subprocess.run([sys.executable, __file__, "--one", str(people)], check=True, capture_output=True, text=True)
    found: dict[str, float] = json.loads(told.stdout.splitlines()[-1])
    return found


def one(people: int) -> None:
    """Write into a folder that goes again, and print what it took."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "messages"
        command = [str(_COMMAND), "example", "write", str(out), "--people", str(people)]
        started = time.perf_counter()
        subprocess.run([*command, "--truth", f"{folder}/truth.csv"], check=True, capture_output=True)
        seconds = time.perf_counter() - started
        sizes = [path.stat().st_size for path in out.rglob("*.json") if path.parent.name + "-" in path.name]
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(json.dumps({"seconds": seconds, "peak_mb": peak, "bundle": median(sizes)}))


def main(sizes: list[int]) -> None:
    """Measure and print."""
    figures: dict[str, float] = {}
    for people in sizes:
        told = written(people)
        figures[f"people_a_second_{people}"] = round(people / told["seconds"])
        figures[f"peak_mb_{people}"] = round(told["peak_mb"])
        figures[f"median_bundle_bytes_{people}"] = round(told["bundle"])
        print(
            f"{people:7,} people  {people / told['seconds']:6,.0f} a second  peak {told['peak_mb']:.0f} MB  "
            f"median GP bundle {told['bundle']:,.0f} bytes"
        )
    first, last = sizes[0], sizes[-1]
    ratio = figures[f"people_a_second_{first}"] / figures[f"people_a_second_{last}"]
    line = {"name": "example", "ratio": round(ratio, 2), "against": f"{first:,} people, a person", "figures": figures}
    print(json.dumps(line))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        one(int(sys.argv[2]))
    else:
        main([SMALL, LARGE, *map(int, sys.argv[1:])])
