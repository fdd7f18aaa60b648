"""From the margin that the campaign added to its net, one step a line of the account."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from uplift.report.figures.svg import GAIN, INK, LOSS, MUTED, RULE, drawing, put_label, to_svg

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

WIDTH, LEFT, RIGHT, TOP, STEP = 720, 196, 100, 8, 32


@dataclass(frozen=True, slots=True)
class WaterfallStep:
    """One line.

    Parameters
    ----------
    label, text
        Its name and its amount in words.
    amount
        How far the account moves; for the last step where it ends.
    is_total
        Whether the bar starts at zero.
    """

    label: str
    text: str
    amount: float
    is_total: bool = False


def draw_waterfall(steps: Sequence[WaterfallStep], *, prefix: str, title: str) -> str:
    """Return the steps as SVG; falling steps are hatched, so that colour is not the only sign."""
    ends = _ends(steps)
    low = min(0.0, *(min(pair) for pair in ends))
    high = max(0.0, *(max(pair) for pair in ends))
    per_unit = (WIDTH - LEFT - RIGHT - 70) / ((high - low) or 1.0)
    height = 2 * TOP + STEP * len(steps)
    zero = LEFT + 70 - low * per_unit
    with drawing(WIDTH, height) as (figure, axes):
        axes.plot([zero, zero], [TOP, height - TOP], color=RULE, linewidth=1)
        for position, (step, (start, end)) in enumerate(zip(steps, ends, strict=True)):
            middle = TOP + STEP * (position + 0.5)
            _draw(axes, step, (zero + start * per_unit, zero + end * per_unit), middle)
            if position + 1 < len(steps):
                axes.plot([zero + end * per_unit] * 2, [middle + 9, middle + STEP - 9], color=MUTED, linewidth=0.8)
        return to_svg(figure, prefix=prefix, title=title)


def _ends(steps: Sequence[WaterfallStep]) -> list[tuple[float, float]]:
    """Return where each bar starts and ends: each starts where the one before ended, a total at zero."""
    ends: list[tuple[float, float]] = []
    at = 0.0
    for step in steps:
        start = 0.0 if step.is_total else at
        at = start + step.amount
        ends.append((start, at))
    return ends


def _draw(axes: Axes, step: WaterfallStep, ends: tuple[float, float], middle: float) -> None:
    left, right = min(ends), max(ends)
    falls = step.amount < 0
    colour = LOSS if falls else GAIN
    if falls and not step.is_total:
        axes.barh(
            middle, right - left, left=left, height=18, facecolor="none", edgecolor=LOSS, hatch="////", linewidth=1
        )
    else:
        axes.barh(middle, right - left, left=left, height=18, color=colour, linewidth=0)
    weight = "bold" if step.is_total else "normal"
    put_label(axes, LEFT - 10, middle, step.label, columns=34, weight=weight)
    side, align = (left - 6, "right") if falls else (right + 6, "left")
    axes.text(side, middle, step.text, ha=align, va="center", color=INK, fontweight=weight)
