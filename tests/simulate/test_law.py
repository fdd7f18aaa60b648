"""The market's law must be what an analysis can learn from the market's own past."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from uplift.simulate.past import NO_COUPON, draw_past
from uplift.simulate.population import draw_population
from uplift.simulate.scenario import RETURN_LOSS, find_scenario
from uplift.simulate.truth import discount

if TYPE_CHECKING:
    from numpy.typing import NDArray

N = 60_000
COHORT = -365.0


def _fit() -> NDArray[np.float64]:
    """Regress margin of days 90 to 365 on organic and couponed margin of the window and the year before it."""
    rngs = [np.random.default_rng(seed) for seed in (1, 2, 3)]
    people = draw_population(N, find_scenario("fresh_grocery"), rngs[0])
    orders = draw_past(people, find_scenario("fresh_grocery"), rngs[1], rngs[2]).orders
    margin, organic = 0.22 * orders.listed, orders.coupon == NO_COUPON
    day = orders.day - COHORT

    def total(start: float, stop: float, weight: NDArray[np.float64]) -> NDArray[np.float64]:
        inside = (day >= start) & (day < stop)
        return np.asarray(np.bincount(orders.customer[inside], weights=weight[inside], minlength=N), dtype=np.float64)

    before = total(-365.0, 0.0, np.ones(len(orders)))
    window = (total(0.0, 90.0, margin * organic), total(0.0, 90.0, margin * ~organic))
    features = np.column_stack((np.ones(N), *window, before, total(-365.0, 0.0, margin)))
    later = (1.0 - RETURN_LOSS) * total(90.0, 365.0, margin * discount(day, 0.10))
    cohort = before >= 1
    return np.asarray(np.linalg.lstsq(features[cohort], later[cohort], rcond=None)[0][1:3])


def test_the_law_is_near_the_fit_on_the_past() -> None:
    organic, couponed = _fit()
    habit = find_scenario("fresh_grocery").habit
    assert abs(organic - habit.organic_margin) < 0.06
    assert abs(couponed - habit.couponed_margin) < 0.20
    assert habit.organic_order == habit.couponed_order == 0.0
