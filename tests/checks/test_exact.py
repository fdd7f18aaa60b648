from __future__ import annotations

from math import comb
from typing import TYPE_CHECKING

import numpy as np
import pytest
from scipy.stats import fisher_exact

from uplift.checks.exact import can_enumerate, draw_hypergeometric, hypergeometric_p, list_compositions, multinomial_p

if TYPE_CHECKING:
    from numpy.typing import NDArray


@pytest.mark.parametrize(("total", "parts"), [(0, 1), (0, 3), (3, 2), (5, 4)])
def test_compositions_are_all_there(total: int, parts: int) -> None:
    rows = list_compositions(total, parts)
    assert rows.shape == (comb(total + parts - 1, parts - 1), parts)
    assert (rows.sum(axis=1) == total).all()
    assert (rows >= 0).all()
    assert len(np.unique(rows, axis=0)) == len(rows)


def test_enumeration_has_a_limit() -> None:
    assert can_enumerate(400, 3)
    assert not can_enumerate(500, 3)


def _first_distance(tables: NDArray[np.int64]) -> NDArray[np.float64]:
    distance: NDArray[np.float64] = np.abs(tables[:, 0] - 3.0)
    return distance


def test_fisher_two_arms_agrees_with_scipy() -> None:
    """Symmetric groups of 10: both orders of extremeness are the same."""
    ours = hypergeometric_p(np.array([1, 5]), np.array([10, 10]), _first_distance)
    assert ours == pytest.approx(fisher_exact(np.array([[1, 5], [9, 5]])).pvalue)


def test_drawing_agrees_with_listing(monkeypatch: pytest.MonkeyPatch) -> None:
    counts, sizes, shares = np.array([1, 5]), np.array([10, 10]), np.array([0.5, 0.5])
    listed = hypergeometric_p(counts, sizes, _first_distance), multinomial_p(counts, shares, _first_distance)
    monkeypatch.setattr("uplift.checks.exact.MAX_TABLES", 1)
    drawn = hypergeometric_p(counts, sizes, _first_distance), multinomial_p(counts, shares, _first_distance)
    assert drawn == pytest.approx(listed, abs=4 * np.sqrt(0.25 / 99_999))


def test_draws_have_hypergeometric_means(rng: np.random.Generator) -> None:
    sizes = np.array([50, 30, 20])
    draws = draw_hypergeometric(sizes, 10, rng, n_draws=20_000)
    assert (draws.sum(axis=1) == 10).all()
    assert draws.mean(axis=0) == pytest.approx([5.0, 3.0, 2.0], abs=0.05)
