from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from tests.design.conftest import START, UNITS, Market, make_small_market, mapping
from uplift.data import open_warehouse
from uplift.design.classify import classify_audience
from uplift.design.experiment import ALIVE, MODEL_STAGE
from uplift.design.plan import Plan
from uplift.errors import DesignError
from uplift.results import Note
from uplift.results.codec import decode, encode
from uplift.spec import parse_spec

if TYPE_CHECKING:
    from uplift.design import Design
    from uplift.design.audience import Audience

DAY = pd.Timedelta(days=1)
SIX = {"lifecycle": "six_stage", "min_cell": 5}


@pytest.fixture(scope="module")
def leaving() -> Market:
    """The small market with customers who stop: each order is the last one with the chance of its customer."""
    market = make_small_market()
    rng = np.random.default_rng(9)
    stops = pd.Series(rng.beta(0.8, 8, UNITS), index=market.units["id"])
    orders = market.orders.sort_values(["id", "at"]).reset_index(drop=True)
    last = rng.random(len(orders)) < orders["id"].map(stops).to_numpy()
    gone = last.cumsum() - last
    before = orders.groupby("id").cumcount() > 0
    first = pd.Series(gone).groupby(orders["id"]).transform("first").to_numpy()
    return Market(market.units, orders[~(before & (gone > first))])


@pytest.fixture(scope="module")
def drawn(leaving: Market) -> Design:
    return leaving.plan(parse_spec(mapping()))


def classify(market: Market, **changes: object) -> Audience:
    spec = parse_spec(mapping(**changes))
    tables = {"units": market.units, "orders": market.orders}
    with open_warehouse(spec, tables=tables) as warehouse:
        return classify_audience(spec, warehouse)


def test_the_chance_to_be_there_decides_with_the_rule(leaving: Market) -> None:
    audience = classify(leaving)
    customers = audience.customers
    assert customers is not None
    assert customers.lifetime is not None
    stage, alive = audience.axes["lifecycle"], customers.alive
    assert stage.rule["with_alive"] == 1
    assert set(stage.labels[alive < 0.1]) == {"lost"}
    assert set(stage.labels[(alive >= 0.1) & (alive < 0.4)]) <= {"silent", "lost"}
    assert ((alive < 0.4).sum(), len(alive)) > (50, UNITS - 31)


def test_the_plan_keeps_the_model_and_both_stages(drawn: Design) -> None:
    plan = drawn.plan
    assert plan.measurement.lifetime is not None
    assert plan.measurement.lifetime.purchase.n_units > 1_000
    assert plan.stages is not None
    found = plan.stages.disagreement
    stage = drawn.past["lifecycle"]
    both = pd.crosstab(stage, drawn.past[MODEL_STAGE])
    assert found.n_compared >= both.drop(columns="none", errors="ignore").to_numpy().sum()
    assert 0 < (found.share or 0) < 0.5
    assert plan.stages.borders["silent_alive"] == 0.4
    assert decode(Plan, encode(plan)) == plan
    assert set(stage[drawn.past[ALIVE] < 0.1]) == {"lost"}


def test_without_a_model_the_rule_alone_decides(market: Market) -> None:
    plan = market.plan(parse_spec(mapping())).plan
    # Nobody ever stops in this market: the likelihood has no maximum.
    assert plan.notes[0].code == "lifetime.no_fit"
    assert (plan.stages, plan.measurement.lifetime) == (None, None)
    assert plan.axes[0].rule["with_alive"] == 0
    few = market.units.head(40)
    notes = classify(Market(few, market.orders[market.orders["id"].isin(few["id"])])).customers
    assert notes is not None
    assert notes.notes[0] == Note("lifetime.too_few", {"n": notes.notes[0].facts["n"]})


def test_six_stages_and_thresholds_are_drawn_and_kept(leaving: Market) -> None:
    plan = leaving.plan(parse_spec(mapping(strata=SIX))).plan
    axis = plan.axes[0]
    assert axis.levels == ("potential", "new", "growing", "mature", "declining", "lost")
    assert axis.names["mature"] == {"zh": "成熟", "en": "Mature"}
    strict = classify(leaving, strata={"lifecycle": {"silent_days": 30, "silent_gaps": 1, "silent_alive": 0.6}})
    stage = strict.axes["lifecycle"]
    assert (stage.rule["silent_days"], stage.rule["silent_alive"], stage.rule["lost_days"]) == (30, 0.6, 365)
    plain = classify(leaving).axes["lifecycle"]
    assert (stage.labels == "silent").sum() > (plain.labels == "silent").sum()


def test_nothing_at_or_after_the_moment_changes_a_stage(leaving: Market, drawn: Design) -> None:
    later = leaving.orders.assign(at=leaving.orders["at"] + 800 * DAY, order="x" + leaving.orders["order"])
    edge = leaving.orders.head(50).assign(at=START, order="y" + leaving.orders["order"].head(50))
    again = leaving.plan(parse_spec(mapping()), orders=pd.concat([leaving.orders, later, edge]))
    assert again.files == drawn.files


def test_the_order_of_rows_changes_no_byte(leaving: Market, drawn: Design) -> None:
    shuffled = leaving.orders.sample(frac=1, random_state=2)
    assert leaving.plan(parse_spec(mapping()), orders=shuffled).files == drawn.files


def test_potential_is_drawn_beside_value(leaving: Market) -> None:
    strata = {"value_tier": {"by": "gross_margin_365d", "quantiles": [0.5]}, "potential": {"quantiles": [0.5]}}
    segments = {"hopeful": {"where": {"potential": "高潜力", "value_tier": "low"}}}
    audience = classify(leaving, strata=strata, segments=segments)
    potential, value = audience.axes["potential"], audience.axes["value_tier"]
    assert potential.levels == ("zero", "low", "high")
    assert potential.metric == "predicted_clv"
    same = (potential.labels == "high") == (value.labels == "high")
    assert 0.7 < same.mean() < 0.99
    # Who bought long ago spent nothing in the year, and is still worth a little.
    assert ((value.labels == "zero") & (potential.labels == "low")).sum() > 100
    cuts = classify(leaving, strata={"potential": {"cuts": [50, 200]}}).axes["potential"]
    assert cuts.cut_points == (50.0, 200.0)


def test_potential_without_a_model_says_why(market: Market) -> None:
    with pytest.raises(DesignError, match=r"there is no lifetime model to predict by \(lifetime.no_fit\)"):
        classify(market, strata={"potential": {}})


def test_declared_behaviour_lifts_the_potential(leaving: Market) -> None:
    spec = mapping(strata={"potential": {"cuts": [1_000_000], "behaviour": {"visits": 500_000.0}}})
    spec["data"]["behaviour"] = {"table": "b.csv", "id": "id", "time": "at", "kind": "kind"}
    active = leaving.units["id"].iloc[1:4]
    visits = pd.DataFrame({"id": active.repeat(3), "at": START - DAY, "kind": "visit"})
    parsed = parse_spec(spec)
    tables = {"units": leaving.units, "orders": leaving.orders, "behaviour": visits}
    with open_warehouse(parsed, tables=tables) as warehouse:
        axis = classify_audience(parsed, warehouse)
    high = axis.known.unit_id[axis.axes["potential"].labels == "high"]
    assert high.tolist() == active.tolist()
