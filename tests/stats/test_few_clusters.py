from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from uplift.errors import EstimationError
from uplift.stats.cluster import check_wild, fit_clustered

if TYPE_CHECKING:
    from numpy.typing import NDArray


def two_groups(n_treated: int, n_none: int) -> NDArray[np.float64]:
    treated = np.repeat([1.0, 0.0], [n_treated, n_none])
    return np.column_stack([np.ones(len(treated)), treated])


def test_clusters_of_one_are_a_difference_of_means() -> None:
    """Variances 1 of (1, 2, 3) and 2 of (0, 2): 1/3 + 2/2 = 4/3.

    Degrees of freedom under one variance: (1/3 + 1/2)² / (1/(9 x 2) + 1/(4 x 1)) = (25/36) / (11/36) = 25/11.
    """
    found = fit_clustered(two_groups(3, 2), np.array([1.0, 2, 3, 0, 2]), np.arange(5), contrast=np.array([0.0, 1.0]))
    assert found.estimate == pytest.approx(1.0)
    assert found.std_error**2 == pytest.approx(4 / 3)
    assert found.df == pytest.approx(25 / 11)
    assert found.n_clusters == 5


def test_agrees_with_whole_matrices() -> None:
    """The definition, written with n x n matrices: symmetric roots of the blocks of I - H."""
    rng = np.random.default_rng(5)
    cluster = np.repeat(np.arange(9), rng.integers(1, 8, 9))
    n = len(cluster)
    x = np.column_stack([np.ones(n), rng.normal(size=9)[cluster], rng.normal(size=n)])
    y = x @ np.array([1.0, 2, 3]) + rng.normal(size=9)[cluster] + rng.normal(size=n)
    c = np.array([0.0, 1.0, -0.5])
    inverse = np.linalg.inv(x.T @ x)
    rest = np.eye(n) - x @ inverse @ x.T
    left, variance, columns = rest @ y, 0.0, []
    for g in range(9):
        rows = cluster == g
        values, vectors = np.linalg.eigh(rest[np.ix_(rows, rows)])
        root = vectors @ np.diag(values**-0.5) @ vectors.T
        adjusted = root @ x[rows] @ inverse @ c
        variance += float(adjusted @ left[rows]) ** 2
        columns.append(rest[:, rows] @ adjusted)
    gram = np.array(columns) @ np.array(columns).T
    found = fit_clustered(x, y, cluster, contrast=c)
    assert found.std_error**2 == pytest.approx(variance)
    assert found.df == pytest.approx(np.trace(gram) ** 2 / (gram**2).sum())


def test_order_and_labels_do_not_matter() -> None:
    rng = np.random.default_rng(6)
    x, y, cluster = two_groups(20, 30), rng.normal(size=50), np.arange(50) // 5
    turn = rng.permutation(50)
    plain = fit_clustered(x, y, cluster, contrast=np.array([0.0, 1.0]))
    other = fit_clustered(x[turn], y[turn], 100 - 3 * cluster[turn], contrast=np.array([0.0, 1.0]))
    assert other.std_error == pytest.approx(plain.std_error)
    assert other.df == pytest.approx(plain.df)


def test_wild_draws_of_seven_signs() -> None:
    """Seven positive clusters: of 128 patterns only all + and all - are as extreme."""
    found = check_wild(np.ones((7, 1)), np.arange(1.0, 8), np.arange(7), column=0)
    assert found.n_draws == 128
    assert found.p_value == pytest.approx(2 / 128)
    # Mean 4, residuals -3..3 with 28 of squares: t = 4 / sqrt(28 / 49).
    assert found.statistic == pytest.approx(4 / np.sqrt(28 / 49))


def test_wild_moves_with_its_hypothesis() -> None:
    rng = np.random.default_rng(8)
    x, cluster = two_groups(60, 60), np.arange(120) // 6
    y = 3.0 * x[:, 1] + rng.normal(size=20)[cluster] + rng.normal(size=120)
    assert check_wild(x, y, cluster, column=1, value=3.0).p_value > 0.05
    shifted = check_wild(x, y - 3.0 * x[:, 1], cluster, column=1)
    assert shifted.p_value == check_wild(x, y, cluster, column=1, value=3.0).p_value
    assert check_wild(x, y, cluster, column=1).p_value < 0.01


def covered(worlds: int) -> tuple[float, float]:
    """Return the coverage of CR2 and of plain cluster errors with 4 treated and 8 other clusters of unequal size."""
    from scipy.special import stdtrit

    rng = np.random.default_rng(4)
    size = np.array([2, 10, 3, 25, *range(2, 10)])
    cluster = np.repeat(np.arange(12), size)
    x = np.column_stack([np.ones(len(cluster)), (cluster < 4).astype(np.float64)])
    inside, plain = [], []
    for _ in range(worlds):
        y = rng.normal(size=12)[cluster] * 0.5 + rng.normal(size=len(cluster))
        found = fit_clustered(x, y, cluster, contrast=np.array([0.0, 1.0]))
        inside.append(abs(found.estimate) <= stdtrit(found.df, 0.975) * found.std_error)
        inverse = np.linalg.inv(x.T @ x)
        left = y - x @ (inverse @ x.T @ y)
        scores = np.array([x[cluster == g].T @ left[cluster == g] for g in range(12)]) @ inverse[1]
        plain.append(abs(found.estimate) <= 1.96 * np.sqrt((scores**2).sum()))
    return float(np.mean(inside)), float(np.mean(plain))


def test_few_clusters_are_covered_briefly() -> None:
    honest, plain = covered(150)
    assert honest >= 0.95 - 3.3 * np.sqrt(0.95 * 0.05 / 150)
    assert plain < 0.9


@pytest.mark.slow
def test_few_clusters_are_covered() -> None:
    honest, plain = covered(1000)
    assert 0.93 <= honest <= 0.98
    assert plain < 0.88


def test_impossible_input() -> None:
    x, y = two_groups(2, 2), np.array([1.0, 2, 3, 4])
    with pytest.raises(EstimationError, match=r"outcome and cluster must be \(4,\)"):
        fit_clustered(x, y[:3], np.arange(4), contrast=np.array([0.0, 1.0]))
    with pytest.raises(EstimationError, match="its 2 columns are dependent"):
        fit_clustered(np.ones((4, 2)), y, np.arange(4), contrast=np.array([0.0, 1.0]))
    with pytest.raises(EstimationError, match="2 clusters leave the error of this effect unknown"):
        fit_clustered(x, y, np.array([0, 0, 1, 1]), contrast=np.array([0.0, 1.0]))
    with pytest.raises(EstimationError, match=r"column == 2 must be in 0..1"):
        check_wild(x, y, np.arange(4), column=2)
    with pytest.raises(EstimationError, match="nothing varies between clusters"):
        check_wild(x, np.array([1.0, 1, 0, 0]), np.arange(4), column=1)
