"""Pairs of bars by tenth: what was predicted beside what came, with whiskers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from uplift.report.figures.svg import GAIN, INK, MUTED, NATURAL, RULE, drawing, to_svg

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 720, 210, 70, 20, 14, 30
_BAR, _GAP = 0.34, 0.02


@dataclass(frozen=True, slots=True)
class Decile:
    """One pair of bars.

    Parameters
    ----------
    below
        What is written under it.
    predicted, actual
        Heights.
    half_width
        Half the whisker about ``actual``; 0 without one.
    """

    below: str
    predicted: float
    actual: float
    half_width: float


def draw_deciles(deciles: Sequence[Decile], *, prefix: str, title: str, levels: Sequence[tuple[float, str]]) -> str:
    """Return the bars as SVG.

    Parameters
    ----------
    deciles
        From left to right.
    prefix, title
        As in :func:`uplift.report.figures.svg.to_svg`.
    levels
        Heights of the ruled lines, and what is written at their left.
    """
    ends = [end for each in deciles for end in (each.actual - each.half_width, each.actual + each.half_width)]
    heights = [0.0, *ends, *(each.predicted for each in deciles), *(height for height, _ in levels)]
    low, high = min(heights), max(heights)
    scale = _Scale(low, (HEIGHT - TOP - BOTTOM) / ((high - low) or 1.0), (WIDTH - LEFT - RIGHT) / len(deciles))
    with drawing(WIDTH, HEIGHT) as (figure, axes):
        for height, label in levels:
            y = scale.down(height)
            axes.plot([LEFT, WIDTH - RIGHT], [y, y], color=INK if height == 0 else RULE, linewidth=1, zorder=0)
            axes.text(LEFT - 8, y, label, ha="right", va="center", color=MUTED)
        for at, each in enumerate(deciles):
            _pair(axes, each, LEFT + scale.step * (at + 0.5), scale)
        return to_svg(figure, prefix=prefix, title=title)


@dataclass(frozen=True, slots=True)
class _Scale:
    """Pixels of a height, and of one pair of bars."""

    low: float
    per_unit: float
    step: float

    def down(self, height: float) -> float:
        return HEIGHT - BOTTOM - (height - self.low) * self.per_unit


def _pair(axes: Axes, decile: Decile, middle: float, scale: _Scale) -> None:
    width, zero = _BAR * scale.step, scale.down(0.0)
    shift = (_BAR + _GAP) / 2 * scale.step
    for x, height, colour in ((middle - shift, decile.predicted, NATURAL), (middle + shift, decile.actual, GAIN)):
        axes.bar(x, scale.down(height) - zero, width=width, bottom=zero, color=colour, linewidth=0)
    if decile.half_width > 0:
        ends = [scale.down(decile.actual - decile.half_width), scale.down(decile.actual + decile.half_width)]
        axes.plot([middle + shift, middle + shift], ends, color=INK, linewidth=1.2)
    axes.text(middle, HEIGHT - BOTTOM + 16, decile.below, ha="center", va="center", color=MUTED)
