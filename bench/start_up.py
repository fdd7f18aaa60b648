"""How long a shell waits: ``import uplift`` and ``uplift --help``, best of several runs; target 0.3 s."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

RUNS = 7
TARGET = 0.3
COMMANDS = {
    "python, nothing": [sys.executable, "-c", "pass"],
    "import uplift": [sys.executable, "-c", "import uplift"],
    "uplift --help": [str(Path(sys.executable).parent / "uplift"), "--help"],
}


def best_of(command: list[str], runs: int = RUNS) -> float:
    """Return the shortest wall time of a command in seconds."""
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        times.append(time.perf_counter() - start)
    return min(times)


def main() -> int:
    """Print the times; return 1 when one is over the target."""
    times = {name: best_of(command) for name, command in COMMANDS.items()}
    for name, seconds in times.items():
        print(f"{name:<16}{seconds:8.3f} s")
    return 1 if max(times.values()) > TARGET else 0


if __name__ == "__main__":
    sys.exit(main())
