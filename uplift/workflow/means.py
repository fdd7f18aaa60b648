"""From sums to adjusted means of the components, with the errors of the value model in them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from uplift.outcomes.measure import MONEY, SURROGATE_BLOCK
from uplift.stats.adjust import adjust_means

if TYPE_CHECKING:
    from collections.abc import Mapping

    from uplift.outcomes import Measurement
    from uplift.stats.cells import CellMeans, Target
    from uplift.stats.moments import Moments

PREDICTED = ("residual", "primary_capped")
"""Components that hold a predicted value, and so the errors of its model."""


def money_means(
    moments: Moments, measurement: Measurement, *, target: Target = "sample", outcomes: tuple[str, ...] | None = None
) -> CellMeans:
    """Return adjusted means of the money block.

    The coefficients of the residual model are estimates; their errors are common to all cells and enter as
    loadings ``L f`` with f the cell's adjusted mean features and ``L' L`` the coefficients' covariance.

    Parameters
    ----------
    moments
        Sums of one population.
    measurement
        The plan of the outcomes.
    target
        As in :func:`uplift.stats.adjust.adjust_means`.
    outcomes
        Which outcomes (default all).

    Returns
    -------
    CellMeans
    """
    means = adjust_means(moments, block=MONEY, target=target, outcomes=outcomes)
    model = measurement.residual
    if model is None:
        return means
    features = adjust_means(moments, block=SURROGATE_BLOCK, target=target)
    with_constant = np.concatenate([np.ones((*features.mean.shape[:2], 1)), features.mean], axis=2)
    errors = np.einsum("rj,gaj->rga", model.loadings(), with_constant) * (means.n > 0)
    holds = np.array([float(name in PREDICTED) for name in means.outcomes])
    return means.with_shared(errors[..., None] * holds, model.df)


def eligible_weights(means: CellMeans, units: Mapping[str, float], assigned: Mapping[str, float]) -> CellMeans:
    """Return the means with each stratum standing for its eligible units.

    Parameters
    ----------
    means
        Means of all units or of a segment.
    units, assigned
        Eligible and analysed units per stratum: a unit stands for ``units / assigned``.
    """
    sizes = np.bincount(means.stratum, means.size.sum(axis=1), minlength=len(means.strata))
    totals = {
        stratum: float(sizes[code]) * units[stratum] / max(assigned[stratum], 1.0)
        for code, stratum in enumerate(means.strata)
        if sizes[code] > 0
    }
    return means.weighted({stratum: totals.get(stratum, 0.0) for stratum in means.strata})
