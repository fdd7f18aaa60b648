"""The one way in which functions of the engine are compiled."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from numba import njit

if TYPE_CHECKING:
    from collections.abc import Callable

P = ParamSpec("P")
R = TypeVar("R")

STAMP = hashlib.sha256(b"".join(path.read_bytes() for path in sorted(Path(__file__).parent.glob("*.py")))).hexdigest()
"""Digest of the whole engine."""


def compiled(function: Callable[P, R]) -> Callable[P, R]:
    """Compile at the first call, keep the machine code beside the module, and let other threads run meanwhile.

    Machine code holds the functions that it calls, but numba takes it for good as long as the function's own file is
    the same; here it is good as long as the whole engine is.
    """
    built: Callable[P, R] = njit(cache=True, nogil=True, error_model="numpy")(function)
    kept = getattr(getattr(built, "_cache", None), "_cache_file", None)
    if kept is not None:
        kept._source_stamp = STAMP  # noqa: SLF001
    return built
