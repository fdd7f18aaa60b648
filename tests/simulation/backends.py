"""Every back-end of the residual value on an array world: its effect, interval, and whether that holds the truth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tests.simulation.worlds import HORIZON, KEPT, RATE, WINDOW
from uplift.clv import fit_lifetime, fit_surrogate
from uplift.clv.orthogonal import score_index
from uplift.estimate import correct_effect, estimate_itt
from uplift.outcomes import Measurement, OutcomePlan, PlanCosts, measure
from uplift.outcomes.residual import Ahead, bound_residual, mean_slopes
from uplift.results import Measure
from uplift.stats.adjust import adjust_means
from uplift.stats.moments import BlockPlan, CellKeys, Column, sum_arrays
from uplift.workflow.boosted import contrast_weights
from uplift.workflow.means import money_means

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tests.simulation.worlds import ArrayWorld
    from uplift.clv import LifetimeModel, SurrogateModel
    from uplift.results import Effect
    from uplift.stats.moments import Moments

FEATURES = ("organic_margin", "couponed_margin", "gross_margin_365d", "orders_365d")
COVARIATES = ("primary_pre", "orders_90d")
ARMS = ("control", "small")


@dataclass(frozen=True, slots=True)
class Read:
    """The effects on net value over the horizon (None where a back-end has none), and on its part after the window."""

    total: Effect | None
    residual: Effect


def learn_index(world: ArrayWorld) -> SurrogateModel:
    """Fit the surrogate index on the world's past cohort."""
    columns = np.column_stack([world.cohort.features[name] for name in FEATURES])
    return fit_surrogate(columns, world.cohort.residual, names=FEATURES)


def plan_with(index: SurrogateModel) -> Measurement:
    """Return the plan of net value with an index of the residual."""
    return Measurement(
        primary=OutcomePlan("incremental_clv", Measure("money", "CNY", "assigned", HORIZON), grid=0.0001),
        secondary=(),
        covariates=COVARIATES,
        covariate_grids=(0.01, 1.0),
        window_days=WINDOW,
        settle_days=30,
        horizon_days=HORIZON,
        annual_discount_rate=RATE,
        cap=None,
        residual=index,
        margin_basis="before_coupon",
    )


def read_index(world: ArrayWorld) -> Read:
    """Return what the surrogate index says, by the code of an analysis."""
    plan = plan_with(learn_index(world))
    nothing = np.zeros(len(world.arm))
    costs = PlanCosts(contact=nothing, fulfilment=nothing, redemption=nothing)
    measured = measure(plan, facts=dict(world.facts), past=dict(world.past), costs=costs)
    means = money_means(sum_arrays(measured.columns, keys=keys_of(world), blocks=measured.blocks), plan)
    return Read(estimate_itt(means, outcome="primary_capped")[0], estimate_itt(means, outcome="residual")[0])


def read_holdout(world: ArrayWorld) -> Read:
    """Return what came: net margin of the window and value after it."""
    return _read(world, world.later)


def read_bounds(world: ArrayWorld, model: LifetimeModel) -> tuple[Read, Read]:
    """Return what the purchase model says at kappa 0 and 1, its errors in the intervals."""
    ahead = Ahead(WINDOW, WINDOW, HORIZON, RATE, KEPT)
    some = np.arange(0, len(world.arm), 8)
    bounds = bound_residual(model, world.before, organic=world.organic, every=world.every, ahead=ahead, sample=some)
    cell = (world.stratum * len(ARMS) + world.arm)[some]
    both = []
    for value, slopes in ((bounds.organic, bounds.organic_slopes), (bounds.mechanical, bounds.mechanical_slopes)):
        mean = mean_slopes(slopes, cell, 3 * len(ARMS)).reshape(3, len(ARMS), 7)
        both.append(_read(world, value, np.einsum("rj,gaj->rga", model.loadings(), mean)))
    return both[0], both[1]


def read_boosted(world: ArrayWorld) -> Read:
    """Return the effect on later value by boosted trees in the orthogonal score, customers split in two folds."""
    known = {**world.past, **world.facts}
    scores = score_index(
        {name: known[name] for name in FEATURES},
        {name: world.cohort.features[name] for name in FEATURES},
        world.cohort.residual,
        contrasts=contrast_weights(keys_of(world), np.ones(3)),
        folds=(world.unit % 2, world.cohort.unit % 2),
    )
    plain = estimate_itt(adjust_means(_sums(world, {"index": scores.index})), outcome="index")[0]
    return Read(None, correct_effect(plain, scores.corrections[:, 0], confidence_level=0.95))


def read_early(world: ArrayWorld) -> Effect:
    """Return the effect on what the 30 days after the window brought beyond what the index foresaw."""
    columns = np.column_stack([world.cohort.features[name] for name in FEATURES])
    index = fit_surrogate(columns, world.cohort.early, names=FEATURES)
    gap = world.early - index.predict({**world.past, **world.facts})
    features = {name: {**world.past, **world.facts}[name] for name in index.features}
    means = adjust_means(_sums(world, features))
    constant = np.ones((*means.mean.shape[:2], 1))
    errors = np.einsum("rj,gaj->rga", index.loadings(), np.concatenate([constant, means.mean], axis=2))
    return estimate_itt(
        adjust_means(_sums(world, {"gap": gap})).with_shared(errors[..., None], index.df), outcome="gap"
    )[0]


def _read(world: ArrayWorld, residual: NDArray[np.float64], errors: NDArray[np.float64] | None = None) -> Read:
    """Return effects on net value and on its later part; ``errors`` (R, G, A) are those of a value model."""
    facts = world.facts
    window = facts["gross_margin"] - facts["subsidy"] - facts["contact_cost"] - facts["returned_margin"]
    means = adjust_means(_sums(world, {"total": window + residual, "residual": residual}))
    if errors is not None:
        means = means.with_shared(np.stack([errors, errors], axis=-1), float(np.inf))
    return Read(estimate_itt(means, outcome="total")[0], estimate_itt(means, outcome="residual")[0])


def learn_lifetime(world: ArrayWorld) -> LifetimeModel:
    """Fit BG/NBD and Gamma-Gamma on all customers before the campaign."""
    all_of = world.everyone
    return fit_lifetime(all_of.frequency, all_of.recency, all_of.age, all_of.mean_value)


def keys_of(world: ArrayWorld) -> CellKeys:
    """Return the cell of every unit."""
    zero = np.zeros(len(world.arm), np.int64)
    return CellKeys(("s0", "s1", "s2"), ("0",), ARMS, world.stratum, zero, world.arm, zero)


def _sums(world: ArrayWorld, outcomes: dict[str, NDArray[np.float64]]) -> Moments:
    columns = {name: np.rint(100 * values).astype(np.int64) for name, values in outcomes.items()}
    columns |= {"size": np.ones(len(world.arm), np.int64)}
    columns |= {
        name: np.rint(world.past[name] / step).astype(np.int64)
        for name, step in zip(COVARIATES, (0.01, 1.0), strict=True)
    }
    described = [Column("size", "size"), *(Column(name, "outcome", 0.01) for name in outcomes)]
    described += [Column(name, "covariate", step) for name, step in zip(COVARIATES, (0.01, 1.0), strict=True)]
    return sum_arrays(columns, keys=keys_of(world), blocks=[BlockPlan("money", tuple(described))])
