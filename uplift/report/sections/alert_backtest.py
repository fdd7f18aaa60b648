"""What past alarms were worth, in tables with intervals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from uplift.report.view import Cell, Column, Row, Table
from uplift.results import format as fmt

if TYPE_CHECKING:
    from collections.abc import Sequence

    from uplift.report.voice import Voice
    from uplift.results.alerts import AlertReport
    from uplift.results.backtest import Backtest, BacktestRow
    from uplift.results.facts import Fact
    from uplift.results.money import Amount


@dataclass(frozen=True, slots=True)
class BacktestView:
    """The section of the backtest."""

    intro: str
    table: Table
    strata: Table | None
    top: Table
    note: str


def build_backtest(report: AlertReport, voice: Voice) -> BacktestView | None:
    """Return the section; None without a backtest."""
    found = report.backtest
    if found is None:
        return None
    ends = report.info.week_ends
    intro: dict[str, Fact] = {
        "first": ends[found.first_week],
        "last": ends[found.last_week],
        "weeks": found.inactive_weeks,
        "n": found.n_customers,
    }
    strata = [row for row in found.rows if row.by == "stratum" and row.kind != "any" and row.n_alarms]
    folded = voice.say("alerts.backtest_strata", {"n": len(strata)})
    return BacktestView(
        intro=voice.say("alerts.backtest_intro", intro),
        table=_table([row for row in found.rows if row.by == "overall"], voice),
        strata=_table(strata, voice, summary=folded) if strata else None,
        top=_top(found, voice),
        note=voice.say("alerts.backtest_note", {"weeks": found.inactive_weeks, "confidence": found.confidence_level}),
    )


def _table(rows: Sequence[BacktestRow], voice: Voice, *, summary: str = "") -> Table:
    names = ("alarms", "base_rate", "precision", "lift", "recall", "lead", "false_alarms")
    columns = (
        Column(voice.say("alerts.column.level" if summary else "alerts.column.kind"), numeric=False),
        *((Column(voice.say("alerts.column.kind"), numeric=False),) if summary else ()),
        *(Column(voice.say(f"alerts.column.{name}")) for name in names),
    )
    return Table(
        voice.say("alerts.section.backtest"),
        columns,
        tuple(_row(row, voice, by_stratum=bool(summary)) for row in rows),
        style="" if summary else "cards",
        summary=summary,
    )


def _row(row: BacktestRow, voice: Voice, *, by_stratum: bool) -> Row:
    kind = voice.say(f"alert_kind.{row.kind}")
    cells = (
        *((Cell(kind),) if by_stratum else ()),
        Cell(fmt.format_count(row.n_alarms, voice.language)),
        Cell(fmt.format_percent(row.base_rate.estimate)),
        _share(row.precision, voice),
        _plain(row.lift, voice),
        _share(row.recall, voice),
        _plain(row.lead_weeks, voice),
        _plain(row.false_alarms, voice),
    )
    return Row(voice.name("stratum", row.level) if by_stratum else kind, cells)


def _top(found: Backtest, voice: Voice) -> Table:
    columns = (
        Column(voice.say("alerts.column.top"), numeric=False),
        *(Column(voice.say(f"alerts.column.{name}")) for name in ("precision", "lift")),
    )
    rows = tuple(
        Row(
            voice.say("alerts.top_share", {"share": row.share}), (_share(row.precision, voice), _plain(row.lift, voice))
        )
        for row in found.top
    )
    return Table(voice.say("alerts.backtest_top"), columns, rows)


def _share(amount: Amount, voice: Voice) -> Cell:
    if amount.ci_lower is None or amount.ci_upper is None:
        return Cell(fmt.format_percent(amount.estimate))
    span = fmt.format_percent_range(amount.ci_lower, amount.ci_upper, voice.language)
    return Cell(fmt.format_percent(amount.estimate), voice.say("word.bracket", {"text": span}))


def _plain(amount: Amount, voice: Voice) -> Cell:
    if amount.ci_lower is None or amount.ci_upper is None:
        return Cell(fmt.format_statistic(amount.estimate))
    ends = [fmt.format_statistic(end) for end in (amount.ci_lower, amount.ci_upper)]
    return Cell(fmt.format_statistic(amount.estimate), voice.say("word.bracket", {"text": fmt.DASH.join(ends)}))
