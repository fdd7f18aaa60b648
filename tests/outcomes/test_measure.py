"""Outcomes on exact grids: net value is the sum of its components, unit by unit."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from uplift.clv import SurrogateModel
from uplift.errors import DataError
from uplift.outcomes import Measurement, OutcomePlan, PlanCosts, measure, needed_facts
from uplift.outcomes.measure import to_grid
from uplift.results import Measure

if TYPE_CHECKING:
    from numpy.typing import NDArray

MODEL = SurrogateModel(
    features=("organic_margin", "couponed_margin"),
    coefficients=(1.0, 0.5, 0.25),
    covariance=((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)),
    dropped=(),
    df=100,
    n_units=103,
    r_squared=0.5,
)
MONEY = Measure("money", "CNY", "assigned", 90)
PLAN = Measurement(
    primary=OutcomePlan("incremental_clv", MONEY, grid=0.0001),
    secondary=(
        OutcomePlan("repurchase_count", Measure("count", "", "assigned", 90)),
        OutcomePlan("repurchase_rate", Measure("rate", "", "assigned", 90)),
        OutcomePlan("return_rate", Measure("rate", "", "order", 90), "down", ratio=True, grid=0.01),
    ),
    covariates=("before",),
    covariate_grids=(0.01,),
    window_days=90,
    settle_days=30,
    horizon_days=365,
    annual_discount_rate=0.1,
    cap=30.0,
    residual=MODEL,
    margin_basis="before_coupon",
)


def facts() -> dict[str, NDArray[np.float64]]:
    columns = {
        "gross_margin": [20.0, 0.0, 50.0],
        "organic_margin": [12.0, 0.0, 50.0],
        "couponed_margin": [8.0, 0.0, 0.0],
        "subsidy": [8.0, 0.0, 0.0],
        "contact_cost": [0.1, 0.1, 0.0],
        "contacts": [2.0, 2.0, 0.0],
        "returned_margin": [1.25, 0.0, 0.0],
        "orders": [2.0, 0.0, 3.0],
        "redeemed_orders": [1.0, 0.0, 0.0],
        "redeemed_margin": [8.0, 0.0, 0.0],
        "refunded": [5.0, 0.0, 0.0],
        "revenue": [92.0, 0.0, 240.0],
    }
    return {name: np.array(values) for name, values in columns.items()}


def costs(n_units: int = 3) -> PlanCosts:
    return PlanCosts(contact=np.full(n_units, 0.05), fulfilment=np.zeros(n_units), redemption=np.full(n_units, 8.0))


PAST = {"before": np.array([1.0, 2.0, 3.0])}


def test_net_value_by_hand() -> None:
    found = measure(PLAN, facts=facts(), past=PAST, costs=costs()).columns
    # unit 0: residual 1 + .5 * 12 + .25 * 8 = 9; net = 20 - 8 - .1 - 0 - 1.25 + 9 = 19.65
    # unit 1: residual 1; net = -.1 + 1 = .9; unit 2: residual 26; net = 76, capped at 30
    assert found["residual"].tolist() == [900, 100, 2600]
    assert found["primary_capped"].tolist() == [196_500, 9_000, 300_000]


def test_net_value_is_the_exact_sum_of_its_components() -> None:
    rng = np.random.default_rng(20260302)
    known = {name: rng.gamma(0.4, 50.0, 500) for name in facts()}
    found = measure(replace(PLAN, cap=None), facts=known, past={"before": known["orders"]}, costs=costs(500)).columns
    total = 100 * (found["gross_margin"] - found["subsidy"] - found["fulfilment"] - found["returned_value"])
    assert np.array_equal(found["primary_capped"], total - found["contact"] + 100 * found["residual"])


def test_blocks_hold_their_outcomes_and_the_same_covariates() -> None:
    blocks = measure(PLAN, facts=facts(), past=PAST, costs=costs()).blocks
    assert [block.name for block in blocks] == [
        "money", "surrogates", "repurchase_count", "repurchase_rate", "return_rate",
    ]  # fmt: skip
    assert all(block.columns[0].role == "size" and block.columns[-1].name == "before" for block in blocks)


def test_secondary_outcomes_by_hand() -> None:
    found = measure(PLAN, facts=facts(), past=PAST, costs=costs()).columns
    assert found["repurchase_count"].tolist() == [1, 0, 2]
    assert found["repurchase_rate"].tolist() == [1, 0, 1]
    assert found["return_rate.numerator"].tolist() == [500, 0, 0]
    assert found["return_rate.denominator"].tolist() == [9_200, 0, 24_000]


def test_without_a_residual_model_the_predicted_part_is_absent() -> None:
    found = measure(replace(PLAN, residual=None), facts=facts(), past=PAST, costs=costs())
    assert "residual" not in found.columns
    assert "surrogates" not in [block.name for block in found.blocks]
    assert found.columns["primary_capped"].tolist() == [106_500, -1_000, 300_000]


def test_planned_costs_stand_in_for_missing_tables() -> None:
    known = facts()
    for name in ("subsidy", "contact_cost", "contacts", "redeemed_orders", "redeemed_margin"):
        del known[name]
    found = measure(PLAN, facts={**known, "promo_orders": np.array([2.0, 0.0, 1.0])}, past=PAST, costs=costs())
    assert found.stand_ins == ("subsidy", "contact")
    assert found.columns["subsidy"].tolist() == [800, 0, 800]
    assert found.columns["contact"].tolist() == [500, 500, 500]
    assert not {"exposed", "redeemed_orders"} & set(found.columns)


def test_a_column_of_units_is_an_outcome() -> None:
    plan = replace(
        PLAN,
        primary=OutcomePlan("spend", MONEY, grid=0.01, column="spend"),
        secondary=(OutcomePlan("visit", Measure("rate"), column="visit"),),
        residual=None,
        cap=None,
    )
    known = {"spend": np.array([0.0, 29.99, 5.0]), "visit": np.array([0.0, 1.0, 1.0])}
    found = measure(plan, facts=known, past=PAST, costs=PlanCosts(np.zeros(3), np.zeros(3), np.zeros(3)))
    assert found.columns["spend"].tolist() == [0, 2_999, 500]
    assert [block.name for block in found.blocks] == ["money", "visit"]


def test_planned_costs_of_unit_level_outcomes() -> None:
    plan = replace(PLAN, primary=OutcomePlan("spend", MONEY, grid=0.01, column="spend"), secondary=(), residual=None)
    found = measure(plan, facts={"spend": np.ones(3)}, past=PAST, costs=costs())
    assert [column.name for column in found.blocks[0].columns] == ["size", "spend", "contact", "before"]


def test_a_missing_outcome_is_refused() -> None:
    plan = replace(PLAN, primary=OutcomePlan("spend", MONEY, grid=0.01, column="spend"), secondary=(), residual=None)
    with pytest.raises(DataError, match="column 'spend' has 2 missing or infinite values"):
        measure(plan, facts={"spend": np.array([np.nan, 1.0, np.inf])}, past=PAST, costs=costs())


def test_halves_go_to_even_steps() -> None:
    assert to_grid(np.array([0.5, 1.5, 2.5, -0.5]), 1.0).tolist() == [0, 2, 2, 0]


def test_counted_days_are_the_window_without_a_prediction() -> None:
    assert (PLAN.counted_days, replace(PLAN, residual=None).counted_days) == (365, 90)


def test_a_primary_that_is_no_sum_of_components() -> None:
    plan = replace(PLAN, primary=OutcomePlan("repurchase_count", Measure("count")), residual=None, cap=None)
    assert measure(plan, facts=facts(), past=PAST, costs=costs()).columns["primary_capped"].tolist() == [
        10_000,
        0,
        20_000,
    ]


def test_a_ratio_is_no_primary() -> None:
    plan = replace(PLAN, primary=OutcomePlan("return_rate", Measure("rate"), ratio=True), residual=None, cap=None)
    with pytest.raises(DataError, match=r"outcomes\.primary: return_rate is a ratio of sums"):
        measure(plan, facts=facts(), past=PAST, costs=costs())


def test_a_secondary_outcome_names_the_table_it_lacks() -> None:
    known = {name: values for name, values in facts().items() if name != "refunded"}
    with pytest.raises(DataError, match=r"outcomes\.secondary: return_rate needs 'refunded'"):
        measure(PLAN, facts=known, past=PAST, costs=costs())


def test_secondary_outcomes_of_the_other_tables_by_hand() -> None:
    secondary = (
        OutcomePlan("retention", Measure("rate")),
        OutcomePlan("unsubscribe_rate", Measure("rate"), "down"),
        OutcomePlan("cross_category_repurchase_30d", Measure("rate")),
        OutcomePlan("other_platform_margin", MONEY, grid=0.01),
        OutcomePlan("complaint_rate", Measure("rate"), "down", ratio=True),
        OutcomePlan("average_basket", MONEY, ratio=True, grid=0.01),
    )
    more = {
        "orders_last_30": [2.0, 0.0, 1.0],
        "unsubscribed": [0.0, 1.0, 0.0],
        "cross_category_30d": [1.0, 0.0, 0.0],
        "other_platform_margin": [3.5, 0.0, -1.0],
        "complaints": [1.0, 0.0, 2.0],
    }
    known = {**facts(), **{name: np.array(values) for name, values in more.items()}}
    found = measure(replace(PLAN, secondary=secondary), facts=known, past=PAST, costs=costs()).columns
    assert found["retention"].tolist() == [1, 0, 1]
    assert found["unsubscribe_rate"].tolist() == [0, 1, 0]
    assert found["cross_category_repurchase_30d"].tolist() == [1, 0, 0]
    assert found["other_platform_margin"].tolist() == [350, 0, -100]
    assert (found["complaint_rate.numerator"].tolist(), found["complaint_rate.denominator"].tolist()) == (
        [1, 0, 2],
        [2, 0, 3],
    )
    assert found["average_basket.numerator"].tolist() == [9_200, 0, 24_000]
    assert found["average_basket.denominator"].tolist() == [200, 0, 300]


def test_only_what_is_measured_is_asked_for() -> None:
    asked = needed_facts(PLAN)
    assert len(set(asked)) == len(asked)
    assert {"gross_margin", "organic_margin", "refunded", "revenue"} <= set(asked)
    assert not {"cross_category_30d", "complaints"} & set(asked)
    retained = replace(PLAN, secondary=(OutcomePlan("retention", Measure("rate")),), residual=None)
    assert "orders_last_30" in needed_facts(retained)
