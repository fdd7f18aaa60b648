from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.clv.histories import simulate
from uplift.clv.dropout import Dropout
from uplift.clv.orders import Span, expect_orders

if TYPE_CHECKING:
    from numpy.typing import NDArray

CDNOW = Dropout(0.243, 4.414, 0.793, 2.426, 0)
YEAR = Span(90, 365, np.log(1.1) / 365)
COUNT = Span(0, 39, 0)
MODELS = (
    Dropout(0.25, 31, 0.8, 2.4, 0),
    Dropout(0.5, 43, 0.9, 1.6, 1),
    Dropout(1.4, 26, 0.07, 37, 0),
    Dropout(1.5, 300, 0.05, 0.1, 0),
    Dropout(0.3, 1, 5, 20, 1),
    Dropout(5, 100, 1e4, 1e5, 0),
)


def grid() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    x = np.array([0, 1, 3, 20, 150, 600.0])
    age = np.array([0, 30, 60, 400, 700, 1000.0])
    return np.repeat(x, len(age)), np.tile(age, len(x))


def by_brute_force(model: Dropout, x: float, age: float, span: Span) -> float:
    """Integrate over 40,001 logits of the chance and 240 times, by no shortcut."""
    shape, stay, rate = model.r + x, model.b + x + model.extra, model.alpha + age
    y = np.linspace(-max(60 / model.a, 60), max(60 / stay, 60), 40_001)
    log_weight = -model.a * np.logaddexp(0, -y) - stay * np.logaddexp(0, y)
    kept = log_weight > log_weight.max() - 45
    chance, weight = np.exp(-np.logaddexp(0, -y[kept])), np.exp(log_weight[kept] - log_weight.max())
    node, part = np.polynomial.legendre.leggauss(60)
    total = 0.0
    for low, high in zip(
        *(np.linspace(span.start, span.end, 5)[rows] for rows in (slice(-1), slice(1, None))), strict=True
    ):
        for u, w in zip((low + high) / 2 + (high - low) / 2 * node, part * (high - low) / 2, strict=True):
            pace = np.sum(weight * np.exp(-(shape + 1) * np.log1p(chance * u / rate))) / weight.sum()
            total += w * np.exp(-span.discount * u) * shape / rate * pace
    return float(total)


@pytest.mark.parametrize("model", MODELS)
def test_quadrature_and_interpolation_agree_with_a_fine_grid(model: Dropout) -> None:
    x, age = grid()
    got = expect_orders(model, x, age, span=YEAR)[0]
    some = [0, 5, 8, 15, 22, 30, 35]
    want = [by_brute_force(model, x[i], age[i], YEAR) for i in some]
    np.testing.assert_allclose(got[some], want, rtol=1e-7, atol=1e-15)


def test_the_published_closed_form() -> None:
    # Fader, Hardie and Lee (2005), equation 10, given that the customer is alive
    from scipy.special import hyp2f1

    x, age = grid()
    few = (x <= 20) & (age > 0)
    x, age, m = x[few], age[few], CDNOW
    s = m.a + m.b + x - 1
    inner = hyp2f1(m.r + x, m.b + x, s, 39 / (m.alpha + age + 39))
    want = s / (m.a - 1) * (1 - ((m.alpha + age) / (m.alpha + age + 39)) ** (m.r + x) * inner)
    np.testing.assert_allclose(expect_orders(m, x, age, span=COUNT)[0], want, rtol=1e-8)


def test_the_published_sales_of_new_customers() -> None:
    # Hardie's spreadsheet of the CDNOW data, E[X(t)], t in weeks, at the maximum of the likelihood; its 1.8576 for 78
    # weeks is of a cut series: the hypergeometric function to 40 digits gives 1.857973
    best = Dropout(0.242593, 4.413532, 0.792886, 2.425754, 0)
    times = (0.1429, 1.0, 3.0, 31.8571, 32.0, 78.0)
    got = [expect_orders(best, np.zeros(1), np.zeros(1), span=Span(0, t, 0))[0, 0] for t in times]
    np.testing.assert_allclose(got, [0.0078, 0.0532, 0.1506, 1.0405, 1.0437, 1.857973], atol=5e-5)


def test_nothing_happens_at_a_of_one() -> None:
    x, age = np.array([0.0, 2, 9]), np.array([10.0, 30, 38])
    at, around = (
        [expect_orders(Dropout(0.243, 4.414, a, 2.426, 0), x, age, span=COUNT)[0] for a in parameters]
        for parameters in ((1.0,), (1 - 1e-6, 1 + 1e-6))
    )
    np.testing.assert_allclose(at[0], (around[0] + around[1]) / 2, rtol=1e-10)


@pytest.mark.parametrize("model", MODELS)
def test_slopes_are_those_of_finite_differences(model: Dropout) -> None:
    x, age = grid()
    slopes = expect_orders(model, x, age, span=YEAR, gradient=True)
    at = np.array([model.r, model.alpha, model.a, model.b])
    for j in range(4):
        values = []
        for sign in (1, -1):
            r, alpha, a, b = (at * np.exp(sign * 1e-4 * np.eye(4)[j])).tolist()
            values.append(expect_orders(Dropout(r, alpha, a, b, model.extra), x, age, span=YEAR)[0])
        # against the size of the value, and 1e-8 of it for the rounding of the difference
        np.testing.assert_allclose(
            slopes[1 + j] / slopes[0], (values[0] - values[1]) / 2e-4 / slopes[0], rtol=1e-4, atol=3e-5
        )


def test_spans_add_up_and_discount_falls() -> None:
    x, age = grid()

    def orders(start: float, end: float, rate: float) -> NDArray[np.float64]:
        return np.asarray(expect_orders(MODELS[0], x, age, span=Span(start, end, rate))[0])

    np.testing.assert_allclose(orders(0, 90, 3e-4) + orders(90, 365, 3e-4), orders(0, 365, 3e-4), rtol=1e-9)
    assert (orders(90, 365, 3e-4) < orders(90, 365, 0) * np.exp(-90 * 3e-4)).all()
    assert (orders(90, 365, 3e-4) > orders(90, 365, 0) * np.exp(-365 * 3e-4)).all()
    np.testing.assert_allclose(orders(50, 50, 3e-4), 0)


def test_nobody_is_no_order() -> None:
    assert expect_orders(CDNOW, np.zeros(0), np.zeros(0), span=COUNT, gradient=True).shape == (5, 0)


@pytest.mark.parametrize("extra", [0, 1])
def test_simulated_customers_order_as_expected(extra: int, rng: np.random.Generator) -> None:
    model = Dropout(0.6, 20, 0.8, 2.4, extra)
    found = simulate(model, rng.uniform(0, 200, 200_000), rng=rng, horizon=60)
    want = expect_orders(model, found.frequency, found.age, span=Span(0, 60, 0))[0]
    for x in (0, 1, 4):
        rows = found.alive & (found.frequency == x)
        error = found.later[rows] - want[rows]
        assert abs(error.mean()) < 3.3 * error.std() / np.sqrt(rows.sum())
