from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from uplift.report import render_report
from uplift.results import Amount, Analysis, Move, Note, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable

    Reader = Callable[[str], list[str]]

GOLDEN = Path(__file__).parent / "golden"


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("variant", ["analysis", "no_coupons", "recorded"])
def test_the_first_screen_reads_as_agreed(
    language: str, variant: str, request: pytest.FixtureRequest, read_first_screen: Reader
) -> None:
    lines = read_first_screen(render_report(request.getfixturevalue(variant), language=language))
    agreed = (GOLDEN / f"{variant}.{language}.txt").read_text("utf-8")
    assert "\n".join(lines) + "\n" == agreed


def test_keep_says_how_good_the_best_plan_is(keep: Analysis, read_first_screen: Reader) -> None:
    lines = read_first_screen(render_report(keep, language="zh"))
    assert lines[1] == (
        "维持现有预算： 没有哪种调整能以 95% 的把握多赚钱；最好的方案也只有 12 万元（−30 至 54 万元）。"
    )
    assert "留出数据验证，未达把握，不建议动钱" in " ".join(lines)
    assert "标题里的净增" not in " ".join(lines)


def test_invalid_shows_the_fault_and_no_money(invalid: Analysis, read_first_screen: Reader) -> None:
    lines = read_first_screen(render_report(invalid, language="en"))
    assert lines[1].startswith("Not usable: the arms lost different shares of their customers")
    assert any(line.startswith("✕ Fail Loss by arm Sample ratio mismatch") for line in lines)
    assert not any("CNY" in line or "¥" in line for line in lines)


def test_without_a_predicted_part_the_words_say_so(observed_only: Analysis, read_first_screen: Reader) -> None:
    lines = read_first_screen(render_report(observed_only, language="en"))
    assert lines[2].endswith("Counted over the 90-day window only; nothing is predicted beyond it.")
    assert "beyond the window)" not in lines[2]
    assert "Returned: incremental margin per head" in lines
    page = render_report(observed_only, language="zh")
    assert "预测部分为空（不是 0）" in page
    assert "其中窗口外预测</th><td" not in page


def test_less_spend_is_its_own_verdict(analysis: Analysis, read_first_screen: Reader) -> None:
    moves = (Move("segment", "frequent", "stop"), Move("lifecycle", "active", "cut", rest=True))
    note = Note("verdict.change_less", {"saved": 1.06e6})
    verdict = Verdict("change", note, moves, Amount(1.4e6, 0.5e6, 2.3e6), 0.004)
    lines = read_first_screen(render_report(replace(analysis, verdict=verdict), language="en"))
    assert lines[1] == (
        "Cut: stop the coupons of “Frequent” and cut the coupons of “Active, the rest”. CNY 1.06 M less spent per "
        "quarter, about CNY 1.40 M more net (95% interval 0.50 to 2.30 M; chance of a loss < 1%)."
    )


def test_only_raises_and_no_moves_have_words_too(analysis: Analysis, read_first_screen: Reader) -> None:
    only = (Move("segment", "frequent", "raise"), Move("segment", "silent_hurt", "start"))
    verdict = replace(analysis.verdict, moves=only, gain=Amount(1.4e6), p_loss=None)
    lines = read_first_screen(render_report(replace(analysis, verdict=verdict), language="zh"))
    assert lines[1] == ("建议调整： 增加高频活跃客的券，开始给沉默客·体验受损投券。总花费不变，每季净增约 140 万元。")
    none = replace(analysis, verdict=replace(verdict, moves=()))
    assert "按下表调整" in read_first_screen(render_report(none, language="zh"))[1]


@pytest.mark.parametrize("code", ["unsettled", "no_costs", "no_money", "no_coupons"])
def test_reasons_to_hold(code: str, analysis: Analysis, read_first_screen: Reader) -> None:
    verdict = Verdict("keep", Note(f"verdict.{code}"))
    lines = read_first_screen(render_report(replace(analysis, verdict=verdict), language="en"))
    assert lines[1].startswith("Keep the budget: ")
    assert not any("new plan" in line for line in lines)


def test_other_verdicts_have_words(analysis: Analysis, read_first_screen: Reader) -> None:
    test = Note("verdict.test", {"evidence": "D", "n": 24_000, "days": 90, "mde": 2.4})
    nobody = Note("verdict.unanswerable", {"rule": "orders ≥ 3", "lower": -2e5, "upper": 9e5})
    first = read_first_screen(render_report(replace(analysis, verdict=Verdict("test", test)), language="en"))
    second = read_first_screen(render_report(replace(analysis, verdict=Verdict("unanswerable", nobody)), language="en"))
    assert first[1].endswith("24,000 customers, 90 days, able to see ¥2.4 per head.")
    assert second[1].endswith("All that can be said is −0.20 to 0.90 M.")
