from __future__ import annotations

import re
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from uplift.errors import DataError, UsageError
from uplift.report import render_design, render_report, write_design_report, write_report
from uplift.report.page import bind_amounts
from uplift.results import Analysis, CheckResult, DesignSummary, Note

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

VARIANTS = ("analysis", "keep", "invalid", "observed_only", "no_coupons", "recorded")
HOSTILE = '<script>alert("x")</script>$\\alpha$&{{ 7 * 7 }}'


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_variant_is_a_small_page_that_asks_for_nothing(
    variant: str, language: str, request: pytest.FixtureRequest
) -> None:
    page = render_report(request.getfixturevalue(variant), language=language)
    assert len(page.encode()) < 1_000_000
    assert "http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline';" in page
    assert f'<html lang="{"zh-CN" if language == "zh" else "en"}">' in page
    assert not re.search(r"https?:|//[a-z]|@import|<script|<link rel=\"stylesheet|<iframe| on[a-z]+=", page)
    assert not re.search(r"url\((?!#|data:)", page)
    assert not re.search(r"\bNone\b(?![.:])", page)
    assert "nan" not in re.findall(r">([^<]*)<", page)


def test_ids_are_unique_and_every_reference_is_met(analysis: Analysis) -> None:
    page = render_report(analysis)
    ids = re.findall(r'\sid="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'(?:href="|url\()#([^")]+)', page)) <= set(ids)


def test_the_same_analysis_gives_the_same_bytes(analysis: Analysis, tmp_path: Path) -> None:
    first = write_report(analysis, tmp_path / "a.html").read_bytes()
    assert write_report(analysis, tmp_path / "b.html").read_bytes() == first
    analysis.save(tmp_path)
    assert write_report(Analysis.load(tmp_path), tmp_path).read_bytes() == first


def test_a_folder_or_a_file_may_be_named(analysis: Analysis, design: DesignSummary, tmp_path: Path) -> None:
    assert write_report(analysis, tmp_path / "deep" / "er") == tmp_path / "deep" / "er" / "report.html"
    assert write_report(analysis, str(tmp_path / "x.html")) == tmp_path / "x.html"
    assert write_design_report(design, tmp_path) == tmp_path / "design.html"
    assert 'lang="zh-CN"' in (tmp_path / "design.html").read_text("utf-8")
    assert 'lang="en"' in write_design_report(design, tmp_path, language="en").read_text("utf-8")


def test_hostile_names_stay_text(analysis: Analysis) -> None:
    experiment = analysis.experiment
    arms = tuple(replace(arm, name={"zh": HOSTILE}) for arm in experiment.arms)
    segments = tuple(replace(each, name={"zh": HOSTILE}) for each in experiment.segments)
    hostile = replace(experiment, title={"zh": HOSTILE}, arms=arms, segments=segments)
    page = render_report(replace(analysis, experiment=hostile), language="zh")
    assert "<script" not in page
    assert "&lt;script&gt;alert(&#34;x&#34;)&lt;/script&gt;$\\alpha$&amp;{{ 7 * 7 }}" in page
    figure = page[page.index("<figure>") : page.index("</figure>")]
    assert "$\\alpha$&amp;" in figure.replace("\n", "")


def test_every_table_has_a_caption_and_scopes(analysis: Analysis) -> None:
    page = render_report(analysis, language="en")
    tables = re.findall(r"<table>.*?</table>", page, re.DOTALL)
    assert len(tables) == 12
    for table in tables:
        assert "<caption" in table
        assert 'th scope="col"' in table
        assert 'th scope="row"' in table
        assert not re.search(r"<th(?! scope)", table.replace("<thead", ""))


def test_a_chinese_page_shows_no_bare_id(analysis: Analysis, read_first_screen: Callable[[str], list[str]]) -> None:
    page = render_report(analysis, language="zh")
    text = re.sub(r"<style>.*?</style>|<code>.*?</code>|<[^>]+>", " ", page, flags=re.DOTALL)
    named = [*(arm.id for arm in analysis.experiment.arms), *(each.id for each in analysis.experiment.segments)]
    shown = [each for each in [*named, "growing", "lifecycle", "incremental_clv", "lin", "itt"] if f" {each} " in text]
    assert shown == []
    assert any("高频活跃客" in line for line in read_first_screen(page))


def test_refusals(analysis: Analysis, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="language: 'fr' is not one of en, zh"):
        write_report(analysis, tmp_path, language="fr")
    unheard = replace(analysis, checks=(CheckResult("unheard", "pass"),))
    with pytest.raises(DataError, match=r"check\.unheard\.badge_pass"):
        write_report(unheard, tmp_path)
    with pytest.raises(DataError, match=r"deviation\.unheard"):
        write_report(replace(analysis, deviations=(Note("deviation.unheard"),)), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_the_design_page_says_who_goes_where(
    design: DesignSummary, read_first_screen: Callable[[str], list[str]]
) -> None:
    page = render_design(design, language="en")
    lines = read_first_screen(page)
    assert lines[1:3] == [
        "120,000 customers in 3 arms and 24 strata.",
        "Seen with 80% power: 8 off 59 from ¥1.9 per head; 20 off 129 from ¥2.1 per head.",
    ]
    assert "uplift design spec.yaml --out design" in page
    assert (
        "Silent · 高值 · 低客单, Silent · 高值 · 高客单 are joined as Silent · 高值 · 低客单+高客单 (45,833 customers)"
        in page
    )
    unseen = render_design(replace(design, mde=(None, None), metrics=(), checks=(), notes=()), language="zh")
    assert "算不出能看见的最小效果" in unseen


def test_matplotlib_keeps_its_settings(analysis: Analysis) -> None:
    render_report(analysis)
    assert sys.modules["matplotlib"].rcParams["svg.fonttype"] == "path"


def test_no_line_breaks_inside_an_amount() -> None:
    assert bind_amounts("about CNY 0.20 M more (0.11 to 0.28 M)") == "about CNY\xa00.20\xa0M more (0.11 to 0.28\xa0M)"
    assert bind_amounts("净增约 19.7 万元") == "净增约 19.7\xa0万元"
    assert bind_amounts("3 Mondays") == "3 Mondays"
