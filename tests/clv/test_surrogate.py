from __future__ import annotations

import numpy as np
import pytest

from uplift.clv import SurrogateModel, fit_surrogate
from uplift.errors import EstimationError
from uplift.results.codec import decode, encode

NAMES = ("organic_orders", "couponed_orders", "organic_margin")


def cohort(n: int = 400, seed: int = 3) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    x = np.column_stack([rng.poisson(3, n), rng.poisson(1, n), rng.gamma(2, 20, n)]).astype(float)
    return x, 5 + x @ [2.0, 0.5, 0.3] + rng.normal(0, 1 + x[:, 0], n)


def test_a_line_by_hand() -> None:
    # x = 0, 1, 2 and y = 1, 3, 8: slope 7/2, intercept 4 - 7/2 = 1/2; errors 1/2, -1, 1/2
    model = fit_surrogate(np.array([[0.0], [1], [2]]), np.array([1.0, 3, 8]), names=("orders",))
    np.testing.assert_allclose(model.coefficients, [0.5, 3.5])
    # HC1 slope: 3/1 * sum(e^2 (x - 1)^2) / 2^2 = 3 * (1/4 + 1/4) / 4 = .375
    assert model.covariance[1][1] == pytest.approx(0.375)
    assert (model.df, model.n_units) == (1, 3)
    # 1 - 1.5 / 26
    assert model.r_squared == pytest.approx(1 - 1.5 / 26)
    np.testing.assert_allclose(model.predict({"orders": np.array([3.0, 0])}), [11, 0.5])


def test_agrees_with_statsmodels() -> None:
    import statsmodels.api as sm

    x, y = cohort()
    model = fit_surrogate(x, y, names=NAMES)
    want = sm.OLS(y, sm.add_constant(x)).fit(cov_type="HC1")
    np.testing.assert_allclose(model.coefficients, want.params, rtol=1e-9)
    np.testing.assert_allclose(model.covariance, want.cov_params(), rtol=1e-8)
    assert model.r_squared == pytest.approx(want.rsquared)
    np.testing.assert_allclose(model.predict(dict(zip(NAMES, x.T, strict=True))), want.fittedvalues, rtol=1e-9)


def test_loadings_are_the_covariance() -> None:
    model = fit_surrogate(*cohort(), names=NAMES)
    rows = model.loadings()
    np.testing.assert_allclose(rows.T @ rows, model.covariance, rtol=1e-9, atol=1e-12)


def test_constant_and_determined_features_are_dropped_by_x_alone() -> None:
    x, y = cohort()
    wide = np.column_stack([x[:, 0], np.zeros(len(x)), x[:, 1], x[:, 0] + 2 * x[:, 1], x[:, 2], np.full(len(x), 7.0)])
    model = fit_surrogate(wide, y, names=("a", "none", "b", "a+2b", "c", "seven"))
    assert model.features == ("a", "b", "c")
    assert model.dropped == ("none", "a+2b", "seven")
    np.testing.assert_allclose(model.coefficients, fit_surrogate(x, y, names=NAMES).coefficients, rtol=1e-8)


def test_money_scales_with_the_currency() -> None:
    x, y = cohort()
    one, cents = fit_surrogate(x, y, names=NAMES), fit_surrogate(x, 100 * y, names=NAMES)
    np.testing.assert_allclose(cents.coefficients, 100 * np.array(one.coefficients))
    np.testing.assert_allclose(cents.covariance, 1e4 * np.array(one.covariance))
    assert cents.r_squared == pytest.approx(one.r_squared)


def test_the_interval_of_a_contrast_covers() -> None:
    contrast = np.array([0, 1.0, 0.5, 10])
    truth = 2.0 + 0.25 + 3.0
    covered = 0
    for seed in range(300):
        x, y = cohort(seed=seed)
        model = fit_surrogate(x, y, names=NAMES)
        error = np.sqrt(contrast @ np.array(model.covariance) @ contrast)
        covered += abs(contrast @ model.coefficients - truth) <= 1.96 * error
    # binomial 99.9 % band of .95 over 300
    assert 0.90 <= covered / 300 <= 0.99


def test_without_spread_nothing_is_explained() -> None:
    model = fit_surrogate(np.arange(5.0)[:, None], np.full(5, 3.0), names=("orders",))
    assert model.r_squared == 0
    np.testing.assert_allclose(model.coefficients, [3, 0], atol=1e-12)


def test_the_index_knows_what_its_cohort_was_like() -> None:
    x = np.column_stack([np.arange(2001.0), np.zeros(2001), np.arange(2001.0) % 2])
    model = fit_surrogate(x, x[:, 0], names=("orders", "none", "odd"))
    assert model.features == ("orders", "odd")
    # 2,001 units: a thousandth is the third from either end
    assert (model.lowest[0], model.highest[0]) == (2.0, 1998.0)
    assert model.means == pytest.approx((1000.0, 1000 / 2001))
    assert model.deviations[0] == pytest.approx(np.sqrt((2001**2 - 1) / 12))


def test_it_goes_to_json_and_back() -> None:
    x, y = cohort()
    model = fit_surrogate(x, y, names=NAMES, cohort_start="2025-03-02T00:00:00", cohort_end="2026-03-02T00:00:00")
    assert decode(SurrogateModel, encode(model)) == model


def test_refusals() -> None:
    with pytest.raises(EstimationError, match="16 surrogates, at most 15"):
        fit_surrogate(np.ones((19, 16)), np.ones(19), names="abcdefghijklmnop")
    with pytest.raises(EstimationError, match="2 units for 2 coefficients"):
        fit_surrogate(np.array([[0.0], [1]]), np.ones(2), names=("orders",))
