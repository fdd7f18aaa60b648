from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from tests.design.conftest import mapping
from uplift.data import open_warehouse
from uplift.design import Design, plan_experiment
from uplift.design.recorded import assign_recorded, read_arms
from uplift.errors import DataError, DesignError
from uplift.spec import parse_spec

if TYPE_CHECKING:
    from pathlib import Path

    from tests.design.conftest import Market

ARMS = [{"id": "coupon", "share": "2/3", "value": "1"}, {"id": "control", "share": "1/3", "value": "0"}]


def trial(n: int = 400) -> pd.DataFrame:
    rng = np.random.default_rng(4)
    spend = np.where(rng.random(n) < 0.2, np.round(rng.gamma(2, 30, n), 2), 0.0)
    region = np.array(["north", "south"])[rng.integers(0, 2, n)]
    return pd.DataFrame({"mail": rng.integers(0, 2, n), "region": region, "visit": spend > 0, "spend": spend})


def trial_spec(**changes: object) -> dict[str, object]:
    return {
        "version": 1,
        "experiment": {"id": "mail", "currency": "USD"},
        "data": {"units": {"table": "trial.csv", "id": None}},
        "strata": {"columns": ["region"]},
        "arms": [{"id": "control", "share": 0.5, "value": "0"}, {"id": "mail", "share": 0.5, "value": "1"}],
        "assignment": {"method": "recorded", "arm": "mail"},
        "outcomes": {
            "primary": {"column": "spend", "kind": "money"},
            "secondary": [{"column": "visit", "kind": "rate"}],
        },
        **changes,
    }


def plan_trial(frame: pd.DataFrame, **changes: object) -> Design:
    spec = parse_spec(trial_spec(**changes))
    with open_warehouse(spec, tables={"units": frame}) as warehouse:
        return plan_experiment(spec, warehouse)


def test_a_unit_level_trial_needs_no_orders() -> None:
    frame = trial()
    got = plan_trial(frame)
    assert got.plan.scheme == "recorded"
    assert got.plan.t0 is None
    assert not got.locked
    assert got.lock_digest == got.assignment_digest == ""
    assert got.plan.measurement.cap is None
    assert got.plan.measurement.primary.grid == 0.01
    assert got.plan.measurement.secondary[0].grid == 1
    assert got.summary.mde == (None,)
    want = pd.crosstab(frame["region"], frame["mail"]).to_numpy()
    np.testing.assert_array_equal(got.assignment.counts, want)
    np.testing.assert_allclose(
        got.assignment.propensity,
        (want / want.sum(axis=1, keepdims=True))[got.assignment.stratum, got.assignment.arm],
    )


def test_a_recorded_design_is_stored_without_a_lock(tmp_path: Path) -> None:
    got = plan_trial(trial())
    got.save(tmp_path)
    assert not (tmp_path / "lock.json").exists()
    back = Design.load(tmp_path)
    assert back.plan == got.plan
    assert back.verify(parse_spec(trial_spec())).status == "warn"


def test_orders_may_be_read_for_a_recorded_trial(market: Market) -> None:
    spec = parse_spec(mapping(arms=ARMS, assignment={"method": "recorded", "arm": "arm"}))
    got = market.plan(spec)
    assert got.plan.measurement.covariates == ("primary_pre", "orders_90d")
    assert got.plan.n_holdout == 0
    place = dict(zip(market.units["id"], market.units["arm"], strict=True))
    spelt = np.array(["0", "1"])[got.assignment.arm]
    assert all(place[unit] == arm for unit, arm in zip(got.assignment.unit_id, spelt, strict=True))


def test_values_that_are_no_arm_are_listed() -> None:
    values = np.array([0.0, 1.0, 2.0, np.nan, 2.0])
    with pytest.raises(DataError, match=r"holds '' \(1 units\), '2' \(2 units\), which is no arm; arms are: 0, 1"):
        read_arms(values, {"control": "0", "mail": "1"}, column="mail")
    assert read_arms(values[:2], {"control": "0", "mail": "1"}, column="mail").tolist() == [0, 1]


def test_a_single_arm_stratum_is_refused() -> None:
    ids = np.array(list("abcd"), dtype=object)
    with pytest.raises(DesignError, match="stratum 's' has 1 units of arm 'mail', at least 2 are needed"):
        assign_recorded(
            ids,
            np.array([0, 0, 0, 1]),
            stratum=np.zeros(4, np.int64),
            strata=("s",),
            shares={"control": 0.5, "mail": 0.5},
        )
