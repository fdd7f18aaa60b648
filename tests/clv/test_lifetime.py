from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Literal

import numpy as np
import pytest

from uplift.clv import LifetimeModel, PurchaseModel, SpendModel
from uplift.errors import EstimationError
from uplift.results.codec import decode, encode

if TYPE_CHECKING:
    from numpy.typing import NDArray

SPREAD = tuple(tuple(row) for row in (0.01 * np.eye(4) + 0.002).tolist())
SPEND = SpendModel(6.0, 4.0, 15.0, -100.0, ((0.02, 0.01, 0), (0.01, 0.03, 0), (0, 0, 0.01)), 300, 0.05)
YEAR = {"start_days": 90.0, "end_days": 365.0, "annual_discount_rate": 0.1}
X = np.array([0, 1, 2, 12, 40.0])
T_X = np.array([0, 20, 100, 300, 350.0])
AGE = np.array([200, 30, 400, 360, 351.0])
VALUE = np.array([0, 12, 40, 31, -5.0])


def make(kind: Literal["bgnbd", "mbgnbd"] = "bgnbd") -> LifetimeModel:
    return LifetimeModel(PurchaseModel(kind, 0.6, 40.0, 0.8, 2.4, -1000.0, SPREAD, 500), SPEND)


def value(model: LifetimeModel, rows: slice = slice(None)) -> NDArray[np.float64]:
    return model.residual_value(
        X[rows], T_X[rows], AGE[rows], VALUE[rows], start_days=90, end_days=365, annual_discount_rate=0.1
    )


def test_value_is_orders_times_their_worth() -> None:
    model = make()
    orders = model.purchase.discounted_orders(X, T_X, AGE, start=90, end=365, annual_discount_rate=0.1)
    # without a repeat or with a negative mean: 15 * 6 / 3 = 30; x = 1, 12: 6 (15 + 12) / 9 = 18
    worth = model.spend.expected_value(X, VALUE)
    np.testing.assert_allclose(worth[[0, 1, 4]], [30, 18, 30])
    np.testing.assert_allclose(value(model), orders * worth)


def test_discount_of_a_day() -> None:
    # in a span of a thousandth of a day, d^t is that of its middle: 1.1^(-t / 365)
    purchase = make().purchase
    near, far = (
        purchase.discounted_orders(X, T_X, AGE, start=t, end=t + 1e-3, annual_discount_rate=0.1)
        / purchase.discounted_orders(X, T_X, AGE, start=t, end=t + 1e-3, annual_discount_rate=0)
        for t in (0.0, 365.0)
    )
    np.testing.assert_allclose(near, 1, atol=1e-6)
    np.testing.assert_allclose(far, 1 / 1.1, atol=1e-6)


def test_orders_from_now_are_the_difference_of_horizons() -> None:
    purchase = make("mbgnbd").purchase
    up_to = [purchase.expected_orders(X, T_X, AGE, horizon=end) for end in (90, 365)]
    between = purchase.discounted_orders(X, T_X, AGE, start=90, end=365, annual_discount_rate=0)
    np.testing.assert_allclose(between, up_to[1] - up_to[0], rtol=1e-8)


@pytest.mark.parametrize("kind", ["bgnbd", "mbgnbd"])
def test_gradient_is_that_of_finite_differences(kind: Literal["bgnbd", "mbgnbd"]) -> None:
    model = make(kind)
    gradient = model.residual_gradient(X, T_X, AGE, VALUE, start_days=90, end_days=365, annual_discount_rate=0.1)
    assert gradient.shape == (5, 7)
    for j, name in enumerate(("r", "alpha", "a", "b", "p", "q", "v")):
        values = []
        for sign in (1, -1):
            part = model.purchase if j < 4 else model.spend
            moved = replace(part, **{name: getattr(part, name) * np.exp(sign * 1e-4)})
            pair = (moved, model.spend) if j < 4 else (model.purchase, moved)
            values.append(value(LifetimeModel(*pair)))
        np.testing.assert_allclose(gradient[:, j], (values[0] - values[1]) / 2e-4, rtol=2e-6, atol=1e-6)


def test_loadings_are_the_covariance() -> None:
    model, want = make(), np.zeros((7, 7))
    want[:4, :4], want[4:, 4:] = SPREAD, SPEND.covariance
    rows = model.loadings()
    np.testing.assert_allclose(rows.T @ rows, want, atol=1e-15)


def test_standard_errors_by_the_delta_method() -> None:
    # sd of log r is sqrt(.012)
    np.testing.assert_allclose(make().purchase.std_errors(), np.sqrt(0.012) * np.array([0.6, 40, 0.8, 2.4]))
    np.testing.assert_allclose(SPEND.std_errors(), np.sqrt([0.02, 0.03, 0.01]) * [6, 4, 15])


def test_one_row_is_as_many_and_shapes_broadcast() -> None:
    model = make()
    whole = value(model)
    for i in range(5):
        np.testing.assert_allclose(value(model, slice(i, i + 1)), whole[i : i + 1], rtol=1e-9)
    square = model.residual_value(X[:, None], T_X[:, None], AGE[:, None] + [0.0, 30], VALUE[:, None], **YEAR)
    assert square.shape == (5, 2)
    np.testing.assert_allclose(square[:, 0], whole, rtol=1e-9)
    assert make().purchase.alive(2, 20, 40).shape == ()


def test_without_a_purchase_there_is_no_prediction() -> None:
    model = make()
    age = np.append(AGE, np.nan)
    got = model.residual_value(np.append(X, 0), np.append(T_X, np.nan), age, np.append(VALUE, 0), **YEAR)
    np.testing.assert_allclose(got[:5], value(model), rtol=1e-9)
    assert np.isnan(got[5])
    assert np.isnan(model.purchase.alive([0], [np.nan], [np.nan])).all()
    slopes = model.residual_gradient([0], [0], [np.nan], [0], **YEAR)
    assert np.isnan(slopes).all()
    assert slopes.shape == (1, 7)


def test_silence_tells_of_an_end_and_alive_stays_a_chance() -> None:
    purchase = make().purchase
    alive = purchase.alive(12, 300, np.array([300, 330, 400, 600, 1e6]))
    assert (np.diff(alive) < 0).all()
    # the last order now: 1 / (1 + a / (b + x - 1)) = 1 / (1 + .8 / 13.4)
    assert alive[0] == pytest.approx(1 / (1 + 0.8 / 13.4))
    assert alive[-1] < 1e-30
    assert purchase.alive(5000, 1, 1e6) == 0


def test_it_goes_to_json_and_back() -> None:
    assert decode(LifetimeModel, encode(make())) == make()


@pytest.mark.parametrize(
    ("start", "end", "rate", "text"),
    [
        (-1, 5, 0.1, "got -1 and 5, must be 0 <= start <= end"),
        (9, 5, 0.1, "got 9 and 5"),
        (0, np.nan, 0.1, "got 0 and nan"),
        (0, 5, -1, "annual_discount_rate: got -1, must be finite and above -1"),
    ],
)
def test_what_is_no_span(start: float, end: float, rate: float, text: str) -> None:
    with pytest.raises(EstimationError, match=text):
        make().purchase.discounted_orders(X, T_X, AGE, start=start, end=end, annual_discount_rate=rate)


def test_what_is_no_history() -> None:
    with pytest.raises(EstimationError, match="1 of 1 rows exceed their age"):
        make().purchase.alive([1], [5], [4])
