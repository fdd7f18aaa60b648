"""The page of a design: who goes where, and how small an effect can be seen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from uplift.report.sections.headline import header
from uplift.report.sections.method import design_items, measure_items, metric_table
from uplift.report.view import Cell, Column, Row, Table, Tile
from uplift.results import format as fmt
from uplift.results.measure import Measure

if TYPE_CHECKING:
    from uplift.report.view import Item
    from uplift.report.voice import Voice
    from uplift.results.design_summary import DesignSummary, StratumArms


@dataclass(frozen=True, slots=True)
class DesignView:
    """What the page of a design prints."""

    header: tuple[str, ...]
    headline: str
    mde: str
    tiles: tuple[Tile, ...]
    split_intro: str
    split: Table
    metrics: Table
    method: tuple[Item, ...]


def build_design(summary: DesignSummary, voice: Voice) -> DesignView:
    """Return the texts of a design's page."""
    experiment = summary.experiment
    facts = {"n": experiment.n_assigned, "arms": len(experiment.arms), "strata": len(summary.strata)}
    return DesignView(
        header=header(experiment, voice),
        headline=voice.say("design.headline", facts),
        mde=_mde(summary, voice),
        tiles=_tiles(summary, voice),
        split_intro=voice.say("design.split_intro", {"power": summary.power, "alpha": summary.alpha}),
        split=_split(summary, voice),
        metrics=metric_table(experiment, summary.metrics, voice),
        method=(
            *design_items(experiment, len(summary.strata), voice),
            *measure_items(experiment, summary.metrics, voice),
        ),
    )


def _measure(summary: DesignSummary) -> Measure:
    primary = summary.experiment.primary
    known = next((metric.measure for metric in summary.metrics if metric.id == primary), None)
    return known or Measure("score")


def _mde(summary: DesignSummary, voice: Voice) -> str:
    treatments = [arm for arm in summary.experiment.arms if not arm.is_control]
    pairs = [(arm, mde) for arm, mde in zip(treatments, summary.mde, strict=True) if mde is not None]
    if not pairs:
        return voice.say("design.mde_none")
    measure = _measure(summary)
    items = [voice.say("design.mde_item", {"arm": arm.id, "mde": voice.number(mde, measure)}) for arm, mde in pairs]
    return voice.say("design.mde", {"power": summary.power, "list": voice.say("word.list_joint").join(items)})


def _tiles(summary: DesignSummary, voice: Voice) -> tuple[Tile, ...]:
    counts = {
        "eligible": summary.experiment.n_eligible,
        "assigned": summary.experiment.n_assigned,
        "holdout": summary.experiment.n_holdout,
    }
    sizes = [
        Tile(voice.say(f"design.{code}"), fmt.format_count(n, voice.language), "") for code, n in counts.items() if n
    ]
    arms = [
        Tile(
            voice.name("arm", arm.id),
            fmt.format_count(arm.n_units, voice.language),
            voice.say("design.arm_share", {"share": arm.share}),
        )
        for arm in summary.experiment.arms
    ]
    return (*sizes, *arms)


def _split(summary: DesignSummary, voice: Voice) -> Table:
    arms = summary.experiment.arms
    mde = [
        voice.say("word.joined", {"first": voice.say("column.mde"), "second": voice.name("arm", arm.id)})
        for arm in arms
        if not arm.is_control
    ]
    columns = (
        Column(voice.say("column.stratum"), numeric=False),
        Column(voice.say("design.eligible")),
        *(Column(voice.name("arm", arm.id)) for arm in arms),
        Column(voice.say("column.holdout")),
        *(Column(text) for text in mde),
    )
    eligible = {stratum.id: stratum.n_units for stratum in summary.strata}
    rows = tuple(_row(each, eligible.get(each.stratum), _measure(summary), voice) for each in summary.split)
    return Table(voice.say("section.strata"), columns, rows)


def _row(split: StratumArms, n_units: int | None, measure: Measure, voice: Voice) -> Row:
    counts = (n_units, *split.counts, split.n_holdout)
    cells = [Cell(fmt.format_count(count, voice.language)) for count in counts]
    seen = [Cell(voice.number(mde, measure)) for mde in split.mde]
    return Row(voice.name("stratum", split.stratum), (*cells, *seen))
