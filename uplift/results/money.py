"""Where the money of a campaign went, and where it should go."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from uplift.results.facts import Note
from uplift.results.measure import Measure

Decision = Literal["change", "keep", "test", "unanswerable", "invalid"]
Advice = Literal["raise", "hold", "cut", "halve", "start", "stop", "none"]


@dataclass(frozen=True, slots=True)
class Amount:
    """A number with its interval.

    Parameters
    ----------
    estimate
        The point; None where it cannot be known.
    ci_lower, ci_upper
        Its interval, or None where there is none.
    """

    estimate: float | None
    ci_lower: float | None = None
    ci_upper: float | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the accounting identity.

    Parameters
    ----------
    code
        ``observed``, ``chance_imbalance``, ``natural``, ``incremental_observed``, ``subsidy``, ``contact``,
        ``fulfilment``, ``returns``, ``incremental_predicted``, ``cap_effect``, ``net``.
    per_head
        Per treated customer. Costs are negative. None: absent (no predicted part).
    total
        The same over all treated customers of the campaign to date.
    """

    code: str
    per_head: Amount
    total: float | None


@dataclass(frozen=True, slots=True)
class Waste:
    """Subsidy that bought orders which would have come anyway.

    Parameters
    ----------
    share : Amount
        1 minus incremental orders over incremental redeemed orders (Fieller interval).
    amount
        Wasted subsidy over all treated customers, in money.
    outside
        True when the share lies outside [0, 1]: the coupon sells without redemption, or
        cannibalises.
    """

    share: Amount
    amount: float | None
    outside: bool


@dataclass(frozen=True, slots=True)
class Decomposition:
    """Natural repurchase and campaign effect of one arm, in lines that add up.

    ``observed + chance_imbalance = natural + incremental_observed`` and ``incremental_observed +
    incremental_predicted + subsidy + contact + fulfilment + returns = net``;
    ``net + cap_effect`` is the effect on the capped primary.

    Parameters
    ----------
    arm
        Treatment arm, or ``treated`` for all of them together.
    by, level
        For whom, as in :class:`~uplift.results.effect.Effect`.
    measure
        Unit of ``per_head``; totals are over ``n_treated`` customers.
    n_treated
        Customers treated in the campaign to date.
    lines
        The identity, in the order of the waterfall.
    dashboard_claim
        Margin of redeemed orders per treated customer, as a dashboard counts it; None without coupons.
    natural_share
        Natural over observed (adjusted) gross margin in the window.
    waste
        None without coupons.
    """

    arm: str
    by: str
    level: str
    measure: Measure
    n_treated: int
    lines: tuple[Line, ...]
    dashboard_claim: Amount | None
    natural_share: Amount
    waste: Waste | None

    def line(self, code: str) -> Line:
        """Return the line with this code."""
        return next(line for line in self.lines if line.code == code)


@dataclass(frozen=True, slots=True)
class BudgetCell:
    """One stratum × treatment arm of the plan.

    Parameters
    ----------
    stratum, arm
        The cell.
    n_units
        Eligible customers of the stratum.
    share_now, share_proposed
        Share of the stratum given this arm, in [0, 1].
    cost
        Estimated cost per treated customer.
    value, value_std_error
        Net incremental value per treated customer, raw.
    value_shrunk
        The same with what comes back shrunk and the cost as it is; what the plan is learned from.
    """

    stratum: str
    arm: str
    n_units: int
    share_now: float
    share_proposed: float
    cost: float
    value: float
    value_std_error: float
    value_shrunk: float


@dataclass(frozen=True, slots=True)
class BudgetRow:
    """One row of the first screen: a union of strata.

    Parameters
    ----------
    kind, level
        ``("segment", id)``, ``(axis, level id)`` or ``("total", "")``.
    n_units
        Eligible customers.
    n_treated_now
        Customers treated under the present plan.
    spend_now, spend_proposed
        Money per period.
    dashboard_claim
        Money per period under the present plan; None without coupons.
    natural_per_head
        Adjusted control margin per treated customer.
    returned_per_head
        Incremental gross margin per treated customer less returns, predicted part included.
    predicted_per_head
        Of it predicted beyond the window; None where the past is too short.
    spend_per_head
        Subsidy, contact and fulfilment per treated customer.
    net_per_head
        Net incremental value per treated customer with its interval.
    advice
        What to do with the row's money.
    rest
        True when the row holds what is left of the level after the segments above it.
    """

    kind: str
    level: str
    n_units: int
    n_treated_now: float
    spend_now: float
    spend_proposed: float
    dashboard_claim: float | None
    natural_per_head: float
    returned_per_head: float
    predicted_per_head: float | None
    spend_per_head: float
    net_per_head: Amount
    advice: Advice
    rest: bool = False


@dataclass(frozen=True, slots=True)
class Gate:
    """The sequential out-of-sample test of the proposed plan.

    Parameters
    ----------
    n_chunks
        Chunks that entered the test.
    statistic, threshold
        The plan moves money only if ``statistic > threshold``.
    gain : Amount
        Out-of-sample gain over the present plan, money per period (rule learned on less data).
    p_loss
        Chance that the gain is below zero.
    passed
        The answer.
    """

    n_chunks: int
    statistic: float
    threshold: float
    gain: Amount
    p_loss: float
    passed: bool


@dataclass(frozen=True, slots=True)
class BudgetTotals:
    """Three totals, each named, money.

    Parameters
    ----------
    to_date
        Net value of the campaign to date over the customers treated in the experiment.
    present
        Net value per period of the present plan.
    proposed
        Net value per period of the proposed plan (plug-in: optimistic, never the headline).
    returned_present, predicted_present
        Incremental margin less returns of the present plan per period, and the part of it
        predicted beyond the window (None where the past is too short).
    """

    to_date: Amount
    present: Amount
    proposed: Amount
    returned_present: float
    predicted_present: float | None


@dataclass(frozen=True, slots=True)
class BudgetPlan:
    """The present plan, the proposed plan and the test between them.

    Parameters
    ----------
    period
        Budget period, for example ``quarter``.
    currency
        Of every amount.
    deployed_now, deployed_proposed
        Expected spend per period of the two plans.
    total, reserve
        Whole budget, and the share of it held out of both plans.
    decrease, cell_at_most
        Change limit: no cell keeps less than ``1 - decrease`` of today's share; no cell
        spends more than ``cell_at_most`` of the deployed money. None: no limit.
    rows, cells
        The first screen's table, and what lies under it.
    gate
        The out-of-sample test; None when no plan could be made.
    totals
        Campaign to date, present plan, proposed plan.
    notes
        Why a part is missing or held back.
    """

    period: str
    currency: str
    deployed_now: float
    deployed_proposed: float
    total: float
    reserve: float
    decrease: float | None
    cell_at_most: float | None
    rows: tuple[BudgetRow, ...]
    cells: tuple[BudgetCell, ...]
    gate: Gate | None
    totals: BudgetTotals
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True, slots=True)
class Move:
    """One move of money in words that a budget owner uses.

    Parameters
    ----------
    kind, level
        The row of the first screen.
    advice
        What to do.
    rest
        As in :class:`BudgetRow`.
    """

    kind: str
    level: str
    advice: Advice
    rest: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """How an analysis ends.

    Parameters
    ----------
    decision
        ``change``, ``keep``, ``test``, ``unanswerable`` or ``invalid``.
    note
        Catalogue key (``verdict.change``, ``verdict.change_less``, ``verdict.keep``, ``verdict.unsettled``,
        ``verdict.no_costs``, ``verdict.invalid`` …) and its facts.
    moves
        What to do first, most money first.
    gain : Amount
        Money per period.
    p_loss
        Chance that the move loses money; None when nothing moves.
    """

    decision: Decision
    note: Note
    moves: tuple[Move, ...] = ()
    gain: Amount = Amount(None)
    p_loss: float | None = None
