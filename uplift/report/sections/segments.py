"""The table of the first screen: rows of money, now and proposed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from uplift.report.view import Cell, Column, Row, Table
from uplift.results import format as fmt
from uplift.results.measure import Measure

if TYPE_CHECKING:
    from uplift.report.view import Tone
    from uplift.report.voice import Voice
    from uplift.results.analysis import Analysis
    from uplift.results.money import BudgetPlan, BudgetRow, Decomposition


def total_row(analysis: Analysis) -> BudgetRow | None:
    """Return the row over all customers, None without a budget."""
    rows = analysis.budget.rows if analysis.budget else ()
    return next((row for row in rows if row.kind == "total"), None)


def main_split(analysis: Analysis) -> Decomposition | None:
    """Return the decomposition over all treated customers (the only arm's where there is one arm)."""
    overall = [split for split in analysis.decomposition if split.by == "overall"]
    return next((split for split in overall if split.arm == "treated"), overall[0] if overall else None)


def segment_table(analysis: Analysis, voice: Voice) -> Table | None:
    """Return the table of the first screen; None without a budget."""
    budget = analysis.budget
    if budget is None:
        return None
    total = total_row(analysis)
    claims = total is not None and total.dashboard_claim is not None
    predicted = total is not None and total.predicted_per_head is not None
    return Table(
        caption=voice.say("section.budget"),
        columns=_columns(voice, claims=claims, predicted=predicted, confidence=analysis.experiment.confidence_level),
        rows=tuple(_row(row, budget, voice, claims=claims) for row in budget.rows),
        style="cards",
    )


def _columns(voice: Voice, *, claims: bool, predicted: bool, confidence: float) -> tuple[Column, ...]:
    ids = ["customers", "spend_now", "claim", "natural", "returned_predicted", "spend_head"]
    kept = [name for name in ids if claims or name != "claim"]
    named = ["returned" if name == "returned_predicted" and not predicted else name for name in kept]
    return (
        Column(voice.say("column.segment"), numeric=False),
        *(Column(voice.say(f"column.{name}")) for name in named),
        Column(voice.say("column.net", {"confidence": confidence})),
        Column(voice.say("column.advice"), numeric=False),
        Column(voice.say("column.spend_proposed")),
    )


def _row(row: BudgetRow, budget: BudgetPlan, voice: Voice, *, claims: bool) -> Row:
    period = Measure("money", budget.currency, per="period")
    head = Measure("money", budget.currency, per="treated")
    claim = (Cell(voice.number(row.dashboard_claim, period, compact=True)),) if claims else ()
    cells = (
        Cell(fmt.format_count(row.n_units, voice.language, compact=True)),
        Cell(voice.number(row.spend_now, period, compact=True)),
        *claim,
        Cell(voice.number(row.natural_per_head, head)),
        _returned(row, head, voice),
        Cell(voice.number(row.spend_per_head, head)),
        _net(row, head, voice),
        Cell(voice.say(f"advice.{row.advice}") if row.kind != "total" else ""),
        Cell(voice.number(row.spend_proposed, period, compact=True), tone="strong" if _moves(row) else ""),
    )
    return Row(voice.row(row.kind, row.level, rest=row.rest), cells, "total" if row.kind == "total" else "")


def _moves(row: BudgetRow) -> bool:
    return row.advice not in {"hold", "none"}


def _returned(row: BudgetRow, measure: Measure, voice: Voice) -> Cell:
    text = voice.number(row.returned_per_head, measure, signed=True)
    if row.predicted_per_head is None:
        return Cell(text)
    return Cell(text, voice.say("word.bracket", {"text": voice.number(row.predicted_per_head, measure, compact=True)}))


def _net(row: BudgetRow, measure: Measure, voice: Voice) -> Cell:
    net = row.net_per_head
    tone: Tone = ""
    if net.ci_lower is not None and net.ci_upper is not None:
        tone = "gain" if net.ci_lower > 0 else "loss" if net.ci_upper < 0 else ""
    return Cell(voice.number(net.estimate, measure, signed=True), voice.interval(net, measure), tone)
