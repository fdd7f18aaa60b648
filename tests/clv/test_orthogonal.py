"""A boosted index inside the orthogonal score: right in its mean, and as uncertain as it says."""

from __future__ import annotations

import numpy as np
import pytest

from uplift.clv.orthogonal import LARGEST_RATIO, IndexScores, score_index
from uplift.errors import EstimationError

SHIFT = 0.3


def value(surrogate: np.ndarray, before: np.ndarray) -> np.ndarray:
    return np.asarray(np.exp(0.5 * surrogate) + surrogate * before + 2 * (before > 0))


def truth() -> float:
    rng = np.random.default_rng(1)
    before = rng.normal(size=400_000)
    without = 0.8 * rng.normal(size=400_000) + 0.5 * before
    return float((value(without + SHIFT, before) - value(without, before)).mean())


def world(rng: np.random.Generator, n: int, effect: float = SHIFT) -> tuple[IndexScores, np.ndarray]:
    """Score one world; the past is another population with the same law of later value."""
    arm = rng.integers(0, 2, n)
    before = rng.normal(size=n)
    surrogate = 0.8 * rng.normal(size=n) + 0.5 * before + effect * arm
    past_before = rng.normal(0.3, 1.1, size=n)
    past = 0.9 * rng.normal(size=n) + 0.5 * past_before
    later = value(past, past_before) + 2 * rng.normal(size=n)
    contrasts = (arm / arm.mean() - (1 - arm) / (1 - arm.mean()))[:, None]
    found = score_index(
        {"surrogate": surrogate, "before": before},
        {"surrogate": past, "before": past_before},
        later,
        contrasts=contrasts,
        folds=(rng.integers(0, 2, n), rng.integers(0, 2, n)),
    )
    return found, arm


def estimate(found: IndexScores, arm: np.ndarray) -> tuple[float, float]:
    one, other = found.index[arm == 1], found.index[arm == 0]
    terms = found.corrections[:, 0]
    variance = one.var() / len(one) + other.var() / len(other) + terms.var() / len(terms)
    return float(one.mean() - other.mean() + terms.mean()), float(np.sqrt(variance))


def test_it_finds_the_effect_on_later_value(rng: np.random.Generator) -> None:
    point, error = estimate(*world(rng, 6_000))
    assert abs(point - truth()) < 3 * error
    assert 0.02 < error < 0.10


def test_no_effect_is_none(rng: np.random.Generator) -> None:
    point, error = estimate(*world(rng, 3_000, effect=0.0))
    assert abs(point) < 3 * error


@pytest.mark.slow
def test_the_interval_covers(rng: np.random.Generator) -> None:
    wanted = truth()
    z = np.array([(point - wanted) / error for point, error in (estimate(*world(rng, 3_000)) for _ in range(200))])
    # binomial 99.9 % band of .95 over 200; and the errors are not twice too large
    assert 0.89 <= np.mean(np.abs(z) < 1.96) <= 0.995
    assert 0.75 < z.std() < 1.25


def test_the_same_world_gives_the_same_scores() -> None:
    one, other = (world(np.random.default_rng(5), 800)[0] for _ in range(2))
    assert np.array_equal(one.index, other.index)
    assert np.array_equal(one.corrections, other.corrections)


def test_a_past_of_other_people_is_clipped_and_counted(rng: np.random.Generator) -> None:
    n = 3_000
    x, past = rng.normal(4, 0.3, n), np.where(np.arange(n) < 40, rng.normal(4, 0.3, n), rng.normal(0, 0.3, n))
    found = score_index(
        {"x": x},
        {"x": past},
        past + rng.normal(size=n),
        contrasts=np.where(np.arange(n) % 2, 2.0, -2.0)[:, None],
        folds=(np.arange(n) % 2, np.arange(n) % 2),
    )
    assert 0 < found.n_clipped <= 40
    assert LARGEST_RATIO == 20.0


def test_refusals() -> None:
    small = {"x": np.zeros(300)}
    with pytest.raises(EstimationError, match="300 and 300 units, at least 400"):
        score_index(
            small, small, np.zeros(300), contrasts=np.zeros((300, 1)), folds=(np.zeros(300, int), np.zeros(300, int))
        )
    x = {"x": np.arange(500.0)}
    with pytest.raises(EstimationError, match="fold 0 holds all or none"):
        score_index(x, x, x["x"], contrasts=np.zeros((500, 1)), folds=(np.zeros(500, int), np.arange(500) % 2))
