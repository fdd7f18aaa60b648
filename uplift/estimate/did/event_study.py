"""The effect before and after treatment, against the last period before it, with a band for the whole path."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from uplift.errors import EstimationError
from uplift.estimate.did.group_time import estimate_att_gt
from uplift.estimate.did.path import read_path
from uplift.estimate.itt import Reading

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from uplift.estimate.did.group_time import AttGt, ControlGroup
    from uplift.estimate.did.panel import CohortSums, Panel
    from uplift.estimate.did.path import EventPath
    from uplift.results.effect import Effects

_DRAWS = 20_000


@dataclass(frozen=True, slots=True, eq=False)
class EventStudy:
    """Effects by event time with a simultaneous band.

    Parameters
    ----------
    effects
        ``("overall", "")``, the mean over periods from 0 on; then one per event time but the reference, each with its
        own interval.
    path
        The same by event time, as :func:`bound_trends` and :func:`check_pretrend` take it.
    critical
        How many standard errors the band reaches.
    band_lower, band_upper : ndarray of float64, shape (K,)
        They hold the whole path at once at the confidence level; one per event time of ``path``.
    """

    effects: Effects
    path: EventPath
    critical: float
    band_lower: NDArray[np.float64]
    band_upper: NDArray[np.float64]


def estimate_event_study(
    panel: Panel | CohortSums,
    *,
    control_group: ControlGroup = "never",
    anticipation: int = 0,
    covariates: Sequence[str] = (),
    outcome: str = "outcome",
    reading: Reading | None = None,
    seed: int = 0,
) -> EventStudy:
    """Estimate the effect by periods since treatment, all leads included.

    Parameters
    ----------
    panel
        A balanced panel, or sums of one.
    control_group, anticipation, covariates, outcome
        As in :func:`estimate_att_gt`.
    reading
        Labels and confidence level.
    seed
        Of the draws behind the band.

    Returns
    -------
    EventStudy
        Every period is compared with the last before treatment (before anticipation), which is left out.

    Raises
    ------
    EstimationError
        As :func:`estimate_att_gt`, and when the path has no period on one side of the reference.

    Notes
    -----
    *Estimand*: at e, the mean of E[Y_{g+e}(g) - Y_{g+e}(never) | cohort g] over cohorts seen then, by their size.
    *Assumptions*: as :func:`estimate_att_gt`. The effects before treatment are no estimates of anything but the gap
    between trends; that none is significant does not show that trends are parallel.

    References
    ----------
    Sun and Abraham (2021), J. Econometrics 225(2). Montiel Olea and Plagborg-Moller (2019), J. Appl. Econometrics
    34(1), on the band.
    """
    found = estimate_att_gt(
        panel,
        control_group=control_group,
        anticipation=anticipation,
        covariates=covariates,
        base="universal",
        outcome=outcome,
    )
    return read_event_study(found, reading=reading, seed=seed)


def read_event_study(found: AttGt, *, reading: Reading | None = None, seed: int = 0) -> EventStudy:
    """Return the event study that group-time effects against a universal base hold.

    Parameters
    ----------
    found
        Of :func:`estimate_att_gt` with ``base="universal"``.
    reading
        Labels and confidence level.
    seed
        Of the draws behind the band.

    Returns
    -------
    EventStudy

    Raises
    ------
    EstimationError
        When the base varies, or a period has no variance.
    """
    told = reading or Reading()
    effects = found.aggregate("dynamic", reading=told)
    path = read_path(effects)
    error = np.sqrt(np.clip(np.diag(path.covariance), 0.0, None))
    critical = simultaneous_critical(path.covariance, confidence_level=told.confidence_level, seed=seed)
    reach = critical * error
    return EventStudy(effects, path, critical, path.estimate - reach, path.estimate + reach)


def simultaneous_critical(covariance: NDArray[np.float64], *, confidence_level: float = 0.95, seed: int = 0) -> float:
    """Return how many standard errors a band must reach to hold every estimate at once.

    Parameters
    ----------
    covariance : ndarray of float64, shape (K, K)
        Of jointly normal estimates.
    confidence_level
        Two-sided, of the whole band.
    seed
        Of the draws.

    Returns
    -------
    float
        The quantile of the largest absolute t statistic.

    Raises
    ------
    EstimationError
        When an estimate has no variance.
    """
    error = np.sqrt(np.clip(np.diag(covariance), 0.0, None))
    if not len(error) or np.any(error <= 0.0):
        message = f"{int((error <= 0.0).sum())} of {len(error)} estimates have no variance; leave out empty periods"
        raise EstimationError(message)
    correlation = covariance / np.outer(error, error)
    rng = np.random.default_rng(seed)
    draws = rng.multivariate_normal(np.zeros(len(error)), correlation, _DRAWS, method="eigh")
    return float(np.quantile(np.abs(draws).max(axis=1), confidence_level))


def multiplier_critical(found: AttGt, *, confidence_level: float = 0.95, n_draws: int = 999, seed: int = 0) -> float:
    """Return how many standard errors a band for all group-time effects must reach, by the multiplier bootstrap.

    Parameters
    ----------
    found
        Of :func:`estimate_att_gt` with ``keep_influence=True``.
    confidence_level
        Two-sided, of the whole band.
    n_draws
        Draws of Mammen's two-point weights, one per unit or cluster.
    seed
        Of the draws.

    Returns
    -------
    float
        The quantile of the largest absolute t statistic, with the analytic errors.

    Raises
    ------
    EstimationError
        When the influence was not kept, or an effect has no variance.

    References
    ----------
    Callaway and Sant'Anna (2021), J. Econometrics 225(2), algorithm 1. Mammen (1993), Ann. Stat. 21(1).
    """
    error = np.sqrt(np.clip(np.diag(found.covariance), 0.0, None))
    if found.influence is None or np.any(error <= 0.0):
        message = "group-time effects: no influence was kept or an effect has no variance; ask for keep_influence=True"
        raise EstimationError(message)
    rng, root = np.random.default_rng(seed), float(np.sqrt(5.0))
    largest = np.zeros(n_draws)
    for draw in range(n_draws):
        low = rng.random(len(found.influence)) < (root + 1.0) / (2.0 * root)
        weight = np.where(low, (1.0 - root) / 2.0, (1.0 + root) / 2.0)
        largest[draw] = np.abs(weight @ found.influence / error).max()
    return float(np.quantile(largest, confidence_level))
