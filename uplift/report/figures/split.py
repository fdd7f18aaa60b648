"""Natural repurchase beside what the campaign added, one bar a group."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from uplift.report.figures.svg import GAIN, INK, LOSS, NATURAL, RULE, drawing, put_label, to_svg

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

WIDTH, LEFT, RIGHT, TOP, STEP = 720, 196, 236, 8, 40


@dataclass(frozen=True, slots=True)
class SplitBar:
    """One group of customers.

    Parameters
    ----------
    label, text
        Its name, and its numbers in words.
    natural, added
        Margin that would have come anyway, and what the campaign added (or lost, below zero).
    """

    label: str
    text: str
    natural: float
    added: float


def draw_split(bars: Sequence[SplitBar], *, prefix: str, title: str) -> str:
    """Return the bars as SVG; a loss is cut out of the natural part and hatched."""
    height = 2 * TOP + STEP * len(bars)
    longest = max((max(bar.natural, bar.natural + bar.added) for bar in bars), default=0.0) or 1.0
    per_unit = (WIDTH - LEFT - RIGHT) / longest
    with drawing(WIDTH, height) as (figure, axes):
        axes.plot([LEFT, LEFT], [TOP, height - TOP], color=RULE, linewidth=1)
        for position, bar in enumerate(bars):
            _draw(axes, bar, TOP + STEP * (position + 0.5), per_unit)
        return to_svg(figure, prefix=prefix, title=title)


def _draw(axes: Axes, bar: SplitBar, middle: float, per_unit: float) -> None:
    kept = max(bar.natural + min(bar.added, 0.0), 0.0) * per_unit
    change = min(abs(bar.added), bar.natural if bar.added < 0 else abs(bar.added)) * per_unit
    axes.barh(middle, kept, left=LEFT, height=18, color=NATURAL, linewidth=0)
    if bar.added >= 0:
        axes.barh(middle, change, left=LEFT + kept, height=18, color=GAIN, linewidth=0)
    else:
        axes.barh(
            middle, change, left=LEFT + kept, height=18, facecolor="none", edgecolor=LOSS, hatch="////", linewidth=1
        )
    put_label(axes, LEFT - 10, middle, bar.label, columns=28)
    axes.text(LEFT + kept + change + 8, middle, bar.text, ha="left", va="center", color=INK)
