from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from uplift.report.sections.budget import build_budget
from uplift.report.sections.effects import MAX_STRATUM_ROWS, build_effects, overall_table
from uplift.report.sections.headline import build_headline
from uplift.report.sections.health import badges, build_health
from uplift.report.sections.method import build_assumptions, build_deviations, build_method
from uplift.report.sections.reproduction import build_reproduction, commands
from uplift.report.sections.segments import main_split, segment_table
from uplift.report.sections.split import build_split
from uplift.report.sections.tiles import tiles
from uplift.report.view import scale_bar
from uplift.report.voice import make_voice
from uplift.results import Amount, CheckResult, Effects, Note, Waste

if TYPE_CHECKING:
    from uplift.report.voice import Voice
    from uplift.results import Analysis


@pytest.fixture
def voice(analysis: Analysis) -> Voice:
    return make_voice(analysis.experiment, analysis.strata, language="en", coupons=True)


def test_a_bar_is_placed_on_the_scale_of_its_table() -> None:
    # from -5 to 15 is 20 wide: -1 stands at 4/20, 3 at 8/20, 7 at 12/20, 0 at 5/20
    bar = scale_bar(3.0, (-1.0, 7.0), (-5.0, 15.0), filled=True)
    assert (bar.left, bar.point, bar.right, bar.zero) == (200, 400, 600, 250)
    assert scale_bar(0.0, (0.0, 0.0), (0.0, 0.0), filled=False).right == 0


def test_effects_come_primary_first_and_strata_folded(analysis: Analysis, voice: Voice) -> None:
    outcomes = build_effects(analysis, voice)
    assert [each.title for each in outcomes][:2] == [
        "Primary outcome: incremental CLV",
        "Secondary outcome: repurchase rate",
    ]
    main, strata = outcomes[0].tables
    assert (len(main.rows), main.summary) == (10, "")
    assert (len(strata.rows), strata.summary) == (48, "Strata: Show 48 rows")
    cells = main.rows[0].cells
    assert (cells[0].text, cells[1].text) == ("8 off 59 − No coupon", "48,000")
    assert cells[5].bar is not None
    assert cells[5].bar.filled


def test_too_many_strata_are_named_not_shown(analysis: Analysis, voice: Voice) -> None:
    one = analysis.effects.select(by="stratum", outcome="incremental_clv")[0]
    many = tuple(replace(one, level=str(each)) for each in range(MAX_STRATUM_ROWS + 1))
    outcome = build_effects(replace(analysis, effects=Effects(many, np.eye(len(many)))), voice)[0]
    assert outcome.tables == ()
    assert outcome.left_out == "501 more rows by stratum are in analysis.json."


def test_an_effect_without_numbers_has_no_bar(analysis: Analysis, voice: Voice) -> None:
    bare = replace(
        analysis.effects[0], estimate=float("nan"), ci_lower=float("nan"), p_adjusted=None,
        rel_effect=None, rel_ci_lower=None, rel_ci_upper=None,
    )  # fmt: skip
    table = overall_table(replace(analysis, effects=Effects((bare,), np.eye(1))), voice)
    assert table is not None
    cells = table.rows[0].cells
    assert (cells[3].text, cells[4].text, cells[5].bar, cells[6].text) == ("–", "", None, "0.040")
    assert (cells[7].text, cells[7].note) == ("–", "")
    nothing = replace(analysis, effects=Effects((), np.zeros((0, 0))))
    assert overall_table(nothing, voice) is None
    assert build_effects(nothing, voice) == ()
    assert not any("Evidence" in badge.text for badge in badges(nothing, voice))


def test_badges_take_the_worst_answer_of_a_check(analysis: Analysis, voice: Voice) -> None:
    texts = {badge.text: badge.icon for badge in badges(analysis, voice)}
    assert texts["Strata hide a difference"] == "◐"
    assert "Strata hide no large difference" not in texts
    assert not any("ratio" in text for text in texts)
    weaker = tuple(replace(each, evidence="B") for each in analysis.effects)
    badge = badges(replace(analysis, effects=Effects(weaker, analysis.effects.covariance)), voice)[0]
    assert (badge.icon, badge.text) == ("◐", "Evidence B (randomised with non-compliance)")


def test_levels_are_shown_only_when_they_did_not_pass(invalid: Analysis, voice: Voice) -> None:
    quiet = CheckResult("srm.loss", "pass", level="new|低值|低客单")
    health = build_health((*invalid.checks, quiet), voice)
    assert [answer.title for answer in health.answers if answer.title.startswith("Loss by arm")] == [
        "Loss by arm",
        "Loss by arm: New · 低值 · 低客单",
    ]
    skipped = next(answer for answer in health.answers if answer.status == "skipped")
    assert (skipped.icon, skipped.text) == ("○", "The draw fixed the counts, so there is nothing to test.")


def test_waste_outside_its_range_is_said(analysis: Analysis, voice: Voice) -> None:
    outside = Waste(Amount(1.3, None, None), None, outside=True)
    splits = tuple(replace(split, waste=outside) for split in analysis.decomposition)
    tile = tiles(replace(analysis, decomposition=splits), voice)[2]
    assert tile.value == "–"
    assert tile.extra.startswith("share 130%, outside 0–100%")
    unknown = tuple(replace(split, waste=replace(outside, share=Amount(None))) for split in analysis.decomposition)
    assert tiles(replace(analysis, decomposition=unknown), voice)[2].extra == ""


def test_tiles_without_decomposition_gate_or_total(analysis: Analysis, voice: Voice) -> None:
    assert analysis.budget
    ungated = replace(analysis, decomposition=(), budget=replace(analysis.budget, gate=None))
    found = tiles(ungated, voice)
    assert [tile.label for tile in found] == [
        "Dashboard claim → true increment", "Net of today’s campaign", "Same money, new plan, per quarter",
    ]  # fmt: skip
    assert found[-1].note == "not checked on held-out data"
    headless = replace(analysis, budget=replace(analysis.budget, rows=analysis.budget.rows[:1]))
    assert build_headline(headless, voice).lead == ""
    assert tiles(headless, voice)[0].label == "True increment"


def test_a_profit_is_called_a_gain(analysis: Analysis, voice: Voice) -> None:
    assert analysis.budget
    present = Amount(0.3e6, 0.1e6, 0.5e6)
    totals = replace(analysis.budget.totals, present=present, returned_present=9e6)
    richer = replace(analysis, budget=replace(analysis.budget, totals=totals, reserve=0.0))
    headline = build_headline(richer, voice)
    assert "a net gain of 0.30 M. The dashboard claims 14.86 M." in headline.lead
    assert "Reserve" not in headline.footnotes


def test_the_account_and_its_charts(analysis: Analysis, recorded: Analysis, voice: Voice) -> None:
    split = build_split(analysis, voice)
    assert split is not None
    assert split.table.rows[0].head == "Observed margin (treated customers)"
    assert split.table.rows[-2].style == "total"
    assert "20 off 129" in split.split_svg
    assert "Fulfilment" not in split.waterfall_svg
    assert build_split(recorded, voice) is None
    alone = replace(analysis, decomposition=analysis.decomposition[:1])
    assert main_split(alone) is analysis.decomposition[0]
    two = replace(alone, experiment=replace(alone.experiment, arms=alone.experiment.arms[:2]))
    found = build_split(two, voice)
    assert found is not None
    assert ">All<" in found.split_svg.replace("\n", "")
    by_arm = replace(analysis.decomposition[3], arm="small")
    paired = build_split(replace(analysis, decomposition=(*analysis.decomposition, by_arm)), voice)
    assert paired is not None
    assert "Frequent · 8 off 59" in paired.split_svg


def test_the_budget_says_what_the_gate_said(analysis: Analysis, keep: Analysis, voice: Voice) -> None:
    budget, held = build_budget(analysis, voice), build_budget(keep, voice)
    assert budget is not None
    assert held is not None
    assert "z = 6.02, threshold 1.96" in budget.gate[0]
    assert held.gate[0].startswith("Held-out test not passed")
    assert held.gate[1].endswith("chance of a loss 29%.")
    assert held.notes[1].startswith("Strata cut across Silent, bad experience, so")
    assert budget.cells.rows[0].cells[2].pair is not None
    assert analysis.budget
    assert analysis.budget.gate
    unknown = replace(analysis.budget, gate=replace(analysis.budget.gate, gain=Amount(None)))
    found = build_budget(replace(analysis, budget=unknown), voice)
    assert found is not None
    assert len(found.gate) == 1
    assert segment_table(replace(analysis, budget=None), voice) is None


def test_method_and_assumptions_follow_the_fields(
    analysis: Analysis, observed_only: Analysis, recorded: Analysis, no_coupons: Analysis, voice: Voice
) -> None:
    method = {item.term: item.text for item in build_method(analysis, voice)}
    assert method["Covariates"] == "gross margin over the 90 days before and orders over the 90 days before"
    assert method["Horizon"].startswith("Up to day 365, window included; beyond day 90 it is residual value")
    assert method["Winsorising"].startswith("The primary counts at most ¥1,830.0 per customer")
    assert "Surrog" in " ".join(build_assumptions(analysis, voice)).replace("surrog", "Surrog")
    assert not any("surrogacy" in text for text in build_assumptions(observed_only, voice))
    assert any("upper bound" in text for text in build_assumptions(no_coupons, voice))
    assert any("Another system" in text for text in build_assumptions(recorded, voice))
    bare = replace(recorded, metrics=(), effects=Effects((), np.zeros((0, 0))))
    assert "Covariates" not in {item.term for item in build_method(bare, voice)}
    assert build_deviations((Note("deviation.not_locked"),), voice)[0].startswith("There is no lock")


def test_reproduction_names_the_commands(analysis: Analysis, recorded: Analysis, voice: Voice) -> None:
    lines = commands(analysis.experiment, analysis.provenance, analysed=True).splitlines()
    assert lines[1] == "uplift analyze spec.yaml --design design --through 2026-07-01 --out analysis"
    assert commands(recorded.experiment, recorded.provenance, analysed=True).splitlines() == [
        "uplift analyze spec.yaml --out analysis",
        "uplift report analysis",
    ]
    items = {item.term: item.text for item in build_reproduction(recorded.provenance, voice)}
    assert (items["Lock"], items["Lock verified"], items["Rows read"]) == ("–", "not locked", "64,000 customers")


def test_parts_of_the_primary_are_one_table_after_it(analysis: Analysis, voice: Voice) -> None:
    one = analysis.effects[0]
    parts = tuple(replace(one, outcome=name, confirmatory=False) for name in ("net_observed", "residual"))
    effects = Effects((*analysis.effects, *parts), np.eye(len(analysis.effects) + 2))
    outcome = build_effects(replace(analysis, effects=effects), voice)[1]
    assert (outcome.title, outcome.unit) == ("Parts of the primary outcome", "CNY per assigned customer")
    assert [row.head for row in outcome.tables[0].rows] == [
        "net margin inside the window",
        "value beyond the window",
    ]


def test_a_column_of_units_has_no_waterfall(analysis: Analysis, voice: Voice) -> None:
    experiment = replace(analysis.experiment, margin_basis="", primary="spend")
    split = build_split(replace(analysis, experiment=experiment), voice)
    assert split is not None
    assert (split.waterfall_svg, split.identity, split.no_predicted) == ("", "", "")
    assert "Grey is the spend that would have come anyway" in split.intro
    assert [row.head for row in split.table.rows][-2:] == ["Added by the campaign", "Net"]
