"""What the past says of scored customers: was the method right, and what went with value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from uplift.report.figures.deciles import Decile, draw_deciles
from uplift.report.figures.line import round_levels
from uplift.report.view import Cell, Column, Row, Table, scale_bar
from uplift.results import format as fmt
from uplift.results.measure import Measure

if TYPE_CHECKING:
    from collections.abc import Sequence

    from uplift.report.voice import Voice
    from uplift.results.customers import Accuracy, AccuracyLine, CustomerReport, DriverLine, Drivers
    from uplift.results.facts import Fact, Note

NAIVE = "naive_repeat"
SHARES = ("coupon_dependence", "return_rate")
"""Touchpoints that are shares."""
_GROUPS = {"stage": "lifecycle", "category": "category"}
_WHISKER = 1.96
_FOLDED = 8


@dataclass(frozen=True, slots=True)
class AccuracyView:
    """The section of the test over time."""

    intro: str
    status: str
    answer: str
    naive: str
    overall: Table
    title: str
    svg: str
    note: str
    deciles: Table
    groups: tuple[Table, ...]


@dataclass(frozen=True, slots=True)
class DriversView:
    """The section of touchpoints."""

    label: str
    intro: str
    table: Table | None
    notes: tuple[str, ...]


def overall_of(found: Accuracy, prediction: str) -> AccuracyLine:
    """Return the line of a prediction over all customers."""
    return next(row for row in found.rows if row.prediction == prediction and row.axis == "overall")


def build_accuracy(report: CustomerReport, voice: Voice) -> AccuracyView | None:
    """Return the section; None without a test."""
    found = report.accuracy
    if found is None:
        return None
    title = voice.say("customers.deciles", {"currency": voice.currency})
    heights = [height for row in found.deciles for height in (row.predicted_mean, row.actual_mean)]
    levels = round_levels([0.0, *heights])
    period = Measure("money", voice.currency, per="period")
    every: dict[str, Fact] = {"moment": found.moment, "days": report.info.horizon_days, "n": found.n_units}
    return AccuracyView(
        intro=voice.say("customers.accuracy_intro", every),
        status=found.check.status,
        answer=voice.say(f"check.{found.check.name}.{found.check.status}", found.check.facts),
        naive=_naive(found, voice),
        overall=_overall(found, voice),
        title=title,
        svg=draw_deciles(
            [
                Decile(
                    fmt.format_count(row.decile, voice.language),
                    row.predicted_mean,
                    row.actual_mean,
                    _WHISKER * (row.std_error or 0.0),
                )
                for row in found.deciles
            ],
            prefix="deciles",
            title=title,
            levels=[(level, voice.number(level, period, compact=True)) for level in levels],
        ),
        note=voice.say("customers.deciles_note"),
        deciles=_deciles(found, title, voice),
        groups=tuple(
            _group(report, found, axis, voice) for axis in _GROUPS if any(row.axis == axis for row in found.rows)
        ),
    )


def _naive(found: Accuracy, voice: Voice) -> str:
    """Say that one needs no model where that was better."""
    mine, naive = overall_of(found, found.method), overall_of(found, NAIVE)
    return voice.say("customers.naive_better", {"mae": mine.mae, "naive": naive.mae}) if naive.mae < mine.mae else ""


def _overall(found: Accuracy, voice: Voice) -> Table:
    names = ("predicted_head", "came", "mae", "rank", "total_ratio")
    columns = _columns("prediction", names, voice)
    rows = tuple(
        Row(
            voice.say(f"clv_method.{row.prediction}"),
            (
                Cell(_head(row.predicted_mean, voice)),
                Cell(_head(row.actual_mean, voice)),
                Cell(_head(row.mae, voice), tone="strong" if row.prediction == found.method else ""),
                Cell(fmt.format_statistic(row.rank_correlation)),
                _ratio(row, voice),
            ),
        )
        for row in found.rows
        if row.axis == "overall"
    )
    return Table(voice.say("customers.section.accuracy"), columns, rows, style="cards")


def _place(report: CustomerReport, stage: str) -> int:
    """Return where a stage stands among those of the page, after them where it is none of them."""
    known = [row.stage for row in report.stages]
    return known.index(stage) if stage in known else len(known)


def _ratio(row: AccuracyLine, voice: Voice) -> Cell:
    ends = fmt.format_percent_range(row.ratio_lower, row.ratio_upper, voice.language)
    return Cell(fmt.format_percent(row.total_ratio), voice.say("word.bracket", {"text": ends}) if ends else "")


def _deciles(found: Accuracy, title: str, voice: Voice) -> Table:
    columns = _columns("decile", ("n_units", "predicted_head", "came", "decile_share"), voice)
    rows = tuple(
        Row(
            fmt.format_count(row.decile, voice.language),
            (
                Cell(fmt.format_count(row.n_units, voice.language)),
                Cell(_head(row.predicted_mean, voice)),
                Cell(_head(row.actual_mean, voice)),
                Cell(fmt.format_percent(row.share)),
            ),
        )
        for row in found.deciles
    )
    return Table(title, columns, rows, summary=voice.say("customers.deciles_table"))


def _group(report: CustomerReport, found: Accuracy, axis: str, voice: Voice) -> Table:
    mine = [row for row in found.rows if row.axis == axis and row.prediction == found.method]
    mine.sort(key=lambda row: -row.n_units if axis == "category" else _place(report, row.level))
    naive = {row.level: row for row in found.rows if row.axis == axis and row.prediction == NAIVE}
    names = ("n_units", "predicted_head", "came", "mae", "naive_mae", "rank", "naive_rank", "total_ratio")
    head = "stage" if axis == "stage" else "category"
    rows = tuple(_group_row(row, naive[row.level], voice) for row in mine)
    folded = voice.say("customers.accuracy_rows", {"axis": axis, "n": len(rows)}) if len(rows) > _FOLDED else ""
    caption = voice.say("customers.accuracy_by", {"axis": axis})
    return Table(caption, _columns(head, names, voice), rows, style="cards", summary=folded)


def _group_row(row: AccuracyLine, naive: AccuracyLine, voice: Voice) -> Row:
    cells = (
        Cell(fmt.format_count(row.n_units, voice.language)),
        Cell(_head(row.predicted_mean, voice)),
        Cell(_head(row.actual_mean, voice)),
        Cell(_head(row.mae, voice), tone="strong"),
        Cell(_head(naive.mae, voice)),
        Cell(fmt.format_statistic(row.rank_correlation), tone="strong"),
        Cell(fmt.format_statistic(naive.rank_correlation)),
        _ratio(row, voice),
    )
    name = voice.row(_GROUPS[row.axis], row.level) if row.level else voice.say("customers.no_category")
    return Row(name, cells)


def build_drivers(report: CustomerReport, voice: Voice) -> DriversView | None:
    """Return the section; None where nothing was read."""
    found = report.drivers
    if found is None:
        return None
    facts: dict[str, Fact] = {
        "moment": found.moment,
        "days": report.info.horizon_days,
        "confidence": found.confidence_level,
        "grade": found.evidence,
    }
    return DriversView(
        label=voice.say_note(found.label),
        intro=voice.say("customers.drivers_intro", facts),
        table=_drivers(report, found, voice) if found.rows else None,
        notes=tuple(_say_left_out(note, voice) for note in found.notes),
    )


def _drivers(report: CustomerReport, found: Drivers, voice: Voice) -> Table:
    columns = (
        Column(voice.say("customers.column.stage"), numeric=False),
        Column(voice.say("customers.column.touchpoint"), numeric=False),
        *(Column(voice.say(f"customers.column.{name}")) for name in ("level", "estimate")),
        Column(voice.say("customers.column.bar"), numeric=False),
        Column(voice.say("customers.column.p")),
    )
    bounds = (min(row.ci_lower for row in found.rows), max(row.ci_upper for row in found.rows))
    limits = (min(bounds[0], 0.0), max(bounds[1], 0.0))
    ordered = sorted(found.rows, key=lambda row: _place(report, row.stage))
    rows = tuple(_driver(row, limits, 1 - found.confidence_level, voice) for row in ordered)
    return Table(voice.say("customers.section.drivers"), columns, rows, style="cards")


def _driver(row: DriverLine, limits: tuple[float, float], alpha: float, voice: Voice) -> Row:
    head = Measure("money", voice.currency, per="treated")
    sure = row.p_adjusted < alpha
    interval = fmt.format_interval(row.estimate, row.ci_lower, row.ci_upper, head, voice.language)
    level = [_level(value, row.touchpoint) for value in (row.mean, row.spread)]
    cells = (
        Cell(voice.say(f"touchpoint.{row.touchpoint}")),
        Cell(level[0], voice.say("word.bracket", {"text": level[1]})),
        Cell(voice.number(row.estimate, head, signed=True), interval, tone="strong" if sure else ""),
        Cell(bar=scale_bar(row.estimate, (row.ci_lower, row.ci_upper), limits, filled=sure)),
        Cell(fmt.format_p(row.p_adjusted)),
    )
    return Row(_stage(row.stage, voice), cells)


def _level(value: float, touchpoint: str) -> str:
    return fmt.format_percent(value) if touchpoint in SHARES else fmt.format_statistic(value)


def _say_left_out(note: Note, voice: Voice) -> str:
    """Return the sentence of a note with the names of its stage and touchpoints."""
    facts = dict(note.facts)
    facts["stage"] = _stage(str(facts["stage"]), voice)
    names = facts.get("names")
    if isinstance(names, tuple | list):
        facts["names"] = tuple(voice.say(f"touchpoint.{name}") for name in names)
    return voice.say(note.code, facts)


def _stage(stage: str, voice: Voice) -> str:
    return voice.row("lifecycle", stage)


def _columns(head: str, names: Sequence[str], voice: Voice) -> tuple[Column, ...]:
    return (
        Column(voice.say(f"customers.column.{head}"), numeric=False),
        *(Column(voice.say(f"customers.column.{name}")) for name in names),
    )


def _head(value: float | None, voice: Voice) -> str:
    return voice.number(value, Measure("money", voice.currency, per="treated"))
