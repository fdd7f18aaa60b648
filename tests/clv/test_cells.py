from __future__ import annotations

import numpy as np
import pytest

from tests.clv.histories import simulate
from uplift.clv.cells import check_history, coarsen_cells, make_cells, make_spend_cells
from uplift.clv.dropout import Dropout, evaluate_dropout
from uplift.clv.purchase import fit_purchases
from uplift.errors import EstimationError


def test_equal_histories_are_one_cell() -> None:
    cells = make_cells([2, 0, 2, 0, 2], [3.5, 0, 3.5, 0, 1], [9, 9, 9, 4, 9])
    np.testing.assert_array_equal(cells.frequency, [0, 0, 2, 2])
    np.testing.assert_array_equal(cells.age, [4, 9, 9, 9])
    np.testing.assert_array_equal(cells.recency, [0, 0, 1, 3.5])
    np.testing.assert_array_equal(cells.weight, [1, 1, 1, 2])


def test_weights_add_up_and_nothing_weighs_nothing() -> None:
    cells = make_cells([1, 1, 0], [2, 2, 0], [5, 5, 5], weights=[0.1, 0.7, 0])
    np.testing.assert_array_equal(cells.weight, [0.1 + 0.7])
    assert len(make_cells([], [], []).weight) == 0
    assert len(make_cells([], [], [], weights=[]).weight) == 0


def test_the_order_of_rows_does_not_show(rng: np.random.Generator) -> None:
    x = rng.poisson(1.5, 3000).astype(float)
    age = rng.uniform(10, 20, 3000).round(1)
    t, w = np.where(x > 0, (age * 0.5).round(1), 0), rng.uniform(0, 2, 3000)
    rows = rng.permutation(3000)
    one, other = make_cells(x, t, age, weights=w), make_cells(x[rows], t[rows], age[rows], weights=w[rows])
    for name in ("frequency", "recency", "age", "weight"):
        assert getattr(one, name).tobytes() == getattr(other, name).tobytes()


def test_a_coarse_grid_hardly_moves_the_likelihood(rng: np.random.Generator) -> None:
    model = Dropout(0.6, 40, 0.8, 2.4, 0)
    found = simulate(model, rng.uniform(0, 900, 60_000), rng=rng)
    cells = make_cells(found.frequency, found.recency, found.age)
    coarse = coarsen_cells(cells, max_cells=6000, scale=40)
    assert len(coarse.weight) <= 6000
    assert np.sum(coarse.weight) == 60_000
    assert (coarse.recency <= coarse.age).all()
    assert set(coarse.recency[coarse.frequency == 0]) == {0.0}
    exact, near = (evaluate_dropout(model, part).value for part in (cells, coarse))
    assert abs(exact - near) / 60_000 < 2e-4
    one, other = fit_purchases(cells, kind="bgnbd"), fit_purchases(coarse, kind="bgnbd")
    moved = np.array([other.r - one.r, other.alpha - one.alpha, other.a - one.a, other.b - one.b])
    assert (np.abs(moved) < one.std_errors()).all()
    assert coarsen_cells(cells, max_cells=60_000, scale=40) is cells


def test_spend_cells_are_the_repeaters_with_a_positive_value() -> None:
    cells = make_spend_cells([0, 2, 1, 2, 3, 2], [9, 5, -1, 5, 0, 4])
    np.testing.assert_array_equal(cells.frequency, [2, 2])
    np.testing.assert_array_equal(cells.mean_value, [4, 5])
    np.testing.assert_array_equal(cells.weight, [1, 2])


def test_near_values_are_gathered_when_there_are_many(rng: np.random.Generator) -> None:
    x, z = rng.integers(1, 4, 5000), rng.gamma(3, 10, 5000)
    cells = make_spend_cells(x, z, max_cells=600)
    assert len(cells.weight) <= 600
    # geometric means keep the sum of logarithms
    assert np.sum(cells.weight * np.log(cells.mean_value)) == pytest.approx(np.log(z).sum())
    assert np.sum(cells.weight * cells.mean_value) == pytest.approx(z.sum(), rel=1e-3)


@pytest.mark.parametrize(
    ("history", "text"),
    [
        (([1, np.nan], [1, 1], [2, 2]), "1 of 2 rows are missing or infinite"),
        (([1, 1], [1, 1], [2, np.nan]), "1 of 2 rows are missing or infinite"),
        (([1, -1], [1, 0], [2, 2]), "1 of 2 rows are negative"),
        (([1, 1.5], [1, 1], [2, 2]), "1 of 2 rows are not whole"),
        (([1, 1], [3, 3], [2, 2]), "recency: 2 of 2 rows exceed their age"),
        (([0, 1], [1, 1], [2, 2]), "1 of 2 rows have no repeat purchase and a recency"),
    ],
)
def test_what_is_no_history(history: tuple[list[float], ...], text: str) -> None:
    with pytest.raises(EstimationError, match=text):
        make_cells(*history)


def test_a_customer_without_a_purchase_may_stay() -> None:
    history = check_history([0, 0, 2], [np.nan, 0, 3], [np.nan, 4, 5], may_lack=True)
    np.testing.assert_array_equal(history[:, 1:], [[0, 2], [0, 3], [4, 5]])
    assert np.isnan(history[:, 0]).all()


@pytest.mark.parametrize("weights", [[1.0], [1, -1], [1, np.inf]])
def test_weights_are_one_a_row(weights: list[float]) -> None:
    with pytest.raises(EstimationError, match="must be 2 finite numbers of at least 0, one a row"):
        make_cells([1, 1], [1, 1], [2, 2], weights=weights)


def test_spend_must_be_finite() -> None:
    with pytest.raises(EstimationError, match="every value must be finite"):
        make_spend_cells([1, 2], [3, np.nan])
