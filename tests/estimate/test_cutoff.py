from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from uplift.errors import EstimationError
from uplift.estimate.cutoff import check_density, estimate_cutoff
from uplift.estimate.itt import Reading
from uplift.results.catalogue import message

if TYPE_CHECKING:
    from numpy.typing import NDArray


def make_rule(rng: np.random.Generator, n: int, effect: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return orders in 30 days (0 to 15) and later spend, which bends with orders; 5 or more are treated."""
    orders = rng.integers(0, 16, n).astype(np.float64)
    spend = 10 * orders + 0.5 * orders**2 + effect * (orders >= 5) + rng.normal(0, 15, n)
    return orders, spend


def test_by_hand() -> None:
    """Values -2 and -1 below, 0 and 1 above, bandwidth 3: two values make a line, whatever its weights.

    At the threshold: mean at 0 minus (2 x mean at -1 - mean at -2) = 10 - (2 x 4 - 3) = 5. A curvature of 2 biases the
    line below by |2 x 1 - 1 x 4| / 2 x 2 = 2; above the value itself is taken.
    """
    x = np.repeat([-2.0, -1.0, 0.0, 1.0], 2) + 7.0
    y = np.array([2.0, 4, 3, 5, 9, 11, 20, 22])
    found = estimate_cutoff(x, y, threshold=7.0, curvature=2.0, bandwidth=3.0)
    (effect,) = found.effects
    assert effect.estimate == pytest.approx(5.0)
    assert found.bias == pytest.approx(2.0)
    assert (found.n_above, found.n_below, effect.evidence, effect.estimator) == (4, 4, "C", "cutoff")
    # Weights per unit: 1/2 at 0, 1 at -1, -1/2 at -2; residuals of 1 with pulls of 1/2: 2 x (1/4 + 1 + 1/4) x 2 = 6.
    assert effect.std_error**2 == pytest.approx(6.0)
    assert effect.ci_upper - effect.estimate > 2.0 + 1.64 * np.sqrt(6.0)


def test_without_curvature_the_interval_is_the_normal_one() -> None:
    x, y = make_rule(np.random.default_rng(1), 400, 0.0)
    (effect,) = estimate_cutoff(x, y, threshold=5, curvature=0.0, bandwidth=4.0).effects
    assert effect.ci_upper - effect.estimate == pytest.approx(1.959964 * effect.std_error, rel=1e-5)


def test_more_curvature_is_less_width_and_more_doubt() -> None:
    x, y = make_rule(np.random.default_rng(1), 2000, 0.0)
    smooth, rough = (estimate_cutoff(x, y, threshold=5, curvature=bound) for bound in (0.1, 10.0))
    assert smooth.bandwidth > rough.bandwidth
    assert (
        smooth.effects[0].ci_upper - smooth.effects[0].ci_lower < rough.effects[0].ci_upper - rough.effects[0].ci_lower
    )


def test_scale_and_order() -> None:
    x, y = make_rule(np.random.default_rng(2), 500, 8.0)
    turn = np.random.default_rng(3).permutation(500)
    plain, turned = estimate_cutoff(x, y, threshold=5), estimate_cutoff(x[turn], y[turn], threshold=5)
    assert turned.effects[0] == plain.effects[0]
    scaled = estimate_cutoff(10 * x, 100 * y, threshold=50)
    assert scaled.bandwidth == pytest.approx(10 * plain.bandwidth)
    assert scaled.curvature == pytest.approx(plain.curvature)
    assert scaled.effects[0].ci_lower == pytest.approx(100 * plain.effects[0].ci_lower)
    assert scaled.effects[0].p_value == pytest.approx(plain.effects[0].p_value)


def coverage(worlds: int, effect: float) -> float:
    rng = np.random.default_rng(5)
    found = [estimate_cutoff(*make_rule(rng, 600, effect), threshold=5).effects[0] for _ in range(worlds)]
    return float(np.mean([one.ci_lower <= effect <= one.ci_upper for one in found]))


def test_covers_with_a_discrete_rule_briefly() -> None:
    assert coverage(60, 8.0) >= 0.95 - 3.3 * np.sqrt(0.95 * 0.05 / 60)


@pytest.mark.slow
@pytest.mark.parametrize("effect", [0.0, 8.0])
def test_covers_with_a_discrete_rule(effect: float) -> None:
    assert coverage(500, effect) >= 0.93


def test_a_large_effect_is_found() -> None:
    x, y = make_rule(np.random.default_rng(6), 4000, 30.0)
    (effect,) = estimate_cutoff(x, y, threshold=5, reading=Reading(confidence_level=0.9)).effects
    assert effect.ci_lower > 10
    assert effect.p_value < 0.001


@pytest.mark.parametrize("whole", [True, False])
def test_density_sees_customers_who_moved_up(whole: bool) -> None:  # noqa: FBT001
    rng = np.random.default_rng(7)
    x = rng.normal(30, 8, 6000)
    x = np.rint(x) if whole else x
    assert check_density(x, threshold=26).status == "pass"
    near = (x < 26) & (x >= 24) & (rng.random(6000) < 0.7)
    found = check_density(np.where(near, x + 2, x), threshold=26)
    assert found.status == "fail"
    assert float(str(found.facts["jump"])) > 0.5
    assert "jump" in message("check.cutoff.density.fail", found.facts, "en")
    assert message("check.cutoff.density.fail", found.facts, "zh")


def test_impossible_input() -> None:
    x, y = make_rule(np.random.default_rng(1), 60, 0.0)
    with pytest.raises(EstimationError, match=r"running has the shape \(60,\) and outcome \(59,\)"):
        estimate_cutoff(x, y[1:], threshold=5)
    with pytest.raises(EstimationError, match="1 units have no running variable or outcome"):
        estimate_cutoff(x, np.append(y[1:], np.nan), threshold=5)
    with pytest.raises(EstimationError, match="0 distinct values at or above the threshold 99"):
        estimate_cutoff(x, y, threshold=99)
    with pytest.raises(EstimationError, match="too few to guess a curvature"):
        estimate_cutoff(x, y, threshold=2)
    with pytest.raises(EstimationError, match=r"curvature == -1\.0 must be a number from 0 on"):
        estimate_cutoff(x, y, threshold=5, curvature=-1.0)
    with pytest.raises(EstimationError, match=r"bandwidth == 0.5 leaves fewer than two"):
        estimate_cutoff(x, y, threshold=5, curvature=1.0, bandwidth=0.5)
    with pytest.raises(EstimationError, match="does not vary near the threshold"):
        estimate_cutoff(x, 0 * y, threshold=5)
