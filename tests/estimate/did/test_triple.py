from __future__ import annotations

import numpy as np
import pytest

from uplift.errors import EstimationError
from uplift.estimate.did import Season, estimate_triple


def make_season(change: list[float], n_eligible: int, prefix: str = "u") -> Season:
    ids = np.array([f"{prefix}{i}" for i in range(len(change))], object)
    return Season(ids, np.array(change), np.arange(len(change)) < n_eligible)


NOW = make_season([9.0, 11, 1, 3], 2)
LAST = make_season([5.0, 7, 2, 2], 2, "v")
EARLIER = make_season([4.0, 8, 1, 3], 2, "w")


def test_by_hand() -> None:
    """10 - 2 = 8 this year, 6 - 2 = 4 last, 6 - 2 = 4 before: effect 4, placebo 0.

    Variances: (2/2 + 2/2) + (2/2 + 0) = 3, and 1 + (8/2 + 2/2) = 6; they share last year: covariance -1.
    """
    found = estimate_triple(NOW, LAST, earlier=EARLIER)
    assert [effect.estimate for effect in found] == [4.0, 0.0]
    assert found.covariance == pytest.approx(np.array([[3.0, -1], [-1, 6]]))
    assert [(effect.by, effect.level) for effect in found] == [("overall", ""), ("placebo", "last_year")]
    assert (found[0].estimator, found[0].estimand, found[0].n_obs, found[0].evidence) == ("triple", "att", 2, "D")


def test_a_customer_in_both_years_is_one_cluster() -> None:
    """The same changes twice by the same customers: the contrast is 0 for sure; one at random makes it vary."""
    with pytest.raises(EstimationError, match="no change varies"):
        estimate_triple(NOW, NOW)
    crossed = Season(LAST.unit_id, NOW.change, NOW.eligible)
    assert estimate_triple(NOW, crossed).covariance[0, 0] == pytest.approx(4.0)


def test_row_order_does_not_matter() -> None:
    turn = np.array([2, 0, 3, 1])
    turned = Season(LAST.unit_id[turn], LAST.change[turn], LAST.eligible[turn])
    assert estimate_triple(NOW, turned).covariance[0, 0] == pytest.approx(3.0)


def contrast_years(rng: np.random.Generator, effect: float) -> tuple[float, float, float]:
    """Return the triple difference's limits and the plain contrast, where a season triples what big buyers spend."""
    level = rng.gamma(2.0, 20.0, 1500)
    ids = np.array([f"u{i}" for i in range(1500)], object)
    years = []
    for lift in (0.0, effect):
        before = level + rng.normal(0, 10, 1500)
        eligible = before > 60
        years.append(Season(ids, 3.0 * level + rng.normal(0, 20, 1500) - before + lift * eligible, eligible))
    (found,) = estimate_triple(years[1], years[0])
    plain = float(years[1].change[years[1].eligible].mean() - years[1].change[~years[1].eligible].mean())
    return found.ci_lower, found.ci_upper, plain


@pytest.mark.parametrize("effect", [0.0, 12.0])
def test_covers_where_the_season_multiplies(effect: float) -> None:
    rng = np.random.default_rng(3)
    found = [contrast_years(rng, effect) for _ in range(100)]
    inside = [low <= effect <= high for low, high, _ in found]
    assert np.mean(inside) >= 0.95 - 3.3 * np.sqrt(0.95 * 0.05 / 100)
    assert min(plain for _, _, plain in found) > effect + 50


@pytest.mark.slow
def test_covers_where_the_season_multiplies_in_many_worlds() -> None:
    rng = np.random.default_rng(4)
    inside = [low <= 0.0 <= high for low, high, _ in (contrast_years(rng, 0.0) for _ in range(500))]
    assert np.mean(inside) >= 0.93


def test_impossible_input() -> None:
    with pytest.raises(EstimationError, match="1 units are eligible, 3 are not"):
        make_season([1.0, 2, 3, 4], 1)
    with pytest.raises(EstimationError, match="1 changes are missing"):
        make_season([1.0, 2, 3, np.nan], 2)
    with pytest.raises(EstimationError, match="needs 4 different ids"):
        Season(np.array(list("aabc"), object), NOW.change, NOW.eligible)
