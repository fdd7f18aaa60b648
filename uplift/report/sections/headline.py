"""The first screen: header, verdict, key figures, badges, the table of rows and its footnotes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from uplift.report.sections.effects import overall_table
from uplift.report.sections.health import badges, build_health
from uplift.report.sections.segments import segment_table, total_row
from uplift.report.sections.tiles import tiles
from uplift.report.voice import pick
from uplift.results import format as fmt

if TYPE_CHECKING:
    from collections.abc import Sequence

    from uplift.report.view import Answer, Badge, Table, Tile
    from uplift.report.voice import Voice
    from uplift.results.analysis import Analysis, ExperimentInfo
    from uplift.results.facts import CheckResult, Fact
    from uplift.results.money import BudgetPlan, Move

_TAKES = ("halve", "cut", "stop")
_GIVES = ("raise", "start")
_MOVES_SAID = 2


@dataclass(frozen=True, slots=True)
class Headline:
    """What the first screen prints, from top to bottom."""

    header: tuple[str, ...]
    decision: str
    lead_word: str
    verdict: str
    lead: str
    tiles: tuple[Tile, ...]
    badges: tuple[Badge, ...]
    failures: tuple[Answer, ...]
    table: Table | None
    footnotes: str
    source: str


def build_headline(analysis: Analysis, voice: Voice) -> Headline:
    """Return the texts of the first screen."""
    word, text = _split_lead(_verdict(analysis, voice), voice)
    usable = analysis.verdict.decision != "invalid"
    return Headline(
        header=header(analysis.experiment, voice),
        decision=analysis.verdict.decision,
        lead_word=word,
        verdict=text,
        lead=_lead(analysis, voice) if usable else voice.say("lead.invalid"),
        tiles=tiles(analysis, voice) if usable else (),
        badges=badges(analysis, voice),
        failures=() if usable else build_health(_failed(analysis), voice).answers,
        table=_table(analysis, voice) if usable else None,
        footnotes=_footnotes(analysis, voice) if usable else "",
        source=_source(analysis, voice),
    )


def _table(analysis: Analysis, voice: Voice) -> Table | None:
    return segment_table(analysis, voice) if analysis.budget else overall_table(analysis, voice)


def _failed(analysis: Analysis) -> list[CheckResult]:
    return [check for check in analysis.checks if check.status == "fail"]


def header(experiment: ExperimentInfo, voice: Voice) -> tuple[str, ...]:
    """Return the header line in parts: title, dates, window, size."""
    parts = [pick(experiment.title, experiment.id, voice.language, any_language=True)]
    if experiment.start and experiment.end:
        parts.append(fmt.format_dates(experiment.start, experiment.end, voice.language))
    if experiment.window_days:
        state = "settled" if experiment.settled else "unsettled"
        window = voice.say("header.window", {"days": experiment.window_days})
        parts.append(window + voice.say(f"header.{state}"))
    parts.append(voice.say(f"header.size_{experiment.scheme}", {"n": experiment.n_assigned}))
    return tuple(parts)


def _verdict(analysis: Analysis, voice: Voice) -> str:
    verdict, budget = analysis.verdict, analysis.budget
    facts: dict[str, Fact] = {
        "gain": verdict.gain.estimate,
        "gain_lower": verdict.gain.ci_lower,
        "gain_upper": verdict.gain.ci_upper,
        "p_loss": verdict.p_loss,
        "confidence": analysis.experiment.confidence_level,
        "through": analysis.experiment.through,
        "action": _action(verdict.moves, voice),
        "period": budget.period if budget else None,
    }
    return voice.say(verdict.note.code, {**facts, **verdict.note.facts})


def _action(moves: Sequence[Move], voice: Voice) -> str:
    """Return what to do in words: first where money is taken, then where it goes."""
    taken = [move for move in moves if move.advice in _TAKES][:_MOVES_SAID]
    given = [move for move in moves if move.advice in _GIVES][:_MOVES_SAID]
    phrases = [_phrase(advice, taken, voice) for advice in dict.fromkeys(move.advice for move in taken)]
    if taken and given:
        phrases.append(voice.say("action.give", {"rows": _rows(given, voice)}))
    elif given:
        phrases += [_phrase(advice, given, voice) for advice in dict.fromkeys(move.advice for move in given)]
    return voice.say("action.joint").join(phrases) or voice.say("action.nothing")


def _phrase(advice: str, moves: Sequence[Move], voice: Voice) -> str:
    alike = [move for move in moves if move.advice == advice]
    return voice.say(f"action.{advice}", {"rows": _rows(alike, voice), "what": voice.kind})


def _rows(moves: Sequence[Move], voice: Voice) -> str:
    names = [voice.row(move.kind, move.level, rest=move.rest) for move in moves]
    return voice.join([voice.say("action.quoted", {"name": name}) for name in names])


def _split_lead(text: str, voice: Voice) -> tuple[str, str]:
    """Return the verdict's first word with its colon, and the rest."""
    separator = voice.say("word.separator")
    word, found, rest = text.partition(separator)
    return (word + found, rest) if found else ("", text)


def _lead(analysis: Analysis, voice: Voice) -> str:
    budget = analysis.budget
    row = total_row(analysis)
    if budget is None or row is None:
        return ""
    sentences = [_lead_money(budget, voice)]
    if row.dashboard_claim is not None:
        mostly = "_mostly" if 2 * budget.totals.returned_present < row.dashboard_claim else ""
        sentences.append(voice.say(f"lead.coupon.claim{mostly}", {"claim": row.dashboard_claim}))
    if budget.totals.predicted_present is None:
        sentences.append(voice.say("lead.observed_only", {"days": analysis.experiment.window_days}))
    return voice.say("word.sentence_joint").join(sentences)


def _lead_money(budget: BudgetPlan, voice: Voice) -> str:
    totals = budget.totals
    outcome = "loss" if (totals.present.estimate or 0.0) < 0 else "profit"
    facts: dict[str, Fact] = {
        "period": budget.period,
        "spend": budget.deployed_now,
        "returned": totals.returned_present,
        "predicted": totals.predicted_present,
        "net": totals.present.estimate,
    }
    return voice.say(f"lead.{voice.kind}.{outcome}", facts)


def _footnotes(analysis: Analysis, voice: Voice) -> str:
    experiment, budget = analysis.experiment, analysis.budget
    if budget is None:
        return ""
    days: dict[str, Fact] = {"days": experiment.window_days, "horizon": experiment.horizon_days}
    net = "net" if experiment.horizon_days > experiment.window_days else "net_observed"
    limits: dict[str, Fact] = {"decrease": budget.decrease, "cell": budget.cell_at_most}
    notes = [
        voice.say(f"foot.head_{voice.kind}", days),
        voice.say(f"foot.{net}", days),
        voice.say(f"foot.period_{voice.kind}", {"period": budget.period}),
        voice.say("foot.limits", limits),
        voice.say("foot.reserve", {"reserve": budget.reserve}) if budget.reserve else "",
        voice.say("foot.gain") if analysis.verdict.decision == "change" and budget.gate else "",
    ]
    return voice.say("word.stop_joint").join(note for note in notes if note) + voice.say("word.stop")


def _source(analysis: Analysis, voice: Voice) -> str:
    origin = analysis.provenance
    facts: dict[str, Fact] = {
        "through": analysis.experiment.through,
        "spec": origin.spec_file,
        "lock": origin.lock_digest or None,
    }
    return voice.say("foot.source", facts)
