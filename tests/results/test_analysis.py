from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from uplift.errors import DataError, MissingFileError
from uplift.results import (
    Amount,
    Analysis,
    ArmInfo,
    AxisInfo,
    BudgetCell,
    BudgetPlan,
    BudgetRow,
    BudgetTotals,
    CheckResult,
    Curve,
    Decomposition,
    Effect,
    Effects,
    ExperimentInfo,
    Gate,
    Line,
    Measure,
    MetricInfo,
    Move,
    Note,
    Provenance,
    SegmentInfo,
    Stratum,
    Verdict,
    Waste,
)
from uplift.results.analysis import encode_fields

if TYPE_CHECKING:
    from pathlib import Path

MONEY = Measure("money", "CNY", "treated", 365, "mixed")
PER_UNIT = replace(MONEY, per="assigned")


def _experiment() -> ExperimentInfo:
    return ExperimentInfo(
        id="spring",
        title={"zh": "春季券", "en": "Spring coupon"},
        question={},
        currency="CNY",
        language="zh",
        timezone="Asia/Shanghai",
        start="2024-03-01",
        end=None,
        scheme="blocked",
        n_eligible=1000,
        n_assigned=900,
        n_holdout=50,
        confidence_level=0.95,
        window_days=90,
        horizon_days=365,
        settle_days=30,
        through="2024-07-01T00:00:00",
        settled=True,
        annual_discount_rate=0.1,
        primary="incremental_clv",
        margin_basis="before_coupon",
        arms=(
            ArmInfo("control", {"zh": "对照"}, is_control=True, share=0.5, n_units=450),
            ArmInfo("sms", {}, is_control=False, share=0.5, n_units=450),
        ),
        axes=(
            AxisInfo("frequency", {"low": {"zh": "低"}, "high": {}}, drawn=True, cut_points=(3.0,), metric="orders"),
        ),
        segments=(SegmentInfo("growing", {}, 300, ("low|a",), aligned=True, expected={"sms": 8.0}),),
    )


def _effects() -> Effects:
    one = Effect(
        "incremental_clv", PER_UNIT, "lin", "itt", "sms", "control", "overall", "", 2.0, 0.5, math.inf, 1.0, 3.0, 0.001,
        0.002, 10.0, 0.2, None, None, 450, 450, "A", confirmatory=True,
    )  # fmt: skip
    return Effects(
        (one, replace(one, by="stratum", level="low|a", p_adjusted=None)), np.array([[0.25, 0.1], [0.1, 0.25]])
    )


def _decomposition() -> Decomposition:
    lines = (
        Line("natural", Amount(8.0, 7.0, 9.0), 3600.0),
        Line("incremental_predicted", Amount(None), None),
        Line("net", Amount(1.5, -0.5, 3.5), 675.0),
    )
    waste = Waste(Amount(1.2, None, None), 90.0, outside=True)
    return Decomposition("sms", "overall", "", MONEY, 450, lines, Amount(3.0, 2.0, 4.0), Amount(0.8, 0.7, 0.9), waste)


def _budget() -> BudgetPlan:
    net = Amount(3.0, 1.0, 5.0)
    row = BudgetRow("segment", "growing", 300, 150.0, 100.0, 200.0, None, 8.0, 4.0, None, 1.0, net, "raise", rest=True)
    cell = BudgetCell("low|a", "sms", 300, 0.5, 1.0, 1.0, 3.0, 1.0, 2.5)
    gate = Gate(8, 2.5, 1.96, Amount(50.0, 10.0, 90.0), 0.006, passed=True)
    totals = BudgetTotals(Amount(5.0), Amount(6.0), Amount(7.0), 8.0, None)
    return BudgetPlan(
        "quarter", "CNY", 200.0, 200.0, 250.0, 0.2, 0.5, None, (row,), (cell,), gate, totals, (Note("budget.expected"),)
    )


@pytest.fixture
def analysis() -> Analysis:
    """Return an analysis that has an entry of every kind."""
    curve = Curve("cumulative", "sms", (7.0, 14.0), (1.0, 2.0), (0.0, math.nan), (2.0, 3.0), Measure("days"), PER_UNIT)
    checks = (
        CheckResult("srm.loss", "pass", 3.1, 0.2, {"rows": (("sms", 450, 0.5), ("control", 450, 0.5)), "note": None}),
        CheckResult("balance", "skipped", facts={"reason": "few"}, level="low|a"),
    )
    return Analysis(
        experiment=_experiment(),
        provenance=Provenance("0.1.0", 1, "spec.yaml", "ab", "cd", "", locked=True, seed=7, inputs={"units": 1000}),
        verdict=Verdict("change", Note("verdict.change"), (Move("segment", "growing", "raise"),), Amount(50.0), 0.006),
        strata=(Stratum("low|a+b", {"frequency": "low", "tier": "a+b"}, 300, ("low|a", "low|b")),),
        metrics=(MetricInfo("incremental_clv", PER_UNIT, "primary", "up", 900.0, ("orders_90d",)),),
        checks=checks,
        effects=_effects(),
        curves=(curve,),
        decomposition=(_decomposition(),),
        budget=_budget(),
        deviations=(Note("late", {"days": 3}),),
        reconciliation=(CheckResult("ledger", "warn"),),
    )


FIELDS = ("experiment", "provenance", "verdict", "strata", "metrics", "checks", "decomposition", "budget", "deviations")


def test_a_full_analysis_comes_back_field_for_field(analysis: Analysis, tmp_path: Path) -> None:
    path = analysis.save(tmp_path / "out")
    assert path == tmp_path / "out" / "analysis.json"
    loaded = Analysis.load(tmp_path / "out")
    for name in (*FIELDS, "reconciliation"):
        assert getattr(loaded, name) == getattr(analysis, name), name
    assert loaded.to_json() == analysis.to_json() == path.read_bytes()
    assert Analysis.load(path).to_json() == path.read_bytes()


def test_infinite_df_and_nan_points_are_null_in_the_file(analysis: Analysis, tmp_path: Path) -> None:
    body = json.loads(analysis.save(tmp_path).read_text(encoding="utf-8"))
    assert body["effects"][0]["df"] is None
    assert body["curves"][0]["ci_lower"] == [0.0, None]
    assert body["heterogeneity"] is None
    assert body["schema_version"] == 1
    loaded = Analysis.load(tmp_path)
    assert math.isnan(loaded.effects[0].df)
    assert math.isnan(loaded.curves[0].ci_lower[1])
    assert loaded.effects[0].rel_ci_lower is None


def test_loaded_effects_keep_their_variances(analysis: Analysis, tmp_path: Path) -> None:
    analysis.save(tmp_path)
    loaded = Analysis.load(tmp_path).effects
    assert loaded.covariance == pytest.approx(np.diag([0.25, 0.25]))
    assert loaded[1] == replace(analysis.effects[1], df=loaded[1].df)


def test_a_result_without_money_has_no_budget(analysis: Analysis, tmp_path: Path) -> None:
    bare = replace(analysis, budget=None, effects=Effects((), np.zeros((0, 0))))
    bare.save(tmp_path)
    loaded = Analysis.load(tmp_path)
    assert loaded.budget is None
    assert len(loaded.effects) == 0


def test_the_order_of_facts_does_not_change_the_bytes(analysis: Analysis) -> None:
    first = analysis.checks[0]
    turned = replace(first, facts={name: first.facts[name] for name in reversed(list(first.facts))})
    assert replace(analysis, checks=(turned, analysis.checks[1])).to_json() == analysis.to_json()


def _spoil(folder: Path, analysis: Analysis, **changes: object) -> None:
    body = json.loads(analysis.to_json()) | changes
    (folder / "analysis.json").write_text(json.dumps(body), encoding="utf-8")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"schema_version": 99}, "schema_version is 99, this release reads 1; analyse again"),
        ({"schema_version": None}, "schema_version is None"),
        ({"mood": 1}, "Analysis: unknown field 'mood'"),
        ({"effects": None}, r"effects: is None, must be a list"),
        ({"effects": [{"outcome": "x"}]}, "Effect: .*missing"),
        ({"strata": "none"}, r"Analysis\.strata: is 'none', must be a list"),
        ({"verdict": {"decision": "yes", "note": {"code": "x"}}}, r"Verdict\.decision: is 'yes', must be one of"),
        ({"experiment": 3}, r"Analysis\.experiment: is 3, must be an object"),
    ],
)
def test_a_file_that_holds_no_analysis_is_a_data_error(
    changes: dict[str, object], message: str, analysis: Analysis, tmp_path: Path
) -> None:
    _spoil(tmp_path, analysis, **changes)
    with pytest.raises(DataError, match=message):
        Analysis.load(tmp_path)


def test_a_missing_folder_or_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(MissingFileError, match=r"analysis\.json: no such file"):
        Analysis.load(tmp_path)
    with pytest.raises(MissingFileError, match="nowhere: no such file"):
        Analysis.load(tmp_path / "nowhere")


def test_arms_are_found_by_id(analysis: Analysis) -> None:
    assert analysis.experiment.control.id == "control"
    assert analysis.experiment.arm("sms").share == 0.5
    assert analysis.decomposition[0].line("net").total == 675.0


def test_encode_fields_wants_a_record(analysis: Analysis) -> None:
    assert encode_fields(analysis.deviations[0]) == {"code": "late", "facts": {"days": 3}}
    with pytest.raises(TypeError, match="int is not a record"):
        encode_fields(3)
