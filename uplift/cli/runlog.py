"""``run.json``: clock, machine and memory of a run, which no digest covers."""

from __future__ import annotations

import json
import platform
import sys
import time
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def logged(folder: Path, command: str) -> Iterator[None]:
    """Write ``run.json`` into ``folder`` when the block ends well.

    Parameters
    ----------
    folder
        Where the command writes.
    command
        Its name.

    Raises
    ------
    DataError
        When the folder cannot be written.
    """
    from uplift.results.files import write_atomic

    started, clock = datetime.now(UTC), time.perf_counter()
    yield
    body = {
        "command": command,
        "started": started.isoformat(timespec="seconds"),
        "seconds": time.perf_counter() - clock,
        "python": platform.python_version(),
        "machine": platform.platform(),
        "peak_memory_bytes": peak_memory(),
    }
    write_atomic(folder / "run.json", (json.dumps(body, indent=2) + "\n").encode())


def peak_memory() -> int | None:
    """Return the largest resident memory of this process in bytes, None where the system does not tell."""
    if sys.platform == "win32":
        return None
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
