"""The page of scored customers: who they are, what they brought and will bring, and how well that is known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from uplift.report.sections.customer_past import AccuracyView, DriversView, build_accuracy, build_drivers, overall_of
from uplift.report.view import Cell, Column, Item, Pair, Row, Table, Tile
from uplift.report.voice import pick
from uplift.results import format as fmt
from uplift.results.measure import Measure

if TYPE_CHECKING:
    from collections.abc import Sequence

    from uplift.report.voice import Voice
    from uplift.results.customers import ChurnRow, CustomerReport, LabelRow, StageRow, ValueCell
    from uplift.results.facts import Fact

SECTIONS = (
    "value", "clv", "disagreement", "churn", "drivers", "method", "accuracy", "labels", "notes", "reproduction"
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class CustomersView:
    """What the page prints, from top to bottom."""

    header: tuple[str, ...]
    headline: str
    lead: str
    tiles: tuple[Tile, ...]
    stages: Table
    stages_foot: str
    sections: tuple[str, ...]
    matrix_intro: str
    matrix: Table
    parts: str
    clv_intro: str
    clv: Table
    disagreement_intro: str
    disagreement: Table | None
    churn_intro: str
    churn: Table | None
    drivers: DriversView | None
    method: tuple[Item, ...]
    method_notes: tuple[str, ...]
    accuracy: AccuracyView | None
    labels_intro: str
    labels: Table
    notes: tuple[str, ...]
    origin: tuple[Item, ...]
    command: str


def build_customers(report: CustomerReport, voice: Voice) -> CustomersView:
    """Return the texts of the page."""
    days: dict[str, Fact] = {"past": report.info.days, "days": report.info.horizon_days}
    rate: dict[str, Fact] = {"rate": report.info.annual_discount_rate}
    return CustomersView(
        header=_header(report, voice),
        headline=_headline(report, voice),
        lead=_lead(report, voice),
        tiles=_tiles(report, voice),
        stages=_stages(report, voice),
        stages_foot=voice.say(
            "customers.stage_foot",
            {**days, "rule": report.info.stage_rule, "n": report.info.n_units - report.info.n_buyers or None},
        ),
        sections=SECTIONS,
        matrix_intro=voice.say("customers.matrix_intro", days),
        matrix=_matrix(report, voice),
        parts=voice.say("customers.parts", report.parts) if len(report.parts) > 1 else "",
        clv_intro=voice.say("customers.clv_intro", {**days, **rate}),
        clv=_clv(report, voice),
        disagreement_intro=_disagreement_intro(report, voice),
        disagreement=_disagreement(report, voice),
        churn_intro=voice.say("customers.churn_intro"),
        churn=_churn(report.churn, voice),
        drivers=build_drivers(report, voice),
        method=_method(report, voice),
        method_notes=tuple(voice.say_note(note) for note in report.method.notes),
        accuracy=build_accuracy(report, voice),
        labels_intro=voice.say("customers.labels_intro", {"n": len(report.labels)}),
        labels=_labels(report.labels, voice),
        notes=tuple(voice.say_note(note) for note in report.notes),
        origin=_origin(report, voice),
        command=_command(report),
    )


def _header(report: CustomerReport, voice: Voice) -> tuple[str, ...]:
    info = report.info
    return (
        pick(info.title, info.id, voice.language, any_language=True),
        voice.say("customers.as_of", {"date": info.as_of}),
        voice.say("customers.n_units", {"n": info.n_units}),
        voice.say("customers.horizon", {"days": info.horizon_days}),
    )


def _headline(report: CustomerReport, voice: Voice) -> str:
    facts: dict[str, Fact] = {
        "n": report.info.n_units,
        "days": report.info.horizon_days,
        "predicted": report.total.predicted_total,
        "top": report.top_share,
    }
    return voice.say("customers.headline", facts)


def _lead(report: CustomerReport, voice: Voice) -> str:
    """Say what came before, how to read the prediction, and by how much the method was off where it was."""
    tested = report.accuracy
    off = tested is not None and tested.check.status == "warn"
    facts: dict[str, Fact] = {
        "days": report.info.horizon_days,
        "historic": report.total.historic_total,
        "ratio": overall_of(tested, tested.method).total_ratio if tested is not None and off else None,
    }
    return voice.say("customers.lead", facts)


def _tiles(report: CustomerReport, voice: Voice) -> tuple[Tile, ...]:
    info, total = report.info, report.total
    buyers: dict[str, Fact] = {"buyers": info.n_buyers, "repeaters": info.n_repeaters}
    days: dict[str, Fact] = {"past": info.days, "days": info.horizon_days}
    ends = [_sum(each, voice) for each in (total.historic_total, total.predicted_total)]
    arrow = voice.say("customers.arrow", {"first": ends[0], "second": ends[1]})
    return (
        _tile("customers", fmt.format_count(info.n_units, voice.language), buyers, voice),
        _tile("value", arrow, days, voice),
        _churn_tile(report, voice),
        _accuracy_tile(report, voice),
    )


def _tile(code: str, value: str, facts: dict[str, Fact], voice: Voice) -> Tile:
    return Tile(voice.say(f"customers.tile.{code}"), value, voice.say(f"customers.tile.{code}_note", facts))


def _churn_tile(report: CustomerReport, voice: Voice) -> Tile:
    n_churned = sum(row.n_units for row in report.churn)
    facts: dict[str, Fact] = {
        "share": sum(row.share for row in report.churn),
        "permanent": sum(row.n_units for row in report.churn if row.kind == "permanent"),
        "predicted": sum(row.predicted for row in report.churn),
    }
    return _tile("churn", fmt.format_count(n_churned, voice.language), facts, voice)


def _accuracy_tile(report: CustomerReport, voice: Voice) -> Tile:
    label = voice.say("customers.tile.accuracy")
    if report.accuracy is None:
        return Tile(label, voice.say("customers.tile.untested"), voice.say("customers.tile.untested_note"))
    mine = overall_of(report.accuracy, report.accuracy.method)
    naive = overall_of(report.accuracy, "naive_repeat")
    note = voice.say("customers.tile.accuracy_note", {"mae": mine.mae, "naive": naive.mae})
    return Tile(label, fmt.format_percent(mine.total_ratio), note)


def _stages(report: CustomerReport, voice: Voice) -> Table:
    names = ("n_units", "share", "orders", "margin", "basket", "repurchase", "retention", "alive", "predicted")
    columns = _columns("stage", names, voice)
    rows = tuple(_stage(row, voice) for row in (*report.stages, report.total))
    return Table(voice.say("customers.section.stages"), columns, rows, style="cards")


def _stage(row: StageRow, voice: Voice) -> Row:
    cells = (
        Cell(fmt.format_count(row.n_units, voice.language)),
        Cell(fmt.format_percent(row.share)),
        Cell(fmt.format_statistic(row.orders)),
        Cell(_head(row.margin, voice)),
        Cell(_head(row.average_basket, voice)),
        Cell(fmt.format_percent(row.repurchase_30d)),
        Cell(fmt.format_percent(row.retention)),
        Cell(fmt.format_percent(row.alive)),
        Cell(_head(row.predicted_clv, voice), tone="strong"),
    )
    return Row(_stage_name(row, voice), cells, "" if row.stage else "total")


def _stage_name(row: StageRow, voice: Voice) -> str:
    return voice.row("lifecycle", row.stage) if row.stage else voice.say("word.overall")


def _matrix(report: CustomerReport, voice: Voice) -> Table:
    peopled = [cell for cell in report.matrix if cell.n_units]
    current, potential = _present(report, "current"), _present(report, "potential")
    columns = (
        Column(voice.say("customers.column.current"), numeric=False),
        *(Column(voice.row("potential", one)) for one in potential),
        Column(voice.say("word.total")),
    )
    rows = []
    for one in (*current, ""):
        mine = [cell for cell in peopled if one in {"", cell.current}]
        cells = [_value_cell([cell for cell in mine if cell.potential == other], voice) for other in potential]
        name = voice.row("value_tier", one) if one else voice.say("word.total")
        rows.append(Row(name, (*cells, _value_cell(mine, voice)), "" if one else "total"))
    return Table(voice.say("customers.section.value"), columns, tuple(rows), style="cards")


def _present(report: CustomerReport, axis: Literal["current", "potential"]) -> tuple[str, ...]:
    """Return the levels that anybody is in, in their order."""
    taken = {getattr(cell, axis) for cell in report.matrix if cell.n_units}
    return tuple(level for level in dict.fromkeys(getattr(cell, axis) for cell in report.matrix) if level in taken)


def _value_cell(cells: Sequence[ValueCell], voice: Voice) -> Cell:
    n_units = sum(cell.n_units for cell in cells)
    if not n_units:
        return Cell()
    ends = [
        _sum(total, voice, compact=True)
        for total in (sum(cell.historic for cell in cells), sum(cell.predicted for cell in cells))
    ]
    money = voice.say("customers.arrow", {"first": ends[0], "second": ends[1]})
    return Cell(fmt.format_count(n_units, voice.language), voice.say("word.bracket", {"text": money}))


def _clv(report: CustomerReport, voice: Voice) -> Table:
    names = ("historic_total", "predicted_total", "pair", "historic_head", "lifetime_head", "predicted_head", "ratio")
    columns = _columns("stage", names, voice)
    most = max([1e-9, *(max(row.historic_total, row.predicted_total) for row in report.stages)])
    rows = tuple(_clv_row(row, most, voice) for row in (*report.stages, report.total))
    return Table(voice.say("customers.section.clv"), columns, rows, style="cards")


def _clv_row(row: StageRow, most: float, voice: Voice) -> Row:
    ratio = row.predicted_total / row.historic_total if row.historic_total > 0 else None
    cells = (
        Cell(_sum(row.historic_total, voice)),
        Cell(_sum(row.predicted_total, voice)),
        Cell(pair=Pair(_part(row.historic_total, most), _part(row.predicted_total, most)) if row.stage else None),
        Cell(_head(row.historic, voice)),
        Cell(_head(row.lifetime_margin, voice)),
        Cell(_head(row.predicted_clv, voice), tone="strong"),
        Cell(fmt.format_percent(ratio)),
    )
    return Row(_stage_name(row, voice), cells, "" if row.stage else "total")


def _part(value: float, most: float) -> int:
    return round(1000 * max(value, 0.0) / most)


def _disagreement_intro(report: CustomerReport, voice: Voice) -> str:
    found = report.disagreement
    if found is None:
        return voice.say("customers.stages_none")
    share = found.n_disagree / found.n_compared if found.n_compared else 0.0
    return voice.say("customers.stages_intro", {"n": found.n_disagree, "of": found.n_compared, "share": share})


def _disagreement(report: CustomerReport, voice: Voice) -> Table | None:
    found = report.disagreement
    if found is None:
        return None
    columns = (
        Column(voice.say("customers.column.rule"), numeric=False),
        *(Column(voice.row("lifecycle_model", level)) for level in found.model_levels),
    )
    rows = tuple(
        Row(voice.row("lifecycle", level), tuple(Cell(fmt.format_count(n, voice.language)) for n in counts))
        for level, counts in zip(found.rule_levels, found.counts, strict=True)
    )
    return Table(voice.say("customers.section.disagreement"), columns, rows)


def _churn(found: Sequence[ChurnRow], voice: Voice) -> Table | None:
    if not any(row.n_units for row in found):
        return None
    told = any(row.reason for row in found)
    columns = (
        Column(voice.say("customers.column.kind"), numeric=False),
        *((Column(voice.say("customers.column.reason"), numeric=False),) if told else ()),
        *(Column(voice.say(f"customers.column.{name}")) for name in ("n_units", "share", "lifetime", "stake")),
    )
    rows = tuple(
        Row(
            voice.row("churn", row.kind),
            (
                *((Cell(voice.row("churn_reason", row.reason)),) if told else ()),
                Cell(fmt.format_count(row.n_units, voice.language)),
                Cell(fmt.format_percent(row.share)),
                Cell(_sum(row.lifetime, voice)),
                Cell(_sum(row.predicted, voice)),
            ),
        )
        for row in found
    )
    return Table(voice.say("customers.section.churn"), columns, rows, style="cards")


def _labels(found: Sequence[LabelRow], voice: Voice) -> Table:
    columns = (
        *(Column(voice.say(f"customers.column.{name}"), numeric=False) for name in ("stage", "value", "preference")),
        Column(voice.say("customers.column.risk"), numeric=False),
        *(Column(voice.say(f"customers.column.{name}")) for name in ("n_units", "predicted_total")),
    )
    rows = []
    for row in found:
        parts = (("value_tier", row.value), ("preference", row.preference), ("risk", row.risk))
        others = [voice.row(axis, level) for axis, level in parts]
        numbers = (Cell(fmt.format_count(row.n_units, voice.language)), Cell(_sum(row.predicted, voice)))
        rows.append(Row(voice.row("lifecycle", row.life), (*(Cell(text) for text in others), *numbers)))
    return Table(voice.say("customers.section.labels"), columns, tuple(rows), style="cards")


def _method(report: CustomerReport, voice: Voice) -> tuple[Item, ...]:
    info, method = report.info, report.method
    span: dict[str, Fact] = {"days": info.horizon_days, "rate": info.annual_discount_rate}
    asked = "asked_method" if method.asked == "auto" else "clv_method"
    texts = {
        "method": voice.say(f"clv_method.{method.method}"),
        "reason": voice.say_note(method.reason),
        "asked": voice.say(f"{asked}.{method.asked}"),
        "estimand": voice.say("customers.item.estimand_text", span),
    }
    if method.parameters:
        numbers = {name: fmt.format_statistic(value) for name, value in method.parameters.items()}
        texts["parameters"] = voice.say("customers.parameters_text", {**numbers, "currency": info.currency})
    return tuple(Item(voice.say(f"customers.item.{code}"), text, code == "parameters") for code, text in texts.items())


def _origin(report: CustomerReport, voice: Voice) -> tuple[Item, ...]:
    info = report.info
    read = [voice.say("reproduce.rows", {"role": role, "n": count}) for role, count in sorted(info.inputs.items())]
    items = (
        ("version", f"uplift-lab {info.package_version}", True),
        ("spec", info.spec_digest or fmt.DASH, True),
        ("inputs", voice.join(read) or fmt.DASH, False),
    )
    return tuple(Item(voice.say(f"reproduce.{code}"), text, fixed) for code, text, fixed in items)


def _command(report: CustomerReport) -> str:
    info = report.info
    asked = f" --horizon {info.horizon_days} --method {report.method.asked}"
    return f"uplift score spec.yaml --as-of {info.as_of[:10]}{asked} --out customers"


def _columns(head: str, names: Sequence[str], voice: Voice) -> tuple[Column, ...]:
    return (
        Column(voice.say(f"customers.column.{head}"), numeric=False),
        *(Column(voice.say(f"customers.column.{name}"), numeric=name != "pair") for name in names),
    )


def _head(value: float | None, voice: Voice) -> str:
    return voice.number(value, Measure("money", voice.currency, per="treated"))


def _sum(value: float, voice: Voice, *, compact: bool = False) -> str:
    return voice.number(value, Measure("money", voice.currency, per="period"), compact=compact)
