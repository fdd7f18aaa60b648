"""Effects as tables with an interval bar a row: overall, segments, strata; primary, then secondary."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from uplift.report.view import Cell, Column, Row, Table, scale_bar
from uplift.results import format as fmt

if TYPE_CHECKING:
    from collections.abc import Sequence

    from uplift.report.voice import Voice
    from uplift.results.analysis import Analysis
    from uplift.results.effect import Effect

MAX_STRATUM_ROWS = 500
"""Rows by stratum that a page holds; the rest is in ``analysis.json``."""

_GROUPS = {"overall": "overall", "segment": "segments"}


@dataclass(frozen=True, slots=True)
class OutcomeEffects:
    """The effects on one outcome.

    Parameters
    ----------
    title
        Primary or secondary, and the metric.
    unit
        What every number of it means.
    tables
        Overall with segments, then strata.
    left_out
        Says how many rows are not shown; empty when all are.
    """

    title: str
    unit: str
    tables: tuple[Table, ...]
    left_out: str


def build_effects(analysis: Analysis, voice: Voice) -> tuple[OutcomeEffects, ...]:
    """Return the tables of every outcome, the primary first."""
    room = MAX_STRATUM_ROWS
    found = []
    declared = {analysis.experiment.primary, *(metric.id for metric in analysis.metrics)}
    for outcome in _outcomes(analysis, declared):
        effects = [each for each in analysis.effects if each.outcome == outcome]
        n_strata = sum(each.by == "stratum" for each in effects)
        found.append(_outcome(analysis, effects, voice, shown=n_strata <= room))
        room -= n_strata if n_strata <= room else 0
    parts = [each for each in analysis.effects if each.outcome not in declared]
    return (*found[:1], *_components(analysis, parts, voice), *found[1:])


def _components(analysis: Analysis, effects: Sequence[Effect], voice: Voice) -> tuple[OutcomeEffects, ...]:
    """Return the parts of the primary in one table, each row headed by its part."""
    if not effects:
        return ()
    title = voice.say("effects.components")
    rows = tuple(
        replace(row, head=voice.name("metric", each.outcome))
        for row, each in zip(_rows(effects, voice), effects, strict=True)
    )
    unit = voice.unit(replace(effects[0].measure, days=0), difference=True)
    return (OutcomeEffects(title, unit, (Table(title, _columns(analysis, voice), rows),), ""),)


def overall_table(analysis: Analysis, voice: Voice) -> Table | None:
    """Return the effects on the primary over all customers, for a first screen without money."""
    primary = analysis.experiment.primary
    effects = [each for each in analysis.effects if each.outcome == primary and each.by in _GROUPS]
    if not effects:
        return None
    caption = voice.say("word.joined", {"first": voice.name("metric", primary), "second": _unit(effects, voice)})
    return Table(caption, _columns(analysis, voice), _rows(effects, voice))


def _outcomes(analysis: Analysis, declared: set[str]) -> list[str]:
    order = [analysis.experiment.primary, *(metric.id for metric in analysis.metrics)]
    known = {each.outcome for each in analysis.effects} & declared
    return [outcome for outcome in dict.fromkeys(order) if outcome in known]


def _outcome(analysis: Analysis, effects: Sequence[Effect], voice: Voice, *, shown: bool) -> OutcomeEffects:
    outcome = effects[0].outcome
    role = "primary" if outcome == analysis.experiment.primary else "secondary"
    facts = {"first": voice.say(f"effects.{role}"), "second": voice.name("metric", outcome)}
    main = [each for each in effects if each.by != "stratum"]
    strata = [each for each in effects if each.by == "stratum"]
    columns = _columns(analysis, voice)
    title = voice.say("word.joined", facts)
    tables = [Table(title, columns, _rows(main, voice))] if main else []
    if strata and shown:
        name = voice.say("effects.strata")
        summary = voice.say(
            "word.joined", {"first": name, "second": voice.say("page.details_rows", {"n": len(strata)})}
        )
        tables.append(Table(f"{title} {name}", columns, _rows(strata, voice), summary=summary))
    left_out = "" if shown else voice.say("effects.left_out", {"n": len(strata)})
    return OutcomeEffects(title, _unit(effects, voice), tuple(tables), left_out)


def _unit(effects: Sequence[Effect], voice: Voice) -> str:
    return voice.unit(effects[0].measure, difference=True)


def _columns(analysis: Analysis, voice: Voice) -> tuple[Column, ...]:
    confidence = {"confidence": analysis.experiment.confidence_level}
    return (
        Column(voice.say("column.group"), numeric=False),
        Column(voice.say("column.arm"), numeric=False),
        Column(voice.say("column.n")),
        Column(voice.say("column.reference_mean")),
        Column(voice.say("column.effect")),
        Column(voice.say("column.interval", confidence), numeric=False),
        Column(voice.say("column.interval_bar"), numeric=False),
        Column(voice.say("column.p")),
        Column(voice.say("column.relative")),
        Column(voice.say("column.evidence"), numeric=False),
    )


def _rows(effects: Sequence[Effect], voice: Voice) -> tuple[Row, ...]:
    bounds = _bounds(effects)
    return tuple(_row(each, bounds, voice) for each in effects)


def _bounds(effects: Sequence[Effect]) -> tuple[float, float]:
    ends = [end for each in effects for end in (each.ci_lower, each.ci_upper) if fmt.is_number(end)]
    return min(0.0, *ends, 0.0), max(0.0, *ends, 0.0)


def _row(effect: Effect, bounds: tuple[float, float], voice: Voice) -> Row:
    limits = (effect.ci_lower, effect.ci_upper)
    bar = (
        scale_bar(effect.estimate, limits, bounds, filled=effect.confirmatory)
        if all(fmt.is_number(each) for each in (effect.estimate, *limits))
        else None
    )
    lower_upper = fmt.format_interval(effect.estimate, *limits, effect.measure, voice.language)
    mark = voice.say(f"word.{'confirmatory' if effect.confirmatory else 'exploratory'}")
    arms = {"arm": effect.arm, "reference": effect.reference_arm}
    cells = (
        Cell(voice.say("effects.contrast", arms)),
        Cell(fmt.format_count(effect.n_obs, voice.language)),
        Cell(voice.number(effect.reference_mean, effect.measure)),
        Cell(voice.number(effect.estimate, effect.measure, signed=True, compact=effect.measure.kind == "rate")),
        Cell(lower_upper),
        Cell(bar=bar),
        Cell(fmt.format_p(effect.p_adjusted if effect.p_adjusted is not None else effect.p_value)),
        _relative(effect, voice),
        Cell(effect.evidence, mark),
    )
    return Row(voice.row(effect.by, effect.level), cells)


def _relative(effect: Effect, voice: Voice) -> Cell:
    interval = fmt.format_percent_range(effect.rel_ci_lower, effect.rel_ci_upper, voice.language)
    note = voice.say("word.bracket", {"text": interval}) if interval else ""
    return Cell(fmt.format_percent(effect.rel_effect, signed=True), note)
