"""Builds the virtual environment from a hashed lock: with uv when it is on the path, else with venv and pip.

Run by the Makefile with the machine's own python3, so standard library only.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path


def run(*command: str) -> None:
    """Run a command; stop with its exit code when it fails."""
    done = subprocess.run(command)
    if done.returncode:
        sys.exit(done.returncode)


def make_venv(folder: Path) -> None:
    """Create the environment, or say which package a bare Debian lacks."""
    made = subprocess.run([sys.executable, "-m", "venv", str(folder)], capture_output=True, text=True)
    if made.returncode:
        shutil.rmtree(folder, ignore_errors=True)
        sys.exit(
            f"{made.stdout}{made.stderr}\n"
            "This python3 can't make a virtual environment. On Debian or Ubuntu: apt install python3-venv"
        )


def main() -> None:
    """Make the environment in argv[1] hold what the lock in argv[2] names, and oneplace itself."""
    if sys.version_info < (3, 11):  # noqa: UP036 - this file runs on whatever python3 the machine has
        sys.exit(
            f"oneplace needs Python 3.11 or newer; this is {sys.version.split()[0]}. Try: make PYTHON=python3.12 demo"
        )
    folder, lock = Path(sys.argv[1]), sys.argv[2]
    python = folder / "bin" / "python"
    if not python.exists():
        print(f"Making {folder} ...", file=sys.stderr)
        make_venv(folder)
    print(f"Installing what {lock} names (half a minute when cached) ...", file=sys.stderr)
    os.environ["PIP_DISABLE_PIP_VERSION_CHECK"] = "1"
    uv = shutil.which("uv")
    install = [uv, "pip", "install", "--python", str(python)] if uv else [str(python), "-m", "pip", "install"]
    run(*install, "--quiet", "--require-hashes", "-r", lock)
    run(*install, "--quiet", "--no-deps", "--no-build-isolation", "-e", ".")


if __name__ == "__main__":
    main()
