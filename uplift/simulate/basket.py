"""List values of orders that must reach a coupon's minimum: a Gamma law cut off below."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from uplift.simulate.scenario import BASKET_SHAPE

if TYPE_CHECKING:
    from numpy.typing import NDArray


def share_above(basket: NDArray[np.float64], minimum: float) -> NDArray[np.float64]:
    """Return P(list value ≥ minimum) for each mean basket."""
    from scipy.special import gammaincc

    return np.asarray(gammaincc(BASKET_SHAPE, BASKET_SHAPE * minimum / basket))


def mean_above(basket: NDArray[np.float64], minimum: float) -> NDArray[np.float64]:
    """Return E[list value | list value ≥ minimum] for each mean basket (currency units)."""
    from scipy.special import gammaincc

    scaled = BASKET_SHAPE * minimum / basket
    return np.asarray(basket * gammaincc(BASKET_SHAPE + 1.0, scaled) / gammaincc(BASKET_SHAPE, scaled))


def draw_above(
    basket: NDArray[np.float64], minimum: float | NDArray[np.float64], uniform: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the list value at ``uniform`` of the law above the minimum, to the cent."""
    from scipy.special import gammaincc, gammainccinv

    tail = gammaincc(BASKET_SHAPE, BASKET_SHAPE * np.asarray(minimum) / basket)
    value = basket / BASKET_SHAPE * gammainccinv(BASKET_SHAPE, tail * (1.0 - uniform))
    return np.asarray(np.ceil(np.maximum(value, minimum) * 100.0 - 1e-6) / 100.0)
