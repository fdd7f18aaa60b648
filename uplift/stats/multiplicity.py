"""p-values adjusted for a family of tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def adjust_holm(p_values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return Holm's step-down p-values (family-wise error), in the order given.

    References
    ----------
    Holm, S. (1979). A simple sequentially rejective multiple test procedure. *Scandinavian
    Journal of Statistics* 6(2).
    """
    m = len(p_values)
    order = np.argsort(p_values, kind="stable")
    steps = np.maximum.accumulate(p_values[order] * (m - np.arange(m)))
    return _put_back(np.minimum(steps, 1.0), order)


def adjust_bh(p_values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return Benjamini and Hochberg's p-values (false discovery rate), in the order given.

    References
    ----------
    Benjamini, Y., Hochberg, Y. (1995). Controlling the false discovery rate. *JRSS B* 57(1).
    """
    m = len(p_values)
    order = np.argsort(p_values, kind="stable")
    steps = np.minimum.accumulate((p_values[order] * m / np.arange(1, m + 1))[::-1])[::-1]
    return _put_back(np.minimum(steps, 1.0), order)


def _put_back(values: NDArray[np.float64], order: NDArray[np.intp]) -> NDArray[np.float64]:
    out = np.empty(len(values), dtype=np.float64)
    out[order] = values
    return out
