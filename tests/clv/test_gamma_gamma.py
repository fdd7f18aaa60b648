from __future__ import annotations

from math import lgamma, log
from typing import TYPE_CHECKING

import numpy as np
import pytest

from uplift.clv import GammaGamma
from uplift.clv.cells import make_spend_cells
from uplift.clv.gamma_gamma import evaluate_spend
from uplift.errors import EstimationError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tests.clv.histories import Summary


@pytest.fixture(scope="module")
def fitted(cdnow: Summary) -> GammaGamma:
    return GammaGamma().fit(cdnow.frequency, cdnow.value)


def simulate_values(x: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
    rate = rng.gamma(4.0, 1 / 15.0, len(x))
    values: NDArray[np.float64] = np.where(x > 0, rng.gamma(6.0 * np.maximum(x, 1)) / np.maximum(x, 1) / rate, 0)
    return values


def test_cdnow_to_the_printed_digits(fitted: GammaGamma) -> None:
    # Fader and Hardie (2013): p 6.25, q 3.74, v 15.44
    np.testing.assert_allclose([fitted.p_, fitted.q_, fitted.v_], [6.2488, 3.74459, 15.44774], atol=1e-5)
    assert fitted.log_likelihood_ == pytest.approx(-4055.923, abs=5e-4)
    model = fitted.parameters_
    assert model.n_units == 946
    assert model.correlation == pytest.approx(0.11388, abs=5e-6)
    assert model.population_mean == pytest.approx(35.171, abs=5e-4)
    assert model.positive_share == 1


def test_one_customer_by_hand() -> None:
    # x = 2, mean 5, p = 3, q = 4, v = 10: G(10) / (G(6) G(4)) 10^4 2^6 5^5 / 20^10
    want = lgamma(10) - lgamma(6) - lgamma(4) + 4 * log(10) + 6 * log(2) + 5 * log(5) - 10 * log(20)
    assert evaluate_spend(np.array([3.0, 4, 10]), make_spend_cells([2], [5])).value == pytest.approx(want)


def test_the_density_of_a_mean_sums_to_one() -> None:
    z = np.exp(np.linspace(-12, 14, 801))
    density = [np.exp(evaluate_spend(np.array([3.0, 4, 10]), make_spend_cells([2], [value])).value) for value in z]
    assert np.trapezoid(np.array(density) * z, np.log(z)) == pytest.approx(1, rel=1e-6)


def test_derivatives_are_those_of_finite_differences(rng: np.random.Generator) -> None:
    x = rng.integers(1, 9, 300).astype(float)
    cells, at = make_spend_cells(x, simulate_values(x, rng)), np.array([5.0, 3.5, 14])
    peak = evaluate_spend(at, cells)
    for j, size in enumerate(at * 1e-5):
        above, below = (evaluate_spend(at + sign * size * np.eye(3)[j], cells) for sign in (1, -1))
        assert (above.value - below.value) / (2 * size) == pytest.approx(peak.gradient[j], rel=1e-6, abs=1e-5)
        np.testing.assert_allclose(
            (above.gradient - below.gradient) / (2 * size), peak.hessian[j], rtol=1e-5, atol=1e-6
        )


def test_expected_value_shrinks_to_the_population(fitted: GammaGamma) -> None:
    model = fitted.parameters_
    # p (v + x m) / (p x + q - 1) at x = 1, m = 50, lies between 35.17 and 50
    want = 6.2488 * (15.44774 + 50) / (6.2488 + 2.74459)
    got = model.expected_value([0, 1, 100_000, 2, 3], [0, 50, 50, 0, -4])
    np.testing.assert_allclose(got[:2], [model.population_mean, want], rtol=1e-5)
    assert got[2] == pytest.approx(50, rel=1e-4)
    # a customer whose mean is not positive is taken for an average one
    np.testing.assert_allclose(got[3:], model.population_mean)


def test_slopes_of_the_expected_value(fitted: GammaGamma) -> None:
    from dataclasses import replace

    model, x, z = fitted.parameters_, [0, 1, 7, 2], [0, 50, 20, -1]
    slopes = model.value_slopes(x, z)
    for j, name in enumerate(("p", "q", "v")):
        up, down = (replace(model, **{name: getattr(model, name) * np.exp(sign * 1e-6)}) for sign in (1, -1))
        np.testing.assert_allclose(
            slopes[j], (up.expected_value(x, z) - down.expected_value(x, z)) / 2e-6, rtol=1e-6, atol=1e-7
        )


def test_known_spend_is_recovered_and_covered(rng: np.random.Generator) -> None:
    inside = np.zeros(3)
    for _ in range(60):
        x = rng.integers(0, 9, 2500).astype(float)
        model = GammaGamma().fit(x, simulate_values(x, rng))
        error = np.log([model.p_ / 6, model.q_ / 4, model.v_ / 15])
        inside += np.abs(error) <= 1.96 * np.sqrt(np.diag(model.parameters_.covariance))
        assert abs(model.parameters_.correlation) < 0.1
    # binomial 99.9 % band of .95 over 60, for three parameters: at least 50
    assert (inside >= 50).all()


def test_money_scales_weights_copy_and_order_does_not_show(cdnow: Summary, rng: np.random.Generator) -> None:
    model = GammaGamma().fit(cdnow.frequency, cdnow.value)
    cents = GammaGamma().fit(cdnow.frequency, 100 * cdnow.value)
    np.testing.assert_allclose([cents.p_, cents.q_, cents.v_], [model.p_, model.q_, 100 * model.v_], rtol=1e-6)
    assert cents.log_likelihood_ == pytest.approx(model.log_likelihood_ - 946 * np.log(100), rel=1e-12)
    copies = rng.integers(0, 4, len(cdnow.value))
    rows = rng.permutation(np.repeat(np.arange(len(copies)), copies))
    weighted = GammaGamma().fit(cdnow.frequency, cdnow.value, weights=copies).parameters_
    assert GammaGamma().fit(cdnow.frequency[rows], cdnow.value[rows]).parameters_ == weighted


def test_values_that_are_not_positive_are_left_out_and_counted(cdnow: Summary) -> None:
    x, z = np.append(cdnow.frequency, [2, 3, 0]), np.append(cdnow.value, [0, -12, 9])
    model = GammaGamma().fit(x, z).parameters_
    assert model.positive_share == pytest.approx(946 / 948)
    assert (model.n_units, model.p) == (946, GammaGamma().fit(cdnow.frequency, cdnow.value).p_)


def test_refusals(rng: np.random.Generator) -> None:
    with pytest.raises(EstimationError, match="9 customers have a repeat order and a positive mean value, at least 10"):
        GammaGamma().fit(np.full(12, 1), [*range(1, 10), -1, -2, 0])
    with pytest.raises(EstimationError, match="Gamma-Gamma: the likelihood"):
        GammaGamma().fit(np.full(50, 3), np.full(50, 8.0))
    heavy = rng.gamma(1.0, size=4000) / rng.gamma(0.6, size=4000)
    with pytest.raises(EstimationError, match="must exceed 1 for a finite mean"):
        GammaGamma().fit(np.full(4000, 1) + rng.integers(0, 3, 4000), heavy)
