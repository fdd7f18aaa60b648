"""Every back-end of the residual value on an array world: its effect, interval, and whether that holds the truth."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tests.simulation.worlds import HORIZON, KEPT, RATE, WINDOW
from uplift.clv import fit_surrogate
from uplift.estimate import estimate_itt
from uplift.outcomes import Measurement, OutcomePlan, PlanCosts, measure
from uplift.outcomes.residual import Ahead, bound_residual, mean_slopes
from uplift.results import Measure
from uplift.stats.adjust import adjust_means
from uplift.stats.moments import BlockPlan, CellKeys, Column, sum_arrays
from uplift.workflow.means import money_means

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tests.simulation.worlds import ArrayWorld
    from uplift.clv import SurrogateModel
    from uplift.outcomes.residual import ValueModel
    from uplift.results import Effect
    from uplift.stats.moments import Moments

FEATURES = ("organic_margin", "couponed_margin", "gross_margin_365d", "orders_365d")
COVARIATES = ("primary_pre", "orders_90d")
ARMS = ("control", "small")


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


def read_index(world: ArrayWorld) -> tuple[Effect, Effect]:
    """Return the effects on net value and on its predicted part by the surrogate index, as an analysis has them."""
    plan = plan_with(learn_index(world))
    nothing = np.zeros(len(world.arm))
    costs = PlanCosts(contact=nothing, fulfilment=nothing, redemption=nothing)
    measured = measure(plan, facts=dict(world.facts), past=dict(world.past), costs=costs)
    moments = sum_arrays(measured.columns, keys=keys_of(world), blocks=measured.blocks)
    means = money_means(moments, plan)
    return (
        estimate_itt(means, outcome="primary_capped")[0],
        estimate_itt(means, outcome="residual")[0],
    )


def read_holdout(world: ArrayWorld) -> Effect:
    """Return the effect on what came after the window."""
    return estimate_itt(adjust_means(_sums(world, {"later": world.later})), outcome="later")[0]


def read_bounds(world: ArrayWorld, model: ValueModel) -> tuple[Effect, Effect]:
    """Return the effects on the residual by the purchase model at kappa 0 and 1, the model's errors in them."""
    ahead = Ahead(WINDOW, WINDOW, HORIZON, RATE, KEPT)
    every = np.arange(len(world.arm))
    bounds = bound_residual(model, world.before, organic=world.organic, every=world.every, ahead=ahead, sample=every)
    named = {"organic": bounds.organic, "mechanical": bounds.mechanical}
    means = adjust_means(_sums(world, named))
    cell = world.stratum * len(ARMS) + world.arm
    slopes = [mean_slopes(one, cell, 3 * len(ARMS)) for one in (bounds.organic_slopes, bounds.mechanical_slopes)]
    shape = (3, len(ARMS), 7)
    errors = [np.einsum("rj,gaj->rga", model.loadings(), one.reshape(shape)) for one in slopes]
    means = means.with_shared(np.stack(errors, axis=-1), float(np.inf))
    return estimate_itt(means, outcome="organic")[0], estimate_itt(means, outcome="mechanical")[0]


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
