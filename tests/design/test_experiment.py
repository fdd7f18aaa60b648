from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from tests.design.conftest import START, UNITS, mapping
from uplift.errors import DataError, DesignError
from uplift.spec import parse_spec

if TYPE_CHECKING:
    from tests.design.conftest import Market
    from uplift.design import Design


def test_everybody_eligible_is_drawn_or_held_out(design: Design) -> None:
    plan, drawn = design.plan, design.assignment
    assert plan.n_eligible == UNITS - 30
    assert plan.n_assigned + plan.n_holdout == plan.n_eligible == len(drawn)
    assert 40 < plan.n_holdout < 110
    assert sum(stratum.n_units for stratum in plan.strata) == plan.n_eligible
    assert [arm.id for arm in plan.arms] == ["control", "coupon"] == list(drawn.arms)
    assert plan.arms[1].share_text == "3/5"
    assert (plan.arms[1].contact, plan.arms[1].redemption, plan.arms[1].codes) == (0.05, 8.0, ("SM",))
    total = drawn.counts.sum(axis=0)
    assert abs(total[1] - 0.6 * plan.n_assigned) < 1
    assert drawn.counts.min() >= 20
    assert (drawn.t0 == np.datetime64(START)).all()


def test_the_past_has_what_analysis_needs(design: Design, market: Market) -> None:
    past = design.past
    assert list(past.unit_id) == list(design.assignment.unit_id)
    wanted = {
        "lifecycle", "value_tier", "frequency", "basket", "segment:frequent",
        "primary_pre", "orders_90d", "gross_margin_365d", "orders_365d",
    }  # fmt: skip
    assert set(past.names) == wanted
    recent = market.orders[market.orders["at"] >= START - pd.Timedelta(days=90)].groupby("id").size()
    want = recent.reindex(list(past.unit_id), fill_value=0).to_numpy()
    np.testing.assert_array_equal(past["orders_90d"], want)
    np.testing.assert_array_equal(past["segment:frequent"], want >= 6)


def test_axes_that_are_not_drawn_are_read(design: Design) -> None:
    drawn = {axis.id: axis.drawn for axis in design.plan.axes}
    assert drawn == {"lifecycle": True, "value_tier": True, "frequency": False, "basket": False}
    frequency = design.plan.axes[2]
    assert (frequency.cut_points, frequency.metric, frequency.levels) == ((3, 9), "orders_90d", ("low", "mid", "high"))
    assert design.plan.axes[0].rule["population_gap"] > 0


def test_the_cap_is_the_last_thousandth_of_the_past(design: Design) -> None:
    cap = design.plan.measurement.cap
    assert cap is not None
    primary = design.past["primary_pre"]
    assert primary.max() <= cap
    assert 0 < (primary >= cap).mean() <= 0.003


def test_the_residual_model_is_of_the_latest_cohort(design: Design) -> None:
    model = design.plan.measurement.residual
    assert model is not None
    assert model.features == ("gross_margin", "orders", "gross_margin_365d", "orders_365d")
    assert (model.cohort_start, model.cohort_end) == ("2025-03-02T00:00:00", "2026-03-02T00:00:00")
    assert 0.2 < model.r_squared < 0.95
    assert design.plan.measurement.counted_days == 365


def test_a_short_past_predicts_nothing(market: Market) -> None:
    young = market.orders[market.orders["at"] >= START - pd.Timedelta(days=500)]
    plan = market.plan(parse_spec(mapping()), orders=young).plan
    assert plan.measurement.residual is None
    assert plan.measurement.counted_days == 90
    assert plan.measurement.primary.measure.basis == "observed"


def test_nothing_at_or_after_the_moment_is_known(market: Market, design: Design) -> None:
    later = market.orders.assign(at=market.orders["at"] + pd.Timedelta(days=800), order="x" + market.orders["order"])
    again = market.plan(parse_spec(mapping()), orders=pd.concat([market.orders, later]))
    assert again.files == design.files


def test_the_order_of_rows_changes_no_byte(market: Market, design: Design) -> None:
    again = market.plan(
        parse_spec(mapping()),
        units=market.units.sample(frac=1, random_state=1),
        orders=market.orders.sample(frac=1, random_state=2),
    )
    assert again.files == design.files
    assert again.lock == design.lock


def test_a_sample_draws_a_share_of_every_stratum(market: Market) -> None:
    spec = parse_spec(mapping(eligible={"where": {"kind": "person"}, "sample": 700}))
    got = market.plan(spec)
    assert got.plan.n_assigned == 700
    assert got.plan.n_eligible == UNITS - 30
    assert sum(stratum.n_units for stratum in got.plan.strata) == UNITS - 30


def test_the_summary_says_what_can_be_seen(design: Design) -> None:
    summary = design.summary
    assert summary.mde[0] is not None
    assert max(row.mde[0] or 0 for row in summary.split) > summary.mde[0] > 0
    assert sum(row.n_holdout for row in summary.split) == design.plan.n_holdout
    assert summary.provenance.locked
    assert summary.provenance.lock_digest == design.lock_digest
    assert summary.provenance.inputs["units"] == UNITS
    assert summary.metrics[0].covariates == ("primary_pre", "orders_90d")
    assert summary.experiment.horizon_days == 365


def test_nobody_left_names_the_counts(market: Market) -> None:
    spec = parse_spec(mapping(eligible={"where": {"kind": "robot"}}))
    with pytest.raises(DesignError, match=r"nobody is left of 1500 units: 0 meet eligible\.where"):
        market.plan(spec)


def test_too_few_units_name_the_stratum(market: Market) -> None:
    few = market.units.head(4)
    with pytest.raises(DesignError, match="has 3 units to draw, which gives fewer than 2 to arm 'control'"):
        market.plan(parse_spec(mapping(assignment={"method": "blocked"})), units=few, orders=market.orders)


def test_an_unknown_key_of_a_condition_is_named(market: Market) -> None:
    with pytest.raises(DataError, match="condition on 'kinds': there is no such column; did you mean 'kind'"):
        market.plan(parse_spec(mapping(eligible={"where": {"kinds": "person", "kind": "person"}})))


def test_eligibility_by_axis_and_metric(market: Market) -> None:
    where = {"lifecycle": ["成长客", "active"], "orders_365d": {"min": 1}}
    got = market.plan(parse_spec(mapping(eligible={"where": where, "exclude": {"kind": "staff"}})))
    assert set(got.past["lifecycle"]) == {"growing", "active"}
    assert (got.past["orders_365d"] >= 1).all()
