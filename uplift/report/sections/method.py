"""How the numbers were made, what they rest on, and where they left the lock."""

from __future__ import annotations

from typing import TYPE_CHECKING

from uplift.report.view import Cell, Column, Item, Row, Table
from uplift.results import format as fmt

if TYPE_CHECKING:
    from collections.abc import Sequence

    from uplift.report.voice import Voice
    from uplift.results.analysis import Analysis, ExperimentInfo, MetricInfo
    from uplift.results.facts import Fact, Note


def build_method(analysis: Analysis, voice: Voice) -> tuple[Item, ...]:
    """Return the method as terms and sentences."""
    experiment = analysis.experiment
    primary = [each for each in analysis.effects if each.outcome == experiment.primary]
    items = [
        *design_items(experiment, len(analysis.strata), voice),
        _estimator(primary[0].estimator, primary[0].estimand, voice) if primary else None,
        _item("interval", voice.say("method.interval_text", {"confidence": experiment.confidence_level}), voice),
        _item("correction", voice.say("method.correction_text"), voice),
        *measure_items(experiment, analysis.metrics, voice),
    ]
    return tuple(item for item in items if item)


def design_items(experiment: ExperimentInfo, n_strata: int, voice: Voice) -> tuple[Item, ...]:
    """Return how units were drawn."""
    drawn = tuple(axis.id for axis in experiment.axes if axis.drawn)
    strata = voice.say("method.strata_text", {"n": n_strata, "axes": drawn or None})
    arms = [
        voice.say("design.arm_named", {"arm": arm.id, "share": arm.share, "n": arm.n_units}) for arm in experiment.arms
    ]
    items = [
        _item("scheme", voice.say(f"scheme.{experiment.scheme}"), voice),
        _item("arms", voice.say("word.list_joint").join(arms), voice),
        _item("strata", strata, voice),
    ]
    if experiment.n_holdout:
        items.append(_item("holdout", voice.say("method.holdout_text", {"n": experiment.n_holdout}), voice))
    return tuple(items)


def measure_items(experiment: ExperimentInfo, metrics: Sequence[MetricInfo], voice: Voice) -> tuple[Item, ...]:
    """Return how outcomes are counted."""
    primary = next((metric for metric in metrics if metric.id == experiment.primary), None)
    facts: dict[str, Fact] = {
        "window": experiment.window_days,
        "settle": experiment.settle_days,
        "horizon": experiment.horizon_days,
        "rate": experiment.annual_discount_rate,
        "cap": primary.cap if primary else None,
    }
    items = []
    if primary and primary.covariates:
        covariates = tuple(voice.name("metric", each) for each in primary.covariates)
        items.append(_item("covariates", voice.join(covariates), voice))
        items.append(_item("ladder", voice.say("method.ladder_text"), voice))
    elif primary:
        items.append(_item("covariates", voice.say("method.covariates_none"), voice))
    if experiment.window_days:
        predicted = experiment.horizon_days > experiment.window_days
        items.append(_item("window", voice.say("method.window_text", facts), voice))
        items.append(_item("horizon", voice.say(f"method.horizon_{'text' if predicted else 'observed'}", facts), voice))
    if experiment.margin_basis:
        items.append(_item("margin", voice.say(f"margin.{experiment.margin_basis}"), voice))
    items.append(_item("cap", voice.say(f"method.cap_{'none' if facts['cap'] is None else 'text'}", facts), voice))
    items.append(Item(voice.say("method.zone"), experiment.timezone))
    return tuple(items)


def build_assumptions(analysis: Analysis, voice: Voice) -> tuple[str, ...]:
    """Return what the numbers rest on."""
    experiment, budget = analysis.experiment, analysis.budget
    facts: dict[str, Fact] = {"window": experiment.window_days, "period": budget.period if budget else None}
    waste = any(split.waste for split in analysis.decomposition)
    stand_in = any(check.name == "cost.stand_in" and check.status == "warn" for check in analysis.checks)
    from_orders = bool(experiment.margin_basis)
    held = {
        "interference": True,
        "missing": from_orders,
        "returns": from_orders,
        "columns": not from_orders,
        "surrogacy": experiment.horizon_days > experiment.window_days,
        "redemption": waste,
        "period": budget is not None,
        "stand_in": stand_in,
        "recorded": experiment.scheme == "recorded",
    }
    return tuple(voice.say(f"assumption.{code}", facts) for code, holds in held.items() if holds)


def build_deviations(notes: Sequence[Note], voice: Voice) -> tuple[str, ...]:
    """Return the departures from the lock as sentences."""
    return tuple(voice.say_note(note) for note in notes)


def metric_table(experiment: ExperimentInfo, metrics: Sequence[MetricInfo], voice: Voice) -> Table:
    """Return the outcomes with their units and covariates."""
    columns = tuple(
        Column(voice.say(f"column.{name}"), numeric=False) for name in ("metric", "role", "unit", "covariates")
    )
    rows = tuple(_metric_row(metric, voice) for metric in metrics if metric.role != "component")
    return Table(voice.say("section.metrics"), columns, rows or (Row(voice.name("metric", experiment.primary)),))


def _metric_row(metric: MetricInfo, voice: Voice) -> Row:
    covariates = voice.join([voice.name("metric", each) for each in metric.covariates])
    cells = (Cell(voice.say(f"role.{metric.role}")), Cell(voice.unit(metric.measure)), Cell(covariates or fmt.DASH))
    return Row(voice.name("metric", metric.id), cells)


def _estimator(estimator: str, estimand: str, voice: Voice) -> Item:
    return _item("estimator", voice.say("method.estimator_text", {"estimator": estimator, "estimand": estimand}), voice)


def _item(term: str, text: str, voice: Voice) -> Item:
    return Item(voice.say(f"method.{term}"), text)
