from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.design.conftest import mapping
from tests.design.test_recorded import trial_spec
from uplift.customers import column_axis
from uplift.data import Columns
from uplift.design.audience import Audience, build_axes, build_axis, metric_names, select_eligible
from uplift.design.metrics import plan_measurement
from uplift.design.past import measure_past
from uplift.errors import DesignError
from uplift.spec import parse_spec

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from uplift.data import FactWindow


def columns(**values: list[object]) -> Columns:
    n = len(next(iter(values.values())))
    ids = np.array([f"u{i}" for i in range(n)], dtype=object)
    return Columns(ids, {name: np.array(value) for name, value in values.items()})


def test_metrics_of_axes_and_conditions_are_read_once() -> None:
    spec = parse_spec(mapping(eligible={"where": {"orders_365d": {"min": 1}, "kind": "person", "orders_30d": 2}}))
    names = metric_names(spec, ("kind", "orders_30d"))
    assert names == ("average_basket_365d", "gross_margin_365d", "orders_365d", "orders_90d")
    assert metric_names(parse_spec(trial_spec()), ("spend",)) == ()


def test_a_column_may_hold_the_stage() -> None:
    spec = parse_spec(mapping(strata={"lifecycle": {"column": "stage"}, "columns": ["club"]}))
    known = columns(stage=["b", "a", "b"], club=["x", "x", "y"])
    axes = build_axes(spec, known, {}, only=("lifecycle", "club"))
    assert list(axes) == ["lifecycle", "club"]
    assert axes["lifecycle"].levels == ("a", "b")
    assert axes["lifecycle"].id == "lifecycle"


def test_the_rule_needs_orders() -> None:
    with pytest.raises(DesignError, match="five_stage reads orders"):
        build_axes(parse_spec(mapping()), columns(kind=["a"]), {}, only=("lifecycle",))


def test_an_axis_may_cut_a_ratio() -> None:
    rule = {"by": "average_basket_365d", "cuts": [50], "names": [{"zh": "小", "en": "small"}, "大"]}
    spec = parse_spec(mapping(strata={"value_tier": rule, "basket": rule}))
    values = np.array([np.nan, 20.0, 70.0])
    tier = build_axis("value_tier", spec.strata.axes["value_tier"], values)
    assert tier.labels.tolist() == ["small", "small", "大"]
    basket = build_axis("basket", spec.strata.axes["basket"], values)
    assert basket.labels.tolist() == ["none", "small", "大"]
    assert basket.names["small"] == {"zh": "小", "en": "small"}


def test_eligible_takes_where_and_leaves_exclude() -> None:
    known = columns(kind=["a", "b", "a", "c"], size=[1.0, 2, 3, 4])
    axes = {
        "club": column_axis(np.array(["x", "y", "y", "x"], dtype=object), axis_id="club", names={"y": {"zh": "甲"}})
    }
    audience = Audience(known, axes)
    spec = parse_spec(mapping(eligible={"where": {"size": {"above": 1}}, "exclude": {"kind": "c"}}))
    assert select_eligible(spec, audience).tolist() == [False, True, True, False]
    by_name = parse_spec(mapping(eligible={"where": {"club": "甲"}}))
    assert audience.take(select_eligible(by_name, audience)).known["size"].tolist() == [2, 3]
    assert select_eligible(parse_spec(mapping(eligible=None)), audience).all()


def test_outcome_columns_that_come_later_have_the_grid_of_their_kind() -> None:
    spec = parse_spec(trial_spec())
    later = plan_measurement(spec, None, {})
    assert (later.primary.grid, later.secondary[0].grid) == (0.01, 1.0)
    fine = plan_measurement(spec, None, {"spend": np.array([0.5, np.nan, 0.125])})
    assert fine.primary.grid == 0.001
    assert fine.margin_basis == ""


class Nobody:
    """A warehouse in which nobody did anything."""

    def facts(self, ids: NDArray[np.object_], window: FactWindow, *, names: Sequence[str] | None = None) -> Columns:
        assert window.through is not None
        wanted = names or ("orders", "revenue", "gross_margin")
        return Columns(ids, {name: np.zeros(len(ids)) for name in wanted})


@pytest.mark.parametrize("n", [0, 5])
def test_without_any_spending_there_is_no_cap(n: int) -> None:
    spec = parse_spec(mapping())
    as_of = spec.campaign.as_of_at
    assert as_of is not None
    ids = np.array([f"u{i}" for i in range(n)], dtype=object)
    past = measure_past(Nobody(), ids, plan_measurement(spec, None, {}), as_of=as_of)
    assert past.measurement.cap is None
    assert past.primary.tolist() == [0.0] * n
