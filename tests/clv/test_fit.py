from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.clv.histories import simulate
from uplift.clv import BGNBD, MBGNBD, GammaGamma, fit_lifetime
from uplift.clv.dropout import Dropout
from uplift.errors import EstimationError

if TYPE_CHECKING:
    from tests.clv.histories import Summary


def test_it_is_the_two_models_together(cdnow: Summary) -> None:
    columns = (cdnow.frequency, cdnow.recency, cdnow.age)
    model = fit_lifetime(*columns, cdnow.value)
    assert model.purchase == BGNBD().fit(*columns).parameters_
    assert model.spend == GammaGamma().fit(cdnow.frequency, cdnow.value).parameters_
    assert fit_lifetime(*columns, cdnow.value, kind="mbgnbd").purchase == MBGNBD().fit(*columns).parameters_


def test_customers_without_a_purchase_are_left_out(cdnow: Summary) -> None:
    none = np.full(7, np.nan)
    columns = (
        np.append(cdnow.frequency, 0 * none.size * np.ones(7)),
        np.append(cdnow.recency, none),
        np.append(cdnow.age, none),
        np.append(cdnow.value, none),
    )
    assert fit_lifetime(*columns) == fit_lifetime(cdnow.frequency, cdnow.recency, cdnow.age, cdnow.value)


def test_value_of_the_year_after_is_expected(rng: np.random.Generator) -> None:
    n = 60_000
    found = simulate(Dropout(0.8, 60, 0.9, 5, 0), rng.uniform(100, 700, n), rng=rng, horizon=365)
    rate = rng.gamma(4.0, 1 / 15.0, n)
    seen = np.maximum(found.frequency, 1)
    mean = np.where(found.frequency > 0, rng.gamma(6.0 * seen) / seen / rate, 0)
    brought = np.where(found.later > 0, rng.gamma(6.0 * np.maximum(found.later, 1)) / rate, 0)
    model = fit_lifetime(found.frequency, found.recency, found.age, mean)
    predicted = model.residual_value(
        found.frequency, found.recency, found.age, mean, start_days=0, end_days=365, annual_discount_rate=0
    )
    assert predicted.sum() == pytest.approx(brought.sum(), rel=0.03)
    deciles = np.array_split(np.argsort(predicted), 10)
    for rows in deciles:
        error = brought[rows] - predicted[rows]
        assert abs(error.mean()) < max(3 * error.std() / np.sqrt(len(rows)), 0.03 * predicted[rows].mean())


def test_refusals() -> None:
    with pytest.raises(EstimationError, match=r"shapes \(2,\), \(2,\), \(2,\), \(1,\), must be four columns"):
        fit_lifetime([0, 1], [0, 1], [2, 2], [3])
    with pytest.raises(EstimationError, match="BG/NBD: nobody ordered again"):
        fit_lifetime([0, 0], [0, 0], [2, np.nan], [0, 0])
    with pytest.raises(EstimationError, match="nobody ordered again"):
        fit_lifetime([], [], [], [])
