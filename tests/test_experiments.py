"""The worked experiments give the numbers that they promise, and the known case comes out as it is."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom
from threadpoolctl import threadpool_limits

import uplift
from uplift.simulate.blueprint import spec_mapping

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Mapping, Sequence

    from uplift.results import BudgetPlan, Decomposition
    from uplift.simulate import Market

ROOT = Path(__file__).resolve().parents[1]
EXPERIMENTS = ROOT / "experiments"
ROLES = ("orders", "refunds", "coupons", "contacts")
ARMS = ("small", "large")
SEED = 0
SIZES = [pytest.param(50_000, id="50k"), pytest.param(200_000, id="200k", marks=pytest.mark.slow)]
SLOW_200K = [pytest.param(200_000, id="200k", marks=pytest.mark.slow)]


@dataclass(frozen=True, slots=True)
class Run:
    """A market after its campaign, with its design and its analysis."""

    market: Market
    design: uplift.Design
    analysis: uplift.Analysis

    @property
    def budget(self) -> BudgetPlan:
        assert self.analysis.budget is not None
        return self.analysis.budget

    def truth(self, column: str, *, by: Sequence[str] = ("arm",)) -> Mapping[object, float]:
        """Return the mean truth over eligible customers by arm, or by stratum and arm."""
        drawn = self.design.assignment
        eligible = pd.DataFrame({"unit_id": drawn.unit_id, "stratum": drawn.stratum_labels})
        means = self.market.truth.merge(eligible, on="unit_id").groupby(list(by))[column].mean()
        keys = [key[0] if len(by) == 1 else key for key in means.index.to_frame().itertuples(index=False, name=None)]
        return dict(zip(keys, means.to_numpy().tolist(), strict=True))

    def true_value(self, share: str) -> float:
        """Return what a plan truly earns: units × share × truth over strata and arms."""
        net = self.truth("incremental_clv", by=("stratum", "arm"))
        return sum(
            cell.n_units * float(getattr(cell, share)) * net[cell.stratum, cell.arm] for cell in self.budget.cells
        )

    def spend(self, share: str, strata: Container[str] | None = None) -> float:
        """Return the estimated money of a plan, perhaps of some strata only."""
        cells = [cell for cell in self.budget.cells if strata is None or cell.stratum in strata]
        return sum(cell.n_units * float(getattr(cell, share)) * cell.cost for cell in cells)


def tables(market: Market, *, order: np.random.Generator | None = None) -> dict[str, pd.DataFrame]:
    """Return the tables before the campaign, perhaps with their rows shuffled."""
    found = {"units": market.customers, **{role: getattr(market, role) for role in ROLES}}
    return found if order is None else {role: shuffled(frame, order) for role, frame in found.items()}


def shuffled(frame: pd.DataFrame, order: np.random.Generator) -> pd.DataFrame:
    return frame.iloc[order.permutation(len(frame))].reset_index(drop=True)


@cache
def market_of(scenario: str, n_customers: int) -> Market:
    return uplift.simulate.make_market(scenario, n_customers=n_customers, seed=SEED)


def play(market: Market, spec: uplift.ExperimentSpec, *, order: np.random.Generator | None = None) -> Run:
    """Design, run the campaign and analyse."""
    before = tables(market, order=order)
    design = uplift.design_experiment(spec, tables=before)
    campaign = market.run({"unit_id": design.assignment.unit_id, "arm": design.assignment.arm_labels})
    both = {role: pd.concat([before[role], getattr(campaign, role)], ignore_index=True) for role in ROLES}
    after = both if order is None else {role: shuffled(frame, order) for role, frame in both.items()}
    return Run(market, design, uplift.analyze_experiment(spec, design, tables=before | after))


@cache
def played(scenario: str, n_customers: int) -> Run:
    market = market_of(scenario, n_customers)
    return play(market, market.spec)


def overall(run: Run, arm: str, *, level: str = "") -> uplift.results.Effect:
    by = "segment" if level else "overall"
    return run.analysis.effects.select(outcome="incremental_clv", arm=arm, reference_arm="control", by=by, level=level)[
        0
    ]


def lines(one: Decomposition) -> Mapping[str, float]:
    return {line.code: line.per_head.estimate or 0.0 for line in one.lines}


# The known case


@pytest.mark.parametrize("n_customers", SIZES)
def test_the_redeemer_count_overstates(n_customers: int) -> None:
    run = played("fresh_grocery", n_customers)
    added = {arm: run.truth("gross_margin")[arm] + run.truth("residual")[arm] for arm in ARMS}
    for arm in ARMS:
        one = next(item for item in run.analysis.decomposition if (item.arm, item.by) == (arm, "overall"))
        assert one.dashboard_claim is not None
        assert one.dashboard_claim.estimate is not None
        assert one.dashboard_claim.estimate > 1.4 * added[arm]
        assert run.truth("redeemed_orders")[arm] > 1.4 * run.truth("orders")[arm]


@pytest.mark.parametrize("n_customers", SIZES)
@pytest.mark.parametrize("arm", ARMS)
def test_the_overall_interval_of_each_arm_covers_the_truth(n_customers: int, arm: str) -> None:
    run = played("fresh_grocery", n_customers)
    effect = overall(run, arm)
    assert effect.ci_lower <= run.truth("incremental_clv")[arm] <= effect.ci_upper


@pytest.mark.parametrize("n_customers", SIZES)
def test_intervals_of_strata_cover_the_truth_as_often_as_they_say(n_customers: int) -> None:
    run = played("fresh_grocery", n_customers)
    truth = run.truth("incremental_clv", by=("stratum", "arm"))
    found = run.analysis.effects.select(outcome="incremental_clv", reference_arm="control", by="stratum")
    covered = [effect.ci_lower <= truth[effect.level, effect.arm] <= effect.ci_upper for effect in found]
    assert len(covered) == 2 * len(run.analysis.strata)
    assert sum(covered) >= binom.ppf(0.001, len(covered), 0.95)


@pytest.mark.parametrize("n_customers", SLOW_200K)
@pytest.mark.parametrize("arm", ARMS)
def test_frequent_customers_gain_little_and_growing_ones_several_times_the_mean(n_customers: int, arm: str) -> None:
    run = played("fresh_grocery", n_customers)
    growing = overall(run, arm, level="growing_target").estimate
    assert overall(run, arm, level="frequent").ci_upper < growing / 2
    assert growing > 3 * overall(run, arm).estimate


@pytest.mark.parametrize("n_customers", SLOW_200K)
def test_the_plan_moves_money_to_growing_customers_and_truly_gains(n_customers: int) -> None:
    run = played("fresh_grocery", n_customers)
    assert run.analysis.verdict.decision == "change"
    inside = next(item.strata for item in run.analysis.experiment.segments if item.id == "growing_target")
    assert run.spend("share_proposed", inside) > 1.5 * run.spend("share_now", inside)
    assert run.true_value("share_proposed") > 0 > run.true_value("share_now")


@pytest.mark.parametrize("n_customers", SIZES)
def test_the_proposed_plan_truly_beats_the_present_one_at_no_more_money(n_customers: int) -> None:
    run = played("fresh_grocery", n_customers)
    assert run.spend("share_proposed") <= run.spend("share_now") * (1 + 1e-9)
    assert run.true_value("share_proposed") > run.true_value("share_now")


def coarse_spec() -> uplift.ExperimentSpec:
    """Return the spec with lifecycle × value tier alone; the plan in force is written on orders then."""
    mapping = spec_mapping("fresh_grocery")
    strata, budget = mapping["strata"], mapping["budget"]
    assert isinstance(strata, dict)
    assert isinstance(budget, dict)
    kept = {name: strata[name] for name in ("lifecycle", "value_tier", "min_cell")}
    current = [
        {"where": {"orders_90d": {"min": 9}}, "arm": "large", "coverage": 0.9},
        {"where": {"lifecycle": "成长客"}, "arm": "small", "coverage": 0.15},
    ]
    segments = {
        "frequent": {"where": {"orders_90d": {"min": 9}}},
        "growing_target": {
            "where": {
                "lifecycle": "成长客",
                "orders_90d": {"min": 3, "below": 9},
                "average_basket_365d": {"below": 80},
            }
        },
    }
    changed = {"strata": kept, "segments": segments, "budget": budget | {"current": current}}
    return uplift.parse_spec(mapping | changed)


@pytest.mark.parametrize("n_customers", SLOW_200K)
def test_strata_without_frequency_and_basket_are_warned_of(n_customers: int) -> None:
    run = play(market_of("fresh_grocery", n_customers), coarse_spec())
    found = {check.facts["population"]: check for check in run.analysis.checks if "hidden" in check.name}
    assert found["frequency_basket"].status == "warn"
    drawn = [check for check in played("fresh_grocery", n_customers).analysis.checks if "hidden" in check.name]
    assert {check.status for check in drawn} <= {"pass", "skipped"}


# No effect


@pytest.mark.parametrize("n_customers", [pytest.param(20_000, id="20k"), *SLOW_200K])
def test_without_effect_and_cost_the_budget_is_kept(n_customers: int) -> None:
    run = played("null", n_customers)
    assert run.analysis.verdict.decision == "keep"
    assert [overall(run, arm).ci_lower < 0 < overall(run, arm).ci_upper for arm in ARMS] == [True, True]


@pytest.mark.parametrize("n_customers", SLOW_200K)
def test_without_effect_but_with_cost_the_plan_falls_to_its_lower_limit(n_customers: int) -> None:
    run = played("null_costly", n_customers)
    held = [(cell.share_now, cell.share_proposed) for cell in run.budget.cells]
    assert sum(now for now, _ in held) > 0
    np.testing.assert_allclose([new for _, new in held], [now / 2 for now, _ in held], atol=1e-9)


@pytest.mark.parametrize(("scenario", "n_customers"), [("fresh_grocery", 50_000), ("null", 20_000)])
def test_the_account_closes(scenario: str, n_customers: int) -> None:
    for one in played(scenario, n_customers).analysis.decomposition:
        line = lines(one)
        scale = abs(line["observed"]) + 1.0
        left = line["observed"] + line["chance_imbalance"] - line["natural"] - line["incremental_observed"]
        costs = sum(line[code] for code in ("subsidy", "contact", "fulfilment", "returns"))
        net = line["incremental_observed"] + line["incremental_predicted"] + costs - line["net"]
        assert max(abs(left), abs(net)) <= 1e-9 * scale


# The same bytes


def all_bytes(run: Run, folder: Path) -> Mapping[str, bytes]:
    run.design.save(folder)
    run.analysis.save(folder)
    uplift.write_report(run.analysis, folder)
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "run.json"
    }


def test_two_runs_shuffled_rows_and_one_thread_give_the_same_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rng: np.random.Generator
) -> None:
    market = market_of("fresh_grocery", 12_000)
    first = all_bytes(play(market, market.spec), tmp_path / "first")
    again = all_bytes(play(market, market.spec, order=rng), tmp_path / "again")
    monkeypatch.setattr(os, "cpu_count", lambda: 1)
    with threadpool_limits(1):
        alone = all_bytes(play(market, market.spec), tmp_path / "alone")
    wanted = {"assignment/part-000.parquet", "plan.json", "lock.json", "analysis.json", "report.html"}
    assert wanted <= first.keys()
    assert [name for name in first if not first[name] == again[name] == alone[name]] == []


# The experiments as they stand


def test_the_spec_of_the_experiment_is_the_one_of_the_market() -> None:
    written = uplift.load_spec(EXPERIMENTS / "fresh-grocery-coupon" / "spec.yaml")
    assert written == uplift.parse_spec(spec_mapping("fresh_grocery"))


@pytest.mark.parametrize("script", sorted(EXPERIMENTS.glob("*/analysis.py")), ids=lambda path: path.parent.name)
def test_an_experiment_is_short_and_uses_public_names(script: Path) -> None:
    text = script.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 80
    assert {path.name for path in script.parent.iterdir()} >= {"README.md", "spec.yaml", "expected.json"}


def run_script(name: str, out: Path, *more: str) -> Mapping[str, Mapping[str, float | None]]:
    command = [sys.executable, str(EXPERIMENTS / name / "analysis.py"), "--out", str(out), *more]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    assert done.returncode == 0, done.stderr
    numbers: Mapping[str, Mapping[str, float | None]] = json.loads((out / "numbers.json").read_text(encoding="utf-8"))
    return numbers


def expected(name: str) -> Mapping[str, Mapping[str, float | None]]:
    numbers: Mapping[str, Mapping[str, float | None]]
    numbers = json.loads((EXPERIMENTS / name / "expected.json").read_text(encoding="utf-8"))
    return numbers


def assert_same(found: Mapping[str, Mapping[str, float | None]], name: str) -> None:
    promised = expected(name)
    assert found.keys() == promised.keys()
    for question, numbers in promised.items():
        known = {name: value for name, value in numbers.items() if value is not None}
        assert {name: value for name, value in found[question].items() if value is not None} == pytest.approx(known), (
            question
        )


def test_hillstrom_gives_the_numbers_that_it_promises(tmp_path: Path, data_file: Callable[[str], Path]) -> None:
    data_file("hillstrom/hillstrom.csv.gz")
    assert_same(run_script("hillstrom-email", tmp_path), "hillstrom-email")


def test_complete_journey_gives_the_numbers_that_it_promises(tmp_path: Path, data_file: Callable[[str], Path]) -> None:
    data_file("completejourney/transactions_sample.parquet")
    assert_same(run_script("completejourney-customers", tmp_path), "completejourney-customers")
    wanted = {f"{name}.{end}" for name in ("customers", "alerts") for end in ("json", "html", "parquet")}
    assert wanted <= {path.name for path in tmp_path.iterdir()}


def test_complete_journey_prints_the_numbers_that_it_promises() -> None:
    page = (EXPERIMENTS / "completejourney-customers" / "README.md").read_text(encoding="utf-8")
    for question, numbers in expected("completejourney-customers").items():
        shown = [
            "" if one is None else f"{one:,}" if isinstance(one, int) else f"{one:.2f}" for one in numbers.values()
        ]
        assert f"| {question} | {' | '.join(shown)} |" in page
        assert f"| | {' | '.join(numbers)} |" in page


@pytest.mark.slow
def test_fresh_grocery_gives_the_numbers_that_it_promises(tmp_path: Path) -> None:
    assert_same(run_script("fresh-grocery-coupon", tmp_path), "fresh-grocery-coupon")


def test_fresh_grocery_answers_its_questions_on_a_small_market(tmp_path: Path) -> None:
    found = run_script("fresh-grocery-coupon", tmp_path, "--customers", "10000")
    assert found.keys() == expected("fresh-grocery-coupon").keys()
    assert found["present plan, net"]["truth"] is not None


@pytest.mark.parametrize(
    ("name", "place"),
    [("hillstrom-email", "blog.minethatdata.com"), ("completejourney-customers", "the R package completejourney")],
)
def test_an_experiment_without_its_data_says_where_they_are(tmp_path: Path, name: str, place: str) -> None:
    script = tmp_path / "a" / "b" / name / "analysis.py"
    script.parent.mkdir(parents=True)
    script.write_bytes((EXPERIMENTS / name / "analysis.py").read_bytes())
    environment = {**os.environ, "UPLIFT_DATA": str(tmp_path)}
    command = [sys.executable, str(script)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)  # noqa: S603
    assert done.returncode == 1
    assert place in done.stderr
    assert "Traceback" not in done.stderr
