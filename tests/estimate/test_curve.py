"""The band of a cumulative curve holds all of it at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from uplift.errors import EstimationError
from uplift.estimate import Contrast, Reading, adjust_means, estimate_curve, estimate_itt
from uplift.estimate.curve import sup_t_critical
from uplift.results import Measure

if TYPE_CHECKING:
    from collections.abc import Callable

    from uplift.stats.cells import CellMeans
    from uplift.stats.moments import Moments

WEEKS = ("w1", "w2", "w3")
ARM = Contrast("a1", "a0")


def steps(rng: np.random.Generator, n: int = 400, effect: float = 0.0) -> dict[str, np.ndarray]:
    arm = np.arange(n) % 2
    return {week: rng.integers(0, 20, n) + arm * effect for week in WEEKS}


def means(make_moments: Callable[..., Moments], columns: dict[str, np.ndarray]) -> CellMeans:
    n = len(columns["w1"])
    return adjust_means(make_moments(columns, np.arange(n) % 2, stratum=np.arange(n) // 2 % 2))


def test_points_are_the_effects_on_cumulative_sums(
    make_moments: Callable[..., Moments], rng: np.random.Generator
) -> None:
    columns = steps(rng, effect=2.0)
    summed = means(make_moments, {"w1": columns["w1"], "sum": columns["w1"] + columns["w2"] + columns["w3"]})
    curve = estimate_curve(means(make_moments, columns), outcomes=WEEKS, days=(7, 14, 21), contrast=ARM, rng=rng)
    last = estimate_itt(summed, outcome="sum", contrasts=[ARM])[0]
    assert curve.x == (7.0, 14.0, 21.0)
    assert curve.y[2] == pytest.approx(last.estimate)
    # the half-width is the critical value times the error of the sum's own analysis
    critical = (curve.ci_upper[2] - curve.y[2]) / last.std_error
    assert 1.96 < critical < 2.7


def test_the_critical_value_of_independent_points_is_sidaks(rng: np.random.Generator) -> None:
    # P(max of 5 |Z| <= c) = .95: c = Phi^-1((1 + .95^(1/5)) / 2) = 2.5690
    assert sup_t_critical(np.eye(5), rng=rng) == pytest.approx(2.569, abs=0.03)


def test_one_point_has_its_own_quantile(rng: np.random.Generator) -> None:
    assert sup_t_critical(np.ones((4, 4)), rng=rng) == pytest.approx(1.96, abs=0.03)
    assert sup_t_critical(np.array([[3.0]]), df=10, rng=rng) == pytest.approx(2.228, abs=0.07)
    assert sup_t_critical(np.zeros((2, 2)), rng=rng) == pytest.approx(1.96, abs=0.001)


def test_a_point_without_spread_does_not_count(rng: np.random.Generator) -> None:
    covariance = np.diag([1.0, 0.0])
    assert sup_t_critical(covariance, rng=rng) == pytest.approx(1.96, abs=0.03)


def test_scale_and_seed_settle_the_band() -> None:
    covariance = np.array([[2.0, 1.0], [1.0, 3.0]])
    one, other = (sup_t_critical(part, rng=np.random.default_rng(4)) for part in (covariance, 100 * covariance))
    assert one == pytest.approx(other, rel=1e-12)


def test_the_band_holds_the_whole_curve(make_moments: Callable[..., Moments], rng: np.random.Generator) -> None:
    held = 0
    for _ in range(200):
        curve = estimate_curve(
            means(make_moments, steps(rng, 120, effect=1.0)), outcomes=WEEKS, days=(7, 14, 21), contrast=ARM, rng=rng
        )
        truth = (1.0, 2.0, 3.0)
        held += all(low <= t <= high for low, t, high in zip(curve.ci_lower, truth, curve.ci_upper, strict=True))
    # binomial 99.9 % band of .95 over 200
    assert 0.89 <= held / 200 <= 0.995


def test_units_and_refusals(make_moments: Callable[..., Moments], rng: np.random.Generator) -> None:
    found = means(make_moments, steps(rng))
    money = Measure("money", "CNY", "assigned", 90)
    curve = estimate_curve(
        found, outcomes=WEEKS, days=(7, 14, 21), contrast=ARM, reading=Reading(money), rng=np.random.default_rng(1)
    )
    assert (curve.name, curve.arm, curve.y_measure, curve.x_measure.kind) == ("cumulative_margin", "a1", money, "days")
    with pytest.raises(EstimationError, match="3 steps for 2 days"):
        estimate_curve(found, outcomes=WEEKS, days=(7, 14), contrast=ARM, rng=rng)
    with pytest.raises(EstimationError, match="arm 'x' is not among the arms measured"):
        estimate_curve(found, outcomes=WEEKS, days=(7, 14, 21), contrast=Contrast("x", "a0"), rng=rng)
