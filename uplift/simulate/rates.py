"""Margin rates by platform and category; a customer of either platform earns about 22 % of list."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_RATES = ((0.20, 0.25, 0.20, 0.30, 0.19, 0.203), (0.19, 0.24, 0.19, 0.29, 0.18, 0.193))


def margin_rates() -> NDArray[np.float64]:
    """Return gross margin before subsidy as a share of list value, shape (platforms, categories)."""
    return np.asarray(_RATES)
