"""A campaign that only moves orders: the net effect is nothing, and the dip is seen."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import pytest
from scipy.stats import binom

from tests.simulation.backends import COVARIATES, keys_of, read_index
from tests.simulation.loop import run_loop
from tests.simulation.worlds import make_array_world, seed_of
from uplift.estimate import Contrast, adjust_means, estimate_pull_forward
from uplift.stats.moments import BlockPlan, Column, sum_arrays

if TYPE_CHECKING:
    from tests.simulation.worlds import ArrayWorld
    from uplift.results import Effect
    from uplift.results.clv import PullForward

FEW, MANY = 15, 500
CONTRAST = Contrast("small", "control")


def find_dip(world: ArrayWorld) -> PullForward:
    """Return the promotion, the rest of the window, and what the one took from the other."""
    names = {"promo_margin": 0.01, "after_margin": 0.01, **dict(zip(COVARIATES, (0.01, 1.0), strict=True))}
    known = {**world.facts, **world.past}
    columns = {name: np.rint(known[name] / step).astype(np.int64) for name, step in names.items()}
    columns["size"] = np.ones(len(world.arm), np.int64)
    described = [Column("size", "size")]
    described += [Column(name, "covariate" if name in COVARIATES else "outcome", step) for name, step in names.items()]
    means = adjust_means(sum_arrays(columns, keys=keys_of(world), blocks=[BlockPlan("money", tuple(described))]))
    return estimate_pull_forward(means, contrast=CONTRAST, promo_days=37)


@cache
def read_worlds(n_worlds: int) -> tuple[list[tuple[Effect, float]], list[PullForward]]:
    """Return the net effect with its truth, and the dip, of every world."""
    nets, dips = [], []
    for draw in range(n_worlds):
        seed = seed_of(f"tests/simulation/test_pull_forward.py::pull_forward[{draw}]")
        world = make_array_world("pull_forward", n_customers=4_000, seed=seed)
        net = read_index(world).total
        assert net is not None
        nets.append((net, world.residual_effect + world.window_effect))
        dips.append(find_dip(world))
    return nets, dips


def test_in_a_few_worlds_the_net_effect_is_nothing_and_the_dip_is_seen() -> None:
    nets, dips = read_worlds(FEW)
    assert all(0.0 <= truth < 0.05 for _, truth in nets)
    assert sum(net.ci_lower <= 0.0 <= net.ci_upper for net, _ in nets) >= binom.ppf(0.0005, FEW, 0.95)
    assert np.median([dip.p_value for dip in dips]) < 0.05
    # What the promotion took, the weeks after give back: all of it, up to a month's discount.
    taken, back = np.mean([dip.promo.estimate for dip in dips]), np.mean([dip.after.estimate for dip in dips])
    assert 0.7 < -back / taken < 1.4


@pytest.mark.slow
def test_over_many_worlds_the_net_interval_covers_nothing_and_the_share_is_one() -> None:
    nets, dips = read_worlds(MANY)
    allowed = 3.0 * np.sqrt(0.05 * 0.95 / MANY)
    covered = np.mean([net.ci_lower <= truth <= net.ci_upper for net, truth in nets])
    assert abs(covered - 0.95) <= allowed
    assert np.mean([net.ci_lower <= 0.0 <= net.ci_upper for net, _ in nets]) >= 0.95 - allowed
    assert np.mean([dip.p_value < 0.05 for dip in dips]) > 0.6
    taken, back = np.mean([dip.promo.estimate for dip in dips]), np.mean([dip.after.estimate for dip in dips])
    assert abs(-back / taken - 1.0) < 0.1


@pytest.mark.slow
def test_the_whole_loop_bills_nothing_and_sees_the_dip() -> None:
    analysis = run_loop("pull_forward", n_customers=40_000, seed=seed_of("tests/simulation/test_pull_forward.py::loop"))
    arms = [
        one
        for one in analysis.effects.select(outcome="incremental_clv", by="overall")
        if one.reference_arm == "control"
    ]
    assert len(arms) == 2
    assert all(effect.ci_lower <= 0.0 <= effect.ci_upper for effect in arms)
    assert analysis.clv is not None
    dips = [dip for dip in analysis.clv.pull_forward if dip.by == "overall"]
    assert all(dip.p_value < 0.05 and dip.promo.ci_lower > 0.0 > dip.after.ci_upper for dip in dips)
