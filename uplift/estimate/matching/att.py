"""The effect on the matched treated: difference or regression within sets, errors by set."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from uplift.errors import EstimationError
from uplift.estimate.design_matrix import build_terms, independent_columns
from uplift.estimate.labels import Labels, label_effect, outcome_column

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from uplift.estimate.itt import Reading
    from uplift.estimate.matching.matches import Matches
    from uplift.results.effect import Effects

Slopes = Literal["none", "common", "own"]
_ESTIMATORS = {"none": "matched_difference", "common": "matched_regression", "own": "matched_regression"}


def estimate_att_matched(
    matches: Matches,
    outcome: str,
    *,
    slopes: Slopes = "own",
    std_error: str = "cluster",
    reading: Reading | None = None,
) -> Effects:
    """Estimate the effect on the matched treated.

    Parameters
    ----------
    matches
        Sets made without replacement.
    outcome
        Column of the frame, measured after treatment.
    slopes
        ``own``: a regression on treatment and covariates with slopes of each arm, read at the covariates of the matched
        treated, right when the propensity or the regression is; ``common``: one slope for both; ``none``: the plain
        difference, whose bias is what the caliper leaves.
    std_error
        ``cluster``: by set. The bootstrap is not valid for matching and is refused.
    reading
        Labels and confidence level; the grade is always D.

    Returns
    -------
    Effects
        One effect; estimand ``att``, or ``att_matched`` where treated units were dropped.

    Raises
    ------
    EstimationError
        When controls were matched with replacement, the outcome is missing, or a bootstrap is asked for.

    Notes
    -----
    *Estimand*: mean effect on the treated that were matched. *Assumptions*: no hidden confounder given the covariates.
    Errors by set are valid for matching on covariates (Abadie and Spiess 2022); they take the fitted propensity as
    given.

    References
    ----------
    Abadie and Spiess (2022), J. Amer. Statist. Assoc. 117. On the bootstrap: Abadie and Imbens (2008), Econometrica
    76(6).
    """
    if std_error != "cluster":
        message = (
            f"std_error == '{std_error}', must be 'cluster': the bootstrap is not valid for nearest-neighbour matching "
            "(Abadie and Imbens 2008)"
        )
        raise EstimationError(message)
    if matches.replace:
        message = "matches: made with replacement, so sets share controls; use estimate_att_abadie_imbens"
        raise EstimationError(message)
    fit = _regress(matches, outcome_column(matches.frame, outcome), slopes)
    n_control = len(np.unique(matches.control))
    return label_effect(
        fit.effect,
        fit.std_error,
        fit.df,
        labels=Labels(
            outcome=outcome,
            estimator=_ESTIMATORS[slopes],
            estimand=matches.estimand,
            arm=matches.frame.arms[1],
            reference_arm=matches.frame.arms[0],
            n_obs=len(matches.treated),
            n_reference=n_control,
        ),
        reading=reading,
        reference_mean=fit.treated_mean - fit.effect,
    )


@dataclass(frozen=True, slots=True)
class _Fit:
    effect: float
    std_error: float
    df: float
    treated_mean: float


def _regress(matches: Matches, y: NDArray[np.float64], slopes: Slopes) -> _Fit:
    rows = np.concatenate([matches.treated, matches.control])
    n_sets = len(matches.treated)
    sets = np.concatenate([np.arange(n_sets), matches.set_of_control])
    size = np.diff(matches.starts)
    weight = np.concatenate([np.ones(n_sets), np.repeat(1.0 / size, size)])
    treated = np.concatenate([np.ones(n_sets), np.zeros(len(matches.control))])
    design = [np.ones(len(rows)), treated]
    if slopes != "none":
        terms = build_terms(matches.frame, matches.covariates)
        values = terms.values[rows]
        values = values[:, independent_columns(values)]
        centred = values - values[:n_sets].mean(axis=0)
        design += list(centred.T)
        if slopes == "own":
            own = centred * treated[:, None]
            joint = np.column_stack([treated, centred, own])
            kept = independent_columns(joint) - 1 - centred.shape[1]
            design += list(own[:, kept[kept >= 0]].T)
    x = np.column_stack(design)
    inverse = np.linalg.inv((x * weight[:, None]).T @ x)
    coefficients = inverse @ (x * weight[:, None]).T @ y[rows]
    error = y[rows] - x @ coefficients
    scores = np.column_stack([np.bincount(sets, weight * error * column, minlength=n_sets) for column in x.T])
    n, k = x.shape
    factor = n_sets / (n_sets - 1) * (n - 1) / (n - k)
    variance = float((inverse @ (scores.T @ scores) @ inverse)[1, 1]) * factor
    return _Fit(float(coefficients[1]), float(np.sqrt(variance)), n_sets - 1.0, float(y[matches.treated].mean()))
