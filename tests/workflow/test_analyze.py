"""The analysis of one small market, and of the same market with something missing, lost or too early."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

import uplift
from uplift.errors import DataError, LockError
from uplift.simulate.blueprint import spec_mapping
from uplift.spec import parse_spec

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

ROLES = ("orders", "refunds", "coupons", "contacts")


@dataclass(frozen=True, slots=True)
class Campaign:
    """A market after its campaign."""

    spec: uplift.ExperimentSpec
    design: uplift.Design
    tables: Mapping[str, pd.DataFrame]

    def analyze(self, **options: Any) -> uplift.Analysis:  # noqa: ANN401 - of analyze_experiment
        tables = options.pop("tables", self.tables)
        return uplift.analyze_experiment(self.spec, self.design, tables=tables, **options)


def run_campaign(**sections: object) -> Campaign:
    market = uplift.simulate.make_market("fresh_grocery", n_customers=6_000, seed=3)
    mapping = {**spec_mapping("fresh_grocery"), **sections}
    data = mapping["data"]
    assert isinstance(data, dict)
    roles = [role for role in ROLES if role in data]
    spec = parse_spec(mapping)
    before = {"units": market.customers, **{role: getattr(market, role) for role in roles}}
    design = uplift.design_experiment(spec, tables=before)
    after = market.run({"unit_id": design.assignment.unit_id, "arm": design.assignment.arm_labels})
    played = {role: pd.concat([before[role], getattr(after, role)], ignore_index=True) for role in roles}
    return Campaign(spec, design, before | played)


@cache
def plain() -> Campaign:
    return run_campaign()


@cache
def without_coupons() -> Campaign:
    data = spec_mapping("fresh_grocery")["data"]
    assert isinstance(data, dict)
    return run_campaign(data={role: data[role] for role in ("units", "orders", "refunds")})


@cache
def found_plainly() -> uplift.Analysis:
    return plain().analyze()


@cache
def found_without_coupons() -> uplift.Analysis:
    return without_coupons().analyze()


def status(analysis: uplift.Analysis, name: str) -> str:
    return next(check.status for check in analysis.checks if check.name == name)


def test_the_lock_makes_declared_effects_confirmatory() -> None:
    found = found_plainly()
    assert found.provenance.locked
    assert all(effect.confirmatory for effect in found.effects.select(outcome="incremental_clv"))
    assert not any(effect.confirmatory for effect in found.effects.select(outcome="return_rate"))


def test_an_analysis_reads_back_as_it_was_written(tmp_path: Path) -> None:
    found = found_plainly()
    found.save(tmp_path)
    assert uplift.Analysis.load(tmp_path).to_json() == found.to_json()


def test_a_design_read_from_its_folder_gives_the_same_analysis(tmp_path: Path) -> None:
    campaign = plain()
    campaign.design.save(tmp_path)
    again = uplift.analyze_experiment(campaign.spec, uplift.Design.load(tmp_path), tables=campaign.tables)
    assert again.to_json() == found_plainly().to_json()


def test_rows_of_the_first_screen_are_segments_then_stages() -> None:
    budget = found_plainly().budget
    assert budget is not None
    assert {row.kind for row in budget.rows} <= {"segment", "lifecycle", "total"}


def test_a_spec_that_draws_needs_its_design() -> None:
    campaign = plain()
    with pytest.raises(LockError, match="--design DIR"):
        uplift.analyze_experiment(campaign.spec, tables=campaign.tables)


def test_an_early_reading_gives_no_verdict() -> None:
    found = plain().analyze(through=datetime(2026, 5, 1))
    assert (found.verdict.decision, found.verdict.note.code) == ("keep", "verdict.unsettled")
    assert status(found, "settled") == "warn"
    assert not found.experiment.settled


def test_planned_costs_are_too_weak_to_move_money() -> None:
    found = found_without_coupons()
    assert status(found, "cost.stand_in") == "warn"
    assert (found.verdict.decision, found.verdict.note.code) == ("keep", "verdict.no_coupons")
    assert found.budget is not None
    assert found.budget.notes[0].code == "budget.no_coupons"
    assert all(split.dashboard_claim is None and split.waste is None for split in found.decomposition)


def test_planned_costs_are_at_most_one_redemption_a_customer() -> None:
    found = found_without_coupons()
    for arm, face in (("small", 8.0), ("large", 20.0)):
        cost = found.effects.select(outcome="subsidy", arm=arm, by="overall")[0].estimate
        assert 0.0 < cost <= face


def test_customers_lost_from_one_arm_make_the_result_invalid() -> None:
    campaign = plain()
    drawn = campaign.design.assignment
    gone = set(drawn.unit_id[drawn.arm == 1][::5].tolist())
    units = campaign.tables["units"]
    left = units[~units["会员ID"].isin(gone)]
    found = campaign.analyze(tables={**campaign.tables, "units": left})
    assert status(found, "srm.loss") == "fail"
    assert (found.verdict.decision, found.verdict.note.facts["check"]) == ("invalid", "srm.loss")
    assert found.experiment.n_assigned == int((~drawn.holdout).sum()) - len(gone)


def test_another_units_table_is_refused() -> None:
    campaign = plain()
    assigned = set(campaign.design.assignment.unit_id.tolist())
    units = campaign.tables["units"]
    others = units[~units["会员ID"].isin(assigned)]
    with pytest.raises(DataError, match="none of the assigned units is in the table"):
        campaign.analyze(tables={**campaign.tables, "units": others})


def test_a_campaign_that_left_no_coupon_is_refused() -> None:
    campaign = plain()
    coupons = campaign.tables["coupons"]
    past = coupons[~coupons["活动编码"].isin(campaign.spec.campaign_codes)]
    with pytest.raises(DataError, match="no row belongs to this campaign"):
        campaign.analyze(tables={**campaign.tables, "coupons": past})


def test_orders_of_nobody_are_said() -> None:
    campaign = plain()
    orders = campaign.tables["orders"]
    stray = (
        orders[orders["订单状态"] == "已完成"].tail(7).assign(会员ID="nobody", 订单号=[f"stray-{i}" for i in range(7)])
    )
    found = campaign.analyze(tables={**campaign.tables, "orders": pd.concat([orders, stray])})
    check = next(check for check in found.checks if check.name == "data.orders_of_nobody")
    assert (check.status, check.facts["n"]) == ("warn", 7)


def test_a_primary_that_is_not_money_moves_none() -> None:
    outcomes = {"primary": "repurchase_rate", "window_days": 90, "settle_days": 30}
    found = run_campaign(outcomes=outcomes).analyze()
    assert (found.verdict.decision, found.verdict.note.code) == ("keep", "verdict.no_money")
    effect = found.effects.select(outcome="repurchase_rate", arm="small", by="overall")[0]
    assert (effect.measure.kind, found.budget) == ("rate", None)
    assert -1.0 < effect.ci_lower < effect.estimate < effect.ci_upper < 1.0


def test_the_segments_effects_are_of_their_own_customers() -> None:
    found = found_plainly()
    drawn = plain().design.assignment
    for one in found.experiment.segments:
        effect = found.effects.select(by="segment", level=one.id, arm="small", reference_arm="control")[0]
        inside = plain().design.past[f"segment:{one.id}"].astype(bool) & ~drawn.holdout
        cells = np.bincount(drawn.stratum[inside] * 3 + drawn.arm[inside], minlength=3 * len(drawn.strata))
        # a cell needs two units, and a stratum the control and a treatment
        solid = np.where(cells >= 2, cells, 0).reshape(-1, 3)
        usable = solid[(solid[:, 0] > 0) & (solid[:, 1:].sum(axis=1) > 0)]
        assert (effect.n_obs, effect.n_reference) == (usable[:, 1].sum(), usable[:, 0].sum())
        assert inside.sum() > 0
