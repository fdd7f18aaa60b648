"""Matching with replacement: every tie counts, and the error knows that controls serve many."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from uplift.errors import EstimationError
from uplift.estimate.design_matrix import build_terms, independent_columns
from uplift.estimate.labels import Labels, label_effect, outcome_column
from uplift.estimate.propensity import find_treated

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from uplift.estimate.itt import Reading
    from uplift.estimate.propensity import Propensity
    from uplift.results.effect import Effects
    from uplift.stats.frame import UnitFrame

Variance = Literal["robust", "homoskedastic"]
TIE = 1e-5
"""Squared standardised distance up to which two controls are equally near."""


def estimate_att_abadie_imbens(
    frame: UnitFrame,
    outcome: str,
    *,
    covariates: Sequence[str],
    propensity: Propensity | None = None,
    n_matches: int = 1,
    bias_corrected: bool = True,
    variance: Variance = "robust",
    reading: Reading | None = None,
) -> Effects:
    """Estimate the effect on the treated by nearest neighbours with replacement.

    Parameters
    ----------
    frame
        Units of two arms.
    outcome
        Column measured after treatment.
    covariates
        What is compared, each divided by its standard deviation; and what the bias is corrected by.
    propensity
        When given, units are compared by its score alone.
    n_matches
        Neighbours per treated unit; all that are as near as the last of them count.
    bias_corrected
        Whether what the covariates still differ by is taken out by a regression among the matched controls.
    variance
        ``robust``: each unit's own variance by its nearest neighbour in the same arm; ``homoskedastic``: one for all.
    reading
        Labels and confidence level; the grade is always D.

    Returns
    -------
    Effects
        One effect; estimand ``att``.

    Raises
    ------
    EstimationError
        When a column is unknown or not finite, or an arm has too few units.

    Notes
    -----
    *Estimand*: mean effect on the treated of the population. *Assumptions*: no hidden confounder given the covariates.
    The variance takes a propensity as known; for the effect on the treated the correction may have either sign.

    References
    ----------
    Abadie and Imbens (2006), Econometrica 74(1); (2011), J. Business & Econ. Statistics 29(1); (2016), Econometrica
    84(2).
    """
    treated = find_treated(frame)
    control = ~treated
    if n_matches < 1 or n_matches > int(control.sum()):
        message = f"n_matches == {n_matches}, must be between 1 and the {int(control.sum())} controls"
        raise EstimationError(message)
    y = outcome_column(frame, outcome)
    terms = build_terms(frame, covariates).values
    space = terms if propensity is None else propensity.score[:, None]
    space = space / space.std(axis=0, ddof=1)
    pairs = _match(space, np.flatnonzero(treated), np.flatnonzero(control), n_matches)
    gaps = y[pairs.treated] - y[pairs.control]
    if bias_corrected:
        gaps = gaps - _bias(terms, y, pairs)
    n_treated = int(treated.sum())
    effect = float((pairs.weight * gaps).sum() / n_treated)
    error = _std_error(space, y, pairs, gaps, effect, (treated, control), variance)
    return label_effect(
        effect,
        error,
        labels=Labels(
            outcome=outcome,
            estimator="abadie_imbens",
            estimand="att",
            arm=frame.arms[1],
            reference_arm=frame.arms[0],
            n_obs=n_treated,
            n_reference=len(np.unique(pairs.control)),
        ),
        reading=reading,
        reference_mean=float(y[treated].mean()) - effect,
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Pairs:
    """Rows of each treated unit and of one of its neighbours; the weights of a treated unit's pairs sum to 1."""

    treated: NDArray[np.int64]
    control: NDArray[np.int64]
    weight: NDArray[np.float64]


def _match(space: NDArray[np.float64], treated: NDArray[np.intp], control: NDArray[np.intp], n_matches: int) -> _Pairs:
    near = _neighbours(space[treated], space[control], n_matches)
    count = np.diff(near.starts)
    return _Pairs(np.repeat(treated, count), control[near.places], np.repeat(1.0 / count, count))


@dataclass(frozen=True, slots=True, eq=False)
class _Near:
    starts: NDArray[np.int64]
    places: NDArray[np.int64]


def _neighbours(points: NDArray[np.float64], among: NDArray[np.float64], n_matches: int) -> _Near:
    """Return the places of the nearest points, with all that are as near as the last."""
    from scipy.spatial import cKDTree

    tree = cKDTree(among)
    distance = np.asarray(tree.query(points, k=[n_matches])[0])
    radius = np.sqrt(distance[:, 0] ** 2 + TIE)
    found = tree.query_ball_point(points, radius, return_sorted=True)
    starts = np.concatenate([[0], np.cumsum([len(places) for places in found])])
    return _Near(starts, np.concatenate(found).astype(np.int64))


def _bias(terms: NDArray[np.float64], y: NDArray[np.float64], pairs: _Pairs) -> NDArray[np.float64]:
    """Return what a regression among the matched controls says the covariates make of each pair's gap."""
    rows, place = np.unique(pairs.control, return_inverse=True)
    weight = np.bincount(place, pairs.weight)
    kept = independent_columns(terms[rows])
    x = np.column_stack([np.ones(len(rows)), terms[rows][:, kept]])
    slopes = np.linalg.lstsq(x * np.sqrt(weight)[:, None], y[rows] * np.sqrt(weight), rcond=None)[0][1:]
    away: NDArray[np.float64] = (terms[pairs.treated][:, kept] - terms[pairs.control][:, kept]) @ slopes
    return away


def _std_error(
    space: NDArray[np.float64],
    y: NDArray[np.float64],
    pairs: _Pairs,
    gaps: NDArray[np.float64],
    effect: float,
    sides: tuple[NDArray[np.bool_], NDArray[np.bool_]],
    variance: Variance,
) -> float:
    treated, control = sides
    n = len(y)
    own = np.bincount(pairs.treated, pairs.weight * gaps, minlength=n)[treated]
    served = np.bincount(pairs.control, pairs.weight, minlength=n)[control]
    squares = np.bincount(pairs.control, pairs.weight**2, minlength=n)[control]
    if variance == "homoskedastic":
        spread = float((pairs.weight * (gaps - effect) ** 2).sum() / (2.0 * pairs.weight.sum()))
        around = np.full(int(control.sum()), spread)
    else:
        around = _own_variance(space[control], y[control])
    total = ((own - effect) ** 2).sum() + ((served**2 - squares) * around).sum()
    return float(np.sqrt(total) / treated.sum())


def _own_variance(space: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return each control's variance from its nearest other control and all that are as near."""
    near = _neighbours(space, space, 2)
    count = np.diff(near.starts)
    mean_others = (np.add.reduceat(y[near.places], near.starts[:-1]) - y) / (count - 1)
    others = count - 1
    found: NDArray[np.float64] = others / (others + 1.0) * (y - mean_others) ** 2
    return found
