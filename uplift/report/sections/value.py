"""Customer value: before the campaign, without it and because of it; how far the predicted part holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from uplift.report.figures.curve import Mark, Plot, Tick, draw_curve, nice_ticks
from uplift.report.view import Cell, Column, Row, Table, Tone, scale_bar
from uplift.results import format as fmt
from uplift.results.measure import Measure

if TYPE_CHECKING:
    from collections.abc import Sequence

    from uplift.report.voice import Voice
    from uplift.results.analysis import Analysis
    from uplift.results.clv import Calibration, ClvReport, ClvRow, Dependence, PullForward, ValueGain
    from uplift.results.effect import Effect
    from uplift.results.facts import Curve

CURVE = "cumulative_margin"
PRIMARY_BACKEND = "surrogate"
"""The back-end that the verdict uses."""
YEAR = 365
DIP_LEVEL = 0.05
"""One-sided level at which a dip is told."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A picture and what it shows; the picture is an SVG element."""

    caption: str
    svg: str


@dataclass(frozen=True, slots=True)
class ValueSection:
    """What the section prints; tables that have nothing to say are None.

    Parameters
    ----------
    intro, historic, strata
        What the first table is, and its rows by segment and by stratum.
    backends_intro, backends, calibration
        The predicted part by every back-end, and held against what came.
    curves
        Cumulative effects.
    pull_forward, dependence
        Whether orders were only moved, and the short term beside the long.
    """

    intro: str
    historic: Table
    strata: Table | None
    backends_intro: str
    backends: Table | None
    calibration: Table | None
    curves: tuple[Figure, ...]
    pull_forward: Table | None
    dependence: Table | None


def build_value(analysis: Analysis, voice: Voice) -> ValueSection | None:
    """Return the section; None where the analysis says nothing of customer value."""
    report = analysis.clv
    if report is None or not report.rows:
        return None
    main = [row for row in report.rows if row.by != "stratum"]
    strata = [row for row in report.rows if row.by == "stratum"]
    facts = {"window": analysis.experiment.window_days, "horizon": analysis.experiment.horizon_days}
    return ValueSection(
        intro=voice.say("value.intro", facts),
        historic=_historic(main, analysis, voice),
        strata=_historic(strata, analysis, voice, folded=True) if strata else None,
        backends_intro=voice.say("value.backends_intro", facts),
        backends=_backends(report, analysis, voice),
        calibration=_calibration(report.calibration, analysis, voice),
        curves=_curves(analysis, voice),
        pull_forward=_pull_forward(report.pull_forward, voice),
        dependence=_dependence(report.dependence, voice),
    )


def _money(analysis: Analysis, days: int) -> Measure:
    return Measure("money", analysis.experiment.currency, "assigned", days)


def _historic(rows: Sequence[ClvRow], analysis: Analysis, voice: Voice, *, folded: bool = False) -> Table:
    experiment = analysis.experiment
    say = voice.say
    columns = (
        Column(say("column.group"), numeric=False),
        Column(say("column.n")),
        Column(say("value.historic", {"days": YEAR})),
        Column(say("value.predicted", {"days": experiment.horizon_days})),
        Column(say("column.arm"), numeric=False),
        Column(say("value.incremental", {"days": experiment.horizon_days})),
        Column(say("value.observed", {"days": experiment.window_days})),
        Column(say("value.beyond", {"window": experiment.window_days, "days": experiment.horizon_days})),
    )
    title = say("value.title")
    summary = say("word.joined", {"first": say("effects.strata"), "second": say("page.details_rows", {"n": len(rows)})})
    body = tuple(line for row in rows for line in _value_rows(row, analysis, voice))
    caption = f"{title} {say('effects.strata')}" if folded else title
    return Table(caption, columns, body, style="cards", summary=summary if folded else "")


def _value_rows(row: ClvRow, analysis: Analysis, voice: Voice) -> list[Row]:
    year = _money(analysis, YEAR)
    horizon = _money(analysis, analysis.experiment.horizon_days)
    lines = []
    for place, gain in enumerate(row.gains):
        before = (
            Cell(fmt.format_count(row.n_units, voice.language)),
            Cell(voice.number(row.historic, year)),
            Cell(voice.number(row.predicted, horizon)),
        )
        name = voice.row(row.by, row.level)
        lines.append(Row(name, (*(before if place == 0 else (Cell(), Cell(), Cell())), *_gain(gain, voice))))
    return lines


def _gain(gain: ValueGain, voice: Voice) -> tuple[Cell, ...]:
    tone: Tone = "gain" if gain.total.ci_lower > 0 else "loss" if gain.total.ci_upper < 0 else ""
    predicted = Cell() if gain.predicted is None else _with_interval(gain.predicted, voice)
    total = _with_interval(gain.total, voice)
    return (
        Cell(voice.name("arm", gain.arm)),
        Cell(total.text, total.note, tone),
        _with_interval(gain.observed, voice),
        predicted,
    )


def _with_interval(effect: Effect, voice: Voice) -> Cell:
    interval = fmt.format_interval(effect.estimate, effect.ci_lower, effect.ci_upper, effect.measure, voice.language)
    return Cell(voice.number(effect.estimate, effect.measure, signed=True), interval)


def _backends(report: ClvReport, analysis: Analysis, voice: Voice) -> Table | None:
    effects = [effect for effect in report.residuals if effect.by == "overall"]
    if not effects:
        return None
    ends = [end for one in effects for end in (one.ci_lower, one.ci_upper) if fmt.is_number(end)]
    bounds = (min(0.0, *ends, 0.0), max(0.0, *ends, 0.0))
    columns = (
        Column(voice.say("value.backend"), numeric=False),
        Column(voice.say("column.arm"), numeric=False),
        Column(voice.say("column.effect")),
        Column(voice.say("column.interval", {"confidence": analysis.experiment.confidence_level}), numeric=False),
        Column(voice.say("column.interval_bar"), numeric=False),
        Column(voice.say("value.assumes"), numeric=False),
    )
    rows = tuple(_backend_row(effect, bounds, voice) for effect in effects)
    return Table(voice.say("value.backends"), columns, rows)


def _backend_row(effect: Effect, bounds: tuple[float, float], voice: Voice) -> Row:
    limits = (effect.ci_lower, effect.ci_upper)
    is_primary = effect.estimator == PRIMARY_BACKEND
    head = voice.name("backend_title", effect.estimator)
    cells = (
        Cell(voice.name("arm", effect.arm)),
        Cell(voice.number(effect.estimate, effect.measure, signed=True)),
        Cell(fmt.format_interval(effect.estimate, *limits, effect.measure, voice.language)),
        Cell(bar=scale_bar(effect.estimate, limits, bounds, filled=is_primary)),
        Cell(voice.say(f"backend_assumes.{effect.estimator}")),
    )
    return Row(voice.say("value.in_verdict", {"name": head}) if is_primary else head, cells)


def _calibration(found: Sequence[Calibration], analysis: Analysis, voice: Voice) -> Table | None:
    if not found:
        return None
    measure = _money(analysis, analysis.experiment.horizon_days)
    columns = (
        Column(voice.say("value.backend"), numeric=False),
        Column(voice.say("column.arm"), numeric=False),
        Column(voice.say("value.foretold")),
        Column(voice.say("value.came")),
        Column(voice.say("value.gap")),
        Column(voice.say("value.held"), numeric=False),
    )
    rows = tuple(
        Row(
            voice.name("backend_title", one.estimator),
            (
                Cell(voice.name("arm", one.arm)),
                Cell(voice.number(one.estimate, measure, signed=True)),
                Cell(voice.number(one.truth, measure, signed=True)),
                Cell(fmt.format_statistic(one.z)),
                Cell(voice.say("value.yes" if one.covered else "value.no")),
            ),
        )
        for one in found
    )
    return Table(voice.say("value.calibration"), columns, rows)


def _curves(analysis: Analysis, voice: Voice) -> tuple[Figure, ...]:
    report = analysis.clv
    expiry = {one.arm: one.promo_days for one in report.pull_forward if one.by == "overall"} if report else {}
    shown = [curve for curve in analysis.curves if curve.name == CURVE]
    return tuple(_figure(curve, expiry.get(curve.arm), place, voice) for place, curve in enumerate(shown))


def _figure(curve: Curve, expiry: int | None, place: int, voice: Voice) -> Figure:
    finite = [value for value in (*curve.y, *curve.ci_lower, *curve.ci_upper, 0.0) if fmt.is_number(value)]
    unit = voice.unit(curve.y_measure)
    caption = voice.say("value.curve", {"arm": curve.arm, "unit": unit})
    days = sorted({int(x) for x in curve.x})
    every = max(1, len(days) // 7)
    plot = Plot(
        x=(0.0, *curve.x) if curve.x[0] > 0 else curve.x,
        y=(0.0, *curve.y) if curve.x[0] > 0 else curve.y,
        lower=(0.0, *curve.ci_lower) if curve.x[0] > 0 else curve.ci_lower,
        upper=(0.0, *curve.ci_upper) if curve.x[0] > 0 else curve.ci_upper,
        x_ticks=[Tick(day, fmt.format_count(day, voice.language)) for day in days[every - 1 :: every]],
        y_ticks=[Tick(v, voice.number(v, curve.y_measure)) for v in nice_ticks(min(finite), max(finite))],
        x_title=voice.say("value.days"),
        mark=None if expiry is None else Mark(expiry, voice.say("value.expiry", {"day": expiry})),
    )
    return Figure(caption, draw_curve(plot, prefix=f"curve{place}", title=caption))


def _pull_forward(found: Sequence[PullForward], voice: Voice) -> Table | None:
    if not found:
        return None
    columns = (
        Column(voice.say("column.group"), numeric=False),
        Column(voice.say("column.arm"), numeric=False),
        Column(voice.say("value.promo", {"days": found[0].promo_days})),
        Column(voice.say("value.after")),
        Column(voice.say("value.net")),
        Column(voice.say("value.taken_back")),
        Column(voice.say("value.reading"), numeric=False),
    )
    return Table(voice.say("value.pull_forward"), columns, tuple(_pull_row(one, voice) for one in found))


def _pull_row(one: PullForward, voice: Voice) -> Row:
    cells = (
        Cell(voice.name("arm", one.arm)),
        _with_interval(one.promo, voice),
        _with_interval(one.after, voice),
        _with_interval(one.net, voice),
        _share(one, voice),
        Cell(voice.say(f"value.reading_{_reading(one)}", {"p_value": one.p_value})),
    )
    return Row(voice.row(one.by, one.level), cells)


def _share(one: PullForward, voice: Voice) -> Cell:
    if one.censored or one.shape != "interval" or one.share is None:
        return Cell(voice.say("value.no_share"), tone="quiet")
    return Cell(
        fmt.format_percent(one.share), fmt.format_percent_range(one.share_lower, one.share_upper, voice.language)
    )


def _reading(one: PullForward) -> str:
    if one.p_value < DIP_LEVEL:
        return "fall" if one.censored or one.promo.estimate <= 0 else "dip"
    return "rise" if one.after.ci_lower > 0 else "open"


def _dependence(found: Sequence[Dependence], voice: Voice) -> Table | None:
    if not found:
        return None
    columns = (
        Column(voice.say("column.group"), numeric=False),
        Column(voice.say("column.arm"), numeric=False),
        Column(voice.say("value.short_term")),
        Column(voice.say("value.long_term")),
        Column(voice.say("value.full_price")),
        Column(voice.say("value.coupon_share")),
    )
    rows = tuple(
        Row(
            voice.row(one.by, one.level),
            (
                Cell(voice.name("arm", one.arm)),
                *(_optional(effect, voice) for effect in (one.short_term, one.long_term, one.full_price)),
                _points(one.coupon_share, voice),
            ),
        )
        for one in found
    )
    return Table(voice.say("value.dependence"), columns, rows)


def _optional(effect: Effect | None, voice: Voice) -> Cell:
    return Cell() if effect is None else _with_interval(effect, voice)


def _points(effect: Effect | None, voice: Voice) -> Cell:
    """Return an effect on a share in percentage points."""
    if effect is None:
        return Cell()
    interval = fmt.format_interval(effect.estimate, effect.ci_lower, effect.ci_upper, effect.measure, voice.language)
    return Cell(voice.number(effect.estimate, effect.measure, signed=True, compact=True), interval)
