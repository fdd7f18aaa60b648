"""A campaign whose numbers add up, as the first screen's contract tells it, and what may be missing from it."""

from __future__ import annotations

from dataclasses import replace
from html.parser import HTMLParser
from itertools import product
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import pytest

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
    Decomposition,
    DesignSummary,
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
    StratumArms,
    Verdict,
    Waste,
)
from uplift.results.money import Advice

if TYPE_CHECKING:
    from collections.abc import Callable

TREATED = Measure("money", "CNY", "treated", 365, "mixed")
OUTCOMES = {
    "incremental_clv": Measure("money", "CNY", "assigned", 365, "mixed"),
    "repurchase_rate": Measure("rate", "", "assigned", 90),
    "repurchase_count": Measure("count", "", "assigned", 90),
    "return_rate": Measure("rate", "", "assigned", 90),
}
SPREAD = {"incremental_clv": 9.0, "repurchase_rate": 0.02, "repurchase_count": 0.2, "return_rate": 0.004}
LIFECYCLE = {
    "new": {"zh": "新客", "en": "New"},
    "growing": {"zh": "成长客", "en": "Growing"},
    "active": {"zh": "活跃客", "en": "Active"},
    "silent": {"zh": "沉默客", "en": "Silent"},
}
SEGMENTS = {
    "frequent": {"zh": "高频活跃客", "en": "Frequent"},
    "growing_target": {"zh": "中频低客单成长客", "en": "Growing, mid-frequency, low basket"},
    "silent_hurt": {"zh": "沉默客·体验受损", "en": "Silent, bad experience"},
    "silent_bored": {"zh": "沉默客·兴趣减退", "en": "Silent, lost interest"},
}
RowData: TypeAlias = tuple[
    str, str, int, float, float, float, float, float, float, tuple[float, float], Advice, float
]  # fmt: skip
# kind, level, customers, treated, claim, natural, returned, predicted, spend a head, net interval, advice, proposed
ROWS: tuple[RowData, ...] = (
    ("segment", "frequent", 240_000, 216_000, 12.1e6, 152.4, 1.1, 0.3, 9.8, (-11.8, -5.6), "halve", 1_058_400),
    ("segment", "growing_target", 300_000, 45_000, 0.96e6, 31.5, 19.8, 4.1, 5.6, (10.9, 17.5), "raise", 1_279_000),
    ("lifecycle", "new", 180_000, 90_000, 1.18e6, 14.2, 6.3, 1.9, 4.1, (-0.4, 4.8), "raise", 443_000),
    ("segment", "silent_hurt", 160_000, 64_000, 0.27e6, 4.1, 2.4, 0.6, 3.2, (-2.1, 0.5), "halve", 102_400),
    ("segment", "silent_bored", 220_000, 88_000, 0.35e6, 3.0, 3.5, 0.8, 2.9, (-0.5, 1.7), "hold", 255_200),
)


def _experiment() -> ExperimentInfo:
    tiers = {name: {"zh": name} for name in ("低值", "中值", "高值")}
    baskets = {name: {"zh": name} for name in ("低客单", "高客单")}
    return ExperimentInfo(
        id="fresh_coupon_2026q1",
        title={"zh": "生鲜发券实验", "en": "Fresh-grocery coupon test"},
        question={},
        currency="CNY",
        language="zh",
        timezone="Asia/Shanghai",
        start="2026-03-02",
        end="2026-03-31",
        scheme="blocked",
        n_eligible=1_100_000,
        n_assigned=120_000,
        n_holdout=2_400,
        confidence_level=0.95,
        window_days=90,
        horizon_days=365,
        settle_days=30,
        through="2026-07-01T00:00:00+08:00",
        settled=True,
        annual_discount_rate=0.1,
        primary="incremental_clv",
        margin_basis="before_coupon",
        arms=(
            ArmInfo("control", {"zh": "不发券", "en": "No coupon"}, is_control=True, share=0.2, n_units=24_000),
            ArmInfo("small", {"zh": "满59减8", "en": "8 off 59"}, is_control=False, share=0.4, n_units=48_000),
            ArmInfo("large", {"zh": "满129减20", "en": "20 off 129"}, is_control=False, share=0.4, n_units=48_000),
        ),
        axes=(
            AxisInfo("lifecycle", LIFECYCLE, drawn=True),
            AxisInfo("value_tier", tiers, drawn=True, cut_points=(100.0, 500.0), metric="trailing_margin"),
            AxisInfo("basket", baskets, drawn=True, cut_points=(42.0,), metric="average_basket_365d"),
            AxisInfo("frequency", {"高频": {"zh": "高频"}}, drawn=False, cut_points=(3.0, 9.0), metric="orders_90d"),
        ),
        segments=tuple(
            SegmentInfo(each, name, 200_000, (), aligned=True, expected={}) for each, name in SEGMENTS.items()
        ),
    )  # fmt: skip


def _strata() -> tuple[Stratum, ...]:
    cells = product(LIFECYCLE, ("低值", "中值", "高值"), ("低客单", "高客单"))
    axes = ("lifecycle", "value_tier", "basket")
    strata = [Stratum("|".join(cell), dict(zip(axes, cell, strict=True)), 45_833) for cell in cells]
    merged = Stratum(
        "silent|高值|低客单+高客单", {**strata[-1].parts, "basket": "低客单+高客单"}, 45_833,
        ("silent|高值|低客单", "silent|高值|高客单"),
    )  # fmt: skip
    return (*strata[:-1], merged)


def _effect(outcome: str, arm: str, group: tuple[str, str], rng: np.random.Generator) -> Effect:
    spread = SPREAD[outcome]
    error = spread / (6 if group[0] == "overall" else 3)
    estimate = spread * float(rng.normal(0.3, 0.5))
    mean = 8 * spread
    return Effect(
        outcome=outcome, measure=OUTCOMES[outcome], estimator="lin", estimand="itt", arm=arm, reference_arm="control",
        by=group[0], level=group[1], estimate=estimate, std_error=error, df=4000.0,
        ci_lower=estimate - 1.96 * error, ci_upper=estimate + 1.96 * error, p_value=0.04, p_adjusted=0.08,
        reference_mean=mean, rel_effect=estimate / mean, rel_ci_lower=(estimate - 1.96 * error) / mean,
        rel_ci_upper=(estimate + 1.96 * error) / mean, n_obs=48_000, n_reference=24_000, evidence="A",
        confirmatory=group[0] != "stratum",
    )  # fmt: skip


def _effects(strata: tuple[Stratum, ...]) -> Effects:
    rng = np.random.default_rng(7)
    groups = [("overall", ""), *(("segment", each) for each in SEGMENTS), *(("stratum", each.id) for each in strata)]
    items = [
        _effect(outcome, arm, group, rng) for outcome in OUTCOMES for group in groups for arm in ("small", "large")
    ]
    return Effects(tuple(items), np.diag([each.std_error**2 for each in items]))


def _amount(estimate: float, half: float = 0.6) -> Amount:
    return Amount(estimate, estimate - half, estimate + half)


def make_split(arm: str, group: tuple[str, str], natural: float, added: float, n_treated: int) -> Decomposition:
    """Return an account that closes: observed + imbalance = natural + added; added + predicted - costs = net."""
    costs = {"subsidy": -6.1, "contact": -0.26, "fulfilment": 0.0, "returns": -0.3}
    amounts = {
        "observed": Amount(natural + added + 0.21), "chance_imbalance": Amount(-0.21), "natural": _amount(natural),
        "incremental_observed": _amount(added), "incremental_predicted": _amount(1.05, 0.3),
        **{code: _amount(cost, 0.1) for code, cost in costs.items()},
        "net": _amount(added + 1.05 + sum(costs.values()), 0.9), "cap_effect": _amount(-0.04, 0.05),
    }  # fmt: skip
    lines = tuple(Line(code, each, (each.estimate or 0.0) * n_treated) for code, each in amounts.items())
    waste = Waste(Amount(0.7, 0.58, 0.81), 0.7 * 6.1 * n_treated, outside=False)
    share = Amount(natural / (natural + added), 0.93, 0.95)
    return Decomposition(arm, *group, TREATED, n_treated, lines, _amount(29.5), share, waste)


def _splits() -> tuple[Decomposition, ...]:
    rows = [make_split("treated", (row[0], row[1]), row[5], row[6] - row[7] + 0.3, 20_000) for row in ROWS]
    overall = [make_split(arm, ("overall", ""), 71.8, added, 48_000) for arm, added in (("small", 4.9), ("large", 2.2))]
    return (*overall, make_split("treated", ("overall", ""), 71.8, 3.54, 96_000), *rows)


def _row(row: RowData) -> BudgetRow:
    kind, level, n_units, n_treated, claim, natural, returned, predicted, spend, (low, high), advice, proposed = row
    return BudgetRow(
        kind=kind, level=level, n_units=n_units, n_treated_now=n_treated, spend_now=spend * n_treated,
        spend_proposed=proposed, dashboard_claim=claim, natural_per_head=natural, returned_per_head=returned,
        predicted_per_head=predicted, spend_per_head=spend, net_per_head=Amount(returned - spend, low, high),
        advice=advice,
    )  # fmt: skip


def _budget(strata: tuple[Stratum, ...]) -> BudgetPlan:
    rows = [_row(row) for row in ROWS]
    spend = sum(row.spend_now for row in rows)
    total: RowData = (
        "total",
        "",
        1_100_000,
        503_000,
        14.86e6,
        71.8,
        4.3,
        1.1,
        spend / 503_000,
        (-3.1, -1.0),
        "none",
        spend,
    )
    cells = [
        BudgetCell(each.id, arm, each.n_units, 0.4, share, 5.2, 1.9, 0.8, 1.4)
        for each in strata for arm, share in (("small", 0.55), ("large", 0.2))
    ]  # fmt: skip
    gain = Amount(3.18e6, 2.14e6, 4.22e6)
    return BudgetPlan(
        period="quarter", currency="CNY", deployed_now=spend, deployed_proposed=spend, total=spend / 0.8, reserve=0.2,
        decrease=0.5, cell_at_most=0.4, rows=(*rows, _row(total)), cells=tuple(cells),
        gate=Gate(8, 6.02, 1.96, gain, 1e-9, passed=True),
        totals=BudgetTotals(
            _amount(-0.2e6, 0.1e6), Amount(-1.04e6, -1.6e6, -0.5e6), Amount(2.6e6, 1.7e6, 3.5e6), 2.16e6, 0.53e6
        ),
    )  # fmt: skip


def _checks() -> tuple[CheckResult, ...]:
    return (
        CheckResult("assignment.lock", "pass", facts={"n_missing": 0, "n_extra": 0, "n_changed": 0}),
        CheckResult("srm.assigned", "skipped", facts={"reason": "fixed_by_design"}),
        CheckResult("srm.loss", "pass", 1.2, 0.55, {"n_lost": (12, 31, 25)}),
        CheckResult("srm.loss", "pass", 0.4, 1.0, {"n_lost": (1, 0, 2)}, "new|低值|低客单"),
        CheckResult("balance", "pass", 3.1, 0.54, {"max_smd": 0.011, "covariate": "orders_90d", "arm": "small"}),
        CheckResult("strata.hidden_difference", "pass", 4.0, 0.4, {"population": "segments"}),
        CheckResult(
            "strata.hidden_difference", "warn", 31.0, 0.0004,
            {"population": "frequency_basket", "level": "高频|低客单", "arm": "large", "difference": -4.2},
        ),
        CheckResult("settled", "pass", facts={"share": 1.0, "through": "2026-07-01"}),
        CheckResult("lock", "pass"),
        CheckResult("residual.window", "pass", facts={"horizon": 365, "r2": 0.41}),
        CheckResult("winsor", "pass", facts={"share": 0.001, "cap": 1830.0}),
        CheckResult("contamination", "pass", facts={"share": 0.0004}),
    )  # fmt: skip


def _metrics() -> tuple[MetricInfo, ...]:
    covariates = ("gross_margin_90d", "orders_90d")
    return tuple(
        MetricInfo(each, measure, "primary" if each == "incremental_clv" else "secondary", "up", 1830.0, covariates)
        for each, measure in OUTCOMES.items()
    )


@pytest.fixture
def analysis() -> Analysis:
    """The verdict change: frequent customers lose coupons, growing ones get them."""
    strata = _strata()
    budget = _budget(strata)
    moves = (
        Move("segment", "frequent", "halve"),
        Move("segment", "growing_target", "raise"),
    )
    return Analysis(
        experiment=_experiment(),
        provenance=Provenance(
            "0.1.0", 1, "spec.yaml", "5d" * 32, "9f3a" * 16, "c0" * 32, locked=True, seed=20260302,
            inputs={"units": 1_100_000, "orders": 9_800_000, "coupons": 96_000},
        ),
        verdict=Verdict("change", Note("verdict.change"), moves, Amount(3.18e6, 2.14e6, 4.22e6), 1e-9),
        strata=strata, metrics=_metrics(), checks=_checks(), effects=_effects(strata), curves=(),
        decomposition=_splits(), budget=budget, deviations=(),
    )  # fmt: skip


@pytest.fixture
def keep(analysis: Analysis) -> Analysis:
    """No plan is sure enough."""
    assert analysis.budget
    gain = Amount(0.12e6, -0.3e6, 0.54e6)
    rows = tuple(replace(row, spend_proposed=row.spend_now, advice="hold") for row in analysis.budget.rows)
    gate = Gate(8, 0.56, 1.96, gain, 0.29, passed=False)
    notes = (Note("budget.gate_failed"), Note("budget.rows_split", {"segment": "silent_hurt"}))
    verdict = Verdict("keep", Note("verdict.keep", {"confidence_level": 0.95}), gain=gain)
    return replace(analysis, verdict=verdict, budget=replace(analysis.budget, rows=rows, gate=gate, notes=notes))


@pytest.fixture
def invalid(analysis: Analysis) -> Analysis:
    """The arms lost different shares of their customers."""
    lost = CheckResult("srm.loss", "fail", 88.0, 1e-12, {"n_lost": (12, 31, 925)})
    stratum = replace(lost, level="new|低值|低客单")
    checks = tuple(each for each in analysis.checks if each.name != "srm.loss")
    verdict = Verdict("invalid", Note("verdict.invalid", {"check": "srm.loss"}))
    return replace(analysis, verdict=verdict, checks=(*checks, lost, stratum))


@pytest.fixture
def observed_only(analysis: Analysis) -> Analysis:
    """The past is too short to predict beyond the window."""
    assert analysis.budget
    rows = tuple(replace(row, predicted_per_head=None) for row in analysis.budget.rows)
    budget = replace(analysis.budget, rows=rows, totals=replace(analysis.budget.totals, predicted_present=None))
    splits = tuple(_without_predicted(split) for split in analysis.decomposition)
    return replace(
        analysis, budget=budget, decomposition=splits, experiment=replace(analysis.experiment, horizon_days=90)
    )


def _without_predicted(split: Decomposition) -> Decomposition:
    lines = (
        Line(line.code, Amount(None), None) if line.code == "incremental_predicted" else line for line in split.lines
    )
    measure = replace(split.measure, days=90, basis="observed")
    return replace(split, lines=tuple(lines), measure=measure)


@pytest.fixture
def no_coupons(analysis: Analysis, keep: Analysis) -> Analysis:
    """Costs are known and coupons are not: no claim, no waste."""
    assert keep.budget
    rows = tuple(replace(row, dashboard_claim=None) for row in keep.budget.rows)
    budget = replace(keep.budget, rows=rows, notes=(Note("budget.no_coupons"),), gate=None)
    splits = tuple(replace(split, dashboard_claim=None, waste=None) for split in analysis.decomposition)
    verdict = Verdict("keep", Note("verdict.no_coupons"))
    stand_in = CheckResult("cost.stand_in", "warn", facts={"roles": ("coupons",)})
    return replace(analysis, budget=budget, decomposition=splits, verdict=verdict, checks=(*analysis.checks, stand_in))


@pytest.fixture
def recorded(analysis: Analysis) -> Analysis:
    """Another system drew; the outcome is a column of units, without money or dates."""
    experiment = replace(
        analysis.experiment, id="hillstrom", title={"en": "Hillstrom e-mail trial"}, language="en", currency="USD",
        scheme="recorded", start=None, end=None, through=None, primary="visit", margin_basis="", n_holdout=0,
        window_days=0, horizon_days=0, segments=(),
        arms=tuple(replace(arm, name={}) for arm in analysis.experiment.arms),
    )  # fmt: skip
    measure = Measure("rate", "", "assigned", 0)
    primary = [each for each in analysis.effects if each.outcome == "repurchase_rate" and each.by != "segment"]
    items = tuple(replace(each, outcome="visit", measure=measure, confirmatory=False) for each in primary)
    effects = Effects(items, np.eye(len(items)))
    return replace(
        analysis, experiment=experiment, effects=effects, decomposition=(), budget=None,
        metrics=(MetricInfo("visit", measure, "primary", "up", None, ()),),
        verdict=Verdict("keep", Note("verdict.no_costs")),
        checks=(CheckResult("lock", "warn"), CheckResult("srm.assigned", "pass", 0.2, 0.9, {"counts": (1, 2, 3)})),
        deviations=(Note("deviation.not_locked"),),
        provenance=replace(analysis.provenance, lock_digest="", locked=False, inputs={"units": 64_000}),
    )  # fmt: skip


@pytest.fixture
def design(analysis: Analysis) -> DesignSummary:
    """The same experiment before launch."""
    split = [StratumArms(each.id, (1_000, 2_000, 2_000), 100, (9.4, None)) for each in analysis.strata]
    notes = (
        Note(
            "strata.merged",
            {"from": ("silent|高值|低客单", "silent|高值|高客单"), "into": analysis.strata[-1].id, "n": 45_833},
        ),
    )
    return DesignSummary(
        experiment=replace(analysis.experiment, through=None, settled=False), provenance=analysis.provenance,
        strata=analysis.strata, split=tuple(split), metrics=analysis.metrics, mde=(1.9, 2.1), power=0.8, alpha=0.05,
        checks=analysis.checks[4:5], notes=notes,
    )  # fmt: skip


class _Reader(HTMLParser):
    """Collects what a reader sees of the first screen, one block a line."""

    BLOCKS = frozenset({"p", "h1", "dt", "dd", "li", "th", "td", "tr", "caption"})

    def __init__(self) -> None:
        super().__init__()
        self.inside = False
        self.lines: list[str] = [""]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.inside = self.inside or (tag == "header" and ("id", "first") in attrs)
        if self.inside and tag in self.BLOCKS:
            self.lines.append("")

    def handle_endtag(self, tag: str) -> None:
        self.inside = self.inside and tag != "header"

    def handle_data(self, data: str) -> None:
        if self.inside and data.strip():
            self.lines[-1] += f"{'' if not self.lines[-1] else ' '}{data.strip()}"


@pytest.fixture(scope="session")
def read_first_screen() -> Callable[[str], list[str]]:
    """Return the reader of a page's first screen: its blocks of text in order."""

    def read(page: str) -> list[str]:
        reader = _Reader()
        reader.feed(page)
        reader.close()
        return [line.replace("\xa0", " ") for line in reader.lines if line]

    return read
