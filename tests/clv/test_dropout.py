from __future__ import annotations

from math import log
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.clv.histories import simulate
from uplift.clv.cells import make_cells
from uplift.clv.dropout import Dropout, dropout_log_odds, evaluate_dropout, odds_slopes

if TYPE_CHECKING:
    from numpy.typing import NDArray

BG, MBG = Dropout(0.6, 20.0, 0.8, 2.4, 0), Dropout(0.6, 20.0, 0.8, 2.4, 1)


def one(model: Dropout, frequency: float, recency: float, age: float) -> float:
    return evaluate_dropout(model, make_cells([frequency], [recency], [age])).value


def moved(model: Dropout, place: NDArray[np.float64]) -> Dropout:
    r, alpha, a, b = place.tolist()
    return Dropout(r, alpha, a, b, model.extra)


def test_a_customer_by_hand() -> None:
    # x = 0 in BG/NBD: (alpha / (alpha + T))^r = (20 / 50)^.6
    assert one(BG, 0, 0, 30) == pytest.approx(0.6 * log(20 / 50))
    # x = 1: r alpha^r b / (a + b) [50^-1.6 + a / b 28^-1.6]
    want = log(0.6 * 20**0.6 * 2.4 / 3.2 * (50**-1.6 + 0.8 / 2.4 * 28**-1.6))
    assert one(BG, 1, 8, 30) == pytest.approx(want)
    # x = 0 in MBG/NBD: b / (a + b) (20 / 50)^.6 + a / (a + b)
    assert one(MBG, 0, 0, 30) == pytest.approx(log(0.75 * 0.4**0.6 + 0.25))


@pytest.mark.parametrize("model", [BG, MBG])
def test_the_likelihood_is_that_of_the_process(model: Dropout) -> None:
    # E over rate and chance of rate^x (1 - p)^k [exp(-rate T) + p / (1 - p) exp(-rate t_x)], k = x + extra chances
    from scipy.special import beta, gamma

    x, t, until = 2, 9.0, 30.0
    k = x + model.extra
    # rate = e^u and p = 1 / (1 + e^-y) on a fine grid of u and y, where both densities die at the ends
    u, y = np.linspace(-60, 3, 1600)[:, None], np.linspace(-60, 40, 1600)
    rate, p = np.exp(u), 1 / (1 + np.exp(-y))
    stay = 1 / (1 + np.exp(y))
    of_rate = (model.alpha * rate) ** model.r * np.exp(-model.alpha * rate) / gamma(model.r)
    of_chance = p**model.a * stay**model.b / beta(model.a, model.b)
    history = rate**x * stay ** (k - 1) * (stay * np.exp(-rate * until) + p * np.exp(-rate * t))
    want = np.sum(of_rate * of_chance * history) * (63 / 1599) * (100 / 1599)
    assert np.exp(one(model, x, t, until)) == pytest.approx(want, rel=1e-9)


@pytest.mark.parametrize("model", [BG, MBG])
def test_derivatives_are_those_of_finite_differences(model: Dropout, rng: np.random.Generator) -> None:
    found = simulate(model, rng.uniform(0, 300, 500), rng=rng)
    cells = make_cells(found.frequency, found.recency, found.age)
    peak = evaluate_dropout(model, cells)
    at = np.array([model.r, model.alpha, model.a, model.b])
    for j, size in enumerate(at * 1e-5):
        up, down = at + size * np.eye(4)[j], at - size * np.eye(4)[j]
        above, below = (evaluate_dropout(moved(model, place), cells) for place in (up, down))
        assert (above.value - below.value) / (2 * size) == pytest.approx(peak.gradient[j], rel=1e-6, abs=1e-4)
        curve = (above.gradient - below.gradient) / (2 * size)
        np.testing.assert_allclose(curve, peak.hessian[j], rtol=1e-6, atol=1e-5)


def test_many_cells_are_the_sum_of_few(rng: np.random.Generator) -> None:
    found = simulate(BG, rng.uniform(0, 300, 20_000), rng=rng)
    columns = (found.frequency, found.recency, found.age)
    whole = evaluate_dropout(BG, make_cells(*columns))
    halves = [
        evaluate_dropout(BG, make_cells(*(part[rows] for part in columns))) for rows in (slice(7000), slice(7000, None))
    ]
    assert whole.value == pytest.approx(sum(half.value for half in halves), rel=1e-12)
    np.testing.assert_allclose(whole.gradient, halves[0].gradient + halves[1].gradient, rtol=1e-10)
    np.testing.assert_allclose(whole.hessian, halves[0].hessian + halves[1].hessian, rtol=1e-10)


def test_odds_of_having_stopped_and_their_slopes() -> None:
    x, t, until = np.array([0.0, 1, 5]), np.array([0.0, 8, 30]), np.array([30.0, 30, 30])
    # x = 1: a / b (50 / 28)^1.6; x = 5, the last order now: a / (b + 4)
    np.testing.assert_allclose(
        dropout_log_odds(BG, x, t, until)[1:], [log(0.8 / 2.4) + 1.6 * log(50 / 28), log(0.8 / 6.4)]
    )
    assert dropout_log_odds(BG, x, t, until)[0] == -np.inf
    # MBG, x = 0: a / b (50 / 20)^.6
    assert dropout_log_odds(MBG, x, t, until)[0] == pytest.approx(log(0.8 / 2.4) + 0.6 * log(2.5))
    at = np.array([MBG.r, MBG.alpha, MBG.a, MBG.b])
    for j in range(4):
        up, down = (moved(MBG, at * np.exp(sign * 1e-6 * np.eye(4)[j])) for sign in (1, -1))
        slope = (dropout_log_odds(up, x, t, until) - dropout_log_odds(down, x, t, until)) / 2e-6
        np.testing.assert_allclose(odds_slopes(MBG, x, t, until)[j], slope, atol=1e-8)
