"""The boosted back-end: a past cohort and a sample of the experiment, scored fold by fold."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np

from uplift.clv.orthogonal import score_index
from uplift.data.hashing import hash_ids
from uplift.design.cohort import read_cohort
from uplift.errors import EstimationError, MissingDependencyError
from uplift.estimate import Reading, adjust_means, correct_effect, estimate_itt
from uplift.outcomes.later import SURROGATE
from uplift.outcomes.measure import SURROGATE_GRID, to_grid
from uplift.outcomes.measurement import CENT
from uplift.results import Measure
from uplift.stats.moments import BlockPlan, Column, sum_arrays
from uplift.workflow.clv import arm_contrasts
from uplift.workflow.later import sample_rows
from uplift.workflow.means import eligible_weights
from uplift.workflow.readings import stratum_units
from uplift.workflow.tally import take_keys

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from uplift.data import Warehouse
    from uplift.design import Plan
    from uplift.design.cohort import Cohort
    from uplift.outcomes import Measurement
    from uplift.results import Effect
    from uplift.stats.moments import CellKeys
    from uplift.workflow.tally import Tally

MOST_ANALYSED = 400_000
"""Above so many analysed units the boosted back-end does not run: its cohort is another pass over all orders."""

SAMPLED = 40_000
"""Units of either sample, at most about."""

N_FOLDS = 2
INDEX = "index"


@dataclass(frozen=True, slots=True)
class Boosted:
    """What the boosted back-end found.

    Parameters
    ----------
    effects
        One per arm, over all units; empty where it did not run.
    n_units, n_past, n_clipped
        Units of the two samples, and past units whose density ratio was clipped.
    """

    effects: tuple[Effect, ...] = ()
    n_units: int = 0
    n_past: int = 0
    n_clipped: int = 0


def read_boosted(plan: Plan, tally: Tally, warehouse: Warehouse) -> Boosted:
    """Estimate the effect on residual value by boosted trees in the orthogonal score.

    Parameters
    ----------
    plan, tally
        The plan and the measured units.
    warehouse
        The tables, for the past cohort.

    Returns
    -------
    Boosted
        Empty without an index, above 400,000 analysed units, below 400 units of either sample, or without LightGBM.
    """
    measurement, keys = plan.measurement, tally.keys
    if measurement.residual is None or plan.as_of is None or len(keys.arm) > MOST_ANALYSED or tally.later is None:
        return Boosted()
    cohort = _cohort(plan, measurement, warehouse)
    if cohort is None:
        return Boosted()
    rows = sample_rows(keys.fold, at_most=SAMPLED)
    names = tuple(name for name in cohort.features if f"surrogate.{name}" in tally.measured.columns)
    columns = tally.measured.columns
    features = {name: columns[f"surrogate.{name}"][rows].astype(np.float64) * SURROGATE_GRID for name in names}
    ids = tally.past.unit_id[rows]
    try:
        scores = score_index(
            features,
            {name: cohort.features[name] for name in names},
            cohort.later,
            contrasts=contrast_weights(take_keys(keys, rows), _stratum_weight(plan, tally)),
            folds=(_fold(plan, ids), _fold(plan, cohort.unit_id)),
        )
    except (EstimationError, MissingDependencyError):
        return Boosted()
    effects = _effects(plan, tally, rows, scores.index)
    corrected = tuple(
        correct_effect(effect, scores.corrections[:, place], confidence_level=plan.confidence_level)
        for place, effect in enumerate(effects)
    )
    return Boosted(corrected, len(rows), len(cohort.later), scores.n_clipped)


def _cohort(plan: Plan, measurement: Measurement, warehouse: Warehouse) -> Cohort | None:
    """Return the cohort that the index was learned on, or a sample of it by hash."""
    everybody = warehouse.units(()).unit_id
    as_of = datetime.fromisoformat(plan.as_of or "")
    first = warehouse.time_bounds["orders"].first
    cohort = read_cohort(warehouse, everybody, measurement, as_of=as_of, first_order=first)
    if cohort is None or len(cohort.later) <= SAMPLED:
        return cohort
    ranked = hash_ids(cohort.unit_id, "sample", experiment_id=plan.experiment_id, seed=plan.seed)
    kept = np.sort(np.argsort(ranked, kind="stable")[:SAMPLED])
    features = {name: values[kept] for name, values in cohort.features.items()}
    return replace(cohort, unit_id=cohort.unit_id[kept], features=features, later=cohort.later[kept], early=None)


def _fold(plan: Plan, ids: NDArray[np.object_]) -> NDArray[np.int64]:
    """Return the fold of each customer, the same in both samples."""
    hashed = hash_ids(ids, "fold", experiment_id=plan.experiment_id, seed=f"{plan.seed}:boosted")
    last = hashed.view("S1").reshape(len(ids), -1)[:, -1]
    return np.array([int(digit, 16) for digit in last.tolist()], np.int64) % N_FOLDS


def _stratum_weight(plan: Plan, tally: Tally) -> NDArray[np.float64]:
    units, analysed = stratum_units(plan, tally)
    return np.array([units[name] / max(analysed[name], 1.0) for name in tally.keys.strata])


def contrast_weights(keys: CellKeys, stratum_weight: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the weight of each unit in every arm's mean minus that of the control's, shape (n, A - 1).

    Parameters
    ----------
    keys
        Cells of n units.
    stratum_weight : ndarray of float, shape (S,)
        Units that one analysed unit of the stratum stands for.

    Returns
    -------
    ndarray of float
        ``w_s (1{a} / p_sa - 1{0} / p_s0)`` with mean 0 and w_s of mean 1; 0 in strata that lack either arm.
    """
    n_batches, n_arms = len(keys.batches), len(keys.arms)
    group = keys.stratum * n_batches + keys.batch
    counts = np.bincount(group * n_arms + keys.arm, minlength=len(keys.strata) * n_batches * n_arms)
    per_group = counts.reshape(-1, n_arms).astype(np.float64)
    share = per_group / np.maximum(per_group.sum(axis=1, keepdims=True), 1.0)
    weight = stratum_weight[keys.stratum]
    weight = weight / weight.mean()
    columns = []
    for arm in range(1, n_arms):
        both = (share[:, 0] > 0) & (share[:, arm] > 0)
        signed = np.zeros(len(group))
        for side, sign in ((arm, 1.0), (0, -1.0)):
            inside = both[group] & (keys.arm == side)
            signed[inside] = sign * weight[inside] / share[group[inside], side]
        columns.append(signed)
    return np.column_stack(columns)


def _effects(plan: Plan, tally: Tally, rows: NDArray[np.intp], index: NDArray[np.float64]) -> tuple[Effect, ...]:
    """Return the effects of assignment on the cross-fitted index."""
    measurement, keys = plan.measurement, take_keys(tally.keys, rows)
    pairs = zip(measurement.covariates, measurement.covariate_grids, strict=True)
    covariates = tuple(Column(name, "covariate", step) for name, step in pairs)
    columns = {name: tally.measured.columns[name][rows] for name in ("size", *measurement.covariates)}
    columns[INDEX] = to_grid(index, CENT)
    block = BlockPlan(INDEX, (Column("size", "size"), Column(INDEX, "outcome", CENT), *covariates))
    merged = replace(keys, fold=np.zeros_like(keys.fold))
    moments = sum_arrays(columns, keys=merged, blocks=[block]).usable()
    means = eligible_weights(adjust_means(moments), *stratum_units(plan, tally))
    measure = Measure("money", plan.currency, "assigned", measurement.horizon_days, "predicted")
    found = estimate_itt(
        means, outcome=INDEX, contrasts=arm_contrasts(plan), reading=Reading(measure, plan.confidence_level)
    )
    return tuple(replace(effect, outcome=SURROGATE, estimator="surrogate_boosted") for effect in found)
