"""The key figures of the first screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from uplift.report.sections.segments import main_split, total_row
from uplift.report.view import Tile
from uplift.results import format as fmt
from uplift.results.measure import Measure

if TYPE_CHECKING:
    from uplift.report.voice import Voice
    from uplift.results.analysis import Analysis
    from uplift.results.facts import Fact
    from uplift.results.money import BudgetPlan, Verdict, Waste


def tiles(analysis: Analysis, voice: Voice) -> tuple[Tile, ...]:
    """Return up to four key figures; without a budget none, without coupons neither claim nor waste."""
    budget = analysis.budget
    if budget is None:
        return ()
    split = main_split(analysis)
    natural = _natural(split.natural_share.estimate, voice) if split else None
    waste = _waste(split.waste, voice) if split and split.waste else _net(budget, voice)
    found = [_claim(analysis, budget, voice), natural, waste, _gain(analysis.verdict, budget, voice)]
    return tuple(tile for tile in found if tile)


def _claim(analysis: Analysis, budget: BudgetPlan, voice: Voice) -> Tile:
    facts: dict[str, Fact] = {"returned": budget.totals.returned_present, "period": budget.period}
    row = total_row(analysis)
    if row is None or row.dashboard_claim is None:
        return _tile("returned", voice, facts)
    return _tile("claim", voice, {**facts, "claim": row.dashboard_claim})


def _natural(share: float | None, voice: Voice) -> Tile:
    note = voice.say_kind("tile.natural.note")
    return Tile(voice.say("tile.natural.label"), fmt.format_percent(share), note)


def _waste(waste: Waste, voice: Voice) -> Tile:
    share = waste.share
    facts: dict[str, Fact] = {
        "amount": waste.amount,
        "share": share.estimate,
        "lower": share.ci_lower,
        "upper": share.ci_upper,
    }
    kind = "outside" if waste.outside else "extra"
    return Tile(
        label=voice.say("tile.waste.label"),
        value=fmt.DASH if waste.amount is None else voice.say("tile.waste.value", facts),
        extra=voice.say(f"tile.waste.{kind}", facts) if share.estimate is not None else "",
        note=voice.say("tile.waste.note"),
    )


def _net(budget: BudgetPlan, voice: Voice) -> Tile:
    net = budget.totals.present
    facts: dict[str, Fact] = {"period": budget.period, "lower": net.ci_lower, "upper": net.ci_upper}
    return Tile(
        label=voice.say("tile.net.label"),
        value=voice.number(net.estimate, Measure("money", budget.currency, per="period"), signed=True),
        extra=voice.say("tile.net.extra", facts),
        note=voice.say("tile.net.note", facts),
    )


def _gain(verdict: Verdict, budget: BudgetPlan, voice: Voice) -> Tile | None:
    gain = verdict.gain
    if gain.estimate is None:
        return None
    moves = verdict.decision == "change"
    less = "_less" if verdict.note.code == "verdict.change_less" else ""
    tested = "" if moves else "_unproven"
    facts: dict[str, Fact] = {"period": budget.period, "lower": gain.ci_lower, "upper": gain.ci_upper}
    return Tile(
        label=voice.say(f"tile.gain.label{less}", facts),
        value=voice.number(gain.estimate, Measure("money", budget.currency, per="period"), signed=True),
        extra=voice.say("tile.gain.extra", facts),
        note=voice.say(f"tile.gain.note{tested if budget.gate else '_untested'}"),
        tone="gain" if moves else "",
    )


def _tile(code: str, voice: Voice, facts: dict[str, Fact]) -> Tile:
    label, value, note = (voice.say(f"tile.{code}.{part}", facts) for part in ("label", "value", "note"))
    return Tile(label, value, note)
