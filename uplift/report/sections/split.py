"""Natural repurchase against the campaign: two charts and the account line by line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from uplift.report.figures.split import SplitBar, draw_split
from uplift.report.figures.waterfall import WaterfallStep, draw_waterfall
from uplift.report.sections.segments import main_split
from uplift.report.view import Cell, Column, Row, Table
from uplift.results.catalogue import has_message
from uplift.results.measure import Measure

if TYPE_CHECKING:
    from collections.abc import Sequence

    from uplift.report.voice import Voice
    from uplift.results.analysis import Analysis
    from uplift.results.facts import Fact
    from uplift.results.money import Decomposition, Line

_STEPS = ("incremental_observed", "incremental_predicted", "returns", "subsidy", "contact", "fulfilment", "net")
MAX_BARS = 16
"""Bars that one chart holds."""


@dataclass(frozen=True, slots=True)
class Split:
    """What the section prints; the figures are SVG elements, the waterfall is empty where nothing costs."""

    intro: str
    split_title: str
    split_svg: str
    waterfall_title: str
    waterfall_svg: str
    no_predicted: str
    table: Table
    identity: str


def build_split(analysis: Analysis, voice: Voice) -> Split | None:
    """Return the section; None when there is no decomposition."""
    main = main_split(analysis)
    if main is None:
        return None
    form = "" if _from_orders(analysis) else "_column"
    days: dict[str, Fact] = {"days": analysis.experiment.window_days}
    metric: dict[str, Fact] = {"metric": analysis.experiment.primary}
    window = voice.unit(Measure("money", main.measure.currency, main.measure.per, analysis.experiment.window_days))
    split_title = voice.say(f"split.intro_bar{form}", {"unit": window, **metric})
    waterfall_title = voice.say("split.intro_waterfall", {"unit": voice.unit(main.measure)})
    absent = main.line("incremental_predicted").per_head.estimate is None
    return Split(
        intro=voice.say(f"split.intro{form}", {"n": main.n_treated, **metric}),
        split_title=split_title,
        split_svg=draw_split(_bars(analysis, voice), prefix="split", title=split_title),
        waterfall_title=waterfall_title,
        waterfall_svg="" if form else draw_waterfall(_steps(main, voice), prefix="waterfall", title=waterfall_title),
        no_predicted=voice.say("split.no_predicted", days) if absent and not form else "",
        table=_account(main, analysis, voice),
        identity="" if form else voice.say("split.identity"),
    )


def _from_orders(analysis: Analysis) -> bool:
    """Return whether margin comes from orders, not from an outcome column of units."""
    return bool(analysis.experiment.margin_basis)


def _bars(analysis: Analysis, voice: Voice) -> tuple[SplitBar, ...]:
    main = main_split(analysis)
    arms = [each for each in analysis.decomposition if each.by == "overall" and each is not main]
    groups = [each for each in analysis.decomposition if each.by not in {"overall", "stratum"}]
    shown = [main, *arms, *groups] if main else []
    return tuple(_bar(each, analysis, voice) for each in shown[:MAX_BARS])


def _bar(split: Decomposition, analysis: Analysis, voice: Voice) -> SplitBar:
    natural, added = split.line("natural").per_head, split.line("incremental_observed").per_head
    facts = {
        "natural": voice.number(natural.estimate, split.measure),
        "added": voice.number(added.estimate, split.measure, signed=True),
    }
    return SplitBar(
        label=_label(split, analysis, voice),
        text=voice.say("split.bar", facts),
        natural=natural.estimate or 0.0,
        added=added.estimate or 0.0,
    )


def _label(split: Decomposition, analysis: Analysis, voice: Voice) -> str:
    group = voice.row(split.by, split.level)
    if split.arm == "treated" or len(analysis.experiment.arms) == 2:
        return group
    arm = voice.name("arm", split.arm)
    return arm if split.by == "overall" else voice.say("word.pair", {"first": group, "second": arm})


def _steps(split: Decomposition, voice: Voice) -> tuple[WaterfallStep, ...]:
    lines = {line.code: line for line in split.lines}
    shown = [lines[code] for code in _STEPS if code in lines and _counts(lines[code])]
    return tuple(
        WaterfallStep(
            label=voice.say(f"line.{line.code}"),
            text=voice.number(line.per_head.estimate, split.measure, signed=True),
            amount=line.per_head.estimate or 0.0,
            is_total=line.code == "net",
        )
        for line in shown
    )


def _counts(line: Line) -> bool:
    return line.code == "net" or bool(line.per_head.estimate)


def _account(split: Decomposition, analysis: Analysis, voice: Voice) -> Table:
    facts: dict[str, Fact] = {"unit": voice.unit(split.measure), "n": split.n_treated}
    confidence = {"confidence": analysis.experiment.confidence_level}
    columns = (
        Column(voice.say("column.line"), numeric=False),
        Column(voice.say("column.per_head")),
        Column(voice.say("column.interval", confidence)),
        Column(voice.say("column.total")),
    )
    form = "line" if _from_orders(analysis) else "line_column"
    lines = [line for line in split.lines if form == "line" or has_message(f"{form}.{line.code}")]
    return Table(voice.say("split.table", facts), columns, _account_rows(lines, split.measure, voice, form=form))


def _account_rows(lines: Sequence[Line], measure: Measure, voice: Voice, *, form: str) -> tuple[Row, ...]:
    total = Measure("money", measure.currency, per="total")
    return tuple(
        Row(
            voice.say(f"{form}.{line.code}"),
            (
                Cell(voice.number(line.per_head.estimate, measure, signed=line.code not in {"observed", "natural"})),
                Cell(voice.interval(line.per_head, measure)),
                Cell(voice.number(line.total, total)),
            ),
            "total" if line.code == "net" else "",
        )
        for line in lines
    )
