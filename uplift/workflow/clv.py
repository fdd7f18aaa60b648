"""Historic, predicted and incremental value of customers, and what lies behind the predicted part."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from uplift.estimate import (
    Contrast,
    Reading,
    adjust_means,
    estimate_curve,
    estimate_itt,
    estimate_pull_forward,
)
from uplift.outcomes.later import AFTER, HABITS, PROMO, RESIDUALS, WEEKS, week_name
from uplift.results import Measure
from uplift.results.clv import ClvRow, Dependence, PullForward, ValueGain
from uplift.workflow.means import eligible_weights, money_means
from uplift.workflow.readings import component_sums, stratum_units
from uplift.workflow.tally import SEGMENT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    from uplift.design import Plan
    from uplift.estimate.itt import By
    from uplift.results import Curve, Effect
    from uplift.results.measure import Basis
    from uplift.stats.cells import CellMeans
    from uplift.stats.moments import Moments
    from uplift.workflow.tally import Tally

NET_VALUE = "net_value"
YEAR_BEFORE = "gross_margin_365d"


@dataclass(frozen=True, slots=True, eq=False)
class Scope:
    """One population, ready to be read.

    Parameters
    ----------
    group
        ``(by, level)``.
    money
        Sums of the money blocks.
    means
        Means of the components of net value, strata standing for their eligible units.
    beside
        Sums of the blocks beside it; None where none was measured.
    rows : ndarray of bool, shape (n,), optional
        Its units; None means all.
    """

    group: tuple[str, str]
    money: Moments
    means: CellMeans
    beside: Moments | None
    rows: NDArray[np.bool_] | None = None


def find_scopes(plan: Plan, tally: Tally, moments: Moments, segments: Mapping[str, Moments]) -> tuple[Scope, ...]:
    """Return all units, then every segment with a usable contrast.

    Parameters
    ----------
    plan, tally
        The plan and the measured units.
    moments
        Sums of all units.
    segments
        Sums of the segments.
    """
    weights = stratum_units(plan, tally)

    def weighted(part: Moments) -> CellMeans:
        return eligible_weights(money_means(part, plan.measurement), *weights)

    found = [Scope(("overall", ""), moments, weighted(moments), tally.population_beside())]
    for name, part in segments.items():
        rows = tally.past[f"{SEGMENT}{name}"].astype(bool)
        beside = tally.population_beside(rows, name=name, blocks=(HABITS, RESIDUALS))
        usable = None if beside is None else beside.usable()
        found.append(Scope(("segment", name), part, weighted(part), usable, rows))
    return tuple(found)


def arm_contrasts(plan: Plan) -> tuple[Contrast, ...]:
    """Return each treatment arm against the control."""
    return tuple(Contrast(arm.id, plan.control.id) for arm in plan.arms if not arm.is_control)


def has_block(moments: Moments | None, name: str) -> bool:
    """Tell whether a block was summed."""
    return moments is not None and any(block.name == name for block in moments.blocks)


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads money effects of one population as the analysis labels them."""

    plan: Plan
    group: tuple[str, str]

    def reading(self, days: int, basis: Basis = "observed") -> Reading:
        """Return the label of a money effect over some days."""
        measure = Measure("money", self.plan.currency, "assigned", days, basis)
        return Reading(measure, self.plan.confidence_level, group=self.group)

    def share(self) -> Reading:
        """Return the label of a rate."""
        measure = Measure("rate", "", "order", self.plan.measurement.window_days)
        return Reading(measure, self.plan.confidence_level, group=self.group)


def value_gains(plan: Plan, means: CellMeans, group: tuple[str, str]) -> Iterator[tuple[str, ValueGain]]:
    """Yield ``(level, gain)`` of every arm: over all strata of the means, or stratum by stratum.

    Parameters
    ----------
    plan
        Currency, horizon and confidence level.
    means
        Means of the components.
    group
        Of the population; ``("stratum", "")`` reads every stratum.
    """
    measurement = plan.measurement
    sums = component_sums(means)
    observed = sums["net_observed"]
    predicted = sums.get("residual")
    parts = {"net_observed": observed, NET_VALUE: {**observed, **(predicted or {})}}
    if predicted is not None:
        parts["residual"] = predicted
    combined = means.combined(parts)
    reader = Reader(plan, group)
    basis: Basis = "mixed" if predicted is not None else "observed"
    by: By = "stratum" if group[0] == "stratum" else "overall"
    labels = {
        NET_VALUE: reader.reading(measurement.counted_days, basis),
        "net_observed": reader.reading(measurement.window_days),
        "residual": reader.reading(measurement.horizon_days, "predicted"),
    }
    found = {
        name: estimate_itt(combined, outcome=name, contrasts=arm_contrasts(plan), by=by, reading=labels[name])
        for name in combined.outcomes
    }
    for place, total in enumerate(found[NET_VALUE]):
        rest = found["residual"][place] if "residual" in found else None
        yield total.level, ValueGain(total.arm, total, found["net_observed"][place], rest)


def value_rows(plan: Plan, tally: Tally, scopes: tuple[Scope, ...]) -> tuple[ClvRow, ...]:
    """Return historic, predicted and incremental value: overall, by segment, by stratum."""
    known = _Known(plan, tally)
    rows = []
    for scope in scopes:
        gains = tuple(gain for _, gain in value_gains(plan, scope.means, scope.group))
        rows.append(known.row(scope.group, scope.rows, gains))
    by_stratum: dict[str, list[ValueGain]] = {}
    for level, gain in value_gains(plan, scopes[0].means, ("stratum", "")):
        by_stratum.setdefault(level, []).append(gain)
    for code, stratum in enumerate(tally.keys.strata):
        if stratum in by_stratum:
            inside = tally.keys.stratum == code
            rows.append(known.row(("stratum", stratum), inside, tuple(by_stratum[stratum])))
    return tuple(rows)


@dataclass(frozen=True, slots=True, eq=False)
class _Known:
    """What was known of the analysed units before the campaign."""

    plan: Plan
    tally: Tally

    def row(self, group: tuple[str, str], inside: NDArray[np.bool_] | None, gains: tuple[ValueGain, ...]) -> ClvRow:
        tally = self.tally
        everybody = np.ones(len(tally.keys.arm), bool) if inside is None else inside
        later = tally.later
        historic = tally.past.values.get(YEAR_BEFORE)
        lifetime = None if later is None else later.lifetime_margin
        predicted = None
        if later is not None and later.foreseen is not None:
            rows = later.foreseen.rows
            chosen = everybody[rows]
            predicted = self._mean(later.foreseen.horizon[chosen], rows[chosen])
        elif gains and gains[0].predicted is not None:
            predicted = gains[0].total.reference_mean
        units = np.flatnonzero(everybody)
        return ClvRow(
            by=group[0],
            level=group[1],
            n_units=len(units),
            historic=None if historic is None else self._mean(historic[units].astype(np.float64), units),
            lifetime=None if lifetime is None else self._mean(lifetime[units], units),
            predicted=predicted,
            gains=gains,
        )

    def _mean(self, values: NDArray[np.float64], rows: NDArray[np.intp]) -> float | None:
        """Return the mean with each unit standing for the eligible units of its stratum."""
        if not len(rows):
            return None
        units, analysed = stratum_units(self.plan, self.tally)
        each = np.array([units[name] / max(analysed[name], 1.0) for name in self.tally.keys.strata])
        weight = each[self.tally.keys.stratum[rows]]
        return float((values * weight).sum() / weight.sum())


def margin_curves(plan: Plan, tally: Tally, scope: Scope) -> tuple[Curve, ...]:
    """Return the cumulative effect of every arm on discounted margin net of returns, over all units."""
    if tally.later is None or scope.beside is None or not has_block(scope.beside, WEEKS):
        return ()
    days = tally.later.facts.step_ends
    means = eligible_weights(adjust_means(scope.beside, block=WEEKS), *stratum_units(plan, tally))
    reading = Reader(plan, scope.group).reading(plan.measurement.window_days)
    return tuple(
        estimate_curve(
            means,
            outcomes=[week_name(day) for day in days],
            days=days,
            contrast=contrast,
            reading=reading,
            rng=np.random.default_rng(_seed("band", plan, contrast.arm)),
        )
        for contrast in arm_contrasts(plan)
    )


def _seed(purpose: str, plan: Plan, unit: str) -> int:
    text = f"{purpose}|{plan.experiment_id}|{plan.seed}|{unit}"
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")


def habit_means(plan: Plan, tally: Tally, scope: Scope) -> CellMeans | None:
    """Return adjusted means of the habits of a population; None where they were not measured."""
    if scope.beside is None or not has_block(scope.beside, HABITS):
        return None
    return eligible_weights(adjust_means(scope.beside, block=HABITS), *stratum_units(plan, tally))


def pull_forwards(plan: Plan, tally: Tally, scope: Scope, habits: CellMeans | None) -> tuple[PullForward, ...]:
    """Return the dip test of every arm; empty where no coupon expires inside the window."""
    promo_days = None if tally.later is None else tally.later.facts.promo_days
    if habits is None or promo_days is None or not {PROMO, AFTER} <= set(habits.outcomes):
        return ()
    reading = Reader(plan, scope.group).reading(plan.measurement.window_days)
    return tuple(
        estimate_pull_forward(habits, contrast=contrast, promo_days=promo_days, reading=reading)
        for contrast in arm_contrasts(plan)
    )


def dependences(plan: Plan, scope: Scope, habits: CellMeans | None) -> tuple[Dependence, ...]:
    """Return short-term return beside long-term value of every arm, and what happened to full-price buying."""
    couponed = habits is not None and "couponed_orders" in habits.outcomes
    reader, found = Reader(plan, scope.group), []
    for _, gain in value_gains(plan, scope.means, scope.group):
        pair = [Contrast(gain.arm, plan.control.id)]
        full: Effect | None = None
        share: Effect | None = None
        if habits is not None and couponed:
            reading = reader.reading(plan.measurement.window_days)
            full = estimate_itt(habits, outcome="organic_margin", contrasts=pair, reading=reading)[0]
            share = estimate_itt(
                habits, outcome="couponed_orders", denominator="orders", contrasts=pair, reading=reader.share()
            )[0]
        found.append(
            Dependence(
                arm=gain.arm,
                by=scope.group[0],
                level=scope.group[1],
                short_term=gain.observed,
                long_term=gain.predicted,
                full_price=None if full is None else replace(full, outcome="full_price_margin"),
                coupon_share=None if share is None else replace(share, outcome="coupon_share"),
            )
        )
    return tuple(found)
