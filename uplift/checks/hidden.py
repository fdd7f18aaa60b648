"""Do strata hide groups that answer differently."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from uplift.checks.contrast import contrast_test
from uplift.errors import UsageError
from uplift.results import CheckResult
from uplift.stats.cells import evaluate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from uplift.stats.cells import CellMeans

WARN = 0.01
"""A joint p-value below this says that the strata are too coarse."""


ROUNDING = 1e-12
"""A share smaller than this is what floating point leaves of zero."""


def check_hidden_difference(
    means: CellMeans,
    *,
    parent: Sequence[str],
    level: Sequence[str],
    outcome: str,
    population: str,
) -> CheckResult:
    """Test whether levels within strata respond as the strata that they are part of.

    Parameters
    ----------
    means
        One "stratum" per drawn stratum × level, where levels partition the units.
    parent, level
        The drawn stratum and the level of each of ``means.strata``.
    outcome
        Which outcome.
    population
        What the levels are: ``segments`` or ``frequency_basket``.

    Returns
    -------
    CheckResult
        ``strata.hidden_difference``: joint chi-square over levels × treatment arms; ``warn`` below
        p = .01, ``skipped`` when no stratum holds two levels. Facts: ``population``, ``outcome``,
        ``n_levels``, ``df``, and the ``level`` and ``arm`` with the largest absolute z, with its
        ``difference`` and ``std_error`` per unit.

    Raises
    ------
    UsageError
        When ``parent`` or ``level`` does not name every stratum of ``means``.
    EstimationError
        When the outcome was not measured.

    Notes
    -----
    *Estimand*: for level l, sum over s of n_sl / n_l times (effect in s and l minus the effect in s,
    composed of its levels by their units): what a plan by stratum would miss for l.
    *Assumptions*: random assignment within stratum × batch; cells large enough for normal means
    (drop thin ones before). Differences are exactly zero when effects depend on the drawn stratum only.
    """
    _validate(means, parent, level)
    contrasts = _contrasts(means, parent, level, means.outcome(outcome))
    estimates = evaluate(means, contrasts)
    test = contrast_test(estimates.value, estimates.covariance)
    levels, arms = sorted(set(level)), means.arms[1:]
    facts: dict[str, str | float] = {"population": population, "outcome": outcome, "n_levels": len(levels)}
    if test.df == 0:
        return CheckResult("strata.hidden_difference", "skipped", facts={**facts, "reason": "one_level"})
    error = estimates.std_error
    z = np.divide(estimates.value, error, out=np.zeros(len(error)), where=error > 0)
    top = int(np.argmax(np.abs(z)))
    facts |= {
        "df": test.df,
        "level": levels[top // len(arms)],
        "arm": arms[top % len(arms)],
        "difference": float(estimates.value[top]),
        "std_error": float(error[top]),
    }
    name, warned = "strata.hidden_difference", test.p_value < WARN
    return CheckResult(name, "warn" if warned else "pass", test.statistic, test.p_value, facts)


def _validate(means: CellMeans, parent: Sequence[str], level: Sequence[str]) -> None:
    for name, given in (("parent", parent), ("level", level)):
        if len(given) != len(means.strata):
            message = (
                f"{name} has {len(given)} entries for {len(means.strata)} strata of means; "
                "give one entry for each, in their order"
            )
            raise UsageError(message)


def _contrasts(means: CellMeans, parent: Sequence[str], level: Sequence[str], outcome: int) -> NDArray[np.float64]:
    """Return coefficients of every level × arm difference, shape (L K, G, A, M)."""
    inside = _indicator([parent[s] for s in means.stratum])
    member = _indicator([level[s] for s in means.stratum])
    weights = np.zeros((member.shape[0], len(means.arms) - 1, *means.mean.shape))
    for k in range(1, len(means.arms)):
        units = means.weight * ((means.n[:, k] > 0) & (means.n[:, 0] > 0))
        coefficient = _level_less_strata(units, inside, member)
        weights[:, k - 1, :, k, outcome] = coefficient
        weights[:, k - 1, :, 0, outcome] = -coefficient
    out: NDArray[np.float64] = weights.reshape(-1, *means.mean.shape)
    return out


def _indicator(labels: Sequence[str]) -> NDArray[np.float64]:
    names = sorted(set(labels))
    return np.array([[float(label == name) for label in labels] for name in names])


def _level_less_strata(
    units: NDArray[np.float64], inside: NDArray[np.float64], member: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return, per level, the weight of each group's effect: shares of the level less the strata's mix."""
    of_level = member * units
    total = of_level.sum(axis=1, keepdims=True)
    own = np.divide(of_level, total, out=np.zeros(of_level.shape), where=total > 0)
    per_parent = (inside * units).sum(axis=1)
    mix = np.divide(inside * units, per_parent[:, None], out=np.zeros(inside.shape), where=per_parent[:, None] > 0)
    less = own - (own @ inside.T) @ mix
    return np.where(np.abs(less) > ROUNDING, less, 0.0)
