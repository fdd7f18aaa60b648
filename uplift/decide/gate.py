"""Test whether the proposed plan earns more than the present one on customers it was not learned from."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from uplift.decide.allocate import allocate_budget
from uplift.decide.shrink import shrink_effects
from uplift.decide.values import plan_weights, stratum_effects
from uplift.results.money import Amount, Gate
from uplift.stats.cells import evaluate

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from uplift.decide.allocate import Limits
    from uplift.decide.values import StratumEffects, Terms
    from uplift.stats.cells import CellMeans
    from uplift.stats.moments import Moments

N_CHUNKS = 10
"""Chunks of the experiment's units."""

FIRST_TESTED = 2
"""Index of the first chunk that is tested; the ones before it are only learned from."""

THRESHOLD = 1.959963984540054
"""The plan moves money only above this one-sided standard normal point."""

GATE_CONFIDENCE = 0.975
"""P(Z <= THRESHOLD) of a standard normal Z."""

Adjust = Callable[["Moments"], "CellMeans"]
"""Turns sums into adjusted means, the same way for every subset of folds."""


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """A plan with what it was learned from; arrays of shape (S, K), money per treated customer.

    Parameters
    ----------
    shares
        Proposed share of each stratum per treatment arm, in [0, 1].
    value, value_shrunk, cost
        Net value, the same after shrinkage, and cost; strata without a pair of cells keep today's share.
    """

    shares: NDArray[np.float64]
    value: StratumEffects
    value_shrunk: NDArray[np.float64]
    cost: NDArray[np.float64]


def propose_plan(means: CellMeans, limits: Limits, terms: Terms) -> Candidate:
    """Learn the plan that maximises expected net value from shrunken effects.

    What a coupon returns is noisy and shrunk towards the mean of its arm; what it costs is counted nearly exactly,
    differs for real between strata, and is taken as it is.

    Parameters
    ----------
    means
        Adjusted means; their strata are the rows of ``limits``.
    limits
        What a plan may do.
    terms
        What counts as value and as cost.

    Returns
    -------
    Candidate
    """
    value = stratum_effects(means, terms.value)
    cost = stratum_effects(means, terms.cost).value
    returned = stratum_effects(means, terms.returned)
    shrunk = value.value.copy()
    for arm in range(shrunk.shape[1]):
        known = value.known[:, arm]
        shrunk[known, arm] = shrink_effects(returned.value[known, arm], returned.variance[known, arm]).mean
        shrunk[known, arm] -= cost[known, arm]
    frozen = ~value.known if limits.frozen is None else ~value.known | limits.frozen
    shares = allocate_budget(shrunk, cost, replace(limits, frozen=frozen))
    return Candidate(shares, value, shrunk, cost)


def gate_plan(moments: Moments, adjust: Adjust, *, limits: Limits, terms: Terms) -> Gate:
    """Test the proposed plan sequentially on chunks that it was not learned from.

    Chunks are folds of the assignment taken in pairs. For each chunk from the third on, the plan is learned on all
    earlier chunks with the same code and its gain over the present plan is estimated on the chunk.

    Parameters
    ----------
    moments
        Sums per stratum, arm and fold 0 to 19.
    adjust
        How sums become means.
    limits, terms
        As in :func:`propose_plan`.

    Returns
    -------
    Gate
        ``gain`` is the precision-weighted out-of-sample gain; its ratio to its standard error is the statistic.

    Notes
    -----
    *Estimand*: the gain of plans learned on less data than the final one. The gains are a martingale difference
    sequence, so that ``sum d_k / se_k / sqrt(J)`` is standard normal when no plan gains (Wager 2024); errors common
    to all chunks (of a fitted value model) are added to the standard error. Each se_k is widened from the normal to the
    t limit on its degrees of freedom: with 50 customers per arm a chunk has five of each, and se_k is itself noise.

    References
    ----------
    Wager, S. (2024). Sequential validation of treatment heterogeneity. https://arxiv.org/abs/2405.05534
    """
    learned = _Trail([], [], [])
    for chunk in range(FIRST_TESTED, N_CHUNKS):
        past = moments.merge_folds(range(2 * chunk)).usable()
        held = moments.merge_folds((2 * chunk, 2 * chunk + 1)).usable()
        if not len(past.cells) or not len(held.cells):
            continue
        plan = propose_plan(adjust(past), limits, terms)
        learned.add(adjust(held), limits.units[:, None] * (plan.shares - limits.present), terms)
    return learned.gate()


@dataclass(frozen=True, slots=True, eq=False)
class _Trail:
    """Gains on held-out chunks, their standard errors, and their loadings on common errors."""

    gains: list[float]
    errors: list[float]
    common: list[NDArray[np.float64]]

    def add(self, means: CellMeans, change: NDArray[np.float64], terms: Terms) -> None:
        effects = stratum_effects(means, terms.value)
        changed = np.abs(change) > 1e-9 * max(float(np.abs(change).max()), 1e-300)
        counted = np.all(effects.known | ~changed, axis=1)
        weights = plan_weights(means, np.where(counted[:, None] & changed, change, 0.0))
        weights[:, 0] = -weights.sum(axis=1)
        row = np.array([terms.value.get(name, 0.0) for name in means.outcomes])
        found = evaluate(replace(means, shared=means.shared[:0]), (weights[..., None] * row)[None])
        if found.covariance[0, 0] > 0.0:
            self.gains.append(float(found.value[0]))
            self.errors.append(float(found.std_error[0]) * widening(float(found.df[0])))
            self.common.append(np.einsum("rgam,ga,m->r", means.shared, weights, row))

    def gate(self) -> Gate:
        if not self.gains:
            return Gate(0, 0.0, THRESHOLD, Amount(0.0, 0.0, 0.0), 0.5, passed=False)
        weight = 1.0 / np.array(self.errors)
        share = weight / weight.sum()
        gain = float(share @ np.array(self.gains))
        own = len(weight) / weight.sum() ** 2
        error = float(np.sqrt(own + ((share @ np.array(self.common)) ** 2).sum()))
        statistic = gain / error
        half = THRESHOLD * error
        return Gate(
            n_chunks=len(weight),
            statistic=statistic,
            threshold=THRESHOLD,
            gain=Amount(gain, gain - half, gain + half),
            p_loss=float(normal_tail(statistic)),
            passed=statistic > THRESHOLD,
        )


def widening(df: float) -> float:
    """Return how much wider a t limit on ``df`` degrees of freedom stands than the normal one of the threshold."""
    from scipy.special import stdtrit

    return float(stdtrit(df, 1.0 - normal_tail(THRESHOLD))) / THRESHOLD


def normal_tail(statistic: float) -> float:
    """Return P(Z > statistic) of a standard normal Z."""
    return 0.5 * math.erfc(statistic / math.sqrt(2.0))
