from __future__ import annotations

import re

from uplift.report.figures.deciles import BOTTOM, HEIGHT, TOP, Decile, draw_deciles


def test_heights_are_to_scale_and_losses_stand_below_zero() -> None:
    bars = [Decile("1", -50.0, -100.0, 0.0), Decile("2", 100.0, 50.0, 10.0)]
    svg = draw_deciles(bars, prefix="d", title="Tenths", levels=[(-100.0, "-100"), (0.0, "0"), (100.0, "100")])
    paths = re.findall(r'<path d="([^"]+)"[^>]*style="fill: var\(--(?:natural|gain)\)', svg)
    spans = []
    for path in paths:
        heights = [float(y) for y in re.findall(r"[ML] [\d.]+ ([\d.]+)", path)]
        spans.append((min(heights), max(heights)))
    zero, per_unit = (TOP + HEIGHT - BOTTOM) / 2, (HEIGHT - TOP - BOTTOM) / 200
    wanted = [
        (zero, zero + 50 * per_unit),
        (zero, zero + 100 * per_unit),
        (zero - 100 * per_unit, zero),
        (zero - 50 * per_unit, zero),
    ]
    assert [tuple(round(end, 3) for end in span) for span in spans] == wanted
    assert '<title id="d-title">Tenths</title>' in svg
