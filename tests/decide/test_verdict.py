from __future__ import annotations

from dataclasses import replace

import pytest

from uplift.decide.verdict import GATING, Grounds, broken, give_verdict, reason_to_hold
from uplift.results.facts import CheckResult, Note
from uplift.results.money import Advice, Amount, BudgetPlan, BudgetRow, BudgetTotals, Gate, Move

PASSED = Gate(8, 3.1, 1.96, Amount(50.0, 18.0, 82.0), 0.001, passed=True)
FAILED = Gate(8, 0.4, 1.96, Amount(5.0, -20.0, 30.0), 0.34, passed=False)
SOUND = Grounds(
    (CheckResult("balance", "fail"), CheckResult("srm.loss", "pass")),
    settled=True,
    is_money=True,
    costs_known=True,
    stand_in=False,
    through="2024-07-01T00:00:00",
)


def _row(level: str, now: float, after: float, advice: Advice, kind: str = "segment") -> BudgetRow:
    return BudgetRow(kind, level, 100, 40.0, now, after, None, 1.0, 1.0, None, 1.0, Amount(1.0), advice, level == "new")


def _budget(gate: Gate | None = PASSED, proposed: float = 100.0) -> BudgetPlan:
    rows = (
        _row("frequent", 60.0, 30.0, "halve"),
        _row("growing", 10.0, 45.0, "raise"),
        _row("new", 10.0, 5.0, "cut"),
        _row("silent", 20.0, 20.0, "hold"),
        _row("other", 0.0, 10.0, "start"),
        _row("", 100.0, 110.0, "none", kind="total"),
    )
    nothing = Amount(0.0)
    totals = BudgetTotals(nothing, nothing, nothing, 0.0, None)
    return BudgetPlan("quarter", "EUR", 100.0, proposed, 125.0, 0.2, 0.5, 0.4, rows, (), gate, totals)


@pytest.mark.parametrize("name", sorted(GATING))
def test_a_failed_gate_makes_the_result_invalid(name: str) -> None:
    checks = (CheckResult("balance", "warn"), CheckResult(name, "fail"))
    hold = reason_to_hold(replace(SOUND, checks=checks, settled=False, costs_known=False), None)
    assert hold == Note("verdict.invalid", {"check": name})
    verdict = give_verdict(hold, _budget())
    assert verdict.decision == "invalid"
    assert verdict.moves == ()
    assert verdict.gain == Amount(None)
    assert verdict.p_loss is None


def test_a_red_stratum_or_a_warning_does_not_make_it_invalid() -> None:
    checks = (CheckResult("srm.loss", "fail", level="s1"), CheckResult("srm.assigned", "warn"))
    assert broken(checks) is None
    assert reason_to_hold(replace(SOUND, checks=checks), PASSED) is None


@pytest.mark.parametrize(
    ("grounds", "gate", "code"),
    [
        (replace(SOUND, settled=False, is_money=False), None, "verdict.unsettled"),
        (replace(SOUND, is_money=False, costs_known=False), None, "verdict.no_money"),
        (replace(SOUND, costs_known=False, stand_in=True), PASSED, "verdict.no_costs"),
        (SOUND, None, "verdict.no_costs"),
        (replace(SOUND, stand_in=True), FAILED, "verdict.no_coupons"),
        (SOUND, FAILED, "verdict.keep"),
    ],
)
def test_each_reason_to_hold_in_its_order(grounds: Grounds, gate: Gate | None, code: str) -> None:
    hold = reason_to_hold(grounds, gate)
    assert hold is not None
    assert hold.code == code
    verdict = give_verdict(hold, None if gate is None else _budget(gate))
    assert verdict.decision == "keep"
    assert verdict.note is hold
    assert verdict.moves == ()
    assert verdict.gain == (Amount(None) if gate is None else gate.gain)
    assert verdict.p_loss is None


def test_reasons_carry_what_their_sentence_needs() -> None:
    unsettled = reason_to_hold(replace(SOUND, settled=False), PASSED)
    assert unsettled == Note("verdict.unsettled", {"through": "2024-07-01T00:00:00"})
    keep = reason_to_hold(replace(SOUND, confidence_level=0.9), FAILED)
    assert keep == Note("verdict.keep", {"confidence_level": 0.9})


def test_a_sound_result_that_passes_the_gate_moves() -> None:
    assert reason_to_hold(SOUND, PASSED) is None
    verdict = give_verdict(None, _budget())
    assert verdict.decision == "change"
    assert verdict.note == Note("verdict.change")
    assert verdict.gain == PASSED.gain
    assert verdict.p_loss == 0.001


def test_moves_are_cuts_then_raises_most_money_first() -> None:
    moves = give_verdict(None, _budget()).moves
    assert moves == (
        Move("segment", "frequent", "halve"),
        Move("segment", "new", "cut", rest=True),
        Move("segment", "growing", "raise"),
        Move("segment", "other", "start"),
    )


@pytest.mark.parametrize(("proposed", "code"), [(97.9, "verdict.change_less"), (98.1, "verdict.change")])
def test_a_plan_that_spends_less_says_how_much_it_saves(proposed: float, code: str) -> None:
    note = give_verdict(None, _budget(proposed=proposed)).note
    assert note.code == code
    if code == "verdict.change_less":
        assert note.facts["saved"] == pytest.approx(2.1)


def test_by_expectation_the_gate_does_not_hold_but_is_still_shown() -> None:
    assert reason_to_hold(replace(SOUND, gated=False), FAILED) is None
    verdict = give_verdict(None, _budget(FAILED))
    assert verdict.decision == "change"
    assert verdict.gain == FAILED.gain


@pytest.mark.parametrize("budget", [None, _budget(None)])
def test_without_a_plan_nothing_moves(budget: BudgetPlan | None) -> None:
    verdict = give_verdict(None, budget)
    assert verdict.decision == "keep"
    assert verdict.note.code == "verdict.no_costs"
