from __future__ import annotations

from dataclasses import replace

from uplift.report.voice import Voice, make_voice, pick
from uplift.results import Amount, Analysis, Measure, Note, Stratum


def _voice(analysis: Analysis, language: str = "en", *, coupons: bool = True) -> Voice:
    return make_voice(analysis.experiment, analysis.strata, language=language, coupons=coupons)


def test_names_in_the_asked_language_then_any_then_the_id() -> None:
    assert pick({"zh": "满59减8", "en": "8 off"}, "small", "en") == "8 off"
    assert pick({"zh": "满59减8"}, "small", "en") == "small"
    assert pick({"zh": "满59减8"}, "small", "en", any_language=True) == "满59减8"
    assert pick({"en": "8 off"}, "small", "zh") == "8 off"
    assert pick({"zh": ""}, "small", "zh") == "small"


def test_ids_become_names(analysis: Analysis) -> None:
    voice = _voice(analysis, "zh")
    assert voice.name("arm", "small") == "满59减8"
    assert voice.name("stratum", "silent|高值|低客单+高客单") == "沉默客 · 高值 · 低客单+高客单"
    assert voice.name("level", "高频|低客单") == "高频 · 低客单"
    assert voice.name("level", "frequent") == "高频活跃客"
    assert voice.name("level", "frequent+growing_target") == "高频活跃客+中频低客单成长客"
    assert voice.name("level", "repurchase_rate") == "复购率"
    assert (voice.name("level", ""), voice.name("level", "nobody")) == ("其他客户", "nobody")
    assert voice.name("metric", "gross_margin_90d") == "活动前 90 天的毛利"
    assert voice.name("metric", "visit") == "visit"
    assert voice.name("unheard", "x") == "x"
    assert voice.row("lifecycle", "active", rest=True) == "其余活跃客"
    assert [voice.row(kind, "") for kind in ("total", "overall")] == ["合计", "全部"]


def test_a_stratum_without_known_axes_keeps_its_id(analysis: Analysis) -> None:
    strata = (Stratum("a|b", {"x": "a", "y": "b"}, 3), Stratum("plain", {}, 1))
    voice = make_voice(replace(analysis.experiment, axes=()), strata, language=None, coupons=False)
    assert (voice.name("stratum", "a|b"), voice.name("stratum", "plain")) == ("a · b", "plain")
    assert voice.language == "zh"
    assert voice.kind == "campaign"


def test_units_say_whom_how_long_and_what_is_predicted(analysis: Analysis) -> None:
    voice = _voice(analysis)
    units = [
        voice.unit(Measure("money", "CNY", "treated", 90)),
        voice.unit(Measure("money", "SEK", "assigned", 365, "mixed")),
        voice.unit(Measure("money", "CNY", "order", 365, "predicted")),
        voice.unit(Measure("rate", "", "assigned", 0), difference=True),
    ]
    assert units == [
        "CNY per couponed customer over 90 days",
        "SEK per assigned customer over 365 days (predicted from day 90 on)",
        "CNY per order, predicted up to day 365",
        "percentage points per assigned customer",
    ]
    assert _voice(analysis, coupons=False).unit(Measure("money", "CNY", "treated", 90)).startswith("CNY per treated")


def test_words_are_joined_as_the_language_does(analysis: Analysis) -> None:
    assert _voice(analysis).join(["a", "b", "c"]) == "a, b and c"
    assert _voice(analysis, "zh").join(["甲", "乙"]) == "甲和乙"
    assert (_voice(analysis).join(["a"]), _voice(analysis).join([])) == ("a", "")


def test_notes_and_intervals(analysis: Analysis) -> None:
    voice = _voice(analysis)
    assert voice.say_note(Note("budget.rows_split", {"segment": "silent_hurt"})).startswith(
        "Strata cut across Silent, bad experience, so"
    )
    head = Measure("money", "CNY", "treated")
    assert voice.interval(Amount(1.0, 0.5, 1.5), head) == "(0.5, 1.5)"
    assert voice.interval(Amount(1.0), head) == ""
