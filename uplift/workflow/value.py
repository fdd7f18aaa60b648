"""Everything an analysis says of customer value: rows, back-ends, curves, and the doubts about them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from uplift.outcomes.later import RESIDUALS
from uplift.outcomes.residual import Kappa, calibrate_kappa
from uplift.results.clv import ClvReport, ResidualFacts
from uplift.workflow.backends import (
    Source,
    backend_effects,
    calibrate_backends,
    early_effects,
    residual_means,
)
from uplift.workflow.boosted import Boosted
from uplift.workflow.clv import (
    arm_contrasts,
    dependences,
    find_scopes,
    habit_means,
    has_block,
    margin_curves,
    pull_forwards,
    value_rows,
)
from uplift.workflow.doubts import doubt_predictions, doubt_window
from uplift.workflow.means import eligible_weights
from uplift.workflow.readings import stratum_units

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from uplift.design import Plan
    from uplift.results import CheckResult, Curve, Effect
    from uplift.results.clv import Calibration
    from uplift.stats.cells import CellMeans
    from uplift.stats.moments import Moments
    from uplift.workflow.clv import Scope
    from uplift.workflow.tally import Tally


@dataclass(frozen=True, slots=True)
class Value:
    """What an analysis says of value.

    Parameters
    ----------
    report
        Rows, back-ends and dependence; None for outcomes that are not made of orders with a margin.
    curves
        Cumulative effects.
    checks
        Doubts.
    """

    report: ClvReport | None = None
    curves: tuple[Curve, ...] = ()
    checks: tuple[CheckResult, ...] = ()


@dataclass(frozen=True, slots=True)
class _Backends:
    effects: tuple[Effect, ...] = ()
    calibration: tuple[Calibration, ...] = ()
    early: tuple[Effect, ...] = ()


def read_value(
    plan: Plan, tally: Tally, moments: Moments, segments: Mapping[str, Moments], *, boosted: Boosted | None = None
) -> Value:
    """Read customer value.

    Parameters
    ----------
    plan, tally
        The plan and the measured units.
    moments, segments
        Sums of the money blocks of all units, and of every segment.
    boosted
        What the boosted back-end found; None where it was not asked.

    Returns
    -------
    Value
    """
    if tally.later is None:
        return Value()
    scopes = find_scopes(plan, tally, moments, segments)
    kappa = calibrate_kappa(plan.measurement.residual)
    read = [_read_backends(plan, tally, scope, kappa) for scope in scopes]
    extra = boosted or Boosted()
    first = _with_boosted(read[0].effects, extra.effects)
    habits = [habit_means(plan, tally, scope) for scope in scopes]
    pairs = list(zip(scopes, habits, strict=True))
    report = ClvReport(
        rows=value_rows(plan, tally, scopes),
        residuals=(*first, *(effect for one in read[1:] for effect in one.effects)),
        calibration=read[0].calibration,
        pull_forward=tuple(one for scope, mean in pairs for one in pull_forwards(plan, tally, scope, mean)),
        dependence=tuple(one for scope, mean in pairs for one in dependences(plan, scope, mean)),
        facts=replace(
            _facts(plan, tally, kappa), n_boosted=extra.n_units, n_past=extra.n_past, n_clipped=extra.n_clipped
        ),
    )
    doubts = (*doubt_predictions(plan, tally, first, read[0].early, kappa), *doubt_window(plan, tally))
    return Value(report, margin_curves(plan, tally, scopes[0]), doubts)


def _read_backends(plan: Plan, tally: Tally, scope: Scope, kappa: Kappa) -> _Backends:
    if scope.beside is None or not has_block(scope.beside, RESIDUALS):
        return _Backends()
    bounds = None if tally.later is None else tally.later.facts.bounds
    source = Source(tally.keys, bounds, scope.rows)
    found: CellMeans = residual_means(scope.beside, scope.money, plan.measurement, source)
    means = eligible_weights(found, *stratum_units(plan, tally))
    contrasts = arm_contrasts(plan)
    effects = backend_effects(means, plan, kappa, contrasts=contrasts, group=scope.group)
    if scope.group[0] != "overall":
        return _Backends(effects)
    calibration = calibrate_backends(means, plan, kappa, effects, contrasts=contrasts)
    return _Backends(effects, calibration, early_effects(means, plan, contrasts=contrasts))


def _with_boosted(effects: Sequence[Effect], boosted: Sequence[Effect]) -> tuple[Effect, ...]:
    """Put the boosted back-end after the plain index."""
    plain = [effect for effect in effects if effect.estimator == "surrogate"]
    return (*plain, *boosted, *(effect for effect in effects if effect.estimator != "surrogate"))


def _facts(plan: Plan, tally: Tally, kappa: Kappa) -> ResidualFacts:
    measurement, later = plan.measurement, tally.later
    model = measurement.lifetime
    found = ResidualFacts(kept_share=measurement.kept_share)
    if later is None or later.history is None or model is None or later.facts.bounds is None:
        return found
    purchase, spend = model.purchase, model.spend
    parameters = {name: float(getattr(purchase, name)) for name in ("r", "alpha", "a", "b")}
    parameters |= {name: float(getattr(spend, name)) for name in ("p", "q", "v")}
    found = replace(
        found,
        model=purchase.kind,
        parameters=parameters,
        n_fit=purchase.n_units,
        correlation=spend.correlation,
        n_unknown=int((~later.history.known).sum()),
    )
    if not later.facts.couponed:
        return found
    return replace(found, kappa=kappa.value, kappa_error=kappa.std_error, kappa_source=kappa.source)
