"""The budget now and proposed: the test between them, three totals, every stratum × arm."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from uplift.report.view import Cell, Column, Pair, Row, Table
from uplift.results import format as fmt
from uplift.results.measure import Measure

if TYPE_CHECKING:
    from uplift.report.voice import Voice
    from uplift.results.analysis import Analysis
    from uplift.results.facts import Fact
    from uplift.results.money import Amount, BudgetCell, BudgetPlan, Gate


@dataclass(frozen=True, slots=True)
class Budget:
    """What the section prints."""

    intro: str
    deployed: str
    gate: tuple[str, ...]
    passed: bool
    notes: tuple[str, ...]
    totals: Table
    cells: Table


def build_budget(analysis: Analysis, voice: Voice) -> Budget | None:
    """Return the section; None without a budget."""
    budget = analysis.budget
    if budget is None:
        return None
    facts: dict[str, Fact] = {
        "period": budget.period,
        "now": budget.deployed_now,
        "proposed": budget.deployed_proposed,
        "total": budget.total,
        "reserve": budget.reserve,
    }
    return Budget(
        intro=voice.say("budget.intro", facts),
        deployed=voice.say("budget.deployed", facts),
        gate=_gate(budget.gate, budget.period, voice),
        passed=budget.gate is None or budget.gate.passed,
        notes=tuple(voice.say_note(note) for note in budget.notes),
        totals=_totals(budget, analysis, voice),
        cells=_cells(budget, voice),
    )


def _gate(gate: Gate | None, period: str, voice: Voice) -> tuple[str, ...]:
    if gate is None:
        return (voice.say("budget.gate_none"),)
    facts: dict[str, Fact] = {
        "chunks": gate.n_chunks,
        "statistic": gate.statistic,
        "threshold": gate.threshold,
        "period": period,
        "gain": gate.gain.estimate,
        "lower": gate.gain.ci_lower,
        "upper": gate.gain.ci_upper,
        "p_loss": gate.p_loss,
    }
    answer = voice.say(f"budget.gate_{'passed' if gate.passed else 'not_passed'}", facts)
    return (answer, voice.say("budget.gate_gain", facts)) if gate.gain.estimate is not None else (answer,)


def _totals(budget: BudgetPlan, analysis: Analysis, voice: Voice) -> Table:
    totals = budget.totals
    period: dict[str, Fact] = {"period": budget.period}
    money = Measure("money", budget.currency, per="period")

    def row(code: str, amount: float | None, interval: str = "", *, signed: bool = False) -> Row:
        cells = (Cell(voice.number(amount, money, signed=signed)), Cell(interval))
        return Row(voice.say(f"budget.{code}", period), cells)

    def net(code: str, amount: Amount) -> Row:
        interval = fmt.format_range(amount.ci_lower, amount.ci_upper, money, voice.language)
        return row(code, amount.estimate, interval, signed=True)

    confidence: dict[str, Fact] = {"confidence": analysis.experiment.confidence_level}
    columns = (
        Column(voice.say("budget.totals"), numeric=False),
        Column(voice.say("column.money")),
        Column(voice.say("column.interval", confidence)),
    )
    rows = (
        net("to_date", totals.to_date),
        net("present", totals.present),
        row("returned", totals.returned_present),
        row("predicted", totals.predicted_present),
        net("proposed", totals.proposed),
    )
    return Table(voice.say("budget.totals"), columns, rows)


def _cells(budget: BudgetPlan, voice: Voice) -> Table:
    ids = ("arm", "customers", "shares", "share_now", "share_proposed", "cost", "value", "value_shrunk")
    columns = (
        Column(voice.say("column.stratum"), numeric=False),
        *(Column(voice.say(f"column.{name}"), numeric=name not in {"arm", "shares"}) for name in ids),
    )
    summary = voice.say("page.details_rows", {"n": len(budget.cells)})
    caption = voice.say("budget.cells")
    rows = tuple(_cell(cell, budget.currency, voice) for cell in budget.cells)
    facts = {"first": caption, "second": summary}
    return Table(caption, columns, rows, summary=voice.say("word.joined", facts))


def _cell(cell: BudgetCell, currency: str, voice: Voice) -> Row:
    head = Measure("money", currency, per="treated")
    error = voice.say("word.bracket", {"text": voice.number(cell.value_std_error, head, compact=True)})
    cells = (
        Cell(voice.name("arm", cell.arm)),
        Cell(fmt.format_count(cell.n_units, voice.language)),
        Cell(pair=Pair(round(1000 * cell.share_now), round(1000 * cell.share_proposed))),
        Cell(fmt.format_percent(cell.share_now)),
        Cell(fmt.format_percent(cell.share_proposed)),
        Cell(voice.number(cell.cost, head)),
        Cell(voice.number(cell.value, head, signed=True), error),
        Cell(voice.number(cell.value_shrunk, head, signed=True)),
    )
    return Row(voice.name("stratum", cell.stratum), cells)
