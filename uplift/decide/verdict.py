"""How an analysis ends: change, keep or invalid."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from uplift.decide.gate import GATE_CONFIDENCE
from uplift.results.facts import Note
from uplift.results.money import Move, Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from uplift.results.facts import CheckResult
    from uplift.results.money import BudgetPlan, Gate

GATING = frozenset({"assignment.lock", "srm.assigned", "srm.loss"})
"""Checks that make a result unusable when they fail for the whole experiment."""

LESS = 0.98
"""A plan that deploys less than this share of today's money is a cut."""


@dataclass(frozen=True, slots=True)
class Grounds:
    """What decides whether money may move.

    Parameters
    ----------
    checks
        All checks of the analysis.
    settled
        Whether every order of the window is old enough.
    is_money
        Whether the primary outcome is money.
    costs_known
        Whether any cost of treating is known at all.
    stand_in
        Whether redemptions had to be stood in for, because there is no coupons table.
    through
        ISO moment up to which data were read; None for outcomes without a time.
    gated
        Whether the plan must pass the out-of-sample gate.
    confidence_level
        One-sided confidence of the gate, named in the keep verdict.
    """

    checks: Sequence[CheckResult]
    settled: bool
    is_money: bool
    costs_known: bool
    stand_in: bool
    through: str | None = None
    gated: bool = True
    confidence_level: float = GATE_CONFIDENCE


def broken(checks: Sequence[CheckResult]) -> CheckResult | None:
    """Return the first check whose failure makes the result unusable, or None."""
    return next(
        (check for check in checks if check.name in GATING and check.status == "fail" and not check.level), None
    )


def reason_to_hold(grounds: Grounds, gate: Gate | None) -> Note | None:
    """Return why no money moves, or None when it may.

    Parameters
    ----------
    grounds
        Checks and what is known.
    gate
        The out-of-sample test; None when no plan could be made.

    Returns
    -------
    Note or None
        ``verdict.invalid``, ``.unsettled``, ``.no_money``, ``.no_costs``, ``.no_coupons`` or ``.keep``.
    """
    failed = broken(grounds.checks)
    through, level = {"through": grounds.through}, {"confidence_level": grounds.confidence_level}
    reasons = (
        (failed is not None, Note("verdict.invalid", {"check": "" if failed is None else failed.name})),
        (not grounds.settled, Note("verdict.unsettled", through)),
        (not grounds.is_money, Note("verdict.no_money")),
        (gate is None or not grounds.costs_known, Note("verdict.no_costs")),
        (grounds.stand_in, Note("verdict.no_coupons")),
        (grounds.gated and gate is not None and not gate.passed, Note("verdict.keep", level)),
    )
    return next((note for holds, note in reasons if holds), None)


def give_verdict(hold: Note | None, budget: BudgetPlan | None) -> Verdict:
    """Return the verdict.

    Parameters
    ----------
    hold
        Why no money moves; None when it may.
    budget
        The plans; None for outcomes that have no cost.

    Returns
    -------
    Verdict
        ``gain`` is the out-of-sample figure of the gate, never the plug-in.
    """
    gate = None if budget is None else budget.gate
    if hold is not None and hold.code == "verdict.invalid":
        return Verdict("invalid", hold)
    if hold is not None:
        return Verdict("keep", hold) if gate is None else Verdict("keep", hold, gain=gate.gain)
    if budget is None or gate is None:
        return Verdict("keep", Note("verdict.no_costs"))
    less = budget.deployed_proposed < LESS * budget.deployed_now
    saved = budget.deployed_now - budget.deployed_proposed
    note = Note("verdict.change_less", {"saved": saved}) if less else Note("verdict.change")
    return Verdict("change", note, _moves(budget), gate.gain, gate.p_loss)


def _moves(budget: BudgetPlan) -> tuple[Move, ...]:
    """Return the rows whose money moves: cuts first, then raises, most money first."""
    moving = [row for row in budget.rows if row.kind != "total" and row.advice not in {"hold", "none"}]
    moving.sort(key=lambda row: (row.spend_proposed > row.spend_now, -abs(row.spend_proposed - row.spend_now)))
    return tuple(Move(row.kind, row.level, row.advice, row.rest) for row in moving)
