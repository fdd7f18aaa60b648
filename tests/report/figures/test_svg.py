from __future__ import annotations

import re

from uplift.report.figures.split import SplitBar, draw_split
from uplift.report.figures.svg import GAIN, _adopt, display_width, drawing, escape, to_svg, wrap
from uplift.report.figures.waterfall import WaterfallStep, _ends, draw_waterfall


def test_a_figure_is_inline_text_with_its_own_ids() -> None:
    with drawing(100, 40) as (figure, axes):
        axes.barh(20, 50, left=10, height=8, color=GAIN)
        axes.text(10, 10, "沉默客 <b> $x$")
        svg = to_svg(figure, prefix="one", title="a < b")
    assert svg.startswith('<svg role="img" aria-labelledby="one-title" class="figure"')
    assert '<title id="one-title">a &lt; b</title>' in svg
    assert "沉默客 &lt;b&gt; $x$" in svg
    assert "var(--gain)" in svg
    assert all(each.startswith("one-") for each in re.findall(r'\sid="([^"]+)"', svg))
    assert not re.search(r"xmlns|metadata|DejaVu|<svg[^>]*\s(width|height)=", svg)


def test_long_labels_take_two_lines() -> None:
    assert wrap("short", 10) == "short"
    assert wrap("Growing, mid-frequency, low basket", 26) == "Growing, mid-frequency,\nlow basket"
    assert wrap("中频低客单成长客", 10) == "中频低客单\n成长客"
    assert wrap("one two three four five six seven", 10) == "one two\nthree fou…"
    assert wrap("x" * 40, 10) == "x" * 40
    assert display_width("a中") == 3
    assert escape("a<b>&") == "a&lt;b&gt;&amp;"


def test_each_step_starts_where_the_last_one_ended() -> None:
    # 3.5, then 3.5 + 1.0 = 4.5, then 4.5 - 6.1 = -1.6; the total starts at zero
    steps = [WaterfallStep("a", "", 3.5), WaterfallStep("b", "", 1.0), WaterfallStep("c", "", -6.1)]
    ends = _ends([*steps, WaterfallStep("net", "", -1.6, is_total=True)])
    assert [(round(start, 9), round(end, 9)) for start, end in ends] == [(0, 3.5), (3.5, 4.5), (4.5, -1.6), (0, -1.6)]


def test_falling_and_rising_steps_differ_without_colour() -> None:
    steps = [WaterfallStep("gain", "+3", 3.0), WaterfallStep("cost", "−5", -5.0)]
    svg = draw_waterfall([*steps, WaterfallStep("net", "−2", -2.0, is_total=True)], prefix="w", title="t")
    assert svg.count("<pattern") == 1
    assert draw_waterfall(steps[:1], prefix="w", title="t").count("<pattern") == 0


def test_a_loss_is_hatched_out_of_the_natural_part() -> None:
    bars = [SplitBar("gains", "", 10.0, 2.0), SplitBar("loses", "", 10.0, -4.0), SplitBar("nothing", "", 0.0, 0.0)]
    svg = draw_split(bars, prefix="s", title="t")
    assert svg.count("<pattern") == 1
    assert draw_split(bars[:1], prefix="s", title="t").count("var(--gain)") == 1
    assert "var(--loss)" not in draw_split(bars[:1], prefix="s", title="t")
    assert draw_split([SplitBar("zero", "", 0.0, 0.0)], prefix="s", title="t")


def test_either_way_of_writing_a_font_loses_its_family() -> None:
    short = _adopt("<text style=\"font: 700 11px 'DejaVu Sans', sans-serif; fill: #000001\">", "x")
    long = _adopt("<text style=\"font-weight: 700; font-size: 11px; font-family: 'DejaVu Sans'; fill: #000001\">", "x")
    assert short == long == '<text style="font-weight: 700; font-size: 11px; fill: var(--ink)">'
