from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import pytest

from uplift.errors import EstimationError
from uplift.stats.adjust import adjust_means
from uplift.stats.cells import CellMeans, Estimates, evaluate
from uplift.stats.moments import Moments

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tests.stats.conftest import Trial

Maker = Callable[..., Moments]


def contrast(means: CellMeans, arm: int = 1) -> Estimates:
    """Return the stratum-weighted difference of an arm to the control for every outcome."""
    outcomes = len(means.outcomes)
    weights = np.zeros((outcomes, *means.mean.shape))
    for m in range(outcomes):
        weights[m, :, arm, m], weights[m, :, 0, m] = means.weight, -means.weight
    return evaluate(means, weights)


def test_nsw_difference_is_neyman(nsw: Trial) -> None:
    """Plain means of this file give 1794.3424 (670.9965); METHODS 6.4 has 1794.3431 (670.9967), cause not known."""
    means = adjust_means(nsw.bare)
    found = contrast(means)
    treated, control = nsw.y[nsw.arm == 1], nsw.y[nsw.arm == 0]
    neyman = treated.var(ddof=1) / len(treated) + control.var(ddof=1) / len(control)
    assert found.value[0] == pytest.approx(treated.mean() - control.mean(), abs=1e-4)
    assert found.std_error[0] == pytest.approx(np.sqrt(neyman), abs=1e-4)
    assert found.value[0] == pytest.approx(1794.3431, abs=1e-3)
    assert found.std_error[0] == pytest.approx(670.9967, abs=1e-3)
    assert means.slopes == ("none",)
    assert means.n.tolist() == [[260, 185]]


def test_nsw_with_eight_covariates(nsw: Trial) -> None:
    """Lin's estimate; the cell standard error and, projected, the population's."""
    sample = contrast(adjust_means(nsw.adjusted))
    assert sample.value[0] == pytest.approx(1621.5831, abs=5e-4)
    assert sample.std_error[0] == pytest.approx(684.2141, abs=5e-4)
    population = contrast(adjust_means(nsw.adjusted, target="population"))
    assert population.value[0] == sample.value[0]
    assert population.std_error[0] == pytest.approx(687.6547, abs=5e-4)


def test_two_units_an_arm_by_hand(make_moments: Maker) -> None:
    """Control 1, 3 and treated 2, 6: means 2 and 4, variances 2/2 = 1 and 8/2 = 4, one degree each."""
    means = adjust_means(make_moments({"y": [1, 3, 2, 6]}, [0, 0, 1, 1]))
    assert means.mean[0, :, 0].tolist() == means.raw_mean[0, :, 0].tolist() == [2.0, 4.0]
    assert means.covariance[0, [0, 1], 0, [0, 1], 0].tolist() == [1.0, 4.0]
    assert means.df.tolist() == [[1.0, 1.0]]
    assert contrast(means).std_error[0] == pytest.approx(np.sqrt(5.0))


def _by_regression(y: NDArray[np.float64], x: NDArray[np.float64], centre: NDArray[np.float64]) -> tuple[float, float]:
    """Return prediction at ``centre`` and its variance from ordinary least squares of one cell."""
    design = np.column_stack([np.ones(len(y)), x])
    beta, *_ = np.linalg.lstsq(design, y, rcond=None)
    residual = y - design @ beta
    s2 = residual @ residual / (len(y) - np.linalg.matrix_rank(design))
    at = np.concatenate([[1.0], centre])
    return float(at @ beta), float(s2 * (at @ np.linalg.pinv(design.T @ design) @ at))


def test_full_slopes_are_a_regression_in_each_cell(make_moments: Maker, rng: np.random.Generator) -> None:
    """The variance s² (1/n + d' Sxx⁻¹ d) is that of the regression's prediction at the stratum mean."""
    stratum, arm = np.repeat([0, 1], 150), rng.integers(0, 3, 300)
    x = rng.integers(0, 50, (300, 2)).astype(float)
    y = np.rint(10 * stratum + x @ [1.0, 0.5] * (1 + arm) + rng.normal(0, 5, 300))
    means = adjust_means(
        make_moments({"y": y}, arm, stratum=stratum, covariates={"a": x[:, 0], "b": x[:, 1]}), outcomes=("y",)
    )
    assert means.slopes == ("cell", "cell")
    assert means.covariates == ("a", "b")
    for s in (0, 1):
        centre = x[stratum == s].mean(axis=0)
        for k in (0, 1, 2):
            rows = (stratum == s) & (arm == k)
            mean, variance = _by_regression(y[rows], x[rows], centre)
            assert means.mean[s, k, 0] == pytest.approx(mean)
            assert means.covariance[s, k, 0, k, 0] == pytest.approx(variance)
            assert means.df[s, k] == rows.sum() - 3
            assert means.raw_mean[s, k, 0] == pytest.approx(y[rows].mean())


def test_outcomes_share_their_covariance(make_moments: Maker, rng: np.random.Generator) -> None:
    """Var(y + 2 d) from the joint covariance equals that of the sum as its own outcome."""
    arm, x = rng.integers(0, 2, 200), rng.integers(0, 9, 200)
    y, d = x + rng.integers(0, 30, 200), 2 * x + rng.integers(0, 30, 200)
    found = contrast(adjust_means(make_moments({"y": y, "d": d, "sum": y + 2 * d}, arm, covariates={"x": x})))
    ones = np.array([1.0, 2.0, 0.0])
    assert ones @ found.value == pytest.approx(found.value[2])
    assert ones @ found.covariance @ ones == pytest.approx(found.covariance[2, 2])


@pytest.mark.parametrize(("smallest", "rung"), [(30, "cell"), (29, "common")])
def test_ladder_counts_the_smallest_arm(
    make_moments: Maker, rng: np.random.Generator, smallest: int, rung: str
) -> None:
    """Two covariates: slopes of their own need 10 (2 + 1) = 30 units in every arm of the stratum."""
    sizes = [(200, 200), (smallest, 200)]
    stratum = np.concatenate([np.full(sum(pair), s) for s, pair in enumerate(sizes)])
    arm = np.concatenate([np.repeat([0, 1], pair) for pair in sizes])
    x = rng.integers(0, 50, (len(arm), 2))
    y = x.sum(axis=1) + rng.integers(0, 20, len(arm))
    moments = make_moments({"y": y}, arm, stratum=stratum, covariates={"a": x[:, 0], "b": x[:, 1]})
    assert adjust_means(moments).slopes == ("cell", rung)


def test_ladder_never_looks_at_outcomes(make_moments: Maker, rng: np.random.Generator) -> None:
    stratum, arm = np.repeat([0, 1, 2], [40, 300, 60]), rng.integers(0, 2, 400)
    x = rng.integers(0, 50, 400)
    chosen = {
        adjust_means(make_moments({"y": y}, arm, stratum=stratum, covariates={"x": x})).slopes
        for y in (rng.integers(0, 9, 400), 3 * x, rng.integers(0, 2, 400) * 10_000)
    }
    assert len(chosen) == 1


def test_common_slopes_minimise_the_reported_variance(make_moments: Maker, rng: np.random.Generator) -> None:
    """th_k = [sum (w²/n) Sxx/(n-1)]⁻¹ [sum (w²/n) Sxy/(n-1)], residual variance on n - 1 degrees."""
    stratum = np.repeat(np.arange(4), [24, 36, 60, 80])
    arm = np.concatenate([np.repeat([0, 1], [n // 3, n - n // 3]) for n in (24, 36, 60, 80)])
    x = rng.integers(0, 40, 200).astype(float) + 10 * stratum
    y = np.rint(x * (1 + arm) + rng.normal(0, 6, 200))
    means = adjust_means(make_moments({"y": y}, arm, stratum=stratum, covariates={"x": x}))
    assert means.slopes == ("common", "common", "cell", "cell")
    share = np.array([24, 36, 60, 80]) / 200
    for k in (0, 1):
        cells = [(stratum == s) & (arm == k) for s in range(4)]
        xx = [np.cov(x[c]) * w**2 / c.sum() for c, w in zip(cells, share, strict=True)]
        xy = [np.cov(x[c], y[c])[0, 1] * w**2 / c.sum() for c, w in zip(cells, share, strict=True)]
        slope = sum(xy) / sum(xx)
        for s in (0, 1):
            rows = cells[s]
            assert means.mean[s, k, 0] == pytest.approx(
                y[rows].mean() - slope * (x[rows].mean() - x[stratum == s].mean())
            )
            residual = y[rows] - y[rows].mean() - slope * (x[rows] - x[rows].mean())
            assert means.df[s, k] == rows.sum() - 1
            assert means.covariance[s, k, 0, k, 0] == pytest.approx(residual @ residual / (rows.sum() - 1) / rows.sum())


def test_arms_too_small_for_any_slope_stay_raw(make_moments: Maker, rng: np.random.Generator) -> None:
    arm, x = np.repeat([0, 1], [19, 19]), rng.integers(0, 9, 38)
    means = adjust_means(make_moments({"y": x + rng.integers(0, 5, 38)}, arm, covariates={"x": x}))
    assert means.slopes == ("none",)
    assert means.mean.tolist() == means.raw_mean.tolist()


def test_repeated_and_constant_covariates_change_nothing(make_moments: Maker, rng: np.random.Generator) -> None:
    arm, x = rng.integers(0, 2, 300), rng.integers(0, 50, 300)
    y = 2 * x + rng.integers(0, 20, 300)
    one = adjust_means(make_moments({"y": y}, arm, covariates={"x": x}))
    more = {"x": x, "twice": 2 * x, "constant": np.full(300, 5)}
    three = adjust_means(make_moments({"y": y}, arm, covariates=more))
    assert three.mean == pytest.approx(one.mean)
    assert three.covariance == pytest.approx(one.covariance)
    assert three.df == pytest.approx(one.df)


def test_population_target_adds_the_sampled_covariates(make_moments: Maker, rng: np.random.Generator) -> None:
    """+ sum_s w_s² (th_1 - th_0)² S_x,s / N_s."""
    stratum, arm = np.repeat([0, 1], [120, 240]), rng.integers(0, 2, 360)
    x = rng.integers(0, 40, 360).astype(float)
    y = np.rint(x * (1 + 2 * arm) + rng.normal(0, 4, 360))
    moments = make_moments({"y": y}, arm, stratum=stratum, covariates={"x": x})
    sample, population = contrast(adjust_means(moments)), contrast(adjust_means(moments, target="population"))
    added = 0.0
    for s, share in ((0, 1 / 3), (1, 2 / 3)):
        slopes = [np.polyfit(x[rows], y[rows], 1)[0] for rows in ((stratum == s) & (arm == k) for k in (0, 1))]
        added += share**2 * (slopes[1] - slopes[0]) ** 2 * np.var(x[stratum == s], ddof=1) / (stratum == s).sum()
    assert population.covariance[0, 0] - sample.covariance[0, 0] == pytest.approx(added)


def test_folds_are_halves_of_the_same_data(make_moments: Maker, rng: np.random.Generator) -> None:
    arm, y, fold = rng.integers(0, 2, 400), rng.integers(0, 99, 400), rng.integers(0, 4, 400)
    moments = make_moments({"y": y}, arm, fold=fold)
    some = adjust_means(moments, folds=[1, 3])
    alone = adjust_means(make_moments({"y": y[fold % 2 == 1]}, arm[fold % 2 == 1]))
    assert some.mean.tolist() == alone.mean.tolist()
    assert some.covariance.tolist() == alone.covariance.tolist()


@pytest.mark.parametrize(
    ("arm", "message"),
    [
        ([0, 0, 1, 1, 0, 0], "stratum 's2' has units of one arm only .a0.; an effect needs two arms"),
        ([0, 0, 1, 1, 0, 1], "stratum 's2' has 1 unit of arm 'a0'; a variance needs at least 2"),
    ],
)
def test_thin_strata_are_refused(make_moments: Maker, arm: list[int], message: str) -> None:
    stratum = [0, 0, 0, 0, 2, 2]
    with pytest.raises(EstimationError, match=message):
        adjust_means(make_moments({"y": [1, 2, 3, 4, 5, 6]}, arm, stratum=stratum))
