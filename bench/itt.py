"""Adjusted intention to treat: sums in the engine beside ordinary least squares on rows (statsmodels, HC2).

Both fit the same model, an intercept per stratum and arm with slopes per stratum and arm on two covariates, and read
the same contrast: the stratum effects weighed by units. The estimates must be one number; the standard errors answer
almost the same question (leverage from sums there, from each row here) and are printed side by side.
"""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

import uplift
from uplift.estimate import adjust_means, estimate_itt

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

COVARIATES = ("before", "orders_before")
N_STRATA = 12
RTOL_ESTIMATE, RTOL_ERROR = 1e-6, 5e-3


@dataclass(frozen=True, slots=True)
class Answer:
    """One estimate, its standard error, and the seconds that it took."""

    estimate: float
    std_error: float
    seconds: float


def make_trial(n_units: int, seed: int) -> pd.DataFrame:
    """Return one row per unit: stratum, arm, spend to the cent, and two covariates on the same grids."""
    rng = np.random.default_rng(seed)
    stratum = rng.integers(N_STRATA, size=n_units)
    arm = (rng.random(n_units) < 0.3 + 0.04 * (stratum % 5)).astype(np.int64)
    before = np.round(rng.gamma(2.0, 20.0, n_units), 2)
    orders = rng.poisson(2.0, n_units)
    spend = np.round(
        before * (0.4 + 0.02 * stratum) + 3.0 * orders + arm * (stratum - 4) + rng.gamma(1.0, 30.0, n_units), 2
    )
    return pd.DataFrame(
        {
            "stratum": np.array([f"s{i:02d}" for i in range(N_STRATA)])[stratum],
            "arm": np.array(["control", "coupon"])[arm],
            "spend": spend,
            "before": before,
            "orders_before": orders.astype(float),
        }
    )


def by_sums(trial: pd.DataFrame) -> tuple[float, float]:
    """Estimate from moments."""
    roles = uplift.Roles(unit_id=None, arm="arm", control_arm="control", strata=("stratum",))
    moments = uplift.read_units(trial, roles).moments(["spend"], covariates=list(COVARIATES))
    effect = estimate_itt(adjust_means(moments), outcome="spend")[0]
    return effect.estimate, effect.std_error


def by_rows(trial: pd.DataFrame) -> tuple[float, float]:
    """Estimate from rows: each stratum × arm has its own intercept and slopes; HC2; the same contrast."""
    import statsmodels.api as sm

    stratum = pd.factorize(trial["stratum"], sort=True)[0]
    cell = 2 * stratum + (trial["arm"].to_numpy() == "coupon")
    share = np.bincount(stratum) / len(trial)
    centred = _centred(trial[list(COVARIATES)].to_numpy(), stratum)
    columns = np.concatenate([np.ones((len(trial), 1)), centred], axis=1)
    width = columns.shape[1]
    design = np.zeros((len(trial), 2 * N_STRATA * width))
    for code in range(2 * N_STRATA):
        design[cell == code, code * width : (code + 1) * width] = columns[cell == code]
    fit = sm.OLS(trial["spend"].to_numpy(), design).fit(cov_type="HC2")
    contrast = np.zeros(design.shape[1])
    contrast[np.arange(N_STRATA) * 2 * width] = -share
    contrast[(np.arange(N_STRATA) * 2 + 1) * width] = share
    found = fit.t_test(contrast)
    return float(np.squeeze(found.effect)), float(np.squeeze(found.sd))


def _centred(values: NDArray[np.float64], stratum: NDArray[np.int64]) -> NDArray[np.float64]:
    counts = np.bincount(stratum)
    means = np.column_stack([np.bincount(stratum, column) / counts for column in values.T])
    return np.asarray(values - means[stratum])


def timed(run: Callable[[pd.DataFrame], tuple[float, float]], trial: pd.DataFrame) -> Answer:
    """Return the answer of a function with its wall time."""
    start = time.perf_counter()
    estimate, std_error = run(trial)
    return Answer(estimate, std_error, time.perf_counter() - start)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print both answers and their ratio; return 1 when they disagree."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--units", type=int, default=200_000)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args(arguments)
    trial = make_trial(given.units, given.seed)
    warm = trial.head(2_000)
    by_sums(warm), by_rows(warm)
    ours, theirs = timed(by_sums, trial), timed(by_rows, trial)
    print(f"{given.units:,} units, {N_STRATA} strata × 2 arms, {len(COVARIATES)} covariates")
    print(f"{'':<24}{'estimate':>14}{'std error':>12}{'seconds':>10}")
    for name, answer in (("uplift, sums", ours), ("statsmodels, rows, HC2", theirs)):
        print(f"{name:<24}{answer.estimate:>14.8f}{answer.std_error:>12.6f}{answer.seconds:>10.3f}")
    print(f"statsmodels takes {theirs.seconds / ours.seconds:.1f} × the time")
    agree = np.isclose(ours.estimate, theirs.estimate, rtol=RTOL_ESTIMATE, atol=0)
    close = np.isclose(ours.std_error, theirs.std_error, rtol=RTOL_ERROR, atol=0)
    return 0 if agree and close else 1


if __name__ == "__main__":
    sys.exit(main())
