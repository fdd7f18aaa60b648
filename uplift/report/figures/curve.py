"""A curve with its band over days."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from uplift.report.figures.svg import GAIN, INK, MUTED, RULE, drawing, to_svg

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 720, 250, 84, 24, 26, 40
_TICKS = 5


@dataclass(frozen=True, slots=True)
class Mark:
    """A moment on the x axis and what it is."""

    x: float
    label: str


@dataclass(frozen=True, slots=True)
class Tick:
    """A value on an axis and its text."""

    value: float
    label: str


@dataclass(frozen=True, slots=True)
class Plot:
    """What is drawn.

    Parameters
    ----------
    x, y, lower, upper
        Points of equal length; a limit that is not finite leaves the band open there.
    x_ticks, y_ticks
        Marks on the axes.
    x_title
        What the x axis counts.
    mark
        A moment to point out.
    """

    x: Sequence[float]
    y: Sequence[float]
    lower: Sequence[float]
    upper: Sequence[float]
    x_ticks: Sequence[Tick]
    y_ticks: Sequence[Tick]
    x_title: str
    mark: Mark | None = None


def nice_ticks(low: float, high: float) -> tuple[float, ...]:
    """Return about five round values from ``low`` to ``high``, zero among them where it lies inside."""
    span = (high - low) or 1.0
    raw = span / _TICKS
    power = 10.0 ** np.floor(np.log10(raw))
    step = next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= raw)
    first, last = np.ceil(low / step), np.floor(high / step)
    return tuple(float(step * k) for k in np.arange(first, last + 1))


def draw_curve(plot: Plot, *, prefix: str, title: str) -> str:
    """Return the curve with its band as SVG."""
    ends = [*plot.lower, *plot.upper, *plot.y, 0.0]
    finite = [value for value in ends if np.isfinite(value)]
    low, high = min(finite), max(finite)
    room = 0.05 * ((high - low) or 1.0)
    frame = _Frame(min(plot.x), max(plot.x), low - room, high + room)
    with drawing(WIDTH, HEIGHT) as (figure, axes):
        _draw_axes(axes, plot, frame)
        x = [frame.across(value) for value in plot.x]
        lower, upper = ([frame.down(value) for value in side] for side in (plot.lower, plot.upper))
        axes.fill_between(x, lower, upper, color=GAIN, alpha=0.18, linewidth=0)
        axes.plot(x, [frame.down(value) for value in plot.y], color=GAIN, linewidth=2)
        if plot.mark is not None:
            _draw_mark(axes, plot.mark, frame)
        return to_svg(figure, prefix=prefix, title=title)


@dataclass(frozen=True, slots=True)
class _Frame:
    """The data range, and where it lies in pixels."""

    left: float
    right: float
    low: float
    high: float

    def across(self, value: float) -> float:
        return LEFT + (value - self.left) / ((self.right - self.left) or 1.0) * (WIDTH - LEFT - RIGHT)

    def down(self, value: float) -> float:
        inside = min(max(value, self.low), self.high) if not np.isnan(value) else value
        return TOP + (self.high - inside) / ((self.high - self.low) or 1.0) * (HEIGHT - TOP - BOTTOM)


def _draw_axes(axes: Axes, plot: Plot, frame: _Frame) -> None:
    bottom = HEIGHT - BOTTOM
    for tick in plot.y_ticks:
        if frame.low <= tick.value <= frame.high:
            height = frame.down(tick.value)
            is_zero = tick.value == 0
            colour, width = (INK, 1.0) if is_zero else (RULE, 0.7)
            axes.plot([LEFT, WIDTH - RIGHT], [height, height], color=colour, linewidth=width)
            axes.text(LEFT - 8, height, tick.label, ha="right", va="center", color=MUTED)
    for tick in plot.x_ticks:
        place = frame.across(tick.value)
        axes.plot([place, place], [bottom, bottom + 4], color=MUTED, linewidth=0.8)
        axes.text(place, bottom + 8, tick.label, ha="center", va="top", color=MUTED)
    axes.text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 4, plot.x_title, ha="center", va="bottom", color=MUTED)


def _draw_mark(axes: Axes, mark: Mark, frame: _Frame) -> None:
    place = frame.across(mark.x)
    axes.plot([place, place], [TOP - 8, HEIGHT - BOTTOM], color=MUTED, linewidth=1, linestyle=(0, (3, 3)))
    late = place > WIDTH * 0.7
    axes.text(place + (-6 if late else 6), TOP - 10, mark.label, ha="right" if late else "left", va="center", color=INK)
