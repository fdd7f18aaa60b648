from __future__ import annotations

import numpy as np
import pytest

from uplift.stats.least_squares import fit_least_squares, independent_columns


def data(n: int = 60, seed: int = 8) -> tuple[list[np.ndarray], np.ndarray]:
    rng = np.random.default_rng(seed)
    x = rng.normal(5, 2, (n, 2))
    return [np.ones(n), x[:, 0], x[:, 1]], 1 + x @ [2.0, -1] + rng.normal(0, 1 + abs(x[:, 0]), n)


def test_a_line_by_hand() -> None:
    # x = 0, 1, 2 and y = 1, 3, 8: slope 7/2, intercept 1/2; errors 1/2, -1, 1/2
    fit = fit_least_squares([np.ones(3), np.arange(3.0)], np.array([1.0, 3, 8]))
    np.testing.assert_allclose(fit.coefficients, [0.5, 3.5])
    np.testing.assert_allclose(fit.residuals, [0.5, -1, 0.5])
    # slope: n / df = 3, squared errors at x - 1 = -1 and 1 are 1/4 each, over 2^2
    assert fit.covariance[1, 1] == pytest.approx(0.375)
    # leverages are 5/6, 1/3, 5/6, so 1/4 becomes 6/4
    two = fit_least_squares([np.ones(3), np.arange(3.0)], np.array([1.0, 3, 8]), robust="hc2")
    assert two.covariance[1, 1] == pytest.approx(0.75)
    assert fit.df == 1


@pytest.mark.parametrize("robust", ["hc1", "hc2"])
def test_agrees_with_statsmodels(robust: str) -> None:
    import statsmodels.api as sm

    design, y = data()
    fit = fit_least_squares(design, y, robust="hc2" if robust == "hc2" else "hc1")
    want = sm.OLS(y, np.column_stack(design)).fit(cov_type=robust.upper())
    np.testing.assert_allclose(fit.coefficients, want.params, rtol=1e-9)
    np.testing.assert_allclose(fit.covariance, want.cov_params(), rtol=1e-8)


def test_a_unit_that_the_fit_must_meet_adds_no_error() -> None:
    alone = np.array([0.0, 0, 0, 1])
    fit = fit_least_squares([np.ones(4), alone], np.array([1.0, 2, 3, 9]), robust="hc2")
    # mean 2 of the three others: sum(e^2) / (1 - 1/3) / 3^2 = 2 / (2/3) / 9 = 1/3
    np.testing.assert_allclose(fit.coefficients, [2, 7])
    np.testing.assert_allclose(fit.covariance, [[1 / 3, -1 / 3], [-1 / 3, 1 / 3]], atol=1e-12)


def test_what_is_determined_is_left_out() -> None:
    design, _ = data()
    wide = np.column_stack([design[1], design[0], design[2], design[1] - 3 * design[2], np.zeros(60)])
    assert independent_columns(wide) == [0, 2]
