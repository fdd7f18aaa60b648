"""The one way in which functions of the engine are compiled."""

from __future__ import annotations

from typing import TYPE_CHECKING, ParamSpec, TypeVar

from numba import njit

if TYPE_CHECKING:
    from collections.abc import Callable

P = ParamSpec("P")
R = TypeVar("R")


def compiled(function: Callable[P, R]) -> Callable[P, R]:
    """Compile at the first call, keep the machine code beside the module, and let other threads run meanwhile."""
    built: Callable[P, R] = njit(cache=True, nogil=True, error_model="numpy")(function)
    return built
