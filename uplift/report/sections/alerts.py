"""The page of alerts: strata by colour, customers behind them, and what such alerts were worth before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from uplift.report.figures.line import LinePoint, draw_line, round_levels
from uplift.report.sections.alert_backtest import BacktestView, build_backtest
from uplift.report.sections.alert_method import method_items, origin_items
from uplift.report.view import Cell, Column, Row, Table, Tile
from uplift.report.voice import pick
from uplift.results import format as fmt
from uplift.results.measure import Measure

if TYPE_CHECKING:
    from collections.abc import Sequence

    from uplift.report.view import Item, Tone
    from uplift.report.voice import Voice
    from uplift.results.alerts import AlertCustomer, AlertReport, AlertStratum
    from uplift.results.facts import Fact

SIGNS = {"red": "▲", "amber": "◐", "green": "●", "none": "○"}
"""Colour to the sign that says it without colour."""
_TONES: dict[str, Tone] = {"red": "loss", "amber": "warn", "green": "gain", "none": "quiet"}
_GRAVITY = {"red": 0, "amber": 1, "green": 2, "none": 3}
FIRST_ROWS = 8
"""Strata on the first screen; the others are folded."""


@dataclass(frozen=True, slots=True)
class Drill:
    """One stratum with its customers."""

    colour: str
    sign: str
    word: str
    summary: str
    table: Table


@dataclass(frozen=True, slots=True)
class IndexView:
    """Value by week as a picture and as a table."""

    title: str
    svg: str
    text: str
    change: str
    table: Table


@dataclass(frozen=True, slots=True)
class AlertsView:
    """What the page prints, from top to bottom."""

    header: tuple[str, ...]
    colour: str
    headline: str
    lead: str
    tiles: tuple[Tile, ...]
    strata: Table
    rest: Table | None
    strata_note: str
    drills: tuple[Drill, ...]
    backtest: BacktestView | None
    index: IndexView
    method: tuple[Item, ...]
    notes: tuple[str, ...]
    origin: tuple[Item, ...]
    command: str


def build_alerts(report: AlertReport, voice: Voice) -> AlertsView:
    """Return the texts of the page."""
    groups = sorted(report.groups, key=lambda group: (_GRAVITY[group.colour], -group.value_at_risk))
    first, rest = groups[:FIRST_ROWS], groups[FIRST_ROWS:]
    folded = voice.say("alerts.strata_rest", {"n": len(rest)})
    return AlertsView(
        header=_header(report, voice),
        colour=report.total.colour,
        headline=_headline(report, voice),
        lead=voice.say("alerts.lead"),
        tiles=_tiles(report, voice),
        strata=_strata([*first, report.total], voice),
        rest=_strata(rest, voice, summary=folded) if rest else None,
        strata_note=voice.say(
            "alerts.strata_note",
            {
                "red": report.rule["red_share"],
                "amber": report.rule["amber_share"],
                "least": int(report.rule["least_group"]),
            },
        ),
        drills=tuple(_drill(report, group, voice) for group in groups if _n_alerts(group)),
        backtest=build_backtest(report, voice) if report.backtest else None,
        index=_index(report, voice),
        method=method_items(report, voice),
        notes=tuple(voice.say_note(note) for note in report.notes),
        origin=origin_items(report, voice),
        command=_command(report),
    )


def _header(report: AlertReport, voice: Voice) -> tuple[str, ...]:
    info = report.info
    return (
        pick(info.title, info.id, voice.language, any_language=True),
        voice.say("alerts.week", {"week": info.judged[-1]}),
        voice.say("alerts.weeks", {"n": len(info.judged)}),
        voice.say("alerts.judged", {"n": report.total.n_judged}),
    )


def _headline(report: AlertReport, voice: Voice) -> str:
    total = report.total
    if not total.at_risk:
        return voice.say("alerts.headline_none", {"n": total.n_judged})
    facts: dict[str, Fact] = {
        "n": total.at_risk,
        "value": total.value_at_risk,
        "share": total.share,
        "red": sum(group.colour == "red" for group in report.groups),
        "groups": len(report.groups),
    }
    return voice.say("alerts.headline", facts)


def _tiles(report: AlertReport, voice: Voice) -> tuple[Tile, ...]:
    total = report.total
    mild, serious, severe = total.warned
    found: list[tuple[str, int, dict[str, Fact]]] = [
        ("at_risk", total.at_risk, {"new": total.new_at_risk, "usual": total.usual_share}),
        ("warning", sum(total.warned), {"mild": mild, "serious": serious, "severe": severe}),
        ("cross_category", total.cross_category, {}),
    ]
    tiles = [
        Tile(
            voice.say(f"alerts.tile.{code}"),
            fmt.format_count(n, voice.language),
            voice.say(f"alerts.tile.{code}_note", facts),
        )
        for code, n, facts in found
    ]
    rows = report.backtest.rows if report.backtest else ()
    row = next((each for each in rows if each.kind == "at_risk" and each.by == "overall" and each.n_alarms), None)
    if row is not None:
        past: dict[str, Fact] = {
            "precision": row.precision.estimate,
            "recall": row.recall.estimate,
            "lead": row.lead_weeks.estimate,
        }
        value = voice.say("alerts.tile.backtest_value", {"lift": row.lift.estimate})
        tiles.append(Tile(voice.say("alerts.tile.backtest"), value, voice.say("alerts.tile.backtest_note", past)))
    return tuple(tiles)


def _strata(groups: Sequence[AlertStratum], voice: Voice, *, summary: str = "") -> Table:
    names = ("judged", "at_risk", "new", "warned", "value", "share", "usual", "change", "decay")
    columns = (
        Column(voice.say("alerts.column.stratum"), numeric=False),
        Column(voice.say("alerts.column.colour"), numeric=False),
        *(Column(voice.say(f"alerts.column.{name}")) for name in names),
    )
    rows = tuple(_stratum(group, voice) for group in groups)
    return Table(voice.say("alerts.section.strata"), columns, rows, style="cards", summary=summary)


def _stratum(group: AlertStratum, voice: Voice) -> Row:
    period = Measure("money", voice.currency, per="period")
    state = f"{SIGNS[group.colour]} {voice.say(f'alert_colour.{group.colour}')}"
    mild, serious, severe = group.warned
    cells = (
        Cell(state, tone=_TONES[group.colour]),
        Cell(fmt.format_count(group.n_judged, voice.language)),
        Cell(fmt.format_count(group.at_risk, voice.language)),
        Cell(fmt.format_count(group.new_at_risk, voice.language)),
        Cell(voice.say("alerts.warned", {"mild": mild, "serious": serious, "severe": severe})),
        Cell(voice.number(group.value_at_risk, period)),
        Cell(fmt.format_percent(group.share)),
        Cell(fmt.format_percent(group.usual_share)),
        Cell(fmt.format_percent(group.change, signed=True)),
        Cell(fmt.format_percent(group.decay, signed=True)),
    )
    name = voice.name("stratum", group.id) if group.id else voice.say("word.overall")
    return Row(name, cells, "" if group.id else "total")


def _n_alerts(group: AlertStratum) -> int:
    return group.at_risk + sum(group.warned) + group.cross_category


def _drill(report: AlertReport, group: AlertStratum, voice: Voice) -> Drill:
    facts: dict[str, Fact] = {
        "stratum": voice.name("stratum", group.id),
        "at_risk": group.at_risk,
        "warned": sum(group.warned),
        "rising": group.cross_category,
    }
    mine = [each for each in report.customers if each.stratum == group.id]
    columns = (
        Column(voice.say("alerts.column.customer"), numeric=False),
        Column(voice.say("alerts.column.kinds"), numeric=False),
        Column(voice.say("alerts.column.clv")),
        Column(voice.say("alerts.column.peak")),
        Column(voice.say("alerts.column.why"), numeric=False),
    )
    return Drill(
        colour=group.colour,
        sign=SIGNS[group.colour],
        word=voice.say(f"alert_colour.{group.colour}"),
        summary=voice.say("alerts.drill_summary", facts),
        table=Table(
            voice.name("stratum", group.id), columns, tuple(_customer(each, voice) for each in mine), style="cards"
        ),
    )


def _customer(customer: AlertCustomer, voice: Voice) -> Row:
    head = Measure("money", voice.currency, per="treated")
    since = voice.say("alerts.since", {"week": customer.since}) if customer.since else ""
    reasons = voice.say("word.list_joint").join(voice.say_note(note) for note in customer.reasons)
    cells = (
        Cell(voice.join([_kind(kind, customer.severity, voice) for kind in customer.kinds]), since),
        Cell(voice.number(customer.clv, head)),
        Cell(voice.number(customer.peak, head)),
        Cell(reasons),
    )
    return Row(customer.unit_id, cells)


def _kind(kind: str, severity: int, voice: Voice) -> str:
    if kind != "warning":
        return voice.say(f"alert_kind.{kind}")
    return voice.say("alerts.severity", {"kind": kind, "level": str(severity)})


def _index(report: AlertReport, voice: Voice) -> IndexView:
    points, info = report.index, report.info
    title = voice.say("alerts.index_title", {"first": points[0].week_end})
    every = max(len(points) // 6, 1)
    drawn = [
        LinePoint(
            point.index,
            below=fmt.format_day(point.week_end, voice.language) if at % every == 0 else "",
            text=fmt.format_index(point.index) if at == len(points) - 1 else "",
            mark=voice.say("alerts.index_mark") if point.model_changed else "",
        )
        for at, point in enumerate(points)
    ]
    levels = [(level, fmt.format_index(level)) for level in round_levels([point.index for point in points])]
    period = Measure("money", info.currency, per="period")
    rows = tuple(
        Row(
            fmt.format_date(point.week_end, voice.language),
            (Cell(voice.number(point.total, period)), Cell(fmt.format_index(point.index))),
        )
        for point in points
    )
    columns = (
        Column(voice.say("alerts.column.week"), numeric=False),
        Column(voice.say("alerts.column.total")),
        Column(voice.say("alerts.column.index")),
    )
    return IndexView(
        title=title,
        svg=draw_line(drawn, prefix="index", title=title, levels=levels),
        text=voice.say("alerts.index_text"),
        change=_change(report, voice),
        table=Table(title, columns, rows, summary=voice.say("alerts.index_table", {"n": len(rows)})),
    )


def _change(report: AlertReport, voice: Voice) -> str:
    if report.change is None:
        return ""
    return voice.say("alerts.index_change", {"fitted": report.change.fitted_before, "jump": report.change.jump})


def _command(report: AlertReport) -> str:
    info = report.info
    weeks = f" --weeks {len(info.week_ends) - int(report.rule['history_weeks'])}"
    return f"uplift alerts spec.yaml --as-of {info.as_of[:10]}{weeks} --out alerts"
