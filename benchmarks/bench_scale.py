"""Promise: 1,000,000 entries are filed under 1 GB of memory, in a time in proportion to their number.

Contacts of a community trust as CSV files of 30,000 rows, one entry a row, made once; each size runs in a process and
a place of its own. Ratio: seconds an entry at the largest size to those at the smallest; 1 is linear. `--quick` takes
a tenth of it; ENTRIES sets the largest size.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

ENTRIES = int(os.environ.get("ENTRIES", "1000000"))
FILE_ROWS = 30_000


def filed(folder: Path, entries: int) -> dict[str, float]:
    """Seconds and peak memory of filing so many entries from the folder, in this process and an empty place."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "oneplace.site.settings"
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    from oneplace.gateway.receive import Item, receive

    started, cpu, told = time.perf_counter(), time.process_time(), 0
    for path in sorted(folder.iterdir()):
        raw = path.read_bytes()
        if told + FILE_ROWS > entries:
            raw = b"\n".join(raw.split(b"\n")[: entries - told + 1])
        told += receive([Item(path.name, raw, "bench")], by="bench").filed
        if told >= entries:
            break
    if told != entries:
        raise SystemExit(f"{told} of {entries} entries were filed: the figure would mean nothing")
    return {
        "seconds": time.perf_counter() - started,
        "cpu_seconds": time.process_time() - cpu,
        "peak_mb": peak_kb() / 1024,
    }


def peak_kb() -> int:
    """The most memory that this process had. Not getrusage's figure: Linux hands the parent's on to a child."""
    told = Path("/proc/self/status").read_text().partition("VmHWM:")[2]
    return int(told.split()[0])


def apart(folder: Path, entries: int) -> dict[str, float]:
    """The same in a fresh process and place."""
    with tempfile.TemporaryDirectory(prefix="oneplace-bench-") as home:
        told = subprocess.run(
            [sys.executable, __file__, "--folder", str(folder), "--entries", str(entries)],
            check=True, capture_output=True, text=True, env=os.environ | {"ONEPLACE_HOME": home},
        ).stdout  # fmt: skip
    found: dict[str, float] = json.loads(told)
    return found


def write_files(folder: Path, entries: int) -> None:
    """The contacts, in files: people come again all along."""
    from benchmarks import extracts

    heading, *rows = extracts.contacts(entries).splitlines(keepends=True)
    for start in range(0, entries, FILE_ROWS):
        (folder / f"{start:09}.csv").write_bytes(heading + b"".join(rows[start : start + FILE_ROWS]))


def main(largest: int) -> None:
    """Measure 1x, 3x and 10x and print."""
    sizes = [largest // 10, largest * 3 // 10, largest]
    figures: dict[str, float] = {}
    with tempfile.TemporaryDirectory(prefix="oneplace-bench-") as files:
        folder = Path(files)
        write_files(folder, largest)
        for entries in sizes:
            told = apart(folder, entries)
            figures[f"us_an_entry_{entries}"] = round(told["seconds"] / entries * 1e6)
            figures[f"cpu_us_an_entry_{entries}"] = round(told["cpu_seconds"] / entries * 1e6)
            figures[f"peak_mb_{entries}"] = round(told["peak_mb"])
            print(
                f"{entries:9,} entries  {told['seconds']:8.1f} s  {told['seconds'] / entries * 1e6:6.0f} us an entry  "
                f"cpu {told['cpu_seconds'] / entries * 1e6:6.0f} us  peak {told['peak_mb']:5.0f} MB",
                flush=True,
            )
    ratio = figures[f"us_an_entry_{sizes[2]}"] / figures[f"us_an_entry_{sizes[0]}"]
    threefold = figures[f"us_an_entry_{sizes[1]}"] / figures[f"us_an_entry_{sizes[0]}"]
    cpu = figures[f"cpu_us_an_entry_{sizes[2]}"] / figures[f"cpu_us_an_entry_{sizes[0]}"]
    print(f"10x to 1x an entry: {ratio:.2f} ({cpu:.2f} of processor time); 3x to 1x: {threefold:.2f}")
    print("promised: linear, under 1,024 MB")
    figures["cpu_ratio"] = round(cpu, 2)
    line = {"name": "scale", "ratio": round(ratio, 2), "against": f"{sizes[0]:,} entries, an entry", "figures": figures}
    print(json.dumps(line))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of the entries")
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--entries", type=int, default=0, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.folder:
        print(json.dumps(filed(options.folder, options.entries)))
    else:
        main(ENTRIES // 10 if options.quick else ENTRIES)
