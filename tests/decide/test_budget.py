from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from uplift.decide.allocate import Limits
from uplift.decide.budget import BudgetRules, Priced, RowKey, advise, plan_budget, rows_by_segment
from uplift.decide.gate import propose_plan
from uplift.decide.values import Terms
from uplift.results.facts import Note
from uplift.results.money import Amount, Gate

if TYPE_CHECKING:
    from collections.abc import Callable

    from uplift.results.money import BudgetPlan
    from uplift.stats.cells import CellMeans

OUTCOMES = ("gross_margin", "subsidy", "contact", "returned_value", "residual", "redeemed_margin")
COST = {"subsidy": 1.0, "contact": 1.0}
RETURNED = {"gross_margin": 1.0, "returned_value": -1.0, "residual": 1.0}
GATE = Gate(8, 3.0, 1.96, Amount(50.0, 10.0, 90.0), 0.001, passed=True)
ROWS = (RowKey("segment", "growing", (0,)), RowKey("stage", "active", (1, 2), rest=True))
RULES = BudgetRules("quarter", "EUR")


def _priced(make: Callable[..., CellMeans], present: list[list[float]] | None = None) -> Priced:
    """Return three strata of 100, 200 and 300 customers and one arm that is given to 40 % of each.

    Effects per treated customer: gross 10, 2, 1; returned 1, 0, 0; residual 3, 1, 0; subsidy 2, 3, 1; contact 1.
    """
    control = [[20.0, 0.0, 0.0, 2.0, 5.0, 0.0], [30.0, 0.0, 0.0, 1.0, 5.0, 0.0], [5.0, 0.0, 0.0, 0.0, 1.0, 0.0]]
    effect = [[10.0, 2.0, 1.0, 1.0, 3.0, 9.0], [2.0, 3.0, 1.0, 0.0, 1.0, 20.0], [1.0, 1.0, 1.0, 0.0, 0.0, 2.0]]
    mean = np.stack([np.array(control), np.array(control) + np.array(effect)], axis=1)
    means = make(mean, [[50, 50], [90, 60], [70, 80]], OUTCOMES, variance=0.01)
    terms = Terms(RETURNED | dict.fromkeys(COST, -1.0), COST)
    shares = np.array([[0.4]] * 3 if present is None else present)
    limits = Limits(np.array([100.0, 200.0, 300.0]), shares, cell_at_most=None)
    candidate = propose_plan(means, limits, terms)
    return Priced(means, limits, terms, candidate, RETURNED, "redeemed_margin", "gross_margin")


def _plan(make: Callable[..., CellMeans], *, moves: bool = True, rules: BudgetRules = RULES) -> BudgetPlan:
    return plan_budget(_priced(make), ROWS, rules=rules, gate=GATE, moves=moves, notes=(Note("budget.expected"),))


def test_rows_partition_the_strata() -> None:
    levels = [stage for stage in ("new", "active", "lost") for _ in ("low", "high")]
    inside = [("vip", frozenset({1, 3})), ("high", frozenset({3, 5})), ("again", frozenset({1}))]
    rows = rows_by_segment(levels, inside, axis="stage")
    assert rows == (
        RowKey("segment", "vip", (1, 3)),
        RowKey("segment", "high", (5,)),
        RowKey("stage", "new", (0,), rest=True),
        RowKey("stage", "active", (2,), rest=True),
        RowKey("stage", "lost", (4,), rest=True),
    )
    assert sorted(i for row in rows for i in row.strata) == list(range(6))


def test_rows_without_segments_are_the_levels_of_the_axis() -> None:
    rows = rows_by_segment(["new", "lost", "new"], [], axis="stage")
    assert rows == (RowKey("stage", "new", (0, 2)), RowKey("stage", "lost", (1,)))
    assert rows_by_segment([], [], axis="stage") == ()


def test_first_row_by_hand(make_means: Callable[..., CellMeans]) -> None:
    # D = 40 * 3 + 80 * 4 + 120 * 2 = 680; the first stratum takes 300 (all treated), the others their floors 160, 120
    # and what is left, 100, goes to the better value per money: -1 / 4 or -1 / 2: nobody
    plan = _plan(make_means)
    row = plan.rows[0]
    assert (row.kind, row.level, row.n_units, row.n_treated_now) == ("segment", "growing", 100, 40.0)
    assert row.spend_now == pytest.approx(120.0)
    assert row.spend_proposed == pytest.approx(300.0)
    assert row.natural_per_head == pytest.approx(20.0)
    assert row.returned_per_head == pytest.approx(10 - 1 + 3)
    assert row.predicted_per_head == pytest.approx(3.0)
    assert row.spend_per_head == pytest.approx(3.0)
    assert row.net_per_head.estimate == pytest.approx(9.0)
    assert row.dashboard_claim == pytest.approx(9.0 * 40)
    assert row.advice == "raise"
    assert plan.deployed_now == pytest.approx(680.0)
    assert plan.deployed_proposed == pytest.approx(580.0)
    # five components of variance .01 in two cells: .1; t on 98 + 98 df or more
    half = (row.net_per_head.ci_upper or 0.0) - 9.0
    assert half == pytest.approx(1.96 * 0.1**0.5, rel=0.02)


def test_total_row_and_money_add_up(make_means: Callable[..., CellMeans]) -> None:
    plan = _plan(make_means)
    *rows, total = plan.rows
    assert (total.kind, total.level, total.advice) == ("total", "", "none")
    for name in ("n_units", "n_treated_now", "spend_now", "spend_proposed", "dashboard_claim"):
        assert sum(getattr(row, name) for row in rows) == pytest.approx(getattr(total, name)), name
    net = sum((row.net_per_head.estimate or 0.0) * row.n_treated_now for row in rows)
    assert net == pytest.approx((total.net_per_head.estimate or 0.0) * total.n_treated_now)
    assert plan.totals.present.estimate == pytest.approx(net)
    assert total.spend_now == pytest.approx(plan.deployed_now)
    assert total.spend_proposed == pytest.approx(plan.deployed_proposed)
    assert total.spend_per_head * total.n_treated_now == pytest.approx(plan.deployed_now)


def test_three_totals_by_hand(make_means: Callable[..., CellMeans]) -> None:
    # net per head 9, -1, -1. Campaign: 50 * 9 - 60 - 80; present: 40 * 9 - 80 - 120; proposed: 100 * 9 - 40 - 60
    totals = _plan(make_means).totals
    assert totals.to_date.estimate == pytest.approx(310.0)
    assert totals.present.estimate == pytest.approx(160.0)
    assert totals.proposed.estimate == pytest.approx(800.0)
    assert totals.returned_present == pytest.approx(40 * 12 + 80 * 3 + 120 * 1)
    assert totals.predicted_present == pytest.approx(40 * 3 + 80 * 1)
    assert (totals.present.ci_lower or 0.0) < 160.0 < (totals.present.ci_upper or 0.0)


def test_cells_hold_value_cost_and_both_shares(make_means: Callable[..., CellMeans]) -> None:
    cells = _plan(make_means).cells
    assert [cell.stratum for cell in cells] == ["s0", "s1", "s2"]
    assert [cell.cost for cell in cells] == pytest.approx([3.0, 4.0, 2.0])
    assert [cell.value for cell in cells] == pytest.approx([9.0, -1.0, -1.0])
    assert [cell.value_shrunk for cell in cells] == pytest.approx([9.0, -1.0, -1.0])  # three strata: not shrunk
    assert [cell.value_std_error for cell in cells] == pytest.approx([0.1**0.5] * 3)
    assert [cell.share_now for cell in cells] == [0.4] * 3
    assert [cell.share_proposed for cell in cells] == pytest.approx([1.0, 0.2, 0.2])
    assert [cell.n_units for cell in cells] == [100, 200, 300]


def test_when_nothing_moves_the_rows_keep_todays_money(make_means: Callable[..., CellMeans]) -> None:
    plan = _plan(make_means, moves=False)
    assert all(row.spend_proposed == row.spend_now for row in plan.rows)
    assert {row.advice for row in plan.rows} == {"hold", "none"}
    assert plan.cells[0].share_proposed == pytest.approx(1.0)
    assert plan.gate is GATE
    assert plan.notes == (Note("budget.expected"),)


def test_budget_is_the_money_over_what_is_not_reserved(make_means: Callable[..., CellMeans]) -> None:
    assert _plan(make_means).total == pytest.approx(680 / 0.8)
    stated = BudgetRules("month", "CNY", total=1000.0, reserve=0.25)
    assert stated.deployed == 750.0
    plan = _plan(make_means, rules=stated)
    assert (plan.total, plan.reserve, plan.period, plan.currency) == (1000.0, 0.25, "month", "CNY")
    assert BudgetRules("quarter", "EUR").deployed is None


def test_a_row_that_nobody_gets_today_is_read_from_the_experiment(make_means: Callable[..., CellMeans]) -> None:
    priced = _priced(make_means, [[0.0], [0.4], [0.4]])
    row = plan_budget(priced, ROWS, rules=RULES, gate=None, moves=True).rows[0]
    assert row.n_treated_now == 0.0
    assert row.spend_now == 0.0
    assert row.net_per_head.estimate == pytest.approx(9.0)
    assert row.dashboard_claim == 0.0
    assert row.advice == "start"


def test_nobody_treated_today_makes_an_empty_present(make_means: Callable[..., CellMeans]) -> None:
    plan = plan_budget(_priced(make_means, [[0.0]] * 3), ROWS, rules=RULES, gate=None, moves=True)
    assert plan.totals.present == Amount(0.0, 0.0, 0.0)
    assert plan.deployed_now == 0.0
    assert plan.deployed_proposed == pytest.approx(0.0, abs=1e-6)
    assert plan.total == 0.0


def test_a_row_without_any_comparison_says_nothing(make_means: Callable[..., CellMeans]) -> None:
    whole = _priced(make_means)
    means = make_means(whole.means.mean, [[0, 50], [90, 60], [70, 80]], OUTCOMES, variance=0.01)
    candidate = propose_plan(means, whole.limits, whole.terms)
    priced = Priced(means, whole.limits, whole.terms, candidate, RETURNED, None, "gross_margin")
    row, other, _ = plan_budget(priced, ROWS, rules=RULES, gate=None, moves=True).rows
    assert row.net_per_head == Amount(None)
    assert row.dashboard_claim is None
    assert row.predicted_per_head is None
    assert other.net_per_head.estimate == pytest.approx(-1.0)
    assert candidate.shares[0, 0] == 0.4


@pytest.mark.parametrize(
    ("now", "after", "word"),
    [
        (0.0, 0.0, "none"),
        (0.0, 5.0, "start"),
        (100.0, 0.0, "stop"),
        (100.0, 2.0, "stop"),
        (100.0, 30.0, "cut"),
        (100.0, 50.0, "halve"),
        (100.0, 51.9, "halve"),
        (100.0, 90.0, "cut"),
        (100.0, 99.0, "hold"),
        (100.0, 101.9, "hold"),
        (100.0, 103.0, "raise"),
    ],
)
def test_advice_words(now: float, after: float, word: str) -> None:
    assert advise(now, after) == word
