from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from uplift.decide.decompose import COSTS, Group, component_effect, decompose, treated_groups
from uplift.results.measure import Measure
from uplift.stats.adjust import adjust_means

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from uplift.results.money import Decomposition
    from uplift.stats.cells import CellMeans
    from uplift.stats.moments import Moments

    Columns = dict[str, NDArray[np.float64]]

MONEY = Measure("money", "EUR", "treated", 90)
PARTS = ("gross_margin", "subsidy", "contact", "fulfilment", "returned_value", "residual")


def _head(found: Decomposition, code: str) -> float:
    estimate = found.line(code).per_head.estimate
    assert estimate is not None
    return estimate


def _market(rng: np.random.Generator, n: int = 3000) -> tuple[Columns, Columns, NDArray[np.int64], NDArray[np.int64]]:
    """Return outcomes, covariates, arm and stratum; shares differ by stratum and controls redeem other coupons."""
    stratum = rng.integers(0, 4, n)
    arm = (rng.random(n) > np.array([0.2, 0.4, 0.5, 0.6])[stratum]) * rng.integers(1, 3, n)
    past = np.rint(rng.gamma(2.0, 20.0, n))
    gross = np.rint(0.5 * past + rng.normal(40 + 5 * arm + 10 * stratum, 25, n))
    columns = {
        "gross_margin": gross,
        "subsidy": rng.binomial(1, 0.1 + 0.3 * (arm > 0)) * 5.0,
        "contact": (arm > 0) * 1.0,
        "fulfilment": rng.integers(0, 4, n) + 0.0,
        "returned_value": rng.binomial(1, 0.1, n) * np.rint(0.2 * np.abs(gross)),
        "residual": np.rint(rng.normal(20 + arm, 10, n)),
    }
    net = 2 * columns["gross_margin"] + 2 * columns["residual"] - sum(columns[name] for name in PARTS)
    columns["primary_capped"] = np.minimum(net, 120.0)
    orders = rng.poisson(2.0 + 0.3 * (arm > 0))
    columns |= {"orders": orders + 0.0, "redeemed_orders": np.minimum(orders, 1.0 * (arm > 0))}
    return columns, {"past": past, "visits": rng.poisson(4, n) + 0.0}, arm, stratum


def test_two_strata_hand_case(make_means: Callable[..., CellMeans]) -> None:
    # 30 and 10 treated: weights 3/4 and 1/4 (not the strata's shares, 60 : 40)
    # natural .75 * 20 + .25 * 8 = 17; gross effect .75 * 4 + .25 * 12 = 6; subsidy -(.75 * 2 + .25 * 1) = -1.75;
    # contact -1; net 6 - 1.75 - 1 = 3.25; the control of stratum 1 redeems other coupons of 0.5
    mean = [[[20.0, 0.0, 0.0], [24.0, 2.0, 1.0]], [[8.0, 0.5, 0.0], [20.0, 1.5, 1.0]]]
    means = make_means(mean, [[30, 30], [30, 10]], ("gross_margin", "subsidy", "contact"), variance=0.01)
    found = decompose(means, treated_groups(means)[0], measure=MONEY)
    assert (found.arm, found.by, found.level, found.n_treated) == ("arm1", "overall", "", 40)
    expected = {"observed": 23.0, "chance_imbalance": 0.0, "natural": 17.0, "incremental_observed": 6.0}
    expected |= {"subsidy": -1.75, "contact": -1.0, "fulfilment": 0.0, "returns": 0.0, "net": 3.25}
    for code, value in expected.items():
        assert _head(found, code) == pytest.approx(value), code
        assert found.line(code).total == pytest.approx(40 * value), code
    assert found.line("incremental_predicted").per_head.estimate is None
    assert found.line("incremental_predicted").total is None
    assert found.natural_share.estimate == pytest.approx(17 / 23)
    # net of one cell: .03; both strata: (.5625 + .0625) * 2 * .03 = .0375, Satterthwaite df in the interval
    half = (found.line("net").per_head.ci_upper or 0.0) - 3.25
    assert half == pytest.approx(1.996 * 0.0375**0.5, rel=0.01)
    assert found.waste is None
    assert found.dashboard_claim is None


def test_lines_close_on_random_data(make_moments: Callable[..., Moments], rng: np.random.Generator) -> None:
    columns, covariates, arm, stratum = _market(rng)
    means = adjust_means(make_moments(columns, arm, stratum=stratum, covariates=covariates))
    assert set(means.slopes) == {"cell"}
    for group in treated_groups(means):
        found = decompose(means, group, measure=MONEY)
        size = abs(_head(found, "observed"))
        start = _head(found, "observed") + _head(found, "chance_imbalance")
        assert start == pytest.approx(_head(found, "natural") + _head(found, "incremental_observed"), abs=1e-9 * size)
        built = sum(_head(found, code) for code in ("incremental_observed", "incremental_predicted", *COSTS))
        assert built == pytest.approx(_head(found, "net"), abs=1e-9 * size)
        capped = float((component_effect(means, group.weight, {"primary_capped": 1.0}) * means.mean).sum())
        assert _head(found, "net") + _head(found, "cap_effect") == pytest.approx(capped, abs=1e-9 * size)
        assert abs(_head(found, "chance_imbalance")) > 1e-6
        assert abs(_head(found, "cap_effect")) > 0.1


def test_every_line_is_what_plain_means_of_units_give(
    make_moments: Callable[..., Moments], rng: np.random.Generator
) -> None:
    columns, _, arm, stratum = _market(rng)
    means = adjust_means(make_moments(columns, arm, stratum=stratum))
    found = decompose(means, treated_groups(means)[0], measure=MONEY)
    n_treated = int((arm == 1).sum())

    def effect(values: NDArray[np.float64]) -> float:
        cells = [values[(stratum == s) & (arm == 1)] for s in range(4)]
        controls = [values[(stratum == s) & (arm == 0)].mean() for s in range(4)]
        return float(sum(len(cell) * (cell.mean() - c) for cell, c in zip(cells, controls, strict=True)) / n_treated)

    assert found.n_treated == n_treated
    assert _head(found, "observed") == pytest.approx(columns["gross_margin"][arm == 1].mean())
    assert _head(found, "chance_imbalance") == pytest.approx(0.0, abs=1e-9)
    assert _head(found, "incremental_observed") == pytest.approx(effect(columns["gross_margin"]))
    assert _head(found, "incremental_predicted") == pytest.approx(effect(columns["residual"]))
    for code, component in COSTS.items():
        assert _head(found, code) == pytest.approx(-effect(columns[component]), abs=1e-12)
    assert _head(found, "subsidy") > -columns["subsidy"][arm == 1].mean()


def test_the_pooled_group_is_the_sum_of_the_arms(
    make_moments: Callable[..., Moments], rng: np.random.Generator
) -> None:
    columns, covariates, arm, stratum = _market(rng)
    means = adjust_means(make_moments(columns, arm, stratum=stratum, covariates=covariates))
    one, two, both = (decompose(means, group, measure=MONEY) for group in treated_groups(means))
    assert both.arm == "treated"
    assert both.n_treated == one.n_treated + two.n_treated
    for line in both.lines:
        parts = (one.line(line.code).total or 0.0) + (two.line(line.code).total or 0.0)
        assert line.total == pytest.approx(parts, rel=1e-9, abs=1e-6), line.code


def test_treated_customers_without_a_control_are_left_out(make_means: Callable[..., CellMeans]) -> None:
    # stratum 1 has two coupon arms and no control: nothing says what its customers would have brought
    mean = [[[10.0], [14.0], [12.0]], [[0.0], [90.0], [80.0]]]
    means = make_means(mean, [[20, 20, 20], [0, 50, 50]], ("gross_margin",), variance=0.1)
    groups = treated_groups(means)
    found = decompose(means, groups[0], measure=MONEY)
    assert found.n_treated == 20
    assert _head(found, "incremental_observed") == pytest.approx(4.0)
    assert decompose(means, groups[2], measure=MONEY).n_treated == 40


def test_one_outcome_without_components(make_means: Callable[..., CellMeans]) -> None:
    means = make_means([[[0.65], [1.42]]], [[100, 100]], ("spend",), variance=0.01)
    found = decompose(means, treated_groups(means)[0], measure=MONEY, gross="spend")
    assert _head(found, "net") == pytest.approx(0.77)
    assert _head(found, "natural") == pytest.approx(0.65)
    assert "cap_effect" not in {line.code for line in found.lines}


def test_a_sub_population_takes_the_weights_it_is_given(make_means: Callable[..., CellMeans]) -> None:
    means = make_means([[[1.0], [2.0]], [[1.0], [5.0]]], [[9, 9], [9, 9]], ("gross_margin",), variance=0.1)
    group = Group("arm1", "segment", "growing", np.array([[0.0, 0.0], [0.0, 6.0]]))
    found = decompose(means, group, measure=MONEY)
    assert (found.by, found.level, found.n_treated) == ("segment", "growing", 6)
    assert _head(found, "incremental_observed") == pytest.approx(4.0)


def test_natural_share_interval_is_fiellers(make_means: Callable[..., CellMeans]) -> None:
    # natural 6 (variance .04), treated 8 (variance .09), independent: roots of (64 - t² .09) r² - 96 r + (36 - t² .04)
    means = make_means([[[6.0], [8.0]]], [[10**6, 10**6]], ("gross_margin",), variance=[[[0.04], [0.09]]])
    share = decompose(means, treated_groups(means)[0], measure=MONEY).natural_share
    square = 1.959963984540054**2
    roots = np.sort(np.roots([64 - square * 0.09, -96, 36 - square * 0.04]))
    assert share.estimate == pytest.approx(0.75)
    assert [share.ci_lower, share.ci_upper] == pytest.approx(roots.tolist(), rel=1e-5)
    unknown = make_means([[[0.5], [0.4]]], [[99, 99]], ("gross_margin",), variance=1.0)
    share = decompose(unknown, treated_groups(unknown)[0], measure=MONEY).natural_share
    assert share.estimate == pytest.approx(1.25)
    assert share.ci_lower is None
    assert share.ci_upper is None


def test_dashboard_claim_is_the_margin_of_redeemed_orders(make_means: Callable[..., CellMeans]) -> None:
    mean = [[[20.0, 0.5], [21.0, 9.5]]]
    means = make_means(mean, [[400, 400]], ("gross_margin", "redeemed_margin"), variance=0.01)
    claim = decompose(means, treated_groups(means)[0], measure=MONEY).dashboard_claim
    assert claim is not None
    assert claim.estimate == pytest.approx(9.5)
