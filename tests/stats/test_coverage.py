"""Intervals of adjusted means hold what they promise, and nothing but the data moves them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest
from scipy.stats import t

from uplift.stats.adjust import adjust_means
from uplift.stats.cells import CellMeans, evaluate
from uplift.stats.moments import Moments

Maker = Callable[..., Moments]


@dataclass(frozen=True, slots=True)
class Reading:
    """One estimate with its interval."""

    estimate: float
    std_error: float
    lower: float
    upper: float


def _read(means: CellMeans, arm: int = 1) -> Reading:
    weights = np.zeros((1, *means.mean.shape))
    weights[0, :, arm, 0], weights[0, :, 0, 0] = means.weight, -means.weight
    found = evaluate(means, weights)
    half = float(t.ppf(0.975, found.df[0]) * found.std_error[0])
    value = float(found.value[0])
    return Reading(value, float(found.std_error[0]), value - half, value + half)


SHARES = np.linspace(0.25, 0.75, 12)
"""Treated share of each of 12 strata; the outcome rises with the stratum as the share does."""


def _draw(rng: np.random.Generator, make_moments: Maker, units: int) -> tuple[Moments, float, float]:
    """Return moments of one blocked trial with its true effect, and the pooled difference in means."""
    stratum = np.repeat(np.arange(12), units)
    counts = np.rint(SHARES * units).astype(int)
    arm = np.concatenate([rng.permutation(np.repeat([0, 1], [units - c, c])) for c in counts])
    x = rng.gamma(2.0, 5.0, len(arm))
    effect = np.where(stratum >= 8, 4.0, 0.0)
    y = 3.0 * stratum + x + rng.gamma(1.0, 8.0, len(arm)) + effect * arm
    moments = make_moments({"y": y}, arm, stratum=stratum, covariates={"x": x}, grid=0.01)
    return moments, 4.0 / 3.0, float(y[arm == 1].mean() - y[arm == 0].mean())


def _simulate(rng: np.random.Generator, make_moments: Maker, n_reps: int, units: int) -> None:
    readings, pooled = [], []
    for _ in range(n_reps):
        moments, truth, raw = _draw(rng, make_moments, units)
        readings.append(_read(adjust_means(moments)))
        pooled.append(raw)
    estimate = np.array([reading.estimate for reading in readings])
    spread = estimate.std(ddof=1)
    covered = np.mean([reading.lower <= truth <= reading.upper for reading in readings])
    assert abs(covered - 0.95) <= 3 * np.sqrt(0.05 * 0.95 / n_reps)
    assert abs(estimate.mean() - truth) <= 3 * spread / np.sqrt(n_reps)
    ratio = np.mean([reading.std_error for reading in readings]) / spread
    assert abs(ratio - 1.0) <= 3.3 / np.sqrt(2 * n_reps)
    assert np.mean(pooled) - truth > 5 * np.std(pooled) / np.sqrt(n_reps)


def test_unequal_shares_in_strata_of_forty_a_cell(make_moments: Maker, rng: np.random.Generator) -> None:
    """Stratified intervals cover and the pooled difference in means is biased (Simpson)."""
    _simulate(rng, make_moments, 300, 80)


@pytest.mark.slow
@pytest.mark.parametrize("units", [80, 400])
def test_unequal_shares_over_a_thousand_trials(make_moments: Maker, rng: np.random.Generator, units: int) -> None:
    _simulate(rng, make_moments, 1000, units)


def test_batches_with_moving_shares_are_not_pooled(make_moments: Maker, rng: np.random.Generator) -> None:
    """Eight batches, shares .2 to .8, outcomes that drift with them, no effect."""
    batch = np.repeat(np.arange(8), 100)
    counts = np.linspace(20, 80, 8).astype(int)
    inside, pooled = [], []
    for _ in range(300):
        arm = np.concatenate([rng.permutation(np.repeat([0, 1], [100 - c, c])) for c in counts])
        y = np.rint(10 * (0.1 * batch + rng.normal(size=800)))
        reading = _read(adjust_means(make_moments({"y": y}, arm, batch=batch)))
        inside.append(reading.lower <= 0.0 <= reading.upper)
        pooled.append(_read(adjust_means(make_moments({"y": y}, arm))).estimate)
    assert abs(np.mean(inside) - 0.95) <= 3.3 * np.sqrt(0.05 * 0.95 / 300)
    assert np.mean(pooled) > 5 * np.std(pooled) / np.sqrt(300)


def test_adjusting_narrows_what_covariates_explain(make_moments: Maker, rng: np.random.Generator) -> None:
    """Correlation .8 leaves 1 - .64 of the variance."""
    x = rng.normal(0, 100, 20_000)
    y, arm = 0.8 * x + 60 * rng.normal(size=20_000), rng.integers(0, 2, 20_000)
    bare = _read(adjust_means(make_moments({"y": y}, arm)))
    adjusted = _read(adjust_means(make_moments({"y": y}, arm, covariates={"x": x})))
    assert (adjusted.std_error / bare.std_error) ** 2 == pytest.approx(0.36, abs=0.02)


@pytest.fixture
def trial(rng: np.random.Generator) -> dict[str, np.ndarray[tuple[int, ...], np.dtype[np.int64]]]:
    stratum, arm, x = rng.integers(0, 4, 500), rng.integers(0, 2, 500), rng.integers(0, 60, 500)
    return {"y": x + 20 * stratum + rng.integers(0, 50, 500) + 5 * arm, "arm": arm, "stratum": stratum, "x": x}


def _read_trial(make_moments: Maker, trial: dict[str, np.ndarray[tuple[int, ...], np.dtype[np.int64]]]) -> Reading:
    moments = make_moments({"y": trial["y"]}, trial["arm"], stratum=trial["stratum"], covariates={"x": trial["x"]})
    return _read(adjust_means(moments))


def test_invariances(
    make_moments: Maker, rng: np.random.Generator, trial: dict[str, np.ndarray[tuple[int, ...], np.dtype[np.int64]]]
) -> None:
    plain = _read_trial(make_moments, trial)
    order = rng.permutation(500)
    assert _read_trial(make_moments, {name: values[order] for name, values in trial.items()}) == plain
    relabelled = _read_trial(make_moments, trial | {"stratum": 3 - trial["stratum"]})
    assert relabelled.estimate == pytest.approx(plain.estimate)
    assert relabelled.std_error == pytest.approx(plain.std_error)
    scaled = _read_trial(make_moments, trial | {"y": 7 * trial["y"]})
    assert scaled.lower == pytest.approx(7 * plain.lower)
    shifted = _read_trial(make_moments, trial | {"y": trial["y"] + 1_000_000})
    assert shifted.estimate == pytest.approx(plain.estimate)
    assert shifted.std_error == pytest.approx(plain.std_error)
    swapped = _read_trial(make_moments, trial | {"arm": 1 - trial["arm"]})
    assert swapped.estimate == pytest.approx(-plain.estimate)
    assert swapped.upper == pytest.approx(-plain.lower)


def test_twice_the_data_halves_the_variance(
    make_moments: Maker, trial: dict[str, np.ndarray[tuple[int, ...], np.dtype[np.int64]]]
) -> None:
    plain = _read_trial(make_moments, trial)
    doubled = _read_trial(make_moments, {name: np.tile(values, 2) for name, values in trial.items()})
    assert doubled.estimate == pytest.approx(plain.estimate)
    assert doubled.std_error / plain.std_error == pytest.approx(np.sqrt(0.5), rel=0.01)
