from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from uplift.errors import DataError, UsageError
from uplift.results.catalogue import check_language, codes, has_message, message, placeholders

if TYPE_CHECKING:
    from uplift.results.facts import Fact

CHECKS = (
    "assignment.lock", "srm.assigned", "srm.loss", "balance", "strata.hidden_difference", "settled", "cost.stand_in",
    "lock", "outcome", "overlap", "residual.window", "winsor", "contamination", "reconciliation",
    "residual.disagreement", "residual.surrogacy", "residual.kappa", "residual.lifetime", "residual.comparability",
    "window.short", "window.calendar",
)  # fmt: skip


def test_both_languages_hold_the_same_codes() -> None:
    assert codes("en") == codes("zh")


def test_both_languages_use_the_same_placeholders() -> None:
    differ = {code for code in codes("en") if _facts(code, "en") != _facts(code, "zh")}
    assert differ == set()


def _facts(code: str, language: str) -> set[str]:
    return {placeholder.partition(":")[0] for placeholder in placeholders(code, language)}


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_answer_of_a_check_is_a_sentence(check: str, language: str) -> None:
    facts: dict[str, Fact] = {
        "population": "segments", "horizon": 365, "outcome": "return_rate", "least": 2.5, "days": 90,
    }  # fmt: skip
    for status in ("title", "pass", "warn", "fail", "skipped"):
        assert message(f"check.{check}.{status}", facts, language)
    for status in ("pass", "warn", "fail"):
        assert message(f"check.{check}.badge_{status}", {}, language)


def test_the_change_verdict_is_the_contract() -> None:
    facts: dict[str, Fact] = {
        "action": "高频活跃客的券减半，转给中频低客单成长客", "period": "quarter", "gain": 3_180_000.0,
        "gain_lower": 2_140_000.0, "gain_upper": 4_220_000.0, "confidence": 0.95, "p_loss": 0.0003,
    }  # fmt: skip
    assert message("verdict.change", facts, "zh", currency="CNY") == (
        "建议调整：高频活跃客的券减半，转给中频低客单成长客。总花费不变，每季净增约 318 万元"
        "（95% 区间 214–422 万元；亏损概率 < 1%）。"
    )
    english = message("verdict.change", {**facts, "action": "halve it"}, "en", currency="CNY")
    assert english == (
        "Change: halve it. Same spend, about CNY 3.18 M more net per quarter "
        "(95% interval 2.14 to 4.22 M; chance of a loss < 1%)."
    )


def test_optional_parts_go_with_their_facts() -> None:
    facts: dict[str, Fact] = {
        "gain": 120_000.0,
        "gain_lower": -300_000.0,
        "gain_upper": 540_000.0,
        "confidence_level": 0.95,
    }
    assert message("verdict.keep", {}, "en") == "Keep the budget: no change is likely enough to pay."
    assert message("verdict.keep", facts, "zh", currency="CNY") == (
        "维持现有预算：没有哪种调整能以 95% 的把握多赚钱；最好的方案也只有 12 万元（−30 至 54 万元）。"
    )


def test_lists_names_and_words_are_written() -> None:
    names = {"a|b": "新客 · 低值", "c|d": "新客 · 中值"}
    facts: dict[str, Fact] = {"from": ("a|b", "c|d"), "into": "a|b", "n": 1234}
    text = message("strata.merged", facts, "zh", name_of=lambda kind, identity: f"{kind}:{names[identity]}")
    assert text == ("分层 stratum:新客 · 低值、stratum:新客 · 中值 人数太少，合为 stratum:新客 · 低值（共 1,234 人）。")
    assert message("check.srm.loss.fail", {"n_lost": (12, 340), "p_value": 1e-9}, "en").endswith(
        "customers: 12, 340 lost (p < 0.001)."
    )
    assert message("check.srm.assigned.skipped", {"reason": "blocked"}, "zh").startswith("分层完全随机")
    assert message("check.balance.fail", {"reason": "singular"}, "en").endswith("tested: singular.")


def test_every_kind_of_fact_is_written() -> None:
    assert message("check.winsor.pass", {"share": 0.001, "cap": 900.0}, "en", currency="CNY").startswith(
        "0.10% of the customers are capped at ¥900.0;"
    )
    assert message("foot.source", {"through": "2026-07-01", "spec": "s.yaml", "lock": "ab" * 32}, "zh") == (
        "数据截至 2026-07-01（不含），规格 s.yaml，锁定 abababababab…；每个数字可在 analysis.json 里查到。"
    )
    assert message("lead.coupon.loss", _lead(), "en", currency="CNY").endswith("a net loss of 1.04 M.")
    assert message("budget.gate_none", None, "en").startswith("The spec asks")
    assert message("tile.waste.extra", {"share": 0.7, "lower": 0.58, "upper": 0.81}, "en").endswith("; 58%–81%)")
    assert message("tile.waste.extra", {"share": 0.7, "lower": "x", "upper": 0.8}, "en").endswith("; –)")
    gain: dict[str, Fact] = {"gain": 3e6, "period": "quarter", "p_loss": 0.2}
    assert message("budget.gate_gain", gain, "en", currency="CNY").startswith("Gain of the plan on held-out data: +CNY")
    assert message("deviation.slopes_shared", {"n": 3}, "en").startswith("3 cells")
    assert message("check.lock.fail", {"part": True}, "en") == "The protocol is not as locked: yes."
    assert message("check.lock.fail", {"part": (None, 2, 0.5, "")}, "en").endswith(": –, 2, 0.50, .")
    assert message("page.details_rows", {"n": 2}, "zh") == "展开 2 行"
    assert message("header.size_blocked", {"n": 120_000}, "zh") == "12.0 万人分层随机"


def _lead() -> dict[str, Fact]:
    return {"period": "quarter", "spend": 3.2e6, "returned": 2.16e6, "net": -1.04e6}


def test_what_is_missing_is_named() -> None:
    with pytest.raises(DataError, match=r"'check\.srm\.unheard' is not in the catalogue \(zh\)"):
        message("check.srm.unheard", {}, "zh")
    with pytest.raises(DataError, match=r"'verdict\.test' needs the fact 'evidence', got: n"):
        message("verdict.test", {"n": 3, "days": None}, "en")
    with pytest.raises(UsageError, match="language: 'fr' is not one of en, zh"):
        message("word.yes", {}, "fr")
    assert check_language("zh") == "zh"
    assert has_message("word.yes")
    assert not has_message("word.maybe")
