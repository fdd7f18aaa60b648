"""The present plan beside the proposed one, in cells, rows and totals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from uplift.decide.decompose import component_effect, component_mean
from uplift.decide.values import compared_units, plan_weights
from uplift.results.money import Amount, BudgetCell, BudgetPlan, BudgetRow, BudgetTotals
from uplift.stats.cells import evaluate
from uplift.stats.intervals import t_intervals

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from uplift.decide.allocate import Limits
    from uplift.decide.gate import Candidate
    from uplift.decide.values import Terms
    from uplift.results.facts import Note
    from uplift.results.money import Advice, Gate
    from uplift.stats.cells import CellMeans

PARTS = ("natural", "returned", "predicted", "spend", "claim", "net")
"""What is said of a customer of a row."""

SAME = 0.02
"""Spend that moves by less than this share of itself is held."""


@dataclass(frozen=True, slots=True)
class RowKey:
    """A row of the first screen.

    Parameters
    ----------
    kind, level
        ``("segment", id)`` or ``(axis, level id)``.
    strata
        Positions of its strata.
    rest
        True when segments took some strata of the level away.
    """

    kind: str
    level: str
    strata: tuple[int, ...]
    rest: bool = False


@dataclass(frozen=True, slots=True)
class BudgetRules:
    """Money and its limits as the spec states them.

    Parameters
    ----------
    period, currency
        Budget period, and the currency of every amount.
    total
        Whole budget; None: what the present plan costs, over ``1 - reserve``.
    reserve
        Share of the budget that neither plan deploys.
    confidence_level
        Of every interval.
    """

    period: str
    currency: str
    total: float | None = None
    reserve: float = 0.2
    confidence_level: float = 0.95

    @property
    def deployed(self) -> float | None:
        """Money to deploy, None for what the present plan costs."""
        return None if self.total is None else (1.0 - self.reserve) * self.total


@dataclass(frozen=True, slots=True, eq=False)
class Priced:
    """A study as the budget sees it.

    Parameters
    ----------
    means
        Adjusted means of the components, one stratum per row of ``limits``.
    limits, terms
        What a plan may do; what counts as value and as cost.
    candidate
        The plan learned from all units.
    returned
        Outcomes that add up to what comes back (before spend).
    claim
        Outcome that a dashboard counts, None without coupons.
    gross
        Outcome that holds the gross value.
    """

    means: CellMeans
    limits: Limits
    terms: Terms
    candidate: Candidate
    returned: Mapping[str, float]
    claim: str | None
    gross: str


def rows_by_segment(
    levels: Sequence[str], segments: Sequence[tuple[str, frozenset[int]]], *, axis: str
) -> tuple[RowKey, ...]:
    """Partition strata into rows: each segment takes its strata, the rest goes by one axis.

    Parameters
    ----------
    levels
        Level of each stratum on the axis.
    segments
        Id and positions of the strata wholly inside, for segments that are unions of strata; a stratum goes to the
        first segment that has it.
    axis
        Id of the axis.

    Returns
    -------
    tuple of RowKey
        Segments in their order, then levels in the order of the strata.
    """
    taken: set[int] = set()
    rows = []
    for name, inside in segments:
        mine = tuple(sorted(inside - taken))
        if mine:
            rows.append(RowKey("segment", name, mine))
            taken |= inside
    for level in dict.fromkeys(levels):
        every = [i for i, own in enumerate(levels) if own == level]
        left = tuple(i for i in every if i not in taken)
        if left:
            rows.append(RowKey(axis, level, left, rest=len(left) < len(every)))
    return tuple(rows)


def plan_budget(
    priced: Priced,
    rows: Sequence[RowKey],
    *,
    rules: BudgetRules,
    gate: Gate | None,
    moves: bool,
    notes: tuple[Note, ...] = (),
) -> BudgetPlan:
    """Put the present plan and the proposed one side by side.

    Parameters
    ----------
    priced
        Values, costs and the candidate plan.
    rows
        Rows of the first screen; they partition the strata.
    rules
        Money and its limits.
    gate
        The out-of-sample test of the candidate; None when the decision is by expectation.
    moves
        Whether the verdict moves money; if not, the rows hold today's spend and the candidate is in the cells only.
    notes
        What to say beside it.

    Returns
    -------
    BudgetPlan
    """
    limits, candidate = priced.limits, priced.candidate
    cost = np.maximum(candidate.cost, 0.0)
    now = limits.units[:, None] * limits.present * cost
    after = limits.units[:, None] * candidate.shares * cost if moves else now
    deployed = limits.money(cost)
    every = RowKey("total", "", tuple(range(len(limits.units))))
    return BudgetPlan(
        period=rules.period,
        currency=rules.currency,
        deployed_now=float(now.sum()),
        deployed_proposed=float((limits.units[:, None] * candidate.shares * cost).sum()),
        total=rules.total if rules.total is not None else deployed / (1.0 - rules.reserve),
        reserve=rules.reserve,
        decrease=limits.decrease,
        cell_at_most=limits.cell_at_most,
        rows=tuple(_row(priced, key, now, after, rules) for key in (*rows, every)),
        cells=_cells(priced),
        gate=gate,
        totals=_totals(priced, rules),
        notes=notes,
    )


def _cells(priced: Priced) -> tuple[BudgetCell, ...]:
    limits, candidate = priced.limits, priced.candidate
    return tuple(
        BudgetCell(
            stratum=stratum,
            arm=arm,
            n_units=round(float(limits.units[i])),
            share_now=float(limits.present[i, k]),
            share_proposed=float(candidate.shares[i, k]),
            cost=float(candidate.cost[i, k]),
            value=float(candidate.value.value[i, k]),
            value_std_error=float(np.sqrt(candidate.value.variance[i, k])),
            value_shrunk=float(candidate.value_shrunk[i, k]),
        )
        for i, stratum in enumerate(priced.means.strata)
        for k, arm in enumerate(priced.means.arms[1:])
    )


def _row(
    priced: Priced, key: RowKey, now: NDArray[np.float64], after: NDArray[np.float64], rules: BudgetRules
) -> BudgetRow:
    inside = np.zeros(len(priced.limits.units), bool)
    inside[list(key.strata)] = True
    treated = np.where(inside[:, None], priced.limits.units[:, None] * priced.limits.present, 0.0)
    weight = plan_weights(priced.means, treated)
    if weight.sum() == 0.0:
        weight = np.where(inside[priced.means.stratum][:, None], compared_units(priced.means), 0.0)
    amounts = _per_head(priced, weight, rules.confidence_level)
    spend_now, spend_after = float(now[inside].sum()), float(after[inside].sum())
    predicted = amounts["predicted"].estimate if "residual" in priced.means.outcomes else None
    claim = amounts["claim"].estimate if priced.claim is not None else None
    return BudgetRow(
        kind=key.kind,
        level=key.level,
        n_units=round(float(priced.limits.units[inside].sum())),
        n_treated_now=float(treated.sum()),
        spend_now=spend_now,
        spend_proposed=spend_after,
        dashboard_claim=None if claim is None else claim * float(treated.sum()),
        natural_per_head=amounts["natural"].estimate or 0.0,
        returned_per_head=amounts["returned"].estimate or 0.0,
        predicted_per_head=predicted,
        spend_per_head=amounts["spend"].estimate or 0.0,
        net_per_head=amounts["net"],
        advice="none" if key.kind == "total" else advise(spend_now, spend_after),
        rest=key.rest,
    )


def _per_head(priced: Priced, weight: NDArray[np.float64], confidence_level: float) -> dict[str, Amount]:
    """Return the parts per treated customer; nothing is known where nobody can be compared."""
    if not weight.any():
        return dict.fromkeys(PARTS, Amount(None))
    means = priced.means
    net = {**priced.returned, **{name: -value for name, value in priced.terms.cost.items()}}
    rows = {
        "natural": component_mean(means, weight, priced.gross, control=True),
        "returned": component_effect(means, weight, priced.returned),
        "predicted": component_effect(means, weight, {"residual": 1.0}),
        "spend": component_effect(means, weight, priced.terms.cost),
        "claim": component_mean(means, weight, priced.claim or "", control=False),
        "net": component_effect(means, weight, net),
    }
    estimates = evaluate(means, np.array(list(rows.values())))
    limits = t_intervals(estimates.value, estimates.std_error, estimates.df, confidence_level=confidence_level)
    return {
        name: Amount(float(estimates.value[i]), float(limits.lower[i]), float(limits.upper[i]))
        for i, name in enumerate(rows)
    }


def advise(spend_now: float, spend_after: float) -> Advice:
    """Return the word for a change of spend."""
    if spend_now <= 0.0:
        return "start" if spend_after > 0.0 else "none"
    ratio = spend_after / spend_now
    if ratio <= SAME:
        return "stop"
    if abs(ratio - 0.5) <= SAME:
        return "halve"
    if ratio < 1.0 - SAME:
        return "cut"
    return "raise" if ratio > 1.0 + SAME else "hold"


def _totals(priced: Priced, rules: BudgetRules) -> BudgetTotals:
    means, units = priced.means, priced.limits.units[:, None]
    weights = {
        "to_date": compared_units(means),
        "present": plan_weights(means, units * priced.limits.present),
        "proposed": plan_weights(means, units * priced.candidate.shares),
    }
    found = {name: _total(priced, weight, rules.confidence_level) for name, weight in weights.items()}
    return BudgetTotals(
        to_date=found["to_date"]["net"],
        present=found["present"]["net"],
        proposed=found["proposed"]["net"],
        returned_present=found["present"]["returned"].estimate or 0.0,
        predicted_present=found["present"]["predicted"].estimate if "residual" in means.outcomes else None,
    )


def _total(priced: Priced, weight: NDArray[np.float64], confidence_level: float) -> dict[str, Amount]:
    n_treated = float(weight.sum())
    if n_treated == 0.0:
        nothing = Amount(0.0, 0.0, 0.0)
        return dict.fromkeys(("net", "returned", "predicted"), nothing)
    return {name: _times(amount, n_treated) for name, amount in _per_head(priced, weight, confidence_level).items()}


def _times(amount: Amount, factor: float) -> Amount:
    return Amount(*(None if x is None else x * factor for x in (amount.estimate, amount.ci_lower, amount.ci_upper)))
