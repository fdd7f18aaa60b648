"""One line over time, with marks where something changed and shaded weeks that were left out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from uplift.report.figures.svg import GAIN, INK, MUTED, RULE, drawing, to_svg

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 720, 200, 60, 70, 24, 34
_N_TICKS = 4


@dataclass(frozen=True, slots=True)
class LinePoint:
    """One point: its height, the text under it and beside it (both may be empty), and a mark over it."""

    value: float
    below: str = ""
    text: str = ""
    mark: str = ""


def draw_line(points: Sequence[LinePoint], *, prefix: str, title: str, levels: Sequence[tuple[float, str]]) -> str:
    """Return the line as SVG.

    Parameters
    ----------
    points
        From left to right, evenly spaced.
    prefix, title
        As in :func:`uplift.report.figures.svg.to_svg`.
    levels
        Heights of the ruled lines, and what is written at their left.
    """
    heights = [*(point.value for point in points), *(height for height, _ in levels)]
    low, high = min(heights), max(heights)
    per_unit = (HEIGHT - TOP - BOTTOM) / ((high - low) or 1.0)
    step = (WIDTH - LEFT - RIGHT) / max(len(points) - 1, 1)
    places = [(LEFT + step * at, HEIGHT - BOTTOM - (point.value - low) * per_unit) for at, point in enumerate(points)]
    with drawing(WIDTH, HEIGHT) as (figure, axes):
        for height, label in levels:
            y = HEIGHT - BOTTOM - (height - low) * per_unit
            axes.plot([LEFT, WIDTH - RIGHT], [y, y], color=RULE, linewidth=1)
            axes.text(LEFT - 8, y, label, ha="right", va="center", color=MUTED)
        axes.plot([x for x, _ in places], [y for _, y in places], color=GAIN, linewidth=2)
        for point, place in zip(points, places, strict=True):
            _annotate(axes, point, place)
        return to_svg(figure, prefix=prefix, title=title)


def _annotate(axes: Axes, point: LinePoint, place: tuple[float, float]) -> None:
    x, y = place
    if point.below:
        axes.text(x, HEIGHT - BOTTOM + 18, point.below, ha="center", va="center", color=MUTED)
    if point.text:
        axes.plot([x], [y], color=GAIN, marker="o", markersize=5)
        axes.text(x + 8, y, point.text, ha="left", va="center", color=INK, fontweight="bold")
    if point.mark:
        axes.plot([x, x], [TOP - 4, HEIGHT - BOTTOM], color=MUTED, linewidth=1, linestyle=(0, (3, 3)))
        axes.text(x, TOP - 12, point.mark, ha="center", va="center", color=MUTED)


def round_levels(values: Sequence[float], *, n_levels: int = _N_TICKS) -> tuple[float, ...]:
    """Return a few round heights that hold the values between them.

    Parameters
    ----------
    values
        Heights of the points.
    n_levels
        About how many.
    """
    low, high = min(values), max(values)
    raw = (high - low) / max(n_levels - 1, 1) or 1.0
    unit = 10.0 ** len(str(int(raw))) / 10 if raw >= 1 else 0.1
    step = next(unit * times for times in (1, 2, 5, 10, 20, 50, 100) if unit * times >= raw)
    first = low // step
    last = -(-high // step)
    return tuple(step * place for place in range(int(first), int(max(last, first + 1)) + 1))
