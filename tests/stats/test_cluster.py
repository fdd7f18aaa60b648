"""Clusters are rows that are summed first: means are ratios and errors are between clusters."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import statsmodels.api as sm

from uplift.stats.adjust import adjust_means
from uplift.stats.moments import Moments

Maker = Callable[..., Moments]


def test_ratio_mean_by_hand(make_moments: Maker) -> None:
    """Sizes 1, 3 and totals 2, 10: mean 12/4 = 3; residuals 2 - 3 = -1 and 10 - 9 = 1.

    Their variance is 2 on one degree, so V = 2 / 2 / (mean size 2)² = 1/4.
    """
    means = adjust_means(make_moments({"y": [2, 10, 1, 1]}, [0, 0, 1, 1], size=[1, 3, 1, 1]))
    assert means.mean[0, 0, 0] == 3.0
    assert means.covariance[0, 0, 0, 0, 0] == pytest.approx(0.25)
    assert (means.n.tolist(), means.size.tolist()) == ([[2, 2]], [[4.0, 2.0]])


def test_agrees_with_cluster_robust_regression(make_moments: Maker, rng: np.random.Generator) -> None:
    """Statsmodels' sandwich of unit rows, without its G/(G-1) factor, times n/(n-1) of each arm."""
    size = rng.integers(1, 9, 120)
    arm = np.repeat([0, 1], [50, 70])
    cluster = np.repeat(np.arange(120), size)
    y = rng.integers(0, 40, len(cluster)) + np.repeat(rng.integers(0, 30, 120), size) + 5 * arm[cluster]
    means = adjust_means(make_moments({"y": np.bincount(cluster, y)}, arm, size=size))
    for k in (0, 1):
        rows = arm[cluster] == k
        fit = sm.OLS(y[rows], np.ones(rows.sum())).fit(
            cov_type="cluster", cov_kwds={"groups": cluster[rows], "use_correction": False}
        )
        n = int((arm == k).sum())
        assert means.mean[0, k, 0] == pytest.approx(float(fit.params[0]))
        assert means.covariance[0, k, 0, k, 0] == pytest.approx(float(fit.bse[0]) ** 2 * n / (n - 1))


def test_clusters_of_one_are_units(make_moments: Maker, rng: np.random.Generator) -> None:
    y, x, arm = rng.integers(0, 99, 80), rng.integers(0, 9, 80), rng.integers(0, 2, 80)
    units = adjust_means(make_moments({"y": y}, arm, covariates={"x": x}))
    clusters = adjust_means(make_moments({"y": y}, arm, covariates={"x": x}, size=np.ones(80)))
    assert clusters.mean.tolist() == units.mean.tolist()
    assert clusters.covariance.tolist() == units.covariance.tolist()


def test_equal_clusters_are_means_of_clusters(make_moments: Maker, rng: np.random.Generator) -> None:
    """Totals of clusters of 4 give a quarter of the mean of totals and a sixteenth of its variance."""
    y, x, arm = rng.integers(0, 99, 90), rng.integers(0, 9, 90), rng.integers(0, 2, 90)
    plain = adjust_means(make_moments({"y": y}, arm, covariates={"x": x}))
    four = adjust_means(make_moments({"y": y}, arm, covariates={"x": x}, size=np.full(90, 4)))
    assert four.mean == pytest.approx(plain.mean / 4)
    assert four.covariance == pytest.approx(plain.covariance / 16)


def test_cluster_errors_cover_where_unit_errors_do_not(make_moments: Maker, rng: np.random.Generator) -> None:
    """Households of 1 to 6 with a common part: ignoring them covers far below 95 %."""
    inside: list[bool] = []
    naive: list[bool] = []
    for _ in range(300):
        size, arm = rng.integers(1, 7, 160), rng.permutation(np.repeat([0, 1], 80))
        home = np.repeat(np.arange(160), size)
        y = np.rint(10 * (rng.normal(size=160)[home] + rng.normal(size=len(home))))
        both = [
            adjust_means(make_moments({"y": np.bincount(home, y, 160)}, arm, size=size)),
            adjust_means(make_moments({"y": y}, arm[home])),
        ]
        for means, kept in zip(both, (inside, naive), strict=True):
            gap = means.mean[0, 1, 0] - means.mean[0, 0, 0]
            error = np.sqrt(np.einsum("aa->", means.covariance[0, :, 0, :, 0]))
            kept.append(abs(gap) <= 1.9753 * error)
    assert abs(np.mean(inside) - 0.95) <= 3.3 * np.sqrt(0.05 * 0.95 / 300)
    assert np.mean(naive) < 0.85
