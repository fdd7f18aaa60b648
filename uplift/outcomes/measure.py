"""What each unit did in a window, as integer columns that add up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from uplift.errors import DataError
from uplift.outcomes.measurement import COMPONENTS, PRIMARY_TERMS
from uplift.stats.moments import BlockPlan, Column

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from uplift.outcomes.measurement import Measurement, OutcomePlan

MONEY = "money"
"""Block of the components of net value."""

SURROGATE_BLOCK = "surrogates"
"""Block of the features of the residual model."""

SURROGATE_GRID = 0.01
"""Grid step of the residual model's features."""


@dataclass(frozen=True, slots=True, eq=False)
class PlanCosts:
    """Planned costs per unit of its arm, each of shape (n,); the control's are zero.

    Parameters
    ----------
    contact, fulfilment
        Per assigned unit.
    redemption
        Per redeemed coupon.
    """

    contact: NDArray[np.float64]
    fulfilment: NDArray[np.float64]
    redemption: NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """Integer columns of n units and how they are summed.

    Parameters
    ----------
    columns
        Name to integers, each of shape (n,).
    blocks
        ``money`` first, then ``surrogates`` where a residual is predicted, then one per secondary outcome.
    stand_ins
        Components that stand in for a missing table: ``contact``, ``subsidy``.
    """

    columns: Mapping[str, NDArray[np.int64]]
    blocks: tuple[BlockPlan, ...]
    stand_ins: tuple[str, ...]


def to_grid(values: NDArray[np.float64], step: float) -> NDArray[np.int64]:
    """Return values as whole steps, halves to even."""
    return np.rint(np.asarray(values, dtype=np.float64) / step).astype(np.int64)


def measure(
    measurement: Measurement,
    *,
    facts: Mapping[str, NDArray[np.float64]],
    past: Mapping[str, NDArray[np.float64]],
    costs: PlanCosts,
) -> Measured:
    """Measure every outcome of a plan.

    Parameters
    ----------
    measurement
        The plan.
    facts
        Sums per unit over the window, each of shape (n,); columns of an absent role are absent. For outcomes that
        are columns of units, those columns.
    past
        Covariates, and what the residual model needs from before the window.
    costs
        Planned costs, used where the tables say nothing.

    Returns
    -------
    Measured
        Net value is the exact sum of its components, unit by unit, on the rounded integers.

    Raises
    ------
    DataError
        When an outcome column has missing values.
    """
    covariates = {name: to_grid(past[name], step) for name, step in _covariates(measurement)}
    columns: dict[str, NDArray[np.int64]] = {"size": np.ones(len(costs.contact), np.int64), **covariates}
    stand_ins: tuple[str, ...] = ()
    if measurement.from_orders:
        money, stand_ins = _components(measurement, facts, past, costs)
        columns |= money
        outcomes = tuple(Column(name, "outcome", _step(name)) for name in money)
    else:
        outcomes = _unit_level(measurement, facts, costs, columns)
    tail = tuple(Column(name, "covariate", step) for name, step in _covariates(measurement))
    size = Column("size", "size")
    blocks = [BlockPlan(MONEY, (size, *outcomes, *tail))]
    if measurement.residual is not None:
        features = _features(measurement, facts, past)
        columns |= features
        named = tuple(Column(name, "outcome", SURROGATE_GRID) for name in features)
        blocks.append(BlockPlan(SURROGATE_BLOCK, (size, *named, *tail)))
    for outcome in measurement.secondary:
        found = _secondary(outcome, facts)
        columns |= found
        named = tuple(Column(name, "outcome", outcome.grid) for name in found)
        blocks.append(BlockPlan(outcome.id, (size, *named, *tail)))
    return Measured(columns, tuple(blocks), stand_ins)


def _covariates(measurement: Measurement) -> list[tuple[str, float]]:
    return list(zip(measurement.covariates, measurement.covariate_grids, strict=True))


def _step(name: str) -> float:
    return STEPS[name]


STEPS: Mapping[str, float] = {
    **COMPONENTS,
    "primary_capped": COMPONENTS["contact"],
    "orders": 1.0,
    "redeemed_orders": 1.0,
    "redeemed_margin": 0.01,
    "exposed": 1.0,
}
"""Grid step of every column of the money block."""


def _components(
    measurement: Measurement,
    facts: Mapping[str, NDArray[np.float64]],
    past: Mapping[str, NDArray[np.float64]],
    costs: PlanCosts,
) -> tuple[dict[str, NDArray[np.int64]], tuple[str, ...]]:
    """Return the components on their grids, and which of them stand in for a table."""
    values, stand_ins = {"gross_margin": facts["gross_margin"]}, []
    if "subsidy" in facts:
        values["subsidy"] = facts["subsidy"]
    else:
        stand_ins.append("subsidy")
        values["subsidy"] = costs.redemption * np.minimum(1.0, facts["promo_orders"])
    if "contact_cost" in facts:
        values["contact"] = facts["contact_cost"]
    else:
        stand_ins.append("contact")
        values["contact"] = costs.contact
    values["fulfilment"] = costs.fulfilment
    values["returned_value"] = facts.get("returned_margin", np.zeros_like(costs.contact))
    if measurement.residual is not None:
        values["residual"] = measurement.residual.predict({**past, **facts})
    columns = {name: to_grid(value, COMPONENTS[name]) for name, value in values.items()}
    columns["primary_capped"] = _primary(measurement, columns, facts)
    columns["orders"] = to_grid(facts["orders"], 1.0)
    if "redeemed_orders" in facts:
        columns["redeemed_orders"] = to_grid(facts["redeemed_orders"], 1.0)
        columns["redeemed_margin"] = to_grid(facts["redeemed_margin"], 0.01)
    if "contacts" in facts:
        columns["exposed"] = (facts["contacts"] > 0).astype(np.int64)
    return columns, tuple(stand_ins)


def _primary(
    measurement: Measurement, columns: Mapping[str, NDArray[np.int64]], facts: Mapping[str, NDArray[np.float64]]
) -> NDArray[np.int64]:
    """Return min(primary, cap) in the finest step of the components; a sum of components is exact."""
    finest, primary = STEPS["primary_capped"], measurement.primary.id
    if primary in PRIMARY_TERMS:
        total = np.zeros(len(columns["gross_margin"]), np.int64)
        for name, sign in PRIMARY_TERMS[primary].items():
            if name in columns:
                total += int(sign) * round(COMPONENTS[name] / finest) * columns[name]
    elif primary in SECONDARY:
        total = to_grid(SECONDARY[primary](facts), finest)
    else:
        message = (
            f"outcomes.primary: {primary} is a ratio of sums, which no customer has; choose one of "
            f"{', '.join([*PRIMARY_TERMS, *SECONDARY])}, or read it under outcomes.secondary"
        )
        raise DataError(message)
    return total if measurement.cap is None else np.minimum(total, round(measurement.cap / finest))


def _features(
    measurement: Measurement, facts: Mapping[str, NDArray[np.float64]], past: Mapping[str, NDArray[np.float64]]
) -> dict[str, NDArray[np.int64]]:
    known = {**past, **facts}
    names = measurement.residual.features if measurement.residual is not None else ()
    return {f"surrogate.{name}": to_grid(known[name], SURROGATE_GRID) for name in names}


def _unit_level(
    measurement: Measurement,
    facts: Mapping[str, NDArray[np.float64]],
    costs: PlanCosts,
    columns: dict[str, NDArray[np.int64]],
) -> tuple[Column, ...]:
    """Add the primary column and its planned costs to ``columns`` and return their descriptions."""
    primary = measurement.primary
    columns[primary.id] = to_grid(_whole(facts[primary.column], primary), primary.grid)
    outcomes = [Column(primary.id, "outcome", primary.grid)]
    for name in ("contact", "fulfilment"):
        planned: NDArray[np.float64] = getattr(costs, name)
        if planned.any():
            columns[name] = to_grid(planned, COMPONENTS[name])
            outcomes.append(Column(name, "outcome", COMPONENTS[name]))
    return tuple(outcomes)


def _whole(values: NDArray[np.float64], outcome: OutcomePlan) -> NDArray[np.float64]:
    missing = int((~np.isfinite(values)).sum())
    if missing:
        message = (
            f"outcomes: column '{outcome.column}' has {missing} missing or infinite values; an outcome is needed for "
            "every unit: fill in what is known to be zero, or leave the units out by eligible"
        )
        raise DataError(message)
    return values


def _secondary(outcome: OutcomePlan, facts: Mapping[str, NDArray[np.float64]]) -> dict[str, NDArray[np.int64]]:
    if outcome.column:
        return {outcome.id: to_grid(_whole(facts[outcome.column], outcome), outcome.grid)}
    try:
        if outcome.ratio:
            above, below = RATIOS[outcome.id]
            values = {f"{outcome.id}.numerator": facts[above], f"{outcome.id}.denominator": facts[below]}
        else:
            values = {outcome.id: SECONDARY[outcome.id](facts)}
    except KeyError as error:
        message = (
            f"outcomes.secondary: {outcome.id} needs {error}, which the tables do not give (a table or a column of "
            "data that the spec does not name); add it to data, or take the outcome out"
        )
        raise DataError(message) from error
    return {name: to_grid(value, outcome.grid) for name, value in values.items()}


COMPONENT_FACTS = (
    *("orders", "gross_margin", "subsidy", "contact_cost", "contacts", "returned_margin"),
    *("redeemed_orders", "redeemed_margin", "couponed_orders", "organic_margin", "couponed_margin"),
)
"""Facts of net value, of its residual and of coupon habits."""

SECONDARY_FACTS: Mapping[str, tuple[str, ...]] = {
    "revenue": ("revenue",),
    "cross_category_repurchase_30d": ("cross_category_30d",),
    "retention": ("orders_last_30",),
    "other_platform_margin": ("other_platform_margin",),
    "unsubscribe_rate": ("unsubscribed",),
}
"""Facts of secondary metrics that are not facts of net value; those of ratios stand in ``RATIOS``."""


def needed_facts(measurement: Measurement) -> tuple[str, ...]:
    """Return the facts of a window that a plan's outcomes are made of, each once."""
    outcomes = [one for one in (measurement.primary, *measurement.secondary) if not one.column]
    found = [*COMPONENT_FACTS, *(() if measurement.residual is None else measurement.residual.features)]
    for one in outcomes:
        found += RATIOS.get(one.id, SECONDARY_FACTS.get(one.id, ()))
    return tuple(dict.fromkeys(found))


RATIOS: Mapping[str, tuple[str, str]] = {
    "return_rate": ("refunded", "revenue"),
    "average_basket": ("revenue", "orders"),
    "complaint_rate": ("complaints", "orders"),
}
"""Ratio metrics: numerator and denominator among the facts."""

SECONDARY: Mapping[str, Callable[[Mapping[str, NDArray[np.float64]]], NDArray[np.float64]]] = {
    "gross_margin": lambda facts: facts["gross_margin"],
    "revenue": lambda facts: facts["revenue"],
    "orders": lambda facts: facts["orders"],
    "redeemed_orders": lambda facts: facts["redeemed_orders"],
    "full_price_margin": lambda facts: facts["organic_margin"],
    "repurchase_count": lambda facts: np.maximum(facts["orders"] - 1.0, 0.0),
    "repurchase_rate": lambda facts: (facts["orders"] >= 2.0).astype(np.float64),
    "cross_category_repurchase_30d": lambda facts: (facts["cross_category_30d"] > 0).astype(np.float64),
    "retention": lambda facts: (facts["orders_last_30"] > 0).astype(np.float64),
    "other_platform_margin": lambda facts: facts["other_platform_margin"],
    "unsubscribe_rate": lambda facts: (facts["unsubscribed"] > 0).astype(np.float64),
    "net_margin": lambda facts: (
        facts["gross_margin"]
        - facts.get("subsidy", np.zeros(1))
        - facts.get("contact_cost", np.zeros(1))
        - facts.get("returned_margin", np.zeros(1))
    ),
}
"""Secondary metrics as functions of the facts of the window."""
