from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from scipy import stats

from uplift.decide.allocate import Limits
from uplift.decide.gate import THRESHOLD, gate_plan, normal_tail, propose_plan, widening
from uplift.decide.values import Terms
from uplift.stats.adjust import adjust_means

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from uplift.stats.cells import CellMeans
    from uplift.stats.moments import Moments

NET = Terms({"margin": 1.0, "cost": -1.0}, {"cost": 1.0})


def _units(rng: np.random.Generator, n: int = 2400, arms: int = 2) -> dict[str, NDArray[np.int64]]:
    """Return a fresh market of 4 strata in which the first one answers and the last one does not."""
    stratum, arm, fold = rng.integers(0, 4, n), rng.integers(0, arms, n), rng.integers(0, 20, n)
    lift = np.array([6.0, 3.0, 1.0, 0.0])[stratum] * (arm > 0)
    cost = (arm > 0) * rng.integers(0, 5, n)
    return {
        "stratum": stratum,
        "arm": arm,
        "fold": fold,
        "margin": np.rint(rng.normal(20 + lift, 10)).astype(np.int64),
        "cost": cost,
    }


def _moments(make: Callable[..., Moments], units: dict[str, NDArray[np.int64]], grid: float = 1.0) -> Moments:
    outcomes = {name: units[name] * grid for name in ("margin", "cost")}
    keys = {name: units[name] for name in ("stratum", "fold")}
    return make(outcomes, units["arm"], grid=grid, **keys)


def _limits(units: dict[str, NDArray[np.int64]], arms: int = 1) -> Limits:
    return Limits(np.bincount(units["stratum"]).astype(np.float64), np.full((4, arms), 0.8 / (arms + 1)))


def _chunk_by_hand(
    units: dict[str, NDArray[np.int64]], chunk: int, change: NDArray[np.float64]
) -> tuple[float, float, float]:
    """Return gain, standard error and Satterthwaite df of a change of treated customers per stratum."""
    inside = units["fold"] // 2 == chunk
    net = units["margin"] - units["cost"]
    gain, variance, spread = 0.0, 0.0, 0.0
    for s, moved in enumerate(change):
        for sign, arm in ((1.0, 1), (-1.0, 0)):
            own = net[inside & (units["stratum"] == s) & (units["arm"] == arm)]
            gain += sign * moved * own.mean()
            part = moved**2 * own.var(ddof=1) / len(own)
            variance += part
            spread += part**2 / (len(own) - 1)
    return gain, float(np.sqrt(variance)), variance**2 / spread


def test_statistic_is_that_of_plain_loops_over_units(
    make_moments: Callable[..., Moments], rng: np.random.Generator
) -> None:
    units = _units(rng)
    moments, limits = _moments(make_moments, units), _limits(units)
    gate = gate_plan(moments, adjust_means, limits=limits, terms=NET)
    gains, errors = [], []
    for chunk in range(2, 10):
        plan = propose_plan(adjust_means(moments, folds=range(2 * chunk)), limits, NET)
        change = (limits.units[:, None] * (plan.shares - limits.present))[:, 0]
        gain, error, df = _chunk_by_hand(units, chunk, change)
        gains.append(gain)
        errors.append(error * stats.t.ppf(0.975, df) / stats.norm.ppf(0.975))
    z = np.array(gains) / np.array(errors)
    assert gate.n_chunks == 8
    assert gate.statistic == pytest.approx(z.sum() / np.sqrt(8), rel=1e-9)
    assert gate.gain.estimate == pytest.approx(z.sum() / (1 / np.array(errors)).sum(), rel=1e-9)
    assert gate.p_loss == pytest.approx(stats.norm.sf(gate.statistic))
    assert gate.passed == (gate.statistic > THRESHOLD)
    error = 8**0.5 / (1 / np.array(errors)).sum()
    assert gate.gain.ci_upper == pytest.approx((gate.gain.estimate or 0.0) + 1.959963984540054 * error)


def test_fold_sums_stand_in_for_moments(
    make_moments: Callable[..., Moments],
    make_world: Callable[..., Moments],
    adjust_world: Callable[[Moments], CellMeans],
    rng: np.random.Generator,
) -> None:
    n = np.full((4, 2), 300)
    values = np.rint(rng.normal(0, 30, n.sum()))
    world = make_world(n, rng=rng, noise=lambda cell: values[: len(cell)])
    cell = np.repeat(np.arange(8), 300)
    keys = {"stratum": cell // 2, "fold": np.arange(2400) % 300 % 20}
    moments = make_moments({"margin": values, "cost": 0 * values}, cell % 2, **keys)
    limits = Limits(np.full(4, 600.0), np.full((4, 1), 0.5))
    real = gate_plan(moments, adjust_means, limits=limits, terms=NET)
    assert gate_plan(world, adjust_world, limits=limits, terms=NET).statistic == pytest.approx(real.statistic)


def test_errors_of_a_value_model_are_common_to_all_chunks(
    make_moments: Callable[..., Moments], rng: np.random.Generator
) -> None:
    units = _units(rng)
    moments, limits = _moments(make_moments, units), _limits(units)

    def with_common(part: Moments) -> CellMeans:
        means = adjust_means(part)
        loading = np.zeros((1, *means.mean.shape))
        loading[:, :, 1, 0] = 2.0
        return means.with_shared(loading, np.inf)

    alone = gate_plan(moments, adjust_means, limits=limits, terms=NET)
    gate = gate_plan(moments, with_common, limits=limits, terms=NET)
    # an error of 2 per treated customer in every stratum moves each chunk's gain by 2 * (customers added) alike: it
    # does not average out over chunks, as the plan changes how many are treated
    assert (gate.gain.estimate or 0.0) == pytest.approx(alone.gain.estimate, rel=0.2)
    assert abs(gate.statistic) < abs(alone.statistic)


def test_common_error_hand_case(make_means: Callable[..., CellMeans], make_world: Callable[..., Moments]) -> None:
    # free treatment, gain 4 per customer: the plan treats all 100 instead of 50; 8 chunks of variance 2 each give
    # (50² * 2) / 8 = 625; loadings 3 - 1 = 2 give (50 * 2)² = 10000; z = 200 / sqrt(10625)
    means = make_means(
        [[[1.0, 0.0], [5.0, 0.0]]],
        [[10**9, 10**9]],
        ("margin", "cost"),
        variance=[[[1.0, 0.0], [1.0, 0.0]]],
        shared=[[[[1.0, 0.0], [3.0, 0.0]]]],
    )
    world = make_world([[40, 40]], rng=np.random.default_rng(0))
    limits = Limits(np.array([100.0]), np.array([[0.5]]))
    gate = gate_plan(world, lambda _: means, limits=limits, terms=NET)
    assert gate.gain.estimate == pytest.approx(200.0)
    assert gate.statistic == pytest.approx(200 / 10625**0.5, rel=1e-6)


def test_a_stratum_counts_only_where_every_changed_arm_has_two_customers(
    make_moments: Callable[..., Moments], rng: np.random.Generator
) -> None:
    units = _units(rng, 4000, arms=3)
    limits = _limits(units, arms=2)
    last = (units["stratum"] == 0) & (units["fold"] >= 18)
    raised = units | {"margin": units["margin"] + 1000 * (last & (units["arm"] == 1))}
    alone = ~(last & (units["arm"] == 2))
    alone[np.flatnonzero(~alone)[0]] = True
    statistics = [
        gate_plan(
            _moments(make_moments, {name: values[keep] for name, values in market.items()}),
            adjust_means,
            limits=limits,
            terms=NET,
        ).statistic
        for keep in (np.ones(4000, bool), alone)
        for market in (units, raised)
    ]
    assert statistics[0] != pytest.approx(statistics[1])
    assert statistics[2] == pytest.approx(statistics[3], rel=1e-12)


def test_nothing_to_test_does_not_pass(make_moments: Callable[..., Moments], rng: np.random.Generator) -> None:
    units = _units(rng, 200)
    early = units | {"fold": units["fold"] % 4}
    gate = gate_plan(_moments(make_moments, early), adjust_means, limits=_limits(units), terms=NET)
    assert gate.n_chunks == 0
    assert not gate.passed
    assert gate.p_loss == 0.5
    assert gate.gain.estimate == 0.0


def test_currency_rows_and_labels_do_not_matter(make_moments: Callable[..., Moments], rng: np.random.Generator) -> None:
    units = _units(rng, 3000, arms=3)
    limits = replace(_limits(units, 2), present=np.tile([0.2, 0.4], (4, 1)))
    gate = gate_plan(_moments(make_moments, units), adjust_means, limits=limits, terms=NET)
    cents = gate_plan(_moments(make_moments, units, grid=0.01), adjust_means, limits=limits, terms=NET)
    assert cents.statistic == pytest.approx(gate.statistic, rel=1e-6)
    assert cents.gain.estimate == pytest.approx(0.01 * (gate.gain.estimate or 0.0), rel=1e-6)
    order = rng.permutation(3000)
    shuffled = {name: values[order] for name, values in units.items()}
    assert gate_plan(_moments(make_moments, shuffled), adjust_means, limits=limits, terms=NET) == gate
    swapped = units | {"arm": np.array([0, 2, 1])[units["arm"]], "stratum": 3 - units["stratum"]}
    turned = replace(limits, units=limits.units[::-1], present=limits.present[:, ::-1])
    renamed = gate_plan(_moments(make_moments, swapped), adjust_means, limits=turned, terms=NET)
    assert renamed.statistic == pytest.approx(gate.statistic, rel=1e-6)


def test_cells_of_which_nothing_is_known_keep_their_share(make_means: Callable[..., CellMeans]) -> None:
    mean = np.zeros((3, 3, 2))
    mean[:, 1:, 0] = [[5.0, 1.0], [-5.0, 9.0], [3.0, 0.0]]
    mean[:, 1:, 1] = 1.0
    means = make_means(mean, [[50, 50, 50], [50, 50, 50], [50, 50, 0]], ("margin", "cost"), variance=1.0)
    frozen = np.zeros((3, 2), bool)
    frozen[0, 0] = True
    limits = Limits(np.full(3, 100.0), np.full((3, 2), 0.3), cell_at_most=None, frozen=frozen)
    plan = propose_plan(means, limits, NET)
    assert plan.shares[0, 0] == 0.3  # as the caller asked
    assert plan.shares[2, 1] == 0.3  # as the experiment did not try it
    # D = 150 (the cost of the untried arm is unknown); 30 + 15 + 15 + 15 stand, the 75 left go to the best cell
    assert plan.shares[1] == pytest.approx([0.15, 0.75])
    assert not plan.value.known[2, 1]


@pytest.mark.parametrize(("df", "expected"), [(2.0, 4.302653 / 1.959964), (8.0, 2.306004 / 1.959964), (np.inf, 1.0)])
def test_widening_is_the_t_limit_over_the_normal_one(df: float, expected: float) -> None:
    assert widening(df) == pytest.approx(expected, rel=1e-6)


def test_normal_tail() -> None:
    assert normal_tail(1.959963984540054) == pytest.approx(0.025)
    assert normal_tail(-1.0) == pytest.approx(0.8413447, rel=1e-6)


def test_chunks_without_any_spread_are_not_counted(make_moments: Callable[..., Moments]) -> None:
    # nobody buys and the cost is fixed: d_k is known, se_k is 0, and no z can be made of it
    cell = np.arange(800)
    units = {
        "stratum": cell % 4,
        "arm": cell // 4 % 2,
        "fold": cell // 8 % 20,
        "margin": 0 * cell,
        "cost": cell // 4 % 2,
    }
    gate = gate_plan(_moments(make_moments, units), adjust_means, limits=_limits(units), terms=NET)
    assert gate.n_chunks == 0
    assert not gate.passed
